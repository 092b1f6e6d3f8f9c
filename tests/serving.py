"""The real service as a process of its own, a client that keeps nothing to itself, and bytes as they are."""

from __future__ import annotations

import json
import os
import re
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import Any

API = "/api/v1"
PATIENCE = 60.0  # seconds, on a machine that has much else to do
_TAKEN = ("LIVEPLOT_", "XDG_DATA_HOME")  # variables that would change what the service does


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body, which is JSON as browsers know it."""
        return json.loads(self.body, parse_constant=_refuse_constant)

    @property
    def code(self) -> str:
        """The word of a refusal."""
        assert self.headers["content-type"] == "application/json", self
        assert {"title", "description", "code"} <= self.json.keys()
        return str(self.json["code"])


def _refuse_constant(name: str) -> None:
    raise AssertionError(f"{name} is no JSON")


@dataclass
class Server:
    """A service that runs: where it is, and what it has said."""

    process: subprocess.Popen[bytes]
    folder: Path
    said: Path
    port: int
    token: str

    @property
    def url(self) -> str:
        """Where it is, without a slash."""
        return f"http://127.0.0.1:{self.port}"

    def ask(
        self, method: str, path: str, body: bytes | Iterator[bytes] | None = None, *, write: bool | None = None,
        source: str = "127.0.0.1", **headers: str,
    ) -> Answer:  # fmt: skip
        """Ask it, with the token where something is to be changed; a header's name has _ for -."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if write or (write is None and method not in ("GET", "HEAD")):
            sent.setdefault("Authorization", f"Bearer {self.token}")
        connection = HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE, source_address=(source, 0))
        try:
            connection.request(method, path, body, sent, encode_chunked=not isinstance(body, bytes | None))
            answer = connection.getresponse()
            return Answer(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())
        finally:
            connection.close()

    def get(self, path: str, **headers: str) -> Answer:
        """Read something of the API."""
        return self.ask("GET", f"{API}{path}", **headers)

    def append(self, run: str, rows: Sequence[Sequence[float | None]], query: str = "", **facts: Any) -> Answer:
        """Add rows to a run, as JSON."""
        body = json.dumps({"rows": rows, **facts}).encode()
        return self.ask("POST", f"{API}/runs/{run}/rows{query}", body, Content_Type="application/json")

    def post(self, path: str, body: bytes | Iterator[bytes], kind: str = "application/json", **headers: str) -> Answer:
        """Send a body, of whatever bytes."""
        return self.ask("POST", f"{API}{path}", body, Content_Type=kind, **headers)

    @contextmanager
    def follow(self, run: str, query: str = "", **headers: str) -> Iterator[Events]:
        """The events of a run."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        connection = HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            connection.request("GET", f"{API}/runs/{run}/events{query}", headers=sent)
            yield Events(connection.getresponse())
        finally:
            connection.close()

    def raw(self, sent: bytes, seconds: float = PATIENCE) -> bytes:
        """What it answers to these bytes, until it hangs up."""
        with socket.create_connection(("127.0.0.1", self.port), seconds) as connection:
            with suppress(ConnectionError):
                connection.sendall(sent)
            return b"".join(_received(connection))

    def stop(self, signum: int = signal.SIGTERM) -> int:
        """Ask it to end; the code that it ends with."""
        self.process.send_signal(signum)
        return self.process.wait(PATIENCE)

    def words(self) -> str:
        """All that it has said."""
        return self.said.read_text()

    def descendants(self) -> set[int]:
        """The processes that it has started, and what they have started."""
        return descendants(self.process.pid)


@dataclass
class Events:
    """Server-sent events, read as a browser reads them (HTML, 9.2.6)."""

    answer: HTTPResponse

    def next(self) -> dict[str, Any]:
        """The next event with its name, id and data; pings are passed over."""
        fields: dict[str, Any] = {}
        while True:
            line = self.answer.readline().decode()
            assert line, "the events have ended"
            line = line.rstrip("\n")
            if not line and "data" in fields:
                return {**fields, "data": json.loads(fields["data"], parse_constant=_refuse_constant)}
            name, _, value = line.partition(":")
            if name:
                assert name not in fields, "an event says a thing twice"
                fields[name] = value.removeprefix(" ")

    def until(self, event: str) -> dict[str, Any]:
        """The next event of a name."""
        while (found := self.next())["event"] != event:
            pass
        return found


def _received(connection: socket.socket) -> Iterator[bytes]:
    with suppress(ConnectionError):
        while part := connection.recv(1 << 16):
            yield part


def descendants(pid: int) -> set[int]:
    """The processes that a process has started, and what they have started."""
    found: set[int] = set()
    with suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in map(int, (task / "children").read_text().split()):
                found |= {child, *descendants(child)}
    return found


def is_alive(pid: int) -> bool:
    """Whether there is such a process that is not a dead one's entry."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def environment(**more: str) -> dict[str, str]:
    """This environment, less what would change the service."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_TAKEN)}
    return {**kept, **more}


def start(folder: Path, *options: str, **variables: str) -> subprocess.Popen[bytes]:
    """`liveplot serve` with its store in a folder; what it says is in the file `said` beside it."""
    command = [sys.executable, "-W", "error", "-m", "liveplot_cli", "serve", "--port", "0", "--folder", str(folder)]
    with said(folder).open("ab") as stderr:
        return subprocess.Popen(
            [*command, *options], stdin=subprocess.DEVNULL, stdout=stderr, stderr=stderr,
            env=environment(**variables), cwd=folder.parent,
        )  # fmt: skip


def said(folder: Path) -> Path:
    """Where the words of a service go."""
    return folder.with_name(f"{folder.name}.said")


def started(folder: Path, *options: str, **variables: str) -> Server:
    """A service that answers."""
    before = said(folder).stat().st_size if said(folder).exists() else 0
    process = start(folder, *options, **variables)
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        words = said(folder).read_text()[before:]
        found = re.search(r"^liveplot serves http://[^/\s]*:(\d+)/", words, re.MULTILINE)
        if found and "the token of those who write" in words:
            token = variables.get("LIVEPLOT_TOKEN") or (folder / "token").read_text().strip()
            return Server(process, folder, said(folder), int(found[1]), token)
        assert process.poll() is None, words
        select.select([], [], [], 0.02)
    process.kill()
    raise AssertionError("the service has not started")


@contextmanager
def running(folder: Path, *options: str, **variables: str) -> Iterator[Server]:
    """A service for a while. At its end it has told of no bug."""
    server = started(folder, *options, **variables)
    try:
        yield server
    finally:
        if server.process.poll() is None:
            with suppress(subprocess.TimeoutExpired):
                server.process.terminate()
                server.process.wait(PATIENCE)
        server.process.kill()
        server.process.wait()
    assert "Traceback" not in server.words(), server.words()
    assert "a bug, while" not in server.words(), server.words()


def wait_for(condition: Any, seconds: float = PATIENCE) -> Any:
    """What a condition says as soon as it is true."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if found := condition():
            return found
        time.sleep(0.02)
    raise AssertionError("what is waited for has not come")
