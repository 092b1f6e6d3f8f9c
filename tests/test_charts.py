from __future__ import annotations

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.dates import date2num
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from conftest import chart
from liveplot_cli import charts
from liveplot_cli.drawing import scale, ticker
from liveplot_cli.history import History
from liveplot_cli.look import Look
from liveplot_cli.scene import Scene

pytestmark = pytest.mark.usefixtures("themed")

NAN = float("nan")


def scene(kind: str, history: History, look: Look | None = None, **options: object) -> Scene:
    return Scene([history], chart(kind, **options), look or Look())


def lines(scene: Scene) -> list[Line2D]:
    return list(scene.figure.axes[0].get_lines())


@pytest.mark.parametrize("kind", charts.names())
def test_every_kind_has_a_line_of_help_and_options_with_help(kind: str) -> None:
    from liveplot_cli.option import options_of

    chart = charts.load(kind)
    assert chart.__doc__
    assert all(described.help.endswith(".") for described in options_of(chart).values())


@pytest.mark.parametrize("kind", charts.names())
def test_update_moves_the_same_artists_and_returns_all_of_them(kind: str) -> None:
    shown = scene(kind, History(np.random.default_rng(0).normal(size=(9, 4)), columns=list("abcd")))
    first = list(shown.update(0))
    assert first
    assert all(artist.get_animated() for artist in first)
    assert list(shown.update(5)) == first


def test_line_shows_one_row_against_the_columns() -> None:
    values = np.arange(12.0).reshape(3, 4)
    shown = scene("line", History(values))
    shown.update(2)
    (line,) = lines(shown)
    assert np.array_equal(line.get_xydata(), np.column_stack([range(4), values[2]]))


def test_line_takes_numbers_for_names_as_the_horizontal_axis() -> None:
    (line,) = lines(scene("line", History(np.ones((2, 3)), columns=["0.5", "2", "10"])))
    assert list(line.get_xdata()) == [0.5, 2, 10]


def test_line_names_the_places_where_the_names_are_words() -> None:
    shown = scene("line", History(np.ones((2, 3)), columns=["Jan", "Feb", "Mar"]))
    shown.draw(0)
    assert {"Jan", "Feb", "Mar"} <= {label.get_text() for label in shown.figure.axes[0].get_xticklabels()}


def test_line_has_limits_for_the_whole_history_with_a_margin() -> None:
    shown = scene("line", History([[0, 1], [-10, 30]]))
    before = shown.figure.axes[0].get_ylim()
    shown.draw(1)
    assert shown.figure.axes[0].get_ylim() == before
    assert before[0] < -10 < 30 < before[1]


def test_line_between_two_rows_lies_between_them() -> None:
    shown = scene("line", History([[0, 0], [4, 8]]))
    shown.update(0.25)
    assert list(lines(shown)[0].get_ydata()) == [1, 2]


def test_line_leaves_gaps_and_shows_a_value_between_two_as_a_dot() -> None:
    shown = scene("line", History([[1, 2, NAN, 3, NAN, 4, 5]]))
    shown.update(0)
    (line,) = lines(shown)
    assert list(np.isnan(line.get_ydata())) == [False, False, True, False, True, False, False]
    assert line.get_marker() == "o"
    assert line.get_markevery() == [3]


def test_trace_grows_to_the_right_with_the_rows() -> None:
    values = np.arange(10.0)
    shown = scene("trace", History(values, index=np.arange(10) * 5, index_name="step"))
    for row in (0, 4, 9, 2):
        shown.update(row)
        (line,) = lines(shown)
        assert np.array_equal(line.get_xydata(), np.column_stack([np.arange(row + 1) * 5, values[: row + 1]]))
    assert shown.figure.axes[0].get_xlabel() == "step"


def test_trace_without_an_index_counts_rows_from_one() -> None:
    shown = scene("trace", History(np.arange(3.0)))
    shown.update(2)
    assert list(lines(shown)[0].get_xdata()) == [1, 2, 3]


@pytest.mark.parametrize("kind", sorted(set(charts.names()) - {"race", "scatter"}))  # whose places are values
def test_ticks_are_whole_numbers_where_the_places_are(kind: str) -> None:
    shown = scene(kind, History(np.ones((4, 4))))
    shown.draw(3)
    ticks = shown.figure.axes[0].get_xticks()
    assert (ticks % 1 == 0).all()
    assert len(ticks) >= 3


def test_trace_has_dates_on_its_axis() -> None:
    dates = np.array(["2024-01-01", "2024-02-01", "2024-03-01"], dtype="datetime64[us]")
    shown = scene("trace", History(np.arange(3.0), index=dates, index_name="date"))
    shown.draw(2)
    axes = shown.figure.axes[0]
    assert np.array_equal(lines(shown)[0].get_xdata(), date2num(dates))
    assert "Feb" in {label.get_text() for label in axes.get_xticklabels()}
    assert axes.get_title(loc="right") == "2024-03-01"


def test_trace_leaves_a_gap_within_a_dense_column() -> None:
    shown = scene("trace", History([1, 2, NAN, 3, 4]))
    shown.update(4)
    assert np.isnan(lines(shown)[0].get_ydata()[2])


def test_trace_joins_a_column_that_is_mostly_gaps() -> None:
    shown = scene("trace", History([[1, 1], [2, NAN], [3, NAN], [4, 9], [5, NAN]], columns=["loss", "val_loss"]))
    shown.update(4)
    assert list(lines(shown)[1].get_xdata()) == [1, 4]
    assert list(lines(shown)[1].get_ydata()) == [1, 9]
    shown.update(2)
    assert list(lines(shown)[1].get_xdata()) == [1]


def test_trace_tells_which_columns_it_joins(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    scene("trace", History([[1, 1, 1], [2, NAN, NAN], [3, NAN, 3], [4, 9, 4]], columns=["loss", "val_loss", "dense"]))
    assert [record.getMessage() for record in caplog.records] == ["mostly gaps, and joined across them: 'val_loss'"]
    caplog.clear()
    scene("trace", History([[1, 2]]))  # a row by itself has no gaps
    assert not caplog.records


def looks(count: int, columns: list[list[str]]) -> dict[str, tuple[str, str]]:
    """Of a trace of so many histories the colour and the dash of each line by its name."""
    shown = [
        History(np.ones((3, len(names))), columns=names, name=f"run{number}") for number, names in enumerate(columns)
    ]
    assert len(shown) == count
    (legend,) = Scene(shown, chart("trace"), Look(size=(900, 900))).figure.legends
    return {
        text.get_text(): (to_hex(line.get_color()), str(line._unscaled_dash_pattern))
        for text, line in zip(legend.get_texts(), legend.legend_handles, strict=True)
    }


@pytest.mark.parametrize("count", [2, 3, 4, 5])
def test_of_several_traces_colours_and_dashes_tell_histories_and_columns(count: int) -> None:
    found = looks(
        count, [["loss", "val_loss"], ["val_loss", "loss"]] * (count // 2) + [["loss", "val_loss"]] * (count % 2)
    )
    assert len(set(found.values())) == len(found) == 2 * count
    by_color, by_dash = (0, 1) if count <= 4 else (1, 0)
    for column in ("loss", "val_loss"):
        assert len({look[by_color] for name, look in found.items() if name.endswith(f" {column}")}) == 1
    for number in range(count):
        assert len({look[by_dash] for name, look in found.items() if name.startswith(f"run{number} ")}) == 1


def test_several_traces_of_one_column_each_have_a_colour_and_no_dashes() -> None:
    found = looks(10, [["loss"]] * 10)
    assert len({color for color, _ in found.values()}) == 10
    assert len({dash for _, dash in found.values()}) == 1


@pytest.mark.parametrize("kind", ["bar", "hist", "line", "stem", "trace"])
def test_more_histories_than_colours_have_lighter_ones(kind: str) -> None:
    shown = [History(np.random.default_rng(number).normal(size=(3, 4)), name=f"run{number}") for number in range(12)]
    (legend,) = Scene(
        [one.with_columns([0]) for one in shown] if kind == "trace" else shown, chart(kind), Look(size=(900, 900))
    ).figure.legends
    colors = {
        to_hex(handle.get_color() if isinstance(handle, Line2D) else handle.get_facecolor())
        for handle in legend.legend_handles
    }
    assert len(colors) == 12


@pytest.mark.parametrize("kind", ["line", "stem", "bar"])
def test_one_long_name_leaves_the_others_on_the_axis(kind: str) -> None:
    names = [*"abcdefghijk", "a very very long column name that will not fit anywhere"]
    shown = scene(kind, History(np.ones((2, 12)), columns=names))
    shown.draw(0)
    labels = [label.get_text() for label in shown.figure.axes[0].get_xticklabels()]
    assert labels[:11] == names[:11]
    assert len(labels) == 12


def test_trace_of_a_column_that_begins_late_is_empty_until_then() -> None:
    shown = scene("trace", History([[1, NAN], [2, NAN], [3, 5]], columns=["a", "b"]))
    shown.draw(0)
    assert not np.isfinite(np.asarray(lines(shown)[1].get_ydata(), float)).any()


def test_many_traces_are_one_collection_of_lines_and_one_of_dots() -> None:
    values = np.random.default_rng(0).normal(size=(6, 200))
    values[2, 7] = values[4, 7] = NAN
    shown = scene("trace", History(values))
    shown.update(4.5)
    lines, dots = shown.figure.axes[0].collections
    found = lines.get_segments()
    assert len(found) == 200
    assert np.array_equal(found[0][:-1], np.column_stack([np.arange(1, 6), values[:5, 0]]))
    assert found[0][-1] == pytest.approx((5.5, values[4:, 0].mean()))
    offsets = dots.get_offsets()
    assert len(offsets) == 201, "a head for each, and a value that stands between two gaps"
    assert (4, values[3, 7]) in {tuple(offset) for offset in offsets.tolist()}
    assert np.array_equal(dots.get_facecolors()[0], lines.get_colors()[0])
    assert len(shown.figure.axes[0].lines) == 0


def test_trace_keeps_a_window_of_rows_in_view() -> None:
    shown = scene("trace", History(np.arange(100.0)), window=10)
    axes = shown.figure.axes[0]
    shown.update(3)
    assert axes.get_xlim()[0] < 1
    assert axes.get_xlim()[1] > 10
    shown.update(99)
    assert 90 < axes.get_xlim()[0] < 91
    assert 100 < axes.get_xlim()[1] < 101


def test_trace_names_its_lines_beside_the_chart_and_caps_the_list() -> None:
    shown = scene("trace", History(np.ones((3, 40)), columns=[f"_c{number}" for number in range(40)]))
    (legend,) = shown.figure.legends
    names = [text.get_text() for text in legend.get_texts()]
    assert names[0] == "_c0"
    assert names[-1] == "+21 more"
    shown.draw(0)
    axes = shown.figure.axes[0].get_window_extent()
    assert legend.get_window_extent().x0 > axes.x1


def test_limits_that_are_given_hold_and_the_other_side_is_found() -> None:
    shown = scene("line", History([[0, 10]]), Look(ylim=(None, 4), xlim=(-3, None)))
    axes = shown.figure.axes[0]
    assert axes.get_ylim() == (-0.2, 4), "with the margin of what is left"
    assert axes.get_xlim()[0] == -3


@pytest.mark.parametrize(
    ("history", "kind"),
    [
        (History(np.ones((5, 1))), "trace"),
        (History(np.ones((5, 2)), columns=["loss", "accuracy"]), "trace"),
        (History(np.ones((5, 12)), columns=list("abcdefghijkl")), "trace"),
        (History(np.ones((5, 13)), columns=list("abcdefghijklm")), "line"),
        (History(np.ones((5, 2))), "line"),
        (History(np.ones((5, 2)), columns=["1990", "2000"]), "line"),
        (History(np.ones((5, 1, 1))), "heatmap"),
    ],
    ids=["one column", "names", "twelve names", "thirteen names", "no names", "numbers for names", "pictures"],
)
def test_auto_takes_the_kind_that_suits(history: History, kind: str) -> None:
    assert charts.choose(history)[0] == kind


@pytest.mark.parametrize("kind", charts.names())
@pytest.mark.parametrize("value", [0.0, 1e-320, 1e300, -1.7e308], ids=str)
def test_numbers_at_the_edge_of_the_range_are_drawn(kind: str, value: float) -> None:
    with np.errstate(all="ignore"):
        shown = scene(kind, History([[value, -value], [value, value]]))
        shown.draw(1)
    low, high = sorted(shown.figure.axes[0].get_ylim())
    assert np.isfinite([low, high]).all()
    assert low != high


@pytest.mark.usefixtures("themed")
def test_any_span_of_dates_has_ticks_and_no_warning() -> None:
    for seconds in np.geomspace(1, 1e10, 400):
        axes = Figure().add_subplot()
        start = np.datetime64("2024-01-01", "us")
        places = ticker.place_labels(axes.xaxis, start + (np.linspace(0, seconds, 4) * 1e6).astype("m8[us]"))
        axes.set_xlim(*scale.padded((places[0], places[-1]), margin=0.02))
        assert 2 <= len(axes.xaxis.get_major_locator()()) <= 9
