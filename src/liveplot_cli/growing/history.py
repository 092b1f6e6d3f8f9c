"""A history whose rows are still coming: what there is of it by now, at any time."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from threading import Lock
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from liveplot_cli.errors import DataError, LimitError, UsageError, listed, quoted
from liveplot_cli.formats.dates import are_dates, instants
from liveplot_cli.formats.table import Part, Table, Words
from liveplot_cli.growing.lines import Rows
from liveplot_cli.history import History
from liveplot_cli.selection import Selection, find_column

_log = logging.getLogger(__name__)

_FIRST_ROOM = 1024  # rows
_LEARNING = 1000  # rows, until which it may still turn out what labels them, where nothing has
_FEW = 3  # rows after which a column stays the one that labels them


class SoFar(NamedTuple):
    """The rows that are kept of those that have come, how many came before them, and how often all began anew."""

    history: History
    before: int
    edition: int

    @property
    def end(self) -> int:
        """How many rows have come, those before included."""
        return self.before + len(self.history)


@dataclass(frozen=True)
class _Choice:
    """The column that labels the rows, -1 for their words, None for their numbers; the columns that are drawn."""

    index: int | None
    drawn: list[int]
    columns: list[str]
    index_name: str


@dataclass(frozen=True)
class _Settled:
    """What labels the rows from now on, the columns that are left out beside it, and whether the labels are dates."""

    index: str | None
    beside: set[str | None]
    has_dates: bool


class GrowingHistory:
    """Rows as they come, of which the last `window` are kept, or all.

    Columns that come up later are gaps in the rows before; what labels the rows, as a table's columns do, is settled
    with the first few. It may be added to in one thread and asked in another. With `keeps_endings` those who ask
    are also told what there was of it each time before it began anew. Raises `LimitError` where the rows would take
    more than `most` bytes.
    """

    def __init__(
        self, name: str, selection: Selection, window: int | None = None, *, most: int | None = None,
        keeps_endings: bool = False,
    ) -> None:  # fmt: skip
        self.name = name
        self._selection, self._window, self._most = selection, window, most
        self._lock = Lock()
        self._edition = 0
        self._keeps_endings = keeps_endings
        self._endings: list[SoFar] = []
        self._clear()

    def begin(self) -> None:
        """Begin anew, with no rows."""
        with self._lock:
            ended = self._so_far() if self._keeps_endings else None
            if ended is not None:
                self._endings.append(ended)
            self._edition += 1
            self._clear()

    def _clear(self) -> None:
        self._seen = self._count = self._dropped = 0
        self._columns: list[str] = []
        self._named = True
        self._label_name: str | None = None
        self._labels: list[str] = []
        self._times: NDArray[Any] = np.array([], "M8[us]")
        self._rows = np.empty((_FIRST_ROOM, 0))
        self._choice: _Choice | None = None
        self._settled: _Settled | None = None
        self._is_table = True
        self._told: set[str] = set()

    def __len__(self) -> int:
        """How many rows have come, those included that are kept no longer."""
        return self._dropped + self._count

    def add(self, rows: Rows) -> None:
        """Add rows; of every so many that were asked for, the first."""
        step = self._selection.every
        with self._lock:
            chosen = slice(-self._seen % step, None, step)
            self._seen += len(rows.values)
            values, labels = rows.values[chosen], rows.labels[chosen]
            if not len(values):
                return
            if not self._columns:
                self._named, self._label_name = rows.names is not None, rows.label_name
                self._is_table = rows.is_table
            places = self._places(rows)
            self._make_room(len(values))
            room = self._rows[self._count : self._count + len(values)]
            room[:] = np.nan
            room[:, places] = values
            if self._label_name is not None:
                self._labels += labels or [""] * len(values)
            self._count += len(values)

    def so_far(self) -> SoFar | None:
        """The rows there are, or None as long as there are none but gaps."""
        with self._lock:
            return self._so_far()

    def editions(self) -> list[SoFar]:
        """The rows there were each time before all began anew, told once, and those that there are now, if any."""
        with self._lock:
            ended, self._endings = self._endings, []
            now = self._so_far()
            return ended if now is None else [*ended, now]

    def _so_far(self) -> SoFar | None:
        kept = self._kept
        if not kept:
            return None
        before = len(self) - kept
        rows = self._rows[self._count - kept : self._count]
        words = self._labels[self._count - kept :]
        choice = self._choice or self._chosen(rows, words)
        if choice is None:
            return None
        if kept >= _LEARNING or self._window == kept or (choice.index is not None and kept >= _FEW):
            self._choice = choice
            self._settled = self._settled or self._settle(choice, words)
        labels = self._labelled(choice, rows, words, before)
        is_all = choice.drawn == list(range(len(self._columns)))
        values = rows if is_all else rows[:, choice.drawn]
        try:
            history = History(values, choice.columns, labels, choice.index_name, self.name)
        except DataError:  # all are gaps, for now
            return None
        return SoFar(history, before, self._edition)

    @property
    def _kept(self) -> int:
        return min(self._count, self._window or self._count)

    def _settle(self, choice: _Choice, words: list[str]) -> _Settled:
        """What stays as it is from now on, whatever comes."""
        beside = {*self._columns, self._label_name} - {*choice.columns, choice.index_name}
        index = None if choice.index is None else choice.index_name
        return _Settled(index, beside, choice.index == -1 and are_dates(words))

    def _chosen(self, rows: NDArray[np.float64], words: list[str]) -> _Choice | None:
        """What labels the rows and what is drawn, as of a table of these rows; None as long as that is not there."""
        selection = self._asked_of_known()
        if selection is None:
            return None
        has_words = self._label_name is not None and selection.index != "none"
        names, parts = tuple(self._columns), Part(rows, range(len(rows)))
        if has_words and self._label_name is not None:
            names = (self._label_name, *names)
            words_of_all = {0: Words.of(dict(enumerate(words)))}
            parts = Part(np.insert(rows, 0, np.nan, axis=1), range(len(rows)), words_of_all)
        index, drawn = Table(names, self._named, [parts]).choose(selection)
        if self._settled is not None and not selection.columns:
            drawn = [number for number in drawn if names[number] not in self._settled.beside]
        if has_words and 0 in drawn:
            if selection.columns:
                raise DataError(f"the column {names[0]} holds words, and can't be drawn")
            drawn.remove(0)
        index_name = "row" if index is None or not self._named else names[index]
        shift = int(has_words)
        return _Choice(
            None if index is None else index - shift, [number - shift for number in drawn],
            [names[number] for number in drawn], index_name,
        )  # fmt: skip

    def _asked_of_known(self) -> Selection | None:
        """What is asked for of the columns that there are; None where there is none of them yet.

        Raises `UsageError` where there will be none, as the header of a table says.
        """
        asked = self._selection
        names = [*self._columns, *([] if self._label_name is None else [self._label_name])]
        found = tuple(name for name in asked.columns if _is_among(name, names))
        lacks_index = asked.index not in (None, "none") and not _is_among(str(asked.index), names)
        lacking = [name for name in asked.columns if name not in found] + [str(asked.index)] * lacks_index
        if lacking and self._is_table and (lacks_index or not found):
            find_column(lacking[-1] if lacks_index else lacking[0], names)
        for name in lacking:
            self._tell(name, f"there is no column {quoted(name)} yet; the columns are {listed(names)}")
        if asked.columns and not found:
            return None
        index = "none" if lacks_index else asked.index
        if asked.index is None and self._settled is not None:
            index = self._settled.index or "none"
        return replace(asked, columns=found, index=index)

    def _tell(self, about: str, sentence: str) -> None:
        """Warn once of each thing."""
        if about not in self._told:
            self._told.add(about)
            _log.warning("%s: %s", self.name, sentence)

    def _labelled(self, choice: _Choice, rows: NDArray[np.float64], words: list[str], before: int) -> NDArray[Any]:
        """The labels of rows: their own numbers, a column's numbers, dates or words."""
        if choice.index is None:
            return np.arange(before + 1, before + 1 + len(rows))
        if choice.index < 0:
            has_dates = are_dates(words) if self._settled is None else self._settled.has_dates
            return self._dates(words) if has_dates else np.array(words)
        numbers = rows[:, choice.index]
        if choice.index_name not in self._told and (np.diff(numbers) < 0).any():
            row = before + 2 + int(np.argmax(np.diff(numbers) < 0))
            self._tell(choice.index_name, f"{choice.index_name} goes back in row {row:,}, and the rows are drawn there")
        is_whole = bool((numbers % 1 == 0).all() and (abs(numbers) < 2**53).all())
        return numbers.astype(np.int64) if is_whole else numbers

    def _dates(self, words: list[str]) -> NDArray[Any]:
        """What words mean that are dates, each found once; what is none is no time."""
        new = self._labels[len(self._times) :]
        found = [word if are_dates([word]) else "NaT" for word in new]
        if "NaT" in found:
            self._tell("NaT", f"{quoted(new[found.index('NaT')])} is no date, and its row has no place")
        self._times = np.concatenate([self._times, _instants(found)])
        return self._times[len(self._times) - len(words) :]

    def _places(self, rows: Rows) -> list[int]:
        """Where the columns of rows are among ours, to which those that are new are added."""
        names = rows.names or tuple(map(str, range(rows.values.shape[1])))
        new = [name for name in names if name not in self._columns]
        if new:
            self._columns += new
            self._choice = None
            self._rows = np.concatenate([self._rows, np.full((len(self._rows), len(new)), np.nan)], axis=1)
        if list(names) == self._columns:
            return list(range(len(names)))
        known = {name: place for place, name in enumerate(self._columns)}
        return [known[name] for name in names]

    def _make_room(self, more: int) -> None:
        """Have room for more rows. What has been given out is never written to again: a history stays as it was."""
        if self._count + more <= len(self._rows):
            return
        kept = self._kept
        room = max(_FIRST_ROOM, 2 * (kept + more))
        if self._most is not None and 8 * room * len(self._columns) > self._most:
            raise LimitError(
                f"{self.name}: its {kept + more:,} rows take all the memory they may; keep only the last of them",
                cure=("window", "10000"),
            )
        rows = np.empty((room, len(self._columns)))
        rows[:kept] = self._rows[self._count - kept : self._count]
        gone = self._count - kept
        self._labels, self._times = self._labels[gone:], self._times[gone:]
        self._dropped += gone
        self._rows, self._count = rows, kept


def is_alike(one: SoFar, other: SoFar) -> bool:
    """Whether the rows that two histories both have are the same; the other may have further columns."""
    names = list(other.history.columns)
    if not set(one.history.columns) <= set(names):
        return False
    start = max(one.before, other.before)
    stop = min(so_far.end for so_far in (one, other))
    mine, theirs = (slice(start - so_far.before, max(start, stop) - so_far.before) for so_far in (one, other))
    columns = [names.index(name) for name in one.history.columns]
    return (
        stop > start
        and np.array_equal(one.history.labels[mine], other.history.labels[theirs])
        and np.array_equal(one.history.values[mine], other.history.values[theirs][:, columns], equal_nan=True)
    )


def one_row(history: History) -> History:
    """One of a history's rows that has a value: for what depends on the columns alone."""
    row = int(np.argmax(np.isfinite(history.values).any(axis=1)))
    return history.with_rows(slice(row, row + 1))


def _is_among(name: str, names: list[str]) -> bool:
    try:
        find_column(name, names)
    except UsageError:
        return False
    return True


def _instants(words: list[str]) -> NDArray[Any]:
    try:
        return instants(words)
    except ValueError:  # there is no 31st of June
        return np.concatenate([np.array([], "M8[us]"), *map(_instant, words)])


def _instant(word: str) -> NDArray[Any]:
    try:
        return instants([word])
    except ValueError:
        return np.array(["NaT"], "M8[us]")
