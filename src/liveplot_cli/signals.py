"""SIGINT, SIGTERM and SIGHUP as one exception, so that whatever ends a job early runs the same `finally`."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import NoReturn

_HANDLED = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]

# Those raised so far: an exception can be lost, for callbacks of an import and of C code swallow whatever comes.
raised: list[int] = []


class Interrupted(BaseException):
    """A signal has asked the process to stop."""

    def __init__(self, signum: int) -> None:
        super().__init__(signal.Signals(signum).name)
        self.signum = signum


def stop(signum: int, _: FrameType | None) -> NoReturn:
    """Answer a signal by raising it as `Interrupted` wherever the program is."""
    raised.append(signum)
    raise Interrupted(signum)


@contextmanager
def handled(handler: Callable[[int, FrameType | None], object] = stop) -> Iterator[None]:
    """Answer the signals with `handler` within the block; one that is ignored from outside (`nohup`) stays ignored."""
    before = {number: signal.getsignal(number) for number in _HANDLED}
    heard = [number for number, answer in before.items() if answer is not signal.SIG_IGN]
    try:
        for number in heard:
            signal.signal(number, handler)
        yield
    finally:
        for number in heard:
            signal.signal(number, before[number])


def abort(signum: int, _: FrameType | None = None) -> NoReturn:
    """Say so and end at once as if the signal had never been caught: a shell sees 130 for Ctrl-C, a parent its cause.

    As an answer to a signal it is for where nothing has begun that must be put away, such as imports.
    """
    if sys.stderr is not None:  # else its number may be that of another file
        with suppress(OSError):  # nobody may be listening
            os.write(2, b"Aborted.\n")
    signal.signal(signum, signal.SIG_DFL)
    os.kill(os.getpid(), signum)
    raise SystemExit(128 + signum)
