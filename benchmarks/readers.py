"""How long a CSV of 100 MB takes to load, and how much memory: `python -m benchmarks.readers`.

Against `pandas.read_csv`, and `numpy.loadtxt` where that can read it.

Each load is a process of its own that imports first and then takes the time of the load alone; they run in turn.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from .films import OUT

RESULTS = Path("benchmarks/READERS.md")
COLUMNS, ROWS_AT_ONCE = 100, 1000
PACKAGES = ("liveplot-cli", "numpy", "pandas", "pysimdjson")


_INTRODUCTION = """\
# Loading a CSV

Written by `python -m benchmarks.readers`. Each load is a process of its own; the time and the peak of memory are of the
load alone, without imports. The readers run in turn, and ratios are medians of the rounds' ratios, with the least and
the greatest in brackets. *Memory in arrays* is the peak over the bytes of the array that comes of it; three are
allowed. pandas may use all cores, liveplot uses one.
"""


@dataclass(frozen=True)
class Table:
    """A kind of file, what it stands for, and the most that a load may take, in pandas' times and its own arrays."""

    name: str
    words: str
    most: float | None
    gaps: float = 0.0
    dates: bool = False

    @property
    def path(self) -> Path:
        return OUT / f"{self.name}.csv"

    def write(self, size: int) -> None:
        """Noise of six digits from a fixed seed, about so many bytes of it."""
        rng = np.random.default_rng(0)
        line = 0
        with self.path.open("w", encoding="utf-8") as file:
            names = [f"c{number}" for number in range(COLUMNS)]
            file.write(",".join(["date", *names] if self.dates else names) + "\n")
            while file.tell() < size:
                numbers = rng.normal(size=(ROWS_AT_ONCE, COLUMNS))
                empty = rng.random(numbers.shape) < self.gaps
                for row, gaps in zip(numbers.tolist(), empty.tolist(), strict=True):
                    cells = ["" if gap else f"{number:.6g}" for number, gap in zip(row, gaps, strict=True)]
                    line += 1
                    first = [str(np.datetime64("2000-01-01T00:00", "m") + line)] if self.dates else []
                    file.write(",".join([*first, *cells]) + "\n")


TABLES = (
    Table("dense", "nothing but numbers", 3),
    Table("gaps", "two of five cells empty", 8, gaps=0.4),
    Table("dates", "dates in the first column", None, dates=True),
)


def by_liveplot(path: str) -> Any:
    from liveplot_cli.readers import read

    return lambda: read(path).values


def by_pandas(path: str) -> Any:
    import pandas as pd

    return lambda: pd.read_csv(path).select_dtypes("number").to_numpy()


def by_numpy(path: str) -> Any:
    return lambda: np.loadtxt(path, delimiter=",", skiprows=1, comments=None)


READERS: dict[str, Callable[[str], Any]] = {"liveplot": by_liveplot, "pandas": by_pandas, "numpy": by_numpy}


def load(reader: str, path: str) -> None:
    """Load a file here, and print seconds, the peak of memory above what it was, and the array's bytes."""
    read = READERS[reader](path)
    if reader == "liveplot":
        pass
    before = _resident()
    start = time.perf_counter()
    values = read()
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 - before
    print(json.dumps({"seconds": seconds, "memory": peak, "array": values.nbytes}))


def _resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def measured(reader: str, path: Path) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.readers", "--load", reader, str(path)]
    # Through a small process: what is started from here would have this one's memory for its own peak.
    launcher = [sys.executable, "-S", "-c", "import subprocess, sys; sys.exit(subprocess.call(sys.argv[1:]))"]
    done = subprocess.run([*launcher, *command], capture_output=True, text=True, check=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def compared(table: Table, rounds: int) -> list[str]:
    """The lines of the results for one file."""
    readers = [name for name in READERS if name != "numpy" or not (table.gaps or table.dates)]
    runs: dict[str, list[dict[str, float]]] = {name: [] for name in readers}
    for number in range(rounds):
        for name in readers if number % 2 else reversed(readers):
            runs[name].append(measured(name, table.path))
    lines = []
    for name in readers:
        seconds = statistics.median(run["seconds"] for run in runs[name])
        pairs = zip(runs[name], runs["pandas"], strict=True)
        ratios = [ours["seconds"] / theirs["seconds"] for ours, theirs in pairs]
        memory = statistics.median(run["memory"] / run["array"] for run in runs[name])
        size = statistics.median(run["memory"] for run in runs[name]) / 1e6
        most = f"≤ {table.most:g} x" if table.most and name == "liveplot" else "—"
        spread = f"{statistics.median(ratios):.2f} x ({min(ratios):.2f}–{max(ratios):.2f})"
        cells = [
            f"{table.words} (`{table.name}`)",
            name,
            f"{seconds:.2f}",
            spread,
            most,
            f"{size:.0f}",
            f"{memory:.2f} x",
        ]
        lines.append(f"| {' | '.join(cells)} |")
        print(lines[-1], flush=True)
    return lines


def page(lines: list[str], size: int, rounds: int) -> str:
    versions = ", ".join([f"Python {platform.python_version()}", *(f"{name} {version(name)}" for name in PACKAGES)])
    head = ["file", "reader", "seconds", "of pandas' time", "required", "memory MB", "memory in arrays"]
    return "\n".join(
        [
            _INTRODUCTION,
            f"- Files: {size / 1e6:.0f} MB, {COLUMNS} columns",
            f"- Date: {datetime.date.today().isoformat()}; {rounds} rounds; load afterwards {os.getloadavg()[0]:.1f}",
            f"- Machine: {os.cpu_count()} cores",
            f"- Versions: {versions}",
            "",
            f"| {' | '.join(head)} |",
            f"| {' | '.join(['---'] * len(head))} |",
            *lines,
            "",
        ]
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--megabytes", type=int, default=100)
    parser.add_argument("--load", nargs=2, metavar=("READER", "FILE"), help="load one file, and print what it cost")
    given = parser.parse_args()
    if given.load:
        load(*given.load)
        return
    OUT.mkdir(exist_ok=True)
    lines = []
    for table in TABLES:
        table.write(given.megabytes * 1_000_000)
        lines += compared(table, given.rounds)
        table.path.unlink()
    path = RESULTS if given.megabytes == 100 else OUT / "READERS.md"
    path.write_text(page(lines, given.megabytes * 1_000_000, given.rounds), encoding="utf-8")
    print(f"written: {path}")


if __name__ == "__main__":
    main()
