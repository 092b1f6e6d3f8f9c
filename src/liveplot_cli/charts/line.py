"""The source notebook's first animation: row after row, each drawn against the columns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from liveplot_cli.charts import Chart, Drawn

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D

    from liveplot_cli.history import History


@dataclass(frozen=True)
class Line(Chart):
    """One row at a time, drawn against the columns."""

    def draw(self, axes: Axes, histories: Sequence[History]) -> Drawn:
        """One line for each history, over the columns' numbers or over their places where the names are words."""
        from liveplot_cli.drawing import scale, style
        from liveplot_cli.history import aligned

        shown = aligned(scale.on_axis(axes.yaxis, histories))
        lines = [
            _Row(axes, history, color=color, alpha=style.opacity(len(shown)))
            for history, color in zip(shown, style.colors(len(shown)).tolist(), strict=True)
        ]
        axes.set_xlabel("column")

        def update(position: float) -> Iterable[Artist]:
            return [line.show(position) for line in lines]

        return Drawn(
            update,
            x=scale.fixed([line.places for line in lines]),
            y=scale.of_rows(shown),
            series=[(history.name, line.artist) for history, line in zip(shown, lines, strict=True)][len(lines) == 1 :],
        )


class _Row:
    """The line of one history's rows."""

    def __init__(self, axes: Axes, history: History, **looks: Any) -> None:
        from liveplot_cli.drawing import ticker
        from liveplot_cli.drawing.decimation import Decimation

        self._history = history
        self.places = ticker.place_columns(axes.xaxis, history)
        self._decimated = Decimation(axes, self.places)
        self.artist: Line2D
        (self.artist,) = axes.plot([], [], **looks)

    def show(self, position: float) -> Line2D:
        """The row at a position, a value between two gaps as a dot."""
        from liveplot_cli.drawing import style
        from liveplot_cli.history import isolated

        places, values = self._decimated(self._history.row(position))
        self.artist.set_data(places, values)
        style.mark_isolated(self.artist, isolated(values))
        return self.artist
