"""What an animated WebP is made of, and what one holds: RFC 9649, the container; no picture is decoded.

It is a RIFF file: VP8X says how large the canvas is, ANIM how often it plays, and an ANMF for each frame where it lies,
how long it is seen and whether it is laid upon what is there or takes its place; in it a VP8L holds the pixels.
"""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass
from typing import BinaryIO

LONGEST = (1 << 24) - 1  # milliseconds of a frame
MOST_PLAYS = (1 << 16) - 1
HEADER = 44  # bytes before the first frame
LARGEST = (1 << 32) - 2  # bytes of a file
_ANIMATED, _HAS_ALPHA = 0x02, 0x10
_REPLACED = 0x02  # pixels take the place of those that are there, and are not laid upon them
_CHUNK = struct.Struct("<4sI")
_PICTURE, _LOSSLESS = b"VP8L", 0x2F
_PICTURE_HEAD = 5  # bytes of a picture that say its size and whether it has alpha
_ALPHA_BIT = 1 << 28


@dataclass(frozen=True)
class WebpFacts:
    """The canvas in pixels, how many frames there are, how many milliseconds they last, its plays (0 is for ever)."""

    size: tuple[int, int]
    images: int
    milliseconds: int
    plays: int


def header(size: tuple[int, int], plays: int, length: int, *, has_alpha: bool) -> bytes:
    """What stands before the first frame of a file of so many bytes."""
    flags = _ANIMATED | (_HAS_ALPHA if has_alpha else 0)
    canvas = struct.pack("<B3x", flags) + b"".join((side - 1).to_bytes(3, "little") for side in size)
    start = _CHUNK.pack(b"RIFF", length - _CHUNK.size) + b"WEBP"
    return start + _chunk(b"VP8X", canvas) + _chunk(b"ANIM", struct.pack("<IH", 0, plays))


def frame(picture: bytes, place: tuple[int, int], milliseconds: int, *, replaces: bool) -> bytes:
    """The chunk of a frame: a picture whose left upper corner lies at an even place."""
    numbers = (*(side // 2 for side in place), *(side - 1 for side in picture_size(picture)), milliseconds)
    head = b"".join(number.to_bytes(3, "little") for number in numbers)
    return _chunk(b"ANMF", head + bytes([_REPLACED if replaces else 0]) + _chunk(_PICTURE, picture))


def still(picture: bytes) -> bytes:
    """A file of one picture."""
    held = b"WEBP" + _chunk(_PICTURE, picture)
    return _chunk(b"RIFF", held)


def picture_of(still: bytes) -> bytes:
    """The picture that a file of one holds; raises `ValueError` where it holds none that is lossless."""
    kind, length = _CHUNK.unpack_from(still, 12)
    if kind != _PICTURE or len(still) != 20 + length + length % 2:
        raise ValueError("it is no lossless WebP")
    return still[20 : 20 + length]


def picture_size(picture: bytes) -> tuple[int, int]:
    """Width and height that a picture says it has."""
    return _picture(picture[:_PICTURE_HEAD])[0]


def has_alpha(picture: bytes) -> bool:
    """Whether a picture has pixels that are not opaque."""
    return _picture(picture[:_PICTURE_HEAD])[1]


def facts(file: BinaryIO) -> WebpFacts:
    """What a WebP holds; raises `ValueError` where it is no film as they are written here, or is not whole."""
    end = file.seek(0, os.SEEK_END)
    file.seek(0)
    start = file.read(HEADER)
    if len(start) < HEADER or start[:4] != b"RIFF":
        raise ValueError("it does not begin as a WebP does")
    length, flags = int.from_bytes(start[4:8], "little") + _CHUNK.size, start[20]
    if length != end:
        raise ValueError("its end is missing" if length > end else "it goes on behind its end")
    width, height = (int.from_bytes(start[place : place + 3], "little") + 1 for place in (24, 27))
    plays = int.from_bytes(start[42:], "little")
    if start != header((width, height), plays, length, has_alpha=bool(flags & _HAS_ALPHA)):
        raise ValueError("its first chunks are broken")
    images, milliseconds, alpha = 0, 0, False
    place = HEADER
    while place < end:
        place, lasts, transparent = _check_frame(file, place, (width, height))
        images, milliseconds, alpha = images + 1, milliseconds + lasts, alpha or transparent
    if place != end or alpha != bool(flags & _HAS_ALPHA):
        raise ValueError("its chunks contradict one another")
    return WebpFacts((width, height), images, milliseconds, plays)


def _chunk(kind: bytes, content: bytes) -> bytes:
    """A chunk, which is as long as its head says and takes an even number of bytes."""
    return _CHUNK.pack(kind, len(content)) + content + bytes(len(content) % 2)


def _picture(start: bytes) -> tuple[tuple[int, int], bool]:
    """Width and height of a picture by its first bytes, and whether it has alpha."""
    if len(start) < _PICTURE_HEAD or start[0] != _LOSSLESS:
        raise ValueError("a picture does not begin as one does")
    bits = int.from_bytes(start[1:], "little")
    if bits > _ALPHA_BIT * 2 - 1:
        raise ValueError("a picture is of another version")
    return ((bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1), bool(bits & _ALPHA_BIT)


def _check_frame(file: BinaryIO, place: int, canvas: tuple[int, int]) -> tuple[int, int, bool]:
    """Where the frame at a place ends, its milliseconds, and whether it has alpha."""
    file.seek(place)
    head = file.read(2 * _CHUNK.size + 16 + _PICTURE_HEAD)
    if len(head) < 2 * _CHUNK.size + 16 + _PICTURE_HEAD:
        raise ValueError("its end is missing")
    kind, length = _CHUNK.unpack_from(head)
    left, top, width, height, lasts = (int.from_bytes(head[at : at + 3], "little") for at in range(8, 23, 3))
    if kind != b"ANMF" or head[23] & ~_REPLACED:
        raise ValueError("its chunks do not follow one another")
    inner, bytes_of_picture = _CHUNK.unpack_from(head, 24)
    size, transparent = _picture(head[32:])
    if inner != _PICTURE or length != 16 + 8 + bytes_of_picture + bytes_of_picture % 2:
        raise ValueError("its chunks do not follow one another")
    if size != (width + 1, height + 1) or any(
        2 * start + side > whole for start, side, whole in zip((left, top), size, canvas, strict=True)
    ):
        raise ValueError("a frame lies beyond its edge")
    if bytes_of_picture % 2:
        file.seek(place + 8 + length - 1)
        if file.read(1) != b"\0":
            raise ValueError("its chunks do not follow one another")
    return place + 8 + length, lasts, transparent
