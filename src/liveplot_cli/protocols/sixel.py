"""Sixels: pixels in up to 255 colours, six rows of them at a time."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from liveplot_cli.formats.color_table import MOST, ColorTable, from_pictures, packed

if TYPE_CHECKING:
    from liveplot_cli.drawing.letters import Word
    from liveplot_cli.film import Pixels
    from liveplot_cli.terminals.answers import Terminal
    from liveplot_cli.terminals.area import Area

_BAND = 6  # rows of pixels that one character holds
_FEWEST = 64  # colours that a chart needs
_OFF = 24  # levels that a colour may be off before the colours are chosen anew
_SHORTEST = 4  # equal characters that are shorter as a number and one of them
_LEAST = 64  # pixels of a side that a terminal can't mean to be its most


class Sixel:
    """Pixels in up to 255 colours, the way of xterm, foot, mlterm and Windows Terminal."""

    rank = 2
    takes_words = False
    erased = b""

    @staticmethod
    def is_understood(terminal: Terminal) -> bool:
        return terminal.sixel and not 0 < terminal.sixel_colors < _FEWEST

    def __init__(self, area: Area, terminal: Terminal) -> None:
        most = terminal.sixel_size or area.pixels
        width, height = (min(side, max(_LEAST, limit)) for side, limit in zip(area.pixels, most, strict=True))
        self.size = width, max(_BAND, height // _BAND * _BAND)  # part of a band would spill over into the row below
        self._table: ColorTable | None = None
        self._most_off = _OFF

    def painted(self, pixels: Pixels, words: Sequence[Word]) -> bytes:
        """The picture in the colours of the first one, or in new ones when these do not serve it."""
        colors = packed(pixels)
        if self._table is not None:
            places, levels = self._table.nearest(colors)
            if levels.max() <= self._most_off:
                return encoded(places, self._table.colors)
        self._table = from_pictures([pixels])
        places, levels = self._table.nearest(colors)
        self._most_off = max(_OFF, int(levels.max()))
        return encoded(places, self._table.colors)


def encoded(places: NDArray[np.uint8], colors: NDArray[np.uint8]) -> bytes:
    """Places of colours in a table, shape (height, width), from 1 on, as sixels; 0 is left as it is."""
    height, width = places.shape
    bands = -(-height // _BAND)
    # Each colour of each band is a line of characters, of whose six bits each stands for a row.
    filled = np.zeros((bands * _BAND, width), np.int64)
    filled[:height] = places
    keys = filled.reshape(bands, _BAND, width) + (MOST + 1) * np.arange(bands)[:, None, None]
    used = np.flatnonzero(np.bincount(keys.ravel(), minlength=bands * (MOST + 1)))
    lines = np.zeros(bands * (MOST + 1), np.int64)
    lines[used] = np.arange(len(used))
    found = lines[keys]
    bits = np.zeros((len(used), width), np.uint8)
    columns = np.arange(width)
    for row in range(_BAND):  # a line has one bit in a column for each row at most
        bits[found[:, row], columns] |= np.uint8(1 << row)
    defined = "".join(
        "#{};2;{};{};{}".format(place, *((100 * level + 127) // 255 for level in colors[place - 1].tolist()))
        for place in np.unique(used % (MOST + 1)).tolist()
        if place
    )
    return b'\x1bP0;1;0q"1;1;%d;%d' % (width, height) + defined.encode() + _bands(bits, used, bands) + b"\x1b\\"


def _bands(bits: NDArray[np.uint8], used: NDArray[np.int64], bands: int) -> bytes:
    """The lines of all bands, `$` between those of one band and `-` between bands."""
    texts = _run_lengths(bits)
    parts: list[list[str]] = [[] for _ in range(bands)]
    for key, text in zip(used.tolist(), texts, strict=True):
        band, place = divmod(key, MOST + 1)
        if place:
            parts[band].append(f"#{place}{text}")
    return "-".join("$".join(lines) for lines in parts).encode()


def _run_lengths(bits: NDArray[np.uint8]) -> list[str]:
    """Each line as its characters, equal ones counted, without the empty ones at its end."""
    count, width = bits.shape
    starts = np.ones((count, width), bool)
    np.not_equal(bits[:, 1:], bits[:, :-1], out=starts[:, 1:])
    at = np.flatnonzero(starts.ravel())
    lengths = np.diff(at, append=count * width)
    values = bits.ravel()[at]
    ends_empty = (values == 0) & ((at + lengths) % width == 0)
    texts = [
        character * length if length < _SHORTEST else f"!{length}{character}"
        for character, length in zip((values + 63).tobytes().decode(), lengths.tolist(), strict=True)
    ]
    for number in np.flatnonzero(ends_empty).tolist():
        texts[number] = ""
    bounds = np.searchsorted(at, np.arange(count + 1) * width).tolist()
    return ["".join(texts[start:end]) for start, end in pairwise(bounds)]
