"""What a command costs as a whole process, start-up and children included: `measure(command)`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Cost:
    """Seconds on the wall, seconds of all its processes on the cores, bytes of its largest process at its peak."""

    wall: float
    cpu: float
    memory: int


class FailedError(Exception):
    """The command ended with an error; the message is the last line it said."""


def measure(command: Sequence[str], environment: Mapping[str, str]) -> Cost:
    """Run a command, started by a small process of its own.

    Linux counts the memory of the process that starts a program as the program's own peak: started from here, every
    command would be as large as the benchmark with its numpy and its pictures.
    """
    launcher = [sys.executable, "-I", "-S", __file__, *command]
    done = subprocess.run(launcher, capture_output=True, text=True, check=False, env=environment)
    if done.returncode:
        raise FailedError((done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1])
    return Cost(**json.loads(done.stdout))


def _launch(command: list[str]) -> int:
    """Run a command, its words on stderr, and print its cost."""
    start = time.perf_counter()
    process = os.posix_spawnp(command[0], command, os.environ, file_actions=[(os.POSIX_SPAWN_DUP2, 2, 1)])
    _, status, usage = os.wait4(process, 0)
    wall = time.perf_counter() - start
    print(json.dumps({"wall": wall, "cpu": usage.ru_utime + usage.ru_stime, "memory": usage.ru_maxrss * 1024}))
    return os.waitstatus_to_exitcode(status)


if __name__ == "__main__":
    sys.exit(_launch(sys.argv[1:]))
