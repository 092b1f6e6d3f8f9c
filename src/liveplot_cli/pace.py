"""A pace that is slow where rows change most: how much they change, and where the time of a film goes then."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from liveplot_cli.history import History
from liveplot_cli.row_file import Numbers
from liveplot_cli.timing import CHANGE, Moment, Timing

Rows = NDArray[np.intp]

_LEAST = 0.2  # of the time is spent evenly
_CEILING = 6.0  # times its even share of the rest is what a way may have: then none takes more than 5 times as long
_SEEN = 0.01  # of the span of all values: what moves within less can hardly be seen


def moments(timing: Timing, histories: Sequence[History]) -> list[Moment]:
    """The moments of a film of histories, side by side or upon one another, at the pace that was asked for.

    The longest says how many rows there are; the others stay on their last.
    """
    rows = max(len(history) for history in histories)
    return timing.moments(rows, change(histories) if timing.pace == CHANGE else None)


def change(histories: Sequence[History]) -> Change | None:
    """How much the rows of histories change, and which hold an extreme; None if nothing changes at all.

    The change from a row to the next is the mean over the columns of |difference| / span, and over the histories of
    that. A column's span is its highest less its lowest value, so that a loss of 0 to 2 counts for as much as an
    accuracy of 0 to 100, but no less than a hundredth of the span of all values, so that a constant's noise counts for
    nothing. A gap is no change: the value after it is compared with the one before it. A history that has ended
    changes no more. A history that stays in its file is read twice, from beginning to end.
    """
    found = [_extremes(history) for history in histories]
    low = min(float(one.low.min()) for one in found)
    high = max(float(one.high.max()) for one in found)
    least = _SEEN * (high - low)
    if least <= 0:
        return None
    amounts = np.zeros(max(len(history) for history in histories) - 1)
    for history, one in zip(histories, found, strict=True):
        amounts[: len(history) - 1] += _amounts(history, np.maximum(one.high - one.low, least)) / len(histories)
    return Change(amounts, _most_prominent(found)) if amounts.any() else None


@dataclass(frozen=True, eq=False)
class Change:
    """How much each row differs from the one before it, `amounts` of shape (rows - 1,), one of them above zero.

    `extremes` are the rows that no film may skip for which it has the frames, the most prominent first.
    """

    amounts: Numbers
    extremes: Rows

    @property
    def times(self) -> Numbers:
        """The time from each row to the next, shape (rows - 1,), as multiples of what an even pace gives it.

        A fifth of the time is spent evenly, the rest in proportion to the change, and no way takes more than five
        times as long as at an even pace: still rows go by fast but not in no time, and one jump can't take up the film.
        """
        count = len(self.amounts)
        # With the k largest at the ceiling, what is left for the others and what they would share it by.
        ordered = np.sort(self.amounts)[::-1]
        shared_by = np.cumsum(ordered[::-1])[::-1]
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            scales = np.where(shared_by > 0, (count - _CEILING * np.arange(count)) / shared_by, np.inf)
            fits = ~(scales * ordered > _CEILING * (1 + 1e-9))
            shares = np.where(self.amounts > 0, np.minimum(self.amounts * scales[fits.argmax()], _CEILING), 0)
        times: Numbers = _LEAST + (1 - _LEAST) * shares
        still = shares < _CEILING
        if still.any():  # where the few that change have all that they may, the others share the rest
            times[still] += (count - times.sum()) / np.count_nonzero(still)
        return times

    def places(self, frames: int, start: float, end: float) -> list[float]:
        """Where among the rows each frame is: evenly on in time, but for the extremes, each exactly at a frame."""
        if start >= end:
            return [float(len(self.amounts))] * frames
        reached = np.concatenate(([0.0], np.cumsum(self.times)))
        frame_of = start + reached * ((end - start) / reached[-1])
        first, last = int(start) + 1, int(np.ceil(end)) - 1
        kept = self._between(last - first + 1)
        knots = np.concatenate(([start], _apart(np.rint(frame_of[kept]), first, last), [end]))
        rows = np.concatenate(([0], kept, [len(reached) - 1]))
        times = np.interp(np.arange(frames), knots, reached[rows])
        places: list[float] = np.interp(times, reached, np.arange(len(reached))).tolist()
        return places

    def _between(self, room: int) -> Rows:
        """The extremes other than the first and the last row, so many as there is room for, in order."""
        inner = self.extremes[(self.extremes > 0) & (self.extremes < len(self.amounts))]
        return np.sort(inner[: max(0, room)])


def _apart(frames: Numbers, first: int, last: int) -> Numbers:
    """Rising frames moved as little apart as gives each one of its own from the first to the last."""
    order = np.arange(len(frames))
    apart: Numbers = np.clip(np.maximum.accumulate(frames - order), first, last - len(frames) + 1) + order
    return apart


class _Extremes(NamedTuple):
    """Half of each column's lowest and highest value, and the first rows that hold them; infinities where all is gaps.

    Half, for a difference of two numbers may be too large for one.
    """

    low: Numbers
    high: Numbers
    low_rows: Rows
    high_rows: Rows


def _extremes(history: History) -> _Extremes:
    width = len(history.columns)
    lowest, rows = np.full(2 * width, np.inf), np.zeros(2 * width, np.intp)
    start = 0
    for block in history.blocks():
        both = np.hstack([block / 2, block / -2])  # the highest is the lowest of what is turned over
        both[np.isnan(both)] = np.inf
        at = both.argmin(axis=0)
        found = both[at, np.arange(2 * width)]
        rows = np.where(found < lowest, start + at, rows)
        lowest = np.minimum(lowest, found)
        start += len(block)
    return _Extremes(lowest[:width], -lowest[width:], rows[:width], rows[width:])


def _most_prominent(found: Sequence[_Extremes]) -> Rows:
    """The rows that hold an extreme: of all values first, then of the columns, those of the widest span first."""
    columns = [np.concatenate(parts) for parts in zip(*found, strict=True)]
    spans = columns[1] - columns[0]
    widest = np.argsort(-spans, kind="stable")[: np.count_nonzero(spans > 0)]  # what stays the same is seen anyway
    low, high, low_rows, high_rows = (part[widest] for part in columns)
    of_all = [high_rows[high.argmax()], low_rows[low.argmin()]]
    rows = np.concatenate((of_all, np.column_stack([high_rows, low_rows]).ravel()))
    _, first = np.unique(rows, return_index=True)
    prominent: Rows = rows[np.sort(first)]
    return prominent


def _amounts(history: History, spans: Numbers) -> Numbers:
    """The mean change from each row to the next, shape (rows - 1,), of columns whose values have half these spans."""
    amounts = []
    known = np.full((1, len(spans)), np.nan)
    for block in history.blocks():
        values = _without_gaps(np.vstack([known, block / 2]))
        amounts.append(np.nansum(np.abs(np.diff(values, axis=0)) / spans, axis=1) / len(spans))
        known = values[-1:]
    return np.concatenate(amounts)[1:]


def _without_gaps(values: Numbers) -> Numbers:
    """The values with each gap filled by the latest before it in its column, where there is one."""
    gaps = np.isnan(values)
    if not gaps.any():
        return values
    latest = np.where(gaps, 0, np.arange(len(values))[:, None])
    return np.take_along_axis(values, np.maximum.accumulate(latest, axis=0), axis=0)
