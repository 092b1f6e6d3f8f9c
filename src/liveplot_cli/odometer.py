"""A text whose figures change, drawn from the pictures of characters that matplotlib has drawn before.

Laying out and drawing a counter takes matplotlib longer than all the rest of a frame; most of its characters stand
where they stood and the others have been seen before. The result is the same to the last pixel, or matplotlib draws.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from matplotlib.text import Text
from numpy.typing import NDArray

Words = NDArray[np.uint32]  # pixels, shape (height, width), four bytes each as one number

_FIGURES = "0123456789\N{FIGURE SPACE}"
_FIGURE = re.compile(f"[{_FIGURES}]")
_MOST_FACES = 8


class Odometer:
    """Draws one text artist as `Text.draw` does, but faster once the characters of its figures are known.

    Words that come up but once, as names of rows do, are not worth knowing.
    """

    def __init__(self, text: Text) -> None:
        self._text = text
        self._faces: dict[Hashable, _Face | None] = {}

    def draw(self, renderer: Any) -> None:
        """Draw the text on an Agg renderer as it stands."""
        shown = self._text.get_text()
        if not shown or not _is_plain(self._text, shown):
            self._text.draw(renderer)
            return
        shape = _FIGURE.sub("0", shown)
        key = shape, *_appearance(self._text, renderer)
        buffer = np.asarray(renderer.buffer_rgba()).view("<u4")[..., 0]
        if key not in self._faces:
            while len(self._faces) >= _MOST_FACES:
                del self._faces[next(iter(self._faces))]
            self._faces[key] = None
            self._text.draw(renderer)
            return
        face = self._faces[key] or _face(self._text, shape, renderer, buffer)
        place = buffer[face.box]
        news = face.plain and not np.array_equal(place, face.paper)
        if news:
            face = replace(face, paper=place.copy())
        self._faces[key] = face
        pieces = face.pieces_of(shown)
        if pieces is None and face.plain and not news:
            self._draw_apart(face, shape, shown, renderer, place)
            pieces = face.pieces_of(shown)
        if pieces is None:
            self._text.draw(renderer)
            face.learn(shown, place)
            return
        for piece in pieces:
            place[:, piece.left : piece.right] = piece.pixels

    def _draw_apart(self, face: _Face, shape: str, shown: str, renderer: Any, place: Words) -> None:
        """Learn each figure that is new in all places at once, and leave the paper as it was."""
        for figure in sorted(set(_FIGURE.findall(shown)) - face.known):
            face.known.add(figure)
            self._text.set_text(shape.replace("0", figure))
            self._text.draw(renderer)
            face.learn(self._text.get_text(), place)
            place[:] = face.paper
        self._text.set_text(shown)


class _Piece(NamedTuple):
    """The ink of some characters: the columns it takes up and what they look like."""

    left: int
    right: int
    pixels: Words


@dataclass
class _Face:
    """What is known of texts that differ in their figures alone: where they stand, and their characters' pictures.

    Characters that touch one another make one piece. `edges` are the columns between the characters, `plain` says that
    no figure moves another. A face that is not plain, or turns out not to be, is of no use. `known` are the figures
    that have been drawn in all places.
    """

    box: tuple[slice, slice]
    paper: Words
    edges: Sequence[float]
    plain: bool
    known: set[str] = field(init=False, default_factory=set)
    _pieces: list[dict[str, _Piece]] = field(init=False)
    _longest: list[int] = field(init=False)

    def __post_init__(self) -> None:
        self._pieces = [{} for _ in self.edges]
        self._longest = [0 for _ in self.edges]

    def pieces_of(self, shown: str) -> list[_Piece] | None:
        """Pieces side by side that make up the text; None where one is not known, or they are not to be trusted."""
        if not self.plain:
            return None
        pieces: list[_Piece] = []
        at = right = 0
        while at < len(shown):
            for length in range(self._longest[at], 0, -1):
                piece = self._pieces[at].get(shown[at : at + length])
                if piece is not None and (piece.left >= right or piece.left == piece.right):
                    break
            else:
                return None
            pieces.append(piece)
            at, right = at + length, max(right, piece.right)
        return pieces

    def learn(self, shown: str, place: Words) -> None:
        """Take in the pieces of a text that matplotlib has drawn; one that is known must look as it did."""
        if not self.plain:
            return
        spans = _spans(_runs((place != self.paper).any(axis=0)), shown, self.edges)
        for first, last, left, right in spans:
            piece = _Piece(left, right, place[:, left:right].copy())
            known = self._pieces[first].setdefault(shown[first : last + 1], piece)
            self._longest[first] = max(self._longest[first], last + 1 - first)
            if known[:2] != piece[:2] or not np.array_equal(known.pixels, piece.pixels):
                self.plain = False
                return


def _face(text: Text, shape: str, renderer: Any, buffer: Words) -> _Face:
    """A face for texts of this shape, on the paper that lies there now."""
    extent = text.get_window_extent(renderer)
    height = buffer.shape[0]
    margin = max(3, int(extent.height / 4))
    left, right = max(0, int(extent.x0) - margin), max(0, int(extent.x1) + margin + 1)
    top, bottom = max(0, int(height - extent.y1) - margin), max(0, int(height - extent.y0) + margin + 1)
    box = slice(top, bottom), slice(left, right)

    def width(part: str) -> float:
        font = text.get_fontproperties()
        return float(renderer.get_text_width_height_descent(part, font, False)[0]) if part else 0.0

    edges = [extent.x0 - left + width(shape[:end]) for end in range(len(shape) + 1)]
    plain = _stand_alone(shape, width) and _stand_level(text, shape, renderer)
    return _Face(box, buffer[box].copy(), edges, plain)


def _stand_alone(shape: str, width: Callable[[str], float]) -> bool:
    """Whether figures are all equally wide, and stand as far from one another and from their neighbours as zeros do."""
    neighbours = {other for pair in pairwise(shape) if "0" in pair for other in pair} - {"0"}
    pairs = ["".join(one + two for one in _FIGURES for two in _FIGURES)]
    pairs += ["".join(other + figure for figure in _FIGURES) + other for other in sorted(neighbours)]
    return all(width(text) == width(_FIGURE.sub("0", text)) for text in pairs)


def _stand_level(text: Text, shape: str, renderer: Any) -> bool:
    """Whether the line lies equally high whatever its figures are: one that juts out may move all of them."""
    if text.get_verticalalignment() == "baseline":
        return True
    shown = text.get_text()
    heights = set()
    for part in [shape + _FIGURES, *(shape.replace("0", figure) for figure in _FIGURES)]:
        text.set_text(part)
        heights.add(text.get_window_extent(renderer).height)
    text.set_text(shown)
    return len(heights) == 1


def _runs(marked: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Where runs of marked columns begin and end."""
    steps = np.diff(marked.astype(np.int8), prepend=0, append=0)
    return list(zip(np.flatnonzero(steps == 1).tolist(), np.flatnonzero(steps == -1).tolist(), strict=True))


def _spans(runs: Sequence[tuple[int, int]], shown: str, edges: Sequence[float]) -> list[tuple[int, int, int, int]]:
    """First and last character and left and right column of each piece; none where ink can't be told apart.

    A run of inked columns belongs to the characters whose middle it covers or, if there is none, to the nearest.
    """
    middles = {at: (edges[at] + edges[at + 1]) / 2 for at in range(len(shown))}
    spaces = {at: middles.pop(at) for at in range(len(shown)) if shown[at].isspace()}
    inked = any(left - 0.5 <= middle <= right + 0.5 for left, right in runs for middle in spaces.values())
    if inked or (runs and not middles):
        return []  # a space that has ink: the font lacks it and draws a box
    spans: list[tuple[int, int, int, int]] = []
    for left, right in runs:
        covered = [at for at, middle in middles.items() if left - 0.5 <= middle <= right + 0.5]
        covered = covered or [min(middles, key=lambda at: abs(middles[at] - (left + right) / 2))]
        if spans and spans[-1][1] >= covered[0]:  # two strokes of one character
            first, last, before, _ = spans.pop()
            spans.append((first, max(last, covered[-1]), before, right))
        else:
            spans.append((covered[0], covered[-1], left, right))
    told = {at for first, last, _, _ in spans for at in range(first, last + 1)}
    if not told >= middles.keys():
        return []
    return spans + [(at, at, 0, 0) for at in range(len(shown)) if at not in told]


def _is_plain(text: Text, shown: str) -> bool:
    """Whether a text is one upright line and nothing else, at numbers for a place."""
    return (
        type(text).draw is Text.draw  # an annotation moves its text, and may draw an arrow
        and text.get_visible()
        and "\n" not in shown
        and not (text.get_parse_math() and "$" in shown)
        and not text.get_usetex()
        and not text.get_wrap()
        and not (text.get_clip_on() and (text.get_clip_box() or text.get_clip_path()))
        and not text.get_path_effects()
        and text.get_bbox_patch() is None
        and text.get_agg_filter() is None
        and text.get_rotation() == 0
        and not (hasattr(text, "get_fontfeatures") and text.get_fontfeatures())
        and not (hasattr(text, "get_language") and text.get_language())
        and all(isinstance(part, int | float) for part in text.get_position())
        and bool(np.isfinite(text.get_transform().transform(text.get_position())).all())
    )


def _appearance(text: Text, renderer: Any) -> tuple[Hashable, ...]:
    """What a text's picture depends on beside its characters and the paper."""
    x, y = text.get_transform().transform(text.get_position())
    return (
        float(x),
        float(y),
        repr(text.get_color()),
        text.get_alpha(),
        hash(text.get_fontproperties()),
        text.get_horizontalalignment(),
        text.get_verticalalignment(),
        text.get_rotation_mode(),
        text.get_antialiased(),
        renderer.dpi,
        renderer.get_canvas_width_height(),
    )
