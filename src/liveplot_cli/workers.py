"""Work shared out among processes and put in order again, or done in this one."""

from __future__ import annotations

import logging
import os
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from typing import Any

from liveplot_cli.errors import UsageError
from liveplot_cli.pool import Pool, StartError, Task

# multiprocessing takes as long to import as a short film to draw: it is imported when there is work to share.

# Yields the task's results in the items' order and tells `ticked` how many parts are done.
InOrder = Callable[[Sequence[Any], Callable[[int], object]], Iterator[Any]]

_AHEAD = 3  # items under way or waiting, per worker: so many results at most wait for their turn
# A forked worker is at work in milliseconds; any other imports numpy and matplotlib first, for as long as so many
# segments of a film take here.
_LEAST_ITEMS_SPAWNED = 12
_MOST = 61  # worker processes that Windows can wait for

_log = logging.getLogger(__name__)


def forks() -> bool:
    """Whether workers are forked: they then begin at once, and with all that this process has in memory."""
    return bool(_context().get_start_method() == "fork")


@contextmanager
def started(task: Task, jobs: int, items: int) -> Iterator[InOrder]:
    """Start what does the task for so many items, before anything that a forked process must not inherit.

    `jobs` is a number of processes; 0 is one for each core, or this one alone where the work is done sooner here. A
    worker inherits the task if it is forked, else the task is pickled for it. Raises `OutputError` where a worker fails
    or is killed. When the block ends, however it ends, no worker is left.
    """
    count = _count(jobs, items)
    pool = Pool()
    try:
        executor, ahead = (pool, count * _AHEAD) if count > 1 and _start(pool, task, count) else (_Here(), 1)

        def in_order(items: Sequence[Any], ticked: Callable[[int], object]) -> Iterator[Any]:
            executor.ticked = ticked
            return _in_order(executor, task, items, ahead)

        yield in_order
    finally:
        pool.end()


def _in_order(executor: Executor, task: Callable[..., Any], items: Iterable[Any], ahead: int) -> Iterator[Any]:
    """The results of any executor in the items' order, no more than `ahead` of them under way or waiting."""
    waiting: deque[Future[Any]] = deque()
    for item in items:
        if len(waiting) == ahead:
            yield waiting.popleft().result()
        waiting.append(executor.submit(task, item))
    while waiting:
        yield waiting.popleft().result()


class _Here(Executor):
    """Does the task in this process, as soon as it is submitted."""

    def __init__(self) -> None:
        self.ticked: Callable[[int], object] = lambda done: None
        self._done = 0

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Do it, and hand back its result."""
        future: Future[Any] = Future()
        future.set_result(fn(*args, self._tick, **kwargs))
        return future

    def _tick(self) -> None:
        self._done += 1
        self.ticked(self._done)


def _count(jobs: int, items: int) -> int:
    if not hasattr(jobs, "__index__") or jobs < 0:
        raise UsageError(f"{jobs} jobs make no sense; 0 is one for each core")
    count = min(jobs or _cores(), items, _MOST)
    if jobs == 0 and count > 1 and (_is_daemon() or (not forks() and items < _LEAST_ITEMS_SPAWNED)):
        return 1
    return count


def _is_daemon() -> bool:
    """Whether this is itself one of a program's worker processes that may start none, as those of its `Pool`."""
    import multiprocessing

    return multiprocessing.current_process().daemon


def _cores() -> int:
    """The cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _context() -> Any:
    """How worker processes start: as the program has chosen, else by fork where that is quick and safe."""
    import multiprocessing

    chosen = multiprocessing.get_start_method(allow_none=True)
    if chosen is None:  # to ask for the default would choose it for the program, once and for all
        chosen = "fork" if sys.platform == "linux" and threading.active_count() == 1 else "spawn"
    return multiprocessing.get_context(chosen)


def _start(pool: Pool, task: Task, count: int) -> bool:
    """Set workers to work; False, with a warning, where this machine lets no process start, or not all of them."""
    try:
        pool.start(_context(), task, count)
    except (OSError, NotImplementedError, ImportError, AssertionError, StartError) as error:
        pool.end()
        _log.warning("no worker processes can be started here (%s); the work is done in one", error)
        return False
    return True
