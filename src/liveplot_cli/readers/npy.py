"""NumPy's `.npy`, one array in a file."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

# numpy is imported where it is used: the command line reads this file for its help, which must come at once.
if TYPE_CHECKING:
    from liveplot_cli.history import History
    from liveplot_cli.input import Input
    from liveplot_cli.selection import Selection

# A file of more bytes stays where it is: what a film takes in memory must not grow with its rows, and an empty film
# takes 100 MB. A smaller one is read at once, so that it may change meanwhile.
_AT_ONCE = 4 << 20


@dataclass(frozen=True)
class Npy:
    """An array of shape (rows, columns), (rows,) for a single column, or (rows, height, width) for pictures."""

    suffixes: ClassVar[tuple[str, ...]] = (".npy",)

    @classmethod
    def recognizes(cls, start: bytes) -> bool:
        """Whether a file is one, by its first bytes."""
        return start.startswith(b"\x93NUMPY")

    def read(self, source: Input, selection: Selection) -> History:
        """The array as a history; nothing in the file is ever executed."""
        from liveplot_cli.formats import npy_format
        from liveplot_cli.history import History, StoredHistory
        from liveplot_cli.row_file import NumberFile, RowFile

        header = npy_format.read_header(source.stream)
        size = 0 if source.path is None else os.fstat(source.stream.fileno()).st_size
        if source.path is not None:
            header.check_size(size - header.start)
        if source.path is None or header.bytes <= _AT_ONCE:
            return selection.pick_columns(History(npy_format.read_numbers(header, source, source.stream)))
        rows, *cells = header.shape
        width = math.prod(cells)
        grid = (cells[0], cells[1]) if len(cells) == 2 else None
        lines = rows if header.turned else width
        # Column by column means that a picture's cells lie down its columns, too.
        columns = _down(*grid) if header.turned and grid else range(width)
        file = NumberFile(source.path, size)
        stored = RowFile(file, header.start, header.dtype, lines, header.turned, range(rows), columns)
        return selection.pick_columns(StoredHistory(stored=stored, grid=grid))


def _down(height: int, width: int) -> tuple[int, ...]:
    """For each cell of a picture, line by line, its number where they are counted down the columns."""
    return tuple(number for line in range(height) for number in range(line, height * width, height))
