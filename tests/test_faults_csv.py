"""Section A of docs/reliability.md: what a CSV file may hold. Each test is named by its case."""

from __future__ import annotations

import gzip
from typing import Any, NamedTuple

import numpy as np
import pytest

from faults import SMALL, Place, run_cli
from liveplot_cli.readers import read

nan = np.nan


def given(place: Place, content: bytes | str, name: str = "h.csv") -> str:
    (place.folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    return name


# Of each case: the file and what is said of it.
REFUSED: dict[str, tuple[bytes | str, str]] = {
    "A01 no byte": (b"", "h.csv: the file is empty"),
    "A02 blanks": (b" \n\n  \t\n", "h.csv: there is no data in the file"),
    "A03 header only": ("a,b\n", "h.csv: there is a header but no row of numbers below it"),
    "A08 short row": ("a,b,c\n1,2,3\n4,5\n", "line 3: 2 cells where line 1 has 3"),
    "A09 long row": ("a,b\n1,2\n3,4,5\n", "line 3: 3 cells where line 1 has 2"),
    "A10 cut in the middle": ("a,b\n1,2\n3", "line 3: 1 cell where line 1 has 2"),
    "A11 a word": (
        "loss,val_loss\n1,2\n3,oops\n",
        r"line 3, column 2 \('val_loss'\): 'oops' is not a number; try --col",
    ),
    "A13 NULL": ("a,b\n1,2\n3,NULL\n", "'NULL' is not a number"),
    "A13 None": ("a,b\n1,2\n3,None\n", "'None' is not a number"),
    "A13 a dash": ("a,b\n1,2\n3,-\n", "'-' is not a number"),
    "A16 nothing finite": ("a,b\nnan,inf\n,NA\n", "h.csv: the history has no finite value"),
    "A21 Latin 1": (b"a,\xe9\n1,2\n", "line 1: byte 2 of the file is not UTF-8 text; .* name its encoding"),
    "A22 NUL": (b"a,b\n1,2\n3,\x004\n", "line 3: there is a NUL byte"),
    "A24 an open quote": ('a,b\n1,2\n3,"4\n5,6\n', "line 3: a quote is opened and never closed"),
    "A25 an endless cell": ("a,b\n1," + "x" * 131_073, "line 2: a cell has more than 131,072 characters"),
    "A25 an endless number": (
        "a,b\n" + "1,2\n" * 30_000 + "1,0." + "7" * 131_073 + "\n",
        "a cell has more than 131,072 char",
    ),
    "A27 both decimals": ("a;b\n1,5;2.5\n", "'2.5' is not a number"),
    "A27 quoted": ('a,b\n"1,5",2\n', "'1,5' is not a number"),
    "A29 full width": ("a,b\n1,\uff11\uff12\n", "is not a number"),
    "A29 Arabic": ("a,b\n1,\u0663\n", "is not a number"),
    "A29 minus sign": ("a,b\n1,\u22121\n", "is not a number"),
    "A31 a comment in a line": ("a,b\n1,2#3\n", "'2#3' is not a number"),
    "A34 header again": ("a,b\n1,2\na,b\n3,4\n", "line 3, .* the header is repeated here"),
    "A38 gzip": (gzip.compress(b"1,2\n3,4\n"), r"this is no CSV but gzip data; end its name in .csv.gz"),
    "A38 PNG": (b"\x89PNG\r\n\x1a\n", "this is no CSV but a PNG picture"),
    "A38 HTML": (" <!DOCTYPE html><title>404</title>", "this is no CSV but HTML or XML"),
    "A38 JSON": ('{"a": [1, 2]}', "this is no CSV but JSON"),
    "A38 Git LFS": ("version https://git-lfs.github.com/spec/v1\n", "this is no CSV but a pointer of Git LFS"),
    "A39 JSON lines": ('{"a": 1}\n{"a": 2}\n', "end its name in .jsonl"),
    "A31 what Excel writes": ("a,b\n#N/A,1\n2,5\n", "'#N/A' is not a number"),
    "A38 Excel": (b"PK\x03\x04" + bytes(60), "this is no CSV but an Excel workbook or another zip archive"),
    "A38 old Excel": (b"\xd0\xcf\x11\xe0" + bytes(60), "this is no CSV but an Excel workbook"),
    **{f"A30 {cell} in front": (f"a,b\n{cell},2\n{cell},3\n", "is not a number") for cell in ("0x10", "True", "null")},
    **{f"A28 {cell}": (f"a;b\n1;{cell}\n", "is not a number") for cell in ("1.234,56", "1 000", "1_000", "1'000")},
    **{
        f"A30 {cell}": (f"a,b\n1,2\n3,{cell}\n", "is not a number")
        for cell in ("0x10", "1d5", "50%", "$5", "1+2j", "True", "2024-01-31")
    },
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused(place: Place, case: str) -> None:
    content, says = REFUSED[case]
    (place.folder / "a.gif").write_bytes(b"what stood here before")
    run_cli(place, "render", given(place, content), "-o", "a.gif", *SMALL, code=3, says=says)


def test_a39_a_suffix_of_no_reader(place: Place) -> None:
    given(place, "1,2\n", "h.xlsx")
    says = r"its suffix is none of \.csv, \.tsv, .*\.jsonl, \.ndjson, \.npy, \.npz"
    run_cli(place, "render", "h.xlsx", "-o", "a.gif", code=2, says=says)


class Read(NamedTuple):
    """A file, the names and numbers that are read of it, what is said, and how the command is called."""

    content: bytes | str
    columns: tuple[str, ...]
    values: list[list[float]]
    says: str = ""
    options: dict[str, Any] = {}  # noqa: RUF012 - nobody changes it
    name: str = "h.csv"


TWO = [[1.0, 2.0], [3.0, 4.0]]
READ: dict[str, Read] = {
    "A04 no header": Read("1,2\n3,4\n", ("0", "1"), TWO),
    "A05 a header of numbers": Read("0,1\n1,2\n3,4\n", ("0", "1"), [[0, 1], *TWO]),
    "A05 and said to be one": Read("5,7\n1,2\n3,4\n", ("5", "7"), TWO, options={"header": True}),
    "A06 one value": Read("7\n", ("0",), [[7]]),
    "A07 a row": Read("1,2,3\n", ("0", "1", "2"), [[1, 2, 3]]),
    "A07 a column": Read("1\n2\n3\n", ("0",), [[1], [2], [3]]),
    "A10 still being written": Read("a,b\n1,2\n3,4\n5", ("a", "b"), TWO, options={"tail_ok": True}),
    "A12 an empty cell": Read("a,b\n1,\n3,4\n", ("a", "b"), [[1, nan], [3, 4]], "h.csv: 1 of 4 cells hold no finite"),
    "A13 gaps": Read("a,b\nnan,NaN\nNA,1\n", ("a", "b"), [[nan, nan], [nan, 1]], "3 of 4 cells"),
    "A14 infinities": Read("a,b\ninf,-inf\nInfinity,1e400\n1,2\n", ("a", "b"), [[nan, nan]] * 2 + [[1, 2]], "4 of 6"),
    "A15 an empty column": Read("a,b\n1,\n2,\n", ("a", "b"), [[1, nan], [2, nan]], "column 'b' has no finite number"),
    "A17 a delimiter at each end": Read("a,b,\n1,2,\n3,4,\n", ("a", "b"), TWO),
    "A17 and no header": Read("1,2,\n3,4,\n", ("0", "1"), TWO),
    "A17 a column of gaps": Read("1,nan\n3,nan\n", ("0", "1"), [[1, nan], [3, nan]]),
    "A18 a mark": Read(b"\xef\xbb\xbfa,b\n1,2\n3,4\n", ("a", "b"), TWO),
    "A18 a mark and no header": Read(b"\xef\xbb\xbf1,2\n3,4\n", ("0", "1"), TWO),
    "A19 CR LF": Read("a,b\r\n1,2\r\n3,4\r\n", ("a", "b"), TWO),
    "A19 CR": Read("a,b\r1,2\r3,4\r", ("a", "b"), TWO),
    "A19 mixed": Read("a,b\r1,2\r\n3,4\n", ("a", "b"), TWO),
    "A20 UTF-16 little": Read("a,\xe9\n1,2\n3,4\n".encode("utf-16"), ("a", "\xe9"), TWO),
    "A20 UTF-16 big": Read(b"\xfe\xff" + "a,\xe9\n1,2\n3,4\n".encode("utf-16-be"), ("a", "\xe9"), TWO),
    "A21 named": Read(b"a,\xe9\n1,2\n3,4\n", ("a", "\xe9"), TWO, options={"encoding": "latin-1"}),
    "A23 quotes": Read('"a,\nb","c ""d"""\n"1","2"\n"3",4\n', ("a,\nb", 'c "d"'), TWO),
    "A26 semicolon": Read("a;b\n1;2\n3;4\n", ("a", "b"), TWO),
    "A26 tab": Read("a\tb\n1\t2\n3\t4\n", ("a", "b"), TWO),
    "A26 .tsv": Read("a,x\tb\n1\t2\n3\t4\n", ("a,x", "b"), TWO, name="h.tsv"),
    "A26 bar": Read("a|b\n1|2\n3|4\n", ("a", "b"), TWO),
    "A26 spaces": Read("1.0  2.0\n3.0 4.0\n", ("0", "1"), TWO),
    "A26 said": Read("a:b\n1:2\n3:4\n", ("a", "b"), TWO, options={"delimiter": ":"}),
    "A27 no header": Read("1,5;2,5\n3,25;4,5\n", ("0", "1"), [[1.5, 2.5], [3.25, 4.5]]),
    "A27 one column": Read("1,5\n3,25\n", ("0",), [[1.5], [3.25]], options={"decimal": ","}),
    "A27 perhaps thousands": Read("a;b\n1,234;2\n", ("a", "b"), [[1.234, 2]], "taken for decimal commas, though"),
    "A05 a header with numbers": Read("0.5,x\n1,2\n", ("0.5", "x"), [[1, 2]], "though some of them are numbers"),
    "A31 rows that are comments": Read("a,b\n#1,2\n3,4\n", ("a", "b"), [[3, 4]], "1 lines that look like rows begin"),
    "A27 decimal commas": Read("a;b\n1,0;2,0\n3;4,0\n", ("a", "b"), TWO),
    "A27 said": Read('a,b\n"1,5",2\n', ("a", "b"), [[1.5, 2]], options={"decimal": ","}),
    "A31 comments": Read("# made by me\na,b\n1,2\n# half\n3,4\n", ("a", "b"), TWO),
    "A31 a header in a comment": Read("# a,b\n1,2\n3,4\n", ("a", "b"), TWO),
    "A32 sep=": Read("sep=;\na;b\n1;2\n3;4\n", ("a", "b"), TWO),
    "A33 a name twice": Read("a,a\n1,2\n3,4\n", ("a", "a (2)"), TWO),
    "A35 a step that falls": Read("step,a\n5,1\n3,2\n", ("step", "a"), [[5, 1], [3, 2]]),
    "A36 large whole numbers": Read(f"a,b\n{2**53 + 1},1\n3,{2**65}\n", ("a", "b"), [[2.0**53, 1], [3, 2.0**65]]),
}  # fmt: skip


@pytest.mark.parametrize("case", READ)
def test_read(place: Place, case: str) -> None:
    file = READ[case]
    path = place.folder / given(place, file.content, file.name)
    history = read(path, **file.options)
    assert history.columns == file.columns
    assert np.array_equal(history.values, file.values, equal_nan=True)
    flags = [
        word
        for name, value in file.options.items()
        for word in (f"--{name.replace('_', '-')}", *([] if value is True else [value]))
    ]
    run_cli(place, "render", file.name, "-o", "a.gif", *flags, *SMALL, says=file.says)


def test_a12_strict_allows_no_gap(place: Place) -> None:
    given(place, "a,b\n1,\n3,4\n")
    run_cli(place, "render", "h.csv", "-o", "a.gif", "--strict", code=3, says="1 of 4 cells hold no finite number")


def test_a17_what_is_left_out_is_told(place: Place) -> None:
    given(place, "a,b,\n1,2,\n3,4,\n")
    run_cli(
        place, "render", "h.csv", "-o", "a.gif", "-v", *SMALL, says="the last column, nameless and empty, is left out"
    )


def test_a37_ten_million_rows(place: Place) -> None:
    given(place, b"0.12345\n0.98765\n" * 5_000_000)
    run_cli(place, "render", "h.csv", "-o", "a.gif", code=6, says="--every", megabytes=600)
    few = ("--duration", "1", "--fps", "5", "-k", "line")
    run_cli(place, "render", "h.csv", "-o", "a.gif", *few, *SMALL, megabytes=600, again=False)


def test_a37_more_columns_than_can_be_named(place: Place) -> None:
    given(place, b"1\n" * 5_000_000)
    says = "the history has 5,000,000 columns, and no more than 4,194,304 can be drawn"
    run_cli(place, "render", "h.csv", "-o", "a.gif", "-T", code=6, says=says, megabytes=500)


def test_a37_a_hundred_thousand_columns(place: Place) -> None:
    given(place, b"0.5," * 99_999 + b"1\n")
    run_cli(place, "render", "h.csv", "-o", "a.gif", *SMALL)
