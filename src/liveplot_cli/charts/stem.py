"""Lollipops: each row as heads on stems, for columns that are no steps of one another."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from liveplot_cli.charts import Chart, Drawn

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.collections import LineCollection
    from matplotlib.lines import Line2D

    from liveplot_cli.drawing.scale import Reach
    from liveplot_cli.history import History

_OUT_OF_SIGHT = 1e-300  # where a stem begins on a logarithmic axis, which has no zero
_APART = 0.25  # of the way from column to column lies between the stems of two histories


@dataclass(frozen=True)
class Stem(Chart):
    """One row at a time, a head on a stem for each column."""

    def draw(self, axes: Axes, histories: Sequence[History]) -> Drawn:
        """Stems from zero for each history, side by side where there are several, over the columns."""
        from liveplot_cli.drawing import scale, style
        from liveplot_cli.history import aligned

        shown = aligned(scale.on_axis(axes.yaxis, histories))
        if axes.get_yscale() == "linear":
            axes.axhline(0, color=style.muted(), linewidth=0.8, zorder=1)
            if not axes.spines["left"].get_visible():  # the line that stems stand on is axis enough
                axes.spines["bottom"].set_visible(False)
                axes.tick_params(axis="x", length=0)
        middle = (len(shown) - 1) / 2
        colors = style.colors(len(shown)).tolist()
        stems = [_Stems(axes, history, number - middle, colors[number]) for number, history in enumerate(shown)]
        axes.set_xlabel("column")

        def update(position: float) -> Iterable[Artist]:
            return [artist for one in stems for artist in one.show(position)]

        return Drawn(
            update,
            x=scale.fixed([one.places for one in stems], margin=0.04),
            y=_with_zero(scale.of_rows(shown)) if axes.get_yscale() == "linear" else scale.of_rows(shown),
            series=[(history.name, one.heads) for history, one in zip(shown, stems, strict=True)][len(stems) == 1 :],
        )


def _with_zero(values: Reach) -> Reach:
    """The reach of values and of the line they stand on, with room for the heads on both sides of it."""
    from liveplot_cli.drawing import scale

    zero = (0.0, 0.0)
    at = values.at
    assert at is not None  # values move from row to row
    return replace(
        values, whole=scale.union([values.whole, zero]), at=lambda position: scale.union([at(position), zero])
    )


class _Stems:
    """The stems and heads of one history's rows, beside those of others by so many times what lies between two."""

    def __init__(self, axes: Axes, history: History, beside: float, color: Any) -> None:
        import numpy as np
        from matplotlib.collections import LineCollection

        from liveplot_cli.drawing import ticker
        from liveplot_cli.drawing.decimation import Decimation

        self._history = history
        places = ticker.place_columns(axes.xaxis, history)
        known = np.unique(places[~np.isnan(places)])
        if beside and len(known) and axes.get_xscale() == "linear":
            places = places + beside * _APART * (np.diff(known).min() if len(known) > 1 else 1.0)
        self.places = places
        self._decimated = Decimation(axes, places)
        self._foot = _OUT_OF_SIGHT if axes.get_yscale() == "log" else 0.0
        self.heads: Line2D
        (self.heads,) = axes.plot([], [], linestyle="", marker="o", markersize=5, color=color, zorder=3)
        self._stems = LineCollection([], colors=[color], linewidths=1.4, alpha=0.6, zorder=2)
        axes.add_collection(self._stems, autolim=False)

    def show(self, position: float) -> tuple[LineCollection, Line2D]:
        """The row at a position; a gap has neither stem nor head."""
        import numpy as np

        places, values = self._decimated(self._history.row(position))
        known = ~np.isnan(values)
        heads = np.column_stack([places, values])[known]
        feet = np.column_stack([heads[:, 0], np.full(len(heads), self._foot)])
        segments: Any = np.stack([feet, heads], axis=1)
        self._stems.set_segments(segments)
        self.heads.set_data(*heads.T)
        return self._stems, self.heads
