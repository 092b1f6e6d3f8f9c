"""One page of HTML that plays the film in any browser, from a disk too: exact pixels, no request to anywhere.

A segment begins with a whole picture, so that it depends on no other, and each frame in it stores what changed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, ClassVar

from liveplot_cli.encoders import loop_option
from liveplot_cli.formats import film_page
from liveplot_cli.formats.webp_image import Changes, require_codec
from liveplot_cli.timing import delays

if TYPE_CHECKING:
    from pathlib import Path

    from liveplot_cli.encoders import Draw
    from liveplot_cli.film import Film, Pixels
    from liveplot_cli.formats.film_page import Group

_SHORTEST = 1
_TICKS_PER_SECOND = Fraction(1000)
_LONGEST_GROUP = 32  # frames: so many at most are decoded to show one of them


@dataclass(frozen=True)
class Html:
    """One page that plays the film by itself, with a slider; any browser opens it."""

    suffixes: ClassVar[tuple[str, ...]] = (".html",)
    folder: ClassVar[bool] = False
    transparent: ClassVar[bool] = False

    loop: int = loop_option()

    def plan(self, film: Film) -> _Page:
        """The film's delays in milliseconds."""
        import logging

        require_codec()
        shown = delays(film.durations, _TICKS_PER_SECOND, _SHORTEST)
        if not all(shown):
            logging.getLogger(__name__).warning(
                "a page shows at most 1,000 frames a second: what is between is left out, the time is kept"
            )
        return _Page((film.width, film.height), self.loop, tuple(shown), film.paper, film.title)


@dataclass(frozen=True)
class _Page:
    size: tuple[int, int]
    loop: int
    delays: tuple[int, ...]
    paper: tuple[int, int, int]
    title: str

    @property
    def frames(self) -> int:
        return sum(delay > 0 for delay in self.delays)

    @property
    def seconds(self) -> Fraction:
        return sum(self.delays) / _TICKS_PER_SECOND

    def cut(self, frames: int) -> _Page:
        return replace(self, delays=self.delays[:frames])

    def begin(self, start: int, draw: Draw) -> _Coder:
        return _Coder(iter(self.delays[start:]))

    @contextmanager
    def open(self, path: Path) -> Iterator[Callable[[list[Group]], None]]:
        digest, groups = hashlib.sha256(), []
        with path.open("wb") as file:

            def write(text: bytes) -> None:
                digest.update(text)
                file.write(text)

            def append(chunk: list[Group]) -> None:
                for group in chunk:
                    write(group.text)
                    groups.append(group.milliseconds)

            write(film_page.head(self.size, self.paper, self.title))
            yield append
            write(film_page.foot(groups, self.loop))
            file.write(film_page.seal(digest.hexdigest()))

    def check(self, path: Path) -> None:
        from liveplot_cli.encoders import compare

        with path.open("rb") as file:
            wanted = film_page.PageFacts(self.size, self.frames, sum(self.delays), self.loop)
            compare(film_page.facts(file), wanted)


class _Coder:
    def __init__(self, delays: Iterator[int]) -> None:
        self._delays = delays
        self._groups: list[Group] = []
        self._begin_group()

    def add(self, pixels: Pixels) -> None:
        delay = next(self._delays)
        if not delay:
            return
        change = self._changes.to(pixels)
        self._frames.append((change.picture, change.place, delay))
        if len(self._frames) == _LONGEST_GROUP:
            self._end_group()

    def finish(self) -> list[Group]:
        if self._frames:
            self._end_group()
        return self._groups

    def _begin_group(self) -> None:
        self._changes = Changes(transparent=False)
        self._frames: list[tuple[bytes, tuple[int, int], int]] = []

    def _end_group(self) -> None:
        self._groups.append(film_page.group(self._frames))
        self._begin_group()
