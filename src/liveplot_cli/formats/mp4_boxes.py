"""What an MP4 file holds, found by a walk over its boxes: ISO/IEC 14496-12, as far as a film of one track needs it."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import BinaryIO

_LARGEST_INDEX = 1 << 28  # bytes: more than any film's index takes
_HOLDERS = (b"moov", b"trak", b"mdia", b"minf", b"stbl")


@dataclass(frozen=True)
class Mp4Facts:
    """The picture's size in pixels, how many frames there are, and how long they last."""

    size: tuple[int, int]
    frames: int
    seconds: Fraction


def facts(file: BinaryIO) -> Mp4Facts:
    """What an MP4 holds; raises `ValueError` where it is none, is cut short, or its index does not lead to its data."""
    end = file.seek(0, os.SEEK_END)
    top = {kind: (start, stop) for kind, start, stop in _top_boxes(file, end)}
    if list(top)[:1] != [b"ftyp"]:
        raise ValueError("it does not begin as an MP4 does")
    if not {b"moov", b"mdat"} <= top.keys() or top[b"moov"] > top[b"mdat"]:
        raise ValueError("its index or its data is missing")
    start, stop = top[b"moov"]
    if stop - start > _LARGEST_INDEX:
        raise ValueError("its index is broken")
    file.seek(start)
    try:
        return _facts(dict(_boxes(file.read(stop - start))), top[b"mdat"])
    except (struct.error, KeyError, ZeroDivisionError):
        raise ValueError("its index is broken") from None


def check_end(file: BinaryIO) -> None:
    """Raise `ValueError` where an MP4, whatever program wrote it, is shorter than its boxes."""
    for _ in _top_boxes(file, file.seek(0, os.SEEK_END)):
        pass


def _top_boxes(file: BinaryIO, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Each box of the file: its kind, where its content begins and where it ends."""
    place = 0
    while place < end:
        file.seek(place)
        head = file.read(16)
        start, length, kind = place + 8, int.from_bytes(head[:4], "big"), head[4:8]
        if length == 1:
            start, length = place + 16, int.from_bytes(head[8:], "big")
        if place + length < start or place + length > end:
            raise ValueError("its end is missing")
        yield kind, start, place + length
        place += length


def _boxes(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Each box within a box, and within those that hold others."""
    place = 0
    while place < len(content):
        length, kind = struct.unpack_from(">I4s", content, place)
        if length < 8 or place + length > len(content):
            raise ValueError("its index is broken")
        inner = content[place + 8 : place + length]
        yield kind, inner
        if kind in _HOLDERS:
            yield from _boxes(inner)
        place += length


def _facts(boxes: dict[bytes, bytes], data: tuple[int, int]) -> Mp4Facts:
    frames, length = _lengths(boxes[b"stsz"])
    places = _places(boxes)
    width, height = struct.unpack_from(">HH", boxes[b"stsd"], 8 + 8 + 24)
    shown = struct.unpack_from(">II", boxes[b"tkhd"], len(boxes[b"tkhd"]) - 8)
    if shown != (width << 16, height << 16):
        raise ValueError("its index contradicts itself")
    if length != data[1] - data[0] or places[:1] != (data[0],):
        raise ValueError("its index does not lead to its data")
    if not all(one < other < data[1] for one, other in pairwise(places)):
        raise ValueError("its index does not lead to its data")
    timescale, duration = _time(boxes[b"mdhd"])
    if sum(count * each for count, each in _pairs(boxes[b"stts"])) != duration:
        raise ValueError("its index contradicts itself")
    if sum(count for count, _ in _pairs(boxes[b"stts"])) != frames:
        raise ValueError("its index contradicts itself")
    return Mp4Facts((width, height), frames, Fraction(duration, timescale))


def _lengths(box: bytes) -> tuple[int, int]:
    """How many frames there are, and how many bytes they take."""
    _, each, count = struct.unpack_from(">III", box)
    return count, each * count or sum(struct.unpack(f">{count}I", box[12:]))


def _places(boxes: dict[bytes, bytes]) -> tuple[int, ...]:
    """Where in the file each run of frames begins."""
    box, form = (boxes[b"stco"], "I") if b"stco" in boxes else (boxes[b"co64"], "Q")
    (count,) = struct.unpack_from(">I", box, 4)
    return struct.unpack(f">{count}{form}", box[8:])


def _time(box: bytes) -> tuple[int, int]:
    """Ticks a second, and how many the film lasts."""
    if box[:1] == b"\1":
        return struct.unpack_from(">IQ", box, 20)
    return struct.unpack_from(">II", box, 12)


def _pairs(box: bytes) -> Iterator[tuple[int, int]]:
    """How many frames in a row last how many ticks each."""
    (count,) = struct.unpack_from(">I", box, 4)
    numbers = struct.unpack(f">{2 * count}I", box[8:])
    return zip(numbers[::2], numbers[1::2], strict=True)
