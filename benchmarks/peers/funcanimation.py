"""`FuncAnimation` written well: artists are made once and updated, with `blit=True`.

Each kind of chart puts its artists on the axes, and hands back what moves them to a frame and says which moved.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from matplotlib.animation import FuncAnimation
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from numpy.typing import NDArray
from task import TWEEN, Task, asked

Show = Callable[[int], Sequence[Artist]]

BINS, POINTS = 30, 320
TOP = 10  # bars of a race
RIDGES = 24


def line(task: Task, axes: Axes) -> Show:
    """One row at a time, against the columns."""
    (drawn,) = axes.plot(task.values[0])
    axes.set_ylim(*task.limits)

    def show(row: int) -> Sequence[Artist]:
        drawn.set_ydata(task.values[row])
        if task.follow:
            axes.set_ylim(task.values[row].min(), task.values[row].max())
        return [drawn]

    return show


def trace(task: Task, axes: Axes) -> Show:
    """Each column grows to the right with the rows."""
    drawn = axes.plot(task.values)
    axes.set_ylim(*task.limits)
    axes.legend(drawn, task.names, loc="upper left")
    places = np.arange(len(task.values))
    lows = np.minimum.accumulate(task.values.min(axis=1))
    highs = np.maximum.accumulate(task.values.max(axis=1))

    def show(row: int) -> Sequence[Artist]:
        for column, one in enumerate(drawn):
            one.set_data(places[: row + 1], task.values[: row + 1, column])
        if task.follow:
            axes.set_ylim(lows[row], highs[row])
        return drawn

    return show


def hist(task: Task, axes: Axes) -> Show:
    """The values of one row at a time in bins, all of them one artist."""
    edges = np.linspace(*task.limits, BINS + 1)
    counts = np.array([np.histogram(row, edges)[0] for row in task.values])
    drawn = axes.stairs(counts[0], edges, fill=True)
    axes.set_ylim(0, 1.05 * counts.max())

    def show(row: int) -> Sequence[Artist]:
        drawn.set_data(counts[row])
        return [drawn]

    return show


def bar(task: Task, axes: Axes) -> Show:
    """A bar for each column."""
    drawn = axes.bar(task.names, task.values[0])
    axes.tick_params(axis="x", rotation=90)
    axes.figure.subplots_adjust(bottom=0.2)
    axes.set_ylim(0, 1.05 * task.values.max())

    def show(row: int) -> Sequence[Artist]:
        for one, height in zip(drawn, task.values[row], strict=True):
            one.set_height(height)
        return drawn.patches

    return show


def race(task: Task, axes: Axes) -> Show:
    """The highest values as bars with names and numbers, each made once and hidden while it is not among them."""
    order = np.argsort(-task.values, axis=1, kind="stable")
    ranks = np.minimum(np.argsort(order, axis=1), TOP)
    values, places = _tween(task.values), _tween(ranks)
    columns = np.flatnonzero((ranks < TOP).any(axis=0)).tolist()
    bars = axes.barh(range(len(columns)), [0] * len(columns), color=[f"C{number}" for number in range(len(columns))])
    beside = axes.get_yaxis_transform()
    names = [axes.text(-0.01, 0, task.names[column], ha="right", va="center", transform=beside) for column in columns]
    numbers = [axes.text(0, 0, "", ha="left", va="center") for _ in columns]
    axes.set_ylim(TOP - 0.5, -0.5)
    axes.set_yticks([])
    axes.figure.subplots_adjust(left=0.15)

    def show(frame: int) -> Sequence[Artist]:
        for column, drawn, name, number in zip(columns, bars, names, numbers, strict=True):
            place, value = places[frame, column], values[frame, column]
            for one in (drawn, name, number):
                one.set_visible(place < TOP - 0.5)
            drawn.set(y=place - drawn.get_height() / 2, width=value)
            name.set_y(place)
            number.set(position=(value, place), text=f" {value:,.0f}")
        axes.set_xlim(0, 1.1 * values[frame].max())
        return *bars, *names, *numbers

    return show


def scatter(task: Task, axes: Axes) -> Show:
    """Points, each a pair of columns."""
    points = task.values.reshape(len(task.values), -1, 2)
    drawn = axes.scatter(*points[0].T)
    axes.set_xlim(points[..., 0].min(), points[..., 0].max())
    axes.set_ylim(points[..., 1].min(), points[..., 1].max())

    def show(row: int) -> Sequence[Artist]:
        drawn.set_offsets(points[row])
        return [drawn]

    return show


def heatmap(task: Task, axes: Axes) -> Show:
    """Each row as a square picture, with a colour bar."""
    side = round(task.values.shape[1] ** 0.5)
    pictures = task.values.reshape(-1, side, side)
    low, high = task.limits
    drawn = axes.imshow(pictures[0], vmin=low, vmax=high)
    axes.figure.colorbar(drawn)

    def show(row: int) -> Sequence[Artist]:
        drawn.set_data(pictures[row])
        return [drawn]

    return show


def stem(task: Task, axes: Axes) -> Show:
    """One row at a time, a stem for each value: all stems are one artist."""
    drawn = axes.stem(task.values[0])
    places = np.arange(task.values.shape[1])
    feet = np.column_stack([places, np.zeros(len(places))])
    axes.set_ylim(*task.limits)

    def show(row: int) -> Sequence[Artist]:
        heads = np.column_stack([places, task.values[row]])
        drawn.markerline.set_ydata(task.values[row])
        drawn.stemlines.set_segments(np.stack([feet, heads], axis=1))
        return drawn.stemlines, drawn.markerline

    return show


def area(task: Task, axes: Axes) -> Show:
    """Columns upon one another, which grow to the right with the rows."""
    places = np.arange(len(task.values))
    edges = np.cumsum(np.pad(task.values, ((0, 0), (1, 0))), axis=1)
    drawn = axes.stackplot(places, task.values.T, labels=task.names)
    axes.set_xlim(0, places[-1])
    axes.set_ylim(0, 1.05 * edges.max())
    axes.legend(loc="upper left")

    def show(row: int) -> Sequence[Artist]:
        until = slice(row + 1)
        for column, one in enumerate(drawn):
            one.set_data(places[until], edges[until, column], edges[until, column + 1])
        return drawn

    return show


def band(task: Task, axes: Axes) -> Show:
    """The middle of each row's values and where most of them lie, growing to the right with the rows."""
    places = np.arange(len(task.values))
    lowest, lower, middle, upper, highest = np.quantile(task.values, [0.05, 0.25, 0.5, 0.75, 0.95], axis=1)
    wide = axes.fill_between(places, lowest, highest, alpha=0.2)
    narrow = axes.fill_between(places, lower, upper, alpha=0.4, color="C0")
    (drawn,) = axes.plot(places, middle)

    def show(row: int) -> Sequence[Artist]:
        until = slice(row + 1)
        wide.set_data(places[until], lowest[until], highest[until])
        narrow.set_data(places[until], lower[until], upper[until])
        drawn.set_data(places[until], middle[until])
        return wide, narrow, drawn

    return show


def ridge(task: Task, axes: Axes) -> Show:
    """The distribution of each row in front of those before it, of which some stay; all are one collection."""
    rows = len(task.values)
    edges = np.linspace(*task.limits, POINTS + 1)
    bell = np.exp(-((np.arange(-POINTS // 8, POINTS // 8 + 1) / (POINTS / 40)) ** 2) / 2)
    heights = np.array([np.convolve(np.histogram(row, edges)[0], bell, "same") for row in task.values])
    heights *= 0.16 * rows / np.median(heights.max(axis=1))
    along = (edges[1:] + edges[:-1]) / 2
    outlines = [np.column_stack([along, row - high]) for row, high in enumerate(heights)]
    stride = max(1, round(rows / RIDGES))
    drawn = PolyCollection([], edgecolors="white")
    axes.add_collection(drawn)
    axes.set_xlim(*task.limits)
    axes.set_ylim(rows, -heights.max())

    def show(row: int) -> Sequence[Artist]:
        stay = range(0, row, stride)
        drawn.set_verts([*(outlines[one] for one in stay), outlines[row]])
        drawn.set_facecolor([*(("C0", 0.2 + 0.4 * one / rows) for one in stay), "C0"])
        return [drawn]

    return show


def _tween(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """The rows and what lies between them, a tenth of the way from frame to frame."""
    places = np.arange(TWEEN * (len(rows) - 1) + 1) / TWEEN
    return np.column_stack([np.interp(places, np.arange(len(rows)), column) for column in rows.T])


KINDS: dict[str, Callable[[Task, Axes], Show]] = {
    chart.__name__: chart for chart in (line, trace, hist, bar, race, scatter, heatmap, stem, area, band, ridge)
}


def animation(task: Task) -> FuncAnimation:
    """The film of a task."""
    figure, axes = task.axes()
    title = axes.set_title(task.title(0))
    show = KINDS[task.kind](task, axes)

    def update(frame: int) -> Sequence[Artist]:
        title.set_text(task.title(frame))
        return *show(frame), title

    return FuncAnimation(figure, update, frames=task.frames, interval=50, blit=True)


if __name__ == "__main__":
    given = asked()
    given.save(animation(given))
