"""The live service that a training is sent to: one of this user's that runs already, or one started for us alone."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from liveplot_cli.client.remote import AwayError, Service, find_run, find_token
from liveplot_cli.errors import UsageError

# `liveplot serve` that ends when its stdin does. The other end of that is ours alone and is closed with this process,
# whatever ends it, SIGKILL included: no service is left behind with the port.
_SERVE = """
import os, signal, threading
from liveplot_cli.__main__ import main
threading.Thread(target=lambda: (os.read(0, 1), os.kill(os.getpid(), signal.SIGTERM)), daemon=True).start()
main()
"""


@dataclass(frozen=True)
class Live:
    """A live service: its URL, and the folder of its token where that is not where `push` looks by itself."""

    url: str
    folder: Path | None = None


@contextmanager
def live_service(port: int) -> Iterator[Live]:
    """The live service at a port of this machine; where none takes our rows, one is started for this while."""
    url = f"http://127.0.0.1:{port}"
    if _takes_rows(url):
        yield Live(url)
        return
    # A folder of its own: the user's is in use where another `liveplot serve` runs, at whatever port.
    with TemporaryDirectory(prefix="model-service-") as folder, _started(port, folder) as url:
        yield Live(url, Path(folder))


def _takes_rows(url: str) -> bool:
    """Whether a live service is there whose token we have: to it a request without rows is malformed, not forbidden."""
    try:
        service = Service(find_run(url, "any"), find_token(None, None))
        answer = service.ask("POST", "/rows", b"{}")
        service.close()
    except (AwayError, UsageError):
        return False
    return answer.code == "malformed"


@contextmanager
def _started(port: int, folder: str) -> Iterator[str]:
    """`liveplot serve` as a child; hands back its URL."""
    command = [sys.executable, "-c", _SERVE, "serve", "--port", str(port), "--folder", folder]
    pipe = subprocess.PIPE
    # In a process group of its own, for Ctrl-C is meant for us: the child ends when the last rows have been sent.
    with subprocess.Popen(command, stdin=pipe, stderr=pipe, text=True, process_group=0) as child:
        assert child.stdin is not None
        assert child.stderr is not None
        later = threading.Thread(target=sys.stderr.writelines, args=(child.stderr,), daemon=True)
        try:
            url = _first_words(child.stderr)
            later.start()
            yield url
        finally:
            child.stdin.close()
            if later.ident is not None:
                later.join()


def _first_words(said: Iterator[str]) -> str:
    """The URL in the line with which `liveplot serve` begins; ends this program with its words where it does not."""
    words = ""
    for line in said:
        if line.startswith("liveplot serves "):
            return line.split()[2].rstrip("/")
        words += line
    sys.exit(words.strip().replace("--port", "--live-port"))
