"""Rows as lines of text that the readers take for the very same: of a table, or of JSON.

It is in a training loop's way, and so does without numpy.
"""

from __future__ import annotations

import csv
import json
import math
import operator
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import cached_property
from typing import Any

from liveplot_cli.errors import DataError, UsageError, listed, quoted

LONGEST_NAME = 1000  # characters
Row = dict[str, Any] | Sequence[Any]  # by names, or by places where there are none
Plain = int | float | str

_LARGE = 1 << 1023  # what no float holds is an infinity to the readers
_NO_WORDS = frozenset(("na", "nan", "inf", "infinity", "true", "false", "none", "null", "n/a", "-", "–", "—", "?"))
_LIKE_A_NUMBER = re.compile(r"[-+−$€£.,]|\d")
_DATE = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
    r"(?:[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6})?)?(?:Z|[+-][0-9]{2}(?::[0-9]{2})?)?)?"
)
# Anything else is quoted. A file that began with an open `GIF8` or `<` would be taken for what it is not.
_UNQUOTED_NAME = re.compile(r"[a-z_][\w/. -]*", re.ASCII)
_UNQUOTED_WORD = re.compile(r"\w[\w:+/. -]*")
_EXCEL = re.compile("sep=.")


@dataclass(frozen=True)
class TableLines:
    """Rows as lines of cells, below a header that the first of them makes; rows without names have none.

    `names` are those of the header, and before there is one those that it will have at least. `begun` says whether
    there has been one, `width` how many values a row has, `labelled` whether the first of them is a text.
    """

    delimiter: str
    names: tuple[str, ...] = ()
    begun: bool = False
    width: int = 0
    labelled: bool | None = None

    def resumed(self, first: str, second: str, last: str) -> TableLines:
        """The same below these lines of a file; raises `DataError` where they are none that were written here."""
        cells, *others = [self._cells(line) for line in (first, second, last) if line]
        named = any(map(_is_word, cells))
        if not named and not all(map(_is_numeric, cells)):
            raise DataError("its first line is neither a header nor a row of numbers")
        if named and ("" in cells or len(set(cells)) < len(cells)):
            raise DataError("its header has columns without a name of their own")
        if any(len(other) != len(cells) for other in others):
            raise DataError(f"its rows are not as wide as its first line, with {len(cells)}")
        if not named and self.names:
            raise DataError("it has no header, and columns can't be named")
        labelled = not _is_numeric(others[0][0]) if named and second else None if named else False
        return TableLines(self.delimiter, tuple(cells) if named else (), True, len(cells), labelled)

    @cached_property
    def _known(self) -> frozenset[str]:
        return frozenset(self.names)

    def new_names(self, row: Row) -> list[str]:
        """Those of a row that the header lacks; raises `UsageError` where they can be no part of it."""
        if not isinstance(row, dict) or (self.begun and row.keys() <= self._known):
            return []
        new = [name for name in row if name not in self._known]
        for name in new:
            check_name(name)
        if self.begun and not self.names:
            raise UsageError("its rows have no names; record lists, or begin it anew with reset=True")
        if self.begun and len(new) == len(row):
            raise UsageError(f"it has no column called {listed(new)}; record to another file, or with reset=True")
        if not any(map(_is_word, [*self.names, *new])):
            told = listed([*self.names, *new])
            raise UsageError(f"a header of {told} would be read as a row; have a name that begins with a letter")
        return new

    def line(self, row: Row, new: Sequence[str]) -> tuple[TableLines, str]:
        """A row's line, and what there is with it; raises `UsageError` for a value that can't be read again."""
        names = (*self.names, *new) if new else self.names
        if isinstance(row, dict):
            values = [_plain(name, row[name]) if name in row else None for name in names]
        else:
            values = [_plain(str(place), value) for place, value in enumerate(row)]
            if self.begun and len(values) != self.width:
                raise UsageError(f"a row has {len(values)} values, and the first had {self.width}")
        labelled = str in map(type, values) and _labelled(
            [place for place, value in enumerate(values) if isinstance(value, str)], 0 if names else None
        )
        if labelled and len(values) == 1:
            raise UsageError("a row of words has no number")
        if self.labelled is not None and labelled != self.labelled:
            raise _mixed(names[0])
        cells = ["" if value is None else _cell(value) if type(value) is str else repr(value) for value in values]
        text = f"{self.delimiter.join(cells)}\n"
        if self.labelled is not None:
            return self, text
        after = TableLines(self.delimiter, names, True, len(values), labelled)
        return after, text if self.begun or not names else self.header(names) + text

    def widened(self, new: Sequence[str]) -> TableLines:
        """The same with more columns on the right."""
        return replace(self, names=(*self.names, *new), width=self.width + len(new))

    def widened_line(self, line: bytes, count: int) -> bytes:
        """A row of the file with so many empty cells more; a blank line and a comment as they are."""
        text = line.rstrip(b"\r\n").lstrip(b" ")
        if not text or text.startswith(b"#"):
            return line
        return text + self.delimiter.encode() * count + b"\n"

    def header(self, names: Sequence[str]) -> str:
        """The line of the names."""
        return self.delimiter.join([name if _UNQUOTED_NAME.fullmatch(name) else _quoted(name) for name in names]) + "\n"

    def _cells(self, line: str) -> list[str]:
        try:
            return [cell.strip() for cell in next(csv.reader([line], delimiter=self.delimiter, strict=True), [""])]
        except csv.Error as error:
            raise DataError(f"its first or last line is none of a table: {error}") from None


@dataclass(frozen=True)
class JsonLines:
    """Rows as lines of JSON, objects or arrays, each with whatever names it has; `names` are for what is in lists.

    `first` is the name of the first column, `labelled` says whether it holds texts.
    """

    names: tuple[str, ...] = ()
    begun: bool = False
    first: str | None = None
    labelled: bool = False
    _keys: dict[str, str] = field(default_factory=dict, repr=False)  # names as they are written, once they have been

    def resumed(self, first: str, _: str, last: str) -> JsonLines:
        """The same below these lines of a file; raises `DataError` where they are none that were written here."""
        try:
            found, _end = (json.loads(line, parse_int=float) for line in (first, last))
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, dict | list) or not found:
            raise DataError("its lines are no JSON objects")
        if isinstance(found, list):
            return JsonLines(self.names, True)
        name, value = next(iter(found.items()))
        return JsonLines(self.names, True, name, isinstance(value, str) and _is_label(value))

    def new_names(self, row: Row) -> list[str]:
        """None are new to a file that has no header; raises `UsageError` for what is no name."""
        if isinstance(row, dict) and not row.keys() <= self._keys.keys():
            for name in row:
                check_name(name)
                self._keys[name] = json.dumps(name)
        return []

    def line(self, row: Row, _: Sequence[str]) -> tuple[JsonLines, str]:
        """A row's line, and what there is with it; raises `UsageError` for a value that can't be read again."""
        first = None
        if isinstance(row, dict):
            values = [_plain(name, value) for name, value in row.items()]
            first = next(iter(row))
        else:
            values = [_plain(str(place), value) for place, value in enumerate(row)]
        first = self.first if self.begun else first
        labelled = str in map(type, values) and _labelled(
            [name for name, value in zip(row, values, strict=True) if isinstance(value, str)], first
        )
        if labelled and len(values) == 1:
            raise UsageError("a row of words has no number")
        if self.begun and labelled != self.labelled:
            raise _mixed(first or "")
        if isinstance(row, dict):
            pairs = [f"{self._keys[name]}: {_json(value)}" for name, value in zip(row, values, strict=True)]
            text = f"{{{', '.join(pairs)}}}\n"
        else:
            text = f"[{', '.join(map(_json, values))}]\n"
        return self if self.begun else JsonLines(self.names, True, first, labelled, self._keys), text


def check_name(name: str) -> None:
    """Raise `UsageError` for a name that would not come back from a file as it was."""
    if not 0 < len(name) <= LONGEST_NAME or not (_is_one_line(name) and _is_encodable(name)) or _EXCEL.fullmatch(name):
        raise UsageError(
            f"{quoted(name)} is no name of a column: it is one line of 1 to {LONGEST_NAME:,} characters, with no space "
            "around them"
        )


def _plain(name: str, value: Any) -> Plain:
    """A value as a number, NaN where it is None, or as the text of a label; raises `UsageError` where it is neither."""
    kind = type(value)
    if kind is float:
        number: Plain = value
    elif kind is int:
        number = value if -_LARGE < value < _LARGE else math.copysign(math.inf, value >= 0 or -1)
    elif value is None:
        number = math.nan
    else:
        number = _converted(name, value)
    return number


def _converted(name: str, value: Any) -> Plain:
    try:
        if isinstance(value, str | date):
            return _label(name, str(value) if isinstance(value, str) else value.isoformat())
        if isinstance(value, bytes | bytearray):
            raise TypeError
        if hasattr(value, "item"):  # of NumPy, PyTorch, JAX
            if getattr(getattr(value, "dtype", None), "kind", "") == "M":  # whose dates may be counted in billionths
                value = value.astype("M8[us]")
            value = value.item()
            return _label(name, value.isoformat()) if isinstance(value, date) else _plain_number(value)
        return _plain_number(value)
    except UsageError:
        raise
    except Exception:
        raise UsageError(f"{quoted(name)} is no number but {quoted(value)}") from None


def _plain_number(value: Any) -> int | float:
    if isinstance(value, str | bytes):
        raise TypeError
    try:
        number = operator.index(value)
    except TypeError:
        return float(value) + 0.0  # a subclass may write itself in another way
    return number if -_LARGE < number < _LARGE else math.copysign(math.inf, number)


def _label(name: str, text: str) -> str:
    if not _is_label(text):
        raise UsageError(
            f"{quoted(name)} is no number, and no label: {quoted(text)}; a date is written as 2024-03-10 or "
            "2024-03-10T23:59, a word begins with a letter"
        )
    return text


def _is_label(text: str) -> bool:
    """Whether the readers take a cell for a date that there is, or for a word, and never for a broken number."""
    if _DATE.fullmatch(text):
        try:
            datetime.fromisoformat(text)
        except ValueError:
            return False
        return True
    return _is_word(text) and len(text) <= LONGEST_NAME and _is_one_line(text) and _is_encodable(text)


def _is_word(text: str) -> bool:
    return text != "" and not _LIKE_A_NUMBER.match(text) and text.lower() not in _NO_WORDS


def _is_one_line(text: str) -> bool:
    return text == text.strip() and len(text.splitlines()) == 1 and "\0" not in text


def _is_encodable(text: str) -> bool:
    """Whether a text has no half of a character, which no file can hold."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _is_numeric(cell: str) -> bool:
    try:
        float(cell or "nan")
    except ValueError:
        return cell == "NA"
    return True


def _labelled(texts: Sequence[object], first: object) -> bool:
    """Whether the first column has a text; raises `UsageError` where any other has one."""
    if any(place != first for place in texts):
        raise UsageError("a text or a date is read as the label of its row, and can be the first value of it only")
    return bool(texts)


def _mixed(first: str) -> UsageError:
    return UsageError(f"the first column, {quoted(first)}, has a text or a date in every row, or in none")


def _cell(text: str) -> str:
    return text if _UNQUOTED_WORD.fullmatch(text) else _quoted(text)


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def _json(value: Plain) -> str:
    """JSON has no word for what is no number: null is a gap, and so is the text that loggers write for an infinity."""
    if isinstance(value, str):
        return json.dumps(value)
    if value - value == 0:
        return repr(value)
    return "null" if value != value else '"Infinity"' if value > 0 else '"-Infinity"'  # noqa: PLR0124 - NaN alone is not


def names_of(columns: Iterable[object]) -> tuple[str, ...]:
    """The names of columns, each checked; raises `UsageError` where one is none or comes twice."""
    names = tuple(str(name) for name in columns)
    for name in names:
        check_name(name)
    if len(set(names)) < len(names):
        raise UsageError("two columns have one name")
    return names
