"""The history: a matrix with one row per update, names for its columns and labels for its rows."""

from __future__ import annotations

import logging
import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from operator import eq
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from liveplot_cli.errors import DataError, LimitError, UsageError, quoted
from liveplot_cli.row_file import Numbers, RowFile

_log = logging.getLogger(__name__)

_MOST_COLUMNS = 1 << 22
_BLOCK = 1 << 17  # numbers to go through at a time
_UNITS = ("D", "m", "s", "ms", "us")  # in which dates are written, as fine as any of them needs
_NO_FINITE_VALUE = "the history has no finite value"


class Numerals(Sequence[str]):
    """The numbers from 0 on as names, each made when it is asked for: a picture has a million columns."""

    def __init__(self, count: int) -> None:
        self._numbers = range(count)

    def __len__(self) -> int:
        return len(self._numbers)

    def __getitem__(self, number: Any) -> Any:
        chosen = self._numbers[number]
        return tuple(map(str, chosen)) if isinstance(chosen, range) else str(chosen)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and len(other) == len(self) and all(map(eq, self, other))

    def __hash__(self) -> int:
        return hash(tuple(self))


class Extent(NamedTuple):
    """The smallest and the largest finite value of a matrix, and how many of its cells hold none."""

    low: float
    high: float
    gaps: int


@dataclass(frozen=True, eq=False)
class History:
    """A matrix of shape (rows, columns): row 1 holds the initial values, each further row the values after an update.

    `values` is any array-like of numbers, one dimension being one column, and three, of shape (rows, height, width),
    rows that are pictures; it is kept as float64 of two dimensions, without a copy where it is that already, and NaN or
    an infinity is a gap. `columns` names the columns ("0", "1", … by itself). `index` labels the rows with numbers,
    dates (datetime64) or words (1, 2, … by itself) and `index_name`, perhaps empty, says what they are. `name` is the
    title's `{name}`. `shown` are the rows that bounds and gaps are those of, by itself all. `grid` is the height and
    width of the picture that each row is, line by line from its top left. Raises `DataError` where there is nothing to
    draw or the lengths do not fit.
    """

    values: Numbers
    columns: Sequence[str] = ()
    index: NDArray[Any] | None = None
    index_name: str = "row"
    name: str = "history"
    shown: Sequence[int] | None = None
    grid: tuple[int, int] | None = None

    def __post_init__(self) -> None:
        values = numbers(self.values)
        if values.ndim == 3:
            object.__setattr__(self, "grid", values.shape[1:])
        values = values.reshape(len(values), -1)
        index = np.arange(1, len(values) + 1) if self.index is None else np.asarray(self.index)
        object.__setattr__(self, "values", values)
        self._complete(values.shape, index, index.shape)

    def _complete(self, shape: tuple[int, ...], index: Any, labels: tuple[int, ...]) -> None:
        """Fill in names and labels, which must be as many as the matrix has columns and rows."""
        rows, width = shape
        if self.grid is None:
            check_width(width)
        elif math.prod(self.grid) != width:
            height, across = self.grid
            raise DataError(f"{self.name}: pictures of {height}x{across} in rows of {width} columns")
        named = not isinstance(self.columns, Numerals)
        columns = (tuple(str(name) for name in self.columns) if named else self.columns) or Numerals(width)
        if len(columns) != width:
            raise DataError(f"{self.name}: {len(columns)} names for {width} columns")
        if labels != (rows,):
            raise DataError(f"{self.name}: {math.prod(labels)} labels for {rows} rows")
        object.__setattr__(self, "columns", columns)
        object.__setattr__(self, "index", index)

    def __len__(self) -> int:
        return len(self.values)

    def row(self, position: float) -> Numbers:
        """The values at a position, shape (columns,): a row, or a straight line between its two neighbours.

        Behind the last row they are those of the last: a history that is shorter than another holds it.
        """
        position = min(position, len(self) - 1)
        before = math.floor(position)
        part = position - before
        row = self._row(before)
        return row if part == 0 else row * (1 - part) + self._row(before + 1) * part

    def column(self, number: int) -> Numbers:
        """The values of a column, shape (rows,)."""
        column: Numbers = self.values[:, number]
        return column

    def blocks(self) -> Iterator[Numbers]:
        """All rows in their order, in blocks of shape (some, columns) that take little memory."""
        at_once = max(1, _BLOCK // len(self.columns))
        return (self.values[start : start + at_once] for start in range(0, len(self), at_once))

    def row_bounds(self) -> Numbers:
        """The smallest and the largest finite value of each row, shape (rows, 2); a row of gaps has (inf, -inf)."""
        return _row_bounds(self.blocks())

    def above_zero(self) -> History:
        """The history as a logarithmic axis can show it: what is not above zero is a gap.

        Raises `DataError` where nothing is left.
        """
        with np.errstate(invalid="ignore"):
            left = np.where(self.values > 0, self.values, np.nan)
        if np.isnan(left).all():
            raise DataError(_nothing_above_zero(self.name))
        return replace(self, values=left)

    def with_rows(self, chosen: slice) -> History:
        """The history of these of its rows."""
        return replace(self, values=self.values[chosen], index=self.labels[chosen], shown=None)

    def with_columns(self, numbers: Sequence[int]) -> History:
        """The history of these of its columns, in this order: no pictures any more, but where they are all."""
        if self._are_all(numbers):
            return self
        return replace(self, values=self.values[:, numbers], **self._narrowed(numbers))

    def _are_all(self, numbers: Sequence[int]) -> bool:
        return len(numbers) == len(self.columns) and list(numbers) == list(range(len(self.columns)))

    def _narrowed(self, numbers: Sequence[int]) -> dict[str, Any]:
        return {"columns": [self.columns[number] for number in numbers], "grid": None}

    def with_index(self, number: int) -> History:
        """The history with a column's values for labels; the column itself stays."""
        return replace(self, index=self.column(number), index_name=self.columns[number])

    def transposed(self) -> History:
        """The history whose rows are the columns of this one, named by the labels where there are any."""
        return replace(self, values=self.values.T, **self._turned())

    def _turned(self) -> dict[str, Any]:
        named = self.index_name != "row" or not np.array_equal(self.labels, np.arange(1, len(self) + 1))
        columns = [self.label(row) for row in range(len(self))] if named else ()
        return {"columns": columns, "index": None, "index_name": "row", "grid": None}

    def _row(self, number: int) -> Numbers:
        row: Numbers = self.values[number]
        return row

    def label(self, position: float) -> str:
        """The row's own label, as a person would write it: `12`, `0.5`, `1958-03-01`, `Tuesday`."""
        label = self.labels[math.floor(position)]
        if self.labels.dtype.kind == "M":
            return str(np.datetime_as_string(label, unit=self._unit)).replace("T", " ")
        return f"{label:.12g}" if isinstance(label, np.floating) else str(label)

    @cached_property
    def _unit(self) -> Any:
        """The unit, days or finer, in which all dates are written, so that none is shorter than the others."""
        labels = self.labels
        known = labels[~np.isnat(labels)]
        return next((unit for unit in _UNITS if (known == known.astype(f"M8[{unit}]")).all()), "ns")

    def position(self, text: str) -> float:
        """The position that a person means: a row's label, a year, month or day of dates, or a row's number from 1 on.

        `first` and `last` are those rows, unless labels are called so. What lies between two labels, where these are
        rising, lies as far between their rows. Raises `UsageError` where there is none.
        """
        labels = self.labels
        if labels.dtype.kind in "iuf":
            same = labels == float(text) if _is_number(text) else np.zeros(len(labels), bool)
        elif labels.dtype.kind == "M":
            same = _within(labels, text)
        else:
            same = labels == text
        if same.any():
            return float(np.argmax(same))
        between = _between(labels, text)
        if between is not None:
            return between
        if text in ("first", "last"):
            return 0.0 if text == "first" else len(self) - 1.0
        if _is_number(text) and 1 <= float(text) <= len(self):
            position = float(text) - 1
            if self.index_name != "row":
                _log.warning(
                    "%s: no %s is %s; taken for the row of that number, which is %s",
                    self.name, self.index_name or "label", text, self.label(position),
                )  # fmt: skip
            return position
        raise UsageError(
            f"{self.name} has no row {quoted(text)}; they go from {self.label(0)} to {self.label(len(self) - 1)}"
            + (f", and their numbers from 1 to {len(self)}" if self.index_name != "row" else "")
        )

    def number(self, position: float) -> int | float:
        """The row's own label where the labels are numbers."""
        number: int | float = self.labels[math.floor(position)].item()
        return number

    @property
    def labels(self) -> NDArray[Any]:
        """The rows' labels, shape (rows,): numbers, datetime64 or words."""
        assert self.index is not None  # __post_init__ has filled it
        return self.index

    @property
    def column_numbers(self) -> Numbers | None:
        """The columns' names as numbers, shape (columns,), or None where one of them is a word."""
        if isinstance(self.columns, Numerals):
            return np.arange(len(self.columns), dtype=float)
        try:
            numbers = np.array([float(name) for name in self.columns])
        except ValueError:
            return None
        return numbers if np.isfinite(numbers).all() else None

    @property
    def gaps(self) -> int:
        """How many cells hold no finite number."""
        return self._extent.gaps

    @property
    def empty_columns(self) -> list[str]:
        """The names of the columns that hold no finite number."""
        empty: NDArray[np.bool_] = np.all(np.isnan(self.values), axis=0)
        return [self.columns[number] for number in np.flatnonzero(empty).tolist()]

    def bounds(self) -> tuple[float, float]:
        """The smallest and the largest finite value of the whole history, or of the rows shown."""
        return self._extent.low, self._extent.high

    @property
    def _extent(self) -> Extent:
        return extent([self.values] if self.shown is None else (self._row(row)[None] for row in self.shown))


def aligned(histories: Sequence[History]) -> Sequence[History]:
    """The histories with the same columns in the same order, by their names; a column that one has not is all gaps.

    Those whose columns are numbers stay as they are.
    """
    first = histories[0].columns
    if all(list(history.columns) == list(first) for history in histories):
        return histories
    if all(history.column_numbers is not None for history in histories):
        return histories
    names = list(dict.fromkeys(name for history in histories for name in history.columns))
    return [_with_names(history, names) for history in histories]


def _with_names(history: History, names: Sequence[str]) -> History:
    values = np.full((len(history), len(names)), np.nan)
    places = {name: number for number, name in enumerate(names)}
    values[:, [places[name] for name in history.columns]] = history.values
    return History(
        values, columns=names, index=history.labels, index_name=history.index_name, name=history.name,
        shown=history.shown,
    )  # fmt: skip


@dataclass(frozen=True, eq=False)
class StoredHistory(History):
    """A history that stays in its file: a row is read when it is asked for, and `values` reads all of them.

    `stored` is its matrix, `index` may be a range or a column of the file. That there is a finite value is known only
    when the bounds or the gaps are asked for, which reads each row once and raises `DataError` if there is none.
    """

    # A field that nobody gives: `replace` must not ask for all the numbers.
    values: Any = field(init=False, repr=False, default=property(lambda self: self._left(self.stored.whole())))
    index: Any = None
    stored: RowFile = field(kw_only=True)
    positive: bool = field(default=False, kw_only=True)  # what is not above zero is a gap

    def __post_init__(self) -> None:
        index = range(1, len(self.stored) + 1) if self.index is None else self.index
        self._complete(self.stored.shape, index, (len(index),))

    def __getstate__(self) -> dict[str, Any]:
        """Travel to another process without labels that can be read there."""
        return {name: value for name, value in vars(self).items() if name != "labels"}

    def __len__(self) -> int:
        return len(self.stored)

    @property
    def empty_columns(self) -> list[str]:
        """None: they are not looked for, which would read all the file."""
        return []

    def column(self, number: int) -> Numbers:
        """The values of a column, shape (rows,), which reads them all."""
        return self._left(self.stored.column(number))

    def above_zero(self) -> History:
        """The history as a logarithmic axis can show it: what is not above zero is a gap."""
        found = replace(self, positive=True)
        try:
            found.bounds()
        except DataError:
            raise DataError(_nothing_above_zero(self.name)) from None
        return found

    def blocks(self) -> Iterator[Numbers]:
        """All rows in their order, in blocks of shape (some, columns) that take little memory."""
        return (self._left(block) for block in self.stored.blocks())

    def with_rows(self, chosen: slice) -> History:
        """The history of these of its rows, none of which is read."""
        part = self.index.with_rows(chosen) if isinstance(self.index, RowFile) else self.index[chosen]
        return replace(self, stored=self.stored.with_rows(chosen), index=part, shown=None)

    def with_columns(self, numbers: Sequence[int]) -> History:
        """The history of these of its columns, in this order: no pictures any more, but where they are all."""
        if self._are_all(numbers):
            return self
        return replace(self, stored=self.stored.with_columns(numbers), **self._narrowed(numbers))

    def with_index(self, number: int) -> History:
        """The history with a column's values for labels, which are read when they are asked for."""
        return replace(self, index=self.stored.with_columns([number]), index_name=self.columns[number])

    def transposed(self) -> History:
        """The history whose rows are the columns of this one, named by the labels where there are any."""
        return replace(self, stored=self.stored.transposed(), **self._turned())

    @cached_property
    def labels(self) -> NDArray[Any]:
        """The rows' labels, shape (rows,)."""
        index = self.index
        if isinstance(index, RowFile):
            return index.column(0)
        return np.arange(index.start, index.stop, index.step) if isinstance(index, range) else np.asarray(index)

    @cached_property
    def _extent(self) -> Extent:
        shown = self.shown
        blocks = self.stored.blocks() if shown is None else (self.stored.row(row)[None] for row in shown)
        found = extent(self._left(block) for block in blocks)
        if found.low > found.high:
            raise DataError(_NO_FINITE_VALUE)
        return found

    def _row(self, number: int) -> Numbers:
        return self._left(self.stored.row(number))

    def _left(self, values: Numbers) -> Numbers:
        """The values, without those that are not above zero where these are gaps."""
        with np.errstate(invalid="ignore"):
            return np.where(values > 0, values, np.nan) if self.positive else values


def numbers(values: ArrayLike) -> Numbers:
    """An array-like as float64 of its shape, infinities turned into gaps.

    Raises `DataError` for anything but numbers in one to three dimensions, with at least one finite value.
    """
    try:
        array = values if isinstance(values, np.ndarray) else np.asarray(values)
    except ValueError:
        raise DataError("the rows of a history all have the same number of columns") from None
    if array.dtype.kind not in "biuf":
        raise DataError(f"a history holds numbers, not {array.dtype}")
    if isinstance(array, np.ma.MaskedArray):
        array = np.ma.filled(array.astype(np.float64), np.nan)
    check_shape(array.shape)
    with np.errstate(over="ignore", invalid="ignore"):  # what does not fit becomes a gap
        found = np.asarray(array, np.float64)
    infinite = np.isinf(found)
    if infinite.any():
        found = np.where(infinite, np.nan, found)
    if np.isnan(found).all():
        raise DataError(_NO_FINITE_VALUE)
    return found


def check_shape(shape: tuple[int, ...]) -> None:
    """Raise `DataError` for a shape that is not one of rows and columns, nor of pictures, or holds nothing."""
    if not 1 <= len(shape) <= 3:
        raise DataError(
            f"a history has rows and columns, not the shape {quoted(shape)[1:-1]}; "
            "reshape it to (rows, columns), or to (rows, height, width) for pictures"
        )
    if 0 in shape:
        raise DataError(f"the history is empty: its shape is {shape}")


def check_width(width: int) -> None:
    """Raise `LimitError` for more columns than can be named: a name takes ten times the memory of a number."""
    if width > _MOST_COLUMNS:
        raise LimitError(
            f"the history has {width:,} columns, and no more than {_MOST_COLUMNS:,} can be drawn; choose some of them, "
            "or turn rows and columns"
        )


def extent(blocks: Iterable[Numbers]) -> Extent:
    """The extent of a matrix that comes in blocks of rows; from infinity to minus infinity where all are gaps."""
    low, high, gaps = math.inf, -math.inf, 0
    for block in blocks:
        with np.errstate(invalid="ignore"):  # a signalling NaN is a gap like any other
            low = min(low, float(np.fmin.reduce(block, axis=None, initial=math.inf)))
            high = max(high, float(np.fmax.reduce(block, axis=None, initial=-math.inf)))
        gaps += int(np.count_nonzero(np.isnan(block)))
    return Extent(low, high, gaps)


def _row_bounds(blocks: Iterable[Numbers]) -> Numbers:
    with np.errstate(invalid="ignore"):
        return np.concatenate(
            [
                np.column_stack(
                    [np.fmin.reduce(block, axis=1, initial=math.inf), np.fmax.reduce(block, axis=1, initial=-math.inf)]
                )
                for block in blocks
            ]
        )


def _within(dates: NDArray[Any], text: str) -> NDArray[np.bool_]:
    """Which dates are the one that is written, or lie in the year, month, day, hour or minute that is."""
    if not _is_date(text):
        return np.zeros(len(dates), bool)
    written = np.datetime_as_string(dates).astype(str)
    within: NDArray[np.bool_] = np.char.startswith(written, text.replace(" ", "T"))
    return within


def _between(labels: NDArray[Any], text: str) -> float | None:
    """How far among rising numbers or dates lies what is written, as a position; None where it does not."""
    if labels.dtype.kind == "M":
        known, at = _microseconds(labels), _microseconds(text) if _is_date(text) else math.nan
    elif labels.dtype.kind in "iuf":
        known, at = labels.astype(np.float64), float(text) if _is_number(text) else math.nan
    else:
        return None
    if not known[0] <= at <= known[-1] or not (np.diff(known) > 0).all():
        return None
    return float(np.interp(at, known, np.arange(len(known))))


def _microseconds(dates: Any) -> Any:
    """Dates as numbers, NaN for one that there is not."""
    try:
        found = np.asarray(dates.replace(" ", "T") if isinstance(dates, str) else dates, "M8[us]")
    except ValueError:
        return math.nan
    return np.where(np.isnat(found), math.nan, found.astype(np.int64))


def _is_date(text: str) -> bool:
    """Whether a text is a date, or as much of one as names a year, month, day, hour or minute."""
    pattern = r"[0-9]{4}(-[0-9]{2}(-[0-9]{2}([ T][0-9]{2}(:[0-9]{2}(:[0-9.]+)?)?)?)?)?"
    return re.fullmatch(pattern, text) is not None


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def _nothing_above_zero(name: str) -> str:
    return f"{name}: a logarithmic axis shows values above zero, and there is none"


def bounds(values: NDArray[Any]) -> tuple[float, float]:
    """The smallest and the largest value that is not a gap."""
    return float(np.nanmin(values)), float(np.nanmax(values))


def isolated(values: Numbers) -> NDArray[np.bool_]:
    """Which values of a series stand alone between two gaps, where a line would show nothing."""
    gap = np.concatenate(([True], np.isnan(values), [True]))
    alone: NDArray[np.bool_] = ~gap[1:-1] & gap[:-2] & gap[2:]
    return alone
