"""Training curves: each column grows to the right as the rows go by."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from liveplot_cli.charts import Drawn, Growing

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes

    from liveplot_cli.history import History

_DASHES = "-", "--", ":", "-."
_MOST_TOLD = 8  # names
_MOST_LINES = 24  # that are drawn each by itself


@dataclass(frozen=True)
class Trace(Growing):
    """Each column is a line that grows to the right with the rows.

    A column whose values mostly stand alone between gaps, as what is logged now and then, is joined across them, which
    `-v` tells. Of two to four histories with several columns a colour is a column and a dash a history, of more a
    colour is a history and a dash a column.
    """

    def draw(self, axes: Axes, histories: Sequence[History]) -> Drawn:
        """One line for each column over the index, with a dot at its head."""
        from liveplot_cli.drawing import scale, style, ticker
        from liveplot_cli.drawing.growth import Bundle, Curve, Line

        shown = scale.on_axis(axes.yaxis, histories)
        places = ticker.place_rows(axes.xaxis, histories)
        curves = [
            Curve(axes, along, history.column(column))
            for along, history in zip(places, shown, strict=True)
            for column in range(len(history.columns))
        ]
        names = _names(shown)
        _tell_joined([name for name, curve in zip(names, curves, strict=True) if curve.is_joined])
        looks, opacity = _looks(axes, shown), style.opacity(len(shown))
        axes.set_xlabel(style.legible(histories[0].index_name))
        if len(curves) == 1 and histories[0].column_numbers is None:
            axes.set_ylabel(style.legible(histories[0].columns[0]))
        x, y = self.reaches(places, shown)
        if len(curves) > _MOST_LINES:
            colors, dashes = [color for color, _ in looks], [dash for _, dash in looks]
            bundle = Bundle(axes, curves, colors, dashes, opacity)
            return Drawn(bundle.grow, x, y, [(name, _stroke(*look)) for name, look in zip(names, looks, strict=True)])
        lines = [
            Line(axes, curve, color=color, linestyle=dash, alpha=opacity)
            for curve, (color, dash) in zip(curves, looks, strict=True)
        ]

        def update(position: float) -> Iterable[Artist]:
            return [line.grow(position) for line in lines]

        series = list(zip(names, [line.artist for line in lines], strict=True))
        return Drawn(update, x, y, series[len(lines) == 1 :])


def _looks(axes: Axes, histories: Sequence[History]) -> list[tuple[Any, str]]:
    """The colour and the dash of each line: one says of which history it is, and the other of which column."""
    from liveplot_cli.drawing import style

    several = len(histories)
    columns = [column for history in histories for column in history.columns]
    owners = [number for number, history in enumerate(histories) for _ in history.columns]
    if len(columns) == several > 1:
        return [(color, _DASHES[0]) for color in style.colors(several).tolist()]
    if several <= len(_DASHES):
        colors = style.colors_of(axes, columns).tolist()
        return [(color, _DASHES[owner]) for color, owner in zip(colors, owners, strict=True)]
    numbers = {column: number for number, column in enumerate(dict.fromkeys(columns))}
    colors = style.colors(several).tolist()
    return [
        (colors[owner], _DASHES[numbers[column] % len(_DASHES)]) for owner, column in zip(owners, columns, strict=True)
    ]


def _stroke(color: Any, dash: Any) -> Artist:
    """What stands for a line in the legend."""
    from matplotlib.lines import Line2D

    return Line2D([], [], color=color, linestyle=dash)


def _tell_joined(names: Sequence[str]) -> None:
    """Say which columns are joined across their gaps, to whoever asks for more to be said."""
    if names:
        import logging

        from liveplot_cli.errors import quoted

        told = ", ".join(map(quoted, names[:_MOST_TOLD])) + (", ..." if len(names) > _MOST_TOLD else "")
        logging.getLogger(__name__).info("mostly gaps, and joined across them: %s", told)


def _names(histories: Sequence[History]) -> list[str]:
    """What the lines are called: by their columns, of several histories by these."""
    if len(histories) == 1:
        return list(histories[0].columns)
    return [
        history.name + (f" {column}" if len(history.columns) > 1 else "")
        for history in histories
        for column in history.columns
    ]
