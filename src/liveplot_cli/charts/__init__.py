"""Charts: one module per kind. A chart sets up its artists once and hands back what moves them to a position."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from liveplot_cli import kinds
from liveplot_cli.following import window_option

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.text import Text
    from numpy.typing import NDArray

    from liveplot_cli.drawing.scale import Reach
    from liveplot_cli.history import History
    from liveplot_cli.look import Asked

Update = Callable[[float], "Iterable[Artist]"]

AUTO = "auto"
_MOST_LINES = 12


class Colors(NamedTuple):
    """Numbers as colours: the axes of a bar whose vertical limits are theirs, how far they reach, what is asked."""

    bar: Axes
    reach: Reach
    asked: Asked | None


@dataclass(frozen=True)
class Drawn:
    """What a chart has put on its axes.

    `update(position)` moves the same artists each time and returns all it has moved; it depends on nothing but the
    position. `x` and `y` say how far what is drawn reaches, None where the axis has no numbers of the history's: the
    scene sets limits from them before each update, and those of `colors`. `series` are names with the artists they
    belong to, for the legend, and where they are a stack, the lowest first, it names them as they lie. `counter` is a
    text for the row's label, where the chart has a better place for it than beside the title.
    """

    update: Update
    x: Reach | None = None
    y: Reach | None = None
    series: Sequence[tuple[str, Artist]] = ()
    is_stack: bool = False
    colors: Colors | None = None
    counter: Text | None = None


class Chart:
    """A kind: a frozen dataclass whose fields are its options and whose docstring is its line of help.

    `overlays` says that several histories can be drawn upon one another, `ease` how it moves from row to row by itself.
    """

    overlays: ClassVar[bool] = True
    ease: ClassVar[str] = "step"

    @property
    def shows_a_row_alone(self) -> bool:
        """Whether a picture depends on the rows around its position and no others; a film then needs only those."""
        return True

    def draw(self, axes: Axes, histories: Sequence[History]) -> Drawn:
        """Put the chart on the axes, which may be logarithmic, with its ticks and labels."""
        raise NotImplementedError


@dataclass(frozen=True)
class Growing(Chart):
    """A kind that grows to the right with the rows, over the index: all of them, or the last so many."""

    window: int | None = window_option()

    @property
    def shows_a_row_alone(self) -> bool:
        """It does not: it shows all rows so far."""
        return False

    def reaches(self, places: Sequence[NDArray[Any]], drawn: Sequence[History]) -> tuple[Reach, Reach]:
        """How far what is drawn reaches along x, over these places, and along y, with the values of these histories."""
        from liveplot_cli.drawing import scale

        last = max(map(len, drawn)) - 1
        span = last if self.window is None else min(last, self.window - 1)
        return scale.grown(places) if span == last else scale.window(places, span), scale.so_far(drawn, span)


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
    if history.grid is not None:
        return "heatmap", "each of its rows is a picture of {}x{} cells".format(*history.grid)
    if width == 1:
        return "trace", "it has one column"
    if width <= _MOST_LINES and history.column_numbers is None:
        return "trace", f"it has {width} columns with names"
    return "line", f"it has {width} columns" + (" numbered" if history.column_numbers is not None else "")
