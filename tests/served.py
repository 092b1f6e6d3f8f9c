"""`liveplot serve` as people start it, and what others send to it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

PATIENCE = 30.0  # seconds until it must listen


@dataclass
class Served:
    """A server whose runs lie in a folder; it can be killed and started again where it was."""

    folder: Path
    options: Sequence[str] = ()
    port: int = 0
    said: str = ""
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def url(self) -> str:
        """Where it listens, without a slash at the end."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it, and wait until it listens; the port stays the same."""
        said = self.folder.with_suffix(".said")
        command = [sys.executable, "-m", "liveplot_cli", "serve", "--folder", str(self.folder), *self.options]
        with said.open("wb") as file:
            self._process = subprocess.Popen(
                [*command, "--port", str(self.port)], stdout=file, stderr=file, start_new_session=True
            )
        end = time.monotonic() + PATIENCE
        address = self.folder / "address"
        while not (address.exists() and address.read_text().endswith("\n") and self._answers(address.read_text())):
            assert self._process.poll() is None, said.read_text()
            assert time.monotonic() < end, f"the server does not listen: {said.read_text()}"
            time.sleep(0.02)
        self.said = said.read_text()

    def _answers(self, address: str) -> bool:
        self.port = int(address.strip().rpartition(":")[2])
        try:
            with urllib.request.urlopen(f"{self.url}/healthz", timeout=5):
                return True
        except OSError:
            return False

    def kill(self) -> None:
        """End it at once, as a machine that loses its power does."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """Ask it to end, and wait until it has."""
        self._end(signal.SIGTERM)

    def _end(self, number: int) -> None:
        if self._process is not None and self._process.poll() is None:
            os.killpg(self._process.pid, number)
            self._process.wait(PATIENCE)
        (self.folder / "address").unlink(missing_ok=True)

    @property
    def token(self) -> str:
        """What writers must know."""
        return (self.folder / "token").read_text().strip()

    def ask(self, method: str, path: str, body: object = None) -> Any:
        """What it answers to one who has the token, read as JSON where there is something."""
        request = urllib.request.Request(
            f"{self.url}{path}",
            None if body is None else json.dumps(body).encode(),
            {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"},
            method=method,
        )
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            said = answer.read()
        is_json = "json" in answer.headers.get("Content-Type", "")
        return json.loads(said) if is_json else said.decode()

    def post(self, run: str, rows: Sequence[Sequence[float | None]], **facts: object) -> Any:
        """Append rows to a run."""
        return self.ask("POST", f"/api/v1/runs/{run}/rows", {"rows": rows, **facts})

    def reset(self, run: str) -> Any:
        """Begin a run anew."""
        epoch = self.ask("GET", f"/api/v1/runs/{run}")["epoch"]
        return self.ask("POST", f"/api/v1/runs/{run}/reset", {"epoch": epoch})
