"""When each row is shown: from rows and speed to moments, in exact fractions of a second."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

from liveplot_cli.errors import UsageError, quoted
from liveplot_cli.option import option

_LONGEST = 10**9  # seconds
_FINEST_RATE = 100_000  # with it a rate's numerator fits the 32 bits that video files have for it


class Moment(NamedTuple):
    """A position in the history (0 is the first row, 3.25 a quarter of the way on from the fourth) and its seconds."""

    position: float
    duration: Fraction


def fraction(text: str) -> Fraction:
    """An exact number from `20`, `29.97` or `30000/1001`; raises `ValueError` for anything not finite."""
    try:
        if len(text.lower().partition("e")[2].strip()) > 4:
            raise ValueError  # 1e999999999 would be written out, digit by digit
        return Fraction(text.strip())
    except (ValueError, ZeroDivisionError):
        raise ValueError(f"{quoted(text)} is not a number") from None


def positive(text: str) -> Fraction:
    """An exact number above zero."""
    number = fraction(text)
    if number <= 0:
        raise ValueError(f"{quoted(text)[1:-1]} is not above zero")
    return number


def rate(text: str) -> Fraction:
    """A number of things a second, between a thousandth and ten thousand."""
    number = positive(text)
    if not Fraction(1, 1000) <= number <= 10000:
        raise ValueError(f"{quoted(text)[1:-1]} is not between 0.001 and 10000")
    return number.limit_denominator(_FINEST_RATE)


def seconds(text: str) -> Fraction:
    """A length of time, zero or more, with or without the unit `s`."""
    number = fraction(text.strip().removesuffix("s"))
    if number < 0:
        raise ValueError(f"{quoted(text)[1:-1]} is below zero")
    if number > _LONGEST:
        raise ValueError(f"{quoted(text)[1:-1]} is more than {_LONGEST:,} seconds")
    return number


def length(text: str) -> Fraction:
    """A length of time above zero."""
    number = seconds(text)
    if not number:
        raise ValueError(f"{quoted(text)[1:-1]} is not above zero")
    return number


@dataclass(frozen=True)
class Timing:
    """How fast the rows go by. Without `speed` and `duration` each row is one frame."""

    fps: Fraction = option(Fraction(20), "--fps", group="Time", metavar="N", parse=rate, help="Frames a second.")
    speed: Fraction | None = option(
        None, "--speed", group="Time", metavar="N", parse=rate, shown="fps", help="Rows a second."
    )
    duration: Fraction | None = option(
        None, "--duration", group="Time", metavar="SECONDS", parse=length, shown="",
        help="Length of the whole film, holds included; instead of --speed.",
    )  # fmt: skip
    hold: Fraction = option(
        Fraction(0), "--hold", group="Time", metavar="SECONDS", parse=seconds,
        help="Stay on the last row for so much longer.",
    )  # fmt: skip

    def __post_init__(self) -> None:
        if self.speed is not None and self.duration is not None:
            raise UsageError("speed and duration contradict one another; give one of them")
        if self.duration is not None and self.hold >= self.duration:
            raise UsageError("the hold leaves no time for the rows; make the duration longer than it")

    def moments(self, rows: int) -> list[Moment]:
        """One moment for each row shown, all equally long but for the last, which holds.

        The first moment shows the first row (unless there is but one) and the last always the last row. Where there are
        fewer frames than rows, as many rows are shown as there are frames, spread evenly.
        """
        frames = self.frames(rows)
        shown = [spread(frame, frames, rows) for frame in range(frames)] if frames < rows else range(rows)
        each = max(self._seconds(rows), 1 / self.fps) / frames
        moments = [Moment(row, each) for row in shown]
        moments[-1] = Moment(shown[-1], each + self.hold)
        return moments

    def frames(self, rows: int) -> int:
        """How many moments so many rows have."""
        return min(rows, nearest(max(self._seconds(rows), 1 / self.fps) * self.fps))

    def _seconds(self, rows: int) -> Fraction:
        """How long the rows take, without the hold."""
        if self.duration is not None:
            return self.duration - self.hold
        return rows / (self.speed or self.fps)


def nearest(number: Fraction) -> int:
    """The nearest whole number, a half going up."""
    return (2 * number + 1) // 2


def spread(frame: int, frames: int, rows: int) -> int:
    """The row that frame `frame` of `frames` shows, first to first and last to last, rounded to the nearest."""
    if frames == 1:
        return rows - 1
    return (2 * frame * (rows - 1) + frames - 1) // (2 * (frames - 1))


def ticks(durations: Sequence[Fraction], per_second: Fraction) -> list[int]:
    """How many ticks each duration lasts, rounding the time so far and never each duration.

    The sum is the total time rounded to a tick, so no error gathers. A duration may come out as no tick at all.
    """
    # In whole parts of a tick: fractions would be cancelled down at every step, ten times as slow.
    denominator = math.lcm(*{duration.denominator for duration in durations})
    tick = denominator * per_second.denominator
    counts: list[int] = []
    elapsed = ticked = 0
    for duration in durations:
        elapsed += duration.numerator * (denominator // duration.denominator) * per_second.numerator
        end = (2 * elapsed + tick) // (2 * tick)  # the nearest, a half going up
        counts.append(end - ticked)
        ticked = end
    return counts


def common_measure(durations: Sequence[Fraction]) -> Fraction:
    """The longest time that each of the durations is a whole number of."""
    denominator = math.lcm(*(duration.denominator for duration in durations))
    return Fraction(math.gcd(*(int(duration * denominator) for duration in durations)), denominator)
