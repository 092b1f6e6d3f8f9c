"""Room that is kept for what makes room: on a disk that is full to the last byte nothing could even be deleted."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

_MOST = 4 << 20  # bytes: more than SQLite's log has before it is put in its place
_PART = 4  # of a small disk's room no more than this part


class Reserve:
    """A file of nothing, which lies on the disk until its room is needed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._is_there = path.exists()

    def keep(self) -> None:
        """Set the room aside, unless it is or there is none."""
        if self._is_there:
            return
        with suppress(OSError):
            found = os.statvfs(self._path.parent)
            size = min(_MOST, found.f_bavail * found.f_frsize // _PART)
            file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                os.posix_fallocate(file, 0, max(1, size))
                self._is_there = True
            finally:
                os.close(file)
                if not self._is_there:
                    self._path.unlink()

    def give(self) -> None:
        """Let others have the room."""
        with suppress(OSError):
            self._path.unlink()
        self._is_there = False
