"""The bar race: the highest values of each row as bars, which overtake one another from row to row."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from liveplot_cli.charts import Chart, Drawn
from liveplot_cli.errors import UsageError, quoted
from liveplot_cli.option import option

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.text import Text
    from numpy.typing import NDArray

    from liveplot_cli.drawing.ranking import Ranking
    from liveplot_cli.history import History

_BROAD = 0.78  # of the way from one bar to the next
_GAP = 5  # points between a bar and its words
_LARGEST, _SMALLEST = 11, 4  # points that words are high
_OVER_THE_EDGE = 0.3  # of a place, beyond which words would stand over the lower edge
_LONGEST_NAME, _SHORTEST_NAME = 24, 8  # characters
_NAMES_WIDE = 0.42  # of a picture, that names take up
_MOST_ROOM = 0.27  # of the width, that values in full may take
_LETTER = 0.62  # of the size of words, that a letter is wide
_COLORS = 10  # that names share, where no more of them are in view at a time
_COUNTER, _COUNTER_WIDE = 44, 0.34  # points at most, and of the width of the axes
_CORNER_HIGH = 0.25  # of the height
_WAYPOINTS = 0.25, 0.5, 0.75  # of the way from row to row, where bars may be that are there at neither


def top(text: str) -> int:
    """A number of bars, 1 or more."""
    if not (text.isascii() and text.isdigit() and len(text) < 16 and int(text)):
        raise ValueError(f"{quoted(text)} is not a whole number of bars from 1 on")
    return int(text)


@dataclass(frozen=True)
class Race(Chart):
    """The highest values of each row as bars that overtake one another, with their names and values."""

    overlays: ClassVar[bool] = False
    ease: ClassVar[str] = "linear"

    top: int = option(10, "--top", group="Chart", metavar="N", parse=top, help="How many bars are in view (race).")

    def draw(self, axes: Axes, histories: Sequence[History]) -> Drawn:
        """The bars of one history, the highest on top; a gap has no place, and of equals the first is before.

        Raises `UsageError` for a logarithmic axis, on which bars have no length.
        """
        from liveplot_cli.drawing import scale, style
        from liveplot_cli.drawing.ranking import Ranking

        if axes.get_xscale() == "log":
            raise UsageError("a race's bars have no beginning on a logarithmic axis; leave logx out")
        (history,) = histories
        ranking = Ranking(history, self.top)
        letters = _MOST_ROOM * style.points(axes)[0] / (_LETTER * _size(axes, ranking.places))
        seen = _Seen(ranking, style.given_colors(axes), letters)
        _set_up(axes, ranking.places, seen)
        bars = _Bars(axes, ranking, seen)
        return Drawn(
            bars.move,
            x=scale.Reach(
                scale.bounds_of(seen.values),
                at=lambda position: scale.bounds_of(ranking.at(position).values),
                sample=lambda: seen.known,
                margin=0.02,
                base=0,
                how="follow",
            ),
            counter=_counter(axes, history, seen),
        )


class _Seen:
    """What will be seen in all the film: the highest values of each row, shape (rows, places), and who has them.

    `colors` are numbers of colours of the palette by columns, `given` by names those that other panels have; the
    longest bar that comes into the lowest places is `lowest` parts of the longest there is then. Values of more
    `letters` are written in millions or more.
    """

    def __init__(self, ranking: Ranking, given: dict[str, int], letters: float) -> None:
        import numpy as np

        from liveplot_cli.drawing import style
        from liveplot_cli.drawing.notation import Notation

        rows = ranking.history.shown or range(len(ranking.history))
        self.values = np.full((len(rows), ranking.places), np.nan)
        columns = np.full(self.values.shape, -1)
        self.lowest = 0.0
        for number, row in enumerate(rows):
            highest, values = ranking.highest(row)
            self.values[number, : len(highest)] = values[highest]
            columns[number, : len(highest)] = highest
            on_the_way = [row - 1 + part for part in _WAYPOINTS] if number and rows[number - 1] == row - 1 else []
            self.lowest = max(self.lowest, *(_lowest(ranking, position) for position in (row, *on_the_way)))
        self.known = self.values[~np.isnan(self.values)]
        self.notation = Notation(self.values, letters)
        self.palette = style.colors(max(ranking.places, _COLORS, *(color + 1 for color in given.values())))
        self.colors = _colors(columns, ranking.history.columns, len(self.palette), given)


def _lowest(ranking: Ranking, position: float) -> float:
    """How long the longest bar in the lowest places is, as a part of the longest; 1 where some go to the left."""
    import numpy as np

    _, places, values = ranking.at(position)
    values = values[places < ranking.places]
    places = places[places < ranking.places]
    if ranking.places == 1 or (values < 0).any():
        return 1.0
    low = values[places > ranking.places - math.ceil(ranking.places * _CORNER_HIGH) - 1]
    longest = values.max(initial=0)
    return float(np.max(low, initial=0) / longest) if longest else 0.0


def _colors(columns: NDArray[Any], names: Sequence[str], count: int, given: dict[str, int]) -> dict[int, int]:
    """The colour of each column, one of so many: its name's, or that which is least seen beside it, in all the film.

    `columns` are those in view at each row, shape (rows, places), -1 where there is none. Colours go to `given`.
    """
    rows: dict[int, list[int]] = {}
    for row, some in enumerate(columns.tolist()):
        for column in some:
            rows.setdefault(column, []).append(row)
    rows.pop(-1, None)
    colors = {column: given[names[column]] for column in rows if names[column] in given}
    used = Counter(given.values())
    for column, its_own in rows.items():
        if column in colors:
            continue
        beside = Counter(colors[other] for other in columns[its_own].ravel().tolist() if other in colors)
        colors[column] = min(range(count), key=lambda color: (beside[color], used[color], color))
        used[colors[column]] += 1
        given[names[column]] = colors[column]
    return colors


def _set_up(axes: Axes, places: int, seen: _Seen) -> None:
    """Places from the top down, and a quiet axis over them, no more labels on it than fit."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    from liveplot_cli.drawing import style

    axes.set(yscale="linear", ylim=(places - 0.5, -0.5), yticks=[])
    axes.grid(visible=False)
    axes.grid(visible=True, axis="x")
    axes.spines[:].set_visible(False)
    axes.xaxis.tick_top()
    axes.xaxis.set_label_position("top")
    axes.tick_params(axis="x", length=0, labelsize=9)
    fitting = max(2, min(5, int(style.points(axes)[0] / (6 * len(seen.notation.widest) + 20))))
    whole = seen.notation.is_whole
    axes.xaxis.set_major_locator(MaxNLocator(nbins=fitting, integer=whole, steps=[1, 2, 2.5, 5, 10]))

    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: seen.notation.of_tick(value)))


def _size(axes: Axes, places: int) -> float:
    """How large words are beside so many bars, in points."""
    from liveplot_cli.drawing import style

    return max(_SMALLEST, min(_LARGEST, style.points(axes)[1] / places / 2))


def _counter(axes: Axes, history: History, seen: _Seen) -> Text | None:
    """A place for a large counter in the lower right corner, where the lowest bars and their values never reach it."""
    from liveplot_cli.drawing import style

    longest = max(len(style.legible(history.label(row))) for row in history.shown or range(len(history)))
    width, _ = style.points(axes)
    size = min(_COUNTER, _COUNTER_WIDE * width / (0.7 * longest))
    words = _GAP + _LETTER * len(seen.notation.widest) * _size(axes, seen.values.shape[1])
    if seen.lowest * width + words > width - 0.7 * longest * size:
        return None
    counter = axes.text(
        1, 0.02, "", transform=axes.transAxes, size=size, weight="bold", color=style.rule(), ha="right", va="baseline",
        zorder=1.5,
    )  # fmt: skip
    counter.set_in_layout(False)
    return counter


class _Bars:
    """The bars in view with their names and values, each of which travels with its bar."""

    def __init__(self, axes: Axes, ranking: Ranking, seen: _Seen) -> None:
        from matplotlib.collections import PolyCollection
        from matplotlib.transforms import ScaledTranslation, blended_transform_factory

        from liveplot_cli.drawing import style

        self._axes, self._ranking, self._seen = axes, ranking, seen
        figure: Any = axes.get_figure(root=True)
        size = _size(axes, ranking.places)
        fitting = int(_NAMES_WIDE * 72 * figure.get_size_inches()[0] / (_LETTER * size))
        longest = max(_SHORTEST_NAME, min(_LONGEST_NAME, fitting))
        self._written = style.legible_names(ranking.history.columns, longest)
        edge = blended_transform_factory(axes.transAxes, axes.transData)
        down = -0.36 * size / 72  # half as much as a figure is high
        left, right = (ScaledTranslation(gap / 72, down, figure.dpi_scale_trans) for gap in (-_GAP, _GAP))
        name: dict[str, Any] = {"size": size, "ha": "right", "zorder": 3, "transform": edge + left}
        value = name | {"ha": "left", "color": style.muted(), "transform": axes.transData + right}
        slots = range(min(2 * ranking.places, len(ranking.history.columns)))
        self._names = [axes.text(0, 0, "", **name) for _ in slots]
        self._values = [axes.text(0, 0, "", **value) for _ in slots]
        self._bars: Any = PolyCollection([], linewidth=0, zorder=2)
        self._bars.set_snap(False)  # on whole pixels, heights would flicker on the way
        axes.add_collection(self._bars, autolim=False)
        # The longest name and value, which are not to be seen, make room for all.
        widest = max((self._written[column] for column in seen.colors), key=self._width, default="")
        axes.text(0, 0, widest, alpha=0, **name)
        axes.text(1, 0, seen.notation.widest, alpha=0, **value | {"transform": edge + right})
        for text in (*self._names, *self._values):
            text.set_in_layout(False)

    def _width(self, name: str) -> float:
        self._names[0].set_text(name)
        return self._names[0].get_window_extent().width

    def move(self, position: float) -> Iterable[Artist]:
        """Put bars and words where they are at a position; what has no place in view is not to be seen."""
        import numpy as np

        columns, places, values = self._ranking.at(position)
        places, half = self._on_pixels(places)
        low, high = self._axes.get_xlim()
        corners = np.empty((len(columns), 4, 2))
        corners[:, :2, 0] = 0
        corners[:, 2:, 0] = values[:, None]
        corners[:, [0, 3], 1] = places[:, None] - half
        corners[:, [1, 2], 1] = places[:, None] + half
        self._bars.set_verts(corners)
        palette, colors = self._seen.palette, self._seen.colors
        self._bars.set_facecolor(palette[[colors.get(column, column) % len(palette) for column in columns.tolist()]])
        ends = np.clip(np.maximum(values, 0), low, high)
        # Words that stand at quarters of a pixel are made of fewer pictures of letters.
        levels = _stepped(places, 0, self._ranking.places / (4 * self._axes.bbox.height))
        ends = _stepped(ends, low, (high - low) / (4 * self._axes.bbox.width))
        order = np.argsort(columns).tolist()
        for slot, (name, value) in enumerate(zip(self._names, self._values, strict=True)):
            at = order[slot] if slot < len(order) else None
            in_view = at is not None and bool(places[at] <= self._ranking.places - 0.5 - _OVER_THE_EDGE)
            name.set_visible(in_view)
            value.set_visible(in_view)
            if at is not None and in_view:
                name.set_text(self._written[columns[at]])
                name.set_y(levels[at])
                value.set_text(self._seen.notation.written(values[at]))
                value.set_position((ends[at], levels[at]))
        return [self._bars, *self._names, *self._values]

    def _on_pixels(self, places: NDArray[Any]) -> tuple[NDArray[Any], float]:
        """The nearest places at which the long edges of bars lie on whole pixels, and half of what a bar is broad.

        So bars are equally sharp and equally broad wherever they are, and words rise and fall without a shimmer.
        """
        import numpy as np

        box = self._axes.bbox
        pitch = box.height / self._ranking.places
        broad = max(1, round(_BROAD * pitch))
        lower = np.round(box.y1 - (places + 0.5) * pitch - broad / 2)
        return (box.y1 - lower - broad / 2) / pitch - 0.5, broad / pitch / 2


def _stepped(numbers: NDArray[Any], start: float, step: float) -> NDArray[Any]:
    """The nearest numbers so many steps from a start."""
    stepped: NDArray[Any] = start + ((numbers - start) / step).round() * step
    return stepped
