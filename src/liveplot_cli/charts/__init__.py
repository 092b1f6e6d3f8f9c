"""Charts: one module per kind. A chart sets up its artists once and hands back what moves them to a position."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Protocol

from liveplot_cli import kinds

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes

    from liveplot_cli.history import History

Update = Callable[[float], "Iterable[Artist]"]

AUTO = "auto"
_MOST_LINES = 12


class Chart(Protocol):
    """A frozen dataclass whose fields are the kind's options and whose docstring is its line of help.

    `shows_a_row_alone` says that a picture depends on one row, so that a film needs no rows but those it shows.
    """

    shows_a_row_alone: bool

    def draw(self, axes: Axes, history: History) -> Update:
        """Put the chart on the axes, with its limits and labels, and hand back `update(position)`.

        `update` moves the same artists each time and returns all it has moved; it depends on nothing but the position.
        """
        ...


def names() -> list[str]:
    """The kinds there are."""
    return kinds.names(sys.modules[__name__])


def load(kind: str) -> Any:
    """The chart class of a kind."""
    return kinds.load(sys.modules[__name__], kind)


def load_all() -> list[Any]:
    """The chart classes of all kinds."""
    return kinds.load_all(sys.modules[__name__])


def choose(history: History) -> tuple[str, str]:
    """The kind that suits a history, and why."""
    width = len(history.columns)
    if width == 1:
        return "trace", "it has one column"
    if width <= _MOST_LINES and history.column_numbers is None:
        return "trace", f"it has {width} columns with names"
    return "line", f"it has {width} columns" + (" numbered" if history.column_numbers is not None else "")
