"""Stores: where runs and their rows are kept, one module each, all tested by the same tests.

A store does its work in threads of its own and hands back futures, so that whoever waits for one row waits for nothing
else, and rows that arrive together are written together.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Protocol

from liveplot_cli.service.runs import Appended, Batch, Quota, Run, Values

Told = Callable[[str], object]


class Store(Protocol):
    """Runs and rows.

    Every future may raise `RefusedError`: `not_found`, `full`, `broken`, and what `runs.admit` refuses.
    """

    def append(self, name: str, batch: Batch) -> Future[Appended]:
        """Add rows, all of them or none, and make the run where there is none; done when they are on the disk."""
        ...

    def reset(self, name: str, epoch: int | None) -> Future[int]:
        """Begin the run anew in the epoch after this one, which is handed back."""
        ...

    def delete(self, name: str) -> Future[None]:
        """Forget the run; one made again under its name begins in the next epoch."""
        ...

    def run(self, name: str) -> Future[Run]:
        """The run as it stands."""
        ...

    def runs(self) -> Future[Sequence[Run]]:
        """All runs, the one changed last first."""
        ...

    def rows(self, run: Run, numbers: Sequence[int]) -> Future[Values]:
        """Rows of the run's epoch by their numbers, rising, from 1 to `run.rows`, shape (numbers, columns)."""
        ...

    def check(self) -> Future[None]:
        """Raise `RefusedError` if no row could be stored now."""
        ...

    def listen(self, told: Told) -> None:
        """Have `told(name)` called, in any thread, after each change of a run, whoever made it."""
        ...

    def close(self) -> None:
        """Finish what was begun, and let go of everything."""
        ...


def opened(place: str, folder: Path, quota: Quota) -> Store:
    """The store of a place: a `postgresql://` address, or else a file in the folder.

    Raises `MissingError` where it can't be opened.
    """
    from liveplot_cli.service.stores.sqlite import Sqlite

    return Sqlite(Path(place) if place else folder / "runs.db", quota)
