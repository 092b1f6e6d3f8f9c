"""Legends: the names of what is drawn, beside the chart or below it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib import rcParams
from matplotlib.colors import to_rgba_array
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from liveplot_cli.style import MOST_NAMED, legible

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.figure import Figure
    from matplotlib.legend import Legend
    from matplotlib.transforms import Bbox

Series = Sequence[tuple[str, "Artist"]]

_LONGEST = 24  # characters of a name
_WIDE, _LOW, _FULL = 0.42, 0.27, 0.94  # parts of a picture: what a legend may take beside the chart, below, at most


def legend(figure: Figure, series: Series, where: str | None) -> Legend | None:
    """A legend beside the chart or below it, where it never hides data, or inside, where the data lie upon it.

    By itself it stands beside the chart, or below where a picture is small or upright, of many names with the first.
    """
    if not series or where == "none":
        return None
    if where == "inside":
        inside = figure.axes[0].legend(*_entries(series, MOST_NAMED), loc="best")
        inside.set_zorder(1.5)
        return inside
    beside = _outside(figure, series, "outside right upper")
    height = beside.get_window_extent().height / figure.bbox.height
    rows = len(beside.get_texts())
    if height > _FULL:
        beside.remove()
        beside = _outside(figure, series, "outside right upper", most=max(1, int(rows * _FULL / height) - 1))
    width = beside.get_window_extent().width / figure.bbox.width
    is_wide = width + 2 * _pads(figure)[0] > _WIDE * min(1, figure.bbox.width / figure.bbox.height)
    if where == "beside" or (where is None and not is_wide):
        return beside
    beside.remove()
    return _below(figure, series, max(1, int(_LOW * rows / height)), min(rows, int(1 / width)))


def _below(figure: Figure, series: Series, rows: int, columns: int) -> Legend:
    """A legend of at most so many rows, and of as many columns as there is room for, up to a number."""
    while True:
        named = rows * columns if rows * columns >= len(series) else rows * columns - 1
        below = _outside(figure, series, "outside lower left", max(1, columns), max(1, min(named, MOST_NAMED)))
        if columns <= 1 or below.get_window_extent().width <= (1 - 2 * _pads(figure)[0]) * figure.bbox.width:
            return below
        below.remove()
        columns -= 1


def hang(legend: Legend, chart: Bbox, floor: float) -> None:
    """Begin a legend beside the chart where that begins, and one below it at its left, above a floor.

    All are parts of the figure, whose layout is done.
    """
    figure: Any = legend.get_figure(root=True)
    box = legend.get_window_extent().transformed(figure.transFigure.inverted())
    across, up = _pads(figure)
    if box.x0 >= chart.x1:
        top = chart.y1 if box.height <= chart.height else 1 - up
        legend.set_bbox_to_anchor((0, 0, 1 - across, top), figure.transFigure)
    elif box.y1 <= chart.y0:
        left = max(across, min(chart.x0, 1 - across - box.width))
        legend.set_bbox_to_anchor((left, floor + up, 1, 1), figure.transFigure)


def _pads(figure: Figure) -> tuple[float, float]:
    """What is left free at the sides of things, and above and below them: parts of the figure."""
    across, up = (rcParams[name] for name in ("figure.constrained_layout.w_pad", "figure.constrained_layout.h_pad"))
    return across * figure.dpi / figure.bbox.width, up * figure.dpi / figure.bbox.height


def _outside(figure: Figure, series: Series, place: str, columns: int = 1, most: int = MOST_NAMED) -> Legend:
    """A legend for which the layout makes room; it ends where the picture's other words do."""
    handles, labels = _entries(series, most)
    anywhere: Any = {"loc": place}
    made: Legend = figure.legend(handles=handles, labels=labels, ncols=columns, borderaxespad=0, **anywhere)
    made.set_zorder(-1)
    return made


def _entries(series: Series, most: int) -> tuple[list[Artist], list[str]]:
    """What stands for each series, and its name; of many only so many, and how many more there are."""
    handles = [_swatch(artist) for _, artist in series[:most]]
    labels = [legible(name, longest=_LONGEST) for name, _ in series[:most]]
    if len(series) > most:
        handles.append(Line2D([], [], linestyle=""))
        labels.append(f"+{len(series) - most} more")
    return handles, labels


def _swatch(artist: Any) -> Artist:
    """What stands for an artist in a legend: a line, or the marker of one that is only markers, or a patch."""
    if isinstance(artist, Line2D):
        line = artist.get_linestyle()
        marker = artist.get_marker() if line == "None" else None
        return Line2D([], [], color=artist.get_color(), linestyle=line, marker=marker, alpha=artist.get_alpha())
    return Patch(facecolor=np.atleast_2d(to_rgba_array(artist.get_facecolor()))[0], alpha=artist.get_alpha())
