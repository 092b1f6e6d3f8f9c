"""What a screen shows and when: a film that can be paused, stepped, sought, looped and sped up. It knows no window."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate
from typing import Any, NamedTuple

from liveplot_cli.timing import Moment

_FASTER = 2.0
_RATES = (1 / 16, 16.0)


class Key(NamedTuple):
    """A key by matplotlib's names of it, as it is shown to a person, and what it does."""

    names: tuple[str, ...]
    shown: str
    meaning: str


KEYS = (
    Key((" ",), "space", "pause, or play"),
    Key(("right", "enter"), "→ Enter", "on by one row"),
    Key(("left",), "←", "back by one row"),
    Key(("home",), "Home", "to the first row"),
    Key(("end",), "End", "to the last row; of a file that grows, to those to come"),
    Key(("+", "="), "+", "twice as fast"),
    Key(("-",), "−", "half as fast"),
    Key(("[",), "[", "begin a section here, which is played over and over"),
    Key(("]",), "]", "end the section here"),
    Key(("c",), "c", "clear the section"),
)


@dataclass(frozen=True)
class Steps(Sequence[Moment]):
    """One moment of equal length for each row, made when it is asked for: a history that grows has any number."""

    rows: int
    seconds: Fraction

    def __len__(self) -> int:
        return self.rows

    def __getitem__(self, number: Any) -> Any:
        if isinstance(number, slice):
            return [self[one] for one in range(self.rows)[number]]
        return Moment(range(self.rows)[number], self.seconds)

    def begin(self, number: int) -> float:
        """When a moment begins, in seconds."""
        return number * float(self.seconds)


class Player:
    """A place in a film and a clock: `tick(now)` moves on by as many moments as have passed.

    `now` is in seconds, from any clock that never goes back. The film plays once and stays on its last moment; a
    section of it plays over and over. One that is `growing` follows: it shows the last moment there is, until it is
    moved back, and again when it has come to its end. `left_out` counts the moments that passed between two ticks.
    """

    def __init__(self, moments: Sequence[Moment], *, playing: bool = True, growing: bool = False) -> None:
        self._moments = moments
        self._begins = [0.0, *accumulate(float(moment.duration) for moment in ([] if growing else moments))]
        self._due: float | None = None
        self._growing = growing
        self._section: tuple[int | None, int | None] = (None, None)
        self.following = growing and playing
        self.playing = playing and not growing
        self.number = len(moments) - 1 if self.following else 0
        self.rate = 1.0
        self.left_out = 0

    @property
    def moments(self) -> Sequence[Moment]:
        """The film."""
        return self._moments

    @property
    def positions(self) -> list[float]:
        """All positions that the film shows, in its order; none of one that grows, for nobody knows them."""
        return [] if self._growing else [moment.position for moment in self._moments]

    @property
    def position(self) -> float:
        """The position in the history to be shown."""
        return self._moments[self.number].position

    @property
    def time(self) -> tuple[float, float]:
        """When in the film the moment begins, and how long that is, in seconds."""
        ends = (self.number, len(self._moments))
        if isinstance(self._moments, Steps):
            return self._moments.begin(ends[0]), self._moments.begin(ends[1])
        return self._begins[ends[0]], self._begins[ends[1]]

    @property
    def section(self) -> range | None:
        """The moments of the section that is marked; one without an end ends with the film."""
        begin, end = self._section
        if begin is None and end is None:
            return None
        return range(begin or 0, (len(self._moments) if end is None else end + 1))

    def tick(self, now: float) -> None:
        """Move on to the moment that is due; a late tick leaves moments out rather than play too slowly."""
        if not self.playing:
            self._due = None
            return
        if self._due is None:
            self._due = now + self._seconds()
        steps = 0
        while self._due is not None and now >= self._due:
            self._go_on(self._due)
            steps += 1
        self.left_out += max(0, steps - 1)

    def _go_on(self, due: float) -> None:
        section = self.section
        if section is not None and self.number == section[-1]:
            self.number = section[0]
        elif self.number == len(self._moments) - 1:
            self.playing, self.following, self._due = False, self._growing, None
            return
        else:
            self.number += 1
        self._due = due + self._seconds()

    def wait(self, now: float) -> float:
        """Seconds until the next moment is due."""
        return 0.0 if self._due is None else max(0.0, self._due - now)

    def renew(self, moments: Sequence[Moment], gone: int) -> None:
        """The film has grown at its end; at its start so many moments are gone."""
        self._moments = moments
        self.number = len(moments) - 1 if self.following else min(max(0, self.number - gone), len(moments) - 1)
        begin, end = (None if mark is None else max(0, mark - gone) for mark in self._section)
        self._section = begin, None if end is not None and end >= len(moments) else end

    def begin(self, moments: Sequence[Moment]) -> None:
        """Another film has taken this one's place."""
        self._section = (None, None)
        self.following, self.playing = True, False
        self.renew(moments, 0)

    def toggle(self) -> None:
        """Pause, or play; at the end, play again from the first row."""
        if self.following:
            self.following = False
            return
        if not self.playing and self.number == len(self._moments) - 1:
            self.number = 0
        self.playing = not self.playing
        self._due = None

    def step(self, by: int) -> None:
        """Pause and go so many moments on, or back."""
        self.seek(self.number + by)

    def home(self) -> None:
        """Pause on the first row."""
        self.seek(0)

    def end(self) -> None:
        """Pause on the last row, which a film that goes back has in its middle; follow one that grows."""
        if self._growing:
            self.seek(len(self._moments) - 1)
            self.following = True
        else:
            self.seek(max(range(len(self._moments)), key=lambda number: self._moments[number].position))

    def seek(self, number: int) -> None:
        """Pause on a moment."""
        self.playing = self.following = False
        self.number = min(max(number, 0), len(self._moments) - 1)

    def faster(self) -> None:
        """Double the speed, up to 16 times."""
        self._set_rate(self.rate * _FASTER)

    def slower(self) -> None:
        """Halve the speed, down to a sixteenth."""
        self._set_rate(self.rate / _FASTER)

    def mark_begin(self) -> None:
        """Begin the section here."""
        _, end = self._section
        self._section = self.number, None if end is not None and end <= self.number else end

    def mark_end(self) -> None:
        """End the section here."""
        begin, _ = self._section
        self._section = None if begin is not None and begin >= self.number else begin, self.number

    def clear(self) -> None:
        """There is no section."""
        self._section = (None, None)

    def keys(self) -> dict[str, Callable[[], None]]:
        """What each key does, by matplotlib's names of the keys."""
        actions: tuple[Callable[[], None], ...] = (
            self.toggle, lambda: self.step(1), lambda: self.step(-1), self.home, self.end, self.faster, self.slower,
            self.mark_begin, self.mark_end, self.clear,
        )  # fmt: skip
        return {name: action for key, action in zip(KEYS, actions, strict=True) for name in key.names}

    def _seconds(self) -> float:
        return float(self._moments[self.number].duration) / self.rate

    def _set_rate(self, rate: float) -> None:
        self.rate = min(max(rate, _RATES[0]), _RATES[1])
        self._due = None
