"""Text in rows and columns, strictly read: every cell is a number, a gap, a date or a word, and never a guess.

The first line is a header if one of its cells is neither a number nor a date. Blank lines and lines that begin with `#`
are passed over, but for one right above the numbers that has as many cells as they: it is their header. An empty cell,
`NA` and `nan` are gaps. Where the delimiter is another, a decimal comma is read. Any other cell that is no number is an
error, told by its line (counted from 1, in the file) and its column.

A block that holds nothing but numbers is read as a whole, any other cell by cell, to the same result.
"""

from __future__ import annotations

import csv
import io
import logging
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np

from liveplot_cli.errors import DataError
from liveplot_cli.formats.dates import is_date, look_like_dates
from liveplot_cli.formats.number_block import number_block
from liveplot_cli.formats.table import GAPS, NUMBER, Part, Table, Words, is_number, turned, unique
from liveplot_cli.formats.text_blocks import LONGEST_CELL, Block
from liveplot_cli.history import check_width
from liveplot_cli.row_file import Numbers

_COMMA_NUMBER = re.compile(r"[+-]?(?:[0-9]+,[0-9]*|,[0-9]+)(?:[eE][+-]?[0-9]+)?")
_MAY_BE_THOUSANDS = re.compile(r"[+-]?[1-9][0-9]{0,2},[0-9]{3}")
_DELIMITERS = (";", "\t", "|", ",")  # the comma last: where others do as well, it is a decimal comma
_SNIFFED_LINES, _SNIFFED_CHARACTERS = 20, 100_000
COMMENT = re.compile(r" *#(?!(?:N/A|DIV/0!|REF!|NAME\?|VALUE!|NUM!|NULL!))")  # what Excel writes is none
_EXCEL = re.compile(rb'"?sep=([^"])"?\n')

_NO_WORD = re.compile(  # a cell of a first column that is none of words
    r"^(?:[+-]?(?:(?:[0-9]+[.,]?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|[iI]nf(?:inity)?)|NA|nan|NaN|)$", re.MULTILINE
)
_PLAIN_CELLS = re.compile(r"[0-9+\-.eE\n]+")

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Dialect:
    """How a text is said to be written; what is None is found out. `decimal` is a point or a comma."""

    delimiter: str | None = None
    header: bool | None = None
    decimal: str | None = None


def parsed(blocks: Iterator[Block], dialect: Dialect, *, transpose: bool, allow: Callable[[int], object]) -> Table:
    """The table in a text; `allow` is told how many bytes it takes so far, and raises where they are too many.

    Raises `DataError` for a text without numbers, a ragged row, an open quote.
    """
    first = next(blocks, None)
    if first is None:
        raise DataError("there is no data in the file")
    first, delimiter = _told(first)
    delimiter = dialect.delimiter or delimiter or sniffed(first, dialect.decimal)
    text = _Text(chain([first], blocks), delimiter, dialect.decimal)
    table = text.table(False if transpose else dialect.header, allow)
    return turned(table, dialect.header) if transpose else table


class _Text:
    """Blocks of rows, and what has been found out of how they are written."""

    def __init__(self, blocks: Iterator[Block], delimiter: str, decimal: str | None) -> None:
        self._blocks = blocks
        self._delimiter = delimiter
        self._decimal = decimal or ("." if delimiter == "," else None)  # None: no cell has shown it yet
        self._width = self._first_line = 0
        self._comment = ""  # the one right above the first row
        self._worded = False  # the first column, as far as it has been read
        self._rows_passed_over = 0  # comments of as many cells as a row has
        self._open_ended = True  # each row so far ends in a delimiter

    def table(self, header: bool | None, allow: Callable[[int], object]) -> Table:
        """All of it."""
        lines, rows = self._first_records()
        check_width(self._width)
        if self._width == 1:
            self._decimal = self._decimal or "."  # a comma may as well be the delimiter
        if header is None:
            header = not self._are_values(rows[0]) or _is_pandas_header(rows)
            names = None if header else self._names_in(self._comment)
            if header and NUMBER.fullmatch(rows[0][0]):
                _log.warning("the first line is taken for names, though some of them are numbers")
        else:
            names = None
        if header:
            names, lines, rows = rows[0], lines[1:], rows[1:]
        parts: list[Part] = []
        size = 0
        for part in self._parts(lines, rows):
            parts.append(part)
            self._worded = 0 in part.words
            size += part.numbers.nbytes + sum(len(words.joined) for words in part.words.values())
            allow(size)
        if not parts:
            raise DataError("there is a header but no row of numbers below it")
        if self._rows_passed_over:
            _log.warning("%d lines that look like rows begin with # and are left out", self._rows_passed_over)
        table = Table(unique(names) if names else _numbered(self._width), names is not None, parts)
        return _without_last_column(table) if self._open_ended and not (names and names[-1]) else table

    def _parts(self, lines: list[int], rows: list[list[str]]) -> Iterator[Part]:
        if rows:
            yield self._part(lines, rows)
        for block in self._blocks:
            part = self._at_once(block)
            if part is None:
                lines, rows = self._records(block)
                if not rows:
                    continue
                part = self._part(lines, rows)
            yield part

    # --- cell by cell -------------------------------------------------------------------------------------------------

    def _first_records(self) -> tuple[list[int], list[list[str]]]:
        """The first records, two or more if there are so many: the second may tell whether the first is a header."""
        lines: list[int] = []
        rows: list[list[str]] = []
        for block in self._blocks:
            more = self._records(block)
            lines += more[0]
            rows += more[1]
            if len(rows) > 1:
                break
        if not rows:
            raise DataError("there is no data in the file")
        return lines, rows

    def _records(self, block: Block) -> tuple[list[int], list[list[str]]]:
        """The line each record begins on, and its stripped cells, as many as the first record has.

        Blank lines and comments are left out. A quoted cell that is still open at the end goes on in the next block.
        """
        between = True  # two records; not within a quoted cell of several lines

        def read_lines() -> Iterator[str]:
            nonlocal between
            here: Block | None = block
            while here is not None:
                for line in io.StringIO(here.data.decode(), newline="\n"):
                    blank = not line.strip() and (self._delimiter == " " or self._delimiter not in line)
                    passed_over = between and (blank or COMMENT.match(line) is not None)
                    self._rows_passed_over += passed_over and line.count(self._delimiter) == self._width - 1 > 0
                    if passed_over and not self._width and not blank:
                        self._comment = line.strip().lstrip("#").strip()
                    between = False
                    yield "\n" if passed_over else line.strip(" \n") + "\n" if self._delimiter == " " else line
                here = None if between else next(self._blocks, None)

        reader = csv.reader(read_lines(), delimiter=self._delimiter, strict=True, skipinitialspace=True)
        lines: list[int] = []
        rows: list[list[str]] = []
        line = block.line
        try:
            for record in reader:
                between = True
                if record:
                    self._refuse_ragged(line, len(record))
                    lines.append(line)
                    rows.append([cell.strip() for cell in record])
                line = block.line + reader.line_num
        except csv.Error as error:
            raise DataError(f"line {line}: {_reason(error)}") from None
        return lines, rows

    def _refuse_ragged(self, line: int, width: int) -> None:
        if not self._width:
            self._width, self._first_line = width, line
        if width != self._width:
            cells = "1 cell" if width == 1 else f"{width} cells"
            raise DataError(f"line {line}: {cells} where line {self._first_line} has {self._width}")

    def _part(self, lines: list[int], rows: list[list[str]]) -> Part:
        if self._decimal is None:
            self._decimal = self._shown_decimal(rows)
            if self._decimal == "," and all(
                map(_MAY_BE_THOUSANDS.fullmatch, filter(_COMMA_NUMBER.fullmatch, chain(*rows)))
            ):
                _log.warning("commas are taken for decimal commas, though thousands may be meant")
        self._open_ended = self._open_ended and self._width > 1 and not any(row[-1] for row in rows)
        numbers = np.empty((len(rows), self._width))
        words = {}
        for column, cells in enumerate(zip(*rows, strict=True)):
            numbers[:, column], found = self._read(cells)
            if found:
                words[column] = Words.of(found)
        return Part(numbers, np.array(lines), words)

    def _read(self, cells: Sequence[str]) -> tuple[Numbers, dict[int, str]]:
        """The numbers in some cells of a column, NaN for a gap or a word, and the words by their rows."""
        if self._decimal != "," and _PLAIN_CELLS.fullmatch("\n".join(cells)):
            try:
                return np.array(list(map(float, cells))), {}
            except ValueError:  # a gap, or a word such as 2024-01-31
                pass
        numbers = np.full(len(cells), np.nan)
        words = {}
        for row, cell in enumerate(cells):
            if cell in GAPS:
                continue
            text = self._with_point(cell)
            if NUMBER.fullmatch(text):
                numbers[row] = float(text)
            else:
                words[row] = cell
        return numbers, words

    def _with_point(self, cell: str) -> str:
        """A cell with a decimal comma as one with a point, where commas are decimals; then a point makes a word."""
        if self._decimal == ",":
            return cell.replace(",", ".") if "." not in cell else f"{cell} has a point"
        return cell

    def _are_values(self, row: Sequence[str]) -> bool:
        """Whether a row holds numbers and dates and no names; a first date may be one that is not read as such."""
        first, *others = row
        is_label = bool(others) and look_like_dates([first]) and all(map(self._is_number, others))
        return is_label or all(self._is_number(cell) or is_date(cell) for cell in row)

    def _is_number(self, cell: str) -> bool:
        return is_number(cell) or (self._decimal != "." and _COMMA_NUMBER.fullmatch(cell) is not None)

    def _shown_decimal(self, rows: Iterable[Sequence[str]]) -> str | None:
        """The decimals of the first number that has any: all others must be written like it."""
        for cell in chain.from_iterable(rows):
            if "," in cell and _COMMA_NUMBER.fullmatch(cell):
                return ","
            if "." in cell and NUMBER.fullmatch(cell):
                return "."
        return None

    def _names_in(self, comment: str) -> list[str] | None:
        """The names in a comment that has one for each column, as `numpy.savetxt` writes its header."""
        names = [name.strip() for name in comment.split(None if self._delimiter == " " else self._delimiter)]
        return names if len(names) == self._width > 1 and not all(map(self._is_number, names)) else None

    # --- as a whole ---------------------------------------------------------------------------------------------------

    def _at_once(self, block: Block) -> Part | None:
        """A block of numbers, or of numbers behind a first column of words; None where it holds anything else."""
        if not self._worded:
            numbers = self._numbers(block.data, self._width)
            return None if numbers is None else Part(numbers, _lines(block, len(numbers)))
        split = self._first_column(block.data)
        if split is None:
            return None
        words, others = split
        numbers = np.full((len(words.rows), self._width), np.nan)
        if self._width > 1:
            found = self._numbers(others, self._width - 1)
            if found is None:
                return None
            numbers[:, 1:] = found
        return Part(numbers, _lines(block, len(numbers)), {0: words})

    def _first_column(self, data: bytes) -> tuple[Words, bytes] | None:
        """The first column, if it holds nothing but words, and the lines without it."""
        if b'"' in data or b"#" in data or self._delimiter == " ":
            return None
        delimiter = self._delimiter.encode()
        lines = [line.partition(delimiter) for line in data[:-1].split(b"\n")]
        if any((found == b"") is (self._width > 1) for _, found, _ in lines):
            return None
        if max(len(cell) for cell, _, _ in lines) > LONGEST_CELL:
            return None
        cells = b"\n".join([cell for cell, _, _ in lines]).decode()
        words = [word.strip() for word in cells.split("\n")]
        if _NO_WORD.search("\n".join(words)):
            return None
        return Words(np.arange(len(words)), "\0".join(words)), b"\n".join([others for _, _, others in lines]) + b"\n"

    def _numbers(self, data: bytes, width: int) -> Numbers | None:
        found = number_block(data, width, self._delimiter, self._decimal)
        if found is None:
            return None
        self._open_ended = self._open_ended and found.open_ended
        return found.numbers


def _lines(block: Block, count: int) -> range:
    return range(block.line, block.line + count)


def _reason(error: csv.Error) -> str:
    reason = str(error)
    if "unexpected end of data" in reason:
        return "a quote is opened and never closed"
    if "expected after" in reason:
        return "there is text behind a closing quote"
    if "field limit" in reason:
        return f"a cell has more than {LONGEST_CELL:,} characters"
    return reason


def _told(block: Block) -> tuple[Block, str | None]:
    """The delimiter that a first line `sep=;` tells Excel, and the block without that line."""
    match = _EXCEL.match(block.data)
    return (Block(block.data[match.end() :], block.line + 1), match[1].decode("latin-1")) if match else (block, None)


def sniffed(block: Block, decimal: str | None) -> str:
    """The delimiter that splits all of the first lines, or else most, alike, into numbers and into the most columns.

    Where there is none it is a comma, but not where that is the decimals'.
    """
    text = block.data[:_SNIFFED_CHARACTERS].decode(errors="ignore")
    start = [line for line in text.splitlines() if line.strip() and not line.startswith("#")][:_SNIFFED_LINES]
    taken = decimal == "," and '"' not in text
    best, most = ";" if taken else ",", (False, 0.0, 1)
    for candidate in _DELIMITERS[:-1] if taken else _DELIMITERS:
        widths = Counter(len(row) for row in csv.reader(start, delimiter=candidate))
        width, lines = widths.most_common(1)[0] if widths else (1, 0)
        last = next(csv.reader(start[-1:], delimiter=candidate), [])
        share = sum(is_number(cell) or _COMMA_NUMBER.fullmatch(cell) is not None or is_date(cell) for cell in last)
        quality = (lines == len(start), share / max(1, len(last)), width)
        if width > 1 and quality > most and 2 * lines > len(start):
            best, most = candidate, quality
    return " " if most[2] == 1 and _is_spaced(start) else best


def _is_spaced(lines: Sequence[str]) -> bool:
    """Whether spaces alone separate numbers, as `numpy.savetxt` and Fortran write them."""
    widths = {len(line.split()) for line in lines}
    return len(widths) == 1 and widths != {1} and all(is_number(cell) for cell in lines[-1].split())


def _is_pandas_header(rows: Sequence[Sequence[str]]) -> bool:
    """Whether the first line counts the columns above an index without a name: `,0,1,2`, and then a line with it."""
    first, *others = rows[0]
    return first == "" and len(rows) > 1 and others == [*_numbered(len(others))] and rows[1][0] != ""


def _numbered(width: int) -> tuple[str, ...]:
    return tuple(str(number) for number in range(width))


def _without_last_column(table: Table) -> Table:
    """The table without what is no column, for each line ended in a delimiter."""
    _log.info("the last column, nameless and empty, is left out")
    return Table(
        table.names[:-1], table.named, [Part(part.numbers[:, :-1], part.lines, part.words) for part in table.parts]
    )
