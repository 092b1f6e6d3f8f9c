"""A scene: the chart of a history on a figure, moved to any position and drawn with what moved alone."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.ticker import AutoLocator, FixedFormatter, FuncFormatter

from liveplot_cli.drawing import legend, style, theme, ticker
from liveplot_cli.drawing.blit import Blit
from liveplot_cli.drawing.fonts import to_install
from liveplot_cli.drawing.layout import Layout, shown_ticks
from liveplot_cli.drawing.scale import Held, Reach, Scale
from liveplot_cli.errors import UsageError
from liveplot_cli.film import Pixels
from liveplot_cli.history import History
from liveplot_cli.look import DPI, Look
from liveplot_cli.timing import Moment, common_measure, ticks

if TYPE_CHECKING:
    from matplotlib.animation import FuncAnimation
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.text import Text

    from liveplot_cli.charts import Chart, Drawn


_log = logging.getLogger(__name__)

_DIRECTIONS = {"x": "horizontal", "y": "vertical"}
_SHAPE = 1  # width to height of a panel
_TALKATIVE = ("charts", "drawing", "formats", "scene")


class Scene:
    """A chart of histories with its words, on a figure of its own or on one that is given (a window's).

    The histories lie upon one another or, in a grid, beside one another; a shorter one holds its last row. `positions`
    are those that will be drawn, by themselves all rows. Histories that are `growing` can be renewed. So many inches
    `below` are left free for others. Build and draw it inside `style.applied()`. The layout is fixed once, so that
    nothing wobbles from frame to frame.
    """

    def __init__(
        self, histories: Sequence[History], chart: Chart, look: Look, positions: Sequence[float] = (),
        figure: Figure | None = None, *, growing: bool = False, below: float = 0.0,
    ) -> None:  # fmt: skip
        self.histories = histories
        self._chart, self._look, self._positions, self._growing = chart, look, positions, growing
        self._below = below
        self.figure = figure or _agg_figure(look)
        if figure is None:
            # The layout is the same for any, but letters' widths depend on it a little.
            self.figure.dpi = DPI * look.zoom
        self._blit = Blit(self.figure)
        self._build()
        if figure is None:
            self.figure.dpi = look.dpi * look.zoom

    def _build(self) -> None:
        """Put all there is on the figure."""
        look, histories = self._look, self.histories
        self._find_shapes()
        self._held: dict[tuple[str, int], Held] = {}
        self._is_settled = True
        panels = self._panels()
        self._axes = [axes for axes, _ in panels]
        drawn = self._draw_charts(panels)
        self._label_axes()
        series = dict(series for one in drawn for series in one.series)
        names = legend.Series(list(series.items()), is_stack=any(one.is_stack for one in drawn))
        called = [history.name for history in histories]
        self._layout = Layout(
            self._axes, look, self._told, names, self._inside(drawn), called,
            growing=self._growing, below=self._below,
        )  # fmt: skip
        most = theme.most_ticks(look.theme)
        if most is not None:
            for axis in self._both_axes():
                ticker.limit_ticks(axis, most)
        # Spines lie on the edge of the data's area: below the data, they need not be drawn again for every frame.
        for axes in self._axes:
            for spine in axes.spines.values():
                spine.set_zorder(1)
        for artist in self.update(self._last):
            artist.set_animated(True)
        self.fix_layout()

    def _draw_charts(self, panels: Sequence[tuple[Axes, Sequence[History]]]) -> list[Drawn]:
        """Have the chart draw on the axes, each with its histories, and find their scales."""
        before = set(_children(self.figure))
        drawn = [self._chart.draw(axes, shown) for axes, shown in panels]
        self._of_charts = [artist for artist in _children(self.figure) if artist not in before]
        self._last = max(map(len, self.histories)) - 1
        self._movers = [one.update for one in drawn]
        self._scales = self._scale_axes("x", [one.x for one in drawn]) + self._scale_axes("y", [one.y for one in drawn])
        colored = [one.colors for one in drawn if one.colors is not None]
        if colored:
            bars, reaches = [one.bar for one in colored], [one.reach for one in colored]
            held = self._hold("clim", 0)
            self._scales.append(Scale(bars, "y", reaches, colored[0].asked, self._shown, "clim", held))
        return drawn

    def renew(self, histories: Sequence[History], chart: Chart | None = None, *, settled: bool = True) -> None:
        """Show histories that have grown instead: charts are drawn anew, what stands around them stays if it can.

        What does not move is drawn again only where limits or ticks have changed, and the layout is found anew only
        where labels need more room than they have, or the histories have other columns. The first may wait for
        `settle`, unless all is to be `settled` at once.
        """
        is_alike = _form(histories) == _form(self.histories) and all(axes in self._axes for axes in self.figure.axes)
        is_alike = is_alike and chart in (None, self._chart)
        self.histories, self._chart = histories, chart or self._chart
        before = self._background()
        if not is_alike or not self._replace_charts():
            self.figure.clear()
            self._build()
            return
        moving = self.update(self._last)
        for artist in moving:
            artist.set_animated(True)
        if self._background() == before and set(self._of_charts) <= set(moving):
            self.figure.stale = False
        else:
            self._is_settled = False
        if settled:
            self.settle()

    def forget(self) -> None:
        """Hold no limits and no colours any more: what comes is another history, though perhaps of the same columns."""
        self._held.clear()
        style.forget_colors(self.figure)

    def settle(self) -> bool:
        """Give labels the room that they lack since the histories have grown; says whether that changes the picture."""
        if self._is_settled:
            return False
        self._is_settled = True
        lack = not self._layout.suits()
        if lack:
            self.fix_layout()
        return lack or self.figure.stale

    def _replace_charts(self) -> bool:
        """Draw the charts anew on the axes as they stand; False where they stand otherwise for these histories."""
        ticks, labels = self._ticks(), self._labels()
        for artist in self._of_charts:
            artist.remove()
        for axes in self._axes:
            axes.set_prop_cycle(None)
        for axis, (_, formatter) in zip(self._both_axes(), ticks, strict=True):
            if isinstance(formatter, FuncFormatter | FixedFormatter):  # which name the rows there were
                axis.set_major_locator(AutoLocator())
                ticker.write_out(axis)
        with without_notes():
            drawn = self._draw_charts(list(zip(self._axes, self._shares(), strict=True)))
        inside = self._inside(drawn)
        if (inside is None) != self._layout.is_beside:  # the chart has no place for it any more, or has now
            return False
        self._layout.renew(self._told, inside)
        for axis, (locator, formatter), label in zip(self._both_axes(), ticks, labels, strict=True):
            if not isinstance(formatter, FuncFormatter | FixedFormatter):
                axis.set_major_locator(locator)
                axis.set_major_formatter(formatter)
            axis.set_label_text(label)
        return True

    def _background(self) -> object:
        """What the background shows that depends on the histories."""
        return [shown_ticks(axis) for axis in self._both_axes()], self._layout.still

    def _both_axes(self) -> list[Any]:
        return [axis for axes in self._axes for axis in (axes.xaxis, axes.yaxis)]

    def _ticks(self) -> list[tuple[Any, Any]]:
        return [(axis.get_major_locator(), axis.get_major_formatter()) for axis in self._both_axes()]

    def _labels(self) -> list[str]:
        return [axis.get_label_text() for axis in self._both_axes()]

    @property
    def _told(self) -> History:
        """The history that the words are filled in from."""
        name = ", ".join(history.name for history in self.histories)
        return replace(max(self.histories, key=len), name=name)

    def _inside(self, drawn: Sequence[Drawn]) -> Text | None:
        return None if self._is_grid else drawn[0].counter

    def __reduce__(self) -> tuple[Callable[..., Scene], tuple[object, ...]]:
        """Travel to another process as what it is made of, and be drawn there in the same looks."""
        return _rebuilt, (self.histories, self._chart, self._look, self._positions)

    def update(self, position: float) -> Sequence[Artist]:
        """Move the chart and its words to a position; hands back the artists that moved, in the order to draw them."""
        for scale in self._scales:
            scale.move(position)
        moved = [artist for update in self._movers for artist in update(position)]
        moved += self._layout.move(position)
        return sorted(moved, key=attrgetter("zorder"))

    def draw(self, position: float, above: Sequence[Artist] = ()) -> None:
        """Draw a position on the figure's canvas: the background only where it changed, what moved, what lies above."""
        self._blit.draw([*self.update(position), *above])

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
    def title(self) -> str:
        """The title as it stands, in one line; nothing where there is none."""
        return self._layout.title

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
        self._layout.fix(self._scales)
        self._blit.forget()

    def _panels(self) -> list[tuple[Axes, Sequence[History]]]:
        """The axes, each with the histories that are drawn on it."""
        look, shares = self._look, self._shares()
        columns = _columns(len(shares), look.size)
        rows = -(-len(shares) // columns)
        panels = [(self.figure.add_subplot(rows, columns, number + 1), shown) for number, shown in enumerate(shares)]
        for axes, _ in panels:
            for axis, is_logarithmic in ((axes.xaxis, look.logx), (axes.yaxis, look.logy)):
                (ticker.make_logarithmic if is_logarithmic else ticker.write_out)(axis)
        return panels

    def _shares(self) -> list[Sequence[History]]:
        """The histories of each panel."""
        return [[history] for history in self.histories] if self._is_grid else [self.histories]

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

    def _scale_axes(self, name: str, reaches: Sequence[Reach | None]) -> list[Scale]:
        """The scales of the axes of a direction, one for those panels that measure the same.

        There is none where an axis has no numbers. Raises `UsageError` if any are asked of it then.
        """
        groups: dict[object, list[tuple[Axes, Reach]]] = {}
        for axes, reach in zip(self._axes, reaches, strict=True):
            if reach is not None:
                groups.setdefault(ticker.measure(getattr(axes, f"{name}axis")), []).append((axes, reach))
        if groups:
            asked = getattr(self._look, f"{name}lim")
            return [
                Scale(
                    [axes for axes, _ in group], name, [reach for _, reach in group], asked, self._shown,
                    held=self._hold(name, number),
                )
                for number, group in enumerate(groups.values())
            ]  # fmt: skip
        for option in (f"{name}lim", f"log{name}"):
            if getattr(self._look, option):
                kind = type(self._chart).__name__.lower()
                raise UsageError(f"the {_DIRECTIONS[name]} axis of a {kind} has no numbers, and takes no {option}")
        return []

    def _hold(self, name: str, number: int) -> Held | None:
        """Where a scale keeps its limits, if the histories grow."""
        return self._held.setdefault((name, number), Held()) if self._growing else None

    @property
    def _shown(self) -> Sequence[float]:
        """The positions that will be drawn."""
        return self._positions or range(self._last + 1)

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


@contextmanager
def without_notes() -> Iterator[None]:
    """Let charts say nothing: of a history that grows they would say the same for each picture."""
    with ExitStack() as silent:
        for name in _TALKATIVE:
            silent.enter_context(style.silent(f"liveplot_cli.{name}"))
        yield


def _form(histories: Sequence[History]) -> list[object]:
    """What histories have in common that differ only by their rows."""
    return [
        (history.name, list(history.columns), history.index_name, history.labels.dtype.kind) for history in histories
    ]


def _children(figure: Figure) -> list[Artist]:
    """What has been put on a figure and on its axes."""
    return [child for parent in (figure, *figure.axes) for child in parent.get_children()]


def _columns(panels: int, size: tuple[int, int]) -> int:
    """How many panels stand in a row, so that each is about as wide as it is high."""
    width, height = size

    def misfit(columns: int) -> float:
        rows = -(-panels // columns)
        return abs(math.log(width / columns / (height / rows) / _SHAPE)) + 0.3 * (rows * columns - panels)

    return min(range(1, panels + 1), key=misfit)


def _agg_figure(look: Look) -> Figure:
    width, height = look.pixels
    dots = look.dpi * look.zoom
    # A hair more than the pixels asked for, or 641/100*100 = 640.99… would be cut down to 640.
    figure = Figure(figsize=((width + 1e-3) / dots, (height + 1e-3) / dots), dpi=dots)
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
