"""A block of text that holds nothing but numbers, read as a whole in a tenth of its cells' time.

JSON allows fewer forms of a number than CSV and no other meaning, so what a parser of JSON takes for a number is that
number, to the last bit. The one used here writes them straight into an array.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

import numpy as np
import simdjson
from numpy.typing import NDArray

from liveplot_cli.formats.text_blocks import LONGEST_CELL
from liveplot_cli.row_file import Numbers

# The bytes that numbers are made of, what is put down for a gap, what a JSON list has for that and for a line end.
_NUMBERS_BYTES = b"0123456789+-.eE, \t\n"
_GAP = b"?"
_AS_JSON = bytes.maketrans(_GAP + b"\n", b"0,")


class NumberBlock(NamedTuple):
    """The numbers, shape (rows, width), NaN for a gap, and whether each line ends in a delimiter."""

    numbers: Numbers
    open_ended: bool


class _Cells(NamedTuple):
    """The cells of a block: the places of what ends them, which have nothing in them, and which are gaps."""

    ends: NDArray[np.int64]
    empty: NDArray[np.bool_]
    gaps: NDArray[np.bool_]


def number_block(data: bytes, width: int, delimiter: str, decimal: str | None) -> NumberBlock | None:
    """The numbers in whole lines of text, each as `float` reads it; None where a cell is neither number nor gap.

    None also where it takes a closer look to tell: a blank line, a comment, a quote, the first decimals in a file.
    """
    text = _with_commas(data, delimiter, decimal)
    marked = None if text is None else _with_marks(text)
    cells = None if marked is None else _cells(marked, width)
    if marked is None or cells is None:
        return None
    if cells.empty.any():
        marked = np.insert(np.frombuffer(marked, np.uint8), cells.ends[cells.empty], _GAP[0]).tobytes()
    numbers = _json_numbers(b"[" + marked.translate(_AS_JSON)[:-1] + b"]")
    if numbers is None or len(numbers) != len(cells.ends):
        return None
    if cells.gaps.any():
        numbers[cells.gaps] = np.nan
    return NumberBlock(numbers.reshape(-1, width), bool(cells.empty[width - 1 :: width].all()))


def _with_commas(data: bytes, delimiter: str, decimal: str | None) -> bytes | None:
    """A block with commas for delimiters and points for decimals; None where it must be looked at closely."""
    if delimiter == ",":
        return data if decimal == "." else None
    edged = delimiter == " " and (data.startswith(b" ") or b"\n " in data or b"  \n" in data)
    if edged or delimiter == "#":  # spaces at the ends of lines are no delimiters, and a # begins a comment
        return None
    if b"," in data:
        if decimal != "," or b"." in data:
            return None
        data = data.replace(b",", b".")
    elif b"." in data and decimal != ".":
        return None
    if delimiter == " ":
        return re.sub(rb" +", b",", data.replace(b" \n", b"\n"))
    return data.replace(delimiter.encode(), b",")


def _with_marks(text: bytes) -> bytes | None:
    """A block of nothing but numbers and gaps, a mark where a gap is written out; None where it holds anything else."""
    if _GAP in text:
        return None
    if b"N" in text or b"n" in text:
        text = text.replace(b"NaN", _GAP).replace(b"nan", _GAP).replace(b"NA", _GAP)
    return None if text.translate(None, _NUMBERS_BYTES + _GAP) else text


def _cells(text: bytes, width: int) -> _Cells | None:
    """Where the cells of a block end, and which are gaps; None where its lines do not all have so many, or one is long.

    With one cell in a line, an empty one is no gap but a blank line, which only a closer look passes over.
    """
    characters = np.frombuffer(text, np.uint8)
    ends = np.flatnonzero((characters == ord(",")) | (characters == ord("\n")))
    if len(ends) % width:
        return None
    line_ends = (characters[ends] == ord("\n")).reshape(-1, width)
    lengths = np.diff(ends, prepend=-1) - 1
    empty = lengths == 0
    gaps, as_marked = empty, True
    if _GAP in text:
        marked = (lengths == 1) & (characters[ends - 1] == _GAP[0])
        gaps, as_marked = empty | marked, np.count_nonzero(marked) == text.count(_GAP)
    as_it_seems = (
        line_ends[:, -1].all()
        and not line_ends[:, :-1].any()
        and lengths.max() <= LONGEST_CELL
        and as_marked
        and not (width == 1 and empty.any())
    )
    return _Cells(ends, empty, gaps) if as_it_seems else None


def _json_numbers(text: bytes) -> Numbers | None:
    """The numbers of a JSON list, None where it is none."""
    try:
        numbers: Any = simdjson.Parser().parse(text)
        return np.array(np.frombuffer(numbers.as_buffer(of_type="d")))
    except (ValueError, RuntimeError):  # the second of a whole number of more than 64 bits
        return None
