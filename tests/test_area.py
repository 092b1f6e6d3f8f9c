from __future__ import annotations

import logging

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.colors import to_rgba, to_rgba_array

from liveplot_cli import charts
from liveplot_cli.drawing import style
from liveplot_cli.errors import UsageError
from liveplot_cli.history import History
from liveplot_cli.look import Look
from liveplot_cli.scene import Scene

pytestmark = pytest.mark.usefixtures("themed")

NAN = float("nan")
PARTS = History([[1, 2, 3], [2, 2, 2], [4, 0, 1]], columns=["a", "b", "c"])


def scene(history: History, look: Look | None = None, **options: object) -> Scene:
    return Scene([history], charts.load("area")(**options), look or Look())


def spans(shown: Scene) -> list[tuple[float, float]]:
    """From where to where each part goes at the head, the lowest of each stack first."""
    heads = [one for one in shown.figure.axes[0].collections if isinstance(one, LineCollection)]
    return [
        (bottom, top)
        for stack in heads
        for (_, top), (_, bottom) in reversed([path.vertices.tolist() for path in stack.get_paths()])
    ]


def corners(shown: Scene) -> np.ndarray:
    """All corners of all areas, shape (corners, 2)."""
    areas = [one for one in shown.figure.axes[0].collections if isinstance(one, PolyCollection)]
    return np.concatenate([path.vertices for one in areas for path in one.get_paths()])


def test_each_column_lies_upon_the_one_before() -> None:
    shown = scene(PARTS)
    shown.update(0)
    assert spans(shown) == [(0, 1), (1, 3), (3, 6)]
    shown.update(1)
    assert spans(shown) == [(0, 2), (2, 4), (4, 6)]


def test_between_two_rows_the_edge_lies_between_them_and_is_vertical() -> None:
    shown = scene(PARTS)
    shown.update(0.5)
    assert spans(shown) == [(0, 1.5), (1.5, 3.5), (3.5, 6)]
    head = corners(shown)[:, 0].max()
    assert head == 1.5
    assert set(corners(shown)[corners(shown)[:, 0] == head, 1]) == {0, 1.5, 3.5, 6}


def test_areas_grow_to_the_right_from_zero() -> None:
    shown = scene(History([1.0, 2, 3], index=[10, 20, 30]))
    for row, place in enumerate((10, 20, 30)):
        shown.update(row)
        found = corners(shown)
        assert (found[:, 0].min(), found[:, 0].max(), found[:, 1].min(), found[:, 1].max()) == (10, place, 0, row + 1)


def test_what_is_below_zero_is_stacked_downwards() -> None:
    shown = scene(History([[1, -2, 3, -4]]))
    shown.update(0)
    assert spans(shown) == [(0, 1), (1, 4), (0, -2), (-2, -6)]
    low, high = shown.figure.axes[0].get_ylim()
    assert low < -6 < 4 < high


def test_limits_begin_at_zero_and_hold_the_whole_stack() -> None:
    low, high = scene(PARTS).figure.axes[0].get_ylim()
    assert low == 0
    assert 6 < high < 7


def test_shares_fill_the_axis_and_are_told_in_per_cent() -> None:
    shown = scene(History([[1, 1, 2], [0, 0, 0], [1, 3, 0]]), normalize=True)
    shown.draw(0)
    assert spans(shown) == [(0, 25), (25, 50), (50, 100)]
    assert shown.figure.axes[0].get_ylim() == (0, 100)
    assert "40%" in {label.get_text() for label in shown.figure.axes[0].get_yticklabels()}
    shown.update(1)
    assert spans(shown) == [(0, 0)] * 3


@settings(max_examples=30, deadline=None)
@given(st.lists(st.lists(st.floats(0, 1e200), min_size=4, max_size=4), min_size=1, max_size=5))
def test_shares_add_up_to_all_or_nothing(rows: list[list[float]]) -> None:
    with style.applied():
        shown = scene(History(rows), normalize=True)
        for row, values in enumerate(rows):
            shown.update(row)
            highest = max([top for _, top in spans(shown)], default=0)
            assert highest == pytest.approx(100 if any(values) else 0)


def test_a_gap_counts_as_zero_and_is_told(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    shown = scene(History([[1, NAN, 2]], name="parts"))
    shown.update(0)
    assert spans(shown) == [(0, 1), (1, 3)]
    assert [record.getMessage() for record in caplog.records] == ["parts: gaps count as zero in a stack"]


def test_nothing_to_stack_is_drawn_as_nothing() -> None:
    shown = scene(History(np.zeros((2, 3))))
    shown.draw(1)
    assert spans(shown) == []


def test_a_logarithmic_axis_is_refused_and_a_logarithmic_index_is_not() -> None:
    with pytest.raises(UsageError, match="leave logy out"):
        scene(PARTS, Look(logy=True))
    shown = scene(History(np.ones((4, 2)), index=np.arange(4)), Look(logx=True))
    shown.draw(0)
    assert spans(shown) != []
    shown.draw(3)
    assert np.unique(corners(shown)[:, 0]).tolist() == [1, 2, 3]


def test_the_legend_names_the_parts_as_they_lie_in_their_colours() -> None:
    shown = scene(PARTS)
    shown.draw(0)
    (legend,) = shown.figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["c", "b", "a"]
    colors = [tuple(handle.get_facecolor()) for handle in legend.legend_handles]
    assert colors == [to_rgba(color) for color in style.palette()[2::-1]]


def test_of_many_parts_the_legend_names_the_lowest() -> None:
    shown = scene(History(np.ones((1, 40)), columns=[f"p{number}" for number in range(40)]))
    (legend,) = shown.figure.legends
    more, *names = [text.get_text() for text in legend.get_texts()]
    assert names == [f"p{number}" for number in range(len(names))][::-1]
    assert len(names) > 16
    assert more == f"+{40 - len(names)} more"


def test_colours_come_again_lighter() -> None:
    count = len(style.palette())
    once, twice, thrice = style.colors(3 * count).reshape(3, count, 4)
    assert np.array_equal(once, to_rgba_array(style.palette()))
    assert (once[:, :3].mean(axis=1) < twice[:, :3].mean(axis=1)).all()
    assert (twice[:, :3].mean(axis=1) < thrice[:, :3].mean(axis=1)).all()


def test_no_paper_shines_through_where_two_areas_meet() -> None:
    slope = np.arange(60.0)
    shown = scene(History(np.column_stack([slope + 20, slope + 20])), Look(title="", legend="none"))
    picture = shown.pixels(59)[..., :3].astype(int)
    one, two = (np.array(to_rgba(color)[:3]) * 255 for color in style.palette()[:2])
    seam = False
    for column in range(200, 500, 7):
        pixels = picture[:, column]
        is_one, is_two = ((np.abs(pixels - color) < 2).all(axis=1) for color in (one, two))
        between = pixels[np.flatnonzero(is_two)[-1] + 1 : np.flatnonzero(is_one)[0]]
        seam |= bool((between > np.maximum(one, two) + 2).any())
    assert not seam


def test_a_window_keeps_the_last_rows_in_view() -> None:
    shown = scene(History(np.arange(1.0, 101)), window=10)
    shown.update(99)
    left, right = shown.figure.axes[0].get_xlim()
    assert (90 < left < 91, 100 < right < 101) == (True, True)


def test_several_histories_lie_beside_one_another() -> None:
    histories = [History(PARTS.values, columns=list("abc"), name=name) for name in ("one", "two")]
    shown = Scene(histories, charts.load("area")(), Look())
    shown.draw(2)
    assert len(shown.figure.axes) == 2
    with pytest.raises(UsageError, match="layout grid"):
        Scene(histories, charts.load("area")(), Look(layout="overlay"))


def test_a_hundred_thousand_rows_are_as_few_corners_as_the_picture_has_pixels() -> None:
    values = np.abs(np.random.default_rng(0).normal(size=(100_000, 3)))
    shown = scene(History(values))
    shown.draw(99_999)
    assert len(corners(shown)) < 3 * 2 * 4 * 650
    assert corners(shown)[:, 1].max() == values.sum(axis=1).max()
