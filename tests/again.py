"""The command, run by a process that has imported everything already: a tenth of the time of another start.

It is for what does not depend on how a process starts, and for U9, that the same command twice makes the same bytes,
under a user's hostile settings.
"""

from __future__ import annotations

import atexit
import json
import os
import select
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
_SECONDS = 120


def run_again(folder: Path, arguments: Sequence[str | bytes], stdin: Path, environment: dict[str, str]) -> int:
    """Run the command in a folder, under hostile settings; hands back its exit code."""
    server = _server(HOSTILE_SETTINGS, environment["MPLCONFIGDIR"])
    return _ask(server, folder, arguments, [stdin, os.devnull, os.devnull], environment)


def run(folder: Path, arguments: Sequence[str], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run the command in a folder, warnings being errors; hands back its exit code and what it said."""
    with tempfile.TemporaryDirectory() as place:
        said = [Path(place, name) for name in ("stdout", "stderr")]
        for path in said:
            path.touch()
        code = _ask(_server(), folder, arguments, [os.devnull, *said], environment)
        stdout, stderr = (path.read_bytes().decode() for path in said)
    return subprocess.CompletedProcess(arguments, code, stdout, stderr)


def _ask(
    server: subprocess.Popen[bytes], folder: Path, arguments: Sequence[str | bytes],
    streams: Sequence[str | os.PathLike[str]], environment: dict[str, str],
) -> int:  # fmt: skip
    assert server.stdin is not None
    assert server.stdout is not None
    asked = [os.fspath(folder), [*map(os.fspath, streams)], environment, [*map(os.fsdecode, arguments)]]
    server.stdin.write(json.dumps(asked).encode() + b"\n")
    server.stdin.flush()
    if not select.select([server.stdout], [], [], _SECONDS)[0]:
        server.kill()
        _server.cache_clear()
        raise TimeoutError(f"it takes longer than {_SECONDS} s")
    return int(server.stdout.readline())


@cache
def _server(settings: str = "", cache_folder: str | None = None) -> subprocess.Popen[bytes]:
    """The process, which ends with this one."""
    folder = tempfile.TemporaryDirectory()
    own = {}
    if settings:
        file = Path(folder.name) / "matplotlibrc"
        file.write_text(settings)
        own = {"MATPLOTLIBRC": str(file), "MPLCONFIGDIR": str(cache_folder), "MPLBACKEND": "agg"}
    server = subprocess.Popen(
        [sys.executable, "-W", "error", __file__], env=os.environ | own, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    atexit.register(folder.cleanup)
    atexit.register(server.communicate)
    return server


def _serve() -> None:
    """Do each command in a process of its own, which knows all that this one has imported."""
    # Imported here, each of them, for what any command may import.
    import liveplot_cli.cli
    import liveplot_cli.encoders.gif
    import liveplot_cli.encoders.html
    import liveplot_cli.encoders.mp4
    import liveplot_cli.encoders.webp
    import liveplot_cli.formats.text_table
    import liveplot_cli.jobs.render  # noqa: F401

    answers = os.fdopen(os.dup(1), "w", buffering=1)
    for line in sys.stdin.buffer:
        child = os.fork()
        if not child:
            _be_the_command(*json.loads(line))
        answers.write(f"{os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])}\n")


def _be_the_command(folder: str, streams: list[str], environment: dict[str, str], arguments: list[str]) -> None:
    from liveplot_cli.__main__ import main

    for number, path in enumerate(streams):
        os.dup2(os.open(path, os.O_RDWR if number else os.O_RDONLY), number)
    sys.stdin = open(0, closefd=False)  # noqa: SIM115
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    sys.argv = ["liveplot", *arguments]
    try:
        main()
    except SystemExit as end:
        os._exit(int(end.code or 0))
    finally:
        os._exit(70)


if __name__ == "__main__":
    _serve()
