"""What every job starts with: a source and options become a history, a chart, a look, a timing and limits."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from numpy.typing import ArrayLike

from liveplot_cli import charts, encoders, readers
from liveplot_cli.charts import Chart
from liveplot_cli.errors import UsageError
from liveplot_cli.history import History
from liveplot_cli.limits import Limits
from liveplot_cli.look import Look
from liveplot_cli.option import build, refuse_unused
from liveplot_cli.selection import Selection
from liveplot_cli.timing import Timing
from liveplot_cli.writing import Writing

Source = History | ArrayLike | str | os.PathLike[str]


@dataclass(frozen=True)
class Prepared:
    """A history, what it is drawn as, how fast, and how much that may take."""

    history: History
    chart: Chart
    look: Look
    timing: Timing
    limits: Limits


def prepare(source: Source, kind: str, given: Mapping[str, object], *, writing: Iterable[type] = ()) -> Prepared:
    """Read the source and take every given option to what it belongs to, `writing` to what is no part of this.

    Raises `UsageError` for an option that nothing in use takes, `DataError` for a source that can't be used.
    """
    timing, look, selection = build(Timing, given), build(Look, given), build(Selection, given)
    limits = build(Limits, given)
    limits.check_size(look.size)
    used = [Timing, Look, Selection, Limits, *writing]

    def narrowed(history: History) -> History:
        """Of a chart that shows a row by itself, a film of fewer frames than rows needs no other rows."""
        limits.check_rows(timing.frames(len(history)), selection.every)
        rows = [int(moment.position) for moment in timing.moments(len(history))]
        alone = charts.load(_kind(kind, history)[0]).shows_a_row_alone
        return replace(history, shown=rows) if alone and len(rows) < len(history) else history

    if isinstance(source, str | os.PathLike):
        with readers.opened(source, limits) as (reader, found):
            used.append(reader)
            history = readers.read_with(build(reader, given), found, selection, narrowed)
    else:
        whole = source if isinstance(source, History) else History(source)  # type: ignore[arg-type]
        history = narrowed(selection.pick_rows(selection.pick_columns(whole)))
    name, reason = _kind(kind, history)
    if reason:
        logging.getLogger(__name__).info("%s: drawn as %s, for %s", history.name, name, reason)
    chart: Any = charts.load(name)
    known = [Timing, Look, Selection, Limits, Writing, *readers.load_all(), *charts.load_all(), *encoders.load_all()]
    refuse_unused(given, [*used, chart], known)
    if "window" in given and "xlim" in given:
        raise UsageError("window and xlim contradict one another: a window moves the limits")
    return Prepared(history, build(chart, given), look, timing, limits)


def _kind(kind: str, history: History) -> tuple[str, str]:
    """The kind that was asked for or, with the reason, the one that suits the history."""
    return charts.choose(history) if kind == charts.AUTO else (kind, "")
