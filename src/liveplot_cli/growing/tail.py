"""A file as it grows, like `tail -F`: its bytes as they are appended, and those of what takes its place."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from pathlib import Path
from threading import Event

from liveplot_cli.errors import UsageError, quoted

_SECONDS, _IDLE = 0.005, 0.015  # from one look at the file to the next: at first, and when nothing has come for long
_LONG = 400  # looks
_REMEMBERED = 256  # bytes, by which a file that was written anew is told from one that has grown


class Tail(io.RawIOBase):
    """The bytes of a file, for which reading waits until they are there.

    It ends where the file has been cut, written anew or replaced, and when `stopped` is set; when `ending` is, with
    what there is of it then.
    """

    def __init__(self, path: Path, stopped: Event, ending: Event) -> None:
        self._path, self._stopped, self._ending = path, stopped, ending
        self._file = path.open("rb", buffering=0)
        self._end: int | None = None
        self.has_ended = False  # with all that there is to read
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
        looks = 0
        while not self._stopped.is_set():
            if not self._is_as_it_was():
                return 0
            count = self._file.readinto(memoryview(buffer)[: self._room(len(buffer))])
            if count:
                self._read += count
                self._latest = (self._latest + bytes(buffer[:count][-_REMEMBERED:]))[-_REMEMBERED:]
                return count
            if is_replaced:  # and nothing more has come to what was there before
                return 0
            is_replaced = self._is_replaced()
            if not is_replaced:
                if self._end is not None:
                    self.has_ended = True
                    return 0
                looks += 1
                self._stopped.wait(_SECONDS if looks < _LONG else _IDLE)
        return 0

    def _room(self, most: int) -> int:
        """How many bytes are to be read at once: of a file that grows all the time its end must be somewhere."""
        if self._ending.is_set() and self._end is None:
            self._end = os.fstat(self._file.fileno()).st_size
        return most if self._end is None else min(most, max(0, self._end - self._read))

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


def tails(path: Path, stopped: Event, ending: Event) -> Iterator[Tail]:
    """The file of a name and, when that has ended, what has taken its place; waits for one that is not there yet.

    It ends when `stopped` is set and, when `ending` is, with the file that is there then. Raises `UsageError` for what
    can't be followed.
    """
    while not stopped.is_set():
        try:
            tail = Tail(path, stopped, ending)
        except FileNotFoundError:
            if ending.is_set():
                return
            stopped.wait(_SECONDS)
            continue
        except OSError as error:
            raise UsageError(f"cannot read {quoted(path)}: {error.strerror or error}") from None
        with tail:
            yield tail
        if tail.has_ended:
            return
