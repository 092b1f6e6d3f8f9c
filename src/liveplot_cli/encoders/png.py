"""A folder of numbered PNG pictures, one per frame at the film's rate, for any other program to go on with."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, ClassVar

from liveplot_cli.timing import ticks

if TYPE_CHECKING:
    from pathlib import Path

    from liveplot_cli.encoders import Draw
    from liveplot_cli.film import Film, Pixels

_Chunk = list[tuple[bytes, int]]

_END = b"\0\0\0\0IEND\xaeB`\x82"  # the last chunk of every PNG file


@dataclass(frozen=True)
class Png:
    """Numbered pictures in a folder: 00001.png and so on."""

    suffixes: ClassVar[tuple[str, ...]] = ()
    folder: ClassVar[bool] = True
    transparent: ClassVar[bool] = True

    def plan(self, film: Film) -> _Pictures:
        """As many pictures as the film has frames at its rate."""
        size = film.width, film.height
        return _Pictures(size, film.fps, tuple(ticks(film.durations, film.fps)), film.transparent)


@dataclass(frozen=True)
class _Pictures:
    size: tuple[int, int]
    fps: Fraction
    repeats: tuple[int, ...]
    transparent: bool

    @property
    def frames(self) -> int:
        return sum(self.repeats)

    @property
    def seconds(self) -> Fraction:
        return self.frames / self.fps

    def cut(self, frames: int) -> _Pictures:
        return replace(self, repeats=self.repeats[:frames])

    def begin(self, start: int, draw: Draw) -> _Coder:
        return _Coder(iter(self.repeats[start:]), channels=4 if self.transparent else 3)

    @contextmanager
    def open(self, path: Path) -> Iterator[Callable[[_Chunk], None]]:
        written = 0

        def append(chunk: _Chunk) -> None:
            nonlocal written
            for picture, repeats in chunk:
                for _ in range(repeats):
                    written += 1
                    (path / self._name(written)).write_bytes(picture)

        yield append

    def check(self, path: Path) -> None:
        names = {self._name(number + 1) for number in range(self.frames)}
        found = {file.name for file in path.iterdir()}
        if found != names:
            raise ValueError(f"{len(found):,} pictures and not {len(names):,}")
        for name in names:
            with (path / name).open("rb", buffering=0) as file:
                file.seek(max(0, file.seek(0, os.SEEK_END) - len(_END)))
                if file.read() != _END:
                    raise ValueError(f"the end of {name} is missing")

    def _name(self, number: int) -> str:
        return f"{number:0{max(5, len(str(self.frames)))}}.png"


class _Coder:
    def __init__(self, repeats: Iterator[int], channels: int) -> None:
        self._repeats = repeats
        self._channels = channels
        self._chunk: _Chunk = []

    def add(self, pixels: Pixels) -> None:
        import imageio.v3 as imageio

        picture = imageio.imwrite("<bytes>", pixels[..., : self._channels], extension=".png")
        self._chunk.append((picture, next(self._repeats)))

    def finish(self) -> _Chunk:
        return self._chunk
