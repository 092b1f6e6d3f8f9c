"""Films as others see them: gifsicle, ffprobe, ffmpeg, Pillow, and Chromium, which plays them as people see them."""

from __future__ import annotations

import io
from fractions import Fraction
from pathlib import Path
from typing import Any

import imageio.v3 as imageio
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.colors import to_rgb

import films
import liveplot_cli
from chromium import Chromium
from conftest import wave_matrix
from faults import SMALL, Place, run_cli
from liveplot_cli import charts
from liveplot_cli.drawing import style
from liveplot_cli.drawing.theme import THEMES
from liveplot_cli.encoders.mp4 import Mp4
from liveplot_cli.history import History
from liveplot_cli.look import Look
from liveplot_cli.scene import Scene

TINY = {"size": "160x120", "dpi": 20, "title": "", "jobs": 1}
NAN = float("nan")


def both(folder: Path, history: object, **options: object) -> tuple[Path, Path]:
    """A GIF and an MP4 of a history, drawn once."""
    gif, mp4 = folder / "film.gif", folder / "film.mp4"
    with np.errstate(all="ignore"):
        liveplot_cli.render(history, gif, mp4, **{**TINY, **options})
    return gif, mp4


def assert_time(gif: Path, mp4: Path, rows: int, fps: Fraction) -> None:
    """Both last for rows over rate: the GIF to half a hundredth of a second, the MP4 exactly."""
    assert abs(films.gifsicle(gif).seconds - max(rows / fps, Fraction(2, 100))) <= Fraction(5, 1000)
    facts = films.ffprobe(mp4)
    assert int(facts["nb_read_frames"]) == rows
    assert Fraction(facts["r_frame_rate"]) == fps
    assert facts["duration_ts"] * Fraction(facts["time_base"]) == rows / fps


@pytest.mark.parametrize("fps", [*(str(number) for number in range(1, 51)), "7.5", "29.97", "30000/1001"])
def test_a_film_lasts_for_rows_over_rate(tmp_path: Path, fps: str) -> None:
    assert_time(*both(tmp_path, wave_matrix(31, 3), fps=fps), 31, Fraction(fps))


@settings(max_examples=15, deadline=None)
@given(fps=st.fractions(Fraction(1, 1000), 400, max_denominator=1001), rows=st.integers(1, 40))
def test_any_rate_and_any_number_of_rows(tmp_path_factory: pytest.TempPathFactory, fps: Fraction, rows: int) -> None:
    assert_time(*both(tmp_path_factory.mktemp("films"), wave_matrix(rows, 3), fps=fps), rows, fps)


@pytest.mark.parametrize("fps", [51, 60, 100, 120, 1000])
def test_a_gif_above_fifty_a_second_keeps_its_time_and_says_so_once(
    tmp_path: Path, fps: int, caplog: pytest.LogCaptureFixture
) -> None:
    gif, mp4 = both(tmp_path, wave_matrix(200, 3), fps=fps)
    assert_time(gif, mp4, 200, Fraction(fps))
    assert min(films.gifsicle(gif).delays) >= 2
    assert len(caplog.records) == 1


LONG = {
    "plateaus": (np.repeat([1.0, 2, 2, 5, 1, 1, 1], 40), {"fps": 50}, Fraction("5.6")),
    "a long hold": (wave_matrix(3, 3), {"hold": "2000s"}, Fraction("2000.15")),
    "slower than a GIF can say": (wave_matrix(3, 3), {"fps": "0.001"}, Fraction(3000)),
    "two thousand equal rows": (np.ones((2_000, 1)), {}, Fraction(100)),
}


@pytest.mark.parametrize("case", LONG)
def test_every_player_takes_the_same_time_over_what_does_not_move(tmp_path: Path, browser: Chromium, case: str) -> None:
    history, options, seconds = LONG[case]
    gif, mp4 = tmp_path / "film.gif", tmp_path / "film.mp4"
    liveplot_cli.render(history, gif, mp4, **{**TINY, **options, "jobs": 0})
    facts, seen = films.gifsicle(gif), browser.gif(gif, [0]).facts
    assert facts.seconds == seconds
    assert facts.images == seen["frames"]
    assert seen["durations"] == [10_000 * delay for delay in facts.delays]
    probed = films.ffprobe(mp4)
    assert probed["duration_ts"] * Fraction(probed["time_base"]) == seconds
    assert browser.mp4(mp4, []).facts["duration"] == pytest.approx(float(seconds), abs=1e-3)


@pytest.mark.parametrize(("loop", "repetitions"), [("forever", "Infinity"), ("once", "0"), ("2", "1"), ("7", "6")])
def test_chromium_repeats_a_gif_as_often_as_asked(
    tmp_path: Path, browser: Chromium, loop: str, repetitions: str
) -> None:
    path = tmp_path / "film.gif"
    liveplot_cli.render(wave_matrix(3, 4), path, loop=loop, **TINY)
    assert browser.gif(path).facts["repetitions"] == repetitions


WALKS = np.cumsum(np.random.default_rng(3).normal(size=(30, 4)), axis=0)
COMES, GOES = WALKS.copy(), WALKS.copy()
COMES[:15, 1], GOES[15:, 2] = NAN, NAN
HOLES = np.where(np.random.default_rng(4).random((30, 40)) < np.linspace(0, 0.8, 30)[:, None], NAN, wave_matrix(30, 40))
SEEN = {
    "noise": (History(np.random.default_rng(0).normal(size=(20, 100))), "line"),
    "gaps that appear": (History(HOLES), "line"),
    "a line that vanishes": (History(np.where(np.arange(20)[:, None] % 3 == 2, NAN, wave_matrix(20, 30))), "line"),
    "columns that come and go": (History(np.hstack([COMES, GOES]), columns=list("abcdefgh")), "trace"),
}


@pytest.fixture(scope="module", params=SEEN)
def seen(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, np.ndarray]:
    """A GIF and an MP4 in a folder, and the pictures they were made from, shape (frames, height, width, 3)."""
    history, kind = SEEN[request.param]
    folder = tmp_path_factory.mktemp("seen")
    liveplot_cli.render(history, folder / "film.gif", folder / "film.mp4", kind=kind, size="534x400", dpi=60)
    with style.applied():
        scene = Scene([history], charts.load(kind)(), Look(size=(534, 400), dpi=60))
        return folder, np.stack([scene.pixels(row)[..., :3].copy() for row in range(len(history))])


def test_four_decoders_see_the_same_gif_to_the_last_pixel(
    seen: tuple[Path, np.ndarray], browser: Chromium, tmp_path: Path
) -> None:
    path = seen[0] / "film.gif"
    pillow = np.stack(films.gif_pictures(path))
    whole = tmp_path / "whole.gif"
    films.run("gifsicle", "--unoptimize", str(path), "-o", str(whole))
    assert np.array_equal(films.ffmpeg_pictures(path, (320, 240)), pillow)
    assert np.array_equal(browser.gif(path).pictures, pillow)
    assert np.array_equal(np.stack(films.gif_pictures(whole)), pillow)


def test_a_gif_shows_what_was_drawn_and_no_ghost_of_what_was_there(
    seen: tuple[Path, np.ndarray], browser: Chromium
) -> None:
    folder, drawn = seen
    shown = browser.gif(folder / "film.gif").pictures
    assert shown.shape == drawn.shape
    paper = (drawn == 255).all(axis=3)
    assert (shown[paper] == 255).all(), "there are specks on the paper"
    for one, two in zip(shown, drawn, strict=True):
        assert films.psnr(one, two) >= 38
        assert (np.abs(one.astype(int) - two).max(axis=2) > 16).mean() <= 0.01
    for color in THEMES["liveplot"].palette:
        line = np.round(np.multiply(to_rgb(color), 255)).astype(int)
        there = (np.abs(drawn - line) <= 1).all(axis=3)
        assert np.abs(shown[there].astype(int) - line).max(initial=0) <= 8


@pytest.mark.parametrize("theme", ["liveplot", "dark"])
@pytest.mark.parametrize("case", SEEN)
def test_a_transparent_gif_is_seen_alike_by_all_and_has_no_ghosts(
    tmp_path: Path, browser: Chromium, case: str, theme: str
) -> None:
    history, kind = SEEN[case]
    look = Look(size=(534, 400), dpi=60, theme=theme, transparent=True)
    given: dict[str, Any] = {"size": look.size, "dpi": look.dpi, "theme": theme, "transparent": True}
    liveplot_cli.render(history, tmp_path / "film.gif", f"{tmp_path}/frames/", kind=kind, **given)
    with style.applied(look):
        scene = Scene([history], charts.load(kind)(), look)
        drawn = np.stack([scene.pixels(row).copy() for row in range(len(history))])
    seen = browser.gif(tmp_path / "film.gif").pixels
    there, dense = seen[..., 3:] == 255, drawn[..., 3:] >= 128
    assert not seen[..., 3:][~there].any()
    assert there[dense].all(), "there is a hole"
    assert not there[drawn[..., 3:] == 0].any(), "there is a ghost"
    assert there.sum() < 1.2 * dense.sum()  # what is pale by itself, and no edges
    on_paper = (drawn[..., :3] * (drawn[..., 3:] / 255) + np.multiply(scene.paper, 1 - drawn[..., 3:] / 255)) * there
    for one, two in zip(seen[..., :3], on_paper, strict=True):
        assert films.psnr(one, two) >= 38
    films.run("gifsicle", "--unoptimize", str(tmp_path / "film.gif"), "-o", str(tmp_path / "whole.gif"))
    for path in (tmp_path / "film.gif", tmp_path / "whole.gif"):
        assert np.array_equal(films.gif_pixels(path), seen)
    for row, path in enumerate(sorted((tmp_path / "frames").iterdir())):
        assert np.array_equal(imageio.imread(path), drawn[row])


def test_chromium_shows_an_mp4_from_the_first_picture_to_the_last(
    seen: tuple[Path, np.ndarray], browser: Chromium
) -> None:
    folder, drawn = seen
    pictures = browser.mp4(folder / "film.mp4", [0, 0.51, -0.001]).pictures
    for picture, row in zip(pictures, (0, 10, len(drawn) - 1), strict=True):
        alike = [films.psnr(picture, one) for one in drawn]
        assert alike[row] >= 30, f"row {row + 1}"
        assert alike[row] == max(alike), f"not row {row + 1}"
        assert np.median(picture) == 255, "paper is white"


def test_a_player_of_mp4_sees_the_first_and_the_last_picture(seen: tuple[Path, np.ndarray]) -> None:
    folder, drawn = seen
    pictures = films.ffmpeg_pictures(folder / "film.mp4", (320, 240))
    assert len(pictures) == len(drawn)
    for row in (0, -1):
        alike = [films.psnr(pictures[row], one) for one in drawn]
        assert alike[row] == max(alike) >= 30


def test_chromium_shows_the_colours_of_an_mp4_as_they_were_drawn(tmp_path: Path, browser: Chromium) -> None:
    colors = [
        tuple(round(255 * part) for part in to_rgb(color))
        for color in (*THEMES["liveplot"].palette, "#ffffff", "#000000")
    ]
    path = tmp_path / "film.mp4"
    films.encode(Mp4(), path, [np.full((64, 64, 3), color, np.uint8) for color in colors])
    times = [(number + 0.5) / 20 for number in range(len(colors))]
    # Without a graphics card Chromium takes 2 for the 2.112 by which BT.709 makes blue.
    for picture, color in zip(browser.mp4(path, times).pictures, colors, strict=True):
        assert (np.abs(picture.astype(int) - color).max(axis=(0, 1)) <= (4, 4, 12)).all(), color
    for picture, color in zip(films.ffmpeg_pictures(path, (64, 64)), colors, strict=True):
        assert np.abs(picture.astype(int) - color).max() <= 4, color


@pytest.mark.parametrize("dpi", [97, 100])
@pytest.mark.parametrize("size", [(16, 16), (17, 19), (408, 301), (641, 31), (820, 613)])
def test_a_film_is_as_large_as_matplotlib_draws_it(
    tmp_path: Path, browser: Chromium, size: tuple[int, int], dpi: int
) -> None:
    """Also where matplotlib's own films were a pixel larger than its pictures: matplotlib#32186."""
    look = Look(title="", size=size, dpi=dpi)
    width, height = look.pixels
    gif, mp4 = both(tmp_path, wave_matrix(2, 3), size="{}x{}".format(*size), dpi=dpi)
    with style.applied(), np.errstate(all="ignore"):
        scene = Scene([History(wave_matrix(2, 3))], charts.load("line")(), look)
        scene.draw(1)
        saved = io.BytesIO()
        scene.figure.savefig(saved, format="rgba", dpi="figure")
        drawn = np.frombuffer(saved.getvalue(), np.uint8).reshape(height, width, 4)[..., :3]
    shown = browser.gif(gif).pictures[-1]
    assert films.gifsicle(gif).size == (width, height)
    assert films.psnr(shown, drawn) > 45
    even = width + width % 2, height + height % 2
    assert tuple(browser.mp4(mp4, []).facts["size"]) == even
    light, wanted = (one.mean(axis=2) for one in (films.ffmpeg_pictures(mp4, even)[-1, :height, :width], drawn))
    assert films.psnr(light, wanted) > 24, "it is moved or scaled"


def test_keyframes_are_never_far_apart_however_long_a_row_holds(tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    liveplot_cli.render(wave_matrix(70, 3), path, hold=40, **TINY)
    command = ["ffprobe", "-v", "error", "-show_entries", "packet=flags", "-of", "csv=p=0", str(path)]
    packets = films.run(*command).split()
    keys = [number for number, flags in enumerate(packets) if flags.startswith("K")]
    assert len(packets) == 870
    assert keys[0] == 0
    assert max(np.diff([*keys, len(packets)])) <= 250


def test_a_film_tells_nothing_of_who_made_it_or_where(place: Place) -> None:
    np.save(place.folder / "secret_history.npy", wave_matrix(5, 3))
    names = {"USER": "charlotte", "LOGNAME": "charlotte", "HOSTNAME": "charlottes-desk"}
    outputs = ("a.gif", "a.mp4", "a.webp")
    named = [word for name in outputs for word in ("-o", name)]
    run_cli(place, "render", "secret_history.npy", *named, *SMALL, environment=names)
    # A page is called what its pictures show above the chart.
    run_cli(place, "render", "secret_history.npy", "-o", "a.html", "-t", "", *SMALL, environment=names)
    for name in (*outputs, "a.html"):
        content = (place.folder / name).read_bytes().lower()
        told = ["charlotte", "secret", "liveplot", "matplotlib", "x264", "lavf", str(place.root)]
        assert [word for word in told if word.lower().encode() in content] == []
