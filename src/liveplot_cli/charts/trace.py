"""Training curves: each column grows to the right as the rows go by."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from liveplot_cli.charts import Chart, Drawn
from liveplot_cli.errors import quoted
from liveplot_cli.option import option

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D
    from numpy.typing import NDArray

    from liveplot_cli.history import History


def window(text: str) -> int:
    """A number of rows, 2 or more."""
    if not (text.isascii() and text.isdigit() and len(text) < 16 and int(text) > 1):
        raise ValueError(f"{quoted(text)} is not a whole number of rows from 2 on")
    return int(text)


@dataclass(frozen=True)
class Trace(Chart):
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

    def draw(self, axes: Axes, histories: Sequence[History]) -> Drawn:
        """One line for each column over the index, with a dot at its head."""
        from liveplot_cli import scale, style

        shown = scale.on_axis(axes.yaxis, histories)
        places = style.place_rows(axes.xaxis, histories)
        series = [
            _Series(axes, along, history.column(column), style.opacity(len(shown)))
            for along, history in zip(places, shown, strict=True)
            for column in range(len(history.columns))
        ]
        axes.set_xlabel(style.legible(histories[0].index_name))
        if len(series) == 1 and histories[0].column_numbers is None:
            axes.set_ylabel(style.legible(histories[0].columns[0]))

        def update(position: float) -> Iterable[Artist]:
            return [one.grow(position) for one in series]

        last = max(len(history) for history in shown) - 1
        span = last if self.window is None else min(last, self.window - 1)
        return Drawn(
            update,
            x=scale.fixed(places) if span == last else scale.window(places, span),
            y=scale.so_far(shown, span),
            series=list(zip(_names(shown), [one.artist for one in series], strict=True))[len(series) == 1 :],
        )


def _names(histories: Sequence[History]) -> list[str]:
    """What the lines are called: by their columns, of several histories by these."""
    if len(histories) == 1:
        return list(histories[0].columns)
    return [
        history.name + (f" {column}" if len(history.columns) > 1 else "")
        for history in histories
        for column in history.columns
    ]


class _Series:
    """One column's line. A column that is mostly gaps, as loggers write them, is joined across its gaps."""

    def __init__(self, axes: Axes, places: NDArray[Any], values: NDArray[Any], opacity: float) -> None:
        import numpy as np

        from liveplot_cli.decimation import Decimation
        from liveplot_cli.history import isolated

        known = ~np.isnan(values)
        alone = isolated(values)
        sparse = 2 * np.count_nonzero(alone) > np.count_nonzero(known)
        self._rows = np.flatnonzero(known) if sparse else np.arange(len(values))
        self._places, self._values = places[self._rows], values[self._rows]
        self._decimated = Decimation(axes, self._places)
        self.artist: Line2D
        (self.artist,) = axes.plot([], [], marker="o", markersize=5, alpha=opacity)

    def grow(self, position: float) -> Line2D:
        """Show the values up to a position, those between two gaps and the latest as dots."""
        import numpy as np

        from liveplot_cli.history import isolated

        shown = int(np.searchsorted(self._rows, position, side="right"))
        places, values = self._decimated(self._values[:shown])
        dots = np.flatnonzero(isolated(values)).tolist()
        part = position % 1
        if part and 0 < shown < len(self._rows) and self._rows[shown] < position + 1:
            # the head is on its way to the next value
            places = np.append(places, self._between(self._places, shown, part))
            values = np.append(values, self._between(self._values, shown, part))
        self.artist.set_data(places, values)
        self.artist.set_markevery([*dots, len(values) - 1] if shown else [])
        return self.artist

    @staticmethod
    def _between(values: NDArray[Any], number: int, part: float) -> float:
        return float(values[number - 1] * (1 - part) + values[number] * part)
