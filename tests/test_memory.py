"""What a film takes in memory, measured on real processes by the system that gives it to them."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from conftest import without_display

MEGABYTE = 1_000_000
SMALL = ("--size", "320x240", "--dpi", "20", "-t", "")

# Between the tests and the command, for a process is charged with the memory of the one that has started it.
LAUNCHER = """
import os, subprocess, sys
child = subprocess.Popen(sys.argv[1:], stdout=sys.stderr)
_, status, usage = os.wait4(child.pid, 0)
print(usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024))
sys.exit(os.waitstatus_to_exitcode(status))
"""


class Measured(NamedTuple):
    """What the largest process of a command took at most, in bytes, and how long the command took, in seconds."""

    peak: int
    seconds: float


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-W", "error", "-m", "liveplot_cli", "render", *arguments]


def measured(folder: Path, *arguments: str) -> Measured:
    begin = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", LAUNCHER, *command(*arguments)],
        cwd=folder,
        env=without_display(),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return Measured(int(done.stdout), time.monotonic() - begin)


def sparse(path: Path, rows: int, columns: int, known: dict[int, np.ndarray], order: str = "C") -> None:
    """A file of float64 that takes no room on the disk but for some rows."""
    with path.open("wb") as file:
        header = {"descr": "<f8", "fortran_order": order == "F", "shape": (rows, columns)}
        np.lib.format.write_array_header_1_0(file, header)
        start = file.tell()
        file.truncate(start + rows * columns * 8)
        for row, values in known.items():
            for column, value in enumerate(values):
                file.seek(start + 8 * (row * columns + column if order == "C" else column * rows + row))
                file.write(np.float64(value).tobytes())


@pytest.mark.parametrize(("film", "jobs"), [("film.gif", "2"), ("film.webp", "2"), ("film.html", "2")])
def test_ten_times_the_frames_take_no_more_memory(tmp_path: Path, film: str, jobs: str) -> None:
    """The longer history alone is 24 MB, more than the tenth that there is room for."""
    peaks = []
    for rows in (250, 2_500):
        np.save(tmp_path / "run.npy", np.random.default_rng(0).normal(size=(rows, 1_200)))
        peaks.append(measured(tmp_path, "run.npy", "-o", film, "--jobs", jobs, *SMALL, "--size", "460x340").peak)
    assert peaks[1] <= 1.1 * peaks[0]
    assert peaks[1] < 300 * MEGABYTE


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("chosen", [("--every", "20000000"), ("--rows", "::-20000000", "-y", "19,0,3")])
def test_a_file_beyond_all_memory_is_drawn_from_the_rows_it_shows(
    tmp_path: Path, order: str, chosen: tuple[str, ...]
) -> None:
    """The film is that of a small file with the same rows; a row beside them, far out of all limits, is not seen."""
    rows, columns, step = 400_000_000, 20, 20_000_000
    backwards = chosen[0] == "--rows"
    shown = range(rows)[::-step] if backwards else range(rows)[::step]
    values = np.random.default_rng(0).normal(size=(len(shown), columns))
    values[3, 5], values[4, 7] = np.nan, np.inf
    known = dict(zip(shown, values, strict=True))
    sparse(tmp_path / "big.npy", rows, columns, known | {shown[2] + 1: np.full(columns, 1e9)}, order)
    assert (tmp_path / "big.npy").stat().st_size > 64_000 * MEGABYTE
    np.save(tmp_path / "small.npy", values)
    plain = ("--jobs", "1", *SMALL)
    measured(tmp_path, "small.npy", "-o", "small.gif", *plain, *(chosen[2:] if backwards else ()))
    big = measured(tmp_path, "big.npy", "-o", "big.gif", *plain, *chosen)
    assert (tmp_path / "big.gif").read_bytes() == (tmp_path / "small.gif").read_bytes()
    assert big.peak < 300 * MEGABYTE
    assert big.seconds < 30


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_file_that_is_cut_while_it_is_drawn_is_one_sentence_and_nothing_is_left(tmp_path: Path, jobs: str) -> None:
    np.save(tmp_path / "run.npy", np.random.default_rng(0).normal(size=(20_000, 100)))
    before = {"run.npy"}
    process = subprocess.Popen(
        command("run.npy", "-o", "film.gif", "--jobs", jobs),
        cwd=tmp_path, env=without_display(), stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    with process:
        while {path.name for path in tmp_path.iterdir()} == before and process.poll() is None:
            time.sleep(0.01)
        os.truncate(tmp_path / "run.npy", 100_000)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 3, said
    assert said == "Error: 'run.npy' was cut or replaced while it was being read\n"
    assert {path.name for path in tmp_path.iterdir()} == before
