"""The floor: what a GIF by matplotlib and Pillow can't do without, and nothing more.

For each row the moved artists are drawn on the restored background, and ready-made palette indices of a changed
rectangle are compressed by Pillow's coder: nothing looks at the pixels, nothing compares, maps or packs them.
`python floor.py history.npy out.npz` makes the indices before, `python floor.py history.npy out.gif` is what is timed.
What it writes is as long as a film, but none.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import cycle, pairwise
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from numpy.typing import NDArray
from PIL import Image
from task import Task, asked

READY = 8  # frames

Indices = NDArray[np.uint8]


def scene(task: Task) -> tuple[Any, Callable[[int], None]]:
    """A canvas, and what draws a row on it with matplotlib's own blitting."""
    figure, axes = task.axes()
    canvas: Any = FigureCanvasAgg(figure)
    (line,) = axes.plot(task.values[0], animated=True)
    axes.set_ylim(*task.limits)
    title = axes.set_title("", animated=True)
    canvas.draw()
    background = canvas.copy_from_bbox(figure.bbox)

    def draw(row: int) -> None:
        line.set_ydata(task.values[row])
        title.set_text(task.title(row))
        canvas.restore_region(background)
        axes.draw_artist(line)
        axes.draw_artist(title)

    return canvas, draw


def compress(indices: Indices) -> bytes:
    """LZW by Pillow's C coder, called as its GIF plugin calls it."""
    image = Image.fromarray(indices)
    coder = Image._getencoder("L", "gif", ("L",), ())
    coder.setimage(image.im, (0, 0, *image.size))
    parts = []
    done = 0
    while not done:
        _, done, part = coder.encode(1 << 16)
        parts.append(part)
    return b"".join(parts)


def prepare(task: Task) -> None:
    """Save the palette indices of a few frames, each the rectangle in which it differs from the one before."""
    canvas, draw = scene(task)
    pictures = []
    for row in range(READY + 1):
        draw(row)
        pictures.append(np.array(canvas.buffer_rgba())[..., :3])
    palette = Image.fromarray(np.concatenate(pictures)).quantize(255)
    ready = []
    for before, picture in pairwise(pictures):
        changed = (picture != before).any(axis=2)
        rows, columns = np.flatnonzero(changed.any(axis=1)), np.flatnonzero(changed.any(axis=0))
        indices = np.asarray(Image.fromarray(picture).quantize(palette=palette, dither=Image.Dither.NONE))
        ready.append(indices[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1])
    np.savez(task.path, *ready)


def film(task: Task, ready: Path) -> None:
    """Draw every row and write as many compressed rectangles."""
    _, draw = scene(task)
    with np.load(ready) as kept:
        indices = cycle([np.ascontiguousarray(kept[name]) for name in kept.files])
    with task.path.open("wb") as file:
        for row in task.frames:
            draw(row)
            file.write(compress(next(indices)))


if __name__ == "__main__":
    given = asked()
    if given.path.suffix == ".npz":
        prepare(given)
    else:
        film(given, given.path.with_suffix(".npz"))
