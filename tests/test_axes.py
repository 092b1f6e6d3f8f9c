"""What stands along the axes: numbers written out, room for all of them, and none said twice."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.dates import date2num
from matplotlib.figure import Figure

from conftest import wave_matrix
from liveplot_cli import charts
from liveplot_cli.drawing import scale, ticker
from liveplot_cli.errors import UsageError
from liveplot_cli.history import History
from liveplot_cli.look import Look
from liveplot_cli.look import limits as parsed
from liveplot_cli.scene import Scene
from test_scene import redrawn

pytestmark = pytest.mark.usefixtures("themed")

GROWTH = History(np.geomspace(1e-3, 1e6, 30)[:, None] * [1, 0.6], columns=["a", "b"], name="growth")


def scene(*histories: History, kind: str = "trace", **look: object) -> Scene:
    return Scene(histories, charts.load(kind)(), Look(**look))


def written(low: float, high: float) -> list[str]:
    axes = Figure().add_subplot()
    ticker.write_out(axes.yaxis)
    axes.set_ylim(low, high)
    labels = [label.get_text() for label in axes.get_yticklabels()]
    ticks = axes.get_yticks()
    return [label for label, tick in zip(labels, ticks, strict=True) if low <= tick <= high]


@pytest.mark.parametrize(
    ("low", "high", "labels"),
    [
        (0, 1, ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]),
        (2000, 2020, ["2000.0", "2002.5"]),
        (0, 1e5, ["0", "20,000", "40,000", "60,000", "80,000", "100,000"]),
        (0, 2e6, ["0", "250,000", "500,000"]),
        (-2e7, 2e7, ["−20e6", "−15e6", "−10e6", "−5e6", "0"]),
        (0, 2e-6, ["0", "0.25e−6", "0.50e−6"]),
        (1e9, 1e9 + 0.01, ["1,000,000,000.000", "1,000,000,000.002"]),
    ],
)
def test_numbers_stand_at_their_ticks_as_a_whole(low: float, high: float, labels: list[str]) -> None:
    assert written(low, high)[: len(labels)] == labels


@given(st.floats(-1e9, 1e9), st.floats(1e-6, 1e12))
@settings(max_examples=60, deadline=None)
def test_no_two_ticks_have_the_same_number(low: float, span: float) -> None:
    labels = written(low, low + span)
    assert len(set(labels)) == len(labels)


@pytest.mark.parametrize("kind", ["trace", "bar", "scatter", "line"])
def test_nothing_but_the_chart_moves_where_limits_follow_growth(kind: str) -> None:
    shown = scene(GROWTH, kind=kind, ylim="follow")
    (axes,) = shown.figure.axes
    places = set()
    for position in range(30):
        shown.draw(position)
        assert not axes.yaxis.get_offset_text().get_text()
        title = axes.get_title(loc="left") and axes._left_title.get_window_extent()
        places.add((title.x0, title.y0, title.y1))
        assert all(label.get_window_extent().x0 >= 0 for label in ticker.shown_labels(axes.yaxis))
    assert len(places) == 1


@pytest.mark.parametrize("size", [(320, 240), (640, 480), (300, 500)])
def test_labels_of_all_limits_that_follow_are_whole(size: tuple[int, int]) -> None:
    rows = np.arange(20)
    values = np.column_stack([2 * np.exp(-rows / 5) + 0.05, 1 - np.exp(-rows / 4)])
    shown = Scene([History(values)], charts.load("trace")(window=6), Look(ylim="follow", size=size))
    for position in rows:
        shown.draw(position)
        (axes,) = shown.figure.axes
        assert all(label.get_window_extent().x0 >= 0 for label in ticker.shown_labels(axes.yaxis))


def labelled(axes: object, side: str) -> bool:
    return bool([label for label in ticker.shown_labels(getattr(axes, f"{side}axis")) if label.get_visible()])


@pytest.mark.parametrize("ylim", ["global", "follow"])
@pytest.mark.parametrize("kind", ["line", "trace", "hist", "bar"])
def test_panels_with_the_same_limits_label_them_once(kind: str, ylim: str) -> None:
    several = [History(wave_matrix(9, 20) * (number + 1), name=f"h{number}") for number in range(5)]
    shown = scene(*several, kind=kind, layout="grid", ylim=ylim)
    shown.draw(3)
    panels = shown.figure.axes
    columns = panels[0].get_subplotspec().get_gridspec().ncols
    for number, axes in enumerate(panels):
        assert labelled(axes, "x") == (number + columns >= len(panels))
        assert labelled(axes, "y") == (number % columns == 0)
        assert axes.get_xticks().tolist() == panels[0].get_xticks().tolist()
    assert np.array_equal(shown.pixels(8).copy(), redrawn(shown))


def test_panels_with_other_names_keep_theirs() -> None:
    several = [History(wave_matrix(3, 2) + 2, columns=names, name=names[0]) for names in (["a", "b"], ["c", "d"])]
    shown = scene(*several, kind="bar", layout="grid", size=(300, 600))
    assert [labelled(axes, "x") for axes in shown.figure.axes] == [True, True]
    assert [labelled(axes, "y") for axes in shown.figure.axes] == [True, True]


DATES = History(wave_matrix(90, 2), index=np.datetime64("2024-01-01") + np.arange(90))


@pytest.mark.parametrize(
    "text", ["2024-01-10,2024-02-01", "2024-01-10T00:00,2024-02", "2024-01-10 00:00:00+00:00,2024-02-01"]
)
def test_an_axis_of_dates_has_dates_for_limits(text: str) -> None:
    shown = scene(DATES, xlim=parsed(text))
    shown.draw(89)
    expected = date2num(np.array(["2024-01-10", "2024-02-01"], dtype="datetime64[D]"))
    assert shown.figure.axes[0].get_xlim() == tuple(expected)
    low, high = scene(DATES, xlim=parsed("2024-02-01,")).figure.axes[0].get_xlim()
    assert low == expected[1] < high


@pytest.mark.parametrize(
    ("history", "text", "sentence"),
    [(DATES, "0,3", "has dates, and takes limits such as"), (GROWTH, "2024-01-01,", "has numbers, and takes no dates")],
)
def test_dates_and_numbers_are_told_apart(history: History, text: str, sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        scene(history, xlim=parsed(text))


def test_dates_that_there_are_not_are_refused() -> None:
    for text in ("2024-13-01,2024-14-01", "2024-01-01,3", "2024-01-01"):
        with pytest.raises(ValueError, match="neither two numbers"):
            parsed(text)
    with pytest.raises(ValueError, match="no room"):
        parsed("2024-01-01,2024-01-01")
    assert parsed("-1,-1e-3") == (-1, -0.001)
    assert parsed("1e-3:1") == (0.001, 1)


@pytest.mark.parametrize(
    ("size", "label"), [((320, 240), None), ((640, 480), "time of the measurement, Central European time")]
)
def test_what_all_dates_share_never_lies_upon_the_label_of_their_axis(size: tuple[int, int], label: str | None) -> None:
    hours = np.datetime64("2024-05-01T00", "us") + np.arange(20) * np.timedelta64(1, "h")
    history = History(np.arange(40.0).reshape(20, 2), columns=["v", "w"], index=hours, index_name="when")
    shown = scene(history, size=size, xlabel=label)  # beside a legend
    shown.draw(10)
    axis = shown.figure.axes[0].xaxis
    shared, named = axis.get_offset_text(), axis.label
    assert shared.get_text() == "2024"
    assert named.get_window_extent().x1 < shared.get_window_extent().x0


def test_panels_that_measure_other_things_have_limits_of_their_own() -> None:
    days = np.datetime64("2024-01-01", "us") + np.arange(30) * np.timedelta64(1, "D")
    dated = History(np.arange(30.0)[:, None], columns=["v"], index=days, index_name="date", name="dated")
    steps = History(np.arange(20.0)[:, None], columns=["v"], index=np.arange(20) * 50, index_name="step", name="steps")
    more = History(np.arange(25.0)[:, None], columns=["v"], index=np.arange(25) * 50, index_name="step", name="more")
    shown = scene(dated, steps, more, layout="grid")
    shown.draw(3)
    first, second, third = (axes.get_xlim() for axes in shown.figure.axes)
    assert date2num(days[0]) - 1 < first[0] < date2num(days[0])
    assert date2num(days[-1]) < first[1] < date2num(days[-1]) + 1
    assert second == third
    assert second[0] == pytest.approx(-24)
    assert second[1] == pytest.approx(1224)
    assert len({axes.get_ylim() for axes in shown.figure.axes}) == 1
    assert np.array_equal(shown.pixels(3).copy(), redrawn(shown))


@pytest.mark.parametrize("kind", ["trace", "area", "band"])
def test_the_index_is_followed_as_it_grows(kind: str) -> None:
    history = History(wave_matrix(200, 4) + 2, index=1003 + np.arange(200) * 10, index_name="step")
    for how in ("each", "follow"):
        shown = scene(history, kind=kind, xlim=how)
        ends = []
        for row in (1, 3, 50, 51, 120, 199):
            shown.draw(row)
            low, high = shown.figure.axes[0].get_xlim()
            assert 1003 - 0.03 * (high - low) <= low < 1003
            assert high > 1003 + row * 10
            ends.append(high - 1003)
        assert ends == sorted(ends)
        assert ends[0] < 200
        assert ends[-1] == pytest.approx(1990 * 1.02, rel=0.1)
        if how == "each":
            assert ends[2] == pytest.approx(500 * 1.02)
            shown.draw(50.5)
            assert shown.figure.axes[0].get_xlim()[1] - 1003 == pytest.approx(505 * 1.02)


def test_a_gap_in_the_index_does_not_end_what_is_followed() -> None:
    reach = scale.grown([np.array([np.nan, 3.0, np.nan, 1.0, 7.0])])
    assert [reach.at(row) for row in range(1, 5)] == [(3, 3), (3, 3), (1, 3), (1, 7)]
    assert reach.at(3.5) == (1, 5)
    assert reach.at(9) == (1, 7)


@pytest.mark.parametrize(
    ("start", "step", "shared"),
    [
        ("2024-03-01T06:00", "h", "2024-Mar-01"),
        ("2024-03-01T20:00", "h", "2024"),
        ("2024-03-05", "D", "2024-Mar"),
        ("2024-03-25", "D", "2024"),
    ],
)
def test_what_dates_share_is_said_once(start: str, step: str, shared: str) -> None:
    times = np.datetime64(start, "us") + np.arange(12) * np.timedelta64(1, step)
    found = scene(History(np.arange(24.0).reshape(12, 2), index=times, index_name="when"))
    found.draw(11)
    assert found.figure.axes[0].xaxis.get_offset_text().get_text() == shared
