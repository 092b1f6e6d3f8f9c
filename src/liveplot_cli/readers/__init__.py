"""Readers: files, pipes and standard input to histories, one module per format.

A file's format is told by its suffix, with or without `.gz` behind it, that of a pipe by its first bytes.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol

from liveplot_cli import kinds
from liveplot_cli.errors import DataError, UsageError, quoted
from liveplot_cli.limits import Limits
from liveplot_cli.option import build, refuse_unused
from liveplot_cli.selection import Selection

if TYPE_CHECKING:
    from liveplot_cli.history import History
    from liveplot_cli.input import Input


class Reader(Protocol):
    """A frozen dataclass whose fields are the format's options; `/` among its suffixes says that it reads folders."""

    suffixes: tuple[str, ...]

    @classmethod
    def recognizes(cls, start: bytes) -> bool:
        """Whether a file that begins with these bytes is of the format."""
        ...

    def read(self, source: Input, selection: Selection) -> History:
        """The whole input as a history, with the index and the columns that the selection names.

        Raises `DataError` naming line and column for what can't be used.
        """
        ...


def read(source: str | os.PathLike[str], **options: object) -> History:
    """The history in a file, or in standard input for `-`, read by the reader of its suffix or of its first bytes.

    `options` are those of the reader, of `Selection` and of `Limits`, by name: `read("log.csv", index="epoch")`. Raises
    `UsageError` for a path or an option that makes no sense and `DataError` for a file that can't be used.
    """
    with opened(source, build(Limits, options)) as (reader, found):
        refuse_unused(options, [reader, Selection, Limits], [*load_all(), Selection, Limits])
        return read_with(build(reader, options), found, build(Selection, options))


@contextmanager
def opened(source: str | os.PathLike[str], limits: Limits) -> Iterator[tuple[Any, Input]]:
    """Open a source; the block is given the reader class of its format and the input.

    Raises `UsageError` for a path that is missing or of no known format, `DataError` for a pipe of none.
    """
    from liveplot_cli import input as inputs

    reader = _reader_by_suffix("/" if inputs.is_folder(source) else source)
    inputs.check(source)
    if reader is None and inputs.is_stored(source):
        raise UsageError(f"cannot read {quoted(os.fspath(source))}: its suffix is none of {', '.join(_suffixes())}")
    with inputs.opened(source, limits.max_memory) as found:
        yield reader or _reader_by_start(found), found


def read_with(
    reader: Reader,
    source: Input,
    selection: Selection,
    narrowed: Callable[[History], History] = lambda history: history,
) -> History:
    """The history in an input, with every error naming it; `narrowed` says which of its rows will be shown."""
    import logging

    from liveplot_cli.input import named

    log, shown = logging.getLogger(__name__), quoted(source.name)[1:-1]
    with named(source.name):
        history = narrowed(selection.pick_rows(replace(reader.read(source, selection), name=source.stem)))
        gaps = history.gaps
        if gaps and selection.strict:
            raise DataError(f"{_count(history, gaps)} hold no finite number, and strict reading allows no gap")
    if gaps:
        log.warning("%s: %s hold no finite number and are gaps%s", shown, _count(history, gaps), _empty(history))
    return history


def _empty(history: History) -> str:
    names = history.empty_columns
    if not names:
        return ""
    others = f" and {len(names) - 1} more" if len(names) > 1 else ""
    return f"; column {quoted(names[0])}{others} has no finite number"


def _count(history: History, gaps: int) -> str:
    rows = len(history) if history.shown is None else len(history.shown)
    return f"{gaps} of {rows * len(history.columns)} cells"


def _reader_by_suffix(source: str | os.PathLike[str]) -> Any:
    name = os.fspath(source).lower().removesuffix(".gz")
    suffix = "/" if name == "/" else os.path.splitext(name)[1]
    return next((reader for reader in load_all() if suffix in reader.suffixes), None)


def _reader_by_start(source: Input) -> Any:
    if not source.start:
        raise DataError(f"{source.name}: there is nothing to read")
    found = next((reader for reader in load_all() if reader.recognizes(source.start)), None)
    if found is None:
        raise DataError(f"{source.name}: {quoted(source.start[:12])} is the start of nothing that can be read")
    return found


def _suffixes() -> list[str]:
    return [suffix for reader in load_all() for suffix in reader.suffixes if suffix != "/"]


def load_all() -> list[Any]:
    """The reader classes of all formats."""
    return kinds.load_all(sys.modules[__name__])
