"""Points that move: two columns each, one for where it stands along x and one along y."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from liveplot_cli.charts import Chart, Drawn
from liveplot_cli.errors import DataError, quoted
from liveplot_cli.option import one_of, option

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from liveplot_cli.history import History

_BESIDE, _HALVES = "xyxy", "xxyy"
_FEW = 10  # points, the largest and the most opaque
_SOME = 300  # points, each drawn where it stands between pixels; more are drawn at whole ones, which is much faster
_LARGEST, _SMALLEST = 9, 1.2  # diameters in points of type
_TRAIL_OPACITY = 0.7
_FADES = 24  # steps, at least, in which a trail fades

# How a name says along which axis and of which point: `x`, `x_a`, `a x`; `theta7`, `Chile income`, `income Chile`.
_XY = (
    re.compile(r"(?P<axis>[xyXY])[ _.:/-]*(?P<point>.*)", re.DOTALL),
    re.compile(r"(?P<point>.+)[ _.:/-](?P<axis>[xyXY])", re.DOTALL),
)
_NAMES = (
    *_XY,
    re.compile(r"(?P<axis>\D+?)[ _.:/-]*(?P<point>\d+)", re.DOTALL),
    re.compile(r"(?P<point>.+)[ _.:/-](?P<axis>[^ _.:/-]+)", re.DOTALL),
    re.compile(r"(?P<axis>[^ _.:/-]+)[ _.:/-](?P<point>.+)", re.DOTALL),
)


def trail(text: str) -> int:
    """A number of rows, 1 or more."""
    if not (text.isascii() and text.isdigit() and len(text) < 16 and int(text) > 0):
        raise ValueError(f"{quoted(text)} is not a whole number of rows from 1 on")
    return int(text)


@dataclass(frozen=True)
class Scatter(Chart):
    """Points that move, two columns each."""

    pairs: str | None = option(
        None,
        "--pairs",
        group="Chart",
        metavar=f"{_BESIDE}|{_HALVES}",
        parse=one_of(_BESIDE, _HALVES),
        shown=f"by the columns' names, else {_BESIDE}",
        help="Which columns are a point's x and y: two neighbours, or one of either half (scatter).",
    )
    trail: int | None = option(
        None,
        "--trail",
        group="Chart",
        metavar="N",
        parse=trail,
        shown="none",
        help="Let each point draw its way through the last N rows behind it (scatter).",
    )

    @property
    def shows_a_row_alone(self) -> bool:
        """Whether points draw no trail."""
        return self.trail is None

    def draw(self, axes: Axes, histories: Sequence[History]) -> Drawn:
        """The points of each history in a colour, a few points of a single history in a colour each.

        Raises `DataError` for an odd number of columns.
        """
        from matplotlib import rcParams

        from liveplot_cli.drawing import scale, style

        found = [self._pairs(history) for history in histories]
        x = scale.on_axis(axes.xaxis, [_part(*one, "x") for one in zip(histories, found, strict=True)])
        y = scale.on_axis(axes.yaxis, [_part(*one, "y") for one in zip(histories, found, strict=True)])
        opacity = style.opacity(len(histories))
        if len(histories) == 1 and len(found[0].x) <= len(style.palette()):
            names, colors = found[0].points, style.colors(len(found[0].x))
            swarms = [_Swarm(axes, x[0], y[0], colors, self.trail, opacity)]
        else:
            names, colors = [history.name for history in histories], style.colors(len(histories))
            swarms = [
                _Swarm(axes, across, up, color[None], self.trail, opacity)
                for across, up, color in zip(x, y, colors, strict=True)
            ]
        axes.set_xlabel(style.legible(found[0].axes[0]))
        axes.set_ylabel(style.legible(found[0].axes[1]))
        axes.grid(visible=rcParams["axes.grid"])  # along both

        def update(position: float) -> Iterable[Artist]:
            return [artist for swarm in swarms for artist in swarm.show(position)]

        reach = scale.of_rows if self.trail is None else partial(scale.so_far, span=self.trail)
        series = [(name, _dot(color)) for name, color in zip(names, colors.tolist(), strict=False)]
        return Drawn(update, reach(x), reach(y), series[len(series) == 1 :])

    def _pairs(self, history: History) -> _Pairs:
        """Which columns belong together: as was asked, as their names tell, or else neighbours."""
        width = len(history.columns)
        if width % 2:
            fitting = f"{width - 1} or {width + 1}" if width > 1 else "2"
            raise DataError(
                f"{history.name}: points take two columns each, x and y, so {fitting} would fit and {width} will not; "
                "choose some, or let one label the rows"
            )
        found = _by_name(history) if self.pairs is None else None
        how = "by their names" if found else "by their places"
        found = found or _by_place(history, self.pairs or _BESIDE)
        x, y = (quoted(history.columns[numbers[0]]) for numbers in (found.x, found.y))
        import logging

        logging.getLogger(__name__).info("%s: columns paired %s, first x %s with y %s", history.name, how, x, y)
        return found


class _Pairs(NamedTuple):
    """The numbers of the columns for x and for y, what the axes are called, and the points where that is known."""

    x: Sequence[int]
    y: Sequence[int]
    axes: tuple[str, str]
    points: Sequence[str] = ()


def _by_place(history: History, way: str) -> _Pairs:
    """Columns paired by where they stand."""
    numbers = range(len(history.columns))
    half = len(numbers) // 2
    x, y = (numbers[::2], numbers[1::2]) if way == _BESIDE else (numbers[:half], numbers[half:])
    is_named = half == 1 and history.column_numbers is None
    return _Pairs(x, y, (history.columns[0], history.columns[1]) if is_named else ("x", "y"))


def _by_name(history: History) -> _Pairs | None:
    """Columns paired by their names, where each says which point it is of, and along which of two axes."""
    if history.column_numbers is not None:
        return None
    names = [name.strip() for name in history.columns]
    for form in _NAMES if len(names) > 2 else _XY:
        found: dict[str, dict[str, int]] = {}
        for number, name in enumerate(names):
            if part := form.fullmatch(name):
                found.setdefault(part["axis"], {})[part["point"]] = number
        counts = [len(points) for points in found.values()]
        if counts == [len(names) / 2] * 2:
            first, second = sorted(found, key=str.lower) if {axis.lower() for axis in found} == {"x", "y"} else found
            if found[first].keys() == found[second].keys():
                points = list(found[first])
                x, y = ([found[axis][point] for point in points] for axis in (first, second))
                return _Pairs(x, y, (first, second), points)
    return None


def _part(history: History, pairs: _Pairs, name: str) -> History:
    """The columns along an axis; raises `DataError` where they are all gaps."""
    try:
        return history.with_columns(getattr(pairs, name))
    except DataError:
        raise DataError(f"{history.name}: none of the columns for {name} has a finite value") from None


def _dot(color: Any) -> Artist:
    """What stands for a point in the legend."""
    from matplotlib.lines import Line2D

    return Line2D([], [], color=color, marker="o", linestyle="")


class _Swarm:
    """Points that move along x and y, in one colour or one each, and their trails."""

    def __init__(
        self, axes: Axes, x: History, y: History, colors: NDArray[Any], trail: int | None, opacity: float
    ) -> None:
        from matplotlib.collections import LineCollection

        from liveplot_cli.drawing import style

        self._x, self._y, self._colors, self._trail, self._opacity = x, y, colors, trail, opacity
        points = len(x.columns)
        crowd = max(1, points / _FEW)
        self._size = max(_SMALLEST, _LARGEST * crowd**-0.2)
        is_crowd = points > _SOME
        self._dots = axes.scatter([], [], s=self._size**2, linewidths=0 if is_crowd else 0.7, zorder=2)
        self._dots.set_facecolor(colors.tolist())
        self._dots.set_edgecolor("face" if is_crowd else style.paper())
        self._dots.set_alpha(opacity * crowd**-0.08)
        if not is_crowd:  # what differs among them keeps matplotlib from pasting one picture of a point at whole pixels
            self._dots.set_antialiased([True, True])
        self._trails: Any = LineCollection([], capstyle="butt", zorder=1.5)
        axes.add_collection(self._trails, autolim=False)

    def show(self, position: float) -> list[Artist]:
        """Move the points to a position, and draw the way they came."""
        self._dots.set_offsets(self._places(position))
        if self._trail is None:
            return [self._dots]
        self._draw_trails(position, self._trail)
        return [self._trails, self._dots]

    def _places(self, position: float) -> NDArray[Any]:
        """Where the points are, shape (points, 2)."""
        import numpy as np

        return np.column_stack([self._x.row(position), self._y.row(position)])

    def _draw_trails(self, position: float, rows: int) -> None:
        """The way through so many rows in pieces, one path a colour, the older the fainter and the thinner."""
        import numpy as np

        pieces = math.ceil(_FADES / rows) if len(self._x.columns) <= _SOME else 1  # between two rows
        start = max(0.0, position - rows)
        between = np.arange(math.floor(start * pieces) + 1, math.ceil(position * pieces)) / pieces
        times = np.array([start, *between, position])
        places = np.stack([self._places(time) for time in times.tolist()])
        gap = np.full_like(places[1:], np.nan)
        paths = np.stack([places[:-1], places[1:], gap], axis=2)
        youth = 1 - (position - (times[:-1] + times[1:]) / 2) / rows
        colors = np.repeat(self._colors[None], len(youth), axis=0)
        colors[..., 3] = (_TRAIL_OPACITY * self._opacity * youth**1.5)[:, None]
        self._trails.set_segments(paths.reshape(colors.shape[0] * colors.shape[1], -1, 2))
        self._trails.set_color(colors.reshape(-1, 4))
        self._trails.set_linewidth(np.repeat(self._size * (0.15 + 0.3 * youth), len(self._colors)))
