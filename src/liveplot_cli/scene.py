"""A scene: the chart of a history on a figure, moved to any position and drawn with what moved alone."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from operator import attrgetter
from typing import TYPE_CHECKING

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from liveplot_cli import style, words
from liveplot_cli.blit import Blit
from liveplot_cli.film import Pixels
from liveplot_cli.fonts import to_install
from liveplot_cli.history import History
from liveplot_cli.look import Look
from liveplot_cli.timing import Moment, common_measure, ticks
from liveplot_cli.words import Words

if TYPE_CHECKING:
    from matplotlib.animation import FuncAnimation
    from matplotlib.artist import Artist

    from liveplot_cli.charts import Chart


_log = logging.getLogger(__name__)


class Scene:
    """A chart of a history with its words, on a figure of its own or on one that is given (a window's).

    Build and draw it inside `style.applied()`. The layout is fixed once, so that nothing wobbles from frame to frame.
    """

    def __init__(self, history: History, chart: Chart, look: Look, figure: Figure | None = None) -> None:
        self.history = history
        self._chart, self._look = chart, look
        self.figure = figure or _agg_figure(look)
        self._find_shapes()
        axes = self.figure.add_subplot()
        self._move_chart = chart.draw(axes, history)
        axes.set_xlim(*style.limits(look.xlim, axes.get_xlim()))
        axes.set_ylim(*style.limits(look.ylim, axes.get_ylim()))
        if look.xlabel is not None:
            axes.set_xlabel(style.legible_lines(look.xlabel))
        if look.ylabel is not None:
            axes.set_ylabel(style.legible_lines(look.ylabel))
        self._words = [
            Words(axes.set_title("", loc="left"), words.title(look.title), history),
            Words(
                axes.set_title("", loc="right", color=style.MUTED, size=10, weight="normal"),
                words.counter(look.title, history),
                history,
            ),
        ]
        # Spines lie on the edge of the data's area: below the data, they need not be drawn again for every frame.
        for spine in axes.spines.values():
            spine.set_zorder(1)
        self._blit = Blit(self.figure)
        for artist in self.update(len(history) - 1):
            artist.set_animated(True)
        self.fix_layout()

    def __reduce__(self) -> tuple[Callable[..., Scene], tuple[History, Chart, Look]]:
        """Travel to another process as what it is made of, and be drawn there in the same looks."""
        return _rebuilt, (self.history, self._chart, self._look)

    def update(self, position: float) -> Sequence[Artist]:
        """Move the chart and its words to a position; hands back the artists that moved, in the order to draw them."""
        moved = list(self._move_chart(position))
        moved += [text.artist for text in self._words if text.move(position)]
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
        title.stand_in()
        line = title.height
        self._lay_out()
        title.fit(self.figure.axes[0].get_window_extent().width - counter.width)
        if title.height > line:
            self._lay_out()
        self._blit.forget()

    def _lay_out(self) -> None:
        self.figure.set_layout_engine("constrained")
        engine = self.figure.get_layout_engine()
        assert engine is not None  # it has just been set
        with warnings.catch_warnings():  # a picture too small for its words keeps matplotlib's plain margins
            warnings.simplefilter("ignore")
            engine.execute(self.figure)
        self.figure.set_layout_engine("none")

    def _find_shapes(self) -> None:
        """Use any font installed here that has shapes which ours lacks; what no font has is told, once."""
        history, look = self.history, self._look
        labels = history.labels.tolist() if history.labels.dtype.kind == "U" else ()
        asked = (look.title, look.xlabel, look.ylabel)
        words = [history.name, history.index_name, *history.columns, *labels, *filter(None, asked)]
        lacking = style.use_fonts_for("".join(words))
        if lacking:
            _log.warning(
                "%s: no font here has shapes for some characters, boxes stand for them; install %s",
                history.name, to_install(lacking),
            )  # fmt: skip


def _agg_figure(look: Look) -> Figure:
    width, height = look.size
    # A hair more than the pixels asked for, or 641/100*100 = 640.99… would be cut down to 640.
    figure = Figure(figsize=((width + 1e-3) / look.dpi, (height + 1e-3) / look.dpi), dpi=look.dpi)
    FigureCanvasAgg(figure)
    return figure


_looks = ExitStack()


def _rebuilt(history: History, chart: Chart, look: Look) -> Scene:
    """A scene in a worker process, which draws nothing else: the looks stay on as long as it lives.

    What there is to say of it was said where it was first built.
    """
    logging.getLogger("liveplot_cli").setLevel(logging.ERROR)
    _looks.enter_context(style.applied())
    return Scene(history, chart, look)
