"""Runs in a PostgreSQL database, which any number of servers on any number of hosts may share."""

from __future__ import annotations

import json
import logging
import os
import selectors
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from hashlib import sha256
from typing import Any

import psycopg
from psycopg import conninfo

from liveplot_cli.errors import MissingError
from liveplot_cli.service import stores
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

VERSION = 1
HEARTBEAT = 10.0  # seconds, after which whoever hears nothing asks whether the database is there, and tidies
_WRITERS, _READERS = 4, 2
_ATTEMPTS = 3
_PAUSE = 1.0  # seconds, in which a database that was away is not asked for again
_CHANNEL = "liveplot"
_LOCK = 0x4C504C54  # LPLT, the advisory lock of whoever makes the schema or a run
_DISK_FULL = "53100"
_BEATEN = frozenset(("40001", "40P01"))  # by another transaction, and sure to have done nothing
_GOING = frozenset(("57P01", "57P02", "57P03", "57P05"))  # the server ends the connection, or is not up yet
_NOW = "extract(epoch FROM clock_timestamp())::float8"  # the hosts' clocks differ, so that only the database's counts
_SCHEMA = f"""
CREATE TABLE liveplot_runs (
  key bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text COLLATE "C" NOT NULL UNIQUE, title text NOT NULL,
  columns text NOT NULL, epoch bigint NOT NULL, rows bigint NOT NULL, low float8 NOT NULL, low_row bigint NOT NULL,
  high float8 NOT NULL, high_row bigint NOT NULL, created float8 NOT NULL, updated float8 NOT NULL,
  deleted boolean NOT NULL
);
CREATE TABLE liveplot_rows (
  run bigint NOT NULL, epoch bigint NOT NULL, seq bigint NOT NULL, packed bytea NOT NULL,
  received timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (run, epoch, seq)
);
ALTER TABLE liveplot_rows ALTER COLUMN packed SET STORAGE EXTERNAL;
CREATE TABLE liveplot_requests (
  run bigint NOT NULL, key bytea NOT NULL, digest bytea NOT NULL, answer text NOT NULL,
  at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (run, key)
);
CREATE INDEX liveplot_requests_at ON liveplot_requests (at);
CREATE TABLE liveplot_stale (
  run bigint NOT NULL, epoch bigint NOT NULL, since timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (run, epoch)
);
CREATE TABLE liveplot_version (version integer NOT NULL);
INSERT INTO liveplot_version VALUES ({VERSION});
"""
# A row is acknowledged when it is on the disk, whatever the database's own setting; one that waits for the standby to
# have applied it waits for the disk, too. A server that hangs lets go of the runs it has locked.
_SESSION = """
SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') <> 'remote_apply';
SET client_encoding = 'UTF8';
SET lock_timeout = '20s';
SET idle_in_transaction_session_timeout = '10s';
"""
_RUN = "key, name, title, columns, epoch, rows, low, low_row, high, high_row, created, updated, deleted"
_AWAY = "the database cannot be reached now; nothing of this request was stored, or all of it"

_log = logging.getLogger(__name__)

_Connection = psycopg.Connection[tuple[Any, ...]]
_Task = Callable[[_Connection], Any]


class Postgres:
    """A store in a database.

    A run's row in `liveplot_runs` is locked by whoever changes the run, until the change is committed: so rows have one
    order, whichever server they come to. Each commit notifies every server's listener.
    """

    def __init__(self, address: str, quota: Quota) -> None:
        self._quota = quota
        self._conninfo, self._password = _complete(address)
        self._own = threading.local()
        self._open: set[_Connection] = set()
        self._told: list[stores.Told] = []
        self._away = False
        self._away_until = 0.0
        self._closing = False
        self._beat_at = time.monotonic() + HEARTBEAT
        listening = self._prepared()
        self._writers = ThreadPoolExecutor(_WRITERS, "liveplot-write")
        self._readers = ThreadPoolExecutor(_READERS, "liveplot-read")
        self._woken, self._waker = os.pipe()
        self._listener = threading.Thread(target=self._hear, args=(listening,), name="liveplot-listen", daemon=True)
        self._listener.start()

    def append(self, name: str, batch: Batch) -> Future[Appended]:
        return self._write(partial(self._append, name=name, batch=batch))

    def reset(self, name: str, epoch: int | None) -> Future[int]:
        return self._write(partial(_reset, name=name, epoch=epoch))

    def delete(self, name: str) -> Future[None]:
        return self._write(partial(_delete, name=name))

    def run(self, name: str) -> Future[Run]:
        return self._read(partial(_run, name=name))

    def runs(self) -> Future[Sequence[Run]]:
        question = f"SELECT {_RUN} FROM liveplot_runs WHERE NOT deleted ORDER BY updated DESC, name"
        return self._read(lambda reading: [_from_row(row) for row in reading.execute(question)])

    def rows(self, run: Run, numbers: Sequence[int]) -> Future[Values]:
        return self._read(partial(_rows, run=run, numbers=numbers))

    def check(self) -> Future[None]:
        return self._write(_check)

    def listen(self, told: stores.Told) -> None:
        self._told.append(told)

    def close(self) -> None:
        if self._closing:
            return
        self._closing = True
        self._writers.shutdown()
        self._readers.shutdown()
        os.write(self._waker, b"!")
        self._listener.join()
        for connection in list(self._open):
            self._let_go(connection)
        os.close(self._waker)
        os.close(self._woken)

    def _write(self, task: _Task) -> Future[Any]:
        return stores.submitted(self._writers, partial(self._in_transaction, task))

    def _read(self, task: _Task) -> Future[Any]:
        return stores.submitted(self._readers, partial(self._done, task))

    def _in_transaction(self, task: _Task) -> Any:
        """What a task answers, when what it did is on the disk."""

        def all_of_it(connection: _Connection) -> Any:
            connection.execute("BEGIN ISOLATION LEVEL READ COMMITTED")
            answer = task(connection)
            try:
                connection.execute("COMMIT")
            except psycopg.Error as error:
                raise _UnknownError(error) from error
            return answer

        return self._done(all_of_it)

    def _done(self, task: _Task) -> Any:
        """What a task answers.

        It is done again where the database's restart or another transaction has surely undone it: before COMMIT was
        sent, all that was done ends with the connection. COMMIT is never sent twice, for if its answer is lost, so is
        whether it was done. Then the request is refused with a fault that passes (503), and whoever made it repeats it:
        a repetition with `seq` finds its rows there or not, one with a key finds its answer there or not, and while the
        first is still being committed, the run is locked. Only rows without either could be stored twice.
        """
        for attempt in range(1, _ATTEMPTS + 1):
            connection = self._connection()
            try:
                return task(connection)
            except psycopg.Error as error:
                self._undo(connection, error)
                if attempt == _ATTEMPTS or not (connection.closed or error.sqlstate in _BEATEN):
                    raise self._refused(error) from error
            except _UnknownError as unknown:
                self._undo(connection, unknown.fault)
                raise self._refused(unknown.fault) from unknown
            except BaseException:
                self._undo(connection)
                raise
        raise AssertionError

    def _connection(self) -> _Connection:
        """This thread's own connection; raises `RefusedError` while there is none to be had."""
        connection: _Connection | None = getattr(self._own, "connection", None)
        if connection is not None and not connection.closed:
            return connection
        if time.monotonic() < self._away_until:
            raise RefusedError("broken", _AWAY)
        try:
            self._own.connection = connection = self._connected()
        except psycopg.Error as error:
            self._away_until = time.monotonic() + _PAUSE
            raise self._refused(error) from error
        return connection

    def _connected(self) -> _Connection:
        connection: _Connection = psycopg.connect(self._conninfo, autocommit=True)
        try:
            connection.execute(_SESSION)
        except BaseException:
            connection.close()
            raise
        self._open.add(connection)
        if self._away:
            self._away = False
            _log.warning("the database is there again")
        return connection

    def _let_go(self, connection: _Connection) -> None:
        connection.close()
        self._open.discard(connection)

    def _undo(self, connection: _Connection, error: psycopg.Error | None = None) -> None:
        """Take back what was not committed; a connection that can't, or that is being ended, is let go of."""
        if connection.closed or (error is not None and error.sqlstate in _GOING):
            self._let_go(connection)
            return
        try:
            if connection.info.transaction_status != psycopg.pq.TransactionStatus.IDLE:
                connection.execute("ROLLBACK")
        except psycopg.Error:
            self._let_go(connection)

    def _refused(self, error: psycopg.Error) -> RefusedError:
        """What a fault of the database means to whoever asked; what it was is for the log."""
        if error.sqlstate == _DISK_FULL:
            return RefusedError("full", "the database's disk is full; nothing of this request was stored")
        lost = isinstance(error, psycopg.OperationalError | psycopg.InterfaceError) and error.sqlstate is None
        if lost or error.sqlstate in _GOING or (error.sqlstate or "").startswith("08"):
            if not self._away:
                self._away = True
                _log.warning("the database cannot be reached: %s", self._said(error))
            return RefusedError("broken", _AWAY)
        _log.error("the database refused: %s", self._said(error))
        if error.sqlstate == "25006":
            return RefusedError("broken", "the database can only be read now; nothing of this request was stored")
        return RefusedError("broken", f"the database cannot do this now (SQLSTATE {error.sqlstate})")

    def _said(self, error: psycopg.Error) -> str:
        """A fault as one line, without the password."""
        line = " ".join(str(error).split())
        return (line.replace(self._password, "…") if self._password else line)[:200]

    def _append(self, connection: _Connection, name: str, batch: Batch) -> Appended:
        run = _locked(connection, name) or self._made(connection, name)
        key = sha256(batch.key.encode()).digest() if batch.key is not None and batch.seq is None else None
        if key is not None and run.key:
            question = "SELECT digest, answer FROM liveplot_requests WHERE run = %s AND key = %s"
            found = connection.execute(question, (run.key, key)).fetchone()
            if found is not None:
                return answered(batch, *found)
        grown, new = admit(run, batch, lambda numbers: _rows(connection, run, numbers), self._quota)
        if len(new):
            grown = _kept(connection, grown)
            # One statement for all of them: the time that a run is locked is that of the way there and back.
            connection.execute(
                "INSERT INTO liveplot_rows (run, epoch, seq, packed) SELECT %s, %s, %s + place, packed"
                " FROM unnest(%b::bytea[]) WITH ORDINALITY AS added (packed, place)",
                (grown.key, grown.epoch, run.rows, packed(new)),
            )
        appended = Appended(grown.epoch, len(new), len(batch.values) - len(new), grown.next_seq)
        if key is not None:
            connection.execute(
                "INSERT INTO liveplot_requests (run, key, digest, answer) VALUES (%s, %s, %s, %s)",
                (grown.key, key, digest(batch), json.dumps(vars(appended))),
            )
        return appended

    def _made(self, connection: _Connection, name: str) -> Run:
        """A run that is not there, or not any more; kept with its first rows.

        Whoever makes one has the others wait: they find it there, and runs are counted one after another.
        """
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
        former = _locked(connection, name, deleted=True)
        if former is not None and not former.deleted:
            return former
        question = "SELECT count(*) FROM liveplot_runs WHERE NOT deleted"
        check_room(_first(connection, question), self._quota)
        return replace(former, deleted=False, created=0.0) if former else Run(0, name)

    def _prepared(self) -> _Connection:
        """A connection that listens, to a database with the tables of this version; raises `MissingError`."""
        try:
            connection = self._connected()
        except psycopg.Error as error:
            raise MissingError(f"the database cannot be reached: {self._said(error)}") from None
        try:
            _prepare(connection)
            connection.execute(f"LISTEN {_CHANNEL}")
        except psycopg.Error as error:
            self._let_go(connection)
            raise MissingError(f"the database cannot be used: {self._said(error)}") from None
        except BaseException:
            self._let_go(connection)
            raise
        return connection

    def _hear(self, connection: _Connection | None) -> None:
        """The listener's life; where its connection is lost it makes another at once, and then now and then."""
        while not self._closing:
            try:
                connection = connection or self._listening_again()
                self._heard(connection)
            except psycopg.Error as error:
                self._refused(error)
                if connection is not None:
                    self._let_go(connection)
                    connection = None
                else:
                    self._waited(None, _PAUSE)

    def _listening_again(self) -> _Connection:
        """A connection that listens, after an absence: of all that may have been changed meanwhile is told."""
        connection = self._connected()
        try:
            connection.execute(f"LISTEN {_CHANNEL}")
            for (name,) in connection.execute("SELECT name FROM liveplot_runs").fetchall():
                stores.tell(self._told, name)
        except BaseException:
            self._let_go(connection)
            raise
        return connection

    def _heard(self, connection: _Connection) -> None:
        """Tell of changes as long as there are any, or until it is time to see whether the database is there."""
        self._waited(connection, max(0.0, self._beat_at - time.monotonic()))
        if self._closing:
            return
        if time.monotonic() >= self._beat_at:
            self._beat_at = time.monotonic() + HEARTBEAT
            connection.execute("SELECT 1")
            self._tidy()
        for notice in connection.notifies(timeout=0):
            stores.tell(self._told, notice.payload)

    def _waited(self, connection: _Connection | None, seconds: float) -> None:
        """Wait for news of the database, or the end of this store."""
        with selectors.DefaultSelector() as selector:
            selector.register(self._woken, selectors.EVENT_READ)
            if connection is not None:
                selector.register(connection.fileno(), selectors.EVENT_READ)
            selector.select(seconds)

    def _tidy(self) -> None:
        """Remove what nobody will ask for again, a little at a time, in turn with whatever else is written."""

        def then(tidied: Future[bool]) -> None:
            if tidied.exception() is None and tidied.result():
                self._tidy()

        self._write(_tidied).add_done_callback(then)


class _UnknownError(Exception):
    """COMMIT was sent, and whether it was done is not known."""

    def __init__(self, fault: psycopg.Error) -> None:
        super().__init__(str(fault))
        self.fault = fault


def _complete(address: str) -> tuple[str, str]:
    """The address with what it and the environment leave open, and the password in it; raises `MissingError`."""
    try:
        given = conninfo.conninfo_to_dict(address)
    except psycopg.Error:  # its words hold a part of the address, and so perhaps of the password
        raise MissingError(
            "the database's address is none; it looks like postgresql://user:password@host:5432/database"
        ) from None
    # A host that is gone without a word is found out by the system, and not after hours.
    open_: dict[str, Any] = {"fallback_application_name": "liveplot", "keepalives_idle": 10, "keepalives_interval": 5}
    open_ |= {"keepalives_count": 3, "tcp_user_timeout": 20_000}
    if "PGCONNECT_TIMEOUT" not in os.environ:
        open_["connect_timeout"] = 5
    return conninfo.make_conninfo("", **(open_ | given)), str(given.get("password") or "")


def _prepare(connection: _Connection) -> None:
    """Make the tables, where there are none; whoever starts at the same time waits for them."""
    if _first(connection, "SHOW server_encoding") != "UTF8":
        raise MissingError("the database does not keep UTF-8; make one with CREATE DATABASE … ENCODING 'UTF8'")
    for setting in ("fsync", "full_page_writes"):
        if _first(connection, f"SHOW {setting}") != "on":
            _log.warning("the database runs with %s = off: a power cut may cost it rows, or all it holds", setting)
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
        if _first(connection, "SELECT to_regclass('liveplot_version')") is None:
            connection.execute(_SCHEMA)
        version = _first(connection, "SELECT version FROM liveplot_version")
    if version > VERSION:
        raise MissingError(
            f"the database was written by a later liveplot (version {version} of the store, and this knows {VERSION});"
            " update liveplot"
        )


def _tidied(connection: _Connection) -> bool:
    """Remove some of the rows whose epoch is over, and of the answers; whether there may be more.

    Whichever server comes first does it; the others pass over what it has locked.
    """
    connection.execute(
        "DELETE FROM liveplot_requests WHERE (run, key) IN (SELECT run, key FROM liveplot_requests"
        " WHERE at < now() - make_interval(secs => %s) LIMIT %s FOR UPDATE SKIP LOCKED)",
        (stores.REMEMBERED, stores.TIDIED),
    )
    due = connection.execute(
        "SELECT run, epoch FROM liveplot_stale WHERE since < now() - make_interval(secs => %s) LIMIT 1"
        " FOR UPDATE SKIP LOCKED",
        (stores.KEPT,),
    ).fetchone()
    if due is None:
        return False
    purged = connection.execute(
        "DELETE FROM liveplot_rows WHERE run = %s AND epoch = %s AND seq <"
        " (SELECT min(seq) + %s FROM liveplot_rows WHERE run = %s AND epoch = %s)",
        (*due, stores.TIDIED, *due),
    ).rowcount
    if not purged:
        connection.execute("DELETE FROM liveplot_stale WHERE run = %s AND epoch = %s", due)
    return True


def _first(connection: _Connection, question: str) -> Any:
    """The one value of an answer of one row."""
    row = connection.execute(question).fetchone()
    assert row is not None
    return row[0]


def _reset(connection: _Connection, name: str, epoch: int | None) -> int:
    run = _there(connection, name)
    check_epoch(run, epoch)
    _end_epoch(connection, run)
    return _kept(connection, begun_anew(run)).epoch


def _delete(connection: _Connection, name: str) -> None:
    run = _there(connection, name)
    _end_epoch(connection, run)
    _kept(connection, forgotten(run))


def _end_epoch(connection: _Connection, run: Run) -> None:
    connection.execute("INSERT INTO liveplot_stale (run, epoch) VALUES (%s, %s)", (run.key, run.epoch))


def _check(connection: _Connection) -> None:
    """Write, as a row would be."""
    connection.execute("UPDATE liveplot_version SET version = version")


def _there(connection: _Connection, name: str) -> Run:
    run = _locked(connection, name)
    if run is None:
        raise no_run(name)
    return run


def _locked(connection: _Connection, name: str, *, deleted: bool = False) -> Run | None:
    """The run as it stands, and stays until this transaction ends."""
    present = "" if deleted else " AND NOT deleted"
    question = f"SELECT {_RUN} FROM liveplot_runs WHERE name = %s{present} FOR UPDATE"
    found = connection.execute(question, (name,)).fetchone()
    return None if found is None else _from_row(found)


def _kept(connection: _Connection, run: Run) -> Run:
    """The run, written down, and all who listen told of it once that is committed."""
    facts: list[Any] = [run.title, json.dumps(run.columns), run.epoch, run.rows, run.low, run.low_row]
    facts += [run.high, run.high_row, run.deleted]
    if run.key:
        connection.execute(
            "UPDATE liveplot_runs SET title = %s, columns = %s, epoch = %s, rows = %s, low = %s, low_row = %s,"
            f" high = %s, high_row = %s, deleted = %s, created = coalesce(nullif(%s, 0), {_NOW}), updated = {_NOW}"
            " WHERE key = %s",
            (*facts, run.created, run.key),
        )
    else:
        row = connection.execute(
            "INSERT INTO liveplot_runs (title, columns, epoch, rows, low, low_row, high, high_row, deleted, name,"
            f" created, updated) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, {_NOW}, {_NOW}) RETURNING key",
            (*facts, run.name),
        ).fetchone()
        assert row is not None
        run = replace(run, key=row[0])
    connection.execute("SELECT pg_notify(%s, %s)", (_CHANNEL, run.name))
    return run


def _run(connection: _Connection, name: str) -> Run:
    found = connection.execute(
        f"SELECT {_RUN} FROM liveplot_runs WHERE name = %s AND NOT deleted", (name,)
    ).fetchone()  # fmt: skip
    if found is None:
        raise no_run(name)
    return _from_row(found)


def _from_row(row: Sequence[Any]) -> Run:
    key, name, title, columns, *others = row
    return Run(key, name, title, tuple(json.loads(columns)), *others)


def _rows(connection: _Connection, run: Run, numbers: Sequence[int]) -> Values:
    question = "SELECT packed FROM liveplot_rows WHERE run = %s AND epoch = %s AND seq"
    asked: tuple[Any, ...] = (run.key, run.epoch)
    if isinstance(numbers, range) and numbers.step == 1:
        question, asked = f"{question} BETWEEN %s AND %s ORDER BY seq", (*asked, numbers.start, numbers.stop - 1)
    else:
        question, asked = f"{question} = ANY(%s) ORDER BY seq", (*asked, list(numbers))
    found = [row for (row,) in connection.execute(question, asked, binary=True)]
    if len(found) != len(numbers):
        raise RefusedError("stale_epoch", f"the run {run.name} was begun anew meanwhile", epoch=run.epoch + 1)
    return unpacked(found, len(run.columns))
