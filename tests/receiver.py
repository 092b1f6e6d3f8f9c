"""A service that takes rows as the live service does, in the tests' own process, and fails in whatever way it is told.

It keeps runs in memory, beyond its own end: one that is started again at its port is the same service, come back.
"""

from __future__ import annotations

import json
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

_PATH = re.compile(r"/api/v1/runs/([^/?]+)(/rows|/reset)?")
_MOST = 1 << 20

Row = list[float | None]
Fault = str | int | float | None  # "cut", "cut after storing", a status, or seconds to wait before the answer


@dataclass
class Run:
    """A run as it is stored, its rows as wide as they came."""

    epoch: int = 1
    columns: list[str] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    title: str = ""
    bodies: list[bytes] = field(default_factory=list)

    def facts(self, name: str) -> dict[str, Any]:
        return {
            "run": name, "title": self.title, "columns": self.columns, "epoch": self.epoch, "rows": len(self.rows),
            "next_seq": len(self.rows) + 1, "created": "2026-01-01T00:00:00Z", "updated": "2026-01-01T00:00:00Z",
        }  # fmt: skip

    def column(self, name: str) -> list[float | None]:
        place = self.columns.index(name)
        return [row[place] if place < len(row) else None for row in self.rows]

    def append(self, given: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        rows, seq, expected = given["rows"], given.get("seq"), len(self.rows) + 1
        columns = given.get("columns") or self.columns or [str(number) for number in range(len(rows[0]))]
        if given.get("epoch") not in (None, self.epoch):
            return 409, {"code": "stale_epoch", "epoch": self.epoch}
        if any(len(row) != len(columns) for row in rows):
            return 422, {"code": "row_invalid", "row": 0}
        shared = min(len(columns), len(self.columns))
        if columns[:shared] != self.columns[:shared]:
            return 409, {"code": "columns", "columns": self.columns}
        seq = expected if seq is None else seq
        if seq < expected and seq + len(rows) <= expected and self._has(seq, rows):
            return 200, {"epoch": self.epoch, "stored": 0, "duplicates": len(rows), "next_seq": expected}
        if seq != expected:
            code = "gap" if seq > expected else "overlap" if seq + len(rows) > expected else "conflict"
            return 409, {"code": code, "expected": expected}
        self.columns = max(self.columns, columns, key=len)
        self.title = given.get("title", self.title)
        self.rows += rows
        return 200, {"epoch": self.epoch, "stored": len(rows), "duplicates": 0, "next_seq": len(self.rows) + 1}

    def _has(self, seq: int, rows: list[Row]) -> bool:
        """Whether these rows are there, but for the gaps that their number of columns makes."""
        stored = self.rows[seq - 1 : seq - 1 + len(rows)]
        width = max(map(len, [*stored, *rows]))
        return [_wide(row, width) for row in stored] == [_wide(row, width) for row in rows]


def _wide(row: Row, width: int) -> Row:
    return [*row, *[None] * (width - len(row))]


class Receiver:
    """The service. `faults` are used up, one for each request that adds rows; `always` is what happens after them."""

    def __init__(self, token: str = "") -> None:
        self.runs: dict[str, Run] = {}
        self.token = token
        self.faults: list[Fault] = []
        self.always: Fault = None
        self.patience = ""  # the Retry-After of a fault
        self.asked: list[tuple[float, str, str, bytes]] = []  # when, method, path, body
        self.shown: set[str] = set()  # what stood for a token
        self.port = 0
        self._lock = threading.Lock()
        self._server: ThreadingHTTPServer | None = None
        self._open: set[socket.socket] = set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    def start(self) -> None:
        receiver = self

        class Answering(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def setup(self) -> None:
                receiver._open.add(self.request)
                super().setup()

            def log_message(self, *_: object) -> None:
                pass

            def do_GET(self) -> None:
                self.answer()

            def do_POST(self) -> None:
                self.answer()

            def answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                receiver.asked.append((time.monotonic(), self.command, self.path, body))
                answer = receiver._answer(self.command, self.path, body, self.headers.get("Authorization", ""))
                if answer is None:
                    self.close_connection = True
                    self.request.shutdown(socket.SHUT_RDWR)
                    return
                said = json.dumps(answer[1]).encode()
                self.send_response(answer[0])
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(said)))
                if answer[0] >= 300 and receiver.patience:
                    self.send_header("Retry-After", receiver.patience)
                if 300 <= answer[0] < 400:
                    self.send_header("Location", receiver.url)
                self.end_headers()
                self.wfile.write(said)

        class Quiet(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_: object) -> None:
                pass  # a connection that was cut

        self._server = Quiet(("127.0.0.1", self.port), Answering)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def wrap(self, certificate: Path, key: Path) -> None:
        """From now on speak TLS."""
        assert self._server is not None
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)

    def stop(self) -> None:
        """End as a process does that is killed: every connection is cut."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None
        for connection in list(self._open):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self._open.clear()

    def _answer(self, method: str, path: str, body: bytes, authorization: str) -> tuple[int, dict[str, Any]] | None:
        self.shown.add(authorization)
        match = _PATH.fullmatch(path)
        if self.token and authorization != f"Bearer {self.token}":
            return 401, {"code": "unauthorized", "title": "401 Unauthorized", "description": "a token is wanted"}
        if match is None or len(body) > _MOST:
            return (413 if match else 404), {"code": "too_large" if match else "not_found"}
        name, below = match[1], match[2]
        fault = None
        if below == "/rows":
            with self._lock:
                fault = self.faults.pop(0) if self.faults else self.always
        if fault == "cut":
            return None
        if isinstance(fault, float):
            time.sleep(fault)
        if isinstance(fault, int):
            return fault, {"code": "draining", "description": f"as it was told: {fault}"}
        with self._lock:
            answer = self._done(name, below, body)
        return None if fault == "cut after storing" else answer

    def _done(self, name: str, below: str | None, body: bytes) -> tuple[int, dict[str, Any]]:
        if below == "/rows":
            given = json.loads(body, parse_constant=None)
            if not 0 < len(given["rows"]) <= 1000:
                return 400, {"code": "malformed"}
            answer = self.runs.setdefault(name, Run()).append(given)
            if answer[0] == 200:
                self.runs[name].bodies.append(body)
            return answer
        run = self.runs.get(name)
        if run is None:
            return 404, {"code": "not_found"}
        if below == "/reset":
            epoch = json.loads(body)["epoch"]
            if epoch != run.epoch:
                return 409, {"code": "stale_epoch", "epoch": run.epoch}
            self.runs[name] = Run(epoch=epoch + 1, title=run.title)
            return 200, {"epoch": epoch + 1}
        return 200, run.facts(name)


def until(holds: Callable[[], object], seconds: float = 20.0) -> None:
    """Wait until something holds; an assertion fails where it never does."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it never came to that"
        time.sleep(0.01)


def receiving(token: str = "") -> Iterator[Receiver]:
    """A service that is started, and stopped in the end."""
    receiver = Receiver(token)
    receiver.start()
    yield receiver
    receiver.stop()
