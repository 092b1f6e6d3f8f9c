"""`FuncAnimation` written well: artists are made once and updated, with `blit=True`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.animation import FuncAnimation
from matplotlib.artist import Artist
from task import Task, asked


def line(task: Task) -> FuncAnimation:
    """One row at a time, against the columns."""
    figure, axes = task.axes()
    (drawn,) = axes.plot(task.values[0])
    axes.set_ylim(*task.limits)
    title = axes.set_title(task.title(0))

    def update(row: int) -> Sequence[Artist]:
        drawn.set_ydata(task.values[row])
        title.set_text(task.title(row))
        return drawn, title

    return FuncAnimation(figure, update, frames=task.rows, interval=50, blit=True)


def trace(task: Task) -> FuncAnimation:
    """Each column grows to the right with the rows."""
    figure, axes = task.axes()
    drawn = axes.plot(task.values)
    axes.set_ylim(*task.limits)
    axes.legend(drawn, [str(column) for column in range(len(drawn))], loc="upper left")
    title = axes.set_title(task.title(0))
    places = np.arange(len(task.values))

    def update(row: int) -> Sequence[Artist]:
        for column, one in enumerate(drawn):
            one.set_data(places[: row + 1], task.values[: row + 1, column])
        title.set_text(task.title(row))
        return *drawn, title

    return FuncAnimation(figure, update, frames=task.rows, interval=50, blit=True)


def animation(task: Task) -> FuncAnimation:
    """The film of a task."""
    return line(task) if task.kind == "line" else trace(task)


if __name__ == "__main__":
    given = asked()
    given.save(animation(given))
