from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from matplotlib.collections import PolyCollection
from matplotlib.colors import to_rgba

from conftest import Run, histories
from liveplot_cli import charts
from liveplot_cli.drawing import style
from liveplot_cli.history import History
from liveplot_cli.look import Look
from liveplot_cli.scene import Scene
from test_scene import redrawn

pytestmark = pytest.mark.usefixtures("themed")

NAN = float("nan")
NORMAL = np.random.default_rng(5).normal(size=(100, 200))


def scene(*shown: History, look: Look | None = None, **options: object) -> Scene:
    return Scene(shown, charts.load("ridge")(**options), look or Look())


def ridges(scene: Scene, axes: int = 0) -> list[np.ndarray]:
    """The ridges as polygons, the oldest first."""
    (collection,) = scene.figure.axes[axes].collections
    assert isinstance(collection, PolyCollection)
    return [path.vertices[:-1] for path in collection.get_paths()]


def place(ridge: np.ndarray) -> float:
    return float(ridge[0, 1])


def peak(ridge: np.ndarray) -> float:
    """Where a ridge is highest, on an axis that goes down."""
    return float(ridge[ridge[:, 1].argmin(), 0])


@pytest.mark.parametrize(
    "look", [Look(logx=True), Look(xlim="robust"), Look(xlim="follow"), Look(xlim=(-1, 1))], ids=str
)
@pytest.mark.parametrize("history", ["plain", "gaps", "dates"])
def test_a_frame_equals_the_full_redraw_to_the_last_pixel(history: str, look: Look) -> None:
    shown = scene(histories()[history], look=look)
    for position in (0, 3.5, 11):
        assert np.array_equal(shown.pixels(position).copy(), redrawn(shown))


def test_rows_leave_ridges_behind_and_the_latest_lies_in_front() -> None:
    shown = scene(History(NORMAL), ridges=10)
    for row in (0, 5, 37, 99, 12):
        shown.update(row)
        assert [place(ridge) for ridge in ridges(shown)] == [*range(1, row + 1, 10), row + 1]
    (collection,) = shown.figure.axes[0].collections
    assert tuple(collection.get_facecolor()[-1]) == to_rgba(style.palette()[0])
    assert tuple(collection.get_edgecolor()[-1]) == to_rgba(style.ink())
    assert (collection.get_facecolor()[:-1].mean(axis=1) > collection.get_facecolor()[-1].mean()).all()


def test_every_row_of_few_leaves_a_ridge() -> None:
    shown = scene(History(NORMAL[:7]))
    shown.update(6)
    assert [place(ridge) for ridge in ridges(shown)] == [1, 2, 3, 4, 5, 6, 7]


def test_a_ridge_is_high_where_the_values_are_many() -> None:
    shown = scene(History(NORMAL[:5] * 0.1 + np.arange(5)[:, None]))
    shown.update(4)
    assert np.allclose([peak(ridge) for ridge in ridges(shown)], range(5), atol=0.15)


def test_ridges_of_as_many_values_are_equally_large() -> None:
    # twice as wide is half as high
    shown = scene(History([NORMAL[0], NORMAL[0] * 2, NORMAL[0] * 0.7]))
    shown.update(2)
    areas = [np.trapezoid(place(ridge) - ridge[:, 1], ridge[:, 0]) for ridge in ridges(shown)]
    assert np.allclose(areas, areas[0], rtol=0.02)


def test_all_ridges_lie_within_the_picture_and_one_far_higher_than_most_is_cut() -> None:
    values = np.vstack([np.zeros(200), NORMAL[:20]])
    shown = scene(History(values))
    shown.draw(20)
    bottom, top = shown.figure.axes[0].get_ylim()
    found = np.concatenate(ridges(shown))
    assert top < found[:, 1].min() < found[:, 1].max() < bottom
    usual = np.median([place(ridge) - ridge[:, 1].min() for ridge in ridges(shown)[1:]])
    assert usual > 0.05 * (bottom - top)


def test_tails_are_not_cut_off() -> None:
    shown = scene(History(np.random.default_rng(0).normal(size=(9, 5))))
    low, high = shown.figure.axes[0].get_xlim()
    for row in range(9):
        shown.update(row)
        ridge = ridges(shown)[-1]
        height = place(ridge) - ridge[:, 1]
        seen = ridge[height > 0.05 * height.max(), 0]
        assert low < seen.min() < seen.max() < high


def test_between_two_rows_the_front_is_on_its_way() -> None:
    shown = scene(History(NORMAL[:5]))
    shown.update(1.5)
    front = ridges(shown)[-1]
    assert place(front) == 2.5
    shown.update(1)
    before = ridges(shown)[-1]
    shown.update(2)
    after = ridges(shown)[-1]
    assert np.allclose(front, (before + after) / 2)


def test_a_row_of_gaps_is_flat() -> None:
    shown = scene(History([[1.0, 2, 3], [NAN, NAN, NAN], [1, 2, 4]]))
    shown.draw(1)
    assert np.ptp(ridges(shown)[-1][:, 1]) == 0


def test_the_room_above_the_first_row_has_no_labels() -> None:
    shown = scene(History(NORMAL))
    shown.draw(3)
    ticks = shown.figure.axes[0].get_yticks()
    assert len(ticks) > 3
    assert ticks.min() >= 1


def test_labels_stand_where_there_are_rows_from_above() -> None:
    dates = np.array(["2024-01-01", "2024-02-01", "2024-03-01", "2024-04-01"], dtype="datetime64[us]")
    for index, some in ((dates, "Feb"), (np.array(["a", "b", "c", "d"]), "b"), (np.array([10, 20, 30, 40]), "20")):
        shown = scene(History(NORMAL[:4], index=index, index_name="when"))
        shown.draw(3)
        axes = shown.figure.axes[0]
        labels = axes.get_yticklabels()
        assert some in {label.get_text() for label in labels}
        assert axes.get_ylabel() == "when"
        heights = [label.get_window_extent().y0 for label in labels]
        assert heights == sorted(heights, reverse=True)


@pytest.mark.parametrize(
    "labels",
    [
        [3, 1, 4, 2], [1, 2, NAN, 3], [1, 1, 2, 3], [1e17, 1e17 + 16, 1e17 + 32, 1e17 + 48], [-1e308, 0, 1, 1e308],
        [0, 1e-310, 2e-310, 3e-310],
    ],
    ids=str,
)  # fmt: skip
def test_labels_that_do_not_rise_in_sight_give_way_to_row_numbers(labels: list[float]) -> None:
    shown = scene(History(NORMAL[:4], index=np.array(labels), index_name="lap"))
    shown.draw(3)
    assert [place(ridge) for ridge in ridges(shown)] == [1, 2, 3, 4]
    assert shown.figure.axes[0].get_ylabel() == "row"


def test_labels_that_are_much_alike_are_written_out() -> None:
    shown = scene(History(NORMAL[:4], index=1e6 + np.arange(4) / 1000, index_name="time"))
    shown.draw(3)
    labels = [label.get_text() for label in shown.figure.axes[0].get_yticklabels()]
    assert {"1,000,000.0000", "1,000,000.0025"} <= set(labels)


def test_one_row_has_its_label() -> None:
    shown = scene(History(NORMAL[:1], index=np.array([1e305])))
    shown.draw(0)
    assert [label.get_text() for label in shown.figure.axes[0].get_yticklabels()] == ["1e+305"]


def test_several_stand_beside_one_another_over_the_same_values_and_the_shorter_one_waits() -> None:
    shown = scene(History(NORMAL[:9], name="one"), History(NORMAL[:4] + 3, name="two"))
    one, two = shown.figure.axes
    assert one.get_xlim() == two.get_xlim()
    shown.update(8)
    assert place(ridges(shown, 1)[-1]) == 4


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--ridges", "1"), "'1' is not a whole number of ridges from 2 to 200"),
        (("--ridges", "many"), "'many' is not"),
        (("--ylim", "0,1"), "the vertical axis of a ridge has no numbers, and takes no ylim"),
        (("--logy",), "has places for rows, and takes no logy"),
        (("--bins", "5"), "belongs to hist"),
    ],
    ids=str,
)
def test_what_cannot_be_is_one_sentence(liveplot: Run, waves: Path, options: tuple[str, ...], sentence: str) -> None:
    assert sentence in liveplot("render", str(waves), "-k", "ridge", "-o", "a.gif", *options, code=2).stderr
