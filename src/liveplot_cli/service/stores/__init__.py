"""Stores: where runs and their rows are kept, one module each, all tested by the same tests.

A store does its work in threads of its own and hands back futures, so that whoever waits for one row waits for nothing
else, and rows that arrive together are written together.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor, Future
from pathlib import Path
from typing import Any, Protocol

from liveplot_cli.errors import MissingError
from liveplot_cli.service.runs import Appended, Batch, Quota, RefusedError, Run, Values

KEPT = 600.0  # seconds that rows of an epoch that is over stay, for whoever is reading them
REMEMBERED = 86_400.0  # seconds that the answer to a request with a key is
TIDIED = 2_000  # rows in one commit, so that nobody waits long for it

_log = logging.getLogger(__name__)

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


def opened(address: str, folder: Path, quota: Quota) -> Store:
    """The store at a `postgresql://` address, or where there is none the file in the folder.

    Raises `MissingError` where it can't be opened.
    """
    if address:
        return _postgres(address, quota)
    from liveplot_cli.service.stores.sqlite import Sqlite

    return Sqlite(folder / "runs.db", quota)


def _postgres(address: str, quota: Quota) -> Store:
    try:
        import psycopg  # noqa: F401
    except ImportError:
        raise MissingError("PostgreSQL needs a package: pip install 'liveplot-cli[postgres]'") from None
    from liveplot_cli.service.stores.postgres import Postgres

    return Postgres(address, quota)


def submitted(threads: Executor, task: Callable[[], Any]) -> Future[Any]:
    """The future of a task; of a store that is closed already, one that says so."""
    try:
        return threads.submit(task)
    except RuntimeError:
        late: Future[Any] = Future()
        late.set_exception(draining())
        return late


def draining() -> RefusedError:
    """What is said to whoever comes when the store is closed."""
    return RefusedError("draining", "the server is about to end; try again in a while")


def tell(told: Iterable[Told], name: str) -> None:
    """Tell each of a change, whatever the others make of it."""
    for one in told:
        try:
            one(name)
        except Exception:  # the thread that tells must not end with whom it tells
            _log.exception("a change of a run could not be told")
