"""Worker processes, each at the other end of a pipe of its own, as an executor that does one task."""

from __future__ import annotations

import os
import pickle
import signal
import socket
import sys
import threading
import time
import warnings
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Any

from liveplot_cli.errors import LimitError, LiveplotError, OutputError
from liveplot_cli.startup import quick_imports

# A task is given an item and `tick`, to be called whenever a part of the item is done.
Task = Callable[[Any, Callable[[], object]], Any]

_ROOM = 1 << 20  # bytes of a worker's results that wait to be read
_REPORT = 0.1  # seconds from one word of a worker on the parts it has done to the next
_SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]


class StartError(Exception):
    """Processes were started, but not all of them came to work."""


class _KilledError(OutputError):
    """A worker has ended without a word."""

    def __init__(self) -> None:
        super().__init__("a worker process was killed, for want of memory perhaps; try fewer jobs")


class _WorkersTraceback(Exception):  # noqa: N818 - it is the cause of one
    """Where in a worker an error was raised."""


@dataclass(frozen=True)
class _Word:
    """What a worker says: parts done since its last word, and of an item that is done the result or the failure."""

    ticks: int = 0
    number: int | None = None
    result: Any = None
    failure: LiveplotError | None = None
    traceback: str = ""


@dataclass(frozen=True)
class _Worker:
    """A worker process and this end of its pipe."""

    process: Any
    pipe: Any

    def send(self, number: int, item: Any) -> None:
        """Hand it an item; raises `OutputError` if it has gone."""
        try:
            self.pipe.send((number, item))
        except OSError as error:
            raise _KilledError from error

    def hear(self) -> _Word:
        """Its next word; raises `OutputError` if it has gone."""
        try:
            word: _Word = self.pipe.recv()
        except (EOFError, OSError) as error:
            raise _KilledError from error
        if word.failure is not None:
            word.failure.__cause__ = _WorkersTraceback(f"\n{word.traceback}")
        return word


class _Promise(Future[Any]):
    """A result that is waited for by listening to the workers: there is no thread that would do it meanwhile."""

    def __init__(self, pool: Pool) -> None:
        super().__init__()
        self._pool = pool

    def result(self, timeout: float | None = None) -> Any:
        """The result, as soon as a worker has said it; raises what a worker has failed with."""
        while not self.done():
            self._pool.listen()
        return super().result(timeout)


class Pool(Executor):
    """Worker processes, each at the other end of a pipe of its own, which do one task and no other.

    Nothing else is shared: no lock that a killed worker would keep for ever, no thread that an exception out of a
    signal could leave waiting. A worker ends at once when its pipe does, and that is when this process dies, however it
    dies.
    """

    def __init__(self) -> None:
        self._workers: list[_Worker] = []
        self._task: Task | None = None
        self._idle: list[_Worker] = []
        self._busy: dict[Any, _Worker] = {}
        self._waiting: deque[int] = deque()
        self._items: dict[int, Any] = {}
        self._promises: dict[int, _Promise] = {}
        self._submitted = self._done = 0
        self.ticked: Callable[[int], object] = lambda done: None

    def start(self, context: Any, task: Task, count: int) -> None:
        """Start so many workers and wait until all of them are there, with all that they need.

        Raises `StartError` where they end at once, and what the system answers where it starts no process.
        """
        forked = context.get_start_method() == "fork"
        if not forked and hasattr(signal, "pthread_sigmask"):
            from multiprocessing import resource_tracker

            resource_tracker.ensure_running()  # here, for when it starts it lets through the signals held back below
        with _signals_held_back(), warnings.catch_warnings():
            # Python 3.12 warns of threads when it forks: numpy's, which know of forks, for ours is the only one.
            warnings.simplefilter("ignore", DeprecationWarning)
            for _ in range(count):
                self._start_one(context, task if forked else None, forked)
        try:
            # Not with its start, which would wait for ever for a process that was killed before it has taken the task.
            for worker in self._workers if not forked else ():
                worker.send(0, task)
            for worker in self._workers:
                worker.hear()
        except _KilledError as error:
            raise StartError("they end at once") from error
        self._task, self._idle = task, list(self._workers)

    def _start_one(self, context: Any, task: Task | None, forked: bool) -> None:
        pipe, its_pipe = context.Pipe()
        _widen(its_pipe)
        # What a forked worker inherits and must close, or no pipe would end when this process dies.
        inherited = [pipe, *(worker.pipe for worker in self._workers)] if forked else []
        try:
            process = context.Process(target=_serve, args=(task, its_pipe, inherited), daemon=True)
            process.start()
        except BaseException:
            pipe.close()
            raise
        finally:
            its_pipe.close()
        self._workers.append(_Worker(process, pipe))

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Have the task, which is what the workers have begun with, done for an item by the next idle worker."""
        assert fn is self._task
        number, self._submitted = self._submitted, self._submitted + 1
        (self._items[number],) = args
        self._waiting.append(number)
        promise = self._promises[number] = _Promise(self)
        self._hand_out()
        return promise

    def _hand_out(self) -> None:
        while self._idle and self._waiting:
            worker, number = self._idle.pop(), self._waiting.popleft()
            worker.send(number, self._items.pop(number))
            self._busy[worker.pipe] = worker

    def listen(self) -> None:
        """Wait for the next words of the workers, and keep the promises they fulfil."""
        from multiprocessing.connection import wait

        for pipe in wait(list(self._busy)):
            word = self._busy[pipe].hear()
            if word.failure is not None:
                raise word.failure
            self._done += word.ticks
            if word.number is not None:
                self._promises.pop(word.number).set_result(word.result)
                self._idle.append(self._busy.pop(pipe))
        self.ticked(self._done)
        self._hand_out()

    def end(self) -> None:
        """End the workers at once, whatever they are at: they have nothing to put away."""
        with _signals_held_back():
            for worker in self._workers:
                worker.process.kill()
            for worker in self._workers:
                worker.process.join()
                worker.pipe.close()
            self._workers.clear()


def _widen(pipe: Any) -> None:
    """Let a pipe hold a segment, as far as the system lets it: so the worker goes on at once, and fewer reads do."""
    if os.name == "posix":  # elsewhere it is no socket
        with socket.socket(fileno=os.dup(pipe.fileno())) as end, suppress(OSError):
            end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _ROOM)


@contextmanager
def _signals_held_back() -> Iterator[None]:
    """Let a signal wait until the block has ended: what has begun is then on record, and can be ended.

    Processes that start meanwhile are born deaf, for they must not answer as this one does. That alone would not do
    here: the system hands a signal that this thread holds back to another one, such as numpy's.
    """
    arrived: list[int] = []
    answers: dict[int, Any] = {}
    if threading.current_thread() is threading.main_thread():
        answers = {number: answer for number in _SIGNALS if callable(answer := signal.getsignal(number))}
    for number in answers:
        signal.signal(number, lambda number, _: arrived.append(number))
    masks = hasattr(signal, "pthread_sigmask")
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS) if masks else set()
    try:
        yield
    finally:
        if masks:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        for number, answer in answers.items():
            signal.signal(number, answer)
        for number in arrived:
            signal.raise_signal(number)


def _serve(task: Task | None, pipe: Any, inherited: Sequence[Any]) -> None:
    """Be a worker: signals are this process' parent's to answer, and the end of the pipe is the worker's."""
    for other in inherited:
        other.close()
    _die_with_parent()
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_DFL if number == signal.SIGTERM else signal.SIG_IGN)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
    items = SimpleQueue[bytes]()
    try:
        threading.Thread(target=_receive, args=(pipe, items), daemon=True).start()
    except RuntimeError:  # no thread can be started: rather no worker than one that outlives its parent
        os._exit(1)
    if task is None:
        with quick_imports():
            task = pickle.loads(items.get())[1]
    _say(pipe, _Word())
    while True:
        _work(task, pipe, *pickle.loads(items.get()))


def _die_with_parent() -> None:
    """Have Linux kill this process when its parent dies, whatever it waits for then; see prctl(2)."""
    if sys.platform == "linux":
        import ctypes

        set_parent_death_signal = 1
        ctypes.CDLL(None).prctl(set_parent_death_signal, signal.SIGKILL)


def _receive(pipe: Any, items: SimpleQueue[bytes]) -> None:
    try:
        while True:
            items.put(pipe.recv_bytes())
    finally:  # its end, or whatever else
        os._exit(1)


def _work(task: Task, pipe: Any, number: int, item: Any) -> None:
    ticks, reported = 0, time.monotonic()

    def tick() -> None:
        nonlocal ticks, reported
        ticks += 1
        if time.monotonic() - reported > _REPORT:
            _say(pipe, _Word(ticks))
            ticks, reported = 0, time.monotonic()

    try:
        result = task(item, tick)
    except BaseException as error:
        _say(pipe, _failed(error))
    else:
        _say(pipe, _Word(ticks, number, result))


def _failed(error: BaseException) -> _Word:
    from traceback import format_exc

    if isinstance(error, MemoryError):
        error = LimitError("there is not enough memory for so many worker processes; try fewer jobs or a smaller size")
    if not isinstance(error, LiveplotError):
        error = OutputError(f"a worker process failed ({type(error).__name__}: {error})")
    return _Word(failure=error, traceback=format_exc())


def _say(pipe: Any, word: _Word) -> None:
    """Say a word to the parent, whole; without a parent there is nothing left to do."""
    try:
        said = pickle.dumps(word, pickle.HIGHEST_PROTOCOL)
    except Exception as error:
        said = pickle.dumps(_failed(error), pickle.HIGHEST_PROTOCOL)
    try:
        pipe.send_bytes(said)
    except OSError:
        os._exit(1)
