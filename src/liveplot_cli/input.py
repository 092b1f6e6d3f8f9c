"""Where a history comes from: a file, a pipe or standard input, opened once and read from its start to its end."""

from __future__ import annotations

import gzip
import io
import logging
import os
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from liveplot_cli.errors import DataError, LimitError, LiveplotError, UsageError, quoted

STANDARD_INPUT = "-"
_GZIP = b"\x1f\x8b"
_START = 64  # bytes by which the form of what has no suffix is told
_READ_AT_ONCE = 1 << 20


@dataclass(frozen=True, eq=False)
class Input:
    """An opened source: what it is called, its bytes, and how many bytes its numbers may take.

    `path` is where the same bytes can be read again, if they can. `start` are its first bytes, which `stream` still
    yields.
    """

    name: str
    stream: BinaryIO
    start: bytes
    path: Path | None
    most: int

    @property
    def stem(self) -> str:
        """The name without its suffixes."""
        return Path(self.name.removesuffix(".gz")).stem

    def allow(self, size: int) -> None:
        """Raise `LimitError` where the numbers take more bytes than they may."""
        if size > self.most:
            taken, allowed = _megabytes(size), _megabytes(self.most)
            raise LimitError(
                f"its numbers take {taken:,} MB of memory, or more, of the {allowed:,} MB they may",
                cure=("max_memory", f"{2 * taken}M"),
            )

    def whole(self) -> bytes:
        """All of its bytes, no more of them than its numbers may take."""
        parts, size = [], 0
        while part := self.stream.read(_READ_AT_ONCE):
            parts.append(part)
            size += len(part)
            self.allow(size)
        return b"".join(parts)


@contextmanager
def opened(source: str | os.PathLike[str], most: int) -> Iterator[Input]:
    """Open a path, or standard input for `-`; what gzip has compressed is read as what it was.

    A folder has no bytes of its own: what reads it opens the files in it, by its `path`. Raises `UsageError` for a path
    that can't be opened and `DataError` for one that can't be read.
    """
    path = os.fspath(source)
    if is_folder(path):
        folder = Path(path).absolute()
        yield Input(folder.name, io.BytesIO(), b"", folder, most)
        return
    with raw(path) as file:
        name = "standard input" if path == STANDARD_INPUT else Path(path).name
        stored = again = is_stored(path)
        with named(name):
            start, stream = _looked_into(file, stored)
            if start.startswith(_GZIP) and (name.lower().endswith(".gz") or not stored):
                start, stream = _looked_into(gzip.GzipFile(fileobj=stream, mode="rb"), stored)
                again = False
        yield Input(name, stream, start, Path(path).absolute() if again else None, most)


@contextmanager
def named(name: str) -> Iterator[None]:
    """Name the source in every error of the block, and tell what goes wrong while reading as a `DataError`."""
    shown = quoted(name)[1:-1]
    try:
        yield
    except (EOFError, zlib.error, gzip.BadGzipFile):
        raise DataError(f"{shown}: its gzip data are broken or cut short; compress it again") from None
    except OSError as error:
        raise DataError(f"{shown}: it cannot be read: {error.strerror or error}") from None
    except MemoryError:
        raise LimitError(f"{shown} does not fit into memory") from None
    except LiveplotError as error:
        raise type(error)(f"{shown}: {error.sentence}", cure=error.cure) from None


def check(source: str | os.PathLike[str]) -> None:
    """Raise `UsageError` for a path that is not there."""
    path = os.fspath(source)
    if path == STANDARD_INPUT:
        return
    try:
        os.stat(path)  # noqa: PTH116 - a Path would take no name for the folder it stands in
    except FileNotFoundError:
        raise UsageError(f"there is no file {quoted(path)}") from None
    except (OSError, ValueError) as error:
        raise UsageError(f"cannot read {quoted(path)}: {getattr(error, 'strerror', None) or error}") from None


def is_folder(source: str | os.PathLike[str]) -> bool:
    """Whether a source is a folder."""
    return os.fspath(source) != STANDARD_INPUT and os.path.isdir(source)


def is_stored(source: str | os.PathLike[str]) -> bool:
    """Whether a source is a file, and neither a pipe nor a device."""
    return os.fspath(source) != STANDARD_INPUT and Path(source).is_file()


@contextmanager
def raw(path: str) -> Iterator[BinaryIO]:
    """The opened file, or standard input, as it is; what has come is there to be read before more has."""
    if path == STANDARD_INPUT:
        if sys.stdin is None:
            raise DataError("standard input is closed, and there is nothing to read")
        if sys.stdin.isatty():
            logging.getLogger(__name__).warning("the history is read from the terminal; Ctrl-D ends it")
        yield sys.stdin.buffer
        return
    check(path)
    try:
        file = Path(path).open("rb")  # noqa: SIM115 - it is closed below
    except OSError as error:
        raise UsageError(f"cannot read {quoted(path)}: {error.strerror or error}") from None
    with file:
        yield file


def _looked_into(stream: Any, rewinds: bool) -> tuple[bytes, BinaryIO]:
    """The first bytes of a stream, and the stream as if nobody had looked."""
    start = stream.read(_START)
    if rewinds:
        stream.seek(0)
        return start, stream
    return start, io.BufferedReader(_PutBack(start, stream), _READ_AT_ONCE)  # type: ignore[type-var]


def _megabytes(size: int) -> int:
    """Bytes in megabytes of 2^20, rounded up."""
    return -(-size >> 20)


class _PutBack(io.RawIOBase):
    """A stream before which some bytes have been put back."""

    def __init__(self, start: bytes, stream: BinaryIO) -> None:
        self._start = start
        self._stream = stream
        self._ended = len(start) < _START  # a terminal goes on behind its end, if it is asked again

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
        """Fill the buffer with what comes next, and say how much it is."""
        part = self._start[: len(buffer)]
        if not part and not self._ended:
            part = self._stream.read(len(buffer))  # all that it asks for, but at the end
            self._ended = len(part) < len(buffer)
        self._start = self._start[len(part) :]
        buffer[: len(part)] = part
        return len(part)
