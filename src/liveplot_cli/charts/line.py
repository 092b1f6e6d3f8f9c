"""The source notebook's first animation: row after row, each drawn against the columns."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes

    from liveplot_cli.charts import Update
    from liveplot_cli.history import History


@dataclass(frozen=True)
class Line:
    """One row at a time, drawn against the columns; limits hold for all rows that are shown."""

    shows_a_row_alone: ClassVar[bool] = True

    def draw(self, axes: Axes, history: History) -> Update:
        """One line over the columns' numbers, or over their places where the names are words."""
        import numpy as np

        from liveplot_cli import style
        from liveplot_cli.decimation import Decimation
        from liveplot_cli.history import bounds, isolated

        numbers = history.column_numbers
        places = np.arange(len(history.columns), dtype=float) if numbers is None else numbers
        decimated = Decimation(axes, places)
        (line,) = axes.plot([], [])
        axes.set_xlim(*style.padded(bounds(places), margin=0.02))
        axes.set_ylim(*style.value_limits(history))
        axes.set_xlabel("column")
        if numbers is None:
            style.name_ticks(axes.xaxis, history.columns)
        else:
            style.number_ticks(axes.xaxis, numbers)

        def update(position: float) -> Iterable[Artist]:
            shown, values = decimated(history.row(position))
            line.set_data(shown, values)
            style.mark_isolated(line, isolated(values))
            return [line]

        return update
