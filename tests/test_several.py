"""Several histories in one film: overlaid, beside one another, of different lengths."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import pytest
from matplotlib.colors import to_rgba

from conftest import Run, wave_matrix
from liveplot_cli import charts
from liveplot_cli.errors import UsageError
from liveplot_cli.history import History
from liveplot_cli.look import Look
from liveplot_cli.prepare import prepare
from liveplot_cli.scene import Scene
from test_scene import redrawn

pytestmark = pytest.mark.usefixtures("themed")

LONG = History(wave_matrix(9, 20), name="long")
SHORT = History(3 + wave_matrix(4, 20), name="short")


def scene(*histories: History, kind: str = "line", **look: object) -> Scene:
    return Scene(histories, charts.load(kind)(), Look(**look))


def test_overlaid_histories_share_their_limits_and_let_one_another_through() -> None:
    shown = scene(LONG, SHORT)
    shown.draw(0)
    (axes,) = shown.figure.axes
    low, high = axes.get_ylim()
    assert low < -1 < 4 < high
    assert len(axes.get_lines()) == 2
    assert all(0 < line.get_alpha() < 1 for line in axes.get_lines())


def test_a_history_by_itself_is_opaque_and_has_no_legend() -> None:
    shown = scene(LONG)
    assert shown.figure.axes[0].get_lines()[0].get_alpha() == 1
    assert not shown.figure.legends


def test_a_shorter_history_holds_its_last_row() -> None:
    shown = scene(LONG, SHORT)
    shown.update(8)
    lines = shown.figure.axes[0].get_lines()
    assert np.array_equal(lines[0].get_ydata(), LONG.row(8))
    assert np.array_equal(lines[1].get_ydata(), SHORT.row(3))


def test_the_legend_names_the_histories() -> None:
    (legend,) = scene(LONG, SHORT).figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["long", "short"]


def test_traces_of_several_histories_are_named_by_history_and_column() -> None:
    names = ["loss", "accuracy"]
    several = [History(np.ones((5, 2)), columns=names, name=name) for name in ("a", "b")]
    (legend,) = scene(*several, kind="trace").figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["a loss", "a accuracy", "b loss", "b accuracy"]


@pytest.mark.parametrize(("where", "count"), [("beside", 1), ("below", 1), ("none", 0)])
def test_the_legend_stands_where_it_is_asked_for(where: str, count: int) -> None:
    shown = scene(LONG, SHORT, legend=where)
    assert len(shown.figure.legends) == count
    shown.draw(0)
    if count:
        box, data = shown.figure.legends[0].get_window_extent(), shown.figure.axes[0].get_window_extent()
        assert box.x0 > data.x1 if where == "beside" else box.y1 < data.y0


def test_a_legend_inside_lies_below_the_data() -> None:
    shown = scene(LONG, SHORT, legend="inside")
    legend = shown.figure.axes[0].get_legend()
    assert legend.get_zorder() < min(line.get_zorder() for line in shown.figure.axes[0].get_lines())


@pytest.mark.parametrize("panels", [2, 3, 5])
def test_a_grid_has_one_title_one_counter_and_the_same_limits(panels: int) -> None:
    several = [History(wave_matrix(9, 20) * (number + 1), name=f"h{number}") for number in range(panels)]
    shown = scene(*several, layout="grid")
    shown.draw(8)
    assert len(shown.figure.axes) == panels
    assert len({axes.get_ylim() for axes in shown.figure.axes}) == 1
    assert [axes.get_title(loc="left") for axes in shown.figure.axes] == [history.name for history in several]
    words = [text.get_text() for text in shown.figure.axes[0].texts if text.get_text()]
    assert words == ["row 9"]
    titled = scene(*several, layout="grid", title="{name}, {row}")
    titled.draw(8)
    words = [text.get_text() for text in titled.figure.axes[0].texts if text.get_text()]
    assert words == [", ".join(history.name for history in several) + ", 9"]
    boxes = [axes.get_window_extent() for axes in shown.figure.axes]
    assert not any(one.overlaps(other) for one in boxes for other in boxes if one is not other)


def test_two_panels_stand_side_by_side_in_an_ordinary_picture() -> None:
    one, other = scene(LONG, SHORT, layout="grid").figure.axes
    assert one.get_window_extent().x1 < other.get_window_extent().x0


@pytest.mark.parametrize("layout", ["overlay", "grid"])
@pytest.mark.parametrize("ylim", ["global", "follow", "robust"])
@pytest.mark.parametrize("kind", ["line", "trace"])
def test_frames_of_several_equal_the_full_redraw(kind: str, layout: str, ylim: str) -> None:
    shown = scene(LONG, SHORT, kind=kind, layout=layout, ylim=ylim, size=(400, 300))
    for position in (0, 3, 8):
        assert np.array_equal(shown.pixels(position).copy(), redrawn(shown))


@pytest.mark.parametrize("kind", ["line", "trace"])
def test_frames_on_logarithmic_axes_equal_the_full_redraw(kind: str) -> None:
    history = History(np.exp(wave_matrix(9, 3)), columns=["1", "10", "100"])
    shown = Scene([history], charts.load(kind)(), Look(logx=True, logy=True))
    for position in (0, 3, 8):
        assert np.array_equal(shown.pixels(position).copy(), redrawn(shown))


def test_labels_are_written_out_on_logarithmic_axes() -> None:
    shown = Scene([History(np.geomspace(0.001, 1e5, 40))], charts.load("trace")(), Look(logy=True))
    shown.draw(39)
    labels = {label.get_text() for label in shown.figure.axes[0].get_yticklabels()}
    assert labels & {"0.001", "0.01", "0.1"}
    assert labels & {"1,000", "10,000", "100,000"}
    assert not any("$" in label for label in labels)


def test_histories_are_called_by_label_or_told_apart_by_their_folders(tmp_path: Path) -> None:
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        np.save(tmp_path / folder / "run.npy", wave_matrix(3, 4))
    paths = [str(tmp_path / folder / "run.npy") for folder in ("one", "two")]
    names = [history.name for history in prepare(paths, "line", {}).histories]
    assert names == [path.removesuffix(".npy") for path in paths]
    named = prepare(paths, "line", {"label": "before, after"}).histories
    assert [history.name for history in named] == ["before", "after"]
    with pytest.raises(UsageError, match="label names 1 of 2, and each history needs a name"):
        prepare(paths, "line", {"label": "both"})


def test_rows_labelled_by_dates_here_and_numbers_there_have_no_axis_in_common() -> None:
    dates = np.array(["2024-01-01", "2024-02-01"], dtype="datetime64[D]")
    with pytest.raises(UsageError, match="by dates here and numbers there; in --layout grid each has its own"):
        scene(History([1.0, 2], index=dates), History([1.0, 2]), kind="trace")


def test_dates_have_no_logarithm() -> None:
    dates = np.array(["2024-01-01", "2024-02-01"], dtype="datetime64[D]")
    with pytest.raises(UsageError, match="dates have no logarithm"):
        scene(History([1.0, 2], index=dates), kind="trace", logx=True)


def test_a_film_of_two_files(liveplot: Run, tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", wave_matrix(5, 9))
    np.save(tmp_path / "b.npy", wave_matrix(8, 9))
    done = liveplot("render", "a.npy", "b.npy", "-o", "c.gif", "--size", "200x150")
    assert "c.gif: 8 frames" in done.stderr
    liveplot("render", "a.npy", "b.npy", "-o", "b.npy", "--format", "gif", code=2)


LIMITS = {
    "--ylim follow": ([], 0),
    "--xlim follow": (["--xlim", "follow"], "never moves"),
    "--xlim robust": (["--xlim", "robust"], "no values of the history"),
    "--logy, none above zero": (["--logy"], "above zero, and there is none"),
    "--ylim 0, --logy": (["--logy", "--ylim", "0,1"], "begins above zero"),
}


@pytest.mark.parametrize("name", [name for name, (_, sentence) in LIMITS.items() if sentence])
def test_an_axis_that_makes_no_sense_is_one_sentence(liveplot: Run, tmp_path: Path, name: str) -> None:
    values = -np.ones((3, 4)) if "none above" in name else np.ones((3, 4))
    np.save(tmp_path / "a.npy", values)
    arguments, sentence = LIMITS[name]
    code = 3 if "none above" in name else 2
    assert sentence in liveplot("render", "a.npy", "-o", "c.gif", *arguments, code=code).stderr


ANNA_FIRST = History([[1.0, 2, 3], [4, 5, 6]], columns=["Anna", "Ben", "Eve"], name="one")
EVE_FIRST = History([[3.0, 1], [6, 4]], columns=["Eve", "Anna"], name="two")


@pytest.mark.parametrize("kind", ["trace", "area"])
def test_a_column_has_one_colour_in_all_panels_whatever_its_place(kind: str) -> None:
    shown = Scene([ANNA_FIRST, EVE_FIRST], charts.load(kind)(), Look(layout="grid"))
    (legend,) = shown.figure.legends
    told = {
        text.get_text(): handle.get_color() if kind == "trace" else handle.get_facecolor()
        for text, handle in zip(legend.get_texts(), legend.legend_handles, strict=True)
    }
    shown.draw(1)
    first, second = shown.figure.axes
    if kind == "trace":
        found = [[line.get_color() for line in axes.get_lines()] for axes in (first, second)]
    else:
        found = [axes.collections[0].get_facecolor().tolist()[::-1] for axes in (first, second)]
    same = partial(np.allclose, atol=1e-6)
    assert all(
        same(to_rgba(color), to_rgba(told[name])) for name, color in zip(ANNA_FIRST.columns, found[0], strict=True)
    )
    assert all(
        same(to_rgba(color), to_rgba(told[name])) for name, color in zip(EVE_FIRST.columns, found[1], strict=True)
    )


@pytest.mark.parametrize("kind", ["line", "stem"])
def test_columns_of_histories_upon_one_another_stand_at_their_names(kind: str) -> None:
    shown = Scene([ANNA_FIRST, EVE_FIRST], charts.load(kind)(), Look())
    shown.draw(0)
    axes = shown.figure.axes[0]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["Anna", "Ben", "Eve"]
    *_, one, two = axes.get_lines()
    assert list(one.get_ydata()) == [1, 2, 3]
    values = np.asarray(two.get_ydata(), float)
    assert list(values[~np.isnan(values)]) == [1, 3]
    assert list(np.round(np.asarray(two.get_xdata(), float)[~np.isnan(values)])) == [0, 2]


def test_rows_of_other_labels_that_are_shown_together_are_told(tmp_path: Path, liveplot: Run) -> None:
    (tmp_path / "a.csv").write_text("year,v\n2000,1\n2001,2\n2002,3\n")
    (tmp_path / "b.csv").write_text("year,v\n2000,1\n2005,2\n")
    told = liveplot("render", "a.csv", "b.csv", "-o", "x.gif", "-k", "bar").stderr
    assert "b: its row 2 is 2005, and that of a is 2001; rows are shown together by their numbers" in told
    assert "its row" not in liveplot("render", "a.csv", "a.csv", "-o", "x.gif", "-k", "bar").stderr
