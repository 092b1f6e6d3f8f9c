from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.lines import Line2D
from matplotlib.patches import StepPatch

import liveplot_cli
from conftest import Run, histories
from liveplot_cli import charts
from liveplot_cli.drawing import style
from liveplot_cli.errors import DataError, UsageError
from liveplot_cli.history import History
from liveplot_cli.look import Look
from liveplot_cli.scene import Scene
from test_scene import redrawn

pytestmark = pytest.mark.usefixtures("themed")

NAN = float("nan")
NORMAL = np.random.default_rng(5).normal(size=(12, 30))


def scene(*shown: History, look: Look | None = None, **options: object) -> Scene:
    return Scene(shown, charts.load("hist")(**options), look or Look())


def bars(scene: Scene) -> list[StepPatch]:
    return [patch for patch in scene.figure.axes[0].patches if isinstance(patch, StepPatch)]


def heights(patch: StepPatch) -> list[float]:
    """The heights of the bars, without the nothing between them."""
    values, edges, _ = patch.get_data()
    return np.nan_to_num(values[np.diff(edges) > 0]).tolist()


def curve(scene: Scene) -> Line2D:
    (line,) = scene.figure.axes[0].get_lines()
    return line


@pytest.mark.parametrize("look", [Look(), Look(logx=True), Look(logy=True), Look(logx=True, logy=True)], ids=str)
@pytest.mark.parametrize(
    "options",
    [{"fit": "normal"}, {"density": True}, {"bins": (0.1, 1, 5), "density": True, "fit": "normal"}, {"bins": 300}],
    ids=str,
)
@pytest.mark.parametrize("count", [1, 2])
def test_a_frame_equals_the_full_redraw_to_the_last_pixel(count: int, options: dict[str, object], look: Look) -> None:
    shown = scene(*[histories()["plain"], histories()["gaps"]][:count], look=look, **options)
    for position in (0, 3.5, 11):
        assert np.array_equal(shown.pixels(position).copy(), redrawn(shown))


def test_a_frame_has_the_rows_counts() -> None:
    shown = scene(History(NORMAL), bins=12)
    for row in (0, 7, 11, 3):
        shown.update(row)
        (patch,) = bars(shown)
        assert heights(patch) == np.histogram(NORMAL[row], 12, (NORMAL.min(), NORMAL.max()))[0].tolist()


def test_bins_are_the_same_for_all_rows_and_histories() -> None:
    shown = scene(History(NORMAL), History(NORMAL + 9))
    before = [patch.get_data().edges.copy() for patch in bars(shown)]
    shown.update(0)
    assert np.array_equal(*before)
    assert all(np.array_equal(patch.get_data().edges, before[0]) for patch in bars(shown))
    assert before[0][0] <= NORMAL.min() < NORMAL.max() + 9 <= before[0][-1]


def test_several_are_clear_and_have_names_and_one_has_none() -> None:
    shown = scene(History(NORMAL, name="one"), History(NORMAL, name="two"))
    assert all(patch.get_facecolor()[3] == 0.5 for patch in bars(shown))
    (legend,) = shown.figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["one", "two"]
    alone = scene(History(NORMAL))
    assert bars(alone)[0].get_facecolor()[3] == 1
    assert bars(scene(History(NORMAL), fit="normal"))[0].get_facecolor()[3] < 1
    assert not alone.figure.legends


def test_limits_hold_the_highest_bar_of_all_rows_and_bars_stand_on_nothing() -> None:
    values = np.array([[0.0, 1, 2, 3], [1, 1, 1, 3]])
    shown = scene(History(values))
    shown.draw(0)
    low, high = shown.figure.axes[0].get_ylim()
    assert low == 0
    assert 3 < high < 3.5


def test_limits_are_those_of_the_rows_shown() -> None:
    shown = scene(History([[0.0, 1, 2, 3], [1, 1, 1, 3]], shown=[0]))
    assert shown.figure.axes[0].get_ylim()[1] < 1.5


def test_whole_numbers_stand_over_their_ticks() -> None:
    (patch,) = bars(scene(History(np.arange(12).reshape(2, 6) % 5)))
    edges = np.unique(patch.get_data().edges)
    assert edges.tolist() == [-0.5, 0.5, 1.5, 2.5, 3.5, 4.5]


def test_between_two_rows_bars_grow_and_stay_within_the_limits() -> None:
    # the values themselves would meet at 0, in one bar of four
    shown = scene(History([[-4.0, -1, 1, 4], [4, 1, -1, -4]]), bins=4)
    shown.update(0.5)
    assert heights(bars(shown)[0]) == [1, 1, 1, 1]
    shown = scene(History([[0.0, 0, 0, 0], [3, 3, 3, 3]]), bins=3)
    shown.update(0.25)
    assert heights(bars(shown)[0]) == [3, 0, 1]


def test_a_row_of_gaps_has_no_bars_and_no_curve() -> None:
    shown = scene(History([[NAN, NAN, NAN], [1, 2, 4]]), fit="normal")
    for position in (0, 0.5):
        shown.draw(position)
        assert len(curve(shown).get_xdata()) == 0
    shown.draw(0)
    assert not any(heights(bars(shown)[0]))


def test_the_curve_is_scaled_to_the_counts_with_dots_at_the_values() -> None:
    shown = scene(History(NORMAL), bins=10, fit="normal")
    width = (NORMAL.max() - NORMAL.min()) / 10
    for row in (0, 11):
        shown.update(row)
        places, values = curve(shown).get_data()
        dots = curve(shown).get_markevery()
        mean, deviation = NORMAL[row].mean(), NORMAL[row].std()
        expected = 30 * width * np.exp(-(((places - mean) / deviation) ** 2) / 2) / deviation / math.sqrt(2 * math.pi)
        assert np.allclose(values, expected)
        assert places[dots].tolist() == sorted(NORMAL[row])


def test_the_curve_over_densities_has_area_one() -> None:
    shown = scene(History(NORMAL), density=True, fit="normal")
    shown.update(4)
    places, values = curve(shown).get_data()
    assert math.isclose(np.trapezoid(values, places), 1, abs_tol=1e-3)


def test_the_curve_on_a_logarithmic_axis_fits_the_logarithms() -> None:
    shown = scene(History(10**NORMAL), look=Look(logx=True), fit="normal", density=True)
    shown.update(4)
    places, values = curve(shown).get_data()
    assert math.isclose(np.log10(places[values.argmax()]), NORMAL[4].mean(), abs_tol=0.05)
    assert math.isclose(np.trapezoid(values, np.log10(places)), 1, abs_tol=1e-3)


def test_many_values_have_forty_dots() -> None:
    values = np.random.default_rng(0).normal(size=(2, 5000))
    shown = scene(History(values), fit="normal")
    shown.update(1)
    places = curve(shown).get_xdata()[curve(shown).get_markevery()]
    assert len(places) == 40
    assert (places[0], places[-1]) == (values[1].min(), values[1].max())


def test_a_curve_with_next_to_no_width_leaves_the_bars_in_sight() -> None:
    values = np.array([[1, 1, 1, 1 + 1e-9], [0, 1, 2, 4]])
    shown = scene(History(values), fit="normal")
    shown.draw(0)
    assert shown.figure.axes[0].get_ylim()[1] < 6


def test_a_row_of_one_value_has_no_curve() -> None:
    shown = scene(History([[2.0, 2, 2], [1, 2, 3]]), fit="normal")
    shown.draw(0)
    assert len(curve(shown).get_xdata()) == 0


def test_counts_on_a_logarithmic_axis_begin_below_one_and_bars_reach_its_foot() -> None:
    values = np.concatenate([np.zeros(90), np.arange(1, 5)])[None]
    shown = scene(History(values), look=Look(logy=True, title=""))
    low, high = shown.figure.axes[0].get_ylim()
    assert 0.2 < low < 1
    assert high > 90
    picture = shown.pixels(0)
    axes = shown.figure.axes[0]
    # a bar of 1, well below its top
    x, y = axes.transData.transform((3, 0.7))
    color = picture[shown.size[1] - int(y), int(x), :3]
    assert to_hex(color / 255) == style.palette()[0]


def test_robust_limits_leave_outliers_out_and_bins_keep_their_width() -> None:
    values = np.random.default_rng(0).normal(size=(5, 1000))
    values[:, 0] = 500
    shown = scene(History(values), look=Look(xlim="robust"))
    assert shown.figure.axes[0].get_xlim()[1] < 5


def test_limits_follow_the_rows_along_both_axes() -> None:
    values = np.random.default_rng(0).normal(size=(40, 200)) * np.geomspace(1, 100, 40)[:, None]
    shown = scene(History(values), look=Look(xlim="follow", ylim="follow"), bins=500)
    axes = shown.figure.axes[0]
    shown.update(0)
    narrow, high = np.diff(axes.get_xlim()), axes.get_ylim()[1]
    shown.update(39)
    assert np.diff(axes.get_xlim()) > 5 * narrow
    assert axes.get_ylim()[1] < high


def test_edges_without_a_value_between_them_are_refused() -> None:
    with pytest.raises(DataError, match="no value lies in the bins from 50 to 70"):
        scene(History(NORMAL), bins=(50, 60, 70))


def test_a_curve_over_counts_in_bins_of_different_widths_is_refused() -> None:
    with pytest.raises(UsageError, match="density"):
        scene(History(NORMAL), bins=(-5, 0, 1, 5), fit="normal")


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--bins", "0"), "'0' is not auto, a whole number from 1 to 10000, or rising edges such as 0,1,5"),
        (("--bins", "junk"), "'junk' is not auto"),
        (("--bins", "3,2,1"), "rising edges"),
        (("--bins", "1.5"), "is not auto"),
        (("--bins", "0,nan"), "is not auto"),
        (("--bins", "99999999999999999999"), "is not auto"),
        (("--fit", "foo"), "'foo' is no fit; the fits are: normal"),
        (("--ylim", "robust"), "ylim robust"),
        (("--bins", "-2,0,1", "--fit", "normal"), "add density"),
        (("--bins", "0,1", "--logx"), "above zero"),
    ],
    ids=str,
)
def test_what_cannot_be_is_one_sentence(liveplot: Run, waves: Path, options: tuple[str, ...], sentence: str) -> None:
    done = liveplot("render", str(waves), "-k", "hist", "-o", "a.gif", *options, code=2)
    assert sentence in done.stderr


def test_a_film_is_the_same_whoever_draws_it(tmp_path: Path) -> None:
    for jobs in (1, 2):
        liveplot_cli.render(
            np.random.default_rng(0).normal(size=(150, 40)), tmp_path / f"{jobs}.gif", kind="hist", fit="normal",
            jobs=jobs, size=(160, 120),
        )  # fmt: skip
    assert (tmp_path / "1.gif").read_bytes() == (tmp_path / "2.gif").read_bytes()


def test_limits_of_each_row_end_where_its_outermost_bars_do() -> None:
    history = History([[0.3, 0.3, 1.1, 2.2], [0.3, 0.4, 0.5, 0.6], [2.9, 2.8, 1.1, 0.1]])
    for row, (first, last) in enumerate([(0, 3), (0, 1), (0, 3)]):
        shown = scene(history, look=Look(xlim="each"), bins=3)
        shown.draw(row)
        low, high = shown.figure.axes[0].get_xlim()
        edges = np.linspace(0.1, 2.9, 4)
        room = 0.02 * (edges[last] - edges[first])
        assert (low, high) == pytest.approx((edges[first] - room, edges[last] + room))


def test_values_outside_the_bins_asked_for_are_told_and_leave_no_empty_axis(caplog: pytest.LogCaptureFixture) -> None:
    history = History([[-5.0, -0.5, 0.5, np.nan], [0.2, 0.3, 7, 8]], name="some")
    shown = scene(history, bins=(-1, 0, 1))
    assert caplog.messages == ["some: 3 values lie outside the bins from -1 to 1"]
    assert shown.figure.axes[0].get_xlim() == pytest.approx((-1.04, 1.04))
    caplog.clear()
    scene(history, bins=(-5, 0, 8))
    assert caplog.messages == []
