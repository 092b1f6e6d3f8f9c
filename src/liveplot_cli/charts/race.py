"""The bar race: the highest values of each row as bars, which overtake one another from row to row."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from liveplot_cli.charts import Chart, Drawn
from liveplot_cli.errors import UsageError, quoted
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
_LONGEST_NAME, _SHORTEST_NAME = 24, 8  # characters
_NAMES_WIDE = 0.42  # of a picture, that names take up
_FIGURES = 3  # of the largest value, and of smaller ones that would read alike
_MOST_DECIMALS = 6  # of smaller ones
_UNITS = (1e12, " T"), (1e9, " B"), (1e6, " M")  # in which values are written that would take the bars' room
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
        from liveplot_cli import scale, style

        if axes.get_xscale() == "log":
            raise UsageError("a race's bars have no beginning on a logarithmic axis; leave logx out")
        (history,) = histories
        ranking = _Ranking(history, self.top)
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

    `colors` are numbers of colours of the palette by columns, `given` by names those that other panels have; the
    longest bar that comes into the lowest places is `lowest` parts of the longest there is then. Values of more
    `letters` are written in millions or more.
    """

    def __init__(self, ranking: _Ranking, given: dict[str, int], letters: float) -> None:
        import numpy as np

        from liveplot_cli import style

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
        self._write_in(1.0, "")
        if len(self.widest) > letters:
            self._write_in(*_unit(self.known))
        self.palette = style.colors(max(ranking.places, _COLORS, *(color + 1 for color in given.values())))
        self.colors = _colors(columns, ranking.history.columns, len(self.palette), given)

    def _write_in(self, unit: float, suffix: str) -> None:
        """Write values in a unit, with as many decimals as tell them apart in it."""
        self.unit, self.suffix = unit, suffix
        self.decimals = _decimals(self.known / unit)
        self.finest = self.decimals if self.decimals is None else _finest(self.values / unit, self.decimals)

    @property
    def widest(self) -> str:
        """The longest value as it is written."""
        import numpy as np

        small = self.known[np.abs(self.known) < self.unit]
        ends = [*(some(values) for values in (self.known, small) if len(values) for some in (np.min, np.max)), 0.0]
        return max(map(self.written, ends), key=len)

    def written(self, value: float) -> str:
        """A value, with as many decimals as all the others, or with more where small ones would read alike."""
        value /= self.unit
        if self.decimals is None or self.finest is None:
            return f"{value:.{_FIGURES - 1}e}".replace("-", "\N{MINUS SIGN}")
        decimals = self.decimals
        if self.finest > decimals and round(value, self.finest):
            decimals = min(max(decimals, _decimals_of(value)), self.finest)
        return f"{round(value, decimals) + 0.0:,.{decimals}f}{self.suffix}".replace("-", "\N{MINUS SIGN}")


def _lowest(ranking: _Ranking, position: float) -> float:
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
    used = Counter(colors.values())
    for column, its_own in rows.items():
        if column in colors:
            continue
        beside = Counter(colors[other] for other in columns[its_own].ravel().tolist() if other in colors)
        colors[column] = min(range(count), key=lambda color: (beside[color], used[color], color))
        used[colors[column]] += 1
        given[names[column]] = colors[column]
    return colors


def _unit(values: NDArray[Any]) -> tuple[float, str]:
    """Millions or more, in which the largest value has two figures at least and no value is too small to be told."""
    import numpy as np

    sizes = np.abs(values[values != 0])
    return next((unit for unit in _UNITS if sizes.max() >= 10 * unit[0] and sizes.min() >= unit[0] / 1000), (1.0, ""))


def _decimals(values: NDArray[Any]) -> int | None:
    """How many decimals tell values apart: none for whole numbers; None where they would be too many figures."""
    import numpy as np

    largest = float(np.abs(values).max(initial=0))
    if largest and not 1e-4 <= largest < 1e15:
        return None
    most = max(0, _FIGURES - 1 - math.floor(math.log10(largest or 1)))
    fitting = [number for number in range(most) if (np.round(values, number) == np.round(values, most)).all()]
    return fitting[0] if fitting else most


def _finest(values: NDArray[Any], decimals: int) -> int:
    """How many decimals tell small values apart, shape (rows, places), that so many would make equal in some row."""
    import numpy as np

    known = np.nan_to_num(values)
    short = np.array([float(f"{value:.{_FIGURES - 1}e}") for value in known.ravel().tolist()]).reshape(known.shape)
    short = np.round(short, _MOST_DECIMALS)
    read = np.round(known, decimals)
    alike = (np.diff(short, axis=1) != 0) & (np.diff(read, axis=1) == 0)
    if not (alike.any() or ((short != 0) & (read == 0)).any()):
        return decimals
    most = max(map(_decimals_of, short[short != 0].tolist()))
    finer = range(decimals, min(most, _MOST_DECIMALS))
    return next((number for number in finer if (np.round(short, number) == short).all()), min(most, _MOST_DECIMALS))


def _decimals_of(value: float) -> int:
    """How many decimals show a value's first figures."""
    return _FIGURES - 1 - math.floor(math.log10(abs(value)))


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
    fitting = max(2, min(5, int(style.points(axes)[0] / (6 * len(seen.widest) + 20))))
    whole = seen.finest == 0 and seen.unit == 1
    axes.xaxis.set_major_locator(MaxNLocator(nbins=fitting, integer=whole, steps=[1, 2, 2.5, 5, 10]))

    def written(value: float, _: int | None) -> str:
        text = f"{value / seen.unit + 0.0:,.12g}{seen.suffix if value else ''}"
        return text.replace("-", "\N{MINUS SIGN}")

    axes.xaxis.set_major_formatter(FuncFormatter(written))


def _size(axes: Axes, places: int) -> float:
    """How large words are beside so many bars, in points."""
    from liveplot_cli import style

    return max(_SMALLEST, min(_LARGEST, style.points(axes)[1] / places / 2))


def _counter(axes: Axes, history: History, seen: _Seen) -> Text | None:
    """A place for a large counter in the lower right corner, where the lowest bars and their values never reach it."""
    from liveplot_cli import style

    longest = max(len(style.legible(history.label(row))) for row in history.shown or range(len(history)))
    width, _ = style.points(axes)
    size = min(_COUNTER, _COUNTER_WIDE * width / (0.7 * longest))
    words = _GAP + _LETTER * len(seen.widest) * _size(axes, seen.values.shape[1])
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

    def __init__(self, axes: Axes, ranking: _Ranking, seen: _Seen) -> None:
        from matplotlib.collections import PolyCollection
        from matplotlib.transforms import ScaledTranslation, blended_transform_factory

        from liveplot_cli import style

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
