"""The file of a store in SQLite: its lock, its schema, and connections to it."""

from __future__ import annotations

import fcntl
import logging
import os
import sqlite3
import time
from pathlib import Path

from liveplot_cli.errors import MissingError, quoted
from liveplot_cli.service.runs import Quota

VERSION = 1
_APPLICATION = 0x4C504C54  # LPLT, by which `file` and we know it
_SCHEMA = f"""
BEGIN;
CREATE TABLE runs (
  key INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, title TEXT NOT NULL, columns TEXT NOT NULL,
  epoch INTEGER NOT NULL, rows INTEGER NOT NULL, low REAL, low_row INTEGER NOT NULL, high REAL,
  high_row INTEGER NOT NULL, created REAL NOT NULL, updated REAL NOT NULL, deleted INTEGER NOT NULL
);
CREATE TABLE rows (
  run INTEGER NOT NULL, epoch INTEGER NOT NULL, seq INTEGER NOT NULL, "values" BLOB NOT NULL,
  received REAL NOT NULL, PRIMARY KEY (run, epoch, seq)
) WITHOUT ROWID;
CREATE TABLE requests (
  run INTEGER NOT NULL, key TEXT NOT NULL, digest BLOB NOT NULL, answer TEXT NOT NULL, at REAL NOT NULL,
  PRIMARY KEY (run, key)
) WITHOUT ROWID;
CREATE INDEX requests_at ON requests (at);
CREATE TABLE stale (run INTEGER NOT NULL, epoch INTEGER NOT NULL, since REAL NOT NULL, PRIMARY KEY (run, epoch));
PRAGMA application_id = {_APPLICATION};
PRAGMA user_version = {VERSION};
COMMIT;
"""
_SAFE = (3, 51, 3)  # SQLite before it can spoil a file that two connections write at once; here one writes
_DISTANT = frozenset(("nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "fuse.sshfs", "afs", "ceph", "glusterfs"))

_log = logging.getLogger(__name__)

_locks: set[int] = set()


def _leave_locks() -> None:
    """Let a forked process hold no store: it may outlive the server by a moment, and the next one is to start then."""
    while _locks:
        os.close(_locks.pop())


os.register_at_fork(after_in_child=_leave_locks)


def lock(path: Path) -> int:
    """A lock beside the file, held as long as this process has the store open."""
    _refuse_distant(path)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise MissingError(f"the store {quoted(path)} cannot be opened: {error.strerror}") from None
    for _ in range(20):  # a server that is being replaced takes a while to end
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            time.sleep(0.1)
            continue
        _locks.add(lock)
        os.truncate(lock, 0)
        os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)
        return lock
    owner = os.pread(lock, 20, 0).decode(errors="replace").strip()
    os.close(lock)
    raise MissingError(
        f"the store {quoted(path)} is in use by process {owner or '?'}; stop that, or take another --folder"
    )


def unlock(lock: int) -> None:
    """Let another process have the file."""
    _locks.discard(lock)
    os.close(lock)


def _refuse_distant(path: Path) -> None:
    """Raise `MissingError` for a file on another machine: the memory that readers and writer share is not there."""
    try:
        mounts = [line.split() for line in Path("/proc/self/mounts").read_text(encoding="utf-8").splitlines()]
    except OSError:  # no Linux
        return
    there = os.path.realpath(path.parent)
    inside = [(place, kind) for _, place, kind, *_ in mounts if f"{there}/".startswith(f"{place.rstrip('/')}/")]
    kind = max(inside, key=lambda mount: len(mount[0]), default=("", ""))[1]
    if kind in _DISTANT:
        raise MissingError(
            f"the store {quoted(path)} would lie on another machine's disk ({kind}), where SQLite can't keep it whole;"
            " take a local --folder, or PostgreSQL"
        )


def opened(path: Path, quota: Quota) -> sqlite3.Connection:
    """The one connection that writes, to a file of our own of this version."""
    old_mask = os.umask(0o077)  # rows are nobody else's to read
    connection = None
    try:
        connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, cached_statements=64)
        _prepare(connection, path, quota)
    except BaseException as error:
        if connection is not None:
            connection.close()
        if isinstance(error, sqlite3.Error):
            raise MissingError(f"the store {quoted(path)} cannot be opened: {error}") from None
        raise
    finally:
        os.umask(old_mask)
    safe = "" if sqlite3.sqlite_version_info >= _SAFE else "; it has the WAL-reset bug, which one writer does not meet"
    _log.info("SQLite %s%s", sqlite3.sqlite_version, safe)
    return connection


def _prepare(connection: sqlite3.Connection, path: Path, quota: Quota) -> None:
    connection.execute("PRAGMA busy_timeout = 5000")
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    if application != _APPLICATION and (tables or application):
        raise MissingError(f"{quoted(path)} is a database of another program; take another --folder")
    if version > VERSION:
        raise MissingError(
            f"the store {quoted(path)} was written by a later liveplot (version {version} of the store, and this knows"
            f" {VERSION}); update liveplot"
        )
    for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON", "mmap_size = 0"):
        connection.execute(f"PRAGMA {pragma}")
    connection.execute(f"PRAGMA journal_size_limit = {16 << 20}")
    page = connection.execute("PRAGMA page_size").fetchone()[0]
    connection.execute(f"PRAGMA max_page_count = {max(1, quota.bytes // page)}")
    if not tables:
        connection.executescript(_SCHEMA)


def reading(path: Path) -> sqlite3.Connection:
    """A connection that never writes, nor moves what was written to its place."""
    connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, check_same_thread=False)
    for pragma in ("busy_timeout = 5000", "query_only = ON", "wal_autocheckpoint = 0", "mmap_size = 0"):
        connection.execute(f"PRAGMA {pragma}")
    return connection


def identity(path: Path) -> tuple[int, int]:
    """What tells this very file from another that comes to have its name."""
    found = path.stat()
    return found.st_dev, found.st_ino
