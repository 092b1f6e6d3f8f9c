"""Training curves: each column grows to the right as the rows go by."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from liveplot_cli.charts import Drawn, Growing

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes

    from liveplot_cli.history import History


@dataclass(frozen=True)
class Trace(Growing):
    """Each column is a line that grows to the right with the rows."""

    def draw(self, axes: Axes, histories: Sequence[History]) -> Drawn:
        """One line for each column over the index, with a dot at its head."""
        from liveplot_cli import scale, style
        from liveplot_cli.growth import Curve, Line

        shown = scale.on_axis(axes.yaxis, histories)
        places = style.place_rows(axes.xaxis, histories)
        lines = [
            Line(axes, Curve(axes, along, history.column(column)), alpha=style.opacity(len(shown)))
            for along, history in zip(places, shown, strict=True)
            for column in range(len(history.columns))
        ]
        axes.set_xlabel(style.legible(histories[0].index_name))
        if len(lines) == 1 and histories[0].column_numbers is None:
            axes.set_ylabel(style.legible(histories[0].columns[0]))

        def update(position: float) -> Iterable[Artist]:
            return [line.grow(position) for line in lines]

        x, y = self.reaches(places, shown)
        series = list(zip(_names(shown), [line.artist for line in lines], strict=True))
        return Drawn(update, x, y, series[len(lines) == 1 :])


def _names(histories: Sequence[History]) -> list[str]:
    """What the lines are called: by their columns, of several histories by these."""
    if len(histories) == 1:
        return list(histories[0].columns)
    return [
        history.name + (f" {column}" if len(history.columns) > 1 else "")
        for history in histories
        for column in history.columns
    ]
