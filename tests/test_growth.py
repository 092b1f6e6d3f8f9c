from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from liveplot_cli.drawing.growth import Curve, Line, between
from liveplot_cli.history import isolated

NAN = float("nan")


def curve(values: list[float], places: list[float] | None = None) -> Curve:
    figure = Figure()
    FigureCanvasAgg(figure)
    found = np.arange(float(len(values))) if places is None else np.array(places)
    return Curve(figure.add_subplot(xlim=(found[0] - 1, found[-1] + 1)), found, np.array(values))


@settings(max_examples=100, deadline=None)
@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=8), st.floats(0, 1))
def test_a_curve_up_to_a_position_ends_in_it(values: list[float], part: float) -> None:
    position = part * (len(values) - 1)
    places, found = curve(values).until(position)
    row = int(position)
    assert places[-1] == pytest.approx(position)
    assert found[-1] == pytest.approx(np.interp(position, range(len(values)), values), abs=1e-6)
    assert found[: row + 1].tolist() == values[: row + 1]


def test_the_head_is_on_its_way_to_the_next_row_where_that_lies() -> None:
    assert curve([1, 3], [10, 30]).until(0.25)[0].tolist() == [10, 15]


def test_behind_the_last_row_a_curve_is_whole() -> None:
    for position in (2, 5, 5.5):
        assert curve([1, 2, 3]).until(position)[1].tolist() == [1, 2, 3]


def test_values_between_many_gaps_are_joined_and_the_head_waits_for_the_next() -> None:
    sparse = curve([1, NAN, NAN, 7, NAN, NAN, 9])
    assert sparse.until(1.5)[1].tolist() == [1]
    assert sparse.until(2.5)[1].tolist() == [1, 4]
    assert sparse.until(6)[1].tolist() == [1, 7, 9]


def test_a_column_that_begins_late_is_nothing_until_it_begins() -> None:
    late = curve([NAN, NAN, 5, NAN, NAN, 7, NAN])
    assert late.until(1.5)[1].tolist() == []
    assert late.until(2)[1].tolist() == [5]


def test_a_few_gaps_stay_and_a_head_that_goes_into_one_is_not_seen() -> None:
    dense = curve([1, 2, 3, NAN, 5, 6])
    assert np.isnan(dense.until(2.5)[1]).tolist() == [False, False, False, True]
    assert np.isnan(dense.until(5)[1]).tolist() == [False, False, False, True, False, False]


def test_a_line_has_dots_at_its_head_and_where_a_value_stands_alone() -> None:
    figure = Figure()
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    values = np.array([1.0, 2, NAN, 4, NAN, 6, 7, 8])
    line = Line(axes, Curve(axes, np.arange(8.0), values)).grow(7)
    assert line.get_markevery() == [3, 7]
    assert isolated(values)[3]


def test_between_two_curves_lie_polygons_that_are_cut_at_gaps() -> None:
    lower, upper = [0, 0, NAN, 1, 1], [2, 3, NAN, 5, 6]
    found = between(*(curve(values + [1.0] * 9).until(4) for values in (lower, upper)))
    assert [polygon.tolist() for polygon in found] == [
        [[0, 0], [1, 0], [1, 3], [0, 2]],
        [[3, 1], [4, 1], [4, 6], [3, 5]],
    ]


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32), gaps=st.sampled_from([0, 0.01, 0.3]))
def test_between_two_long_curves_no_height_is_lost(seed: int, gaps: float) -> None:
    rng = np.random.default_rng(seed)
    rows = 20_000
    lower = rng.normal(size=rows)
    lower[rng.random(rows) < gaps] = NAN
    upper = lower + np.abs(rng.standard_cauchy(rows))
    found = between(*(curve(edge.tolist()).until(rows - 1) for edge in (lower, upper)))
    corners = np.concatenate(found)
    assert len(corners) < 2 * 4 * 520
    assert (corners[:, 1].min(), corners[:, 1].max()) == (np.nanmin(lower), np.nanmax(upper))
