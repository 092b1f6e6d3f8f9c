"""Pictures in motion: each row is a grid of cells, whose numbers are colours."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

from liveplot_cli.charts import Chart, Colors, Drawn
from liveplot_cli.errors import UsageError, listed, quoted
from liveplot_cli.look import LIMITS, Asked, limits
from liveplot_cli.option import option

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes

    from liveplot_cli.history import History
    from liveplot_cli.scale import Bounds

_SEQUENTIAL, _DIVERGING = "viridis", "RdBu_r"
# The maps of matplotlib that have a middle, which belongs to the number 0.
_WITH_MIDDLE = (
    "PiYG", "PRGn", "BrBG", "PuOr", "RdGy", "RdBu", "RdYlBu", "RdYlGn", "Spectral", "coolwarm", "bwr", "seismic",
    "berlin", "managua", "vanimo",
)  # fmt: skip
_LEAST_SIDE = 0.1  # of the larger: values that reach less far below zero, or above, are no second side
_LONGEST = 4  # times its width, or its height, is what a picture of square cells is high, or wide


def shape(text: str) -> tuple[int, int]:
    """Height and width in cells from `8x8`."""
    height, _, width = text.lower().partition("x")
    if not all(side.isascii() and side.isdigit() and len(side) < 10 and int(side) for side in (height, width)):
        raise ValueError(f"{quoted(text)} is not a height and a width in cells such as 8x8")
    return int(height), int(width)


@dataclass(frozen=True)
class Heatmap(Chart):
    """Each row is a picture: a grid of cells, their numbers as colours, with a colour bar."""

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
        shown=f"{_SEQUENTIAL}, or {_DIVERGING} for values on both sides of 0",
        help="Colour map by its name in matplotlib (heatmap).",
    )

    def draw(self, axes: Axes, histories: Sequence[History]) -> Drawn:
        """The cells of a row's picture from its top left on, as squares unless it would be a mere strip."""
        from liveplot_cli import scale, style
        from liveplot_cli.raster import ColorMap, Raster

        (history,) = histories
        height, width = self._grid(history)
        name = self._color_map(history.bounds())
        colors = ColorMap(name, style.GAP, centered=name.removesuffix("_r") in _WITH_MIDDLE)
        style.cell_axes(axes, height, width, _LONGEST)
        picture = Raster(axes, colors)
        bar = style.color_bar(axes)
        gradient = Raster(bar, colors)
        gradient_limits: list[Bounds] = []

        def update(position: float) -> Iterable[Artist]:
            found = bar.get_ylim()
            if gradient_limits != [found]:  # what does not move must not be touched
                gradient_limits[:] = [found]
                gradient.show(style.down(found), found)
            picture.show(history.row(position).reshape(height, width), found)
            return [picture]

        return Drawn(update, colors=Colors(bar, replace(scale.of_rows([history]), margin=0), self.clim))

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

    def _color_map(self, bounds: Bounds) -> str:
        """The name of the colour map; raises `UsageError` with those that are spelt alike for an unknown one."""
        from difflib import get_close_matches

        import matplotlib

        if self.cmap is None:
            low, high = bounds
            return _DIVERGING if min(-low, high) >= _LEAST_SIDE * max(-low, high) else _SEQUENTIAL
        if self.cmap in matplotlib.colormaps:
            return self.cmap
        near = get_close_matches(self.cmap, list(matplotlib.colormaps), 4, 0.5) or [_SEQUENTIAL, _DIVERGING, "magma"]
        raise UsageError(f"there is no colour map {quoted(self.cmap)}; there are {listed(near)} and others")
