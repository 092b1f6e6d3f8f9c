"""Room that is kept for what makes room: on a disk that is full to the last byte nothing could even be deleted."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

_MOST = 4 << 20  # bytes: more than SQLite's log has before it is put in its place
_LEAST = 1 << 16  # with less nothing is gained
_PART = 4  # of what is free on a disk no more than this part


class Reserve:
    """A file of nothing, which lies on the disk until its room is needed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._size = path.stat().st_size if path.exists() else 0

    def keep(self) -> None:
        """Set as much room aside as there may be, where that is more than is."""
        try:
            found = os.statvfs(self._path.parent)
            size = min(_MOST, found.f_bavail * found.f_frsize // _PART)
            if size <= self._size or size < _LEAST:
                return
            with os.fdopen(os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600), "wb") as file:
                file.write(bytes(size))
            self._size = size
        except OSError:
            self.give()

    def give(self) -> None:
        """Let others have the room."""
        with suppress(OSError):
            self._path.unlink()
        self._size = 0
