"""Scenes of histories that grow: renewed, they are what matplotlib would draw in full, and hardly cost a background."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from liveplot_cli import charts
from liveplot_cli.charts.heatmap import Heatmap
from liveplot_cli.charts.trace import Trace
from liveplot_cli.drawing import style
from liveplot_cli.errors import UsageError
from liveplot_cli.history import History
from liveplot_cli.look import Look, Mark
from liveplot_cli.scene import Scene

KINDS = charts.names()
LOOK = Look(size=(320, 240))
VALUES = np.abs(np.random.default_rng(7).normal(size=(60, 8)).cumsum(axis=0)) + 0.1


def chart_of(kind: str) -> Any:
    return Heatmap(shape=(2, 4)) if kind == "heatmap" else charts.load(kind)()


def history(rows: int, values: np.ndarray = VALUES, **facts: Any) -> History:
    return History(values[:rows], name="growing", **facts)


def in_full(scene: Scene, position: float) -> np.ndarray:
    """What matplotlib draws of a scene when nothing is kept."""
    artists = scene.update(position)
    for artist in artists:
        artist.set_animated(False)
    canvas: Any = scene.figure.canvas
    canvas.draw()
    pixels = np.array(canvas.buffer_rgba())
    for artist in artists:
        artist.set_animated(True)
    return pixels


@pytest.mark.parametrize("kind", KINDS)
def test_a_renewed_scene_is_drawn_as_in_full(kind: str) -> None:
    with style.applied(LOOK):
        scene = Scene([history(2)], chart_of(kind), LOOK, growing=True)
        for rows in (3, 4, 9, 10, 11, 60):
            scene.renew([history(rows)])
            pixels = scene.pixels(rows - 1).copy()
            assert np.array_equal(pixels, in_full(scene, rows - 1)), f"{rows} rows"
            scene.renew([history(rows)])
            scene.pixels(0)
            assert np.array_equal(scene.pixels(rows - 1), pixels), "back and forth"


@pytest.mark.parametrize("kind", ["line", "trace", "bar"])
def test_within_fixed_limits_it_is_the_scene_of_all_its_rows(kind: str) -> None:
    limits: dict[str, Any] = {"ylim": (0.0, 9.0)} | ({"xlim": (0.0, 70.0)} if kind == "trace" else {})
    look = Look(size=(320, 240), **limits)
    with style.applied(look):
        grown, whole = (Scene([history(rows)], chart_of(kind), look, growing=True) for rows in (5, 50))
        for rows in range(6, 51):
            grown.renew([history(rows)])
        assert np.array_equal(grown.pixels(49), whole.pixels(49))


def test_rows_along_an_axis_have_their_labels() -> None:
    with style.applied(LOOK):
        scene = Scene([history(2)], chart_of("ridge"), LOOK, growing=True)
        for rows in range(3, 14):
            scene.renew([history(rows)])
        [axes] = scene.figure.axes
        labels = [label.get_text() for label in axes.get_yticklabels()]
    assert max(map(int, labels)) >= 10
    assert labels == [f"{tick:g}" for tick in axes.get_yticks()]


def backgrounds(scene: Scene, counts: range, make: Callable[[int], History]) -> int:
    """How many backgrounds it took to show a history as it grows."""
    drawn = 0
    for rows in counts:
        scene.renew([make(rows)])
        drawn += scene.figure.stale
        scene.draw(rows - 1)
    return drawn


@pytest.mark.parametrize("kind", ["line", "trace", "area", "band", "bar", "hist"])
def test_most_rows_cost_no_background(kind: str) -> None:
    values = np.random.default_rng(3).uniform(1, 2, size=(400, 4))
    with style.applied(LOOK):
        scene = Scene([history(50, values)], chart_of(kind), LOOK, growing=True)
        assert backgrounds(scene, range(51, 201), lambda rows: history(rows, values)) <= 20


def test_limits_around_one_row_do_not_hold() -> None:
    index = 1.7e9 + np.arange(20) * 5
    with style.applied(LOOK):
        scene = Scene(
            [History([[1.0]], index=index[:1], index_name="time", name="growing")], Trace(), LOOK, growing=True
        )
        [axes] = scene.figure.axes
        for rows in range(2, 20):
            scene.renew([History(VALUES[:rows, :1], index=index[:rows], index_name="time", name="growing")])
            low, high = axes.get_xlim()
            assert high - low < 3 * (index[rows - 1] - index[0])
            assert low <= index[0] < index[rows - 1] <= high


@pytest.mark.parametrize("kind", ["line", "bar"])
def test_what_does_not_grow_has_no_room_to(kind: str) -> None:
    with style.applied(LOOK):
        growing, whole = (Scene([history(9)], chart_of(kind), LOOK, growing=grows) for grows in (True, False))
        assert growing.figure.axes[0].get_xlim() == whole.figure.axes[0].get_xlim()


def test_limits_follow_what_leaves_them_and_have_room_for_more() -> None:
    values = np.ones((100, 1))
    values[50:] = 1000
    with style.applied(LOOK):
        scene = Scene([history(50, values)], Trace(), LOOK, growing=True)
        [axes] = scene.figure.axes
        scene.update(49)
        before = axes.get_ylim()
        scene.renew([history(51, values)])
        scene.update(50)
        assert axes.get_ylim()[1] >= 1000 > before[1]
        assert axes.get_xlim()[1] > 51 + 5
        scene.update(0)
        assert axes.get_ylim()[1] >= 1000, "back in time they stay"


@pytest.mark.parametrize(
    ("after", "of"),
    [
        ({"columns": ("a", "b", "c")}, 3),
        ({"index": np.arange("2024-01-01", "2024-01-11", dtype="M8[D]"), "index_name": "date"}, 2),
        ({"index": np.array(list("abcdefghij")), "index_name": "word"}, 2),
    ],
    ids=["columns", "dates", "words"],
)
def test_other_columns_and_labels_are_another_picture(after: dict[str, Any], of: int) -> None:
    with style.applied(LOOK):
        scene = Scene([history(9, VALUES[:, :2], columns=("a", "b"))], Trace(), LOOK, growing=True)
        scene.draw(8)
        later = History(VALUES[:10, :of], name="growing", **({"columns": ("a", "b")} | after))
        scene.renew([later])
        fresh = Scene([later], Trace(), LOOK, growing=True)
        assert np.array_equal(scene.pixels(9), fresh.pixels(9))


def test_a_mark_comes_with_its_row_and_no_other_scene_takes_it() -> None:
    look = Look(size=(320, 240), mark=(Mark("20", "the rate drops"),))
    with style.applied(look):
        with pytest.raises(UsageError, match="no row '20'"):
            Scene([history(10)], Trace(), look)
        scene = Scene([history(10)], Trace(), look, growing=True)
        before = scene.pixels(9).copy()
        scene.renew([history(30)])
        marked = scene.pixels(29).copy()
        plain = Scene([history(30)], Trace(), LOOK, growing=True)
    assert np.array_equal(before[-40:, :100], scene.pixels(9)[-40:, :100])
    assert not np.array_equal(marked, plain.pixels(29))


def test_a_count_of_all_rows_in_the_title_goes_on() -> None:
    look = Look(size=(320, 240), title="{row} of {rows}")
    with style.applied(look):
        scene = Scene([history(9)], Trace(), look, growing=True)
        scene.renew([history(12)])
        scene.draw(11)
        assert scene.title == "12 of 12"
        assert np.array_equal(scene.pixels(11), in_full(scene, 11))


def test_what_charts_say_of_their_data_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    values = VALUES.copy()
    values[3:, 0] = -1
    look = Look(size=(320, 240), logy=True)
    with style.applied(look), caplog.at_level("INFO", "liveplot_cli"):
        scene = Scene([history(20, values)], Trace(), look, growing=True)
        said = len(caplog.records)
        for rows in range(21, 30):
            scene.renew([history(rows, values)])
            scene.draw(rows - 1)
    assert 0 < said == len(caplog.records)
