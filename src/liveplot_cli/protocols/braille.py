"""Braille: eight dots in a cell, finer than blocks, but of lines alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from liveplot_cli.terminals.cells import Cells, dots

if TYPE_CHECKING:
    from liveplot_cli.drawing.letters import Word
    from liveplot_cli.film import Pixels
    from liveplot_cli.terminals.answers import Terminal
    from liveplot_cli.terminals.area import Area

# The bit of each dot in the character's number, row by row: 1, 2, 3, 7 stand on the left, 4, 5, 6, 8 on the right.
_DOTS = (0, 3, 1, 4, 2, 5, 6, 7)
_CHARACTERS = " " + "".join(
    chr(0x2800 + sum(1 << dot for bit, dot in enumerate(_DOTS) if pattern >> bit & 1)) for pattern in range(1, 256)
)


class Braille:
    """Eight dots a cell, in two colours each, and words as text: finer lines than blocks, but no areas."""

    rank = 4
    takes_words = True
    erased = b""

    @staticmethod
    def is_understood(terminal: Terminal) -> bool:
        return True

    def __init__(self, area: Area, terminal: Terminal) -> None:
        self._cells = Cells(area, (4, 2), _CHARACTERS, dots, terminal.colors)
        self.size = self._cells.size

    def painted(self, pixels: Pixels, words: Sequence[Word]) -> bytes:
        return self._cells.painted(pixels, words)
