"""The client and the real service, each in a process of its own."""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

import liveplot_cli
from receiver import until


class Serve:
    """`liveplot serve`, which can be killed and started again at the same port."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._said = folder.with_name("said")
        self.url = ""
        self._port = "0"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [sys.executable, "-m", "liveplot_cli", "serve", "--port", self._port, "--folder", str(self.folder)]
        with self._said.open("w") as said:
            self._process = subprocess.Popen(command, stderr=said)
        until(lambda: re.search(r"http://127\.0\.0\.1:\d+", self._said.read_text()))
        found = re.search(r"http://127\.0\.0\.1:(\d+)", self._said.read_text())
        assert found
        self.url, self._port = found[0], found[1]
        until(self._is_ready)

    def end(self, signum: int) -> None:
        assert self._process is not None
        self._process.send_signal(signum)
        self._process.wait(30)

    def rows(self, run: str) -> tuple[list[str], list[list[float | None]]]:
        """All rows of a run and the names of their columns."""
        rows: list[list[float | None]] = []
        while True:
            found = self.get(f"/api/v1/runs/{run}/rows?after={len(rows)}")
            if not found["rows"]:
                return found["columns"], rows
            rows += found["rows"]

    def get(self, path: str) -> Any:
        with urllib.request.urlopen(self.url + path, timeout=10) as answer:
            return json.load(answer)

    def _is_ready(self) -> bool:
        with suppress(OSError):
            self.get("/healthz")
            return True
        return False

    def clear(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()


@pytest.fixture
def serve(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Serve]:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.delenv("LIVEPLOT_TOKEN", raising=False)
    (tmp_path / "data").mkdir()
    serve = Serve(tmp_path / "data" / "liveplot")
    serve.start()
    yield serve
    serve.clear()


def test_on_one_machine_the_two_find_one_another(serve: Serve) -> None:
    with liveplot_cli.push(serve.url + "/", "digits", title="Digits") as push:
        push(step=1, loss=0.5)
        push(step=2, loss=float("nan"), accuracy=0.25)
        push(step=3)
    assert push.sent == 3
    assert serve.rows("digits") == (["step", "loss", "accuracy"], [[1, 0.5, None], [2, None, 0.25], [3, None, None]])
    with liveplot_cli.push(f"{serve.url}/runs/digits", reset=True) as push:
        push(step=1)
    assert serve.get("/api/v1/runs/digits")["epoch"] == 2
    assert serve.rows("digits")[1][0][0] == 1


def test_a_token_that_is_wrong_stores_nothing(serve: Serve) -> None:
    with liveplot_cli.push(serve.url, "a", token="wrong", spool=False) as push:
        push(step=1)
        until(lambda: push.trouble)
    assert (push.sent, push.dropped) == (0, 1)
    assert serve.get("/api/v1/runs")["runs"] == []


def test_many_rows_of_many_columns_arrive_as_they_were(serve: Serve) -> None:
    with liveplot_cli.push(serve.url, "wide") as push:
        for step in range(3000):
            push([step, *[1 / (step + column + 1) for column in range(99)]])
    _, rows = serve.rows("wide")
    assert rows == [[step, *[1 / (step + column + 1) for column in range(99)]] for step in range(3000)]


@pytest.mark.parametrize("signum", [signal.SIGKILL, signal.SIGTERM], ids=lambda signum: signum.name)
def test_a_service_that_ends_and_comes_back_has_each_row_once(serve: Serve, signum: int) -> None:
    done = threading.Event()

    def end_and_start() -> None:
        for _ in range(2):
            time.sleep(0.7)
            serve.end(signum)
            time.sleep(0.3)
            serve.start()
        done.set()

    fate = threading.Thread(target=end_and_start)
    with liveplot_cli.push(serve.url, "a") as push:
        fate.start()
        step = 0
        while not done.is_set():
            push(step=step)
            step += 1
            time.sleep(0.001)
        fate.join()
        until(lambda: push.sent == step)
    assert [row[0] for row in serve.rows("a")[1]] == list(range(step))


def test_two_writers_of_one_run_both_have_all_their_rows(serve: Serve) -> None:
    with liveplot_cli.push(serve.url, "a") as one, liveplot_cli.push(serve.url, "a") as other:
        for step in range(300):
            one(step=step)
            other(rank=step)
            time.sleep(0.003)
    columns, rows = serve.rows("a")
    for name in ("step", "rank"):
        place = columns.index(name)
        assert [row[place] for row in rows if row[place] is not None] == list(range(300))


def test_a_run_that_is_deleted_is_made_again(serve: Serve) -> None:
    with liveplot_cli.push(serve.url, "a") as push:
        push(step=1)
        until(lambda: push.sent)
        token = (serve.folder / "token").read_text().strip()
        asked = urllib.request.Request(f"{serve.url}/api/v1/runs/a", method="DELETE")
        asked.add_header("Authorization", f"Bearer {token}")
        urllib.request.urlopen(asked, timeout=10).close()
        push(step=2)  # learns of it
        until(lambda: push.dropped)
        push(step=3)
    assert serve.rows("a") == (["step"], [[3]])


def test_a_training_may_begin_before_the_first_start_of_the_service(serve: Serve) -> None:
    """There is no folder then, and no token in it."""
    serve.end(signal.SIGTERM)
    shutil.rmtree(serve.folder)
    with liveplot_cli.push(serve.url, "a") as push:
        push(step=1)
        time.sleep(1)
        assert push.sent == 0
        serve.start()
        until(lambda: push.sent == 1)
    assert serve.rows("a") == (["step"], [[1]])
