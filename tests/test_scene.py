from __future__ import annotations

import io
import itertools
import math
from dataclasses import replace
from fractions import Fraction

import matplotlib
import numpy as np
import pytest
from matplotlib import font_manager
from matplotlib.animation import AbstractMovieWriter
from matplotlib.figure import Figure
from matplotlib.text import Text

from conftest import chart, drawable, histories, wave_matrix
from liveplot_cli import charts
from liveplot_cli.drawing import scale, style
from liveplot_cli.drawing.theme import THEMES
from liveplot_cli.errors import UsageError
from liveplot_cli.history import History
from liveplot_cli.look import Look
from liveplot_cli.scene import Scene
from liveplot_cli.timing import Moment, Timing

HISTORIES = histories()
CHARTS = {kind: chart(kind) for kind in charts.names()} | {
    "trace of 4": charts.load("trace")(window=4),
    "area of shares": charts.load("area")(normalize=True, window=4),
    "band of deviations": charts.load("band")(spread="sd"),
    "scatter with trails": charts.load("scatter")(trail=3),
}
LOOKS = {
    "default": Look(),
    "small": Look(size=(335, 222), dpi=60),
    "too small for its words": Look(size=(120, 90)),
    "cut limits": Look(ylim=(-0.5, 0.5), xlim=(1, None)),
    "words": Look(title="row {row} of {rows}", xlabel="", ylabel="value"),
    "no words": Look(title=""),
}
# Styles with frames, ticks inside, grids in other places, and settings that would put them above the data.
STYLES = "classic", "ggplot", "fivethirtyeight"
THEMED = [
    *(Look(theme=name) for name in (*THEMES, *STYLES)),
    Look(theme="ggplot", transparent=True),
]


# Axes of names or of nothing, which take no limits.
WITHOUT_NUMBERS = {"heatmap": ("xlim", "ylim"), "race": ("ylim",), "ridge": ("ylim",)}


def suited(look: Look, kind: str) -> Look:
    """The look without what makes no sense for the kind."""
    return replace(look, **dict.fromkeys(WITHOUT_NUMBERS.get(kind, ())))


def redrawn(scene: Scene) -> np.ndarray:
    """Matplotlib's own full drawing of the figure as it stands, shape (height, width, 4)."""
    file = io.BytesIO()
    scene.figure.savefig(file, format="rgba", dpi="figure")
    width, height = scene.size
    return np.frombuffer(file.getvalue(), np.uint8).reshape(height, width, 4)


def difference(frame: np.ndarray, full: np.ndarray, position: float) -> str:
    """Where a frame is not the full redraw, and what that is most often due to."""
    down, across = np.nonzero((frame != full).any(axis=-1))
    if not len(down):
        return f"position {position}: no difference"
    return (
        f"position {position}: {len(down)} pixels differ from the full redraw, in the box from x={across.min()}, "
        f"y={down.min()} to x={across.max()}, y={down.max()} (from the top left); does something that stays lie above "
        "what moves? What moves needs zorder >= 2, what stays < 2, and update() hands back all that it moves"
    )


def test_a_difference_is_told_with_its_box() -> None:
    full = np.zeros((20, 30, 4), np.uint8)
    frame = full.copy()
    frame[3:7, 11:15, 1] = 9
    told = difference(frame, full, 2.5)
    assert told.startswith(
        "position 2.5: 16 pixels differ from the full redraw, in the box from x=11, y=3 to x=14, y=6 "
    )
    assert "zorder" in told


# Every kind with every history, and with every other look one of the histories that look most unlike.
DRAWN = [(history, "default") for history in HISTORIES] + [
    *zip(itertools.cycle(("gaps", "plain", "hostile names")), (look for look in LOOKS if look != "default"))
]


@pytest.mark.usefixtures("themed")
@pytest.mark.parametrize(("history", "look"), DRAWN)
@pytest.mark.parametrize("kind", CHARTS)
def test_a_frame_equals_the_full_redraw_to_the_last_pixel(kind: str, history: str, look: str) -> None:
    scene = Scene([drawable(kind, HISTORIES[history])], CHARTS[kind], suited(LOOKS[look], kind))
    last = len(HISTORIES[history]) - 1
    for position in sorted({0, last / 2, last}):
        frame, full = scene.pixels(position).copy(), redrawn(scene)
        assert np.array_equal(frame, full), difference(frame, full, position)


@pytest.mark.parametrize("kind", CHARTS)
@pytest.mark.parametrize("look", THEMED, ids=lambda look: f"{look.theme}{' transparent' * look.transparent}")
def test_a_frame_equals_the_full_redraw_in_every_theme(kind: str, look: Look) -> None:
    with style.applied(look):
        scene = Scene([drawable(kind, HISTORIES["dates"])], CHARTS[kind], look)
        for position in (3, 11):
            frame, full = scene.pixels(position).copy(), redrawn(scene)
            assert np.array_equal(frame, full), difference(frame, full, position)


@pytest.mark.usefixtures("themed")
@pytest.mark.parametrize("kind", CHARTS)
def test_a_frame_depends_on_its_position_alone(kind: str) -> None:
    history = drawable(kind, HISTORIES["gaps"])
    scene, other = (Scene([history], CHARTS[kind], Look()) for _ in range(2))
    forward = [scene.pixels(position).copy() for position in range(len(history))]
    backward = [other.pixels(position).copy() for position in reversed(range(len(history)))]
    assert all(np.array_equal(one, two) for one, two in zip(forward, reversed(backward), strict=True))


class Recorder(AbstractMovieWriter):
    """A matplotlib writer that keeps the pictures it is given."""

    def __init__(self) -> None:
        super().__init__()
        self.frames: list[np.ndarray] = []

    def setup(self, fig: Figure, outfile: str, dpi: float | None = None) -> None:
        super().setup(fig, outfile, dpi)

    def grab_frame(self, **savefig_kwargs: object) -> None:
        file = io.BytesIO()
        self.fig.savefig(file, format="rgba", dpi=self.dpi, **savefig_kwargs)
        self.frames.append(np.frombuffer(file.getvalue(), np.uint8))

    def finish(self) -> None: ...


@pytest.mark.usefixtures("themed")
@pytest.mark.parametrize("kind", CHARTS)
def test_matplotlib_itself_saves_the_very_same_frames(kind: str) -> None:
    scene = Scene([drawable(kind, HISTORIES["dates"])], CHARTS[kind], Look())
    moments = Timing().moments(len(HISTORIES["dates"]))
    frames = [scene.pixels(moment.position).copy() for moment in moments]
    recorder = Recorder()
    scene.animation(moments).save("unused", writer=recorder, dpi=100)
    assert len(recorder.frames) == len(frames)
    assert all(np.array_equal(one.ravel(), two) for one, two in zip(frames, recorder.frames, strict=True))


@pytest.mark.usefixtures("themed")
def test_an_animation_keeps_the_time_of_long_moments() -> None:
    scene = Scene([HISTORIES["plain"]], CHARTS["line"], Look())
    durations = Fraction(7, 20), Fraction(6, 20), Fraction(3, 20)
    animation = scene.animation([Moment(row, duration) for row, duration in enumerate(durations)])
    animation._draw_was_started = True
    assert list(animation.new_frame_seq()) == [0] * 7 + [1] * 6 + [2] * 3
    assert animation._interval == 50


@pytest.mark.usefixtures("themed")
def test_the_background_is_drawn_once_while_only_the_data_move(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Scene([HISTORIES["plain"]], CHARTS["line"], Look())
    drawn = count_background_draws(scene, monkeypatch)
    for position in range(12):
        scene.draw(position)
    assert len(drawn) == 1


@pytest.mark.usefixtures("themed")
def test_the_background_is_drawn_again_when_limits_move(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Scene([HISTORIES["one column"]], CHARTS["trace of 4"], Look())
    drawn = count_background_draws(scene, monkeypatch)
    for position in (0, 1, 20, 21):
        scene.draw(position)
    assert len(drawn) == 3


def count_background_draws(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> list[None]:
    drawn: list[None] = []
    draw = scene.figure.canvas.draw
    monkeypatch.setattr(scene.figure.canvas, "draw", lambda: (drawn.append(None), draw()))
    return drawn


@pytest.mark.usefixtures("themed")
def test_nothing_but_the_data_and_the_counter_moves() -> None:
    scene = Scene([History(wave_matrix(120, 30))], CHARTS["line"], Look())
    axes = scene.figure.axes[0]
    box = axes.get_position().bounds
    left = axes.get_title(loc="left")
    for position in (0, 9, 99, 119):
        scene.draw(position)
        assert axes.get_position().bounds == box
        assert axes.get_title(loc="left") == left
        assert len(axes.get_title(loc="right")) == len("row 120")


@pytest.mark.usefixtures("themed")
@pytest.mark.parametrize("size", [(16, 16), (33, 999), (408, 300), (641, 479), (640, 480), (819, 613)])
@pytest.mark.parametrize("dpi", [60, 72, 97, 100, 200])
def test_the_picture_has_exactly_the_pixels_asked_for(size: tuple[int, int], dpi: int) -> None:
    width, height = (math.floor(Fraction(side * dpi, 100) + Fraction(1, 2)) for side in size)
    with np.errstate(all="ignore"):
        scene = Scene([HISTORIES["one cell"]], CHARTS["line"], Look(size=size, dpi=dpi))
        assert scene.pixels(0).shape == (height, width, 4)
    assert scene.size == (width, height)


def words_and_places(scene: Scene) -> tuple[list[str], np.ndarray]:
    """All that is written, and where it and the axes lie: left, bottom, right and top in inches."""
    scene.draw(2)
    shown = [text for text in scene.figure.findobj(Text) if text.get_text() and text.get_visible()]
    boxes = [part.get_window_extent() for part in (*shown, *scene.figure.axes)]
    return [text.get_text() for text in shown], np.array([box.extents for box in boxes]) / scene.figure.dpi


@pytest.mark.parametrize("name", ["liveplot", "paper"])
@pytest.mark.parametrize("kind", ["line", "trace"])
def test_more_dots_draw_the_same_picture_larger(kind: str, name: str) -> None:
    look = Look(title="Training loss and accuracy of a network that learns digits, run by run", theme=name)
    with style.applied(look):
        plain, *others = (
            words_and_places(Scene([HISTORIES["dates"]], CHARTS[kind], replace(look, dpi=dpi)))
            for dpi in (100, 150, 200, 400)
        )
    for words, places in others:
        assert words == plain[0]
        moved = np.abs(places - plain[1])
        letters = np.array([*map(len, words), 0])  # each of which is as wide as the dots allow
        assert (moved.max(axis=1) < 0.02 + 0.003 * letters).all()


def test_a_users_matplotlibrc_changes_no_pixel() -> None:
    def picture() -> np.ndarray:
        with style.applied():
            return Scene([HISTORIES["dates"]], CHARTS["trace"], Look()).pixels(5).copy()

    plain = picture()
    hostile = {
        "savefig.bbox": "tight",
        "figure.dpi": 300,
        "lines.linewidth": 9,
        "axes.facecolor": "black",
        "path.snap": False,
        "text.hinting": "none",
        "font.size": 30,
        "axes.unicode_minus": False,
    }
    with matplotlib.rc_context(hostile):
        assert np.array_equal(picture(), plain)


@pytest.mark.usefixtures("themed")
@pytest.mark.parametrize(
    ("title", "shown"),
    [
        ("row {row}/{rows}", "row \N{FIGURE SPACE}3/12"),
        ("{row:03d} {index}", "003 3"),  # what is at the end moves nothing
        ("{index} steps", "\N{FIGURE SPACE}3 steps"),
        ("{{{name}}}", "{plain}"),
        ("{index:.1f} {index:02d}", "3.0 03"),
        ("$5 {index}", "$5 3"),
    ],
)
def test_a_title_is_filled_in(title: str, shown: str) -> None:
    scene = Scene([HISTORIES["plain"]], CHARTS["line"], Look(title=title))
    scene.draw(2)
    assert scene.figure.axes[0].get_title(loc="left") == shown


@pytest.mark.usefixtures("themed")
def test_a_name_of_figures_and_a_long_fraction_are_no_counters() -> None:
    history = History(np.ones((200, 2)), index=np.arange(200) * 0.1, name="7")
    scene = Scene([history], CHARTS["line"], Look(title="{name} {index}"))
    scene.draw(3)
    assert scene.figure.axes[0].get_title(loc="left") == "7 0.3"


@pytest.mark.usefixtures("themed")
@pytest.mark.parametrize("title", ["{nothing}", "{row.__class__}", "{row", "}", "{}", "{0}", "{row!x}", "{name:d}"])
def test_a_title_that_cannot_be_filled_in_is_refused(title: str) -> None:
    with pytest.raises(UsageError, match="title"):
        Scene([HISTORIES["plain"]], CHARTS["line"], Look(title=title))


@pytest.mark.usefixtures("themed")
@pytest.mark.parametrize(
    ("title", "counters"),
    [(None, ("plain", "row 12")), ("Loss", ("Loss", "row 12")), ("{row}", ("12", "")), ("", ("", ""))],
)
def test_a_title_without_a_counter_gets_one(title: str | None, counters: tuple[str, str]) -> None:
    axes = Scene([HISTORIES["plain"]], CHARTS["line"], Look(title=title)).figure.axes[0]
    assert (axes.get_title(loc="left"), axes.get_title(loc="right")) == counters


@pytest.mark.usefixtures("themed")
def test_a_counter_of_labels_without_a_name_is_the_label_alone() -> None:
    history = History(wave_matrix(3, 5), index=np.array([1990, 1995, 2000]), index_name="")
    axes = Scene([history], CHARTS["trace"], Look()).figure.axes[0]
    assert (axes.get_title(loc="right"), axes.get_xlabel()) == ("2000", "")


@pytest.mark.usefixtures("themed")
@pytest.mark.parametrize("size", [(640, 480), (480, 360)])
@pytest.mark.parametrize(
    "title", ["Training loss and accuracy of a network on images (seed 42)", "step {index} of a long title" * 3]
)
def test_a_long_title_is_broken_into_lines_beside_the_counter(title: str, size: tuple[int, int]) -> None:
    history = History(np.ones((200, 3)), columns=["loss", "val_loss", "accuracy"])
    scene = Scene([history], CHARTS["trace"], Look(title=title, size=size))
    scene.draw(150)
    axes = scene.figure.axes[0]
    left, right = axes.get_window_extent().extents[[0, 2]]
    words, counter = (text.get_window_extent() for text in (axes._left_title, axes._right_title))
    assert words.x0 >= left - 1
    assert words.x1 <= (counter.x0 if counter.width > 1 else right + 1)
    assert words.y1 <= size[1]


@pytest.mark.usefixtures("themed")
@pytest.mark.parametrize(
    ("title", "lines"), [("n" * 20, 1), ("n" * 60, 2), ("n" * 119, 3), ("word " * 23, 3), ("{name}", 2)]
)
def test_a_title_is_broken_no_more_often_than_it_must_be(title: str, lines: int) -> None:
    scene = Scene([History(np.ones((2, 3)), name="_".join("n" * 30))], CHARTS["line"], Look(title=title))
    scene.draw(1)
    axes = scene.figure.axes[0]
    assert axes.get_title(loc="left").count("\n") == lines - 1
    assert axes.get_window_extent().width > 500


@pytest.mark.usefixtures("themed")
def test_characters_without_a_shape_are_told_once(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(font_manager, "findSystemFonts", list)  # whatever is installed here
    scene = Scene([HISTORIES["plain"]], CHARTS["line"], Look(title="学習 {row}"))
    for position in range(3):
        scene.draw(position)
    assert [record.getMessage() for record in caplog.records] == [
        "plain: no font here has shapes for some characters, boxes stand for them; install Noto Sans CJK"
    ]


@pytest.mark.parametrize(
    ("asked", "limits"),
    [
        ((None, None), (0, 10)),
        ((2, None), (2, 10)),
        ((None, 3), (0, 3)),
        ((50, None), (50, 60)),
        ((None, -5), (-15, -5)),
        ((8, 2), (8, 2)),
    ],
    ids=str,
)
def test_a_limit_beyond_the_data_never_turns_the_axis_round(
    asked: tuple[float | None, float | None], limits: tuple[float, float]
) -> None:
    assert scale.limits(asked, (0, 10)) == limits
