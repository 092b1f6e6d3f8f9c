"""Bars: row after row, one bar for each column, standing or lying."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from liveplot_cli.charts import Chart, Drawn
from liveplot_cli.option import option

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from numpy.typing import NDArray

    from liveplot_cli.history import History

_BROAD = 0.8  # of the way from one bar to the next
_MOST_SHARP = 60  # bars whose edges are put on whole pixels; of narrower ones some would look broader than others
_MOST_BROKEN = 150  # bars with a gap between them, which would be narrower than a pixel
_MOST_APART = 120  # bars that stand side by side in a picture; more histories than that lie upon one another


@dataclass(frozen=True)
class Bar(Chart):
    """One row at a time as bars, one for each column."""

    horizontal: bool = option(
        False,
        "--horizontal",
        group="Chart",
        shown="",
        help="Let the bars lie, names from the top down, numbers from the bottom up (bar).",
    )

    def draw(self, axes: Axes, histories: Sequence[History]) -> Drawn:
        """The bars of all histories at the columns' numbers, or side by side under names, each from zero on."""
        from liveplot_cli.drawing import scale, style
        from liveplot_cli.history import aligned

        across, along = (axes.yaxis, axes.xaxis) if self.horizontal else (axes.xaxis, axes.yaxis)
        shown = aligned(scale.on_axis(along, histories))
        places = _places(across, shown, downwards=self.horizontal)
        apart = len(shown) > 1 and sum(map(len, places)) <= _MOST_APART
        bars = [
            _Bars(
                axes,
                history,
                edges,
                horizontal=self.horizontal,
                color=color,
                alpha=1.0 if apart else style.opacity(len(shown)),
            )
            for history, edges, color in zip(
                shown, _edges(across, places, apart=apart), style.colors(len(shown)).tolist(), strict=True
            )
        ]
        values = replace(scale.of_rows(shown), base=0)
        edges = scale.fixed([one.edges for one in bars])
        _put_straight(axes, along, values.whole[0] < 0)

        def update(position: float) -> Iterable[Artist]:
            return [one.show(position) for one in bars]

        return Drawn(
            update,
            x=values if self.horizontal else edges,
            y=edges if self.horizontal else values,
            series=[(history.name, one.artist) for history, one in zip(shown, bars, strict=True)][len(bars) == 1 :],
        )


def _places(axis: Axis, histories: Sequence[History], *, downwards: bool) -> list[NDArray[Any]]:
    """Where each history's bars stand, with the axis' ticks."""
    import numpy as np

    from liveplot_cli.drawing import ticker

    numbers = [history.column_numbers for history in histories]
    known = [some for some in numbers if some is not None]
    if len(known) == len(histories):
        axis.set_label_text("column")
        placed = ticker.number_ticks(axis, np.concatenate(known))
        named = dict(
            zip(np.concatenate(known).tolist(), [name for some in histories for name in some.columns], strict=True)
        )
        steps = np.diff(sorted(named))
        if axis.get_scale() != "log" and np.allclose(steps, steps[:1]):
            ticker.every_number_tick(axis, list(named.values()), list(named))
        return np.split(placed, np.cumsum([len(some) for some in known])[:-1])
    names = list(histories[0].columns)
    ticker.name_ticks(axis, names[::-1] if downwards else names, every=True)
    places = np.arange(len(names), dtype=float)
    return [places[::-1] if downwards else places for _ in histories]


def _edges(axis: Axis, places: Sequence[NDArray[Any]], *, apart: bool) -> list[NDArray[Any]]:
    """Where each history's bars begin and end along the axis, shape (columns, 2); side by side if they stand apart."""
    import numpy as np

    from liveplot_cli.look import FARTHEST

    logarithmic = axis.get_scale() == "log"
    middles = [np.log10(some) if logarithmic else np.clip(some, -FARTHEST, FARTHEST) for some in places]
    every = np.unique(np.concatenate(middles))
    every = every[np.isfinite(every)]
    pitch = np.diff(every).min() if len(every) > 1 else 1.0
    broad = pitch * (_BROAD if len(every) <= _MOST_BROKEN else 1)
    parts = np.linspace(-broad / 2, broad / 2, (len(places) if apart else 1) + 1)
    if axis is axis.axes.yaxis:
        parts = -parts  # the first on top
    edges = [
        np.column_stack([some + parts[number], some + parts[number + 1]])
        for some, number in zip(middles, range(len(places)) if apart else [0] * len(places), strict=True)
    ]
    return [10.0**some if logarithmic else some for some in edges]


def _put_straight(axes: Axes, along: Axis, negative: bool) -> None:
    """Draw the grid across the bars, and the line that they stand on where it is not the edge of the picture."""
    from liveplot_cli.drawing import style

    horizontal = along is axes.xaxis
    axes.grid(visible=False)
    axes.grid(visible=True, axis="x" if horizontal else "y")
    axes.tick_params(axis="both", length=0, pad=6)
    axes.spines.bottom.set_visible(not horizontal and not negative)
    axes.spines.left.set_visible(horizontal and not negative)
    if negative:
        (axes.axvline if horizontal else axes.axhline)(0, color=style.muted(), linewidth=0.8, zorder=1)


class _Bars:
    """The bars of one history's rows: a single patch, however many they are."""

    def __init__(
        self, axes: Axes, history: History, edges: NDArray[Any], *, horizontal: bool, color: Any, alpha: float
    ) -> None:
        import numpy as np
        from matplotlib.patches import PathPatch
        from matplotlib.path import Path

        placed = np.isfinite(edges).all(axis=1)
        self.edges = edges[placed]
        self._axes, self._history, self._placed = axes, history, placed
        self._along = axes.xaxis if horizontal else axes.yaxis
        corners = np.zeros((len(self.edges), 5, 2))
        corners[..., int(horizontal)] = self.edges[:, [0, 0, 1, 1, 0]]
        codes = [Path.MOVETO, Path.LINETO, Path.LINETO, Path.LINETO, Path.CLOSEPOLY]
        path = Path(corners.reshape(-1, 2), np.tile(codes, len(corners)))
        self._values: NDArray[Any] = np.asarray(path.vertices).reshape(corners.shape)[..., int(not horizontal)]
        self.artist = PathPatch(path, facecolor=color, alpha=alpha, linewidth=0, zorder=2)
        self.artist.set_snap(len(self.edges) <= _MOST_SHARP)
        axes.add_artist(self.artist)

    def show(self, position: float) -> Artist:
        """The row at a position, from zero or, on a logarithmic axis, from its lower end; nothing at a gap."""
        import numpy as np

        base = self._along.get_view_interval()[0] if self._along.get_scale() == "log" else 0.0
        values = self._history.row(position)[self._placed]
        self._values[:] = base
        self._values[:, 1:3] = np.where(np.isnan(values), base, values)[:, None]
        return self.artist
