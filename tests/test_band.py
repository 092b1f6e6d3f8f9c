from __future__ import annotations

import logging
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.collections import PolyCollection
from matplotlib.lines import Line2D

from liveplot_cli import charts
from liveplot_cli.charts.band import _deviation, _quantiles, spread
from liveplot_cli.errors import DataError, UsageError
from liveplot_cli.history import History
from liveplot_cli.look import Look
from liveplot_cli.option import build
from liveplot_cli.scene import Scene

pytestmark = pytest.mark.usefixtures("themed")

NAN = float("nan")
SAMPLES = st.integers(1, 8).flatmap(
    lambda width: st.lists(
        st.lists(st.one_of(st.floats(-1e6, 1e6), st.just(NAN)), min_size=width, max_size=width), min_size=1, max_size=6
    )
)


def scene(*histories: History, look: Look | None = None, **options: object) -> Scene:
    return Scene(histories, charts.load("band")(**options), look or Look())


def lines(shown: Scene) -> list[Line2D]:
    return list(shown.figure.axes[0].get_lines())


def bands(shown: Scene) -> list[list[np.ndarray]]:
    """The polygons of each band."""
    found = [one for one in shown.figure.axes[0].collections if isinstance(one, PolyCollection)]
    return [[path.vertices for path in one.get_paths()] for one in found]


def names(shown: Scene) -> list[str]:
    (legend,) = shown.figure.legends
    return [text.get_text() for text in legend.get_texts()]


def at_head(polygons: list[np.ndarray]) -> tuple[float, float]:
    """From where to where the last polygon goes at its right edge."""
    last = polygons[-1]
    edge = last[last[:, 0] == last[:, 0].max(), 1]
    return edge.min(), edge.max()


@settings(max_examples=150, deadline=None)
@given(SAMPLES, st.lists(st.floats(0.1, 100), min_size=1, max_size=3))
def test_quantiles_are_numpys_of_what_is_known(rows: list[list[float]], middles: list[float]) -> None:
    found = _quantiles(np.array(rows), middles)
    parts = [0.5, *(0.5 + side * middle / 200 for middle in middles for side in (-1, 1))]
    for row, values in zip(rows, found, strict=True):
        known = [value for value in row if not math.isnan(value)]
        expected = np.quantile(known, parts) if known else [NAN] * len(parts)
        assert values == pytest.approx(expected, nan_ok=True, abs=1e-8)


@settings(max_examples=150, deadline=None)
@given(SAMPLES)
def test_deviations_are_those_of_a_sample(rows: list[list[float]]) -> None:
    for row, (mean, low, high) in zip(rows, _deviation(np.array(rows)), strict=True):
        known = [value for value in row if not math.isnan(value)]
        if not known:
            assert np.isnan([mean, low, high]).all()
            continue
        deviation = np.std(known, ddof=1) if len(known) > 1 else 0
        assert (mean, high - mean, mean - low) == pytest.approx((np.mean(known), deviation, deviation), abs=1e-6)


def test_a_row_is_its_median_and_its_middles() -> None:
    shown = scene(History(np.arange(101.0)[None] * [[1], [2]]), spread=(50, 90))
    shown.update(1)
    assert list(lines(shown)[0].get_ydata()) == [50, 100]
    assert [at_head(band) for band in bands(shown)] == [(50, 150), (10, 190)]
    shown.update(0.5)
    assert [at_head(band) for band in bands(shown)] == [(37.5, 112.5), (7.5, 142.5)]
    assert names(shown) == ["median of 101", "middle 50 %", "middle 90 %"]


def test_the_middle_hundred_per_cent_are_all() -> None:
    shown = scene(History([[3.0, 1, 7], [3, 1, 7]]), spread=(100,))
    shown.update(1)
    assert at_head(bands(shown)[0]) == (1, 7)


def test_several_histories_are_a_mean_of_each_column_with_their_deviation() -> None:
    runs = [History([[level, 10 * level]] * 3, columns=["loss", "score"], name=str(level)) for level in (1, 2, 3)]
    shown = scene(*runs)
    shown.update(2)
    assert [list(line.get_ydata()) for line in lines(shown)] == [[2] * 3, [20] * 3]
    assert [at_head(band) for band in bands(shown)] == [(1, 3), (10, 30)]
    assert names(shown) == ["loss", "score", "±1 sd"]
    colors = [line.get_color() for line in lines(shown)]
    assert colors[0] != colors[1]


def test_runs_that_have_ended_are_left_out_of_the_mean() -> None:
    shown = scene(History([1.0, 1, 1], columns=["loss"]), History([3.0], columns=["loss"]))
    shown.update(2)
    assert list(lines(shown)[0].get_ydata()) == [2, 1, 1]
    assert at_head(bands(shown)[0]) == (1, 1)
    assert names(shown) == ["mean of 2", "±1 sd"]
    assert shown.figure.axes[0].get_ylabel() == "loss"


def test_columns_of_several_histories_are_joined_by_their_names() -> None:
    shown = scene(History([[1, 10]], columns=["a", "b"]), History([[30, 3]], columns=["b", "a"]))
    shown.update(0)
    assert [line.get_ydata()[-1] for line in lines(shown)] == [2, 20]


@pytest.mark.parametrize("turned", [False, True])
def test_histories_of_other_columns_are_refused_with_those_they_share(turned: bool) -> None:
    runs = [History([[1, 2]], columns=["a", "b"], name="one"), History([[1]], columns=["a"], name="two")]
    with pytest.raises(DataError, match="two lacks 'b'") as caught:
        scene(*(runs[::-1] if turned else runs))
    assert caught.value.cure == ("columns", "a")


def test_histories_whose_rows_are_labelled_otherwise_are_refused() -> None:
    runs = [History(np.ones(3), index=[0, 10, 20], name="one"), History(np.ones(2), index=[0, 5], name="two")]
    with pytest.raises(DataError, match="row 2 is '10' in one and '5' in two; -x none"):
        scene(*runs)
    scene(*runs, look=Look(layout="grid"))


def test_rows_of_several_histories_can_have_a_band_each() -> None:
    one = History([[1.0, 2, 3], [4, 5, 6]], name="one")
    other = History([[10.0, 30]], name="other")
    shown = scene(one, other, groups="row", spread=(100,))
    shown.update(1)
    assert [list(line.get_ydata()) for line in lines(shown)] == [[2, 5], [20]]
    assert at_head(bands(shown)[0]) == (4, 6)
    assert names(shown) == ["one", "other", "middle 100 %"]


def test_columns_of_alike_names_can_be_groups_of_one_history_and_of_several() -> None:
    columns = ["loss_1", "score 1", "loss_2", "score 2"]
    one, other = (History([[level, 10 * level] * 2], columns=columns, name=str(level)) for level in (1.0, 2.0))
    shown = scene(one, groups="name")
    shown.update(0)
    assert [list(line.get_ydata()) for line in lines(shown)] == [[1], [10]]
    assert names(shown) == ["loss", "score", "middle 50 %", "middle 90 %"]
    shown = scene(one, other, groups="name", spread="sd")
    shown.update(0)
    assert [list(line.get_ydata()) for line in lines(shown)] == [[1.5], [15]]
    with pytest.raises(UsageError, match="columns without names have no groups"):
        scene(History(np.ones((2, 4))), groups="name")
    with pytest.raises(UsageError, match="no two columns have the same name but for a number"):
        scene(History([[1.0, 2]], columns=["a", "b"]), groups="name")


def test_a_column_of_gaps_is_none_of_those_that_are_counted() -> None:
    assert names(scene(History([[1.0, NAN, 9]])))[0] == "median of 2"


def test_one_column_has_no_spread_and_that_is_told(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    scene(History([1.0, 2], name="loss")).draw(1)
    assert [record.getMessage() for record in caplog.records] == [
        "loss: one column has no spread; give several, or several histories"
    ]


def test_a_band_is_cut_where_a_row_is_all_gaps() -> None:
    values = np.tile([1.0, 3.0], (6, 1))
    values[2] = NAN
    values[4, 0] = NAN
    shown = scene(History(values), spread=(100,))
    shown.draw(5)
    one, two = bands(shown)[0]
    assert (one[:, 0].min(), one[:, 0].max()) == (1, 2)
    assert (two[:, 0].min(), two[:, 0].max()) == (4, 6)
    assert (3, 2) not in {(round(place), value) for place, value in zip(*lines(shown)[0].get_data(), strict=True)}


def test_on_a_logarithmic_axis_a_band_below_zero_goes_down_out_of_the_picture() -> None:
    shown = scene(*(History([level, 1.0], name=str(level)) for level in (0.01, 1, 10)), look=Look(logy=True))
    shown.draw(1)
    low, _ = shown.figure.axes[0].get_ylim()
    assert low > 0.01
    polygon = bands(shown)[0][0]
    assert polygon[:, 1].min() < low / 1e100
    assert np.isfinite(shown.figure.axes[0].transData.transform(polygon)).all()


def test_limits_hold_bands_and_follow_the_window() -> None:
    values = np.linspace(0, 1, 11) * np.arange(1, 101)[:, None]
    low, high = scene(History(values)).figure.axes[0].get_ylim()
    assert -10 < low < 5
    assert 95 < high < 105
    shown = scene(History(values), window=10, look=Look(ylim="follow"))
    shown.update(0)
    assert shown.figure.axes[0].get_ylim()[1] < 30
    assert shown.figure.axes[0].get_xlim()[1] < 11


@pytest.mark.parametrize(("text", "meant"), [("sd", "sd"), ("90", (90,)), ("90,50", (50, 90)), ("100", (100,))])
def test_spread_is_a_word_or_per_cents(text: str, meant: object) -> None:
    assert spread(text) == meant
    assert build(charts.load("band"), {"spread": text}).spread == meant


@pytest.mark.parametrize("text", ["", "0", "101", "-5", "nan", "inf", "sd,50", "50,,90", "wide"])
def test_a_spread_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="neither sd nor per cents"):
        build(charts.load("band"), {"spread": text})


def test_bands_are_lighter_outward_in_the_legend_as_in_the_picture() -> None:
    shown = scene(History(np.tile(np.linspace(-1, 1, 201), (40, 1))), look=Look(title=""))
    picture = shown.pixels(39)
    axes = shown.figure.axes[0]
    _, *swatches = shown.figure.legends[0].legend_handles

    def color(value: float) -> np.ndarray:
        x, y = axes.transData.transform((20.3, value))
        return picture[picture.shape[0] - 1 - round(y), round(x), :3].astype(int)

    for value, swatch in ((0.3, swatches[0]), (0.7, swatches[1])):
        painted = 255 * (1 - swatch.get_alpha() * (1 - np.array(swatch.get_facecolor()[:3])))
        assert np.abs(color(value) - painted).max() <= 3
    assert (color(0.95) == 255).all()


def test_a_hundred_thousand_rows_are_as_few_corners_as_the_picture_has_pixels() -> None:
    values = np.random.default_rng(0).normal(size=(100_000, 4))
    values[77_777] += 50
    shown = scene(History(values), spread=(100,))
    shown.draw(99_999)
    (polygon,) = bands(shown)[0]
    assert len(polygon) < 2 * 4 * 650
    assert polygon[:, 1].max() == values.max()
