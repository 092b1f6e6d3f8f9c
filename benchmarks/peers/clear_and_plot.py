"""The source notebook's loop as a `FuncAnimation`: each update clears the axes and plots a row anew."""

from __future__ import annotations

from matplotlib.animation import FuncAnimation
from task import Task, asked


def animation(task: Task) -> FuncAnimation:
    """One row at a time, against the columns."""
    figure, axes = task.axes()
    limits = task.limits

    def update(row: int) -> None:
        axes.clear()
        axes.plot(task.values[row])
        axes.set_ylim(*limits)
        axes.set_title(task.title(row))

    return FuncAnimation(figure, update, frames=task.frames, interval=50)


if __name__ == "__main__":
    given = asked()
    given.save(animation(given))
