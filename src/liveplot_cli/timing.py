"""What is shown when: from rows and speed to moments, in exact fractions of a second."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import groupby
from typing import NamedTuple, Protocol

from liveplot_cli.easing import CURVES, STEP, Curve, ease
from liveplot_cli.errors import UsageError, quoted
from liveplot_cli.option import option

EVEN, CHANGE = "even", "change"

_LONGEST = 10**9  # seconds
_FINEST_RATE = 100_000  # with it a rate's numerator fits the 32 bits that video files have for it
_TWEEN = 10  # frames from row to row
_FINEST_STEP = 16  # frames: a row that is shown for longer by itself needs no finer measure


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


def pace(text: str) -> str:
    """The name of a pace: `even` or `change`."""
    if text not in (EVEN, CHANGE):
        raise ValueError(f"{quoted(text)} is none of {EVEN}, {CHANGE}")
    return text


class Pace(Protocol):
    """Where the time of a film goes, if not to all rows alike."""

    def places(self, frames: int, start: float, end: float) -> Sequence[float]:
        """Where among the rows, counted from 0, each of so many frames is, never going back.

        Up to the frame `start` that is the first row, from the frame `end` on the last.
        """
        ...


@dataclass(frozen=True)
class Timing:
    """How fast the rows go by. Without `speed` and `duration` each row is one frame, or ten where it is tweened.

    An `ease` of None is "step"; whoever knows the chart puts the chart's own in its place.
    """

    fps: Fraction = option(Fraction(20), "--fps", group="Time", metavar="N", parse=rate, help="Frames a second.")
    speed: Fraction | None = option(
        None, "--speed", group="Time", metavar="N", parse=rate, shown="fps; a tenth of it with an ease",
        help="Rows a second.",
    )  # fmt: skip
    duration: Fraction | None = option(
        None, "--duration", group="Time", metavar="SECONDS", parse=length, shown="",
        help="Length of the whole film, holds and the way back included; instead of --speed.",
    )  # fmt: skip
    ease: str | None = option(
        None, "--ease", group="Time", metavar="NAME", parse=ease, shown="step; of a race linear",
        help="How to go from row to row. step: the rows, and nothing between them; linear: evenly; ease-in, ease-out, "
        "ease-in-out: gently at first, at last, at both; sine-in-out: softer; expo-in-out: nearly resting on each row.",
    )  # fmt: skip
    pace: str = option(
        EVEN, "--pace", group="Time", metavar="even|change", parse=pace,
        help="Where the time of a film goes: even gives each row as much; change gives rows that change most up to "
        "five times as much and rows that hardly do a fifth, in a film as long, and skips no column's highest or "
        "lowest value that it has a frame for.",
    )  # fmt: skip
    hold: Fraction = option(
        Fraction(0), "--hold", group="Time", metavar="SECONDS", parse=seconds,
        help="Stay on the last row for so much longer.",
    )  # fmt: skip
    hold_start: Fraction = option(
        Fraction(0), "--hold-start", group="Time", metavar="SECONDS", parse=seconds,
        help="Stay on the first row for so much longer.",
    )  # fmt: skip
    bounce: bool = option(
        False, "--bounce", group="Time", shown="",
        help="Play forward and then backward, so that a GIF goes round without a jump.",
    )  # fmt: skip

    def __post_init__(self) -> None:
        if self.speed is not None and self.duration is not None:
            raise UsageError("speed and duration contradict one another; give one of them")
        if self.duration is not None and self.hold + self.hold_start >= self.duration:
            holds, them = ("holds leave", "them together") if self.hold and self.hold_start else ("hold leaves", "it")
            raise UsageError(f"the {holds} no time for the rows; make the duration longer than {them}")

    def moments(self, rows: int, pace: Pace | None = None) -> list[Moment]:
        """What is shown when: from the first row (unless there is but one moment) to the last, and with `bounce` back.

        Steps at an even pace show each row for as long as any other or, where there are fewer frames than rows, as many
        rows as there are frames, spread evenly. Else a moment is a whole number of equal frames: of a tween, in which
        row r comes r / speed after the first and the last stays for its 1 / speed, or of another pace. The durations
        add up to exactly the time that was asked for.
        """
        there = [(position, len(list(same))) for position, same in groupby(self._positions(rows, pace))]
        way = there + there[-2:0:-1] if self.bounce else there
        each = self._seconds(rows) / sum(frames for _, frames in way)
        moments = [Moment(position, frames * each) for position, frames in way]
        for number, hold in ((0, self.hold_start), (len(there) - 1, self.hold)):
            moments[number] = moments[number]._replace(duration=moments[number].duration + hold)
        return moments

    def frames(self, rows: int) -> int:
        """How many moments so many rows have at most; steps at an even pace have just as many."""
        there = self._frames_there(rows)
        return self._and_back(there if self._curve else min(there, rows))

    def _positions(self, rows: int, pace: Pace | None) -> Sequence[float]:
        """Where each frame is, on the way from the first row to the last."""
        frames, curve = self._frames_there(rows), self._curve
        if curve is None:
            return _steps(frames, rows, pace)
        end = Fraction(frames - 1) if self.bounce else frames - max(Fraction(1), Fraction(frames, rows))
        places = _evenly(frames, end, rows) if pace is None else pace.places(frames, 0, float(end))
        return [math.floor(place) + curve(place - math.floor(place)) for place in places]

    @property
    def _curve(self) -> Curve | None:
        return CURVES.get(self.ease or STEP)

    def _frames_there(self, rows: int) -> int:
        """How many frames the way from the first row to the last has time for."""
        frames = nearest(self._seconds(rows) * self.fps)
        return frames // 2 + 1 if self.bounce and frames > 1 else frames

    def _and_back(self, count: int) -> int:
        """How many there are with the way back, which leaves out both ends."""
        return 2 * count - 2 if self.bounce and count > 1 else count

    def _seconds(self, rows: int) -> Fraction:
        """How long the film takes without holds: a frame at least."""
        if self.duration is not None:
            return max(self.duration - self.hold - self.hold_start, 1 / self.fps)
        speed = self.speed or (self.fps / _TWEEN if self._curve else self.fps)
        return max(self._and_back(rows) / speed, 1 / self.fps)


def _steps(frames: int, rows: int, pace: Pace | None) -> Sequence[int]:
    """The row that each frame shows, at an even pace once for each row where there are frames for all."""
    if pace is None:
        return range(rows) if frames >= rows else [spread(frame, frames, rows) for frame in range(frames)]
    frames = min(frames, _FINEST_STEP * rows)
    rest = max(0.0, (frames / rows - 1) / 2)  # then rows that change alike are shown for equal times
    return [math.floor(place + 0.5) for place in pace.places(frames, rest, frames - 1 - rest)]


def _evenly(frames: int, end: Fraction, rows: int) -> list[float]:
    """The place among the rows of each frame, the last row reached at the frame `end`."""
    if not end:
        return [rows - 1] * frames
    over, under = (rows - 1) * end.denominator, end.numerator
    return [min(frame * over / under, rows - 1) for frame in range(frames)]


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


def delays(durations: Sequence[Fraction], per_second: Fraction, shortest: int) -> list[int]:
    """Each frame's delay in ticks; 0 for a frame too short to show, whose time falls to its neighbour.

    The delays add up to the total time rounded to a tick, and the last frame is always shown.
    """
    found: list[int] = []
    owed = 0
    for count in ticks(durations, per_second):
        owed += count
        found.append(owed if owed >= shortest else 0)
        owed -= found[-1]
    if found[-1] == 0:
        before = max((number for number, delay in enumerate(found) if delay), default=None)
        if before is not None:
            owed, found[before] = owed + found[before], 0
        found[-1] = max(owed, shortest)
    return found


class RunningDelays:
    """The delays of frames that come one by one, as `delays` finds them but for the last, of which it can't know.

    `frame` takes how long the next one lasts, and hands back its delay in ticks: 0 where it is too short to be shown.
    Its time, like that of one that is passed over, then falls to the next. The delays and what is `owed` add up to the
    time so far, rounded to a tick.
    """

    def __init__(self, per_second: Fraction, shortest: int) -> None:
        self._per_second, self._shortest = per_second, shortest
        self._elapsed = Fraction(0)
        self._ticked = self.owed = 0

    def frame(self, duration: Fraction) -> int:
        """The delay of a frame that lasts so many seconds."""
        self.pass_over(duration)
        delay = self.owed if self.owed >= self._shortest else 0
        self.owed -= delay
        return delay

    def pass_over(self, duration: Fraction) -> None:
        """A frame that lasts so many seconds is not shown."""
        self._elapsed += duration
        end = nearest(self._elapsed * self._per_second)
        self.owed += end - self._ticked
        self._ticked = end


def parts(delay: int, longest: int) -> int:
    """How many delays of at most `longest` ticks a delay takes; none for a frame that is not shown."""
    return -(-delay // longest)


def shares(delay: int, longest: int) -> list[int]:
    """A delay as the fewest that are not longer than `longest`."""
    count = parts(delay, longest)
    return [delay // count + (part < delay % count) for part in range(count)]


def common_measure(durations: Sequence[Fraction]) -> Fraction:
    """The longest time that each of the durations is a whole number of."""
    denominator = math.lcm(*(duration.denominator for duration in durations))
    return Fraction(math.gcd(*(int(duration * denominator) for duration in durations)), denominator)
