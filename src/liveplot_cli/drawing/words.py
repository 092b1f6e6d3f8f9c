"""The words around a chart: a title, a counter that tells which row is shown, captions below."""

from __future__ import annotations

import math
import re
import string
import textwrap
from bisect import bisect_right
from collections.abc import Sequence
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import numpy as np

from liveplot_cli.drawing.shortening import shortened
from liveplot_cli.drawing.style import legible, legible_lines
from liveplot_cli.errors import UsageError, quoted
from liveplot_cli.history import History
from liveplot_cli.look import Mark

if TYPE_CHECKING:
    from matplotlib.text import Text

_FIELDS = ("row", "index", "rows", "name")
_MOVING_FIELDS = {"row", "index"}  # whose numbers are filled in as wide as the widest of them
_FIGURE_SPACE = "\N{FIGURE SPACE}"  # as wide as a figure
_LAST_NUMBER = re.compile(f" {_FIGURE_SPACE}+(?=[0-9.-]+$)")
_SHORTEST_LINE, _LONGEST_NAME = 12, 120  # characters
_LONGEST_MARK = 600  # characters
_MOST_DECIMALS, _LARGEST = 6, 1e9  # of labels that are written in full
_GAP = 0.15  # inches between title and counter


class Words:
    """A text whose `{row}` and `{index}` move with the position; words that never change belong to the background."""

    def __init__(self, artist: Text, template: str, history: History) -> None:
        self.artist = artist
        self._template = template
        self._letters = 0  # of a line that fits, where the words have to be broken
        self.is_moving = bool(_fields(template) & _MOVING_FIELDS)
        self.renew(artist, history)

    def renew(self, artist: Text, history: History) -> None:
        """Tell of a history that has grown."""
        self.artist, self._history = artist, history
        decimals = _decimals(history)
        self._formatter = _Steady(_widest(history, decimals), decimals)
        if not self.is_moving:
            words = self._filled(0)
            if words != artist.get_text():  # to set them, even to the same, costs a new background
                artist.set_text(words)

    @property
    def width(self) -> float:
        """The width of the text as it stands, in pixels, with a gap beside it; 0 where there is none."""
        figure = self.artist.get_figure(root=True)
        if figure is None or not self.artist.get_text():
            return 0.0
        return self.artist.get_window_extent().width + _GAP * figure.dpi

    @property
    def height(self) -> float:
        """The height of the text as it stands, in pixels."""
        return self.artist.get_window_extent().height

    def stand_in(self) -> None:
        """Make room for one line, whatever it will say: words wider than a chart would push it aside."""
        if self._template:
            self.artist.set_text("0")

    def fit(self, room: float) -> None:
        """Fill in the last row's fields, and break what is wider than so many pixels into lines."""
        self._letters = 0
        self.artist.set_text(self._filled(len(self._history) - 1))
        width = self.width
        if width > room > 0:
            letters = max(len(line) for line in self.artist.get_text().split("\n"))
            self._letters = max(_SHORTEST_LINE, int(letters * room / width))
            self.artist.set_text(self._filled(len(self._history) - 1))

    def move(self, position: float) -> bool:
        """Fill in the fields for a position; says whether the text is one that moves."""
        if self.is_moving:
            self.artist.set_text(self._filled(position))
        return self.is_moving

    def _filled(self, position: float) -> str:
        history = self._history
        values = {
            "row": math.floor(position) + 1,
            "index": history.number(position)
            if history.labels.dtype.kind in "iuf"
            else legible(history.label(position)),
            "rows": _Constant(len(history)),
            "name": legible(history.name, longest=_LONGEST_NAME),
        }
        try:
            text = self._formatter.format(self._template, **values)
        except (ValueError, TypeError) as error:
            raise UsageError(f"the title {quoted(self._template)} can't be filled in: {error}") from None
        text = legible_lines(text)
        if self.artist.get_horizontalalignment() == "left":  # behind a number at the end nothing stands to be moved
            text = _LAST_NUMBER.sub(" ", text)
        if not self._letters:
            return text
        return _filled_to(text, self._letters)


class Marks:
    """Captions that appear at their rows, each until the next or, with `fade`, for so many rows, growing paler."""

    def __init__(
        self, artist: Text, marks: Sequence[Mark], fade: float | None, history: History, *, growing: bool = False
    ) -> None:
        self.artist = artist
        self._fade, self._asked, self._growing = fade, marks, growing
        self.renew(history)

    def renew(self, history: History) -> None:
        """Find the marks' rows, some of which may come later where the history grows."""
        found = [(self._place(mark, history), legible_lines(mark.text, _LONGEST_MARK)) for mark in self._asked]
        self._marks = sorted(found, key=itemgetter(0))
        self._shown = [text for _, text in self._marks]

    def _place(self, mark: Mark, history: History) -> float:
        try:
            return history.position(mark.row)
        except UsageError:
            if self._growing:
                return math.inf
            raise

    def fit(self, room: float) -> None:
        """Break what is wider than so many pixels into lines, and leave the highest standing, to make room for it."""
        self._shown = [broken(self.artist, text, room) for _, text in self._marks]
        self.artist.set_text(max(self._shown, key=lambda text: text.count("\n"), default=""))

    def move(self, position: float) -> bool:
        """Show the mark of a position."""
        number = bisect_right(self._marks, position, key=itemgetter(0)) - 1
        strength = 1.0 if number >= 0 else 0.0
        if self._fade is not None and number >= 0:
            strength = max(0.0, 1 - (position - self._marks[number][0]) / self._fade)
        self.artist.set_text(self._shown[number] if strength else "")
        self.artist.set_alpha(strength)
        return bool(self._marks)


def broken(artist: Text, text: str, room: float) -> str:
    """A text in lines that are no wider than so many pixels, as the artist draws it."""
    artist.set_text(text)
    width = artist.get_window_extent().width
    if not width > room > 0:
        return text
    letters = max(len(line) for line in text.split("\n"))
    return _filled_to(text, max(_SHORTEST_LINE, int(letters * room / width)))


def fitted(artist: Text, text: str, room: float, depth: float) -> str:
    """A text in lines no longer than `room` and together no deeper than `depth`, in pixels; shortened if need be."""
    artist.set_text(text)
    length, deep = _length(artist), _depth(artist)
    if length <= room and deep <= depth:
        return text
    lines = text.split("\n")
    most = max(1, int(depth * len(lines) / deep))
    letters = max(1, int(max(map(len, lines)) * min(1, room / length)))
    while True:
        found = _wrapped(text, letters, most)
        artist.set_text(found)
        if letters == 1 or _length(artist) <= room:
            return found
        letters -= 1


def _wrapped(text: str, letters: int, most: int) -> str:
    """A text in lines of at most so many letters, and in at most so many lines, its middle left out if it has more."""
    found = _filled_to(text, letters)
    longest = letters * most
    while found.count("\n") >= most and longest:
        found = _filled_to(shortened(" ".join(text.split()), longest), letters)
        longest -= 1
    return found


def _length(artist: Text) -> float:
    """How long the lines of a text are in pixels, which may be turned by a right angle."""
    box = artist.get_window_extent()
    return box.height if artist.get_rotation() % 180 else box.width


def _depth(artist: Text) -> float:
    """How high the lines of a text are together, in pixels."""
    box = artist.get_window_extent()
    return box.width if artist.get_rotation() % 180 else box.height


def _filled_to(text: str, letters: int) -> str:
    return "\n".join(textwrap.fill(line, letters, break_on_hyphens=False) for line in text.split("\n"))


class _Constant(int):
    """A number that is the same all the time, and needs no more room than it takes."""


class _Steady(string.Formatter):
    """Fills in whole numbers as wide as the widest of them will be, so that words beside a counter stay in place.

    Other numbers have so many decimals or, where no few tell them apart, at most twelve figures; a format of its own,
    as in `{index:.3f}`, goes before both.
    """

    def __init__(self, width: int, decimals: int | None) -> None:
        self._width, self._decimals = width, decimals

    def format_field(self, value: Any, format_spec: str) -> str:
        if re.search("[0-9]{4}", format_spec):
            raise ValueError("a field has 999 figures at most")
        if format_spec or isinstance(value, str):
            return format(value, format_spec)
        if isinstance(value, _Constant):
            return str(value)
        if isinstance(value, float) and self._decimals is None:
            return f"{value:.12g}"
        return _with_decimals(value, self._decimals).rjust(self._width, _FIGURE_SPACE)


def _with_decimals(value: float, decimals: int | None) -> str:
    return f"{value:.{decimals}f}" if isinstance(value, float) else str(value)


def _decimals(history: History) -> int | None:
    """How many decimals all labels can be written with that are numbers but not whole ones; None where no few do."""
    labels = history.labels
    if labels.dtype.kind != "f":
        return None
    if not np.abs(labels).max() < _LARGEST:
        return None
    numbers = range(_MOST_DECIMALS + 1)
    return next((number for number in numbers if np.allclose(labels.round(number), labels, 1e-12, 0)), None)


def _widest(history: History, decimals: int | None) -> int:
    """The most figures that a row's number or label has."""
    labels = history.labels
    numbers: list[Any] = [len(history)]
    if labels.dtype.kind in "iu" or decimals is not None:
        numbers += [labels.min().item(), labels.max().item()]
    return max(len(_with_decimals(number, decimals)) for number in numbers)


def title(asked: str | None, *, several: bool) -> str:
    """The title's template: what was asked for, by itself a history's name; several are named beside the charts."""
    return ("" if several else "{name}") if asked is None else asked


def counter(asked: str | None, history: History, *, named: bool = True) -> str:
    """The counter's template, for a title that has none of its own; nothing for a title asked to be empty.

    Numbers are `named` by what they count, where that has a name; dates and words are not.
    """
    if asked == "" or _fields(asked or "") & _MOVING_FIELDS:
        return ""
    numbered = named and history.index_name and history.labels.dtype.kind not in "MU"
    return history.index_name.replace("{", "{{").replace("}", "}}") + " {index}" if numbered else "{index}"


def _fields(template: str) -> set[str]:
    """The fields a template names; raises `UsageError` for one that there is not."""
    try:
        fields = {name for _, name, _, _ in string.Formatter().parse(template) if name is not None}
    except ValueError as error:
        raise UsageError(f"the title {quoted(template)} can't be read: {error}; write {{{{ for a brace") from None
    for name in fields - set(_FIELDS):
        known = " ".join(f"{{{field}}}" for field in _FIELDS)
        raise UsageError(f"the title {quoted(template)} has a field {quoted(name)}; the fields are {known}")
    return fields
