"""A text that grows, read by a thread of its own: a file and what takes its place, or a pipe until it ends."""

from __future__ import annotations

import logging
import os
import select
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from typing import Any, BinaryIO

from liveplot_cli import input as inputs
from liveplot_cli.errors import DataError, UsageError, quoted
from liveplot_cli.formats.text_table import Dialect
from liveplot_cli.growing.history import GrowingHistory, SoFar
from liveplot_cli.growing.lines import BadLines, blocks
from liveplot_cli.growing.tail import tails
from liveplot_cli.limits import Limits
from liveplot_cli.option import build
from liveplot_cli.selection import Selection

_TEXT = ".csv, .tsv, .jsonl, .ndjson"
_NO_TEXT = frozenset((".npy", ".npz", ".gz", ".png", ".tif", ".tiff", ".jpg", ".jpeg", ".gif", ".mp4", ".mov"))
_SECONDS = 0.05  # from one look whether a pipe is still to be waited for to the next
_PATIENCE = 5  # seconds in which what is there is read to its end
_MOST_AT_END = 1 << 20  # bytes of a pipe that are read when it is not to be waited for: its writer may write on
_OF_A_WHOLE_FILE = ("rows", "transpose")  # options of the choice of rows

_log = logging.getLogger(__name__)


class Follower:
    """The rows of a source as they come. `came` is set when there are more; whoever looks at them clears it.

    `options` are those of reading and of the choice of columns. Raises `UsageError` for a source or an option that
    can't be followed. Whoever wants every row there ever was asks for `editions`, and says so by `keeps_endings`.
    """

    def __init__(
        self, source: str, options: Mapping[str, Any], name: str, window: int | None = None, *,
        keeps_endings: bool = False,
    ) -> None:  # fmt: skip
        self.name, self._source = name, source
        _check(source, options)
        self._called = "standard input" if source == inputs.STANDARD_INPUT else Path(source).name
        selection = build(Selection, options)
        self._strict = selection.strict
        self._dialect = Dialect(*(options.get(option) for option in ("delimiter", "header", "decimal")))
        self._encoding = str(options.get("encoding") or "utf-8")
        most = build(Limits, options).max_memory
        self._rows = GrowingHistory(self.name, selection, window, most=most, keeps_endings=keeps_endings)
        self._stopped, self._ending = Event(), Event()
        self._trouble: BaseException | None = None
        self.came = Event()
        self.ended = False
        self._thread = Thread(target=self._follow, name=f"follow {self._called}", daemon=True)

    def so_far(self) -> SoFar | None:
        """The rows there are by now, None as long as there are none; raises what has ended the reading."""
        self.raise_trouble()
        return self._rows.so_far()

    def editions(self) -> list[SoFar]:
        """The rows there were each time before a file was replaced, told once, and those that there are by now, if any.

        They are told even where something has ended the reading.
        """
        return self._rows.editions()

    def raise_trouble(self) -> None:
        """Raise what has ended the reading, if anything has."""
        if self._trouble is not None:
            raise self._trouble

    def end(self) -> None:
        """Read what is there by now, and no more; returns when that is done, or is not to be waited for any longer."""
        self._ending.set()
        self._thread.join(_PATIENCE)

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
                self._take(_Piped(stream, self._ending))
            return
        if not os.path.lexists(self._source):
            _log.warning("waiting for %s, which is not there yet", self._called)
        for number, tail in enumerate(tails(Path(self._source), self._stopped, self._ending)):
            if number:
                _log.warning("%s has been replaced, and is read from its beginning", self._called)
            self._take(tail, is_new=number > 0)

    def _take(self, stream: Any, *, is_new: bool = False) -> None:
        """Add the rows of a stream; those of a new file take the place of the old ones when the first is there."""
        bad = BadLines(self._strict, self._called)

        def tell(error: DataError) -> None:
            if not (self._stopped.is_set() or stream.has_ended):  # then nobody has waited for the last line's end
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


def called(sources: Sequence[str], labels: Sequence[str]) -> Sequence[str]:
    """What followed sources are called: as was asked for, or by their files or, where these are alike, by their paths.

    Raises `UsageError` for labels of more or fewer.
    """
    if labels and len(labels) != len(sources):
        raise UsageError(f"label names {len(labels)} of {len(sources)}, and each history needs a name")
    stems = ["standard input" if source == inputs.STANDARD_INPUT else Path(source).stem for source in sources]
    return labels or (stems if len(set(stems)) == len(stems) else [os.path.splitext(source)[0] for source in sources])


class _Piped:
    """A pipe's bytes as they come, past any buffer: a thread that waits in one could not be left behind."""

    def __init__(self, stream: BinaryIO, ending: Event) -> None:
        self._descriptor, self._ending = stream.fileno(), ending
        self._left = _MOST_AT_END
        self.has_ended = False

    def read(self, size: int) -> bytes:
        """So many bytes at most, as soon as there are any; when it is `ending`, what is there."""
        while os.name != "nt" and not select.select([self._descriptor], [], [], _SECONDS)[0]:  # there for sockets alone
            if self._ending.is_set():
                self.has_ended = True
                return b""
        if not self._ending.is_set():
            return os.read(self._descriptor, size)
        self.has_ended = not self._left
        data = os.read(self._descriptor, min(size, self._left))
        self._left -= len(data)
        return data


def _check(source: str, options: Mapping[str, Any]) -> None:
    """Raise `UsageError` for what holds no lines of text that could come one by one."""
    for option in _OF_A_WHOLE_FILE:
        if options.get(option):
            raise UsageError(f"the option {quoted(option)} is for a file that is whole, and not for one that grows")
    suffix = Path(source).suffix.lower()
    if source != inputs.STANDARD_INPUT and (suffix in _NO_TEXT or inputs.is_folder(source)):
        raise UsageError(f"cannot follow {quoted(source)}: rows come one by one in text alone, as in {_TEXT} or a pipe")
