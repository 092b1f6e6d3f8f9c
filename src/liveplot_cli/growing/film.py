"""A GIF that is whole from its first frame on and grows by every further one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from fractions import Fraction
from typing import NamedTuple

from liveplot_cli.easing import STEP
from liveplot_cli.encoders.gif import SHORTEST, TICKS_PER_SECOND, TRAILER, Gif, GrowingGif
from liveplot_cli.errors import OutputError, UsageError, quoted
from liveplot_cli.film import Film, Pixels
from liveplot_cli.option import build
from liveplot_cli.output import File, GrowingFile, faults
from liveplot_cli.timing import EVEN, RunningDelays, Timing
from liveplot_cli.write import Rendered, Target


def check(target: Target, timing: Timing) -> File:
    """The file of an output that can grow; raises `UsageError` for any other, and for times that nobody can know."""
    place = target.place
    if not isinstance(place, File) or target.encoder is None or target.encoder.suffixes != Gif.suffixes:
        raise UsageError(f"{quoted(place.path)} can't grow row by row, as only the file of a .gif can; name one")
    unknown = {
        "duration": timing.duration is not None,
        "pace": timing.pace != EVEN,
        "ease": timing.ease not in (None, STEP),
        "bounce": timing.bounce,
    }
    for name in (name for name, is_asked in unknown.items() if is_asked):
        raise UsageError(f"a film that grows shows each row as it comes, without knowing the next: it takes no {name}")
    return place


@contextmanager
def growing_film(place: File, timing: Timing, film: Film, options: Mapping[str, object]) -> Iterator[GrowingFilm]:
    """A film to which the block adds its rows. `film` is what is known of it; its times do not count."""
    with ExitStack() as opened:
        yield GrowingFilm(place, timing, GrowingGif(build(Gif, options), film), opened)


class _Shot(NamedTuple):
    pixels: Pixels
    delay: int


class GrowingFilm:
    """A film whose rows come one by one, each of them shown for as long as any other.

    It is at its place when its first frame is, and whole at every moment. `rows` is how many have come, `shown` how
    many of them have a frame, and `images` how many images there are for these.
    """

    def __init__(self, place: File, timing: Timing, gif: GrowingGif, opened: ExitStack) -> None:
        self._place, self._timing, self._gif, self._opened = place, timing, gif, opened
        self._file: GrowingFile | None = None
        self._each = 1 / (timing.speed or timing.fps)
        shortest = max(SHORTEST, int(TICKS_PER_SECOND / timing.fps))
        self._delays = RunningDelays(TICKS_PER_SECOND, shortest)
        self._ticks = 0
        # Where not every row has a frame, one waits until there is another, for the last row is always shown.
        self._are_short = self._each * TICKS_PER_SECOND < shortest
        self._waiting: _Shot | None = None
        self._is_due = False
        self.rows = self.shown = self.images = 0

    def add(self, pixels: Pixels) -> None:
        """Show the next row, unless there are frames for no more.

        The pixels, shape (height, width, 4), RGBA, are to stay as they are until the next call. Raises `OutputError`.
        """
        delay = self._delays.frame(self._next(1))
        self._latest, self._is_due = pixels, delay > 0
        if not delay:
            return
        self._show_waiting()
        if self._are_short:
            self._waiting = _Shot(pixels.copy(), delay)
        else:
            self._show(pixels, delay)
            self.shown += 1

    def pass_over(self, rows: int) -> None:
        """Leave out the next rows, whose time falls to the next that is shown; that the last be shown is up to you."""
        if rows:
            self._delays.pass_over(self._next(rows))

    def end(self) -> Rendered:
        """Show the last row that was added for as long as is left, and bring all to the disk; raises `OutputError`."""
        self._delays.pass_over(self._timing.hold)
        waiting, owed = self._waiting, self._delays.owed
        if not self._is_due:
            if waiting is not None and owed >= SHORTEST:
                self._show_waiting()
            elif waiting is not None:  # there is no time for both
                owed += waiting.delay
            self._waiting = _Shot(self._latest, max(SHORTEST, owed))
        elif waiting is not None:
            self._waiting = _Shot(waiting.pixels, waiting.delay + owed)
        elif owed:
            self._show(self._latest, max(SHORTEST, owed))
        self._show_waiting()
        self._append(self._gif.end())
        assert self._file is not None
        self._file.settle()
        path = self._place.path
        try:
            with faults(path):
                self._gif.check(path, self.images, self._ticks)
        except ValueError as error:
            raise OutputError(f"{quoted(path)} was not written whole: {error}") from None
        return Rendered(path, self.images, self._ticks / TICKS_PER_SECOND, self._gif.size, self._file.size)

    def _next(self, rows: int) -> Fraction:
        """How long the next rows are shown."""
        hold = 0 if self.rows else self._timing.hold_start
        self.rows += rows
        return rows * self._each + hold

    def _show_waiting(self) -> None:
        if self._waiting is not None:
            self._show(*self._waiting)
            self.shown += 1
            self._waiting = None

    def _show(self, pixels: Pixels, delay: int) -> None:
        self._ticks += delay
        self._append(self._gif.add(pixels, delay))

    def _append(self, images: list[bytes]) -> None:
        """Have the file go on with images; it is there when the first of them are."""
        if not images:
            return
        more = b"".join([*images, TRAILER])
        if self._file is None:
            self._file = self._opened.enter_context(self._place.grown_from(self._gif.header + more))
        else:
            self._file.check_ours()
            try:
                self._file.append(more)
            except OutputError as error:
                frames = f"{self.images:,} frame" + ("s" if self.images != 1 else "")
                raise OutputError(f"{error.sentence}; it is whole, and holds {frames}") from None
        self.images += len(images)
