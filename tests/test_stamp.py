from __future__ import annotations

import contextlib
import os
import random
from collections.abc import Callable, Hashable, Iterable
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import pytest
from fontTools.feaLib.builder import addOpenTypeFeaturesFromString
from fontTools.ttLib import TTFont
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib import rc_context
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import findfont
from matplotlib.patheffects import withStroke
from matplotlib.text import Text
from matplotlib.transforms import Bbox, IdentityTransform

from liveplot_cli.drawing import stamp
from liveplot_cli.drawing.stamp import Stamps

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


pytestmark = pytest.mark.filterwarnings("ignore:Glyph")  # that fonts lack
known = pytest.mark.skipif(not stamp._IS_KNOWN, reason="this matplotlib draws by itself")


class Sheet:
    """A text on a background, drawn by turns by matplotlib and with stamps."""

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
            if self.paper == "clear":
                pixels[..., 3] = np.indices(pixels.shape[:2]).sum(0) % 256
            self._backgrounds[key] = pixels
        return self._backgrounds[key]

    def check(self, stamps: Stamps, *texts: Text) -> None:
        expected = self.drawn(lambda renderer: [text.draw(renderer) for text in texts])
        ours = self.drawn(lambda renderer: [stamps.draw(text, renderer) for text in texts])
        assert np.array_equal(ours, expected), f"{[text.get_text() for text in texts]} differ"


def check_all(shown: Iterable[str], sheet: Sheet, **looks: Any) -> None:
    text = sheet.text(**looks)
    stamps = Stamps()
    for words in shown:
        text.set_text(words)
        sheet.check(stamps, text)


def some(counter: str, number: int = 60) -> list[str]:
    """Some of a counter's words in order, the last ones included."""
    return [COUNTERS[counter](row) for row in sorted({*random.Random(number).sample(ROWS[:300], number), *ROWS[300:]})]


@pytest.fixture
def full_drawings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What matplotlib itself has drawn, or laid out."""
    seen: list[str] = []
    draw, part = Text.draw, stamp._Typesetter.part

    def drawn(text: Text, renderer: Any) -> None:
        seen.append(text.get_text())
        draw(text, renderer)

    def laid_out(typesetter: Any, words: str, font: Any) -> Any:
        seen.append(words)
        return part(typesetter, words, font)

    monkeypatch.setattr(Text, "draw", drawn)
    monkeypatch.setattr(stamp._Typesetter, "part", laid_out)
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


@known
@pytest.mark.parametrize("counter", ["row", "row of", "padded", "date", "float"])
def test_matplotlib_draws_few_of_many(counter: str, full_drawings: list[str]) -> None:
    sheet = Sheet()
    text = sheet.text(ha="left")
    stamps = Stamps()
    for row in ROWS[:300]:
        text.set_text(COUNTERS[counter](row))
        sheet.drawn(lambda renderer: stamps.draw(text, renderer))
    assert len(full_drawings) < 75


@known
def test_matplotlib_draws_little_where_the_text_is_of_axes_and_lies_anyhow(full_drawings: list[str]) -> None:
    sheet = Sheet()
    axes = sheet.figure.add_subplot()
    text = axes.text(0.5, 0.5, "", animated=True, va="top")
    stamps = Stamps()
    sheet.canvas.draw()
    background = sheet.canvas.copy_from_bbox(sheet.figure.bbox)
    full_drawings.clear()
    for row in ROWS[:300]:
        sheet.canvas.restore_region(background)
        text.set_text(f"row {row}")
        stamps.draw(text, sheet.canvas.get_renderer())
    assert len(full_drawings) < 75


@known
def test_what_travels_is_drawn_by_matplotlib_once(full_drawings: list[str]) -> None:
    sheet, stamps = Sheet(paper="patterned"), Stamps()
    name, value = sheet.text(ha="right", va="center"), sheet.text(color="r", va="center")
    name.set_text("Wien")
    for row in range(300):
        name.set_y(row / 301)
        value.set_position((row / 507, row / 301))
        value.set_text(f"{1_000_000 + 7919 * row:,}")
        sheet.drawn(lambda renderer: [stamps.draw(text, renderer) for text in (name, value)])
    assert full_drawings.count("Wien") == 1
    assert len(full_drawings) < 40


@known
def test_a_background_that_changes_costs_nothing(full_drawings: list[str]) -> None:
    sheet, stamps = Sheet(), Stamps()
    text = sheet.text()
    drawn = 0
    for shade in range(20):
        sheet.figure.set_facecolor((shade / 20, 0.5, 0.5))
        sheet.figure.canvas.draw()
        full_drawings.clear()
        text.set_text(f"row {shade % 10}")
        sheet.drawn(lambda renderer: stamps.draw(text, renderer))
        drawn += len(full_drawings)
    assert drawn < 40


LETTERS = st.text(
    st.one_of(
        st.sampled_from("0123456789 .,-%AVWTfijlgy\N{MINUS SIGN}\N{FIGURE SPACE}"),
        st.characters(codec="latin-1", exclude_categories=["Cc", "Cf"]),
        st.sampled_from("\N{COMBINING ACUTE ACCENT}\N{GREEK SMALL LETTER OMEGA}\N{HEBREW LETTER ALEF}\N{SNOWMAN}"),
    ),
    min_size=1,
    max_size=12,
)
SPOTS = st.one_of(st.floats(-40, 240), st.integers(-40, 240), st.integers(-2000, 16000).map(lambda fine: fine / 128))
SHADES = st.tuples(*[st.floats(0, 1)] * 4)


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_texts_that_travel_are_drawn_as_matplotlib_draws_them(data: st.DataObject) -> None:
    draw = data.draw
    dpi = draw(st.sampled_from([60, 72.5, 100, 137]))
    sheet = Sheet(dpi=dpi, size=(160.3 / dpi, 60.7 / dpi), paper=draw(st.sampled_from(["white", "patterned", "clear"])))
    stamps = Stamps()
    with rc_context({"text.hinting": draw(st.sampled_from(["default", "no_hinting", "force_autohint"]))}):
        texts = [
            sheet.text(
                transform=IdentityTransform(),
                color=draw(SHADES),
                alpha=draw(st.none() | st.floats(0, 1)),
                ha=draw(st.sampled_from(["left", "center", "right"])),
                va=draw(st.sampled_from(["top", "center", "bottom", "baseline", "center_baseline"])),
                antialiased=draw(st.booleans()),
                clip_on=draw(st.booleans()),
                clip_box=draw(st.sampled_from([None, Bbox([[20.5, 10.2], [100.5, 40.7]])])),
                rotation_mode=draw(st.sampled_from(["default", "anchor"])),
                linespacing=draw(st.sampled_from([1.2, 2])),
                parse_math=draw(st.booleans()),
                **FONTS[draw(st.sampled_from(sorted(FONTS)))],
            )
            for _ in range(2)
        ]
        shapes = draw(st.lists(LETTERS, min_size=1, max_size=2))
        for step in range(5):
            for text in texts:
                shown = draw(st.sampled_from(shapes))
                turned = "".join(FIGURES[(int(one) + step) % 10] if one in FIGURES[:10] else one for one in shown)
                text.set_text(turned)
                text.set_position((draw(SPOTS), draw(SPOTS)))
                text.set_visible(draw(st.sampled_from([True, True, True, False])))
            sheet.check(stamps, *texts)


@pytest.mark.parametrize("place", ["left", "center", "right"])
@pytest.mark.parametrize("hinting", ["default", "no_hinting"])
def test_a_place_on_the_verge_of_two_64ths_is_rounded_as_matplotlib_does(place: str, hinting: str) -> None:
    sheet, stamps = Sheet(size=(1.2, 0.5)), Stamps()
    text = sheet.text(ha=place, transform=IdentityTransform())
    with rc_context({"text.hinting": hinting}):
        for verge in range(0, 260, 3):
            for hair in (0.0, 1e-15, -1e-15, 1e-14, -1e-14, 1e-8, -1e-8):
                text.set_text(f"{verge:,}T{verge + 1}")
                text.set_position((30 + verge / 128 + hair * 30, 20 + verge / 128 + hair * 20))
                sheet.check(stamps, text)


@pytest.mark.parametrize("far", [-20_000.0, 20_000.0, 1e9, float("inf"), float("nan")])
def test_a_text_far_away_is_left_to_matplotlib(far: float, full_drawings: list[str]) -> None:
    sheet, stamps = Sheet(), Stamps()
    text = sheet.text(transform=IdentityTransform())
    text.set_text("1 row")
    for place in ((far, 10.0), (10.0, far)):
        text.set_position(place)
        full_drawings.clear()
        with contextlib.suppress(RuntimeError):  # FreeType's own, as matplotlib raises it
            sheet.drawn(lambda renderer: stamps.draw(text, renderer))
        assert full_drawings == ["1 row"]


def test_letters_that_overlap_are_blended_one_after_the_other() -> None:
    sheet, stamps = Sheet(size=(2, 1), paper="patterned"), Stamps()
    text = sheet.text(size=40, alpha=0.4, style="italic", family="serif", transform=IdentityTransform())
    for step in range(40):
        text.set_text(["fjf//\\WAWA", "1f2fj"][step % 2])
        text.set_position((100 + step / 9, 50 - step / 7))
        sheet.check(stamps, text)


def test_figures_that_are_kerned_are_moved_as_in_matplotlib(tmp_path: Path) -> None:
    font = TTFont(findfont("DejaVu Sans"))
    addOpenTypeFeaturesFromString(font, "feature kern { pos one seven -300; } kern;")
    font.save(tmp_path / "kerned.ttf")
    check_all(["11", "71", "77", "17", "71", "17"], Sheet(), font=tmp_path / "kerned.ttf")


def test_a_font_that_is_changed_in_its_place_is_another() -> None:
    sheet, stamps = Sheet(), Stamps()
    text, other = sheet.text(y=0.2), sheet.text()
    for row in range(30):
        text.set_text(f"row {row}")
        other.set_text(f"{row} words")
        sheet.check(stamps, text, other)
        text.set_size(10 + row % 3)


@pytest.mark.parametrize("height", ["top", "center", "bottom"])
def test_lines_that_are_set_apart_lie_where_matplotlib_has_them(height: str) -> None:
    sheet, stamps = Sheet(), Stamps()
    text = sheet.text(va=height)
    text.set_text("row")
    for spacing in ["normal", 1, 1.5, 2, "normal"] if stamp._IS_KNOWN else [1, 1.5, 2]:
        text.set_linespacing(spacing)
        sheet.check(stamps, text)


@known
def test_features_of_a_font_are_left_to_matplotlib() -> None:
    sheet, stamps = Sheet(), Stamps()
    text = sheet.text()
    text.set_text("AVATo")
    for features in (None, ["-kern"], None):
        text.set_fontfeatures(features)
        sheet.check(stamps, text)


def test_ink_that_is_kept_is_no_more_than_was_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stamp, "_MOST_BYTES", 20_000)
    monkeypatch.setattr(stamp, "_MOST_STRINGS", 10)
    monkeypatch.setattr(stamp, "_MOST_FACES", 2)
    sheet, stamps = Sheet(), Stamps()
    text = sheet.text()
    for row in range(60):
        text.set_text([f"row {row}", f"{row} words to keep"][row % 2])
        text.set_position((row / 61, 0.5))
        text.set_size(9 + row % 3)
        sheet.check(stamps, text)
    kept = [one for held in stamps._shelf._stamps.values() for one in held]
    assert sum(one.ink.size for one in kept) + 512 * len(stamps._shelf._stamps) <= 20_000
    assert len(stamps._faces) <= 2
    assert all(len(known) <= 10 for face in stamps._faces.values() for known in (face._parts, face._lines))


@known
@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_child_reads_fonts_by_itself() -> None:
    sheet, stamps = Sheet(), Stamps()
    text = sheet.text(transform=IdentityTransform())
    text.set_text("row")
    sheet.check(stamps, text)
    assert stamp._font.cache_info().currsize
    child = os.fork()
    if not child:
        os._exit(stamp._font.cache_info().currsize)
    assert os.waitpid(child, 0)[1] == 0


def test_the_matplotlib_that_is_installed_is_one_whose_way_is_known() -> None:
    assert (matplotlib.__version_info__[1] >= 11) == stamp._IS_KNOWN, (
        "see how it places glyphs, then say so in stamp.py"
    )


def test_a_matplotlib_of_another_way_draws_by_itself(monkeypatch: pytest.MonkeyPatch, full_drawings: list[str]) -> None:
    monkeypatch.setattr(stamp, "_IS_KNOWN", False)
    sheet, stamps = Sheet(), Stamps()
    text = sheet.text()
    for row in range(5):
        text.set_text(f"row {row}")
        sheet.drawn(lambda renderer: stamps.draw(text, renderer))
    assert full_drawings == [f"row {row}" for row in range(5)]


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
    stamps = Stamps()
    for row in range(1, 25):
        text.set_text(f"row {row * 7 % 23}")
        if row % every == 0:
            CHANGES[change](sheet, text, row)
        sheet.check(stamps, text)


@pytest.mark.parametrize("under", [True, False])
def test_another_artist_may_be_drawn_under_or_over_the_text(under: bool) -> None:
    sheet = Sheet()
    text, other = sheet.text(), sheet.text(0.55, 0.45, color="r", size=30)
    stamps = Stamps()
    for row in range(60):
        text.set_text(f"row {row}")
        other.set_text(str(row // 3))
        sheet.check(stamps, *([other, text] if under else [text, other]))


@pytest.mark.parametrize(
    "shown",
    ["one\n{}", "$x_{}$", "$5 {}", "{} \N{SNOWMAN}", "", " ", "\N{FIGURE SPACE}", "fi{}fl", "AV{}AV", "\\{}"],
)
def test_what_is_no_plain_line_is_drawn_all_the_same(shown: str) -> None:
    check_all([shown.replace("{}", str(row)) for row in range(30)], Sheet())


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
    stamps = Stamps()
    for row in range(95, 120):
        text.set_text(f"row {row} of 500")
        sheet.check(stamps, text)


def test_an_annotation_moves_with_what_it_points_at() -> None:
    sheet = Sheet(size=(3, 2))
    looks: dict[str, Any] = {"textcoords": "offset points", "arrowprops": {"arrowstyle": "->"}, "animated": True}
    text = sheet.figure.add_subplot().annotate("", (0.1, 0.1), xytext=(20, 10), **looks)
    stamps = Stamps()
    for row in range(30):
        text.set_text(f"row {row}")
        text.xy = (row / 40, 0.3)
        sheet.check(stamps, text)
