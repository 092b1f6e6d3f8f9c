"""The rows of a text as its lines come: each is known when its line is, and nothing that comes later changes it.

A text is JSON lines or a table, as the readers of whole files have them, by the same rules. What needs the whole file
is left out: the first row decides how a table is written, and which of its columns are numbers. Lines before it may be
words of the program that writes them; the header is the last of them that has as many cells as the row.
"""

from __future__ import annotations

import codecs
import csv
import io
import logging
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, BinaryIO, NamedTuple, Protocol

from liveplot_cli.errors import DataError, listed, quoted

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from liveplot_cli.formats.text_table import Dialect

_log = logging.getLogger(__name__)

_TOLD = 10  # bad lines
_LONGEST_LINE = 4 << 20  # characters
_AT_ONCE = 1 << 20  # bytes
_MOST_WAITING = 20  # lines before the first row, one of which may be its header
_COMMA_NUMBER = re.compile(r"[+-]?(?:[0-9]+,[0-9]*|,[0-9]+)(?:[eE][+-]?[0-9]+)?")


@dataclass(frozen=True)
class Row:
    """The numbers of a line, NaN for a gap, and their names; without names it is their places that count.

    A first cell that is a word, as a date, is the row's `label`.
    """

    line: int
    values: tuple[float, ...]
    names: tuple[str, ...] | None = None
    label: str | None = None


class Rows(NamedTuple):
    """Consecutive rows of the same columns: their numbers, shape (rows, columns), the columns' names, their labels.

    What the labels are called is `label_name`; there are none where that is None.
    """

    values: NDArray[np.float64]
    names: tuple[str, ...] | None
    labels: Sequence[str]
    label_name: str | None
    is_table: bool = True  # of which the header names all columns there will be


class Growing:
    """A text whose lines are given one by one.

    `left_out` are the columns that hold no numbers, `passed_over` the lines before the first row that were no header,
    as far as is known. `label_name` is what a first column of words is called; `is_json` says that a row was JSON.
    """

    def __init__(self, dialect: Dialect | None = None) -> None:
        from liveplot_cli.formats import text_table

        self.left_out: list[str] = []
        self.passed_over: list[DataError] = []
        self.label_name: str | None = None
        self._dialect = dialect or text_table.Dialect()
        self.is_json = False
        self._waiting: list[tuple[int, str]] = []  # lines before the first row
        self._misfit = 0  # cells of a row before which there was a header of another width
        self._comment = ""
        self._table: _Table | None = None

    def row(self, line: int, text: str) -> Row | None:
        """The row in a line, if it has one; raises `DataError` where it is neither that nor anything else."""
        text = text.removeprefix("\ufeff") if line == 1 else text
        if not text.strip():
            return None
        if self.is_json or (self._table is None and text.lstrip()[:1] in ("{", "[")):
            row = self._json_row(line, text)
            self.is_json = True
            self._pass_over(self._waiting)
            return row
        return self._table_row(line, text)

    def numbers(self, lines: str) -> tuple[NDArray[np.float64], tuple[str, ...] | None] | None:
        """The rows in whole lines and their names, a tenth as slow as one by one.

        None where there is anything but rows of numbers, or too little is known yet: then it takes a closer look.
        """
        return self._table.numbers(lines) if self._table else None

    def end(self) -> None:
        """There are no more lines."""
        self._pass_over(self._waiting)

    def _pass_over(self, lines: list[tuple[int, str]]) -> None:
        self.passed_over += [DataError(f"line {line}: it is neither a row nor a header of one") for line, _ in lines]
        self._waiting = []

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
        is_list = text.lstrip().startswith("[")
        first, label = found[0] if found else ("", 0.0)
        if isinstance(label, str):
            self.label_name = first
        names = None if is_list else tuple(name for name, _ in numbers)
        return Row(line, values, names, label if isinstance(label, str) else None)

    def _table_row(self, line: int, text: str) -> Row | None:
        from liveplot_cli.formats.text_table import COMMENT

        text = text.rstrip("\r\n")
        if COMMENT.match(text):
            self._comment = "" if self._table else text.strip().lstrip("#").strip()
            return None
        if self._table is None:
            if self._may_be_header(text):
                self._wait(line, text)
                return None
            self._table = self._begun(line, text)
            self.left_out += self._table.left_out
            self.label_name = self._table.label_name
        return self._table.row(line, text)

    def _may_be_header(self, text: str) -> bool:
        if self._dialect.header is not None:
            return self._dialect.header and not self._waiting
        if self._waiting:  # of a row after a header one cell may be a number, and the others words
            delimiters = {self._delimiter(f"{words}\n{text}") for _, words in self._waiting}
            return not any(_has_number(_cells(1, text, delimiter)) for delimiter in delimiters)
        cells = _cells(1, text, self._delimiter(text))
        is_counted = cells[0] == "" and cells[1:] == [str(number) for number in range(len(cells) - 1)]  # by pandas
        return (len(cells) > 1 and is_counted) or not _are_values(cells, self._delimiter(text))

    def _wait(self, line: int, text: str) -> None:
        first, *others = [*self._waiting, (line, text)]
        if len(others) == _MOST_WAITING:
            self._pass_over([first])
            self._waiting = others
        else:
            self._waiting = [first, *others]

    def _begun(self, line: int, text: str) -> _Table:
        """The table whose first row this is."""
        header = self._header(line, text)
        delimiter = self._delimiter(text if header is None else f"{header[1]}\n{text}")
        cells = _cells(line, text, delimiter)
        names = self._names(header, delimiter, len(cells))
        self._pass_over([one for one in self._waiting if one != header])
        decimal = self._dialect.decimal or ("." if delimiter == "," or len(cells) == 1 else None)
        return _Table(line if header is None else header[0], delimiter, decimal, names, cells)

    def _header(self, line: int, text: str) -> tuple[int, str] | None:
        """The last line that has as many cells as a first row, if there is one.

        Where there is none, but one of several cells, it is the row that is taken to be damaged, and `DataError` is
        raised; not of two rows that are alike.
        """
        misfit = ""
        for first, words in reversed(self._waiting):
            delimiter = self._delimiter(f"{words}\n{text}")
            cells, width = _cells(line, text, delimiter), len(_cells(first, words, delimiter))
            if not _has_number(cells):  # written in another way
                continue
            if width == len(cells):
                return first, words
            if width > 1 and not misfit and self._misfit != len(cells):
                self._misfit = len(cells)
                misfit = _other_width(line, len(cells), first, width)
        if misfit:
            raise DataError(misfit)
        return None

    def _names(self, header: tuple[int, str] | None, delimiter: str, width: int) -> tuple[str, ...] | None:
        from liveplot_cli.formats.table import unique

        if header is not None:
            return unique(_cells(header[0], header[1], delimiter))
        if self._dialect.header is not None or not self._comment:
            return None
        above = [name.strip() for name in self._comment.split(None if delimiter == " " else delimiter)]
        is_header = len(above) == width > 1 and not _are_values(above, delimiter)
        return unique(above) if is_header else None  # as numpy.savetxt writes them

    def _delimiter(self, start: str) -> str:
        from liveplot_cli.formats.text_blocks import Block
        from liveplot_cli.formats.text_table import sniffed

        block = Block(f"{start}\n".encode(errors="replace"), 1)
        return self._dialect.delimiter or sniffed(block, self._dialect.decimal)


class _Table:
    """How a table is written, as its first lines have shown."""

    def __init__(
        self, first: int, delimiter: str, decimal: str | None, names: tuple[str, ...] | None, cells: list[str]
    ) -> None:
        self._first = first
        self._delimiter = delimiter
        self._decimal = decimal
        self._width = len(cells)
        self._names = names
        self._places = [place for place, cell in enumerate(cells) if self._number(cell) is not None]
        self.left_out = [self._name(place) for place in range(self._width) if place not in self._places]
        self._names_drawn = names and tuple(names[place] for place in self._places)
        self.label_name = self._name(0) if self._places and 0 not in self._places else None

    def numbers(self, lines: str) -> tuple[NDArray[np.float64], tuple[str, ...] | None] | None:
        from liveplot_cli.formats.number_block import number_block

        if not lines.isascii():
            return None
        block = number_block(lines.encode(), self._width, self._delimiter, self._decimal)
        if block is None:
            return None
        return block.numbers[:, self._places], self._names_drawn

    def row(self, line: int, text: str) -> Row:
        cells = _cells(line, text, self._delimiter)
        if len(cells) != self._width:
            raise DataError(_other_width(line, len(cells), self._first, self._width))
        if not self._places:
            raise DataError(f"line {line}: there is no number in it")
        values = []
        for place in self._places:
            number = self._number(cells[place])
            if number is None:
                raise DataError(f"line {line}, column {quoted(self._name(place))}: {quoted(cells[place])} is no number")
            values.append(number)
        return Row(line, tuple(values), self._names_drawn, None if self.label_name is None else cells[0])

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
                row = None
            while growing.passed_over:
                bad(growing.passed_over.pop(0))
            for name in growing.left_out[known:]:
                told(name)
            known = len(growing.left_out)
            if row is not None:
                yield row
        growing.end()
        for told_late in growing.passed_over:
            bad(told_late)
    finally:
        text.detach()


class Source(Protocol):
    """Bytes that come bit by bit."""

    def read(self, size: int, /) -> bytes | None:
        """So many bytes at most, as soon as there are any; none at the end."""
        ...


def blocks(
    stream: Source, dialect: Dialect, bad: Callable[[DataError], object], *, encoding: str = "utf-8",
    told: Callable[[str], object] = lambda name: None,
) -> Iterator[Rows]:  # fmt: skip
    """The rows of a stream as `rows` finds them, as many at once as are there; a last line without an end is none."""
    growing = Growing(dialect)
    known = 0
    for first, lines in _whole_lines(stream, encoding, bad):
        yield from _rows(growing, first, lines, encoding, bad)
        while growing.passed_over:
            bad(growing.passed_over.pop(0))
        for name in growing.left_out[known:]:
            if name != growing.label_name:
                told(name)
        known = len(growing.left_out)
    growing.end()
    for told_late in growing.passed_over:
        bad(told_late)


class BadLines:
    """Tells of lines that hold no row: of the first ones each, of the others how many they are; `strict` raises."""

    def __init__(self, strict: bool, name: str = "") -> None:
        self._strict, self._name = strict, name
        self.count = 0

    def __call__(self, error: DataError) -> None:
        sentence = f"{self._name}: {error.sentence}" if self._name else error.sentence
        if self._strict:
            raise DataError(sentence)
        self.count += 1
        if self.count <= _TOLD:
            _log.warning("%s; it is left out", sentence)

    def tell_the_rest(self) -> None:
        """Say how many more there were."""
        if self.count > _TOLD:
            _log.warning("%s more lines are left out", f"{self.count - _TOLD:,}")


def _whole_lines(stream: Source, encoding: str, bad: Callable[[DataError], object]) -> Iterator[tuple[int, str]]:
    """Whole lines as they come, some at a time, and the number of their first."""
    decoder = codecs.getincrementaldecoder(encoding)("surrogateescape")
    first, rest, is_too_long = 1, "", False
    while data := stream.read(_AT_ONCE):
        lines, end, later = (rest + decoder.decode(data)).rpartition("\n")
        if end and is_too_long:  # its last part is passed over, too
            _, _, lines = lines.partition("\n")
            first, is_too_long = first + 1, False
        if lines:
            yield first, lines + end
        first += lines.count("\n") + 1 if lines else 0
        rest = later
        if len(rest) > _LONGEST_LINE:
            if not is_too_long:
                bad(DataError(f"line {first}: it has more than {_LONGEST_LINE:,} characters"))
            rest, is_too_long = "", True
    if rest.strip() or is_too_long:
        bad(DataError(f"line {first}: it has no end"))


def _rows(
    growing: Growing, first: int, lines: str, encoding: str, bad: Callable[[DataError], object]
) -> Iterator[Rows]:
    """The rows in whole lines, together as long as they have the same columns."""
    found = growing.numbers(lines)
    if found is not None:
        yield Rows(*found, (), None)
        return
    same: list[Row] = []
    for number, line in enumerate(lines.split("\n")[:-1], first):
        try:
            row = growing.row(number, _of_text(number, line, encoding))
        except DataError as error:
            if same:  # what came before is there, whatever is done about this line
                yield _together(same, growing)
                same = []
            bad(error)
            continue
        if row is None:
            continue
        if same and (row.names != same[0].names or len(row.values) != len(same[0].values)):
            yield _together(same, growing)
            same = []
        same.append(row)
    if same:
        yield _together(same, growing)


def _together(rows: Sequence[Row], growing: Growing) -> Rows:
    import numpy as np

    labels = [] if growing.label_name is None else [row.label or "" for row in rows]
    values = np.array([row.values for row in rows], float)
    return Rows(values, rows[0].names, labels, growing.label_name, not growing.is_json)


def _of_text(number: int, line: str, encoding: str) -> str:
    """A line whose bytes are text."""
    if not line.isascii():
        try:
            line.encode()
        except UnicodeEncodeError:
            raise DataError(f"line {number}: it is not {encoding} text") from None
    return line


def _checked(number: int, line: str, text: io.TextIOWrapper) -> str:
    """A whole line of text."""
    if len(line) == _LONGEST_LINE and not line.endswith("\n"):
        while (part := text.readline(_LONGEST_LINE)) and not part.endswith("\n"):
            pass
        raise DataError(f"line {number}: it has more than {_LONGEST_LINE:,} characters")
    return _of_text(number, line, text.encoding)


def _cells(line: int, text: str, delimiter: str) -> list[str]:
    text = text.strip(" ") if delimiter == " " else text
    try:
        for record in csv.reader([text], delimiter=delimiter, strict=True, skipinitialspace=True):
            return [cell.strip() for cell in record] or [""]
    except csv.Error as error:
        raise DataError(f"line {line}: {error}") from None
    return [""]


def _other_width(line: int, width: int, first: int, expected: int) -> str:
    return f"line {line}: {width} cell{'' if width == 1 else 's'} where line {first} has {expected}"


def _has_number(cells: list[str]) -> bool:
    from liveplot_cli.formats.table import is_number

    return any(is_number(cell) or _COMMA_NUMBER.fullmatch(cell) for cell in cells)


def _are_values(cells: list[str], delimiter: str) -> bool:
    """Whether a row holds numbers and dates and no names; a first date may be one that is not read as such."""
    from liveplot_cli.formats.dates import is_date, look_like_dates
    from liveplot_cli.formats.table import is_number

    def is_value(cell: str) -> bool:
        return is_number(cell) or (delimiter != "," and _COMMA_NUMBER.fullmatch(cell) is not None)

    first, *others = cells
    is_label = bool(others) and look_like_dates([first]) and all(map(is_value, others))
    return is_label or all(is_value(cell) or is_date(cell) for cell in cells)
