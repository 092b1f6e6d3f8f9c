"""Who waits for a run to change, and is told when it does."""

from __future__ import annotations

import asyncio
from collections import Counter


class Changes:
    """The changes of all runs, counted, within one event loop.

    A viewer keeps a count and not a queue: it takes the count, looks at the run, and waits until there is another. So a
    slow one misses steps in between, never the last, and costs no memory.
    """

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._waiting: dict[str, asyncio.Event] = {}
        self.closed = False

    def count(self, name: str) -> int:
        """How many changes of a run there have been."""
        return self._counts[name]

    def tell(self, name: str) -> None:
        """Wake all who wait for this run."""
        self._counts[name] += 1
        waiting = self._waiting.pop(name, None)
        if waiting is not None:
            waiting.set()

    async def wait(self, name: str, count: int, seconds: float) -> bool:
        """Wait until there have been more changes than this; False where there are none in so many seconds."""
        if self._counts[name] != count or self.closed:
            return True
        waiting = self._waiting.setdefault(name, asyncio.Event())
        try:
            async with asyncio.timeout(seconds):
                await waiting.wait()
        except TimeoutError:
            return False
        return True

    def close(self) -> None:
        """Wake everybody, for the last time."""
        self.closed = True
        for waiting in self._waiting.values():
            waiting.set()
        self._waiting.clear()
