"""The command, run by a process that has imported everything already: a tenth of the time of another start.

It is for what does not depend on how a process starts, and for U9, that the same command twice makes the same bytes,
under a user's hostile settings. Each command is a process and a session of its own.
"""

from __future__ import annotations

import atexit
import json
import os
import select
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

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
# Without a network, whoever runs the tests.
NO_NETWORK = ("unshare", "-n") if os.getuid() == 0 else ("unshare", "-r", "-n")


class Ended(NamedTuple):
    """A command that has ended."""

    session: int
    code: int
    megabytes: float


def run_in(
    folder: Path, arguments: Sequence[str | bytes], streams: Sequence[str | os.PathLike[str]],
    environment: dict[str, str], settings: str = "", sabotage: str = "",
) -> Ended:  # fmt: skip
    """Run the command in a folder, without a network, its three streams being files.

    `sabotage` is Python that makes things worse, run in the command's own process before it.
    """
    server = _server(NO_NETWORK, settings, environment["MPLCONFIGDIR"])
    return _ask(server, folder, arguments, streams, environment, sabotage)


def run(folder: Path, arguments: Sequence[str], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run the command in a folder, warnings being errors; hands back its exit code and what it said."""
    with tempfile.TemporaryDirectory() as place:
        said = [Path(place, name) for name in ("stdout", "stderr")]
        for path in said:
            path.touch()
        code = _ask(_server(), folder, arguments, [os.devnull, *said], environment).code
        stdout, stderr = (path.read_bytes().decode() for path in said)
    return subprocess.CompletedProcess(arguments, code, stdout, stderr)


def _ask(
    server: subprocess.Popen[bytes], folder: Path, arguments: Sequence[str | bytes],
    streams: Sequence[str | os.PathLike[str]], environment: dict[str, str], sabotage: str = "",
) -> Ended:  # fmt: skip
    assert server.stdin is not None
    assert server.stdout is not None
    asked = [os.fspath(folder), [*map(os.fspath, streams)], environment, [*map(os.fsdecode, arguments)], sabotage]
    server.stdin.write(json.dumps(asked).encode() + b"\n")
    server.stdin.flush()
    if not select.select([server.stdout], [], [], _SECONDS)[0]:
        server.kill()
        _server.cache_clear()
        raise TimeoutError(f"it takes longer than {_SECONDS} s")
    return Ended(*json.loads(server.stdout.readline()))


@cache
def _server(prefix: Sequence[str] = (), settings: str = "", cache_folder: str = "") -> subprocess.Popen[bytes]:
    """The process, which ends with this one."""
    folder = tempfile.TemporaryDirectory()
    own = {}
    if settings:
        file = Path(folder.name) / "matplotlibrc"
        file.write_text(settings)
        own = {"MATPLOTLIBRC": str(file), "MPLCONFIGDIR": cache_folder, "MPLBACKEND": "agg"}
    server = subprocess.Popen(
        [*prefix, sys.executable, "-W", "error", __file__], env=os.environ | own,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    atexit.register(folder.cleanup)
    atexit.register(server.communicate)
    return server


def _serve() -> None:
    """Do each command in a process of its own, which knows all that this one has imported."""
    # Imported here, each of them, for what any command may import.
    import av  # noqa: F401

    import liveplot_cli.cli
    import liveplot_cli.encoders.gif
    import liveplot_cli.encoders.html
    import liveplot_cli.encoders.mp4
    import liveplot_cli.encoders.webp
    import liveplot_cli.formats.text_table
    import liveplot_cli.jobs.render

    # The first film of a process takes twice as long as any other, for there are fonts to load.
    for suffix in ("gif", "mp4"):
        liveplot_cli.render([[1.0, 2.0], [3.0, 4.0]], os.devnull, format=suffix, size="160x120", dpi=30, jobs=1)
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    for line in sys.stdin.buffer:
        child = os.fork()
        if not child:
            _be_the_command(*json.loads(line))
        _, status, used = os.wait4(child, 0)
        answers.write(json.dumps([child, os.waitstatus_to_exitcode(status), used.ru_maxrss / 1024]) + "\n")


def _be_the_command(
    folder: str, streams: list[str], environment: dict[str, str], arguments: list[str], sabotage: str
) -> None:
    from liveplot_cli.__main__ import main

    os.setsid()
    for number, path in enumerate(streams):
        os.dup2(os.open(path, os.O_RDWR if number else os.O_RDONLY), number)
    sys.stdin = open(0, closefd=False)  # noqa: SIM115
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    sys.argv = ["liveplot", *arguments]
    try:
        exec(sabotage, {"__name__": "__main__"})
        main()
    except SystemExit as end:
        os._exit(int(end.code or 0))
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(70)


if __name__ == "__main__":
    _serve()
