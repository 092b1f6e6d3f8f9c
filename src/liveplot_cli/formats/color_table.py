"""The up to 255 colours a whole film is drawn in, and every colour's place among them."""

from __future__ import annotations

import mmap
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from PIL import Image

# Colours travel packed, as the first three bytes of an RGBA pixel read as one little-endian number: 0xBBGGRR.
Packed = NDArray[np.uint32]
Places = NDArray[np.uint8]

MOST = 255
RGB = np.uint32(0xFFFFFF)
_SIZES = 64, 128, MOST  # tried in turn: on a noisy line film 64 colours take a quarter fewer bytes than 255
_KEPT = 16  # of them, colours of the pictures as they are
_FAITHFUL = 0.2  # mean squared error of a channel: 55 dB
_NEAR = 20  # levels: the farthest that a colour of the pictures is from its stand-in, while there is room
_FARTHEST = 255
_MANY = 4000  # colours that no small table serves
_HEAVIEST = 8  # colours are weighed like so many pixels at most


def packed(pixels: NDArray[np.uint8]) -> Packed:
    """RGBA pixels, shape (height, width, 4), as packed colours, shape (height, width)."""
    return np.ascontiguousarray(pixels).view("<u4")[..., 0] & RGB


def unpacked(colors: Packed) -> NDArray[np.uint8]:
    """Packed colours, shape (n,), as red, green and blue, shape (n, 3)."""
    return np.ascontiguousarray(colors, "<u4").view(np.uint8).reshape(-1, 4)[:, :3]


@dataclass(frozen=True, eq=False)
class ColorTable:
    """Distinct colours, shape (n, 3) with n <= 255, and the nearest of them for every colour there is.

    The places are 1 to n; 0 is free, for what is transparent. They are looked up in a table of all 2**24 colours that
    is filled as colours come up, so that a picture costs one indexing. `exact` says that the table holds every colour
    of the pictures it was made from.
    """

    colors: NDArray[np.uint8]
    exact: bool = True
    # Low byte: the place; high byte: how far away its colour is, in levels. 0 is not known yet.
    _nearest: NDArray[np.uint16] = field(init=False, repr=False, default_factory=lambda: _zeros(1 << 24))

    def __reduce__(self) -> tuple[type[ColorTable], tuple[NDArray[np.uint8], bool]]:
        """Travel to another process as the colours alone."""
        return ColorTable, (self.colors, self.exact)

    def nearest(self, colors: Packed) -> tuple[Places, NDArray[np.uint8]]:
        """For each packed colour the place of the nearest table colour, and how many levels (up to 255) it is off."""
        found = self._nearest[colors]
        if not found.all():
            self._learn(np.unique(colors[found == 0]))
            found = self._nearest[colors]
        return found.astype(np.uint8), (found >> 8).astype(np.uint8)

    def places(self, colors: Packed) -> Places:
        """The place of the nearest table colour for each of the packed colours, in their shape."""
        return self.nearest(colors)[0]

    def mended(
        self, colors: Packed, places: Places, levels: NDArray[np.uint8]
    ) -> tuple[NDArray[np.uint8], Places, NDArray[np.uint8]]:
        """The table with the colours that it serves worst in the places that none of them needs.

        What `nearest` found for the colours, shape (n,), comes back as it is then, behind a table of shape (m, 3) with
        m <= 255: most places and what stands there stay, which costs less than a new table.
        """
        free = np.flatnonzero(np.bincount(places, minlength=MOST + 1)[1:] == 0) + 1
        wrong = np.flatnonzero(levels)
        distinct, numbers = np.unique(colors[wrong], return_inverse=True)
        harm = np.bincount(numbers, weights=np.square(levels[wrong], dtype=np.float64), minlength=len(distinct))
        worst = np.argsort(-harm, kind="stable")[: len(free)]
        given = np.zeros(len(distinct), np.uint8)
        given[worst] = free[: len(worst)]
        table = np.zeros((max(len(self.colors), given.max(initial=0)), 3), np.uint8)
        table[: len(self.colors)] = self.colors
        table[given[worst].astype(int) - 1] = unpacked(distinct[worst])
        mended = wrong[given[numbers] > 0]
        places, levels = places.copy(), levels.copy()
        places[mended], levels[mended] = given[numbers][given[numbers] > 0], 0
        return table, places, levels

    def _learn(self, colors: Packed) -> None:
        for part in np.array_split(colors, -(-len(colors) // 4096)):
            places, squares = _nearest(unpacked(part), self.colors)
            levels = np.ceil(np.sqrt(squares)).clip(max=_FARTHEST).astype(np.uint16)
            self._nearest[part] = places | levels << np.uint16(8)


def _zeros(number: int) -> NDArray[np.uint16]:
    """Zeros of which only those that are written to take up memory; numpy's own would come in pages of 2 MB."""
    return np.frombuffer(mmap.mmap(-1, 2 * number), np.uint16)


def from_pictures(pictures: Iterable[NDArray[np.uint8]]) -> ColorTable:
    """The colours of some pictures: all of them where there are at most 255, else as few as stand for them well.

    The colour of the first pixel, the paper's, comes first, and then the commonest: a frame of few colours has small
    numbers, which take fewer bits.
    """
    first, *changes, last = _changes(pictures)
    colors, counts = np.unique(np.concatenate([first, *changes]), return_counts=True)
    counts[np.searchsorted(colors, first[0])] += last.size
    if len(colors) <= MOST:
        return ColorTable(unpacked(colors[np.argsort(counts, kind="stable")[::-1]]))
    inked = last[last != first[0]]
    for size in _SIZES if len(colors) <= _MANY else _SIZES[-1:]:
        table = ColorTable(_reduced(colors, counts, size), exact=False)
        levels = table.nearest(inked)[1].astype(np.int64)
        if levels @ levels <= _FAITHFUL * 3 * last.size:
            break
    return table


def own(colors: Packed) -> tuple[NDArray[np.uint8], Places]:
    """A table for these packed colours alone, shape (n, 3) with n <= 255, and the place of each in it, from 1."""
    distinct, inverse, counts = np.unique(colors, return_inverse=True, return_counts=True)
    if len(distinct) <= MOST:
        return unpacked(distinct), (inverse + 1).astype(np.uint8)
    table = _reduced(distinct, counts, MOST)
    return table, _nearest(unpacked(distinct), table)[0].astype(np.uint8)[inverse]


def _changes(pictures: Iterable[NDArray[np.uint8]]) -> Iterator[Packed]:
    """The colours of the pixels that changed from picture to picture, and at the end the whole last picture.

    Before the first lies plain paper, whose colour comes first: sorting so many equals would take longest.
    """
    before: Packed | None = None
    for pixels in pictures:
        picture = packed(pixels)
        if before is None:
            before = np.full_like(picture, picture[0, 0])
            yield picture[:1, 0]
        yield picture[picture != before]
        before = picture
    if before is not None:
        yield before


def _reduced(colors: Packed, counts: NDArray[np.int64], size: int) -> NDArray[np.uint8]:
    """At most `MOST` colours for many: the commonest as they are, so that paper and lines stay exact, the rest by
    median cut to `size`, and then those that none of these is near to.

    A colour weighs the square root of its pixels, or the paper would take all and thin lines lose their shades.
    """
    order = np.argsort(counts, kind="stable")[::-1]
    exact, rest = unpacked(colors[order[:_KEPT]]), order[_KEPT:]
    weights = np.sqrt(counts[rest]).astype(np.int64).clip(1, _HEAVIEST)
    strip = np.repeat(unpacked(colors[rest]), weights, axis=0)
    quantized = Image.fromarray(strip[None]).quantize(size - _KEPT, Image.Quantize.MEDIANCUT, kmeans=2)
    palette = np.array(quantized.getpalette(), np.uint8).reshape(-1, 3)[: size - _KEPT]
    return _with_outliers(_distinct(np.concatenate([exact, palette])), unpacked(colors))


def _with_outliers(table: NDArray[np.uint8], colors: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The table and, as long as there is room, the colour that lies farthest from it, until all are near."""
    squares = _nearest(colors, table)[1]
    while len(table) < MOST and squares.max() > _NEAR**2:
        outlier = colors[squares.argmax()][None]
        table = np.concatenate([table, outlier])
        squares = np.minimum(squares, _squares(colors, outlier)[:, 0])
    return table


def _distinct(table: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The table without repetitions, in its order."""
    return table[np.sort(np.unique(table, axis=0, return_index=True)[1])]


def _nearest(colors: NDArray[np.uint8], table: NDArray[np.uint8]) -> tuple[NDArray[np.uint16], NDArray[np.int32]]:
    """For each colour, shape (n, 3), the place of the nearest of the table, from 1, and the square of its distance."""
    squares = _squares(colors, table)
    nearest = squares.argmin(axis=1)
    return (nearest + 1).astype(np.uint16), squares[np.arange(len(colors)), nearest]


def _squares(colors: NDArray[np.uint8], table: NDArray[np.uint8]) -> NDArray[np.int32]:
    """Squared distances of each colour to each of the table, shape (colors, table)."""
    one, two = colors.astype(np.int32), table.astype(np.int32)
    squares: NDArray[np.int32] = np.square(one[:, 0, None] - two[:, 0])
    for channel in 1, 2:
        squares += np.square(one[:, channel, None] - two[:, channel])
    return squares
