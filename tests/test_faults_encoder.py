"""Section E of docs/reliability.md: codecs, processes, signals, limits. Each test is named by its case."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import films
from faults import COMMAND, SMALL, Place, Started, run_cli
from hostile import history, injected
from test_faults_output import NO_WORK, RENDER, wait_for

ROWS = 130  # of a film that workers share
WITHOUT_PYAV = "import sys\nsys.modules['av'] = None"
WITHOUT_X264 = """
import av
real = av.Codec
def codec(name, mode="r"):
    if name == "libx264": raise av.codec.codec.UnknownCodecError(name)
    return real(name, mode)
av.Codec = codec
"""


@pytest.mark.parametrize(
    ("sabotage", "says"), [(WITHOUT_PYAV, "pip install 'av>=18'"), (WITHOUT_X264, "libx264.*pip install")],
    ids=["e01", "e03"],
)  # fmt: skip
def test_e01_e03_a_codec_that_is_missing(place: Place, sabotage: str, says: str) -> None:
    history(place, old="a.mp4")
    run_cli(place, *RENDER, "-o", "a.gif", "-o", "a.mp4", *SMALL, sabotage=sabotage, code=5, says=says)
    run_cli(place, *RENDER, "-o", "a.gif", *SMALL, sabotage=sabotage, again=False)


# What a codec may do instead of its work, as the chunk of a segment and in the file.
BAD_CODECS = {
    "says it has finished and wrote nothing": "Coder.finish = lambda self: {nothing}",
    "loses the last frame": "Coder.add = lambda self, pixels: add(self, pixels) if self.number() < 11 else None",
    "loses its end": "Plan.open = wrapped(lambda path: os.truncate(path, os.path.getsize(path) - 1))",
    "writes on behind its end": "Plan.open = wrapped(lambda path: append(path, b';'))",
    "writes garbage": "Plan.open = wrapped(lambda path: pathlib.Path(path).write_bytes(b'garbage' * 999))",
    "leaves no file": "Plan.open = wrapped(os.unlink)",
}
SABOTAGE = """
import contextlib, itertools, os, pathlib
import liveplot_cli.encoders.{format} as module
Plan, Coder = module.{film}, module._Coder
opened, add, numbers = Plan.open, Coder.add, itertools.count()
Coder.number = lambda self: next(numbers)
def append(path, more):
    with pathlib.Path(path).open("ab") as file:
        file.write(more)
def wrapped(spoil):
    @contextlib.contextmanager
    def open(self, path):
        with opened(self, path) as append:
            yield append
        spoil(path)
    return open
"""


FILMS = [
    ("a.gif", "_GifFilm", "b''"),
    ("a.html", "_Page", "[]"),
    ("a.mp4", "_Mp4Film", "[]"),
    ("a.webp", "_WebpFilm", "module._Chunk(b'', False)"),
]


@pytest.mark.parametrize("case", BAD_CODECS)
@pytest.mark.parametrize(("output", "film", "nothing"), FILMS, ids=["gif", "html", "mp4", "webp"])
def test_e02_a_codec_that_fails_and_says_nothing(place: Place, output: str, film: str, nothing: str, case: str) -> None:
    history(place, old=output)
    sabotage = SABOTAGE.format(format=output[2:], film=film) + BAD_CODECS[case].format(nothing=nothing)
    says = f"cannot write '{output}': No such file" if "no file" in case else f"'{output}' was not written whole: "
    run_cli(place, *RENDER, "-o", output, "-t", "", *SMALL, sabotage=sabotage, code=4, says=says)


@pytest.mark.parametrize("lost", ["os.unlink(path / '00007.png')", "os.truncate(path / '00012.png', 60)"])
def test_e02_pictures_that_get_lost(place: Place, lost: str) -> None:
    history(place)
    sabotage = SABOTAGE.format(format="png", film="_Pictures") + f"Plan.open = wrapped(lambda path: {lost})"
    run_cli(place, *RENDER, "-o", "frames/", *SMALL, sabotage=sabotage, code=4, says="'frames' was not written whole: ")


def test_e02_a_codec_that_never_answers_is_left_by_ctrl_c(place: Place) -> None:
    history(place, old="a.mp4")
    sabotage = SABOTAGE.format(format="mp4", film="_Mp4Film") + "import time\nCoder.add = lambda *_: time.sleep(99)"
    run = place.start(*RENDER, "-o", "a.mp4", *SMALL, sabotage=sabotage)
    wait_for(lambda: list(place.folder.glob(".liveplot-*")))
    time.sleep(0.2)
    run.process.send_signal(signal.SIGINT)
    run.end(-signal.SIGINT, "^Aborted.$")


@pytest.mark.parametrize(
    ("case", "frame", "sabotage", "says"),
    [
        ("e04", 0, "os.kill(os.getpid(), 9)", "a worker process was killed"),
        ("e04", 80, "os.kill(os.getpid(), 9)", "a worker process was killed"),
        ("e04", 129, "os.kill(os.getpid(), 9)", "a worker process was killed"),
        ("e14", 80, "os.kill(os.getpid(), 11)", "a worker process was killed"),
        ("e14", 80, "1 / 0", "a worker process failed .ZeroDivisionError"),
        ("e13", 80, "bytes(1 << 60)", "not enough memory"),
    ],
)
def test_e04_e13_e14_a_worker_that_ends(place: Place, case: str, sabotage: str, says: str, frame: int) -> None:
    history(place, rows=ROWS, old="a.mp4")
    worse = (
        "import os, liveplot_cli.shots as job\n"
        "parent, draw = os.getpid(), job._Shots.__call__\n"
        "def drawn(self, number):\n"
        f"    if os.getpid() != parent and number == {frame}: {sabotage}\n"
        "    return draw(self, number)\n"
        "job._Shots.__call__ = drawn\n"
    )
    code = 6 if case == "e13" else 4
    run_cli(place, *RENDER, "-o", "a.mp4", "-j", "2", *SMALL, sabotage=worse, code=code, says=says)


@pytest.mark.parametrize("size", ["1x1", "15x15", "95x64", "2x301"])
def test_e05_odd_and_tiny_pictures(place: Place, size: str) -> None:
    history(place)
    width, height = map(int, size.split("x"))
    even = f"{width + width % 2}x{height + height % 2}"
    run_cli(place, *RENDER, "-o", "a.gif", "-o", "a.mp4", "--size", size, again=False,
            says=f"(?s)a.gif: 12 frames, 0.60 s, {size}, .*a.mp4: 12 frames, 0.60 s, {even}, ")  # fmt: skip


@pytest.mark.parametrize("fps", ["0", "-1", "nan", "inf", "1e400", "abc", "1e-9", "1e9", "1e999999999", ""])
def test_e06_rates_that_make_no_sense(place: Place, fps: str) -> None:
    run_cli(place, *NO_WORK, "-o", "a.gif", f"--fps={fps}", code=2, says="Invalid value for '--fps'")


@pytest.mark.parametrize("fps", [60, 120, 1000])
def test_e07_a_gif_shows_50_frames_a_second_at_most(place: Place, fps: int) -> None:
    history(place)
    said = run_cli(place, *RENDER, "-o", "a.gif", "--fps", str(fps), *SMALL, again=False).stderr
    assert said.count("a GIF shows at most 50 frames a second") == 1
    facts = films.gifsicle(place.folder / "a.gif")
    assert min(facts.delays) >= 2
    assert abs(sum(facts.delays) - 1200 / fps) <= 1


def test_e08_a_frame_that_stays_longer_than_a_gif_can_tell(place: Place) -> None:
    history(place)
    run_cli(place, *RENDER, "-o", "a.gif", "--fps", "0.001", *SMALL, again=False)
    assert films.gifsicle(place.folder / "a.gif").seconds == 12_000


@pytest.mark.parametrize("length", ["1e10", "1e9999", "inf"])
def test_e08_a_film_that_never_ends(place: Place, length: str) -> None:
    run_cli(place, *NO_WORK, "-o", "a.gif", "--hold", length, code=2, says="--hold")
    run_cli(place, *NO_WORK, "-o", "a.gif", "--duration", length, code=2, says="--duration")


@pytest.mark.parametrize("fps", ["7.5", "29.97", "24000/1001", "9999.9"])
def test_e09_rates_that_are_no_whole_numbers(place: Place, fps: str) -> None:
    history(place)
    run_cli(place, *RENDER, "-o", "a.mp4", "--fps", fps, *SMALL, again=False)
    facts = films.ffprobe(place.folder / "a.mp4")
    assert facts["nb_read_frames"] == "12"
    assert abs(float(facts["duration"]) - 12 / float(films.Fraction(fps))) < 1e-5


def test_e10_many_rows_that_are_all_alike(place: Place) -> None:
    (place.folder / "h.csv").write_text("1,2,3\n" * 1400)
    named = ["-o", "a.gif", "-o", "a.mp4"]
    run_cli(place, "render", "h.csv", *named, "--fps", "2", "-k", "line", "-t", "", "--size", "32x32", again=False)
    assert films.gifsicle(place.folder / "a.gif").seconds == 700
    assert float(films.ffprobe(place.folder / "a.mp4")["duration"]) == 700


@pytest.mark.parametrize(
    ("options", "code", "says"),
    [
        (["--dpi", "0"], 2, "--dpi"),
        (["--dpi", "-1"], 2, "--dpi"),
        (["--dpi", "nan"], 2, "--dpi"),
        (["--dpi", "1e9"], 2, "--dpi"),
        (["--size", "0x4"], 2, "--size"),
        (["--size", "4x-4"], 2, "--size"),
        (["--size", "nanx4"], 2, "--size"),
        (["--size", "1000000x1000000"], 6, "a side of more than 16,384 pixels"),
        (["--size", "100000x10"], 6, "a side of more than 16,384 pixels"),
        (["--size", "99999999999x99999999999"], 6, "a side of more than 16,384 pixels"),
        (["--size", "8193x8192"], 6, "67,117,056 pixels, over the limit of 67,108,864; try --max-pixels 67117056$"),
        (["--size", "40x40", "--max-pixels", "1,599"], 6, "try --max-pixels 1600$"),
    ],
    ids=str,
)
def test_e11_sizes(place: Place, options: list[str], code: int, says: str) -> None:
    history(place)
    run_cli(place, *RENDER, "-o", "a.gif", *options, code=code, says=says, megabytes=150)


def test_e11_the_longest_side_is_drawn(place: Place) -> None:
    history(place, rows=2)
    run_cli(place, *RENDER, "-o", "a.gif", "-o", "a.mp4", "--size", "16384x16", again=False)


def test_e12_more_frames_than_are_allowed(place: Place) -> None:
    np.save(place.folder / "h.npy", np.zeros((1_000_000, 1)))
    run_cli(place, *RENDER, "-o", "a.gif", "-k", "line", code=6, megabytes=400,
            says="1,000,000 frames are over the limit of 100,000 .*; try --every 10$")  # fmt: skip
    history(place, rows=1000)
    for asked, cure in (([], "4"), (["--every", "3"], "6"), (["--rows", "::2"], "2")):
        run_cli(place, *RENDER, "-o", "a.gif", "--max-frames", "256", *asked, code=6, says=f"; try --every {cure}$")
    run_cli(place, *RENDER, "-o", "a.gif", "--max-frames", "256", "--every", "4", *SMALL, again=False)
    for name, hold in (("a.mp4", "1e6"), ("a.gif", "1e9")):
        run_cli(
            place, *RENDER, "-o", name, "--hold", hold, code=6, says="frames at its rate, over the limit of 100,000"
        )


@pytest.mark.parametrize(
    ("output", "code", "says"), [("a.gif", 6, "there is not enough memory"), ("a.mp4", 4, "the codec failed")]
)
def test_e13_less_memory_than_a_picture_takes(place: Place, output: str, code: int, says: str) -> None:
    history(place, old=output)
    run_cli(place, *RENDER, "-o", output, "--size", "8000x8000", "-j", "1", prefix=["prlimit", "--as=900000000"],
            code=code, says=says, megabytes=900)  # fmt: skip


# --- signals ----------------------------------------------------------------------------------------------------------

ENDS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The film that the signals below interrupt, if it is finished."""
    place = Place(tmp_path_factory.mktemp("finished"))
    history(place, rows=ROWS)
    run_cli(place, *RENDER, "-o", "a.gif", "-o", "a.mp4", "-q", *SMALL, again=False)
    return {name: (place.folder / name).read_bytes() for name in ("a.gif", "a.mp4")}


def started(place: Place, *options: str, **how: Any) -> Started:
    history(place, rows=ROWS, old="a.gif")
    run = place.start(*RENDER, "-o", "a.gif", "-o", "a.mp4", "-q", *SMALL, *options, **how)
    # Python itself catches SIGINT from the start; ours is there once SIGTERM is caught too.
    wait_for(lambda: answers(run.process.pid, signal.SIGTERM))
    return run


def answers(process: int, number: signal.Signals) -> bool:
    """Whether a process has a handler of its own for a signal, from the kernel's word."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    caught = next((line.split()[1] for line in lines if line.startswith("SigCgt")), "0")
    return bool(int(caught, 16) >> (number - 1) & 1)


@pytest.mark.parametrize("number", range(30))
def test_e15_e16_e17_a_signal_at_any_moment(place: Place, finished: dict[str, bytes], number: int) -> None:
    """Interruptions all over a run, of one process and of the whole group, once or twice, in every combination."""
    end, to_all, twice = ENDS[number % 3], number % 2, number % 5 == 0
    # An import that was interrupted leaves a file unclosed, which Python mentions where warnings are errors.
    run = started(place, python=[*COMMAND[:3], "-W", "ignore::ResourceWarning", *COMMAND[3:]])
    time.sleep(random.Random(number).uniform(0, 0.9))
    for _ in range(1 + twice):
        (os.killpg if to_all else os.kill)(run.process.pid, end)  # it is there until its end is taken note of
        time.sleep(0.003)
    run.end((-end, 0), "^(Aborted.\n)?$", or_new=finished)


INTERRUPTED_TWICE = """
import os, signal
from liveplot_cli.signals import abort, answer

def write(*what, write=os.write):
    os.kill(os.getpid(), signal.SIGINT)
    return write(*what)

os.write = write
answer(abort)
os.kill(os.getpid(), signal.SIGTERM)
"""


def test_e17_a_second_signal_while_the_first_is_answered_is_not_told_again(place: Place) -> None:
    run = place.start(python=[*COMMAND[:3], "-c", INTERRUPTED_TWICE])
    run.end(-signal.SIGTERM, "^Aborted.\n$")


@pytest.mark.parametrize(
    ("moment", "end"),
    [
        ("fsync:when=1", signal.SIGINT),
        ("rename:when=1", signal.SIGTERM),
        ("rename:error=EIO:when=1", signal.SIGHUP),
        ("rename:error=EIO:when=2", signal.SIGINT),
        ("rename:when=2", signal.SIGINT),
        ("fsync:when=3", signal.SIGTERM),
        ("unlink:when=1", signal.SIGHUP),
    ],
)
def test_e15_a_signal_around_the_last_steps(
    place: Place, finished: dict[str, bytes], moment: str, end: signal.Signals
) -> None:
    history(place, rows=ROWS, old="a.gif")
    call, _, how = moment.partition(":")
    fault = injected(f"{call}:{how}:signal={end.name[3:]}", signals=True)
    if call == "unlink":  # when a film that failed is put away
        fault = injected("rename:error=EIO", f"unlink:{how}:signal={end.name[3:]}", signals=True)
    run = place.start(*RENDER, "-o", "a.gif", "-o", "a.mp4", "-q", "-j", "1", *SMALL, prefix=fault)
    run.end(-end, "Aborted.", or_new=finished)


SLOWLY_PUT_AWAY = """
import time, liveplot_cli.output as output
remove = output._remove
def slowly(part):
    open("putting-away", "w").close()
    time.sleep({seconds})
    remove(part)
output._remove = slowly
"""


def put_away_slowly(place: Place, seconds: float) -> Started:
    """A run that was interrupted, and is putting things away."""
    run = started(place, sabotage=SLOWLY_PUT_AWAY.format(seconds=seconds))
    wait_for(lambda: list(place.folder.glob(".liveplot-*")))
    run.process.send_signal(signal.SIGINT)
    wait_for((place.folder / "putting-away").exists)
    return run


@pytest.mark.parametrize("end", ENDS)
def test_e15_a_second_signal_does_not_disturb_the_putting_away(place: Place, end: signal.Signals) -> None:
    run = put_away_slowly(place, 0.2)
    run.process.send_signal(end)
    run.end(-signal.SIGINT, "^Aborted.$", ignoring=["putting-away"])


def test_e15_a_second_later_a_signal_ends_it_at_once(place: Place) -> None:
    run = put_away_slowly(place, 20)
    time.sleep(1.1)
    run.process.send_signal(signal.SIGTERM)
    done = run.end(-signal.SIGTERM, "^Aborted.$", ignoring=["putting-away", ".liveplot-*.tmp"])
    assert done.seconds < 10


def test_e15_a_signal_in_the_middle_of_a_with_statement(place: Place) -> None:
    """It keeps the statement's own code from doing what it was to do."""
    sabotage = (
        "import contextlib, signal\n"
        "leave, soon = contextlib.ExitStack.__exit__, []\n"
        "def interrupted(*how):\n"
        "    if soon: signal.raise_signal(soon.pop())\n"
        "    return leave(*how)\n"
        "contextlib.ExitStack.__exit__ = interrupted\n"
        "import liveplot_cli.write as write\n"
        "settled = write._settled\n"
        "def then(*what):\n"
        "    soon.append(signal.SIGTERM)\n"
        "    return settled(*what)\n"
        "write._settled = then\n"
    )
    run = started(place, sabotage=sabotage)
    run.end(-signal.SIGTERM, "^Aborted.$")


def test_e15_a_signal_just_before_a_part_is_removed(place: Place) -> None:
    history(place, old="a.gif")
    sabotage = (
        "import signal, liveplot_cli.output as output\n"
        "remove, soon = output._remove, [signal.SIGTERM]\n"
        "def interrupted(part):\n"
        "    if soon: signal.raise_signal(soon.pop())\n"
        "    remove(part)\n"
        "output._remove = interrupted\n"
    )
    run_cli(place, *RENDER, "-o", "a.gif", *SMALL, sabotage=sabotage, prefix=["prlimit", "--fsize=100"],
            code=-signal.SIGTERM, says="^Aborted.$")  # fmt: skip


def test_e15_after_a_signal_that_was_swallowed_the_next_is_heard(place: Place) -> None:
    """As happens to one that comes in a callback of C code."""
    history(place, old="a.gif")
    sabotage = (
        "import signal, liveplot_cli.scene as scene\n"
        "pixels, seen = scene.Scene.pixels, []\n"
        "def interrupted(*place):\n"
        "    seen.append(1)\n"
        "    try: len(seen) == 2 and signal.raise_signal(signal.SIGTERM)\n"
        "    except BaseException: pass\n"
        "    len(seen) == 4 and signal.raise_signal(signal.SIGTERM)\n"
        "    return pixels(*place)\n"
        "scene.Scene.pixels = interrupted\n"
    )
    run_cli(place, *RENDER, "-o", "a.gif", *SMALL, sabotage=sabotage, code=-signal.SIGTERM, says="^Aborted.$")


def test_e18_a_killed_command_leaves_what_was_there(place: Place, finished: dict[str, bytes]) -> None:
    run = started(place, "-j", "2")
    wait_for(lambda: any(path.stat().st_size > 1000 for path in place.folder.glob(".liveplot-*")))
    run.process.kill()
    run.end(-signal.SIGKILL, "^$", ignoring=[".liveplot-*.tmp"])
    assert not list(place.folder.glob("*.mp4"))
    assert [path.name for path in place.folder.iterdir() if path.match("*.gif")] == ["a.gif"]
    for path in place.folder.glob(".liveplot-*"):
        path.unlink()
    run_cli(place, *RENDER, "-o", "a.gif", "-o", "a.mp4", "-q", *SMALL, again=False)
    assert all(place.holds(name, content) for name, content in finished.items())


def test_e19_a_command_that_is_stopped_goes_on(place: Place, finished: dict[str, bytes]) -> None:
    run = started(place)
    wait_for(lambda: list(place.folder.glob(".liveplot-*")))
    os.killpg(run.process.pid, signal.SIGSTOP)
    time.sleep(1.5)
    os.killpg(run.process.pid, signal.SIGCONT)
    run.end()
    assert all(place.holds(name, content) for name, content in finished.items())


@pytest.mark.parametrize("taken", [0, 10])
def test_e20_a_reader_that_goes_away(place: Place, taken: int) -> None:
    history(place, rows=ROWS, old="a.gif")
    reading, writing = os.pipe()
    run = place.start(*RENDER, "-o", "a.gif", "-o", "-", stdout=writing)
    os.close(writing)
    assert len(os.read(reading, taken)) == taken
    os.close(reading)
    run.end(-signal.SIGPIPE, "^$")


def test_e20_as_a_shell_sees_it(place: Place) -> None:
    history(place)
    line = f"{{ {' '.join([*COMMAND, *RENDER, *SMALL, '-o', '-'])}; echo code $? >&2; }} | head -c 0"
    said = subprocess.run(["sh", "-c", line], cwd=place.folder, capture_output=True, text=True, check=True).stderr
    assert said == "code 141\n"


@pytest.mark.parametrize("end", ENDS)
def test_e21_a_signal_that_is_ignored_stays_ignored(
    place: Place, finished: dict[str, bytes], end: signal.Signals
) -> None:
    other = next(number for number in ENDS if number != end)
    history(place, rows=ROWS, old="a.gif")
    run = place.start(*RENDER, "-o", "a.gif", "-o", "a.mp4", "-q", *SMALL,
                      prepared=partial(signal.signal, end, signal.SIG_IGN))  # fmt: skip
    wait_for(lambda: answers(run.process.pid, other))
    for _ in range(5):
        time.sleep(0.05)
        os.killpg(run.process.pid, end)
    run.end()
    assert all(place.holds(name, content) for name, content in finished.items())


@pytest.mark.parametrize(
    ("clock", "zone"), [("2011-12-30 00:00:00", "Pacific/Apia"), ("@2026-03-29 01:59:59 x1000", "Europe/Berlin")]
)
def test_e22_the_clock_and_its_zone_do_not_matter(
    place: Place, finished: dict[str, bytes], clock: str, zone: str
) -> None:
    history(place, rows=ROWS)
    run = place.start(*RENDER, "-o", "a.gif", "-o", "a.mp4", "-q", *SMALL, prefix=["faketime", "-f", clock],
                      environment={"TZ": zone})  # fmt: skip
    run.end(ignoring=["a.gif", "a.mp4"])
    assert all(place.holds(name, content) for name, content in finished.items())
