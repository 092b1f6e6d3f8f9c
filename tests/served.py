"""A service that can be killed and started again where it was, and what those send to it who have the token."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import serving


@dataclass
class Served:
    """A service whose runs lie in a folder; its port stays the same."""

    folder: Path
    options: Sequence[str]
    server: serving.Server

    @property
    def url(self) -> str:
        """Where it listens, without a slash at the end."""
        return self.server.url

    @property
    def said(self) -> str:
        """What it has said."""
        return self.server.words()

    @property
    def token(self) -> str:
        """What writers must know."""
        return self.server.token

    def start(self) -> None:
        """Start it again."""
        self.server = serving.started(self.folder, *self.options, "--port", str(self.server.port))

    def kill(self) -> None:
        """End it at once, as a machine that loses its power does."""
        self.server.process.kill()
        self.server.process.wait()

    def stop(self) -> None:
        """Ask it to end, and wait until it has."""
        self.server.stop()

    def ask(self, method: str, path: str, body: object = None) -> Any:
        """What it answers to one who has the token, read as JSON where it is some."""
        sent = None if body is None else json.dumps(body).encode()
        answer = self.server.ask(method, path, sent, write=True, Content_Type="application/json")
        assert answer.status < 300, answer
        return answer.json if "json" in answer.headers.get("content-type", "") else answer.body.decode()

    def post(self, run: str, rows: Sequence[Sequence[float | None]], **facts: object) -> Any:
        """Append rows to a run."""
        return self.ask("POST", f"{serving.API}/runs/{run}/rows", {"rows": rows, **facts})

    def reset(self, run: str) -> Any:
        """Begin a run anew."""
        epoch = self.ask("GET", f"{serving.API}/runs/{run}")["epoch"]
        return self.ask("POST", f"{serving.API}/runs/{run}/reset", {"epoch": epoch})


@contextmanager
def served(folder: Path, *options: str) -> Iterator[Served]:
    """A service for a while; at its end it has told of no bug."""
    runs = folder / "runs"
    with serving.running(runs, *options) as server:
        again = Served(runs, options, server)
        try:
            yield again
        finally:
            if again.server is not server:
                again.kill()
