"""Rows that wait on the disk until the service takes them, beyond the life of the process that made them.

A spool is a file of JSON lines for one run at one address. Its first line, always of the same length and written over
in place, says where the rows begin that are not acknowledged yet, and by which number and in which epoch the first of
them may have been sent already: sent again in the same way they are never stored twice. Every further line is a batch.
Who has a spool open holds a lock of it; the spool of a process that has ended has none, and the next one takes it over.
"""

from __future__ import annotations

import errno
import json
import os
import re
import secrets
import time
import weakref
from array import array
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple, TypeAlias

from liveplot_cli.client.remote import Address

Row: TypeAlias = "array[float]"  # NaN for a gap
_PLACE = 160  # bytes of the first line
_LINE = re.compile(rb'\{"count":([0-9]{1,6}),')
_READ_AT_ONCE = 1 << 20

_open: weakref.WeakSet[Spool] = weakref.WeakSet()


class Batch(NamedTuple):
    """Rows that are sent at once, and what their columns are called: a name, or the column's place among the run's."""

    columns: Sequence[str | int]
    rows: Sequence[Row]


@dataclass(frozen=True)
class Numbering:
    """The number of a first row and its epoch, None where there was no run yet."""

    seq: int
    epoch: int | None = None


class _Line(NamedTuple):
    start: int
    length: int
    rows: int


class Spool:
    """An open spool, whose batches are taken from its beginning while others are put to its end."""

    def __init__(self, file: int, path: Path, room: int) -> None:
        self._file = file
        self._path = path
        self._room = room
        self._lines: deque[_Line] = deque()
        self._end = 0
        self.rows = 0
        self.title: str | None = None
        self.numbering: Numbering | None = None  # of its first batch, once that may have been sent
        self.resets = False  # whether the run is to be reset before it
        _open.add(self)

    @property
    def is_empty(self) -> bool:
        """Whether there is no batch in it."""
        return not self._lines

    def put(self, batch: Batch) -> bool:
        """Keep a batch behind the others; False where the disk has no room for it."""
        rows = ",".join(as_json(gaps_as_null(row)) for row in batch.rows)
        head = f'{{"count":{len(batch.rows)},"columns":{as_json(list(batch.columns))},"rows":['
        line = f"{head}{rows}]}}\n".encode()
        if self._end + len(line) > self._room or not self._write(line):
            return False
        self._lines.append(_Line(self._end - len(line), len(line), len(batch.rows)))
        self.rows += len(batch.rows)
        return True

    def first(self) -> Batch | None:
        """The batch that is to be sent next; None where its line can't be read any more."""
        line = self._lines[0]
        try:
            found = json.loads(os.pread(self._file, line.length, line.start))
            rows = [array("d", [float("nan") if value is None else value for value in row]) for row in found["rows"]]
            columns = [name if type(name) is int else str(name) for name in found["columns"]]
        except (OSError, ValueError, TypeError, KeyError):
            return None
        return Batch(columns, rows) if len(rows) == line.rows else None

    def drop(self) -> int:
        """Let go of the first batch, and say how many rows it had."""
        line = self._lines.popleft()
        self.rows -= line.rows
        return line.rows

    def clear(self) -> int:
        """Let go of all batches, and say how many rows they had."""
        self._lines.clear()
        count, self.rows = self.rows, 0
        return count

    def settle(self, numbering: Numbering | None, resets: bool = False) -> None:
        """Put down what is known of the first batch, before it is sent."""
        self.numbering, self.resets = numbering, resets
        with suppress(OSError):  # written over in place, it needs no room
            os.pwrite(self._file, self._place(), 0)

    def close(self) -> None:
        """Leave what is in it to whoever comes next; a spool with nothing in it is removed."""
        if self._file < 0:
            return
        if not self._lines:
            with suppress(OSError):
                self._path.unlink()
        self._let_go()

    def _place(self) -> bytes:
        start = self._lines[0].start if self._lines else self._end
        seq, epoch = (self.numbering.seq, self.numbering.epoch) if self.numbering else (None, None)
        place = {"start": start, "seq": seq, "epoch": epoch, "reset": self.resets}
        return f"{json.dumps(place):<{_PLACE - 1}}\n".encode()

    def _write(self, line: bytes) -> bool:
        try:
            if os.pwrite(self._file, line, self._end) == len(line):
                self._end += len(line)
                return True
        except OSError:
            pass
        with suppress(OSError):
            os.ftruncate(self._file, self._end)
        return False

    def _let_go(self) -> None:
        file, self._file = self._file, -1
        with suppress(OSError):
            os.close(file)

    def _begin(self, address: Address, title: str | None, resets: bool) -> None:
        """Write the first two lines of a new one, and hold it: raises `OSError`."""
        self.title, self.resets = title, resets
        facts = json.dumps({"service": address.service, "run": address.run, "title": title}).encode() + b"\n"
        self._end = _PLACE + len(facts)
        if os.pwrite(self._file, self._place() + facts, 0) < self._end:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def _take_over(self, address: Address) -> bool:
        """Find out what another has left, and whether that is anything; raises `ValueError` where nobody can tell."""
        with os.fdopen(os.dup(self._file), "rb") as file:
            place, facts = json.loads(file.readline(_PLACE)), json.loads(file.readline())
            if (facts["service"], facts["run"]) != (address.service, address.run):
                raise ValueError("it is another run's")
            self._end = file.tell()
            for line in file:
                count = _LINE.match(line)
                if not count or not line.endswith(b"\n"):
                    break  # the last words of a process that was killed
                if self._end >= place["start"]:
                    self._lines.append(_Line(self._end, len(line), int(count[1])))
                self._end += len(line)
        self.title, self.resets = facts["title"], place["reset"]
        self.numbering = None if place["seq"] is None else Numbering(place["seq"], place["epoch"])
        self.rows = sum(line.rows for line in self._lines)
        return bool(self._lines)


class Shelf:
    """The folder of spools, as one run at one address sees it; all in it together take no more than so many bytes."""

    def __init__(self, folder: Path, address: Address, most: int) -> None:
        self.folder = folder
        self._address = address
        self._most = most
        self._key = sha256(f"{address.service}\n{address.run}".encode()).hexdigest()[:32]

    def new(self, title: str | None, resets: bool) -> Spool | None:
        """A new spool, None where there is no room for one."""
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            room = self._most - sum(path.stat().st_size for path in self.folder.glob("*.jsonl"))
            path = self.folder / f"{self._key}-{time.time_ns():020}-{secrets.token_hex(4)}.jsonl"
            # Nobody may find it before it is locked.
            begun = path.with_suffix(".new")
            file = os.open(begun, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        except (OSError, RuntimeError):
            return None
        spool = Spool(file, path, room)
        try:
            _lock(file)
            spool._begin(self._address, title, resets)
            begun.rename(path)
        except OSError:
            with suppress(OSError):
                begun.unlink()
            spool._let_go()
            return None
        return spool

    def left(self) -> list[Spool]:
        """The spools for the run whose processes have ended, the oldest first: from now on they are held here."""
        try:
            paths = sorted(self.folder.glob(f"{self._key}-*.jsonl"))
        except (OSError, RuntimeError):
            return []
        return [spool for path in paths if (spool := self._taken(path)) is not None]

    def _taken(self, path: Path) -> Spool | None:
        try:
            file = os.open(path, os.O_RDWR | os.O_NOFOLLOW)
        except OSError:
            return None
        spool = Spool(file, path, 0)
        try:
            _lock(file)
            if os.fstat(file).st_nlink and spool._take_over(self._address):
                return spool
            path.unlink()  # there is nothing in it
        except BlockingIOError:  # its process is alive
            spool._let_go()
            return None
        except (OSError, ValueError, TypeError, KeyError):
            pass
        spool._let_go()
        return None


as_json = json.JSONEncoder(separators=(",", ":")).encode


def gaps_as_null(row: Row) -> list[float | None]:
    """A row as JSON has it, which knows no NaN."""
    return [value if value - value == 0 else None for value in row]


def _lock(file: int) -> None:
    """Hold a file as long as it is open; raises `OSError` where another process holds it, and where nothing can."""
    try:
        import fcntl
    except ImportError:
        raise OSError(errno.ENOLCK, "no locks") from None
    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _leave_to_parent() -> None:
    """In a forked process: close the spools, which would else stay locked for as long as it lives."""
    for spool in list(_open):
        spool._let_go()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_leave_to_parent)
