"""Rankings: which columns have the highest values at each row, and where they are on the way to the next."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from liveplot_cli.history import History


class Standing(NamedTuple):
    """Columns in view, the last upon the others, each with its place (0 is the highest) and its value."""

    columns: NDArray[Any]
    places: NDArray[Any]
    values: NDArray[Any]


class Ranking:
    """Which columns have the highest values at each row, and where they are on the way to the next.

    `places` is how many places are in view; what has none stands at the one below.
    """

    def __init__(self, history: History, top: int) -> None:
        self.history = history
        self.places = min(top, len(history.columns))
        self.highest = lru_cache(maxsize=4)(self._highest)
        self._both = lru_cache(maxsize=4)(self._at_both)

    def at(self, position: float) -> Standing:
        """What is in view at a position: values go straight from row to row, places start and arrive slowly."""
        before = math.floor(position)
        part = position - before
        columns, places, values = self._both(before, math.ceil(position))
        slowly = part * part * (3 - 2 * part)
        return Standing(
            columns, places[0] * (1 - slowly) + places[1] * slowly, values[0] * (1 - part) + values[1] * part
        )

    def _highest(self, row: int) -> tuple[NDArray[Any], NDArray[Any]]:
        """The columns of the highest values, the first before all, and the values of all columns."""
        values = self.history.row(row)
        known = np.flatnonzero(~np.isnan(values))
        if len(known) > self.places:
            least = np.partition(values[known], -self.places)[-self.places]
            known = known[values[known] >= least]
        return known[np.argsort(-values[known], kind="stable")][: self.places], values

    def _at_both(self, before: int, after: int) -> Standing:
        """Places and values at two rows, shape (2, columns), of those that are in view at either."""
        ends = [self.highest(before), self.highest(after)]
        columns = np.unique(np.concatenate([highest for highest, _ in ends]))
        places = np.full((2, len(columns)), self.places)
        for end, (highest, _) in zip(places, ends, strict=True):
            end[np.searchsorted(columns, highest)] = np.arange(len(highest))
        values = np.stack([every[columns] for _, every in ends])
        values = np.where(np.isnan(values), values[::-1], values)  # beside a gap a bar keeps its length
        order = np.argsort(-places[1], kind="stable")
        return Standing(columns[order], places[:, order], values[:, order])
