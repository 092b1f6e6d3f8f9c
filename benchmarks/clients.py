"""Those who post and watch in the load benchmark: raw sockets in a process of their own, so cheap that the server is
what is measured. Nothing but the standard library; what was seen is printed as JSON.

Times are of the monotonic clock, which all processes of a machine share.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import selectors
import socket
import time
from collections.abc import Callable, Sequence

VALUES = 50  # of a row
_ANSWER_SECONDS = 30.0
_QUIET = 2.0  # seconds without an event, after which there are no more


def request(port: int, run: str, token: str, rows: Sequence[Sequence[float]]) -> bytes:
    """A POST of rows, as it goes over the wire."""
    body = json.dumps({"rows": rows}, separators=(",", ":")).encode()
    head = (
        f"POST /api/v1/runs/{run}/rows HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def connected(port: int, buffer: int = 0) -> socket.socket:
    """A connection to the server; one with a small buffer of its own where it is asked for."""
    connection = socket.socket()
    if buffer:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.settimeout(_ANSWER_SECONDS)
    connection.connect(("127.0.0.1", port))
    return connection


def follow(port: int, run: str, limit: int, buffer: int = 0) -> socket.socket:
    """A connection on which the events of a run come."""
    connection = connected(port, buffer)
    connection.sendall(
        f"GET /api/v1/runs/{run}/events?limit={limit} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode()
    )
    return connection


def get(port: int, path: str) -> bytes:
    """The body of an answer, which must be 200."""
    with connected(port) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n".encode())
        answer = b""
        while part := connection.recv(1 << 16):
            answer += part
    _check(answer)
    return answer.partition(b"\r\n\r\n")[2]


def _check(answer: bytes) -> None:
    if not answer.startswith(b"HTTP/1.1 200 "):
        raise SystemExit(f"the server answers {answer[:600]!r}")


def _is_whole(answer: bytes) -> bool:
    head, gap, body = answer.partition(b"\r\n\r\n")
    if not gap:
        return False
    length = head.lower().partition(b"content-length: ")[2].split(b"\r\n", 1)[0]
    return len(body) >= int(length)


def post(given: argparse.Namespace) -> dict[str, object]:
    """Clients who each post again as soon as they have an answer, for a while or until there are so many rows."""
    chance = random.Random(0)
    # A few bodies in turn, made beforehand: what the clients do in between is to wait.
    sent = []
    for _ in range(8):
        rows = [[round(chance.gauss(0, 1), 6) for _ in range(VALUES)] for _ in range(given.batch)]
        sent.append(request(given.port, given.run, given.token, rows))
    waiting = selectors.DefaultSelector()
    begun: dict[socket.socket, float] = {}
    delays: list[float] = []
    asked = 0

    def ask(connection: socket.socket) -> None:
        nonlocal asked
        begun[connection] = time.monotonic()
        connection.sendall(sent[asked % len(sent)])
        asked += 1

    def is_over() -> bool:
        if given.rows:
            return asked * given.batch >= given.rows
        return time.monotonic() - start >= given.seconds

    start = time.monotonic()
    for _ in range(given.clients):
        connection = connected(given.port)
        waiting.register(connection, selectors.EVENT_READ)
        ask(connection)
    while begun:
        for key, _ in waiting.select(_ANSWER_SECONDS):
            connection = key.fileobj
            assert isinstance(connection, socket.socket)
            answer = connection.recv(1 << 16)
            while not _is_whole(answer):
                answer += connection.recv(1 << 16)
            _check(answer)
            delays.append(time.monotonic() - begun.pop(connection))
            if not is_over():
                ask(connection)
    return {"requests": len(delays), "seconds": time.monotonic() - start, "delays": delays}


def pace(given: argparse.Namespace) -> dict[str, object]:
    """One client who posts at a steady pace; the first value of each row is the time at which it was sent."""
    connection = connected(given.port)
    rest = [0.123456] * (VALUES - 1)
    start = time.monotonic()
    steps = int(given.seconds * given.rate / given.batch)
    for step in range(steps):
        time.sleep(max(0.0, start + step * given.batch / given.rate - time.monotonic()))
        now = round(time.monotonic(), 6)
        connection.sendall(request(given.port, given.run, given.token, [[now, *rest]] * given.batch))
        answer = connection.recv(1 << 16)
        while not _is_whole(answer):
            answer += connection.recv(1 << 16)
        _check(answer)
    return {"rows": steps * given.batch, "seconds": time.monotonic() - start}


def watch(given: argparse.Namespace) -> dict[str, object]:
    """Viewers who take every event, until there are no more, and note how old each row is that it brings."""
    waiting = selectors.DefaultSelector()
    texts: dict[socket.socket, bytes] = {}
    for _ in range(given.viewers):
        connection = follow(given.port, given.run, 100)
        texts[connection] = b""
        waiting.register(connection, selectors.EVENT_READ)
    print("watching", flush=True)
    delays: list[float] = []
    sent_at: dict[bytes, list[float]] = {}  # by event, for all viewers get the same
    events = skipped = 0
    while ready := waiting.select(_QUIET if delays else _ANSWER_SECONDS):
        for key, _ in ready:
            connection = key.fileobj
            assert isinstance(connection, socket.socket)
            *lines, texts[connection] = (texts[connection] + connection.recv(1 << 18)).split(b"\n")
            now = time.monotonic()
            for line in lines:
                if not line.startswith(b"data: "):
                    continue
                if line not in sent_at:
                    facts = json.loads(line[6:])
                    skipped += facts.get("skipped", 0)
                    sent_at[line] = [row[0] for row in facts.get("rows", ()) if row[0] > 1_000]
                events += 1
                delays += [now - sent for sent in sent_at[line]]
    return {"events": events, "skipped": skipped, "delays": delays}


def _summed(seen: dict[str, object]) -> dict[str, object]:
    """Delays as the two figures that are told, and the client's own cost."""
    delays = seen.pop("delays", None)
    if isinstance(delays, list) and delays:
        ordered = sorted(delays)
        seen |= {
            name: ordered[min(len(ordered) - 1, int(len(ordered) * part))]
            for name, part in (("p50", 0.5), ("p99", 0.99))
        }
        seen |= {"most": ordered[-1], "seen": len(ordered)}
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return {**seen, "cpu": usage.ru_utime + usage.ru_stime}


ROLES: dict[str, Callable[[argparse.Namespace], dict[str, object]]] = {"post": post, "pace": pace, "watch": watch}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("role", choices=ROLES)
    for name, kind, default in (
        ("port", int, 0), ("run", str, "load"), ("token", str, ""), ("clients", int, 1), ("viewers", int, 1),
        ("batch", int, 1), ("rows", int, 0), ("rate", int, 100), ("seconds", float, 5.0),
    ):  # fmt: skip
        parser.add_argument(f"--{name}", type=kind, default=default)
    given = parser.parse_args()
    print(json.dumps(_summed(ROLES[given.role](given))))


if __name__ == "__main__":
    main()
