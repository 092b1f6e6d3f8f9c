"""The history: a matrix with one row per update, names for its columns and labels for its rows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from liveplot_cli.errors import DataError

Numbers = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class History:
    """A matrix of shape (rows, columns): row 1 holds the initial values, each further row the values after an update.

    `values` is any array-like of numbers, one dimension being one column; it is kept as float64, without a copy where
    it is that already, and NaN or an infinity is a gap. `columns` names the columns ("0", "1", … by itself). `index`
    labels the rows with numbers, dates (datetime64) or words (1, 2, … by itself) and `index_name` says what they are.
    `name` is the title's `{name}`. Raises `DataError` where there is nothing to draw or the lengths do not fit.
    """

    values: Numbers
    columns: Sequence[str] = ()
    index: NDArray[Any] | None = None
    index_name: str = "row"
    name: str = "history"

    def __post_init__(self) -> None:
        values = matrix(self.values)
        rows, width = values.shape
        columns = tuple(str(name) for name in self.columns) or tuple(str(number) for number in range(width))
        index = np.arange(1, rows + 1) if self.index is None else np.asarray(self.index)
        if len(columns) != width:
            raise DataError(f"{self.name}: {len(columns)} names for {width} columns")
        if index.shape != (rows,):
            raise DataError(f"{self.name}: {index.size} labels for {rows} rows")
        for field, value in (("values", values), ("columns", columns), ("index", index)):
            object.__setattr__(self, field, value)

    def __len__(self) -> int:
        return len(self.values)

    def row(self, position: float) -> Numbers:
        """The values at a position, shape (columns,): a row, or a straight line between its two neighbours."""
        before = math.floor(position)
        part = position - before
        row: Numbers = self.values[before]
        return row if part == 0 else row * (1 - part) + self.values[before + 1] * part

    def label(self, position: float) -> str:
        """The row's own label, as a person would write it: `12`, `0.5`, `1958-03-01`, `Tuesday`."""
        return _written(self.labels[math.floor(position)])

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
        try:
            numbers = np.array([float(name) for name in self.columns])
        except ValueError:
            return None
        return numbers if np.isfinite(numbers).all() else None

    @property
    def gaps(self) -> int:
        """How many cells hold no finite number."""
        return int(np.count_nonzero(np.isnan(self.values)))

    def bounds(self) -> tuple[float, float]:
        """The smallest and the largest finite value of the whole history."""
        return bounds(self.values)


def matrix(values: ArrayLike) -> Numbers:
    """An array-like as float64 of shape (rows, columns), infinities turned into gaps.

    Raises `DataError` for anything but numbers in one or two dimensions, with at least one finite value.
    """
    try:
        array = values if isinstance(values, np.ndarray) else np.asarray(values)
    except ValueError:
        raise DataError("the rows of a history all have the same number of columns") from None
    if array.dtype.kind not in "biuf":
        raise DataError(f"a history holds numbers, not {array.dtype}")
    if isinstance(array, np.ma.MaskedArray):
        array = np.ma.filled(array.astype(np.float64), np.nan)
    if array.ndim not in (1, 2):
        raise DataError(f"a history has rows and columns, not the shape {array.shape}; reshape it to (rows, columns)")
    if array.size == 0:
        raise DataError(f"the history is empty: its shape is {array.shape}")
    with np.errstate(over="ignore", invalid="ignore"):  # what does not fit becomes a gap
        numbers = np.asarray(array, np.float64).reshape(len(array), -1)
    finite = np.isfinite(numbers)
    if not finite.any():
        raise DataError("the history has no finite value")
    return numbers if finite.all() else np.where(finite, numbers, np.nan)


def bounds(values: NDArray[Any]) -> tuple[float, float]:
    """The smallest and the largest value that is not a gap."""
    return float(np.nanmin(values)), float(np.nanmax(values))


def isolated(values: Numbers) -> NDArray[np.bool_]:
    """Which values of a series stand alone between two gaps, where a line would show nothing."""
    gap = np.concatenate(([True], np.isnan(values), [True]))
    alone: NDArray[np.bool_] = ~gap[1:-1] & gap[:-2] & gap[2:]
    return alone


def _written(label: Any) -> str:
    if isinstance(label, np.datetime64):
        return str(np.datetime_as_string(label, unit="auto")).replace("T", " ")
    if isinstance(label, np.floating):
        return f"{label:.12g}"
    return str(label)
