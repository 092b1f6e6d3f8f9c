"""A text drawn before, printed elsewhere: texts that travel and change their figures, as matplotlib draws them.

matplotlib lays out a string, renders each glyph at the nearest 64th of a pixel and has Agg blend it. Whole pixels,
colours and paper come in with that last step, the cheapest. So what the first two gave is kept for each fraction of a
pixel, and Agg prints it anywhere: the result is the same to the last pixel, or matplotlib draws.
"""

from __future__ import annotations

import os
import re
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any, NamedTuple, TypeVar

import matplotlib
import numpy as np
from matplotlib import ft2font
from matplotlib.backends.backend_agg import RendererAgg, get_hinting_flag
from matplotlib.colors import to_rgba
from matplotlib.text import Text
from numpy.typing import NDArray

Key = TypeVar("Key")
Value = TypeVar("Value")

# 3.10 places texts in another way, and takes a third of the time for it; what comes after 3.11 has to be looked at.
_IS_KNOWN = matplotlib.__version_info__[:2] == (3, 11)
_FINE = 64  # places for a glyph in a pixel, across and up
_UPRIGHT = [[0x10000, 0], [0, 0x10000]]
_FARTHEST = 1 << 14  # pixels; far beyond, FreeType has no numbers for a place

_FIGURES = "0123456789"
_FIGURE = re.compile(f"[{_FIGURES}]")
_PARTS = re.compile(f"[{_FIGURES}]|[^{_FIGURES}]+")

_MOST_FACES, _MOST_STRINGS = 32, 4096
_MOST_BYTES, _BYTES_BESIDE = 1 << 24, 512  # of all stamps, and what each takes beside its ink


class Stamps:
    """Draws text artists as `Text.draw` does, but faster once their words, or the figures in them, are known."""

    def __init__(self) -> None:
        self._faces: dict[Hashable, _Face] = {}
        self._shelf = _Shelf()

    def draw(self, text: Text, renderer: Any) -> None:
        """Draw a text on an Agg renderer as it stands."""
        if not text.get_visible():
            return
        prints = self._prints(text, renderer) if _IS_KNOWN and _is_plain(text) else None
        if prints is None:
            text.draw(renderer)
            return
        context = renderer.new_gc()
        context.set_foreground(to_rgba(text.get_color()), isRGBA=True)
        context.set_alpha(text.get_alpha())
        if text.get_clip_on():
            context.set_clip_rectangle(text.get_clip_box())
        for ink, left, bottom in prints:
            renderer._renderer.draw_text_image(ink, left, bottom, 0, context)

    def _prints(self, text: Text, renderer: Any) -> list[_Print] | None:
        """The ink of a text and where in the picture it belongs; None where that can't be told."""
        x, y = text.get_transform().transform(text.get_position()).tolist()
        if not (abs(x) < _FARTHEST and abs(y) < _FARTHEST):
            return None
        face = self._face(text, renderer)
        line = face.line(text.get_text())
        right, up = face.offset(text, line, renderer)
        # As matplotlib reckons it, step by step: each sum is rounded, and may be on the verge of another 64th.
        height = renderer.height
        rise = _parted(height - (height - (up + y)))
        if rise is None:
            return None
        prints: list[_Print] = []
        for words, pen in line.parts:
            across = _parted(right + x + pen)
            if across is None:
                return None
            for ink, left, bottom in self._shelf.stamp(face, words, across[1], rise[1]):
                prints.append(_Print(ink, across[0] + left, int(height) - rise[0] + bottom))
        return prints

    def _face(self, text: Text, renderer: Any) -> _Face:
        font, antialiased, dpi = text.get_fontproperties(), text.get_antialiased(), renderer.dpi
        key = hash(font), antialiased, dpi  # the font may be changed in its place
        face = self._faces.get(key)
        return face or _keep(self._faces, key, _Face(font.copy(), antialiased, _Typesetter(dpi)), _MOST_FACES)


class _Print(NamedTuple):
    """Ink, shape (height, width), from 0 to 255, and where its left edge and its lower edge lie, right and down."""

    ink: NDArray[np.uint8]
    left: int
    bottom: int


class _Glyph(NamedTuple):
    """A glyph of a font's file at a size in points, and its place in 64ths of a pixel, right and up."""

    file: str
    face: int
    size: float
    number: int
    x: int
    y: int


class _Part(NamedTuple):
    """A string as matplotlib lays it out: its glyphs, and its measures in pixels."""

    glyphs: Sequence[_Glyph]
    width: float
    ascent: float
    descent: float


class _Line(NamedTuple):
    """A text as its parts, each with its distance from the beginning in pixels, and its measures."""

    parts: Sequence[tuple[str, float]]
    width: float
    ascent: float
    descent: float


class _Typesetter(RendererAgg):
    """Lays out strings as matplotlib does, and draws nothing."""

    def __init__(self, dpi: float) -> None:
        RendererAgg.__init__(self, 1, 1, dpi)
        self._glyphs: list[_Glyph] = []

    def part(self: Any, words: str, font: Any) -> _Part:
        """A string's layout."""
        self.draw_text(self.new_gc(), 0, 0, words, font, 0)
        width, height, descent = self.get_text_width_height_descent(words, font, False)
        return _Part(self._glyphs, width, height - descent, descent)

    def _draw_text_glyphs_and_boxes(self, gc: Any, x: float, y: float, angle: float, glyphs: Any, boxes: Any) -> None:
        self._glyphs = [
            _Glyph(font.fname, font.face_index, size, number, round(_FINE * x), round(_FINE * y))
            for font, size, number, _, _, x, y in glyphs
        ]


@dataclass(eq=False)
class _Face:
    """What is known of the strings of one font at one size.

    A text with figures is made up of parts, so that it need not have been seen before: its figures, and what stands
    between them. `_shapes` tells of texts that differ in their figures alone which figures have proved to stand among
    the other parts as they stand alone. None has it that they don't: then a text is one part, as any without figures.
    """

    font: Any
    antialiased: bool
    typesetter: _Typesetter
    _parts: dict[str, _Part] = field(default_factory=dict)
    _lines: dict[str, _Line] = field(default_factory=dict)
    _shapes: dict[str, set[str] | None] = field(default_factory=dict)
    _offsets: dict[Hashable, tuple[float, float]] = field(default_factory=dict)

    def line(self, words: str) -> _Line:
        """A text as parts that are known, where it can be had from such."""
        line = self._lines.get(words)
        if line is not None:
            return line
        if self._comes_apart(words):
            return self._side_by_side(words)
        _, width, ascent, descent = self._part(words)
        return _keep(self._lines, words, _Line([(words, 0.0)], width, ascent, descent), _MOST_STRINGS)

    def offset(self, text: Any, line: _Line, renderer: Any) -> tuple[float, float]:
        """Where a text begins as seen from its place, in pixels, right and up; it depends on the measures alone."""
        key = *line[1:], text._horizontalalignment, text._verticalalignment, text._rotation_mode, text._linespacing
        offset = self._offsets.get(key)
        return offset or _keep(self._offsets, key, text._get_layout(renderer)[1][0][2], _MOST_STRINGS)

    def prints(self, words: str, across: int, rise: int) -> list[_Print]:
        """The ink of each glyph of a string that begins at these 64ths of a pixel, right and up."""
        flags, mode = get_hinting_flag(), ft2font.RenderMode.NORMAL if self.antialiased else ft2font.RenderMode.MONO
        prints = []
        for file, face, size, number, x, y in self._part(words).glyphs:
            font = _font(file, face, size, self.typesetter.dpi)
            font._set_transform(_UPRIGHT, [across + x, rise + y])
            bitmap = font._render_glyph(number, flags, mode)
            ink = bitmap.buffer if self.antialiased else bitmap.buffer * 0xFF
            if ink.size:
                prints.append(_Print(ink, bitmap.left, ink.shape[0] - bitmap.top))
        return prints

    def _part(self, words: str) -> _Part:
        part = self._parts.get(words)
        return part or _keep(self._parts, words, self.typesetter.part(words, self.font), _MOST_STRINGS)

    def _side_by_side(self, words: str) -> _Line:
        pen, parts, ascents, descents = 0.0, [], [], []
        for part in _PARTS.findall(words):
            _, width, ascent, descent = self._part(part)
            parts.append((part, pen))
            ascents.append(ascent)
            descents.append(descent)
            pen += width
        return _Line(parts, pen, max(ascents), max(descents))

    def _comes_apart(self, words: str) -> bool:
        """Whether a text is its parts side by side; of words that come up but once it is not worth asking."""
        figures = set(_FIGURE.findall(words))
        if not figures:
            return False
        shape = _FIGURE.sub("0", words)
        if shape not in self._shapes:
            _keep(self._shapes, shape, set(), _MOST_STRINGS)
            return False
        proved = self._shapes[shape]
        if proved is None:
            return False
        for figure in sorted(figures - proved):
            if not (self._figures_stand_alone and self._is_side_by_side(shape.replace("0", figure))):
                self._shapes[shape] = None
                return False
            proved.add(figure)
        return True

    @cached_property
    def _figures_stand_alone(self) -> bool:
        """Whether no figure moves or changes another beside it."""
        return self._is_side_by_side("".join(one + other for one in _FIGURES for other in _FIGURES))

    def _is_side_by_side(self, words: str) -> bool:
        """Whether matplotlib lays out a text as its parts side by side."""
        line, whole = self._side_by_side(words), self.typesetter.part(words, self.font)
        glyphs = [
            glyph._replace(x=glyph.x + round(_FINE * pen))
            for part, pen in line.parts
            for glyph in self._part(part).glyphs
        ]
        return glyphs == whole.glyphs and line[1:] == whole[1:]


class _Shelf:
    """The ink of strings at fractions of a pixel; where there is too much of it, the oldest goes."""

    def __init__(self) -> None:
        self._stamps: dict[Hashable, list[_Print]] = {}
        self._bytes = 0

    def stamp(self, face: _Face, words: str, across: int, rise: int) -> list[_Print]:
        """The ink of a string that begins at these 64ths of a pixel, right and up."""
        key = face, words, across, rise
        stamp = self._stamps.get(key)
        if stamp is None:
            stamp = self._stamps[key] = _together(face.prints(words, across, rise))
            self._bytes += _bytes(stamp)
            while self._bytes > _MOST_BYTES:
                self._bytes -= _bytes(self._stamps.pop(next(iter(self._stamps))))
        return stamp


def _bytes(stamp: Sequence[_Print]) -> int:
    return _BYTES_BESIDE + sum(one.ink.size for one in stamp)


def _together(prints: list[_Print]) -> list[_Print]:
    """As few prints as give the same: two that have ink in one pixel are blended one after the other."""
    if len(prints) < 2:
        return prints
    left, bottom = min(one.left for one in prints), max(one.bottom for one in prints)
    right = max(one.left + one.ink.shape[1] for one in prints)
    top = min(one.bottom - one.ink.shape[0] for one in prints)
    inks: list[NDArray[np.uint8]] = []
    for ink, begin, end in prints:
        height, width = ink.shape
        place = np.s_[end - height - top : end - top, begin - left : begin - left + width]
        if not inks or ((inks[-1][place] > 0) & (ink > 0)).any():
            inks.append(np.zeros((bottom - top, right - left), np.uint8))
        inks[-1][place] += ink
    return [_Print(ink, left, bottom) for ink in inks]


def _parted(place: float) -> tuple[int, int] | None:
    """A place as whole pixels and 64ths, rounded as matplotlib does; None where a hair decides which way."""
    fine = _FINE * place
    nearest = round(fine)
    if abs(fine - nearest) > 0.5 - 1e-6:
        return None
    return divmod(nearest, _FINE)


def _keep(known: dict[Key, Value], key: Key, value: Value, most: int) -> Value:
    """Note what was found out, and forget the oldest where there is too much."""
    while len(known) >= most:
        del known[next(iter(known))]
    known[key] = value
    return value


@lru_cache(_MOST_FACES)
def _font(file: str, face: int, size: float, dpi: float) -> Any:
    """A font of our own, whose size is set once: each time it is, FreeType runs the font's program for its hints."""
    font = ft2font.FT2Font(file, face_index=face)
    font.set_size(size, dpi)
    return font


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_font.cache_clear)  # a child would read on in the file where its parent does


def _is_plain(text: Text) -> bool:
    """Whether a text is one upright line and nothing else, at numbers for a place."""
    shown = text.get_text()
    return (
        type(text) is Text  # an annotation moves its text, and may draw an arrow
        and bool(shown)
        and "\n" not in shown
        and not (text.get_parse_math() and "$" in shown)
        and not text.get_usetex()
        and not text.get_wrap()
        and not (text.get_clip_on() and text.get_clip_path())
        and not text.get_path_effects()
        and text.get_bbox_patch() is None
        and text.get_agg_filter() is None
        and text.get_rotation() == 0
        and not text.get_fontfeatures()
        and not text.get_language()
        and all(isinstance(part, int | float) for part in text.get_position())
    )
