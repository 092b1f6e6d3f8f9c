"""Where a film goes: a file or a folder that is whole or not there, or a stream that is given what is whole."""

from __future__ import annotations

import os
import select
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex

from liveplot_cli.errors import OutputError, ReaderGoneError, UsageError, quoted

_PIECE = 1 << 20
_STDOUT = 1
_MOST_LINKS = 40  # that Linux follows, one after another


@dataclass(frozen=True)
class File:
    """A file that a new one replaces when that is whole. A symbolic link is followed, an old file's mode is kept."""

    path: Path
    no_clobber: bool = False
    force: bool = False

    def check(self) -> None:
        """Refuse, before any work, what can't be written.

        Raises `UsageError` where the path makes no sense and `OutputError` where it is closed to us.
        """
        with faults(self.path):
            final = _final(self.path)
            mode = _mode(final)
            _check_parent(self.path, final)
        if mode is None:
            return
        if stat.S_ISDIR(mode):
            raise UsageError(f"cannot write {quoted(self.path)}: it is a folder")
        self._refuse_old(final)
        if not self.force and not os.access(final, os.W_OK):
            raise OutputError(f"cannot write {quoted(self.path)}: it is closed to writing", cure=("force", ""))

    @contextmanager
    def part(self) -> Iterator[Path]:
        """A new empty file beside the old one, which it replaces when the block ends well, and only then.

        Whatever ends the block early, an interruption too, removes it and leaves the old file as it was.
        """
        final = _final(self.path)
        part = _beside(final.parent)
        with _put_away(part):
            with faults(self.path):
                _create(part, _mode(final))
            yield part
            with faults(self.path):
                self._refuse_old(final)
                part.replace(final)
        _flush_entries(final.parent)

    @contextmanager
    def grown_from(self, start: bytes) -> Iterator[GrowingFile]:
        """The file with these bytes in it, put in the old one's place when they are all there; it grows in the block.

        Raises `OutputError` as `part` does, and then the old file is as it was.
        """
        with self.part() as part:
            with faults(self.path):
                descriptor = os.open(part, os.O_RDWR)  # before an old file's mode may close it to us
            try:
                with faults(self.path):
                    _write_at(descriptor, start, 0)
                self.settle(part)
            except BaseException:
                os.close(descriptor)
                raise
        try:
            yield GrowingFile(self.path, _final(self.path), descriptor, len(start))
        finally:
            os.close(descriptor)

    def settle(self, part: Path) -> int:
        """Bring a part that is whole to the disk, as the old file's like; how many bytes it has."""
        with faults(self.path):
            _liken(part, _final(self.path))
            _flush(part)
            return part.stat().st_size

    def identity(self) -> object:
        """What two names of one file have in common."""
        return _identity(_final(self.path))

    def _refuse_old(self, final: Path) -> None:
        if self.no_clobber and os.path.lexists(final):
            raise UsageError(f"the output {quoted(self.path)} exists, and is not to be overwritten")


class GrowingFile:
    """A file that ends with a byte behind which a reader sees nothing, and grows in front of that byte.

    What is added is written behind it first, with such a byte at its own end, and then put in its place by the writing
    of one byte, which is done or not done: so the file is whole at every moment, whatever ends the process.
    """

    def __init__(self, path: Path, final: Path, descriptor: int, size: int) -> None:
        self.size = size
        self._path, self._final, self._descriptor = path, final, descriptor

    def append(self, more: bytes) -> None:
        """Have the file go on with these bytes, the last of which ends it.

        Raises `OutputError` where the disk has no room for them; then it stays as it was before.
        """
        first, rest = more[:1], more[1:]
        with faults(self._path):
            try:
                _write_at(self._descriptor, rest, self.size)
            except BaseException:  # nobody sees what there is of them, but nobody needs it either
                os.ftruncate(self._descriptor, self.size)
                raise
            os.pwrite(self._descriptor, first, self.size - 1)
        self.size += len(rest)

    def settle(self) -> None:
        """Bring all of it to the disk."""
        with faults(self._path):
            os.fsync(self._descriptor)

    def check_ours(self) -> None:
        """Raise `OutputError` where somebody else has removed, replaced or changed the file."""
        with faults(self._path):
            ours = os.fstat(self._descriptor)
            try:
                is_ours = os.path.samestat(ours, self._final.stat())
            except FileNotFoundError:
                is_ours = False
        if not is_ours or ours.st_size != self.size:
            what = "changed" if is_ours else "removed or replaced"
            raise OutputError(f"{quoted(self._path)} was {what} by another program while it grew")


@dataclass(frozen=True)
class Folder:
    """A new or empty folder that is there when all of its files are."""

    path: Path

    def check(self) -> None:
        """Refuse, before any work, what can't be written; raises as `File.check` does."""
        with faults(self.path):
            final = _final(self.path)
            mode = _mode(final)
            if mode is not None and not stat.S_ISDIR(mode):
                raise UsageError(f"cannot write the folder {quoted(self.path)}: a file of that name is there")
            if mode is not None and any(final.iterdir()):
                raise UsageError(
                    f"cannot write the folder {quoted(self.path)}: it already holds files; name a new or an empty one"
                )
            _check_parent(self.path, final)

    @contextmanager
    def part(self) -> Iterator[Path]:
        """A new folder that takes the path's place when the block ends well, and only then."""
        final = _final(self.path)
        part = _beside(final.parent)
        with _put_away(part):
            with faults(self.path):
                part.mkdir()
            yield part
            with faults(self.path):
                part.replace(final)
        _flush_entries(final.parent)

    def settle(self, part: Path) -> int:
        """How many bytes the files have."""
        with faults(self.path):
            return sum(file.stat().st_size for file in part.iterdir())

    def identity(self) -> object:
        """What two names of one folder have in common."""
        return _identity(_final(self.path))


@dataclass(frozen=True)
class Stream:
    """A pipe, a device or an open file, which takes bytes as they come: it is given the film when that is whole."""

    path: Path

    def check(self) -> None:
        """Refuse, before any work, what takes no film; raises as `File.check` does."""
        shown = quoted(self.path)
        with faults(self.path):
            descriptor = _descriptor(os.fspath(self.path))
            mode = os.stat(self.path if descriptor is None else descriptor).st_mode  # noqa: PTH116
        if descriptor is None:
            if stat.S_ISBLK(mode) or stat.S_ISSOCK(mode):
                raise UsageError(f"cannot write {shown}: it is neither a file, a pipe nor a device for characters")
            if not os.access(self.path, os.W_OK):
                raise OutputError(f"cannot write {shown}: it is closed to writing")
        elif descriptor == _STDOUT and sys.__stdout__ is None:  # its number may be that of another file
            raise OutputError(f"cannot write {shown}: stdout is closed")
        elif os.isatty(descriptor):
            raise UsageError(f"cannot write {shown}: it is a terminal; name a file, or send it to one with > or |")

    @contextmanager
    def part(self) -> Iterator[Path]:
        """A new empty file among the temporary ones, removed when the block ends."""
        with faults(self.path):
            part = _beside(Path(tempfile.gettempdir()))
        with _put_away(part):
            with faults(self.path):
                _create(part, 0o600)
            yield part

    def settle(self, part: Path) -> int:
        """Give the stream a part that is whole; how many bytes that are."""
        with faults(self.path), part.open("rb", buffering=0) as film, self._opened() as descriptor:
            while piece := film.read(_PIECE):
                _write_all(descriptor, piece)
            return film.tell()

    def identity(self) -> object:
        """What two names of one stream have in common."""
        descriptor = _descriptor(os.fspath(self.path))
        return _identity(self.path if descriptor is None else descriptor)

    @contextmanager
    def _opened(self) -> Iterator[int]:
        """Its number: an open file is used as it stands, for opened anew it would be written from its beginning."""
        descriptor = _descriptor(os.fspath(self.path))
        if descriptor is not None:
            yield descriptor
            return
        descriptor = os.open(self.path, os.O_WRONLY)  # waits for a reader of a pipe
        try:
            yield descriptor
        finally:
            os.close(descriptor)


def is_stream(name: str | os.PathLike[str]) -> bool:
    """Whether a name is `-` for stdout, that of an open file, or that of what is neither a file nor a folder."""
    path = os.fspath(name)
    if _descriptor(path) is not None:
        return True
    with suppress(OSError):
        mode = os.stat(path).st_mode  # noqa: PTH116
        return not stat.S_ISREG(mode) and not stat.S_ISDIR(mode)
    return False


@contextmanager
def faults(target: str | os.PathLike[str]) -> Iterator[None]:
    """Turn what the disk refuses into an `OutputError` that names the target."""
    try:
        yield
    except BrokenPipeError as error:
        raise ReaderGoneError(f"what reads {quoted(os.fspath(target))} has gone") from error
    except OSError as error:
        reason = error.strerror or str(error)
        raise OutputError(f"cannot write {quoted(os.fspath(target))}: {reason}") from error


def _descriptor(name: str) -> int | None:
    """The number of the open file that a name stands for, as `-`, `/dev/stdout` and `/dev/fd/3` do."""
    if name == "-":
        return _STDOUT
    for _ in range(_MOST_LINKS):
        folder, last = os.path.split(name)
        if last.isdecimal() and os.path.realpath(folder) in ("/dev/fd", f"/proc/{os.getpid()}/fd"):
            return int(last)
        if not os.path.islink(name):  # noqa: PTH114
            return None
        name = os.path.join(folder, os.readlink(name))  # noqa: PTH115, PTH118
    return None


def _final(path: Path) -> Path:
    """What a path leads to, whether or not it is there."""
    with faults(path):
        return Path(os.path.realpath(path))


def _mode(final: Path) -> int | None:
    """The mode of what is there; None where nothing is."""
    try:
        return final.stat().st_mode
    except FileNotFoundError:
        return None


def _liken(part: Path, final: Path) -> None:
    """Give a new file the owner and the mode of the old one, if there is one."""
    try:
        old = final.stat()
    except FileNotFoundError:
        return
    with suppress(PermissionError):  # none but root may give a file away
        os.chown(part, old.st_uid, old.st_gid)
    part.chmod(stat.S_IMODE(old.st_mode))  # last, for a change of the owner takes rights away


def _identity(place: Path | int) -> object:
    with suppress(OSError):
        facts = os.stat(place)  # noqa: PTH116
        return facts.st_dev, facts.st_ino
    return place


def _check_parent(path: Path, final: Path) -> None:
    if not final.parent.is_dir():
        raise OutputError(f"cannot write {quoted(path)}: there is no folder {quoted(final.parent)}")
    if not os.access(final.parent, os.W_OK | os.X_OK):
        raise OutputError(f"cannot write {quoted(path)}: its folder is closed to writing")


def _beside(folder: Path) -> Path:
    """A name that nobody uses. It is known before the file is there, or an interruption could leave one behind."""
    return folder / f".liveplot-{token_hex(8)}.tmp"


def _create(part: Path, mode: int | None) -> None:
    """A new file, which nobody else may read who may not read the old one."""
    allowed = 0o666 if mode is None else stat.S_IMODE(mode) | 0o600
    os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, allowed))


@contextmanager
def _put_away(part: Path) -> Iterator[None]:
    """Remove a part that is still there when the block ends."""
    try:
        yield
    finally:
        try:
            _remove(part)
        finally:  # an interruption just now: others are not heard while it is answered
            _remove(part)


def _remove(part: Path) -> None:
    with suppress(FileNotFoundError):
        if part.is_dir():
            shutil.rmtree(part, ignore_errors=True)
        else:
            part.unlink()


def _write_at(descriptor: int, piece: bytes, place: int) -> None:
    left = memoryview(piece)
    while left:
        written = os.pwrite(descriptor, left, place)
        left, place = left[written:], place + written


def _write_all(descriptor: int, piece: bytes) -> None:
    left = memoryview(piece)
    while left:
        try:
            left = left[os.write(descriptor, left) :]
        except BlockingIOError:  # whoever opened it does not want to be kept waiting; we do
            select.select([], [descriptor], [])


def _flush(path: Path) -> None:
    """Push a file, or a folder's entries, to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _flush_entries(folder: Path) -> None:
    """As far as the system can: what is in its place stays there, whatever this says."""
    with suppress(OSError):
        _flush(folder)
