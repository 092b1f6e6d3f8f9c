"""How values are written beside what they measure: with as few figures as tell them apart."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

_FIGURES = 3  # of the largest value, and of smaller ones that would read alike
_MOST_DECIMALS = 6  # of smaller ones
_UNITS = (1e12, " T"), (1e9, " B"), (1e6, " M")  # in which values are written that would take the bars' room


class Notation:
    """How values are written that are seen together row by row, shape (rows, places), NaN where there is none.

    Those that would take more `letters` are written in a `unit` of a million or more, whose name is the `suffix`.
    """

    def __init__(self, values: NDArray[Any], letters: float) -> None:
        self._values, self._known = values, values[~np.isnan(values)]
        self._write_in(1.0, "")
        if len(self.widest) > letters:
            self._write_in(*_unit(self._known))

    def _write_in(self, unit: float, suffix: str) -> None:
        """Write values in a unit, with as many decimals as tell them apart in it."""
        self.unit, self.suffix = unit, suffix
        self.decimals = _decimals(self._known / unit)
        self.finest = self.decimals if self.decimals is None else _finest(self._values / unit, self.decimals)

    @property
    def widest(self) -> str:
        """The longest value as it is written."""
        small = self._known[np.abs(self._known) < self.unit]
        ends = [*(some(values) for values in (self._known, small) if len(values) for some in (np.min, np.max)), 0.0]
        return max(map(self.written, ends), key=len)

    @property
    def is_whole(self) -> bool:
        """Whether values are written as the whole numbers that they are."""
        return self.finest == 0 and self.unit == 1

    def of_tick(self, value: float) -> str:
        """A round number on an axis beside them."""
        text = f"{value / self.unit + 0.0:,.12g}{self.suffix if value else ''}"
        return text.replace("-", "\N{MINUS SIGN}")

    def written(self, value: float) -> str:
        """A value, with as many decimals as all the others, or with more where small ones would read alike."""
        value /= self.unit
        if self.decimals is None or self.finest is None:
            return f"{value:.{_FIGURES - 1}e}".replace("-", "\N{MINUS SIGN}")
        decimals = self.decimals
        if self.finest > decimals and round(value, self.finest):
            decimals = min(max(decimals, _decimals_of(value)), self.finest)
        return f"{round(value, decimals) + 0.0:,.{decimals}f}{self.suffix}".replace("-", "\N{MINUS SIGN}")


def _unit(values: NDArray[Any]) -> tuple[float, str]:
    """Millions or more, in which the largest value has two figures at least and no value is too small to be told."""
    sizes = np.abs(values[values != 0])
    largest, smallest = sizes.max(initial=0), sizes.min(initial=np.inf)
    return next((unit for unit in _UNITS if largest >= 10 * unit[0] and smallest >= unit[0] / 1000), (1.0, ""))


def _decimals(values: NDArray[Any]) -> int | None:
    """How many decimals tell values apart: none for whole numbers; None where they would be too many figures."""
    largest = float(np.abs(values).max(initial=0))
    if largest and not 1e-4 <= largest < 1e15:
        return None
    most = max(0, _FIGURES - 1 - math.floor(math.log10(largest or 1)))
    fitting = [number for number in range(most) if (np.round(values, number) == np.round(values, most)).all()]
    return fitting[0] if fitting else most


def _finest(values: NDArray[Any], decimals: int) -> int:
    """How many decimals tell small values apart, shape (rows, places), that so many would make equal in some row."""
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
