"""How the values of a row are distributed: bins that are the same for all rows, counts in them, and fitted curves."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from liveplot_cli.errors import UsageError
from liveplot_cli.look import FARTHEST

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from liveplot_cli.history import History

    Numbers = NDArray[np.float64]

AUTO = "auto"
_FEWEST, _MOST = 10, 10_000
_MOST_AMID = 60  # bins among all values but the outermost hundredth at either end
_SAMPLED_ROWS, _SAMPLED_VALUES = 32, 1 << 14
_DECADES = -307, 308  # those of a float
_NARROW = 1e-11  # of the values' own size: what spans less is one value, for a number has no more figures
_ROUND = (1, 2, 2.5, 5, 10)
_ROUND_WHOLE = (1, 2, 5, 10)


@dataclass(frozen=True)
class Bins:
    """The bins of a histogram, the same for all rows.

    `edges`, shape (bins + 1,), rise; where the axis is logarithmic they are the edges' decimal logarithms. `is_even`
    says that all are equally wide, `is_whole` that they hold whole numbers.
    """

    edges: Numbers
    is_even: bool
    is_whole: bool = False
    is_logarithmic: bool = False

    def counts(self, values: Numbers) -> Numbers:
        """How many values each bin holds, shape (bins,), as `numpy.histogram` counts; gaps are in none."""
        values = self.on_axis(values)
        with np.errstate(invalid="ignore"):
            if self.is_even:  # several times as quick, for no value has to be looked for among the edges
                return np.histogram(values, len(self.edges) - 1, (self.edges[0], self.edges[-1]))[0].astype(float)
            return np.histogram(values[~np.isnan(values)], self.edges)[0].astype(float)

    def densities(self, values: Numbers) -> Numbers:
        """The counts as parts of one, for each unit of the axis, or each decade of a logarithmic one."""
        counts = self.counts(values)
        parts: Numbers = counts / max(1.0, counts.sum()) / np.diff(self.edges)
        return parts

    def widened(self, room: float) -> Bins:
        """As many even bins, with such a part of what they span added at both ends."""
        low, high = self.edges[0], self.edges[-1]
        room *= high - low
        return replace(self, edges=np.linspace(low - room, high + room, len(self.edges)))

    @property
    def middles(self) -> Numbers:
        """Where the middles of the bins stand on the axis."""
        return self.off_axis((self.edges[1:] + self.edges[:-1]) / 2)

    @property
    def places(self) -> Numbers:
        """Where the edges stand on the axis."""
        return self.off_axis(self.edges)

    @property
    def width(self) -> float:
        """How wide a bin is, the narrowest where they differ."""
        return float(np.diff(self.edges).min())

    def on_axis(self, values: Numbers) -> Numbers:
        """The values as the axis measures them: themselves or, on a logarithmic one, their decimal logarithms."""
        return np.log10(values) if self.is_logarithmic else values

    def off_axis(self, numbers: Numbers) -> Numbers:
        """The values that the axis measures so."""
        return 10.0 ** np.clip(numbers, *_DECADES) if self.is_logarithmic else numbers


def bins(histories: Sequence[History], asked: str | int | tuple[float, ...], is_logarithmic: bool) -> Bins:
    """Bins for all the rows of histories that are shown: so many, from edge to edge, or as suits them.

    On a logarithmic axis the histories hold nothing but values above zero; raises `UsageError` for an edge that is not.
    """
    if isinstance(asked, tuple):
        return _from_edge_to_edge(asked, is_logarithmic)
    samples = _sample(histories, is_logarithmic)
    is_whole = _are_whole(samples, is_logarithmic)
    low, high = _bounds(histories, is_logarithmic)
    if is_one(low, high):
        low, high = _around(low, high, is_whole, is_logarithmic)
        number = asked if isinstance(asked, int) else 1
    elif isinstance(asked, int):
        number = asked
    else:
        number, low, high = _at_round_numbers(low, high, _width(samples, high - low), is_whole)
    return Bins(np.linspace(low, high, number + 1), True, is_whole, is_logarithmic)


def _from_edge_to_edge(asked: tuple[float, ...], is_logarithmic: bool) -> Bins:
    edges = np.array(asked)
    if is_logarithmic and edges[0] <= 0:
        raise UsageError("bins: a logarithmic axis begins above zero, and so do its bins")
    return Bins(np.log10(edges) if is_logarithmic else edges, is_even=False, is_logarithmic=is_logarithmic)


def _are_whole(samples: Sequence[Numbers], is_logarithmic: bool) -> bool:
    return not is_logarithmic and all((row % 1 == 0).all() for row in samples)


def is_one(low: float, high: float) -> bool:
    """Whether numbers between these two are all the same, or as good as that."""
    return high - low <= max(_NARROW * max(abs(low), abs(high)), 1 / FARTHEST)


def _around(low: float, high: float, is_whole: bool, is_logarithmic: bool) -> tuple[float, float]:
    """The ends of a bin with the only value in its middle."""
    is_small = abs(low) <= 1 / FARTHEST  # for half of it to be a number
    room = 0.5 if is_small or is_logarithmic or (is_whole and abs(low) < 1 / _NARROW) else abs(low) / 2
    return low - room, high + room


def _at_round_numbers(low: float, high: float, width: float, is_whole: bool) -> tuple[int, float, float]:
    """How many bins of about a width there are, and from where to where, whole numbers in the middle of theirs."""
    steps, start = (_ROUND_WHOLE, -0.5) if is_whole else (_ROUND, 0.0)
    width = max(_round(width, steps), 1.0 if is_whole else 0.0)
    first, last = math.floor((low - start) / width), math.ceil((high - start) / width)
    return last - first, first * width + start, last * width + start


def _bounds(histories: Sequence[History], is_logarithmic: bool) -> tuple[float, float]:
    """The smallest and the largest value as the axis measures them, as far out as a picture reaches."""
    lows, highs = zip(*(history.bounds() for history in histories), strict=True)
    low, high = min(lows), max(highs)
    if is_logarithmic:
        low, high = math.log10(low), math.log10(high)
    farthest = math.log10(FARTHEST) if is_logarithmic else FARTHEST
    return min(max(low, -farthest), farthest), min(max(high, -farthest), farthest)


def _sample(histories: Sequence[History], is_logarithmic: bool) -> list[Numbers]:
    """Values of some rows that are shown as the axis measures them, of a long row some of them, without gaps."""
    found = []
    for history in histories:
        rows = history.shown or range(len(history))
        for row in rows[:: -(-len(rows) // _SAMPLED_ROWS)]:
            values = history.row(row)
            values = values[:: -(-len(values) // _SAMPLED_VALUES)]
            with np.errstate(invalid="ignore"):
                values = values[np.abs(values) <= FARTHEST]
            found.append(np.log10(values) if is_logarithmic else values)
    return found


def _width(samples: Sequence[Numbers], span: float) -> float:
    """How wide bins are to be: as numpy's rule `auto` has them for a row in the middle of those sampled.

    A history that moves about is wider than its rows: that is why they are asked, and not the history as a whole. The
    rule is the narrower of Freedman's and Diaconis' width and Sturges',
    https://numpy.org/doc/stable/reference/generated/numpy.histogram_bin_edges.html.
    """
    widths = []
    for row in samples:
        if len(row) > 1:
            first, third = np.quantile(row, [0.25, 0.75])
            asked = [2 * (third - first) / len(row) ** (1 / 3), np.ptp(row) / (math.log2(len(row)) + 1)]
            widths += [min(width for width in asked if width > 0)] if asked[1] > 0 else []
    if not widths:
        return span / _FEWEST
    low, high = np.quantile(np.concatenate(samples), [0.01, 0.99])
    return float(min(max(np.median(widths), (high - low) / _MOST_AMID, span / _MOST), span / _FEWEST))


def _round(width: float, steps: Sequence[float]) -> float:
    """The round number that is nearest to a width."""
    size = 10.0 ** math.floor(math.log10(width))
    return min((step * size for step in steps), key=lambda one: abs(math.log(one / width)))


def smooth(counts: Numbers) -> Numbers:
    """Counts in many even bins as a smooth density, shape (bins,), the area being one where bins are one wide.

    Each value is spread as a normal distribution is, as widely as Silverman's rule of thumb has it, and at least over a
    bin: B. W. Silverman, "Density Estimation for Statistics and Data Analysis", 1986, equation 3.31.
    """
    total = counts.sum()
    if not total:
        return counts
    places = np.arange(len(counts))
    mean = (counts * places).sum() / total
    deviation = math.sqrt((counts * (places - mean) ** 2).sum() / total)
    first, third = np.interp([0.25, 0.75], np.cumsum(counts) / total, places)
    spreads = [one for one in (deviation, (third - first) / 1.34) if one > 0]
    width = max(1.0, 0.9 * min(spreads, default=0.0) * total**-0.2)
    reach = math.ceil(4 * width)
    kernel = normal_density(np.arange(-reach, reach + 1.0), 0, width)
    spread: Numbers = np.convolve(counts, kernel / kernel.sum())[reach:-reach] / total
    return spread


def normal(values: Numbers) -> Numbers:
    """How many values there are, their mean and their deviation, shape (3,): the normal distribution they fit best.

    That is the maximum likelihood estimate, with ddof=0, as of `scipy.stats.norm.fit`. The deviation is NaN where all
    values are the same, and so are all three where there is none.
    """
    known = values[~np.isnan(values)]
    if not len(known):
        return np.full(3, np.nan)
    with np.errstate(over="ignore", invalid="ignore"):
        deviation = float(np.std(known))
        return np.array([len(known), known.mean(), deviation if 0 < deviation < math.inf else math.nan])


def normal_density(numbers: Numbers, mean: float, deviation: float) -> Numbers:
    """The density of a normal distribution at these numbers."""
    density: Numbers = np.exp(-(((numbers - mean) / deviation) ** 2) / 2) / (deviation * math.sqrt(2 * math.pi))
    return density


def in_order(values: Numbers, number: int) -> Numbers:
    """So many numbers evenly through the sorted values, from the smallest to the largest; of as many, they themselves.

    There must be a value that is no gap.
    """
    known = values[~np.isnan(values)]
    return np.sort(known) if len(known) == number else np.quantile(known, np.linspace(0, 1, number))


def between(position: float, of_row: Callable[[int], Numbers]) -> Numbers:
    """What there is of a row or, between two, a straight line from that of the one to that of the other."""
    before = math.floor(position)
    part = position - before
    return of_row(before) if part == 0 else of_row(before) * (1 - part) + of_row(before + 1) * part
