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
from matplotlib.colors import to_rgba_array
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter, date2num
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, LogFormatter, MaxNLocator

from liveplot_cli.errors import DataError, UsageError
from liveplot_cli.fonts import families_for
from liveplot_cli.history import History
from liveplot_cli.look import FARTHEST

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure
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

_LABELS = {"M": "dates", "U": "words"}
MOST_NAMED = 16
_LIGHTER = (1, 0.6, 0.35)  # how much of a colour is left when the palette begins again
_LONGEST_LINE, _MOST_LINES = 120, 8
_LONGEST_NAME, _LONGEST_BESIDE, _LONGEST_SLANTED = 40, 24, 20  # characters of a name under an axis and beside one
_LETTER, _LINE = 6.2, 14  # points that a letter and a line of an axis take up
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


def opacity(histories: int) -> float:
    """How opaque each of so many histories is that lie upon one another."""
    return 1.0 if histories == 1 else 0.75


def colors(count: int) -> NDArray[np.float64]:
    """So many of the theme's colours, shape (count, 4); after the last they come again, lighter."""
    palette = to_rgba_array(list(dict.fromkeys(matplotlib.rcParams["axes.prop_cycle"].by_key()["color"])))
    turns, numbers = np.divmod(np.arange(count), len(palette))
    paper = to_rgba_array(matplotlib.rcParams["axes.facecolor"])
    found: NDArray[np.float64] = paper + (palette[numbers] - paper) * np.array(_LIGHTER)[turns % len(_LIGHTER), None]
    return found


def place_columns(axis: Axis, history: History) -> NDArray[Any]:
    """Where a row's values stand on an axis, shape (columns,): at the columns' numbers, or side by side under names."""
    numbers = history.column_numbers
    if numbers is None:
        name_ticks(axis, history.columns)
        return np.arange(len(history.columns), dtype=float)
    return number_ticks(axis, numbers)


def place_rows(axis: Axis, histories: Sequence[History]) -> list[NDArray[Any]]:
    """Where the rows' labels stand on an axis, for each history shape (rows,), its ticks set up for dates or words.

    Raises `UsageError` where some have dates or words and others have not.
    """
    kinds = {_LABELS.get(history.labels.dtype.kind, "numbers") for history in histories}
    if len(kinds) > 1:
        raise UsageError(
            f"the rows are labelled by {' here and '.join(sorted(kinds))} there; -x none takes their numbers"
        )
    places = [place_labels(axis, history.labels) for history in histories]
    if kinds == {"words"}:
        name_ticks(axis, list(max(histories, key=len).labels))
    return places


def place_labels(axis: Axis, labels: NDArray[Any]) -> NDArray[Any]:
    """Where labels stand on an axis, shape (rows,), its ticks set up for dates or words."""
    if labels.dtype.kind == "M":
        _refuse_log(axis, "dates")
        locator = AutoDateLocator(minticks=3, maxticks=7)  # with more of them some spans suit no interval
        axis.set_major_locator(locator)
        axis.set_major_formatter(ConciseDateFormatter(locator))
        return np.asarray(date2num(labels))
    if labels.dtype.kind == "U":
        name_ticks(axis, list(labels))
        return np.arange(len(labels), dtype=float)
    return number_ticks(axis, labels.astype(float))


def number_ticks(axis: Axis, places: NDArray[np.float64]) -> NDArray[np.float64]:
    """The places themselves, the axis' ticks kept to whole numbers where they are: there is no epoch 2.5.

    On a logarithmic axis what is not above zero is a gap; raises `DataError` where nothing is left.
    """
    if axis.get_scale() == "log":
        if not (places > 0).any():
            raise DataError("a logarithmic axis shows numbers above zero, and the horizontal one has none")
        return np.where(places > 0, places, np.nan)
    if (np.abs(places) > FARTHEST).any():
        _log.warning("numbers beyond %g on the horizontal axis lie outside the picture", FARTHEST)
    if (places % 1 == 0).all():
        whole_ticks(axis)
    return places


def whole_ticks(axis: Axis) -> None:
    """Keep the ticks to whole numbers."""
    axis.set_major_locator(MaxNLocator(nbins="auto", integer=True, steps=[1, 2, 2.5, 5, 10]))


def make_logarithmic(axis: Axis) -> None:
    """Turn an axis into a logarithmic one, whose numbers are written out as long as they are short."""
    direction = "x" if axis is axis.axes.xaxis else "y"
    getattr(axis.axes, f"set_{direction}scale")("log", nonpositive="mask")
    axis.set_major_formatter(_Decades())
    axis.set_minor_formatter(_Decades(minor_thresholds=(1.2, 0.6)))
    axis.set_tick_params(which="minor", size=0)


class _Decades(LogFormatter):
    """Matplotlib's choice of which ticks have labels, each written as a person would."""

    def __call__(self, x: float, pos: int | None = None) -> str:
        if not super().__call__(x, pos):
            return ""
        return f"{x:,.6g}" if 1e-4 < x < 1e6 else f"{x:.6g}"


def _refuse_log(axis: Axis, what: str) -> None:
    if axis.get_scale() == "log":
        raise UsageError(f"{what} have no logarithm; leave logx out")


def legend(figure: Figure, series: Sequence[tuple[str, Artist]], where: str) -> None:
    """A legend beside the chart or below it, where it never hides data, or inside, where the data lie upon it."""
    if not series or where == "none":
        return
    handles = [_swatch(artist) for _, artist in series[:MOST_NAMED]]
    labels = [legible(name, longest=24) for name, _ in series[:MOST_NAMED]]
    if len(series) > MOST_NAMED:
        handles.append(Line2D([], [], linestyle=""))
        labels.append(f"+{len(series) - MOST_NAMED} more")
    if where == "inside":
        figure.axes[0].legend(handles, labels, loc="best").set_zorder(1.5)
    elif where == "below":
        columns = max(1, min(len(labels), 72 // (4 + max(map(len, labels)))))
        figure.legend(handles, labels, loc="outside lower left", ncols=columns).set_zorder(-1)
    else:
        figure.legend(handles, labels, loc="outside right upper").set_zorder(-1)


def _swatch(artist: Any) -> Artist:
    """What stands for an artist in a legend: a line, or a patch of its colour."""
    if isinstance(artist, Line2D):
        return Line2D([], [], color=artist.get_color(), linestyle=artist.get_linestyle(), alpha=artist.get_alpha())
    return Patch(facecolor=np.atleast_2d(to_rgba_array(artist.get_facecolor()))[0], alpha=artist.get_alpha())


def points(axes: Axes) -> tuple[float, float]:
    """Width and height of axes in points, 72 an inch, as they are before the layout."""
    figure: Any = axes.get_figure(root=True)
    return axes.bbox.width * 72 / figure.dpi, axes.bbox.height * 72 / figure.dpi


def name_ticks(axis: Axis, names: Sequence[str], *, every: bool = False) -> None:
    """Label the places 0, 1, 2, … of an axis with names, as many as fit; slanted where `every` one then does."""
    _refuse_log(axis, "names")
    level = axis is axis.axes.xaxis
    longest = _LONGEST_NAME if level else _LONGEST_BESIDE
    width, height = points(axis.axes)
    room = width if level else height
    fitting = int(room / (_LETTER * (min(longest, max(map(len, names))) + 1) if level else _LINE))
    if every and len(names) <= max(fitting, room // _LINE):
        slant = {"rotation": 40, "ha": "right", "rotation_mode": "anchor"}
        slanted: dict[str, Any] = {} if len(names) <= fitting else slant
        labels = [legible(name, _LONGEST_SLANTED if slanted else longest) for name in names]
        axis.set_ticks(range(len(names)), labels, **slanted)
        return

    def name(place: float, _: object) -> str:
        # between two names there is none
        return legible(names[int(place)], longest) if place in range(len(names)) else ""

    axis.set_major_locator(MaxNLocator(nbins=max(2, min(len(names), fitting)), integer=True, steps=[1, 2, 5, 10]))
    axis.set_major_formatter(FuncFormatter(name))


def legible(text: str, longest: int = 40) -> str:
    """Text from the data as a picture can carry it: one line of printable characters, its middle left out if long."""
    if len(text) > longest:
        text = text[: longest // 2] + "…" + text[len(text) - (longest - longest // 2 - 1) :]
    return "".join(_drawable(character) for character in text)


def legible_lines(text: str, longest: int = _LONGEST_LINE) -> str:
    """Text that a person wrote, in lines of their own: each as a picture can carry it, and no more than fit."""
    lines = text.split("\n")
    if len(lines) > _MOST_LINES:
        lines = [*lines[: _MOST_LINES - 1], "…"]
    return "\n".join(legible(line, longest) for line in lines)


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
