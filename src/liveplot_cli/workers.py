"""Work shared out among processes and put in order again, or done in this one."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
import warnings
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from liveplot_cli.errors import LiveplotError, OutputError, UsageError

# multiprocessing takes as long to import as a short film to draw: it is imported when there is work to share.
if TYPE_CHECKING:
    from concurrent.futures import Executor, Future

# A task is given an item and `tick`, to be called whenever a part of the item is done.
Task = Callable[[Any, Callable[[], object]], Any]
# Yields the task's results in the items' order and tells `ticked` how many parts are done.
InOrder = Callable[[Sequence[Any], Callable[[int], object]], Iterator[Any]]

_AHEAD = 3  # items under way or waiting, per worker: so many results at most wait for their turn
_GLANCE = 0.1  # seconds from one look at the parts done to the next
# A forked worker is at work in milliseconds; any other imports numpy and matplotlib first, for as long as so many
# segments of a film take here.
_LEAST_ITEMS_SPAWNED = 12
_MOST = 61  # worker processes that Windows can wait for
_SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]

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
    pool = _started(task, count) if count > 1 else None
    if pool is None:
        yield partial(_here, task)
        return
    try:
        yield pool.in_order
    except BaseException:
        pool.cut()
        raise
    finally:
        pool.shutdown()


def _here(task: Task, items: Iterable[Any], ticked: Callable[[int], object]) -> Iterator[Any]:
    done = 0

    def tick() -> None:
        nonlocal done
        done += 1
        ticked(done)

    for item in items:
        yield task(item, tick)


def _count(jobs: int, items: int) -> int:
    if jobs < 0:
        raise UsageError(f"{jobs} jobs make no sense; 0 is one for each core")
    count = min(jobs or _cores(), items, _MOST)
    if jobs == 0 and count > 1 and not forks() and items < _LEAST_ITEMS_SPAWNED:
        return 1
    return count


def _cores() -> int:
    """The cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _context() -> Any:
    """How worker processes start: as the program has chosen, else by fork where that is quick and safe."""
    import multiprocessing

    chosen = multiprocessing.get_start_method(allow_none=True)
    if chosen is None and sys.platform == "linux" and threading.active_count() == 1:
        chosen = "fork"
    return multiprocessing.get_context(chosen)


def _started(task: Task, count: int) -> _Pool | None:
    """Workers at work; None, with a warning, where this machine lets no process start."""
    try:
        return _Pool(task, count)
    except (OSError, NotImplementedError, ImportError) as error:
        _log.warning("no worker processes can be started here (%s); the work is done in one", error)
        return None


class _Pool:
    """Worker processes, held by a lifeline: a pipe that nobody writes to, at whose end a worker ends at once.

    The pipe ends when it is cut, and also when this process dies, however it dies.
    """

    def __init__(self, task: Task, count: int) -> None:
        from concurrent.futures import ProcessPoolExecutor

        context = _context()
        self._ahead = count * _AHEAD
        self._held, self._lifeline = context.Pipe(duplex=False)
        self._ticks = context.Value("q", 0)
        inherited = self._lifeline if context.get_start_method() == "fork" else None
        self._executor: Executor = ProcessPoolExecutor(
            count, context, initializer=_begin, initargs=(task, self._held, inherited, self._ticks)
        )
        try:
            with _signals_held_back(), warnings.catch_warnings():
                # Python 3.12 warns of threads when it forks: numpy's, which know of forks, for ours is the only one.
                warnings.simplefilter("ignore", DeprecationWarning)
                self._executor.submit(_ready)
        except BaseException:
            self.shutdown()
            raise

    def in_order(self, items: Iterable[Any], ticked: Callable[[int], object]) -> Iterator[Any]:
        """The results in the items' order, never more than a few of them waiting."""
        waiting: deque[Future[Any]] = deque()
        for item in items:
            if len(waiting) == self._ahead:
                yield self._result(waiting.popleft(), ticked)
            waiting.append(self._executor.submit(_work, item))
        while waiting:
            yield self._result(waiting.popleft(), ticked)

    def _result(self, future: Future[Any], ticked: Callable[[int], object]) -> Any:
        from concurrent.futures.process import BrokenProcessPool

        while True:
            try:
                result = future.result(timeout=None if future.done() else _GLANCE)
            except TimeoutError as error:
                if future.done():
                    raise _failure(error) from error
            except BrokenProcessPool as error:
                raise OutputError("a worker process was killed, for want of memory perhaps; try fewer jobs") from error
            except LiveplotError:
                raise
            except Exception as error:
                raise _failure(error) from error
            else:
                ticked(self._ticks.value)
                return result
            ticked(self._ticks.value)

    def cut(self) -> None:
        """End the workers at once."""
        self._lifeline.close()

    def shutdown(self) -> None:
        """Wait for the workers' end."""
        self._executor.shutdown(cancel_futures=True)
        self.cut()
        self._held.close()  # not before: a worker that is spawned late is given it too


def _failure(error: Exception) -> OutputError:
    return OutputError(f"a worker process failed ({type(error).__name__}: {error})")


@contextmanager
def _signals_held_back() -> Iterator[None]:
    """Let a signal wait until workers have begun: they must not answer it as this process does."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


# A worker's own task and ticks.
_task: Task
_tick: Callable[[], object]


def _begin(task: Task, held: Any, inherited: Any, ticks: Any) -> None:
    """Begin as a worker: signals are this process' parent's to answer, and the lifeline ends it."""
    global _task, _tick
    if inherited is not None:
        inherited.close()
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_DFL if number == signal.SIGTERM else signal.SIG_IGN)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
    threading.Thread(target=_end_with, args=(held,), daemon=True).start()
    _task, _tick = task, partial(_count_one, ticks)


def _end_with(held: Any) -> None:
    try:
        held.recv_bytes()
    except (EOFError, OSError):
        os._exit(1)


def _count_one(ticks: Any) -> None:
    with ticks.get_lock():
        ticks.value += 1


def _ready() -> None:
    """What the first call of a worker does, so that all of them start."""


def _work(item: Any) -> Any:
    return _task(item, _tick)
