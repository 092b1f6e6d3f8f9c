"""The films that are compared, and the histories they are made of: from a fixed seed, the same for everyone."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

# Relative to the repository, in which all commands run: a reader can repeat them as they stand in RESULTS.md.
OUT = Path("benchmarks/out")
SAMPLES = 3
TWEEN = 10  # frames from row to row of a race

# Random walks where noise would be a thicket, and those of them that never go below zero where bars or areas are drawn.
_WALKS = ("trace", "scatter", "area", "bar", "race")
_ABOVE_ZERO = ("area", "bar", "race")
_NAMED = ("area", "bar", "race")
_SYLLABLES = [first + second for first in "bdfgklmnprst" for second in "aeiou"]

# What the kind alone does not say, for liveplot; the peers draw the same without being told.
_OPTIONS = {"hist": ("--bins", "30"), "heatmap": ("--shape", "64x64"), "race": ("--top", "10")}


@dataclass(frozen=True)
class Film:
    """One frame per row of a history, or ten from row to row of a race; its title counts the rows.

    `follow` says that the limits of its values follow what is shown.
    """

    kind: str
    rows: int
    columns: int
    size: tuple[int, int] = (640, 480)
    follow: bool = False

    @property
    def history(self) -> Path:
        """Where its history lies; films that differ in size or limits share one."""
        return OUT / f"{self.kind}-{self.rows}x{self.columns}.{'csv' if self.kind in _NAMED else 'npy'}"

    @property
    def name(self) -> str:
        """What tells its pictures from those of all other films."""
        return f"{self.history.stem}-{self.pixels}{'-follow' if self.follow else ''}"

    @property
    def pixels(self) -> str:
        """Its size as command lines take it."""
        return f"{self.size[0]}x{self.size[1]}"

    @property
    def options(self) -> tuple[str, ...]:
        """What liveplot is told beside kind and size."""
        return _OPTIONS.get(self.kind, ()) + (("--ylim", "follow") if self.follow else ())

    @property
    def frames(self) -> int:
        """How many pictures it has."""
        return TWEEN * (self.rows - 1) + 1 if self.kind == "race" else self.rows

    @property
    def samples(self) -> list[int]:
        """The frames that are looked at: the first, the last and one between."""
        return sorted({round(frame) for frame in np.linspace(0, self.frames - 1, SAMPLES)})

    def tenth(self) -> Film:
        """The same with a tenth of the rows, but not less than ten."""
        return replace(self, rows=max(self.rows // 10, min(self.rows, 10)))

    def write(self) -> None:
        """Write the history."""
        if self.history.exists():
            return
        values = self._values()
        if self.history.suffix == ".npy":
            np.save(self.history, values)
            return
        table = np.column_stack([np.arange(1, self.rows + 1), values])
        names = ",".join(["step", *_names(self.columns)])
        np.savetxt(self.history, table, fmt=["%d", *["%.6g"] * self.columns], delimiter=",", header=names, comments="")

    def bounds(self) -> tuple[float, float]:
        """Its smallest and its largest value."""
        values = np.load(self.history, mmap_mode="r")
        return float(values.min()), float(values.max())

    def _values(self) -> NDArray[np.float64]:
        noise = np.random.default_rng(0).normal(size=(self.rows, self.columns))
        if self.kind == "race":
            noise[0] *= 10  # who leads keeps the lead for a while
        walks = noise.cumsum(axis=0) if self.kind in _WALKS else noise
        return 100 * np.exp(walks / 20) if self.kind in _ABOVE_ZERO else walks

    def __str__(self) -> str:
        limits = ", limits that follow" if self.follow else ""
        return f"{self.kind}, {self.rows:,} x {self.columns:,}, {self.pixels}{limits}"


def _names(number: int) -> list[str]:
    """So many names, no two alike."""
    parts = len(_SYLLABLES)
    chosen = np.random.default_rng(0).choice(parts**3, number, replace=False).tolist()
    return [
        (_SYLLABLES[one // parts**2] + _SYLLABLES[one // parts % parts] + _SYLLABLES[one % parts]).title()
        for one in chosen
    ]
