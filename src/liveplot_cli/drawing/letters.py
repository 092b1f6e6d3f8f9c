"""The words of a picture with their places, for where pixels are too few to draw letters of."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from matplotlib.axis import Axis
from matplotlib.colors import to_rgb
from matplotlib.text import Text

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_RAISED = str.maketrans("0123456789-−+", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁻⁺")


@dataclass(frozen=True)
class Word:
    """A line of text, its box in pixels (left, top, right, bottom), its colour, and whether it reads from below."""

    text: str
    box: tuple[float, float, float, float]
    color: tuple[int, int, int]
    is_upright: bool = False


def words(figure: Figure) -> list[Word]:
    """All that is written on a figure as it stands, line by line."""
    return [word for text in _visible(figure) for word in _lines(text, figure)]


def _visible(figure: Figure) -> Iterator[Text]:
    unused = {id(label) for axis in figure.findobj(Axis) for label in _unused(axis)}
    hidden = {id(text) for axes in figure.axes if not axes.get_visible() for text in axes.findobj(Text)}
    for text in figure.findobj(Text):
        assert isinstance(text, Text)
        if text.get_visible() and text.get_text().strip() and text.get_alpha() != 0 and id(text) not in unused | hidden:
            yield text


def _unused(axis: Any) -> Iterator[Text]:
    """Labels of ticks that are not drawn, for they are kept for other limits or the axis is not shown."""
    low, high = sorted(axis.get_view_interval())
    slack = 1e-9 * (high - low)
    is_shown = axis.get_visible() and axis.axes.axison
    for ticks in (axis.get_major_ticks(), axis.get_minor_ticks()):
        for tick in ticks:
            if not (is_shown and tick.get_visible() and low - slack <= tick.get_loc() <= high + slack):
                yield from (tick.label1, tick.label2)
    if not is_shown:
        yield axis.label


def _lines(text: Text, figure: Figure) -> Iterator[Word]:
    canvas: Any = figure.canvas
    box = text.get_window_extent(canvas.get_renderer())
    top, bottom = figure.bbox.height - box.y1, figure.bbox.height - box.y0
    red, green, blue = (round(255 * part) for part in to_rgb(text.get_color()))
    is_upright = 45 < text.get_rotation() % 180 < 135
    lines = _plain(text.get_text()).split("\n")
    for number, line in enumerate(lines):
        start, end = number / len(lines), (number + 1) / len(lines)
        place = (
            (box.x0 + start * box.width, top, box.x0 + end * box.width, bottom)
            if is_upright
            else (box.x0, top + start * box.height, box.x1, top + end * box.height)
        )
        if line.strip():
            yield Word(line.strip(), place, (red, green, blue), is_upright)


def _plain(text: str) -> str:
    """A text without the marks of formulas, as far as ticks have them."""
    if text.count("$") < 2:
        return text
    text = text.replace(r"\mathdefault", "").replace(r"\times", "×")
    text = re.sub(r"\^\{([^{}]*)\}", lambda power: power[1].translate(_RAISED), text)
    return re.sub(r"[${}\\]", "", text)
