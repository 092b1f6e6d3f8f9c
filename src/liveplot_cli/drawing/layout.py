"""The layout: what stands around the charts, and the room that is left to them, found once for the whole film."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import matplotlib
from matplotlib.font_manager import FontProperties
from matplotlib.transforms import Bbox

from liveplot_cli.drawing import legend, style, ticker, words
from liveplot_cli.drawing.scale import Scale
from liveplot_cli.drawing.words import Marks, Words, broken, fitted
from liveplot_cli.errors import UsageError
from liveplot_cli.look import Look

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure
    from matplotlib.text import Text

    from liveplot_cli.history import History

_EDGE = 0.12  # inches
_INDENT = 0.15  # of the width, at most, for words above and below the chart
_LONGEST_CAPTION = 600  # characters
_MOST_WORDS = 0.6  # of the height
_MOST_LABEL = 0.3  # of a panel's width or height, across which the lines of a label stand
_LONGEST_NAME, _SHORTEST_NAME = 24, 8  # characters of a name over a panel
_MOST_TRIES = 3  # of labels broken into lines that leave the axes another size
_HAIR = 0.5  # pixels: no width that a label has outgrown
_LEAST_SIDE = 0.2  # inches of axes among words
_NO_ROOM = "the words around the chart leave it no room; make them fewer, or the picture larger"


class Layout:
    """Title, counter, legend, marks, caption and source around the axes of a figure.

    `told` is the history that the words are filled in from, `called` is what the histories are called: in a grid their
    names stand over their axes, and the title over all. A chart may have a place for the counter `inside`. So many
    inches `below` belong to others.
    """

    def __init__(
        self,
        axes: Sequence[Axes],
        look: Look,
        told: History,
        series: legend.Series,
        inside: Text | None,
        called: Sequence[str],
        *,
        growing: bool = False,
        below: float = 0.0,
    ) -> None:
        figure: Any = axes[0].get_figure(root=True)
        self._figure: Figure = figure
        self._axes, self._look, self._growing = axes, look, growing
        self._below = below
        self._is_grid = len(axes) > 1
        self._legend = legend.legend(self._figure, series, look.legend)
        title, counter = self._title_artists(inside)
        self._title = Words(title, words.title(look.title, several=len(called) > 1), told)
        self._counter = Words(counter, words.counter(look.title, told, named=inside is None), told)
        self.is_beside = inside is None  # the counter, where the title is
        self._called = called if self._is_grid else []
        self._name_panels(_LONGEST_NAME)
        self._repeating: list[Axis] = []
        self._labels: list[tuple[Any, str]] = [
            (axis, axis.get_label_text()) for one in axes for axis in (one.xaxis, one.yaxis)
        ]
        self.marks, self._footers = self._footer(told)

    def move(self, position: float) -> Sequence[Artist]:
        """Have the words say what they say at a position; hands back those that move."""
        return [text.artist for text in (self._title, self._counter) if text.move(position)] + (
            [self.marks.artist] if self.marks.move(position) else []
        )

    def renew(self, told: History, inside: Text | None) -> None:
        """Have the words tell of a history that has grown; a chart that is drawn anew has another place `inside`."""
        self._title.renew(self._title.artist, told)
        self._counter.renew(inside or self._counter.artist, told)
        self.marks.renew(told)

    @property
    def still(self) -> list[str]:
        """What those words say that do not move."""
        return [text.artist.get_text() for text in (self._title, self._counter) if not text.is_moving]

    def suits(self) -> bool:
        """Part the labels below the charts, and say whether those beside them have the room that they take."""
        for axes in self._axes:
            ticker.part_labels(axes.xaxis)
        return all(now < room + _HAIR for now, room in zip(self._beside(), self._rooms, strict=True))

    def _beside(self) -> list[float]:
        """The width in pixels of the widest label at a tick beside each chart."""
        labels = [ticker.shown_labels(axes.yaxis) for axes in self._axes]
        return [max((label.get_window_extent().width for label in some), default=0.0) for some in labels]

    def fix(self, scales: Sequence[Scale]) -> None:
        """Give the axes the room that words and labels leave, once and for all until the figure changes its size."""
        self._title.stand_in()
        line = self._title.height
        for axis, text in self._labels:
            axis.set_label_text(text)
        widest = [_try(scale) for scale in scales]
        self._show_repeated(shown=True)
        self._repeating = _repeating(self._axes)
        self._show_repeated(shown=False)
        self._lay_out()
        for _ in range(_MOST_TRIES):
            if not self._fit_labels():
                break
            self._lay_out()
        # How large the axes are says how many ticks they have: only now are all the labels known.
        if [_try(scale) for scale in scales] != widest:
            self._lay_out()
        self._title.fit(self._begin_title() - (self._counter.width if self.is_beside else 0))
        if self._title.height > line:
            self._lay_out()
            self._begin_title()
        self._rooms = self._beside() if self._growing else []

    @property
    def title(self) -> str:
        """What the title says, in one line."""
        return " ".join(self._title.artist.get_text().split())

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
        text = self._axes[0].text(0, 0, "", transform=self._figure.transFigure, clip_on=False, **looks)
        text.set_in_layout(False)
        return text

    def _begin_title(self) -> float:
        """Begin the title with the axes or, beside long labels, with these; hands back its room in pixels."""
        if self._is_grid:
            return self._width
        box = self._axes[0].get_window_extent()
        left = matplotlib.rcParams["figure.constrained_layout.w_pad"] * self._figure.dpi
        beside = self._axes[0].get_position(original=True).x0  # the aspect of pictures moves them on
        indent = box.x0 - left if beside > _INDENT else 0.0
        self._title.artist.set_x(-indent / box.width)
        return self._width + indent

    @property
    def _width(self) -> float:
        """From the left of the axes to their right, in pixels."""
        boxes = [axes.get_window_extent() for axes in self._axes]
        return float(max(box.x1 for box in boxes) - min(box.x0 for box in boxes))

    def _footer(self, told: History) -> tuple[Marks, list[Text]]:
        """Marks, and all the texts that stand below the chart, the lowest first."""
        look = self._look
        texts = [(look.source or "", 8, style.muted()), (look.caption or "", 9, style.muted()), ("", 11, style.ink())]
        footers = [self._text(size=size, color=color, va="bottom", linespacing=1.3) for _, size, color in texts]
        self._still = [style.legible_lines(text, _LONGEST_CAPTION) for text, _, _ in texts[:-1]]
        return Marks(footers[-1], look.mark, look.fade, told, growing=self._growing), footers

    def _fit_footer(self, left: float) -> float:
        """Stack the texts below the chart, each broken into lines that fit; hands back their height in pixels."""
        edge = _EDGE * self._figure.dpi
        room = self._figure.bbox.width - left - edge
        for artist, text in zip(self._footers, self._still, strict=False):
            artist.set_text(broken(artist, text, room))
        self.marks.fit(room)
        height = self._below * self._figure.dpi
        for artist in self._footers:
            if artist.get_text():
                artist.set_position((left / self._figure.bbox.width, (height + edge / 2) / self._figure.bbox.height))
                height += artist.get_window_extent().height + edge / 2
        return height

    def _fit_labels(self) -> bool:
        """Break the labels of the axes into lines that have room, and say whether any is another than before."""
        before = [axis.get_label_text() for axis, _ in self._labels]
        for axis, text in self._labels:
            if text:
                whole, grid = self._figure.bbox, axis.axes.get_subplotspec().get_gridspec()
                side = whole.height / grid.nrows if axis is axis.axes.xaxis else whole.width / grid.ncols
                axis.set_label_text(fitted(axis.label, text, self._label_room(axis), _MOST_LABEL * side))
        return before != [axis.get_label_text() for axis, _ in self._labels]

    def _label_room(self, axis: Any) -> float:
        """How long the label of an axis can be: as that or, where nothing else stands below it, as the picture."""
        box = axis.axes.get_window_extent()
        if axis is axis.axes.yaxis:
            return float(box.height)
        if self._is_grid or self._legend is not None:
            return float(box.width)
        middle = (box.x0 + box.x1) / 2
        return float(2 * (min(middle, self._figure.bbox.width - middle) - _EDGE * self._figure.dpi))

    def _lay_out(self) -> None:
        width, height = self._figure.bbox.size
        left = _EDGE * self._figure.dpi
        low, high = self._fit_footer(left) / height, self._fit_header() / height
        self._make_room(low, high)
        if low:  # words below the chart begin where it does, unless the labels at its left are long
            begin = self._chart_box.x0
            low = self._fit_footer(begin * width if begin < _INDENT else left) / height
            self._make_room(low, high)
            for artist in self._footers if begin < _INDENT else ():
                artist.set_x(self._chart_box.x0)
        self._show_repeated(shown=True)  # and so parted like those that stay
        for axes in self._axes:
            ticker.part_labels(axes.xaxis)
            ticker.part_offset(axes.xaxis)
        self._show_repeated(shown=False)
        if self._legend is not None and self._legend.axes is None:
            legend.hang(self._legend, self._chart_box, low)
        if self._is_grid:
            self._fit_names()
            self._align_words()

    def _fit_names(self) -> None:
        """Shorten the names over panels until none is wider than its panel."""
        room = min(axes.get_window_extent().width for axes in self._axes)
        for longest in range(_LONGEST_NAME, _SHORTEST_NAME - 1, -1):
            if max(title.get_window_extent().width for title in self._name_panels(longest)) <= room:
                return

    def _name_panels(self, longest: int) -> list[Text]:
        """Write the histories' names over their panels, in so many characters at most."""
        names = style.legible_names(self._called, longest)
        looks: dict[str, Any] = {"size": 10, "weight": "normal"}
        return [axes.set_title(name, **looks) for axes, name in zip(self._axes, names, strict=False)]

    def _show_repeated(self, *, shown: bool) -> None:
        """Show or hide the labels of those axes that another says as well."""
        for axis in self._repeating:
            label: Any = {"labelbottom" if axis is axis.axes.xaxis else "labelleft": shown}
            axis.set_tick_params("both", **label)

    def _make_room(self, low: float, high: float) -> None:
        """Give the axes the room that is left between words above and below, which take these parts of the height."""
        if low + high > _MOST_WORDS:
            raise UsageError(_NO_ROOM)
        if self._legend is not None and self._legend.axes is None:
            self._legend.set_bbox_to_anchor(None)  # the layout makes room for a legend only where it has no place
        self._figure.set_layout_engine("constrained", rect=(0, low, 1, 1 - low - high))
        engine: Any = self._figure.get_layout_engine()
        with warnings.catch_warnings(record=True) as told:  # where there is no room the margins stay plain
            warnings.simplefilter("always")
            engine.execute(self._figure)
        self._figure.set_layout_engine("none")
        if self._asks_for_words and (told or self._least_side < _LEAST_SIDE):
            raise UsageError(_NO_ROOM)
        for axes in self._axes:
            axes.apply_aspect()

    @property
    def _asks_for_words(self) -> bool:
        """Whether words were asked for; a picture too small for those it has by itself is drawn all the same."""
        look = self._look
        return bool(look.caption or look.source or look.mark or look.legend in ("beside", "below"))

    @property
    def _least_side(self) -> float:
        """The shorter side of the smallest axes, before their aspect, in inches."""
        boxes: Any = [axes.get_position(original=True) for axes in self._axes]
        width, height = self._figure.get_size_inches()
        return float(min(min(box.width * width, box.height * height) for box in boxes))

    @property
    def _chart_box(self) -> Bbox:
        """What the axes take up, in parts of the figure."""
        return Bbox.union([axes.get_position() for axes in self._axes])

    def _fit_header(self) -> float:
        """The height in pixels that words over several axes take up."""
        edge = _EDGE * self._figure.dpi
        height = max(self._title.height, self._counter.height) if self._is_grid else 0.0
        return height + edge if height else 0.0

    def _align_words(self) -> None:
        """Begin the title where the first axes begin, and end the counter where the last end, on one line."""
        title, counter = self._title.artist, self._counter.artist
        edge = _EDGE * self._figure.dpi
        lower = style.rise(title) - style.rise(counter)
        title.set_position((self._chart_box.x0, 1 - edge / self._figure.bbox.height))
        counter.set_position((self._chart_box.x1, 1 - (edge + lower) / self._figure.bbox.height))


def _repeating(panels: Sequence[Any]) -> list[Axis]:
    """The axes of panels whose ticks are labelled like those of the panel below or to the left."""
    columns = panels[0].get_subplotspec().get_gridspec().ncols
    below = [(upper.xaxis, lower.xaxis) for upper, lower in zip(panels, panels[columns:], strict=False)]
    beside = [
        (right.yaxis, left.yaxis) for number, (left, right) in enumerate(pairwise(panels), start=1) if number % columns
    ]
    return [
        one
        for one, other in (*below, *beside)
        if one.get_ticks_position() in ("bottom", "left", "default") and shown_ticks(one) == shown_ticks(other)
    ]


def shown_ticks(axis: Any) -> tuple[Any, ...]:
    """The limits of an axis, and what its ticks say and where."""
    places = axis.get_majorticklocs()
    return *axis.get_view_interval(), *places, *axis.get_major_formatter().format_ticks(places)


def _try(scale: Scale) -> float:
    """Set those limits whose labels take most room; hands back the width of these in pixels."""
    axis: Any = getattr(scale.axes[0], f"{scale.name}axis")
    figure: Any = scale.axes[0].get_figure(root=True)
    renderer = figure.canvas.get_renderer()
    tried = scale.tried()
    if not tried:
        return 0.0
    font = axis.get_ticklabels()[0].get_fontproperties() if axis.get_ticklabels() else FontProperties()

    @cache
    def width(label: str) -> float:
        return float(renderer.get_text_width_height_descent(label, font, ismath=False)[0])

    def room(limits: tuple[float, float]) -> float:
        scale.set(limits)
        ticks = axis.get_majorticklocs()
        labels = zip(ticks, axis.get_major_formatter().format_ticks(ticks), strict=True)
        return max((width(label) for tick, label in labels if limits[0] <= tick <= limits[1]), default=0.0)

    rooms = [room(limits) for limits in tried]
    widest = max(rooms)
    scale.set(tried[rooms.index(widest)])
    return widest
