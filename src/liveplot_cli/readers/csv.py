"""Comma-separated values: https://www.rfc-editor.org/rfc/rfc4180, and the relatives that `text_table` can tell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from liveplot_cli.errors import DataError, quoted
from liveplot_cli.option import option
from liveplot_cli.selection import Selection, find_column

# What does the work is imported where it is used: the command line reads this file for its help, which comes at once.
if TYPE_CHECKING:
    from pathlib import Path

    from liveplot_cli.history import History
    from liveplot_cli.text_table import Table


def delimiter(text: str) -> str:
    """One character, or the word `tab`."""
    character = {"tab": "\t", "\\t": "\t", "space": " "}.get(text, text)
    if len(character) != 1 or character in '"\r\n':
        raise ValueError(f"{text!r} is not one character, tab or space")
    return character


@dataclass(frozen=True)
class Csv:
    """Numbers in columns, with or without a header, the cells separated by comma, semicolon, tab or bar."""

    suffixes: ClassVar[tuple[str, ...]] = (".csv",)

    delimiter: str | None = option(
        None,
        "-d",
        "--delimiter",
        group="Reading",
        metavar="CHAR",
        parse=delimiter,
        shown="by itself",
        help="What separates the cells of a CSV file: a character, 'tab' or 'space'.",
    )
    header: bool | None = option(
        None,
        "--header/--no-header",
        group="Reading",
        shown="by itself",
        help="Whether the first line of a CSV file names the columns.",
    )

    def read(self, file: Path, selection: Selection) -> History:
        """The table as a history; a first column of dates or names, or a rising one called step or the like, labels it.

        Raises `DataError` naming line and column of a cell that is no number, of a ragged row, of an open quote.
        """
        import logging

        import numpy as np

        from liveplot_cli import text_table
        from liveplot_cli.history import History

        text = text_table.decoded(file.read_bytes())
        table = text_table.parsed(text, self.delimiter, self.header, transpose=selection.transpose)
        index = self._index(table, selection)
        drawn = [find_column(name, table.names) for name in selection.columns]
        drawn = drawn or self._drawn(table, index, selection)
        if index is not None:
            left = [name for number, name in enumerate(table.names) if number != index and number not in drawn]
            also = f"; not drawn: {', '.join(map(quoted, left))}" if left else ""
            log = logging.getLogger(__name__)
            log.info("%s: the column %s labels the rows%s", file.name, quoted(table.names[index]), also)
        if not drawn:
            raise DataError("there is no column beside the index")
        values = np.column_stack([table.numbers(column, index) for column in drawn])
        columns = [table.names[number] for number in drawn]
        if index is None:
            return History(values, columns)
        return History(values, columns, table.labels(index), table.names[index] if table.named else "row")

    def _drawn(self, table: Table, index: int | None, selection: Selection) -> list[int]:
        """All columns but the index; one found by itself takes the other counters with it, an epoch beside a step."""
        counters = set(table.counters()) if selection.index is None and index in table.counters() else set()
        return [number for number in range(len(table.names)) if number != index and number not in counters]

    def _index(self, table: Table, selection: Selection) -> int | None:
        if selection.index == "none":
            return None
        return table.likely_index() if selection.index is None else find_column(selection.index, table.names)
