"""The command line as a table: what is typed, what comes out, what it exits with."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import films
from conftest import EXAMPLES, Run, wave_matrix

TINY = ("--size", "400x300", "--dpi", "40")

BAD_DATA = {
    "empty.csv": (b"", "the file is empty"),
    "blank.csv": (b"\n  \n\n", "no data"),
    "header.csv": (b"step,loss\n", "header but no row"),
    "ragged.csv": (b"a,b\n1,2\n3\n", "line 3: 1 cell where line 1 has 2"),
    "words.csv": (b"my loss,note\n1,x\n2,1\n", "'x' is not a number; try --columns 'my loss'"),
    "word.csv": (b"a,loss\n1,2\n3,oops\n", "line 3, column 2 ('loss'): 'oops' is not a number; try --columns a"),
    "latin.csv": (b"a,b\n1,\xe9\n", "line 2: byte 6 of the file is not UTF-8 text"),
    "gaps.csv": (b"a,b\n,\n,\n", "no finite value"),
    "empty.npy": (b"", "the file is empty"),
    "text.npy": (b"1,2\n3,4\n", "not a .npy file"),
}
ARRAYS = {
    "objects.npy": (np.array([[1, "a"]], dtype=object), "Python objects"),
    "point.npy": (np.float64(3), "rows and columns"),
    "cube.npy": (np.ones((2, 2, 2, 2)), "rows and columns"),
    "complex.npy": (np.ones((2, 2), complex), "complex128"),
    "none.npy": (np.ones((0, 4)), "empty"),
}


@pytest.mark.parametrize("name", BAD_DATA)
def test_a_file_that_cannot_be_used_is_one_sentence_and_code_3(liveplot: Run, tmp_path: Path, name: str) -> None:
    content, sentence = BAD_DATA[name]
    (tmp_path / name).write_bytes(content)
    done = liveplot("render", name, "-o", "out.gif", code=3)
    assert done.stderr.startswith(f"Error: {name}: ")
    assert sentence in done.stderr
    assert not (tmp_path / "out.gif").exists()


@pytest.mark.parametrize("name", ARRAYS)
def test_an_array_that_cannot_be_drawn_is_one_sentence_and_code_3(liveplot: Run, tmp_path: Path, name: str) -> None:
    array, sentence = ARRAYS[name]
    np.save(tmp_path / name, array, allow_pickle=True)
    assert sentence in liveplot("render", name, "-o", "out.gif", code=3).stderr


USAGE = {
    "no such file": (["missing.csv", "-o", "out.gif"], "there is no file 'missing.csv'"),
    "a folder": ([".", "-o", "out.gif"], "is a folder"),
    "unknown input suffix": (["notes.txt", "-o", "out.gif"], "its suffix is none of .csv, .tsv, .png"),
    "unknown output suffix": (["waves.npy", "-o", "out.xyz"], "its suffix is none of .gif, .html, .mp4, .webp"),
    "no suffix": (["waves.npy", "-o", "plain"], "a folder of frames, which ends in /"),
    "no output": (["waves.npy"], "Missing option '-o'"),
    "the same output twice": (["waves.npy", "-o", "a.gif", "-o", "./a.gif"], "named twice"),
    "an output that is a folder": (["waves.npy", "-o", "folder.gif"], "it is a folder"),
    "a folder of files": (["waves.npy", "-o", "full/"], "already holds files"),
    "unknown option": (["waves.npy", "-o", "a.gif", "--frobnicate"], "No such option"),
    "unknown kind": (["waves.npy", "-o", "a.gif", "-k", "pie"], "'pie' is not one of"),
    "fps zero": (["waves.npy", "-o", "a.gif", "--fps", "0"], "not above zero"),
    "fps nan": (["waves.npy", "-o", "a.gif", "--fps", "nan"], "not a number"),
    "fps infinite": (["waves.npy", "-o", "a.gif", "--fps", "inf"], "not a number"),
    "fps beyond numbers": (["waves.npy", "-o", "a.gif", "--fps", "1e400"], "not between"),
    "speed and duration": (["waves.npy", "-o", "a.gif", "--speed", "1", "--duration", "3"], "contradict"),
    "hold without time": (["waves.npy", "-o", "a.gif", "--hold", "3", "--duration", "3"], "no time for the rows"),
    "negative hold": (["waves.npy", "-o", "a.gif", "--hold", "-1"], "below zero"),
    "size without pixels": (["waves.npy", "-o", "a.gif", "--size", "0x4"], "not a size in pixels"),
    "size of words": (["waves.npy", "-o", "a.gif", "--size", "big"], "not a size"),
    "dpi": (["waves.npy", "-o", "a.gif", "--dpi", "1e9"], "not a whole number"),
    "equal limits": (["waves.npy", "-o", "a.gif", "--ylim", "1,1"], "no room"),
    "infinite limits": (["waves.npy", "-o", "a.gif", "--xlim", "0,inf"], "neither two numbers"),
    "loop": (["waves.npy", "-o", "a.gif", "--loop", "0"], "plays"),
    "rows": (["waves.npy", "-o", "a.gif", "--rows", "a:b"], "not a slice"),
    "no rows left": (["waves.npy", "-o", "a.gif", "--rows", "50:"], "no row is left of 12"),
    "every": (["waves.npy", "-o", "a.gif", "--every", "0"], "whole number"),
    "no such column": (["waves.npy", "-o", "a.gif", "-y", "loss"], "no column 'loss'; the columns are '0', '1'"),
    "no such index": (["waves.npy", "-o", "a.gif", "-x", "99"], "no column '99'"),
    "title": (["waves.npy", "-o", "a.gif", "-t", "{nothing}"], "the fields are {row} {index} {rows} {name}"),
    "delimiter": (["waves.npy", "-o", "a.gif", "-d", "ab"], "not one character"),
    "an option nothing uses": (["waves.npy", "-o", "a.gif", "--window", "5"], "belongs to area, band and trace"),
    "a loop without a GIF": (
        ["waves.npy", "-o", "a.mp4", "--loop", "once"],
        "belongs to gif, html and webp, which are not used here",
    ),
    "a delimiter without a CSV": (["waves.npy", "-o", "a.gif", "-d", ";"], "belongs to csv"),
    "window and xlim": (["waves.npy", "-o", "a.gif", "-k", "trace", "--window", "5", "--xlim", "0,1"], "contradict"),
}


@pytest.mark.parametrize("case", USAGE)
def test_what_makes_no_sense_is_one_sentence_and_code_2(liveplot: Run, tmp_path: Path, waves: Path, case: str) -> None:
    arguments, sentence = USAGE[case]
    (tmp_path / "notes.txt").write_text("1,2\n")
    (tmp_path / "folder.gif").mkdir()
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "kept").write_text("kept")
    before = sorted(tmp_path.rglob("*"))
    assert sentence in liveplot("render", *arguments, code=2).stderr
    assert sorted(tmp_path.rglob("*")) == before


def test_a_missing_output_folder_is_told_before_any_work(liveplot: Run, waves: Path) -> None:
    done = liveplot("render", "missing.csv", "-o", "nowhere/out.gif", code=4)
    assert "there is no folder" in done.stderr


def test_every_format_in_one_run_and_a_closing_line_for_each(liveplot: Run, tmp_path: Path, waves: Path) -> None:
    done = liveplot("render", "waves.npy", "-o", "a.GIF", "-o", "b.mp4", "-o", "frames/", *TINY)
    assert done.stdout == ""
    lines = done.stderr.splitlines()
    assert len(lines) == 3
    for line, name in zip(lines, ("a.GIF", "b.mp4", "frames"), strict=True):
        assert re.fullmatch(rf"{name}: 12 frames, 0\.60 s, 160x120, [\d,]+ bytes", line)
    assert lines[0].endswith(f"{(tmp_path / 'a.GIF').stat().st_size:,} bytes")
    assert films.gifsicle(tmp_path / "a.GIF").images == 12
    assert films.ffprobe(tmp_path / "b.mp4")["nb_read_frames"] == "12"
    assert len(list((tmp_path / "frames").iterdir())) == 12


@pytest.mark.parametrize("quiet", [False, True])
def test_progress_with_the_time_left_is_shown_on_a_terminal_alone(tmp_path: Path, waves: Path, quiet: bool) -> None:
    parent, child = pty.openpty()
    np.save(waves, wave_matrix(120, 30))
    large = ["--size", "1600x1200"]
    command = [sys.executable, "-m", "liveplot_cli", "render", "waves.npy", "-o", "a.gif", *large, *["-q"] * quiet]
    with subprocess.Popen(
        command, cwd=tmp_path, stderr=child, stdout=subprocess.PIPE, env=os.environ | {"TERM": "xterm"}
    ):
        os.close(child)
        said = b""
        while chunk := read_terminal(parent):
            said += chunk
    os.close(parent)
    assert bool(re.search(rb"Drawing.*\d\d:\d\d:\d\d", said, re.DOTALL)) is not quiet
    assert (b"a.gif: 120 frames" in said) is not quiet


def read_terminal(terminal: int) -> bytes:
    try:
        return os.read(terminal, 4096)
    except OSError:  # Linux's way to say that the other side has closed
        return b""


@pytest.mark.parametrize("stream", [">&-", "2>&-", ">/dev/full", "2>/dev/full"])
def test_a_film_is_written_whoever_listens(tmp_path: Path, waves: Path, stream: str) -> None:
    line = f"exec {sys.executable} -m liveplot_cli render waves.npy -o a.gif --fps 60 {' '.join(TINY)} {stream}"
    done = subprocess.run(["sh", "-c", line], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert films.gifsicle(tmp_path / "a.gif").seconds == films.Fraction(20, 100)


def test_help_that_cannot_be_printed_is_code_4() -> None:
    line = f"exec {sys.executable} -m liveplot_cli render --help >/dev/full"
    done = subprocess.run(["sh", "-c", line], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (4, "Error: cannot go on: No space left on device\n")


def test_quiet_says_nothing(liveplot: Run, waves: Path) -> None:
    assert liveplot("render", "waves.npy", "-o", "a.gif", "-q", "--fps", "60", *TINY).stderr == ""


def test_verbose_says_what_was_chosen_and_why(liveplot: Run, tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text("epoch,loss\n1,0.5\n2,\n3,0.1\n")
    said = liveplot("render", "log.csv", "-o", "a.gif", "-v", *TINY).stderr
    assert "the column 'epoch' labels the rows" in said
    assert "drawn as trace" in said
    assert "1 of 3 cells" in said


def test_the_same_command_twice_gives_the_same_bytes(liveplot: Run, tmp_path: Path, waves: Path) -> None:
    for name in ("one", "two"):
        liveplot("render", "waves.npy", "-o", f"{name}.gif", "-o", f"{name}.mp4", *TINY)
    assert (tmp_path / "one.gif").read_bytes() == (tmp_path / "two.gif").read_bytes()
    assert (tmp_path / "one.mp4").read_bytes() == (tmp_path / "two.mp4").read_bytes()


@pytest.mark.parametrize(
    ("options", "images", "seconds"),
    [
        (["--rows", "2:8"], 6, 0.3),
        (["--rows", "-3:"], 3, 0.15),
        (["--every", "5"], 3, 0.15),
        (["--fps", "10"], 12, 1.2),
        (["--speed", "2"], 12, 6),
        (["--speed", "40"], 6, 0.3),
        (["--duration", "3", "--fps", "4"], 12, 3),
        (["--duration", "1", "--fps", "4"], 4, 1),
        (["--hold", "2"], 12, 2.6),
        (["--hold", "1s", "--duration", "4"], 12, 4),
        (["--duration", "3.33", "--fps", "7"], 12, 3.33),
        (["--speed", "7"], 12, 1.71),
    ],
    ids=str,
)
def test_rows_and_time_are_as_asked(
    liveplot: Run, tmp_path: Path, waves: Path, options: list[str], images: int, seconds: float
) -> None:
    liveplot("render", "waves.npy", "-o", "a.gif", *options, *TINY)
    facts = films.gifsicle(tmp_path / "a.gif")
    assert (facts.images, float(facts.seconds)) == (images, seconds)


def test_columns_rows_and_words_reach_the_picture(liveplot: Run, tmp_path: Path) -> None:
    (tmp_path / "log.tsv.csv").write_text("step\ta\tb\n1\t1\tx\n2\t2\ty\n")
    common = ("render", "log.tsv.csv", "-y", "a", "-x", "step", "--rows", ":1", *TINY)
    pictures = []
    for number, words in enumerate(
        (["-t", ""], ["-t", "{index} {name}"], ["-t", "", "--xlabel", "X", "--ylabel", "Y"])
    ):
        liveplot(*common, "-o", f"{number}.gif", *words)
        pictures.append(films.gif_pictures(tmp_path / f"{number}.gif")[0])
    assert not np.array_equal(pictures[0], pictures[1])
    assert not np.array_equal(pictures[0], pictures[2])


@pytest.mark.parametrize(
    "name", ["with space.csv", "-dash.csv", "new\nline.csv", "100%d.csv", "ünï€☃.csv", "*.csv", "a:b.csv"]
)
def test_any_file_name_works(liveplot: Run, tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("1,2\n3,4\n")
    out = Path(name).with_suffix(".mp4").name
    liveplot("render", "-o", f"./{out}", "-o", "b.gif", *TINY, "--", name)
    assert films.ffprobe(tmp_path / out)["nb_read_frames"] == "2"


def test_names_of_bytes_that_are_no_text_work(tmp_path: Path) -> None:
    source, target = (os.fsencode(tmp_path) + name for name in (b"/in\xff.csv", b"/out\xfe.gif"))
    Path(os.fsdecode(source)).write_text("1,2\n3,4\n")
    command = [sys.executable, "-m", "liveplot_cli", "render", source, "-o", target]
    done = subprocess.run(command, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    assert Path(os.fsdecode(target)).exists()


def test_a_csv_and_its_npy_make_the_same_film(liveplot: Run, tmp_path: Path) -> None:
    values = np.round(np.random.default_rng(0).normal(size=(6, 20)), 3)
    np.save(tmp_path / "h.npy", values)
    np.savetxt(tmp_path / "h.csv", values, delimiter=",", fmt="%.3f")
    for suffix in ("npy", "csv"):
        liveplot("render", f"h.{suffix}", "-o", f"{suffix}.gif", *TINY)
    assert (tmp_path / "npy.gif").read_bytes() == (tmp_path / "csv.gif").read_bytes()


@pytest.mark.parametrize("backend", ["TkAgg", "nosuch"])
def test_the_users_backend_and_locale_do_not_matter(liveplot: Run, tmp_path: Path, waves: Path, backend: str) -> None:
    liveplot("render", "waves.npy", "-o", "a.gif", *TINY, MPLBACKEND=backend, LC_ALL="C", HOME="/nonexistent")
    liveplot("render", "waves.npy", "-o", "b.gif", *TINY)
    assert (tmp_path / "a.gif").read_bytes() == (tmp_path / "b.gif").read_bytes()


@pytest.mark.parametrize("example", sorted(path.name for path in EXAMPLES.iterdir() if path.suffix in (".csv", ".npy")))
def test_every_example_renders_by_itself(liveplot: Run, tmp_path: Path, example: str) -> None:
    liveplot("render", str(EXAMPLES / example), "-o", "a.gif", "--rows", ":6", *TINY)
    assert films.gifsicle(tmp_path / "a.gif").images > 3


def test_version_and_module_and_script_are_one_command(liveplot: Run) -> None:
    from importlib.metadata import version

    assert liveplot("--version").stdout == f"liveplot {version('liveplot-cli')}\n"
    script = Path(sys.executable).with_name("liveplot")
    assert films.run(str(script), "--version") == f"liveplot {version('liveplot-cli')}\n"


@pytest.mark.parametrize("arguments", [["--help"], ["render", "--help"], ["show", "-h"], ["--version"]], ids=" ".join)
def test_help_imports_nothing_heavy(arguments: list[str]) -> None:
    code = (
        "import sys; from liveplot_cli.__main__ import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "heavy = {'numpy', 'matplotlib', 'av', 'PIL', 'imageio', 'pathlib', 'logging'} & set(sys.modules)\n"
        "print('HEAVY', sorted(heavy - ({'pathlib'} if '--version' in sys.argv else set())))"
    )
    said = films.run(sys.executable, "-S", "-c", f"import site, sys; site.main(); {code}", *arguments)
    assert said.splitlines()[-1] == "HEAVY []"


def test_help_groups_the_options() -> None:
    said = films.run(sys.executable, "-m", "liveplot_cli", "render", "--help")
    groups = re.findall(r"^(\w[\w ]+):$", said, re.MULTILINE)
    assert groups == ["Output", "Chart", "Time", "Rows and columns", "Reading", "Words", "Axes", "Looks", "Work"]


def test_a_bug_is_one_line_and_code_1_and_debug_shows_it(tmp_path: Path, waves: Path) -> None:
    code = (
        "import sys, liveplot_cli.scene as scene\n"
        "scene.Scene.pixels = lambda *_: 1 / 0\n"
        "from liveplot_cli.__main__ import main; main()"
    )
    command = [sys.executable, "-c", code, "render", str(waves), "-o", str(tmp_path / "a.gif")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("Error: this is a bug in liveplot (ZeroDivisionError")
    assert "Traceback" not in done.stderr
    assert "Traceback" in subprocess.run([*command, "--debug"], capture_output=True, text=True, check=False).stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["waves.npy"]


def test_kinds_lists_every_kind_with_its_options_and_every_theme(liveplot: Run) -> None:
    from liveplot_cli import charts, encoders, readers
    from liveplot_cli.drawing import theme
    from liveplot_cli.option import options_of

    said = films.run(sys.executable, "-m", "liveplot_cli", "kinds")
    words = " ".join(said.split())
    for kind in [*charts.load_all(), *readers.load_all(), *encoders.load_all()]:
        assert f"{kind.__name__.lower()} {kind.__doc__.strip().splitlines()[0]}" in words
        for described in options_of(kind).values():
            assert ", ".join(described.flags) in words
    for name in (*theme.THEMES, *theme.PALETTES):
        assert name in said
