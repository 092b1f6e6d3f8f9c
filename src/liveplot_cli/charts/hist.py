"""The source notebook's second animation: row after row as a histogram, with the normal curve that fits it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from liveplot_cli.charts import Chart, Drawn
from liveplot_cli.errors import DataError, UsageError, quoted
from liveplot_cli.option import option

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D
    from matplotlib.patches import StepPatch
    from numpy.typing import NDArray

    from liveplot_cli.drawing.distribution import Bins
    from liveplot_cli.drawing.scale import Bounds, Reach
    from liveplot_cli.history import History

_MOST_BINS = 10_000
_MOST_HAIRLINES = 100  # bins, beyond which the lines between them would be most of what there is
_MOST_MARKERS = 40
_CURVE_POINTS = 161
_TAIL = 4  # deviations
_OUT_OF_SIGHT = 1e-300  # where a bar stands on a logarithmic axis, which has no zero


def bins(text: str) -> str | int | tuple[float, ...]:
    """`auto`, a number of bins, or the edges between them."""
    if text == "auto":
        return text
    if text.isascii() and text.isdigit() and len(text) < 16 and 1 <= int(text) <= _MOST_BINS:
        return int(text)
    try:
        edges = [float(edge) for edge in text.split(",")]
    except ValueError:
        edges = []
    if not all(one < two for one, two in pairwise(edges)) or not all(map(math.isfinite, edges)) or len(edges) < 2:
        raise ValueError(
            f"{quoted(text)} is not auto, a whole number from 1 to {_MOST_BINS}, or rising edges such as 0,1,5"
        )
    return tuple(edges)


def fit(text: str) -> str:
    """The distribution whose curve is drawn."""
    if text != "normal":
        raise ValueError(f"{quoted(text)} is no fit; the fits are: normal")
    return text


@dataclass(frozen=True)
class Hist(Chart):
    """The values of one row at a time, counted in bins."""

    bins: str | int | tuple[float, ...] = option(
        "auto",
        "--bins",
        group="Chart",
        metavar="N|A,B,C",
        parse=bins,
        help="How many bins hold the values of all rows, or the edges between them (hist).",
    )
    density: bool = option(
        False,
        "--density",
        group="Chart",
        shown="",
        help="Bars of area 1 together instead of counts (hist).",
    )
    fit: str | None = option(
        None,
        "--fit",
        group="Chart",
        metavar="normal",
        parse=fit,
        shown="none",
        help="The normal curve that fits each row, on a logarithmic axis the logarithms of it; with a dot at each "
        "value or, of many, at 40 evenly through their order (hist).",
    )

    def draw(self, axes: Axes, histories: Sequence[History]) -> Drawn:
        """One histogram for each history, in bins that all share, and upon it the curve that fits."""
        from liveplot_cli.drawing import distribution, scale, style, ticker

        shown = scale.on_axis(axes.xaxis, histories)
        found = distribution.bins(shown, self.bins, axes.get_xscale() == "log")
        if self.fit and not (found.is_even or self.density):
            raise UsageError("fit: counts in bins of different widths have no one scale for a curve; add density")
        if not found.is_even:
            _tell_outside(shown, found)
        bars = [
            _Bars(axes, history, found, self, is_alone=len(shown) == 1, color=color)
            for history, color in zip(shown, style.colors(len(shown)).tolist(), strict=True)
        ]
        curves = [_Curve(axes, one, is_alone=len(shown) == 1) for one in bars] if self.fit else []
        axes.set_xlabel("value")
        if self.density:
            axes.set_ylabel("density per decade" if found.is_logarithmic else "density")
        else:
            axes.set_ylabel("count")
            if axes.get_yscale() == "linear":
                ticker.whole_ticks(axes.yaxis)
        if found.is_whole:
            ticker.whole_ticks(axes.xaxis)

        def update(position: float) -> Iterable[Artist]:
            return [*(one.show(position) for one in bars), *(one.show(position) for one in curves)]

        return Drawn(
            update,
            x=_across(shown, found),
            y=_up(shown, bars, curves),
            series=[(history.name, one.artist) for history, one in zip(shown, bars, strict=True)][len(bars) == 1 :],
        )


def _tell_outside(histories: Sequence[History], bins: Bins) -> None:
    """Say how many values lie outside the bins that were asked for, and are in none."""
    import logging

    import numpy as np

    for history in histories:
        rows = [history.row(row) for row in history.shown or range(len(history))]
        lost = sum(int(np.count_nonzero(~np.isnan(row)) - bins.counts(row).sum()) for row in rows)
        if lost:
            lie, places = "value lies" if lost == 1 else "values lie", bins.places
            logging.getLogger(__name__).warning(
                "%s: %d %s outside the bins from %g to %g", history.name, lost, lie, places[0], places[-1]
            )


def _across(histories: Sequence[History], bins: Bins) -> Reach:
    """The reach of bins and, where they are followed, of those that hold a value of the row."""
    import numpy as np

    from liveplot_cli.drawing import distribution, scale

    places = bins.places
    ends = float(places[0]), float(places[-1])
    values = scale.of_rows(histories)

    def at(position: float) -> Bounds:
        """The ends of the outermost bars, which are bins as a whole."""
        counts = distribution.between(
            position, lambda row: np.sum([bins.counts(one.row(row)) for one in histories], axis=0)
        )
        filled = np.flatnonzero(counts)
        return (float(places[filled[0]]), float(places[filled[-1] + 1])) if len(filled) else (math.inf, -math.inf)

    # What lies outside edges that were asked for is told already, and what lies too far out by the scale.
    whole = scale.union([values.whole, ends]) if bins.is_even else ends
    is_one = len(bins.edges) == 2  # whose bar has room beside it
    return replace(values, whole=whole, at=at, margin=1 if is_one else 0.02)


def _up(histories: Sequence[History], bars: Sequence[_Bars], curves: Sequence[_Curve]) -> Reach:
    """The reach of bars and curves, which stand on nothing.

    Raises `DataError` where edges were asked for and no value lies between them.
    """
    from liveplot_cli.drawing import scale

    def at(position: float) -> Bounds:
        return scale.union([*(one.reach(position) for one in bars), *(curve.reach(position) for curve in curves)])

    rows = {row for history in histories for row in history.shown or range(len(history))}
    low, high = scale.union([at(row) for row in rows])
    if low > high:
        bins = bars[0].bins
        if not bins.is_even:
            raise DataError(f"no value lies in the bins from {bins.places[0]:g} to {bins.places[-1]:g}")
        low, high = 0.5, 1
    return scale.Reach(whole=(low, high), at=at, base=0)


class _Bars:
    """The bars of one history's rows: solid and parted by hairlines, or where there are others clear with an outline.

    Between two rows they grow from the height in the one to that in the other: were the values themselves on their way,
    rows that have nothing to do with one another would be drawn together in between.
    """

    def __init__(self, axes: Axes, history: History, bins: Bins, chart: Hist, *, is_alone: bool, color: Any) -> None:
        from matplotlib.colors import to_rgba

        from liveplot_cli.drawing import style

        self.history, self.bins, self.is_density = history, bins, chart.density
        self._are_parted = is_alone and len(bins.edges) <= _MOST_HAIRLINES
        edges = bins.places
        if self._are_parted:  # between two bars there is one that has no width and is never shown
            edges = edges.repeat(2)[1:-1]
        foot = _OUT_OF_SIGHT if axes.get_yscale() == "log" else 0
        self.artist: StepPatch = axes.stairs(edges[1:], edges, fill=True, baseline=foot, color=color, zorder=2)
        self.color = self.artist.get_facecolor()
        # Upon clear bars of any colour a curve is seen, and other bars through them.
        self.artist.set_facecolor(to_rgba(self.color, 0.5 if not is_alone else 0.6 if chart.fit else 1))
        if self._are_parted:
            self.artist.set(edgecolor=style.paper(), linewidth=0.8)
        elif is_alone:
            self.artist.set(edgecolor=self.color, linewidth=0.8)  # or a bar that is no pixel wide would be pale
        elif not chart.fit:  # the curve is outline enough
            self.artist.set(edgecolor=self.color, linewidth=1.2)

    def show(self, position: float) -> StepPatch:
        """The bars at a position."""
        import numpy as np

        heights = self._heights(position)
        values = np.where(heights > 0, heights, np.nan)
        if self._are_parted:
            values = np.column_stack([values, np.full_like(values, np.nan)]).ravel()[:-1]
        self.artist.set_data(values)
        return self.artist

    def reach(self, position: float) -> Bounds:
        """The lowest and the highest bar at a position."""
        heights = self._heights(position)
        heights = heights[heights > 0]
        if not len(heights):
            return math.inf, -math.inf
        # On a logarithmic axis the lowest stands out by half of itself.
        return float(heights.min()) / 2, float(heights.max())

    def _heights(self, position: float) -> NDArray[Any]:
        from liveplot_cli.drawing import distribution

        count = self.bins.densities if self.is_density else self.bins.counts
        return distribution.between(position, lambda row: count(self.history.row(row)))


class _Curve:
    """The normal curve over the bars of one history, with dots at the row's values."""

    def __init__(self, axes: Axes, bars: _Bars, is_alone: bool) -> None:
        from liveplot_cli.drawing import style

        self._bars = bars
        color = style.ink() if is_alone else bars.color
        self.artist: Line2D
        (self.artist,) = axes.plot([], [], color=color, linewidth=1.6, marker="o", markersize=3.6, zorder=3)

    def show(self, position: float) -> Line2D:
        """The curve at a position; none where all values are the same."""
        import numpy as np

        from liveplot_cli.drawing import distribution

        number, mean, deviation = self._fitted(position)
        if not deviation > 0:
            self.artist.set_data([], [])
            self.artist.set_markevery([])
            return self.artist
        dots = distribution.between(position, self._dots(math.floor(position)))
        line = np.linspace(mean - _TAIL * deviation, mean + _TAIL * deviation, _CURVE_POINTS)
        places = np.sort(np.concatenate([line, dots]))
        heights = self._scale(number) * distribution.normal_density(places, mean, deviation)
        self.artist.set_data(self._bars.bins.off_axis(places), heights)
        self.artist.set_markevery(np.searchsorted(places, dots).tolist())
        return self.artist

    def reach(self, position: float) -> Bounds:
        """From nothing to the top, at most what a bar would reach that holds all values."""
        number, _, deviation = self._fitted(position)
        if not deviation > 0:
            return math.inf, -math.inf
        top = min(1 / (deviation * math.sqrt(2 * math.pi)), 1 / self._bars.bins.width)
        return top, top * self._scale(number)

    def _fitted(self, position: float) -> tuple[float, float, float]:
        """How many values are fitted, their mean and their deviation as the axis measures them."""
        from liveplot_cli.drawing import distribution

        bins, history = self._bars.bins, self._bars.history
        number, mean, deviation = distribution.between(
            position, lambda row: distribution.normal(bins.on_axis(history.row(row)))
        )
        return float(number), float(mean), float(deviation)

    def _dots(self, first: int) -> Callable[[int], NDArray[Any]]:
        """What gives a row's values in order, as many as the first row has."""
        import numpy as np

        from liveplot_cli.drawing import distribution

        bins, history = self._bars.bins, self._bars.history
        number = min(int(np.count_nonzero(~np.isnan(history.row(first)))), _MOST_MARKERS)
        return lambda row: distribution.in_order(bins.on_axis(history.row(row)), number)

    def _scale(self, number: float) -> float:
        """How high a density stands upon bars that count so many values."""
        return 1 if self._bars.is_density else number * self._bars.bins.width
