"""Pictures made of characters: each cell shows the one, and the two colours, that come nearest to its pixels."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray

from liveplot_cli.terminals.area import CELL, Area

if TYPE_CHECKING:
    from liveplot_cli.drawing.letters import Word
    from liveplot_cli.film import Pixels
    from liveplot_cli.terminals.answers import Terminal

_STRONGEST = 0.25  # of the pixels of a part are it: the others would let thin lines fade
_INKED = 0.4  # of the strongest part's strength makes another one a dot
_PACKED = np.array([1 << 16, 1 << 8, 1])  # red, green and blue to one number
_VISIBLE = 12  # levels of all three channels
_CONTINUED = 0  # the character of a cell that the letter before it reaches into
_STEPS = np.array([0, 95, 135, 175, 215, 255])  # levels of the cube of colours in the palette of 256
_BASIC = np.array(
    [
        (0, 0, 0), (205, 0, 0), (0, 205, 0), (205, 205, 0), (0, 0, 238), (205, 0, 205), (0, 205, 205), (229, 229, 229),
        (127, 127, 127), (255, 0, 0), (0, 255, 0), (255, 255, 0), (92, 92, 255), (255, 0, 255), (0, 255, 255),
        (255, 255, 255),
    ]
)  # fmt: skip


def palette(colors: str) -> NDArray[np.int64]:
    """The terminal's own colours, 16 or 256, shape (n, 3); of 256 the first 16 differ from terminal to terminal."""
    if colors == "16":
        return _BASIC
    cube = np.stack(np.meshgrid(_STEPS, _STEPS, _STEPS, indexing="ij"), axis=-1).reshape(-1, 3)
    grays = np.repeat(np.arange(8, 239, 10)[:, None], 3, axis=1)
    return np.concatenate([_BASIC, cube, grays])


Fitted = tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]


def two_colors(parts: NDArray[np.float64], paper: NDArray[np.float64]) -> Fitted:
    """For each cell the set of its parts, and the colours of these and of the others, whose squared error is least."""
    count = parts.shape[1]
    # Half of all sets: the other ones are the same with the colours exchanged.
    sets = np.array([[bits >> part & 1 for part in range(count)] for bits in range(1 << (count - 1))])
    inside = sets.sum(axis=1)
    sums = np.einsum("sp,npk->nsk", sets, parts, optimize=True)
    others = parts.sum(axis=1)[:, None] - sums
    inks = sums / np.maximum(inside, 1)[:, None]
    papers = others / (count - inside)[:, None]
    kept = (sums * inks).sum(axis=-1) + (others * papers).sum(axis=-1)
    best = kept.argmax(axis=1)
    best[kept.max(axis=1) < kept[:, 0] + _VISIBLE] = 0  # rounding must not find a set where all parts are the same
    cells = np.arange(len(parts))
    return best, inks[cells, best], papers[cells, best]


def dots(parts: NDArray[np.float64], paper: NDArray[np.float64]) -> Fitted:
    """For each cell the parts that are no paper, in the colour of the strongest of them; one full of them is plain."""
    strength = np.abs(parts - paper).sum(axis=-1)
    most = strength.max(axis=1, keepdims=True)
    inside = (strength > _INKED * most) & (most > _VISIBLE)
    is_full = inside.all(axis=1)
    inks = (parts * inside[..., None]).sum(axis=1) / np.maximum(inside.sum(axis=1), 1)[:, None]
    bits = (inside & ~is_full[:, None]) @ (1 << np.arange(parts.shape[1]))
    return bits, inks, np.where(is_full[:, None], inks, paper)


class Cells:
    """Pictures upon an area of cells, each drawn upon the one before: what is the same is not sent again.

    A protocol of its kind says which `parts`, rows and columns, a character divides its cell into, the `characters` of
    all sets of parts, the parts counted as bits from the top left, and how to `fit` a set and two colours to the parts
    of each cell, shape (n, parts, 3). Words are written as text.
    """

    takes_words = True
    erased = b""
    parts: ClassVar[tuple[int, int]]
    characters: ClassVar[str]

    @staticmethod
    def fit(parts: NDArray[np.float64], paper: NDArray[np.float64]) -> Fitted:
        """For each cell a set of its parts, the colour of these, and that of the others."""
        raise NotImplementedError

    @staticmethod
    def is_understood(terminal: Terminal) -> bool:
        """Any terminal does."""
        return True

    def __init__(self, area: Area, terminal: Terminal) -> None:
        self._area, self._colors = area, terminal.colors
        self._characters = np.array([ord(character) for character in self.characters], np.int64)
        self.size = area.columns * CELL[0], area.rows * CELL[1]
        self._bits = np.zeros((area.rows, area.columns), np.int64)
        self._inks = np.zeros((area.rows, area.columns, 3))
        self._papers = np.zeros((area.rows, area.columns, 3))
        self._pixels: NDArray[np.uint8] | None = None
        self._shown: NDArray[np.int64] | None = None

    def painted(self, pixels: Pixels, words: Sequence[Word]) -> bytes:
        """What changes the last picture into this one, from its top left corner on."""
        picture = pixels[..., :3].copy()
        grounds = [_wiped(picture, word) for word in words]
        self._refit(picture)
        characters, inks, papers = self._characters[self._bits], self._inks.copy(), self._papers.copy()
        for word, ground in zip(words, grounds, strict=True):
            _write(characters, inks, papers, word, ground)
        cells = np.concatenate([characters[..., None], self._codes(inks), self._codes(papers)], axis=2)
        changed = np.ones(cells.shape[:2], bool)
        if self._shown is not None:
            changed = (cells != self._shown).any(axis=2)
            # A letter of two cells is written when either changes.
            changed[:, :-1] |= (cells[:, 1:, 0] == _CONTINUED) & changed[:, 1:]
        self._shown = cells
        return "".join(self._written(cells, changed)).encode()

    def _refit(self, picture: NDArray[np.uint8]) -> None:
        """Fit the cells whose pixels have changed."""
        rows, columns = self._area.rows, self._area.columns
        down, across = self.parts
        height, width = CELL[1] // down, CELL[0] // across
        cells = picture.reshape(rows, CELL[1], columns, CELL[0], 3)
        changed = np.ones((rows, columns), bool)
        if self._pixels is not None:
            changed = (cells != self._pixels.reshape(cells.shape)).any(axis=(1, 3, 4))
        self._pixels = picture
        if not changed.any():
            return
        paper = picture[0, 0].astype(np.int64)
        parts = cells.transpose(0, 2, 1, 3, 4)[changed].reshape(-1, down, height, across, width, 3)
        parts = parts.transpose(0, 1, 3, 2, 4, 5).reshape(-1, down * across, height * width, 3)
        strength = np.abs(parts.astype(np.int16) - paper.astype(np.int16)).sum(axis=-1, dtype=np.int16)
        kept = max(1, round(_STRONGEST * height * width))
        strongest = np.argpartition(strength, -kept, axis=-1)[..., -kept:]
        means = np.take_along_axis(parts, strongest[..., None], axis=2).mean(axis=2)
        self._bits[changed], self._inks[changed], self._papers[changed] = self.fit(means, paper.astype(np.float64))

    def _codes(self, colors: NDArray[np.float64]) -> NDArray[np.int64]:
        """Colours as what is sent of them: all three levels in one number, or a place in the palette."""
        levels = np.rint(colors).astype(np.int64)
        codes: NDArray[np.int64]
        if self._colors == "16m":
            codes = (levels << np.array([16, 8, 0])).sum(axis=-1, keepdims=True)
            return codes
        known = palette(self._colors)
        first = 16 if self._colors == "256" else 0
        flat, numbers = np.unique(levels.reshape(-1, 3), axis=0, return_inverse=True)
        nearest = np.square(flat[:, None] - known[first:]).sum(axis=-1).argmin(axis=1) + first
        codes = nearest[numbers].reshape(*levels.shape[:2], 1)
        return codes

    def _written(self, cells: NDArray[np.int64], changed: NDArray[np.bool_]) -> Iterator[str]:
        """Moves, colours and characters of the cells that changed, row by row."""
        ink = paper = -1
        row_now = 0
        for row in np.flatnonzero(changed.any(axis=1)).tolist():
            yield "\r" + (f"\x1b[{row - row_now}B" if row > row_now else "")
            row_now, column_now = row, 0
            columns = np.flatnonzero(changed[row])
            for column, (character, wanted_ink, wanted_paper) in zip(
                columns.tolist(), cells[row, columns].tolist(), strict=True
            ):
                if character == _CONTINUED:
                    continue
                if column > column_now:
                    yield f"\x1b[{column - column_now}C"
                if wanted_paper != paper:
                    paper = wanted_paper
                    yield self._selection(paper, 48)
                if character != 0x20 and wanted_ink != ink:
                    ink = wanted_ink
                    yield self._selection(ink, 38)
                yield chr(character)
                is_wide = column + 1 < cells.shape[1] and cells[row, column + 1, 0] == _CONTINUED
                column_now = column + 1 + is_wide
        yield "\x1b[0m"

    def _selection(self, code: int, target: int) -> str:
        """The sequence that chooses a colour, `target` 38 for the characters or 48 for what is behind them."""
        if self._colors == "16m":
            return f"\x1b[{target};2;{code >> 16};{code >> 8 & 255};{code & 255}m"
        if self._colors == "256":
            return f"\x1b[{target};5;{code}m"
        return f"\x1b[{target - 8 + code if code < 8 else target + 52 + code - 8}m"


def _wiped(picture: NDArray[np.uint8], word: Word) -> NDArray[np.uint8]:
    """The colour that a word stands on, its picture painted over with it."""
    height, width = picture.shape[:2]
    left, top, right, bottom = word.box
    place = np.s_[
        max(0, int(top) - 1) : max(0, min(height, int(bottom) + 2)),
        max(0, int(left) - 1) : max(0, min(width, int(right) + 2)),
    ]
    around: NDArray[np.uint8] = picture[place].reshape(-1, 3)
    if not len(around):
        around = picture[0, :1]
    _, first, counts = np.unique(around @ _PACKED, return_index=True, return_counts=True)
    ground: NDArray[np.uint8] = around[first[counts.argmax()]].copy()
    picture[place] = ground
    return ground


def _write(
    characters: NDArray[np.int64],
    inks: NDArray[np.float64],
    papers: NDArray[np.float64],
    word: Word,
    ground: NDArray[np.uint8],
) -> None:
    """Write a word in the cells that are nearest to where it stands in the picture."""
    rows, columns = characters.shape
    left, top, right, bottom = word.box
    letters = [(letter, width) for letter in word.text if (width := _width(letter))]
    length = sum(width for _, width in letters)
    across, down = (1, length) if word.is_upright else (length, 1)
    column = round((left + right) / 2 / CELL[0] - across / 2)
    row = round((top + bottom) / 2 / CELL[1] - down / 2)
    for letter, width in letters:
        if 0 <= row < rows and column >= 0 and column + width <= columns:
            place = np.s_[row, column : column + width]
            characters[place] = _CONTINUED
            characters[row, column] = ord(letter)
            inks[place], papers[place] = word.color, ground
        row, column = (row + 1, column) if word.is_upright else (row, column + width)


def _width(letter: str) -> int:
    """Cells that a letter takes: none for what joins the one before it, or can't be shown."""
    if not letter.isprintable() or unicodedata.combining(letter) or unicodedata.category(letter) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(letter) in "WF" else 1
