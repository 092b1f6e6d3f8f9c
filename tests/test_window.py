"""The window, for real: Tk and Qt on a virtual screen, keys pressed, a mouse moved and pictures taken from outside."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageGrab

from conftest import Run


@pytest.fixture(scope="module")
def display() -> Iterator[str]:
    """A screen that nobody sees, of its own for these tests."""
    read, write = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(write), "-screen", "0", "900x750x24", "-dpi", "96", "-noreset"],
        pass_fds=[write],
        stderr=subprocess.DEVNULL,
    )
    os.close(write)
    with os.fdopen(read) as said:
        number = said.readline().strip()
    yield f":{number}"
    server.terminate()
    server.wait()


# The message by which a window manager asks a window to close: ICCCM, 4.2.8.1.
CLOSE = """
import sys
from ctypes import CDLL, POINTER, Structure, Union, byref, c_char_p, c_int, c_long, c_ulong, c_void_p
class Message(Structure):
    _fields_ = [("type", c_int), ("serial", c_ulong), ("sent", c_int), ("display", c_void_p), ("window", c_ulong),
                ("kind", c_ulong), ("format", c_int), ("data", c_long * 5)]
class Event(Union):
    _fields_ = [("message", Message), ("pad", c_long * 24)]
x = CDLL("libX11.so.6")
x.XOpenDisplay.restype, x.XOpenDisplay.argtypes = c_void_p, [c_char_p]
x.XInternAtom.restype, x.XInternAtom.argtypes = c_ulong, [c_void_p, c_char_p, c_int]
x.XSendEvent.argtypes = [c_void_p, c_ulong, c_int, c_long, POINTER(Event)]
x.XCloseDisplay.argtypes = [c_void_p]
display, window = x.XOpenDisplay(None), int(sys.argv[1])
close = x.XInternAtom(display, b"WM_DELETE_WINDOW", 0)
data = (c_long * 5)(close, 0, 0, 0, 0)
client_message = 33
event = Event(Message(client_message, 0, 1, display, window, x.XInternAtom(display, b"WM_PROTOCOLS", 0), 32, data))
x.XSendEvent(display, window, 0, 0, byref(event))
x.XCloseDisplay(display)
"""


class Shown:
    """A running `liveplot show`, its keyboard and what is to be seen of it."""

    def __init__(self, process: subprocess.Popen[str], display: str) -> None:
        self.process = process
        self.display = display

    def picture(self) -> np.ndarray:
        return np.asarray(ImageGrab.grab(xdisplay=self.display).convert("L"))

    def press(self, *keys: str) -> None:
        subprocess.run(["xdotool", "key", "--delay", "50", *keys], env={"DISPLAY": self.display}, check=True)

    def mouse(self, *what: object) -> None:
        subprocess.run(["xdotool", *map(str, what)], env={"DISPLAY": self.display}, check=True)

    def close(self) -> None:
        """Press the window's own close button, which a window manager would have drawn."""
        subprocess.run([sys.executable, "-c", CLOSE, self.number()], env={"DISPLAY": self.display}, check=True)

    def number(self) -> str:
        """The window's number on its display."""
        found = subprocess.run(
            ["xdotool", "search", "--onlyvisible", "--name", "long|steps|train"],
            env={"DISPLAY": self.display}, capture_output=True, check=True, text=True,
        )  # fmt: skip
        return found.stdout.split()[-1]

    def until(self, seen: Callable[[np.ndarray], bool], seconds: float = 15) -> np.ndarray:
        """The first picture that satisfies `seen` twice running, so that it is not one half drawn."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            picture = self.picture()
            if seen(picture):
                time.sleep(0.1)
                if np.array_equal(self.picture(), picture):
                    return picture
            assert self.process.poll() is None, "the window has gone"
            time.sleep(0.05)
        raise AssertionError("it was never to be seen")

    def settled(self) -> np.ndarray:
        """The picture that stays: some toolkits come to a size in several steps, each of which is drawn."""
        latest, same, end = self.picture(), 0, time.monotonic() + 30
        while same < 10:
            assert time.monotonic() < end, "it never came to rest"
            time.sleep(0.1)
            before, latest = latest, self.picture()
            same = same + 1 if np.array_equal(before, latest) else 0
        return latest

    def until_white(self) -> None:
        """Wait until the window is there, whatever it shows."""
        end = time.monotonic() + 15
        while (self.picture() > 250).mean() < 0.4:
            assert time.monotonic() < end, "it was never to be seen"

    def end(self, seconds: float = 10) -> int:
        return self.process.wait(seconds)


@pytest.fixture
def show(tmp_path: Path, display: str) -> Callable[..., object]:
    rows, columns = 8, 20
    np.save(tmp_path / "steps.npy", np.repeat(np.arange(rows)[:, None] * 1.0, columns, axis=1))

    np.save(tmp_path / "long.npy", np.tile(np.arange(20.0), (20_000, 1)))

    @contextmanager
    def start(*options: str, name: str = "steps.npy", backend: str = "TkAgg") -> Iterator[Shown]:
        command = [sys.executable, "-W", "error", "-m", "liveplot_cli", "show", name, *options]
        environment = os.environ | {"DISPLAY": display, "MPLBACKEND": backend}
        process = subprocess.Popen(command, cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True)
        try:
            yield Shown(process, display)
        finally:
            process.kill()
            process.wait()
            process.stderr.close()

    return start


def level(picture: np.ndarray) -> float:
    """How far from the top the level line of a row stands, in pixels; NaN where there is none in the data's area."""
    area = picture[40:440, 120:500]
    rows = np.flatnonzero(((area > 60) & (area < 190)).sum(axis=1) > 300)
    line = rows[: 1 + np.argmax(np.append(np.diff(rows), np.inf) > 1)]  # below it lies the axis
    return float(line.mean()) if line.size else float("nan")


def has_line(picture: np.ndarray) -> bool:
    return not np.isnan(level(picture))


def test_each_enter_goes_on_by_one_row_and_the_keys_move_about(show: Callable[..., object]) -> None:
    with show("--step") as window:
        first = window.until(has_line)
        heights = [level(first)]
        for _ in range(3):
            window.press("Return")
            heights.append(level(window.until(lambda picture: has_line(picture) and level(picture) < heights[-1] - 5)))
        assert np.allclose(np.diff(heights), heights[1] - heights[0], atol=2), "steps of one row are equal steps"
        window.press("Left")
        assert level(window.until(lambda picture: level(picture) > heights[3] + 5)) == pytest.approx(heights[2], abs=1)
        window.press("Right")
        assert level(window.until(lambda picture: level(picture) < heights[2] - 5)) == pytest.approx(heights[3], abs=1)
        window.press("End")
        top = level(window.until(lambda picture: level(picture) < heights[3] - 5))
        assert top == pytest.approx(heights[0] + 7 * (heights[3] - heights[0]) / 3, abs=3)
        window.press("Home")
        assert np.array_equal(window.until(lambda picture: level(picture) > heights[1] + 5), first)
        window.press("q")
        assert window.end() == 0


def test_it_plays_every_row_to_the_last_and_stays(show: Callable[..., object]) -> None:
    with show("--speed", "2") as window:
        seen = []
        end = time.monotonic() + 20
        while time.monotonic() < end and (len(set(seen[-20:])) > 1 or len(set(seen)) < 8):
            picture = window.picture()
            if has_line(picture):
                seen.append(level(picture))
            time.sleep(0.05)
        last = seen[-1]
        window.press("Home")
        first = level(window.until(lambda picture: level(picture) > last + 5))
        for row in range(8):
            height = first + (last - first) * row / 7
            assert any(abs(height - one) < 2 for one in seen), f"row {row + 1} was not to be seen"
        window.press("space")
        window.until(lambda picture: level(picture) < first - 5)
        window.press("q")
        assert window.end() == 0


def test_space_pauses(show: Callable[..., object]) -> None:
    with show("--speed", "2") as window:
        window.until(has_line)
        window.press("space")
        time.sleep(0.2)
        before = window.picture()
        time.sleep(1.2)
        assert np.array_equal(window.picture(), before)


def rows_of(first: float, last: float) -> Callable[[np.ndarray], float]:
    """Which row of `steps.npy` a picture shows, from 1 on, by the heights of the first and the last."""
    return lambda picture: 1 + 7 * (level(picture) - first) / (last - first)


@pytest.mark.parametrize("backend", ["TkAgg", "QtAgg"])
def test_the_slider_the_section_and_what_is_saved(
    show: Callable[..., object], tmp_path: Path, backend: str, liveplot: Run
) -> None:
    with show("--step", backend=backend) as window:
        first = level(window.until(has_line))
        window.press("End")
        last = level(window.until(lambda picture: level(picture) < first - 100))
        row = rows_of(first, last)

        def until_row(number: int) -> np.ndarray:
            return window.until(lambda picture: has_line(picture) and abs(row(picture) - number) < 0.2)

        # The list of keys lies over the picture, and goes again.
        as_before = until_row(8)
        window.press("question")
        keys = window.until(lambda picture: not np.array_equal(picture, as_before))
        assert ((keys[60:420, 100:600] < 120).sum(axis=1) > 0).sum() > 100, "lines of words"
        window.press("question")
        assert np.array_equal(until_row(8), as_before)

        # The slider: a click on it and a drag along it, beyond its end.
        height = 480 + 12
        window.mouse("mousemove", 14 + 612 * 3 / 7, height, "mousedown", 1)
        until_row(4)
        window.mouse("mousemove", 14 + 612 * 5 / 7, height + 90)
        until_row(6)
        window.mouse("mousemove", 5, height)
        until_row(1)
        window.mouse("mouseup", 1, "mousemove", 14 + 612 * 5 / 7, height)
        time.sleep(0.3)
        until_row(1)

        # A section from row 3 to row 5 is played over and over; at 20 rows a second 2 s are 40 rows.
        window.press("Right", "Right", "bracketleft", "Right", "Right", "bracketright", "minus", "minus", "space")
        seen = set()
        end = time.monotonic() + 20
        while len(seen) < 3 or time.monotonic() < end - 18:
            assert time.monotonic() < end
            picture = window.picture()
            if has_line(picture) and abs(row(picture) - round(row(picture))) < 0.2:
                seen.add(round(row(picture)))
        assert seen == {3, 4, 5}
        window.press("g", "space", "c", "Home", "Right", "s")
        until_row(2)
        window.until(lambda picture: (tmp_path / "steps-rows3-5.gif").exists(), 40)
        window.press("q")
        assert window.end() == 0
    liveplot("render", "steps.npy", "-o", "still.png", "--at", "2")
    stills = [np.asarray(Image.open(tmp_path / name)) for name in ("steps-row2.png", "still.png")]
    assert np.array_equal(*stills)
    liveplot("render", "steps.npy", "-o", "frames/")
    frame = np.asarray(Image.open(tmp_path / "frames" / "00003.png").convert("RGB")).astype(int)
    with Image.open(tmp_path / "steps-rows3-5.gif") as film:
        assert film.n_frames == 3
        film.seek(0)
        first_frame = np.asarray(film.convert("RGB")).astype(int)
    assert np.abs(first_frame - frame).max() <= 8, "within the limits of the whole"


@pytest.mark.parametrize("backend", ["TkAgg", "QtAgg"])
def test_a_window_of_another_size_is_drawn_as_if_it_had_been_so(show: Callable[..., object], backend: str) -> None:
    with show("--step", backend=backend) as window:
        window.until(has_line)
        first, number = window.settled(), window.number()
        window.mouse("windowsize", number, 800, 650)
        window.until(lambda picture: picture[650 - 32, 780] < 240)  # the slider's end
        larger = window.settled()
        window.press("Right", "Right")
        window.until(lambda picture: not np.array_equal(picture, larger))
        window.press("Left", "Left")
        assert np.array_equal(window.until(lambda picture: np.array_equal(picture, larger)), larger)
        window.mouse("windowsize", number, 640, 524)
        assert np.array_equal(window.until(lambda picture: np.array_equal(picture, first)), first)
        window.press("q")
        assert window.end() == 0
        assert window.process.stderr.read() == ""


def test_what_is_asked_for_too_fast_is_told(show: Callable[..., object]) -> None:
    with show("--fps", "5000", "-v", name="long.npy") as window:
        window.until_white()
        time.sleep(1)
        window.press("q")
        assert window.end() == 0
        said = window.process.stderr.read()
    drawn, left_out = re.search(r"([\d,]+) pictures were drawn, ([\d,]+) left out", said).groups()
    assert int(left_out.replace(",", "")) > 10 * int(drawn.replace(",", "")) > 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("options", [["--step"], ["--speed", "3"]], ids=["paused", "playing"])
def test_f09_a_signal_closes_the_window_and_shows_in_the_exit(
    show: Callable[..., object], number: signal.Signals, options: list[str]
) -> None:
    with show(*options) as window:
        window.until(has_line)
        window.process.send_signal(number)
        assert window.end() == -number
        assert window.process.stderr.read() == "Aborted.\n"


def test_a_signal_in_the_midst_of_drawing_is_not_swallowed_by_the_toolkit(show: Callable[..., object]) -> None:
    with show("--speed", "2000", "--size", "860x660", name="long.npy") as window:
        window.until_white()
        time.sleep(1)
        window.process.send_signal(signal.SIGTERM)
        assert window.end() == -signal.SIGTERM
        assert window.process.stderr.read() == "Aborted.\n"


@pytest.mark.parametrize("options", [["--step"], ["--speed", "3"], ["--speed", "2000"]], ids=" ".join)
def test_f09_a_window_closed_half_way_is_no_fault(show: Callable[..., object], options: list[str]) -> None:
    with show(*options, name="steps.npy" if "2000" not in options else "long.npy") as window:
        window.until_white()
        time.sleep(0.5)
        window.close()
        assert window.end() == 0
        assert window.process.stderr.read() == ""


def test_rows_are_shown_as_they_are_appended(show: Callable[..., object], tmp_path: Path) -> None:
    """A film that waits for its file, follows it, is looked back upon, and goes on with what takes the file's place."""
    columns = 20

    def append(*values: float) -> None:
        with (tmp_path / "train.csv").open("a") as file:
            for value in values:
                file.write(",".join([str(value)] * columns) + "\n")

    with show("--follow", "--ylim", "0,10", "-k", "line", name="train.csv") as window:
        assert window.process.stderr.readline() == "liveplot: waiting for train.csv, which is not there yet\n"
        append(0.0)
        first = level(window.until(has_line))
        append(10.0)
        last = level(window.until(lambda picture: has_line(picture) and level(picture) < first - 100))

        def until(value: float) -> np.ndarray:
            height = first + (last - first) * value / 10
            return window.until(lambda picture: has_line(picture) and abs(level(picture) - height) < 2)

        append(*np.linspace(2, 4, 500))
        until(4)
        with (tmp_path / "train.csv").open("a") as file:  # a line that is written in two parts
            file.write("9,9,9")
            file.flush()
            time.sleep(0.3)
            until(4)
            file.write(",9" * (columns - 3) + "\nno,row\n")
        until(9)
        window.press("Home")
        until(0)
        append(5.0)
        time.sleep(0.5)
        until(0)
        window.press("End")
        until(5)
        append(6.0)
        until(6)
        (tmp_path / "train.csv").write_text("")
        append(7.0)
        until(7)
        (tmp_path / "new.csv").write_text(",".join(["3"] * columns) + "\n")
        (tmp_path / "new.csv").rename(tmp_path / "train.csv")
        until(3)
        append(8.0)
        until(8)
        window.press("q")
        assert window.end() == 0
        said = window.process.stderr.read()
    assert said.count("line 504") == 1
    assert said.count("has been replaced") == 2


def test_the_first_bad_line_ends_what_is_strict(show: Callable[..., object], tmp_path: Path) -> None:
    (tmp_path / "train.csv").write_text("1,2\n")
    with show("--follow", "--strict", name="train.csv") as window:
        window.until_white()
        with (tmp_path / "train.csv").open("a") as file:
            file.write("3,x\n")
        assert window.end() == 3
        assert window.process.stderr.read() == "Error: train.csv: line 2, column '1': 'x' is no number\n"


def test_a_missing_file_is_told_even_without_a_screen(liveplot: Run) -> None:
    liveplot("show", "missing.npy", code=5)
