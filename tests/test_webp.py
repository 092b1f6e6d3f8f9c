from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import films
import liveplot_cli
from chromium import Chromium
from conftest import EXAMPLES, wave_matrix
from liveplot_cli import charts, timing
from liveplot_cli.drawing import style
from liveplot_cli.encoders.webp import Webp
from liveplot_cli.errors import OutputError, UsageError
from liveplot_cli.formats import webp_chunks
from liveplot_cli.history import History
from liveplot_cli.look import Look
from liveplot_cli.scene import Scene

SMALL = {"size": "400x300", "dpi": 40}
TINY = {"size": "160x120", "dpi": 20, "title": "", "jobs": 1}
COLORS = (0, 0, 0), (255, 255, 255), (31, 119, 180)
FORMS = {"line": "digits_weights.npy", "trace": "el_nino.csv", "race": "digits_training.csv"}


def drawn(history: History, kind: str, look: Look) -> np.ndarray:
    """Every row's picture, before any encoder: shape (rows, height, width, 4)."""
    with style.applied(look):
        scene = Scene([history], charts.load(kind)(), look)
        return np.stack([scene.pixels(row).copy() for row in range(len(history))])


@pytest.mark.parametrize("transparent", [False, True])
@pytest.mark.parametrize("kind", FORMS)
def test_every_decoder_sees_the_very_pixels_drawn(
    tmp_path: Path, browser: Chromium, kind: str, transparent: bool
) -> None:
    history = liveplot_cli.read(EXAMPLES / FORMS[kind])
    look = Look(size=(534, 400), dpi=60, transparent=transparent)
    path = tmp_path / "film.webp"
    given = {"size": look.size, "dpi": look.dpi, "transparent": transparent, "ease": "step"}
    liveplot_cli.render(history, path, kind=kind, **given)
    pixels = drawn(history, kind, look)
    assert np.array_equal(films.webp(path).pixels, pixels)
    # A canvas keeps colours multiplied by their alpha, and can't give them back to the last level.
    seen = browser.webp(path).pixels
    whole = pixels[..., 3] == 255
    assert np.array_equal(seen[..., 3], pixels[..., 3])
    assert np.array_equal(seen[whole], pixels[whole])


@pytest.mark.parametrize("fps", ["1", "7.5", "24", "29.97", "30", "60", "90"])
def test_the_film_lasts_as_long_as_asked_to_half_a_millisecond(tmp_path: Path, browser: Chromium, fps: str) -> None:
    path = tmp_path / "film.webp"
    liveplot_cli.render(wave_matrix(61, 3), path, fps=fps, **TINY)
    found = films.webp(path).milliseconds
    assert len(found) == 61
    assert abs(sum(found) - 61000 / Fraction(fps)) <= Fraction(1, 2)
    assert max(found) - min(found) <= 1
    assert browser.webp(path, [0]).facts["durations"] == [1000 * milliseconds for milliseconds in found]


def test_above_ninety_frames_a_second_frames_are_left_out_and_the_time_and_the_last_row_are_kept(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    history = History(wave_matrix(60, 8))
    liveplot_cli.render(history, tmp_path / "film.webp", fps=120, **SMALL)
    found = films.webp(tmp_path / "film.webp")
    assert sum(found.milliseconds) == 500
    assert min(found.milliseconds) >= 11
    assert "90 frames a second" in caplog.text
    assert np.array_equal(found.pixels[-1], drawn(history, "line", Look(size=(400, 300), dpi=40))[-1])


def test_a_frame_longer_than_the_format_can_say_is_kept(tmp_path: Path, browser: Chromium) -> None:
    path = tmp_path / "film.webp"
    (written,) = liveplot_cli.render(wave_matrix(2, 3), path, hold=40_000, **TINY)
    assert written.seconds == Fraction("40000.1")
    found = films.webp(path)
    assert sum(found.milliseconds) == 40_000_100
    assert written.frames == len(found.milliseconds) == 4
    assert np.array_equal(found.pixels[1], found.pixels[3])
    assert browser.webp(path, [0]).facts["frames"] == 4


def test_equal_rows_keep_their_frames_and_take_next_to_nothing(tmp_path: Path) -> None:
    sizes = []
    for rows in (10, 510):
        (written,) = liveplot_cli.render(np.ones((rows, 3)), tmp_path / "film.webp", kind="line", **TINY)
        assert written.frames == len(films.webp(tmp_path / "film.webp").milliseconds) == rows
        sizes.append(written.bytes)
    assert sizes[1] - sizes[0] < 500 * 64


@pytest.mark.parametrize(
    ("loop", "said", "repetitions"),
    [("forever", 0, "Infinity"), ("once", 1, "0"), ("2", 2, "1"), ("65535", 65535, "65534")],
)
def test_it_plays_as_often_as_asked(tmp_path: Path, browser: Chromium, loop: str, said: int, repetitions: str) -> None:
    path = tmp_path / "film.webp"
    liveplot_cli.render(wave_matrix(3, 4), path, loop=loop, **TINY)
    assert films.webp(path).plays == said
    assert browser.webp(path, [0]).facts["repetitions"] == repetitions


def test_more_plays_than_the_format_can_say_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="at most 65535"):
        liveplot_cli.render(wave_matrix(3, 4), tmp_path / "film.webp", loop=65536, **TINY)
    assert list(tmp_path.iterdir()) == []


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_any_pictures_come_back_whatever_changes_between_them(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """Segments of any length, encoded in any order, and rectangles that begin at odd places."""
    height, width = data.draw(st.integers(1, 9)), data.draw(st.integers(1, 9))
    picture = np.zeros((height, width, 3), np.uint8)
    pictures = []
    for _ in range(data.draw(st.integers(1, 12))):
        picture = picture.copy()
        for _ in range(data.draw(st.integers(0, 3))):
            top, left = data.draw(st.integers(0, height - 1)), data.draw(st.integers(0, width - 1))
            below, beyond = top + data.draw(st.integers(1, 5)), left + data.draw(st.integers(1, 5))
            picture[top:below, left:beyond] = data.draw(st.sampled_from(COLORS))  # few: what was there comes back
        pictures.append(picture)
    path = tmp_path_factory.mktemp("films") / "film.webp"
    films.encode(Webp(), path, pictures, segment=data.draw(st.integers(1, 12)), shuffled=data.draw(st.booleans()))
    found = films.webp(path)
    assert np.array_equal(found.pixels[..., :3], np.stack(pictures))
    assert found.milliseconds == [50] * len(pictures)


@given(st.lists(st.fractions(Fraction(1, 2000), 3, max_denominator=3000), min_size=1, max_size=60))
def test_delays_add_up_and_none_is_too_short_for_a_browser(durations: list[Fraction]) -> None:
    delays = timing.delays(durations, Fraction(1000), 11)
    assert all(delay == 0 or delay >= 11 for delay in delays)
    assert delays[-1] > 0
    assert sum(delays) == max(11, (2000 * sum(durations) + 1) // 2)


def test_a_film_larger_than_the_format_can_say_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webp_chunks, "LARGEST", 3000)
    with pytest.raises(OutputError, match="4 GiB"):
        liveplot_cli.render(wave_matrix(30, 9), tmp_path / "film.webp", **TINY)
    assert list(tmp_path.iterdir()) == []


def test_a_pillow_without_webp_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from PIL import features

    monkeypatch.setattr(features, "check", lambda feature: feature != "webp")
    with pytest.raises(liveplot_cli.errors.MissingError, match="pip install"):
        liveplot_cli.render(wave_matrix(3, 9), tmp_path / "film.webp", **TINY)
    liveplot_cli.render(wave_matrix(3, 9), tmp_path / "film.gif", **TINY)


def test_an_animation_is_saved_too(tmp_path: Path) -> None:
    animation = liveplot_cli.animation(History(wave_matrix(12, 5)), kind="line")
    (written,) = liveplot_cli.save(animation, tmp_path / "film.webp", fps=10, loop="once")
    found = films.webp(tmp_path / "film.webp")
    assert (written.frames, found.milliseconds, found.plays) == (12, [100] * 12, 1)
