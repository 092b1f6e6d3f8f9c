"""What grows to the right with the rows: curves up to a position, their heads on the way to the next row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import matplotlib
import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgba_array
from numpy.typing import NDArray

from liveplot_cli.drawing.decimation import Decimation
from liveplot_cli.history import isolated

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D

Numbers = NDArray[np.float64]

_DOT = 5  # points across


class Curve:
    """Values over the places of their rows, shape (rows,) each, up to any position.

    One that is mostly gaps, as loggers write them, is joined across its gaps (`is_joined`).
    """

    def __init__(self, axes: Axes, places: Numbers, values: Numbers) -> None:
        known = ~np.isnan(values)
        sparse = 2 * np.count_nonzero(isolated(values)) > np.count_nonzero(known)
        self.is_joined = bool(sparse and not known.all())
        self._rows = np.flatnonzero(known) if sparse else np.arange(len(values))
        self._places, self._values = (places[known], values[known]) if sparse else (places, values)
        self._decimated = Decimation(axes, self._places)

    def until(self, position: float) -> tuple[Numbers, Numbers]:
        """Places and values up to a position, as many as pixels can show; the head, the last of them, is on its way."""
        shown = int(np.searchsorted(self._rows, position, side="right"))
        places, values = self._decimated(self._values[:shown])
        part = position % 1
        if part and 0 < shown < len(self._rows) and self._rows[shown] < position + 1:
            places = np.append(places, _between(self._places, shown, part))
            values = np.append(values, _between(self._values, shown, part))
        return places, values


class Line:
    """A curve as a line, with a dot at its head and at each value that stands between two gaps."""

    def __init__(self, axes: Axes, curve: Curve, **looks: Any) -> None:
        self._curve = curve
        self.artist: Line2D
        (self.artist,) = axes.plot([], [], marker="o", markersize=_DOT, **looks)

    def grow(self, position: float) -> Line2D:
        """Show it up to a position."""
        places, values = self._curve.until(position)
        self.artist.set_data(places, values)
        self.artist.set_markevery(_marked(values))
        return self.artist


class Bundle:
    """Many curves as one collection of lines, and their dots as another: half the time of a line for each."""

    def __init__(self, axes: Axes, curves: Sequence[Curve], colors: Sequence[Any], dashes: Sequence[str], alpha: float):
        settings: Any = matplotlib.rcParams
        self._curves, self._colors = curves, to_rgba_array(colors, alpha)
        self._lines: Any = LineCollection(
            [], colors=self._colors, linestyles=dashes, linewidths=settings["lines.linewidth"], zorder=2,
            joinstyle=settings["lines.solid_joinstyle"],
        )  # fmt: skip
        axes.add_collection(self._lines, autolim=False)
        self._dots = axes.scatter([], [], s=_DOT**2, linewidths=0, zorder=2.1)

    def grow(self, position: float) -> list[Artist]:
        """Show them up to a position."""
        shown = [np.column_stack(curve.until(position)) for curve in self._curves]
        self._lines.set_segments(shown)
        marked = [_marked(points[:, 1]) for points in shown]
        self._dots.set_offsets(np.concatenate([points[at] for points, at in zip(shown, marked, strict=True)]))
        self._dots.set_facecolor(np.repeat(self._colors, [len(at) for at in marked], axis=0).tolist())
        return [self._lines, self._dots]


def _marked(values: Numbers) -> list[int]:
    """Where a dot stands: at the head, and at each value between two gaps."""
    return [*np.flatnonzero(isolated(values)).tolist(), *range(len(values))[-1:]]


def between(lower: tuple[Numbers, Numbers], upper: tuple[Numbers, Numbers]) -> list[Numbers]:
    """What lies between two curves up to a position: polygons of shape (corners, 2), several where both have gaps.

    The last of them ends with a vertical edge.
    """
    below, above = np.column_stack(lower), np.column_stack(upper)
    known = ~np.isnan(below).any(axis=1)
    ends = np.flatnonzero(np.diff(known, prepend=False, append=False))
    return [
        np.concatenate([below[start:stop], above[start:stop][::-1]])
        for start, stop in zip(ends[::2], ends[1::2], strict=True)
    ]


def _between(values: Numbers, number: int, part: float) -> float:
    return float(values[number - 1] * (1 - part) + values[number] * part)
