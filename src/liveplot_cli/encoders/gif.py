"""GIF89a: https://www.w3.org/Graphics/GIF/spec-gif89a.txt.

One colour table for the film; each frame stores the rectangle that changed, and within it what did not change is
transparent. Pillow compresses; the blocks around are few and written here, for Pillow merges equal frames and rounds
each delay by itself.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, ClassVar

from liveplot_cli.option import option
from liveplot_cli.timing import ticks

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from liveplot_cli.color_table import ColorTable, Packed
    from liveplot_cli.encoders import Draw
    from liveplot_cli.film import Film, Pixels

# Chromium and Firefox play a frame of less than 2 ticks as one of 10; none is slower at 2 than asked.
_SHORTEST, _LONGEST = 2, 0xFFFF
_TICKS_PER_SECOND = Fraction(100)
_TRANSPARENT = 0
_TRAILER = b";"


def plays(text: str) -> int:
    """How often a film plays: `forever` is 0, `once` is 1, or a number from 1 to 65536."""
    words = {"forever": 0, "once": 1}
    if text in words:
        return words[text]
    if not (text.isascii() and text.isdigit() and len(text) < 6 and 1 <= int(text) <= 65536):
        raise ValueError(f"{text!r} is not forever, once, or a number of plays up to 65536")
    return int(text)


@dataclass(frozen=True)
class Gif:
    """GIF with exact timing and one colour table."""

    suffixes: ClassVar[tuple[str, ...]] = (".gif",)
    folder: ClassVar[bool] = False

    loop: int = option(
        0,
        "--loop",
        group="Time",
        metavar="forever|once|N",
        parse=plays,
        shown="forever",
        help="How often a GIF plays.",
    )

    def plan(self, film: Film) -> _GifFilm:
        """The film's colours, from frames all over it, and its delays in hundredths of a second."""
        import logging

        from liveplot_cli.color_table import from_pictures

        delays = _delays(film.durations)
        dropped = delays.count(0)
        if dropped:
            logging.getLogger(__name__).warning(
                "a GIF shows at most 50 frames a second: %d of %d frames are left out, the time is kept",
                dropped,
                len(delays),
            )
        return _GifFilm((film.width, film.height), self.loop, tuple(delays), from_pictures(film.sample()))


def _delays(durations: tuple[Fraction, ...]) -> list[int]:
    """Each frame's delay in ticks; 0 for a frame too short to show, whose time falls to its neighbour.

    The delays add up to the total time rounded to a tick, and the last frame is always shown.
    """
    delays: list[int] = []
    owed = 0
    for count in ticks(durations, _TICKS_PER_SECOND):
        owed += count
        delays.append(owed if owed >= _SHORTEST else 0)
        owed -= delays[-1]
    if delays[-1] == 0:
        before = max((number for number, delay in enumerate(delays) if delay), default=None)
        if before is not None:
            owed, delays[before] = owed + delays[before], 0
        delays[-1] = max(owed, _SHORTEST)
    return delays


@dataclass(frozen=True, eq=False)
class _GifFilm:
    size: tuple[int, int]
    loop: int
    delays: tuple[int, ...]
    table: ColorTable

    @property
    def frames(self) -> int:
        return sum(len(_shares(delay)) for delay in self.delays)

    @property
    def seconds(self) -> Fraction:
        return sum(self.delays) / _TICKS_PER_SECOND

    def begin(self, start: int, draw: Draw) -> _Coder:
        """A segment is drawn upon the last picture shown before it, so that it stores only what changed since."""
        from liveplot_cli.color_table import packed

        shown = next((number for number in reversed(range(start)) if self.delays[number]), None)
        return _Coder(self.table, iter(self.delays[start:]), None if shown is None else packed(draw(shown)))

    @contextmanager
    def open(self, path: Path) -> Iterator[Callable[[bytes], object]]:
        with path.open("wb") as file:
            file.write(self._header())
            yield file.write
            file.write(_TRAILER)

    def _header(self) -> bytes:
        """Logical screen, global colour table of 256 colours, and the Netscape block that says how often to repeat."""
        screen = struct.pack("<6sHHBBB", b"GIF89a", *self.size, 0b1_111_0_111, 0, 0)
        colors = bytes(3) + self.table.colors.tobytes()
        repeat = b""
        if self.loop != 1:
            repeat = b"!\xff\x0bNETSCAPE2.0" + struct.pack("<BBHB", 3, 1, max(0, self.loop - 1), 0)
        return screen + colors.ljust(768, b"\0") + repeat


class _Coder:
    """Blocks of frames, each the rectangle in which it differs from the one shown before it."""

    def __init__(self, table: ColorTable, delays: Iterator[int], before: Packed | None) -> None:
        self._table = table
        self._delays = delays
        self._before = before
        self._blocks: list[bytes] = []

    def add(self, pixels: Pixels) -> None:
        from liveplot_cli.color_table import packed

        delay = next(self._delays)
        if not delay:
            return
        picture = packed(pixels)
        left, top, places = self._difference(picture)
        self._before = picture
        first, *further = _shares(delay)
        self._blocks.append(_block(places, (left, top), first))
        self._blocks += [_block(_unchanged(), (0, 0), share) for share in further]

    def finish(self) -> bytes:
        return b"".join(self._blocks)

    def _difference(self, picture: Packed) -> tuple[int, int, NDArray[np.uint8]]:
        """Left, top and colour places of the smallest rectangle that holds all changes; one pixel if there is none."""
        import numpy as np

        if self._before is None:
            return 0, 0, self._table.places(picture)
        changed = picture != self._before
        rows = np.flatnonzero(changed.any(axis=1))
        if not rows.size:
            return 0, 0, _unchanged()
        columns = np.flatnonzero(changed[rows[0] : rows[-1] + 1].any(axis=0))
        box = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
        places = np.where(changed[box], self._table.places(picture[box]), np.uint8(_TRANSPARENT))
        return int(columns[0]), int(rows[0]), places


def _shares(delay: int) -> list[int]:
    """A delay as the fewest that fit into 16 bits; none for a frame that is not shown."""
    parts = -(-delay // _LONGEST)
    return [delay // parts + (part < delay % parts) for part in range(parts)]


def _unchanged() -> NDArray[np.uint8]:
    """One transparent pixel: the least a GIF can store of a frame that equals the one before it."""
    import numpy as np

    return np.full((1, 1), _TRANSPARENT, np.uint8)


def _block(places: NDArray[np.uint8], offset: tuple[int, int], delay: int) -> bytes:
    """Control extension, descriptor and compressed pixels of one frame, which stays when its time is up."""
    from PIL import GifImagePlugin, Image

    image = Image.fromarray(places, mode="P")
    # Pillow takes milliseconds and divides by ten.
    return b"".join(GifImagePlugin.getdata(image, offset, duration=10 * delay, disposal=1, transparency=_TRANSPARENT))
