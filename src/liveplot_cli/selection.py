"""Which part of a file is the history."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from liveplot_cli.errors import UsageError, listed, quoted
from liveplot_cli.option import option

if TYPE_CHECKING:
    from liveplot_cli.history import History


def row_slice(text: str) -> slice:
    """A Python slice from `A:B:S`, any part of which may be left out."""
    parts = text.split(":")
    try:
        numbers = [int(part) if part.strip() else None for part in parts]
    except ValueError:
        numbers = []
    if not 2 <= len(numbers) <= 3 or numbers[2:] == [0]:
        raise ValueError(f"{quoted(text)} is not a slice of rows such as 100:200, ::10 or -50:")
    return slice(*numbers)


def stride(text: str) -> int:
    """A whole number of rows, 1 or more."""
    if not (text.isascii() and text.isdigit() and len(text) < 16 and int(text)):
        raise ValueError(f"{quoted(text)} is not a whole number from 1 on")
    return int(text)


def column_list(text: str) -> tuple[str, ...]:
    """Column names or numbers, separated by commas."""
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    if not names:
        raise ValueError("names no column")
    return names


@dataclass(frozen=True)
class Selection:
    """Which part of a file is the history: its rows, its columns, and the column that labels the rows."""

    rows: slice | None = option(
        None,
        "--rows",
        group="Rows and columns",
        metavar="A:B:S",
        parse=row_slice,
        shown="all",
        help="Rows to show, as a Python slice: 100:, :500, ::10, -50:.",
    )
    every: int = option(
        1,
        "--every",
        group="Rows and columns",
        metavar="N",
        parse=stride,
        help="Show every Nth row.",
    )
    index: str | None = option(
        None,
        "-x",
        "--index",
        group="Rows and columns",
        metavar="COL",
        parse=str,
        shown="by itself",
        help="Column that labels the rows, by name or by number from 0; 'none' for none. By itself: a first column of "
        "dates or names, or a rising one called step, epoch, time, year or the like.",
    )
    columns: tuple[str, ...] = option(
        (),
        "-y",
        "--columns",
        group="Rows and columns",
        metavar="A,B",
        parse=column_list,
        shown="all",
        help="Columns to draw, by name or by number from 0.",
    )
    transpose: bool = option(
        False,
        "-T",
        "--transpose",
        group="Rows and columns",
        shown="",
        help="Read the file's columns as rows.",
    )

    strict: bool = option(
        False,
        "--strict",
        group="Reading",
        shown="",
        help="Refuse a history with gaps: empty cells, nan, infinities.",
    )

    def pick_columns(self, history: History) -> History:
        """The columns that were asked for, one of them as the rows' labels if that was asked for too.

        Raises `UsageError` for a column that there is not, and where a cell of a picture is to be a label.
        """
        if self.transpose:
            history = history.transposed()
        if not self.columns and self.index in (None, "none"):
            return history
        names = history.columns
        if history.grid and self.index not in (None, "none"):
            raise UsageError("each of its rows is a picture, of which no cell labels the row; leave the index out")
        index = None if self.index in (None, "none") else find_column(str(self.index), names)
        drawn = [find_column(name, names) for name in self.columns]
        drawn = drawn or [number for number in range(len(names)) if number != index]
        if not drawn:
            raise UsageError("no column is left beside the index")
        return (history if index is None else history.with_index(index)).with_columns(drawn)

    def pick_rows(self, history: History) -> History:
        """The rows that were asked for; raises `UsageError` where there are none."""
        chosen = range(len(history))[self.rows or slice(None)][:: self.every]
        if not chosen:
            raise UsageError(f"no row is left of {len(history)} after the choice of rows")
        if len(chosen) < len(history) or chosen.step != 1:
            part = slice(chosen.start, chosen.stop if chosen.stop >= 0 else None, chosen.step)
            history = history.with_rows(part)
        return history


def find_column(name: str | int, names: Sequence[str]) -> int:
    """The place of a column given by its name or, failing that, by its number from 0.

    Raises `UsageError` that lists the columns there are.
    """
    name = str(name)
    if name in names:
        return list(names).index(name)
    if name.isascii() and name.isdigit() and len(name) < 10 and int(name) < len(names):
        return int(name)
    raise UsageError(f"there is no column {quoted(name)}; the columns are {listed(names)}")
