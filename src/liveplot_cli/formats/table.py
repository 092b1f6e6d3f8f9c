"""A table that was read from text: numbers, the words among them, and which of its columns labels the rows."""

from __future__ import annotations

import logging
import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from liveplot_cli.errors import DataError, listed, quoted
from liveplot_cli.formats.dates import are_dates, instants, is_date, is_real, look_like_dates
from liveplot_cli.history import History, check_width
from liveplot_cli.row_file import Numbers
from liveplot_cli.selection import Selection, find_column

NUMBER = re.compile(r"[+-]?(?:(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|[iI]nf(?:inity)?)")
GAPS = frozenset(("", "NA", "nan", "NaN"))
# 1,5 and 50% and 1_000 and True are broken numbers and no words; 31.12.2023 and 10.0.0.1 are no numbers.
_ALMOST = re.compile(r"[-+−$€£]?\d[\d.,_'\s]*%?|[-+]?0x[0-9a-f]+|true|false|none|null|n/a|[-–—?]", re.IGNORECASE)
_DOTTED = re.compile(r"(?!\d{1,3}(?:\.\d{3})+$)\d{1,4}(?:\.\d{1,4}){2,}(?:\s.*)?")
_COUNTER = re.compile(
    "_?(global_?)?steps?|epochs?|iter(ation)?s?|batch|round|frame|generation|index|"
    "_?(date)?time|_?timestamp|date|year|month|week|day|hour",
    re.IGNORECASE,
)
# What counts in a first column: of whole numbers, or of times in fractions, all of them different.
_FIRST_COUNTER = re.compile(
    "i|n|id|idx|row|game|match|match_?day|game_?week|season|quarter|trial|episode|sample|tick|cycle",
    re.IGNORECASE,
)
_FIRST_TIME = re.compile("t|seconds?|minutes?", re.IGNORECASE)
_OF_ANYTHING = frozenset(("i", "n", "id", "idx", "index", "row"))  # counters whose names do not say what they count
_FEWEST_COUNTED = 3  # rows: that two numbers are 1 and 2 says nothing
_BETWEEN = "\0"  # words that are kept as one text: it takes a sixth of the memory, and none of them holds a NUL

_log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Words:
    """Cells of one column that are no numbers, and the rows they stand in."""

    rows: NDArray[np.int64]
    joined: str

    @staticmethod
    def of(cells: Mapping[int, str]) -> Words:
        """The words by their rows, which rise."""
        return Words(np.fromiter(cells, np.int64, len(cells)), _BETWEEN.join(cells.values()))

    def __iter__(self) -> Iterator[str]:
        return iter(self.joined.split(_BETWEEN))


@dataclass(frozen=True, eq=False)
class Part:
    """Consecutive rows: their numbers, shape (rows, columns), NaN for a gap or a word, the words, the rows' lines."""

    numbers: Numbers
    lines: Sequence[int] | NDArray[np.int64]
    words: Mapping[int, Words] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Table:
    """Columns with names, in parts of consecutive rows.

    `named` says whether the names are the file's own; else they are the columns' numbers from 0. Of a table that was
    turned, `turned` says which column of the file, from 0, each row was, and the parts' lines are those of its columns.
    """

    names: tuple[str, ...]
    named: bool
    parts: list[Part]
    turned: Sequence[int] | None = None

    def __len__(self) -> int:
        return sum(len(part.numbers) for part in self.parts)

    def history(self, selection: Selection, name: str, allow: Callable[[int], object]) -> History:
        """The table as a history; a first column of dates or names, or a rising one called step or the like, labels it.

        `allow` is told how many bytes the labels take, and raises where they are too many. Raises `DataError` naming
        line and column of a cell that is no number. The table is empty afterwards.
        """
        index, drawn = self.choose(selection)
        if index is not None:
            taken = {index, *drawn}
            left = [other for number, other in enumerate(self.names) if number not in taken]
            also = f"; not drawn: {listed(left)}" if left else ""
            _log.info("%s: the column %s labels the rows%s", name, quoted(self.names[index]), also)
        for column in drawn:
            self._refuse_words(column, index)
        columns = [self.names[number] for number in drawn]
        if index is None and selection.index is None and not selection.columns:
            self._tell_counting(name)
        if index is None:
            return History(self._taken(drawn), columns)
        labels = self._labels(index, allow)
        if labels.dtype.kind == "U" and look_like_dates(labels):
            _log.warning(
                "%s: the labels look like dates but are read as words, and rows are drawn equally far apart; "
                "write dates as 2024-03-10",
                name,
            )
        return History(self._taken(drawn), columns, labels, self._name_of(index, labels))

    def choose(self, selection: Selection) -> tuple[int | None, list[int]]:
        """The column that labels the rows, if one does, and those that are drawn, by their numbers."""
        index = self._index(selection)
        drawn = [find_column(column, self.names) for column in selection.columns] or self._drawn(index, selection)
        if not drawn:
            raise DataError("there is no column beside the index")
        return index, drawn

    def _name_of(self, index: int, labels: NDArray[Any]) -> str:
        """What the labels are called. The corner of a header that was turned names what is below it, now the columns.

        It names the header itself where it is the name of a counter: `year` before 1990 and 1995.
        """
        if not self.named:
            return "row"
        name = self.names[index]
        of_the_labels = labels.dtype.kind != "U" and name.lower() not in _OF_ANYTHING and _is_counter(name)
        return name if self.turned is None or index or of_the_labels else ""

    def _taken(self, drawn: Sequence[int]) -> Numbers:
        """The numbers of some columns, shape (rows, columns), taken out of the parts one by one to save memory."""
        values = np.empty((len(self), len(drawn)))
        start = 0
        self.parts.reverse()
        while self.parts:
            numbers = self.parts.pop().numbers
            whole = len(drawn) == numbers.shape[1] and list(drawn) == list(range(len(drawn)))
            np.copyto(values[start : start + len(numbers)], numbers if whole else numbers[:, drawn])
            start += len(numbers)
        return values

    def _index(self, selection: Selection) -> int | None:
        if selection.index == "none":
            return None
        return self._likely_index() if selection.index is None else find_column(selection.index, self.names)

    def _likely_index(self) -> int | None:
        """The column that looks like the rows' labels: a first one of dates or words, or the finest of the counters."""
        if len(self.names) == 1:
            return None
        if self._is_worded_throughout(0):
            words = self._words(0)
            if are_dates(words) or not any(map(_is_almost_a_number, words)):
                return 0
        if self.turned is not None and self.named and _never_falls(self._column(0)):
            return 0  # what was the header
        counters = self._counters()
        return max(counters, key=lambda number: len(np.unique(self._column(number))), default=None)

    def _counters(self) -> list[int]:
        """The columns named like a counter whose numbers never fall; last a first one that only counts there."""
        counters = [
            number
            for number, name in enumerate(self.names)
            if _COUNTER.fullmatch(name) and not self._has_words(number) and _never_falls(self._column(number))
        ]
        if 0 not in counters and not self._has_words(0) and _counts_first(self.names[0], self._column(0)):
            counters.append(0)
        return counters

    def _tell_counting(self, name: str) -> None:
        """Say that a first column holds the rows' numbers and is drawn, for it has no counter's name."""
        if not self.named or len(self.names) == 1 or len(self) < _FEWEST_COUNTED or self._has_words(0):
            return
        numbers = self._column(0)
        if numbers[0] in (0, 1) and (numbers == numbers[0] + np.arange(len(numbers))).all():
            column = quoted(self.names[0])
            _log.warning(
                "%s: the first column, %s, counts the rows and is drawn as data; -x %s makes it the index",
                name, column, column,
            )  # fmt: skip

    def _drawn(self, index: int | None, selection: Selection) -> list[int]:
        """All columns but the index; one found by itself takes the other counters with it, an epoch beside a step."""
        counters = set(self._counters()) if selection.index is None and index is not None else set()
        if index not in counters:
            counters = set()
        return [number for number in range(len(self.names)) if number != index and number not in counters]

    def _column(self, number: int) -> Numbers:
        return np.concatenate([part.numbers[:, number] for part in self.parts])

    def _has_words(self, column: int) -> bool:
        return any(column in part.words for part in self.parts)

    def _is_worded_throughout(self, column: int) -> bool:
        return all(column in part.words and len(part.words[column].rows) == len(part.numbers) for part in self.parts)

    def _words(self, column: int) -> list[str]:
        return [word for part in self.parts if column in part.words for word in part.words[column]]

    def _labels(self, column: int, allow: Callable[[int], object]) -> NDArray[Any]:
        """A column's cells as labels, shape (rows,): dates or numbers where all are, else words."""
        numbers = self._column(column) + 0.0  # no label is -0, which a block that is read at once does not know
        if not self._has_words(column):
            if np.isnan(numbers).any():
                return _texts([_written(number) for number in numbers], allow)
            whole = np.isfinite(numbers).all() and (numbers % 1 == 0).all() and (abs(numbers) < 2**53).all()
            return numbers.astype(np.int64) if whole else numbers
        if self._is_worded_throughout(column):
            words = self._words(column)
            return self._dates(words, column) if are_dates(words) else _texts(words, allow)
        cells = [_written(number) for number in numbers]
        start = 0
        for part in self.parts:
            if column in part.words:
                for row, word in zip(part.words[column].rows, part.words[column], strict=True):
                    cells[start + row] = word
            start += len(part.numbers)
        return _texts(cells, allow)

    def _dates(self, words: Sequence[str], column: int) -> NDArray[Any]:
        try:
            return instants(words)
        except ValueError:
            row = next(row for row, word in enumerate(words) if not is_real(word))
            raise DataError(f"{self._place(row, column)}: there is no date {quoted(words[row])}") from None

    def _refuse_words(self, column: int, index: int | None) -> None:
        """Raise `DataError` for the first cell that is no number, and name the columns that hold numbers alone."""
        start = 0
        for part in self.parts:
            if column in part.words:
                words = part.words[column]
                raise self._not_a_number(start + int(words.rows[0]), next(iter(words)), column, index)
            start += len(part.numbers)

    def _not_a_number(self, row: int, cell: str, column: int, index: int | None) -> DataError:
        if self.named and cell == self.names[column]:
            return DataError(f"{self._place(row, column)}: the header is repeated here; keep it on the first line only")
        usable = (
            name
            for number, name in enumerate(self.names)
            if number != index and "," not in name and not self._has_words(number)
        )
        names = list(islice(usable, 8))
        cure = ("columns", ",".join(names)) if names else None
        return DataError(f"{self._place(row, column)}: {quoted(cell)} is not a number", cure=cure)

    def _place(self, row: int, column: int) -> str:
        if self.turned is not None:
            return f"line {self._line(column)}, column {self.turned[row] + 1} ({quoted(self.names[column])})"
        return f"line {self._line(row)}, column {column + 1} ({quoted(self.names[column])})"

    def _line(self, number: int) -> int:
        for part in self.parts:
            if number < len(part.lines):
                return int(part.lines[number])
            number -= len(part.lines)
        raise IndexError(number)


def widened(parts: Sequence[Part], width: int) -> list[Part]:
    """Parts of fewer columns with gaps in those that came up later."""
    wide = []
    for part in parts:
        numbers = part.numbers
        if numbers.shape[1] < width:
            numbers = np.full((len(numbers), width), np.nan)
            numbers[:, : part.numbers.shape[1]] = part.numbers
        wide.append(Part(numbers, part.lines, part.words))
    return wide


def turned(table: Table, header: bool | None) -> Table:
    """A table that has no header as if its columns were its rows, whose first may be a header: by itself if it names.

    Columns of words beside the first are left out, and told. Raises `DataError` where nothing is left below the header.
    """
    check_width(len(table))
    numbers = np.concatenate([part.numbers for part in table.parts])
    lines = np.concatenate([np.asarray(part.lines, np.int64) for part in table.parts])
    cells = _words_by_row(table)
    if header is None:
        first = {row: words[0] for row, words in cells.items() if 0 in words}
        header = _names_columns(first, numbers) or _counts_columns(numbers)
    kept: Sequence[int] = range(int(header), numbers.shape[1])
    worded = _columns_of_words(cells, numbers)
    if worded:
        told = listed(table.names[column] if table.named else cells[0][column] for column in sorted(worded))
        _log.warning("columns of words are left out: %s", told)
        kept = [column for column in kept if column not in worded]
    if not header:
        names = tuple(str(number) for number in range(len(numbers)))
    elif not kept:
        raise DataError("there is a header but no row of numbers below it")
    else:
        names = unique([cells.get(row, {}).pop(0, _written(numbers[row, 0])) for row in range(len(numbers))])
    words = {}
    for row, found in cells.items():
        left = {bisect_left(kept, column): word for column, word in found.items() if column not in worded}
        if left:
            words[row] = Words.of(left)
    rows = numbers[:, kept] if worded else numbers[:, header:]
    return Table(names, header, [Part(np.ascontiguousarray(rows.T), lines, words)], turned=kept)


def _columns_of_words(cells: Mapping[int, Mapping[int, str]], numbers: Numbers) -> frozenset[int]:
    """The columns beside the first that hold words and gaps alone, below a word; none where there are no others."""
    worded: dict[int, bool] = {}
    for column, word in chain.from_iterable(found.items() for row, found in cells.items() if row):
        worded[column] = worded.get(column, True) and not _is_almost_a_number(word)
    named = [column for column, word in cells.get(0, {}).items() if column and not is_date(word)]
    found = [column for column in named if worded.get(column)]
    empty: NDArray[np.bool_] = np.all(np.isnan(numbers[1:, found]), axis=0)
    alone = frozenset(column for column, is_empty in zip(found, empty.tolist(), strict=True) if is_empty)
    return alone if len(alone) < numbers.shape[1] - 1 else frozenset()


def _names_columns(words: Mapping[int, str], numbers: Numbers) -> bool:
    """Whether a first column, of which these rows are words, names what will be columns.

    It does not where its only word is the first: that is its own name, like those of the columns beside it, and what is
    below are numbers like theirs; unless it is the name of a counter.
    """
    if list(words) == [0] and len(numbers) > 1:
        below = numbers[1:, 0]
        return (_COUNTER.fullmatch(words[0]) is not None and _never_falls(below)) or _counts_first(words[0], below)
    return not are_dates(words.values())


def _words_by_row(table: Table) -> dict[int, dict[int, str]]:
    """The words of each row that has any, by their columns."""
    cells: dict[int, dict[int, str]] = {}
    start = 0
    for part in table.parts:
        for column, words in sorted(part.words.items()):
            for row, word in zip(words.rows.tolist(), words, strict=True):
                cells.setdefault(start + row, {})[column] = word
        start += len(part.numbers)
    return cells


def _counts_columns(numbers: Numbers) -> bool:
    """Whether the first column of numbers counts the rows below a nameless index, as pandas writes it."""
    first = numbers[:, 0]
    return bool(
        np.isnan(first[0]) and (first[1:] == np.arange(len(first) - 1)).all() and not np.isnan(numbers[0, 1:]).any()
    )


def unique(names: Sequence[str]) -> tuple[str, ...]:
    """The names, the second `loss` as `loss (2)`; a nameless column has its number, the first is pandas' index."""
    seen: Counter[str] = Counter()
    taken = set(names)
    distinct = []
    for number, cell in enumerate(names):
        name = cell or (str(number) if number else "index")
        seen[name] += 1
        while seen[name] > 1 and f"{name} ({seen[name]})" in taken:
            seen[name] += 1
        distinct.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return tuple(distinct)


def is_number(cell: str) -> bool:
    """Whether a cell is a number or a gap."""
    return cell in GAPS or NUMBER.fullmatch(cell) is not None


def _is_almost_a_number(cell: str) -> bool:
    return _ALMOST.fullmatch(cell) is not None and _DOTTED.fullmatch(cell) is None


def _texts(cells: Sequence[str], allow: Callable[[int], object]) -> NDArray[np.str_]:
    """The cells as an array, each of which takes as much memory as the longest."""
    allow(len(cells) * max(map(len, cells)) * np.dtype("U1").itemsize)
    return np.array(cells)


def _written(number: float) -> str:
    return "" if np.isnan(number) else f"{number:.12g}"


def _is_counter(name: str) -> bool:
    return any(pattern.fullmatch(name) for pattern in (_COUNTER, _FIRST_COUNTER, _FIRST_TIME))


def _counts_first(name: str, numbers: Numbers) -> bool:
    """Whether numbers rise from row to row under a name that a first column of counters has."""
    if len(numbers) > 1 and not (numbers[:-1] < numbers[1:]).all():
        return False
    if _FIRST_TIME.fullmatch(name):
        return bool(np.isfinite(numbers).all())
    return _FIRST_COUNTER.fullmatch(name) is not None and bool((numbers % 1 == 0).all())


def _never_falls(numbers: Numbers) -> bool:
    """Whether numbers rise, at times by nothing, as loggers repeat a step, and none is missing."""
    if np.isnan(numbers).any():
        return False
    return bool((len(numbers) == 1 or numbers[0] < numbers[-1]) and (numbers[:-1] <= numbers[1:]).all())
