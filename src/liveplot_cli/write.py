"""From pictures to files: segments are drawn and encoded, here or by workers, and put in order into every output."""

from __future__ import annotations

import math
import os
import stat
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from liveplot_cli import encoders, output, workers
from liveplot_cli.encoders import Coder, Draw, Encoder, Plan
from liveplot_cli.errors import OutputError, UsageError, quoted
from liveplot_cli.film import Film, Pixels
from liveplot_cli.limits import Limits
from liveplot_cli.look import Look
from liveplot_cli.option import build
from liveplot_cli.output import File, Folder, Stream
from liveplot_cli.writing import Writing

SEGMENT = 64  # frames, but for the last few
# Bytes of pictures that are drawn before they are encoded: that takes a tenth less time than to draw and encode by
# turns, for each has what it needs in the processor's caches.
_AT_ONCE = 16 << 20
SAMPLES = 9  # pictures of a film in which its colours are looked for
_LONGEST = 100_000  # frames of a film that does not know how many it will have

Progress = Callable[[int, int], object]


@dataclass(frozen=True)
class Rendered:
    """A file that was written: its frames, its length in seconds, its picture's size in pixels, its size in bytes."""

    path: Path
    frames: int
    seconds: Fraction
    size: tuple[int, int]
    bytes: int


@dataclass(frozen=True)
class Target:
    """One output: where it goes and what encodes it, or the format of the still that it is."""

    place: File | Folder | Stream
    encoder: type[Encoder] | None
    still: str | None = None

    def require_transparency(self) -> None:
        """Raise `UsageError` if what is written has no transparent pixels."""
        if self.encoder is not None and not self.encoder.transparent:
            name = self.encoder.__name__.upper()
            raise UsageError(f"{quoted(self.place.path)} can't be transparent, for {name} knows no such pixels")

    def plan(self, film: Film, options: Mapping[str, object]) -> Plan:
        """The film as this output will hold it."""
        if self.encoder is None:
            raise UsageError(f"{quoted(self.place.path)} is a still, and takes no film")
        return build(self.encoder, options).plan(film)

    @contextmanager
    def opened(self, plan: Plan, part: Path) -> Iterator[Callable[[Any], object]]:
        """The part being written, every fault of the disk named as this output's."""
        with output.faults(self.place.path), plan.open(part) as append:

            def append_here(chunk: Any) -> None:
                with output.faults(self.place.path):
                    append(chunk)

            yield append_here

    def check(self, plan: Plan, part: Path) -> None:
        """Read back what was written: a disk or a codec may lose something and say nothing."""
        try:
            with output.faults(self.place.path):
                plan.check(part)
        except ValueError as error:
            raise OutputError(f"{quoted(self.place.path)} was not written whole: {error}") from None

    def settle(self, plan: Plan, part: Path) -> Rendered:
        """Have the part ready to take its place."""
        return Rendered(self.place.path, plan.frames, plan.seconds, plan.size, self.place.settle(part))


def targets(outputs: Sequence[str | os.PathLike[str]], options: Mapping[str, object], *sources: object) -> list[Target]:
    """The outputs, each checked before any work.

    Raises `UsageError` where there is none, or one twice, or one that is the file which is read, or that can't be as
    transparent as it is asked to be.
    """
    if not outputs:
        raise UsageError("there is no output; name a file such as out.gif, out.mp4 or a folder of frames/")
    writing = build(Writing, options)
    found = [_target(name, writing) for name in outputs]
    if build(Look, options).transparent:
        for target in found:
            target.require_transparency()
    read = {_file_of(source) for source in sources}
    seen = set(read)
    for target in found:
        identity = target.place.identity()
        if identity in seen:
            is_source = identity in read
            raise UsageError(
                f"the output {quoted(target.place.path)} is {'the file that is read' if is_source else 'named twice'}"
            )
        seen.add(identity)
        target.place.check()
    return found


def _target(name: str | os.PathLike[str], writing: Writing) -> Target:
    with output.faults(name):
        is_stream = output.is_stream(name)
    file = Stream(Path(name)) if is_stream else File(Path(name), writing.no_clobber, writing.force)
    if writing.at is not None:
        return Target(file, None, encoders.still_for(name, writing.format, is_stream=is_stream))
    encoder = encoders.encoder_for(name, writing.format, is_stream=is_stream)
    return Target(Folder(Path(name)) if encoder.folder and not is_stream else file, encoder)


def _file_of(source: object) -> object:
    """What identifies the file that is read; None where it is none."""
    if not isinstance(source, str | os.PathLike):
        return None
    try:
        facts = os.stat(0 if source == "-" else source)  # noqa: PTH116
    except OSError:  # whoever reads it will say so
        return None
    return (facts.st_dev, facts.st_ino) if stat.S_ISREG(facts.st_mode) else None


def options_of_writing(outputs: Sequence[Target]) -> set[type]:
    """The classes whose options these outputs take."""
    return {Writing, *(target.encoder for target in outputs if target.encoder)}


def write(
    outputs: Sequence[Target], film: Film, draw: Draw, options: Mapping[str, object], jobs: int, progress: Progress
) -> list[Rendered]:
    """Write a film to every output, drawing each frame once; every file is whole or not there.

    `draw(number)` draws a frame. Raises `UsageError` for an option's value, `OutputError` for a fault.
    """
    frames = len(film.durations)
    plans = [target.plan(film, options) for target in outputs]
    limits = build(Limits, options)
    for plan in plans:
        limits.check_film(plan.frames, plan.seconds)
    encoding = _Encoding(draw, plans, (film.height, film.width, 4))
    segments = _segments(frames)
    with ExitStack() as published:
        parts = [published.enter_context(target.place.part()) for target in outputs]
        with workers.started(encoding, jobs, len(segments)) as in_order, ExitStack() as opened:
            appends = [
                opened.enter_context(target.opened(plan, part))
                for target, plan, part in zip(outputs, plans, parts, strict=True)
            ]
            for chunks in in_order(segments, lambda done: progress(done, frames)):
                for append, chunk in zip(appends, chunks, strict=True):
                    append(chunk)
        return _settled(outputs, plans, parts)


def _settled(outputs: Sequence[Target], plans: Sequence[Plan], parts: Sequence[Path]) -> list[Rendered]:
    """What was written: no output takes its place before all have been found whole."""
    written = list(zip(outputs, plans, parts, strict=True))
    for target, plan, part in written:
        target.check(plan, part)
    return [target.settle(plan, part) for target, plan, part in written]


def _segments(frames: int) -> list[range]:
    """A film's frames in order, the same however the work is shared out, so that its files are, byte for byte.

    The last segments are shorter, so that at the end no worker waits long for another.
    """
    segments: list[range] = []
    start = 0
    while start < frames:
        short = frames > SEGMENT and frames - start <= 2 * SEGMENT
        segments.append(range(start, min(start + (SEGMENT // 2 if short else SEGMENT), frames)))
        start = segments[-1].stop
    return segments


@contextmanager
def filming(
    outputs: Sequence[Target], size: tuple[int, int], paper: tuple[int, int, int], fps: Fraction, most: int | None,
    options: Mapping[str, object],
) -> Iterator[Filming]:  # fmt: skip
    """Write to every output the pictures that the block adds, one after another; whole if the block ends well.

    `most` is how many there will be at most, if that is known.
    """
    with ExitStack() as published:
        parts = [published.enter_context(target.place.part()) for target in outputs]
        with ExitStack() as opened:
            durations = (1 / fps,) * (most or _LONGEST)
            film = Filming(outputs, parts, opened, Film(*size, paper, durations, fps, lambda: iter(())), options)
            yield film
            film.end()
        film.rendered = _settled(outputs, film.plans, parts)


class Filming:
    """A film whose pictures come one by one, nobody knows how many. The first few are kept, to find its colours."""

    def __init__(
        self, outputs: Sequence[Target], parts: Sequence[Path], opened: ExitStack, film: Film,
        options: Mapping[str, object],
    ) -> None:  # fmt: skip
        self.rendered: list[Rendered] = []
        self.plans: list[Plan] = []
        self._outputs, self._parts, self._opened = outputs, parts, opened
        self._film, self._options = film, options
        self._kept: list[Pixels] = []
        self._frames = 0
        self._starts = {segment.start for segment in _segments(len(film.durations))}
        self._coders: list[Coder] = []
        # The last pictures of a segment, for the next is drawn upon the last that was shown: a GIF shows 50 a second.
        self._latest: deque[tuple[int, Pixels]] = deque(maxlen=1 + math.ceil(film.fps / 50))

    def add(self, pixels: Pixels) -> None:
        """Take the next picture, shape (height, width, 4), RGBA; it may change after the call."""
        if self.plans:
            self._encode(pixels)
            return
        self._kept.append(pixels.copy())
        if len(self._kept) == SAMPLES:
            self._plan()

    def end(self) -> None:
        """Write what is left."""
        if not self.plans:
            if not self._kept:
                raise UsageError("the film has no frame")
            self._plan()
        self._finish_segment()
        self.plans = [plan.cut(self._frames) for plan in self.plans]

    def _plan(self) -> None:
        film = replace(self._film, sample=lambda: iter(self._kept))
        self.plans = [target.plan(film, self._options) for target in self._outputs]
        self._appends = [
            self._opened.enter_context(target.opened(plan, part))
            for target, plan, part in zip(self._outputs, self.plans, self._parts, strict=True)
        ]
        for pixels in self._kept:
            self._encode(pixels)

    def _encode(self, pixels: Pixels) -> None:
        if self._frames == len(self._film.durations):
            raise UsageError(f"the film has more than {self._frames:,} frames; save it in parts")
        if self._frames in self._starts:
            self._finish_segment()
            self._coders = [plan.begin(self._frames, dict(self._latest).__getitem__) for plan in self.plans]
        for coder in self._coders:
            coder.add(pixels)
        self._latest.append((self._frames, pixels.copy()))
        self._frames += 1

    def _finish_segment(self) -> None:
        for append, coder in zip(self._appends, self._coders, strict=bool(self._coders)):
            append(coder.finish())


@dataclass(frozen=True)
class _Encoding:
    """One chunk per plan for a segment, each of its frames drawn once."""

    draw: Draw
    plans: Sequence[Plan]
    shape: tuple[int, int, int]

    def __call__(self, segment: range, tick: Callable[[], object]) -> list[Any]:
        coders = [plan.begin(segment.start, self.draw) for plan in self.plans]
        for start in range(0, len(segment), len(self._room)):
            numbers = segment[start : start + len(self._room)]
            pictures = self._room[: len(numbers)]
            for pixels, number in zip(pictures, numbers, strict=True):
                pixels[:] = self.draw(number)
            for coder in coders:
                for pixels in pictures:
                    coder.add(pixels)
            for _ in numbers:
                tick()
        return [coder.finish() for coder in coders]

    @cached_property
    def _room(self) -> Pixels:
        """Room for the pictures that are drawn at once: the same for all segments, or memory would crumble."""
        at_once = max(1, min(SEGMENT, _AT_ONCE // math.prod(self.shape)))
        return np.empty((at_once, *self.shape), np.uint8)
