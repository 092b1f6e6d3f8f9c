from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from liveplot_cli.drawing import scale
from liveplot_cli.drawing.scale import Reach, Scale
from liveplot_cli.errors import DataError, UsageError
from liveplot_cli.history import History
from liveplot_cli.look import Asked

ROWS = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=60)
NAN = float("nan")


def axes(*, log: bool = False) -> Axes:
    found = Figure().add_subplot()
    if log:
        found.set_yscale("log")
    return found


def of(values: object, asked: Asked | None, *, log: bool = False, **changed: object) -> Scale:
    history = History(values)
    reach = scale.of_rows([history])
    reach = Reach(**(vars(reach) | changed))
    return Scale([axes(log=log)], "y", [reach], asked, range(len(history)))


def limits(one: Scale, position: float) -> tuple[float, float]:
    one.move(position)
    return one.axes[0].get_ylim()


@given(ROWS)
@settings(max_examples=50, deadline=None)
def test_global_limits_hold_for_the_whole_film_with_a_margin(rows: list[float]) -> None:
    found = {limits(of(rows, "global"), position) for position in range(len(rows))}
    ((low, high),) = found
    assert low < min(rows) <= max(rows) < high


@given(ROWS, st.booleans())
@settings(deadline=None)
def test_followed_limits_always_hold_what_is_shown(rows: list[float], log: bool) -> None:
    values = [abs(row) + 1e-3 for row in rows] if log else rows
    one = of(values, "follow", log=log)
    for position, value in enumerate(values):
        low, high = limits(one, position)
        assert low <= value <= high


@given(ROWS)
@settings(max_examples=50, deadline=None)
def test_followed_limits_depend_on_nothing_but_the_position(rows: list[float]) -> None:
    one, other = of(rows, "follow"), of(rows, "follow")
    forward = [limits(one, position) for position in range(len(rows))]
    backward = [limits(other, position) for position in reversed(range(len(rows)))]
    assert forward == backward[::-1]


@given(st.integers(0, 2**32 - 1), st.sampled_from(["noise", "walk", "growth"]))
@settings(max_examples=50, deadline=None)
def test_followed_limits_hold_for_several_moments(seed: int, shape: str) -> None:
    noise = np.random.default_rng(seed).normal(size=(300, 4))
    values = {"noise": noise, "walk": 10 + noise.cumsum(axis=0), "growth": 9 + np.abs(noise).cumsum(axis=0)}[shape]
    one = of(values, "follow")
    found = [limits(one, position) for position in range(300)]
    changes = [at for at in range(1, 300) if found[at] != found[at - 1]]
    held = [later - earlier for earlier, later in zip([0, *changes], changes, strict=False)]
    assert shape != "noise" or all(moments >= 12 for moments in held)
    assert len(changes) < 300 / 10


@pytest.mark.parametrize("base", [None, 0.0])
@pytest.mark.parametrize("factor", [1.3, 2.0, 2.9])
def test_followed_limits_never_hide_what_is_shown_in_what_grows_fast(factor: float, base: float | None) -> None:
    history = History(factor ** np.arange(40.0))
    one = Scale([axes()], "y", [replace(scale.so_far([history], 40), base=base)], "follow", range(40))
    for position in range(4, 40):
        high = limits(one, position)[1]
        assert history.row(position)[0] <= high <= 5 * history.row(position)[0]


def test_followed_limits_wait_for_a_leap() -> None:
    values = np.random.default_rng(0).normal(size=(60, 3))
    values[30:] += 1000
    one = of(values, "follow")
    assert limits(one, 29)[1] < 10
    assert limits(one, 30)[1] > 900


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=60), st.sampled_from([-1, 1]))
@example([5e-324], -1)
@example([5e-324], 1)
@example([2.2250738585072014e-308], -1)
@example([0.0] * 4 + [1.0], -1)
@example([1.0] + [0.0] * 30, 1)
@settings(max_examples=50, deadline=None)
def test_followed_limits_go_beyond_zero_by_their_margin_alone(rows: list[float], sign: int) -> None:
    one = of([sign * row for row in rows], "follow")
    for position in range(len(rows)):
        low, high = (sign * limit for limit in limits(one, position)[::sign])
        # Where nothing is shown but what matplotlib could not tell from zero, there is as much room above as below.
        assert low >= -0.05 * high or (high == -low and rows[position] < 1e-280)


def test_followed_limits_are_drawn_in_where_the_data_have_become_small() -> None:
    one = of([1000.0 * math.exp(-row / 10) * (-1) ** row for row in range(200)], "follow")
    low, high = limits(one, 199)
    assert high - low < 1


def test_followed_limits_stay_where_nothing_is_shown() -> None:
    values = np.ones((40, 2)) * np.arange(40)[:, None]
    values[20:] = NAN
    one = of(values, "follow")
    low, high = limits(one, 39)
    assert limits(one, 33) == (low, high)
    assert low < 19 < high < 40


@pytest.mark.parametrize("position", [0.5, 7.25, 58.9])
def test_followed_limits_between_rows_are_those_of_a_moment_shown_before(position: float) -> None:
    one = of(np.random.default_rng(0).normal(size=(60, 3)).cumsum(axis=0), "follow")
    assert limits(one, position) == limits(one, math.floor(position))


@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=8), st.booleans())
@settings(max_examples=50, deadline=None)
def test_followed_limits_of_rows_that_are_tweened_go_over_slowly(rows: list[float], log: bool) -> None:
    values = [10 ** (row / 1e5) for row in rows] if log else rows
    one = of(values, "follow", log=log)
    positions = [number / 30 for number in range(30 * len(values) - 29)]
    one = replace(one, positions=positions)
    found = np.array([limits(one, position) for position in positions])
    shown = np.interp(positions, range(len(values)), values)
    assert (found[:, 0] <= shown).all()
    assert (shown <= found[:, 1]).all()
    found = np.log10(found) if log else found
    steps, way = np.abs(np.diff(found, axis=0)), np.ptp(found, axis=0)
    assert (steps <= 0.3 * way + 1e-9 * np.abs(found[1:])).all()


def test_followed_limits_of_rows_that_are_tweened_are_held_between() -> None:
    one = replace(of([1.0, 1, 1, 40, 40, 40], "follow"), positions=[number / 40 for number in range(201)])
    found = [limits(one, position) for position in one.positions]
    assert len(set(found[:60])) == len(set(found[-60:])) == 1
    assert len(set(found)) > 10


def test_a_constant_has_room_also_where_its_tween_is_off_by_a_last_bit() -> None:
    low, high = scale.padded((1.4999999999999998, 1.5000000000000002))
    assert (low, high) == (pytest.approx(1.425), pytest.approx(1.575))


def test_robust_limits_leave_the_outermost_out() -> None:
    values = np.random.default_rng(0).normal(size=(100, 100))
    values[50, 50] = 1e6
    low, high = limits(of(values, "robust"), 0)
    assert -5 < low < -2 < 2 < high < 5


def test_limits_asked_for_hold_and_an_open_side_is_found() -> None:
    assert limits(of([0.0, 10], (2.0, None)), 0) == (2, 10.4), "with the margin of what is between"
    assert limits(of([0.0, 1e9], (None, 5.0)), 0) == (-0.25, 5)
    assert limits(of([0.0, 10], (8.0, 2.0)), 1) == (8, 2)


def test_bars_stand_on_their_base_without_a_margin() -> None:
    assert limits(of([1.0, 10], "global", base=0.0), 0) == (0, 10.5)
    assert limits(of([-1.0, -10], "global", base=0.0), 0) == (-10.5, 0)
    assert limits(of([-10.0, 10], "global", base=0.0), 0) == (-11, 11)
    assert limits(of([0.0, 0], "global", base=0.0), 0) == (0, 1)


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=40))
@settings(max_examples=50, deadline=None)
def test_followed_bars_stand_on_their_base(rows: list[float]) -> None:
    one = of(rows, "follow", base=0.0)
    assert all(limits(one, position)[0] == 0 for position in range(len(rows)))


def test_limits_of_each_position_are_its_own() -> None:
    one = of([1.0, 3, 2], None, how="each", margin=0.0, base=0.0)
    assert [limits(one, position)[1] for position in (0, 1, 2, 0.5)] == [1, 3, 2, 2]


def test_limits_of_each_frame_can_be_asked_for() -> None:
    one = of([[0.0, 1], [5, 10]], "each")
    assert [limits(one, position) for position in (0, 1, 0)] == [(-0.05, 1.05), (4.75, 10.25), (-0.05, 1.05)]
    with pytest.raises(UsageError, match="each: what this axis shows is the same at all times"):
        of([1.0, 2], "each", at=None)


def test_several_axes_share_the_limits_of_all_that_is_drawn() -> None:
    panels = [axes(), axes()]
    reaches = [scale.of_rows([History([0.0, 1])]), scale.of_rows([History([5.0, 10])])]
    Scale(panels, "y", reaches, "global", range(2)).move(0)
    assert [panel.get_ylim() for panel in panels] == [(-0.5, 10.5)] * 2


@given(st.lists(st.floats(1e-300, 1e300), min_size=1, max_size=20))
@settings(deadline=None)
def test_logarithmic_limits_are_above_zero_and_hold_the_data(rows: list[float]) -> None:
    low, high = limits(of(rows, "global", log=True), 0)
    assert 0 < low <= min(rows)
    assert max(rows) <= high


@pytest.mark.parametrize(
    ("asked", "changed", "sentence"),
    [
        ("follow", {"at": None}, "never moves"),
        ("robust", {"sample": None}, "no values of the history"),
    ],
)
def test_a_way_that_an_axis_does_not_know_is_refused(asked: str, changed: dict[str, None], sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        of([1.0, 2], asked, **changed)


@pytest.mark.parametrize("asked", [(0.0, 1.0), (None, -1.0)])
def test_a_logarithmic_axis_takes_no_limit_that_is_not_above_zero(asked: Asked) -> None:
    with pytest.raises(UsageError, match="begins above zero"):
        of([1.0, 2], asked, log=True)


def test_so_far_reaches_as_far_as_all_rows_until_now() -> None:
    reach = scale.so_far([History([[1.0, 2], [5, 0], [3, 3]])], 2)
    assert [reach.at(position) for position in (0, 1, 2)] == [(1, 2), (0, 5), (0, 5)]
    assert scale.so_far([History([[1.0, 2], [5, 0], [3, 3]])], 0).at(2) == (3, 3)


def test_a_window_moves_with_its_rows() -> None:
    places = [np.arange(10.0)]
    at = scale.window(places, 3).at
    assert [at(position) for position in (0, 3, 5, 5.5, 9)] == [(0, 3), (0, 3), (2, 5), (2.5, 5.5), (6, 9)]


def test_on_a_logarithmic_axis_what_is_not_above_zero_is_a_gap() -> None:
    logarithmic = axes(log=True)
    (found,) = scale.on_axis(logarithmic.yaxis, [History([[-1.0, 0, 2]])])
    assert np.array_equal(found.row(0), [NAN, NAN, 2], equal_nan=True)
    with pytest.raises(DataError, match="above zero, and there is none"):
        scale.on_axis(logarithmic.yaxis, [History([[-1.0, 0]])])


def test_a_sample_is_of_all_rows_and_has_no_gaps() -> None:
    values = np.arange(3_000_000.0).reshape(-1, 1000)
    values[0, 0] = NAN
    found = scale.sample([History(values)])
    assert len(found) < 1_600_000
    assert np.isfinite(found).all()
    assert found.max() > 2_900_000


@pytest.mark.parametrize(
    ("asked", "is_told"),
    [((50.0, 60.0), True), ((60.0, 50.0), True), ((-2.0, -1.0), True), ((1.0, 60.0), False), ((2.4, 3.0), False)],
)
def test_limits_that_leave_nothing_to_see_are_told(
    asked: Asked, is_told: bool, caplog: pytest.LogCaptureFixture
) -> None:
    of([0.0, 2.4], asked)
    assert ("nothing lies within the ylim asked for" in caplog.text) == is_told


def test_how_many_values_a_logarithmic_axis_leaves_out_is_told(caplog: pytest.LogCaptureFixture) -> None:
    scale.on_axis(axes(log=True).yaxis, [History([[1.0, 2]], name="a"), History([[-1.0, 0], [2, NAN]], name="b")])
    assert [record.getMessage() for record in caplog.records] == [
        "b: 2 values are not above zero, and a gap on the logarithmic axis"
    ]


def test_what_reaches_zero_is_refused_on_a_logarithmic_axis() -> None:
    reach = Reach((-1.0, 5.0), at=lambda position: (-1.0, 5.0))
    with pytest.raises(UsageError, match="what this y axis shows at -1; leave logy out"):
        Scale([axes(log=True)], "y", [reach], None, range(3))
