"""Stores to be tested: opened and opened again, and looked into from outside."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import postgres
from liveplot_cli.service.runs import Batch, Quota, RefusedError, Values
from liveplot_cli.service.stores import Store, opened


@dataclass
class Place:
    """Where stores are opened: a file, or a schema of a database."""

    address: str
    folder: Path
    server: postgres.Server | None = None
    schema: str = ""
    opened: list[Store] = field(default_factory=list)

    def open(self, quota: Quota | None = None) -> Store:
        store = opened(self.address, self.folder, quota or Quota())
        self.opened.append(store)
        return store

    def close(self) -> None:
        while self.opened:
            self.opened.pop().close()

    def count(self, table: str) -> int:
        """How many rows stand in one of the store's tables."""
        if self.server is not None:
            (row,) = self.server.tell(f"SELECT count(*) FROM {self.schema}.liveplot_{table}")
            return int(str(row[0]))
        with closing(sqlite3.connect(self.folder / "runs.db")) as connection:
            return int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


def place(kind: str, folder: Path, request: pytest.FixtureRequest) -> Place:
    """A place where nothing is yet."""
    if kind == "sqlite":
        return Place("", folder)
    server: postgres.Server = request.getfixturevalue("postgresql")
    return in_database(server, folder)


def in_database(server: postgres.Server, folder: Path) -> Place:
    """A place in a database."""
    schema = server.schema()
    return Place(server.address(schema=schema), folder, server, schema)


def batch(*rows: Sequence[float], **facts: Any) -> Batch:
    return Batch(np.array(rows, dtype=float), **facts)


def counting(first: int, count: int, width: int = 2) -> Values:
    """Rows that say their own number."""
    return np.arange(first, first + count, dtype=float)[:, None] * np.ones(width)


def stored(store: Store, name: str) -> list[list[float]]:
    """All rows of a run; gaps are NaN."""
    run = store.run(name).result(20)
    return store.rows(run, range(1, run.rows + 1)).result(20).tolist()


@contextmanager
def refused(code: str, says: str = "", **facts: object) -> Iterator[None]:
    """A refusal, with these facts and no others."""
    with pytest.raises(RefusedError, match=says or None) as caught:
        yield
    assert (caught.value.code, caught.value.facts) == (code, facts)


def settled(future: Future[Any]) -> Any:
    """What a future has answered, or why it did not."""
    try:
        return future.result(30)
    except RefusedError as refusal:
        return refusal.code


class Heard:
    """Whose changes were told of."""

    def __init__(self) -> None:
        self._news = threading.Condition()
        self.names: list[str] = []

    def __call__(self, name: str) -> None:
        with self._news:
            self.names.append(name)
            self._news.notify_all()

    def wait(self, *names: str) -> list[str]:
        """Wait until each was told of; all that were, which are then forgotten."""
        with self._news:
            assert self._news.wait_for(lambda: set(names) <= set(self.names), 10), self.names
            heard, self.names = self.names, []
        return heard


def soon(done: Callable[[], bool]) -> None:
    """Wait until something has happened, which takes a moment."""
    for _ in range(400):
        if done():
            return
        time.sleep(0.025)
    raise AssertionError("it did not happen")
