"""The rows of a text as its lines come: each is known when its line is, and nothing that comes later changes it.

A text is JSON lines or a table, as the readers of whole files have them, by the same rules. What needs the whole file
is left out: the first line decides how a table is written, and the first row which of its columns are numbers.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, BinaryIO

from liveplot_cli.errors import DataError, listed, quoted

if TYPE_CHECKING:
    from liveplot_cli.formats.text_table import Dialect

_LONGEST_LINE = 4 << 20  # characters
_COMMA_NUMBER = re.compile(r"[+-]?(?:[0-9]+,[0-9]*|,[0-9]+)(?:[eE][+-]?[0-9]+)?")


@dataclass(frozen=True)
class Row:
    """The numbers of a line, NaN for a gap, and their names; without names it is their places that count."""

    line: int
    values: tuple[float, ...]
    names: tuple[str, ...] | None = None


class Growing:
    """A text whose lines are given one by one; `left_out` are the columns that hold no numbers, as far as is known."""

    def __init__(self, dialect: Dialect | None = None) -> None:
        from liveplot_cli.formats import text_table

        self.left_out: list[str] = []
        self._dialect = dialect or text_table.Dialect()
        self._json: bool | None = None  # once there is a line
        self._header: tuple[int, str] | None = None  # a first line that waits for the second
        self._comment = ""
        self._table: _Table | None = None

    def row(self, line: int, text: str) -> Row | None:
        """The row in a line, if it has one; raises `DataError` where it is neither that nor anything else."""
        text = text.removeprefix("\ufeff") if line == 1 else text
        if not text.strip():
            return None
        if self._json is None:
            self._json = text.lstrip()[:1] in ("{", "[")
        return self._json_row(line, text) if self._json else self._table_row(line, text)

    def _json_row(self, line: int, text: str) -> Row:
        from liveplot_cli.readers.jsonl import named_values

        try:
            found = named_values(text.encode(), line)
        except UnicodeEncodeError:
            raise DataError(f"line {line}: there is half a character in it") from None
        words = [name for name, value in found if isinstance(value, str)]
        numbers = [(name, value) for name, value in found if not isinstance(value, str)]
        if words and (not numbers or text.lstrip().startswith("[")):
            raise DataError(f"line {line}: {listed(words)} no number")
        self.left_out += [name for name in words if name not in self.left_out]
        values = tuple(float(value) for _, value in numbers)
        return Row(line, values, None if text.lstrip().startswith("[") else tuple(name for name, _ in numbers))

    def _table_row(self, line: int, text: str) -> Row | None:
        from liveplot_cli.formats.text_table import COMMENT

        text = text.rstrip("\r\n")
        if COMMENT.match(text):
            self._comment = "" if self._table else text.strip().lstrip("#").strip()
            return None
        if self._table is None:
            if self._header is None and self._is_header(text):
                self._header = line, text
                return None
            self._table = self._begun(line, text)
            self.left_out += self._table.left_out
        return self._table.row(line, text)

    def _is_header(self, text: str) -> bool:
        if self._dialect.header is not None:
            return self._dialect.header
        cells = _cells(1, text, self._delimiter(text))
        is_counted = cells[0] == "" and cells[1:] == [str(number) for number in range(len(cells) - 1)]  # by pandas
        return (len(cells) > 1 and is_counted) or not _are_values(cells, self._delimiter(text))

    def _begun(self, line: int, text: str) -> _Table:
        """The table whose first row this is."""
        from liveplot_cli.formats.table import unique

        start = text if self._header is None else f"{self._header[1]}\n{text}"
        delimiter = self._delimiter(start)
        cells = _cells(line, text, delimiter)
        names: tuple[str, ...] | None = None
        first = line
        if self._header is not None:
            first = self._header[0]
            names = unique(_cells(first, self._header[1], delimiter))
        elif self._dialect.header is None and self._comment:
            above = [name.strip() for name in self._comment.split(None if delimiter == " " else delimiter)]
            if len(above) == len(cells) > 1 and not _are_values(above, delimiter):
                names = unique(above)  # as numpy.savetxt writes them
        width = len(cells) if names is None else len(names)
        decimal = self._dialect.decimal or ("." if delimiter == "," or width == 1 else None)
        return _Table(first, delimiter, decimal, names, width, cells)

    def _delimiter(self, start: str) -> str:
        from liveplot_cli.formats.text_blocks import Block
        from liveplot_cli.formats.text_table import sniffed

        block = Block(f"{start}\n".encode(errors="replace"), 1)
        return self._dialect.delimiter or sniffed(block, self._dialect.decimal)


class _Table:
    """How a table is written, as its first lines have shown."""

    def __init__(
        self, first: int, delimiter: str, decimal: str | None, names: tuple[str, ...] | None, width: int,
        cells: list[str],
    ) -> None:  # fmt: skip
        self._first = first
        self._delimiter = delimiter
        self._decimal = decimal
        self._width = width
        self._names = names
        numbers = [place for place, cell in enumerate(cells) if self._number(cell) is not None]
        self._places = range(width) if len(cells) != width else numbers
        self.left_out = [self._name(place) for place in range(width) if place not in self._places]

    def row(self, line: int, text: str) -> Row:
        cells = _cells(line, text, self._delimiter)
        if len(cells) != self._width:
            count = "1 cell" if len(cells) == 1 else f"{len(cells)} cells"
            raise DataError(f"line {line}: {count} where line {self._first} has {self._width}")
        if not self._places:
            raise DataError(f"line {line}: there is no number in it")
        values = []
        for place in self._places:
            number = self._number(cells[place])
            if number is None:
                raise DataError(f"line {line}, column {quoted(self._name(place))}: {quoted(cells[place])} is no number")
            values.append(number)
        names = self._names and tuple(self._names[place] for place in self._places)
        return Row(line, tuple(values), names)

    def _name(self, place: int) -> str:
        return self._names[place] if self._names else str(place)

    def _number(self, cell: str) -> float | None:
        """The number in a cell, NaN for a gap; None where it is neither."""
        from liveplot_cli.formats.table import GAPS, NUMBER

        if cell in GAPS:
            return float("nan")
        is_comma, is_point = _COMMA_NUMBER.fullmatch(cell) is not None, NUMBER.fullmatch(cell) is not None
        if self._decimal is None and (is_comma or "." in cell) and (is_comma or is_point):
            self._decimal = "," if is_comma else "."
        if is_comma and self._decimal == ",":
            return float(cell.replace(",", "."))
        return float(cell) if is_point and not (self._decimal == "," and "." in cell) else None


def rows(
    stream: BinaryIO, dialect: Dialect, bad: Callable[[DataError], object], *, encoding: str = "utf-8",
    told: Callable[[str], object] = lambda name: None,
) -> Iterator[Row]:  # fmt: skip
    """The rows of a stream, each as soon as its line is there; lines that are none go to `bad`.

    `told` is given the name of each column that holds no numbers, once.
    """
    growing = Growing(dialect)
    known = 0
    text = io.TextIOWrapper(stream, encoding, errors="surrogateescape")
    try:
        for number, line in enumerate(iter(partial(text.readline, _LONGEST_LINE), ""), 1):
            try:
                row = growing.row(number, _checked(number, line, text))
            except DataError as error:
                bad(error)
                continue
            for name in growing.left_out[known:]:
                told(name)
            known = len(growing.left_out)
            if row is not None:
                yield row
    finally:
        text.detach()


def _checked(number: int, line: str, text: io.TextIOWrapper) -> str:
    """A whole line of text."""
    if len(line) == _LONGEST_LINE and not line.endswith("\n"):
        while (part := text.readline(_LONGEST_LINE)) and not part.endswith("\n"):
            pass
        raise DataError(f"line {number}: it has more than {_LONGEST_LINE:,} characters")
    if not line.isascii():
        try:
            line.encode()
        except UnicodeEncodeError:
            raise DataError(f"line {number}: it is not {text.encoding} text") from None
    return line


def _cells(line: int, text: str, delimiter: str) -> list[str]:
    text = text.strip(" ") if delimiter == " " else text
    try:
        for record in csv.reader([text], delimiter=delimiter, strict=True, skipinitialspace=True):
            return [cell.strip() for cell in record] or [""]
    except csv.Error as error:
        raise DataError(f"line {line}: {error}") from None
    return [""]


def _are_values(cells: list[str], delimiter: str) -> bool:
    """Whether a row holds numbers and dates and no names; a first date may be one that is not read as such."""
    from liveplot_cli.formats.dates import is_date, look_like_dates
    from liveplot_cli.formats.table import is_number

    def is_value(cell: str) -> bool:
        return is_number(cell) or (delimiter != "," and _COMMA_NUMBER.fullmatch(cell) is not None)

    first, *others = cells
    is_label = bool(others) and look_like_dates([first]) and all(map(is_value, others))
    return is_label or all(is_value(cell) or is_date(cell) for cell in cells)
