"""Blocks: characters that are a quarter, a half or three quarters of a cell, in two colours each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from liveplot_cli.terminals.cells import Cells, two_colors

if TYPE_CHECKING:
    from liveplot_cli.drawing.letters import Word
    from liveplot_cli.film import Pixels
    from liveplot_cli.terminals.answers import Terminal
    from liveplot_cli.terminals.area import Area

# A character for each set of the cell's quarters: bit 0 is the top left one, bit 1 the top right one, 2 and 3 below.
_QUARTERS = " ▘▝▀▖▌▞▛▗▚▐▜▄▙▟█"


class Blocks:
    """Quarters of cells, in two colours each, and words as text: any terminal."""

    rank = 3
    takes_words = True
    erased = b""

    @staticmethod
    def is_understood(terminal: Terminal) -> bool:
        return True

    def __init__(self, area: Area, terminal: Terminal) -> None:
        self._cells = Cells(area, (2, 2), _QUARTERS, two_colors, terminal.colors)
        self.size = self._cells.size

    def painted(self, pixels: Pixels, words: Sequence[Word]) -> bytes:
        return self._cells.painted(pixels, words)
