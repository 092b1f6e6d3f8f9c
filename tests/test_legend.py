"""Where names and labels stand: never on the data, never cut, never on one another."""

from __future__ import annotations

from itertools import combinations, pairwise

import numpy as np
import pytest
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from conftest import EXAMPLES, wave_matrix
from liveplot_cli import charts, read
from liveplot_cli.drawing import style, ticker
from liveplot_cli.history import History
from liveplot_cli.look import Look
from liveplot_cli.scene import Scene
from test_scene import redrawn

pytestmark = pytest.mark.usefixtures("themed")


def scene_of(names: list[str], **look: object) -> Scene:
    history = History(wave_matrix(20, len(names)), columns=names)
    scene = Scene([history], charts.load("trace")(), Look(**look))  # type: ignore[arg-type]
    scene.draw(12)
    return scene


def boxes(scene: Scene) -> tuple[Bbox, Bbox, Bbox]:
    """Legend, axes and figure in pixels."""
    (legend,) = scene.figure.legends
    return legend.get_window_extent(), scene.figure.axes[0].get_window_extent(), scene.figure.bbox


@pytest.mark.parametrize("number", [2, 4, 12, 40])
@pytest.mark.parametrize("size", [(640, 480), (320, 240), (540, 960), (1280, 720)])
@pytest.mark.parametrize("where", [None, "beside", "below"])
def test_a_legend_hides_no_data_and_is_whole(number: int, size: tuple[int, int], where: str | None) -> None:
    legend, axes, figure = boxes(scene_of([f"name {row}" for row in range(number)], size=size, legend=where))
    assert legend.x0 >= axes.x1 or legend.y1 <= axes.y0
    assert axes.width > 0.3 * figure.width
    assert axes.height > 0.2 * figure.height
    assert legend.x0 >= 0
    assert legend.y0 >= 0
    assert legend.x1 <= figure.x1
    assert legend.y1 <= figure.y1


def test_a_legend_begins_where_the_chart_does() -> None:
    beside, axes, _ = boxes(scene_of(["a", "b"]))
    assert beside.x0 > axes.x1
    assert beside.y1 == pytest.approx(axes.y1, abs=0.5)
    below, axes, _ = boxes(scene_of(["a", "b"], legend="below"))
    assert below.y1 < axes.y0
    assert below.x0 == pytest.approx(axes.x0, abs=0.5)


@pytest.mark.parametrize(
    ("size", "is_beside"), [((640, 480), True), ((1280, 720), True), ((320, 240), False), ((540, 960), False)]
)
def test_a_small_or_upright_picture_has_its_legend_below(size: tuple[int, int], is_beside: bool) -> None:
    legend, axes, _ = boxes(scene_of(["train_loss", "test_loss", "train_accuracy"], size=size))
    assert bool(legend.x0 >= axes.x1) is is_beside


@pytest.mark.parametrize("where", [None, "beside", "below"])
def test_eighteen_names_are_all_told(where: str | None) -> None:
    names = [f"name {row}" for row in range(18)]
    (legend,) = scene_of(names, legend=where).figure.legends
    assert [text.get_text() for text in legend.get_texts()] == names


def test_below_there_are_as_many_rows_as_leave_the_chart_its_share() -> None:
    scene = scene_of([f"encoder.layers.{row}.self_attn.k_proj.weight" for row in range(18)], legend="below")
    legend, axes, _ = boxes(scene)
    assert len(scene.figure.legends[0].get_texts()) >= 14
    assert axes.height > 0.25 * 480
    assert not legend.overlaps(axes)


PROJECTIONS = [f"encoder.layers.{layer}.self_attn.{name}_proj.weight" for layer in range(3) for name in "kq"]


@pytest.mark.parametrize("chart", ["trace", "area", "race", "bar", "bar lying", "stem", "scatter"])
@pytest.mark.parametrize("count", [3, 6])
def test_long_names_are_told_apart_in_every_chart(chart: str, count: int) -> None:
    kind, _, lying = chart.partition(" ")
    columns = PROJECTIONS[:count]
    if kind == "scatter":
        columns = [f"{name} {axis}" for name in columns for axis in "xy"]
    history = History(wave_matrix(9, len(columns)) + 2, columns=columns)
    scene = Scene([history], charts.load(kind)(**({"horizontal": True} if lying else {})), Look())
    scene.draw(8)
    assert len(named(scene)) == count
    assert np.array_equal(scene.pixels(8).copy(), redrawn(scene))


def test_long_names_are_told_apart_in_a_grid() -> None:
    histories = [History(wave_matrix(9, 1), name=name) for name in PROJECTIONS]
    scene = Scene(histories, charts.load("trace")(), Look(layout="grid"))
    titles = [axes._left_title for axes in scene.figure.axes]
    assert len({title.get_text() for title in titles}) == len(PROJECTIONS)
    assert all(title.get_window_extent().width <= title.axes.bbox.width for title in titles)


def named(scene: Scene) -> set[str]:
    """The names that are to be seen."""
    texts = [text for text in scene.figure.findobj(Text) if text.get_visible() and text.get_alpha() != 0]
    return {text.get_text() for text in texts if "attn" in text.get_text()}


def test_names_have_the_room_there_is_beside_a_chart() -> None:
    name = "a name of forty characters, all of these"
    for kind in ({"horizontal": True}, {}):
        scene = Scene(
            [History(np.ones((2, 9)), columns=[f"{name[:-1]}{at}" for at in range(9)])],
            charts.load("bar")(**kind),
            Look(size=(1280, 720)),
        )
        scene.draw(0)
        texts = {text.get_text() for text in scene.figure.findobj(Text)}
        assert texts >= {f"{name[:-1]}{at}" for at in range(9)}


def test_names_that_do_not_fit_are_counted() -> None:
    scene = scene_of([f"name {row}" for row in range(12)], size=(320, 240), legend="beside")
    shown = [text.get_text() for text in scene.figure.legends[0].get_texts()]
    *names, more = shown
    assert names == [f"name {row}" for row in range(len(names))]
    assert more == f"+{12 - len(names)} more"


@pytest.mark.parametrize("where", ["beside", "below"])
def test_a_legend_stays_in_its_place_when_all_is_laid_out_again(where: str) -> None:
    scene = scene_of(["a", "b", "c"], legend=where, caption="What is to be seen", dpi=100)
    before = [box.extents for box in boxes(scene)]
    scene.fix_layout()
    scene.draw(12)
    assert np.allclose(before, [box.extents for box in boxes(scene)], atol=0.5)


def test_words_below_the_chart_begin_where_it_does_and_leave_a_legend_there_alone() -> None:
    words = {"caption": "What is to be seen, in many words. " * 5, "source": "Source: nobody", "title": "{name}"}
    scene = scene_of(["a", "b", "c"], legend="below", **words)
    axes = scene.figure.axes[0]
    footers = [text.get_window_extent() for text in axes.texts if text.get_text()]
    legend, chart, figure = boxes(scene)
    assert len(footers) == 2
    for box in footers:
        assert box.x0 == pytest.approx(chart.x0, abs=1)
        assert box.x1 <= figure.x1
    assert not any(one.overlaps(two) for one, two in combinations([*footers, legend, chart], 2))


@pytest.mark.parametrize("size", [(200, 150), (320, 240), (420, 300), (640, 480), (1280, 720)])
@pytest.mark.parametrize("example", ["co2.csv", "el_nino.csv", "digits_training.csv", "gapminder_gdp.csv"])
@pytest.mark.parametrize("kind", ["trace", "line", "hist"])
def test_labels_along_the_bottom_never_touch(size: tuple[int, int], example: str, kind: str) -> None:
    scene = Scene([read(EXAMPLES / example)], charts.load(kind)(), Look(size=size))
    scene.draw(1)
    axis = scene.figure.axes[0].xaxis
    shown = sorted(
        (label.get_window_extent() for label in axis.get_ticklabels() if label.get_text()), key=lambda b: b.x0
    )
    assert shown
    slanted = [label for label in axis.get_ticklabels() if label.get_rotation()]
    if slanted:  # they lie above one another's ends, and are a line apart
        ends = sorted(label.get_window_extent().x1 for label in slanted if label.get_text())
        letters = slanted[0].get_size() * scene.figure.dpi / 72
        assert all(right - left > letters for left, right in pairwise(ends))
        return
    assert all(right.x0 - left.x1 > 4 for left, right in pairwise(shown))


@pytest.mark.parametrize("number", [2, 5, 6])
def test_panels_do_not_repeat_one_another(number: int) -> None:
    histories = [History(wave_matrix(9, 1), columns=["volts"], name=f"run {row}") for row in range(number)]
    scene = Scene(histories, charts.load("trace")(), Look(layout="grid"))
    panels = scene.figure.axes
    columns = panels[0].get_subplotspec().get_gridspec().ncols
    for place, axes in enumerate(panels):
        assert axes.get_xlabel() == ("" if place + columns < number else "row")
        assert axes.get_ylabel() == ("volts" if place % columns == 0 else "")


def test_panels_have_the_labels_that_are_asked_for() -> None:
    histories = [History(wave_matrix(9, 3), name=f"run {row}") for row in range(2)]
    panels = Scene(histories, charts.load("line")(), Look(layout="grid", xlabel="place", ylabel="volts")).figure.axes
    assert [axes.get_xlabel() for axes in panels] == ["place", "place"]
    assert [axes.get_ylabel() for axes in panels] == ["volts", ""]


def test_a_dark_paper_is_known_for_one() -> None:
    assert not style.is_dark()
    for name, is_dark in (("dark", True), ("dark_background", True), ("paper", False), ("ggplot", False)):
        with style.applied(Look(theme=name)):
            assert style.is_dark() is is_dark


def test_a_legend_stands_below_an_upright_picture() -> None:
    history = History(np.ones((2, 4)), columns=["a", "b", "c", "d"])
    for size, is_below in (((540, 960), True), ((540, 700), True), ((540, 540), False), ((640, 480), False)):
        figure = Scene([history], charts.load("trace")(), Look(size=size)).figure
        box, chart = figure.legends[0].get_window_extent(), figure.axes[0].get_window_extent()
        assert (box.y1 <= chart.y0) == is_below
        assert (box.x0 >= chart.x1) != is_below


def test_a_legend_that_would_name_one_of_several_is_left_out() -> None:
    names = [f"Strongly agree with the statement {number}" for number in range(5)]
    small = Scene([History(np.ones((2, 5)), columns=names)], charts.load("area")(), Look(size=(320, 240)))
    assert small.figure.legends == []
    asked = Scene(
        [History(np.ones((2, 5)), columns=names)], charts.load("area")(), Look(size=(320, 240), legend="below")
    )
    assert len(asked.figure.legends) == 1


@pytest.mark.parametrize("size", [(200, 150), (240, 180), (300, 160), (160, 320)])
@pytest.mark.parametrize("example", ["co2.csv", "gapminder_gdp.csv", "digits_training.csv"])
def test_in_a_small_picture_all_words_are_whole(size: tuple[int, int], example: str) -> None:
    for dpi in (100, 200):
        scene = Scene([read(EXAMPLES / example)], charts.load("trace")(), Look(size=size, dpi=dpi))
        scene.draw(1)
        figure, axes = scene.figure, scene.figure.axes[0]
        ticks = [*ticker.shown_labels(axes.xaxis), *ticker.shown_labels(axes.yaxis)]
        around = [axes._left_title, axes._right_title, axes.xaxis.label, axes.yaxis.label]
        named = [text for legend in figure.legends for text in legend.get_texts()]
        for text in (*ticks, *around, *named):
            box = text.get_window_extent()
            assert not text.get_text() or (box.x0 >= -1 and box.x1 <= figure.bbox.width + 1), text
            assert not text.get_text() or (box.y0 >= -1 and box.y1 <= figure.bbox.height + 1), text
        inside = axes.get_window_extent()
        assert min(inside.width, inside.height) > 0.25 * min(figure.bbox.width, figure.bbox.height)
