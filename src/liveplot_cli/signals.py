"""SIGINT, SIGTERM and SIGHUP as one exception, so that whatever ends a job early runs the same `finally`."""

from __future__ import annotations

import os
import signal
import sys
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any, NoReturn

_HANDLED = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
BROKEN_PIPE: int = getattr(signal, "SIGPIPE", 13)
_PATIENCE = 1  # seconds in which a further signal is the same wish as the one before

# Those raised so far: an exception can be lost, for callbacks of an import and of C code swallow whatever comes.
raised: list[int] = []


class Interrupted(BaseException):
    """A signal has asked the process to stop."""

    latest: weakref.ref[Interrupted] | None = None

    def __init__(self, signum: int) -> None:
        super().__init__(signal.Signals(signum).name)
        self.signum = signum
        self.time = time.monotonic()
        Interrupted.latest = weakref.ref(self)


def stop(signum: int, _: FrameType | None) -> None:
    """Answer a signal by raising it as `Interrupted` wherever the program is.

    While one is being answered and things are put away, another is not heard for a second; after that it ends the
    process at once.
    """
    under_way = Interrupted.latest() if Interrupted.latest else None
    if under_way is None:  # or it has been swallowed
        raised.append(signum)
        raise Interrupted(signum)
    if time.monotonic() - under_way.time > _PATIENCE:
        abort(signum)


def answer(handler: Callable[[int, FrameType | None], object] | signal.Handlers) -> None:
    """From now on answer the signals with `handler`; one that is ignored from outside (`nohup`) stays ignored."""
    for number in _HANDLED:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, handler)


class Wish:
    """Whether a signal has asked for the end, and which: for a job that then has something to bring to its end."""

    def __init__(self) -> None:
        self.signum: int | None = None
        self._time = 0.0

    def note(self, signum: int, frame: FrameType | None) -> None:
        """Answer a signal by noting it; one that comes more than a second later is answered as `stop` does."""
        if self.signum is None:
            self.signum, self._time = signum, time.monotonic()
        elif time.monotonic() - self._time > _PATIENCE:
            stop(signum, frame)


@contextmanager
def handled(handler: Callable[[int, FrameType | None], object]) -> Iterator[None]:
    """Answer the signals with `handler` within the block."""
    before: dict[int, Any] = {number: signal.getsignal(number) for number in _HANDLED}
    try:
        answer(handler)
        yield
    finally:
        for number, handler_before in before.items():
            if handler_before is not signal.SIG_IGN:
                signal.signal(number, handler_before)


def abort(signum: int, _: FrameType | None = None) -> NoReturn:
    """End at once as if the signal had never been caught: a shell sees 130 for Ctrl-C, a parent its cause.

    As an answer to a signal it is for where nothing has begun that must be put away, such as imports. A person who
    asked for the end is told; a broken pipe is how commands end that had more to say.
    """
    answer(signal.SIG_IGN)  # who asks twice is told once
    if sys.stderr is not None and signum != BROKEN_PIPE:  # where it is None, its number may be that of another file
        with suppress(OSError):  # nobody may be listening
            os.write(2, b"Aborted.\n")
    end(signum)


def end(signum: int) -> NoReturn:
    """End as `abort` does, without a word: for what runs until it is asked to end, and has put everything away."""
    signal.signal(signum, signal.SIG_DFL)
    os.kill(os.getpid(), signum)
    raise SystemExit(128 + signum)
