"""Legends: the names of what is drawn, beside the chart or below it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from matplotlib import rcParams
from matplotlib.colors import to_rgba_array
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from liveplot_cli.drawing.style import legible_names

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.figure import Figure
    from matplotlib.legend import Legend
    from matplotlib.transforms import Bbox

_LONGEST = 24  # characters of a name
_WIDE, _LOW, _FULL = 0.42, 0.27, 0.94  # parts of a picture: what a legend may take beside the chart, below, at most
_WORDS = 1.2  # inches of height that other words take: half of the rest is for a legend that was asked for below,
_SHARE = 0.41  # and so much for one that was not, in a small picture
_UPRIGHT = 0.9  # of a picture's height, which is less wide than that
_FEWEST = 3  # entries of a legend below the chart, the last of which may say how many more there are
_MOST_TRIED, _MOST_INSIDE = 16, 16  # names


class Series(NamedTuple):
    """Names with the artists they belong to; those of a stack lie upon one another, the first the lowest."""

    known: Sequence[tuple[str, Artist]]
    is_stack: bool = False


def legend(figure: Figure, series: Series, where: str | None) -> Legend | None:
    """A legend beside the chart or below it, where it never hides data, or inside, where the data lie upon it.

    By itself it stands beside the chart, or below where a picture is small or upright, of many names with the first.
    """
    if not series.known or where == "none":
        return None
    if where == "inside":
        inside = figure.axes[0].legend(*_entries(series, _MOST_INSIDE), loc="best")
        inside.set_zorder(1.5)
        return inside
    beside = _outside(figure, series, "outside right upper", _MOST_TRIED)
    height = beside.get_window_extent().height / figure.bbox.height
    rows = len(beside.get_texts())
    fitting = int(rows * _FULL / height)
    if height > _FULL or len(series.known) > _MOST_TRIED:
        beside.remove()
        beside = _beside(figure, series, fitting)
    width = beside.get_window_extent().width / figure.bbox.width
    shape = figure.bbox.width / figure.bbox.height
    is_wide = shape < _UPRIGHT or width + 2 * _pads(figure)[0] > _WIDE * min(1, shape)
    if where == "beside" or (where is None and not is_wide):
        return beside
    beside.remove()
    free = 1 - _WORDS * figure.dpi / figure.bbox.height
    low = max(_LOW, free / 2) if where == "below" else min(_LOW, free * _SHARE)
    below = _below(figure, series, max(1, int(low * rows / height)), min(rows, int(1 / width)))
    if where is None and len(below.get_texts()) < min(_FEWEST, len(series.known)):
        below.remove()  # what room it takes is worth more than one name of several
        return None
    return below


def _beside(figure: Figure, series: Series, rows: int) -> Legend:
    """A legend of at most so many rows, or fewer where these are higher than the picture."""
    while True:
        beside = _outside(figure, series, "outside right upper", rows)
        if rows <= 2 or beside.get_window_extent().height <= _FULL * figure.bbox.height:
            return beside
        beside.remove()
        rows -= 1


def _below(figure: Figure, series: Series, rows: int, columns: int) -> Legend:
    """A legend of at most so many rows, and of as many columns as there is room for, up to a number."""
    while True:
        below = _outside(figure, series, "outside lower left", rows * max(1, columns), max(1, columns))
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


def _outside(figure: Figure, series: Series, place: str, most: int, columns: int = 1) -> Legend:
    """A legend of so many lines for which the layout makes room; it ends where the picture's other words do."""
    handles, labels = _entries(series, most)
    anywhere: Any = {"loc": place}
    made: Legend = figure.legend(handles=handles, labels=labels, ncols=columns, borderaxespad=0, **anywhere)
    made.set_zorder(-1)
    return made


def _entries(series: Series, most: int) -> tuple[list[Artist], list[str]]:
    """What stands for each series, and its name; of more than so many the first, and how many more there are."""
    count = len(series.known)
    named = count if count <= most else max(1, most - 1)
    handles = [_swatch(artist) for _, artist in series.known[:named]]
    labels = legible_names([name for name, _ in series.known], _LONGEST)[:named]
    if count > named:
        handles.append(Line2D([], [], linestyle=""))
        labels.append(f"+{count - named} more")
    return (handles[::-1], labels[::-1]) if series.is_stack else (handles, labels)


def _swatch(artist: Any) -> Artist:
    """What stands for an artist in a legend: a line, or the marker of one that is only markers, or a patch."""
    if isinstance(artist, Line2D):
        line = artist.get_linestyle()
        marker = artist.get_marker() if line == "None" else None
        return Line2D([], [], color=artist.get_color(), linestyle=line, marker=marker, alpha=artist.get_alpha())
    return Patch(facecolor=np.atleast_2d(to_rgba_array(artist.get_facecolor()))[0], alpha=artist.get_alpha())
