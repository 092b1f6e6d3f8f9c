"""Measure `liveplot serve` under load on this machine, and write SERVE.md: `python -m benchmarks.serve`."""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import re
import shlex
import signal
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

from . import clients

RESULTS = Path("benchmarks/SERVE.md")
TOKEN = "a-token-of-the-load-benchmark"
_TICK = os.sysconf("SC_CLK_TCK")
_VISITS, _TOGETHER = 1_000, 50

_INTRODUCTION = f"""\
# The service under load

Written by `make bench-serve`. The real `liveplot serve` runs on 127.0.0.1 with its SQLite store in a temporary folder;
every row has {clients.VALUES} values, and every acknowledged request was flushed to the disk before. Clients are raw
sockets in a process of their own ([source](clients.py)), but on the same cores. Where a figure was taken several times,
it is the median, with the least and the greatest in brackets.

- **CPU**: milliseconds of the server on all cores for each request; other load on the machine changes it little.
- **RSS**: the resident set of a process.
"""


@dataclass
class Server:
    """A `liveplot serve` of the benchmark."""

    process: subprocess.Popen[str]
    port: int

    @property
    def cpu(self) -> float:
        """Seconds on the cores so far."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICK

    @property
    def memory(self) -> float:
        """Its resident set in MB."""
        return resident(self.process.pid)

    @property
    def descriptors(self) -> int:
        """How many files and sockets it has open."""
        return sum(1 for _ in Path(f"/proc/{self.process.pid}/fd").iterdir())

    @property
    def children(self) -> list[int]:
        """The processes it has started."""
        tasks = Path(f"/proc/{self.process.pid}/task").glob("*/children")
        return [int(child) for task in tasks for child in task.read_text().split()]

    def get(self, path: str) -> bytes:
        """What it answers."""
        return clients.get(self.port, path)

    def stop(self) -> None:
        """Ask it to end, and wait."""
        self.process.send_signal(signal.SIGTERM)
        self.process.communicate(timeout=20)


def resident(process: int) -> float:
    """The resident set of a process in MB."""
    return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


@contextmanager
def serving(folder: Path) -> Iterator[Server]:
    """A server of the folder's runs, on a port that is free."""
    server = started(folder)
    try:
        yield server
    finally:
        server.stop()


def started(folder: Path) -> Server:
    """A server that has said where it listens, which is before it answers."""
    command = [sys.executable, "-m", "liveplot_cli", "serve", "--port", "0", "--folder", str(folder)]
    process = subprocess.Popen(
        [*command, "--max-viewers", "20000"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        env=os.environ | {"LIVEPLOT_TOKEN": TOKEN},
    )  # fmt: skip
    assert process.stdout is not None
    said = []
    for line in process.stdout:
        said.append(line)
        if found := re.search(r"http://127\.0\.0\.1:(\d+)/", line):
            return Server(process, int(found[1]))
    raise SystemExit(f"the server does not start: {''.join(said)}")


def client(server: Server, role: str, **options: object) -> subprocess.Popen[str]:
    """A process of clients."""
    given = {"port": server.port, "token": TOKEN, **options}
    words = [word for name, value in given.items() for word in (f"--{name}", str(value))]
    command = [sys.executable, "-I", clients.__file__, role, *words]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def seen(process: subprocess.Popen[str]) -> dict[str, Any]:
    """What clients have seen, when they are done."""
    said, _ = process.communicate(timeout=300)
    if process.returncode:
        raise SystemExit(f"a client failed with {process.returncode}")
    found: dict[str, Any] = json.loads(said.splitlines()[-1])
    return found


@dataclass
class Table:
    """The figures so far."""

    lines: list[str] = field(default_factory=list)

    def add(self, what: str, figure: str, more: str = "", target: str = "—", met: bool | None = None) -> None:
        """Note a figure, and say it."""
        verdict = {None: target, True: f"{target}: met", False: f"{target}: **missed**"}[met]
        self.lines.append(f"| {what} | {figure} | {more or '—'} | {verdict} |")
        print(f"{what}: {figure}  {more}  {verdict if met is not None else ''}", flush=True)


def spread(values: list[float], form: Callable[[float], str]) -> str:
    """The median, and the least and the greatest of several."""
    middle = form(statistics.median(values))
    return middle if len(values) == 1 else f"{middle} ({form(min(values))}–{form(max(values))})"


def rate(value: float) -> str:
    return f"{value:,.0f}"


def milliseconds(value: float) -> str:
    return f"{value * 1000:.1f} ms"


def posts(server: Server, table: Table, rounds: int, seconds: float, disk: Callable[[], float]) -> None:
    """Rows one by one and in batches, from one client and from many; and what the disk gave at that time."""
    asked = [
        ("single rows, 1 client", 1, 1, 800), ("single rows, 20 clients", 20, 1, 800),
        ("batches of 100, 1 client", 1, 100, 20_000), ("batches of 1,000, 1 client", 1, 1_000, 20_000),
        ("batches of 100, 4 clients", 4, 100, 20_000),
    ]  # fmt: skip
    found: dict[str, list[dict[str, Any]]] = {what: [] for what, *_ in asked}
    bare = []
    for number in range(rounds):
        bare.append(disk())
        for what, many, batch, _ in asked:
            before = server.cpu
            figures = seen(
                client(server, "post", run=f"posts-{many}-{batch}-{number}", clients=many, batch=batch, seconds=seconds)
            )
            figures["server"] = (server.cpu - before) / figures["requests"]
            figures["rate"] = figures["requests"] * batch / figures["seconds"]
            found[what].append(figures)
    table.add("SQLite by itself, before each round", f"{spread(bare, rate)} commits/s", "one row each, flushed")
    for what, _, batch, least in asked:
        results = found[what]
        rates = [figures["rate"] for figures in results]
        delays = ", ".join(
            f"{name} {spread([figures[name] for figures in results], milliseconds)}" for name in ("p50", "p99")
        )
        cpu = spread([figures["server"] for figures in results], milliseconds)
        unit = "POSTs" if batch == 1 else "rows"
        table.add(
            f"POST of {what}", f"{spread(rates, rate)} {unit}/s", f"{delays}; CPU {cpu}", f"≥ {least:,} {unit}/s",
            statistics.median(rates) >= least,
        )  # fmt: skip


def yardstick(folder: Path, seconds: float = 1.0) -> float:
    """Commits a second that SQLite itself makes of one row each on this disk, flushed as the service does."""
    with sqlite3.connect(folder / "yardstick.db", isolation_level=None) as bare:
        bare.execute("PRAGMA journal_mode = WAL")
        bare.execute("PRAGMA synchronous = FULL")
        bare.execute("CREATE TABLE IF NOT EXISTS rows (seq INTEGER PRIMARY KEY, row BLOB)")
        start, count = time.monotonic(), 0
        while time.monotonic() - start < seconds:
            bare.execute("INSERT INTO rows (row) VALUES (?)", (bytes(8 * clients.VALUES),))
            count += 1
        return count / (time.monotonic() - start)


def watchers(server: Server, table: Table, seconds: float) -> None:
    """A hundred who watch while a hundred rows a second come in."""
    seen(client(server, "pace", run="watched", seconds=0.1))
    watching = client(server, "watch", run="watched", viewers=100)
    assert watching.stdout is not None
    watching.stdout.readline()
    before = server.cpu
    paced = seen(client(server, "pace", run="watched", rate=100, seconds=seconds))
    used = server.cpu - before
    figures = seen(watching)
    table.add(
        f"100 viewers, 100 rows/s, {seconds:.0f} s: from POST to event", f"p99 {milliseconds(figures['p99'])}",
        f"p50 {milliseconds(figures['p50'])}, most {milliseconds(figures['most'])}; {figures['seen']:,} of"
        f" {100 * paced['rows']:,} rows seen in {figures['events']:,} events;"
        f" CPU {used / paced['seconds']:.0%} of a core",
        "p99 < 1,000 ms", figures["p99"] < 1 and figures["seen"] >= 100 * paced["rows"],
    )  # fmt: skip


def growth(server: Server, table: Table, rows: int) -> None:
    """A run that grows to a million rows, and a picture of it."""
    seen(client(server, "post", run="long", batch=1_000, rows=1_000))
    server.get("/api/v1/runs/long/frame.png")  # the process that draws is there from now on
    [draws] = server.children
    before, drawing_before = server.memory, resident(draws)
    figures = seen(client(server, "post", run="long", batch=1_000, rows=rows - 1_000))
    after = server.memory
    table.add(
        f"RSS of the server, run grown to {rows:,} rows", f"{after:.0f} MB", f"{before:.0f} MB at 1,000 rows;"
        f" {figures['requests'] * 1_000 / figures['seconds']:,.0f} rows/s on the way", "growth < 30 MB",
        after - before < 30,
    )  # fmt: skip
    start = time.monotonic()
    server.get("/api/v1/runs/long/frame.png")
    first = time.monotonic() - start
    start = time.monotonic()
    server.get(f"/api/v1/runs/long/frame.png?row={rows // 2}")
    second = time.monotonic() - start
    table.add(
        "frame.png of that run", milliseconds(first), f"another of its rows {milliseconds(second)}; RSS of the"
        f" process that draws {resident(draws):.0f} MB, {drawing_before:.0f} MB at 1,000 rows; of the server"
        f" {server.memory:.0f} MB",
    )  # fmt: skip


def starts(folder: Path, table: Table, rounds: int, rows: int) -> None:
    """From the command to the first answers, with a million rows in the store."""
    answers: list[list[float]] = [[], []]
    memory = []
    for _ in range(rounds):
        start = time.monotonic()
        with serving(folder) as server:
            for times, path in zip(answers, ("/healthz", "/api/v1/runs/long"), strict=True):
                answered = server.get(path)
                times.append(time.monotonic() - start)
            assert json.loads(answered)["rows"] == rows
            memory.append(server.memory)
    for times, what in zip(answers, ("GET /healthz", "GET of the run"), strict=True):
        table.add(
            f"Start with {rows:,} rows in the store, to the first {what}", spread(times, milliseconds),
            f"RSS then {statistics.median(memory):.0f} MB", "< 1,000 ms", statistics.median(times) < 1,
        )  # fmt: skip


def visits(server: Server, table: Table) -> None:
    """A thousand viewers who come and go; what is left of them after a while."""
    _come_and_go(server, _TOGETHER)  # whatever is made once and kept is made now
    _settled(server)
    before, descriptors = server.memory, server.descriptors
    for number in range(_VISITS // _TOGETHER):
        if number == _VISITS // _TOGETHER // 2:
            _settled(server)  # or those who left would count among the connections that the server takes at most
        _come_and_go(server, _TOGETHER)
    seconds = _settled(server, descriptors)
    after = server.memory
    left = _viewers(server)
    table.add(
        f"{_VISITS:,} viewers that come and leave, after {seconds:.0f} s",
        f"{server.descriptors - descriptors:+d} descriptors, {left} viewers, {after - before:+.1f} MB",
        f"{descriptors} descriptors and {before:.0f} MB before", "0 left within 20 s, < 10 MB",
        server.descriptors <= descriptors and not left and after - before < 10,
    )  # fmt: skip


def _come_and_go(server: Server, many: int) -> None:
    connections = [clients.follow(server.port, "watched", 100) for _ in range(many)]
    for connection in connections:
        text = b""
        while b"data: " not in text:
            part = connection.recv(1 << 16)
            if not part or b" 429 " in part:
                raise SystemExit(f"a viewer is not let in: {part[:300]!r}")
            text += part
    for connection in connections:
        connection.close()


def _settled(server: Server, descriptors: int = sys.maxsize) -> float:
    """Wait until the server has let go of so many as it has, 20 s at most; how long it took."""
    start = time.monotonic()
    while time.monotonic() - start < 20 and (server.descriptors > descriptors or _viewers(server)):
        time.sleep(0.5)
    return time.monotonic() - start


def _viewers(server: Server) -> int:
    found = re.search(r"^liveplot_viewers (\d+)", server.get("/metrics").decode(), re.MULTILINE)
    return int(found[1]) if found else 0


def deaf(server: Server, table: Table, seconds: float) -> None:
    """A viewer who never reads, while others do and 5,000 rows a second come in."""
    seen(client(server, "pace", run="busy", seconds=0.1))
    with clients.follow(server.port, "busy", 100, buffer=4096):
        watching = client(server, "watch", run="busy", viewers=5)
        assert watching.stdout is not None
        watching.stdout.readline()
        before = server.memory
        paced = seen(client(server, "pace", run="busy", rate=5_000, batch=100, seconds=seconds))
        after = server.memory
        figures = seen(watching)
    table.add(
        "A viewer that never reads, 5,000 rows/s", f"{after - before:+.1f} MB",
        f"{paced['rows'] / paced['seconds']:,.0f} rows/s came in; 5 other viewers p99 {milliseconds(figures['p99'])},"
        f" most {milliseconds(figures['most'])}", "< 50 MB, others < 1,000 ms",
        after - before < 50 and figures["most"] < 1,
    )  # fmt: skip


def page(table: Table, loads: tuple[float, float]) -> str:
    """SERVE.md."""
    versions = ", ".join(
        [f"Python {platform.python_version()}", f"SQLite {sqlite3.sqlite_version}"]
        + [f"{name} {version(name)}" for name in ("falcon", "uvicorn", "h11")]
    )
    command = shlex.join(["python", "-m", "benchmarks.serve", *sys.argv[1:]])
    return "\n".join(
        [
            _INTRODUCTION,
            f"- Date: {datetime.date.today().isoformat()}; command: `{command}`",
            f"- Machine: {os.cpu_count()} cores; load {loads[0]:.1f} before and {loads[1]:.1f} afterwards",
            f"- Versions: {versions}",
            "",
            "| what | figure | more | target |",
            "|---|---|---|---|",
            *table.lines,
            "",
        ]
    )


def main() -> None:
    """Measure what is asked for; only a whole run replaces the results that are kept."""
    parts = ("posts", "watchers", "visits", "deaf", "growth")
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("part", nargs="*", help=f"{', '.join(parts)}; all by itself")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=5.0, help="of each measurement of POSTs")
    parser.add_argument("--rows", type=int, default=1_000_000, help="that the long run grows to")
    given = parser.parse_args()
    asked = given.part or parts
    table, loaded = Table(), os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="liveplot-bench-") as place:
        folder = Path(place)
        with serving(folder) as server:
            if "posts" in asked:
                posts(server, table, given.rounds, given.seconds, lambda: yardstick(folder))
            if "watchers" in asked:
                watchers(server, table, 20)
            if "visits" in asked:
                seen(client(server, "pace", run="watched", seconds=0.1))
                visits(server, table)
            if "deaf" in asked:
                deaf(server, table, 10)
        if "growth" in asked:
            with serving(folder) as server:
                growth(server, table, given.rows)
            starts(folder, table, given.rounds, given.rows)
    if not given.part:
        RESULTS.write_text(page(table, (loaded, os.getloadavg()[0])), encoding="utf-8")
        print(f"written: {RESULTS}")


if __name__ == "__main__":
    main()
