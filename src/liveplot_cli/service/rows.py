"""The rows that a request carries: JSON, JSON lines or CSV, every value checked before any is kept."""

from __future__ import annotations

import csv
import io
import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from liveplot_cli.errors import quoted
from liveplot_cli.service.runs import LONGEST_WORDS, Batch, Quota, RefusedError, Values

MOST_ROWS = 1_000  # of a request
MOST_VALUES = 1_000_000  # likewise: objects with few names each would make a table of almost nothing but gaps
_DEEPEST = 4  # arrays and objects within one another
_NUMBER = re.compile(r"[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d+)?", re.ASCII)
_NO_TEXT = re.compile("[\ud800-\udfff\0]")
_GAPS = frozenset(("", "nan", "NaN", "null", "NA"))
_TYPES = frozenset((int, float, type(None)))
_FIELDS = frozenset(("rows", "seq", "epoch", "columns", "title"))
_STRING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"?', re.DOTALL)
_AS_SQUARE = bytes.maketrans(b"{}", b"[]")
_NO_BRACKETS = bytes(byte for byte in range(256) if byte not in b"[]{}")
_OPENING = ord("[")

Asked = Mapping[str, Any]


def from_json(body: bytes, asked: Asked, quota: Quota) -> Batch:
    """The batch that a JSON object says: `rows`, and perhaps `seq`, `epoch`, `columns` and `title`."""
    plain = _plain(body, quota)
    if plain is not None:
        given, values = plain
        return _named(values, given.pop("columns", ()), {**asked, **given})
    given = parse(body)
    if not isinstance(given, dict):
        raise _malformed("the body is no JSON object with rows")
    unknown = sorted(given.keys() - _FIELDS)
    if unknown:
        raise _malformed(f"there is no field {quoted(unknown[0])}; there are {', '.join(sorted(_FIELDS))}")
    if "rows" not in given:
        raise _malformed("the body has no rows")
    columns = given.get("columns")
    if not isinstance(columns, list | None):
        raise _malformed("columns are no list of names")
    settled = {**asked, **{name: given[name] for name in ("seq", "epoch", "title") if given.get(name) is not None}}
    return _batch(given["rows"], columns or (), settled, quota)


def _plain(body: bytes, quota: Quota) -> tuple[dict[str, Any], Values] | None:
    """The fields but rows, and these, of a body as nearly all are: numbers only, and nothing wrong with it.

    None for any other body, which takes many times as long to read; that way alone says what is wrong.
    """
    import simdjson

    try:
        found: Any = simdjson.Parser().parse(body)
        names = list(found)
        if len(set(names)) < len(names) or not _FIELDS.issuperset(names):  # and so there are few: each is searched for
            return None
        given = {name: found[name] for name in names if name != "rows"}
        rows, columns = found["rows"], given.get("columns")
        if columns is not None:
            given["columns"] = columns.as_list()
        widths = {len(row) for row in rows if isinstance(row, simdjson.Array)}
        numbers = np.array(np.frombuffer(rows.as_buffer(of_type="d")))
        shape = len(rows), *widths
    except (ValueError, TypeError, LookupError, AttributeError, RuntimeError):
        return None
    # The buffer is flat whatever lies in it: there must be no brackets but those of the rows and of the columns.
    brackets = 1 + len(rows) + (columns is not None)
    if body[:1] != b"{" or body.count(b"{") > 1 or body.count(b"[") != brackets or len(shape) != 2:
        return None
    if any(value is None for value in given.values()):
        return None
    if not (0 < shape[0] <= MOST_ROWS and 0 < shape[1] <= quota.width) or numbers.size != shape[0] * shape[1]:
        return None
    return given, numbers.reshape(shape)


def from_lines(body: bytes, asked: Asked, quota: Quota) -> Batch:
    """The batch of JSON lines: each a list of numbers or an object of names and numbers."""
    lines = [line for line in body.split(b"\n") if line.strip()]
    _check_count(len(lines))
    rows = [parse(line) for line in lines]
    if not rows or not all(isinstance(row, dict) for row in rows):
        return _batch(rows, (), asked, quota)
    columns = list(dict.fromkeys(name for row in rows for name in row))
    if len(columns) * len(rows) > MOST_VALUES:
        raise RefusedError("too_large", f"a request takes {MOST_VALUES:,} values, gaps among them")
    return _batch([[row.get(name) for name in columns] for row in rows], columns, asked, quota)


def from_csv(body: bytes, asked: Asked, quota: Quota) -> Batch:
    """The batch of a table with commas; a first line that is not all numbers names the columns."""
    text = io.StringIO(_text(body).removeprefix("\ufeff"), newline="")
    try:
        lines = [line for line in csv.reader(text, strict=True) if line]
    except csv.Error as error:
        raise _malformed(f"the body is no CSV ({error})") from None
    columns: Sequence[str] = ()
    if lines and not all(_is_cell(cell) for cell in lines[0]):
        columns, *lines = lines
    _check_count(len(lines))
    return _batch([_numbers(number, line) for number, line in enumerate(lines)], columns, asked, quota)


READERS: Mapping[str, Callable[[bytes, Asked, Quota], Batch]] = {
    "application/json": from_json,
    "application/x-ndjson": from_lines,
    "text/csv": from_csv,
}


def parse(body: bytes) -> Any:
    """What JSON says: no NaN, no name twice, not too deep.

    Raises `RefusedError`.
    """
    text = _text(body)
    _check_depth(body)
    try:
        return json.loads(text, object_pairs_hook=_once, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:  # an integer of too many digits is one, too
        raise _malformed(f"the body is no JSON ({_brief(error)})") from None


def _text(body: bytes) -> str:
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _malformed(f"the body is no UTF-8 at byte {error.start + 1}") from None


def _check_depth(body: bytes) -> None:
    """Refuse what is too deep before a parser goes down into it."""
    if body.count(b"[") + body.count(b"{") <= _DEEPEST:
        return
    depth = 0
    for bracket in _STRING.sub(b"", body).translate(_AS_SQUARE, _NO_BRACKETS):
        depth += 1 if bracket == _OPENING else -1
        if depth > _DEEPEST:
            raise _malformed(f"the body has more than {_DEEPEST} arrays and objects within one another")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = Counter(name for name, _ in pairs).most_common(1)[0][0]
        raise _malformed(f"the body says {quoted(twice)} twice")
    return found


def _no_constant(name: str) -> float:
    raise _malformed(f"{name} is no JSON; a gap is null")


def _brief(error: Exception) -> str:
    return str(error).partition(";")[0]


def _batch(rows: Any, columns: Iterable[Any], asked: Asked, quota: Quota) -> Batch:
    return _named(_values(rows, quota), columns, asked)


def _named(values: Values, columns: Iterable[Any], asked: Asked) -> Batch:
    names = tuple(words(name, "the name of a column") for name in columns)
    if len(set(names)) < len(names):
        raise _malformed("two columns have the same name")
    if names and len(names) != values.shape[1]:
        raise RefusedError("row_invalid", f"row 0 has {values.shape[1]} values for {len(names)} columns", row=0)
    title = asked.get("title")
    return Batch(
        values,
        names,
        whole(asked.get("seq"), "seq"),
        whole(asked.get("epoch"), "epoch"),
        None if title is None else words(title, "the title"),
        asked.get("key"),
    )


def _values(rows: Any, quota: Quota) -> Values:
    """The rows as a matrix; raises `RefusedError` with the index of the first that is none, and why."""
    if not isinstance(rows, list) or not rows:
        raise _malformed("there are no rows")
    _check_count(len(rows))
    width = len(rows[0]) if isinstance(rows[0], list) else 0
    for number, row in enumerate(rows):
        if not isinstance(row, list):
            raise _invalid(number, "is no list of numbers")
        if not row:
            raise _invalid(number, "has no value")
        if len(row) != width:
            raise _invalid(number, f"has {len(row)} values, and the first {width}")
        if len(row) > quota.width:
            raise _invalid(number, f"has {len(row):,} values, and at most {quota.width:,} are taken")
        if not _TYPES.issuperset(map(type, row)):
            raise _invalid(number, "holds something that is neither a number nor null")
    try:
        values = np.array(rows, dtype=float)
    except OverflowError:  # an integer beyond the largest float
        values = np.array([[np.inf]])
    if np.isinf(values).any():
        raise _invalid(_first_overflow(rows), "holds a number beyond 1.8e308")
    return values


def _check_count(rows: int) -> None:
    if rows > MOST_ROWS:
        raise RefusedError("too_large", f"a request takes {MOST_ROWS:,} rows, and these are {rows:,}")


def _first_overflow(rows: list[list[Any]]) -> int:
    return next(
        number for number, row in enumerate(rows) if any(abs(value or 0) > 1.7976931348623157e308 for value in row)
    )


def _is_cell(cell: str) -> bool:
    return cell.strip() in _GAPS or _NUMBER.fullmatch(cell.strip()) is not None


def _numbers(number: int, line: list[str]) -> list[float | None]:
    if not all(map(_is_cell, line)):
        raise _invalid(number, "holds something that is no number")
    return [None if cell.strip() in _GAPS else float(cell) for cell in line]


def words(text: Any, what: str) -> str:
    """A title or a name: any text that is not too long and holds nothing that is no character."""
    if not isinstance(text, str):
        raise _malformed(f"{what} is no text")
    if not 0 < len(text) <= LONGEST_WORDS and what != "the title":
        raise _malformed(f"{what} has {len(text):,} characters; it takes 1 to {LONGEST_WORDS}")
    if len(text) > LONGEST_WORDS:
        raise _malformed(f"{what} has {len(text):,} characters; it takes {LONGEST_WORDS}")
    if _NO_TEXT.search(text):
        raise _malformed(f"{what} holds half a character, or NUL")
    return text


def whole(number: Any, name: str) -> int | None:
    """A number from 1 on, or None."""
    if number is None:
        return None
    if type(number) is not int or not 1 <= number < 1 << 53:
        raise _malformed(f"{name} is no whole number from 1 on")
    return number


def _invalid(row: int, why: str) -> RefusedError:
    return RefusedError("row_invalid", f"row {row} {why}", row=row)


def _malformed(sentence: str) -> RefusedError:
    return RefusedError("malformed", sentence)
