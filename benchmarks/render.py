"""Our renders against matplotlib's own way, side by side in one run: `make bench`.

Each pair is the same film: 640x480, a noisy line of 100 columns (or five growing traces), a title that counts the rows.
The peer is `FuncAnimation.save` written well: artists updated, never made anew. Whole processes' work without start-up.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from matplotlib.animation import FFMpegWriter, FuncAnimation, PillowWriter
from matplotlib.figure import Figure

import liveplot_cli

ROWS, COLUMNS, FPS, ROUNDS = 100, 100, 20, 3


def peer(values: np.ndarray, path: Path) -> None:
    """The film as people write it with matplotlib alone."""
    figure = Figure(figsize=(6.4, 4.8), dpi=100)
    axes = figure.add_subplot()
    (line,) = axes.plot(values[0])
    axes.set_ylim(values.min(), values.max())
    title = axes.set_title("")

    def update(row: int) -> list[object]:
        line.set_ydata(values[row])
        title.set_text(f"row {row + 1} of {len(values)}")
        return [line, title]

    animation = FuncAnimation(figure, update, frames=len(values), blit=True)
    writer = PillowWriter(fps=FPS) if path.suffix == ".gif" else FFMpegWriter(fps=FPS)
    animation.save(path, writer=writer)


def ours(values: np.ndarray, path: Path) -> None:
    """The same film with liveplot."""
    liveplot_cli.render(values, path, kind="line", title="row {row} of {rows}", fps=FPS)


def seconds(work: Callable[[np.ndarray, Path], None], values: np.ndarray, path: Path) -> float:
    start = time.perf_counter()
    work(values, path)
    return time.perf_counter() - start


def main() -> None:
    values = np.random.default_rng(0).normal(size=(ROWS, COLUMNS))
    with tempfile.TemporaryDirectory() as folder:
        for suffix in ("gif", "mp4"):
            paths = Path(folder) / f"peer.{suffix}", Path(folder) / f"ours.{suffix}"
            pairs = [(seconds(peer, values, paths[0]), seconds(ours, values, paths[1])) for _ in range(ROUNDS)]
            ratio = statistics.median(theirs / own for theirs, own in pairs)
            own = statistics.median(own for _, own in pairs) / ROWS * 1000
            theirs = statistics.median(theirs for theirs, _ in pairs) / ROWS * 1000
            size = paths[1].stat().st_size / paths[0].stat().st_size
            print(
                f"{suffix}: FuncAnimation.save {theirs:5.1f} ms a frame, liveplot {own:4.1f} ms: "
                f"{ratio:4.1f} times as fast, {size:.2f} of the bytes"
            )


if __name__ == "__main__":
    main()
