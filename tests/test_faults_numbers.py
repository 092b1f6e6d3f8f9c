"""Section G of docs/reliability.md: numbers of every size on the plot. Each test is named by its case."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from matplotlib.colors import to_rgb

import films
from faults import SMALL, Done, Place, run_cli
from liveplot_cli.drawing.theme import THEMES

PALETTE = THEMES["liveplot"].palette

# A line is thicker than two pixels, so that wherever it lies one of them has all of its colour.
LARGE = ("--size", "480x360", "--dpi", "100", "-t", "")


def column(*values: object, name: str = "a") -> str:
    return "\n".join([name, *map(str, values)]) + "\n"


def drawn(place: Place, content: str, *options: str, **how: object) -> tuple[Done, list[np.ndarray]]:
    """The pictures of a film of this CSV file."""
    (place.folder / "h.csv").write_text(content)
    done = run_cli(place, "render", "h.csv", "-o", "a.gif", *LARGE, *options, **{"again": False, **how})
    return done, films.gif_pictures(place.folder / "a.gif")


def curve(picture: np.ndarray, number: int = 0) -> np.ndarray:
    """Where a picture has the colour of a line, shape (height, width)."""
    level = np.round(np.multiply(to_rgb(PALETTE[number]), 255))
    return np.abs(picture - level).max(axis=2) < 24


def extent(picture: np.ndarray, number: int = 0) -> tuple[float, float, float, float]:
    """Left, right, top and bottom of a line, as parts of the picture."""
    rows, columns = np.nonzero(curve(picture, number))
    height, width, _ = picture.shape
    return columns.min() / width, columns.max() / width, rows.min() / height, rows.max() / height


FLAT = {
    "a constant": (3, 3, 3),
    "zeros": (0, 0, 0, 0),
    "denormals, which are as good as zero": ("1e-320", "-1e-320", "5e-324"),
    "a large constant": ("1e300", "1e300"),
    "2 in 1e16": (10**16, 10**16 + 2, 10**16),
}
TALL = {
    "from -1e300 to 1e300": ("1e300", "-1e300", "0", "1e300"),
    "from -1e-280 to 1e-280": ("1e-280", "-1e-280", "1e-280"),
    "around 1e15": (10**15, 10**15 + 500, 10**15),
}


@pytest.mark.parametrize("case", FLAT)
def test_g01_what_hardly_changes_is_a_line_across_the_middle(place: Place, case: str) -> None:
    done, pictures = drawn(place, column(*FLAT[case]), again=True)
    left, right, top, bottom = extent(pictures[-1])
    assert right - left > 0.7
    assert bottom - top < 0.06
    assert 0.3 < top < 0.6
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("case", TALL)
def test_g01_what_changes_fills_the_picture(place: Place, case: str) -> None:
    done, pictures = drawn(place, column(*TALL[case]))
    left, right, top, bottom = extent(pictures[-1])
    assert right - left > 0.5  # beside long numbers
    assert bottom - top > 0.6
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("kind", ["trace", "line"])
@pytest.mark.parametrize("values", [("1.7e308", "-1.7e308", "0", "1.7e308"), ("1.7e308", "1.6e308", "0")], ids=str)
def test_g01_what_lies_beyond_an_axis_is_told_once(place: Place, kind: str, values: tuple[str, ...]) -> None:
    done, pictures = drawn(place, column(*values), "-k", kind)
    assert done.stderr.splitlines()[0] == "liveplot: values beyond 1e+300 lie outside the picture"
    assert len(done.stderr.splitlines()) == 2
    assert curve(pictures[2]).any(), "zero is within the picture"


def test_g01_a_column_of_gaps_beside_others(place: Place) -> None:
    done, pictures = drawn(place, "a,b,c\n1,nan,3\n2,,1\n0,NA,2\n")
    assert len(done.stderr.splitlines()) == 2
    assert "3 of 9 cells" in done.stderr
    for number in 0, 2:
        _, _, top, bottom = extent(pictures[-1], number)
        assert bottom - top > 0.3
    before_the_legend = pictures[-1][:, :300]
    assert not curve(before_the_legend, 1).any()


def test_g01_numbers_of_every_size_beside_one_another(place: Place) -> None:
    done, pictures = drawn(place, "a,b,c\n1,1e-320,1.7e308\n-5,0,1\n1e16,-1e300,2\n", "-k", "line")
    assert len(done.stderr.splitlines()) == 2
    assert all(curve(picture).any() for picture in pictures)


@pytest.mark.parametrize("index", ["8e299,1e300", "1e300,1.7e308", "1e-320,2e-320", "1e16,10000000000000002"])
def test_g01_an_index_of_any_size(place: Place, index: str) -> None:
    first, second = index.split(",")
    done, _ = drawn(place, f"x,a\n{first},1\n{second},2\n", "-x", "x")
    told = ["liveplot: numbers beyond 1e+300 on the horizontal axis lie outside the picture"] * (second == "1.7e308")
    assert done.stderr.splitlines()[:-1] == told


def test_g02_there_are_no_logarithmic_axes_yet(place: Place) -> None:
    """When there are: values of zero and less are gaps, and a history without others is refused."""
    (place.folder / "h.csv").write_text(column(1, 0))
    run_cli(place, "render", "h.csv", "-o", "a.gif", "--yscale", "log", code=2, says="No such option")


@pytest.mark.parametrize("axis", ["x", "y"])
@pytest.mark.parametrize(
    "limits", ["nan,1", "0,inf", "-inf,", ",nan", "1e400,2", "1,1", "1,1.0", "-1e308,1e308", ",2e300", "a,b", "1,2,3"]
)
def test_g03_limits_that_leave_no_axis_are_refused(place: Place, axis: str, limits: str) -> None:
    (place.folder / "h.csv").write_text(column(1, 2))
    run_cli(place, "render", "h.csv", "-o", "a.gif", f"--{axis}lim={limits}", *SMALL, code=2, says=f"--{axis}lim")


def test_g03_reversed_limits_turn_the_axis_round(place: Place) -> None:
    content = column(1, 2, 3, 9)
    _, usual = drawn(place, content, "--ylim", "0,10", "-k", "line")
    _, turned = drawn(place, content, "--ylim", "10,0", "-k", "line")
    for one, two in pairwise(usual):
        assert extent(one)[2] > extent(two)[2]
    for one, two in pairwise(turned):
        assert extent(one)[2] < extent(two)[2]
    _, usual = drawn(place, content)
    _, turned = drawn(place, content, "--xlim", "5,0")
    assert extent(usual[1])[1] < extent(usual[3])[1]
    assert extent(turned[1])[0] > extent(turned[3])[0]


@pytest.mark.parametrize("axis", ["x", "y"])
@pytest.mark.parametrize("limits", ["1e17,", ",-1e17", "1e300,", ",-1e300", "1,1.0000000000000002", "0,1e-320"])
def test_g03_limits_far_away_or_close_together_leave_an_axis(place: Place, axis: str, limits: str) -> None:
    done, _ = drawn(place, column(1, 2), f"--{axis}lim={limits}")
    *told, _ = done.stderr.splitlines()
    assert all(line.startswith(f"liveplot: nothing lies within the {axis}lim asked for") for line in told)
    assert len(told) <= 1


LEVELS = [3, -20, 7, 100, 0, -99.5, 50, 12, 99, -3]


def test_g04_every_value_of_every_row_lies_within_the_axes(place: Place) -> None:
    """Rows of one value each: level lines, whose heights in the picture are their values, the largest included."""
    content = "\n".join(
        [",".join(f"c{number}" for number in range(9)), *(",".join([str(value)] * 9) for value in LEVELS)]
    )
    _, pictures = drawn(place, content + "\n", "-k", "line")
    heights = []
    for picture in pictures:
        left, right, top, bottom = extent(picture)
        assert right - left > 0.7
        heights.append((top + bottom) / 2 * 360)
    slope, start = np.polyfit(LEVELS, heights, 1)
    assert np.abs(np.array(heights) - (slope * np.array(LEVELS) + start)).max() < 1.5
    assert -slope * 200 > 180


def test_g04_the_last_picture_of_a_trace_shows_all_rows(place: Place) -> None:
    values = [*np.sin(np.arange(60) / 5)]
    values[17], values[41] = 30, -30
    _, pictures = drawn(place, column(*values), "-k", "trace")
    last = curve(pictures[-1])
    inked = np.flatnonzero(last.any(axis=0))
    assert (np.diff(inked) == 1).all(), "the line is whole"
    for row, value in ((17, 30), (41, -30)):
        place_of_row = inked[0] + (inked[-1] - inked[0]) * row / 59
        rows, columns = np.nonzero(last)
        end = rows.argmin() if value > 0 else rows.argmax()
        assert abs(columns[end] - place_of_row) < 6
        tip = np.count_nonzero(last[rows[end]])
        assert tip <= 8, "the spike is whole, not cut off by the edge"
    # The first row is where it was from the start: what came later has not moved the axes.
    first = curve(pictures[0])
    rows, columns = np.nonzero(first)
    assert last[rows.mean().astype(int), inked[0] + 1 : inked[0] + 4].any()
    assert abs(columns.mean() - inked[0]) < 12
