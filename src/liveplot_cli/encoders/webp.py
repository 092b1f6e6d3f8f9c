"""Animated WebP without loss: https://developers.google.com/speed/webp/docs/riff_container (RFC 9649).

Each frame stores the rectangle that changed. The chunks around the pictures are few and written here, so that a segment
can be encoded in any process, equal frames keep their times, and times are rounded as they add up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, ClassVar

from liveplot_cli.encoders import loop_option
from liveplot_cli.errors import OutputError, UsageError
from liveplot_cli.formats import webp_chunks
from liveplot_cli.formats.webp_image import Changes, require_codec
from liveplot_cli.timing import delays, parts, shares

if TYPE_CHECKING:
    from pathlib import Path

    from liveplot_cli.encoders import Draw
    from liveplot_cli.film import Film, Pixels

# Chromium and Firefox play a frame of 10 milliseconds or less as one of 100.
_SHORTEST = 11
_TICKS_PER_SECOND = Fraction(1000)


@dataclass(frozen=True)
class Webp:
    """Animated WebP with exact pixels and exact timing."""

    suffixes: ClassVar[tuple[str, ...]] = (".webp",)
    folder: ClassVar[bool] = False
    transparent: ClassVar[bool] = True

    loop: int = loop_option()

    def plan(self, film: Film) -> _WebpFilm:
        """The film's delays in milliseconds."""
        import logging

        if self.loop > webp_chunks.MOST_PLAYS:
            raise UsageError(f"loop: a WebP plays forever or at most {webp_chunks.MOST_PLAYS} times")
        require_codec()  # before any worker is forked, that none has to
        shown = delays(film.durations, _TICKS_PER_SECOND, _SHORTEST)
        if not all(shown):
            logging.getLogger(__name__).warning(
                "a WebP shows at most 90 frames a second: what is between is left out, the time is kept"
            )
        return _WebpFilm((film.width, film.height), self.loop, tuple(shown), film.transparent)


@dataclass(frozen=True)
class _WebpFilm:
    size: tuple[int, int]
    loop: int
    delays: tuple[int, ...]
    transparent: bool

    @property
    def frames(self) -> int:
        return sum(parts(delay, webp_chunks.LONGEST) for delay in self.delays)

    @property
    def seconds(self) -> Fraction:
        return sum(self.delays) / _TICKS_PER_SECOND

    def cut(self, frames: int) -> _WebpFilm:
        return replace(self, delays=self.delays[:frames])

    def begin(self, start: int, draw: Draw) -> _Coder:
        """A segment is drawn upon the last picture shown before it, so that it stores only what changed since."""
        shown = next((number for number in reversed(range(start)) if self.delays[number]), None)
        before = None if shown is None else draw(shown)
        return _Coder(Changes(before, transparent=self.transparent), iter(self.delays[start:]))

    @contextmanager
    def open(self, path: Path) -> Iterator[Callable[[_Chunk], None]]:
        """The header stands first, and is written last: it says how long the file is."""
        length, has_alpha = webp_chunks.HEADER, False
        with path.open("wb") as file:
            file.write(bytes(webp_chunks.HEADER))

            def append(chunk: _Chunk) -> None:
                nonlocal length, has_alpha
                length, has_alpha = length + len(chunk.frames), has_alpha or chunk.has_alpha
                if length > webp_chunks.LARGEST:
                    raise OutputError("a WebP of more than 4 GiB can't be written; try another format or fewer frames")
                file.write(chunk.frames)

            yield append
            file.seek(0)
            file.write(webp_chunks.header(self.size, self.loop, length, has_alpha=has_alpha))

    def check(self, path: Path) -> None:
        from liveplot_cli.encoders import compare

        with path.open("rb") as file:
            wanted = webp_chunks.WebpFacts(self.size, self.frames, sum(self.delays), self.loop)
            compare(webp_chunks.facts(file), wanted)


@dataclass(frozen=True)
class _Chunk:
    """The chunks of a segment's frames, one after another, and whether any of them has alpha."""

    frames: bytes
    has_alpha: bool


class _Coder:
    def __init__(self, changes: Changes, delays: Iterator[int]) -> None:
        self._changes = changes
        self._delays = delays
        self._frames: list[bytes] = []
        self._has_alpha = False

    def add(self, pixels: Pixels) -> None:
        """Encode the next frame; one that lasts longer than a frame can stays as frames that change nothing."""
        delay = next(self._delays)
        for share in shares(delay, webp_chunks.LONGEST) if delay else ():
            change = self._changes.to(pixels)
            self._has_alpha |= webp_chunks.has_alpha(change.picture)
            self._frames.append(webp_chunks.frame(change.picture, change.place, share, replaces=change.replaces))

    def finish(self) -> _Chunk:
        return _Chunk(b"".join(self._frames), self._has_alpha)
