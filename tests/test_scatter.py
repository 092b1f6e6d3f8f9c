from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.collections import LineCollection, PathCollection

import liveplot_cli
from liveplot_cli import charts, prepare
from liveplot_cli.charts.scatter import _by_name
from liveplot_cli.errors import DataError, UsageError
from liveplot_cli.history import History
from liveplot_cli.look import Look
from liveplot_cli.option import build
from liveplot_cli.scene import Scene

pytestmark = pytest.mark.usefixtures("themed")

NAN = float("nan")


def scene(*histories: History, look: Look | None = None, **options: object) -> Scene:
    return Scene(histories, charts.load("scatter")(**options), look or Look())


def points(shown: Scene, number: int = 0) -> list[list[float]]:
    """Where the points of a history stand."""
    swarms = [one for one in shown.figure.axes[0].collections if isinstance(one, PathCollection)]
    return np.asarray(swarms[number].get_offsets()).tolist()


def trails(shown: Scene) -> LineCollection:
    (found,) = (one for one in shown.figure.axes[0].collections if isinstance(one, LineCollection))
    return found


def labels(shown: Scene) -> tuple[str, str]:
    axes = shown.figure.axes[0]
    return axes.get_xlabel(), axes.get_ylabel()


def test_neighbours_are_the_x_and_y_of_a_point() -> None:
    shown = scene(History([[1, 2, 3, 4], [5, 6, 7, 8]]))
    shown.update(1)
    assert points(shown) == [[5, 6], [7, 8]]
    shown.update(0.25)
    assert points(shown) == [[2, 3], [4, 5]]
    assert labels(shown) == ("x", "y")


def test_halves_are_all_x_and_all_y() -> None:
    shown = scene(History([[1, 2, 3, 4]]), pairs="xxyy")
    shown.update(0)
    assert points(shown) == [[1, 3], [2, 4]]


@pytest.mark.parametrize(
    ("columns", "x", "axes", "found"),
    [
        ("x0|y0|x1|y1", "x0|x1", "x|y", "0|1"),
        ("x0|x1|y0|y1", "x0|x1", "x|y", "0|1"),
        ("y_a|x_a|x_b|y_b", "x_a|x_b", "x|y", "a|b"),
        ("a x|a y|b x|b y", "a x|b x", "x|y", "a|b"),
        ("b.Y|b.X|a.X|a.Y", "b.X|a.X", "X|Y", "b|a"),
        ("xa|yb|xb|ya", "xa|xb", "x|y", "a|b"),
        ("theta1|omega1|theta2|omega2", "theta1|theta2", "theta|omega", "1|2"),
        ("Mali income|Mali life|Congo, Rep. income|Congo, Rep. life", None, "income|life", "Mali|Congo, Rep."),
        ("income Mali|income Peru|income Cuba|life Mali|life Peru|life Cuba", None, "income|life", "Mali|Peru|Cuba"),
        ("y|x", "x", "x|y", ""),
    ],
)
def test_names_tell_what_belongs_together(columns: str, x: str | None, axes: str, found: str) -> None:
    names = columns.split("|")
    told = _by_name(History([range(len(names))], columns=names))
    assert told is not None
    assert "|".join(names[number] for number in told.x) == (x or "|".join(n for n in names if "income" in n))
    assert told.axes == tuple(axes.split("|"))
    assert told.points == found.split("|")


@pytest.mark.parametrize(
    "columns",
    [
        "loss|accuracy|val_loss|val_accuracy",
        "x1|y1|x2|z2",
        "x1|y1|x1|y1",
        "a b|a c|d e|d f|g h|i j",
        "0|1|2|3",
        "0.5|1.5|0.7|1.7",
        "val_loss|val_accuracy",
    ],
)
def test_names_that_tell_nothing_are_not_made_to(columns: str) -> None:
    assert _by_name(History([range(columns.count("|") + 1)], columns=columns.split("|"))) is None


@settings(max_examples=100, deadline=None)
@given(st.permutations([f"{axis}_{point}" for axis in "xy" for point in "abc"]))
def test_names_pair_columns_in_any_order(names: list[str]) -> None:
    told = _by_name(History([range(6)], columns=names))
    assert told is not None
    assert [names[x][2:] for x in told.x] == [names[y][2:] for y in told.y]
    assert {names[x][0] for x in told.x} == {"x"}


def test_two_columns_of_any_name_are_a_point_and_name_the_axes() -> None:
    shown = scene(History([[1, 2]], columns=["loss", "val_accuracy"]))
    shown.update(0)
    assert points(shown) == [[1, 2]]
    assert labels(shown) == ("loss", "val_accuracy")


def test_what_is_asked_is_stronger_than_names() -> None:
    shown = scene(History([[1, 2, 3, 4]], columns=["x1", "x2", "y1", "y2"]), pairs="xyxy")
    shown.update(0)
    assert points(shown) == [[1, 2], [3, 4]]


def test_how_columns_are_paired_is_said(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    scene(History([[1, 2, 3, 4]], columns=["a x", "b x", "a y", "b y"], name="walk"))
    scene(History([[1, 2]], name="other"))
    assert [record.getMessage() for record in caplog.records] == [
        "walk: columns paired by their names, first x 'a x' with y 'a y'",
        "other: columns paired by their places, first x '0' with y '1'",
    ]


@pytest.mark.parametrize(("width", "fitting"), [(1, "2"), (3, "2 or 4"), (7, "6 or 8")])
def test_an_odd_number_of_columns_is_refused_with_what_would_fit(width: int, fitting: str) -> None:
    with pytest.raises(DataError, match=f"so {fitting} would fit and {width} will not"):
        scene(History(np.ones((2, width))))


def test_columns_of_nothing_but_gaps_are_refused() -> None:
    with pytest.raises(DataError, match="none of the columns for y has a finite value"):
        scene(History([[1, NAN], [2, NAN]]))


def test_a_point_with_a_gap_is_not_drawn() -> None:
    whole, cut = (scene(History([[0, 0, 1, 1], [0.2, 0.2, middle, 0.5]])) for middle in (0.5, NAN))
    counts = [(shown.pixels(1)[..., :3] != 255).any(axis=2).sum() for shown in (whole, cut)]
    assert counts[1] < counts[0]


def test_limits_are_those_of_x_and_of_y_apart() -> None:
    axes = scene(History([[0, 1000], [10, 2000]])).figure.axes[0]
    assert axes.get_xlim() == pytest.approx((-0.5, 10.5))
    assert axes.get_ylim() == pytest.approx((950, 2050))


def test_limits_follow_along_both_axes() -> None:
    walk = np.column_stack([np.arange(200.0), np.arange(200) * 7.0])
    shown = scene(History(walk), look=Look(xlim="follow", ylim="follow"))
    shown.update(199)
    axes = shown.figure.axes[0]
    assert axes.get_xlim()[0] > 100
    assert axes.get_ylim()[0] > 700
    assert axes.get_xlim()[1] >= 199


def test_followed_limits_hold_the_trail() -> None:
    walk = np.column_stack([np.arange(200.0), np.arange(200) * 7.0])
    shown = scene(History(walk), look=Look(xlim="follow"), trail=150)
    shown.update(199)
    assert shown.figure.axes[0].get_xlim()[0] <= 49


def test_logarithmic_axes_take_what_is_above_zero() -> None:
    shown = scene(History([[10, 1, -5, 1], [1000, 2, 100, 2]]), look=Look(logx=True))
    shown.draw(0)
    (one, two) = points(shown)
    assert one == [10, 1]
    assert np.isnan(two[0])
    low, high = shown.figure.axes[0].get_xlim()
    assert (5 < low < 10, 1000 < high < 2000) == (True, True)


def test_a_trail_goes_back_so_many_rows_from_where_the_point_is() -> None:
    shown = scene(History(np.column_stack([np.arange(10.0), np.arange(10.0) ** 2])), trail=3)
    for position, oldest in ((0, 0), (2, 0), (6, 3), (6.5, 3.5), (9, 6)):
        shown.update(position)
        places = np.concatenate([path.vertices for path in trails(shown).get_paths()])
        places = places[~np.isnan(places).any(axis=1)]
        assert (places[:, 0].min(), places[:, 0].max()) == (oldest, position)
        for row in range(int(np.ceil(oldest)), int(position) + 1):
            assert [row, row**2] in places.tolist()


def test_a_trail_fades_and_thins_the_older_it_is() -> None:
    shown = scene(History(np.column_stack([np.arange(50.0), np.arange(50.0)])), trail=20)
    shown.update(40.5)
    opacity, width = trails(shown).get_color()[:, 3], np.array(trails(shown).get_linewidth())
    assert (np.diff(opacity) > 0).all()
    assert (np.diff(width) > 0).all()
    assert opacity[0] < 0.05
    assert opacity[-1] > 0.6


def test_a_trail_of_a_few_rows_fades_in_small_steps() -> None:
    shown = scene(History(np.column_stack([np.arange(9.0), np.arange(9.0)])), trail=1)
    shown.update(5)
    assert np.diff(trails(shown).get_color()[:, 3]).max() < 0.08


def test_a_point_that_rests_after_the_last_row_loses_its_trail() -> None:
    walk = np.column_stack([np.arange(9.0), np.arange(9.0)])
    shown = scene(History(walk, name="long"), History(walk[:3], name="short"), trail=2)
    shown.update(8)
    short = [one for one in shown.figure.axes[0].collections if isinstance(one, LineCollection)][1]
    assert {tuple(vertex) for path in short.get_paths() for vertex in path.vertices[:2]} == {(2, 2)}
    assert points(shown, 1) == [[2, 2]]


def test_a_trail_needs_the_rows_between_those_it_shows(tmp_path: Path) -> None:
    walk = np.arange(400.0).reshape(100, 4)
    for options, all_rows in (({}, False), ({"trail": 5}, True)):
        prepared = prepare.prepare(walk, "scatter", {"fps": "1", "duration": "10", **options})
        assert (prepared.histories[0].shown is None) == all_rows


def test_a_few_points_have_a_colour_each_and_their_names_in_the_legend() -> None:
    shown = scene(History([[1, 2, 3, 4]], columns=["sun x", "sun y", "moon x", "moon y"]))
    (legend,) = shown.figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["sun", "moon"]
    assert {handle.get_marker() for handle in legend.legend_handles} == {"o"}
    (dots,) = (one for one in shown.figure.axes[0].collections if isinstance(one, PathCollection))
    assert len(np.unique(dots.get_facecolor(), axis=0)) == 2


def test_several_histories_have_a_colour_each_and_their_names_in_the_legend() -> None:
    shown = scene(*(History(np.ones((2, 6)) * number, name=f"run {number}") for number in range(3)))
    shown.draw(1)
    (legend,) = shown.figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["run 0", "run 1", "run 2"]
    swarms = [one for one in shown.figure.axes[0].collections if isinstance(one, PathCollection)]
    assert [len(np.unique(one.get_facecolor(), axis=0)) for one in swarms] == [1, 1, 1]
    assert all(one.get_alpha() < 1 for one in swarms)
    assert points(shown, 2) == [[2, 2]] * 3


def test_many_points_are_one_picture_pasted_and_a_few_move_between_pixels(monkeypatch: pytest.MonkeyPatch) -> None:
    from matplotlib.backends.backend_agg import RendererAgg

    pasted: list[int] = []
    begin = RendererAgg.__init__

    def watched(self: RendererAgg, *arguments: object) -> None:
        begin(self, *arguments)
        paste = self.draw_markers
        self.draw_markers = lambda gc, *rest: (pasted.append(1), paste(gc, *rest))[1]

    monkeypatch.setattr(RendererAgg, "__init__", watched)
    noise = np.random.default_rng(0).normal(size=(2, 2000))
    for width, expected in ((2000, True), (100, False)):
        shown = scene(History(noise[:, :width]), look=Look(title=""))
        shown.draw(0)
        pasted.clear()
        shown.draw(1)
        assert bool(pasted) == expected


def test_ten_thousand_points_with_trails_are_a_few_paths() -> None:
    shown = scene(History(np.random.default_rng(0).normal(size=(30, 20_000))), trail=10)
    shown.draw(20)
    assert len(trails(shown).get_paths()) == 10


@pytest.mark.parametrize("text", ["0", "-1", "2.5", "all", "", "\N{SUPERSCRIPT TWO}", "9" * 20])
def test_a_trail_that_is_no_number_of_rows_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="whole number of rows from 1 on"):
        build(charts.load("scatter"), {"trail": text})


def test_a_trail_longer_than_the_history_is_all_of_it(tmp_path: Path) -> None:
    (written,) = liveplot_cli.render(
        np.random.default_rng(0).normal(size=(5, 4)), tmp_path / "a.gif", kind="scatter", trail=1000, size="160x120"
    )
    assert written.frames == 5
