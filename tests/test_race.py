from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.collections import PolyCollection
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.text import Text

import liveplot_cli
from conftest import Run, histories
from liveplot_cli import charts
from liveplot_cli.drawing import style
from liveplot_cli.errors import UsageError
from liveplot_cli.history import History
from liveplot_cli.look import Look
from liveplot_cli.option import build
from liveplot_cli.scene import Scene
from test_scene import redrawn

pytestmark = pytest.mark.usefixtures("themed")

NAN = float("nan")
RNG = np.random.default_rng(4)
WALKS = np.exp(np.cumsum(RNG.normal(0, 0.3, (12, 30)), axis=0) + RNG.normal(5, 1, 30))
FILMS = {
    "walks": History(WALKS, columns=[f"name {number}" for number in range(30)], index=np.arange(1990, 2002)),
    "gaps": History(np.where(RNG.random((12, 8)) < 0.3, np.nan, np.round(RNG.normal(50, 9, (12, 8))))),
    "negative": History(RNG.normal(0, 9, (12, 8)), columns=[f"{'long ' * number}name" for number in range(8)]),
    "nothing in between": History([[3, 1, 2], [NAN, NAN, NAN], [1, 2, 3]]),
    "one column": History([[1.5], [2.5], [0.25]], columns=["alone"]),
}


def scene(*shown: History, look: Look | None = None, **options: object) -> Scene:
    longest = max(map(len, shown))
    positions = [number / 4 for number in range(4 * longest - 3)]
    return Scene(shown, charts.load("race")(**options), look or Look(), positions)


def bars(scene: Scene) -> PolyCollection:
    (found,) = (one for one in scene.figure.axes[0].collections if isinstance(one, PolyCollection))
    return found


def boxes(scene: Scene) -> np.ndarray:
    """Start, end and place of each bar, shape (bars, 3), from the top down."""
    found = [
        (path.vertices[0, 0], path.vertices[2, 0], path.vertices[:4, 1].mean()) for path in bars(scene).get_paths()
    ]
    return np.array(sorted(found, key=lambda box: box[2])).reshape(-1, 3)


def texts(scene: Scene, position: float) -> tuple[list[Text], list[Text]]:
    """The names and the values in view at a position, each from the top down."""
    inside = scene.figure.axes[0].texts
    moved = [artist for artist in scene.update(position) if artist in inside and artist.get_zorder() == 3]
    shown = sorted((text for text in moved if text.get_visible()), key=lambda text: text.get_position()[1])
    return [text for text in shown if text.get_ha() == "right"], [text for text in shown if text.get_ha() == "left"]


def names(scene: Scene, position: float) -> list[str]:
    return [text.get_text() for text in texts(scene, position)[0]]


def values(scene: Scene, position: float) -> list[str]:
    return [text.get_text() for text in texts(scene, position)[1]]


def color(scene: Scene, position: float) -> dict[str, str]:
    """The colours of the bars by their names."""
    found, _ = texts(scene, position)
    places = np.array([path.vertices[:4, 1].mean() for path in bars(scene).get_paths()])
    colors = bars(scene).get_facecolor()
    return {text.get_text(): to_hex(colors[np.abs(places - text.get_position()[1]).argmin()]) for text in found}


@pytest.mark.parametrize(
    ("top", "look"),
    [
        (1, Look()),
        (3, Look(xlim="global")),
        (5, Look(xlim=(-3, 40), title="")),
        (30, Look(size=(201, 133), dpi=60)),
    ],
    ids=["one", "global", "cut", "small"],
)
@pytest.mark.parametrize("film", FILMS)
def test_a_frame_equals_the_full_redraw_to_the_last_pixel(film: str, top: int, look: Look) -> None:
    shown = scene(FILMS[film], look=look, top=top)
    for position in (0, 1.3, 2):
        assert np.array_equal(shown.pixels(position).copy(), redrawn(shown)), f"position {position}"


@pytest.mark.parametrize("film", FILMS)
def test_a_frame_depends_on_its_position_alone(film: str) -> None:
    one, other = scene(FILMS[film], top=4), scene(FILMS[film], top=4)
    positions = [number / 4 for number in range(4 * len(FILMS[film]) - 3)]
    forward = [one.pixels(position).copy() for position in positions]
    backward = [other.pixels(position).copy() for position in reversed(positions)]
    assert all(np.array_equal(*pair) for pair in zip(forward, reversed(backward), strict=True))


row = st.lists(st.integers(-3, 3) | st.just(NAN), min_size=5, max_size=5)


@dataclass
class Bare:
    """A race on axes alone, without the time that a layout takes."""

    rows: list[list[float]]
    top: int

    def __post_init__(self) -> None:
        history = History([*self.rows, [1, 2, 3, 4, 5]], columns=list("abcde"))
        self.update = charts.load("race")(top=self.top).draw(Figure().add_subplot(), [history]).update

    def standing(self, position: float) -> tuple[dict[str, float], list[str], list[float]]:
        """At a position the places by names, the values from the top down, and the ends of the bars likewise."""
        bars, *texts = self.update(position)
        texts = sorted((text for text in texts if text.get_visible()), key=lambda text: text.get_position()[1])
        named = {text.get_text(): round(text.get_position()[1], 1) for text in texts if text.get_ha() == "right"}
        values = [text.get_text() for text in texts if text.get_ha() == "left"]
        corners = sorted((path.vertices[:4, 1].mean(), path.vertices[2, 0]) for path in bars.get_paths())
        return named, values, [end for place, end in corners if place < self.top]


@given(rows=st.lists(row, min_size=1, max_size=4), top=st.integers(1, 7))
@settings(deadline=None)
def test_at_a_row_the_highest_stand_in_their_order_and_equals_in_that_of_their_columns(
    rows: list[list[float]], top: int
) -> None:
    race = Bare(rows, top)
    for position, wanted in enumerate(rows):
        known = [column for column in range(5) if not math.isnan(wanted[column])]
        ranked = sorted(known, key=lambda column: -wanted[column])[:top]
        places, values, ends = race.standing(position)
        assert places == {"abcde"[column]: place for place, column in enumerate(ranked)}
        assert [value.replace("\N{MINUS SIGN}", "-") for value in values] == [f"{wanted[one]:.0f}" for one in ranked]
        assert ends == [wanted[column] for column in ranked]


@given(rows=st.lists(row, min_size=2, max_size=2), part=st.floats(0, 1, exclude_max=True), top=st.integers(1, 5))
@settings(deadline=None)
def test_between_two_rows_bars_lie_between_what_they_are_there(rows: list[list[float]], part: float, top: int) -> None:
    race = Bare(rows, top)
    ends = [dict.fromkeys("abcde", float(top)) | race.standing(position)[0] for position in (0, 1)]
    for name, place in race.standing(part)[0].items():
        assert min(end[name] for end in ends) <= place <= max(end[name] for end in ends)


def test_bars_that_change_places_meet_halfway_and_start_and_arrive_slowly() -> None:
    shown = scene(History([[1, 2], [2, 1]], columns=["a", "b"]))
    assert names(shown, 0) == ["b", "a"]
    shown.update(0.5)
    assert np.allclose(boxes(shown)[:, 1:], [[1.5, 0.5]] * 2, atol=0.003)  # half a pixel of a place
    shown.update(0.1)
    first = boxes(shown)[0, 2]
    shown.update(0.5)
    assert first < 0.1 * 0.5
    shown.update(0.25)
    assert boxes(shown)[:, 1].tolist() == [1.75, 1.25]
    assert bars(shown).get_snap() is False


@pytest.mark.parametrize("size", [(640, 480), (333, 217)])
def test_bars_are_as_broad_and_their_edges_as_sharp_wherever_they_are(size: tuple[int, int]) -> None:
    shown = scene(FILMS["walks"], look=Look(size=size))
    broad = set()
    for position in (0, 2.3, 4.75, 11):
        shown.update(position)
        for path in bars(shown).get_paths():
            edges = shown.figure.axes[0].transData.transform(path.vertices)[:, 1]
            assert np.allclose(edges, np.round(edges), atol=1e-6)
            broad.add(round(float(np.ptp(edges))))
    assert len(broad) == 1


def test_a_bar_comes_in_from_below_and_its_name_when_there_is_room_for_it() -> None:
    shown = scene(History([[3, 2, 1], [3, 2, 4]], columns=["a", "b", "c"]), top=2)
    assert names(shown, 0) == ["a", "b"]
    assert "c" not in names(shown, 0.25)
    assert boxes(shown)[:, 2].max() < 2.0
    assert names(shown, 1) == ["c", "a"]
    assert shown.figure.axes[0].get_ylim() == (1.5, -0.5)


def test_what_becomes_a_gap_leaves_with_its_length() -> None:
    shown = scene(History([[9, 5], [NAN, 5]], columns=["a", "b"]))
    shown.update(0.5)
    assert sorted(boxes(shown)[:, 1]) == [5, 9]
    assert names(shown, 1) == ["b"]


def test_a_row_of_gaps_shows_nothing() -> None:
    shown = scene(FILMS["nothing in between"])
    assert names(shown, 1) == []
    shown.draw(1)


def test_bars_below_zero_go_to_the_left_and_their_values_stand_right_of_zero() -> None:
    shown = scene(History([[4, -3]], columns=["a", "b"]))
    assert values(shown, 0) == ["4", "\N{MINUS SIGN}3"]
    assert boxes(shown)[:, :2].tolist() == [[0, 4], [0, -3]]
    assert np.allclose([text.get_position()[0] for text in texts(shown, 0)[1]], [4, 0], atol=0.01)
    assert shown.figure.axes[0].get_xlim()[0] < -3


def test_a_logarithmic_race_is_refused() -> None:
    with pytest.raises(UsageError, match=r"^a race's bars have no beginning on a logarithmic axis; leave logx out$"):
        scene(History([[10, 1000]]), look=Look(logx=True))


def test_a_name_keeps_its_colour_and_seldom_shares_it_with_one_beside_it() -> None:
    shown = scene(FILMS["walks"])
    seen = [color(shown, position) for position in range(12)]
    known = {name: its_own for found in seen for name, its_own in found.items()}
    assert all(known[name] == its_own for found in seen for name, its_own in found.items())
    assert len(known) > 12
    assert len(set(seen[0].values())) == 10
    in_turn = {name: number % 10 for number, name in enumerate(known)}
    shared = sum(10 - len(set(found.values())) for found in seen)
    assert shared < sum(10 - len({in_turn[name] for name in found}) for found in seen) / 2


def test_a_name_has_one_colour_in_all_panels_whatever_its_rank_and_its_neighbours() -> None:
    one = History([[9, 5, 3, 1]], columns=["Ann", "Bob", "Cy", "Dee"], name="one")
    two = History([[8, 9, 2, 5, 3]], columns=["Eve", "Dee", "Bob", "Cy", "Ann"], name="two")
    shown = scene(one, two)
    shown.update(0)
    colors: list[dict[str, str]] = []
    for axes in shown.figure.axes:
        (found,) = (artist for artist in axes.collections if isinstance(artist, PolyCollection))
        named = {
            round(text.get_position()[1]): text.get_text()
            for text in axes.texts
            if text.get_zorder() == 3 and text.get_position()[0] == 0 and text.get_visible() and text.get_text()
        }
        places = [round(path.vertices[:4, 1].mean()) for path in found.get_paths()]
        colors.append({named[place]: to_hex(color) for place, color in zip(places, found.get_facecolor(), strict=True)})
    assert list(map(len, colors)) == [4, 5]
    assert colors[1] == colors[0] | {"Eve": colors[1]["Eve"]}
    assert len(set(colors[1].values())) == 5


def test_more_places_than_colours_have_lighter_ones() -> None:
    shown = scene(FILMS["walks"], top=18)
    assert len(set(color(shown, 0).values())) == 18


@pytest.mark.parametrize(
    ("row", "shown"),
    [
        ([1412000000, 5], ["1,412,000,000", "5"]),
        ([3811.95, 24.4], ["3,812", "24"]),
        ([83.21, 5.5], ["83.2", "5.5"]),
        ([0.9834, 0.5], ["0.983", "0.500"]),
        ([0.9, 0.5], ["0.9", "0.5"]),
        ([12.5, 12], ["12.5", "12.0"]),
        ([0.0001, -0.00000001], ["0.0001", "0.0000"]),
        ([3000.5, 0.0025, 0.00123], ["3,000", "0.00250", "0.00123"]),
        ([300.5, 1.25, 1.45, 20], ["300", "20.0", "1.45", "1.25"]),
        ([2000, 0.5, 1e-17], ["2,000", "0.5", "0"]),
        ([1e300, 1], ["1.00e+300", "1.00e+00"]),
        ([1e-320, 0], ["1.00e\N{MINUS SIGN}320", "0.00e+00"]),
        ([0, -0.0], ["0", "0"]),
    ],
    ids=str,
)
def test_values_are_written_with_as_few_figures_as_tell(row: list[float], shown: list[str]) -> None:
    assert values(scene(History([row])), 0) == shown


def test_values_on_the_way_are_written_as_those_of_the_rows() -> None:
    shown = scene(History([[1, 1000], [2000, 3]], columns=["a", "b"]))
    assert {"." in value for number in range(5) for value in values(shown, number / 4)} == {False}


@pytest.mark.parametrize("film", FILMS)
def test_words_stand_beside_their_bars_within_the_picture(film: str) -> None:
    shown = scene(FILMS[film])
    width, _ = shown.size
    axes = shown.figure.axes[0]
    box = axes.get_position().bounds
    for number in range(4 * len(FILMS[film]) - 3):
        beside, behind = texts(shown, number / 4)
        assert all(0 <= text.get_window_extent().x0 < text.get_window_extent().x1 < axes.bbox.x0 for text in beside)
        assert all(axes.bbox.x0 < text.get_window_extent().x0 for text in behind)
        assert all(text.get_window_extent().x1 <= width for text in behind)
        assert axes.get_position().bounds == box


def test_the_longest_value_has_room_behind_the_longest_bar() -> None:
    shown = scene(History([[1412345678, 3], [7, 5]]), look=Look(xlim=(0, 1412345678)))
    _, behind = texts(shown, 0)
    assert behind[0].get_window_extent().x1 < shown.size[0]
    assert behind[0].get_window_extent().x0 >= shown.figure.axes[0].bbox.x1


def test_limits_hold_the_longest_bar_and_go_over_slowly() -> None:
    shown = scene(History(np.geomspace(1, 1000, 60)[:, None] * [1, 0.5]))
    ends = []
    for number in range(4 * 60 - 3):
        shown.update(number / 4)
        ends.append(shown.figure.axes[0].get_xlim()[1])
        assert boxes(shown)[0, 1] <= ends[-1]
    steps = np.divide(ends[1:], ends[:-1])
    assert len({round(step, 9) for step in steps if step == 1}) == 1
    assert steps.max() < 1.25
    assert boxes(shown)[0, 1] > 0.6 * ends[-1]


def counters(scene: Scene) -> tuple[str, str]:
    """The counter beside the title, and the one in the corner."""
    scene.update(1)
    axes = scene.figure.axes[0]
    inside = [text for text in axes.texts if text.get_zorder() == 1.5]
    return axes.get_title(loc="right"), inside[0].get_text() if inside else ""


@pytest.mark.parametrize(
    ("last", "look", "wanted"),
    [
        (1, Look(), ("", "1991")),
        (8, Look(), ("year 1991", "")),
        (1, Look(title=""), ("", "")),
        (1, Look(title="in {index}"), ("", "")),
        (1, Look(title="GDP"), ("", "1991")),
        (-1, Look(), ("year 1991", "")),
    ],
    ids=str,
)
def test_the_counter_is_large_where_the_lowest_bars_leave_room_for_it(
    last: float, look: Look, wanted: tuple[str, str]
) -> None:
    history = History([[9, 8, last], [8, 9, last]], columns=list("abc"), index=[1990, 1991], index_name="year")
    assert counters(scene(history, look=look)) == wanted


@pytest.mark.parametrize(
    ("row", "shown"),
    [
        ([613_665_642_520, -88_521_307_727], ["614 B", "\N{MINUS SIGN}89 B"]),
        ([12_345_678, 40_000], ["12.3 M", "0.04 M"]),
        ([12_345_678, 40], ["12,345,678", "40"]),  # which no millions would tell
    ],
)
def test_values_that_would_take_the_bars_room_are_in_millions_or_more(row: list[float], shown: list[str]) -> None:
    small = scene(History([row]), look=Look(size=(320, 240)))
    assert values(small, 0) == shown
    small.draw(0)
    ticks = [label.get_text() for label in small.figure.axes[0].get_xticklabels()]
    assert "0" in ticks
    assert all(text == "0" or text.endswith(shown[0][-2:]) for text in ticks if "," not in text)
    assert values(scene(History([row]), look=Look(size=(1280, 720))), 0)[0] == f"{row[0]:,}"


def test_a_counter_in_the_corner_is_never_reached_by_a_bar_or_its_value() -> None:
    falling = History(
        [[10, 9, 8, 1, 0], [10, 1, 1, 1, 9]], index=[1990, 1991], index_name="year"
    )  # 9 rises from the last place
    assert counters(scene(falling)) == ("year 1991", "")
    short, long = (
        History([[size, size, 0.5 * size]] * 2, index=[1990, 1991], index_name="year") for size in (10, 999_990)
    )
    assert [bool(counters(scene(one, look=Look(size=(480, 360))))[1]) for one in (short, long)] == [True, False]


def test_a_counter_in_the_corner_leaves_the_title_its_line() -> None:
    title = "A title that is all but as long as the chart is wide"
    history = History([[9, 8, 1], [8, 9, 1]], index=[1990, 1991], name=title)
    assert scene(history).figure.axes[0].get_title(loc="left") == title


def test_a_title_begins_with_the_names_where_these_are_long() -> None:
    history = History([[9, 8, 1], [8, 9, 1]], columns=["a name of 24 characters.", "b", "c"])
    for title in ("Race", "A title that is as long as the axes and the names at their left"):
        shown = scene(history, look=Look(title=title))
        shown.draw(0)
        axes = shown.figure.axes[0]
        names, words = texts(shown, 0)[0], axes._left_title.get_window_extent()
        assert axes.get_title(loc="left") == title
        assert words.x0 == pytest.approx(min(name.get_window_extent().x0 for name in names), abs=2)
        assert words.x1 < axes.bbox.x1


def test_a_race_goes_evenly_from_row_to_row_by_itself(tmp_path: Path) -> None:
    (film,) = liveplot_cli.render(np.arange(12.0).reshape(4, 3), tmp_path / "a.gif", kind="race", speed=2)
    assert film.frames == 3 * 10 + 1


def test_several_races_run_beside_one_another_with_one_counter() -> None:
    one, other = (History([[9, 1], [8, 1], [7, 1]][:rows], name=f"{rows} rows") for rows in (3, 2))
    shown = scene(one, other)
    assert len(shown.figure.axes) == 2
    moved = [text.get_text() for text in shown.update(2) if isinstance(text, Text) and text.get_visible()]
    assert moved.count("row 3") == 1
    assert np.array_equal(shown.pixels(1.5).copy(), redrawn(shown))
    with pytest.raises(UsageError, match="take the layout grid"):
        scene(one, other, look=Look(layout="overlay"))


def test_only_rows_that_are_shown_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: set[float] = set()
    read = History.row
    monkeypatch.setattr(History, "row", lambda self, position: (asked.add(position), read(self, position))[1])
    history = History(WALKS, shown=(0, 3, 4, 11))
    shown = Scene([history], charts.load("race")(), Look(), [0, 3.5, 11])
    for position in (0, 3.5, 11):
        shown.draw(position)
    assert asked == {0, 3, 4, 11}


@pytest.mark.parametrize("asked", ["0", "-1", "ten", "", "1.5", "nan", "9" * 30, "٣"])
def test_a_number_of_bars_that_makes_no_sense_is_refused(asked: str) -> None:
    with pytest.raises(UsageError, match=r"^top: .*is not a whole number of bars from 1 on$"):
        build(charts.load("race"), {"top": asked})


@pytest.mark.parametrize("option", [{"ylim": (0, 1)}, {"ylim": "follow"}, {"logy": True}])
def test_places_are_no_numbers(option: dict[str, object]) -> None:
    with pytest.raises(UsageError, match="vertical axis of a race has no numbers"):
        scene(FILMS["walks"], look=Look(**option))


def test_the_command_draws_a_race(liveplot: Run, waves: object) -> None:
    liveplot("render", str(waves), "-o", "a.gif", "-k", "race", "--top", "3", "--speed", "10", "--ease", "linear")
    liveplot("render", str(waves), "-o", "a.gif", "-k", "race", "--top", "0", code=2)
    liveplot("render", str(waves), "-o", "a.gif", "-k", "bar", "--top", "3", code=2)


def test_histories_of_every_sort_are_drawn() -> None:
    for history in histories().values():
        scene(history).draw(0)


def test_in_a_grid_no_two_names_have_one_colour_while_there_is_another() -> None:
    panels = [
        History(np.arange(6.0).reshape(2, 3) + 1, columns=["alpha", "beta", "gamma"]),
        History(np.arange(6.0).reshape(2, 3) + 1, columns=["delta", "gamma", "alpha"]),
        History(np.arange(4.0).reshape(2, 2) + 1, columns=["epsilon", "beta"]),
    ]
    shown = scene(*panels, look=Look(layout="grid"))
    shown.draw(1)
    given = style.given_colors(shown.figure.axes[0])
    assert set(given) == {"alpha", "beta", "gamma", "delta", "epsilon"}
    assert len(set(given.values())) == 5
