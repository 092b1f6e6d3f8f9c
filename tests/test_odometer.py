from __future__ import annotations

import random
from collections.abc import Callable, Hashable, Iterable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from matplotlib.text import Text

from liveplot_cli.odometer import Odometer

FIGURES = "0123456789\N{FIGURE SPACE}"
ROWS = [*range(1, 301), 999, 1000, 12345]
COUNTERS: dict[str, Callable[[int], str]] = {
    "row": "row {}".format,
    "row of": "row {} of 12345".format,
    "padded": lambda row: f"epoch {row:\N{FIGURE SPACE}>5}",
    "date": lambda row: str(np.datetime64("2024-01-31") + 17 * row),
    "float": lambda row: f"loss {row / 7:.4f}",
    "negative exponent": lambda row: f"{-(1.7**-row):.2e}",
    "bare": str,
    "word": lambda row: ["the", "quick", "brown", "fox", "jumps"][row % 5],
    "sign": lambda row: f"{(-1) ** row * row:+d}\N{DEGREE SIGN}, {row}%",
}
FONTS: dict[str, dict[str, object]] = {
    "plain": {},
    "serif": {"family": "serif", "size": 13},
    "bold": {"weight": "bold"},
    "italic": {"style": "italic", "weight": "bold", "size": 20},
    "monospace": {"family": "monospace", "size": 8},
    "bold italic serif": {"family": "serif", "weight": "bold", "style": "italic", "size": 17},
}


class Sheet:
    """A text on a background, drawn by turns by matplotlib and by an odometer."""

    def __init__(self, *, dpi: float = 100, size: tuple[float, float] = (3, 0.8), paper: str = "white") -> None:
        self.figure = Figure(size, dpi=dpi)
        self.canvas = FigureCanvasAgg(self.figure)
        self.paper = paper
        self._backgrounds: dict[Hashable, np.ndarray] = {}

    def text(self, x: float = 0.5, y: float = 0.5, **looks: Any) -> Text:
        text: Text = self.figure.text(x, y, "", **{"ha": "center", "animated": True, **looks})
        return text

    def drawn(self, draw: Callable[[Any], object]) -> np.ndarray:
        renderer: Any = self.canvas.get_renderer()
        pixels = np.asarray(renderer.buffer_rgba())
        pixels[:] = self._background()
        draw(renderer)
        return pixels.copy()

    def _background(self) -> np.ndarray:
        key = self.figure.dpi, *self.figure.get_size_inches(), self.figure.get_facecolor()
        if key not in self._backgrounds:
            self.canvas.draw()
            pixels = np.asarray(self.canvas.buffer_rgba()).copy()
            if self.paper == "patterned":
                rows, columns = np.indices(pixels.shape[:2])
                pixels[..., 0] = (rows * 7 + columns * 3) % 256
                pixels[..., 1] = (columns * 5) % 256
            self._backgrounds[key] = pixels
        return self._backgrounds[key]

    def check(self, odometer: Odometer, text: Text) -> None:
        expected, ours = self.drawn(text.draw), self.drawn(odometer.draw)
        assert np.array_equal(ours, expected), f"{text.get_text()!r} differs"


def check_all(shown: Iterable[str], sheet: Sheet, **looks: Any) -> None:
    text = sheet.text(**looks)
    odometer = Odometer(text)
    for words in shown:
        text.set_text(words)
        sheet.check(odometer, text)


def some(counter: str, number: int = 60) -> list[str]:
    """Some of a counter's words in order, the last ones included."""
    return [COUNTERS[counter](row) for row in sorted({*random.Random(number).sample(ROWS[:300], number), *ROWS[300:]})]


@pytest.fixture
def full_drawings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What matplotlib itself has drawn."""
    seen: list[str] = []
    draw = Text.draw
    monkeypatch.setattr(Text, "draw", lambda self, renderer: (seen.append(self.get_text()), draw(self, renderer))[1])
    return seen


@pytest.mark.parametrize("counter", ["row", "padded", "date"])
def test_every_row_is_drawn_as_matplotlib_draws_it(counter: str) -> None:
    check_all([COUNTERS[counter](row) for row in ROWS], Sheet())


@pytest.mark.parametrize("counter", COUNTERS)
def test_counters_of_any_kind_are_drawn_as_matplotlib_draws_them(counter: str) -> None:
    check_all(some(counter, 50), Sheet())


@pytest.mark.parametrize("font", FONTS)
@pytest.mark.parametrize(("dpi", "place"), [(60, "left"), (100, "center"), (137, "right"), (200, "center")])
def test_fonts_resolutions_and_places_make_no_difference(font: str, dpi: int, place: str) -> None:
    counter = ["row", "padded", "float"][dpi % 3]
    check_all(some(counter, 12), Sheet(dpi=dpi), ha=place, **FONTS[font])


@pytest.mark.parametrize("height", ["top", "center", "bottom", "baseline", "center_baseline"])
def test_a_figure_that_juts_out_moves_the_others_as_in_matplotlib(height: str) -> None:
    figures = [f"{first}{second}" for first in FIGURES for second in FIGURES]
    random.Random(1).shuffle(figures)
    check_all(figures, Sheet(dpi=137, size=(1.5, 0.8)), va=height, **FONTS["italic"])
    check_all(figures[:60], Sheet(dpi=100, size=(1.5, 0.8)), va=height, family="cmtt10", size=14, style="italic")


@pytest.mark.parametrize("looks", [{"color": "#d62728"}, {"alpha": 0.3}, {"color": (0, 0.5, 0, 0.7), "zorder": 9}])
@pytest.mark.parametrize("paper", ["white", "patterned"])
def test_colours_are_laid_over_any_background(looks: dict[str, Any], paper: str) -> None:
    check_all(some("row of", 25), Sheet(paper=paper), **looks)


@settings(max_examples=40, deadline=None)
@given(
    shape=st.text(st.sampled_from("0000000 .,-:/+e%aTWVfij()lg\N{MINUS SIGN}"), min_size=1, max_size=7),
    look=st.sampled_from(sorted(FONTS)),
    place=st.sampled_from(["left", "center", "right"]),
    height=st.sampled_from(["baseline", "top", "center"]),
    dpi=st.sampled_from([60, 83, 100, 150]),
    x=st.floats(0.1, 0.9),
    draws=st.randoms(use_true_random=False),
)
def test_figures_among_letters_and_signs_in_any_order(
    shape: str, look: str, place: str, height: str, dpi: int, x: float, draws: random.Random
) -> None:
    shown = ["".join(draws.choice(FIGURES) if one == "0" else one for one in shape) for _ in range(20)]
    check_all(shown, Sheet(dpi=dpi, size=(2, 0.6)), x=x, ha=place, va=height, **FONTS[look])


@pytest.mark.parametrize("counter", ["row", "row of", "padded", "date", "float"])
def test_matplotlib_draws_few_of_many(counter: str, full_drawings: list[str]) -> None:
    sheet = Sheet()
    text = sheet.text(ha="left")
    odometer = Odometer(text)
    for row in ROWS[:300]:
        text.set_text(COUNTERS[counter](row))
        sheet.drawn(odometer.draw)
    assert len(full_drawings) < 75


def test_matplotlib_draws_little_where_the_text_is_of_axes_and_lies_anyhow(full_drawings: list[str]) -> None:
    sheet = Sheet()
    axes = sheet.figure.add_subplot()
    text = axes.text(0.5, 0.5, "", animated=True, va="top")
    odometer = Odometer(text)
    sheet.canvas.draw()
    background = sheet.canvas.copy_from_bbox(sheet.figure.bbox)
    full_drawings.clear()
    for row in ROWS[:300]:
        sheet.canvas.restore_region(background)
        text.set_text(f"row {row}")
        odometer.draw(sheet.canvas.get_renderer())
    assert len(full_drawings) < 75


def test_a_background_that_changes_costs_no_more_than_a_drawing(monkeypatch: pytest.MonkeyPatch) -> None:
    sheet = Sheet()
    text = sheet.text()
    odometer = Odometer(text)
    measured = []
    extent = Text.get_window_extent
    monkeypatch.setattr(
        Text, "get_window_extent", lambda self, *given: (measured.append(None), extent(self, *given))[1]
    )
    for shade in range(20):
        sheet.figure.set_facecolor((shade / 20, 0.5, 0.5))
        text.set_text(f"row {shade % 10}")
        sheet.check(odometer, text)
    assert len(measured) < 5


CHANGES: dict[str, Callable[[Sheet, Text, int], object]] = {
    "colour": lambda sheet, text, row: text.set_color(f"C{row % 5}"),
    "alpha": lambda sheet, text, row: text.set_alpha(1 / (1 + row % 3)),
    "size": lambda sheet, text, row: text.set_size(9 + row % 4),
    "weight": lambda sheet, text, row: text.set_weight(["bold", "normal"][row % 2]),
    "family": lambda sheet, text, row: text.set_family(["serif", "monospace"][row % 2]),
    "place": lambda sheet, text, row: text.set_position((0.5 + row % 4 / 30.7, 0.5)),
    "height": lambda sheet, text, row: text.set_y(0.5 + row % 3 / 50.3),
    "alignment": lambda sheet, text, row: text.set_ha(["left", "right"][row % 2]),
    "vertical alignment": lambda sheet, text, row: text.set_va(["top", "baseline", "bottom"][row % 3]),
    "antialiasing": lambda sheet, text, row: text.set_antialiased(row % 2 == 0),
    "dpi": lambda sheet, text, row: sheet.figure.set_dpi([100, 60, 137][row % 3]),
    "figure size": lambda sheet, text, row: sheet.figure.set_size_inches(3, 0.8 + row % 3 / 10),
    "background": lambda sheet, text, row: sheet.figure.set_facecolor(["w", "y", (0, 0, 0.3)][row % 3]),
    "visibility": lambda sheet, text, row: text.set_visible(row % 3 > 0),
    "rotation": lambda sheet, text, row: text.set_rotation(row % 2 * 30),
    "a frame": lambda sheet, text, row: text.set_bbox([None, {"facecolor": "c"}][row % 2]),
    "a stroke": lambda sheet, text, row: text.set_path_effects([[], [withStroke(linewidth=3)]][row % 2]),
    "its axes": lambda sheet, text, row: text.set_transform(
        sheet.figure.transFigure if row % 2 else sheet.figure.dpi_scale_trans
    ),
    "nowhere": lambda sheet, text, row: text.set_x([0.5, float("nan")][row % 2]),
}  # fmt: skip


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("every", [1, 3])
def test_it_follows_a_text_that_changes(change: str, every: int) -> None:
    sheet = Sheet()
    text = sheet.text()
    odometer = Odometer(text)
    for row in range(1, 25):
        text.set_text(f"row {row * 7 % 23}")
        if row % every == 0:
            CHANGES[change](sheet, text, row)
        sheet.check(odometer, text)


@pytest.mark.parametrize("under", [True, False])
def test_another_artist_may_be_drawn_under_or_over_the_text(under: bool) -> None:
    sheet = Sheet()
    text, other = sheet.text(), sheet.text(0.55, 0.45, color="r", size=30)
    odometers = [Odometer(other), Odometer(text)] if under else [Odometer(text), Odometer(other)]
    texts = [other, text] if under else [text, other]
    for row in range(60):
        text.set_text(f"row {row}")
        other.set_text(str(row // 3))
        expected = sheet.drawn(lambda renderer: [one.draw(renderer) for one in texts])
        assert np.array_equal(sheet.drawn(lambda renderer: [one.draw(renderer) for one in odometers]), expected), row


@pytest.mark.parametrize(
    "shown",
    ["one\n{}", "$x_{}$", "$5 {}", "{} \N{SNOWMAN}", "", " ", "\N{FIGURE SPACE}", "fi{}fl", "AV{}AV", "\\{}"],
)
def test_what_is_no_plain_line_is_drawn_all_the_same(shown: str) -> None:
    check_all([shown.replace("{}", str(row)) for row in range(30)], Sheet())


@pytest.mark.filterwarnings("ignore:Glyph")
def test_a_space_that_a_font_lacks_is_drawn_as_its_box() -> None:
    space = "\N{MONGOLIAN VOWEL SEPARATOR}"  # a space to Python's eyes once, a box in any font; and U+2001 is one
    for blank in ("\N{EM QUAD}", "\N{OGHAM SPACE MARK}", "\N{IDEOGRAPHIC SPACE}", space):
        check_all([blank, f"{blank}1", f"{blank}2", f"1{blank}1", f"2{blank}1", blank * 2], Sheet())


@pytest.mark.parametrize("looks", [{"rotation": 30}, {"rotation": 90}, {"visible": False}, {"wrap": True}])
def test_turned_wrapped_and_invisible_text_is_left_to_matplotlib(looks: dict[str, Any]) -> None:
    check_all(some("row", 10), Sheet(), **looks)


@pytest.mark.parametrize("x", [-0.3, -0.02, 0.0, 0.97, 1.4])
@pytest.mark.parametrize("y", [-0.5, -0.02, 0.9, 1.3])
def test_text_beyond_the_edge_is_cut_off(x: float, y: float) -> None:
    check_all(some("row", 12), Sheet(size=(1.5, 0.5)), x=x, y=y)


def test_text_clipped_by_its_axes_is_clipped() -> None:
    sheet = Sheet(size=(3, 2))
    text = sheet.figure.add_subplot().text(0.9, 0.95, "", clip_on=True, animated=True)
    odometer = Odometer(text)
    for row in range(95, 120):
        text.set_text(f"row {row} of 500")
        sheet.check(odometer, text)


def test_an_annotation_moves_with_what_it_points_at() -> None:
    sheet = Sheet(size=(3, 2))
    looks: dict[str, Any] = {"textcoords": "offset points", "arrowprops": {"arrowstyle": "->"}, "animated": True}
    text = sheet.figure.add_subplot().annotate("", (0.1, 0.1), xytext=(20, 10), **looks)
    odometer = Odometer(text)
    for row in range(30):
        text.set_text(f"row {row}")
        text.xy = (row / 40, 0.3)
        sheet.check(odometer, text)


def test_it_forgets_places_of_long_ago(full_drawings: list[str]) -> None:
    sheet = Sheet()
    text = sheet.text()
    odometer = Odometer(text)
    for row in range(30):
        text.set_text(f"row {row}")
        text.set_x(row / 30)
        sheet.check(odometer, text)
    assert len(odometer._faces) <= 8
