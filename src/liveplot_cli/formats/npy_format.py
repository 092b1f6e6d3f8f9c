"""NumPy's format of arrays: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html.

The header is read here, and checked before anything is believed of it: numpy answers a broken one with any of eight
exceptions, allots whatever memory it names, and advises to run what it holds.
"""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy

from liveplot_cli.errors import DataError, quoted
from liveplot_cli.history import check_shape
from liveplot_cli.input import Input

MAGIC = b"\x93NUMPY"
_LONGEST_HEADER = 10_000
_LONGEST_LENGTH = 128  # bits; Python writes no number of more than 4300 figures
_AT_ONCE = 1 << 20  # bytes


@dataclass(frozen=True)
class Header:
    """What stands before the numbers: `start` is how many bytes that is, `turned` says they stand column by column."""

    shape: tuple[int, ...]
    turned: bool
    dtype: np.dtype[Any]
    start: int

    @property
    def bytes(self) -> int:
        """How many bytes the numbers take."""
        return math.prod(self.shape) * self.dtype.itemsize

    def check_size(self, size: int) -> None:
        """Raise `DataError` where the numbers are not exactly as many bytes as the file has behind its header."""
        if size != self.bytes:
            doubt = "was it cut short?" if size < self.bytes else "was something appended?"
            raise DataError(f"it has {size:,} bytes of numbers where its header says {self.bytes:,}; {doubt}")


def read_header(stream: IO[bytes]) -> Header:
    """The header of an array of numbers with rows and columns; raises `DataError` for any other."""
    start = stream.read(len(MAGIC) + 2)
    if not start:
        raise DataError("the file is empty")
    if not start.startswith(MAGIC):
        raise DataError(f"this is not a .npy file: it starts with {start[: len(MAGIC)]!r}")
    if len(start) < len(MAGIC) + 2:
        raise DataError("the .npy header is cut short")
    counted = _Counted(stream, len(start))
    try:
        read = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}[start[-2], start[-1]]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that Python 2 wrote it: it can be read
            shape, turned, dtype = read(counted, max_header_size=_LONGEST_HEADER)
    except Exception as error:
        raise DataError(f"the .npy header is broken ({type(error).__name__})") from None
    if any(length.bit_length() > _LONGEST_LENGTH for length in shape):
        raise DataError("the .npy header is broken: no array is as long as it says")
    if any(isinstance(length, bool) or length < 0 for length in shape):
        raise DataError(f"the .npy header is broken: its shape is {quoted(shape)[1:-1]}")
    if dtype.hasobject:
        raise DataError("it holds Python objects, which are never loaded; save numbers instead")
    if dtype.kind not in "biuf":
        raise DataError(f"it holds {quoted(dtype)[1:-1]}; save integers or floats instead")
    check_shape(shape)
    return Header(shape, turned, dtype, counted.position)


def read_numbers(header: Header, source: Input, stream: IO[bytes]) -> np.ndarray[Any, np.dtype[Any]]:
    """All numbers behind a header, to the end of a stream that can be read but once.

    Raises `DataError` where they are fewer or more than the header says, `LimitError` where they are too many.
    """
    source.allow(math.prod(header.shape) * max(8, header.dtype.itemsize))
    numbers = bytearray()
    while part := stream.read(_AT_ONCE):
        numbers += part
        if len(numbers) > header.bytes:
            raise DataError(f"it goes on behind the {header.bytes:,} bytes of numbers that its header says")
    header.check_size(len(numbers))
    return np.frombuffer(numbers, header.dtype).reshape(header.shape, order="F" if header.turned else "C")


class _Counted:
    """A stream that counts what is read and reads no header longer than one may be."""

    def __init__(self, stream: IO[bytes], position: int) -> None:
        self._stream = stream
        self.position = position

    def read(self, size: int = -1, /) -> bytes:
        """So many bytes, or fewer at the end."""
        if not 0 <= size <= _LONGEST_HEADER:
            raise ValueError(size)
        read = self._stream.read(size)
        self.position += len(read)
        return read
