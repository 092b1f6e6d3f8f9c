"""Themes and palettes: ours, by name, and any style and colour sequence that matplotlib knows."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from types import MappingProxyType
from typing import Any

from liveplot_cli.errors import UsageError, quoted


@dataclass(frozen=True)
class Theme:
    """The colours of words, of what is beside the point, of the grid, of the bare picture and of series.

    `settings` are further ones of matplotlib's rcParams, `ticks` the most intervals between an axis' ticks.
    """

    ink: str
    muted: str
    rule: str
    paper: str
    palette: Sequence[str]
    settings: Mapping[str, Any] = field(default_factory=dict)
    ticks: int | None = None


# Eight colours that people with any colour vision tell apart, and everybody from the paper: the order of hues of
# Petroff, "Accessible Color Sequences for Data Visualization", https://arxiv.org/abs/2107.02270, moved until each has
# a contrast of 3:1 to its paper and any two of the first n differ as tests/test_theme.py demands.
_ON_LIGHT = ("#2d88df", "#d97a00", "#9f0c08", "#0b735a", "#6438aa", "#b15e92", "#8f958d", "#3d4350")
_ON_DARK = ("#6cb0f5", "#ffc233", "#cf491f", "#81f1c4", "#7a6ad6", "#f2cdea", "#a4aaaf", "#8d825f")

THEMES: Mapping[str, Theme] = MappingProxyType({
    "liveplot": Theme(ink="#22262b", muted="#667079", rule="#dfe3e7", paper="#ffffff", palette=_ON_LIGHT),
    "dark": Theme(
        ink="#eceff2", muted="#a2abb5", rule="#313840", paper="#16191d", palette=_ON_DARK,
    ),
    "paper": Theme(
        ink="#000000", muted="#262626", rule="#d8d8d8", paper="#ffffff",
        palette=("#6489b4", "#181818", "#b14f1d", "#908e82", "#086e5a", "#621ea0"),
        settings={
            "font.family": ["STIXGeneral"],
            "font.size": 11,
            "text.hinting": "none",  # which would set these letters unevenly
            "axes.grid": False,
            "axes.spines.left": True,
            "axes.linewidth": 0.6,
            "axes.titlesize": 13,
            "lines.linewidth": 1.2,
            "lines.markersize": 4,
            "xtick.major.size": 3,
            "ytick.major.size": 3,
            "xtick.major.width": 0.6,
            "ytick.major.width": 0.6,
        },
    ),
    "minimal": Theme(
        ink="#30353b", muted="#6d747c", rule="#e8ebee", paper="#ffffff", palette=_ON_LIGHT, ticks=4,
        settings={
            "axes.grid": False,
            "axes.spines.bottom": False,
            "axes.titleweight": "normal",
            "xtick.major.size": 0,
        },
    ),
})  # fmt: skip

PALETTES: Mapping[str, Sequence[str]] = MappingProxyType({
    # Okabe and Ito, "Color Universal Design", https://jfly.uni-koeln.de/color/, less their black.
    "okabe-ito": ("#0072b2", "#e69f00", "#009e73", "#d55e00", "#56b4e9", "#cc79a7", "#f0e442"),
    # Petroff's own sequence of ten, made to be told apart on areas.
    "petroff": (
        "#3f90da", "#ffa90e", "#bd1f01", "#94a4a2", "#832db6", "#a96b59", "#e76300", "#b9ac70", "#717581", "#92dadd",
    ),
    # Paul Tol, "Colour Schemes", SRON/EPS/TN/09-002, https://personal.sron.nl/~pault/, bright, less its grey.
    "tol": ("#4477aa", "#ee6677", "#228833", "#ccbb44", "#66ccee", "#aa3377"),
})  # fmt: skip

# What a frame's equality with matplotlib's full drawing rests on, and that words from the data are no formulas.
_NECESSARY: dict[str, Any] = {
    "axes.axisbelow": True,
    "axes.formatter.use_mathtext": False,
    "axes.titley": None,
    "figure.autolayout": False,
    "figure.constrained_layout.use": False,
    "figure.constrained_layout.w_pad": 0.14,
    "figure.constrained_layout.h_pad": 0.12,
    "savefig.bbox": None,
    "savefig.facecolor": "auto",
    "savefig.transparent": False,
    "text.parse_math": False,  # a title or a column called `$5` is text from the data, not a formula
    "text.usetex": False,
}
_DASHES = ("-", "--", ":")  # of a palette's colours when they come again


def check(theme: str, palette: Sequence[str]) -> None:
    """Refuse a theme, a palette or a colour that there is not; raises `UsageError` that names those spelt alike."""
    _style(theme)
    _colors(palette)


def settings(theme: str, palette: Sequence[str], *, transparent: bool = False) -> dict[str, Any]:
    """What a theme, with another palette if one is given, sets among matplotlib's rcParams.

    A transparent paper keeps its colour, with which edges are blended where a format needs it. Raises `UsageError` as
    `check` does.
    """
    from cycler import cycler
    from matplotlib.colors import to_hex, to_rgba

    found = _style(theme) | _NECESSARY
    colors = _colors(palette)
    if colors:
        found["axes.prop_cycle"] = cycler(linestyle=_DASHES) * cycler(color=colors)
    red, green, blue, alpha = to_rgba(found.get("figure.facecolor", "white"))
    paper = to_hex((1 - alpha + alpha * red, 1 - alpha + alpha * green, 1 - alpha + alpha * blue))
    found["figure.facecolor"] = paper
    if transparent:
        found |= {"figure.facecolor": f"{paper}00", "axes.facecolor": "none"}
    return found


def most_ticks(theme: str) -> int | None:
    """The most intervals between an axis' ticks; None where there is no such limit."""
    return THEMES[theme].ticks if theme in THEMES else None


def _style(name: str) -> dict[str, Any]:
    """A theme's rcParams, without what all need."""
    if name in THEMES:
        return _ours(THEMES[name])
    from matplotlib import style

    if name in style.available:
        found: Mapping[Any, Any] = style.library[name]
        return dict(found)
    near = _near(name, [*THEMES, *style.available])
    raise UsageError(f"there is no theme {quoted(name)}{near}; there are {', '.join(THEMES)}, and matplotlib's styles")


def _ours(theme: Theme) -> dict[str, Any]:
    from cycler import cycler

    return {
        "figure.facecolor": theme.paper,
        "axes.facecolor": theme.paper,
        "font.size": 10,
        "text.color": theme.ink,
        "axes.prop_cycle": cycler(linestyle=_DASHES) * cycler(color=theme.palette),
        "axes.edgecolor": theme.muted,
        "axes.labelcolor": theme.muted,
        "axes.labelpad": 6,
        "axes.titlecolor": theme.ink,
        "axes.titlelocation": "left",
        "axes.titlesize": 12,
        "axes.titlepad": 12,
        "axes.titleweight": "bold",
        "axes.spines.left": False,
        "axes.spines.right": False,
        "axes.spines.top": False,
        "axes.grid": True,
        "axes.grid.axis": "y",
        "grid.color": theme.rule,
        "grid.linewidth": 0.8,
        "xtick.color": theme.muted,
        "ytick.color": theme.muted,
        "ytick.major.size": 0,
        "lines.linewidth": 1.8,
        "lines.solid_joinstyle": "round",
        "lines.solid_capstyle": "round",
        "lines.dash_joinstyle": "round",
        "legend.frameon": False,
        "legend.labelcolor": theme.ink,
        "legend.handlelength": 1.4,
        **theme.settings,
    }


def _colors(palette: Sequence[str]) -> Sequence[str]:
    """The colours of a palette: one that has a name, or those that are listed."""
    if not palette:
        return ()
    name, *further = palette
    if not further and name in PALETTES:
        return PALETTES[name]
    import matplotlib
    from matplotlib.colors import to_hex

    if not further and name in matplotlib.color_sequences:
        return [to_hex(color) for color in matplotlib.color_sequences[name]]
    return [_color(text, is_alone=not further) for text in palette]


def _color(text: str, *, is_alone: bool) -> str:
    """A colour as `#rrggbb`, from that, from `rrggbb` or from its name."""
    import matplotlib
    from matplotlib.colors import is_color_like, to_hex, to_rgba

    digits = f"#{text}" if re.fullmatch("[0-9a-fA-F]{6}", text) else text
    if is_color_like(digits) and not re.fullmatch("C[0-9]+", digits) and to_rgba(digits)[3] == 1:
        return to_hex(digits)
    if is_alone:
        near = _near(text, [*PALETTES, *matplotlib.color_sequences])
        raise UsageError(
            f"there is no palette {quoted(text)}{near}; there are {', '.join(PALETTES)}, matplotlib's colour sequences,"
            " and lists such as 2d88df,d97a00"
        )
    raise UsageError(f"the palette's {quoted(text)} is no colour such as 2d88df or tomato")


def _near(name: str, known: Iterable[str]) -> str:
    """A question in brackets after a name that there is not, if others are spelt alike."""
    spelt = {other.lower(): other for other in known}
    near = get_close_matches(name.lower(), spelt, 3, 0.6)
    return f" (did you mean {' or '.join(quoted(spelt[other]) for other in near)}?)" if near else ""
