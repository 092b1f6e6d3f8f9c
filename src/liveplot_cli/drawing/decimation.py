"""Lines of more points than a picture has pixels, reduced to what it can show of them, no spike lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from liveplot_cli.history import isolated

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Numbers = NDArray[np.float64]

_FEW = 8  # points for each column of pixels: fewer are drawn as they are


class Decimation:
    """Reduces what is drawn over these places, shape (points,), on these axes; places that fall are left alone."""

    def __init__(self, axes: Axes, places: Numbers) -> None:
        self._axes = axes
        self._places = places
        self._rising = bool((places[1:] >= places[:-1]).all())

    def __call__(self, values: Numbers) -> tuple[Numbers, Numbers]:
        """Places and values to draw for the values over the first places, shape (n,) with n <= points.

        Few are as they are. Of many there are the first, lowest, highest and last in each column of the axes' pixels:
        the M4 aggregation of Jugel et al., "M4: A Visualization-Oriented Time Series Data Aggregation",
        https://doi.org/10.14778/2732951.2732953.
        """
        places = self._places[: len(values)]
        columns = max(1, round(self._axes.bbox.width))
        if len(values) <= _FEW * columns or not self._rising:
            return places, values
        starts = np.searchsorted(places, self._edges(columns))
        # With a point on each side of what is seen, from which and to which the line goes.
        begin, end = max(0, starts[0] - 1), min(len(values), starts[-1] + 1)
        places, values = places[begin:end], values[begin:end]
        firsts = np.unique(np.append(starts - begin, 0).clip(0, len(values) - 1))
        lasts = np.append(firsts[1:], len(values)) - 1
        lowest, highest = _bounds(values, firsts)
        start, last = values[firsts], values[lasts]
        if np.isnan(start).any() or np.isnan(last).any():
            # One value alone between gaps: not several on top of one another, or it would not be known for one.
            lone = np.add.reduceat(~np.isnan(values), firsts, dtype=np.intp) == 1
            lone &= np.logical_or.reduceat(isolated(values), firsts)
            start[lone] = highest[lone] = last[lone] = np.nan
        left, right = places[firsts], places[lasts]
        middle = (left + right) / 2
        # A column that only rises or falls is a slope and no step.
        lowest_at, highest_at = (
            np.where(bound == start, left, np.where(bound == last, right, middle)) for bound in (lowest, highest)
        )
        falls = highest_at < lowest_at
        one, two = np.minimum(lowest_at, highest_at), np.maximum(lowest_at, highest_at)
        return (
            np.column_stack([left, one, two, right]).ravel(),
            np.column_stack([start, np.where(falls, highest, lowest), np.where(falls, lowest, highest), last]).ravel(),
        )

    def _edges(self, columns: int) -> Numbers:
        """The places between the columns of pixels, shape (columns + 1,)."""
        box = self._axes.bbox
        pixels = np.column_stack([np.linspace(box.x0, box.x1, columns + 1), np.full(columns + 1, box.y0)])
        return np.sort(self._axes.transData.inverted().transform(pixels)[:, 0])


def _bounds(values: Numbers, firsts: NDArray[np.intp]) -> tuple[Numbers, Numbers]:
    """The lowest and highest value of each run that begins at one of the firsts, gaps left out of account."""
    with np.errstate(invalid="ignore"):
        lowest = np.minimum.reduceat(values, firsts)
        if np.isnan(lowest).any():
            return np.fmin.reduceat(values, firsts), np.fmax.reduceat(values, firsts)
        return lowest, np.maximum.reduceat(values, firsts)
