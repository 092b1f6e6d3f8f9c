"""The rows of a file, or of a stream as they come, to the live service."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from liveplot_cli import input as inputs
from liveplot_cli import readers
from liveplot_cli.client import push as client
from liveplot_cli.client.remote import find_run, is_of_a_run, run_name
from liveplot_cli.errors import DataError, LimitError, OutputError, UsageError, quoted
from liveplot_cli.option import build, options_of
from liveplot_cli.pushing import Pushing

if TYPE_CHECKING:
    from liveplot_cli.history import History

_OF_A_STREAM = ("delimiter", "header", "decimal", "encoding")  # options of reading
_AT_ONCE = 100  # rows, until it is looked whether there is room

_log = logging.getLogger(__name__)


def push(url: str, source: str | None, given: Mapping[str, Any]) -> str:
    """Send what a file or a stream holds, and say in a sentence how much that was.

    Without a source standard input is read, unless that is a terminal: then only what waits on the disk is sent. Raises
    `OutputError` where the service has not acknowledged all.
    """
    pushing = build(Pushing, given)
    reading = {name: value for name, value in given.items() if name not in options_of(Pushing)}
    if source is None:
        source = inputs.STANDARD_INPUT if sys.stdin and not sys.stdin.isatty() else None
    if source is not None:
        inputs.check(source)
    if source is None or not (inputs.is_stored(source) or inputs.is_folder(source)):
        return _stream(url, source, pushing, reading)
    return _file(url, source, pushing, reading)


def _file(url: str, source: str, pushing: Pushing, reading: Mapping[str, Any]) -> str:
    name = _name(url, source, pushing)
    find_run(url, name)  # what is wrong with it is told before a long file is read
    history = readers.read(source, **reading, strict=pushing.strict, max_memory=pushing.max_memory)
    columns, rows = _table(history)
    with _opened(url, name, pushing, columns) as run:
        for number, row in enumerate(rows):
            if number % _AT_ONCE == 0 and (run.dropped or not run.wait_for_room(pushing.timeout)):
                break
            run(row)
        return _ended(run, pushing, len(history))


def _stream(url: str, source: str | None, pushing: Pushing, reading: Mapping[str, Any]) -> str:
    from liveplot_cli.formats.text_table import Dialect
    from liveplot_cli.growing.lines import BadLines, rows

    for option in reading:
        if option not in _OF_A_STREAM:
            raise UsageError(f"the option {quoted(option)} is for files, and not for what comes line by line")
    dialect = Dialect(*(reading.get(option) for option in ("delimiter", "header", "decimal")))
    bad = BadLines(pushing.strict)
    with _opened(url, _name(url, source, pushing), pushing, None) as run:
        count = 0
        if source is not None:
            with inputs.raw(source) as stream:
                encoding = reading.get("encoding") or "utf-8"
                for row in rows(stream, dialect, bad, encoding=encoding, told=_tell_left_out):
                    if not run.wait_for_room(pushing.timeout):
                        break
                    run(list(row.values) if row.names is None else dict(zip(row.names, row.values, strict=True)))
                    count += 1
        bad.tell_the_rest()
        sentence = _ended(run, pushing, count)
    if bad.count and not count:
        raise DataError(f"none of {bad.count:,} lines holds a row; {sentence}")
    return sentence


def _name(url: str, source: str | None, pushing: Pushing) -> str | None:
    """The run that was named, else that in the URL, else the file's name."""
    if pushing.run is not None or is_of_a_run(url) or source in (None, inputs.STANDARD_INPUT):
        return pushing.run
    path = Path(source)
    return run_name(path.name if inputs.is_folder(source) else Path(path.name.removesuffix(".gz")).stem)


def _opened(url: str, name: str | None, pushing: Pushing, columns: Sequence[str] | None) -> client.Push:
    return client.push(
        url, name, columns=columns, title=pushing.title, reset=pushing.reset, token_file=pushing.token_file,
        folder=pushing.folder, spool=not pushing.no_spool,
    )  # fmt: skip


def _ended(run: client.Push, pushing: Pushing, count: int) -> str:
    """Wait until all is sent, and say so; raises `OutputError` where it is not."""
    run.flush(pushing.timeout)
    run.close(0.0, quietly=True)
    sent, reason = f"{run.sent:,} of {count + run.taken_over:,} rows are sent", run.trouble or "it is too slow"
    if run.waiting:
        raise OutputError(
            f"{run.url} takes no rows ({reason}): {sent}, {run.waiting:,} wait on the disk for the next push to"
            f" it; liveplot push {run.url} </dev/null sends nothing but them"
        )
    if run.dropped or run.sent < count + run.taken_over:
        raise OutputError(f"{run.url} takes no rows ({reason}): {sent}")
    before = f", {run.taken_over:,} of them from before" if run.taken_over else ""
    return f"sent {run.sent:,} row{'' if run.sent == 1 else 's'} to {run.url}{before}"


def _table(history: History) -> tuple[Sequence[str] | None, Iterator[list[float]]]:
    """The columns of a history, None where they have no names, and its rows; labels that are numbers come first."""
    import numpy as np

    from liveplot_cli.history import Numerals

    columns = None if isinstance(history.columns, Numerals) else list(history.columns)
    label = history.index_name or "index"
    labels = None
    if history.index_name != "row" and label not in history.columns:
        if history.labels.dtype.kind in "iuf":
            labels = history.labels.astype(float)
            columns = [label, *history.columns]
        else:
            _tell_left_out(label)
    width = len(history.columns) + (labels is not None)
    if width > client.MOST_VALUES:
        raise LimitError(f"the history has {width:,} columns, and the service takes {client.MOST_VALUES:,}")

    def rows() -> Iterator[list[float]]:
        place = 0
        for block in history.blocks():
            part = block if labels is None else np.column_stack([labels[place : place + len(block)], block])
            place += len(block)
            yield from part.tolist()

    return columns, rows()


def _tell_left_out(name: str) -> None:
    _log.warning("column %s holds no numbers and is left out", quoted(name))
