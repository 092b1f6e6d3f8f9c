"""A scene: the chart of a history on a figure, moved to any position and drawn with what moved alone."""

from __future__ import annotations

import math
import string
import warnings
from collections.abc import Sequence
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from liveplot_cli import style
from liveplot_cli.errors import UsageError, quoted
from liveplot_cli.film import Pixels
from liveplot_cli.history import History
from liveplot_cli.look import Look
from liveplot_cli.timing import Moment

if TYPE_CHECKING:
    from matplotlib.animation import FuncAnimation
    from matplotlib.artist import Artist
    from matplotlib.text import Text

    from liveplot_cli.charts import Chart

_FIELDS = ("row", "index", "rows", "name")
_MOVING_FIELDS = {"row", "index"}
_FIGURE_SPACE = "\N{FIGURE SPACE}"  # as wide as a figure
_LONGEST_TITLE = 120


class Scene:
    """A chart of a history with its words, on a figure of its own or on one that is given (a window's).

    Build and draw it inside `style.applied()`. The layout is fixed once, so that nothing wobbles from frame to frame.
    """

    def __init__(self, history: History, chart: Chart, look: Look, figure: Figure | None = None) -> None:
        self.history = history
        self.figure = figure or _agg_figure(look)
        axes = self.figure.add_subplot()
        self._move_chart = chart.draw(axes, history)
        axes.set_xlim(*look.xlim)
        axes.set_ylim(*look.ylim)
        if look.xlabel is not None:
            axes.set_xlabel(look.xlabel)
        if look.ylabel is not None:
            axes.set_ylabel(look.ylabel)
        self._words = [
            _Words(axes.set_title("", loc="left"), _title_template(look), history),
            _Words(
                axes.set_title("", loc="right", color=style.MUTED, size=10, weight="normal"),
                _counter_template(look, history),
                history,
            ),
        ]
        # Spines lie on the edge of the data's area: below the data, they need not be drawn again for every frame.
        for spine in axes.spines.values():
            spine.set_zorder(1)
        self._background: Any = None
        for artist in self.update(len(history) - 1):
            artist.set_animated(True)
        self.fix_layout()

    def update(self, position: float) -> Sequence[Artist]:
        """Move the chart and its words to a position; hands back the artists that moved, in the order to draw them."""
        moved = list(self._move_chart(position))
        moved += [words.artist for words in self._words if words.move(position)]
        return sorted(moved, key=attrgetter("zorder"))

    def draw(self, position: float) -> None:
        """Draw a position on the figure's canvas: the background only where it changed, then what moved.

        An animated artist never makes its figure stale, so the figure is stale only when something else has changed:
        limits, ticks, the size of a window.
        """
        canvas: Any = self.figure.canvas
        moved = self.update(position)
        if self._background is None or self.figure.stale:
            canvas.draw()
            self._background = canvas.copy_from_bbox(self.figure.bbox)
        canvas.restore_region(self._background)
        renderer = canvas.get_renderer()
        for artist in moved:
            artist.draw(renderer)

    def pixels(self, position: float) -> Pixels:
        """The picture at a position, shape (height, width, 4), RGBA; one buffer, valid until the next is drawn."""
        self.draw(position)
        canvas: Any = self.figure.canvas
        return np.asarray(canvas.buffer_rgba())

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        width, height = self.figure.canvas.get_width_height(physical=True)
        return width, height

    @property
    def paper(self) -> tuple[int, int, int]:
        """The background's colour, red, green and blue from 0 to 255."""
        red, green, blue = (round(255 * part) for part in to_rgb(self.figure.get_facecolor()))
        return red, green, blue

    def animation(self, moments: Sequence[Moment]) -> FuncAnimation:
        """The same film as matplotlib's own `FuncAnimation`: for a notebook, for `save`, for a window of your own.

        A `FuncAnimation` has one interval for all frames: the shortest moment's, and longer moments come as several.
        """
        from matplotlib.animation import FuncAnimation

        interval = min(moment.duration for moment in moments)
        positions = [moment.position for moment in moments for _ in range(round(moment.duration / interval))]
        return FuncAnimation(
            self.figure,
            self.update,
            frames=positions,
            init_func=lambda: self.update(positions[0]),
            interval=float(1000 * interval),
            blit=True,
        )

    def fix_layout(self) -> None:
        """Give the axes the room that their words leave, once and for all until the figure changes its size."""
        self.figure.set_layout_engine("constrained")
        with warnings.catch_warnings():
            # A picture too small for its words keeps matplotlib's plain margins, and its words are cut.
            warnings.filterwarnings("ignore", message="constrained_layout not applied")
            self.figure.draw_without_rendering()
        self.figure.set_layout_engine("none")
        self._background = None


class _Words:
    """A text whose `{row}` and `{index}` move with the position; words that never change belong to the background."""

    def __init__(self, artist: Text, template: str, history: History) -> None:
        self.artist = artist
        self._template = template
        self._history = history
        self._formatter = _Steady(_widest(history))
        self._moving = bool(_fields(template) & _MOVING_FIELDS)
        if not self._moving:
            artist.set_text(self._filled(0))

    def move(self, position: float) -> bool:
        """Fill in the fields for a position; says whether the text is one that moves."""
        if self._moving:
            self.artist.set_text(self._filled(position))
        return self._moving

    def _filled(self, position: float) -> str:
        history = self._history
        values = {
            "row": math.floor(position) + 1,
            "index": history.label(position),
            "rows": len(history),
            "name": history.name,
        }
        try:
            return style.legible(self._formatter.format(self._template, **values), longest=_LONGEST_TITLE)
        except (ValueError, TypeError) as error:
            raise UsageError(f"the title {quoted(self._template)} can't be filled in: {error}") from None


class _Steady(string.Formatter):
    """Fills in whole numbers as wide as the widest of them will be, so that words beside a counter stay in place."""

    def __init__(self, width: int) -> None:
        self._width = width

    def format_field(self, value: Any, format_spec: str) -> str:
        text = str(format(value, format_spec))
        is_count = isinstance(value, int) or (isinstance(value, str) and value.lstrip("-").isdecimal())
        return text.rjust(self._width, _FIGURE_SPACE) if is_count and not format_spec else text


def _widest(history: History) -> int:
    """The most figures that a row's number or whole-number label has."""
    labels = history.labels
    numbers = [len(history), labels.min(), labels.max()] if labels.dtype.kind in "iu" else [len(history)]
    return max(len(str(number)) for number in numbers)


def _title_template(look: Look) -> str:
    return "{name}" if look.title is None else look.title


def _counter_template(look: Look, history: History) -> str:
    """A counter for a title that has none of its own, unless the title is empty."""
    if look.title == "" or _fields(look.title or "") & _MOVING_FIELDS:
        return ""
    numbered = history.labels.dtype.kind not in "MU"
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


def _agg_figure(look: Look) -> Figure:
    width, height = look.size
    # A hair more than the pixels asked for, or 641/100*100 = 640.99… would be cut down to 640.
    figure = Figure(figsize=((width + 1e-3) / look.dpi, (height + 1e-3) / look.dpi), dpi=look.dpi)
    FigureCanvasAgg(figure)
    return figure
