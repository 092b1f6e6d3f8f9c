"""Drawing a figure whose artists move: what stays is drawn once and kept, what moves is drawn upon it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.text import Text

from liveplot_cli.drawing.stamp import Stamps
from liveplot_cli.film import Pixels

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.figure import Figure


class Blit:
    """A figure on an Agg canvas, its background kept from frame to frame.

    An animated artist never makes its figure stale, so the figure is stale only when something else has changed:
    limits, ticks, the size of a window. Then, and only then, the background is drawn anew.
    """

    def __init__(self, figure: Figure) -> None:
        self.figure = figure
        self._background: Any = None
        self._stamps = Stamps()

    def forget(self) -> None:
        """Draw the background anew at the next frame."""
        self._background = None

    def draw(self, moved: Iterable[Artist]) -> None:
        """Draw a frame: the background, and upon it the animated artists that moved, in this order."""
        canvas: Any = self.figure.canvas
        if self._background is None or self.figure.stale:
            canvas.draw()
            self._background = canvas.copy_from_bbox(self.figure.bbox)
        canvas.restore_region(self._background)
        renderer = canvas.get_renderer()
        for artist in moved:
            if isinstance(artist, Text):
                self._stamps.draw(artist, renderer)
            else:
                artist.draw(renderer)
        # What an artist puts straight for its own drawing, as a legend does, is no reason for a new background.
        self.figure.stale = False

    @property
    def pixels(self) -> Pixels:
        """The picture as it stands, shape (height, width, 4), RGBA; one buffer, which the next frame overwrites."""
        canvas: Any = self.figure.canvas
        return np.asarray(canvas.buffer_rgba())

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        width, height = self.figure.canvas.get_width_height(physical=True)
        return width, height
