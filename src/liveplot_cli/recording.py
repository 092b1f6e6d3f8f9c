"""Rows of a training loop to a file that can be read at any time, whole line by whole line.

A row is one write. That is not enough: Linux copies what is written into its memory page by page, and a kill, or a
reader, may come between two pages. A line that would lie in two of them therefore begins with spaces up to the second,
which readers pass over, with or without the line behind them.
"""

from __future__ import annotations

import errno
import logging
import os
import stat
import threading
import time
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from io import FileIO
from types import TracebackType
from typing import Any, NamedTuple

from liveplot_cli.errors import DataError, OutputError, UsageError, listed, quoted
from liveplot_cli.formats.row_lines import JsonLines, Row, TableLines, names_of
from liveplot_cli.loop_row import by_name
from liveplot_cli.loop_row import listed as items_of

_SUFFIXES: dict[str, Callable[[tuple[str, ...]], TableLines | JsonLines]] = {
    ".csv": lambda names: TableLines(",", names),
    ".tsv": lambda names: TableLines("\t", names),
    ".jsonl": JsonLines,
    ".ndjson": JsonLines,
}
_MEMORY = 32 << 20  # bytes of rows that wait for room on a disk
_PAUSE = 1.0  # seconds after which what could not be written is tried again
_LONGEST_LINE = 64 << 20  # bytes
_PAGE = 4096  # bytes; where pages are larger their bounds are some of these
_PATIENCE = 0.5  # seconds for the one who has a file to end
_BEHIND = 1 << 62  # a byte that no file has: Windows keeps readers from what is locked

_log = logging.getLogger(__name__)


def recorder(
    path: str | os.PathLike[str], columns: Iterable[str] | None = None, *, reset: bool = False, fsync: bool = False
) -> Recorder:
    """Open a file for rows: `with recorder("history.csv") as record: record(step=1, loss=0.3)`.

    It is a table (.csv, .tsv) or JSON lines (.jsonl, .ndjson), by its suffix. What is there is gone on with; with
    `reset` it begins anew. `columns` come first in the header, before what else the first row has, and name the values
    of rows that are lists. With `fsync` a row is on the disk when its call returns, and outlives a power cut. Raises
    `UsageError` for what makes no sense, `DataError` for a file that no recorder has written, `OutputError` where it
    can't be opened or another recorder has it.
    """
    return Recorder(path, columns, reset=reset, fsync=fsync)


class _State(NamedTuple):
    """All that a row changes, changed at once: Ctrl-C may come between any two steps."""

    file: int
    size: int  # of the file up to its last whole line
    waiting: list[bytes]  # lines behind that; each is a row, the first perhaps with the header before it
    recorded: int
    lines: TableLines | JsonLines


class Recorder:
    """A file that takes rows, each with a single write of a whole line, so that it can be read at any time.

    `record(step=3, loss=0.2)`, `record({"val/loss": 0.2})` or `record([0.1, 0.2])`: a value is a number, has an
    `item()` or a `__float__`, or is None, a gap. A text or a date can be the first value of each row, its label. A name
    that comes up later is a new column: a table is then copied, with a wider header, and the copy takes its place.

    What makes no sense, such as a value that is no number, raises `UsageError` at its call, and nothing of it is
    recorded. What a disk refuses raises nothing: it is told once, as a warning of the log, the rows wait in 32 MiB of
    memory, and go to the file as soon as it takes them. In a process that was forked calls do nothing.
    """

    def __init__(
        self, path: str | os.PathLike[str], columns: Iterable[str] | None = None, *, reset: bool = False,
        fsync: bool = False,
    ) -> None:  # fmt: skip
        self.path = os.fsdecode(path)
        self._process = os.getpid()
        self._lock = threading.RLock()  # a signal's answer may record, too
        self._fsync = fsync
        self._dropped = 0
        self._waits_until = self._widens_from = 0.0
        self._waiting_bytes = 0
        self._unended: str | None = None  # the last line as it was found, where it has no end
        self._unsure = self._closed = False  # whether a write was begun of which the end is not known
        self._told: set[str] = set()
        self._state = self._opened(_lines(self.path, names_of(columns or ())), reset)
        _open.add(self)

    def __call__(self, values: Any = None, /, **named: Any) -> None:
        """Record a row: a list of values, a mapping of names and values, values by their names, or one value."""
        if os.getpid() != self._process:
            return
        with self._lock:
            if self._closed:
                raise UsageError(f"cannot record to {quoted(self.path)}: its recorder is closed")
            try:
                row = named if values is None else self._row(values, named)
                if row:
                    self._record(row)
                else:
                    self._tell("empty", "a row without values is left out")
            except UsageError as error:
                raise UsageError(f"cannot record to {quoted(self.path)}: {error.sentence}") from None

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the header, in its order; of JSON lines those that were given."""
        return self._state.lines.names

    @property
    def recorded(self) -> int:
        """How many rows this recorder has written to the file."""
        return self._state.recorded

    @property
    def waiting(self) -> int:
        """How many rows wait for the disk to take them."""
        return len(self._state.waiting)

    @property
    def dropped(self) -> int:
        """How many rows will never be written: the disk was full for too long."""
        return self._dropped

    def close(self) -> None:
        """Write what waits, if that is possible, and let others have the file."""
        if os.getpid() != self._process:
            return
        with self._lock:
            if self._closed:
                return
            try:
                self._write_waiting()
                if self._state.waiting:
                    self._dropped += len(self._state.waiting)
                    self._state = self._state._replace(waiting=[])
                    _log.warning("%s: %s rows could not be written", self._name, f"{self._dropped:,}")
            finally:
                self._closed = True
                _open.discard(self)
                os.close(self._state.file)

    def __enter__(self) -> Recorder:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self.close()

    def __del__(self) -> None:
        if "_state" in vars(self):
            self.close()

    def __repr__(self) -> str:
        counts = f"{self.recorded:,} recorded, {self.waiting:,} waiting, {self.dropped:,} dropped"
        return f"<Recorder of {self._name}: {counts}>"

    @property
    def _name(self) -> str:
        return quoted(self.path)[1:-1]

    # --- rows ---------------------------------------------------------------------------------------------------------

    def _row(self, values: Any, named: dict[str, Any]) -> Row:
        """The values by the names of their columns, or as a list where these have none."""
        if isinstance(values, Mapping):
            return by_name(values, named)
        listed_values, names = items_of(values), self._state.lines.names
        if not names and not named:
            return listed_values
        if len(listed_values) > len(names):
            told = f"a row has {len(listed_values)} values, for {len(names)} columns"
            raise UsageError(f"{told}; name the values, or give columns=[…]")
        return {**dict(zip(names, listed_values, strict=False)), **named}

    def _record(self, row: Row) -> None:
        lines = self._state.lines
        new = lines.new_names(row)
        after, text = lines.line(row, new)
        if self._unended is not None:  # the row belongs here: so does what a crash has left
            _log.warning("%s: its last line is not ended, and is cut off: %s", self._name, quoted(self._unended))
            os.ftruncate(self._state.file, self._state.size)
            self._unended = None
        if new and lines.begun and isinstance(row, dict):
            row = self._widened(row, new)
            after, text = self._state.lines.line(row, ())
        line = text.encode()
        file, size, waiting, recorded, _ = self._state
        if not waiting:
            self._waiting_bytes = 0
            self._state = _State(file, size, [line], recorded, after)
        elif self._waiting_bytes + len(line) <= _MEMORY:
            waiting.append(line)
        else:
            self._dropped += 1
            self._tell("memory", "there is no room in memory either, and the newest rows are dropped")
            return
        self._waiting_bytes += len(line)
        if not self._waits_until or time.monotonic() >= self._waits_until:
            self._write_waiting()

    def _widened(self, row: dict[str, Any], new: Sequence[str]) -> dict[str, Any]:
        """The row as the file can take it, wider from now on if it can be; else what is left out is told."""
        self._write_waiting()
        if not self._state.waiting and time.monotonic() >= self._widens_from:
            try:
                self._widen(new)
            except (OSError, OutputError) as error:
                self._widens_from = time.monotonic() + _PAUSE
                _log.info("%s: there can be no further column: %s", self._name, error)
            else:
                return row
        told = listed(new)
        self._tell(f"wide {told}", "the disk has no room for a further column, and %s is left out for now", told)
        return {name: value for name, value in row.items() if name not in new}

    def _widen(self, new: Sequence[str]) -> None:
        lines = self._state.lines
        assert isinstance(lines, TableLines)
        wider = lines.widened(new)

        def copied() -> Iterator[bytes]:
            yield wider.header(wider.names).encode()
            with open(self._state.file, "rb", closefd=False) as old:
                old.seek(0)
                old.readline()
                for line in old:
                    yield lines.widened_line(line, len(new))

        self._replace(copied(), wider)

    def _replace(self, content: Iterable[bytes], lines: TableLines | JsonLines) -> None:
        """Put the file in its place anew: it is the old one until it is the whole new one, which is locked then."""
        from liveplot_cli.output import File

        target, file = File(_followed(self.path)), -1
        try:
            with target.part() as part:
                file = _open_file(part)
                _lock_file(file, self.path)
                with open(file, "wb", closefd=False) as copy:
                    copy.writelines(content)
                size = target.settle(part)
        except BaseException:
            if file >= 0:
                os.close(file)
            raise
        old, self._state = self._state.file, _State(file, size, [], self._state.recorded, lines)
        os.close(old)

    # --- the file -----------------------------------------------------------------------------------------------------

    def _opened(self, lines: TableLines | JsonLines, reset: bool) -> _State:
        with _told_of(self.path):
            file = _locked(self.path)
        try:
            with _told_of(self.path):
                if not stat.S_ISREG(os.fstat(file).st_mode):
                    raise UsageError(f"cannot record to {quoted(self.path)}: it is no file")
                if self._fsync:
                    _flush_folder(self.path)
                if not reset:
                    return self._resumed(file, lines)
                self._state = _State(file, 0, [], 0, lines)
                self._replace([], lines)
                return self._state
        except BaseException:
            os.close(file)
            vars(self).pop("_state", None)
            raise

    def _resumed(self, file: int, lines: TableLines | JsonLines) -> _State:
        """The state behind the last whole line of a file; what a crash has left behind that the first row cuts off."""
        size = os.fstat(file).st_size
        if not size:
            return _State(file, 0, [], 0, lines)
        content = FileIO(file, "rb", closefd=False)
        content.seek(0)
        start = content.read(1 << 16)
        while b"\n" not in start and len(start) < min(size, _LONGEST_LINE):
            start += content.read(1 << 20)
        end, last = _last_line(content, size)
        first, *others = start.split(b"\n", 2)
        if not others:
            raise DataError(f"{self._name}: there is not one whole line in it; reset=True begins it anew")
        second = others[0] if len(others) > 1 else b""
        try:
            texts = [text.decode("utf-8-sig").rstrip("\r") for text in (first, second, last)]
            lines = lines.resumed(*texts)
        except (DataError, UnicodeDecodeError) as error:
            reason = error.sentence if isinstance(error, DataError) else "it is not UTF-8 text"
            raise DataError(f"{self._name}: {reason}; record to another file, or with reset=True") from None
        if end < size:
            content.seek(end)
            cut = content.read(_PAGE).decode(errors="replace").strip()
            self._unended = cut if cut else None
            if not cut:
                os.ftruncate(file, end)
        return _State(file, end, [], 0, lines)

    def _write_waiting(self) -> None:
        """Write the lines that wait with a single write, as far as the disk takes them."""
        try:
            if self._unsure:
                self._settle()
            file, size, waiting, recorded, lines = self._state
            if not waiting:
                return
            placed = _placed(waiting, size)
            if placed is not waiting:
                waiting = placed
                self._state = _State(file, size, waiting, recorded, lines)
            content = waiting[0] if len(waiting) == 1 else b"".join(waiting)
            self._unsure = True
            if os.write(file, content) < len(content):
                self._settle()
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            self._state = _State(file, size + len(content), [], recorded + len(waiting), lines)
            self._unsure = False
        except OSError as error:
            self._waits_until = time.monotonic() + _PAUSE
            self._tell("disk", "%s; rows wait in memory until they can be written", error.strerror or error)
            return
        if self._fsync:
            self._flush(file)
        if self._waits_until:
            self._waits_until = 0.0
            self._told.discard("disk")
            _log.warning("%s: what waited is written", self._name)

    def _flush(self, file: int) -> None:
        try:
            os.fsync(file)
        except OSError as error:
            self._tell("flush", "%s; its last rows may not outlive a power cut", error.strerror or error)

    def _settle(self) -> None:
        """See how much of what waits is in the file, after a write that ended early; half a line is cut off again."""
        file, size, waiting, recorded, lines = self._state
        arrived, whole, count = os.fstat(file).st_size - size, 0, 0
        for line in waiting:
            if whole + len(line) > arrived:
                break
            whole, count = whole + len(line), count + 1
        if arrived > whole:
            os.ftruncate(file, size + whole)
        self._state = _State(file, size + whole, waiting[count:], recorded + count, lines)
        self._waiting_bytes = sum(map(len, waiting[count:]))
        self._unsure = False

    def _tell(self, about: str, words: str, *facts: object) -> None:
        """Warn once of each thing."""
        if about not in self._told:
            self._told.add(about)
            _log.warning("%s: " + words, self._name, *facts)

    def _let_go(self) -> None:
        """In a forked process: leave the file, and its lock, to the parent alone."""
        os.close(self._state.file)


_open: weakref.WeakSet[Recorder] = weakref.WeakSet()


def _leave_to_parent() -> None:
    """In a forked process: close the files, which would else stay locked for as long as it lives."""
    for recorder in list(_open):
        recorder._let_go()
    _open.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_leave_to_parent)


def _lines(path: str, names: tuple[str, ...]) -> TableLines | JsonLines:
    suffix = os.path.splitext(path)[1].lower()
    if suffix not in _SUFFIXES:
        raise UsageError(f"cannot record to {quoted(path)}: its suffix is none of {', '.join(_SUFFIXES)}")
    return _SUFFIXES[suffix](names)


def _placed(lines: list[bytes], size: int) -> list[bytes]:
    """The lines as they are written behind so many bytes, each within one page if it is not longer than that."""
    if len(lines) == 1 and (size % _PAGE + len(lines[0]) <= _PAGE or len(lines[0]) > _PAGE):
        return lines
    placed = []
    for line in lines:
        text = line.lstrip(b" ")  # it may have been placed elsewhere
        room = _PAGE - size % _PAGE
        placed.append(b" " * room + text if room < len(text) <= _PAGE else text)
        size += len(placed[-1])
    return placed


def _locked(path: str) -> int:
    """The file at a path, opened and locked; raises `OutputError` where another recorder has it."""
    until = time.monotonic() + _PATIENCE
    while True:
        file = _open_file(path)
        try:
            _lock_file(file, path)
            if os.path.samestat(os.fstat(file), os.stat(path)):  # noqa: PTH116
                return file
            os.close(file)  # another has been put in its place meanwhile
        except BaseException as error:
            os.close(file)
            if not isinstance(error, OutputError | FileNotFoundError) or time.monotonic() > until:
                raise
        time.sleep(0.02)


def _open_file(path: str | os.PathLike[str]) -> int:
    flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0)
    return os.open(path, flags, 0o666)


def _lock_file(file: int, path: str) -> None:
    """Hold a file as long as it is open; a file system without locks is told of."""
    try:
        try:
            import fcntl
        except ImportError:
            _lock_on_windows(file)
        else:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in (errno.EWOULDBLOCK, errno.EACCES, errno.EDEADLK):
            raise OutputError(
                f"cannot record to {quoted(path)}: another recorder has it; close() that, or let its program end"
            ) from None
        reason = error.strerror or error
        _log.warning("%s: it can't be locked (%s); see that nobody else records to it", quoted(path)[1:-1], reason)


def _lock_on_windows(file: int) -> None:
    import msvcrt
    from typing import cast

    windows = cast(Any, msvcrt)
    os.lseek(file, _BEHIND, os.SEEK_SET)
    windows.locking(file, windows.LK_NBLCK, 1)


def _followed(path: str) -> Any:
    from pathlib import Path

    return Path(os.path.realpath(path))


def _flush_folder(path: str) -> None:
    """See that a new file keeps its name when the power goes, as far as the system can."""
    with suppress(OSError):
        folder = os.open(_followed(path).parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _last_line(content: FileIO, size: int) -> tuple[int, bytes]:
    """Where the last whole line of a file ends, and what it is."""
    tail, start = b"", size
    while start and tail.count(b"\n") < 2 and len(tail) < _LONGEST_LINE:
        length = min(start, max(1 << 12, len(tail)))
        start -= length
        content.seek(start)
        tail = content.read(length) + tail
    whole = tail[: tail.rfind(b"\n") + 1]
    return start + len(whole), whole[whole.rfind(b"\n", 0, -1) + 1 : -1]


@contextmanager
def _told_of(path: str) -> Iterator[None]:
    """Turn what the system refuses into an `OutputError` that names the file."""
    try:
        yield
    except IsADirectoryError:
        raise UsageError(f"cannot record to {quoted(path)}: it is a folder") from None
    except OSError as error:
        raise OutputError(f"cannot record to {quoted(path)}: {error.strerror or error}") from error
