"""How a distribution changes: each row leaves a ridge behind, as TensorBoard stacks the histograms of a layer."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar

from liveplot_cli.charts import Chart, Drawn
from liveplot_cli.errors import UsageError, quoted
from liveplot_cli.option import option

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.collections import PolyCollection
    from numpy.typing import NDArray

    from liveplot_cli.drawing.distribution import Bins
    from liveplot_cli.history import History

_POINTS = 320
_ROOM = 0.3  # of what the values span, at both ends: for the tails of ridges
_SEEN = 0.02  # of a ridge's height
_HIGH, _HIGHEST = 0.16, 0.5  # of what the rows span: a ridge as high as most, and the highest
_CUT = 5  # times as high as most
_FOOT = 0.03  # of what the rows span
_OLDEST, _LATEST = 0.15, 0.6  # how much of the colour ridges have
_MEASURED = 64  # rows
_MOST = 200


def ridges(text: str) -> int:
    """A number of ridges, 2 to 200."""
    if not (text.isascii() and text.isdigit() and len(text) < 16 and 2 <= int(text) <= _MOST):
        raise ValueError(f"{quoted(text)} is not a whole number of ridges from 2 to {_MOST}")
    return int(text)


@dataclass(frozen=True)
class Ridge(Chart):
    """How the values of a row are distributed, in front of the rows before it."""

    overlays: ClassVar[bool] = False

    ridges: int = option(
        24,
        "--ridges",
        group="Chart",
        metavar="N",
        parse=ridges,
        help="About how many rows stay in sight, evenly spread (ridge).",
    )

    @property
    def shows_a_row_alone(self) -> bool:
        """It does not: it shows some of the rows before."""
        return False

    def draw(self, axes: Axes, histories: Sequence[History]) -> Drawn:
        """One ridge for each of some rows at its label, the oldest behind all others and the latest in front."""
        from liveplot_cli.drawing import distribution, scale, ticker

        if axes.get_yscale() == "log":
            raise UsageError("the vertical axis of a ridge has places for rows, and takes no logy")
        (history,) = shown = scale.on_axis(axes.xaxis, histories)
        bins = distribution.bins(shown, _POINTS, axes.get_xscale() == "log")
        if bins.is_whole:
            ticker.whole_ticks(axes.xaxis)
        axes.set_xlabel("value")
        axes.grid(visible=False)
        ridges = _Ridges(axes, history, bins.widened(_ROOM), max(1, round(len(history) / self.ridges)))

        def update(position: float) -> Iterable[Artist]:
            return [ridges.show(position)]

        low, high = bins.places[[0, -1]].tolist()
        across = scale.union([(low, high), ridges.across])
        return Drawn(update, x=replace(scale.so_far(shown, len(history)), whole=across, margin=0.02))


class _Ridges:
    """The ridges of a history, one for each so many rows and one for the row that is shown."""

    def __init__(self, axes: Axes, history: History, bins: Bins, stride: int) -> None:
        from matplotlib.collections import PolyCollection

        self._history, self._bins, self._stride = history, bins, stride
        self._places = _place_rows(axes.yaxis, history)
        self._span = float(self._places[-1] - self._places[0]) or 1.0
        self._measure()
        self._left = cache(self._outline)  # of the rows that stay, which are few
        top = min(float(self._outline(row)[:, 1].min()) for row in self._some_rows)
        axes.set_ylim(self._places[-1] + _FOOT * self._span, top - _FOOT * self._span)
        self.artist = PolyCollection([], zorder=2)
        axes.add_collection(self.artist, autolim=False)
        self._rows = range(0, len(history), stride)
        self._choose_colors()

    def show(self, position: float) -> PolyCollection:
        """The ridges that rows have left behind up to a position, and in front of them that of the position."""
        position = min(position, len(self._history) - 1)
        left = -(-math.ceil(position) // self._stride)
        self.artist.set_verts([*map(self._left, self._rows[:left]), self._outline(position)])
        # the colours and widths of those that stay, and last those of the latest
        chosen = [*range(left), -1]
        self.artist.set_facecolor(self._faces[chosen])
        self.artist.set_edgecolor(self._edges[chosen])
        self.artist.set_linewidth(self._widths[chosen])
        return self.artist

    def _choose_colors(self) -> None:
        """Find the colours and widths that ridges have, once for all: of the rows that stay, and last of the latest."""
        import numpy as np
        from matplotlib.colors import to_rgba_array

        from liveplot_cli.drawing import style

        accent, paper, ink = to_rgba_array([style.palette()[0], style.paper(), style.ink()])
        shades = np.array([[_OLDEST + (_LATEST - _OLDEST) * row / len(self._history)] for row in self._rows] + [[1]])
        self._faces: Any = shades * accent + (1 - shades) * paper
        self._edges: Any = np.array([paper] * len(self._rows) + [ink])
        self._widths: Any = np.array([0.9] * len(self._rows) + [1.4])

    def _outline(self, position: float) -> NDArray[Any]:
        """A ridge as a polygon, shape (points, 2)."""
        import numpy as np

        from liveplot_cli.drawing import distribution

        heights = np.minimum(distribution.between(position, self._density), self._cut)
        place = distribution.between(position, lambda row: self._places[row])
        middles = self._bins.middles
        along = np.concatenate([middles[:1], middles, middles[-1:]])
        return np.column_stack([along, place - self._unit * np.concatenate([[0], heights, [0]])])

    def _density(self, row: int) -> NDArray[Any]:
        from liveplot_cli.drawing import distribution

        return distribution.smooth(self._bins.counts(self._history.row(row)))

    def _measure(self) -> None:
        """Find how high ridges are to be drawn, and how far they reach across."""
        import numpy as np

        from liveplot_cli.drawing import scale

        densities = np.array([self._density(row) for row in self._some_rows])
        peaks = densities.max(axis=1)
        usual = float(np.median(peaks[peaks > 0])) if peaks.any() else 1.0
        self._cut = _CUT * usual
        high = max(_HIGH, self._stride / len(self._history)) / usual
        self._unit = self._span * min(high, _HIGHEST / min(max(peaks.max(), usual), self._cut))
        seen = np.flatnonzero((densities > _SEEN * peaks[:, None]).any(axis=0))
        middles = self._bins.middles
        self.across = scale.bounds_of(middles[seen])

    @property
    def _some_rows(self) -> range:
        return range(0, len(self._history), -(-len(self._history) // _MEASURED))


def _place_rows(axis: Axis, history: History) -> NDArray[Any]:
    """Where the ridges of the rows stand, shape (rows,), from above: at their labels, or at their numbers.

    The room above them is no place for a label, and so there are ticks only where there are rows.
    """
    import numpy as np
    from matplotlib.ticker import FixedFormatter, FixedLocator

    from liveplot_cli.drawing import style, ticker

    labels = history.labels
    rises = _rise(labels)
    axis.axes.set_ylabel(style.legible(history.index_name if rises else "row"))
    if len(labels) == 1:
        axis.set_ticks([1], labels=[style.legible(history.label(0))])
        return np.ones(1)
    places = ticker.place_labels(axis, labels if rises else np.arange(1, len(labels) + 1))
    first, last = places[[0, -1]].tolist()
    axis.set_view_interval(first, last, ignore=True)
    ticks = [tick for tick in axis.get_majorticklocs() if first <= tick <= last]
    formatter = axis.get_major_formatter()
    fixed = FixedFormatter(formatter.format_ticks(ticks))
    fixed.set_offset_string(formatter.get_offset())
    axis.set_major_locator(FixedLocator(ticks))
    axis.set_major_formatter(fixed)
    return places


def _rise(labels: NDArray[Any]) -> bool:
    """Whether rows can stand at their labels: each below the one before it, and all of them in sight."""
    import numpy as np

    from liveplot_cli.drawing import distribution
    from liveplot_cli.look import FARTHEST

    if labels.dtype.kind == "U" or len(labels) == 1:
        return True
    if not (labels[1:] > labels[:-1]).all():
        return False
    first, last = labels[[0, -1]]
    return labels.dtype.kind == "M" or not (
        distribution.is_one(float(first), float(last)) or np.abs(labels).max() > FARTHEST
    )
