from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.patches import PathPatch

from conftest import Run, histories
from liveplot_cli import charts
from liveplot_cli.errors import UsageError
from liveplot_cli.history import History
from liveplot_cli.look import Look
from liveplot_cli.scene import Scene
from test_scene import redrawn

pytestmark = pytest.mark.usefixtures("themed")

NAN = float("nan")
MONTHS = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October"]


def scene(*shown: History, look: Look | None = None, **options: object) -> Scene:
    return Scene(shown, charts.load("bar")(**options), look or Look())


def patches(scene: Scene) -> list[PathPatch]:
    return [patch for patch in scene.figure.axes[0].get_children() if isinstance(patch, PathPatch)]


def boxes(patch: PathPatch) -> np.ndarray:
    """Left, bottom, right and top of each bar, shape (bars, 4)."""
    corners = np.asarray(patch.get_path().vertices).reshape(-1, 5, 2)
    return np.column_stack([corners.min(axis=1), corners.max(axis=1)])


def names(scene: Scene, axis: str = "x") -> list[str]:
    """The names on an axis, as they are drawn."""
    scene.draw(0)
    labels = getattr(scene.figure.axes[0], f"get_{axis}ticklabels")()
    return [label.get_text() for label in labels if label.get_text()]


@pytest.mark.parametrize(
    ("count", "log", "look"),
    [
        (1, True, Look(size=(300, 200))),
        (1, False, Look(ylim=(1, None), xlim=(None, 0.5))),
        (2, False, Look()),
        (2, True, Look(title="")),
    ],
    ids=["logarithmic", "cut", "two", "two logarithmic"],
)
@pytest.mark.parametrize("horizontal", [False, True], ids=["standing", "lying"])
@pytest.mark.parametrize("history", ["plain", "gaps", "hostile names"])
def test_a_frame_equals_the_full_redraw_to_the_last_pixel(
    history: str, count: int, log: bool, horizontal: bool, look: Look
) -> None:
    look = replace(look, logx=log and horizontal, logy=log and not horizontal)
    shown = scene(*[histories()[history], histories()["gaps"]][:count], look=look, horizontal=horizontal)
    for position in (0, 1.5, 2):
        assert np.array_equal(shown.pixels(position).copy(), redrawn(shown))


def test_bars_reach_from_zero_to_the_values_of_a_row() -> None:
    shown = scene(History([[1, 1, 1], [3, -2, 0]]))
    for position, values in ((1, [3, -2, 0]), (0, [1, 1, 1]), (0.5, [2, -0.5, 0.5])):
        shown.update(position)
        left, bottom, right, top = boxes(patches(shown)[0]).T
        assert np.allclose(bottom, np.minimum(values, 0))
        assert np.allclose(top, np.maximum(values, 0))
        assert np.allclose((left + right) / 2, [0, 1, 2])
        assert np.allclose(right - left, 0.8)
    assert shown.figure.axes[0].get_ylim()[0] < -2


def test_bars_above_zero_stand_on_the_edge_of_the_picture() -> None:
    assert scene(History([[5, 9]])).figure.axes[0].get_ylim()[0] == 0


def test_a_gap_has_no_bar() -> None:
    shown = scene(History([[1, NAN, 3]]))
    _, bottom, _, top = boxes(patches(shown)[0]).T
    assert (bottom[1], top[1]) == (0, 0)


def test_bars_stand_at_numbers_as_broad_as_the_narrowest_gap_lets_them() -> None:
    left, _, right, _ = boxes(patches(scene(History(np.ones((2, 3)), columns=["10", "0.5", "2"])))[0]).T
    assert np.allclose((left + right) / 2, [10, 0.5, 2])
    assert np.allclose(right - left, 0.8 * 1.5)


def test_bars_at_numbers_are_equally_broad_on_a_logarithmic_axis() -> None:
    shown = scene(History(np.ones((2, 4)), columns=["0", "1", "10", "1000"]), look=Look(logx=True))
    left, _, right, _ = boxes(patches(shown)[0]).T
    assert len(left) == 3  # zero has no place
    assert np.allclose(right / left, 10**0.8)


def test_bars_on_a_logarithmic_axis_begin_at_its_lower_end() -> None:
    shown = scene(History([[10, 1000, -5]]), look=Look(logy=True))
    low, high = shown.figure.axes[0].get_ylim()
    _, bottom, _, top = boxes(patches(shown)[0]).T
    assert 0 < low < 10
    assert high > 1000
    assert (bottom == low).all()
    assert list(top) == [10, 1000, low]


def test_many_bars_are_one_artist() -> None:
    shown = scene(History(np.random.default_rng(0).normal(size=(3, 500))))
    assert len(shown.update(1)) == 2  # the counter is the other


def test_broad_bars_stand_apart_and_narrow_ones_close_up() -> None:
    few, many = (boxes(patches(scene(History(np.ones((1, count)))))[0]) for count in (30, 500))
    assert (few[1:, 0] > few[:-1, 2] + 0.1).all()
    assert np.allclose(many[1:, 0], many[:-1, 2])


def test_lying_bars_go_from_the_top_down() -> None:
    shown = scene(History([[1, 2, 3]], columns=["a", "b", "c"]), horizontal=True)
    left, bottom, right, top = boxes(patches(shown)[0]).T
    assert list(right) == [1, 2, 3]
    assert (left == 0).all()
    assert (np.diff(bottom + top) < 0).all()
    axes = shown.figure.axes[0]
    assert names(shown, "y") == ["c", "b", "a"]  # as they stand on an axis that goes up
    assert axes.get_ylim()[0] < axes.get_ylim()[1]


@pytest.mark.parametrize("horizontal", [False, True])
def test_every_name_is_on_the_axis(horizontal: bool) -> None:
    shown = scene(History(np.ones((2, 10)), columns=MONTHS), horizontal=horizontal)
    assert sorted(names(shown, "y" if horizontal else "x")) == sorted(MONTHS)


@pytest.mark.parametrize(
    ("columns", "rotation"),
    [([name[:3] for name in MONTHS], 0), (MONTHS, 40), ([f"a name {number}" for number in range(60)], 0)],
    ids=["short", "long", "many"],
)
def test_names_are_slanted_where_they_fit_in_no_other_way(columns: list[str], rotation: float) -> None:
    shown = scene(History(np.ones((2, len(columns))), columns=columns))
    found = names(shown)
    labels = [label for label in shown.figure.axes[0].get_xticklabels() if label.get_text()]
    assert {label.get_rotation() for label in labels} == {rotation}
    assert found == columns or (len(columns) == 60 and 2 < len(found) < 12 and set(found) < set(columns))
    spans = sorted((label.get_window_extent().x0, label.get_window_extent().x1) for label in labels)
    assert rotation or all(one[1] < two[0] for one, two in pairwise(spans))


@pytest.mark.parametrize("columns", [list("0123456789"), ["10", "20", "30"], ["2", "0", "1"]], ids=str)
def test_a_few_numbers_that_lie_evenly_are_all_on_the_axis(columns: list[str]) -> None:
    assert sorted(names(scene(History(np.ones((2, len(columns))), columns=columns)))) == sorted(columns)


@pytest.mark.parametrize("columns", [["1", "2", "10"], [str(number) for number in range(100)]], ids=["uneven", "many"])
def test_other_numbers_have_the_ticks_of_an_axis(columns: list[str]) -> None:
    found = names(scene(History(np.ones((2, len(columns))), columns=columns)))
    assert 2 < len(found) < 15
    assert found != columns


def test_several_histories_stand_side_by_side_at_each_place() -> None:
    shown = scene(History(np.ones((2, 4)), name="a"), History(np.full((2, 4), 2), name="b"))
    one, two = map(boxes, patches(shown))
    assert np.allclose(one[:, 2], two[:, 0])
    assert np.allclose((one[:, 0] + two[:, 2]) / 2, range(4))
    assert np.allclose(two[:, 2] - one[:, 0], 0.8)
    assert len({to_hex(patch.get_facecolor()) for patch in patches(shown)}) == 2
    assert [text.get_text() for text in shown.figure.legends[0].get_texts()] == ["a", "b"]


def test_several_lying_histories_come_in_their_order_from_the_top() -> None:
    shown = scene(History(np.ones((2, 4)), name="a"), History(np.ones((2, 4)), name="b"), horizontal=True)
    one, two = map(boxes, patches(shown))
    assert (one[:, 1] >= two[:, 3] - 1e-9).all()


def test_many_bars_of_several_histories_lie_upon_one_another_transparent() -> None:
    shown = scene(History(np.ones((2, 90)), name="a"), History(np.ones((2, 90)), name="b"))
    one, two = map(boxes, patches(shown))
    assert np.array_equal(one, two)
    assert all(patch.get_alpha() < 1 for patch in patches(shown))


def test_bars_of_one_name_stand_at_one_place() -> None:
    shown = scene(
        History([[1, 2]], columns=["a", "b"], name="one"), History([[3, 4]], columns=["b", "c"], name="other")
    )
    assert names(shown) == ["a", "b", "c"]
    one, two = (np.round((box[:, 0] + box[:, 2]) / 2).tolist() for box in map(boxes, patches(shown)))
    assert one == two == [0, 1, 2], "with a gap where one has none of a name"


def test_a_logarithmic_axis_takes_no_names() -> None:
    with pytest.raises(UsageError, match="names have no logarithm"):
        scene(History(np.ones((1, 2)), columns=["a", "b"]), look=Look(logx=True))


def test_the_command_draws_lying_bars(liveplot: Run, waves: object) -> None:
    liveplot("render", str(waves), "-o", "a.gif", "-k", "bar", "--horizontal", "--ease", "linear", "--speed", "10")
    liveplot("render", str(waves), "-o", "a.gif", "-k", "line", "--horizontal", code=2)


@pytest.mark.parametrize("size", [(640, 480), (320, 240), (200, 150)])
@pytest.mark.parametrize("horizontal", [False, True])
def test_twenty_bars_have_their_names_however_small(size: tuple[int, int], horizontal: bool) -> None:
    names = [f"Club number {number:02d}" for number in range(20)]
    shown = scene(History(np.arange(40.0).reshape(2, 20), columns=names), look=Look(size=size), horizontal=horizontal)
    shown.draw(1)
    axis = shown.figure.axes[0].yaxis if horizontal else shown.figure.axes[0].xaxis
    labels = sorted(axis.get_ticklabels(), key=lambda label: label.get_text())
    assert [label.get_text() for label in labels] == names
    ends = [label.get_window_extent().y1 if horizontal else label.get_window_extent().x1 for label in labels]
    letters = labels[0].get_size() * shown.figure.dpi / 72
    assert all(abs(one - two) >= 0.9 * letters for one, two in pairwise(ends))
    picture = shown.figure.bbox
    assert all(label.get_window_extent().x0 >= 0 and label.get_window_extent().x1 <= picture.width for label in labels)
    assert np.array_equal(shown.pixels(1).copy(), redrawn(shown))
