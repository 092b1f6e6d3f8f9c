"""Numbers drawn as colours: a grid of cells over all of its axes, as fast as its pixels can be filled.

Matplotlib's own image artist resamples colours, which takes longer than all the rest of a frame. Here each pixel is
given its cell's colour by indexing; where there are more cells than pixels, a pixel has the mean of those it covers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import matplotlib
import numpy as np
from matplotlib.artist import Artist
from matplotlib.colors import to_rgba
from matplotlib.ticker import FixedLocator, MaxNLocator
from matplotlib.transforms import Affine2D, ScaledTranslation, blended_transform_factory

from liveplot_cli.drawing.ticker import write_out

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from liveplot_cli.row_file import Numbers

_FARTHEST = 1e9  # times as far from the limits as they lie apart: what is summed up stays a number
_LEVELS = 192  # of the 255 colours of a GIF, which has words besides


class ColorMap:
    """Numbers to colours by name of a matplotlib map; a `centered` one has its middle at 0, alike to both sides.

    What lies beyond the limits has the colour at their end, a gap a colour of its own.
    """

    def __init__(self, name: str, gap: str, *, centered: bool) -> None:
        self._centered = centered
        colors = matplotlib.colormaps[name](np.linspace(0, 1, _LEVELS), bytes=True)
        gap_color = np.round(255 * np.array([to_rgba(gap)])).astype(np.uint8)
        self._colors = np.ascontiguousarray(np.vstack([colors, gap_color])).view(np.uint32)[:, 0]

    def levels(self, values: Numbers, limits: tuple[float, float]) -> Numbers:
        """Where numbers stand among the colours, from 0 to 1 within the limits and NaN for a gap."""
        low, high = limits
        if self._centered:
            high = max(abs(low), abs(high))
            low = -high
        with np.errstate(invalid="ignore", over="ignore"):
            # Those beyond the limits stay so, for a pixel has the mean of its cells, and the colour of that.
            return np.clip((values - low) / (high - low), -_FARTHEST, _FARTHEST)

    def colors(self, levels: NDArray[Any]) -> NDArray[np.uint8]:
        """RGBA colours, shape (height, width, 4), of levels of shape (height, width)."""
        gaps = np.isnan(levels)
        numbers = (np.clip(np.where(gaps, 0, levels), 0, 1) * (_LEVELS - 1) + 0.5).astype(np.intp)
        numbers[gaps] = _LEVELS
        return self._colors[numbers].view(np.uint8).reshape(*levels.shape, 4)


class Raster(Artist):
    """Cells that fill their axes, from the top left on."""

    zorder = 2.0  # as lines have it: above what does not move

    _colors: ColorMap
    _levels: NDArray[Any]

    def __init__(self, axes: Axes) -> None:
        super().__init__()
        self.set_in_layout(False)
        axes.add_artist(self)

    def show(self, values: Numbers, colors: ColorMap, limits: tuple[float, float]) -> None:
        """Show numbers, shape (height, width), in the colours of a scale with these limits."""
        self._colors, self._levels = colors, colors.levels(values, limits)
        self.stale = True

    def draw(self, renderer: Any) -> None:
        """Fill the pixels of the axes or, on a picture without pixels such as an SVG, draw the cells themselves."""
        assert self.axes is not None  # it was added to them
        context = renderer.new_gc()
        box = self.axes.bbox
        if renderer.option_scale_image():
            cells = self._colors.colors(self._levels[::-1])
            renderer.draw_image(context, box.x0, box.y0, cells, Affine2D().scale(box.width, box.height))
        else:
            left, right, bottom, top = (round(edge) for edge in (box.x0, box.x1, box.y0, box.y1))
            if right > left and top > bottom:
                renderer.draw_image(context, left, bottom, self._pixels(top - bottom, right - left))
        context.restore()
        self.stale = False

    def _pixels(self, height: int, width: int) -> NDArray[np.uint8]:
        """The picture from its bottom line up, as renderers take it, shape (height, width, 4)."""
        levels = _reduced(self._levels, height, width)[::-1]
        colors = self._colors.colors(levels).view(np.uint32)[..., 0]
        for axis, pixels in enumerate((height, width)):
            cells = levels.shape[axis]
            if cells != pixels:
                colors = colors.take((2 * np.arange(pixels) + 1) * cells // (2 * pixels), axis)
        return np.ascontiguousarray(colors).view(np.uint8).reshape(height, width, 4)


def _reduced(levels: NDArray[Any], height: int, width: int) -> NDArray[Any]:
    """Levels of at most these many cells: each the mean of those it takes the place of, but for the gaps among them."""
    wanted = min(height, levels.shape[0]), min(width, levels.shape[1])
    if wanted == levels.shape:
        return levels
    gaps = np.isnan(levels)
    if not gaps.any():
        return _means(levels, wanted)
    known = _means(~gaps, wanted)
    with np.errstate(invalid="ignore"):
        return np.where(known > 0, _means(np.where(gaps, 0, levels), wanted) / known, np.nan)


def _means(levels: NDArray[Any], shape: tuple[int, int]) -> NDArray[np.float32]:
    """The mean of the cells below each of fewer, larger ones, those at their edges in part."""
    from PIL.Image import Resampling, fromarray

    return np.asarray(fromarray(levels.astype(np.float32)).resize(shape[::-1], Resampling.BOX))


def cell_axes(axes: Axes, height: int, width: int, *, tallest: float, widest: float) -> None:
    """Make axes of so many cells, counted from the top left: of square ones up to so many times its width or height."""
    axes.set(xscale="linear", yscale="linear", xlim=(-0.5, width - 0.5), ylim=(height - 0.5, -0.5))
    ratio = width / height
    axes.set_aspect(max(1, ratio / widest) if ratio > 1 else min(1, ratio * tallest))
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    for axis, cells in ((axes.xaxis, width), (axes.yaxis, height)):
        few = MaxNLocator(nbins=10 if cells <= 10 else 5, integer=True, steps=[1, 2, 5, 10])
        axis.set_major_locator(few if cells > 1 else FixedLocator([0]))


def color_bar(axes: Axes) -> Axes:
    """Axes for a bar of colours along the right of others, whose vertical limits are those of the colours."""
    figure: Any = axes.get_figure(root=True)
    right: Any = axes.transAxes
    beside = figure.dpi_scale_trans + ScaledTranslation(1, 0, right)
    place = blended_transform_factory(beside, axes.transAxes)
    bar = axes.inset_axes((0.14, 0, 0.13, 1), transform=place)
    bar.set(xticks=[], xlim=(0, 1))
    bar.grid(visible=False)
    bar.spines[:].set_visible(False)
    bar.yaxis.tick_right()
    write_out(bar.yaxis)
    bar.yaxis.set_tick_params(length=0)
    return bar


def down(limits: tuple[float, float], steps: int = 256) -> NDArray[np.float64]:
    """Numbers from the top of an axis to its bottom, shape (steps, 1)."""
    return np.linspace(limits[1], limits[0], steps)[:, None]
