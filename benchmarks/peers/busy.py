"""No film: the same sums twice, by one process or by two, which tells how much two cores of a machine are worth."""

from __future__ import annotations

import os
import sys


def busy() -> None:
    """Some seconds of work that needs no memory."""
    total = 0
    for number in range(25_000_000):
        total += number * number


if sys.argv[1:] == ["--jobs", "2"] and os.fork() == 0:
    busy()
    os._exit(0)
busy()
if sys.argv[1:] == ["--jobs", "2"]:
    os.wait()
else:
    busy()
