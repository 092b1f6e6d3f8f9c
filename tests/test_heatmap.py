from __future__ import annotations

import base64
import io
import re
from pathlib import Path

import matplotlib
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.colors import to_rgb
from PIL import Image

import liveplot_cli
from conftest import wave_matrix
from liveplot_cli.charts.heatmap import Heatmap, shape
from liveplot_cli.drawing import style
from liveplot_cli.drawing.raster import _reduced
from liveplot_cli.errors import UsageError
from liveplot_cli.history import History
from liveplot_cli.look import Look
from liveplot_cli.scene import Scene

NAN = float("nan")
pytestmark = pytest.mark.usefixtures("themed")


def scene(values: object, look: Look | None = None, **options: object) -> Scene:
    histories = values if isinstance(values, tuple) else (History(np.asarray(values)),)
    return Scene(histories, Heatmap(**options), look or Look())


def cells(shown: Scene, position: float, height: int, width: int, panel: int = 0) -> np.ndarray:
    """The colour in the middle of each cell, shape (height, width, 3)."""
    pixels = shown.pixels(position)
    box = shown.figure.axes[panel].get_window_extent()
    rows = len(pixels) - (box.y0 + (np.arange(height)[::-1] + 0.5) * box.height / height)
    columns = box.x0 + (np.arange(width) + 0.5) * box.width / width
    return pixels[np.ix_(rows.astype(int), columns.astype(int))][..., :3].astype(int)


def expected(name: str, levels: object) -> np.ndarray:
    return np.asarray(matplotlib.colormaps[name](np.asarray(levels, float), bytes=True)).astype(int)[..., :3]


def bar_limits(shown: Scene, panel: int = 0) -> tuple[float, float]:
    (bar,) = shown.figure.axes[panel].child_axes
    return bar.get_ylim()


def test_each_cell_has_the_colour_of_its_number_from_the_top_left_on() -> None:
    values = np.array([[[0, 1, 2], [3, 4, 5]], [[5, 4, 3], [2, 1, 0]]])
    shown = scene(values)
    for row in (1, 0):
        assert abs(cells(shown, row, 2, 3) - expected("viridis", values[row] / 5)).max() <= 3


def test_cells_are_squares() -> None:
    for height, width, tall in ((2, 3, 2 / 3), (90, 50, 1.8), (300, 4, 2), (1, 64, 1 / 4)):
        shown = scene(np.ones((2, height, width)))
        shown.draw(0)
        box = shown.figure.axes[0].get_window_extent()
        assert box.height / box.width == pytest.approx(tall)


def test_title_and_counter_have_the_width_of_the_picture() -> None:
    shown = scene(np.ones((100, 90, 50)), Look(title="a title of some words that are many"))
    shown.draw(50)
    axes = shown.figure.axes[0]
    title, counter = axes._left_title, axes._right_title
    words, figures, box = (one.get_window_extent() for one in (title, counter, axes))
    assert words.x0 == pytest.approx(box.x0, abs=1)
    assert figures.x1 == pytest.approx(box.x1, abs=1)
    assert words.x1 < figures.x0
    assert title.get_text().count("\n")


def test_a_row_is_given_its_shape() -> None:
    values = np.arange(24.0).reshape(2, 12)
    shown = scene(values, shape=(4, 3))
    assert abs(cells(shown, 1, 4, 3) - expected("viridis", values[1].reshape(4, 3) / 23)).max() <= 3


def test_a_shape_that_is_asked_for_is_that_of_the_history_or_another() -> None:
    values = np.arange(24.0).reshape(2, 3, 4)
    shown = scene(values, shape=(4, 3))
    assert abs(cells(shown, 0, 4, 3) - expected("viridis", values[0].reshape(4, 3) / 23)).max() <= 3


@pytest.mark.parametrize(
    ("columns", "options", "sentence"),
    [
        (64, {"shape": (7, 9)}, "history: its rows of 64 columns are no 7x9; 8x8, 4x16, 2x32 would fit"),
        (64, {}, "history: its rows of 64 columns do not say which picture they are; 8x8, 4x16, 2x32 would fit"),
        (61, {"shape": (6, 10)}, "history: its rows of 61 columns are no 6x10; 1x61 would fit"),
    ],
)
def test_a_shape_that_does_not_fit_is_refused_with_those_that_would(
    columns: int, options: dict[str, object], sentence: str
) -> None:
    with pytest.raises(UsageError) as caught:
        scene(np.ones((2, columns)), **options)
    assert caught.value.sentence == sentence
    assert caught.value.cure == ("shape", sentence.split("; ")[1].split(",", maxsplit=1)[0].split(maxsplit=1)[0])


@given(columns=st.integers(1, 5000))
def test_shapes_that_would_fit_do(columns: int) -> None:
    with pytest.raises(UsageError) as caught:
        Heatmap()._grid(History(np.ones((1, columns))))
    found = [shape(text) for text in re.findall(r"\d+x\d+", caught.value.sentence)]
    assert 1 <= len(found) <= 3
    assert all(height * width == columns and height <= width for height, width in found)


@pytest.mark.parametrize("text", ["8", "8x", "x8", "0x8", "8x8x8", "-8x8", "8.5x8", "8x1e9", "²x8", "axb", ""])
def test_what_is_no_shape_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a height and a width in cells such as 8x8"):
        shape(text)


def test_numbers_on_both_sides_of_0_have_colours_that_meet_there() -> None:
    values = np.array([[[-2, -1, 0], [1, 2, 4]]] * 2)
    found = cells(scene(values), 0, 2, 3)
    assert abs(found - expected("RdBu_r", 0.5 + values[0] / 8)).max() <= 3
    assert bar_limits(scene(values)) == (-2, 4)


@pytest.mark.parametrize(("low", "name"), [(-0.5, "RdBu_r"), (-0.05, "viridis"), (0, "viridis"), (0.5, "viridis")])
def test_a_few_numbers_below_0_are_no_second_side(low: float, name: str) -> None:
    found = cells(scene([[[low, 1.0]]] * 2), 0, 1, 2)
    assert abs(found[0, 1] - expected(name, 1.0)).max() <= 3


def test_numbers_below_0_alone_are_one_side() -> None:
    assert abs(cells(scene([[[-3.0, -1.0]]] * 2), 0, 1, 2)[0] - expected("viridis", [0, 1])).max() <= 3


def test_a_map_can_be_asked_for_by_its_name() -> None:
    assert abs(cells(scene([[[0.0, 1.0]]] * 2, cmap="magma"), 0, 1, 2)[0] - expected("magma", [0, 1])).max() <= 3
    found = cells(scene([[[-1.0, 3.0]]] * 2, cmap="coolwarm"), 0, 1, 2)[0]
    assert abs(found - expected("coolwarm", [0.5 - 1 / 6, 1])).max() <= 3


@pytest.mark.parametrize(("name", "near"), [("virdis", "'viridis'"), ("qqqqqqqq", "'viridis', 'RdBu_r', 'magma'")])
def test_an_unknown_map_is_refused_with_what_is_spelt_alike(name: str, near: str) -> None:
    with pytest.raises(UsageError, match=f"there is no colour map '{name}'; there are {near}"):
        scene(np.ones((2, 2, 2)), cmap=name)


def test_a_gap_has_a_colour_of_its_own() -> None:
    found = cells(scene([[[NAN, 1.0], [2.0, NAN]]] * 2), 0, 2, 2)
    grey = np.round(255 * np.array(to_rgb(style.gap())))
    assert (found[0, 0] == grey).all()
    assert (found[1, 1] == grey).all()
    assert (found[0, 1] != grey).any()


@pytest.mark.parametrize("value", [5.0, -1e7, 1e18])
def test_what_never_changes_has_the_colour_in_the_middle(value: float) -> None:
    shown = scene(np.full((3, 2, 2), value))
    assert abs(cells(shown, 2, 2, 2) - expected("viridis", 0.5)).max() <= 3
    low, high = bar_limits(shown)
    assert low < value < high


def test_limits_of_the_colours_can_be_asked_for() -> None:
    values = [[[0.0, 1.0, 2.0, 9.0]]] * 2
    shown = scene(values, clim=(1, 3))
    assert bar_limits(shown) == (1, 3)
    assert abs(cells(shown, 0, 1, 4)[0] - expected("viridis", [0, 0, 0.5, 1])).max() <= 3
    assert bar_limits(scene(values, clim=(None, 3))) == (0, 3)
    turned = scene(values, clim=(3, 1))
    assert bar_limits(turned) == (3, 1)
    assert abs(cells(turned, 0, 1, 4)[0] - expected("viridis", [1, 1, 0.5, 0])).max() <= 3


def test_limits_of_the_colours_hold_for_all_rows_or_follow_them() -> None:
    values = np.linspace(1, 100, 60)[:, None, None] * np.array([[0.5, 1]])
    steady = scene(values)
    following = scene(values, clim="follow")
    bounds = []
    for row in (0, 30, 59, 0):
        steady.draw(row)
        following.draw(row)
        assert bar_limits(steady) == (0.5, 100)
        bounds.append(bar_limits(following))
        low, high = bounds[-1]
        assert low <= values[row].min()
        assert values[row].max() <= high
    assert bounds[0] == bounds[3]
    assert bounds[0][1] < bounds[1][1] < bounds[2][1]


def test_robust_limits_of_the_colours_leave_out_the_outermost() -> None:
    values = np.linspace(0, 1, 1000).reshape(2, 20, 25)
    values[0, 0, 0] = 1e6
    low, high = bar_limits(scene(values, clim="robust"))
    assert 0 < low < high < 1


def test_the_bar_shows_the_colours_of_its_numbers() -> None:
    values = np.array([[[-1.0, 3.0]]] * 2)
    shown = scene(values)
    pixels = shown.pixels(0)
    (bar,) = shown.figure.axes[0].child_axes
    box = bar.get_window_extent()
    middle = int((box.x0 + box.x1) / 2)
    rows = len(pixels) - np.linspace(box.y0 + 2, box.y1 - 2, 9)
    levels = 0.5 + np.linspace(-1, 3, 9) / 6
    assert abs(pixels[rows.astype(int), middle, :3].astype(int) - expected("RdBu_r", levels)).max() <= 8


def test_the_background_is_drawn_again_only_when_the_colours_change(monkeypatch: pytest.MonkeyPatch) -> None:
    for clim, draws in ((None, 1), ("follow", 5)):
        shown = scene(np.geomspace(1, 100, 36)[:, None, None] * np.ones((2, 2)), clim=clim)
        drawn: list[None] = []
        draw = shown.figure.canvas.draw
        with monkeypatch.context() as patch:
            patch.setattr(shown.figure.canvas, "draw", lambda draw=draw, drawn=drawn: (drawn.append(None), draw()))
            for row in range(36):
                shown.draw(row)
        assert len(drawn) == draws


def test_limits_of_colours_that_leave_nothing_are_told_by_their_own_name(caplog: pytest.LogCaptureFixture) -> None:
    scene(np.ones((1, 2, 2)), clim=(5, 6))
    assert "nothing lies within the clim asked for, 5 to 6" in caplog.text


@pytest.mark.parametrize("first", [0, 2])
def test_each_picture_can_have_the_colours_of_its_own_numbers(first: int) -> None:
    values = np.arange(4.0).reshape(2, 2) * np.array([1.0, 7, -20])[:, None, None]
    shown = scene(values, clim="each")
    shown.draw(first)  # whichever comes first, the map is the same
    pictures = [cells(shown, row, 2, 2) for row in range(2)]
    assert np.array_equal(*pictures)
    assert abs(pictures[0] - expected("RdBu_r", np.array([[3, 4], [5, 6]]) / 6)).max() <= 5, "centred on 0"


def test_pictures_beside_one_another_have_the_same_colours() -> None:
    one, two = History([[[0.0, 1.0]]], name="one"), History([[[-4.0, 2.0]]], name="two")
    shown = scene((one, two))
    shown.draw(0)
    assert bar_limits(shown, 0) == bar_limits(shown, 1) == (-4, 2)
    assert abs(cells(shown, 0, 1, 2, 0)[0] - expected("RdBu_r", [0.5, 0.625])).max() <= 3
    assert abs(cells(shown, 0, 1, 2, 1)[0] - expected("RdBu_r", [0, 0.75])).max() <= 3
    with pytest.raises(UsageError, match="several histories can't lie upon one another in a heatmap"):
        scene((one, two), Look(layout="overlay"))


@pytest.mark.parametrize("look", [Look(ylim=(0, 1)), Look(logx=True), Look(logy=True), Look(xlim="follow")])
def test_its_axes_have_no_numbers(look: Look) -> None:
    with pytest.raises(UsageError, match="axis of a heatmap has no numbers, and takes no"):
        scene(np.ones((2, 2, 2)), look)


def test_more_cells_than_pixels_are_seen_as_their_means() -> None:
    board = np.indices((1000, 1000)).sum(axis=0) % 2
    found = cells(scene(np.array([board, 1 - board])), 0, 20, 20)
    assert abs(found - expected("viridis", 0.5)).max() <= 4


@given(
    st.tuples(st.integers(1, 6), st.integers(1, 6)), st.tuples(st.integers(1, 5), st.integers(1, 5)), st.integers(0, 99)
)
def test_a_larger_cell_is_the_mean_of_those_below_it(
    shape: tuple[int, int], factors: tuple[int, int], seed: int
) -> None:
    rng = np.random.default_rng(seed)
    levels = rng.random((shape[0] * factors[0], shape[1] * factors[1]))
    levels[rng.random(levels.shape) < 0.2] = NAN
    blocks = levels.reshape(shape[0], factors[0], shape[1], factors[1])
    known = ~np.isnan(blocks)
    with np.errstate(invalid="ignore"):
        means = np.where(known, blocks, 0).sum(axis=(1, 3)) / known.sum(axis=(1, 3))
    np.testing.assert_allclose(_reduced(levels, *shape), means, atol=1e-6)


@pytest.mark.parametrize("reach", [1.7e308, 1e-320])
def test_numbers_at_the_edge_of_the_range_are_drawn(reach: float) -> None:
    shown = scene(np.array([[[-reach, reach]], [[0, reach]]]))
    with np.errstate(all="raise"):
        shown.draw(0)
        shown.draw(1)


def test_a_still_without_pixels_holds_the_cells_themselves(tmp_path: Path) -> None:
    values = np.arange(12.0).reshape(2, 2, 3)
    liveplot_cli.render(values, tmp_path / "a.svg", at="2")
    found = re.findall(r"data:image/png;base64,\s*([^\"]+)", (tmp_path / "a.svg").read_text())
    pictures = [np.asarray(Image.open(io.BytesIO(base64.b64decode(text))).convert("RGB")).astype(int) for text in found]
    (picture,) = [picture for picture in pictures if picture.shape == (2, 3, 3)]
    wanted = expected("viridis", values[1] / 11)
    assert min(abs(picture - wanted).max(), abs(picture - wanted[::-1]).max()) <= 3  # an SVG may turn it by itself


@pytest.mark.parametrize("name", ["film.gif", "film.mp4"])
def test_a_film_shows_what_was_drawn(tmp_path: Path, name: str) -> None:
    import imageio.v3 as imageio

    values = wave_matrix(12, 300).reshape(12, 15, 20)
    liveplot_cli.render(values, tmp_path / name, fps=10, size="320x240")
    shown = Scene([History(values)], Heatmap(), Look(size=(320, 240)))
    frames = imageio.imread(tmp_path / name, plugin="pyav" if name.endswith("mp4") else None)[..., :3]
    assert len(frames) == 12
    for row, frame in enumerate(frames):
        error = np.mean((frame.astype(float) - shown.pixels(row)[..., :3]) ** 2)
        assert 10 * np.log10(255**2 / error) > (50 if name.endswith("gif") else 28)


@pytest.mark.parametrize(("clim", "level"), [((0, 10), 0.5), ((0, 2), 1), ((8, 10), 0), ((4, 8), 0.25)])
def test_a_pixel_has_the_colour_of_the_mean_of_its_cells_though_these_lie_beyond_the_limits(
    clim: tuple[float, float], level: float
) -> None:
    board = np.zeros((1, 600, 600))
    board[:, ::2, ::2] = board[:, 1::2, 1::2] = 10
    shown = scene(board, Look(size=(300, 300)), clim=clim, cmap="gray")
    picture = shown.pixels(0)
    box = shown.figure.axes[0].get_window_extent()
    middle = picture[300 - int(box.y1) + 5 : 300 - int(box.y0) - 5, int(box.x0) + 5 : int(box.x1) - 5, 0]
    assert abs(middle.mean() - 255 * level) <= 2
    assert np.ptp(middle.astype(int)) <= 80  # a pixel covers some four of the cells, whose colours lie 255 apart
