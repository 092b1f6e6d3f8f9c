"""Scales: which limits an axis has at a position, found from how far what is drawn reaches."""

from __future__ import annotations

import logging
import math
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import numpy as np
from matplotlib.dates import DateLocator, num2date
from numpy.typing import NDArray

from liveplot_cli.errors import UsageError
from liveplot_cli.history import History
from liveplot_cli.look import FARTHEST, Asked, Date

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis

Bounds = tuple[float, float]
_T = TypeVar("_T")
Numbers = NDArray[np.float64]

_log = logging.getLogger(__name__)

_NOTHING: Bounds = (math.inf, -math.inf)
_LEAST = 12  # moments that followed limits hold at least, but where what is shown grows fast
_GROWN = 3  # times what was shown until now: the most that followed limits foresee
_FIRST = 4  # moments that stand for what was shown before the first
_LOST = 0.2  # of the span of limits that are held: what is shown of a history that grows is lost in them
_ROOM = 0.25  # of what has grown: the room for what is to come
_LOOSE = 0.45  # of the limits' span: what is shown in a while takes up less, and they are drawn in
_GLIDE = 10  # moments in which followed limits go over to the next where what is shown moves from row to row
_STEPS = 8  # parts of its span that followed limits are rounded to
_OUTERMOST = 0.01  # of the values at either end lie outside robust limits
_SAMPLED = 1 << 20  # values
_ROUNDING = 4e-15  # of a value: between two equal rows values are not equal to the last bit
_SMALLEST = 1e-280  # of spans: matplotlib draws smaller ones apart
_TRIED = 400  # limits for which room is made: all that are held, many of those on the way from one to the next


@dataclass(frozen=True)
class Reach:
    """How far what a chart draws reaches along an axis.

    `whole` are the bounds of all that will ever be shown and `at(position)` those of what is shown then; None where
    that is always the same. `sample()` are values among which robust limits look for the outermost. `margin` is the
    part of the span left free at both ends, but not where bars stand on their `base`. `how` the limits are found by
    itself: global, follow, or each, which are those of the position and no others. `begin` is where what is shown
    begins at every position, where there is such a place.
    """

    whole: Bounds
    at: Callable[[float], Bounds] | None = None
    sample: Callable[[], Numbers] | None = None
    margin: float = 0.05
    base: float | None = None
    how: str = "global"
    begin: float | None = None


def of_rows(histories: Sequence[History]) -> Reach:
    """The reach of values shown row by row."""
    return Reach(
        whole=union([history.bounds() for history in histories]),
        at=lambda position: union([bounds_of(history.row(position)) for history in histories]),
        sample=lambda: sample(histories),
    )


def so_far(histories: Sequence[History], span: int) -> Reach:
    """The reach of all values up to a row, or of that row and so many before it."""
    bounds: list[Numbers] = []

    def at(position: float) -> Bounds:
        if not bounds:
            bounds.extend(history.row_bounds() for history in histories)
        first, last = max(0, math.floor(position) - span), math.ceil(position)
        return union([bounds_of(rows[first : last + 1]) for rows in bounds])

    return replace(of_rows(histories), at=at)


def fixed(places: Sequence[Numbers], margin: float = 0.02) -> Reach:
    """The reach of places that are the same at every position."""
    return Reach(whole=union([bounds_of(some) for some in places]), margin=margin)


def grown(places: Sequence[Numbers], margin: float = 0.02) -> Reach:
    """The reach of the places of all rows up to a position, with room for those to come unless it is followed."""
    ends: list[Numbers] = []

    def at(position: float) -> Bounds:
        if not ends:
            for some in places:
                gap = np.isnan(some)
                low, high = (np.where(gap, nothing, some) for nothing in _NOTHING)
                ends.append(np.array([np.minimum.accumulate(low), np.maximum.accumulate(high)]))
        row = math.floor(position)
        now, later = (
            [(float(low[at]), float(high[at])) for low, high in ends for at in [min(one, len(low) - 1)]]
            for one in (row, row + 1)
        )
        return union([_between(one, two, position - row) for one, two in zip(now, later, strict=True)])

    whole = fixed(places, margin)
    return replace(whole, at=at, begin=whole.whole[0])


def window(places: Sequence[Numbers], span: int, margin: float = 0.02) -> Reach:
    """The reach of the places of a row and of so many before it, with room for as many from the first on."""

    def at(position: float) -> Bounds:
        row = math.floor(position)
        start, part = max(0, row - span), position - row
        found = [bounds_of(some[start : start + span + 1]) for some in places]
        if part and row - span >= 0:  # the window is on its way to the next row
            later = [bounds_of(some[start + 1 : start + span + 2]) for some in places]
            found = [_between(one, two, part) for one, two in zip(found, later, strict=True)]
        return union(found)

    return replace(fixed(places, margin), at=at, how="each")


def bounds_of(values: Numbers) -> Bounds:
    """The smallest and the largest value that is not a gap; from infinity to minus infinity where all are."""
    with np.errstate(invalid="ignore"):
        low = float(np.fmin.reduce(values, axis=None, initial=math.inf))
        high = float(np.fmax.reduce(values, axis=None, initial=-math.inf))
    return low, high


def sample(histories: Sequence[History]) -> Numbers:
    """Finite values of the histories, of long ones those of some rows spread evenly."""
    found: list[Numbers] = []
    for history in histories:
        rows = history.shown or range(len(history))
        stride = max(1, len(rows) * len(history.columns) * len(histories) // _SAMPLED)
        found += [history.row(row) for row in rows[::stride]]
    values = np.concatenate(found)
    return values[np.isfinite(values)]


def on_axis(axis: Axis, histories: Sequence[History]) -> Sequence[History]:
    """The histories as an axis can show them: on a logarithmic one what is not above zero is a gap, which is told.

    Raises `DataError` where nothing is left.
    """
    if axis.get_scale() != "log":
        return histories
    shown = [history.above_zero() for history in histories]
    for history in histories:
        lost = sum(int(np.count_nonzero(block <= 0)) for block in history.blocks())
        if lost:
            are = "value is" if lost == 1 else "values are"
            _log.warning("%s: %d %s not above zero, and a gap on the logarithmic axis", history.name, lost, are)
    return shown


def padded(bounds: Bounds, margin: float = 0.05) -> Bounds:
    """Limits with a margin around the data, for a constant as well as for the largest of numbers."""
    low, high = (_near(bound) for bound in bounds)
    constant = high - low <= abs(high) * _ROUNDING
    room = abs(high) * (margin or 0.05) or 0.5 if constant else (high - low) * margin
    return low - room, high + room


def limits(asked: tuple[float | None, float | None], found: Bounds) -> Bounds:
    """The limits asked for, a side left open taken from those found.

    Where the side asked for lies beyond the data, the open one keeps the width of those found: it never turns the axis.
    """
    low, high = (limit if limit is not None else other for limit, other in zip(asked, found, strict=True))
    # Large numbers lie so far apart that to add a small span is to add nothing.
    span = max(found[1] - found[0], 1e-9 * max(abs(limit) for limit in (*found, low, high)))
    if low >= high and asked[1] is None:
        return low, low + span
    if low >= high and asked[0] is None:
        return high - span, high
    return low, high


class _Run(NamedTuple):
    """Limits, and the position from which on they hold."""

    start: float
    limits: Bounds


@dataclass
class Held:
    """The limits of an axis of histories that grow: what has been shown stands still as long as what comes fits."""

    limits: Bounds | None = None
    of_a_point: bool = False  # which says nothing of how far apart others will be


@dataclass(frozen=True)
class Scale:
    """The limits of one axis, `x` or `y`, of all the axes of a scene, which share them.

    `asked` are the limits or how they are found, None for the chart's own way; `positions` are those that will be
    shown; `option` is what asks, by itself the axis' own; `held` is there where the histories grow, and nobody knows
    what will be shown. Raises `UsageError` for a way that the reaches do not know.
    """

    axes: Sequence[Axes]
    name: str
    reaches: Sequence[Reach]
    asked: Asked | None
    positions: Sequence[float]
    option: str = ""
    held: Held | None = None

    def __post_init__(self) -> None:
        if self._how in ("follow", "each") and None in [reach.at for reach in self.reaches]:
            raise UsageError(
                f"{self._option} {self._how}: what this axis shows is the same at all times, and never moves"
            )
        if self._how == "robust" and None in [reach.sample for reach in self.reaches]:
            raise UsageError(f"{self._option} robust: this axis has no values of the history, and so no outermost ones")
        if (
            self._is_log
            and isinstance(self.asked, tuple)
            and any(limit is not None and limit <= 0 for limit in self.asked)
        ):
            raise UsageError(f"{self._option}: a logarithmic axis begins above zero")
        if self._is_log and self._whole[0] <= 0 and self._whole[0] <= self._whole[1]:
            raise UsageError(
                f"a logarithmic axis begins above zero, and what this {self.name} axis shows at {self._whole[0]:g}; "
                f"leave log{self.name} out"
            )
        of_values = any(reach.sample for reach in self.reaches)  # of places, whoever sets their ticks has told
        if of_values and max(-self._whole[0], self._whole[1]) > FARTHEST:
            _log.warning("values beyond %g lie outside the picture", FARTHEST)
        if isinstance(self.asked, tuple):
            self._check_dates([limit for limit in self.asked if limit is not None])
            self._tell_of_nothing(limits(self.asked, self._whole))

    def _check_dates(self, asked: Sequence[float]) -> None:
        """Raise `UsageError` for numbers on an axis of dates, and for dates on one of numbers."""
        if any(isinstance(limit, Date) != self._has_dates for limit in asked):
            of_dates = "dates, and takes limits such as 2024-01-01,2024-06-01"
            kind = of_dates if self._has_dates else "numbers, and takes no dates"
            raise UsageError(f"{self._option}: this axis has {kind}")

    def _tell_of_nothing(self, asked: Bounds) -> None:
        """Say so where the limits asked for leave nothing to see."""
        low, high = self._whole
        if high < min(asked) or max(asked) < low:
            told = [self._told(place) for place in (*asked, low, high)]
            _log.warning(
                "nothing lies within the %s asked for, %s to %s: what is shown goes from %s to %s", self._option, *told
            )

    def _told(self, place: float) -> str:
        """A place on the axis as a person would write it."""
        return num2date(place).strftime("%Y-%m-%d") if self._has_dates else f"{place:g}"

    @property
    def _has_dates(self) -> bool:
        return isinstance(getattr(self.axes[0], f"{self.name}axis").get_major_locator(), DateLocator)

    def move(self, position: float) -> None:
        """Set the limits for a position."""
        self.set(self._at(position))

    def tried(self) -> list[Bounds]:
        """Limits that there will be, so many as it takes to see how much room their labels need."""
        if self.held is not None:
            found = []
        elif self._how == "follow":
            found = list(dict.fromkeys(run.limits for run in self._runs))
        elif self._how == "each":
            found = [self._at(position) for position in _some(self.positions)]
        else:
            found = []
        return _some(found)

    def set(self, wanted: Bounds) -> None:
        """Set these limits."""
        for axes in self.axes:
            # Setting limits, even to the same, costs a new background.
            if getattr(axes, f"get_{self.name}lim")() != wanted:
                getattr(axes, f"set_{self.name}lim")(*wanted)

    @property
    def _option(self) -> str:
        return self.option or f"{self.name}lim"

    @property
    def _how(self) -> str:
        return self.asked if isinstance(self.asked, str) else self.reaches[0].how if self.asked is None else "global"

    @property
    def _is_log(self) -> bool:
        return bool(getattr(self.axes[0], f"get_{self.name}scale")() == "log")

    def _at(self, position: float) -> Bounds:
        if self._how == "each":
            return self._fitted(self._bounds(position))
        if self.held is not None and any(reach.at for reach in self.reaches):
            return self._kept(self.held, position)
        if self._how == "follow":
            return self._runs[max(0, bisect_right(self._runs, position, key=lambda run: run.start) - 1)].limits
        return self._steady

    def _kept(self, held: Held, position: float) -> Bounds:
        """The limits so far, or others with room for what may come: where what is shown leaves them, or is lost."""
        if self._how == "follow":
            bounds = self._bounds(position)
        elif isinstance(self.asked, tuple):
            bounds = _within(self._whole, self.asked)
        else:
            bounds = self._outermost if self._how == "robust" else self._whole
        if bounds[0] > bounds[1]:
            bounds = held.limits or self._whole
        is_point = bounds[0] == bounds[1]
        if held.of_a_point and not is_point:
            held.limits = None
        if held.limits is None or not self._suits(held.limits, bounds):
            held.limits = self._rounded(self._grown(bounds) if held.limits is not None else bounds)
            held.of_a_point = is_point
        return limits(self.asked, held.limits) if isinstance(self.asked, tuple) else held.limits

    def _suits(self, held: Bounds, bounds: Bounds) -> bool:
        fits = held[0] <= bounds[0] and bounds[1] <= held[1]
        return fits and (self._span(bounds) >= _LOST * self._span(held) or self._how != "follow")

    def _grown(self, bounds: Bounds) -> Bounds:
        """Bounds of what has begun where it begins with room for a part of it once more: it grows all the time."""
        if bounds[0] != self._begin or self._is_log:
            return bounds
        return bounds[0], bounds[1] + _ROOM * (bounds[1] - bounds[0])

    @cached_property
    def _whole(self) -> Bounds:
        return union([reach.whole for reach in self.reaches])

    def _bounds(self, position: float) -> Bounds:
        return union([reach.whole if reach.at is None else reach.at(position) for reach in self.reaches])

    @cached_property
    def _steady(self) -> Bounds:
        """Limits that hold for the whole film."""
        if self._how == "robust":
            return self._fitted(self._outermost)
        if not isinstance(self.asked, tuple):
            return self._fitted(self._whole)
        return limits(self.asked, self._fitted(_within(self._whole, self.asked)))

    @cached_property
    def _outermost(self) -> Bounds:
        """The bounds of the values without the outermost."""
        values = np.concatenate([reach.sample() for reach in self.reaches if reach.sample])
        low, high = np.quantile(values, [_OUTERMOST, 1 - _OUTERMOST]).tolist()
        return low, high

    def _fitted(self, bounds: Bounds) -> Bounds:
        """Limits around bounds, with their margin."""
        reach = self.reaches[0]
        if bounds[0] > bounds[1]:
            bounds = self._whole
        if self._is_log:
            low, high = padded(_logarithms(bounds), reach.margin)
            return 10.0 ** max(low, -300), 10.0 ** min(high, 300)
        if reach.base is None:
            return padded(bounds, reach.margin)
        low, high = (_near(bound) for bound in union([bounds, (reach.base, reach.base)]))
        room = (high - low) * reach.margin
        if high - low < _SMALLEST:
            return reach.base, reach.base + 1
        return (low - room if low < reach.base else low), (high + room if high > reach.base else high)

    @cached_property
    def _runs(self) -> list[_Run]:
        """Followed limits, the same for a while, from which position on; where rows are tweened, so are they."""
        positions = sorted(set(self.positions))
        bounds = np.array([self._bounds(position) for position in positions])
        for row in range(len(bounds)):
            if bounds[row, 0] > bounds[row, 1]:  # nothing is shown: as before
                bounds[row] = bounds[row - 1] if row else self._whole
        held = self._held(bounds)
        if self._is_tweened:
            held = _gliding(held, len(bounds), self._is_log)
        return [_Run(positions[at], wanted) for at, wanted in held]

    def _held(self, bounds: Numbers) -> list[tuple[int, Bounds]]:
        """From which of the bounds on which limits hold: as long as what comes fits, and is not lost in them."""
        found: list[tuple[int, Bounds]] = []
        start = 0
        while start < len(bounds):
            stop = self._foreseen(bounds, start)
            low, high = self._rounded(bounds_of(bounds[start:stop]))
            span = self._span((low, high))
            while (
                stop < len(bounds)
                and low <= bounds[stop, 0]
                and bounds[stop, 1] <= high
                and self._span(bounds_of(bounds[stop : stop + _LEAST])) >= _LOOSE * span
            ):
                stop += 1
            found.append((start, (low, high)))
            start = stop
        return found

    @cached_property
    def _is_tweened(self) -> bool:
        return any(position % 1 for position in self.positions)

    def _foreseen(self, bounds: Numbers, start: int) -> int:
        """Up to where limits are to hold that begin here: for some while, or until growth would hide what is shown now.

        What is shown now is what was shown in as long a while until now, or one moment of noise would be all there is.
        """
        if self._is_tweened:  # moments are short
            return min(start + _LEAST, len(bounds))
        now = bounds_of(bounds[max(0, start + 1 - _LEAST) : max(start + 1, _FIRST)])
        most = _GROWN * max(self._span(now), _ROUNDING * max(map(abs, now)))
        stop, last = start + 1, min(start + _LEAST, len(bounds))
        while stop < last and self._span(bounds_of(bounds[start : stop + 1])) <= most:
            stop += 1
        return stop

    def _span(self, bounds: Bounds) -> float:
        base = self.reaches[0].base
        low, high = _logarithms(bounds) if self._is_log else bounds if base is None else union([bounds, (base, base)])
        return high - low

    @cached_property
    def _begin(self) -> float | None:
        """Where what is shown begins at every position, if all of it does."""
        begins = [reach.begin for reach in self.reaches if reach.begin is not None]
        return min(begins) if len(begins) == len(self.reaches) else None

    def _rounded(self, bounds: Bounds) -> Bounds:
        """Limits around bounds, drawn apart to round numbers, so that they change seldom."""
        low, high = self._fitted(bounds)
        base = self.reaches[0].base
        if self._is_log:
            low, high = _logarithms((low, high))
            low, high = _apart(low, high)
            return 10.0**low, 10.0**high
        wide = _apart(low, high)
        # What is all on one side of zero, but for less than can be drawn, has a margin beyond it, and no more; so has
        # what has begun where it begins, and grows.
        is_low = low == base or (wide[0] < 0 and bounds[0] >= -_SMALLEST) or bounds[0] == self._begin
        is_high = high == base or (wide[1] > 0 and bounds[1] <= _SMALLEST)
        return (low if is_low else wide[0]), (high if is_high else wide[1])


def _gliding(held: Sequence[tuple[int, Bounds]], moments: int, is_log: bool) -> list[tuple[int, Bounds]]:
    """Held limits with those on the way from one to the next: outwards before these are needed, inwards afterwards."""
    ends = np.array([wanted for _, wanted in held])
    ends = np.log10(ends) if is_log else ends
    starts = [at for at, _ in held]
    limits = np.repeat(ends, np.diff([*starts, moments]), axis=0)
    parts = np.linspace(0, 1, _GLIDE + 1)[1:-1]
    slowly = parts * parts * (3 - 2 * parts)
    for start, before, after in zip(starts[1:], ends, ends[1:], strict=False):
        for side, outermost in enumerate((np.minimum, np.maximum)):
            outwards = outermost(before[side], after[side]) == after[side]
            first = start + 1 - _GLIDE if outwards else start
            at = np.arange(first, first + len(parts))
            inside = (at >= 0) & (at < moments)
            at, passed = at[inside], before[side] + (after[side] - before[side]) * slowly[inside]
            limits[at, side] = outermost(limits[at, side], passed)
    limits = 10.0**limits if is_log else limits
    changed = np.flatnonzero((limits != np.roll(limits, 1, axis=0)).any(axis=1) | (np.arange(moments) == 0))
    return [
        (number, (low, high)) for number, (low, high) in zip(changed.tolist(), limits[changed].tolist(), strict=True)
    ]


def _apart(low: float, high: float) -> Bounds:
    """Bounds rounded outwards to a part of their span that is a round number."""
    span = high - low
    if not math.isfinite(span) or span <= abs(low) * 1e-12:
        return low, high
    step = 10.0 ** math.floor(math.log10(span / _STEPS))
    step *= next(factor for factor in (1, 2, 5, 10) if step * factor * _STEPS >= span)
    return math.floor(low / step) * step, math.ceil(high / step) * step


def _within(bounds: Bounds, asked: tuple[float | None, float | None]) -> Bounds:
    """What is left of bounds between limits, either of which may be open; all of them where nothing is."""
    low = bounds[0] if asked[0] is None else max(bounds[0], asked[0])
    high = bounds[1] if asked[1] is None else min(bounds[1], asked[1])
    return (low, high) if low < high else bounds


def _some(found: Sequence[_T]) -> list[_T]:
    return list(found[:: -(-len(found) // _TRIED) or 1])


def _near(bound: float) -> float:
    return min(max(bound, -FARTHEST), FARTHEST)


def _logarithms(bounds: Bounds) -> Bounds:
    return math.log10(bounds[0]), math.log10(bounds[1])


def _between(one: Bounds, two: Bounds, part: float) -> Bounds:
    return one[0] * (1 - part) + two[0] * part, one[1] * (1 - part) + two[1] * part


def union(bounds: Sequence[Bounds]) -> Bounds:
    """Bounds around all of these; from infinity to minus infinity around none."""
    lows, highs = zip(*bounds, strict=True) if bounds else zip(_NOTHING, strict=True)
    return min(lows), max(highs)
