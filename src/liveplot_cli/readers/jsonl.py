"""JSON lines, https://jsonlines.org: an object or an array of numbers on each line, as training loggers write them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar

from liveplot_cli.errors import DataError, quoted
from liveplot_cli.formats.text import Text

# What does the work is imported where it is used: the command line reads this file for its help, which comes at once.
if TYPE_CHECKING:
    import json

    from liveplot_cli.formats.table import Part
    from liveplot_cli.formats.text_blocks import Block
    from liveplot_cli.history import History
    from liveplot_cli.input import Input
    from liveplot_cli.selection import Selection

# How loggers write a number that JSON has no word for.
_NO_NUMBERS = frozenset(("NaN", "nan", "Infinity", "-Infinity", "inf", "-inf", "NA", ""))
_LONGEST_NAME = 1000  # characters: an object's own name stands before each name within it


@dataclass(frozen=True)
class Jsonl(Text):
    """An object of names and numbers on each line, or an array of numbers."""

    suffixes: ClassVar[tuple[str, ...]] = (".jsonl", ".ndjson")

    @classmethod
    def recognizes(cls, start: bytes) -> bool:
        """Whether a file may be one, by its first bytes."""
        return start.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] in (b"{", b"[")

    def read(self, source: Input, selection: Selection) -> History:
        """The lines as the rows of a history, whose columns are all the names there are, in the order they come up.

        A name that a line lacks, and null, is a gap; an object within an object has names such as `loss.train`. Raises
        `DataError` naming the line that is no JSON and the value that is no number.
        """
        from liveplot_cli.formats import table
        from liveplot_cli.formats.text_blocks import blocks

        names: dict[str, int] = {}
        parts: list[Part] = []
        count = 0
        for block in blocks(source, self.encoding, finished=not self.tail_ok):
            lines, rows = _rows(block, names)
            count += len(rows)
            # Before they are made: each line may bring names of its own.
            source.allow(count * len(names) * 8 + sum(map(len, names)))
            if rows:
                parts.append(_part(lines, rows, len(names)))
        if not parts:
            raise DataError("there is no data in the file")
        named = not all(name.isdigit() for name in names)
        found = table.Table(tuple(names), named, table.widened(parts, len(names)))
        found = table.turned(found, None) if selection.transpose else found
        return found.history(selection, source.name, source.allow)


def _rows(block: Block, names: dict[str, int]) -> tuple[list[int], list[dict[int, float | str]]]:
    """The lines of a block that hold anything, and their values by column; a name that is new gets the next one."""
    lines, rows = [], []
    for line, text in enumerate(block.data.splitlines(), block.line):
        if text.strip():
            lines.append(line)
            rows.append({names.setdefault(name, len(names)): value for name, value in named_values(text, line)})
    return lines, rows


def _part(lines: list[int], rows: list[dict[int, float | str]], width: int) -> Part:
    import numpy as np

    from liveplot_cli.formats.table import Part, Words

    numbers = np.full((len(rows), width), np.nan)
    words: dict[int, dict[int, str]] = {}
    for row, cells in enumerate(rows):
        for column, value in cells.items():
            if isinstance(value, str):
                words.setdefault(column, {})[row] = value
            else:
                numbers[row, column] = value
    return Part(numbers, lines, {column: Words.of(found) for column, found in words.items()})


def named_values(text: bytes, line: int) -> list[tuple[str, float | str]]:
    """The names of a line and their numbers, or texts where they are none."""
    import json

    try:
        record = _decoder().decode(text.removeprefix(b"\xef\xbb\xbf").decode())
        if isinstance(record, list):
            record = {str(number): value for number, value in enumerate(record)}
        if not isinstance(record, dict):
            raise DataError(f"line {line}: {quoted(text.decode())} is neither an object nor an array")
        _refuse_rows(record, line)
        values = [(name, _value(value)) for name, value in _flat(record, line)]
    except json.JSONDecodeError as error:
        raise DataError(f"line {line}: this is no JSON ({error.msg} at character {error.pos + 1})") from None
    except RecursionError:
        raise DataError(f"line {line}: this is no JSON (too deep)") from None
    if not values:
        raise DataError(f"line {line}: there is no value in it")
    if len(dict(values)) < len(values):
        raise DataError(f"line {line}: two of its values have one name")
    return values


def _refuse_rows(record: dict[str, Any], line: int) -> None:
    """Raise `DataError` for a line that holds many rows or columns, as pandas writes JSON by itself."""
    inner = [value for value in record.values() if isinstance(value, dict)]
    numbered = all(name.isdigit() for name in record) or all(name.isdigit() for one in inner for name in one)
    if len(inner) == len(record) > 1 and numbered:
        raise DataError(
            f"line {line}: it holds several rows; put each on a line of its own, as pandas' lines=True does"
        )


@cache
def _decoder() -> json.JSONDecoder:
    """What takes numbers of more figures than Python takes for an int, made once: it costs more than a line."""
    import json

    return json.JSONDecoder(parse_int=float)


def _flat(record: dict[str, Any], line: int, prefix: str = "") -> Iterator[tuple[str, Any]]:
    if len(prefix) > _LONGEST_NAME:
        raise DataError(f"line {line}: a name has more than {_LONGEST_NAME:,} characters")
    for name, value in record.items():
        if isinstance(value, dict):
            yield from _flat(value, line, f"{prefix}{name}.")
        else:
            yield prefix + name, value


def _value(value: Any) -> float | str:
    if isinstance(value, float | bool):
        return float(value)
    if value is None or (isinstance(value, str) and value in _NO_NUMBERS):
        return float("nan")
    return value.replace("\0", "\N{REPLACEMENT CHARACTER}") if isinstance(value, str) else "[…]"
