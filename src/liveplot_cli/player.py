"""What a screen shows and when: a film that can be paused, stepped, sought and sped up. It knows no window."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from liveplot_cli.timing import Moment

_FASTER = 2.0
_RATES = (1 / 16, 16.0)


class Player:
    """A place in a film and a clock: `tick(now)` moves on by as many moments as have passed.

    `now` is in seconds, from any clock that never goes back. The film plays once and stays on its last moment.
    """

    def __init__(self, moments: Sequence[Moment], *, playing: bool = True) -> None:
        self._moments = moments
        self._due: float | None = None
        self.number = 0
        self.playing = playing
        self.rate = 1.0

    @property
    def positions(self) -> list[float]:
        """All positions that the film shows, in its order."""
        return [moment.position for moment in self._moments]

    @property
    def position(self) -> float:
        """The position in the history to be shown."""
        return self._moments[self.number].position

    def tick(self, now: float) -> None:
        """Move on to the moment that is due; a late tick leaves moments out rather than play too slowly."""
        if not self.playing:
            self._due = None
            return
        if self._due is None:
            self._due = now + self._seconds()
        while now >= self._due:
            if self.number == len(self._moments) - 1:
                self.playing, self._due = False, None
                return
            self.number += 1
            self._due += self._seconds()

    def wait(self, now: float) -> float:
        """Seconds until the next moment is due."""
        return 0.0 if self._due is None else max(0.0, self._due - now)

    def toggle(self) -> None:
        """Pause, or play; at the end, play again from the first row."""
        if not self.playing and self.number == len(self._moments) - 1:
            self.number = 0
        self.playing = not self.playing
        self._due = None

    def step(self, by: int) -> None:
        """Pause and go so many moments on, or back."""
        self._seek(self.number + by)

    def home(self) -> None:
        """Pause on the first row."""
        self._seek(0)

    def end(self) -> None:
        """Pause on the last row, which a film that goes back has in its middle."""
        self._seek(max(range(len(self._moments)), key=lambda number: self._moments[number].position))

    def faster(self) -> None:
        """Double the speed, up to 16 times."""
        self._set_rate(self.rate * _FASTER)

    def slower(self) -> None:
        """Halve the speed, down to a sixteenth."""
        self._set_rate(self.rate / _FASTER)

    def keys(self) -> dict[str, Callable[[], None]]:
        """What each key does, by matplotlib's names of the keys."""
        return {
            " ": self.toggle,
            "right": lambda: self.step(1),
            "enter": lambda: self.step(1),
            "left": lambda: self.step(-1),
            "home": self.home,
            "end": self.end,
            "+": self.faster,
            "=": self.faster,
            "-": self.slower,
        }

    def _seconds(self) -> float:
        return float(self._moments[self.number].duration) / self.rate

    def _seek(self, number: int) -> None:
        self.playing = False
        self.number = min(max(number, 0), len(self._moments) - 1)

    def _set_rate(self, rate: float) -> None:
        self.rate = min(max(rate, _RATES[0]), _RATES[1])
        self._due = None
