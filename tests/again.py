"""The command once more, by a process that has imported everything already, under a user's hostile settings.

It is for U9 alone, that the same command twice makes the same bytes: a tenth of the time of another start.
"""

from __future__ import annotations

import atexit
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path

# What a user's own settings may say, none of which may change a picture.
HOSTILE_SETTINGS = """
backend: nosuch
savefig.bbox: tight
savefig.dpi: 300
savefig.transparent: True
figure.dpi: 37
text.usetex: True
axes.formatter.use_locale: True
lines.linewidth: 9
font.size: 31
"""


def run_again(folder: Path, arguments: Sequence[str | bytes], stdin: Path, environment: dict[str, str]) -> int:
    """Run the command in a folder, under hostile settings; hands back its exit code."""
    server = _server(environment["MPLCONFIGDIR"])
    asked = [os.fspath(folder), os.fspath(stdin), environment, [os.fsdecode(argument) for argument in arguments]]
    assert server.stdin is not None
    assert server.stdout is not None
    server.stdin.write(json.dumps(asked).encode() + b"\n")
    server.stdin.flush()
    return int(server.stdout.readline())


@cache
def _server(cache_folder: str) -> subprocess.Popen[bytes]:
    """The process, which ends with this one."""
    folder = tempfile.TemporaryDirectory()
    settings = Path(folder.name) / "matplotlibrc"
    settings.write_text(HOSTILE_SETTINGS)
    hostile = {"MATPLOTLIBRC": str(settings), "MPLCONFIGDIR": cache_folder, "MPLBACKEND": "agg"}
    server = subprocess.Popen(
        [sys.executable, __file__], env=os.environ | hostile, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    atexit.register(folder.cleanup)
    atexit.register(server.communicate)
    return server


def _serve() -> None:
    """Do each command in a process of its own, which knows all that this one has imported."""
    from liveplot_cli.cli import run

    answers = os.fdopen(os.dup(1), "w", buffering=1)
    for line in sys.stdin.buffer:
        folder, stdin, environment, arguments = json.loads(line)
        child = os.fork()
        if not child:
            nothing = os.open(os.devnull, os.O_RDWR)
            for number, descriptor in enumerate((os.open(stdin, os.O_RDONLY), nothing, nothing)):
                os.dup2(descriptor, number)
            sys.stdin = open(0, closefd=False)  # noqa: SIM115
            os.environ.clear()
            os.environ.update(environment)
            os.chdir(folder)
            os._exit(run(arguments))
        answers.write(f"{os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])}\n")


if __name__ == "__main__":
    _serve()
