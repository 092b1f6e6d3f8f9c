"""How a picture looks: the theme, and the small things every chart draws alike."""

from __future__ import annotations

import logging
import unicodedata
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import takewhile
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import matplotlib
import numpy as np
from matplotlib.colors import to_hex, to_rgb, to_rgba, to_rgba_array
from matplotlib.lines import Line2D

from liveplot_cli.drawing import theme
from liveplot_cli.drawing.fonts import families_for
from liveplot_cli.drawing.shortening import shortened, shortened_apart
from liveplot_cli.look import Look

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.text import Text
    from numpy.typing import NDArray

_log = logging.getLogger(__name__)
_settings: Any = matplotlib.rcParams

_LIGHTER = (1, 0.6, 0.35)  # how much of a colour is left when the palette begins again
_LONGEST = 40  # characters of what the data are called
_LONGEST_LINE, _MOST_LINES = 120, 8
_JOINERS = "\N{ZERO WIDTH NON-JOINER}\N{ZERO WIDTH JOINER}"  # without which Persian and emoji are other words


_WIDEST = "DejaVu Sans"  # which matplotlib brings with it, and has shapes for most scripts
# What belongs to the user's machine rather than to the picture.
_THEIRS = ("backend", "interactive", "keymap", "tk.", "webagg", "toolbar", "timezone")


@contextmanager
def applied(look: Look | None = None) -> Iterator[None]:
    """Draw in a look's theme, whatever the user's matplotlibrc says; raises `UsageError` for one that there is not."""
    defaults = matplotlib.rcParamsDefault
    settings: dict[Any, Any] = {name: defaults[name] for name in defaults if not name.startswith(_THEIRS)}
    look = look or Look()
    settings |= theme.settings(look.theme, look.palette, transparent=look.transparent)
    with matplotlib.rc_context(settings), warnings.catch_warnings(), silent("matplotlib.font_manager"):
        # The font has no shape for a character and draws a box: matplotlib would say so for every frame.
        warnings.filterwarnings("ignore", message=r"Glyph \d+ .* missing from font")
        yield


def ink() -> str:
    """The colour of words, as `#rrggbb`."""
    return _color("text.color")


def muted() -> str:
    """The colour of what is beside the point: labels, the counter."""
    return _color("axes.labelcolor")


def rule() -> str:
    """The colour of the grid and of other thin lines below the data."""
    return _color("grid.color")


def gap() -> str:
    """The colour of a cell that holds no number: between the paper and what is muted, and no colour of a map."""
    mixed = 0.55 * to_rgba_array(muted()) + 0.45 * to_rgba_array(paper())
    return to_hex(mixed[0])


def paper() -> str:
    """The colour of what lies below the data, also where that is left transparent."""
    is_bare = to_rgba(_settings["axes.facecolor"])[3] == 0
    return _color("figure.facecolor" if is_bare else "axes.facecolor")


def is_dark() -> bool:
    """Whether what lies below the data is darker than the words on it."""
    low, high = (sum(to_rgb(color)) for color in (paper(), ink()))
    return low < high


def title() -> dict[str, Any]:
    """How a title looks that belongs to no axes."""
    color = _settings["axes.titlecolor"]
    return {
        "size": _settings["axes.titlesize"],
        "weight": _settings["axes.titleweight"],
        "color": ink() if color == "auto" else color,
    }


def rise(text: Text) -> float:
    """From the line on which a text's letters stand up to its top, in pixels."""
    figure: Any = text.get_figure(root=True)
    renderer = figure.canvas.get_renderer()
    _, height, descent = renderer.get_text_width_height_descent("lp", text.get_fontproperties(), ismath=False)
    return float(height - descent)


def palette() -> list[str]:
    """The colours of series, in their order; the first is the accent."""
    cycle = _settings["axes.prop_cycle"].by_key()
    return list(dict.fromkeys(to_hex(color) for color in cycle.get("color", [ink()])))


def _color(setting: str) -> str:
    return to_hex(_settings[setting])


@contextmanager
def silent(name: str) -> Iterator[None]:
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
    own = takewhile(lambda family: family != _WIDEST, _settings["font.family"])
    _settings["font.family"] = [*own, _WIDEST, *families]
    return lacking


def opacity(histories: int) -> float:
    """How opaque each of so many histories is that lie upon one another."""
    return 1.0 if histories == 1 else 0.75


def colors(count: int) -> NDArray[np.float64]:
    """So many of the theme's colours, shape (count, 4); after the last they come again, lighter."""
    known = to_rgba_array(palette())
    turns, numbers = np.divmod(np.arange(count), len(known))
    kept = np.array(_LIGHTER)[turns % len(_LIGHTER), None]
    found: NDArray[np.float64] = known[numbers] * kept + to_rgba_array(paper()) * (1 - kept)
    return found


# Which number of a colour each name has in a figure: in all its panels the same.
_given: WeakKeyDictionary[Figure, dict[str, int]] = WeakKeyDictionary()


def given_colors(axes: Axes) -> dict[str, int]:
    """Which number of a colour names have in the panels of a figure so far; whoever gives one notes it here."""
    figure: Any = axes.get_figure(root=True)
    return _given.setdefault(figure, {})


def forget_colors(figure: Figure) -> None:
    """Give the colours of a figure anew."""
    _given.pop(figure, None)


def colors_of(axes: Axes, names: Sequence[str]) -> NDArray[np.float64]:
    """A colour for each name, shape (names, 4), in all panels of a figure the same."""
    given = given_colors(axes)
    numbers = [given.setdefault(name, len(given)) for name in names]
    return colors(len(given))[numbers]


def points(axes: Axes) -> tuple[float, float]:
    """Width and height of axes in points, 72 an inch, as they are before the layout."""
    figure: Any = axes.get_figure(root=True)
    spec: Any = axes.get_subplotspec()
    width, height = (axes.bbox if spec is None else spec.get_position(figure).transformed(figure.transFigure)).size
    return width * 72 / figure.dpi, height * 72 / figure.dpi


def legible(text: str, longest: int = _LONGEST) -> str:
    """Text from the data as a picture can carry it: one line of printable characters, its middle left out if long."""
    text = shortened(text, longest)
    return text if text.isprintable() else "".join(_drawable(character) for character in text)


def legible_names(names: Sequence[str], longest: int = _LONGEST) -> list[str]:
    """Names from the data as a picture can carry them beside one another: the long ones so that they stay apart."""
    return [legible(name, longest) for name in shortened_apart(names, longest)]


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
