"""The controls below a picture on a screen: a slider over the rows, what is shown and how, and the keys there are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.text import Text

from liveplot_cli.drawing import style

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.figure import Figure

HEIGHT = 0.44  # inches
_EDGE, _SLIDER, _WORDS = 0.14, 0.32, 0.08  # inches from the sides, and from the bottom
_REACH = 0.14  # inches from the slider that still take hold of it
_LINE, _MARGIN = 0.2, 0.2  # inches: of the list of keys


class Controls:
    """Artists that are drawn upon a figure and belong to nothing on it, so that no layout knows them."""

    def __init__(self, figure: Figure) -> None:
        self._figure = figure
        self._track = self._line(color=style.rule(), linewidth=3)
        self._section = self._line(color=style.muted(), linewidth=3)
        self._passed = self._line(color=style.palette()[0], linewidth=3)
        self._knob = self._line(color=style.palette()[0], marker="o", markersize=9)
        self._left, self._right = (self._text(ha=side, size=9, color=style.muted()) for side in ("left", "right"))
        self._paper: Any = Rectangle((0, 0), 0, 0, facecolor=style.paper(), edgecolor=style.rule(), alpha=0.95)
        self._paper.set_figure(figure)
        self._keys: list[Text] = []

    def artists(
        self, place: float, section: tuple[float, float] | None, left: str, right: str
    ) -> Sequence[Artist]:  # fmt: skip
        """What is to be drawn: the slider at a place from 0 to 1, a section marked on it, and the words below it."""
        begin, end, height = self._ends()
        at = begin + place * (end - begin)
        self._track.set_data([begin, end], [height, height])
        self._passed.set_data([begin, at], [height, height])
        self._knob.set_data([at], [height])
        marked = [] if section is None else [begin + part * (end - begin) for part in section]
        self._section.set_data(marked, [height] * len(marked))
        words = _WORDS * self._figure.dpi
        for text, across, says in ((self._left, begin, left), (self._right, end, right)):
            text.set_position((across, words))
            text.set_text(style.legible(says))
        slider = [self._track, self._section, self._passed] if section is None else [self._track, self._section]
        keys = [self._paper, *self._keys] if self._keys else []
        return [*slider, self._knob, self._left, self._right, *keys]

    def place(self, x: float, y: float, *, held: bool = False) -> float | None:
        """The part of the film that a point of the figure, in pixels, stands for on the slider; None beside it."""
        begin, end, height = self._ends()
        reach = _REACH * self._figure.dpi
        if not held and not (abs(y - height) <= reach and begin - reach <= x <= end + reach):
            return None
        return min(max((x - begin) / max(1.0, end - begin), 0.0), 1.0)

    def show_keys(self, keys: Sequence[tuple[str, str]]) -> None:
        """List keys and what they do upon the picture; none to list none."""
        self._keys = []
        dots, (width, height) = self._figure.dpi, self._figure.bbox.size
        line = min(_LINE * dots, (height - HEIGHT * dots) / (len(keys) + 2))
        top = (height + HEIGHT * dots + line * len(keys)) / 2
        for number, (names, meaning) in enumerate(keys):
            for across, says, side in ((0.28, names, "right"), (0.31, meaning, "left")):
                text = self._text(ha=side, size=min(10, 50 * line / dots), color=style.ink())
                text.set_position((across * width, top - (number + 0.8) * line))
                text.set_text(says)
                self._keys.append(text)
        margin = _MARGIN * dots
        self._paper.set_bounds(margin, top - (len(keys) + 0.5) * line, width - 2 * margin, (len(keys) + 1) * line)

    def _ends(self) -> tuple[float, float, float]:
        """Where the slider begins and ends, and how high it lies, in pixels."""
        dots = self._figure.dpi
        return _EDGE * dots, self._figure.bbox.width - _EDGE * dots, _SLIDER * dots

    def _line(self, **looks: Any) -> Line2D:
        line = Line2D([], [], solid_capstyle="round", **looks)
        line.set_figure(self._figure)
        return line

    def _text(self, **looks: Any) -> Text:
        text = Text(0, 0, "", va="baseline", **looks)
        text.set_figure(self._figure)
        return text
