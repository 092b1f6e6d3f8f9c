"""Whatever bytes a file holds and whatever text an option is given: a history or a value, or one sentence; never more.

The paths on which a table is read, block by block and cell by cell, must come to the same, whatever the blocks.
"""

from __future__ import annotations

import contextlib
import csv
import gzip
import io
import json
import struct
import time
import tracemalloc
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple
from unittest import mock

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from faults import SMALL, Place, run_cli
from liveplot_cli import cli
from liveplot_cli.charts import load_all as all_charts
from liveplot_cli.encoders import load_all as all_encoders
from liveplot_cli.errors import DataError, LimitError, LiveplotError, UsageError, quoted
from liveplot_cli.formats import text_blocks, text_table
from liveplot_cli.history import History
from liveplot_cli.limits import Limits
from liveplot_cli.look import Look
from liveplot_cli.option import Option, build, options_of
from liveplot_cli.readers import load_all as all_readers
from liveplot_cli.readers import read
from liveplot_cli.selection import Selection
from liveplot_cli.timing import Timing
from liveplot_cli.writing import Writing

# Pictures are decoded by libraries that have fuzzers of their own; tests/test_image.py cuts them anywhere.
SUFFIXES = tuple(suffix for reader in all_readers() if reader.__name__ != "Image" for suffix in reader.suffixes)
NAMES = tuple(f"h{suffix}{packed}" for suffix in SUFFIXES for packed in ("", ".gz"))
# The whole of it is to take a minute: more examples are what `make fuzz` is for.
FEW, MANY = settings(max_examples=100, deadline=None), settings(max_examples=300, deadline=None)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder for all examples of a property."""
    return tmp_path_factory.mktemp("fuzz")


def read_or_refused(folder: Path, name: str, content: bytes, **options: Any) -> History | LiveplotError:
    """What a file is read as, or why not, held to the promises of both. Warnings are errors here."""
    path = folder / name
    path.write_bytes(content)
    try:
        history = read(path, **options)
    except (DataError, LimitError, UsageError) as error:
        return one_sentence(error, name)
    rows, width = history.values.shape
    assert history.values.dtype == np.float64
    assert not np.isinf(history.values).any()
    assert np.isfinite(history.values).any() or "rows" in options
    assert (len(history.labels), len(history.columns)) == (rows, width)
    return history


def one_sentence(error: LiveplotError, name: str) -> LiveplotError:
    assert error.sentence.startswith(name)
    assert error.sentence.isprintable()
    assert len(str(error)) < 300
    return error


# --- any bytes --------------------------------------------------------------------------------------------------------


def arrays() -> Iterator[np.ndarray]:
    yield np.arange(6.0).reshape(3, 2)
    yield np.array([1, 2, 3], ">i2")
    yield np.asfortranarray(np.array([[0.5, np.nan], [1, np.inf]], np.float16))
    yield np.array([[True, False]])


def npy(array: np.ndarray) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


def npz(how: int, **members: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", how) as archive:
        for name, content in members.items():
            archive.writestr(f"{name}.npy", content)
    return stream.getvalue()


TEXTS = (
    b"step,loss\n1,0.5\n2,0.25\n",
    b'a;b\r\n1,5;"2"\r\n;NA\r\n',
    b"\xef\xbb\xbfdate\tx\n2024-01-01\t1\n2024-01-02\t2\n",
    "a,ä\n1,2\n".encode("utf-16"),
    b"# a b\n 1.0  2.0\n 3.0  4.0\n",
    b"run 1,1,2\nrun 2,3,4\n",
)
LINES = (
    b'{"step": 1, "loss": 0.5}\n{"step": 2, "loss": NaN, "acc": null}\n',
    b'[1, 2, 3]\n[4, "x", true]\n',
    b'{"a": {"b": 1, "c": [2]}, "d": "2024-01-01"}\r\n{"d": "2024-01-02"}',
)
ARRAYS = tuple(map(npy, arrays()))
ARCHIVES = tuple(
    npz(how, a=ARRAYS[0], **more)
    for how in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
    for more in ({}, {"b": ARRAYS[1]})
)
SEEDS = {".csv": TEXTS, ".tsv": TEXTS, ".jsonl": LINES, ".ndjson": LINES, ".npy": ARRAYS, ".npz": ARCHIVES}
OPTIONS = st.sampled_from(
    [{}, {"transpose": True}, {"index": 0}, {"index": "none"}, {"columns": "0"}, {"columns": "loss"}, {"rows": "1:"},
     {"rows": "::-1"}, {"strict": True}, {"max_memory": 1000}]
)  # fmt: skip


@st.composite
def mutated(draw: st.DrawFn, seeds: Sequence[bytes]) -> bytes:
    """A valid file with a few bytes flipped, cut out, put in or repeated, or half of another behind its own half."""
    content = bytearray(draw(st.sampled_from(seeds)))
    for _ in range(draw(st.integers(0, 4))):
        at, to = sorted(draw(st.tuples(*[st.integers(0, len(content))] * 2)))
        piece = bytes(content[at:to])
        change = draw(st.sampled_from(["flip", "cut", "insert", "repeat", "splice"]))
        if change == "flip":
            content[at:to] = bytes(byte ^ draw(st.integers(1, 255)) if byte else 255 for byte in piece[:1]) + piece[1:]
        elif change == "splice":
            content[at:] = draw(st.sampled_from(seeds))[to:]
        else:
            content[at:to] = {"cut": b"", "insert": draw(st.binary(max_size=8)) + piece, "repeat": 2 * piece}[change]
    return bytes(content)


@st.composite
def files(draw: st.DrawFn) -> tuple[str, bytes]:
    """The name of a file and bytes that it may hold, packed as its name says or mutated after that."""
    name = draw(st.sampled_from(NAMES))
    seeds = SEEDS["." + name.removesuffix(".gz").rpartition(".")[2]]
    content = draw(st.one_of(mutated(seeds), st.binary(max_size=100)))
    if not name.endswith(".gz"):
        return name, content
    packed = gzip.compress(content, mtime=0)
    return name, draw(st.one_of(st.just(packed), mutated([packed, packed + packed])))


@MANY
@given(file=files(), options=OPTIONS)
def test_any_file_is_read_or_refused(folder: Path, file: tuple[str, bytes], options: dict[str, Any]) -> None:
    read_or_refused(folder, *file, **options)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.sampled_from(["NaN", "", "\0", "x", "2024-01-01", "\ud800", "1e999", 10**400]),
    lambda values: st.lists(values, max_size=3) | st.dictionaries(st.text(max_size=3), values, max_size=3),
    max_leaves=6,
)


@MANY
@given(values=st.lists(JSON, min_size=1, max_size=4), options=OPTIONS)
def test_any_json_is_read_or_refused(folder: Path, values: list[Any], options: dict[str, Any]) -> None:
    lines = "\n".join(map(json.dumps, values))
    read_or_refused(folder, "h.jsonl", lines.encode(), **options)


@FEW
@given(rows=st.lists(st.dictionaries(st.sampled_from("abc"), st.floats(), min_size=1), min_size=1, max_size=5))
def test_objects_of_numbers_are_read_as_they_are(folder: Path, rows: list[dict[str, float]]) -> None:
    names = list(dict.fromkeys(name for row in rows for name in row))
    expected = np.array([[row.get(name, np.nan) for name in names] for row in rows])
    expected[np.isinf(expected)] = np.nan
    assume(not np.isnan(expected).all())
    history = read_or_refused(folder, "h.jsonl", "\n".join(map(json.dumps, rows)).encode(), index="none")
    assert isinstance(history, History)
    assert history.columns == tuple(names)
    assert np.array_equal(history.values, expected, equal_nan=True)


LENGTHS = st.one_of(
    st.integers(-3, 5), st.sampled_from([2**31, 2**62, 2**63, 2**64, 2**200, 10**4400, True]), st.integers()
)  # fmt: skip
HEADERS = st.builds(
    "{{'descr': {}, 'fortran_order': {}, 'shape': {}}}".format,
    st.sampled_from(["'<f8'", "'>f2'", "'|b1'", "'|O'", "'<U9'", "'|V0'", "'<M8[us]'", "[('a', '<f8')]", "'\\d'", "8"]),
    st.sampled_from(["True", "False", "1"]),
    st.one_of(
        st.lists(LENGTHS, max_size=4).map(lambda lengths: f"({''.join(f'{hex(length)},' for length in lengths)})"),
        st.sampled_from(["(2L, 1L)", "[2, 1]", "(2.0,)", "2", "(" * 500, "(1,)" * 70]),
    ),
)


@MANY
@given(header=HEADERS, version=st.sampled_from([b"\1\0", b"\2\0", b"\3\0"]), name=st.sampled_from(NAMES[-4:]))
def test_a_header_of_any_shape_takes_no_memory(folder: Path, header: str, version: bytes, name: str) -> None:
    length = struct.pack("<H" if version == b"\1\0" else "<I", len(header) + 1)
    content = b"\x93NUMPY" + version + length + header.encode() + b"\n" + bytes(16)
    content = npz(zipfile.ZIP_DEFLATED, a=content) if ".npz" in name else content
    content = gzip.compress(content) if name.endswith(".gz") else content
    tracemalloc.start()
    try:
        read_or_refused(folder, name, content)
        assert tracemalloc.get_traced_memory()[1] < 10_000_000
    finally:
        tracemalloc.stop()


# --- the paths of a table agree -----------------------------------------------------------------------------------


class Cut(NamedTuple):
    """How a text is cut into blocks, and whether blocks may be read at once."""

    first: int
    rest: int
    at_once: bool


@contextlib.contextmanager
def cut(how: Cut) -> Iterator[None]:
    with contextlib.ExitStack() as patches:
        patches.enter_context(mock.patch.object(text_blocks, "_FIRST", how.first))
        patches.enter_context(mock.patch.object(text_blocks, "_AT_ONCE", how.rest))
        if not how.at_once:
            patches.enter_context(mock.patch.object(text_table._Text, "_at_once", return_value=None))
        yield


def outcome(folder: Path, content: bytes, how: Cut, **options: Any) -> tuple[object, ...]:
    """All that is told of a reading: names, labels and every bit of the numbers but the sign of a zero, or why not."""
    with cut(how):
        found = read_or_refused(folder, "h.csv", content, **options)
    if isinstance(found, LiveplotError):
        return type(found), str(found)
    return (
        found.columns,
        found.index_name,
        found.labels.dtype,
        tuple(found.labels.tolist()),
        (found.values + 0.0).tobytes(),
    )


NUMBERS = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.integers(-(10**6), 10**6).map(str),
    st.sampled_from(["007", "+1", ".5", "5.", "1e400", "-1e400", "1E5", "-0", "0.0", "1e-400", "9" * 25, "1" * 400,
                     str(2**53 + 1), str(2**63), str(2**64 + 1), "0." + "1" * 60, "-.5e-3", "inf", "-Infinity"]),
)  # fmt: skip
GAPS = st.sampled_from(["", "", "NA", "nan", "NaN"])
STRANGE = st.sampled_from(
    ["x", "2024-01-01", "NAN", "1NA", "1,5", ",5", "5,", "1.5", "٣", "\xa05", "5\u2003", "\x1c7", "é ü", "1_0", "0x1",
     "--1", "1e", "e5", "?", "a b", "#1", "1#", "-", "1 2", "\t1", "1\t", "\u2028", "x\x85"]
)  # fmt: skip
WORDS = st.sampled_from(
    ["run 1", "é", "2024-01-01", "2024-02-01", "2024/2/01", "2024-01-01 00:00+01:00", "x,y", "Ω 5", "a'b", "#c", "5",
     "", "NA", "\xa05"]
)  # fmt: skip
BETWEEN = st.sampled_from(["", "  ", "# note", " # 1,2", "#", "#a,b", "\xa0", "\t"])


class Written(NamedTuple):
    """A table as a text."""

    content: bytes
    delimiter: str


@st.composite
def tables(draw: st.DrawFn) -> Written:
    """A table of numbers with much that may stand in one: gaps, words, quotes, comments, blank lines, ragged lines."""
    delimiter = draw(st.sampled_from([",", ",", ";", "\t", "|", " ", ":", "#"]))
    width = draw(st.integers(1, 4))
    odd = draw(st.sampled_from([0, 0, 0, 1, 3]))  # how much of it is strange
    worded = draw(st.integers(0, 3)) == 0
    comma = delimiter != "," and draw(st.integers(0, 3)) == 0
    cells = st.one_of(NUMBERS, NUMBERS, GAPS, *[STRANGE] * (odd > 1))
    rows = [
        [draw(WORDS if worded and not column else cells) for column in range(width)]
        for _ in range(draw(st.integers(1, 12)))
    ]
    if comma:
        rows = [[cell.replace(".", ",") for cell in row] for row in rows]
    if draw(st.booleans()):
        rows.insert(0, draw(st.lists(st.sampled_from(["a", "b", "", "step", "0", "1", "é"]), min_size=width,
                                     max_size=width)))  # fmt: skip
    quoted_too = draw(st.integers(0, 4)) == 0
    lines = [_line(draw, row, delimiter, quoted_too) for row in rows]
    for _ in range(odd):
        at = draw(st.integers(0, len(lines)))
        change = draw(st.sampled_from(["between", "ragged", "end", "edge", "strange"]))
        if change == "between" or at == len(lines):
            lines.insert(at, draw(BETWEEN))
        else:
            lines[at] = {
                "ragged": lines[at] + delimiter + "1",
                "end": lines[at] + delimiter,
                "edge": f"{draw(st.sampled_from(['', ' ', '  ']))}{lines[at]}{draw(st.sampled_from(['', ' ', '  ']))}",
                "strange": lines[at].rpartition(delimiter)[0] + delimiter + draw(STRANGE),
            }[change]
    end = draw(st.sampled_from(["\n", "\n", "\r\n", "\r"]))
    text = end.join(lines) + draw(st.sampled_from([end, ""]))
    return Written(text.encode(), delimiter)


def _line(draw: st.DrawFn, row: Sequence[str], delimiter: str, quoted_too: bool) -> str:
    if quoted_too and draw(st.booleans()):
        ends = draw(st.sampled_from(["", "\n", " \n#", '""']))
        return delimiter.join(f'"{cell}{ends if not column else ""}"' for column, cell in enumerate(row))
    if delimiter == " ":
        return "  ".join(cell or "NA" for cell in row)
    return delimiter.join(row)


READINGS = st.sampled_from(
    [{}, {}, {}, {"header": True}, {"header": False}, {"transpose": True}, {"index": "none"}, {"index": 0},
     {"decimal": "comma"}, {"decimal": "point"}, {"tail_ok": True}]
)  # fmt: skip
WHOLE = Cut(1 << 16, 1 << 20, at_once=True)


@settings(max_examples=250, deadline=None)
@given(table=tables(), options=READINGS, first=st.integers(1, 40), rest=st.integers(1, 40))
def test_a_table_is_the_same_however_it_is_cut(
    folder: Path, table: Written, options: dict[str, Any], first: int, rest: int
) -> None:
    options = {"delimiter": table.delimiter, **options}  # which is found out from the first block
    expected = outcome(folder, table.content, WHOLE, **options)
    for at_once in (True, False):
        assert outcome(folder, table.content, Cut(first, rest, at_once), **options) == expected


@settings(max_examples=250, deadline=None)
@given(table=tables(), options=READINGS, first=st.integers(1, 40), rest=st.integers(1, 1000))
def test_a_table_is_the_same_at_once_and_cell_by_cell(
    folder: Path, table: Written, options: dict[str, Any], first: int, rest: int
) -> None:
    given_too = [outcome(folder, table.content, Cut(first, rest, at_once), **options) for at_once in (True, False)]
    assert given_too[0] == given_too[1]


def plain_numbers(rows: list[list[str]]) -> list[list[float]]:
    """What Python says of the cells."""
    return [[float(cell) if cell not in ("", "NA") else np.nan for cell in row] for row in rows]


@MANY
@given(
    rows=st.integers(1, 5).flatmap(
        lambda width: st.lists(
            st.lists(st.one_of(NUMBERS, st.sampled_from(["NA", "nan"])), min_size=width, max_size=width),
            min_size=2, max_size=12,
        )
    ),
    delimiter=st.sampled_from(",;\t|"),
    first=st.integers(1, 40),
)  # fmt: skip
def test_numbers_are_what_python_reads(folder: Path, rows: list[list[str]], delimiter: str, first: int) -> None:
    expected = np.array(plain_numbers(rows))
    expected[np.isinf(expected)] = np.nan
    assume(not np.isnan(expected).all())
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows(rows)
    how = {"delimiter": delimiter, "header": False, "index": "none"}
    with cut(Cut(first, 1000, at_once=True)):
        history = read_or_refused(folder, "h.csv", text.getvalue().encode(), **how)
    assert isinstance(history, History)
    assert (history.values + 0.0).tobytes() == (expected + 0.0).tobytes()


# --- what was found, and mended -----------------------------------------------------------------------------------

# Tables that were read otherwise by one path than by the other, or than where they are cut at another place.
DISAGREED = {
    "a decimal comma without figures before it": (";", b"a;b\n,5;x\n1,5;x\n"),
    "a wide space around a number among words": (",", "w,1\nw,1\n\xa05,1\n".encode()),
    "a separator of files around a number among words": (",", b"w,1\nw,1\n\x1c5,1\n"),
    "nothing but a wide space among words": (",", "w,1\nw,1\n\xa0,1\n".encode()),
    "two spaces at the end of a line": (" ", b"1 2\n1 2\n3  \n"),
    "a space at the start of a block": (" ", b"1 2 3\n1 2 3\n 1 2\n"),
    "both decimals between spaces": (" ", b"1 2\n1 2\n1.5 2\n1,5 2\n"),
    "a comment where a # delimits": ("#", b"1#2\n3#4\n#5\n"),
    "an empty comment below names": (",", b"# a,b\n#\n1,2\n"),
    "a space at the start of a line within a block": (" ", b"1 2 3\n1 2 3\n1 2 3\n 1 2\n"),
    "a point among decimal commas": (";", b"1,5;2\n1,5;2\n1.5;2\n"),
    "a last column that is empty but for its end": (",", b"1,\n2,\n3,4\n"),
    "a comment below the first row": (",", b"1,2\n# a,b\n3,4\n"),
    "a negative zero that labels a row": (",", b",1\n0,1\n-0,1\n"),
    "the index of pandas on a line of its own": (",", b",0,1\n7,.5,.6\n,.7,.8\n"),
    "a ragged line above an open quote": (",", b'1,2\n3\n4,"\n'),
    "a column of NA at the end": (",", b"1,NA\n2,NA\n"),
    "a delimiter at each end": (",", b"1,2,\n3,4,\n"),
    "spaces behind a word, more than a cell may have": (",", b"w,1\nw,1\nx" + b" " * 131_073 + b",1\n"),
}


@pytest.mark.parametrize("case", DISAGREED)
def test_a_table_on_which_the_paths_disagreed(folder: Path, case: str) -> None:
    delimiter, content = DISAGREED[case]
    how_to = {"delimiter": delimiter} | ({"index": 0} if "labels" in case else {})
    expected = outcome(folder, content, WHOLE, **how_to)
    starts = [at + 1 for at, byte in enumerate(content) if byte == ord("\n")]
    ways = [Cut(first, 1 << 20, at_once) for first in starts for at_once in (True, False)]
    assert {outcome(folder, content, how, **how_to) for how in ways} == {expected}


def test_a_last_column_of_na_is_a_column(folder: Path) -> None:
    """It is not what a delimiter at the end of each line leaves."""
    history = read_or_refused(folder, "h.csv", b"1,NA\n2,nan\n3,NA\n")
    assert isinstance(history, History)
    assert history.columns == ("0", "1")


def crafted(shape: str, descr: str = "'<f8'") -> bytes:
    header = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}}}\n".encode()
    return b"\x93NUMPY\1\0" + struct.pack("<H", len(header)) + header + bytes(16)


def overwritten(content: bytes, at: int, by: bytes) -> bytes:
    return content[:at] + by + content[at + len(by) :]


def directory(content: bytes, offset: int, by: bytes) -> bytes:
    """An archive in whose list of members the bytes at an offset are others."""
    return overwritten(content, content.index(b"PK\x01\x02") + offset, by)


# Files that ended in a traceback, took all memory or were told wrongly, and what is said of them now.
REFUSED: dict[str, tuple[str, bytes, dict[str, Any], str]] = {
    "a list as a value": ("h.jsonl", b'{"a": [1]}\n', {}, "line 1, column 1 ('a'): '[…]' is not a number"),
    "lists in lists": ("h.jsonl", b'{"a": ' + b"[" * 900 + b"]" * 900 + b"}", {}, "'[…]' is not a number"),
    "nothing in an object": ("h.jsonl", b'{"a": {}}\n', {"transpose": True}, "line 1: there is no value in it"),
    "objects without end": ("h.jsonl", b'{"a":' * 9999 + b"1" + b"}" * 9999, {}, "line 1: this is no JSON (too deep)"),
    "a name on each line": (
        "h.jsonl", b"".join(b'{"a%d":1}\n' % number for number in range(50_000)), {"max_memory": "100M"},
        "of memory, or more",
    ),
    "a long name before many": (
        "h.jsonl", b'{"%s": {%s}}' % (b"x" * 100_000, b",".join(b'"%d":1' % number for number in range(9999))), {},
        "line 1: a name has more than 1,000 characters",
    ),
    "names without end": (
        "h.jsonl", b'{"%s": {%s}}\n' % (b"x" * 900, b",".join(b'"%d":1' % number for number in range(999))),
        {"max_memory": "500K"}, "of memory, or more",
    ),
    "a long label": ("h.csv", b"word,1\n" * 30_000 + b"w" * 100_000 + b",1\n", {}, "take 11,445 MB of memory, or more"),
    "a line without end": ("h.csv", b"12," * 500_000, {"max_memory": "10M"}, "of memory, or more"),
    "a shape of 4400 figures": ("h.npy", crafted(f"({hex(10**4400)},)"), {}, "no array is as long as it says"),
    "and three dimensions": ("h.npy", crafted(f"({hex(10**4400)}, 1, 1)"), {}, "no array is as long as it says"),
    "LZMA": ("h.npz", overwritten(ARCHIVES[-1], 60, b"\xff" * 20), {"key": "a"}, "a readable .npz file (LZMAError)"),
    "a size of 2^64": (
        "h.npz", overwritten(ARCHIVES[0], ARCHIVES[0].index(b"PK\5\6") + 12, b"\xfe\xff\xff\xff\xfe\xff\xff\xff"), {},
        "not a readable .npz file",
    ),
    "packed as nobody packs": (
        "h.npz", directory(ARCHIVES[0], 10, b"\x63\0"), {}, "compressed in a way that Python does not know",
    ),
    "encrypted": ("h.npz", directory(ARCHIVES[0], 8, b"\1\0"), {}, "encrypted; save them without a password"),
    "arrays with long names": (
        "h.npz", npz(0, **{character * 200: ARRAYS[0] for character in "abcdefgh"}), {},
        "it holds several arrays, 'aaaa",
    ),
    "a quote that delimits": ("h.csv", b'sep="\na"b\n1"2\n', {}, """'a"b' is not a number"""),
    "cells of escapes": ("h.csv", b"1,2\n" + "\U000e0001".encode() * 70 + b",3\n", {}, "is not a number"),
    "columns of escapes": (
        "h.csv", "\U000e0001".encode() * 70 + b",b" * 9 + b"\n" + b"1," * 9 + b"1\n", {"columns": "\x1b" * 99},
        "there is no column '\\x1b",
    ),
    "half a pair": ("h.csv", b"a\n+2AA-\n1\n", {"encoding": "utf-7"}, "from line 1 on it is not utf-7 text; name its"),
    "UTF-16 without its mark": ("h.csv", b"a\0\n\0", {"encoding": "utf-16"}, "from line 1 on it is not utf-16 text"),
    "a bad byte behind CR LF": ("h.csv", b"1\r\n2\r\n\xff\r\n", {}, "line 3: byte 6 of the file is not UTF-8"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_a_file_that_was_not_refused_in_one_sentence(folder: Path, case: str) -> None:
    name, content, options, sentence = REFUSED[case]
    begin = time.monotonic()
    tracemalloc.start()
    try:
        error = read_or_refused(folder, name, content, **options)
        assert tracemalloc.get_traced_memory()[1] < 150_000_000
    finally:
        tracemalloc.stop()
    assert isinstance(error, LiveplotError), error
    assert sentence in str(error)
    assert time.monotonic() - begin < 20


READ: dict[str, tuple[str, bytes, dict[str, Any], list[list[float]]]] = {
    "a number of 5000 figures": ("h.jsonl", b'{"a": %s}\n{"a": 1}\n' % (b"9" * 5000), {}, [[np.nan], [1]]),
    "a header of Python 2": ("h.npy", crafted("(2L, 1L)"), {}, [[0], [0]]),
    "a megabyte of lines that end in CR": ("h.csv", b"0.5\r" * 300_000, {"rows": "-2:"}, [[0.5], [0.5]]),
    "a megabyte of cells between colons": ("h.csv", b"5:" * 99_999 + b"5", {"delimiter": ":", "columns": "7"}, [[5]]),
    "UTF-16, big end first": ("h.csv", b"\xfe\xff\0001\0\n\0002", {"encoding": "utf-16"}, [[1], [2]]),
    "UTF-32": ("h.csv", "1\n2\n".encode("utf-32"), {"encoding": "utf-32"}, [[1], [2]]),
    "EBCDIC": ("h.csv", "1\n2\n".encode("cp037"), {"encoding": "cp037"}, [[1], [2]]),
    "JIS": ("h.csv", "\u65e5\n1\n".encode("iso2022_jp"), {"encoding": "iso2022_jp"}, [[1]]),
}


@pytest.mark.parametrize("case", READ)
def test_an_odd_file_is_read(folder: Path, case: str) -> None:
    name, content, options, values = READ[case]
    history = read_or_refused(folder, name, content, **options)
    assert isinstance(history, History), history
    assert np.array_equal(history.values, values, equal_nan=True)


def test_an_archive_that_does_not_fit_is_no_broken_one(folder: Path) -> None:
    with mock.patch("zipfile.ZipFile", side_effect=MemoryError):
        error = read_or_refused(folder, "h.npz", ARCHIVES[0])
    assert isinstance(error, LimitError)


@pytest.mark.parametrize(
    ("content", "transpose"),
    [(b"step" + b",a" * 99_999 + b"\n1" + b",2" * 99_999, False), (b"x,1\n" * 99_999, True)],
)
def test_many_columns_beside_an_index_take_no_square_of_time(folder: Path, content: bytes, transpose: bool) -> None:
    begin = time.monotonic()
    assert isinstance(read_or_refused(folder, "h.csv", content, transpose=transpose), History)
    assert time.monotonic() - begin < 10


@pytest.mark.parametrize("at", range(1, 24))
@pytest.mark.parametrize("end", [b"\n", b"\r", b"\r\n"])
def test_a_bad_byte_is_on_its_line_wherever_blocks_end(folder: Path, at: int, end: bytes) -> None:
    """A line end of two bytes is one, also where a block ends between them."""
    before = end.join([b"1", b"2", b"\xc3\xa4", b"", b"5"])
    with cut(Cut(at, 3, at_once=True)):
        error = read_or_refused(folder, "h.csv", before + b"\xff" + end)
        nul = read_or_refused(folder, "h.csv", before + b"\0" + end)
    assert f"line 5: byte {len(before)} of the file" in str(error)
    assert "line 5: there is a NUL" in str(nul)


# --- options ----------------------------------------------------------------------------------------------------------

DECLARED: dict[str, Option] = {
    name: described
    for cls in (Writing, Timing, Selection, *all_readers(), *all_charts(), Look, Limits, *all_encoders())
    for name, described in options_of(cls).items()
    if described.parse is not None
}
ANY_TEXT = st.text(st.characters(exclude_categories=(), exclude_characters="\0"), max_size=20)
NASTY = (
    "1e999999999", "1e-999999999", "-1e999999999s", "9" * 5000, "9" * 1_000_000, "-" + "9" * 5000, "1/" + "9" * 4000,
    "9" * 4000, "0." + "0" * 4000 + "1", "1_0", "\u0663", "\uff15", "5\u212a", "5\u0130B", "0x10", "nan", "inf",
    "1e400,0", "1,1", "9" * 4000 + "x" + "9" * 4000, "::" + "9" * 4000, "::-" + "9" * 4000, "9" * 9999 + ":",
    ":" * 5000, "," * 5000, "1" * 400, "\udc80", "\ud800", "\x1b[2J", "\u202e", "a\nb", " ", "", "x" * 100_000,
    "1 " * 50_000, "1_" * 50_000, "idna", "base64", "undefined", "mbcs", "\U000e0001" * 70, "{", "{row",
    "{row:99999999}", "{0.__class__}"
)  # fmt: skip


@MANY
@given(name=st.sampled_from(sorted(DECLARED)), text=st.one_of(ANY_TEXT, st.sampled_from(NASTY)))
def test_any_text_is_a_value_or_one_sentence(name: str, text: str) -> None:
    begin = time.monotonic()
    said = objection(name, text)
    assert time.monotonic() - begin < 1
    assert said.isprintable()
    assert len(said) < 200


@pytest.mark.parametrize("name", sorted(DECLARED))
def test_nasty_texts_are_values_or_one_sentence(name: str) -> None:
    said = [objection(name, text) for text in NASTY]
    assert all(sentence.isprintable() and len(sentence) < 200 for sentence in said)
    assert not [sentence for sentence in said if "int_max_str" in sentence]  # what Python says of an int


def objection(name: str, text: str) -> str:
    """What an option has against a text."""
    parse = DECLARED[name].parse
    assert parse is not None
    try:
        parse(text)
    except ValueError as error:
        return str(error)
    return ""


@MANY
@given(name=st.sampled_from(sorted(DECLARED)), text=st.one_of(ANY_TEXT, st.sampled_from(NASTY)), spelled=st.booleans())
def test_any_argument_is_taken_or_one_line(name: str, text: str, spelled: bool) -> None:
    """The file is missing, which is told where nothing else is wrong."""
    flag = max(DECLARED[name].flags, key=len)
    arguments = [f"{flag}={text}"] if spelled else [flag, text]
    said = io.StringIO()
    with mock.patch.object(cli, "_log"), mock.patch.dict("os.environ"), contextlib.redirect_stderr(said):
        code = cli.run(["render", "missing.csv", "-o", "a.gif", *arguments])
    line, end, rest = said.getvalue().partition("\n")
    assert code in (2, 6)  # the second of a limit
    assert (end, rest) == ("\n", "")
    assert line.startswith("Error: ")
    assert line.isprintable()
    assert len(line) <= 300


@pytest.mark.parametrize("arguments", [["--" + "x" * 5000], ["-k", "x" * 5000], ["-j", "9" * 5000], ["x" * 5000] * 3])
def test_what_click_refuses_is_one_line_too(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["render", "missing.csv", "-o", "a.gif", *arguments]) == 2
    said = capsys.readouterr().err
    assert said.startswith("Error: ")
    assert said.count("\n") == 1
    assert len(said) <= 301


def test_a_size_in_kelvin_is_no_size() -> None:
    """A K that is none, which matches one where upper and lower case are the same."""
    with pytest.raises(UsageError, match="max_memory: '5\u212a' is not a size such as"):
        build(Limits, {"max_memory": "5\u212a"})


@pytest.mark.parametrize("name", ["idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined", "base64"])
def test_what_is_no_encoding_of_files_is_refused(name: str) -> None:
    assert objection("encoding", name) == f"'{name}' is no encoding such as utf-8, latin-1 or cp1252"


@given(text=st.text(st.characters(exclude_categories=())))
@FEW
def test_what_is_quoted_is_short_and_printable(text: str) -> None:
    assert quoted(text).isprintable()
    assert len(quoted(text)) <= 72
    assert quoted(text) == repr(text) or "…" in quoted(text)


# --- the command ------------------------------------------------------------------------------------------------------

COMMAND: dict[str, tuple[str, bytes, tuple[str, ...], int, str]] = {
    "a list as a value": ("h.jsonl", b'{"a": [1]}\n', (), 3, "is not a number"),
    "half a pair for a name": ("h.jsonl", b'{"\\ud800": 1, "b": 2}\n{"b": 3}\n', (), 0, ""),
    "NUL in names and labels": ("h.jsonl", b'{"\\u0000": "\\u0000", "b": 2}\n{"b": 3}\n', ("-x", "0"), 0, ""),
    "no name": ("h.jsonl", b'{"": 1}\n{"": 2}\n', (), 0, ""),
    "a name on each line": (
        "h.jsonl", b"".join(b'{"a%d":1}\n' % number for number in range(100_000)), (), 6, "of memory, or more",
    ),
    "a long label": ("h.csv", b"word,1\n" * 30_000 + b"w" * 100_000 + b",1\n", (), 6, "of memory, or more"),
    "a bomb of one line": ("h.csv.gz", gzip.compress(b"12," * 40_000_000, 1), (), 6, "of memory, or more"),
    "a shape of 4400 figures": ("h.npy", crafted(f"({hex(10**4400)},)"), (), 3, "no array is as long as it says"),
    "LZMA": ("h.npz", overwritten(ARCHIVES[-1], 60, b"\xff" * 20), ("--key", "a"), 3, "LZMAError"),
    "arrays with long names": (
        "h.npz", npz(0, **{character * 200: ARRAYS[0] for character in "abcdefgh"}), (), 2, "it holds several arrays",
    ),
    "half a pair in UTF-7": ("h.csv", b"a\n+2AA-\n1\n", ("--encoding", "utf-7"), 3, "not utf-7 text"),
    "turned": ("h.csv", "\xa0,1,2\n\u2028,x,3\n".encode(), ("-T", "--no-header", "--rows", "::-1"), 3, ""),
    "words and wide spaces": ("h.csv", "w,1\n\xa0,2\n\x1c5,3\n".encode(), ("-x", "0"), 0, ""),
}  # fmt: skip


@pytest.mark.parametrize("case", COMMAND)
def test_the_command_ends_well(place: Place, case: str) -> None:
    name, content, options, code, says = COMMAND[case]
    (place.folder / name).write_bytes(content)
    run_cli(place, "render", name, "-o", "a.gif", *options, *SMALL, code=code, says=says, megabytes=600)
