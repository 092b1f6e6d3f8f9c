"""Text in rows and columns, strictly read: every cell is a number, a gap, a date or a word, and never a guess.

The first line is a header if one of its cells is neither a number nor a date. Blank lines and lines that begin with `#`
are passed over. An empty cell, `NA` and `nan` are gaps. Where the delimiter is another, a decimal comma is read. Any
other cell that is no number is an error, told by its line (counted from 1, in the file) and its column.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from liveplot_cli.errors import DataError, quoted

_GAPS = frozenset(("", "NA", "nan", "NaN"))
_NUMBER = re.compile(r"[+-]?(?:(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|[iI]nf(?:inity)?)")
_COMMA_NUMBER = re.compile(r"[+-]?[0-9]+,[0-9]+(?:[eE][+-]?[0-9]+)?")
_ALMOST = re.compile(r"[-+−$€£]?\d[\d.,_' ]*%?")  # 1,5 and 50% and 1_000 are broken numbers, no words
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}(?:-[0-9]{2}(?:[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6})?)?Z?)?)?")
_DELIMITERS = (";", "\t", "|", ",")  # the comma last: where others do as well, it is a decimal comma
_COUNTER = re.compile(
    "(global_?)?steps?|epochs?|iter(ation)?s?|batch|round|frame|generation|index|"
    "(date)?time|timestamp|date|year|month|week|day|hour",
    re.IGNORECASE,
)
_SNIFFED_LINES, _SNIFFED_CHARACTERS = 20, 100_000


@dataclass(frozen=True)
class Table:
    """The cells by column, stripped, the columns' names, and the line of the file that each row begins on.

    `named` says whether the names are the file's own; else they are the columns' numbers from 0. In a transposed table
    it is the columns that begin on `lines`.
    """

    names: tuple[str, ...]
    columns: list[list[str]]
    lines: list[int]
    named: bool
    transposed: bool = False

    def numbers(self, column: int, index: int | None = None) -> NDArray[np.float64]:
        """A column's cells, shape (rows,), gaps as NaN.

        Raises `DataError` for the first that is no number, and names the columns besides the index that hold numbers.
        """
        numbers = np.empty(len(self.columns[column]))
        for row, cell in enumerate(self.columns[column]):
            if cell in _GAPS:
                numbers[row] = np.nan
            elif _NUMBER.fullmatch(cell):
                numbers[row] = float(cell)
            else:
                raise self._not_a_number(row, column, index)
        return numbers

    def labels(self, column: int) -> NDArray[Any]:
        """A column's cells as labels, shape (rows,): dates or numbers where all are, else the words as they stand."""
        cells = self.columns[column]
        if _are_dates(cells):
            return np.array([self._date(row, column) for row in range(len(cells))])
        if not all(_NUMBER.fullmatch(cell) for cell in cells):
            return np.array(cells)
        numbers = np.array([float(cell) for cell in cells])
        whole = np.isfinite(numbers).all() and (numbers % 1 == 0).all() and (abs(numbers) < 2**53).all()
        return numbers.astype(np.int64) if whole else numbers

    def likely_index(self) -> int | None:
        """The column that looks like the rows' labels: a first one of dates or words, or the finest of the counters."""
        if len(self.columns) == 1:
            return None
        first = self.columns[0]
        if all(first) and (_are_dates(first) or not any(_is_number(cell) or _ALMOST.fullmatch(cell) for cell in first)):
            return 0
        if self.transposed and self.named and _never_falls(first):
            return 0  # what was the header
        counters = self.counters()
        return max(counters, key=lambda number: len(set(self.columns[number])), default=None)

    def counters(self) -> list[int]:
        """The columns that count the rows: called step, epoch, time and the like, and never falling."""
        return [
            number
            for number, name in enumerate(self.names)
            if _COUNTER.fullmatch(name) and _never_falls(self.columns[number])
        ]

    def _date(self, row: int, column: int) -> np.datetime64:
        cell = self.columns[column][row]
        try:
            return np.datetime64(cell.removesuffix("Z"), "us")
        except ValueError:
            raise DataError(f"{self._place(row, column)}: there is no date {quoted(cell)}") from None

    def _not_a_number(self, row: int, column: int, index: int | None) -> DataError:
        cell = self.columns[column][row]
        if self.named and cell == self.names[column]:
            return DataError(f"{self._place(row, column)}: the header is repeated here; keep it on the first line only")
        usable = [
            name
            for number, (name, cells) in enumerate(zip(self.names, self.columns, strict=True))
            if number != index and "," not in name and all(_is_number(cell) for cell in cells)
        ]
        cure = ("columns", ",".join(usable[:8])) if usable else None
        return DataError(f"{self._place(row, column)}: {quoted(cell)} is not a number", cure=cure)

    def _place(self, row: int, column: int) -> str:
        if self.transposed:
            return f"line {self.lines[column]}, column {row + 1 + self.named} ({quoted(self.names[column])})"
        return f"line {self.lines[row]}, column {column + 1} ({quoted(self.names[column])})"


def decoded(content: bytes) -> str:
    """A file's bytes as text: UTF-8 with or without a mark, or UTF-16 with one.

    Raises `DataError` for an empty file and for bytes that are not text, with the line they are on.
    """
    if not content:
        raise DataError("the file is empty")
    encoding, name = ("utf-16", "UTF-16") if content[:2] in (b"\xff\xfe", b"\xfe\xff") else ("utf-8-sig", "UTF-8")
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        before = content[: error.start].decode("utf-8" if name == "UTF-8" else encoding, "replace")
        line = _line(before)
        raise DataError(f"line {line}: byte {error.start} of the file is not {name} text; save it as UTF-8") from None
    if "\0" in text:
        raise DataError(f"line {_line(text[: text.index(chr(0))])}: there is a NUL byte; this is not a text file")
    return text


def _line(before: str) -> int:
    """The line, from 1, that begins or goes on behind a text; a line ends at LF, CR or both."""
    return before.count("\n") + before.count("\r") - before.count("\r\n") + 1


def parsed(text: str, delimiter: str | None, header: bool | None, *, transpose: bool) -> Table:
    """The table in a text; delimiter and header are found where they are None.

    Raises `DataError` for a text without numbers, a ragged row, an open quote.
    """
    delimiter = delimiter or _sniffed(text)
    lines, rows = _records(text, delimiter)
    _refuse_ragged(lines, rows)
    if delimiter != "," and len(rows[0]) > 1 and _has_decimal_commas(rows):
        rows = [[cell.replace(",", ".") if _COMMA_NUMBER.fullmatch(cell) else cell for cell in row] for row in rows]
    if transpose:
        rows = [list(column) for column in zip(*rows, strict=True)]
    if header is None:
        header = not all(_is_number(cell) or _is_date(cell) for cell in rows[0]) or _is_pandas_header(rows)
    names = _unique(rows[0]) if header else tuple(str(number) for number in range(len(rows[0])))
    if header:
        lines, rows = lines if transpose else lines[1:], rows[1:]
    if not rows:
        raise DataError("there is a header but no row of numbers below it")
    return Table(names, [list(column) for column in zip(*rows, strict=True)], lines, header, transpose)


def _records(text: str, delimiter: str) -> tuple[list[int], list[list[str]]]:
    """The line each record begins on, and its stripped cells; blank ones and comments are left out."""
    between = True  # two records; not within a quoted cell of several lines

    def read_lines() -> Iterator[str]:
        nonlocal between
        for line in io.StringIO(text, newline=""):
            blank = not line.strip() and (delimiter == " " or delimiter not in line)
            passed_over = between and (blank or line.lstrip(" ").startswith("#"))
            between = False
            yield "\n" if passed_over else line

    reader = csv.reader(read_lines(), delimiter=delimiter, strict=True, skipinitialspace=True)
    lines: list[int] = []
    rows: list[list[str]] = []
    line = 1
    try:
        for record in reader:
            between = True
            if record:
                lines.append(line)
                rows.append([cell.strip() for cell in record])
            line = reader.line_num + 1
    except csv.Error as error:
        reason = str(error)
        if "unexpected end of data" in reason:
            reason = "a quote is opened and never closed"
        elif "expected after" in reason:
            reason = "there is text behind a closing quote"
        raise DataError(f"line {line}: {reason}") from None
    if not rows:
        raise DataError("there is no data in the file")
    return lines, rows


def _sniffed(text: str) -> str:
    """The delimiter that splits all of the first lines, or else most, alike and into the most columns; else a comma."""
    start = [line for line in text[:_SNIFFED_CHARACTERS].splitlines() if line.strip() and not line.startswith("#")]
    start = start[:_SNIFFED_LINES]
    best, most = ",", (False, 1)
    for candidate in _DELIMITERS:
        widths = Counter(len(row) for row in csv.reader(start, delimiter=candidate))
        width, lines = widths.most_common(1)[0] if widths else (1, 0)
        quality = (lines == len(start), width)
        if width > 1 and quality > most and 2 * lines > len(start):
            best, most = candidate, quality
    return best


def _refuse_ragged(lines: list[int], rows: list[list[str]]) -> None:
    width = len(rows[0])
    for line, row in zip(lines, rows, strict=True):
        if len(row) != width:
            raise DataError(f"line {line}: {_cells(len(row))} where line {lines[0]} has {width}")


def _cells(count: int) -> str:
    return "1 cell" if count == 1 else f"{count} cells"


def _has_decimal_commas(rows: Sequence[Sequence[str]]) -> bool:
    """Whether numbers are written 1,5: some are, and none is written 1.5, for then a comma may mean thousands."""
    cells = [cell for row in rows for cell in row]
    return any(map(_COMMA_NUMBER.fullmatch, cells)) and not any("." in cell and _is_number(cell) for cell in cells)


def _is_pandas_header(rows: Sequence[Sequence[str]]) -> bool:
    """Whether the first line counts the columns above an index without a name: `,0,1,2`."""
    first, *others = rows[0]
    counted = [str(number) for number in range(len(others))]
    return first == "" and len(rows) > 1 and others == counted and all(row[0] for row in rows[1:])


def _unique(names: Sequence[str]) -> tuple[str, ...]:
    """The names, the second `loss` as `loss (2)`; a nameless column has its number, the first is pandas' index."""
    seen: Counter[str] = Counter()
    taken = set(names)
    unique = []
    for number, cell in enumerate(names):
        name = cell or (str(number) if number else "index")
        seen[name] += 1
        while seen[name] > 1 and f"{name} ({seen[name]})" in taken:
            seen[name] += 1
        unique.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return tuple(unique)


def _never_falls(cells: Sequence[str]) -> bool:
    """Whether the cells are numbers that rise, at times by nothing, as loggers repeat a step."""
    if not all(_NUMBER.fullmatch(cell) for cell in cells):
        return False
    numbers = [float(cell) for cell in cells]
    return (len(numbers) == 1 or numbers[0] < numbers[-1]) and all(one <= two for one, two in pairwise(numbers))


def _is_number(cell: str) -> bool:
    return cell in _GAPS or _NUMBER.fullmatch(cell) is not None


def _is_date(cell: str) -> bool:
    return _DATE.fullmatch(cell) is not None


def _are_dates(cells: Iterable[str]) -> bool:
    return all(_is_date(cell) for cell in cells)
