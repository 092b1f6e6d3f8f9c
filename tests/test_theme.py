"""Colours as people see them, and themes, palettes and sizes as they are asked for."""

from __future__ import annotations

import math
import multiprocessing
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import matplotlib
import numpy as np
import pytest
from matplotlib import style as styles
from matplotlib.colors import to_rgb

import liveplot_cli
from conftest import Run, wave_matrix
from liveplot_cli import charts
from liveplot_cli.drawing import style, theme
from liveplot_cli.drawing.theme import PALETTES, THEMES
from liveplot_cli.errors import UsageError
from liveplot_cli.history import History
from liveplot_cli.look import SIZES, Look
from liveplot_cli.scene import Scene

# How people see who lack one kind of cone, on linear red, green and blue: Machado, Oliveira and Fernandes, "A
# Physiologically-based Model for Simulation of Color Vision Deficiency", https://doi.org/10.1109/TVCG.2009.113.
PROTANOPIA = [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
DEUTERANOPIA = [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
TRITANOPIA = [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]
EYES = {"all cones": np.eye(3), "protanopia": PROTANOPIA, "deuteranopia": DEUTERANOPIA, "tritanopia": TRITANOPIA}
# Linear sRGB to XYZ, IEC 61966-2-1; its rows add up to the white point.
XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])


def linear(color: str) -> np.ndarray:
    parts = np.array(to_rgb(color))
    return np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)


def contrast(one: str, two: str) -> float:
    """From 1 to 21: https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio."""
    dark, light = sorted(float(XYZ[1] @ linear(color)) for color in (one, two))
    return (light + 0.05) / (dark + 0.05)


def lab(color: str, eyes: str) -> np.ndarray:
    """CIE 1976 L*, a*, b* of a colour as some eyes see it."""
    seen = np.clip(np.asarray(EYES[eyes]) @ linear(color), 0, 1)
    parts = XYZ @ seen / XYZ.sum(axis=1)
    x, y, z = np.where(parts > 216 / 24389, np.cbrt(parts), (24389 / 27 * parts + 16) / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def difference(one: np.ndarray, two: np.ndarray) -> float:
    """CIEDE2000 of two colours in CIELAB; 1 can be seen side by side: https://doi.org/10.1002/col.20070."""

    def hue(a: float, b: float) -> float:
        return math.degrees(math.atan2(b, a)) % 360

    (light1, a1, b1), (light2, a2, b2) = one.tolist(), two.tolist()
    mean = (math.hypot(a1, b1) + math.hypot(a2, b2)) / 2
    stretch = 1.5 - 0.5 * math.sqrt(mean**7 / (mean**7 + 25**7))
    a1, a2 = a1 * stretch, a2 * stretch
    chroma1, chroma2 = math.hypot(a1, b1), math.hypot(a2, b2)
    hue1, hue2 = hue(a1, b1), hue(a2, b2)
    turn = (hue2 - hue1 + 180) % 360 - 180 if chroma1 * chroma2 else 0
    middle = (hue1 + turn / 2) % 360 if chroma1 * chroma2 else hue1 + hue2
    light, chroma = (light1 + light2) / 2, (chroma1 + chroma2) / 2
    waves = ((-0.17, 1, -30), (0.24, 2, 0), (0.32, 3, 6), (-0.2, 4, -63))
    by_hue = 1 + sum(part * math.cos(math.radians(times * middle + shift)) for part, times, shift in waves)
    lightness = (light2 - light1) / (1 + 0.015 * (light - 50) ** 2 / math.sqrt(20 + (light - 50) ** 2))
    colorfulness = (chroma2 - chroma1) / (1 + 0.045 * chroma)
    apart = 2 * math.sqrt(chroma1 * chroma2) * math.sin(math.radians(turn / 2)) / (1 + 0.015 * chroma * by_hue)
    blue = -2 * math.sqrt(chroma**7 / (chroma**7 + 25**7))
    blue *= math.sin(math.radians(60 * math.exp(-(((middle - 275) / 25) ** 2))))
    return math.sqrt(lightness**2 + colorfulness**2 + apart**2 + blue * colorfulness * apart)


def least_difference(colors: Sequence[str], eyes: str) -> float:
    seen = [lab(color, eyes) for color in colors]
    return min(difference(one, two) for number, one in enumerate(seen) for two in seen[:number])


def test_the_measures_are_those_that_are_published() -> None:
    """Pairs 1, 9, 13 and 25 of Sharma, Wu and Dalal's test data, and black on white."""
    for one, two, wanted in (
        ((50, 2.6772, -79.7751), (50, 0, -82.7485), 2.0425),
        ((50, 2.49, -0.001), (50, -2.49, 0.0009), 7.1792),
        ((50, -0.001, 2.49), (50, 0.0009, -2.49), 4.8045),
        ((60.2574, -34.0099, 36.2677), (60.4626, -34.1751, 39.4387), 1.2644),
    ):
        assert difference(np.array(one, float), np.array(two, float)) == pytest.approx(wanted, abs=1e-4)
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert lab("#ffffff", "all cones") == pytest.approx([100, 0, 0], abs=1e-9)


@pytest.mark.parametrize("name", THEMES)
def test_words_and_series_stand_out_from_the_paper(name: str) -> None:
    """As WCAG 2.2 asks: 4.5 for words (1.4.3), 3 for graphics (1.4.11)."""
    found = THEMES[name]
    assert min(contrast(color, found.paper) for color in (found.ink, found.muted)) >= 4.5
    assert min(contrast(color, found.paper) for color in found.palette) >= 3
    assert contrast(found.rule, found.paper) < 1.6, "the grid is there to be looked through"


@pytest.mark.parametrize("eyes", EYES)
@pytest.mark.parametrize("name", THEMES)
def test_anybody_tells_a_themes_series_apart(name: str, eyes: str) -> None:
    palette = THEMES[name].palette
    wanted = ((2, 40), (3, 18), (8, 11)) if eyes == "tritanopia" else ((2, 40), (3, 24), (4, 20), (6, 14), (8, 12))
    for number, least in wanted:
        if number <= len(palette):
            assert least_difference(palette[:number], eyes) >= least, f"the first {number}"


@pytest.mark.parametrize("eyes", EYES)
@pytest.mark.parametrize("name", PALETTES)
def test_anybody_tells_a_palettes_series_apart(name: str, eyes: str) -> None:
    assert least_difference(PALETTES[name], eyes) >= (8 if eyes == "tritanopia" else 11)


def test_a_published_palette_is_the_one_that_was_published() -> None:
    assert list(PALETTES["petroff"]) == [
        matplotlib.colors.to_hex(color) for color in matplotlib.color_sequences["petroff10"]
    ]


@pytest.mark.parametrize("name", [*THEMES, *styles.available])
def test_what_a_chart_asks_for_is_what_the_theme_says(name: str) -> None:
    with style.applied(Look(theme=name)):
        colors = [style.ink(), style.muted(), style.rule(), style.paper(), *style.palette()]
        assert matplotlib.rcParams["axes.axisbelow"] is True
        assert matplotlib.rcParams["text.parse_math"] is False
    if name in THEMES:
        wanted = THEMES[name]
        assert colors == [wanted.ink, wanted.muted, wanted.rule, wanted.paper, *wanted.palette]
    else:
        cycle = styles.library[name].get("axes.prop_cycle", matplotlib.rcParamsDefault["axes.prop_cycle"])
        found = [matplotlib.colors.to_hex(color) for color in cycle.by_key()["color"]]
        assert colors[4:] == list(dict.fromkeys(found))


@pytest.mark.parametrize("name", ["liveplot", "ggplot"])
@pytest.mark.parametrize(
    ("asked", "colors"),
    [
        ("okabe-ito", PALETTES["okabe-ito"]),
        ("Set2", [matplotlib.colors.to_hex(color) for color in matplotlib.color_sequences["Set2"]]),
        ("#102030,tomato, 0af00f", ("#102030", "#ff6347", "#0af00f")),
        ("102030", ("#102030",)),
        ("red", ("#ff0000",)),
    ],
)
def test_a_palette_is_a_name_or_a_list(name: str, asked: str, colors: Sequence[str]) -> None:
    palette = tuple(part.strip() for part in asked.split(","))
    with style.applied(Look(theme=name, palette=palette)):
        assert style.palette() == list(colors)
        scene = Scene([History(wave_matrix(2, 4), columns=list("abcd"))], charts.load("trace")(), Look(palette=palette))
        drawn = [matplotlib.colors.to_hex(line.get_color()) for line in scene.figure.axes[0].lines]
        assert drawn[: len(colors)] == list(colors[:4])
        assert len(set(drawn)) >= 3, "colours that come again are lighter, twice"


WRONG = {
    "a theme misspelt": ({"theme": "drak"}, "there is no theme 'drak' (did you mean 'dark'?); there are liveplot"),
    "a style misspelt": ({"theme": "ggplt"}, "there is no theme 'ggplt' (did you mean 'ggplot'?); there are liveplot"),
    "a style in capitals": ({"theme": "solarize_light"}, "(did you mean 'Solarize_Light2'?)"),
    "what is no style file": ({"theme": "xkcd"}, "there is no theme 'xkcd'; there are liveplot, dark, paper, minimal,"),
    "a path": ({"theme": "/etc/passwd"}, "there is no theme '/etc/passwd'"),
    "no theme": ({"theme": ""}, "there is no theme ''"),
    "a palette misspelt": (
        {"palette": "okabeito"},
        "there is no palette 'okabeito' (did you mean 'okabe_ito' or 'okabe-ito'?)",
    ),
    "a colour of a cycle": ({"palette": "C0"}, "there is no palette 'C0'"),
    "a colour to look through": ({"palette": "#10203040"}, "there is no palette '#10203040'"),
    "no colour": ({"palette": "none"}, "there is no palette 'none'"),
    "no palette": ({"palette": ""}, "there is no palette ''"),
    "one of a list": ({"palette": "102030,bluu"}, "the palette's 'bluu' is no colour"),
    "a colour left out": ({"palette": "102030,,red"}, "the palette's '' is no colour"),
    "a size misspelt": ({"size": "squre"}, "nor one of square, wide, story, hd"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_theme_a_palette_or_a_size_that_there_is_not_is_told_before_any_work(tmp_path: Path, case: str) -> None:
    options, sentence = WRONG[case]
    with pytest.raises(UsageError) as caught:
        liveplot_cli.render(tmp_path / "not there.csv", tmp_path / "a.gif", **options)
    assert sentence in str(caught.value)


@pytest.mark.parametrize("output", ["a.mp4", "a.gif b.mp4"])
def test_an_mp4_cannot_be_transparent_and_says_so_before_any_work(liveplot: Run, output: str) -> None:
    outputs = [word for name in output.split() for word in ("-o", name)]
    done = liveplot("render", "not_there.csv", *outputs, "--transparent", code=2)
    assert "can't be transparent, for MP4" in done.stderr


def test_what_is_not_written_cannot_be_transparent() -> None:
    with pytest.raises(UsageError, match="only what is written to a file can be transparent"):
        liveplot_cli.animation(wave_matrix(3, 3), transparent=True)


@pytest.mark.parametrize("name", SIZES)
def test_a_named_size_is_so_many_pixels(tmp_path: Path, name: str) -> None:
    (written,) = liveplot_cli.render(wave_matrix(2, 9), tmp_path / "a.gif", size=name)
    assert written.size == SIZES[name]


@pytest.mark.parametrize(("name", "size"), [("square", (1080, 1080)), ("wide", (1920, 1080)), ("story", (1080, 1920))])
def test_twice_the_dots_make_what_networks_ask_for(name: str, size: tuple[int, int]) -> None:
    assert Look(size=SIZES[name], dpi=200).pixels == size


def test_workers_draw_in_the_theme_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also those that build the scene themselves, for they are no copies of the one that has it."""
    code = (
        "import multiprocessing, sys, numpy, liveplot_cli\n"
        "if __name__ == '__main__':\n"
        "    multiprocessing.set_start_method('spawn')\n"
        "    liveplot_cli.render(numpy.eye(130), 'spawned.gif', jobs=2, size='320x214', dpi=30,\n"
        "        theme='dark', palette='tomato', transparent=sys.argv[1] == 'True')\n"
    )
    (tmp_path / "job.py").write_text(code)
    look = {"size": "320x214", "dpi": 30, "theme": "dark", "palette": "tomato"}
    films = set()
    monkeypatch.setattr(multiprocessing, "get_start_method", lambda allow_none=False: "fork")
    for transparent in (False, True):
        subprocess.run([sys.executable, "job.py", str(transparent)], cwd=tmp_path, check=True)
        for jobs in (1, 2):
            liveplot_cli.render(np.eye(130), tmp_path / f"{jobs}.gif", jobs=jobs, transparent=transparent, **look)
        (film,) = {(tmp_path / f"{name}.gif").read_bytes() for name in ("1", "2", "spawned")}
        films.add(film)
    assert len(films) == 2


def test_asking_for_one_of_our_themes_does_not_wait_for_matplotlib() -> None:
    check = "from liveplot_cli.drawing.theme import check; check('dark', ('tol',))"
    code = f"import sys; {check}; print('matplotlib' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False"]


@pytest.mark.parametrize("name", [*THEMES, "classic"])
def test_a_theme_has_no_more_ticks_than_it_says(name: str) -> None:
    with style.applied(Look(theme=name)):
        scene = Scene([History(wave_matrix(180, 3))], charts.load("trace")(), Look(theme=name, size=(1280, 720)))
        scene.draw(50)
        axes = scene.figure.axes[0]
        low, high = axes.get_xlim()
        shown = [place for place in axes.xaxis.get_majorticklocs() if low <= place <= high]
    assert (len(shown) <= 5) is (theme.most_ticks(name) is not None)
