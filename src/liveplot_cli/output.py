"""Writing files that are either whole or not there: a temporary neighbour, moved into place at the end."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from liveplot_cli.errors import OutputError, UsageError, quoted


@contextmanager
def replacing(target: Path, *, folder: bool = False) -> Iterator[Path]:
    """A new empty file (or folder) beside `target` that takes its place when the block ends well, and only then.

    Whatever ends the block early, an interruption too, removes it and leaves the target as it was. A symbolic link is
    followed, and the mode of an old file is kept. Raises `OutputError` for anything the disk refuses.
    """
    final = target.resolve()
    with faults(target):
        part = _new(final.parent, folder)
    try:
        with faults(target):
            yield part
            if not folder:
                part.chmod(_mode(final))
                _flush(part)
            part.replace(final)
    except BaseException:
        _remove(part)
        raise
    with faults(target):
        _flush(final.parent)


def check(target: Path, *, folder: bool = False) -> None:
    """Refuse a target that can't be written, before any work.

    Raises `UsageError` where the path makes no sense and `OutputError` where its folder is missing or closed to us.
    """
    shown = quoted(os.fspath(target))
    final = target.resolve()
    if not final.parent.is_dir():
        raise OutputError(f"cannot write {shown}: there is no folder {quoted(os.fspath(final.parent))}")
    if folder:
        _check_folder(final, shown)
    elif final.is_dir():
        raise UsageError(f"cannot write {shown}: it is a folder")
    elif final.exists() and not final.is_file():
        raise UsageError(f"cannot write {shown}: it is neither a file nor a new name")
    if not os.access(final.parent, os.W_OK | os.X_OK):
        raise OutputError(f"cannot write {shown}: its folder is closed to writing")


@contextmanager
def faults(target: Path) -> Iterator[None]:
    """Turn what the disk refuses into an `OutputError` that names the target."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise OutputError(f"cannot write {quoted(os.fspath(target))}: {reason}") from error


def _check_folder(final: Path, shown: str) -> None:
    if final.exists() and not final.is_dir():
        raise UsageError(f"cannot write the folder {shown}: a file of that name is there")
    if final.is_dir() and any(final.iterdir()):
        raise UsageError(f"cannot write the folder {shown}: it already holds files; name a new or an empty one")


def _new(parent: Path, folder: bool) -> Path:
    if folder:
        path = Path(tempfile.mkdtemp(prefix=".liveplot-", suffix=".tmp", dir=parent))
        path.chmod(0o777 & ~_umask())
        return path
    descriptor, name = tempfile.mkstemp(prefix=".liveplot-", suffix=".tmp", dir=parent)
    os.close(descriptor)
    return Path(name)


def _remove(part: Path) -> None:
    if part.is_dir():
        shutil.rmtree(part, ignore_errors=True)
    else:
        part.unlink(missing_ok=True)


def _mode(final: Path) -> int:
    """The old file's mode, or what a new file would have."""
    try:
        return stat.S_IMODE(final.stat().st_mode)
    except FileNotFoundError:
        return 0o666 & ~_umask()


def _umask() -> int:
    mask = os.umask(0)  # there is no way to read it but to set it
    os.umask(mask)
    return mask


def _flush(path: Path) -> None:
    """Push a file, or a folder's entries, to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
