from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from liveplot_cli.drawing import distribution
from liveplot_cli.errors import UsageError
from liveplot_cli.history import History

NAN = float("nan")
NUMBERS = st.floats(-1e6, 1e6, allow_subnormal=False) | st.integers(-9, 9).map(float)
MATRICES = arrays(float, st.tuples(st.integers(1, 5), st.integers(1, 40)), elements=NUMBERS)


def bins(values: object, asked: str | int | tuple[float, ...] = "auto", log: bool = False) -> distribution.Bins:
    return distribution.bins([History(values)], asked, log)


@given(values=MATRICES, asked=st.just("auto") | st.integers(1, 200))
def test_bins_rise_and_hold_every_value_of_the_history_as_numpy_counts(values: np.ndarray, asked: str | int) -> None:
    found = bins(values, asked)
    assert (np.diff(found.edges) > 0).all()
    for row in values:
        counts = found.counts(row)
        assert counts.sum() == len(row)
        assert np.array_equal(counts, np.histogram(row, found.edges)[0])


@given(values=MATRICES)
def test_bins_are_round_and_whole_numbers_stand_in_the_middle_of_theirs(values: np.ndarray) -> None:
    found = bins(np.round(values))
    width = found.width
    if len(found.edges) > 2:
        assert float(f"{width:.1e}".rstrip("0")[0]) in (1, 2, 5)
        assert math.isclose((found.edges[0] + 0.5) % width % width, 0, abs_tol=1e-6 * width)
    elif abs(values).max() < 1e6:
        assert width == 1


@pytest.mark.parametrize("columns", [2, 30, 1000, 200_000])
def test_bins_are_neither_few_nor_many(columns: int) -> None:
    values = np.random.default_rng(columns).normal(size=(3, columns))
    assert 8 <= len(bins(values).edges) - 1 <= 150


def test_bins_are_not_narrow_because_most_values_are_nearly_the_same() -> None:
    values = np.random.default_rng(0).normal(size=(5, 1000))
    values[:, 200:] *= 1e-4
    assert len(bins(values).edges) < 150


def test_bins_are_for_rows_also_where_the_history_moves_far() -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(size=(100, 500)) + np.arange(100)[:, None] * 2
    counts = [np.count_nonzero(bins(values).counts(row)) for row in values]
    assert min(counts) >= 2


def test_bins_hold_outliers_and_are_not_led_by_them() -> None:
    values = np.random.default_rng(0).normal(size=(5, 1000))
    values[2, 0] = 800
    found = bins(values)
    assert found.counts(values[2]).sum() == 1000
    assert np.count_nonzero(found.counts(values[0])) >= 8


@pytest.mark.parametrize(
    ("value", "edges"), [(3, (2.5, 3.5)), (0, (-0.5, 0.5)), (0.004, (0.002, 0.006)), (1e-320, (-0.5, 0.5))]
)
def test_one_value_has_one_bin(value: float, edges: tuple[float, float]) -> None:
    assert tuple(bins(np.full((3, 3), value)).edges) == edges
    assert len(bins(np.full((3, 3), value), 20).edges) == 21


def test_one_value_of_a_logarithmic_axis_has_half_a_decade_at_either_side() -> None:
    assert bins([[10.0, 10]], log=True).edges.tolist() == [0.5, 1.5]


def test_bins_of_a_logarithmic_axis_are_even_upon_it() -> None:
    values = 10 ** np.random.default_rng(0).normal(size=(3, 200))
    found = bins(values, log=True)
    assert np.allclose(np.diff(np.log10(found.places)), found.width)
    assert found.counts(values[0]).sum() == 200


def test_edges_are_taken_as_they_are_given() -> None:
    found = bins([[0.5, 1, 3, 9, NAN, -1]], (0, 1, 5))
    assert found.counts(np.array([0.5, 1, 3, 9, NAN, -1])).tolist() == [1, 2]
    with pytest.raises(UsageError, match="above zero"):
        bins([[1, 2]], (0, 1), log=True)


def test_bins_are_those_of_the_rows_shown() -> None:
    history = History([[0.0, 1], [50, 90]], shown=[0])
    assert distribution.bins([history], "auto", False).edges[-1] < 2
    history = History([[0, 1, 2], [0.5, 0.7, 0.1]], shown=[0])
    assert distribution.bins([history], "auto", False).is_whole


@given(values=MATRICES, log=st.booleans())
def test_densities_have_area_one(values: np.ndarray, log: bool) -> None:
    found = bins(np.exp(values / 1e5) if log else values, log=log)
    for row in np.exp(values / 1e5) if log else values:
        assert math.isclose((found.densities(row) * np.diff(found.edges)).sum(), 1)


def test_densities_of_gaps_are_nothing() -> None:
    assert not bins([[1.0, 2]]).densities(np.array([NAN, NAN])).any()


@given(values=arrays(float, st.integers(2, 50), elements=NUMBERS))
def test_a_normal_fit_is_the_likeliest(values: np.ndarray) -> None:
    number, mean, deviation = distribution.normal(np.append(values, NAN))
    assert number == len(values)
    assert math.isclose(mean, values.mean(), abs_tol=1e-9)
    if deviation > 1e-3 * np.abs(values).max():

        def likelihood(mean: float, deviation: float) -> float:
            return float(-(((values - mean) / deviation) ** 2).sum() / 2 - len(values) * math.log(deviation))

        best = likelihood(mean, deviation)
        for part in (0.9, 1.1):
            assert best > likelihood(mean, deviation * part)
            assert best > likelihood(mean + (part - 1) * deviation, deviation)


def test_a_normal_fit_of_one_value_or_none_has_no_deviation() -> None:
    assert np.isnan(distribution.normal(np.array([2.0, 2.0]))[2])
    assert np.isnan(distribution.normal(np.array([NAN]))).all()


def test_a_normal_density_has_area_one() -> None:
    places = np.linspace(-50, 50, 10_001)
    assert math.isclose(np.trapezoid(distribution.normal_density(places, 3, 2), places), 1)


@given(values=arrays(float, st.integers(1, 50), elements=NUMBERS), number=st.integers(2, 50))
def test_values_in_order_are_all_of_them_or_some_evenly_spread(values: np.ndarray, number: int) -> None:
    assert distribution.in_order(np.append(values, NAN), len(values)).tolist() == sorted(values)
    some = distribution.in_order(values, number)
    assert len(some) == number
    assert (some[0], some[-1]) == (values.min(), values.max())
    assert (np.diff(some) >= 0).all()


def test_between_two_rows_lies_a_part_of_each() -> None:
    rows = {0: np.array([0.0, 8]), 1: np.array([4.0, 0])}
    assert distribution.between(0.25, rows.__getitem__).tolist() == [1, 6]
    assert distribution.between(1.0, rows.__getitem__).tolist() == [4, 0]


@given(counts=arrays(float, st.integers(20, 200), elements=st.integers(0, 50).map(float)))
def test_a_smooth_density_has_area_one_but_for_what_goes_over_the_edge(counts: np.ndarray) -> None:
    wide = np.pad(counts, 3 * len(counts))
    found = distribution.smooth(wide)
    assert math.isclose(found.sum(), 1 if counts.any() else 0, abs_tol=1e-3)
    places = np.arange(len(wide))
    assert math.isclose((found * places).sum(), (wide * places).sum() / max(1, wide.sum()), abs_tol=0.5)
    assert (found >= 0).all()


def test_a_smooth_density_is_as_wide_as_silverman_has_it() -> None:
    counts = np.histogram(np.random.default_rng(0).normal(size=1000), 800, (-8, 8))[0].astype(float)
    found = distribution.smooth(counts)
    places = np.arange(800)
    before, after = (
        math.sqrt((part * places**2).sum() - (part * places).sum() ** 2) for part in (counts / 1000, found)
    )
    assert math.isclose(math.sqrt(after**2 - before**2), 0.9 * before * 1000**-0.2, rel_tol=0.05)


def test_bins_are_widened_at_both_ends() -> None:
    found = bins([[0.0, 10]], 20).widened(0.1)
    assert (found.edges[0], found.edges[-1], len(found.edges)) == (-1, 11, 21)
