"""Pictures in motion: each row is a grid of cells, whose numbers are colours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

from liveplot_cli.charts import Chart, Colors, Drawn
from liveplot_cli.errors import UsageError, listed, quoted
from liveplot_cli.look import LIMITS, Asked, limits
from liveplot_cli.option import option

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes

    from liveplot_cli.drawing.raster import ColorMap
    from liveplot_cli.drawing.scale import Bounds
    from liveplot_cli.history import History

_SEQUENTIAL, _DIVERGING, _DIVERGING_ON_DARK = "viridis", "RdBu_r", "berlin"
# The maps of matplotlib that have a middle, which belongs to the number 0.
_WITH_MIDDLE = (
    "PiYG", "PRGn", "BrBG", "PuOr", "RdGy", "RdBu", "RdYlBu", "RdYlGn", "Spectral", "coolwarm", "bwr", "seismic",
    "berlin", "managua", "vanimo",
)  # fmt: skip
_LEAST_SIDE = 0.1  # of the larger: values that reach less far below zero, or above, are no second side
_TALLEST, _WIDEST = 2, 4  # times its width, or its height: beyond that cells are no squares


def shape(text: str) -> tuple[int, int]:
    """Height and width in cells from `8x8`."""
    height, _, width = text.lower().partition("x")
    if not all(side.isascii() and side.isdigit() and len(side) < 10 and int(side) for side in (height, width)):
        raise ValueError(f"{quoted(text)} is not a height and a width in cells such as 8x8")
    return int(height), int(width)


@dataclass(frozen=True)
class Heatmap(Chart):
    """Each row is a picture: a grid of cells, their numbers as colours, with a colour bar.

    Rows that reach to both sides of 0 have colours that meet there. A gap is grey. Where there are more cells than
    pixels, a pixel has the mean of the cells that it covers.
    """

    overlays: ClassVar[bool] = False

    shape: tuple[int, int] | None = option(
        None,
        "--shape",
        group="Chart",
        metavar="HxW",
        parse=shape,
        shown="the history's own",
        help="Height and width of the picture that each row is, line by line (heatmap).",
    )
    clim: Asked | None = option(
        None,
        "--clim",
        group="Chart",
        metavar="A,B|HOW",
        parse=limits,
        shown="global",
        help=f"Limits of the colours: two numbers, or how they are found: {', '.join(LIMITS)}, as --ylim's (heatmap).",
    )
    cmap: str | None = option(
        None,
        "--cmap",
        group="Chart",
        metavar="NAME",
        parse=str,
        shown=f"{_SEQUENTIAL}, or {_DIVERGING} for values on both sides of 0, {_DIVERGING_ON_DARK} on dark paper",
        help="Colour map by its name in matplotlib (heatmap).",
    )

    def draw(self, axes: Axes, histories: Sequence[History]) -> Drawn:
        """The cells of a row's picture from its top left on, as squares unless it would be a mere strip."""
        from liveplot_cli.drawing import scale

        self._check_map()
        (history,) = histories
        picture = _Picture(self, axes, history, self._grid(history))
        reach = replace(scale.of_rows(histories), margin=0)
        return Drawn(lambda position: [picture.show(position)], colors=Colors(picture.bar, reach, self.clim))

    def color_map(self, bounds: Bounds) -> ColorMap:
        """The colours for numbers within these bounds."""
        from liveplot_cli.drawing import style
        from liveplot_cli.drawing.raster import ColorMap

        low, high = sorted(bounds)
        both_sides = min(-low, high) >= _LEAST_SIDE * max(-low, high)
        diverging = _DIVERGING_ON_DARK if style.is_dark() else _DIVERGING
        name = self.cmap or (diverging if both_sides else _SEQUENTIAL)
        return ColorMap(name, style.gap(), centered=name.removesuffix("_r") in _WITH_MIDDLE)

    def _grid(self, history: History) -> tuple[int, int]:
        """The picture's height and width; raises `UsageError` that says which would fit where they do not."""
        grid = self.shape or history.grid
        columns = len(history.columns)
        if grid is not None and grid[0] * grid[1] == columns:
            return grid
        fitting = [
            f"{height}x{columns // height}" for height in range(1, int(columns**0.5) + 1) if not columns % height
        ]
        said = "do not say which picture they are" if grid is None else f"are no {grid[0]}x{grid[1]}"
        best = list(reversed(fitting[-3:]))
        raise UsageError(
            f"{history.name}: its rows of {columns} columns {said}; {', '.join(best)} would fit",
            cure=("shape", best[0]),
        )

    def _check_map(self) -> None:
        """Raise `UsageError` for an unknown colour map, with those that are spelt alike."""
        from difflib import get_close_matches

        import matplotlib

        known = list(matplotlib.colormaps)
        if self.cmap is not None and self.cmap not in known:
            near = get_close_matches(self.cmap, known, 4, 0.5) or [_SEQUENTIAL, _DIVERGING, "magma"]
            raise UsageError(f"there is no colour map {quoted(self.cmap)}; there are {listed(near)} and others")


class _Picture:
    """The cells of a history's rows, with a bar that tells what their colours mean."""

    def __init__(self, chart: Heatmap, axes: Axes, history: History, grid: tuple[int, int]) -> None:
        from liveplot_cli.drawing.raster import Raster, cell_axes, color_bar

        self._chart, self._history, self._grid = chart, history, grid
        cell_axes(axes, *grid, tallest=_TALLEST, widest=_WIDEST)
        self._cells = Raster(axes)
        self.bar = color_bar(axes)
        self._gradient = Raster(self.bar)
        self._limits: Bounds | None = None
        self._colors: ColorMap | None = None

    def show(self, position: float) -> Artist:
        """The picture at a position, and the bar if its limits have changed: what stays must not be touched."""
        from liveplot_cli.drawing.raster import down

        limits = self.bar.get_ylim()
        if self._colors is None:
            # Pictures beside one another have the limits, and so the colours, of all of them.
            moving = self._chart.clim in ("follow", "each")  # and the map is to be the same whichever frame is first
            self._colors = self._chart.color_map(self._history.bounds() if moving else limits)
        if limits != self._limits:
            self._limits = limits
            self._gradient.show(down(limits), self._colors, limits)
        self._cells.show(self._history.row(position).reshape(self._grid), self._colors, limits)
        return self._cells
