"""Several workers and several servers of the same runs, which are kept in PostgreSQL."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

import postgres

TOKEN = "a token of these tests only"[2:].replace(" ", "-")


@contextmanager
def gunicorn(address: str, folder: Path, workers: int) -> Iterator[int]:
    """The application under gunicorn; hands back its port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    environment = os.environ | {
        "LIVEPLOT_TOKEN": TOKEN, "LIVEPLOT_STORE": address, "LIVEPLOT_FOLDER": str(folder / "none"),
        "LIVEPLOT_PUBLIC_READ": "1",
    }  # fmt: skip
    command = [
        sys.executable, "-m", "gunicorn", "-k", "asgi", "-w", str(workers), "-b", f"127.0.0.1:{port}",
        "--graceful-timeout", "5", "--no-control-socket", "liveplot_cli.service.server:app()",
    ]  # fmt: skip
    with (folder / "said").open("wb") as said, subprocess.Popen(command, env=environment, stderr=said) as process:
        try:
            deadline = time.monotonic() + 60
            while not answers(port):
                assert process.poll() is None, (folder / "said").read_text()
                assert time.monotonic() < deadline, (folder / "said").read_text()
                time.sleep(0.1)
            yield port
            process.terminate()
            assert process.wait(20) == 0
        finally:
            process.kill()


def answers(port: int) -> bool:
    try:
        return bool(ask(port, "GET", "/healthz") == {"status": "ok"})
    except OSError:
        return False


def ask(port: int, method: str, path: str, body: object = None) -> Any:
    """Ask on a connection of its own, which any of the workers may take."""
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
        connection.request(method, path, None if body is None else json.dumps(body), headers)
        return json.loads(connection.getresponse().read())
    finally:
        connection.close()


@contextmanager
def following(port: int, run: str) -> Iterator[Iterator[tuple[str, Any]]]:
    """The events of a run, as one of the workers sends them."""
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("GET", f"/api/v1/runs/{run}/events")
    answer = connection.getresponse()
    assert answer.status == 200

    def events() -> Iterator[tuple[str, Any]]:
        name = ""
        while line := answer.readline():
            field, _, text = line.decode().rstrip("\n").partition(": ")
            if field == "event":
                name = text
            elif field == "data":
                yield name, json.loads(text)

    try:
        yield events()
    finally:
        connection.close()


@pytest.fixture(scope="module")
def ports(postgresql: postgres.Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[int]]:
    """Two servers of the same database, one of them with two workers."""
    address = postgresql.address(schema=postgresql.schema())
    with ExitStack() as stack:
        yield [stack.enter_context(gunicorn(address, tmp_path_factory.mktemp("server"), workers)) for workers in (2, 1)]


def test_rows_that_any_server_takes_reach_the_viewers_of_all(ports: list[int]) -> None:
    run = "/api/v1/runs/shared"
    assert ask(ports[0], "POST", f"{run}/rows", {"rows": [[0]]})["next_seq"] == 2
    with ExitStack() as stack:
        viewers = [stack.enter_context(following(port, "shared")) for port in (*ports, *ports, *ports)]
        for viewer in viewers:
            assert next(viewer) == ("rows", {"epoch": 1, "first": 2, "next_seq": 2, "rows": []})
        for number in range(1, 9):
            stored = ask(ports[number % 2], "POST", f"{run}/rows", {"seq": number + 1, "rows": [[number]]})
            assert stored == {"epoch": 1, "stored": 1, "duplicates": 0, "next_seq": number + 2}
        for viewer in viewers:
            seen: list[float] = []
            while len(seen) < 8:
                name, facts = next(viewer)
                assert name == "rows"
                seen += [row[0] for row in facts["rows"]]
            assert seen == [1, 2, 3, 4, 5, 6, 7, 8]
        assert ask(ports[1], "POST", f"{run}/reset", {"epoch": 1}) == {"epoch": 2}
        for viewer in viewers:
            assert next(viewer) == ("reset", {"epoch": 2, "next_seq": 1})


def test_a_retry_that_another_server_gets_is_stored_once(ports: list[int]) -> None:
    path = "/api/v1/runs/retried/rows"
    first = ask(ports[0], "POST", path, {"seq": 1, "rows": [[1, 2]]})
    again = ask(ports[1], "POST", path, {"seq": 1, "rows": [[1, 2]]})
    assert (first["stored"], again["duplicates"], again["next_seq"]) == (1, 1, 2)
    assert ask(ports[1], "POST", path, {"seq": 3, "rows": [[1, 2]]})["expected"] == 2


def test_it_is_ready_without_a_folder_of_its_own(ports: list[int]) -> None:
    for port in ports:
        assert ask(port, "GET", "/readyz") == {"status": "ok"}
