"""A history as matplotlib's own animation: for a notebook, or for a script that goes on from there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from liveplot_cli import charts
from liveplot_cli.drawing import style
from liveplot_cli.prepare import Source, prepare
from liveplot_cli.scene import Scene

if TYPE_CHECKING:
    from matplotlib.animation import FuncAnimation


def animation(source: Source | Sequence[Source], /, kind: str = charts.AUTO, **options: object) -> FuncAnimation:
    """A `matplotlib.animation.FuncAnimation` of the very film that `render` would draw.

    `source` is as for `render`; `options` are those of the command line, by
    their long names. In a notebook: `HTML(animation("loss.csv").to_jshtml())`. Raises `UsageError` or `DataError`.
    """
    prepared = prepare(source, kind, options)
    with style.applied(prepared.look):
        positions = [moment.position for moment in prepared.moments]
        return Scene(prepared.histories, prepared.chart, prepared.look, positions).animation(prepared.moments)
