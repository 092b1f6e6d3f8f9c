"""Rows in memory, between the loop that makes them and the thread that sends them."""

from __future__ import annotations

import threading
import time
from collections import deque
from itertools import islice

from liveplot_cli.client.spool import Row

MOST_ROWS = 1_000  # of a batch
AT_THE_LATEST = 0.2  # seconds after its first row a batch is sent
_MOST_VALUES = 20_000  # of a batch: half a megabyte, as JSON writes them
_OF_A_ROW = 16  # values that take as much memory as what is around a row


class Waiting:
    """Rows in their order, as many as memory is allowed for; whoever puts one is never kept waiting."""

    def __init__(self, most_bytes: int) -> None:
        self._news = threading.Condition()
        self._rows: deque[Row] = deque()
        self._values = 0
        self._most = most_bytes // 8
        self._since = self._looked = 0.0
        self.ended = False

    def __len__(self) -> int:
        return len(self._rows)

    def put(self, row: Row) -> bool:
        """Take a row in; False where there is no room left, or nobody to take it out."""
        with self._news:
            size = len(row) + _OF_A_ROW
            if self.ended or self._values + size > self._most:
                return False
            if not self._rows:
                self._since = time.monotonic()
            self._rows.append(row)
            self._values += size
            if len(self._rows) in (1, MOST_ROWS):
                self._news.notify()
        return True

    @property
    def has_room(self) -> bool:
        """Whether a good part of the memory is free: rows that are put now need not wait for others to be sent."""
        return self._values * 2 <= self._most

    def end(self) -> None:
        """Take no more rows in."""
        with self._news:
            self.ended = True
            self._news.notify()

    def first(self, width: int) -> list[Row]:
        """The rows of the next batch, which stay until they are dropped, for a run that is so wide at least."""
        with self._news:
            self._looked = time.monotonic()
            if not self._rows:
                return []
            widest = max(len(self._rows[min(len(self._rows), MOST_ROWS) - 1]), width, 1)  # rows never become narrower
            return list(islice(self._rows, min(MOST_ROWS, max(1, _MOST_VALUES // widest))))

    def drop(self, count: int) -> None:
        """Let go of the first rows."""
        with self._news:
            for _ in range(count):
                self._values -= len(self._rows.popleft()) + _OF_A_ROW
            self._since = self._looked  # what is left came after that, or is a batch already

    def age(self) -> float:
        """For how many seconds the first row has been waiting."""
        return time.monotonic() - self._since if self._rows else 0.0

    def is_ripe(self, age: float = AT_THE_LATEST) -> bool:
        """Whether there is a batch: enough rows, or one that has waited long enough, or the last."""
        return len(self._rows) >= MOST_ROWS or bool(self._rows and (self.ended or self.age() >= age))

    def wait(self, seconds: float) -> None:
        """Wait until there may be a batch, at most so long."""
        with self._news:
            if not self.ended and len(self._rows) < MOST_ROWS:
                self._news.wait(max(0.0, AT_THE_LATEST - self.age()) if self._rows else seconds)
