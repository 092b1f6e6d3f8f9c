"""The graphics protocol of kitty: exact pixels, compressed."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from liveplot_cli.drawing.letters import Word
    from liveplot_cli.film import Pixels
    from liveplot_cli.terminals.answers import Terminal
    from liveplot_cli.terminals.area import Area

_CHUNK = 4096  # bytes of base64 at most, by the protocol
_NUMBERS = 0x6C700001, 0x6C700002  # of our images: any, but seldom those of others


class Kitty:
    """Exact pixels, compressed, the way of kitty, Ghostty and Konsole."""

    rank = 0
    takes_words = False

    @staticmethod
    def is_understood(terminal: Terminal) -> bool:
        return terminal.kitty

    def __init__(self, area: Area, terminal: Terminal) -> None:
        self._area = area
        self.size = area.pixels
        self._number, self._other = _NUMBERS

    @property
    def erased(self) -> bytes:
        return b"".join(_deletion(number) for number in _NUMBERS)

    def painted(self, pixels: Pixels, words: Sequence[Word]) -> bytes:
        """The picture as an image of its own; the one before it is deleted when this is there, so nothing flashes."""
        height, width = pixels.shape[:2]
        data = base64.standard_b64encode(zlib.compress(pixels[..., :3].tobytes(), 1))
        chunks = [data[start : start + _CHUNK] for start in range(0, len(data), _CHUNK)]
        self._number, self._other = self._other, self._number
        form = (
            f"a=T,f=24,o=z,s={width},v={height},i={self._number},c={self._area.columns},r={self._area.rows},C=1,q=2,"
        ).encode()
        parts = [
            b"\x1b_G%bm=%d;%b\x1b\\" % (b"" if number else form, number < len(chunks) - 1, chunk)
            for number, chunk in enumerate(chunks)
        ]
        return b"".join(parts) + _deletion(self._other)


def _deletion(number: int) -> bytes:
    return b"\x1b_Ga=d,d=I,i=%d,q=2\x1b\\" % number
