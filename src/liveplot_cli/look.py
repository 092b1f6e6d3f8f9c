"""What a picture is asked to look like: its words, its limits, its size."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

from liveplot_cli.errors import UsageError, quoted
from liveplot_cli.option import one_of, option

# How limits are found: from all rows, from those shown in a while, from each by itself, or from most of the values.
LIMITS = ("global", "follow", "each", "robust")
_DAY = 86_400  # seconds
Asked = str | tuple[float | None, float | None]

# Drawn at 200 dots per inch the first three have the 1080 and 1920 pixels that screens and networks ask for.
SIZES = {"square": (540, 540), "wide": (960, 540), "story": (540, 960), "hd": (1280, 720)}
DPI = 100  # dots per inch, at which a picture has the pixels of its size

_PLAIN, _SMALLEST = (320, 240), 0.6  # a picture less wide or high is drawn smaller, down to so many times its size
_LEGENDS = ("beside", "below", "inside", "none")
FARTHEST = 1e300  # beyond it the arithmetic of an axis overflows


def number_pair(text: str) -> tuple[float | None, float | None]:
    """Two limits `A,B`; either may be left empty and is then found from the data."""
    parts = text.replace(":", ",").split(",")
    try:
        pair = [float(part) if part.strip() else None for part in parts]
    except ValueError:
        pair = []
    if len(pair) != 2 or any(limit is not None and not math.isfinite(limit) for limit in pair):
        raise ValueError(
            f"{quoted(text)} is neither two numbers such as 0,1 or 0, or ,1 nor two dates such as 2024-01,2024-06 "
            f"nor one of {', '.join(LIMITS)}"
        )
    if any(limit is not None and abs(limit) > FARTHEST for limit in pair):
        raise ValueError(f"{quoted(text)} goes beyond {FARTHEST:g}, where no picture reaches")
    if pair[0] is not None and pair[0] == pair[1]:
        raise ValueError(f"{quoted(text)} leaves no room between the limits")
    return pair[0], pair[1]


class Date(float):
    """A date as a limit: days since 1970, as matplotlib counts them."""


def limits(text: str) -> Asked:
    """What is asked of an axis: how its limits are found, or the two of them as `A,B`, numbers or dates."""
    return text if text in LIMITS else _date_pair(text) or number_pair(text)


def _date_pair(text: str) -> tuple[float | None, float | None] | None:
    """Two dates such as `2024-01-01,2024-06-01`, either of which may be left empty; None where they are none."""
    parts = [part.strip() for part in text.split(",")]
    if len(parts) != 2 or not any("-" in part[1:] for part in parts):
        return None
    try:
        first, second = (_date(part) if part else None for part in parts)
    except ValueError:
        return None
    if first == second:
        raise ValueError(f"{quoted(text)} leaves no room between the limits")
    return first, second


def _date(text: str) -> Date:
    found = datetime.fromisoformat(f"{text}-01" if len(text) == len("2024-01") else text)
    zoned = found if found.tzinfo else found.replace(tzinfo=UTC)
    return Date(zoned.timestamp() / _DAY)


def names(text: str) -> tuple[str, ...]:
    """Names separated by commas."""
    return tuple(name.strip() for name in text.split(","))


class Mark(NamedTuple):
    """A caption that appears at a row, named by its label or its number."""

    row: str
    text: str


def mark(text: str) -> Mark:
    """A caption from `ROW=TEXT`; without a text none is shown from the row on."""
    row, equals, words = text.partition("=")
    if not row.strip() or not equals:
        raise ValueError(f"{quoted(text)} is not a row and a text such as '40=the rate drops'")
    return Mark(row.strip(), words.strip())


def row_count(text: str) -> float:
    """A number of rows above zero."""
    try:
        rows = float(text)
    except ValueError:
        rows = math.nan
    if not 0 < rows < math.inf:
        raise ValueError(f"{quoted(text)} is not a number of rows above 0")
    return rows


def pixel_size(text: str) -> tuple[int, int]:
    """Width and height in pixels, from `640x480` or from the name of a size."""
    if text in SIZES:
        return SIZES[text]
    width, _, height = text.lower().partition("x")
    if not (_is_whole(width) and _is_whole(height) and int(width) and int(height)):
        raise ValueError(f"{quoted(text)} is not a size in pixels such as 640x480, nor one of {', '.join(SIZES)}")
    return int(width), int(height)


def dots_per_inch(text: str) -> int:
    """Dots per inch, 20 to 1000; at 100 a picture has the pixels of its size."""
    if not _is_whole(text) or not 20 <= int(text) <= 1000:
        raise ValueError(f"{quoted(text)} is not a whole number from 20 to 1000")
    return int(text)


def _is_whole(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 16


@dataclass(frozen=True)
class Look:
    """The words around a chart, its limits, its colours and its size."""

    title: str | None = option(
        None,
        "-t",
        "--title",
        group="Words",
        metavar="TEXT",
        parse=str,
        shown="the file's name and a counter",
        help="Title over the chart; {row} {index} {rows} {name} are filled in for every frame.",
    )
    xlabel: str | None = option(
        None,
        "--xlabel",
        group="Words",
        metavar="TEXT",
        parse=str,
        shown="the index's name",
        help="Label of the horizontal axis.",
    )
    ylabel: str | None = option(
        None,
        "--ylabel",
        group="Words",
        metavar="TEXT",
        parse=str,
        shown="a single column's name",
        help="Label of the vertical axis.",
    )
    label: tuple[str, ...] = option(
        (),
        "--label",
        group="Words",
        metavar="A,B",
        parse=names,
        shown="the files' names",
        help="What several histories are called, in their order.",
    )
    legend: str | None = option(
        None,
        "--legend",
        group="Words",
        metavar="|".join(_LEGENDS),
        parse=one_of(*_LEGENDS),
        shown="beside, below where the picture is small or upright, none where it could name but one of several",
        help="Where the names of what is drawn stand; inside may hide data.",
    )
    mark: tuple[Mark, ...] = option(
        (),
        "--mark",
        group="Words",
        metavar="ROW=TEXT",
        parse=mark,
        many=True,
        shown="",
        help="A caption that appears below the chart at a row, named by its label or its number, and stays until the "
        "next, an empty one too; repeat it for several.",
    )
    fade: float | None = option(
        None,
        "--fade",
        group="Words",
        metavar="ROWS",
        parse=row_count,
        shown="never",
        help="Let each mark fade away over so many rows.",
    )
    caption: str | None = option(
        None,
        "--caption",
        group="Words",
        metavar="TEXT",
        parse=str,
        shown="",
        help="Words below the chart.",
    )
    source: str | None = option(
        None,
        "--source",
        group="Words",
        metavar="TEXT",
        parse=str,
        shown="",
        help="Where the data come from, in small type at the bottom.",
    )
    xlim: Asked | None = option(
        None,
        "--xlim",
        group="Axes",
        metavar="A,B|HOW",
        parse=limits,
        shown="global, race follow",
        help="Limits of the horizontal axis, as --ylim's; of dates as 2024-01,2024-06.",
    )
    ylim: Asked | None = option(
        None,
        "--ylim",
        group="Axes",
        metavar="A,B|HOW",
        parse=limits,
        shown="global",
        help="Limits of the vertical axis, either of which may be left empty, or how they are found: global from all "
        "rows shown, follow from what is shown in a while, each from what the frame shows, robust from all but the "
        "outermost values.",
    )
    logx: bool = option(
        False,
        "--logx",
        group="Axes",
        shown="",
        help="A logarithmic horizontal axis; what is not above zero is a gap.",
    )
    logy: bool = option(
        False,
        "--logy",
        group="Axes",
        shown="",
        help="A logarithmic vertical axis; what is not above zero is a gap.",
    )
    layout: str | None = option(
        None,
        "--layout",
        group="Looks",
        metavar="overlay|grid",
        parse=one_of("overlay", "grid"),
        shown="overlay where the kind can be overlaid",
        help="Several histories on one another, or beside one another.",
    )
    theme: str = option(
        "liveplot",
        "--theme",
        group="Looks",
        metavar="NAME",
        parse=str,
        help="Colours and type: liveplot, dark, paper, minimal, or any style of matplotlib, as ggplot.",
    )
    palette: tuple[str, ...] = option(
        (),
        "--palette",
        group="Looks",
        metavar="NAME|A,B,C",
        parse=names,
        shown="the theme's",
        help="Colours of series: okabe-ito, petroff, tol, any colour sequence of matplotlib, as Set2, or a list, as "
        "2d88df,tomato.",
    )
    transparent: bool = option(
        False,
        "--transparent",
        group="Looks",
        shown="",
        help="Leave the paper out of a GIF, of a WebP, of PNG pictures and of a still, for a page to show through.",
    )
    size: tuple[int, int] = option(
        (640, 480),
        "--size",
        group="Looks",
        metavar="WxH|NAME",
        parse=pixel_size,
        shown="640x480",
        help="Size of the picture in pixels, or "
        + ", ".join(f"{name} ({width}x{height})" for name, (width, height) in SIZES.items())
        + ".",
    )
    dpi: int = option(
        DPI,
        "--dpi",
        group="Looks",
        metavar="N",
        parse=dots_per_inch,
        help="Dots per inch: 200 draws all of the picture twice as large, and as sharp.",
    )

    def __post_init__(self) -> None:
        if self.fade is not None and not self.mark:
            raise UsageError("fade lets marks fade away, and there is no mark")

    @property
    def zoom(self) -> float:
        """How large words and lines are drawn: smaller in a small picture, for them to leave the chart room."""
        return max(_SMALLEST, min(1.0, *(side / plain for side, plain in zip(self.size, _PLAIN, strict=True))))

    @property
    def pixels(self) -> tuple[int, int]:
        """Width and height of the picture that is drawn: its size, scaled by the dots per inch, to the nearest."""
        width, height = ((2 * side * self.dpi + DPI) // (2 * DPI) for side in self.size)
        return width, height
