"""Training curves: each column grows to the right as the rows go by."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from liveplot_cli.errors import quoted
from liveplot_cli.option import option

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D
    from numpy.typing import NDArray

    from liveplot_cli.charts import Update
    from liveplot_cli.history import History


def window(text: str) -> int:
    """A number of rows, 2 or more."""
    if not (text.isascii() and text.isdigit() and len(text) < 16 and int(text) > 1):
        raise ValueError(f"{quoted(text)} is not a whole number of rows from 2 on")
    return int(text)


@dataclass(frozen=True)
class Trace:
    """Each column is a line that grows to the right with the rows."""

    shows_a_row_alone: ClassVar[bool] = False

    window: int | None = option(
        None,
        "--window",
        group="Chart",
        metavar="N",
        parse=window,
        shown="all",
        help="Keep only the last N rows in view (trace).",
    )

    def draw(self, axes: Axes, history: History) -> Update:
        """One line per column over the index, with a dot at its head; limits hold for the whole history."""
        from liveplot_cli import style
        from liveplot_cli.history import bounds

        places = style.place_labels(axes.xaxis, history.labels)
        series = [_Series(axes, places, history, column) for column in range(len(history.columns))]
        axes.set_xlabel(style.legible(history.index_name))
        axes.set_ylim(*style.value_limits(history))
        last = len(history) - 1
        span = last if self.window is None else min(last, self.window - 1)
        axes.set_xlim(*style.padded(bounds(places[: span + 1]), margin=0.02))
        if len(series) == 1:
            axes.set_ylabel(style.legible(history.columns[0]))
        else:
            style.name_lines(axes, history.columns)

        def update(position: float) -> Iterable[Artist]:
            row = math.floor(position)
            if span < last:
                start = max(0, row - span)
                limits = style.padded(bounds(places[start : start + span + 1]), margin=0.02)
                if axes.get_xlim() != limits:  # setting limits, even to the same, costs a new background
                    axes.set_xlim(*limits)
            return [one.grow(row) for one in series]

        return update


class _Series:
    """One column's line. A column that is mostly gaps, as loggers write them, is joined across its gaps."""

    def __init__(self, axes: Axes, places: NDArray[Any], history: History, column: int) -> None:
        import numpy as np

        from liveplot_cli.decimation import Decimation
        from liveplot_cli.history import isolated

        values = history.column(column)
        known = ~np.isnan(values)
        alone = isolated(values)
        sparse = 2 * np.count_nonzero(alone) > np.count_nonzero(known)
        self._rows = np.flatnonzero(known) if sparse else np.arange(len(values))
        self._places, self._values = places[self._rows], values[self._rows]
        self._decimated = Decimation(axes, self._places)
        self._line: Line2D
        (self._line,) = axes.plot([], [], marker="o", markersize=5)

    def grow(self, row: int) -> Line2D:
        """Show the values up to a row, those between two gaps and the latest as dots."""
        import numpy as np

        from liveplot_cli.history import isolated

        shown = int(np.searchsorted(self._rows, row, side="right"))
        places, values = self._decimated(self._values[:shown])
        dots = np.flatnonzero(isolated(values)).tolist()
        self._line.set_data(places, values)
        self._line.set_markevery([*dots, len(values) - 1] if shown else [])
        return self._line
