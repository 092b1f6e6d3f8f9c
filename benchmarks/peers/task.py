"""What every peer written in Python is asked for, and the writers they save with.

`python funcanimation.py history.npy film.gif` makes a film. `... frames/ --frames 0,99` saves single frames as PNG,
drawn the same way by the same code, for comparison with the film.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.animation import AbstractMovieWriter, Animation, FFMpegWriter, PillowWriter
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

mpl.use("Agg")  # no window system is looked for

FPS, DPI = 20, 100
TWEEN = 10  # frames from row to row of a race


@dataclass(frozen=True)
class Task:
    """A film to make: its values and their names, what to draw of them, and where it goes."""

    values: NDArray[np.float64]
    names: Sequence[str]
    path: Path
    kind: str
    size: tuple[int, int]
    frames: Sequence[int]
    follow: bool = False
    pyplot: bool = False

    def axes(self) -> tuple[Figure, Axes]:
        """A figure of the task's size with axes on it.

        Not from pyplot: its figures have an Agg canvas from the first, on which `Animation.save` draws every frame
        twice, once to show it and once to save it. A bare figure gets its canvas when it is saved.
        """
        size: dict[str, Any] = {"figsize": (self.size[0] / DPI, self.size[1] / DPI), "dpi": DPI}
        if self.pyplot:
            import matplotlib.pyplot as plt

            return plt.subplots(**size)
        figure = Figure(**size)
        return figure, figure.add_subplot()

    @property
    def limits(self) -> tuple[float, float]:
        """One scale for all frames."""
        return float(self.values.min()), float(self.values.max())

    def title(self, frame: int) -> str:
        """The words over a frame."""
        row = frame // TWEEN if self.kind == "race" else frame
        return f"row {row + 1} of {len(self.values)}"

    def save(self, animation: Animation) -> None:
        """Save with matplotlib's writer for the path."""
        animation.save(self.path, writer=_writer(self.path))


def asked() -> Task:
    """The task of the command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("history", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--kind", default="line")
    parser.add_argument("--size", default="640x480")
    parser.add_argument("--frames", help="frames to draw, such as 0,99; all by itself")
    parser.add_argument("--follow", action="store_true", help="let the limits of the values follow what is shown")
    parser.add_argument("--pyplot", action="store_true", help="draw on pyplot's figure")
    given = parser.parse_args()
    values, names = _read(given.history)
    width, height = map(int, given.size.split("x"))
    count = TWEEN * (len(values) - 1) + 1 if given.kind == "race" else len(values)
    frames = [int(frame) for frame in given.frames.split(",")] if given.frames else range(count)
    return Task(values, names, given.out, given.kind, (width, height), frames, given.follow, given.pyplot)


def _read(path: Path) -> tuple[NDArray[np.float64], Sequence[str]]:
    """The values of a history, and the columns' names: their numbers where it has none."""
    if path.suffix == ".npy":
        values = np.load(path)
        return values, [str(column) for column in range(values.shape[1])]
    with path.open(encoding="utf-8") as file:
        _, *names = file.readline().strip().split(",")
        return np.loadtxt(file, delimiter=",")[:, 1:], names


def _writer(path: Path) -> AbstractMovieWriter:
    """PillowWriter and FFMpegWriter as they are by themselves."""
    if path.suffix == ".gif":
        return PillowWriter(fps=FPS)
    if path.suffix == ".mp4":
        return FFMpegWriter(fps=FPS)
    return _Pictures(fps=FPS)


class _Pictures(AbstractMovieWriter):
    """A folder of numbered PNG pictures, without loss."""

    def setup(self, fig: Figure, outfile: str | Path, dpi: float | None = None) -> None:
        super().setup(fig, outfile, dpi)
        self._written = 0

    def grab_frame(self, **savefig_kwargs: Any) -> None:
        self._written += 1
        self.fig.savefig(Path(self.outfile) / f"{self._written:05}.png", dpi=self.dpi)

    def finish(self) -> None:
        pass
