"""A plot in a notebook, drawn anew in its place while a loop makes rows.

It has no thread, for matplotlib's settings belong to all of them: a picture is drawn within the call that brings its
last row, when there is time for one, and at the end of the block.
"""

from __future__ import annotations

import base64
import importlib
import logging
import math
import os
import sys
import time
import weakref
from collections import deque
from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache
from itertools import groupby
from operator import attrgetter
from threading import Lock
from types import TracebackType
from typing import Any, NamedTuple

import numpy as np

from liveplot_cli import charts, encoders, readers
from liveplot_cli.charts import Chart
from liveplot_cli.drawing import style, theme
from liveplot_cli.errors import DataError, LimitError, LiveplotError, UsageError, quoted
from liveplot_cli.formats.png_chunks import png
from liveplot_cli.growing.history import GrowingHistory
from liveplot_cli.growing.lines import Rows
from liveplot_cli.history import History
from liveplot_cli.jobs.render import render
from liveplot_cli.limits import Limits
from liveplot_cli.look import Look
from liveplot_cli.loop_row import by_name, listed
from liveplot_cli.option import build, options_of, refuse_unused
from liveplot_cli.scene import Scene, without_notes
from liveplot_cli.selection import Selection
from liveplot_cli.timing import Timing
from liveplot_cli.write import Rendered
from liveplot_cli.writing import Writing

_log = logging.getLogger(__name__)

_NAME = "live"  # of the history, where nobody gives another
_DPI = 200  # two pixels where the page has one: most screens show them
_PART = 1 / 4  # of the loop's time, for all plots together
_LEAST = 1 / 60  # seconds that a picture counts at least: then there are 15 a second at most
_CREDIT = 2.0  # seconds: after a pause some pictures come in a row, as of what is told in several calls at once
_MOST_WAITING = 10_000  # rows that are not yet among the others
_PATIENCE = 5.0  # seconds for another thread's picture

_OF_A_WHOLE_FILE = ("rows", "transpose", "strict")  # options of the choice of rows


class _Row(NamedTuple):
    """The numbers of a row, their names if they have any, and the label of the row with its name."""

    values: tuple[float, ...]
    names: tuple[str, ...] | None
    label: str | None = None
    label_name: str | None = None

    @property
    def form(self) -> object:
        """What rows have in common that can be added together."""
        return len(self.values), self.names


def live(*, kind: str = charts.AUTO, **options: object) -> Live:
    """A plot of the rows of a loop, updated in place: `with live(title="digits") as plot: plot(step=1, loss=0.3)`.

    It appears in the notebook with its first row. `options` are those of `render` for what a picture shows, as
    `ylim`, `theme`, `size`, `columns`; `window` keeps no more than the last so many rows. Outside of a notebook nothing
    is shown, which is told once, and all else is the same. Raises `UsageError` for an option that makes no sense.
    """
    return Live(kind, options, _notebook())


class Live:
    """Rows as they come, and their plot in a notebook.

    `plot(step=3, loss=0.2)`, `plot({"val/loss": 0.2})` or `plot([0.1, 0.2])`: a value is a number, has an `item()` or a
    `__float__`, or is None, a gap. A text or a date can be the first value of each row, its label. A name that comes up
    later is a new column.

    Pictures take a quarter of the loop's time at most, and there are 15 a second at most; the last one is drawn when
    the block ends, however it does. What makes no sense raises `UsageError` at its call; once there has been a picture,
    one that can't be drawn raises nothing, and is told once as a warning of the log. In a process that was forked calls
    do nothing.
    """

    def __init__(self, kind: str, options: Mapping[str, object], display: Any) -> None:
        self._kind, self._asked = kind, {name: value for name, value in options.items() if value is not None}
        _check(kind, self._asked)
        limits, selection = build(Limits, self._asked), build(Selection, self._asked)
        self._look = build(Look, {"dpi": _DPI, **self._asked})
        limits.check_size(self._look.pixels)
        theme.check(self._look.theme, self._look.palette)
        window = build(charts.Growing, self._asked).window
        name = self._look.label[0] if self._look.label else _NAME
        self._rows = GrowingHistory(name, selection, window, most=limits.max_memory)
        self._process = os.getpid()
        self._waiting: deque[_Row] = deque()
        self._sorting = Lock()
        self._first: _Row | None = None
        self._closed = self._given_up = False
        self._told: set[str] = set()
        self._plot = _Plot(self._look, self._chart)
        self._screen = None if display is None else _Screen(display)
        self._share = _Share(time.monotonic())
        self._due = math.inf if display is None else 0.0
        if display is not None:
            _open.add(self)

    def __call__(self, values: Any = None, /, **named: Any) -> None:
        """Take a row: a list of values, a mapping of names and values, values by their names, or one value."""
        if os.getpid() != self._process:
            return
        if self._closed:
            raise UsageError("a row came after the end of its plot; begin another with liveplot_cli.live()")
        row = named if values is None else _row(values, named)
        if not row:
            self._tell("empty", "a row without values is left out")
            return
        self._take(row)
        if time.monotonic() >= self._due:
            self._update()

    @property
    def history(self) -> History:
        """The rows so far; of a plot with a window the last ones. Raises `DataError` as long as there are none."""
        history = self._so_far()
        if history is None:
            raise DataError("the plot has no rows yet")
        return history

    def draw(self) -> None:
        """Draw the rows so far now, whether or not it is time to."""
        if os.getpid() == self._process and not self._closed and self._screen is not None:
            self._update()

    def save(self, *outputs: str | os.PathLike[str], **options: Any) -> list[Rendered]:
        """Render the film of the rows so far, with the plot's options and others; for the rest it is `render`."""
        history = self.history
        kept = {name: value for name, value in self._asked.items() if name not in options_of(Selection)}
        asked = {"kind": self._kind, **kept, **options}
        if "window" not in options and "window" not in options_of(self._kind_for(asked["kind"], history)):
            asked.pop("window", None)
        return render(history, *outputs, **asked)

    def close(self) -> None:
        """Draw the last picture: the one of `render(…, at="last")`, twice as sharp. There can be no more rows."""
        if os.getpid() != self._process or self._closed:
            return
        self._closed = True
        try:
            self._draw_last()
        except LiveplotError as error:
            self._tell("last", "the last picture can't be drawn: %s", error.sentence)
        except Exception:
            _log.warning("the last picture can't be drawn", exc_info=True)
        finally:
            _open.discard(self)
            self._plot.forget()

    def __enter__(self) -> Live:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self.close()

    def __repr__(self) -> str:
        rows = len(self._rows) + len(self._waiting)
        return f"<Live plot of {rows:,} row{'' if rows == 1 else 's'}>"

    # --- rows ---------------------------------------------------------------------------------------------------------

    def _take(self, found: Mapping[str, Any] | Sequence[Any]) -> None:
        """Have a row wait until there is a picture, or many wait: to sort it in takes longer than all else."""
        row = _plain(found)
        if self._first is None:
            self._first = row
        elif row.label_name != self._first.label_name:
            raise UsageError("the first value is a text or a date in every row, by the same name, or in none")
        self._waiting.append(row)
        if len(self._waiting) >= _MOST_WAITING and self._sorting.acquire(blocking=False):
            try:
                self._sort_in()
            finally:
                self._sorting.release()

    def _so_far(self) -> History | None:
        """The rows there are, those included that wait; None as long as there are none."""
        if not self._sorting.acquire(timeout=_PATIENCE):  # a signal's answer waits for what it has interrupted
            raise UsageError("the rows are being sorted in; ask for them where no signal is answered")
        try:
            self._sort_in()
            so_far = self._rows.so_far()
            return so_far and so_far.history
        finally:
            self._sorting.release()

    def _sort_in(self) -> None:
        """Add the rows that wait to the others."""
        waiting = [self._waiting.popleft() for _ in range(len(self._waiting))]
        for _, same in groupby(waiting, key=attrgetter("form")):
            rows = list(same)
            labels = [] if rows[0].label is None else [row.label or "" for row in rows]
            values = np.array([row.values for row in rows], float)
            values[np.isinf(values)] = np.nan
            try:
                self._rows.add(Rows(values, rows[0].names, labels, rows[0].label_name, is_table=False))
            except LimitError as error:
                self._tell("memory", "the newest rows are left out: %s", error)

    # --- pictures -----------------------------------------------------------------------------------------------------

    def _update(self) -> None:
        """Draw the rows so far, unless another picture is being drawn."""
        if self._given_up or not _drawing.acquire(blocking=False):
            return
        began = time.monotonic()
        try:
            with without_notes():  # what there is to say of all rows is said at the last picture
                self._draw()
        except DataError as error:  # such rows as make a picture may yet come
            self._tell("data", "there is no picture for now: %s", error.sentence)
        except Exception as error:
            self._given_up, self._due = True, math.inf
            if self._screen is None or not self._screen.is_used:
                raise
            reason = error.sentence if isinstance(error, LiveplotError) else repr(error)
            _log.warning("the plot is drawn no more until its end: %s", reason)
        finally:
            _drawing.release()
            if not self._given_up:
                self._due = self._share.spend(began, time.monotonic(), plots=len(_open))

    def _draw(self) -> None:
        history = self._so_far()
        if history is not None and self._screen is not None:
            self._screen.show(self._plot.picture(history), self._look, repr(self))

    def _draw_last(self) -> None:
        if self._screen is None or (self._given_up and not self._screen.is_used):  # then that has been raised
            return
        if not _drawing.acquire(timeout=_PATIENCE):
            raise UsageError("another picture is being drawn")
        try:
            history = self._so_far()
            if history is not None:
                self._screen.show(self._plot.last(history), self._look, repr(self))
            elif len(self._rows):
                self._tell("gaps", "there is no picture, for the rows hold no finite value")
        finally:
            _drawing.release()

    def _chart(self, history: History) -> Chart:
        """What a history is drawn as; raises `UsageError` for an option that this does not take."""
        cls = self._kind_for(self._kind, history)
        given = dict(self._asked)
        if "window" in given and "window" in options_of(cls) and "xlim" in given:
            raise UsageError("window and xlim contradict one another: a window moves the limits")
        if "window" not in options_of(cls):  # then it says how many rows are kept, and nothing else
            given.pop("window", None)
        _refuse(given, [cls])
        chart: Chart = build(cls, given)
        return chart

    def _kind_for(self, kind: str, history: History) -> Any:
        return charts.load(charts.choose(history)[0] if kind == charts.AUTO else kind)

    def _tell(self, about: str, words: str, *facts: object) -> None:
        """Warn once of each thing."""
        if about not in self._told:
            self._told.add(about)
            _log.warning(words, *facts)


class _Plot:
    """The picture of a history that grows; charts are what `chart` makes of it."""

    def __init__(self, look: Look, chart: Any) -> None:
        self._look, self._chart = look, chart
        self._scene: Scene | None = None
        self._form: object = None

    def picture(self, history: History) -> bytes:
        """The last row with those before it, within limits that hold until something leaves them."""
        scene, self._scene = self._scene, None  # Ctrl-C may leave it half drawn
        with style.applied(self._look):
            form = list(history.columns), history.index_name, history.labels.dtype.kind
            if scene is None or form != self._form:
                scene = Scene([history], self._chart(history), self._look, growing=True)
            else:
                scene.renew([history])
            picture = _png(scene, history)
        self._scene, self._form = scene, form
        return picture

    def last(self, history: History) -> bytes:
        """The same within the limits that it has as a whole."""
        with style.applied(self._look):
            return _png(Scene([history], self._chart(history), self._look, [len(history) - 1]), history)

    def forget(self) -> None:
        """Keep no figure."""
        self._scene = None


class _Screen:
    """One output of a notebook, which a further picture takes the place of."""

    def __init__(self, display: Any) -> None:
        self._display = display
        self._handle: Any = None

    @property
    def is_used(self) -> bool:
        """Whether there has been a picture."""
        return self._handle is not None

    def show(self, picture: bytes, look: Look, words: str) -> None:
        """Show a PNG as large as was asked for, with as many pixels as it has; words stand for it where it can't be."""
        width, height = look.size
        data = {"image/png": base64.b64encode(picture).decode("ascii"), "text/plain": words}
        metadata = {"image/png": {"width": width, "height": height}}
        if self._handle is None:
            self._handle = self._display(data, metadata=metadata, raw=True, display_id=True)
        else:
            self._handle.update(data, metadata=metadata, raw=True)


class _Share:
    """When the next picture may be drawn, so that all take no more than their part of the time."""

    def __init__(self, now: float) -> None:
        self._paid = now  # the time until which there would have been no picture, had none been drawn on credit

    def spend(self, began: float, ended: float, *, plots: int) -> float:
        """Count a picture of one of so many plots; hands back when there may be another."""
        self._paid = max(self._paid, began) + max(ended - began, _LEAST) * max(1, plots) / _PART
        return self._paid - _CREDIT


_drawing = Lock()  # matplotlib's settings belong to the whole process
_open: weakref.WeakSet[Live] = weakref.WeakSet()


def _notebook() -> Any:
    """What shows things in the notebook that this runs in, as `IPython.display.display`; None where it runs in none."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    if shell is not None:
        plain = importlib.import_module("IPython.core.displaypub").DisplayPublisher
        if type(shell.display_pub) is not plain:  # which prints words on a terminal
            return importlib.import_module("IPython.display").display
    _tell_of_no_notebook()
    return None


@cache  # and so it is told once
def _tell_of_no_notebook() -> None:
    _log.warning(
        "there is no notebook here for a plot to be shown in; to watch a loop record its rows with "
        "liveplot_cli.recorder('history.csv') and run 'liveplot show --follow history.csv'"
    )


def _check(kind: str, asked: Mapping[str, object]) -> None:
    """Raise `UsageError` for options that no plot takes, or none of this kind."""
    for name in _OF_A_WHOLE_FILE:
        if name in asked:
            raise UsageError(f"the option {quoted(name)} is for a history that is whole, and not for one that grows")
    if kind != charts.AUTO and kind not in charts.names():
        raise UsageError(f"there is no kind {quoted(kind)}; there are {', '.join([charts.AUTO, *charts.names()])}")
    cls = charts.load_all() if kind == charts.AUTO else [charts.load(kind), charts.Growing]
    _refuse(asked, cls)
    label = build(Look, asked).label
    if len(label) > 1:
        raise UsageError(f"label names {len(label)} histories, and a live plot has one")


def _refuse(asked: Mapping[str, object], of_charts: Sequence[type]) -> None:
    known = [Timing, Look, Selection, Limits, Writing, *readers.load_all(), *charts.load_all(), *encoders.load_all()]
    refuse_unused(asked, [Look, Selection, Limits, *of_charts], known)


def _png(scene: Scene, history: History) -> bytes:
    pixels = scene.pixels(len(history) - 1)
    return png(pixels if scene.transparent else pixels[..., :3])


def _row(values: Any, named: dict[str, Any]) -> Mapping[str, Any] | Sequence[Any]:
    """The values by the names of their columns, or as a list where these have none."""
    if isinstance(values, Mapping):
        return by_name(values, named)
    if named:
        raise UsageError("a row is a list of values or has names for all of them; give it as a mapping")
    return listed(values)


def _plain(found: Mapping[str, Any] | Sequence[Any]) -> _Row:
    """A row of numbers with the label before them, if there is one; raises `UsageError` for a value that is neither."""
    names, values = (tuple(found), tuple(found.values())) if isinstance(found, Mapping) else (None, tuple(found))
    label = label_name = None
    if isinstance(values[0], str | date | np.datetime64):
        label, values = _label(values[0]), values[1:]
        label_name, names = (names[0], names[1:]) if names else ("0", None)
        if not values:
            raise UsageError("a row of words has no number")
    numbers = tuple(
        [
            value if type(value) is float else _number(names[place] if names else str(place), value)
            for place, value in enumerate(values)
        ]
    )
    return _Row(numbers, names, label, label_name)


def _number(name: str, value: Any) -> float:
    if value is None:
        return math.nan
    try:
        if isinstance(value, str | bytes):
            raise TypeError
        return float(value.item() if hasattr(value, "item") else value)
    except OverflowError:
        return math.nan
    except Exception:
        told = "; a text or a date can be the first value alone" if isinstance(value, str | date) else ""
        raise UsageError(f"{quoted(name)} is no number but {quoted(value)}{told}") from None


def _label(value: Any) -> str:
    if isinstance(value, np.datetime64):
        value = value.astype("M8[us]").item()
    return value.isoformat() if isinstance(value, date) else str(value)
