"""A real PostgreSQL of the tests' own, from the system's package: in a folder of its own, flushing to the disk."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

PASSWORD = "a/b@c d%"  # as hostile as one may be in an address
_IN_ADDRESS = "a%2Fb%40c%20d%25"


class Server:
    """A running server, and how to reach it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = _free_port()
        self._made = 0
        self._as: list[str] = _unprivileged(folder)
        (folder / "password").write_text(PASSWORD)
        self._run(
            "initdb", "--pgdata", f"{folder}/cluster", "--username", "liveplot", "--pwfile", f"{folder}/password",
            "--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C", "--no-sync",
        )  # fmt: skip
        self.start()

    def start(self) -> None:
        """Start it, and wait until it answers."""
        settings = {"port": self.port, "listen_addresses": "127.0.0.1", "unix_socket_directories": self.folder}
        settings |= {"shared_buffers": "16MB", "fsync": "on", "max_connections": 40, "max_wal_size": "64MB"}
        words = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        command = [*self._as, _program("postgres"), "-D", f"{self.folder}/cluster", *words]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, cwd="/")
        for _ in range(600):
            try:
                psycopg.connect(self.address()).close()
                return
            except psycopg.OperationalError:
                assert self.process.poll() is None, (self.folder / "log").read_text()
                time.sleep(0.05)
        raise AssertionError((self.folder / "log").read_text())

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Stop it: SIGINT has it end its connections, SIGQUIT everything at once, without a flush."""
        self.process.send_signal(how)
        self.process.wait(30)

    def address(self, database: str = "postgres", *, schema: str = "public", over: str = "") -> str:
        """Where the tables of a schema are: over the server's socket, or `127.0.0.1`."""
        options = f"options=-csearch_path%3D{schema}" + ("" if over else f"&host={self.folder}")
        return f"postgresql://liveplot:{_IN_ADDRESS}@{over}:{self.port}/{database}?{options}"

    def schema(self) -> str:
        """A new, empty schema, which takes less time than a database."""
        self._made += 1
        self.tell(f"CREATE SCHEMA s{self._made}")
        return f"s{self._made}"

    def tell(self, what: str) -> list[tuple[object, ...]]:
        """What the server answers."""
        with psycopg.connect(self.address(), autocommit=True) as connection:
            cursor = connection.execute(what)
            return cursor.fetchall() if cursor.description else []

    def _run(self, program: str, *words: str) -> None:
        done = subprocess.run(
            [*self._as, _program(program), *words], capture_output=True, text=True, cwd="/", check=False
        )  # fmt: skip
        assert done.returncode == 0, done.stderr


@contextmanager
def running() -> Iterator[Server]:
    """A server, as long as the block."""
    folder = Path(tempfile.mkdtemp(prefix="lp-pg-"))  # a socket's path is short, and open to whom the server runs as
    try:
        server = Server(folder)
        try:
            yield server
        finally:
            if server.process.poll() is None:
                server.stop(signal.SIGQUIT)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _program(name: str) -> str:
    """Debian keeps them where no PATH leads."""
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: float(path.parts[4]))
    path = str(found[-1]) if found else shutil.which(name)
    assert path, "PostgreSQL is missing; tests/install-tools installs it"
    return path


def _unprivileged(folder: Path) -> list[str]:
    """What has a program end with the tests, however they end, and run as somebody else: root may not run a server."""
    end = ["setpriv", "--pdeathsig", "INT"]
    if os.getuid():
        return end
    try:
        user = pwd.getpwnam("postgres")
    except KeyError:
        user = pwd.getpwnam("nobody")
    os.chown(folder, user.pw_uid, user.pw_gid)
    return [*end, f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])
