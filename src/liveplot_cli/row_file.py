"""A matrix that stays in its file: of its rows and columns any part can be chosen, and only what is asked for is read.

Files are read, not mapped: a mapped file that is cut meanwhile ends Python by a signal, and what was read of it counts
as memory.
"""

from __future__ import annotations

import os
import weakref
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from liveplot_cli.errors import DataError, quoted

Numbers = NDArray[np.float64]
Choice = range | tuple[int, ...]

_BLOCK = 1 << 20  # bytes read or converted at a time
_PAGE = 4096  # bytes between two numbers that cost less to read along than a further call


@dataclass(frozen=True, eq=False)
class NumberFile:
    """A file of a known size whose bytes are read where they are asked for.

    It is opened once, and so goes on being the same where another file takes its path. It travels to another process as
    path and size, and is opened there anew.
    """

    path: Path
    size: int

    def __reduce__(self) -> tuple[type[NumberFile], tuple[Path, int]]:
        return NumberFile, (self.path, self.size)

    def read(self, start: int, count: int) -> bytes | bytearray:
        """So many bytes from a place on; raises `DataError` where the file was cut meanwhile."""
        read = self._read(start, count)
        if len(read) == count:
            return read
        gathered = bytearray(read)
        while read and len(gathered) < count:  # a system may hand out less than was asked for
            read = self._read(start + len(gathered), count - len(gathered))
            gathered += read
        if len(gathered) < count:
            raise self._changed()
        return gathered

    def _read(self, start: int, count: int) -> bytes:
        try:
            return _read_at(self._descriptor, start, count)
        except OSError as error:
            raise DataError(f"cannot read {self._name}: {error.strerror or error}") from None

    @cached_property
    def _descriptor(self) -> int:
        descriptor = os.open(self.path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
        weakref.finalize(self, os.close, descriptor)
        if os.fstat(descriptor).st_size != self.size:
            raise self._changed()
        return descriptor

    @property
    def _name(self) -> str:
        return quoted(self.path.name)

    def _changed(self) -> DataError:
        return DataError(f"{self._name} was cut or replaced while it was being read")


@dataclass(frozen=True, eq=False)
class NumberBytes:
    """Bytes in memory that are read as those of a file are."""

    content: bytes | bytearray

    def read(self, start: int, count: int) -> bytes | bytearray:
        """So many bytes from a place on."""
        return self.content[start : start + count]


def _seek_and_read(descriptor: int, start: int, count: int) -> bytes:
    os.lseek(descriptor, start, os.SEEK_SET)
    return os.read(descriptor, count)


# `pread` leaves alone the place in the file, which forked processes share.
_read_at: Callable[[int, int, int], bytes] = (
    (lambda descriptor, start, count: os.pread(descriptor, count, start)) if hasattr(os, "pread") else _seek_and_read
)


@dataclass(frozen=True, eq=False)
class RowFile:
    """A matrix of shape (rows, columns) in bytes, line after line of numbers of one type from the byte `start` on.

    A line is a row or, where the matrix lies `turned`, a column; `length` numbers make one. `rows` and `columns` are
    those that were chosen of them. It travels to another process as what it is made of, without a number.
    """

    file: NumberFile | NumberBytes
    start: int
    dtype: np.dtype[Any]
    length: int
    turned: bool
    rows: Choice
    columns: Choice
    # The latest block of rows by the number of its first: where rows lie scattered, a row's neighbours come along.
    _held: dict[int, Numbers] = field(init=False, repr=False, default_factory=dict)

    def __reduce__(self) -> tuple[type[RowFile], tuple[Any, ...]]:
        return RowFile, tuple(getattr(self, part.name) for part in fields(self) if part.init)

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def shape(self) -> tuple[int, int]:
        """How many rows and columns are chosen."""
        return len(self.rows), len(self.columns)

    @property
    def bytes(self) -> int:
        """How many bytes of the file the matrix takes."""
        return len(self.rows) * len(self.columns) * self.dtype.itemsize

    def with_rows(self, chosen: slice) -> RowFile:
        """The matrix of these of its rows."""
        return replace(self, rows=self.rows[chosen])

    def with_columns(self, numbers: Sequence[int]) -> RowFile:
        """The matrix of these of its columns, in this order."""
        return replace(self, columns=_evenly([self.columns[number] for number in numbers]))

    def transposed(self) -> RowFile:
        """The matrix with its columns as rows."""
        return replace(self, rows=self.columns, columns=self.rows, turned=not self.turned)

    def row(self, number: int) -> Numbers:
        """A row as float64, infinities turned into gaps; raises `DataError` where the file was cut meanwhile."""
        number = range(len(self))[number]
        if self.turned:
            at = number % self._rows_of_a_block
            row: Numbers = self._neighbours(number - at)[at]
        else:
            row = self._block(number, number + 1)[0]
        return row

    def column(self, number: int) -> Numbers:
        """A whole column, as `row` gives a row."""
        return self.with_columns([number]).whole()[:, 0]

    def blocks(self) -> Iterator[Numbers]:
        """All rows in their order, so many at a time as take little memory."""
        for start in range(0, len(self), self._rows_of_a_block):
            yield self._block(start, start + self._rows_of_a_block)

    def whole(self) -> Numbers:
        """All of the matrix, in memory."""
        whole = np.empty(self.shape)
        at = 0
        for block in self.blocks():
            whole[at : at + len(block)] = block
            at += len(block)
        return whole

    @property
    def _rows_of_a_block(self) -> int:
        return max(1, _BLOCK // (len(self.columns) * np.dtype(float).itemsize))

    def _neighbours(self, start: int) -> Numbers:
        """A block of rows, held until another is asked for."""
        block = self._held.get(start)
        if block is None:
            block = self._block(start, start + self._rows_of_a_block)
            self._held.clear()
            self._held[start] = block
        return block

    def _block(self, start: int, stop: int) -> Numbers:
        rows = self.rows[start:stop]
        cells = self._cells(self.columns, rows).T if self.turned else self._cells(rows, self.columns)
        with np.errstate(over="ignore", invalid="ignore"):  # what does not fit becomes a gap
            numbers = cells.astype(np.float64, copy=False)
        numbers[np.isinf(numbers)] = np.nan
        return numbers

    def _cells(self, lines: Choice, places: Choice) -> NDArray[Any]:
        """What stands at these places of these lines, shape (lines, places), as the file has it."""
        cells = np.empty((len(lines), len(places)), self.dtype)
        at_once = _at_once(lines, self.length * self.dtype.itemsize)
        for at in range(0, len(lines), at_once or 1):
            some = slice(at, at + (at_once or 1))
            cells[some] = self._from_lines(lines[some], places) if at_once else self._from_line(lines[at], places)
        return cells

    def _from_lines(self, lines: Choice, places: Choice) -> NDArray[Any]:
        """Cells of lines that lie close together, read with all that lies between."""
        low, high = _ends(lines)
        read = self._read(low * self.length, (high - low + 1) * self.length).reshape(-1, self.length)
        picked: NDArray[Any] = read[_index(lines, low)][:, _index(places, 0)]
        return picked

    def _from_line(self, line: int, places: Choice) -> NDArray[Any]:
        """Cells of one line, read with what lies between them or, where that is much, one by one."""
        cells = np.empty(len(places), self.dtype)
        at_once = _at_once(places, self.dtype.itemsize) or 1
        for at in range(0, len(places), at_once):
            some = places[at : at + at_once]
            low, high = _ends(some)
            cells[at : at + at_once] = self._read(line * self.length + low, high - low + 1)[_index(some, low)]
        return cells

    def _read(self, first: int, count: int) -> NDArray[Any]:
        width = self.dtype.itemsize
        return np.frombuffer(self.file.read(self.start + first * width, count * width), self.dtype)


def _evenly(numbers: Sequence[int]) -> Choice:
    """The numbers as a range if they are one: it stays small however long it is."""
    step = numbers[1] - numbers[0] if len(numbers) > 1 else 1
    if step:
        even = range(numbers[0], numbers[-1] + (1 if step > 0 else -1), step)
        if len(even) == len(numbers) and all(one == other for one, other in zip(even, numbers, strict=True)):
            return even
    return tuple(numbers)


def _at_once(numbers: Choice, width: int) -> int:
    """How many things of so many bytes to read at a time with what lies between; 0 where too much lies between."""
    low, high = _ends(numbers)
    span = (high - low + 1) * width
    return max(1, _BLOCK * len(numbers) // span) if span <= _PAGE * len(numbers) else 0


def _ends(numbers: Choice) -> tuple[int, int]:
    """The smallest and the largest of the numbers."""
    if isinstance(numbers, range):
        return min(numbers[0], numbers[-1]), max(numbers[0], numbers[-1])
    return min(numbers), max(numbers)


def _index(numbers: Choice, low: int) -> slice | list[int]:
    """What picks these numbers out of an array that begins at `low`."""
    if isinstance(numbers, range):
        stop = numbers.stop - low
        return slice(numbers.start - low, stop if stop >= 0 else None, numbers.step)
    return [number - low for number in numbers]
