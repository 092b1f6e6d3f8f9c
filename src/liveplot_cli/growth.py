"""What grows to the right with the rows: curves up to a position, their heads on the way to the next row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from liveplot_cli.decimation import Decimation
from liveplot_cli.history import isolated

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D

Numbers = NDArray[np.float64]


class Curve:
    """Values over the places of their rows, shape (rows,) each, up to any position.

    One that is mostly gaps, as loggers write them, is joined across its gaps (`is_joined`).
    """

    def __init__(self, axes: Axes, places: Numbers, values: Numbers) -> None:
        known = ~np.isnan(values)
        sparse = 2 * np.count_nonzero(isolated(values)) > np.count_nonzero(known)
        self.is_joined = bool(sparse and not known.all())
        self._rows = np.flatnonzero(known) if sparse else np.arange(len(values))
        self._places, self._values = places[self._rows], values[self._rows]
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
        (self.artist,) = axes.plot([], [], marker="o", markersize=5, **looks)

    def grow(self, position: float) -> Line2D:
        """Show it up to a position."""
        places, values = self._curve.until(position)
        self.artist.set_data(places, values)
        self.artist.set_markevery([*np.flatnonzero(isolated(values)).tolist(), *range(len(values))[-1:]])
        return self.artist


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
