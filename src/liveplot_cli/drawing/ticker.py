"""What stands along the axes: where rows and columns have their places, and how ticks are written and parted."""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import matplotlib
import numpy as np
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter, date2num
from matplotlib.font_manager import FontProperties
from matplotlib.ticker import FuncFormatter, LogFormatter, MaxNLocator, ScalarFormatter

from liveplot_cli.drawing.style import legible_names, points
from liveplot_cli.errors import DataError, UsageError
from liveplot_cli.history import History
from liveplot_cli.look import FARTHEST

if TYPE_CHECKING:
    from matplotlib.axis import Axis
    from matplotlib.text import Text
    from numpy.typing import NDArray

_log = logging.getLogger(__name__)
_settings: Any = matplotlib.rcParams

_LABELS = {"M": "dates", "U": "words"}
_MOST_TICKS = 30
_APART = 0.5  # of the letters' size: the least between the labels of two ticks
_LONGEST_NAME, _LONGEST_SMALL = 40, 20  # characters of a name along an axis, and of any in however small a picture
_NAMES_HIGH, _NAMES_WIDE = 0.35, 0.42  # of a picture, that slanted names under an axis take up, and those beside one
_SLANT = 40  # degrees
_SIZES = 1, 0.85, 0.7, 0.6, 0.5  # of their own, in which names along an axis are tried
_LETTER, _LINE, _DENSE = 6.2, 14, 12  # points that a letter and a line of an axis take up, and a line of small letters
_PLAIN, _MOST_DECIMALS = 1e7, 4  # numbers below, and of so many decimals at most, are written out
_MOST_FIGURES = 6  # after the point of 1.5e9


def place_columns(axis: Axis, history: History) -> NDArray[Any]:
    """Where a row's values stand on an axis, shape (columns,): at the columns' numbers, or side by side under names.

    Several histories on an axis must be `aligned`.
    """
    numbers = history.column_numbers
    if numbers is None:
        name_ticks(axis, history.columns, every=True)
        return np.arange(len(history.columns), dtype=float)
    return number_ticks(axis, numbers)


def place_rows(axis: Axis, histories: Sequence[History]) -> list[NDArray[Any]]:
    """Where the rows' labels stand on an axis, for each history shape (rows,), its ticks set up for dates or words.

    Raises `UsageError` where some have dates or words and others have not.
    """
    kinds = {_LABELS.get(history.labels.dtype.kind, "numbers") for history in histories}
    if len(kinds) > 1:
        raise UsageError(
            f"the rows are labelled by {' here and '.join(sorted(kinds))} there; in --layout grid each has its own axis"
        )
    places = [place_labels(axis, history.labels) for history in histories]
    if kinds == {"words"}:
        name_ticks(axis, list(max(histories, key=len).labels))
    return places


def place_labels(axis: Axis, labels: NDArray[Any]) -> NDArray[Any]:
    """Where labels stand on an axis, shape (rows,), its ticks set up for dates or words."""
    if labels.dtype.kind == "M":
        _refuse_log(axis, "dates")
        locator = AutoDateLocator(minticks=3, maxticks=7)  # with more of them some spans suit no interval
        axis.set_major_locator(locator)
        axis.set_major_formatter(_Dates(locator))  # type: ignore[no-untyped-call]
        return np.asarray(date2num(labels))
    if labels.dtype.kind == "U":
        name_ticks(axis, list(labels))
        return np.arange(len(labels), dtype=float)
    return number_ticks(axis, labels.astype(float))


def measure(axis: Axis) -> tuple[str, bool]:
    """What an axis measures: its label, and whether that is dates. Axes of other measures have no limits in common."""
    return axis.get_label_text(), isinstance(axis.get_major_locator(), AutoDateLocator)


def number_ticks(axis: Axis, places: NDArray[np.float64]) -> NDArray[np.float64]:
    """The places themselves, the axis' ticks kept to whole numbers where they are: there is no epoch 2.5.

    On a logarithmic axis what is not above zero is a gap; raises `DataError` where nothing is left.
    """
    if axis.get_scale() == "log":
        if not (places > 0).any():
            raise DataError("a logarithmic axis shows numbers above zero, and the horizontal one has none")
        lost = np.count_nonzero(places <= 0)
        if lost:
            direction = "horizontal" if axis is axis.axes.xaxis else "vertical"
            are = "place is" if lost == 1 else "places are"
            _log.warning("%d %s not above zero on the logarithmic %s axis, and left out", lost, are, direction)
        return np.where(places > 0, places, np.nan)
    if (np.abs(places) > FARTHEST).any():
        _log.warning("numbers beyond %g on the horizontal axis lie outside the picture", FARTHEST)
    if (places % 1 == 0).all():
        whole_ticks(axis)
    return places


def whole_ticks(axis: Axis) -> None:
    """Keep the ticks to whole numbers."""
    axis.set_major_locator(MaxNLocator(nbins="auto", integer=True, steps=[1, 2, 2.5, 5, 10], min_n_ticks=1))


def make_logarithmic(axis: Axis) -> None:
    """Turn an axis into a logarithmic one, whose numbers are written out as long as they are short."""
    direction = "x" if axis is axis.axes.xaxis else "y"
    getattr(axis.axes, f"set_{direction}scale")("log", nonpositive="mask")
    axis.set_major_formatter(_Decades())
    axis.set_minor_formatter(_Decades(minor_thresholds=(1.2, 0.6)))
    axis.set_tick_params(which="minor", size=0)


class _Decades(LogFormatter):
    """Matplotlib's choice of which ticks have labels, each written as a person would."""

    def __call__(self, x: float, pos: int | None = None) -> str:
        if not super().__call__(x, pos):
            return ""
        return f"{x:,.6g}" if 1e-4 < x < 1e6 else f"{x:.6g}"


class _Dates(ConciseDateFormatter):
    """Matplotlib's short dates; of what all share, nothing that a tick says as well."""

    _has_month = False

    def format_ticks(self, values: Any) -> list[str]:
        """The labels of ticks; of what they share only the year is left where one of them says the month."""
        labels: list[str] = super().format_ticks(values)  # type: ignore[no-untyped-call]
        axis: Any = self.axis
        low, high = np.sort(axis.get_view_interval())
        shown = [label for place, label in zip(values, labels, strict=True) if low <= place <= high]
        self._has_month = any(label[:1].isalpha() for label in shown)  # as Mar, or Mar-01
        return labels

    def get_offset(self) -> str:
        """What all ticks share."""
        shared: str = super().get_offset()  # type: ignore[no-untyped-call]
        return shared.partition("-")[0] if self._has_month else shared


def write_out(axis: Axis) -> None:
    """Have the numbers of an axis stand at its ticks as a whole: what they have in common is not set apart.

    Such a text of its own comes and goes with the limits, above the chart, and moves its title.
    """
    axis.set_major_formatter(_Whole())


class _Whole(ScalarFormatter):
    """The numbers of an axis, all with as many decimals as tell them apart; very large and very small ones as 1.5e9."""

    def __init__(self) -> None:
        super().__init__(useOffset=False)
        self._power: int | None = None
        self._decimals = 0
        self._grouped = False
        self._nothing = 0.0

    def set_locs(self, locs: Any) -> None:
        """Find how these ticks are written."""
        ticks = np.unique(np.asarray(locs, dtype=float))
        if not len(ticks):
            return
        axis: Any = self.axis
        low, high = np.sort(axis.get_view_interval())
        inside = ticks[(low <= ticks) & (ticks <= high)]
        ticks = inside if len(inside) else ticks
        largest = float(np.abs(ticks).max())
        step = float(np.diff(ticks).min()) if len(ticks) > 1 else largest
        self._nothing = step * 1e-6
        self._grouped = largest >= 1e4
        self._power, self._decimals = None, _decimals(ticks, step)
        if largest >= _PLAIN or self._decimals > _MOST_DECIMALS:
            plain = max(len(self(tick)) for tick in ticks)
            sizes = np.abs(ticks[np.abs(ticks) > self._nothing])
            powers = [math.floor(math.log10(size)) for size in (sizes.max(), sizes.min())]
            power = min(powers, key=lambda one: self._length(ticks, step, one))
            short = _decimals(ticks / 10.0**power, step / 10.0**power)
            if short <= _MOST_FIGURES and short + len(f"1.e{power}") < plain:
                self._power, self._decimals = power, short

    def __call__(self, x: float, pos: int | None = None) -> str:
        x = 0.0 if abs(x) <= self._nothing else x
        if self._power is not None:
            return self.fix_minus(f"{x / 10.0**self._power:.{self._decimals}f}e{self._power}") if x else "0"
        return self.fix_minus(f"{x:{',' if self._grouped else ''}.{self._decimals}f}")

    @staticmethod
    def _length(ticks: NDArray[np.float64], step: float, power: int) -> int:
        """How many characters the longest tick takes as a number times a power of ten."""
        parts = ticks / 10.0**power
        decimals = _decimals(parts, step / 10.0**power)
        return max(len(f"{part:.{decimals}f}e{power}") for part in parts.tolist())

    def get_offset(self) -> str:
        """Nothing is set apart."""
        return ""


def _decimals(ticks: NDArray[np.float64], step: float) -> int:
    """How many decimals it takes to write ticks that lie a step apart."""
    if not step > 0:
        return 0
    first = max(0, -math.floor(math.log10(step)))
    least = step * 1e-3
    return next((some for some in range(first, first + 3) if (np.abs(ticks - ticks.round(some)) <= least).all()), first)


def _refuse_log(axis: Axis, what: str) -> None:
    if axis.get_scale() == "log":
        raise UsageError(f"{what} have no logarithm; leave logx out")


def limit_ticks(axis: Axis, most: int) -> None:
    """Have no more than so many intervals between the ticks of an axis of numbers."""
    locator = axis.get_major_locator()
    if isinstance(locator, MaxNLocator) and not isinstance(axis.get_major_formatter(), FuncFormatter):
        locator.set_params(nbins=most)


def shown_labels(axis: Axis) -> list[Text]:
    """The labels of those ticks that lie within the limits."""
    low, high = sorted(axis.get_view_interval())
    ticks = zip(axis.get_majorticklocs(), axis.get_majorticklabels(), strict=False)
    return [label for place, label in ticks if low <= place <= high and label.get_text()]


def part_labels(axis: Axis) -> None:
    """Have so few ticks on a horizontal axis, which is laid out, that no label comes too near to the next."""
    for most in range(min(len(axis.get_majorticklocs()), _MOST_TICKS), 0, -1):
        boxes = [label.get_window_extent() for label in shown_labels(axis)]
        least = _APART * _settings["font.size"] * axis.axes.figure.dpi / 72
        if all(right.x0 - left.x1 >= least for left, right in pairwise(sorted(boxes, key=lambda box: box.x0))):
            return
        locator = axis.get_major_locator()
        if isinstance(locator, MaxNLocator):
            locator.set_params(nbins=most, min_n_ticks=min(most, 2))
        elif isinstance(locator, AutoDateLocator) and most > 2:  # with fewer some spans suit no interval
            locator.minticks, locator.maxticks = 1, dict.fromkeys(locator.maxticks, most)


def part_offset(axis: Axis) -> None:
    """Begin a horizontal axis' label, which is laid out, at its left where it would touch what all dates share."""
    offset = axis.get_offset_text()
    if not (offset.get_text() and axis.label.get_text()):
        return
    shared, label = offset.get_window_extent(), axis.label.get_window_extent()
    if shared.x0 - label.x1 < _APART * _settings["font.size"] * axis.axes.figure.dpi / 72:
        axis.label.set(x=0, horizontalalignment="left")


def name_ticks(axis: Axis, names: Sequence[str], *, every: bool = False) -> None:
    """Label the places 0, 1, 2, … of an axis with names, as many as fit; slanted or small if `every` one then does."""
    _refuse_log(axis, "names")
    for size in _SIZES if every else ():
        fitting, slanted = _fitting(axis, names, size)
        if len(names) <= max(fitting, slanted):
            is_slanted = fitting < len(names)
            shown = legible_names(names, _longest(axis, is_slanted=is_slanted, size=size))
            slant: dict[str, Any] = {"rotation": _SLANT, "ha": "right", "rotation_mode": "anchor"}
            looks = (slant if is_slanted else {}) | ({} if size == 1 else {"size": size * _label_size(axis)})
            axis.set_ticks(range(len(names)), shown, **looks)
            return
    fitting, _ = _fitting(axis, names)
    shown = legible_names(names, _longest(axis))

    def name(place: float, _: object) -> str:
        # between two names there is none
        return shown[int(place)] if place in range(len(names)) else ""

    axis.set_major_locator(MaxNLocator(nbins=max(2, min(len(names), fitting)), integer=True, steps=[1, 2, 5, 10]))
    axis.set_major_formatter(FuncFormatter(name))


def every_number_tick(axis: Axis, names: Sequence[str], places: Sequence[float]) -> None:
    """Label each of some places that lie evenly with its number, if all of them fit."""
    if len(names) <= _fitting(axis, names)[0]:
        axis.set_ticks(places, names)


def _label_size(axis: Axis) -> float:
    """How large the labels of an axis are by themselves, in points."""
    setting = "xtick.labelsize" if axis is axis.axes.xaxis else "ytick.labelsize"
    return FontProperties(size=_settings[setting]).get_size_in_points()


def _fitting(axis: Axis, names: Sequence[str], size: float = 1) -> tuple[int, int]:
    """How many names fit on an axis in letters of so many times their size, and how many if they are slanted."""
    width, height = (side / size for side in points(axis.axes))
    if axis is axis.axes.yaxis:
        return int(height / (_LINE if size == 1 else _DENSE)), 0
    letters = min(_LONGEST_NAME, max(map(len, names))) + 1
    return int(width / (_LETTER * letters)), int(width / _LINE)


def _longest(axis: Axis, *, is_slanted: bool = False, size: float = 1) -> int:
    """The most characters of a name along an axis: as many as there is room for beside it, or below it if slanted."""
    figure: Any = axis.axes.get_figure(root=True)
    width, height = 72 * figure.get_size_inches()
    if axis is axis.axes.yaxis:
        room = _NAMES_WIDE * width
    elif is_slanted:
        room = _NAMES_HIGH * height / math.sin(math.radians(_SLANT))
    else:
        return _LONGEST_NAME
    return max(_LONGEST_SMALL, min(_LONGEST_NAME, int(room / (size * _LETTER))))
