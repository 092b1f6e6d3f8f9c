from __future__ import annotations

import numpy as np
import pytest
from matplotlib.collections import LineCollection
from matplotlib.lines import Line2D

from conftest import histories
from liveplot_cli import charts
from liveplot_cli.history import History
from liveplot_cli.look import Look
from liveplot_cli.scene import Scene
from test_scene import redrawn

pytestmark = pytest.mark.usefixtures("themed")

NAN = float("nan")


def scene(*shown: History, look: Look | None = None) -> Scene:
    return Scene(shown, charts.load("stem")(), look or Look())


def drawn(scene: Scene) -> list[tuple[np.ndarray, np.ndarray]]:
    """The stems, shape (stems, 2, 2), and the heads, shape (heads, 2), of each history."""
    axes = scene.figure.axes[0]
    heads = [line for line in axes.get_lines() if isinstance(line, Line2D) and line.get_marker() == "o"]
    stems = [found for found in axes.collections if isinstance(found, LineCollection)]
    return [
        (np.array(one.get_segments()).reshape(-1, 2, 2), two.get_xydata())
        for one, two in zip(stems, heads, strict=True)
    ]


@pytest.mark.parametrize("look", [Look(logy=True), Look(logx=True), Look(ylim="follow"), Look(ylim="robust")], ids=str)
@pytest.mark.parametrize("count", [1, 2])
def test_a_frame_equals_the_full_redraw_to_the_last_pixel(count: int, look: Look) -> None:
    shown = scene(*[histories()["plain"], History(np.eye(7))][:count], look=look)
    for position in (0, 3.5, 11):
        assert np.array_equal(shown.pixels(position).copy(), redrawn(shown))


def test_heads_stand_on_stems_from_zero() -> None:
    values = np.array([[1.0, -2, 3], [4, 5, -6]])
    shown = scene(History(values))
    for row in (0, 1, 0):
        shown.update(row)
        ((stems, heads),) = drawn(shown)
        assert np.array_equal(heads, np.column_stack([range(3), values[row]]))
        assert np.array_equal(stems[:, 1], heads)
        assert not stems[:, 0, 1].any()


def test_a_gap_has_neither_stem_nor_head() -> None:
    shown = scene(History([[1, NAN, 3], [NAN, NAN, NAN]]))
    shown.draw(0)
    ((stems, heads),) = drawn(shown)
    assert stems[:, 1, 0].tolist() == heads[:, 0].tolist() == [0, 2]
    shown.draw(1)
    ((stems, heads),) = drawn(shown)
    assert not len(stems)
    assert not len(heads)


def test_zero_is_in_sight_with_room_for_the_heads() -> None:
    low, high = scene(History([[7, 8], [0, 9]])).figure.axes[0].get_ylim()
    assert low < 0
    assert high > 9
    followed = scene(History(np.full((30, 2), 7.0)), look=Look(ylim="follow")).figure.axes[0].get_ylim()
    assert followed[0] < 0


def test_several_stand_beside_one_another_with_markers_in_the_legend() -> None:
    shown = scene(History(np.ones((2, 4)), name="one"), History(np.ones((2, 4)) * 2, name="two"))
    shown.update(0)
    (_, one), (_, two) = drawn(shown)
    assert (two[:, 0] - one[:, 0] > 0.1).all()
    assert np.allclose((one[:, 0] + two[:, 0]) / 2, range(4))
    (legend,) = shown.figure.legends
    assert [handle.get_marker() for handle in legend.legend_handles] == ["o", "o"]


def test_a_great_many_columns_are_no_more_than_the_picture_can_show() -> None:
    values = np.random.default_rng(0).normal(size=(2, 200_000))
    shown = scene(History(values))
    shown.draw(1)
    ((stems, heads),) = drawn(shown)
    assert len(stems) < 4 * 640
    assert (heads[:, 1].min(), heads[:, 1].max()) == (values[1].min(), values[1].max())


def test_stems_reach_the_foot_of_a_logarithmic_axis() -> None:
    shown = scene(History([[1.0, 1000]]), look=Look(logy=True, ylim=(1e-9, None)))
    shown.update(0)
    ((stems, _),) = drawn(shown)
    assert (stems[:, 0, 1] < 1e-9).all()
