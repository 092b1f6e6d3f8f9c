"""Blocks: characters that are a quarter, a half or three quarters of a cell, in two colours each."""

from __future__ import annotations

from liveplot_cli.terminals.cells import Cells, two_colors


class Blocks(Cells):
    """Quarters of cells, in two colours each, and words as text: any terminal."""

    rank = 3
    parts = (2, 2)
    # One for each set of the cell's quarters: bit 0 is the top left one, bit 1 the top right one, 2 and 3 below.
    characters = " ▘▝▀▖▌▞▛▗▚▐▜▄▙▟█"
    fit = staticmethod(two_colors)
