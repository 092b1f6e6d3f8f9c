"""A text that grows, read by a thread of its own: a file and what takes its place, or a pipe until it ends."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from typing import Any, BinaryIO

from liveplot_cli import input as inputs
from liveplot_cli.errors import DataError, UsageError, quoted
from liveplot_cli.formats.text_table import Dialect
from liveplot_cli.growing import BadLines, blocks
from liveplot_cli.growing_history import GrowingHistory, SoFar
from liveplot_cli.limits import Limits
from liveplot_cli.option import build
from liveplot_cli.selection import Selection
from liveplot_cli.tail import tails

_TEXT = ".csv, .tsv, .jsonl, .ndjson"
_NO_TEXT = frozenset((".npy", ".npz", ".gz", ".png", ".tif", ".tiff", ".jpg", ".jpeg", ".gif", ".mp4", ".mov"))
_OF_A_WHOLE_FILE = ("rows", "transpose")  # options of the choice of rows

_log = logging.getLogger(__name__)


class Follower:
    """The rows of a source as they come. `came` is set when there are more; whoever looks at them clears it.

    `options` are those of reading and of the choice of columns. Raises `UsageError` for a source or an option that
    can't be followed.
    """

    def __init__(self, source: str, options: Mapping[str, Any], name: str, window: int | None = None) -> None:
        self.name, self._source = name, source
        _check(source, options)
        self._called = "standard input" if source == inputs.STANDARD_INPUT else Path(source).name
        selection = build(Selection, options)
        self._strict = selection.strict
        self._dialect = Dialect(*(options.get(option) for option in ("delimiter", "header", "decimal")))
        self._encoding = str(options.get("encoding") or "utf-8")
        self._rows = GrowingHistory(self.name, selection, window, most=build(Limits, options).max_memory)
        self._stopped = Event()
        self._trouble: BaseException | None = None
        self.came = Event()
        self.ended = False
        self._thread = Thread(target=self._follow, name=f"follow {self._called}", daemon=True)

    def so_far(self) -> SoFar | None:
        """The rows there are by now, None as long as there are none; raises what has ended the reading."""
        self._raise_trouble()
        return self._rows.so_far()

    @contextmanager
    def following(self) -> Iterator[Follower]:
        """Read for as long as the block lasts."""
        self._thread.start()
        try:
            yield self
        finally:
            self._stopped.set()
            if self._source != inputs.STANDARD_INPUT:  # which may keep its reader waiting
                self._thread.join(1)

    def _raise_trouble(self) -> None:
        if self._trouble is not None:
            raise self._trouble

    def _follow(self) -> None:
        try:
            self._read()
        except Exception as error:
            self._trouble = error
        self.ended = True
        self.came.set()

    def _read(self) -> None:
        is_file = self._source != inputs.STANDARD_INPUT and (
            not os.path.lexists(self._source) or inputs.is_stored(self._source)
        )
        if not is_file:
            with inputs.raw(self._source) as stream:
                self._take(_Piped(stream))
            return
        if not os.path.lexists(self._source):
            _log.warning("waiting for %s, which is not there yet", self._called)
        for number, tail in enumerate(tails(Path(self._source), self._stopped)):
            if number:
                _log.warning("%s has been replaced, and is read from its beginning", self._called)
            self._take(tail, is_new=number > 0)

    def _take(self, stream: Any, *, is_new: bool = False) -> None:
        """Add the rows of a stream; those of a new file take the place of the old ones when the first is there."""
        bad = BadLines(self._strict, self._called)

        def tell(error: DataError) -> None:
            if not self._stopped.is_set():  # then the last line has not ended, for nobody has waited for its end
                bad(error)

        def tell_left_out(name: str) -> None:
            _log.warning("%s: the column %s holds no numbers and is left out", self._called, quoted(name))

        for rows in blocks(stream, self._dialect, tell, encoding=self._encoding, told=tell_left_out):
            if is_new:
                self._rows.begin()
                is_new = False
            self._rows.add(rows)
            self.came.set()
        bad.tell_the_rest()


class _Piped:
    """A pipe's bytes as they come, past any buffer: a thread that waits in one could not be left behind."""

    def __init__(self, stream: BinaryIO) -> None:
        self._descriptor = stream.fileno()

    def read(self, size: int) -> bytes:
        """So many bytes at most, as soon as there are any."""
        return os.read(self._descriptor, size)


def _check(source: str, options: Mapping[str, Any]) -> None:
    """Raise `UsageError` for what holds no lines of text that could come one by one."""
    for option in _OF_A_WHOLE_FILE:
        if options.get(option):
            raise UsageError(f"the option {quoted(option)} is for a file that is whole, and not for one that grows")
    suffix = Path(source).suffix.lower()
    if source != inputs.STANDARD_INPUT and (suffix in _NO_TEXT or inputs.is_folder(source)):
        raise UsageError(f"cannot follow {quoted(source)}: rows come one by one in text alone, as in {_TEXT} or a pipe")
