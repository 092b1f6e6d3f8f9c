"""`render --follow`: a GIF that is whole at every moment, held against programs that have nothing of ours."""

from __future__ import annotations

import io
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageSequence

import films
from conftest import Run
from faults import OLD, SMALL, Place, Started, run_cli
from hostile import mounted
from liveplot_cli.drawing import style
from liveplot_cli.formats.gif_blocks import facts
from liveplot_cli.history import History
from liveplot_cli.look import Look
from liveplot_cli.option import build
from liveplot_cli.scene import Scene
from liveplot_cli.timing import RunningDelays, delays

FILM = ("render", "--follow", "t.csv", "-o", "a.gif", *SMALL)
PIPED = ("render", "--follow", "-", "-o", "a.gif", *SMALL)
WRITER = """
import sys, time
with open(sys.argv[1], "ab", 0) as file:
    for number in range(int(sys.argv[2])):
        line = b"%d,%.3f,%.3f\\n" % (number, 1 / (1 + number), number % 7)
        for half in line[:3], line[3:]:
            file.write(half)
            time.sleep(0.004)
    file.write(b"99,0.")  # it is killed in the middle of a line
    time.sleep(60)
"""


def table(rows: int, start: int = 0) -> bytes:
    return b"".join(b"%d,%.3f,%.3f\n" % (row, 1 / (1 + row), row % 7) for row in range(start, start + rows))


def values(rows: int) -> np.ndarray:
    return np.genfromtxt(io.BytesIO(table(rows)), delimiter=",")


HEADER = b"step,loss,noise\n"


def frames(path: Path) -> int:
    """How many frames a GIF has, each of them decoded; it is none that ends before its end."""
    with Image.open(path) as image:
        count = sum(1 for frame in ImageSequence.Iterator(image) if frame.convert("RGB").getpixel((0, 0)))
    assert films.gifsicle(path).images >= count
    return count


def until(condition: Callable[[], object], started: Started | None = None) -> None:
    """Wait for something that is on its way."""
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end
        assert started is None or started.process.poll() is None, started.place.said.read_text()
        time.sleep(0.01)


def has(path: Path, count: int) -> Callable[[], bool]:
    return lambda: path.exists() and films.gifsicle(path).images >= count


def picture(history: History, **options: object) -> np.ndarray:
    """The last row as a scene draws it, RGB."""
    look = build(Look, {"size": "320x214", "dpi": "30", **options})
    from liveplot_cli.charts.trace import Trace

    with style.applied(look):
        return Scene([history], Trace(), look, growing=True).pixels(len(history) - 1)[..., :3].copy()


def test_it_is_whole_at_every_moment_while_a_program_writes(place: Place) -> None:
    data, film = place.folder / "t.csv", place.folder / "a.gif"
    data.write_bytes(HEADER)
    started = place.start(*FILM, "--speed", "30", "--fps", "30")
    writer = subprocess.Popen([sys.executable, "-c", WRITER, data, "90"])
    try:
        until(film.exists, started)
        seen = looks = 0
        while seen < 90:
            assert started.process.poll() is None, place.said.read_text()
            now = frames(film)
            assert now >= seen
            seen, looks = now, looks + 1
        assert looks > 3
    finally:
        writer.kill()
        writer.wait()
    started.process.send_signal(signal.SIGTERM)
    done = started.end(-signal.SIGTERM, "a.gif: 90 frames, 3.00 s, 96x64", ignoring=["t.csv", "a.gif"])
    assert "Aborted" not in done.stderr
    told = films.gifsicle(film)
    assert (told.images, told.seconds, set(told.delays), told.loop) == (90, 3, {3, 4}, "forever")
    with film.open("rb") as file:
        assert facts(file).images == 90  # and nothing goes on behind its end


def test_the_pictures_are_those_of_the_scene(place: Place) -> None:
    run_cli(place, *PIPED, stdin=HEADER + table(5))
    rows = values(5)
    history = History(rows[:, 1:], columns=["loss", "noise"], index=rows[:, 0].astype(int), index_name="step",
                      name="standard input")  # fmt: skip
    shown = films.gif_pictures(place.folder / "a.gif")
    assert len(shown) == 5
    wanted = picture(history)
    assert films.psnr(shown[-1], wanted) > 42  # it has more colours than a GIF
    assert films.psnr(shown[-2], wanted) < 36


@pytest.mark.parametrize(
    ("rows", "options", "images", "seconds"),
    [
        (1, [], 1, 0.05),
        (7, ["--fps", "30"], 7, 0.23),
        (7, ["--hold", "2", "--hold-start", "1"], 8, 3.35),
        (3, ["--speed", "0.001"], 6, 3000),  # longer than a delay can be
        (60, ["--speed", "200"], 6, 0.3),  # at 20 frames a second
        (61, ["--speed", "70", "--fps", "100", "--hold", "1"], 35, 1.87),
        (60, ["--fps", "100"], 30, 0.6),
        (5, ["--transparent"], 5, 0.25),
        (5, ["--loop", "once", "--window", "3", "-k", "line"], 5, 0.25),
    ],
)  # fmt: skip
def test_rows_from_a_pipe_take_their_time(
    place: Place, rows: int, options: list[str], images: int, seconds: float
) -> None:
    done = run_cli(place, *PIPED, *options, stdin=HEADER + table(rows), again=False)
    told = films.gifsicle(place.folder / "a.gif")
    assert (told.images, float(told.seconds)) == (images, seconds)
    assert (" rows are shown: there are frames for no more" in done.stderr) == (rows >= 60)


@given(st.fractions(Fraction(1, 300), 3), st.integers(1, 80), st.integers(2, 9))
def test_delays_that_run_are_those_of_a_film_that_is_known(each: Fraction, rows: int, shortest: int) -> None:
    running = RunningDelays(Fraction(100), shortest)
    found = [running.frame(each) for _ in range(rows)]
    known = delays([each] * rows, Fraction(100), shortest)
    if not found[-1]:  # what was shown before it would not have been, had anybody known
        latest = max((number for number, delay in enumerate(found) if delay), default=-1)
        found[-1] = max(shortest, running.owed + found[latest])
        found[latest] = found[latest] if latest in (-1, rows - 1) else 0
    assert found == known


def test_a_kill_leaves_a_whole_film_after_any_write(place: Place) -> None:
    """All that the command wrote is written once more, bit by bit, into another file, which is whole each time."""
    film, log = place.folder / "a.gif", place.root / "calls"
    place.given.write_bytes(HEADER + table(6))
    prefix = ("strace", "-f", "--seccomp-bpf", "-qq", "-xx", "-s", "1000000", "-o", str(log),
              "-e", "trace=pwrite64,ftruncate,rename,renameat,renameat2")  # fmt: skip
    with place.given.open("rb") as rows:
        place.start(*PIPED, prefix=prefix, stdin=rows).end(0)
    writes = [
        (int(at), bytes.fromhex(words.replace("\\x", "")))
        for words, at in re.findall(r'pwrite64\(\d+, "([^"]*)", \d+, (\d+)\)', log.read_text())
    ]
    assert "ftruncate" not in log.read_text()
    content, seen, looks = b"", 1, 0
    copy = place.root / "copy.gif"
    for number, (at, data) in enumerate(writes):
        # The first is of a file that has its name when it is whole; then one that is interrupted is done in part.
        for part in [len(data)] if number == 0 else sorted({0, 1, len(data) // 2, len(data) - 1, len(data)}):
            copy.write_bytes((content[:at] + data[:part]).ljust(at, b"\0") + content[at + part :])
            now = frames(copy)
            assert now >= seen
            seen, looks = now, looks + 1
        content = content[:at] + data + content[at + len(data) :]
    assert (seen, content) == (6, film.read_bytes())
    assert looks > 20
    films.ffprobe(copy)


def test_a_kill_leaves_a_whole_film(place: Place) -> None:
    data, film = place.folder / "t.csv", place.folder / "a.gif"
    data.write_bytes(HEADER + table(40))
    for count in (1, 9):
        started = place.start(*FILM)
        until(has(film, count), started)
        os.killpg(started.process.pid, signal.SIGKILL)
        started.process.wait()
        assert 40 >= frames(film) >= count
        film.unlink()
    assert [path.name for path in place.folder.iterdir()] == ["t.csv"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
def test_a_signal_finishes_it_with_all_rows_that_are_there(place: Place, number: int) -> None:
    data, film = place.folder / "t.csv", place.folder / "a.gif"
    data.write_bytes(HEADER + table(3))
    started = place.start(*FILM, "--hold", "1")
    until(film.exists, started)
    with data.open("ab") as file:
        file.write(table(20, 3) + b"23,0.")
    started.process.send_signal(number)
    started.end(-number, "a.gif: 24 frames, 2.15 s", ignoring=["t.csv", "a.gif"])
    assert float(films.gifsicle(film).seconds) == 2.15


def test_a_signal_leaves_out_rows_that_would_take_long_and_keeps_their_time(place: Place) -> None:
    data, film = place.folder / "t.csv", place.folder / "a.gif"
    data.write_bytes(HEADER + table(9_000))
    started = place.start(*FILM)
    until(film.exists, started)
    started.process.send_signal(signal.SIGTERM)
    done = started.end(-signal.SIGTERM, "of 9,000 rows are shown: they came faster", ignoring=["t.csv", "a.gif"])
    told = films.gifsicle(film)
    assert (float(told.seconds), f"a.gif: {told.images:,} frames, 450.00 s" in done.stderr) == (450, True)
    assert told.images < 8_000


def test_a_signal_before_the_first_row_leaves_nothing(place: Place) -> None:
    started = place.start(*FILM)
    until(lambda: "waiting for t.csv" in place.said.read_text(), started)
    started.process.send_signal(signal.SIGTERM)
    started.end(-signal.SIGTERM, "Aborted")


def test_rows_of_files_that_take_its_place(place: Place) -> None:
    data, new, film = (place.folder / name for name in ("t.csv", "new.csv", "a.gif"))
    data.write_bytes(HEADER + table(3))
    started = place.start(*FILM)
    until(has(film, 3), started)
    new.write_bytes(b"step,loss,noise,more\n" + b"".join(line + b",5\n" for line in table(5).splitlines()))
    new.replace(data)  # the same rows, and two more
    until(has(film, 5), started)
    new.write_bytes(HEADER + table(4, 100))  # others
    new.replace(data)
    until(has(film, 9), started)
    started.process.send_signal(signal.SIGTERM)
    started.end(-signal.SIGTERM, "a.gif: 9 frames", ignoring=["t.csv", "new.csv", "a.gif"])


def test_a_disk_that_is_full_leaves_what_is_there(place: Place) -> None:
    with mounted(place.folder / "small", "-o", "size=32k") as small:
        rows = HEADER + table(400)
        done = run_cli(place, "render", "--follow", "-", "-o", "small/a.gif", "--size", "320x214", stdin=rows, code=4,
                       says="cannot write 'small/a.gif': No space left on device; it is whole, and holds",
                       ignoring=["small/*"])  # fmt: skip
        told = re.search(r"holds (\d+) frames", done.stderr)
        assert told is not None
        with (small / "a.gif").open("rb") as file:
            assert facts(file).images == int(told[1]) == frames(small / "a.gif") > 3
        assert [path.name for path in small.iterdir()] == ["a.gif"]


@pytest.mark.parametrize("what", ["removed or replaced", "changed"])
def test_a_film_that_somebody_else_has_changed_is_left_alone(place: Place, what: str) -> None:
    data, film = place.folder / "t.csv", place.folder / "a.gif"
    data.write_bytes(HEADER + table(2))
    started = place.start(*FILM)
    until(has(film, 2), started)
    if what == "changed":
        film.write_bytes(OLD)
    else:
        (place.folder / "other").write_bytes(OLD)
        (place.folder / "other").replace(film)
    with data.open("ab") as file:
        file.write(table(2, 2))
    started.end(4, f"'a.gif' was {what} by another program", ignoring=["t.csv", "other", "a.gif"])
    assert film.read_bytes() == OLD


def test_a_bad_row_ends_it_where_that_is_asked(place: Place) -> None:
    rows = HEADER + table(4) + b"4,what,1\n" + table(2, 5)
    run_cli(place, *PIPED, "--strict", stdin=rows, code=3, says="line 6, column 'loss': 'what' is no number",
            ignoring=["a.gif"])  # fmt: skip
    assert frames(place.folder / "a.gif") == 4
    run_cli(place, *PIPED, stdin=rows, says="it is left out", again=False)  # rows come in two parts, or in one
    assert frames(place.folder / "a.gif") == 6


def test_it_grows_to_so_many_frames(place: Place) -> None:
    run_cli(place, *PIPED, "--max-frames", "5", stdin=HEADER + table(9), code=6, says="grown to 5 frames",
            ignoring=["a.gif"])  # fmt: skip
    assert frames(place.folder / "a.gif") == 5


def test_an_old_file_is_left_until_there_is_a_frame_and_its_mode_stays(place: Place) -> None:
    film = place.folder / "a.gif"
    film.write_bytes(OLD)
    film.chmod(0o640)
    run_cli(place, *PIPED, "--no-clobber", stdin=HEADER + table(1), code=2, says="'a.gif' exists")
    run_cli(place, *PIPED, stdin=HEADER, code=3, says="there is no row in it")
    assert film.read_bytes() == OLD
    run_cli(place, *PIPED, stdin=HEADER + table(1))
    assert film.stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize("kind", ["area", "band", "bar", "hist", "race", "ridge", "scatter", "stem"])
def test_any_kind_grows(place: Place, kind: str) -> None:
    rows = np.random.default_rng(1).normal(size=(40, 4)).cumsum(axis=0)
    text = "a,b,c,d\n" + "".join(",".join(map(str, row)) + "\n" for row in rows.tolist())
    run_cli(place, *PIPED, "-k", kind, stdin=text.encode(), again=False, says="a.gif: 40 frames, 2.00 s")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["t.csv", "-o", "a.mp4"], "only the file of a .gif"),
        (["t.csv", "-o", "-"], "only the file of a .gif"),
        (["t.csv", "-o", "a.gif", "-o", "b.gif"], "one GIF of one history"),
        (["t.csv", "u.csv", "-o", "a.gif"], "one GIF of one history"),
        (["t.csv", "-o", "a.gif", "--duration", "3"], "takes no duration"),
        (["t.csv", "-o", "a.gif", "--bounce"], "takes no bounce"),
        (["t.csv", "-o", "a.gif", "--pace", "change"], "takes no pace"),
        (["t.csv", "-o", "a.gif", "--ease", "linear"], "takes no ease"),
        (["t.csv", "-o", "a.png", "--at", "3"], "a still does not grow"),
        (["t.npy", "-o", "a.gif"], "cannot follow 't.npy'"),
    ],
)  # fmt: skip
def test_what_can_not_grow_is_refused(liveplot: Run, arguments: list[str], says: str) -> None:
    assert says in liveplot("render", "--follow", *arguments, code=2).stderr
