"""NumPy's `.npy`: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO, ClassVar

from liveplot_cli.errors import DataError

# numpy is imported where it is used: the command line reads this file for its help, which must come at once.
if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np

    from liveplot_cli.history import History
    from liveplot_cli.row_file import RowFile
    from liveplot_cli.selection import Selection

_MAGIC = b"\x93NUMPY"
_LONGEST_HEADER = 10_000
# A file of more bytes stays where it is: what a film takes in memory must not grow with its rows, and an empty film
# takes 100 MB. A smaller one is read at once, so that it may change meanwhile.
_AT_ONCE = 4 << 20


@dataclass(frozen=True)
class Npy:
    """An array of shape (rows, columns), or (rows,) for a single column."""

    suffixes: ClassVar[tuple[str, ...]] = (".npy",)

    def read(self, file: Path, selection: Selection) -> History:
        """The array as a history; nothing in the file is ever executed."""
        from liveplot_cli.history import History, StoredHistory

        stored = _stored(file)
        whole = StoredHistory(stored=stored) if stored.bytes > _AT_ONCE else History(_loaded(file))
        return selection.pick_columns(whole)


def _stored(file: Path) -> RowFile:
    """Where in the file the matrix stands, its header checked against the file's size."""
    from liveplot_cli.history import check_shape
    from liveplot_cli.row_file import NumberFile, RowFile

    with file.open("rb") as stream:
        shape, turned, dtype = _header(stream)
        start, size = stream.tell(), os.fstat(stream.fileno()).st_size
    if dtype.hasobject:
        raise DataError("it holds Python objects, which are never loaded; save numbers instead")
    if dtype.kind not in "biuf":
        raise DataError(f"it holds {dtype}; save integers or floats instead")
    need = math.prod(shape) * dtype.itemsize
    if 0 not in shape and size - start != need:
        raise DataError(f"it has {size - start:,} bytes of numbers where its header says {need:,}; was it cut short?")
    check_shape(shape)
    rows, width = (*shape, 1)[:2]
    number_file = NumberFile(file.absolute(), size)
    return RowFile(number_file, start, dtype, rows if turned else width, turned, range(rows), range(width))


def _loaded(file: Path) -> Any:
    import numpy as np

    try:
        return np.load(file, allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise DataError(f"this is not a readable .npy file ({error})") from None


def _header(stream: BinaryIO) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Shape, whether it is stored column after column, and type."""
    from numpy.lib import format as npy

    start = stream.read(len(_MAGIC))
    if not start:
        raise DataError("the file is empty")
    if start != _MAGIC:
        raise DataError(f"this is not a .npy file: it starts with {start!r}")
    stream.seek(0)
    try:
        version = npy.read_magic(stream)
        read = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}[version]
        shape, turned, dtype = read(stream, max_header_size=_LONGEST_HEADER)
    except Exception as error:  # numpy answers a broken header with any of eight exceptions
        raise DataError(f"the .npy header is broken ({type(error).__name__})") from None
    if any(isinstance(length, bool) or length < 0 for length in shape):
        raise DataError(f"the .npy header is broken: its shape is {shape}")
    return shape, turned, dtype
