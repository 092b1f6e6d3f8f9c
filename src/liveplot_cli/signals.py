"""SIGINT, SIGTERM and SIGHUP as one exception, so that whatever ends a job early runs the same `finally`."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

_HANDLED = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]


class Interrupted(BaseException):
    """A signal has asked the process to stop."""

    def __init__(self, signum: int) -> None:
        super().__init__(signal.Signals(signum).name)
        self.signum = signum


def stop(signum: int, _: FrameType | None) -> NoReturn:
    """Answer a signal by raising it as `Interrupted` wherever the program is."""
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


def die_of(signum: int) -> NoReturn:
    """End as if the signal had never been caught, so that a shell sees 130 for Ctrl-C and a parent its true cause."""
    signal.signal(signum, signal.SIG_DFL)
    os.kill(os.getpid(), signum)
    raise SystemExit(128 + signum)
