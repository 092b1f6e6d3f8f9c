"""The films that are compared, and the histories they are made of: noise from a fixed seed, the same for everyone."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

# Relative to the repository, in which all commands run: a reader can repeat them as they stand in RESULTS.md.
OUT = Path("benchmarks/out")
SAMPLES = 3


@dataclass(frozen=True)
class Film:
    """One frame per row of a history; its title counts the rows."""

    kind: str
    rows: int
    columns: int
    size: tuple[int, int] = (640, 480)

    @property
    def history(self) -> Path:
        """Where its history lies; films that differ in size share one."""
        return OUT / f"{self.kind}-{self.rows}x{self.columns}.npy"

    @property
    def pixels(self) -> str:
        """Its size as command lines take it."""
        return f"{self.size[0]}x{self.size[1]}"

    @property
    def samples(self) -> list[int]:
        """The rows whose pictures are looked at: the first, the last and one between."""
        return sorted({round(row) for row in np.linspace(0, self.rows - 1, SAMPLES)})

    def tenth(self) -> Film:
        """The same with a tenth of the rows, but not less than ten."""
        return replace(self, rows=max(self.rows // 10, min(self.rows, 10)))

    def write(self) -> None:
        """Write the history: independent noise for a line, random walks for traces, which would else be a thicket."""
        if not self.history.exists():
            noise = np.random.default_rng(0).normal(size=(self.rows, self.columns))
            np.save(self.history, noise.cumsum(axis=0) if self.kind == "trace" else noise)

    def bounds(self) -> tuple[float, float]:
        """Its smallest and its largest value."""
        values = np.load(self.history, mmap_mode="r")
        return float(values.min()), float(values.max())

    def __str__(self) -> str:
        return f"{self.kind}, {self.rows:,} x {self.columns:,}, {self.pixels}"
