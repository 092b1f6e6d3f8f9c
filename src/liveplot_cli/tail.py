"""A file as it grows, like `tail -F`: its bytes as they are appended, and those of what takes its place."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from pathlib import Path
from threading import Event

from liveplot_cli.errors import UsageError, quoted

_SECONDS = 0.01  # from one look at the file to the next
_REMEMBERED = 256  # bytes, by which a file that was written anew is told from one that has grown


class Tail(io.RawIOBase):
    """The bytes of a file, for which reading waits until they are there.

    It ends where the file has been cut, written anew or replaced, and when `stopped` is set.
    """

    def __init__(self, path: Path, stopped: Event) -> None:
        self._path, self._stopped = path, stopped
        self._file = path.open("rb", buffering=0)
        self._read = 0
        self._latest = b""

    def readable(self) -> bool:
        """It is."""
        return True

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()
        super().close()

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Wait for bytes, and say how many came; 0 at the end."""
        is_replaced = False
        while not self._stopped.is_set():
            if not self._is_as_it_was():
                return 0
            count = self._file.readinto(buffer)
            if count:
                self._read += count
                self._latest = (self._latest + bytes(buffer[:count][-_REMEMBERED:]))[-_REMEMBERED:]
                return count
            if is_replaced:  # and nothing more has come to what was there before
                return 0
            is_replaced = self._is_replaced()
            if not is_replaced:
                self._stopped.wait(_SECONDS)
        return 0

    def _is_as_it_was(self) -> bool:
        """Whether what has been read is still what the file begins with, as far as its end tells."""
        descriptor = self._file.fileno()
        if os.fstat(descriptor).st_size < self._read:
            return False
        if os.fstat(descriptor).st_size == self._read:
            return True
        self._file.seek(self._read - len(self._latest))
        return self._file.read(len(self._latest)) == self._latest

    def _is_replaced(self) -> bool:
        """Whether another file has the name by now; one that is only gone may still be written to."""
        try:
            return not os.path.samestat(self._path.stat(), os.fstat(self._file.fileno()))
        except FileNotFoundError:
            return False


def tails(path: Path, stopped: Event) -> Iterator[Tail]:
    """The file of a name and, when that has ended, what has taken its place; waits for one that is not there yet.

    It ends when `stopped` is set. Raises `UsageError` for what can't be followed.
    """
    while not stopped.is_set():
        try:
            tail = Tail(path, stopped)
        except FileNotFoundError:
            stopped.wait(_SECONDS)
            continue
        except OSError as error:
            raise UsageError(f"cannot read {quoted(path)}: {error.strerror or error}") from None
        with tail:
            yield tail
