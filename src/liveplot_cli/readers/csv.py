"""Comma-separated values: https://www.rfc-editor.org/rfc/rfc4180, and the relatives that `text_table` can tell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from liveplot_cli.errors import DataError, quoted
from liveplot_cli.formats.text import Text
from liveplot_cli.option import option

# What does the work is imported where it is used: the command line reads this file for its help, which comes at once.
if TYPE_CHECKING:
    from liveplot_cli.history import History
    from liveplot_cli.input import Input
    from liveplot_cli.selection import Selection

# How files begin that are something else, and what to do about it.
_OTHERS = {
    b"\x1f\x8b": "gzip data; end its name in .csv.gz",
    b"\x93NUMPY": "a NumPy array; end its name in .npy",
    b"PK\x03\x04": "an Excel workbook or another zip archive; save it as .csv, or name it .npz if NumPy wrote it",
    b"\xd0\xcf\x11\xe0": "an Excel workbook; save it as .csv",
    b"version https://git-lfs": "a pointer of Git LFS; fetch the file itself with git lfs pull",
    b"\x89PNG": "a PNG picture; end its name in .png",
    b"GIF8": "a GIF picture; end its name in .gif",
    b"\xff\xd8\xff": "a JPEG picture; end its name in .jpg",
    b"II*\0": "a TIFF picture; end its name in .tif",
    b"MM\0*": "a TIFF picture; end its name in .tif",
    b"II+\0": "a TIFF picture; end its name in .tif",
    b"MM\0+": "a TIFF picture; end its name in .tif",
    b"%PDF": "a PDF document",
    b"\x89HDF": "an HDF5 file; save its numbers as .npy",
    b"PAR1": "a Parquet file; save its table as .csv",
    b"SQLite format 3": "an SQLite database; save a table of it as .csv",
}
_OTHER_TEXTS = {
    b"<": "HTML or XML, perhaps a web page that tells of an error",
    b"{": "JSON; end its name in .jsonl if each line is an object or an array",
    b"[": "JSON; end its name in .jsonl if each line is an object or an array",
}


def delimiter(text: str) -> str:
    """One character, or the word `tab`."""
    character = {"tab": "\t", "\\t": "\t", "space": " "}.get(text, text)
    if len(character) != 1 or not character.isascii() or character in '"\r\n':
        raise ValueError(f"{quoted(text)} is not one character, tab or space")
    return character


def decimal(text: str) -> str:
    """A point or a comma."""
    point_or_comma = {"point": ".", "comma": ","}.get(text, text)
    if point_or_comma not in (".", ","):
        raise ValueError(f"{quoted(text)} is neither point nor comma")
    return point_or_comma


@dataclass(frozen=True)
class Csv(Text):
    """Numbers in columns, with or without a header, the cells separated by comma, semicolon, tab, bar or spaces."""

    suffixes: ClassVar[tuple[str, ...]] = (".csv", ".tsv")

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
    decimal: str | None = option(
        None,
        "--decimal",
        group="Reading",
        metavar="point|comma",
        parse=decimal,
        shown="by itself",
        help="What separates the decimals of a number in a CSV file.",
    )

    @classmethod
    def recognizes(cls, start: bytes) -> bool:
        """Whether a file may be one, by its first bytes: whether it is nothing else."""
        return _other(start) is None

    def read(self, source: Input, selection: Selection) -> History:
        """The table as a history; a first column of dates or names, or a rising one called step or the like, labels it.

        Raises `DataError` naming line and column of a cell that is no number, of a ragged row, of an open quote.
        """
        from liveplot_cli.formats import text_table
        from liveplot_cli.formats.text_blocks import blocks

        other = _other(source.start)
        if other is not None:
            raise DataError(f"this is no CSV but {other}")
        named_for_tabs = source.name.lower().removesuffix(".gz").endswith(".tsv")
        dialect = text_table.Dialect(self.delimiter or ("\t" if named_for_tabs else None), self.header, self.decimal)
        lines = blocks(source, self.encoding, finished=not self.tail_ok)
        table = text_table.parsed(lines, dialect, transpose=selection.transpose, allow=source.allow)
        return table.history(selection, source.name, source.allow)


def _other(start: bytes) -> str | None:
    """What a file is by its first bytes, if that is known and is not CSV."""
    if start.startswith(b"\0\0\0") and start[4:8] == b"ftyp":
        return "a film; end its name in .mp4"
    found = next((other for begin, other in _OTHERS.items() if start.startswith(begin)), None)
    text = start.removeprefix(b"\xef\xbb\xbf").lstrip()
    return found or next((other for begin, other in _OTHER_TEXTS.items() if text.startswith(begin)), None)
