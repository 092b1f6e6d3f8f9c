"""How a picture looks: the theme, and the small things every chart draws alike."""

from __future__ import annotations

import logging
import unicodedata
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import matplotlib
import numpy as np
from cycler import cycler
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter, date2num
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, MaxNLocator

from liveplot_cli.fonts import families_for
from liveplot_cli.history import History
from liveplot_cli.look import FARTHEST

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from numpy.typing import NDArray

# Ten colours that people with any colour vision tell apart: Petroff, "Accessible Color Sequences for Data
# Visualization", https://arxiv.org/abs/2107.02270. After ten they come again, dashed.
PALETTE = (
    "#3f90da", "#ffa90e", "#bd1f01", "#94a4a2", "#832db6", "#a96b59", "#e76300", "#b9ac70", "#717581", "#92dadd",
)  # fmt: skip
INK, MUTED, RULE, PAPER = "#22262b", "#6b727a", "#dfe3e7", "#ffffff"

_THEME: dict[str, Any] = {
    "figure.facecolor": PAPER,
    "axes.facecolor": PAPER,
    "savefig.facecolor": PAPER,
    "font.size": 10,
    "text.color": INK,
    "text.parse_math": False,  # a title or a column called `$5` is text from the data, not a formula
    "axes.prop_cycle": cycler(linestyle=["-", "--", ":"]) * cycler(color=PALETTE),
    "axes.edgecolor": MUTED,
    "axes.labelcolor": MUTED,
    "axes.labelpad": 6,
    "axes.titlecolor": INK,
    "axes.titlelocation": "left",
    "axes.titlesize": 12,
    "axes.titlepad": 12,
    "axes.titleweight": "bold",
    "axes.spines.left": False,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.axisbelow": True,
    "grid.color": RULE,
    "grid.linewidth": 0.8,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "ytick.major.size": 0,
    "lines.linewidth": 1.8,
    "lines.solid_joinstyle": "round",
    "lines.solid_capstyle": "round",
    "lines.dash_joinstyle": "round",
    "legend.frameon": False,
    "legend.labelcolor": INK,
    "legend.handlelength": 1.4,
    "figure.constrained_layout.w_pad": 0.14,
    "figure.constrained_layout.h_pad": 0.12,
}
_log = logging.getLogger(__name__)

_MOST_NAMED = 16
_LONGEST_LINE, _MOST_LINES = 120, 8
_JOINERS = "\N{ZERO WIDTH NON-JOINER}\N{ZERO WIDTH JOINER}"  # without which Persian and emoji are other words


# What belongs to the user's machine rather than to the picture.
_THEIRS = ("backend", "interactive", "keymap", "tk.", "webagg", "toolbar", "timezone")


@contextmanager
def applied() -> Iterator[None]:
    """Draw in the project's looks, whatever the user's matplotlibrc says."""
    defaults = matplotlib.rcParamsDefault
    settings: dict[Any, Any] = {name: defaults[name] for name in defaults if not name.startswith(_THEIRS)}
    with matplotlib.rc_context(settings | _THEME), warnings.catch_warnings(), _silent("matplotlib.font_manager"):
        # The font has no shape for a character and draws a box: matplotlib would say so for every frame.
        warnings.filterwarnings("ignore", message=r"Glyph \d+ .* missing from font")
        yield


@contextmanager
def _silent(name: str) -> Iterator[None]:
    """Let a logger say nothing but errors: that a font has no bold, for example."""
    logger = logging.getLogger(name)
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)


def use_fonts_for(text: str) -> set[str]:
    """Draw what follows with further fonts where the theme's has no shape; returns the characters that none has."""
    families, lacking = families_for({_drawable(character) for character in set(text)})
    matplotlib.rcParams["font.family"] = ["sans-serif", *families]
    return lacking


def padded(bounds: tuple[float, float], margin: float = 0.05) -> tuple[float, float]:
    """Limits with a margin around the data, for a constant as well as for the largest of numbers."""
    low, high = (min(max(value, -FARTHEST), FARTHEST) for value in bounds)
    room = (high - low) * margin or abs(high) * margin or 0.5
    return low - room, high + room


def value_limits(history: History) -> tuple[float, float]:
    """Limits with a margin around all values; those too large for a picture are told of."""
    low, high = history.bounds()
    if max(-low, high) > FARTHEST:
        _log.warning("%s: values beyond %g lie outside the picture", history.name, FARTHEST)
    return padded((low, high))


def limits(asked: tuple[float | None, float | None], found: tuple[float, float]) -> tuple[float, float]:
    """The limits asked for, a side left open taken from those found.

    Where the side asked for lies beyond the data, the open one keeps the width of those found: it never turns the axis.
    """
    low, high = (limit if limit is not None else other for limit, other in zip(asked, found, strict=True))
    # Large numbers lie so far apart that to add a small span is to add nothing.
    span = max(found[1] - found[0], 1e-9 * max(abs(limit) for limit in (*found, low, high)))
    if low >= high and asked[1] is None:
        return low, low + span
    if low >= high and asked[0] is None:
        return high - span, high
    return low, high


def place_labels(axis: Axis, labels: NDArray[Any]) -> NDArray[Any]:
    """Where the rows' labels stand on an axis, shape (rows,), the axis' ticks set up for dates or words."""
    if labels.dtype.kind == "M":
        locator = AutoDateLocator(minticks=3, maxticks=7)  # with more of them some spans suit no interval
        axis.set_major_locator(locator)
        axis.set_major_formatter(ConciseDateFormatter(locator))
        return np.asarray(date2num(labels))
    if labels.dtype.kind == "U":
        name_ticks(axis, list(labels))
        return np.arange(len(labels), dtype=float)
    return number_ticks(axis, labels.astype(float))


def number_ticks(axis: Axis, places: NDArray[np.float64]) -> NDArray[np.float64]:
    """The places themselves, the axis' ticks kept to whole numbers where they are: there is no epoch 2.5."""
    if (np.abs(places) > FARTHEST).any():
        _log.warning("numbers beyond %g on the horizontal axis lie outside the picture", FARTHEST)
    if (places % 1 == 0).all():
        axis.set_major_locator(MaxNLocator(nbins="auto", integer=True, steps=[1, 2, 2.5, 5, 10]))
    return places


def name_lines(axes: Axes, names: Sequence[str]) -> None:
    """A legend of the axes' lines beside the chart, and below it where there is no room: it never hides data."""
    lines = axes.get_lines()[:_MOST_NAMED]
    handles = [Line2D([], [], color=line.get_color(), linestyle=line.get_linestyle()) for line in lines]
    labels = [legible(name, longest=24) for name in names[:_MOST_NAMED]]
    if len(names) > _MOST_NAMED:
        handles.append(Line2D([], [], linestyle=""))
        labels.append(f"+{len(names) - _MOST_NAMED} more")
    figure = axes.get_figure(root=True)
    if figure is not None:
        figure.legend(handles, labels, loc="outside right upper").set_zorder(-1)


def name_ticks(axis: Axis, names: Sequence[str]) -> None:
    """Label the places 0, 1, 2, … of an axis with names, as many as fit."""

    def name(place: float, _: object) -> str:
        return legible(names[int(place)]) if place in range(len(names)) else ""  # between two names there is none

    longest = max(len(legible(name)) for name in names)
    axis.set_major_locator(
        MaxNLocator(nbins=max(2, min(len(names), 60 // (longest + 2))), integer=True, steps=[1, 2, 5, 10])
    )
    axis.set_major_formatter(FuncFormatter(name))


def legible(text: str, longest: int = 40) -> str:
    """Text from the data as a picture can carry it: one line of printable characters, its middle left out if long."""
    if len(text) > longest:
        text = text[: longest // 2] + "…" + text[len(text) - (longest - longest // 2 - 1) :]
    return "".join(_drawable(character) for character in text)


def legible_lines(text: str) -> str:
    """Text that a person wrote, in lines of their own: each as a picture can carry it, and no more than fit."""
    lines = text.split("\n")
    if len(lines) > _MOST_LINES:
        lines = [*lines[: _MOST_LINES - 1], "…"]
    return "\n".join(legible(line, longest=_LONGEST_LINE) for line in lines)


def _drawable(character: str) -> str:
    if character.isprintable() or character in _JOINERS or unicodedata.category(character) == "Zs":
        return character
    return " " if character.isspace() else "�"


def mark_isolated(line: Line2D, alone: NDArray[np.bool_]) -> None:
    """Show the values that stand between two gaps as dots, where the line itself shows nothing."""
    marker = "o" if alone.any() else ""
    if line.get_marker() != marker:  # a marker takes as long to set as a tenth of a line to draw
        line.set_marker(marker)
    line.set_markersize(line.get_linewidth() * 2)
    line.set_markevery(np.flatnonzero(alone).tolist())
