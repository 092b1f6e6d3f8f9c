"""Captions below the chart: marks that come and go, and words that stay."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from conftest import Run, wave_matrix
from liveplot_cli import charts, render
from liveplot_cli.errors import UsageError
from liveplot_cli.history import History
from liveplot_cli.look import Look, mark
from liveplot_cli.scene import Scene
from test_scene import redrawn

pytestmark = pytest.mark.usefixtures("themed")

YEARS = History(wave_matrix(30, 5), index=np.arange(1990, 2020), index_name="year")
DATES = History(wave_matrix(3, 5), index=np.array(["2024-01-31", "2024-02-29", "2024-03-31"], dtype="datetime64[D]"))
NAMES = History(wave_matrix(3, 5), index=np.array(["Mon", "Tue", "3"]))


def scene(history: History, **look: object) -> Scene:
    return Scene([history], charts.load("line")(), Look(**look))


def shown(scene: Scene, position: float) -> tuple[str, float | None]:
    """The mark at a position and how opaque it is."""
    scene.draw(position)
    artist = scene._layout.marks.artist
    return artist.get_text(), artist.get_alpha()


@pytest.mark.parametrize(
    ("history", "text", "position"),
    [
        (YEARS, "1990", 0),
        (YEARS, "2019", 29),
        (YEARS, "1", 0),
        (YEARS, "2.5", 1.5),
        (DATES, "2024-02", 1),
        (DATES, "2024-03-31", 2),
        (DATES, "3", 2),
        (DATES, "2", 1),
        (DATES, "2024", 0),
        (NAMES, "Tue", 1),
        (NAMES, "3", 2),
        (NAMES, "2", 1),
    ],
)
def test_a_row_is_found_by_its_label_or_its_number(history: History, text: str, position: float) -> None:
    assert history.position(text) == position


@pytest.mark.parametrize(
    ("history", "text"), [(YEARS, "2020"), (YEARS, "x"), (DATES, "2025"), (NAMES, "0"), (NAMES, "nan")]
)
def test_a_row_that_there_is_not_is_told_with_those_there_are(history: History, text: str) -> None:
    with pytest.raises(UsageError, match=rf"has no row '{text}'; they go from"):
        history.position(text)


def test_a_mark_appears_at_its_row_and_stays_until_the_next() -> None:
    found = scene(YEARS, mark=(mark("2000=late"), mark("1995=early")))
    assert [shown(found, at)[0] for at in (0, 4, 5, 9, 10, 29)] == ["", "", "early", "early", "late", "late"]
    assert shown(found, 29)[1] == 1


def test_an_empty_mark_ends_the_one_before() -> None:
    found = scene(YEARS, mark=(mark("1995=early"), mark("1998=")))
    assert [shown(found, at)[0] for at in (5, 7, 8, 29)] == ["early", "early", "", ""]


def test_a_mark_fades_away_over_so_many_rows() -> None:
    found = scene(YEARS, mark=(mark("1995=early"),), fade=10.0)
    assert [shown(found, at)[1] for at in (5, 7.5, 10, 15, 20)] == [1, 0.75, 0.5, 0, 0]
    assert shown(found, 20)[0] == ""


@pytest.mark.parametrize("size", [(640, 480), (400, 400)])
def test_words_below_the_chart_leave_it_room_and_equal_the_full_redraw(size: tuple[int, int]) -> None:
    words = "What is seen here, in more words than fit into a line of a picture that is as small as some are. "
    found = scene(YEARS, mark=(mark(f"1995={words}"),), caption=words, source="somebody", fade=8.0, size=size)
    for position in (0, 5, 8, 20):
        assert np.array_equal(found.pixels(position).copy(), redrawn(found))
    found.draw(5)
    axes = found.figure.axes[0]
    boxes = [text.get_window_extent() for text in axes.texts if text.get_text()]
    assert len(boxes) == 3
    assert all(box.x1 <= size[0] for box in boxes)
    assert max(box.y1 for box in boxes) < axes.xaxis.get_tightbbox().y0
    assert not any(one.overlaps(other) for one in boxes for other in boxes if one is not other)


def test_a_caption_has_the_lines_that_it_is_given() -> None:
    found = scene(YEARS, caption="one line\nand another", source="somebody\nelse")
    found.fix_layout()
    texts = [text.get_text() for text in found.figure.axes[0].texts]
    assert {"one line\nand another", "somebody\nelse"} <= set(texts)


ANOMALY = "Global mean sea level anomaly relative to the average of the years 1993 to 2008 (millimetres)"


@pytest.mark.parametrize("kind", ["line", "race", "stem"])
@pytest.mark.parametrize("size", [(640, 480), (200, 600), (600, 200), (320, 240), (1280, 720)])
@pytest.mark.parametrize("text", [ANOMALY, "x" * 110], ids=["words", "letters"])
def test_long_labels_of_axes_are_whole_and_leave_the_chart_room(kind: str, size: tuple[int, int], text: str) -> None:
    found = Scene([YEARS], charts.load(kind)(), Look(xlabel=text, ylabel=text, size=size))
    found.draw(3)
    axes = found.figure.axes[0]
    across, up = axes.xaxis.label.get_window_extent(), axes.yaxis.label.get_window_extent()
    title = axes.title.get_window_extent()
    assert 0 <= across.x0 < across.x1 <= size[0]
    assert 0 <= across.y0 < across.y1 <= size[1]
    assert 0 <= up.x0 < up.x1 <= size[0]
    assert 0 <= up.y0 < up.y1 <= min(size[1], title.y0 if title.width else size[1])
    assert axes.bbox.width > (0.2 if kind == "race" else 0.3) * size[0]  # beside its names and values
    assert axes.bbox.height > 0.2 * size[1]
    if min(size) >= 480 and text is ANOMALY:
        assert axes.get_xlabel().replace("\n", " ") == axes.get_ylabel().replace("\n", " ") == ANOMALY
    assert np.array_equal(found.pixels(3).copy(), redrawn(found))


def test_a_label_that_was_broken_is_whole_again_where_there_is_room() -> None:
    found = scene(YEARS, ylabel=ANOMALY)
    assert "\n" in found.figure.axes[0].get_ylabel()
    found.figure.set_size_inches(12, 12)
    found.fix_layout()
    assert found.figure.axes[0].get_ylabel() == ANOMALY


def test_the_number_of_rows_in_a_title_is_as_wide_as_it_is() -> None:
    found = scene(History(wave_matrix(20, 5), index=np.arange(2000, 2020)), title="Year {index} of {rows} in {name}")
    found.draw(5)
    assert found.figure.axes[0].get_title(loc="left") == "Year 2005 of 20 in history"


def test_words_that_leave_the_chart_no_room_are_refused() -> None:
    with pytest.raises(UsageError, match="leave it no room"):
        scene(YEARS, caption="word " * 200, size=(200, 150))


@pytest.mark.parametrize("layout", ["overlay", "grid"])
@pytest.mark.parametrize("size", [(240, 180), (160, 160), (260, 160)])
def test_words_whose_chart_would_collapse_are_refused(layout: str, size: tuple[int, int]) -> None:
    several = [History(np.arange(30.0) * factor, name=f"number {factor}") for factor in range(1, 6)]
    look = Look(layout=layout, size=size)
    Scene(several, charts.load("line")(), look)
    words = {"caption": "caption", "source": "source", "mark": (mark("2=Two"),), "legend": "below"}
    with pytest.raises(UsageError, match="leave it no room"):
        Scene(several, charts.load("line")(), replace(look, **words))


def test_nothing_moves_when_a_mark_appears() -> None:
    found = scene(YEARS, mark=(mark("1995=early"),))
    box = found.figure.axes[0].get_position().bounds
    for at in (0, 5, 29):
        found.draw(at)
        assert found.figure.axes[0].get_position().bounds == box


def test_marks_from_python_are_a_mapping_or_texts(tmp_path: Path) -> None:
    films = [tmp_path / f"{number}.gif" for number in range(2)]
    for film, marks in zip(films, ({2: "two", "3": "three"}, ["2=two", "3=three"]), strict=True):
        render(wave_matrix(4, 5), film, mark=marks, size="200x150", title="")
    assert films[0].read_bytes() == films[1].read_bytes()


def test_a_fade_of_nothing_is_refused() -> None:
    with pytest.raises(UsageError, match="there is no mark"):
        Look(fade=3)


def test_marks_of_the_command_line(liveplot: Run, tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", wave_matrix(9, 5))
    size = ("--size", "200x150")
    liveplot("render", "a.npy", "-o", "c.gif", *size, "--mark", "2=two", "--mark", "4=four", "--fade", "3")
    assert "has no row '40'" in liveplot("render", "a.npy", "-o", "c.gif", "--mark", "40=x", code=2).stderr
    assert "is not a row and a text" in liveplot("render", "a.npy", "-o", "c.gif", "--mark", "40", code=2).stderr
    assert (
        "not a number of rows"
        in liveplot("render", "a.npy", "-o", "c.gif", "--mark", "2=x", "--fade", "0", code=2).stderr
    )


@pytest.mark.parametrize(
    ("index", "shown"),
    [
        ([-1.5, -1.25, -1, 0], ["-1.50", "-1.25", "-1.00", "\N{FIGURE SPACE}0.00"]),
        ([0.1, 10, 0.25], ["\N{FIGURE SPACE}0.10", "10.00", "\N{FIGURE SPACE}0.25"]),
        ([1 / 3, 1, 2], ["0.333333333333", "1", "2"]),
        (np.array(["2024-05-01T23:00", "2024-05-02T00:00"], "M8[us]"), ["2024-05-01 23:00", "2024-05-02 00:00"]),
        (np.array(["2024-05-01", "2024-05-02"], "M8[us]"), ["2024-05-01", "2024-05-02"]),
    ],
)
def test_labels_of_one_kind_are_written_alike(index: object, shown: list[str]) -> None:
    history = History(np.ones(len(shown)), index=np.asarray(index), index_name="time")
    scene = Scene([history], charts.load("line")(), Look(title="{index} s"))
    for row, text in enumerate(shown):
        scene.update(row)
        assert scene.figure.axes[0].get_title(loc="left") == f"{text} s"
