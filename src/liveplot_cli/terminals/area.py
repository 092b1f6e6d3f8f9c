"""The part of a terminal that a picture may fill, in cells and in pixels."""

from __future__ import annotations

from dataclasses import dataclass

CELL = 8, 16  # pixels, wide and high, of a cell that nothing is known of
_LEAST, _MOST = 2, 128  # pixels of a cell's side that are believed
_MOST_CELLS = 2000


@dataclass(frozen=True)
class Area:
    """So many columns and rows of cells, each so many pixels wide and high."""

    columns: int
    rows: int
    cell: tuple[int, int] = CELL

    @property
    def pixels(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self.columns * self.cell[0], self.rows * self.cell[1]

    def holding(self, size: tuple[int, int]) -> Area:
        """The part of it that a picture of so many pixels needs, at most all of it."""
        columns, rows = (-(-side // cell) for side, cell in zip(size, self.cell, strict=True))
        return Area(min(columns, self.columns), min(rows, self.rows), self.cell)


def area(columns: int, rows: int, cell: tuple[int, int] | None) -> Area:
    """An area of what a terminal says of itself, which may be anything: nothing, nonsense, or more than makes sense."""
    found = cell if cell and all(_LEAST <= side <= _MOST for side in cell) else CELL
    return Area(_bounded(columns, 80), _bounded(rows, 24), found)


def _bounded(count: int, instead: int) -> int:
    return min(count, _MOST_CELLS) if count > 0 else instead
