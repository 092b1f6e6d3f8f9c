"""Parts of a whole: columns stacked upon one another, growing to the right as the rows go by."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any, ClassVar

from liveplot_cli.charts import Drawn, Growing
from liveplot_cli.errors import UsageError
from liveplot_cli.option import option

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.collections import LineCollection, PolyCollection
    from numpy.typing import NDArray

    from liveplot_cli.history import History


@dataclass(frozen=True)
class Area(Growing):
    """The columns stacked upon one another, growing to the right with the rows."""

    overlays: ClassVar[bool] = False

    normalize: bool = option(
        False,
        "--normalize",
        group="Chart",
        shown="",
        help="Show each column's share of its row, in per cent (area).",
    )

    def draw(self, axes: Axes, histories: Sequence[History]) -> Drawn:
        """One area for each column over the index: what is above zero stacked upwards, what is below it downwards.

        Raises `UsageError` for a logarithmic axis, which has no zero to stack upon.
        """
        import numpy as np
        from matplotlib.patches import Patch

        from liveplot_cli.drawing import style, ticker
        from liveplot_cli.history import History

        if axes.get_yscale() == "log":
            raise UsageError("areas are stacked upon zero, which a logarithmic axis has not; leave logy out")
        (history,) = histories
        (places,) = ticker.place_rows(axes.xaxis, histories)
        values = self._values(axes, history)
        colors = style.colors_of(axes, history.columns)
        sides = [values.clip(min=0), values.clip(max=0)][: 1 + bool((values < 0).any())]
        stacks = [_Stack(axes, places, side, colors) for side in sides]
        axes.set_xlabel(style.legible(history.index_name))
        if len(history.columns) == 1 and history.column_numbers is None:
            axes.set_ylabel(style.legible(history.columns[0]))

        def update(position: float) -> Iterable[Artist]:
            return [artist for stack in stacks for artist in stack.grow(position)]

        x, y = self.reaches([places], [History(np.column_stack([stack.whole for stack in stacks]))])
        names = [(name, Patch(facecolor=color)) for name, color in zip(history.columns, colors.tolist(), strict=True)]
        return Drawn(
            update,
            x=x,
            y=replace(y, base=0.0, margin=0.0 if self.normalize else y.margin),
            series=names[len(names) == 1 :],
            is_stack=True,
        )

    def _values(self, axes: Axes, history: History) -> NDArray[Any]:
        """The values or the shares to be stacked, gaps as nothing."""
        import numpy as np
        from matplotlib.ticker import PercentFormatter

        values: NDArray[np.float64] = np.nan_to_num(history.values)
        if history.gaps:
            import logging

            logging.getLogger(__name__).warning("%s: gaps count as zero in a stack", history.name)
        if not self.normalize:
            return values
        axes.yaxis.set_major_formatter(PercentFormatter(decimals=0))
        with np.errstate(over="ignore"):
            sums = np.abs(values).sum(axis=1, keepdims=True)
        shares: NDArray[np.float64] = np.divide(100 * values, sums, out=np.zeros_like(values), where=sums > 0)
        return shares


class _Stack:
    """Parts of one sign, shape (rows, columns), each upon the one before, in these colours."""

    def __init__(self, axes: Axes, places: NDArray[Any], parts: NDArray[Any], colors: NDArray[Any]) -> None:
        import numpy as np
        from matplotlib.collections import LineCollection, PolyCollection

        from liveplot_cli.drawing.growth import Curve

        present = parts.any(axis=0)
        with np.errstate(over="ignore"):
            sums = np.nan_to_num(np.cumsum(np.pad(parts[:, present], ((0, 0), (1, 0))), axis=1))
        self.whole = sums[:, -1]
        self._edges = [Curve(axes, places, edge) for edge in sums.T]
        self._colors = colors[present][::-1]
        self._areas = PolyCollection([], linewidths=0, zorder=1.5)
        self._heads = LineCollection([], colors=self._colors, linewidths=1.5, zorder=1.5)
        for artist in self._areas, self._heads:
            axes.add_collection(artist, autolim=False)

    def grow(self, position: float) -> tuple[PolyCollection, LineCollection]:
        """Show the parts up to a position."""
        from liveplot_cli.drawing.growth import between

        edges = [edge.until(position) for edge in self._edges][::-1]
        # Each area goes on below the next, which covers that: no paper shines through where they meet.
        areas = [between(lower, upper) for upper, lower in zip(edges, [*edges[2:], edges[-1]], strict=False)]
        self._areas.set_verts([polygon for polygons in areas for polygon in polygons])
        self._areas.set_facecolor(self._colors.repeat([len(polygons) for polygons in areas], axis=0).tolist())
        self._heads.set_segments(
            [[(upper[0][-1], upper[1][-1]), (lower[0][-1], lower[1][-1])] for upper, lower in pairwise(edges)]
        )
        return self._areas, self._heads
