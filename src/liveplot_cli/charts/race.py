"""The bar race: the highest values of each row as bars, which overtake one another from row to row."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from liveplot_cli.charts import Chart, Drawn
from liveplot_cli.errors import quoted
from liveplot_cli.option import option

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.text import Text
    from numpy.typing import NDArray

    from liveplot_cli.history import History

_BROAD = 0.78  # of the way from one bar to the next
_GAP = 5  # points between a bar and its words
_LARGEST, _SMALLEST = 11, 4  # points that words are high
_OVER_THE_EDGE = 0.3  # of a place, beyond which words would stand over the lower edge
_LONGEST_NAME = 24  # characters
_FIGURES = 3  # of the largest value
_COLORS = 10  # that names share, where no more of them are in view at a time
_COUNTER, _COUNTER_WIDE = 44, 0.34  # points at most, and of the width of the axes
_CORNER_HIGH, _CORNER_FREE = 0.25, 0.55  # of the height, and of the longest bar


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
        """The bars of one history, the highest on top; a gap has no place, and of equals the first is before."""
        from liveplot_cli import scale

        (history,) = scale.on_axis(axes.xaxis, histories)
        ranking = _Ranking(history, self.top)
        seen = _Seen(ranking)
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
            counter=_counter(axes, history) if seen.leaves_a_corner and axes.get_xscale() != "log" else None,
        )


class _Standing(NamedTuple):
    """Columns in view, the last upon the others, each with its place (0 is the highest) and its value."""

    columns: NDArray[Any]
    places: NDArray[Any]
    values: NDArray[Any]


class _Ranking:
    """Which columns have the highest values at each row, and where they are on the way to the next.

    `places` is how many places are in view; what has none stands at the one below.
    """

    def __init__(self, history: History, top: int) -> None:
        self.history = history
        self.places = min(top, len(history.columns))
        self.highest = lru_cache(maxsize=4)(self._highest)
        self._both = lru_cache(maxsize=4)(self._at_both)

    def at(self, position: float) -> _Standing:
        """What is in view at a position: values go straight from row to row, places start and arrive slowly."""
        before = math.floor(position)
        part = position - before
        columns, places, values = self._both(before, math.ceil(position))
        slowly = part * part * (3 - 2 * part)
        return _Standing(
            columns, places[0] * (1 - slowly) + places[1] * slowly, values[0] * (1 - part) + values[1] * part
        )

    def _highest(self, row: int) -> tuple[NDArray[Any], NDArray[Any]]:
        """The columns of the highest values, the first before all, and the values of all columns."""
        import numpy as np

        values = self.history.row(row)
        known = np.flatnonzero(~np.isnan(values))
        if len(known) > self.places:
            least = np.partition(values[known], -self.places)[-self.places]
            known = known[values[known] >= least]
        return known[np.argsort(-values[known], kind="stable")][: self.places], values

    def _at_both(self, before: int, after: int) -> _Standing:
        """Places and values at two rows, shape (2, columns), of those that are in view at either."""
        import numpy as np

        ends = [self.highest(before), self.highest(after)]
        columns = np.unique(np.concatenate([highest for highest, _ in ends]))
        places = np.full((2, len(columns)), self.places)
        for end, (highest, _) in zip(places, ends, strict=True):
            end[np.searchsorted(columns, highest)] = np.arange(len(highest))
        values = np.stack([every[columns] for _, every in ends])
        values = np.where(np.isnan(values), values[::-1], values)  # beside a gap a bar keeps its length
        order = np.argsort(-places[1], kind="stable")
        return _Standing(columns[order], places[:, order], values[:, order])


class _Seen:
    """What will be seen in all the film: the highest values of each row, shape (rows, places), and who has them.

    `colors` are numbers of colours of the palette by columns.
    """

    def __init__(self, ranking: _Ranking) -> None:
        import numpy as np

        from liveplot_cli import style

        rows = ranking.history.shown or range(len(ranking.history))
        self.values = np.full((len(rows), ranking.places), np.nan)
        columns = np.full(self.values.shape, -1)
        for number, row in enumerate(rows):
            highest, values = ranking.highest(row)
            self.values[number, : len(highest)] = values[highest]
            columns[number, : len(highest)] = highest
        self.known = self.values[~np.isnan(self.values)]
        self.decimals = _decimals(self.known)
        self.palette = style.colors(max(ranking.places, _COLORS))
        self.colors = _colors(columns, len(self.palette))

    @property
    def leaves_a_corner(self) -> bool:
        """Whether the lowest bars are always much shorter than the highest."""
        import numpy as np

        places = self.values.shape[1]
        lowest = self.values[:, places - math.ceil(places * _CORNER_HIGH) :]
        first = self.values[:, :1]
        with np.errstate(invalid="ignore"):
            return places > 1 and not (lowest > _CORNER_FREE * first).any() and not (self.known < 0).any()

    @cached_property
    def widest(self) -> str:
        """The longest value as it is written."""
        return max(map(self.written, (self.known.min(initial=0), self.known.max(initial=0))), key=len)

    def written(self, value: float) -> str:
        """A value, with as many decimals as all the others."""
        if self.decimals is None:
            return f"{value:.{_FIGURES - 1}e}".replace("-", "\N{MINUS SIGN}")
        return f"{round(value, self.decimals) + 0.0:,.{self.decimals}f}".replace("-", "\N{MINUS SIGN}")


def _colors(columns: NDArray[Any], count: int) -> dict[int, int]:
    """The colour of each column, one of so many: that which is least seen beside it, in all the film.

    `columns` are those in view at each row, shape (rows, places), -1 where there is none.
    """
    rows: dict[int, list[int]] = {}
    for row, some in enumerate(columns.tolist()):
        for column in some:
            rows.setdefault(column, []).append(row)
    rows.pop(-1, None)
    colors: dict[int, int] = {}
    used: Counter[int] = Counter()
    for column, its_own in rows.items():
        beside = Counter(colors[other] for other in columns[its_own].ravel().tolist() if other in colors)
        colors[column] = min(range(count), key=lambda color: (beside[color], used[color], color))
        used[colors[column]] += 1
    return colors


def _decimals(values: NDArray[Any]) -> int | None:
    """How many decimals tell values apart: none for whole numbers; None where they would be too many figures."""
    import numpy as np

    largest = float(np.abs(values).max(initial=0))
    if largest and not 1e-4 <= largest < 1e15:
        return None
    most = max(0, _FIGURES - 1 - math.floor(math.log10(largest or 1)))
    fitting = [number for number in range(most) if (np.round(values, number) == np.round(values, most)).all()]
    return fitting[0] if fitting else most


def _set_up(axes: Axes, places: int, seen: _Seen) -> None:
    """Places from the top down, and a quiet axis over them, no more labels on it than fit."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    from liveplot_cli import style

    axes.set(yscale="linear", ylim=(places - 0.5, -0.5), yticks=[])
    axes.grid(visible=False)
    axes.grid(visible=True, axis="x")
    axes.spines[:].set_visible(False)
    axes.xaxis.tick_top()
    axes.xaxis.set_label_position("top")
    axes.tick_params(axis="x", length=0, labelsize=9)
    if axes.get_xscale() != "log":
        fitting = max(2, min(5, int(style.points(axes)[0] / (6 * len(seen.widest) + 20))))
        axes.xaxis.set_major_locator(MaxNLocator(nbins=fitting, integer=seen.decimals == 0, steps=[1, 2, 2.5, 5, 10]))
        axes.xaxis.set_major_formatter(
            FuncFormatter(lambda value, _: f"{value + 0.0:,.12g}".replace("-", "\N{MINUS SIGN}"))
        )


def _counter(axes: Axes, history: History) -> Text:
    """A place for a large counter in the lower right corner, beneath the bars."""
    from liveplot_cli import style

    longest = max(len(style.legible(history.label(row))) for row in history.shown or range(len(history)))
    size = min(_COUNTER, _COUNTER_WIDE * style.points(axes)[0] / (0.7 * longest))
    counter = axes.text(
        1, 0.02, "", transform=axes.transAxes, size=size, weight="bold", color=style.rule(), ha="right", va="baseline",
        zorder=1.5,
    )  # fmt: skip
    counter.set_in_layout(False)
    return counter


class _Bars:
    """The bars in view with their names and values, each of which travels with its bar."""

    def __init__(self, axes: Axes, ranking: _Ranking, seen: _Seen) -> None:
        from matplotlib.collections import PolyCollection
        from matplotlib.transforms import ScaledTranslation, blended_transform_factory

        from liveplot_cli import style

        self._axes, self._ranking, self._seen = axes, ranking, seen
        self._name = lru_cache(maxsize=1024)(
            lambda column: style.legible(ranking.history.columns[column], _LONGEST_NAME)
        )
        figure: Any = axes.get_figure(root=True)
        size = max(_SMALLEST, min(_LARGEST, style.points(axes)[1] / ranking.places / 2))
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
        longest = max((self._name(column) for column in seen.colors), key=self._width, default="")
        axes.text(0, 0, longest, alpha=0, **name)
        axes.text(1, 0, seen.widest, alpha=0, **value | {"transform": edge + right})
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
        corners[:, :2, 0] = low if self._axes.get_xscale() == "log" else 0
        corners[:, 2:, 0] = values[:, None]
        corners[:, [0, 3], 1] = places[:, None] - half
        corners[:, [1, 2], 1] = places[:, None] + half
        self._bars.set_verts(corners)
        palette, colors = self._seen.palette, self._seen.colors
        self._bars.set_facecolor(palette[[colors.get(column, column) % len(palette) for column in columns.tolist()]])
        ends = np.clip(np.maximum(values, 0), low, high)
        # Words that stand at quarters of a pixel are made of fewer pictures of letters.
        levels = _stepped(places, 0, self._ranking.places / (4 * self._axes.bbox.height))
        if self._axes.get_xscale() != "log":
            ends = _stepped(ends, low, (high - low) / (4 * self._axes.bbox.width))
        order = np.argsort(columns).tolist()
        for slot, (name, value) in enumerate(zip(self._names, self._values, strict=True)):
            at = order[slot] if slot < len(order) else None
            in_view = at is not None and bool(places[at] <= self._ranking.places - 0.5 - _OVER_THE_EDGE)
            name.set_visible(in_view)
            value.set_visible(in_view)
            if at is not None and in_view:
                name.set_text(self._name(columns[at]))
                name.set_y(levels[at])
                value.set_text(self._seen.written(values[at]))
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
