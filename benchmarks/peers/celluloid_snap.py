"""celluloid as its README shows it: plot, snap, animate; a title that changes is a text, for titles it can't keep."""

from __future__ import annotations

from celluloid import Camera
from matplotlib.animation import ArtistAnimation
from task import Task, asked


def animation(task: Task) -> ArtistAnimation:
    """One row at a time, against the columns."""
    figure, axes = task.axes()
    axes.set_ylim(*task.limits)
    camera = Camera(figure)
    for row in task.frames:
        axes.plot(task.values[row], color="C0")
        axes.text(0.5, 1.02, task.title(row), ha="center", size="large", transform=axes.transAxes)
        camera.snap()
    film: ArtistAnimation = camera.animate(interval=50)
    return film


if __name__ == "__main__":
    given = asked()
    given.save(animation(given))
