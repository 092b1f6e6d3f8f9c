"""The up to 255 colours a whole film is drawn in, and every colour's place among them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from PIL import Image

# Colours travel packed, as the first three bytes of an RGBA pixel read as one little-endian number: 0xBBGGRR.
Packed = NDArray[np.uint32]

MOST = 255
_KEPT = 96  # of them, colours of the pictures as they are
_RGB = np.uint32(0xFFFFFF)


def packed(pixels: NDArray[np.uint8]) -> Packed:
    """RGBA pixels, shape (height, width, 4), as packed colours, shape (height, width)."""
    return np.ascontiguousarray(pixels).view("<u4")[..., 0] & _RGB


@dataclass(frozen=True, eq=False)
class ColorTable:
    """Distinct colours, shape (n, 3) with n <= 255, and the nearest of them for every colour there is.

    The places are 1 to n; 0 is free, for what is transparent. They are looked up in a table of all 2**24 colours that
    is filled as colours come up, so that a picture costs one indexing.
    """

    colors: NDArray[np.uint8]
    _places: NDArray[np.uint8] = field(init=False, repr=False, default_factory=lambda: np.zeros(1 << 24, np.uint8))

    def __reduce__(self) -> tuple[type[ColorTable], tuple[NDArray[np.uint8]]]:
        """Travel to another process as the colours alone."""
        return ColorTable, (self.colors,)

    def places(self, colors: Packed) -> NDArray[np.uint8]:
        """The place of the nearest table colour for each of the packed colours, in their shape."""
        places = self._places[colors]
        if not places.all():
            self._learn(np.unique(colors[places == 0]))
            places = self._places[colors]
        return places

    def _learn(self, colors: Packed) -> None:
        table = self.colors.astype(np.int32)
        for part in np.array_split(colors, -(-len(colors) // 4096)):
            distance = np.square(unpacked(part).astype(np.int32)[:, None] - table).sum(axis=2)
            self._places[part] = distance.argmin(axis=1) + 1


def unpacked(colors: Packed) -> NDArray[np.uint8]:
    """Packed colours, shape (n,), as red, green and blue, shape (n, 3)."""
    return colors.astype("<u4").view(np.uint8).reshape(-1, 4)[:, :3]


def from_pictures(pictures: Iterable[NDArray[np.uint8]]) -> ColorTable:
    """The colours of some pictures: all of them where there are at most 255, else the 255 that stand for them best."""
    colors, counts = _counted(pictures)
    if len(colors) <= MOST:
        return ColorTable(unpacked(colors))
    return ColorTable(_reduced(colors, counts))


def _counted(pictures: Iterable[NDArray[np.uint8]]) -> tuple[Packed, NDArray[np.int64]]:
    """Each colour of the pictures and how many pixels have it, a pixel that stays as it was counted once."""
    before: Packed | None = None
    seen = []
    for pixels in pictures:
        picture = packed(pixels)
        seen.append(picture.ravel() if before is None else picture[picture != before])
        before = picture
    colors, counts = np.unique(np.concatenate(seen), return_counts=True)
    return colors, counts


def _reduced(colors: Packed, counts: NDArray[np.int64]) -> NDArray[np.uint8]:
    """255 colours for many: the commonest as they are, so that paper and lines stay exact, the rest by median cut.

    A colour weighs the square root of its pixels, or the paper would take all and thin lines lose their shades.
    """
    common = np.argsort(counts, kind="stable")[::-1][:_KEPT]
    weights = np.minimum(np.sqrt(counts).astype(np.int64), 64).clip(1)
    rest = np.delete(np.arange(len(colors)), common)
    strip = np.repeat(unpacked(colors[rest]), weights[rest], axis=0)
    quantized = Image.fromarray(strip[None]).quantize(MOST - _KEPT, Image.Quantize.MEDIANCUT, kmeans=2)
    palette = np.array(quantized.getpalette(), np.uint8).reshape(-1, 3)[: MOST - _KEPT]
    return np.unique(np.concatenate([unpacked(colors[common]), palette]), axis=0)
