"""What stands along the axes: numbers written out, room for all of them, and none said twice."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.figure import Figure

from liveplot_cli import charts, style
from liveplot_cli.history import History
from liveplot_cli.look import Look
from liveplot_cli.scene import Scene

pytestmark = pytest.mark.usefixtures("themed")

GROWTH = History(np.geomspace(1e-3, 1e6, 30)[:, None] * [1, 0.6], columns=["a", "b"], name="growth")


def scene(*histories: History, kind: str = "trace", **look: object) -> Scene:
    return Scene(histories, charts.load(kind)(), Look(**look))


def written(low: float, high: float) -> list[str]:
    axes = Figure().add_subplot()
    style.write_out(axes.yaxis)
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
        (-2e7, 2e7, ["−2.0e7", "−1.5e7", "−1.0e7", "−0.5e7", "0"]),
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
        assert all(label.get_window_extent().x0 >= 0 for label in style.shown_labels(axes.yaxis))
    assert len(places) == 1


@pytest.mark.parametrize("size", [(320, 240), (640, 480), (300, 500)])
def test_labels_of_all_limits_that_follow_are_whole(size: tuple[int, int]) -> None:
    rows = np.arange(20)
    values = np.column_stack([2 * np.exp(-rows / 5) + 0.05, 1 - np.exp(-rows / 4)])
    shown = Scene([History(values)], charts.load("trace")(window=6), Look(ylim="follow", size=size))
    for position in rows:
        shown.draw(position)
        (axes,) = shown.figure.axes
        assert all(label.get_window_extent().x0 >= 0 for label in style.shown_labels(axes.yaxis))
