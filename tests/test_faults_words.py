"""Section F of docs/reliability.md: words, fonts, locales and surroundings. Each test is named by its case."""

from __future__ import annotations

import os
import subprocess
import sys
import zipapp
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from matplotlib.colors import to_rgb

import films
import liveplot_cli
from conftest import wave_matrix
from faults import COMMAND, SMALL, Done, Place, run_cli
from liveplot_cli.drawing.theme import THEMES

PALETTE = THEMES["liveplot"].palette

ROWS = "1,2\n3,4\n2,1\n"
WIDE = ("--size", "800x267", "--dpi", "60")
PYTHON = (sys.executable, "-W", "error")


def render(place: Place, *options: str | bytes, content: str = ROWS, **how: object) -> Done:
    (place.folder / "h.csv").write_text(content, encoding="utf-8")
    return run_cli(place, "render", "h.csv", "-o", "a.gif", *(options or SMALL), **how)


def notes(done: Done) -> list[str]:
    """What was said beside the closing line."""
    return [line for line in done.stderr.splitlines() if not line.startswith("a.gif: ")]


def letters(picture: np.ndarray) -> int:
    """How many pieces of ink stand side by side in the title, where there is no counter."""
    inked = (picture[:22, :400] < 160).any(axis=(0, 2))
    return int(np.count_nonzero(np.diff(inked.astype(int), prepend=0) == 1))


def titled(place: Place, title: str | bytes) -> np.ndarray:
    """The first picture of a film with this title and no counter."""
    render(place, *WIDE, "-t", title, "--kind", "line", again=False)
    return films.gif_pictures(place.folder / "a.gif")[0]


# Spread out, so that each character is a piece of ink; and how many pieces there are.
LITERAL = {"{rows} $ 5": 3, "{rows} $ a $": 4, "{rows} $ $": 3, "{rows} \\ n": 3, "{rows} ^ _ {{ }}": 5}


@pytest.mark.parametrize("title", LITERAL)
def test_f01_a_title_is_shown_as_it_is_written(place: Place, title: str) -> None:
    assert letters(titled(place, title)) == LITERAL[title]


HOSTILE = ["$5", "$a$", "$\\frac{$", "$$", "\\nosuch", "$" + "{" * 500, "$\\dfrac", "$_$^$", "#%&~"]


@pytest.mark.parametrize("kind", ["line", "trace"])
def test_f01_column_names_are_no_formulas(place: Place, kind: str) -> None:
    names = ",".join(HOSTILE)
    assert notes(render(place, "-k", kind, *WIDE, content=f"{names}\n{'1,' * 8}1\n{'2,' * 8}2\n")) == []


def test_f01_a_single_column_and_labels_are_no_formulas(place: Place) -> None:
    for name in HOSTILE[2:6]:
        labels = ("--xlabel", name, "--ylabel", name)
        assert notes(render(place, *SMALL, *labels, content=f"{name}\n1\n2\n", again=False)) == []


@pytest.mark.parametrize("title", ["$\\frac{$", "{", "$" + "{" * 501, "{row:z}", "{row!r:>99999999999}"])
def test_f01_a_brace_that_opens_no_field_is_refused(place: Place, title: str) -> None:
    render(place, "-t", title, code=2, says="the title '.+ can't be (read|filled in)")


def legend(picture: np.ndarray) -> set[str]:
    """The colours of the palette that are to be seen beside the chart."""
    beside = picture[:, picture.shape[1] * 6 // 10 :]
    levels = {color: np.round(np.multiply(to_rgb(color), 255)) for color in PALETTE}
    return {color for color, level in levels.items() if (np.abs(beside - level).max(axis=2) < 12).sum() > 8}


def test_f02_strange_names_are_shown_and_shortened(place: Place) -> None:
    lines = '"' + "y\n" * 5000 + '"'
    content = f"_hidden,,{'x' * 100_000},{lines}\n1,2,3,4\n2,3,4,5\n"
    render(place, "-k", "trace", content=content, seconds=8)
    # The chart's first points stand on the left: what is seen on the right is the legend.
    render(place, "-k", "trace", "--xlim", "1,9", "--size", "640x240", content=content, seconds=8, again=False)
    assert legend(films.gif_pictures(place.folder / "a.gif")[0]) >= set(PALETTE[:4])


def test_f02_of_many_columns_as_many_are_named_as_fit(place: Place) -> None:
    names = [f"column {number}" for number in range(500)]
    content = "\n".join([",".join(names), ",".join(["1"] * 500), ",".join(["2"] * 500)])
    render(place, "-k", "trace", "--size", "667x667", "--dpi", "60", content=content, seconds=8)
    beside = films.gif_pictures(place.folder / "a.gif")[0][:, 330:]
    inked = (beside < 200).any(axis=(1, 2))
    assert 25 < np.count_nonzero(np.diff(inked.astype(int), prepend=0) == 1) < 33  # the last is "+472 more"


@pytest.mark.parametrize("text", ["x" * 100_000, "word " * 20_000, "x\n" * 5000], ids=["letters", "words", "lines"])
def test_f02_a_long_title_does_not_push_the_chart_aside(place: Place, text: str) -> None:
    render(place, "-k", "line", *WIDE, "-t", text, "--xlabel", text, "--ylabel", text, seconds=8, again=False)
    picture = films.gif_pictures(place.folder / "a.gif")[0]
    assert np.ptp(np.flatnonzero(of_the_curve(picture).any(axis=0))) > 300


def test_f02_a_long_file_name_is_broken_into_lines(place: Place) -> None:
    (place.folder / f"{'n' * 240}.csv").write_text(ROWS)
    run_cli(place, "render", f"{'n' * 240}.csv", "-o", "a.gif", *WIDE, "-k", "line", again=False)
    picture = films.gif_pictures(place.folder / "a.gif")[0]
    assert np.ptp(np.flatnonzero(of_the_curve(picture).any(axis=0))) > 300
    assert (picture[:, -3:] == 255).all()


def of_the_curve(picture: np.ndarray) -> np.ndarray:
    """Where a picture has the colour of the first line."""
    level = np.round(np.multiply(to_rgb(PALETTE[0]), 255))
    return np.abs(picture - level).max(axis=2) < 12


# As on a machine with none but matplotlib's own fonts, whatever is installed on this one.
NO_OTHER_FONTS = "from matplotlib import font_manager; font_manager.findSystemFonts = lambda *_, **__: []"


@pytest.mark.parametrize(
    ("names", "says"),
    [
        ("学習損失,損失,코드", ["Noto Sans CJK"]),
        ("😀,🎉,👨‍👩‍👧", ["Noto Emoji"]),
        ("損失,हिन्दी,🎉", ["Noto Emoji, Noto Sans CJK, Noto Sans Devanagari"]),
        ("שלום,مرحبا,می‌خواهم", []),
        ("e\u0301\u0327,Å,ﬃ", []),
    ],
    ids=["CJK", "emoji", "several", "right to left", "combining"],
)
def test_f03_what_no_font_has_is_told_once_with_what_to_install(place: Place, names: str, says: list[str]) -> None:
    rows = "".join(f"{row % 9},{row},{row}\n" for row in range(140))
    done = render(
        place, "-j", "2", "-t", names, *SMALL, content=f"{names}\n{rows}", sabotage=NO_OTHER_FONTS, again=False
    )
    told = notes(done)
    message = "liveplot: h: no font here has shapes for some characters, boxes stand for them; install"
    assert told == [f"{message} {fonts}" for fonts in says]


def test_f03_workers_that_are_spawned_do_not_say_it_again(place: Place) -> None:
    rows = "".join(f"{row % 9},1.7e308\n" for row in range(140))
    spawned = f"{NO_OTHER_FONTS}; import multiprocessing; multiprocessing.set_start_method('spawn')"
    done = render(place, "-j", "2", *SMALL, content=f"学,損\n{rows}", sabotage=spawned, python=(), again=False)
    assert ["install Noto Sans CJK" in line for line in notes(done)] == [True, False]


def test_f03_a_font_that_was_just_installed_is_used(place: Place) -> None:
    """With a font of our own, whose shape for one character is a black block."""
    large = ("--size", "400x200", "--dpi", "120", "-t", "損 {rows}", "-k", "line")
    render(place, *large, again=False)
    before = films.gif_pictures(place.folder / "a.gif")[0]
    fonts = place.home / ".local" / "share" / "fonts"
    fonts.mkdir(parents=True)
    make_font(fonts / "Blocks-Regular.ttf", "損")
    environment = {"XDG_CACHE_HOME": str(place.root / "cache"), "XDG_DATA_HOME": None}
    done = render(place, *large, environment=environment)
    assert notes(done) == []
    after = films.gif_pictures(place.folder / "a.gif")[0]
    black = [(picture[:50, :60] < 90).all(axis=2).sum() for picture in (before, after)]
    assert black[1] > 2 * black[0]
    assert black[1] > 150


def make_font(path: Path, character: str) -> None:
    pen = TTGlyphPen(None)
    for corner in (50, 0), (50, 700), (950, 700), (950, 0):
        (pen.moveTo if corner == (50, 0) else pen.lineTo)(corner)
    pen.closePath()
    font = FontBuilder(1000, isTTF=True)
    font.setupGlyphOrder([".notdef", "block"])
    font.setupCharacterMap({ord(character): "block"})
    font.setupGlyf({".notdef": TTGlyphPen(None).glyph(), "block": pen.glyph()})
    font.setupHorizontalMetrics({".notdef": (1000, 0), "block": (1000, 50)})
    font.setupHorizontalHeader(ascent=800, descent=-200)
    font.setupNameTable({"familyName": "Blocks", "styleName": "Regular"})
    font.setupOS2()
    font.setupPost()
    font.save(path)


STEERING = b"{rows} \x1b \x07 \xff \xe2\x80\xae x"


def test_f04_what_would_steer_a_terminal_is_a_box_in_a_title(place: Place) -> None:
    assert letters(titled(place, STEERING)) == 6


def test_f04_what_would_steer_a_terminal_is_harmless_everywhere(place: Place) -> None:
    name = b"a\x1b[31m\xff\xe2\x80\xae\n.csv"
    path = place.folder / os.fsdecode(name)
    path.write_text('"a\x1b[31m","\u202eb"\n1,2\n3,学\u202e\n', encoding="utf-8")
    refused = run_cli(place, "render", name, "-o", "a.gif", *SMALL, code=3)
    assert "\\x1b[31m" in refused.stderr
    path.write_text('"a\x1b[31m","\u202e学"\n1,\n3,4\n', encoding="utf-8")
    labels = ("-t", STEERING, "--xlabel", STEERING, "--ylabel", STEERING)
    film = name.replace(b"csv", b"gif")
    done = run_cli(place, "render", name, "-o", film, *labels, "-v", *SMALL, sabotage=NO_OTHER_FONTS)
    assert "Noto" in done.stderr
    assert done.stderr.endswith(" bytes\n")
    run_cli(place, "render", b"no" + name, "-o", "a.gif", code=2, says=r"no file 'noa\\x1b\[31m")
    run_cli(place, "render", name, "-o", name, code=2)
    run_cli(place, "render", name, "-o", "a.gif", b"--\x1bno\xff", code=2)
    run_cli(place, "render", name, "-o", "a.gif", "-t", b"\x1b{\xff}", code=2)


def compiled(folder: Path, locale: str) -> dict[str, str]:
    """The environment of a country's habits, which are made for the purpose."""
    source = locale.partition(".")[0]
    subprocess.run(["localedef", "-i", source, "-f", "UTF-8", str(folder / locale)], check=True)
    environment = {"LC_ALL": locale, "LOCPATH": str(folder)}
    said = subprocess.run(["locale", "decimal_point"], env=environment, capture_output=True, text=True, check=True)
    assert said.stdout == ",\n"
    return environment


@pytest.mark.parametrize("locale", ["C", "de_DE.UTF-8", "tr_TR.UTF-8"])
def test_f05_no_country_changes_a_byte(place: Place, locale: str) -> None:
    folder = place.root / "locales"
    folder.mkdir()
    country = {"LC_ALL": locale, "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    if "_" in locale:
        country |= compiled(folder, locale)
    (place.folder / "学İı.csv").write_text("Größe,İI\n0.25,1.5\n0.75,1e-3\n", encoding="utf-8")
    arguments = ("render", "学İı.csv", "-v", "-t", "x", *WIDE)
    run_cli(place, *arguments, "-o", "A.GIF", again=False)
    run_cli(place, *arguments, "-o", "B.GIF", environment=country)
    assert (place.folder / "A.GIF").read_bytes() == (place.folder / "B.GIF").read_bytes()
    run_cli(place, "render", "ß学.csv", "-o", "a.gif", environment=country, code=2)
    run_cli(place, "render", "学İı.csv", "-y", "学", "-o", "a.gif", environment=country, code=2)


NOWHERE = {"HOME": "/nonexistent", "MPLCONFIGDIR": None, "XDG_CACHE_HOME": None, "XDG_CONFIG_HOME": None}
READ_ONLY = ("unshare", "-m", "sh", "-c", 'mount -t tmpfs -o ro none "$HOME" && exec "$@"', "sh")


@pytest.mark.parametrize(
    ("environment", "prefix"),
    [
        (NOWHERE, ()),
        ({**NOWHERE, "HOME": "/proc/nowhere"}, ()),
        ({"MPLCONFIGDIR": "/proc/nowhere"}, ()),
        ({name: place for name, place in NOWHERE.items() if name != "HOME"}, READ_ONLY),
    ],
    ids=["no home", "no home can be", "no settings", "read-only home"],
)
def test_f06_no_home_is_needed(place: Place, environment: dict[str, str | None], prefix: Sequence[str]) -> None:
    render(place, again=False)
    usual = (place.folder / "a.gif").read_bytes()
    render(place, environment=environment, prefix=prefix, again=False)
    assert (place.folder / "a.gif").read_bytes() == usual


@pytest.mark.parametrize("backend", ["TkAgg", "nosuch", "module://nosuch", ""])
def test_f07_a_film_needs_no_backend_of_the_users(place: Place, backend: str) -> None:
    assert notes(render(place, environment={"MPLBACKEND": backend})) == []


def test_f07_settings_that_are_no_text_are_told(place: Place) -> None:
    (place.folder / "matplotlibrc").write_bytes(b"\xff\xfe\0")
    (place.folder / "h.csv").write_text("1,2\n3,4\n")
    command = ("render", "h.csv", "-o", "a.gif", *SMALL)
    run_cli(place, *command, code=5, says="matplotlib does not start .* matplotlibrc", python=COMMAND)


@pytest.mark.parametrize(
    "environment",
    [{}, {"MPLBACKEND": "agg"}, {"MPLBACKEND": "TkAgg"}, {"MPLBACKEND": "nosuch"}, {"DISPLAY": "localhost:98.0"}],
    ids=str,
)
def test_f08_without_a_display_show_says_what_to_do(place: Place, environment: dict[str, str]) -> None:
    (place.folder / "h.csv").write_text(ROWS)
    done = run_cli(place, "show", "h.csv", code=5, environment=environment)
    assert "liveplot render" in done.stderr or "MPLBACKEND" in done.stderr


PYTHONS = {
    "-O": (*PYTHON, "-O", "-m", "liveplot_cli"),
    "-I -B": (*PYTHON, "-I", "-B", "-m", "liveplot_cli"),
    "a zip file": (*PYTHON, "liveplot.pyz"),
}


@pytest.mark.parametrize("way", PYTHONS)
def test_f10_whatever_way_python_is_started(place: Place, way: str) -> None:
    source = Path(liveplot_cli.__file__).parents[1]
    archive = place.root / "liveplot.pyz"
    zipapp.create_archive(source, archive, main="liveplot_cli.__main__:main", filter=lambda path: path.suffix == ".py")
    python = tuple(str(archive) if part == archive.name else part for part in PYTHONS[way])
    settings = {"PYTHONDONTWRITEBYTECODE": "1"}
    (place.folder / "h.csv").write_text("a,b\n" + "1,2\n3,4\n" * 70)
    arguments = ("render", "h.csv", "-o", "a.gif", *SMALL)
    run_cli(place, *arguments, again=False)
    usual = (place.folder / "a.gif").read_bytes()
    run_cli(place, *arguments, "-j", "2", python=python, environment=settings, again=False)
    assert (place.folder / "a.gif").read_bytes() == usual
    run_cli(place, *arguments, "--ylim", "1,1", python=python, code=2)
    (place.folder / "h.csv").write_text("a,b\n1,2\n3,x\n")
    run_cli(place, *arguments, python=python, code=3)


def test_f11_two_first_runs_at_once(tmp_path: Path) -> None:
    settings = {"MPLCONFIGDIR": str(tmp_path / "settings")}
    (tmp_path / "settings").mkdir()
    pictures = []
    started = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        place = Place(tmp_path / name)
        (place.folder / "h.csv").write_text(ROWS)
        started.append(place.start("render", "h.csv", "-o", "a.gif", *SMALL, environment=settings))
    for run in started:
        run.end()
        pictures.append((run.place.folder / "a.gif").read_bytes())
    assert list((tmp_path / "settings").glob("fontlist*")), "they were no first runs"
    assert pictures[0] == pictures[1]


def test_f12_workers_need_no_shared_memory(place: Place) -> None:
    np.save(place.folder / "h.npy", wave_matrix(140, 5))
    without = ("unshare", "-m", "sh", "-c", 'mount -t tmpfs -o ro none /dev/shm && exec "$@"', "sh")
    done = run_cli(place, "render", "h.npy", "-o", "a.gif", "-o", "a.mp4", "-j", "2", *SMALL, prefix=without)
    assert len(done.stderr.splitlines()) == 2, "workers did the work, or it would be told"
