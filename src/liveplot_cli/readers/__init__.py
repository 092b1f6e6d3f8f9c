"""Files to histories: one module per format, chosen by the file's suffix."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol

from liveplot_cli import kinds
from liveplot_cli.errors import DataError, LiveplotError, UsageError, quoted
from liveplot_cli.option import build, refuse_unused
from liveplot_cli.selection import Selection

if TYPE_CHECKING:
    from pathlib import Path

    from liveplot_cli.history import History


class Reader(Protocol):
    """A frozen dataclass whose fields are the format's options."""

    suffixes: tuple[str, ...]

    def read(self, file: Path, selection: Selection) -> History:
        """The whole file as a history, with the index and the columns that the selection names.

        Raises `DataError` naming line and column for what can't be used.
        """
        ...


def read(source: str | os.PathLike[str], **options: object) -> History:
    """The history in a file, read by the reader of its suffix.

    `options` are those of the reader and of `Selection`, by name: `read("log.csv", index="epoch", columns="loss")`.
    Raises `UsageError` for a path or an option that makes no sense and `DataError` for a file that can't be used.
    """
    reader = reader_for(source)
    refuse_unused(options, [reader, Selection], [*load_all(), Selection])
    return read_with(build(reader, options), source, build(Selection, options))


def read_with(
    reader: Reader,
    source: str | os.PathLike[str],
    selection: Selection,
    narrowed: Callable[[History], History] = lambda history: history,
) -> History:
    """The history in a file, with every error naming the file; `narrowed` says which of its rows will be shown."""
    import logging
    from pathlib import Path

    file = Path(source)
    shown = quoted(file.name)[1:-1]
    try:
        history = narrowed(selection.pick_rows(replace(reader.read(file, selection), name=file.stem)))
        gaps = history.gaps
    except OSError as error:
        raise UsageError(f"cannot read {shown}: {error.strerror or error}") from None
    except MemoryError:
        raise DataError(f"{shown} does not fit into memory") from None
    except LiveplotError as error:
        raise type(error)(f"{shown}: {error.sentence}", cure=error.cure) from None
    if gaps:
        rows = len(history) if history.shown is None else len(history.shown)
        logging.getLogger(__name__).warning(
            "%s: %d of %d cells hold no finite number and are gaps", shown, gaps, rows * len(history.columns)
        )
    return history


def reader_for(source: str | os.PathLike[str]) -> Any:
    """The reader class for a path; raises `UsageError` where the file is missing or of no known format."""
    path = os.fspath(source)
    shown = quoted(path)
    if not os.path.exists(path):
        raise UsageError(f"there is no file {shown}")
    if os.path.isdir(path):
        raise UsageError(f"{shown} is a folder; name a file in it")
    suffix = os.path.splitext(path)[1].lower()
    for reader in load_all():
        if suffix in reader.suffixes:
            return reader
    known = ", ".join(suffix for reader in load_all() for suffix in reader.suffixes)
    raise UsageError(f"cannot read {shown}: its suffix is none of {known}")


def load_all() -> list[Any]:
    """The reader classes of all formats."""
    return kinds.load_all(sys.modules[__name__])
