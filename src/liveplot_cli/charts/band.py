"""The middle of many values and how far they spread, growing to the right as the rows go by."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from liveplot_cli.charts import Drawn, Growing
from liveplot_cli.errors import DataError, UsageError, listed, quoted
from liveplot_cli.option import one_of, option

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from liveplot_cli.history import History


_GROUPS = ("row", "column", "name")
_DEVIATION = "sd"
_MIDDLES = (50.0, 90.0)
_OPACITY = 0.25
_LOWEST = 1e-300


def spread(text: str) -> str | tuple[float, ...]:
    """`sd`, or per cents above 0 and up to 100."""
    if text == _DEVIATION:
        return text
    try:
        parts = tuple(sorted(float(part) for part in text.split(",")))
    except ValueError:
        parts = ()
    if not parts or not all(0 < part <= 100 for part in parts):
        raise ValueError(f"{quoted(text)} is neither {_DEVIATION} nor per cents such as 50,90")
    return parts


@dataclass(frozen=True)
class Band(Growing):
    """How each row's values spread about their middle, or the same columns of several histories.

    Groups of values have a band each: those of several histories' rows, or of columns named a1, a2, b1 and b2.
    """

    groups: str | None = option(
        None,
        "--groups",
        group="Chart",
        metavar="|".join(_GROUPS),
        parse=one_of(*_GROUPS),
        shown="row of one history, column of several",
        help="What a band is of: a history's row, a column of all histories, or columns with the same name but for a "
        "number at its end (band).",
    )

    spread: str | tuple[float, ...] | None = option(
        None,
        "--spread",
        group="Chart",
        metavar="sd|P,P",
        parse=spread,
        shown="50,90; sd of a column",
        help="The median and the middle P per cent of the values, or their mean and standard deviation (band).",
    )

    def draw(self, axes: Axes, histories: Sequence[History]) -> Drawn:
        """Over the index a line for the middle of each group of values, with bands about it.

        The median and the quantiles at equal distances from both ends, or the mean and one standard deviation of a
        sample (divided by n - 1) on either side. A row of several histories is that of those which have it. Raises
        `DataError` where these differ in their columns or in the labels of a row.
        """
        import numpy as np

        from liveplot_cli.drawing import scale, style, ticker
        from liveplot_cli.history import History

        shown = scale.on_axis(axes.yaxis, histories)
        longest = max(histories, key=len)
        (places,) = ticker.place_rows(axes.xaxis, [longest])
        grouped = self.groups or ("column" if len(shown) > 1 else "row")
        groups = _groups(shown, grouped)
        asked = self.spread or (_DEVIATION if grouped == "column" else _MIDDLES)
        summaries = [
            _deviation(values) if isinstance(asked, str) else _quantiles(values, asked) for values in groups.values()
        ]
        sizes = [int((~np.isnan(values)).any(axis=0).sum()) for values in groups.values()]
        if grouped == "name" and max(sizes) == 1:
            raise UsageError(
                "no two columns have the same name but for a number at its end, as a1 and a2 have; "
                "take the groups row or column"
            )
        if max(sizes) <= 1:
            import logging

            logging.getLogger(__name__).warning(
                "%s: one column has no spread; give several, or several histories", longest.name
            )
        bands = [_Band(axes, places, *one) for one in zip(summaries, style.colors(len(groups)).tolist(), strict=True)]
        axes.set_xlabel(style.legible(longest.index_name))
        if grouped == "column" and len(groups) == 1 and longest.column_numbers is None:
            axes.set_ylabel(style.legible(longest.columns[0]))

        def update(position: float) -> Iterable[Artist]:
            return [artist for band in bands for artist in band.grow(position)]

        x, y = self.reaches([places], scale.on_axis(axes.yaxis, [History(np.column_stack(summaries))]))
        middle = "mean" if isinstance(asked, str) else "median"
        names = groups if len(groups) > 1 else [f"{middle} of {sizes[0]:,}"]
        series = [(name, band.line.artist) for name, band in zip(names, bands, strict=True)]
        return Drawn(update, x, y, [*series, *_swatches(asked, bands)])


def _groups(histories: Sequence[History], grouped: str) -> dict[str, NDArray[Any]]:
    """The values of each group by its name, shape (rows of the longest history, values), gaps where one has ended."""
    import numpy as np

    longest = max(histories, key=len)
    for history in histories:
        _check_labels(longest, history)
    if grouped == "column":
        for history in histories:
            _check_alike(histories[0], history)
    if grouped == "name" and any(history.column_numbers is not None for history in histories):
        raise UsageError("columns without names have no groups by name; take the groups row or column")
    parts: dict[str, list[NDArray[Any]]] = {}
    for history in histories:
        values = np.full((len(longest), len(history.columns)), np.nan)
        values[: len(history)] = history.values
        for group, columns in _members(history, grouped).items():
            parts.setdefault(group, []).append(values[:, columns])
    return {group: np.hstack(values) for group, values in parts.items()}


def _members(history: History, grouped: str) -> dict[str, Any]:
    """Which columns of a history belong to which group."""
    if grouped == "row":
        return {history.name: slice(None)}
    members: dict[str, list[int]] = {}
    for number, name in enumerate(history.columns):
        members.setdefault(_stem(name) if grouped == "name" else name, []).append(number)
    return members


def _stem(name: str) -> str:
    """A column's name without the number at its end: `loss` of `loss_2`."""
    return re.sub(r"[\W_]*[0-9]+$", "", name) or name


def _check_alike(first: History, other: History) -> None:
    for one, two in ((first, other), (other, first)):
        lacking = [name for name in one.columns if name not in set(two.columns)]
        if lacking:
            common = [name for name in one.columns if name not in lacking]
            raise DataError(
                f"a band joins the same columns of several histories, and {two.name} lacks {listed(lacking)}",
                cure=("columns", ",".join(common)) if common else None,
            )


def _check_labels(longest: History, other: History) -> None:
    import numpy as np

    unlike = np.flatnonzero(longest.labels[: len(other)] != other.labels)
    if len(unlike):
        row = int(unlike[0])
        raise DataError(
            f"a band joins several histories row by row, and row {row + 1} is {quoted(longest.label(row))} in "
            f"{longest.name} and {quoted(other.label(row))} in {other.name}; -x none takes their numbers"
        )


def _deviation(sample: NDArray[Any]) -> NDArray[Any]:
    """Mean, and one standard deviation below and above it, shape (rows, 3), of what each row knows."""
    import numpy as np

    known = ~np.isnan(sample)
    count = np.count_nonzero(known, axis=1, keepdims=True)
    with np.errstate(all="ignore"):  # of nothing there is no mean
        mean = np.where(known, sample / count, 0).sum(axis=1, keepdims=True) / (count > 0)
        squares = np.where(known, (sample - mean) ** 2, 0).sum(axis=1, keepdims=True)
        deviation = np.sqrt(squares / np.maximum(count - 1, 1))
        return np.hstack([mean, mean - deviation, mean + deviation])


def _quantiles(sample: NDArray[Any], middles: Sequence[float]) -> NDArray[Any]:
    """Median, and the lower and upper end of each middle, shape (rows, 1 + 2 * middles), of what each row knows."""
    import numpy as np

    parts = np.array([50, *(50 + side * middle / 2 for middle in middles for side in (-1, 1))]) / 100
    ordered = np.sort(sample, axis=1)  # gaps come last
    last = np.maximum(np.count_nonzero(~np.isnan(sample), axis=1, keepdims=True) - 1, 0)
    places = last * parts
    before = np.floor(places).astype(int)
    low, high = (np.take_along_axis(ordered, at, axis=1) for at in (before, np.minimum(before + 1, last)))
    found: NDArray[Any] = low * (1 - places % 1) + high * (places % 1)
    return found


def _swatches(asked: str | Sequence[float], bands: Sequence[_Band]) -> list[tuple[str, Artist]]:
    """What stands for the bands in the legend, as dark as they lie upon one another; grey where they differ."""
    from matplotlib.patches import Patch

    from liveplot_cli.drawing import style

    names = ["±1 sd"] if isinstance(asked, str) else [f"middle {middle:g} %" for middle in asked]
    color = bands[0].color if len(bands) == 1 else style.muted()
    opacities = [1 - (1 - _OPACITY) ** (len(names) - number) for number in range(len(names))]
    return [(name, Patch(facecolor=color, alpha=alpha)) for name, alpha in zip(names, opacities, strict=True)]


class _Band:
    """A line with bands about it: from a summary of shape (rows, 1 + 2 * bands), the inner bands first."""

    def __init__(self, axes: Axes, places: NDArray[Any], summary: NDArray[Any], color: str) -> None:
        import numpy as np
        from matplotlib.collections import PolyCollection

        from liveplot_cli.drawing.growth import Curve, Line

        if axes.get_yscale() == "log":  # a band that goes down to zero goes down for ever
            summary = np.maximum(summary, _LOWEST)
        middle, *edges = (Curve(axes, places, column) for column in summary.T)
        self.color = color
        self.line = Line(axes, middle, color=color)
        self._edges = list(zip(edges[::2], edges[1::2], strict=True))
        self.areas = [
            PolyCollection([], facecolors=color, alpha=_OPACITY, linewidths=0, zorder=1.5) for _ in self._edges
        ]
        for area in self.areas:
            axes.add_collection(area, autolim=False)

    def grow(self, position: float) -> list[Artist]:
        """Show line and bands up to a position."""
        from liveplot_cli.drawing.growth import between

        for area, (lower, upper) in zip(self.areas, self._edges, strict=True):
            area.set_verts(between(lower.until(position), upper.until(position)))
        return [*self.areas, self.line.grow(position)]
