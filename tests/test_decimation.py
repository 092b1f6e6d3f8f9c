from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from liveplot_cli import charts
from liveplot_cli.drawing import scale, style
from liveplot_cli.drawing.decimation import Decimation
from liveplot_cli.history import History, isolated
from liveplot_cli.look import Look
from liveplot_cli.scene import Scene

MILLION = 1_000_000
NAN = float("nan")


def million(kind: str) -> np.ndarray:
    """A million values of some kind."""
    rng = np.random.default_rng(0)
    places = np.arange(MILLION)
    walk = np.cumsum(rng.normal(size=MILLION))
    match kind:
        case "noise":
            return rng.normal(size=MILLION)
        case "walk":
            return walk
        case "sine":
            return np.sin(places / 20_000)
        case "fast sine":
            return np.sin(places / 300) * np.sin(places / 1e5)
        case "spike":
            return np.where(places == MILLION // 3, 10, np.sin(places / 1e5))
        case "gaps":
            walk[200_000:400_000] = walk[500_000] = np.nan
            walk[rng.random(MILLION) < 0.2] = np.nan
            return walk
    raise AssertionError(kind)


def ssim(one: np.ndarray, two: np.ndarray) -> float:
    """The structural similarity of two grey pictures by Wang et al. 2004: Gaussian windows of 11 pixels, sigma 1.5."""
    window = np.exp(-np.square(np.arange(-5, 6)) / (2 * 1.5**2))
    window /= window.sum()

    def blurred(picture: np.ndarray) -> np.ndarray:
        for axis in 0, 1:
            picture = np.apply_along_axis(np.convolve, axis, picture, window, "valid")
        return picture

    mean, other = blurred(one), blurred(two)
    spread, other_spread = blurred(one * one) - mean**2, blurred(two * two) - other**2
    together = blurred(one * two) - mean * other
    low, high = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    similar = (2 * mean * other + low) * (2 * together + high)
    return float((similar / ((mean**2 + other**2 + low) * (spread + other_spread + high))).mean())


def axes_of(width: int = 16, xlim: tuple[float, float] | None = None) -> Axes:
    """Axes of so many pixels in width."""
    figure = Figure((width / 10, 2), dpi=10)
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0, 0, 1, 1))
    if xlim is not None:
        axes.set_xlim(*xlim)
    return axes


def edges_of(axes: Axes, columns: int) -> np.ndarray:
    """The places between an axes' columns of pixels."""
    return np.sort(np.linspace(*axes.get_xlim(), columns + 1))


def by_column(places: np.ndarray, values: np.ndarray, edges: np.ndarray) -> dict[int, tuple[float, float]]:
    """The lowest and the highest value in each column of pixels that has one."""
    columns = np.searchsorted(edges, places, side="right") - 1
    known = ~np.isnan(values) & (columns >= 0) & (columns < len(edges) - 1)
    return {
        int(column): (values[known & (columns == column)].min(), values[known & (columns == column)].max())
        for column in np.unique(columns[known])
    }


@pytest.mark.parametrize("kind", ["noise", "walk", "sine", "fast sine", "spike", "gaps"])
def test_a_line_of_a_million_points_looks_as_in_full(kind: str) -> None:
    values, places = million(kind), np.arange(MILLION, dtype=float)
    pictures = []
    for reduced in False, True:
        figure = Figure(dpi=100)
        canvas = FigureCanvasAgg(figure)
        axes = figure.add_subplot(xlim=(-0.02 * MILLION, 1.02 * MILLION))
        axes.set_ylim(*scale.padded((np.nanmin(values), np.nanmax(values))))
        (line,) = axes.plot([], [])
        drawn = Decimation(axes, places)(values) if reduced else (places, values)
        assert len(drawn[0]) <= (MILLION if not reduced else 4 * 520)
        line.set_data(*drawn)
        canvas.draw()
        pictures.append(np.asarray(canvas.buffer_rgba())[..., :3].mean(axis=2))
    assert ssim(*pictures) >= 0.98


def test_the_measure_of_likeness_tells_pictures_apart() -> None:
    rng = np.random.default_rng(0)
    picture = rng.integers(0, 255, (60, 60)).astype(float)
    assert ssim(picture, picture) == pytest.approx(1)
    assert ssim(picture, np.roll(picture, 1, axis=1)) < 0.5


@pytest.mark.usefixtures("themed")
@pytest.mark.parametrize("place", [0, 1, 4999, 31_415, 99_999])
def test_one_spike_among_many_points_is_seen(place: int) -> None:
    values = np.zeros((2, 100_000))
    values[1, place] = 1
    pictures = [Scene([History(values)], charts.load("line")(), Look(title="")).pixels(row).copy() for row in (0, 1)]
    counter = 60  # the counter's rows at the top
    rows = np.flatnonzero((pictures[0] != pictures[1])[counter:].any(axis=(1, 2)))
    assert len(rows) > 300


@settings(max_examples=150, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    points=st.integers(1, 700),
    width=st.integers(5, 40),
    gaps=st.sampled_from([0, 0, 0.1, 0.5, 0.95]),
    even=st.booleans(),
    # No place lies on an edge between two columns of pixels, where it would belong to either.
    view=st.sampled_from(
        [
            None,
            (10.0271828, 600.0314159),
            (-50.0271828, 300.0314159),
            (500.0314159, 200.0271828),
            (800.0314159, -100.0271828),
            (0.2271828, 3.5314159),
        ]
    ),
    cut=st.floats(0, 1),
)
def test_the_lowest_and_the_highest_of_each_column_of_pixels_are_kept(
    seed: int, points: int, width: int, gaps: float, even: bool, view: tuple[float, float] | None, cut: float
) -> None:
    rng = np.random.default_rng(seed)
    places = np.arange(points, dtype=float) if even else np.sort(rng.integers(0, 700, points) + rng.choice([0, 0.5]))
    values = rng.standard_cauchy(points)
    values[rng.random(points) < gaps] = NAN
    values = values[: max(1, round(cut * points))]
    axes = axes_of(width, view or (-1.0271828, points + 1.0314159))
    reduced_places, reduced = Decimation(axes, places)(values)
    assert len(reduced_places) == len(reduced) <= max(8 * width, 4 * (width + 3))
    assert (np.diff(reduced_places) >= 0).all()
    edges = edges_of(axes, width)
    assert by_column(reduced_places, reduced, edges) == by_column(places[: len(values)], values, edges)


@settings(max_examples=150, deadline=None)
@given(seed=st.integers(0, 2**32), width=st.integers(5, 30), lone=st.integers(0, 399), view=st.booleans())
def test_a_lone_value_between_gaps_is_still_a_dot(seed: int, width: int, lone: int, view: bool) -> None:
    values = np.full(400, NAN)
    values[lone] = np.random.default_rng(seed).normal()
    axes = axes_of(width, (400.0, -1.0) if view else (-1.0, 400.0))
    places, reduced = Decimation(axes, np.arange(400.0))(values)
    assert reduced[isolated(reduced)].tolist() == [values[lone]]
    assert abs(places[isolated(reduced)] - lone) <= 401 / width


def test_dots_of_a_line_with_many_gaps_are_drawn_though_it_is_reduced() -> None:
    values = np.full((2, 20_000), NAN)
    values[0, 10_000], values[1, :2] = 1, 0
    with style.applied():
        scene = Scene([History(values)], charts.load("line")(), Look(title=""))
        scene.draw(0)
        (line,) = scene.figure.axes[0].get_lines()
    assert line.get_marker() == "o"
    assert line.get_ydata()[line.get_markevery()].tolist() == [1]


def test_what_is_known_on_both_sides_is_no_dot() -> None:
    values = np.full(400, NAN)
    values[100:102] = 1, 2
    for shift in range(30):
        assert not isolated(Decimation(axes_of(10, (-1, 400)), np.arange(400.0))(np.roll(values, shift))[1]).any()


@pytest.mark.parametrize("points", [0, 1, 2, 8 * 16])
def test_few_points_stay_as_they_are(points: int) -> None:
    places, values = np.arange(200.0), np.random.default_rng(0).normal(size=points)
    drawn = Decimation(axes_of(16), places)(values)
    assert np.array_equal(drawn, [places[:points], values])


def test_more_than_a_few_points_are_reduced() -> None:
    values = np.random.default_rng(0).normal(size=8 * 16 + 1)
    assert len(Decimation(axes_of(16, (0, 128)), np.arange(129.0))(values)[0]) <= 4 * 17


def test_places_that_fall_are_left_alone() -> None:
    places = np.arange(1000.0)
    places[500] = 3
    values = np.random.default_rng(0).normal(size=1000)
    assert np.array_equal(Decimation(axes_of(16), places)(values), [places, values])
    assert len(Decimation(axes_of(16), places)(values[:300])[0]) == 300


def test_places_that_repeat_are_one_column() -> None:
    values = np.random.default_rng(0).normal(size=1000)
    places, reduced = Decimation(axes_of(16, (0, 10)), np.full(1000, 5.0))(values)
    assert set(places) == {5}
    assert (reduced[0], reduced.min(), reduced.max(), reduced[-1]) == (
        values[0],
        values.min(),
        values.max(),
        values[-1],
    )


@pytest.mark.parametrize("limits", [(300.5, 310.5), (310.5, 300.5)])
def test_where_the_view_is_narrow_every_point_of_it_is_drawn_and_the_line_goes_on_beyond(
    limits: tuple[float, float],
) -> None:
    values = np.random.default_rng(0).normal(size=1000)
    places, reduced = Decimation(axes_of(16, limits), np.arange(1000.0))(values)
    assert sorted(set(zip(places, reduced, strict=True))) == [(place, values[place]) for place in range(300, 312)]


@pytest.mark.parametrize("limits", [(-50, -10), (2000, 3000)])
def test_where_nothing_is_in_view_hardly_anything_is_drawn(limits: tuple[float, float]) -> None:
    places, reduced = Decimation(axes_of(16, limits), np.arange(1000.0))(np.ones(1000))
    assert len(set(places)) == 1
    assert set(reduced) == {1}


def test_a_column_is_a_column_of_logarithmic_axes_too() -> None:
    axes = axes_of(16, (1, 1000))
    axes.set_xscale("log")
    places, values = np.arange(1.0, 1000), np.random.default_rng(0).normal(size=999)
    edges = np.geomspace(1, 1000, 17)
    assert by_column(*Decimation(axes, places)(values), edges) == by_column(places, values, edges)


@pytest.mark.parametrize("shown", [129, 500, 999])
def test_a_trace_reduces_what_it_shows_so_far(shown: int) -> None:
    places, values = np.arange(1000.0), np.random.default_rng(0).normal(size=1000)
    drawn, reduced = Decimation(axes_of(16, (0, 1000)), places)(values[:shown])
    assert drawn[-1] == shown - 1
    assert reduced[-1] == values[shown - 1]
    assert (reduced.min(), reduced.max()) == (values[:shown].min(), values[:shown].max())


def test_gaps_and_reduction_warn_of_nothing() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        _, reduced = Decimation(axes_of(16, (0, 1000)), np.arange(1000.0))(np.full(1000, NAN))
    assert np.isnan(reduced).all()


def test_the_values_that_were_given_are_not_changed() -> None:
    values = np.full(1000, NAN)
    values[::50] = 1
    before = values.copy()
    Decimation(axes_of(16, (0, 1000)), np.arange(1000.0))(values)
    assert np.array_equal(values, before, equal_nan=True)
