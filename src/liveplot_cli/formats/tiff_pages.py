"""Whether a TIFF file is whole, found by a walk over its pages: TIFF 6.0, section 2, and BigTIFF.

https://www.itu.int/itudoc/itu-t/com16/tiff-fx/docs/tiff6.pdf, http://bigtiff.org. Decoders take a page that lies behind
the end of a file for no page at all.
"""

from __future__ import annotations

import os
import struct
from typing import BinaryIO, NamedTuple

_ORDERS = {b"II": "<", b"MM": ">"}
_WIDTHS = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}
_NUMBERS = {1: "B", 3: "H", 4: "I", 13: "I", 16: "Q", 18: "Q"}
_PIECES = {273: 279, 324: 325}  # where the strips or the tiles of a page begin, and how many bytes each has


class _Form(NamedTuple):
    """How offsets are written: the order of their bytes, how many there are, and how fields are counted."""

    order: str
    width: int
    offset: str
    entries: str

    @property
    def field(self) -> int:
        """The bytes of a field: its tag, its type, how many values it has, and these or their place."""
        return 4 + 2 * self.width


def check_end(file: BinaryIO) -> None:
    """Raise `ValueError` where a page, one of its fields or some of its pixels lie behind the end of the file."""
    order, version = _ORDERS[_read(file, 0, 2)], _read(file, 2, 2)
    form = _Form(order, 8, "Q", "Q") if 43 in version else _Form(order, 4, "I", "H")
    (place,) = struct.unpack(form.order + form.offset, _read(file, form.width, form.width))
    seen: set[int] = set()
    while place:
        if place in seen:
            raise ValueError("its pages go round in a circle")
        seen.add(place)
        place = _check_page(file, place, form)


def _check_page(file: BinaryIO, place: int, form: _Form) -> int:
    """Look at all that a page refers to; hands back the place of the next, or 0."""
    width = struct.calcsize(form.entries)
    (count,) = struct.unpack(form.order + form.entries, _read(file, place, width))
    content = _read(file, place + width, count * form.field + form.width)
    fields = dict(
        _values(file, content[start : start + form.field], form) for start in range(0, count * form.field, form.field)
    )
    for places, lengths in _PIECES.items():
        for start, length in zip(fields.get(places, ()), fields.get(lengths, ()), strict=False):
            _check_range(file, start, length)
    return int(struct.unpack_from(form.order + form.offset, content, count * form.field)[0])


def _values(file: BinaryIO, field: bytes, form: _Form) -> tuple[int, tuple[int, ...]]:
    """A field's tag, and its values if they are places or lengths."""
    tag, kind, count = struct.unpack_from(form.order + "HH" + form.offset, field)
    size = count * _WIDTHS.get(kind, 0)
    (place,) = struct.unpack_from(form.order + form.offset, field, 4 + form.width)
    if size > form.width:
        _check_range(file, place, size)
    if tag not in (*_PIECES, *_PIECES.values()) or kind not in _NUMBERS:
        return tag, ()
    content = _read(file, place, size) if size > form.width else field[4 + form.width :][:size]
    return tag, struct.unpack(f"{form.order}{count}{_NUMBERS[kind]}", content)


def _check_range(file: BinaryIO, place: int, count: int) -> None:
    if place + count > file.seek(0, os.SEEK_END):
        raise ValueError("its end is missing")


def _read(file: BinaryIO, place: int, count: int) -> bytes:
    """So many bytes from a place on, which are looked for before they are read."""
    _check_range(file, place, count)
    file.seek(place)
    return file.read(count)
