"""Runs: what is kept of them, what a request may add to them, and what is refused."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any

import numpy as np
from numpy.typing import NDArray

from liveplot_cli.errors import LiveplotError, quoted

Values = NDArray[np.float64]  # shape (rows, columns); a gap is NaN

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
LONGEST_WORDS = 200  # characters of a title or of a column's name

STATUSES = {
    "malformed": 400,
    "unauthorized": 401,
    "forbidden": 403,
    "not_found": 404,
    "too_slow": 408,
    "gap": 409,
    "overlap": 409,
    "conflict": 409,
    "stale_epoch": 409,
    "columns": 409,
    "too_large": 413,
    "media_type": 415,
    "range": 416,
    "misdirected": 421,
    "row_invalid": 422,
    "key_reused": 422,
    "too_many": 429,
    "broken": 503,
    "draining": 503,
    "version": 505,
    "full": 507,
}


class RefusedError(LiveplotError):
    """A request that is refused: a word for programs, a sentence for people, and facts that help to go on."""

    def __init__(self, code: str, sentence: str, **facts: object) -> None:
        super().__init__(sentence)
        self.code = code
        self.facts = facts

    @property
    def status(self) -> int:
        """The HTTP status that says so."""
        return STATUSES[self.code]


@dataclass(frozen=True)
class Quota:
    """The most that is kept."""

    runs: int = 1_000
    rows: int = 1_000_000  # of a run
    width: int = 10_000  # values of a row
    bytes: int = 10 << 30  # of a store that is a file


@dataclass(frozen=True)
class Run:
    """A run as it stands: row `seq` of `epoch` has the number seq, from 1 on, and there are `rows` of them.

    `low` and `high` are the smallest and the largest value so far, in the rows `low_row` and `high_row`; NaN and 0
    while there is none. Times are seconds since 1970.
    """

    key: int  # the store's own
    name: str
    title: str = ""
    columns: tuple[str, ...] = ()
    epoch: int = 1
    rows: int = 0
    low: float = np.nan
    low_row: int = 0
    high: float = np.nan
    high_row: int = 0
    created: float = 0.0
    updated: float = 0.0
    deleted: bool = False

    @property
    def next_seq(self) -> int:
        """The number of the row that comes next."""
        return self.rows + 1


@dataclass(frozen=True)
class Batch:
    """Rows that a request would add.

    `seq` is the number of the first of them, None for whichever comes next. `key` identifies a request without one.
    """

    values: Values
    columns: tuple[str, ...] = ()
    seq: int | None = None
    epoch: int | None = None
    title: str | None = None
    key: str | None = None


@dataclass(frozen=True)
class Appended:
    """What became of a batch."""

    epoch: int
    stored: int
    duplicates: int
    next_seq: int


def check_name(name: str) -> str:
    """The name of a run, which is one; raises `RefusedError`."""
    if not _NAME.fullmatch(name):
        raise RefusedError(
            "malformed",
            f"{quoted(name)} is no name of a run: 1 to 128 letters, digits, dots, dashes and underscores, the first of"
            " them a letter or a digit",
        )
    return name


def check_epoch(run: Run, epoch: int | None) -> None:
    """Raise `RefusedError` where a request is meant for another epoch than the run is in."""
    if epoch is not None and epoch != run.epoch:
        raise RefusedError(
            "stale_epoch", f"the run {run.name} is in epoch {run.epoch} and not {epoch}", epoch=run.epoch
        )


def no_run(name: str) -> RefusedError:
    """What is said of a run that is not there."""
    return RefusedError("not_found", f"there is no run {quoted(name)}")


def check_room(count: int, quota: Quota) -> None:
    """Raise `RefusedError` where there are as many runs as are taken."""
    if count >= quota.runs:
        raise RefusedError("too_many", f"there are {count:,} runs, and no more are taken; delete one")


def begun_anew(run: Run, now: float = 0.0) -> Run:
    """The run without rows, in its next epoch; its columns stay."""
    return Run(run.key, run.name, run.title, run.columns, run.epoch + 1, created=run.created, updated=now)


def forgotten(run: Run, now: float = 0.0) -> Run:
    """The run that is no more, of which only the epoch is known that one of its name would begin in."""
    return replace(begun_anew(run, now), title="", columns=(), deleted=True)


def digest(batch: Batch) -> bytes:
    """What tells a batch from another under the same key."""
    facts = json.dumps([batch.columns, batch.epoch, batch.title, batch.values.shape])
    return sha256(facts.encode() + np.ascontiguousarray(batch.values, "<f8").tobytes()).digest()


def answered(batch: Batch, digested: bytes, answer: str) -> Appended:
    """The answer, kept as JSON, that a request of this batch's key has had; raises `RefusedError` if it was another."""
    if digested != digest(batch):
        raise RefusedError("key_reused", "the Idempotency-Key was used for other rows")
    return Appended(**json.loads(answer))


def admit(run: Run, batch: Batch, stored: Callable[[range], Values], quota: Quota) -> tuple[Run, Values]:
    """The run as it will be, and those rows of the batch that are new: all of them, or none that is there already.

    `stored(numbers)` reads rows that are there. Raises `RefusedError`.
    """
    check_epoch(run, batch.epoch)
    grown = replace(run, columns=_columns(run, batch), title=run.title if batch.title is None else batch.title)
    count = len(batch.values)
    first = run.next_seq if batch.seq is None else batch.seq
    if first > run.next_seq:
        raise RefusedError("gap", f"row {run.next_seq} comes next, and not {first}", expected=run.next_seq)
    if first + count <= run.next_seq:
        _check_same(run, first, batch.values, stored(range(first, first + count)))
        return run, batch.values[:0]  # whatever columns the run has got since
    if first < run.next_seq:
        raise RefusedError(
            "overlap", f"rows {first} to {run.rows} are there already, and those after them are not",
            expected=run.next_seq,
        )  # fmt: skip
    width = batch.values.shape[1]
    if width != len(batch.columns or grown.columns):
        raise RefusedError("row_invalid", f"row 0 has {width} values, and the run {len(grown.columns)} columns", row=0)
    if run.rows + count > quota.rows:
        raise RefusedError("full", f"a run takes {quota.rows:,} rows, and {run.name} has {run.rows:,}")
    return _with_extremes(replace(grown, rows=run.rows + count), first, batch.values), batch.values


def _columns(run: Run, batch: Batch) -> tuple[str, ...]:
    """The names of the columns with those that the batch adds; they are settled by the first row."""
    if not run.columns:
        return batch.columns or tuple(map(str, range(batch.values.shape[1])))
    if batch.columns[: len(run.columns)] != run.columns and run.columns[: len(batch.columns)] != batch.columns:
        raise RefusedError(
            "columns", f"the columns of the run {run.name} are others, and only further ones can be added to them",
            columns=list(run.columns),
        )  # fmt: skip
    return max(run.columns, batch.columns, key=len)


def _check_same(run: Run, first: int, values: Values, stored: Values) -> None:
    """Refuse rows that are there with other values: a retry sends the same again."""
    if not np.array_equal(widened(values, stored.shape[1]), widened(stored, values.shape[1]), equal_nan=True):
        raise RefusedError(
            "conflict", f"rows {first} to {first + len(values) - 1} are there with other values", expected=run.next_seq
        )


def _with_extremes(run: Run, first: int, values: Values) -> Run:
    """The run with its smallest and largest value brought up to date."""
    smallest, largest = float(np.fmin.reduce(values, axis=None)), float(np.fmax.reduce(values, axis=None))
    if math.isnan(smallest):  # there is nothing but gaps
        return run
    width = values.shape[1]
    if not run.low <= smallest:
        run = replace(run, low=smallest, low_row=first + int(np.nanargmin(values)) // width)
    if not run.high >= largest:
        run = replace(run, high=largest, high_row=first + int(np.nanargmax(values)) // width)
    return run


def widened(values: Values, width: int) -> Values:
    """Rows with gaps at their ends, where they have fewer than so many values."""
    lacking = width - values.shape[1]
    return np.pad(values, ((0, 0), (0, lacking)), constant_values=np.nan) if lacking > 0 else values


def packed(values: Values) -> list[bytes]:
    """Each row as it is stored: little-endian float64."""
    return [row.tobytes() for row in np.ascontiguousarray(values, "<f8")]


def unpacked(rows: Sequence[bytes], width: int) -> Values:
    """Stored rows as a matrix; one that was stored before the run had all its columns has gaps there."""
    size = 8 * width
    gaps = np.full(width, np.nan, "<f8").tobytes()
    joined = b"".join(row if len(row) == size else row + gaps[len(row) :] for row in rows)
    return np.frombuffer(joined, "<f8").reshape(len(rows), width).astype(float, copy=False)


def as_lists(values: Values) -> list[list[float | None]]:
    """Rows as JSON has them: a gap is null, for NaN is no JSON."""
    rows: list[list[Any]] = values.tolist()
    if not np.isfinite(values).all():
        rows = [[value if value - value == 0 else None for value in row] for row in rows]
    return rows
