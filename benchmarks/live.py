"""How smoothly a window plays and how soon it shows rows that are appended, seen from outside: on a virtual screen.

    python -m benchmarks.live            # all parts, in about three minutes: LIVE.md
    python -m benchmarks.live frames     # one of frames, follow, flood, memory

Needs Xvfb, and for Qt also PySide6-Essentials. The pixels are read from Xvfb's own memory, so nothing of ours says when
a picture is there.
"""

from __future__ import annotations

import contextlib
import datetime
import mmap
import os
import platform
import re
import signal
import statistics
import struct
import subprocess
import sys
import tempfile
import time
import tkinter
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path

import numpy as np

RESULTS = Path(__file__).parent / "LIVE.md"
INTRODUCTION = """\
# Windows and files that grow

Written by `make bench-live`. The real `liveplot show` in a window on an Xvfb of its own, whose pixels are read from its
memory: what is timed is what is there to be seen. Whoever writes the rows, looks at the pixels and draws shares the
same cores.

- Date: {date}; command: `python -m benchmarks.live`
- Machine: {cores} cores; load {load:.1f} before
- Versions: Python {python}, matplotlib {matplotlib}, PySide6 {qt}, Tk {tk}
"""
FACTS = {
    "cores": os.cpu_count(),
    "python": platform.python_version(),
    "matplotlib": version("matplotlib"),
    "qt": version("pyside6-essentials"),
    "tk": tkinter.TkVersion,
}
BACKENDS = {"Tk": "TkAgg", "Qt": "QtAgg"}
SPEEDS = (60, 120, 240)  # frames a second that are asked for
SECONDS = 5
WRITES = 40
PATIENCE = 60  # seconds
FLOOD = 10_000  # rows a second
PERIOD = 2.0  # seconds after which the values of the flood begin again
WRITER = """
import os, sys, time
file, rate, seconds = os.open(sys.argv[1], os.O_WRONLY | os.O_APPEND), float(sys.argv[2]), float(sys.argv[3])
began, written = time.monotonic(), 0
while (now := time.monotonic()) < began + seconds:
    due = int((now - began) * rate)
    value = b"%.6f\\n" % (time.time() % 2.0)
    os.write(file, value * (due - written))
    written = due
    time.sleep(0.005)
"""


class Screen:
    """An Xvfb whose pixels are read where it keeps them."""

    def __init__(self, folder: str) -> None:
        read, write = os.pipe()
        self.server = subprocess.Popen(
            ["Xvfb", "-displayfd", str(write), "-screen", "0", "900x700x24", "-dpi", "96", "-fbdir", folder],
            pass_fds=[write], stderr=subprocess.DEVNULL,
        )  # fmt: skip
        os.close(write)
        with os.fdopen(read) as said:
            self.display = f":{said.readline().strip()}"
        with Path(folder, "Xvfb_screen0").open("rb") as file:
            memory = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        header = struct.unpack(">25I", memory[:100])  # XWDFileHeader of X11/XWDFile.h
        start, width, height = header[0] + 12 * header[19], header[4], header[5]
        self.pixels = np.frombuffer(memory, np.uint8, width * height * 4, start).reshape(height, width, 4)

    def wait(self, seen: Callable[[np.ndarray], bool], pause: float = 0.001) -> float:
        """When it is to be seen, looked for again and again after so many seconds."""
        end = time.monotonic() + PATIENCE
        while not seen(self.pixels):
            if time.monotonic() > end:
                raise TimeoutError("it was never to be seen")
            time.sleep(pause)
        return time.monotonic()


@contextlib.contextmanager
def screen() -> Iterator[Screen]:
    with tempfile.TemporaryDirectory() as folder:
        found = Screen(folder)
        try:
            yield found
        finally:
            found.server.terminate()
            found.server.wait()


@contextlib.contextmanager
def shown(on: Screen, backend: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A `liveplot show` whose window is there."""
    process = subprocess.Popen(
        [sys.executable, "-m", "liveplot_cli", "show", *arguments, "-v"],
        env=os.environ | {"DISPLAY": on.display, "MPLBACKEND": backend}, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        on.wait(is_drawn, 0.05)
        time.sleep(0.5)
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        process.wait()


def frames(on: Screen, folder: Path) -> list[str]:
    """A line of 100 columns at 640x480, frames a second: drawn and left out as -v says; seen by the slider's moves."""
    lines = ["| toolkit | asked | drawn | seen | left out, of 5 s |", "|---|---|---|---|---|"]
    for toolkit, backend in BACKENDS.items():
        for speed in SPEEDS:
            rows = np.random.default_rng(1).normal(size=(speed * SECONDS, 100)).cumsum(0)
            np.save(folder / "line.npy", rows)
            options = ["--fps", str(speed), "-k", "line", "--step"]
            with shown(on, backend, str(folder / "line.npy"), *options) as process:
                press(on, "space")
                seen = changes(on.pixels[484:500, :640], SECONDS + 1)
                press(on, "q")
                assert process.stderr is not None
                said = process.stderr.read()
            told = re.search(r"([\d,]+) pictures.* ([\d,]+) left", said)
            assert told is not None
            drawn, left_out = (int(number.replace(",", "")) for number in told.groups())
            lines.append(f"| {toolkit} | {speed} | {drawn / SECONDS:.1f} | {seen / SECONDS:.1f} | {left_out} |")
    return lines


def press(on: Screen, key: str) -> None:
    """Press a key with the mouse in the window, where it goes without a window manager."""
    subprocess.run(["xdotool", "mousemove", "200", "200", "key", key], env={"DISPLAY": on.display}, check=True)


def is_drawn(pixels: np.ndarray) -> bool:
    """Whether a window is there, with nothing of the screen's black, and has a slider."""
    return bool((pixels[:480:8, :640:8, :3] > 0).mean() > 0.9 and (pixels[484:500, :640, 2] < 100).sum() > 100)


def changes(pixels: np.ndarray, seconds: float) -> int:
    """How often some pixels change in so many seconds."""
    count, before, end = 0, pixels.copy(), time.monotonic() + seconds
    while time.monotonic() < end:
        if not np.array_equal(pixels, before):
            count, before = count + 1, pixels.copy()
        time.sleep(0.0005)
    return count


def follow(on: Screen, folder: Path) -> list[str]:
    """From the write of a row, by another process than the window's, to its picture."""
    lines = ["| toolkit | chart | median | slowest of " + str(WRITES) + " |", "|---|---|---|---|"]
    for toolkit, backend in BACKENDS.items():
        for kind in ("trace", "line"):
            path = folder / "train.csv"
            path.write_text("step,loss,val_loss\n0,1,1.5\n")
            with shown(on, backend, "--follow", str(path), "-k", kind), path.open("ab", buffering=0) as file:
                random, took = np.random.default_rng(2), []
                time.sleep(1)
                for step in range(1, WRITES + 1):
                    before = on.pixels[:520, :640].copy()
                    row = f"{step},{random.normal():.4f},{random.normal():.4f}\n".encode()
                    began = time.monotonic()
                    file.write(row)
                    took.append(on.wait(other_than(before)) - began)
                    time.sleep(random.uniform(0.15, 0.3))
            lines.append(
                f"| {toolkit} | {kind} | {1000 * statistics.median(took):.0f} ms | {1000 * max(took):.0f} ms |"
            )
    return lines


def other_than(before: np.ndarray) -> Callable[[np.ndarray], bool]:
    """Whether there is another picture than before."""
    return lambda pixels: not np.array_equal(pixels[:520, :640], before)


def flood(on: Screen, folder: Path) -> list[str]:
    """How old the newest row is that is to be seen while 10,000 are written a second: a bar as high as the time."""
    lines = ["| toolkit | median | 99 of 100 | pictures a second |", "|---|---|---|---|"]
    for toolkit, backend in BACKENDS.items():
        path = folder / "flood.csv"
        path.write_text("2.0\n")
        options = ["-k", "bar", "--ylim", f"0,{PERIOD}", "--title", "", "--window", "5000"]
        with shown(on, backend, "--follow", str(path), *options):
            time.sleep(1)
            full = top(on.pixels)
            bottom = np.flatnonzero(np.abs(on.pixels[:440, 300, :3].astype(int) - 255).sum(axis=1) > 30).max()
            writer = subprocess.Popen([sys.executable, "-c", WRITER, str(path), str(FLOOD), str(SECONDS)])
            time.sleep(1)
            ages, heights = [], []
            while writer.poll() is None:
                now = time.time() % PERIOD
                height = top(on.pixels)
                value = PERIOD * (bottom - height) / (bottom - full)
                ages.append((now - value) % PERIOD)
                heights.append(height)
                time.sleep(0.002)
        pictures = np.count_nonzero(np.diff(heights)) / (SECONDS - 1)
        age = np.array(ages)
        lines.append(
            f"| {toolkit} | {1000 * np.median(age):.0f} ms | {1000 * np.quantile(age, 0.99):.0f} ms | {pictures:.0f} |"
        )
    return lines


def top(pixels: np.ndarray) -> int:
    """Where the bar ends, in pixels from the top."""
    column = pixels[:440, 300, :3].astype(int)
    return int(np.argmax(np.abs(column - 255).sum(axis=1) > 100))


def memory(on: Screen, folder: Path) -> list[str]:
    """What `show --follow --window 1000` takes of memory as its file grows: resident, in MB."""
    path = folder / "long.csv"
    path.write_text("0\n")
    found: dict[int, float] = {}
    with shown(on, "QtAgg", "--follow", str(path), "--window", "1000", "-k", "trace") as process:
        rows = 1
        with path.open("a") as file:
            for count in (10_000, 100_000, 500_000, 1_000_000):
                while rows < count:
                    file.writelines(f"{row % 1000}\n" for row in range(rows, rows + 1000))
                    file.flush()
                    rows += 1000
                    time.sleep(0.02)
                time.sleep(1)
                pages = int(Path(f"/proc/{process.pid}/statm").read_text().split()[1])
                found[count] = pages * os.sysconf("SC_PAGE_SIZE") / 1e6
    return ["| rows | MB |", "|---|---|", *(f"| {rows:,} | {size:.0f} |" for rows, size in found.items())]


PARTS = {"frames": frames, "follow": follow, "flood": flood, "memory": memory}


def main() -> None:
    """Measure the parts that are named, or all and write them down."""
    names = sys.argv[1:] or list(PARTS)
    told = [INTRODUCTION.format(date=datetime.datetime.now(tz=datetime.UTC).date(), load=os.getloadavg()[0], **FACTS)]
    with screen() as on, tempfile.TemporaryDirectory() as folder:
        for name in names:
            lines = PARTS[name](on, Path(folder))
            told.append("\n".join([f"## {name.capitalize()}", "", (PARTS[name].__doc__ or "").strip(), "", *lines, ""]))
            print(told[-1], flush=True)
    if not sys.argv[1:]:
        RESULTS.write_text("\n".join(told))


if __name__ == "__main__":
    main()
