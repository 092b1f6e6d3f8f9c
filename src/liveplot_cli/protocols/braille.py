"""Braille: eight dots in a cell, finer than blocks, but of lines alone."""

from __future__ import annotations

from liveplot_cli.terminals.cells import Cells, dots

# The bit of each dot in the character's number, row by row: 1, 2, 3, 7 stand on the left, 4, 5, 6, 8 on the right.
_DOTS = (0, 3, 1, 4, 2, 5, 6, 7)
_CHARACTERS = " " + "".join(
    chr(0x2800 + sum(1 << dot for bit, dot in enumerate(_DOTS) if pattern >> bit & 1)) for pattern in range(1, 256)
)


class Braille(Cells):
    """Eight dots a cell, in two colours each, and words as text: finer lines than blocks, but no areas."""

    rank = 4
    parts = (4, 2)
    characters = _CHARACTERS
    fit = staticmethod(dots)
