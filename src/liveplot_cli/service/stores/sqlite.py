"""Runs in one SQLite file: one writer, which commits what came in together with one flush to the disk."""

from __future__ import annotations

import json
import logging
import os
import queue
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from liveplot_cli.errors import quoted
from liveplot_cli.service import sqlite_file, stores
from liveplot_cli.service.reserve import Reserve
from liveplot_cli.service.runs import (
    Appended,
    Batch,
    Quota,
    RefusedError,
    Run,
    Values,
    admit,
    answered,
    begun_anew,
    check_epoch,
    check_room,
    digest,
    forgotten,
    no_run,
    packed,
    unpacked,
)

_RUN = "key, name, title, columns, epoch, rows, low, low_row, high, high_row, created, updated, deleted"
_TOGETHER = 256  # requests in one commit
_LEAST_PAGES = 32  # of 4 kB, which the widest row takes; with fewer the store counts as full
_TIDIED_IN_LITTLE_ROOM = 100  # rows in one commit
_PAGES_TO_FREE = 256  # that the store may take above its bound to delete what lies below it
IDLE = 1.0  # seconds from one tidying to the next
_READERS = 2
_AT_ONCE = 500  # numbers in one question
_FULL = frozenset((sqlite3.SQLITE_FULL, sqlite3.SQLITE_TOOBIG))
# A write that failed at once was undone, and can be done again; of a failed flush nobody knows what it has lost.
_LOST = frozenset((sqlite3.SQLITE_IOERR_FSYNC, sqlite3.SQLITE_IOERR_DIR_FSYNC))
_LONGEST_LOG = 24 << 20  # bytes of what is not yet in its place
_LOOKS = 0.25  # seconds from one look at that to the next

_log = logging.getLogger(__name__)

_Task = Callable[[], Any]


@dataclass(frozen=True)
class _Asked:
    """Work for the writer, and whoever waits for it."""

    task: _Task
    future: Future[Any]
    frees: bool = False  # it makes room


class Sqlite:
    """A store in a file, which only one process may have open."""

    def __init__(self, path: Path, quota: Quota) -> None:
        self._path, self._quota = path, quota
        self._lock = sqlite_file.lock(path)
        try:
            self._writing = sqlite_file.opened(path, quota)
            self._identity = sqlite_file.identity(path)
        except BaseException:
            sqlite_file.unlock(self._lock)
            raise
        self._most_pages = self._pragma("max_page_count")
        self._reserve = Reserve(path.with_name(f"{path.name}.reserve"))
        self._reserve.keep()
        self._is_full = False
        self._untidied = ""  # why, as it was last told
        self._told: list[stores.Told] = []
        self._known: dict[str, Run] = {}
        self._changed: set[str] = set()
        self._broken = ""
        self._closing = False
        self._look_at = 0.0
        self._asked: queue.SimpleQueue[_Asked | None] = queue.SimpleQueue()
        self._readers = ThreadPoolExecutor(_READERS, "liveplot-read")
        self._reading = threading.local()
        self._connections: list[sqlite3.Connection] = []
        self._writer = threading.Thread(target=self._write, name="liveplot-write", daemon=True)
        self._writer.start()

    def append(self, name: str, batch: Batch) -> Future[Appended]:
        return self._ask(lambda: self._append(name, batch))

    def reset(self, name: str, epoch: int | None) -> Future[int]:
        return self._ask(lambda: self._reset(name, epoch), frees=True)

    def delete(self, name: str) -> Future[None]:
        return self._ask(lambda: self._delete(name), frees=True)

    def run(self, name: str) -> Future[Run]:
        return self._read(lambda reading: _run(reading, name))

    def runs(self) -> Future[Sequence[Run]]:
        question = f"SELECT {_RUN} FROM runs WHERE NOT deleted ORDER BY updated DESC, name"
        return self._read(lambda reading: [_from_row(row) for row in reading.execute(question).fetchall()])

    def rows(self, run: Run, numbers: Sequence[int]) -> Future[Values]:
        return self._read(lambda reading: _rows(reading, run, numbers))

    def check(self) -> Future[None]:
        return self._ask(self._check)

    def listen(self, told: stores.Told) -> None:
        self._told.append(told)

    def backup(self, path: Path) -> Future[None]:
        """Write a copy of the whole store, as it stands at one moment, to a path where there is nothing."""
        return stores.submitted(self._readers, lambda: _copy(self._path, path))

    def close(self) -> None:
        if self._closing:
            return
        self._closing = True
        self._asked.put(None)
        self._writer.join()
        while not self._asked.empty():  # what came while the end was told
            late = self._asked.get()
            if late is not None and late.future.set_running_or_notify_cancel():
                late.future.set_exception(stores.draining())
        self._readers.shutdown()
        for connection in self._connections:
            connection.close()
        self._writing.close()
        sqlite_file.unlock(self._lock)

    def _read(self, task: Callable[[sqlite3.Connection], Any]) -> Future[Any]:
        return stores.submitted(self._readers, lambda: self._in_reader(task))

    def _ask(self, task: _Task, *, frees: bool = False) -> Future[Any]:
        future: Future[Any] = Future()
        if self._closing:
            future.set_exception(stores.draining())
            return future
        self._asked.put(_Asked(task, future, frees))
        return future

    def _write(self) -> None:
        """The writer's life: wait for work, take what else has come, commit it as one; and tidy now and then."""
        goes_on, tidy_at = True, 0.0
        while goes_on:
            try:
                first = self._asked.get(timeout=max(0.0, tidy_at - time.monotonic()))
            except queue.Empty:
                pass
            else:
                if first is None:
                    return
                asked, goes_on = self._taken(first)
                self._commit(asked)
                self._shorten_log()
            if time.monotonic() >= tidy_at:
                more = self._tidy() and self._asked.empty()
                tidy_at = 0.0 if more else time.monotonic() + IDLE

    def _shorten_log(self) -> None:
        """Begin the log again where readers, of whom there is always one, have kept SQLite from it.

        They are waited for a moment only: whoever copies the store reads for long.
        """
        if self._broken or time.monotonic() < self._look_at:
            return
        self._look_at = time.monotonic() + _LOOKS
        if self._log_size() < _LONGEST_LOG:
            return
        try:
            self._writing.execute("PRAGMA busy_timeout = 50")
            self._writing.execute("PRAGMA wal_checkpoint(RESTART)").close()
            self._writing.execute("PRAGMA busy_timeout = 5000")
        except sqlite3.Error as error:
            self._refused(error)

    def _log_size(self) -> int:
        try:
            return self._path.with_name(f"{self._path.name}-wal").stat().st_size
        except OSError:
            return 0

    def _taken(self, first: _Asked) -> tuple[list[_Asked], bool]:
        asked = [first]
        while len(asked) < _TOGETHER:
            try:
                further = self._asked.get_nowait()
            except queue.Empty:
                break
            if further is None:
                return asked, False
            asked.append(further)
        return asked, True

    def _commit(self, asked: Sequence[_Asked]) -> None:
        """Do all that was asked in one transaction, and answer when it is on the disk.

        A task that is refused has changed nothing, and the others go on; a fault of the disk undoes all of them. Where
        there is no room for all, each is tried by itself.
        """
        found = self._tried([one.task for one in asked], frees=all(one.frees for one in asked))
        if _has_no_room(found) and len(asked) > 1:
            for one in asked:
                self._commit([one])
            return
        answers = found if isinstance(found, list) else [found] * len(asked)
        changed = sorted(self._changed)
        self._changed.clear()
        for one, answer in zip(asked, answers, strict=True):
            if not one.future.set_running_or_notify_cancel():
                continue
            if isinstance(answer, BaseException):
                one.future.set_exception(answer)
            else:
                one.future.set_result(answer)
        for name in changed:
            stores.tell(self._told, name)

    def _tried(self, tasks: Sequence[_Task], *, frees: bool = False) -> list[Any] | Exception:
        """What came of all tasks in one transaction, or the fault that undid them.

        What makes room is tried again with that which was kept for it.
        """
        found = self._together(tasks)
        if _has_no_room(found):
            self._is_full = True
            if frees:
                with self._more_room():
                    found = self._together(tasks)
        return found

    def _together(self, tasks: Sequence[_Task]) -> list[Any] | Exception:
        try:
            with self._transaction():
                return [self._done(task) for task in tasks]
        except Exception as error:  # the writer outlives whatever happens to what it writes
            if not isinstance(error, RefusedError):
                _log.exception("the store's writer met a bug")
            self._known.clear()
            self._changed.clear()
            return error

    @contextmanager
    def _more_room(self) -> Iterator[None]:
        """Within the block there is more room, on the disk and below the store's bound."""
        self._reserve.give()
        with suppress(sqlite3.Error):
            self._writing.execute("PRAGMA wal_checkpoint(PASSIVE)").close()  # after which the log may begin anew
            self._writing.execute(f"PRAGMA max_page_count = {self._most_pages + _PAGES_TO_FREE}").close()
        try:
            yield
        finally:
            with suppress(sqlite3.Error):
                self._writing.execute(f"PRAGMA max_page_count = {self._most_pages}").close()

    @staticmethod
    def _done(task: _Task) -> Any:
        try:
            return task()
        except RefusedError as refusal:
            return refusal

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """What is done in the block is on the disk when it ends, or it never was."""
        self._broken = self._broken or self._why_gone()
        if self._broken:
            raise RefusedError("broken", self._broken)
        try:
            self._writing.execute("BEGIN IMMEDIATE")
            yield
            self._writing.execute("COMMIT")
        except sqlite3.Error as error:
            self._undo()
            raise self._refused(error) from error
        except BaseException:
            self._undo()
            raise

    def _why_gone(self) -> str:
        """What there is to say where others find no file under its name, or another: what is stored would be lost."""
        try:
            is_there = sqlite_file.identity(self._path) == self._identity
        except OSError:
            is_there = False
        if is_there:
            return ""
        _log.error("the store %s has been removed or replaced", quoted(self._path))
        return "the store's file has been removed or replaced; nothing more is stored until the server starts again"

    def _undo(self) -> None:
        try:
            if self._writing.in_transaction:
                self._writing.execute("ROLLBACK")
        except sqlite3.Error as error:
            _log.error("the store could not undo what was not finished: %s", error)

    def _refused(self, error: sqlite3.Error) -> RefusedError:
        """What a fault of the disk means: a full one may be emptied; one that lost a write is not asked again."""
        code = getattr(error, "sqlite_errorcode", 0)
        if code in _FULL:
            return RefusedError("full", f"{self._what_is_full()}; nothing of this request was stored")
        if code in _LOST or code & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
            # A second flush of pages that the first has lost says that all is well ("fsyncgate").
            self._broken = (
                f"the store's disk has failed ({error}); nothing more is stored until the server starts again"
            )
            _log.error("%s", self._broken)
            return RefusedError("broken", self._broken)
        return RefusedError("broken", f"the store cannot be written now ({error})")

    def _append(self, name: str, batch: Batch) -> Appended:
        run = self._present(name) or self._made(name)
        if batch.key is not None and batch.seq is None and run.key:
            found = self._answered(run, batch)
            if found is not None:
                return found
        grown, new = admit(run, batch, lambda numbers: _rows(self._writing, run, numbers), self._quota)
        now = time.time()
        if len(new):
            grown = self._kept(replace(grown, updated=now))
            self._writing.executemany(
                'INSERT INTO rows (run, epoch, seq, "values", received) VALUES (?, ?, ?, ?, ?)',
                [(grown.key, grown.epoch, run.next_seq + place, row, now) for place, row in enumerate(packed(new))],
            )
        appended = Appended(grown.epoch, len(new), len(batch.values) - len(new), grown.next_seq)
        if batch.key is not None and batch.seq is None:
            self._writing.execute(
                "INSERT INTO requests VALUES (?, ?, ?, ?, ?)",
                (grown.key, batch.key, digest(batch), json.dumps(vars(appended)), now),
            )
        return appended

    def _answered(self, run: Run, batch: Batch) -> Appended | None:
        """The answer that a request of this key has had."""
        found = self._first("SELECT digest, answer FROM requests WHERE run = ? AND key = ?", run.key, batch.key)
        return None if found is None else answered(batch, *found)

    def _reset(self, name: str, epoch: int | None) -> int:
        run = self._there(name)
        check_epoch(run, epoch)
        self._end_epoch(run)
        return self._kept(begun_anew(run, time.time())).epoch

    def _delete(self, name: str) -> None:
        run = self._there(name)
        self._end_epoch(run)
        self._kept(forgotten(run, time.time()))

    def _end_epoch(self, run: Run) -> None:
        self._writing.execute("INSERT INTO stale VALUES (?, ?, ?)", (run.key, run.epoch, time.time()))

    def _check(self) -> None:
        """Write, as a row would be, what stands there already."""
        self._writing.execute(f"PRAGMA user_version = {sqlite_file.VERSION}")
        if not self._has_pages():
            raise RefusedError("full", self._what_is_full())

    def _what_is_full(self) -> str:
        with suppress(sqlite3.Error):
            if not self._has_pages():
                return "the store has reached its bound (--max-store), and a run must be deleted"
        return "the disk is full"

    def _has_pages(self) -> bool:
        """Whether there is room for a row below the store's bound."""
        used = self._pragma("page_count") - self._pragma("freelist_count")
        return self._most_pages - used >= _LEAST_PAGES

    def _pragma(self, name: str) -> int:
        return int(self._first(f"PRAGMA {name}")[0])

    def _made(self, name: str) -> Run:
        """A run that is not there, or not any more; kept with its first rows."""
        count = self._first("SELECT count(*) FROM runs WHERE NOT deleted")[0]
        check_room(count, self._quota)
        former = self._known.get(name)
        now = time.time()
        return replace(former, deleted=False, created=now) if former else Run(0, name, created=now)

    def _there(self, name: str) -> Run:
        run = self._present(name)
        if run is None:
            raise no_run(name)
        return run

    def _present(self, name: str) -> Run | None:
        if name not in self._known:
            found = self._first(f"SELECT {_RUN} FROM runs WHERE name = ?", name)
            if found is None:
                return None
            self._known[name] = _from_row(found)
        run = self._known[name]
        return None if run.deleted else run

    def _kept(self, run: Run) -> Run:
        """The run, written down."""
        facts = [run.name, run.title, json.dumps(run.columns), run.epoch, run.rows, run.low, run.low_row]
        facts += [run.high, run.high_row, run.created, run.updated, run.deleted]
        if run.key:
            self._writing.execute(
                "UPDATE runs SET name = ?, title = ?, columns = ?, epoch = ?, rows = ?, low = ?, low_row = ?, high = ?,"
                " high_row = ?, created = ?, updated = ?, deleted = ? WHERE key = ?",
                (*facts, run.key),
            )
        else:
            inserted = self._writing.execute(
                "INSERT INTO runs (name, title, columns, epoch, rows, low, low_row, high, high_row, created, updated,"
                " deleted) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                facts,
            )
            run = replace(run, key=inserted.lastrowid or 0)
        self._known[run.name] = run
        self._changed.add(run.name)
        return run

    def _tidy(self) -> bool:
        """Remove some of the rows whose epoch is over, and answers that nobody will ask for again; whether any were."""
        now = time.time()
        try:
            # Whoever still reads what is over must do without it where others have no room.
            due = self._first(
                "SELECT run, epoch FROM stale WHERE since < ? LIMIT 1", now - (0 if self._is_full else stores.KEPT)
            )
            outdated = self._first("SELECT 1 FROM requests WHERE at < ? LIMIT 1", now - stores.REMEMBERED)
        except sqlite3.Error as error:
            return self._cannot_tidy(error)
        if self._broken or not (due or outdated):
            self._is_full = False
            self._reserve.keep()
            return False
        found = self._tried([lambda: self._sweep(due, now)], frees=True)
        if isinstance(found, Exception):
            return self._cannot_tidy(found)
        self._untidied = ""
        return True

    def _cannot_tidy(self, error: Exception) -> bool:
        if self._untidied != str(error):
            self._untidied = str(error)
            _log.warning("the store cannot be tidied (%s)", error)
        return False

    def _sweep(self, due: tuple[int, int] | None, now: float) -> None:
        self._writing.execute("DELETE FROM requests WHERE at < ?", (now - stores.REMEMBERED,))
        if due and not self._purged(*due):
            self._writing.execute("DELETE FROM stale WHERE run = ? AND epoch = ?", due)

    def _first(self, question: str, *asked: object) -> Any:
        return self._writing.execute(question, asked).fetchone()

    def _purged(self, run: int, epoch: int) -> int:
        """Delete some rows of an epoch; how many there were. What is deleted stands in the log for a while."""
        most = _TIDIED_IN_LITTLE_ROOM if self._is_full else stores.TIDIED
        return self._writing.execute(
            "DELETE FROM rows WHERE run = ? AND epoch = ? AND seq <="
            " (SELECT min(seq) + ? FROM rows WHERE run = ? AND epoch = ?)",
            (run, epoch, most - 1, run, epoch),
        ).rowcount

    def _in_reader(self, task: Callable[[sqlite3.Connection], Any]) -> Any:
        connection = getattr(self._reading, "connection", None)
        try:
            if connection is None:
                connection = self._reading.connection = sqlite_file.reading(self._path)
                self._connections.append(connection)
            return task(connection)
        except sqlite3.Error as error:
            raise RefusedError("broken", f"the store cannot be read now ({error})") from error


def _has_no_room(found: object) -> bool:
    return isinstance(found, RefusedError) and found.code == "full"


def _run(reading: sqlite3.Connection, name: str) -> Run:
    found = reading.execute(f"SELECT {_RUN} FROM runs WHERE name = ? AND NOT deleted", (name,)).fetchone()
    if found is None:
        raise no_run(name)
    return _from_row(found)


def _from_row(row: Sequence[Any]) -> Run:
    key, name, title, columns, epoch, rows, low, low_row, high, high_row, created, updated, deleted = row
    low, high = (np.nan if extreme is None else extreme for extreme in (low, high))  # SQLite keeps no NaN
    names = tuple(json.loads(columns))
    return Run(
        key, name, title, names, epoch, rows, low, low_row, high, high_row, created, updated, bool(deleted)
    )  # fmt: skip


def _rows(connection: sqlite3.Connection, run: Run, numbers: Sequence[int]) -> Values:
    found: list[bytes] = []
    if isinstance(numbers, range) and numbers.step == 1:
        question = 'SELECT "values" FROM rows WHERE run = ? AND epoch = ? AND seq BETWEEN ? AND ? ORDER BY seq'
        found = [row for (row,) in connection.execute(question, (run.key, run.epoch, numbers.start, numbers.stop - 1))]
    else:
        for start in range(0, len(numbers), _AT_ONCE):
            asked = numbers[start : start + _AT_ONCE]
            places = ", ".join("?" * len(asked))
            question = f'SELECT "values" FROM rows WHERE run = ? AND epoch = ? AND seq IN ({places}) ORDER BY seq'
            found += [row for (row,) in connection.execute(question, (run.key, run.epoch, *asked))]
    if len(found) != len(numbers):
        raise RefusedError("stale_epoch", f"the run {run.name} was begun anew meanwhile", epoch=run.epoch + 1)
    return unpacked(found, len(run.columns))


def _copy(path: Path, where: Path) -> None:
    try:
        with closing(sqlite_file.reading(path)) as connection:
            connection.execute("PRAGMA query_only = OFF")  # it is meant for the copy, too
            connection.execute("VACUUM INTO ?", (str(where),))
        with where.open("rb") as copy:  # SQLite leaves the flush to the system
            os.fsync(copy.fileno())
    except (sqlite3.Error, OSError) as error:
        raise RefusedError("broken", f"the store cannot be copied to {quoted(where)} ({error})") from error
