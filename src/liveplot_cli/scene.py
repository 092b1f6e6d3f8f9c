"""A scene: the chart of a history on a figure, moved to any position and drawn with what moved alone."""

from __future__ import annotations

import logging
import math
import warnings
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox

from liveplot_cli import legend, style, theme, words
from liveplot_cli.blit import Blit
from liveplot_cli.errors import UsageError
from liveplot_cli.film import Pixels
from liveplot_cli.fonts import to_install
from liveplot_cli.history import History
from liveplot_cli.look import DPI, Look
from liveplot_cli.scale import Reach, Scale
from liveplot_cli.timing import Moment, common_measure, ticks
from liveplot_cli.words import Marks, Words, broken

if TYPE_CHECKING:
    from matplotlib.animation import FuncAnimation
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.text import Text

    from liveplot_cli.charts import Chart


_log = logging.getLogger(__name__)

_DIRECTIONS = {"x": "horizontal", "y": "vertical"}
_EDGE, _HINT = 0.12, 0.2  # inches
_INDENT = 0.15  # of the width, at most, for words below the chart
_LONGEST_CAPTION = 600  # characters
_MOST_WORDS = 0.6  # of the height
_SHAPE = 1  # width to height of a panel


class Scene:
    """A chart of histories with its words, on a figure of its own or on one that is given (a window's).

    The histories lie upon one another or, in a grid, beside one another; a shorter one holds its last row. `positions`
    are those that will be drawn, by themselves all rows. Build and draw it inside `style.applied()`. The layout is
    fixed once, so that nothing wobbles from frame to frame.
    """

    def __init__(
        self, histories: Sequence[History], chart: Chart, look: Look, positions: Sequence[float] = (),
        figure: Figure | None = None,
    ) -> None:  # fmt: skip
        self.histories = histories
        self._chart, self._look, self._positions = chart, look, positions
        self.figure = figure or _agg_figure(look)
        if figure is None:
            self.figure.dpi = DPI  # the layout is the same for any, but letters' widths depend on it a little
        self._find_shapes()
        longest = max(histories, key=len)
        self._last = len(longest) - 1
        panels = self._panels()
        self._axes = [axes for axes, _ in panels]
        drawn = [chart.draw(axes, shown) for axes, shown in panels]
        self._movers = [one.update for one in drawn]
        self._scales = [*self._scale("x", [one.x for one in drawn]), *self._scale("y", [one.y for one in drawn])]
        colored = [one.colors for one in drawn if one.colors is not None]
        if colored:
            bars, reaches = [one.bar for one in colored], [one.reach for one in colored]
            self._scales.append(Scale(bars, "y", reaches, colored[0].asked, self._shown))
        self._label_axes()
        series = dict(series for one in drawn for series in one.series)
        self._legend = legend.legend(self.figure, list(series.items()), look.legend)
        told = replace(longest, name=", ".join(history.name for history in histories))
        inside = None if self._is_grid else drawn[0].counter
        title, counter = self._title_artists(inside)
        self._words = [
            Words(title, words.title(look.title, len(histories)), told),
            Words(counter, words.counter(look.title, told, named=inside is None), told),
        ]
        self._is_beside = inside is None
        self._marks, self._footers = self._footer(told)
        most = theme.most_ticks(look.theme)
        if most is not None:
            for axes in self._axes:
                for axis in (axes.xaxis, axes.yaxis):
                    style.limit_ticks(axis, most)
        # Spines lie on the edge of the data's area: below the data, they need not be drawn again for every frame.
        for axes in self._axes:
            for spine in axes.spines.values():
                spine.set_zorder(1)
        self._blit = Blit(self.figure)
        for artist in self.update(self._last):
            artist.set_animated(True)
        self.fix_layout()
        if figure is None:
            self.figure.dpi = look.dpi

    def __reduce__(self) -> tuple[Callable[..., Scene], tuple[object, ...]]:
        """Travel to another process as what it is made of, and be drawn there in the same looks."""
        return _rebuilt, (self.histories, self._chart, self._look, self._positions)

    def update(self, position: float) -> Sequence[Artist]:
        """Move the chart and its words to a position; hands back the artists that moved, in the order to draw them."""
        for scale in self._scales:
            scale.move(position)
        moved = [artist for update in self._movers for artist in update(position)]
        moved += [text.artist for text in self._words if text.move(position)]
        moved += [self._marks.artist] if self._marks.move(position) else []
        return sorted(moved, key=attrgetter("zorder"))

    def draw(self, position: float) -> None:
        """Draw a position on the figure's canvas: the background only where it changed, then what moved."""
        self._blit.draw(self.update(position))

    def pixels(self, position: float) -> Pixels:
        """The picture at a position, shape (height, width, 4), RGBA; one buffer, valid until the next is drawn."""
        self.draw(position)
        return self._blit.pixels

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self._blit.size

    @property
    def paper(self) -> tuple[int, int, int]:
        """The background's colour, red, green and blue from 0 to 255."""
        red, green, blue = (round(255 * part) for part in to_rgb(self.figure.get_facecolor()))
        return red, green, blue

    @property
    def transparent(self) -> bool:
        """Whether the background is left out of the pictures."""
        return self._look.transparent

    def animation(self, moments: Sequence[Moment]) -> FuncAnimation:
        """The same film as matplotlib's own `FuncAnimation`: for a notebook, for `save`, for a window of your own.

        A `FuncAnimation` has one interval for all frames: the longest that every moment is a whole number of, but for
        the last, whose hold is rounded to it.
        """
        from matplotlib.animation import FuncAnimation

        interval = common_measure([moment.duration for moment in moments[:-1] or moments])
        counts = ticks([moment.duration for moment in moments], 1 / interval)
        positions = [
            moment.position for moment, count in zip(moments, counts, strict=True) for _ in range(max(1, count))
        ]
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
        title, counter = self._words
        for scale in self._scales:
            self._try(scale)
        title.stand_in()
        line = title.height
        self._lay_out()
        title.fit(self._width - (counter.width if self._is_beside else 0))
        if title.height > line:
            self._lay_out()
        self._blit.forget()

    def _panels(self) -> list[tuple[Axes, Sequence[History]]]:
        """The axes, each with the histories that are drawn on it."""
        look, histories = self._look, self.histories
        if not self._is_grid:
            panels = [(self.figure.add_subplot(), histories)]
        else:
            columns = _columns(len(histories), look.size)
            rows = -(-len(histories) // columns)
            panels = [
                (self.figure.add_subplot(rows, columns, number + 1), [history])
                for number, history in enumerate(histories)
            ]
            for axes, (history,) in panels:
                axes.set_title(style.legible(history.name, longest=24), size=10, weight="normal")
        for axes, _ in panels:
            for axis, is_logarithmic in ((axes.xaxis, look.logx), (axes.yaxis, look.logy)):
                if is_logarithmic:
                    style.make_logarithmic(axis)
        return panels

    def _label_axes(self) -> None:
        """Give the axes the labels that are asked for; what the panel below or to the left says is not said again."""
        look = self._look
        for axes in self._axes:
            if look.xlabel is not None:
                axes.set_xlabel(style.legible_lines(look.xlabel))
            if look.ylabel is not None:
                axes.set_ylabel(style.legible_lines(look.ylabel))
        labels = [(axes.get_xlabel(), axes.get_ylabel()) for axes in self._axes]
        place: Any = self._axes[0].get_subplotspec()
        columns = place.get_gridspec().ncols
        for number, axes in enumerate(self._axes):
            below = number + columns
            if below < len(labels) and labels[below][0] == labels[number][0]:
                axes.set_xlabel("")
            if number % columns and labels[number - 1][1] == labels[number][1]:
                axes.set_ylabel("")

    @property
    def _is_grid(self) -> bool:
        """Whether the histories lie beside one another."""
        if len(self.histories) == 1:
            return False
        kind = type(self._chart).__name__.lower()
        if self._look.layout == "overlay" and not self._chart.overlays:
            raise UsageError(f"several histories can't lie upon one another in a {kind}; take the layout grid")
        return self._look.layout == "grid" or not self._chart.overlays

    def _scale(self, name: str, reaches: Sequence[Reach | None]) -> list[Scale]:
        """The scale of an axis; none where it has no numbers. Raises `UsageError` if any are asked of it then."""
        known = [reach for reach in reaches if reach is not None]
        if known:
            return [Scale(self._axes, name, known, getattr(self._look, f"{name}lim"), self._shown)]
        for option in (f"{name}lim", f"log{name}"):
            if getattr(self._look, option):
                kind = type(self._chart).__name__.lower()
                raise UsageError(f"the {_DIRECTIONS[name]} axis of a {kind} has no numbers, and takes no {option}")
        return []

    @property
    def _shown(self) -> Sequence[float]:
        """The positions that will be drawn."""
        return self._positions or range(self._last + 1)

    def _title_artists(self, inside: Text | None) -> tuple[Text, Text]:
        """Where title and counter stand: over the axes or, where there are several, over all of them.

        A chart may have a place for the counter `inside`.
        """
        quiet: dict[str, Any] = {"color": style.muted(), "size": 10, "weight": "normal"}
        if not self._is_grid:
            axes = self._axes[0]
            return axes.set_title("", loc="left"), inside or axes.set_title("", loc="right", **quiet)
        title = self._text(**style.title(), va="top")
        return title, self._text(ha="right", va="top", **quiet)

    def _text(self, **looks: Any) -> Text:
        """A text anywhere on the figure, for which the layout makes no room by itself.

        It belongs to axes, for matplotlib saves no text of a figure's own that moves.
        """
        text = self._axes[0].text(0, 0, "", transform=self.figure.transFigure, clip_on=False, **looks)
        text.set_in_layout(False)
        return text

    @property
    def _width(self) -> float:
        """From the left of the axes to their right, in pixels."""
        boxes = [axes.get_window_extent() for axes in self._axes]
        return float(max(box.x1 for box in boxes) - min(box.x0 for box in boxes))

    @staticmethod
    def _try(scale: Scale) -> None:
        """Set those limits whose labels take most room."""
        axis: Any = getattr(scale.axes[0], f"{scale.name}axis")

        def room(limits: tuple[float, float]) -> int:
            scale.set(limits)
            return max(map(len, axis.get_major_formatter().format_ticks(axis.get_majorticklocs())), default=0)

        tried = scale.tried()
        if tried:
            scale.set(max(tried, key=room))

    def _footer(self, told: History) -> tuple[Marks, list[Text]]:
        """Marks, and all the texts that stand below the chart, the lowest first."""
        look = self._look
        texts = [(look.source or "", 8, style.muted()), (look.caption or "", 9, style.muted()), ("", 11, style.ink())]
        footers = [self._text(size=size, color=color, va="bottom", linespacing=1.3) for _, size, color in texts]
        for artist, (text, _, _) in zip(footers, texts, strict=True):
            artist.set_text(style.legible_lines(text, _LONGEST_CAPTION))
        return Marks(footers[-1], look.mark, look.fade, told), footers

    def _fit_footer(self, left: float) -> float:
        """Stack the texts below the chart, each broken into lines that fit; hands back their height in pixels."""
        edge = _EDGE * self.figure.dpi
        room = self.figure.bbox.width - left - edge
        *still, _ = self._footers
        for artist in still:
            artist.set_text(broken(artist, artist.get_text().replace("\n", " "), room))
        self._marks.fit(room)
        height = _HINT * self.figure.dpi if self.figure.get_supxlabel() else 0.0
        for artist in self._footers:
            if artist.get_text():
                artist.set_position((left / self.figure.bbox.width, (height + edge / 2) / self.figure.bbox.height))
                height += artist.get_window_extent().height + edge / 2
        return height

    def _lay_out(self) -> None:
        width, height = self.figure.bbox.size
        left = _EDGE * self.figure.dpi
        low, high = self._fit_footer(left) / height, self._fit_header() / height
        self._make_room(low, high)
        if low:  # words below the chart begin where it does, unless the labels at its left are long
            begin = self._chart_box.x0
            low = self._fit_footer(begin * width if begin < _INDENT else left) / height
            self._make_room(low, high)
            for artist in self._footers if begin < _INDENT else ():
                artist.set_x(self._chart_box.x0)
        for axes in self._axes:
            style.part_labels(axes.xaxis)
        if self._legend is not None and self._legend.axes is None:
            legend.hang(self._legend, self._chart_box, low)
        if self._is_grid:
            self._align_words()

    def _make_room(self, low: float, high: float) -> None:
        """Give the axes the room that is left between words above and below, which take these parts of the height."""
        if low + high > _MOST_WORDS:
            raise UsageError("the words around the chart leave it no room; make them fewer, or the picture larger")
        if self._legend is not None and self._legend.axes is None:
            self._legend.set_bbox_to_anchor(None)  # the layout makes room for a legend only where it has no place
        self.figure.set_layout_engine("constrained", rect=(0, low, 1, 1 - low - high))
        engine: Any = self.figure.get_layout_engine()
        with warnings.catch_warnings():  # a picture too small for its words keeps matplotlib's plain margins
            warnings.simplefilter("ignore")
            engine.execute(self.figure)
        self.figure.set_layout_engine("none")
        for axes in self._axes:
            axes.apply_aspect()

    @property
    def _chart_box(self) -> Bbox:
        """What the axes take up, in parts of the figure."""
        return Bbox.union([axes.get_position() for axes in self._axes])

    def _fit_header(self) -> float:
        """The height in pixels that words over several axes take up."""
        edge = _EDGE * self.figure.dpi
        height = max(text.height for text in self._words) if self._is_grid else 0.0
        return height + edge if height else 0.0

    def _align_words(self) -> None:
        """Begin the title where the first axes begin, and end the counter where the last end, on one line."""
        title, counter = (text.artist for text in self._words)
        edge = _EDGE * self.figure.dpi
        lower = style.rise(title) - style.rise(counter)
        title.set_position((self._chart_box.x0, 1 - edge / self.figure.bbox.height))
        counter.set_position((self._chart_box.x1, 1 - (edge + lower) / self.figure.bbox.height))

    def _find_shapes(self) -> None:
        """Use any font installed here that has shapes which ours lacks; what no font has is told, once."""
        look = self._look
        asked = (look.title, look.xlabel, look.ylabel, look.caption, look.source, *(mark.text for mark in look.mark))
        words = [*filter(None, asked)]
        for history in self.histories:
            labels = history.labels.tolist() if history.labels.dtype.kind == "U" else ()
            columns = () if history.grid else history.columns  # the cells of pictures have no names
            words += [history.name, history.index_name, *columns, *labels]
        lacking = style.use_fonts_for("".join(words))
        if lacking:
            _log.warning(
                "%s: no font here has shapes for some characters, boxes stand for them; install %s",
                self.histories[0].name, to_install(lacking),
            )  # fmt: skip


def _columns(panels: int, size: tuple[int, int]) -> int:
    """How many panels stand in a row, so that each is about as wide as it is high."""
    width, height = size

    def misfit(columns: int) -> float:
        rows = -(-panels // columns)
        return abs(math.log(width / columns / (height / rows) / _SHAPE)) + 0.3 * (rows * columns - panels)

    return min(range(1, panels + 1), key=misfit)


def _agg_figure(look: Look) -> Figure:
    width, height = look.pixels
    # A hair more than the pixels asked for, or 641/100*100 = 640.99… would be cut down to 640.
    figure = Figure(figsize=((width + 1e-3) / look.dpi, (height + 1e-3) / look.dpi), dpi=look.dpi)
    FigureCanvasAgg(figure)
    return figure


_looks = ExitStack()


def _rebuilt(histories: Sequence[History], chart: Chart, look: Look, positions: Sequence[float]) -> Scene:
    """A scene in a worker process, which draws nothing else: the looks stay on as long as it lives.

    What there is to say of it was said where it was first built.
    """
    logging.getLogger("liveplot_cli").setLevel(logging.ERROR)
    _looks.enter_context(style.applied(look))
    return Scene(histories, chart, look, positions)
