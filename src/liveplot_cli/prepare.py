"""What every job starts with: sources and options become histories, a chart, a look, moments and limits."""

from __future__ import annotations

import logging
import math
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from numpy import array_equal
from numpy.typing import ArrayLike

from liveplot_cli import charts, encoders, pace, readers
from liveplot_cli.charts import Chart
from liveplot_cli.drawing import theme
from liveplot_cli.errors import UsageError
from liveplot_cli.history import History
from liveplot_cli.limits import Limits
from liveplot_cli.look import Look
from liveplot_cli.option import build, refuse_unused
from liveplot_cli.selection import Selection
from liveplot_cli.timing import Moment, Timing
from liveplot_cli.writing import Writing

_log = logging.getLogger(__name__)

Source = History | ArrayLike | str | os.PathLike[str]


@dataclass(frozen=True)
class Prepared:
    """Histories, what they are drawn as, at which moments, and how much that may take."""

    histories: Sequence[History]
    chart: Chart
    look: Look
    timing: Timing
    moments: Sequence[Moment]
    limits: Limits


def prepare(
    source: Source | Sequence[Source],
    kind: str,
    given: Mapping[str, object],
    *,
    writing: Iterable[type] = (),
    reading: Iterable[type] = (),
) -> Prepared:
    """Read each source and take every given option to what it belongs to.

    Those of `writing` are no part of this, and those of `reading` were used by who has read histories.

    Raises `UsageError` for an option that nothing in use takes, `DataError` for a source that can't be used.
    """
    timing, look, selection = build(Timing, given), build(Look, given), build(Selection, given)
    limits = build(Limits, given)
    limits.check_size(look.pixels)
    theme.check(look.theme, look.palette)
    if look.transparent and not writing:
        raise UsageError("only what is written to a file can be transparent")
    used = {Timing, Look, Selection, Limits, *writing, *reading}
    found = sources(source)

    def narrowed(history: History) -> History:
        """Of a chart that shows a row by itself, a film of fewer frames than rows needs no other rows."""
        chart = build(charts.load(_kind(kind, history)[0]), given)
        eased = _eased(timing, chart)
        if given.get("at") is None:  # a still is one picture, however many rows there are
            limits.check_rows(eased.frames(len(history)), None if eased.duration else selection.every)
        if len(found) > 1 or not chart.shows_a_row_alone:
            return history
        rows = sorted({row for moment in pace.moments(eased, [history]) for row in around(moment.position)})
        return replace(history, shown=rows) if len(rows) < len(history) else history

    histories: list[History] = []
    for one in found:
        if isinstance(one, str | os.PathLike):
            with readers.opened(one, limits) as (reader, opened):
                used.add(reader)
                histories.append(readers.read_with(build(reader, given), opened, selection, narrowed))
        else:
            whole = one if isinstance(one, History) else History(one)  # type: ignore[arg-type]
            histories.append(narrowed(selection.pick_rows(selection.pick_columns(whole))))
    histories = _called(histories, found, look.label)
    _tell_unlike(histories)
    name, reason = _kind(kind, histories[0])
    if reason:
        _log.info("%s: drawn as %s, for %s", histories[0].name, name, reason)
    cls = charts.load(name)
    known = [Timing, Look, Selection, Limits, Writing, *readers.load_all(), *charts.load_all(), *encoders.load_all()]
    refuse_unused(given, [*used, cls], known)
    if "window" in given and "xlim" in given:
        raise UsageError("window and xlim contradict one another: a window moves the limits")
    chart = build(cls, given)
    timing = _eased(timing, chart)
    return Prepared(histories, chart, look, timing, pace.moments(timing, histories), limits)


def _eased(timing: Timing, chart: Chart) -> Timing:
    """The timing with the chart's own ease, where none was asked for."""
    return replace(timing, ease=timing.ease or chart.ease)


def sources(source: Source | Sequence[Source]) -> list[Source]:
    """One source as a list of one, several as they are: a list or tuple of nothing but paths and histories is several.

    Raises `UsageError` for none.
    """
    if isinstance(source, list | tuple) and all(isinstance(one, str | os.PathLike | History) for one in source):
        if not source:
            raise UsageError("there is no history; name a file")
        return list(source)
    return [source]  # type: ignore[list-item]


def around(position: float) -> tuple[int, int]:
    """The rows that a position lies between."""
    return math.floor(position), math.ceil(position)


def _called(histories: list[History], found: Sequence[Source], labels: Sequence[str]) -> list[History]:
    """The histories by the names asked for, or told apart by their folders where files are named alike."""
    if labels and len(labels) != len(histories):
        raise UsageError(f"label names {len(labels)} of {len(histories)}, and each history needs a name")
    names = list(labels) or [history.name for history in histories]
    if len(set(names)) < len(names):
        names = [
            os.path.splitext(os.fspath(one))[0] if isinstance(one, str | os.PathLike) else name
            for one, name in zip(found, names, strict=True)
        ]
    return [replace(history, name=name) for history, name in zip(histories, names, strict=True)]


def _tell_unlike(histories: Sequence[History]) -> None:
    """Say so where rows that are shown together have labels that differ: they are those of the same number."""
    longest = max(histories, key=len)
    for history in histories:
        if longest.index_name == history.index_name == "row":
            continue
        rows = min(len(history), len(longest))
        if array_equal(history.labels[:rows], longest.labels[:rows]):
            continue
        row = next((row for row in range(rows) if history.label(row) != longest.label(row)), None)
        if row is not None:
            _log.warning(
                "%s: its row %d is %s, and that of %s is %s; rows are shown together by their numbers",
                history.name, row + 1, history.label(row), longest.name, longest.label(row),
            )  # fmt: skip


def _kind(kind: str, history: History) -> tuple[str, str]:
    """The kind that was asked for or, with the reason, the one that suits the history."""
    return charts.choose(history) if kind == charts.AUTO else (kind, "")
