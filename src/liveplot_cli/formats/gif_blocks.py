"""What a GIF file holds, found by a walk over its blocks: no picture is decoded, and memory does not grow with it."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import BinaryIO

_PIECE = 1 << 20
_FULL = 255  # bytes of a block
_EXTENSION, _IMAGE, _TRAILER = b"!", b",", b";"
_CONTROL, _APPLICATION = 0xF9, 0xFF
_LOOPS = b"\x0bNETSCAPE2.0\x03\x01"


@dataclass(frozen=True)
class GifFacts:
    """The screen in pixels, how many images there are, their delays' sum in hundredths of a second, their repeats."""

    size: tuple[int, int]
    images: int
    ticks: int
    repeats: int | None  # 0 is for ever, None is not told: once


def facts(file: BinaryIO) -> GifFacts:
    """What a GIF holds; raises `ValueError` where it is none, is cut short or goes on behind its end."""
    blocks = _Blocks(file)
    magic, width, height, flags, _, _ = struct.unpack("<6sHHBBB", blocks.take(13))
    if magic != b"GIF89a":
        raise ValueError("it does not begin as a GIF does")
    blocks.skip_table(flags)
    images = ticks = 0
    delay: int | None = None
    repeats = None
    while (kind := blocks.take(1)) != _TRAILER:
        if kind == _EXTENSION:
            label = blocks.take(1)[0]
            if label == _CONTROL:
                if delay is not None:
                    raise ValueError("an image is missing")
                delay = _delay(blocks.take(6))
            elif label == _APPLICATION:
                repeats = _repeats(blocks.take(17))
            else:
                raise ValueError("it holds an unknown block")
        elif kind == _IMAGE:
            if delay is None:
                raise ValueError("an image has no delay")
            _check_image(blocks, (width, height))
            images, ticks, delay = images + 1, ticks + delay, None
        else:
            raise ValueError("its blocks do not follow one another")
    if delay is not None:
        raise ValueError("its last image is missing")
    if not blocks.at_end():
        raise ValueError("it goes on behind its end")
    return GifFacts((width, height), images, ticks, repeats)


def check_end(file: BinaryIO) -> None:
    """Raise `ValueError` where a GIF, whatever program wrote it, ends before its end."""
    blocks = _Blocks(file)
    blocks.skip_table(blocks.take(13)[10])
    while (kind := blocks.take(1)) != _TRAILER:
        if kind == b"\0":
            continue  # some programs write an empty block too many
        if kind == _IMAGE:
            blocks.skip_table(blocks.take(9)[8])
        elif kind != _EXTENSION:
            raise ValueError("its blocks do not follow one another")
        blocks.take(1)  # what sort of extension it is, or how an image is compressed
        while length := blocks.take(1)[0]:
            blocks.take(length)


def _delay(control: bytes) -> int:
    length, _, delay, _, end = struct.unpack("<BBHBB", control)
    if (length, end) != (4, 0):
        raise ValueError("its blocks do not follow one another")
    return int(delay)


def _repeats(application: bytes) -> int:
    if not application.startswith(_LOOPS) or application[-1]:
        raise ValueError("it holds an unknown block")
    return int.from_bytes(application[14:16], "little")


def _check_image(blocks: _Blocks, size: tuple[int, int]) -> None:
    left, top, width, height, flags = struct.unpack("<HHHHB", blocks.take(9))
    if not (0 < width <= size[0] - left and 0 < height <= size[1] - top):
        raise ValueError("an image lies beyond its edge")
    blocks.skip_table(flags)
    if not 2 <= blocks.take(1)[0] <= 8:
        raise ValueError("an image is not compressed as a GIF's is")
    if not blocks.skip_data():
        raise ValueError("an image is empty")


class _Blocks:
    """A file read forward in pieces."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._piece = b""
        self._place = 0

    def take(self, count: int) -> bytes:
        """The next bytes, all of them; raises `ValueError` where the file ends before."""
        while len(self._piece) - self._place < count:
            self._read_on()
        self._place += count
        return self._piece[self._place - count : self._place]

    def skip_table(self, flags: int) -> None:
        """Pass over the colour table that the flags tell of."""
        if flags & 0x80:
            self.take(3 << (flags & 7) + 1)

    def skip_data(self) -> int:
        """Pass over blocks that begin with their length, up to the empty one; how many bytes they hold.

        All but the last are full as they are written here: one that begins where a byte was lost hardly ever is.
        """
        total = 0
        while (length := self.take(1)[0]) == _FULL:
            # What most of a film is made of: within a piece, without a call for each.
            piece, place, last = self._piece, self._place + _FULL, len(self._piece)
            total += _FULL
            while place < last and piece[place] == _FULL:
                place += 1 + _FULL
                total += _FULL
            self._place = min(place, last)
            self.take(place - self._place)
        if length and self.take(length + 1)[-1]:
            raise ValueError("its blocks do not follow one another")
        return total + length

    def at_end(self) -> bool:
        """Whether nothing is left."""
        return self._place == len(self._piece) and not self._file.read(1)

    def _read_on(self) -> None:
        more = self._file.read(_PIECE)
        if not more:
            raise ValueError("its end is missing")
        self._piece = self._piece[self._place :] + more
        self._place = 0
