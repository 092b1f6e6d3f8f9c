"""Anyone's figure drawn as `savefig` draws it, but fast: what is not animated is drawn once and kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib import rcParams
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgba
from matplotlib.figure import FigureBase
from matplotlib.transforms import Bbox

from liveplot_cli.drawing.blit import Blit
from liveplot_cli.film import Pixels

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.figure import Figure

_MARGIN = 2  # pixels that an artist may reach beyond what it says of its extent


class _Canvas(FigureCanvasAgg):
    """An Agg canvas that draws when it is told to, and animated artists never."""

    def draw_idle(self, *args: Any, **kwargs: Any) -> None:
        """Nothing: `Animation.save` would have each frame drawn in full by it."""

    def is_saving(self) -> bool:
        """No, as far as artists ask: while a figure is saved its animated artists are drawn with the others."""
        return False


@contextmanager
def drawn_here(figure: Figure, dpi: float | None = None) -> Iterator[Animated]:
    """Draw a figure on a canvas of our own for as long as the block lasts; afterwards it is as it was.

    `dpi` is by itself `savefig.dpi` of the rcParams. A transparent figure is drawn on white.
    """
    canvas, color, before = figure.canvas, figure.get_facecolor(), figure.dpi
    saved: Any = rcParams["savefig.facecolor"]
    wanted: Any = rcParams["savefig.dpi"] if dpi is None else dpi
    _Canvas(figure)  # takes the canvas' place; without a manager no window is resized
    figure.dpi = before / canvas.device_pixel_ratio if wanted == "figure" else float(wanted)
    red, green, blue, alpha = to_rgba(color if saved == "auto" else saved)
    figure.set_facecolor((1 - alpha + alpha * red, 1 - alpha + alpha * green, 1 - alpha + alpha * blue))
    animated = Animated(figure)
    try:
        # An animation would start at the first drawing of its figure.
        with figure.canvas.callbacks.blocked(signal="draw_event"):
            yield animated
    finally:
        animated.release()
        figure.set_facecolor(color)
        figure.dpi = before
        figure.set_canvas(canvas)


class Animated:
    """A figure and those of its artists that are animated, drawn in the order in which matplotlib would draw them.

    Upon a background of what lies below them the animated artists are drawn, with what lies above and overlaps. When
    anything else has changed, all is drawn in full, and what lies where is found out anew. The way is compared with a
    full drawing before it is trusted; where it differs more is drawn, in the end everything.
    """

    def __init__(self, figure: Figure) -> None:
        self.figure = figure
        self._blit = Blit(figure)
        self._moving: list[Artist] = []
        self._above: list[Artist] = []
        self._order: list[Artist] = []
        self._arrangement: Sequence[object] = ()
        self._ways: Sequence[_Way] | None = None
        self._is_fresh = self._is_proven = False
        self._is_settled = True

    @property
    def paper(self) -> tuple[int, int, int]:
        """The background's colour, red, green and blue from 0 to 255."""
        red, green, blue, _ = (round(255 * part) for part in to_rgba(self.figure.get_facecolor()))
        return red, green, blue

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self._blit.size

    def moving(self) -> list[Artist]:
        """The artists that are animated now."""
        return [leaf for leaf in _leaves(self.figure) if leaf.get_animated() and leaf not in self._above]

    def pixels(self, moved: Iterable[Artist] | None, *, verify: bool) -> Pixels:
        """The picture after these artists have moved, shape (height, width, 4), RGBA; the next overwrites it.

        All artists that ever moved are drawn, as they are when matplotlib saves a film, and any that are animated. None
        stands for anything: then all is drawn. `verify` has the picture compared with a full drawing.
        """
        moving = [artist for artist in self._moving if artist.get_figure() is not None]
        moving += [artist for artist in moved or () if artist.get_animated() and artist not in moving]
        if moved is None or verify:
            moving += [artist for artist in self.moving() if artist not in moving]
        if moved is None or self._is_otherwise(moving):  # it is too early to plan on it
            self.release()
            self._moving, self._ways = moving, None
            return self._in_full()
        if verify or self._ways is None:
            self._ways = _WAYS if self._is_apart() else ()
            self._arrange()
        while self._ways:
            is_kept = not self._is_fresh
            self._blit.draw(self._order)
            self._is_fresh = False
            if self._is_proven:
                return self._blit.pixels
            if self._is_right():
                self._is_proven = is_kept  # what was drawn a moment ago would be right in any case
                return self._blit.pixels
            self._ways = self._ways[1:]
            self._arrange()
        return self._in_full()

    def release(self) -> None:
        """Leave the figure's artists as they were found."""
        for artist in self._above:
            artist.set_animated(False)
        self._above = []

    def _is_otherwise(self, moving: Sequence[Artist]) -> bool:
        """Whether other artists move than last time, or lie otherwise, or anything has changed that does not move."""
        arrangement: list[object] = [(artist, artist.get_zorder(), artist.get_clip_on()) for artist in moving]
        if self.figure.get_layout_engine() is not None:  # it makes other room for a title of more lines
            canvas: Any = self.figure.canvas
            renderer = canvas.get_renderer()
            unclipped = [artist for artist in moving if _clip(artist) is None and artist.get_visible()]
            extents = [artist.get_tightbbox(renderer) for artist in unclipped]
            arrangement += [extent and (round(extent.width, 3), round(extent.height, 3)) for extent in extents]
        before, self._arrangement = self._arrangement, arrangement
        return arrangement != before or self.figure.stale or not self._is_settled

    def _is_apart(self) -> bool:
        """Whether each that moves can be drawn by itself: not what its parent draws, nor in three dimensions."""
        leaves = set(_leaves(self.figure))
        hidden = {artist for artist in self._moving if artist.axes and not artist.axes.get_visible()}
        return leaves | hidden >= set(self._moving) and all(axes.name != "3d" for axes in self.figure.axes)

    def _is_right(self) -> bool:
        drawn = self._blit.pixels.copy()
        return np.array_equal(drawn, self._in_full())

    def _arrange(self) -> None:
        """Find what must be drawn with each frame, in its order."""
        self.release()
        self._blit.forget()
        self._is_fresh, self._is_proven = True, False
        if not self._ways:
            return
        leaves = list(_leaves(self.figure))
        first = next((at for at, leaf in enumerate(leaves) if leaf in self._moving), len(leaves))
        self._above = list(self._ways[0](self.figure, leaves[first:]))
        for artist in self._above:
            artist.set_animated(True)
        self._order = [leaf for leaf in leaves[first:] if leaf.get_animated()]

    def _in_full(self) -> Pixels:
        """The whole figure as matplotlib draws it."""
        hidden = [*self._moving, *self._above]
        for artist in hidden:
            artist.set_animated(False)
        canvas: Any = self.figure.canvas
        before = self._places()
        canvas.draw()
        places = self._places()
        if places != before:  # a layout seldom settles at once, and matplotlib draws twice
            canvas.draw()
        self._is_settled = self._places() == places
        for artist in hidden:
            artist.set_animated(True)
        return self._blit.pixels

    def _places(self) -> list[object]:
        """Where a layout engine has put the axes."""
        if self.figure.get_layout_engine() is None:
            return []
        return [tuple(round(edge, 6) for edge in axes.bbox.extents) for axes in self.figure.axes]


def _clip(artist: Artist) -> Any:
    """The box that an artist stays within; None if there is none."""
    return artist.get_clip_box() if artist.get_clip_on() else None


def _overlapping(figure: Figure, leaves: Sequence[Artist]) -> Iterator[Artist]:
    """Those that reach to where something below them moves: within its clipping box or, without one, anywhere."""
    canvas: Any = figure.canvas
    renderer = canvas.get_renderer()
    boxes: list[Bbox] = []
    for artist in leaves:
        if artist.get_animated():
            boxes.append(Bbox.from_extents(*(_clip(artist) or figure.bbox).extents))
            continue
        extent = artist.get_tightbbox(renderer) if artist.get_visible() else None
        if extent is None or not extent.width + extent.height > 0:
            continue
        has_grid = isinstance(artist, Axis) and any(line.get_visible() for line in artist.get_gridlines())
        around = extent.padded(_MARGIN)
        if has_grid or any(around.overlaps(box) for box in boxes):
            yield artist


def _all(figure: Figure, leaves: Sequence[Artist]) -> Iterator[Artist]:
    """All that lie above."""
    return (artist for artist in leaves if not artist.get_animated())


_Way = Callable[["Figure", Sequence["Artist"]], Iterable["Artist"]]
_WAYS: tuple[_Way, ...] = (_overlapping, _all)


def _leaves(parent: Any) -> Iterator[Artist]:
    """The artists of a figure or of axes in the order in which matplotlib draws them."""
    if not parent.get_visible():
        return
    children = [child for child in parent.get_children() if child is not parent.patch]
    has_frame = True
    if isinstance(parent, Axes):
        has_frame = parent.axison and parent.get_frame_on()
        left_out = [
            *(() if has_frame else parent.spines.values()),
            *(() if parent.axison else (parent.xaxis, parent.yaxis)),
        ]
        children = [child for child in children if child not in left_out]
    if has_frame:
        yield parent.patch
    for child in sorted(children, key=lambda child: child.get_zorder()):
        if isinstance(child, Axes | FigureBase):
            yield from _leaves(child)
        else:
            yield child
