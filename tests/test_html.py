from __future__ import annotations

import re
import subprocess
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

import liveplot_cli
from chromium import Chromium
from conftest import EXAMPLES, Run, wave_matrix
from liveplot_cli import charts
from liveplot_cli.drawing import style
from liveplot_cli.errors import UsageError
from liveplot_cli.formats import film_page
from liveplot_cli.history import History
from liveplot_cli.look import Look
from liveplot_cli.scene import Scene

TINY = {"size": "160x120", "dpi": 20, "jobs": 1}
NASTY = """</title></canvas></script><script>document.title=1</script><img src=x onerror=x()>" onload='x' &amp; $&"""


def film(folder: Path, history: object = None, **options: object) -> Path:
    path = folder / "film.html"
    liveplot_cli.render(wave_matrix(40, 5) if history is None else history, path, kind="line", **{**TINY, **options})
    return path


@pytest.mark.parametrize("kind", ["line", "trace"])
def test_any_frame_that_is_sought_shows_the_very_pixels_drawn(tmp_path: Path, browser: Chromium, kind: str) -> None:
    history = liveplot_cli.read(EXAMPLES / "digits_weights.npy", columns="1,2,3" if kind == "trace" else None)
    path = tmp_path / "film.html"
    liveplot_cli.render(history, path, kind=kind, size="534x400", dpi=60)
    with style.applied():
        scene = Scene([history], charts.load(kind)(), Look(size=(534, 400), dpi=60))
        drawn = [scene.pixels(row)[..., :3].copy() for row in range(len(history))]
    last = len(history) - 1
    wanted = [0, last, 31, 32, 33, 7, 40, 39, last - 1, 64, 1]
    seen = browser.page(path, wanted)
    assert (seen.facts["last"], seen.facts["size"]) == (last, [320, 240])
    for number, picture in zip(wanted, seen.pictures, strict=True):
        assert np.array_equal(picture, drawn[number]), number


def test_keys_go_by_one_frame_and_to_both_ends(tmp_path: Path, browser: Chromium) -> None:
    keys = ["End", "ArrowLeft", "Home", "ArrowRight", "ArrowRight", "ArrowLeft", "Home", "ArrowLeft"]
    path = film(tmp_path)
    by_keys, by_slider = browser.page(path, keys), browser.page(path, [39, 38, 0, 1, 2, 1, 0, 0])
    assert np.array_equal(by_keys.pixels, by_slider.pixels)
    assert by_keys.facts["where"] == "frame 1 of 40, 0.00 of 2.00 seconds"


def test_it_plays_by_itself_in_order_and_stops_at_its_end_where_that_is_asked(
    tmp_path: Path, browser: Chromium
) -> None:
    endless = browser.page(film(tmp_path, fps=5)).facts
    assert (endless["started"], endless["ended"]) == ("Pause", "Play")
    assert endless["played"] == sorted(endless["played"])
    assert len(endless["played"]) == 3
    once = browser.page(film(tmp_path, wave_matrix(3, 4), fps=10, loop="once"), ["End"]).facts
    assert once["shown"] == once["last"] == 2


def test_it_asks_for_nothing_and_fits_its_window_in_the_films_colours(tmp_path: Path, browser: Chromium) -> None:
    papers = {"liveplot": "rgb(255, 255, 255)", "dark": None}
    for (theme, paper), ink in zip(papers.items(), ("rgb(26, 26, 26)", "rgb(242, 242, 242)"), strict=True):
        facts = browser.page(film(tmp_path, wave_matrix(4, 5), theme=theme, size="1200x600", dpi=100)).facts
        assert facts["requests"] == []
        assert not facts["wide"]
        assert facts["colors"] == [paper or facts["colors"][0], ink]
    assert "://" not in film(tmp_path).read_text()


def test_words_are_words_and_never_markup(tmp_path: Path, browser: Chromium) -> None:
    history = History(wave_matrix(3, 5), name="<b>plain</b>")
    plain = browser.page(film(tmp_path, history)).facts
    assert plain["title"] == plain["label"] == "<b>plain</b>"
    nasty = browser.page(film(tmp_path, title=NASTY, size="900x200", dpi=60)).facts
    assert nasty["title"].startswith("</title></canvas></script><script>document.title=")
    assert nasty["label"] == nasty["title"]
    assert nasty["elements"] == plain["elements"] + 1  # a further group of frames


def test_a_page_that_was_given_another_script_does_not_run_it(tmp_path: Path, browser: Chromium) -> None:
    path = film(tmp_path, title="as it was")
    path.write_text(path.read_text().replace("</main>", "</main><script>document.title = 'in'</script>"))
    assert browser.page(path, [5]).facts["title"] == "as it was"


def test_it_plays_from_a_disk(tmp_path: Path) -> None:
    command = [
        "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--enable-logging=stderr",
        f"--user-data-dir={tmp_path}/profile", "--virtual-time-budget=20000",
        "--run-all-compositor-stages-before-draw", "--dump-dom", film(tmp_path).as_uri(),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert re.search(r'<canvas[^>]* data-frame="\d+"', done.stdout)
    assert "CONSOLE" not in done.stderr


@pytest.mark.parametrize("fps", ["7", "30", "29.97", "2000"])
def test_it_lasts_as_long_as_asked_to_half_a_millisecond(tmp_path: Path, browser: Chromium, fps: str) -> None:
    path = film(tmp_path, wave_matrix(61, 3), fps=fps)
    with path.open("rb") as file:
        facts = film_page.facts(file)
    assert abs(facts.milliseconds - 61000 / Fraction(fps)) <= Fraction(1, 2)
    seen = browser.page(path, ["End"]).facts
    assert seen["last"] == facts.frames - 1
    assert f"of {facts.milliseconds / 1000:.2f} seconds" in seen["where"]


def test_what_is_changed_anywhere_is_found(tmp_path: Path) -> None:
    path = film(tmp_path, wave_matrix(3, 4))
    content = path.read_bytes()
    for place in range(0, len(content), 101):
        path.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
        with path.open("rb") as file, pytest.raises(ValueError, match=r"."):
            film_page.facts(file)


def test_a_page_is_not_transparent(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="HTML knows no such pixels"):
        film(tmp_path, transparent=True)


def test_the_command_writes_a_page_whoever_draws_it(liveplot: Run, tmp_path: Path) -> None:
    np.save(tmp_path / "h.npy", wave_matrix(140, 5))
    small = ("--size", "160x120", "--dpi", "20")
    told = liveplot("render", "h.npy", "-o", "a.html", *small, "-j", "1").stderr
    assert "a.html: 140 frames, 7.00 s, " in told
    liveplot("render", "h.npy", "-o", "b.html", *small, "-j", "2")
    assert (tmp_path / "a.html").read_bytes() == (tmp_path / "b.html").read_bytes()


def test_an_animation_is_saved_too(tmp_path: Path, browser: Chromium) -> None:
    animation = liveplot_cli.animation(History(wave_matrix(40, 5)), kind="line")
    (written,) = liveplot_cli.save(animation, tmp_path / "film.html", fps=10)
    assert (written.frames, written.seconds) == (40, 4)
    assert browser.page(tmp_path / "film.html", [39]).facts["last"] == 39
