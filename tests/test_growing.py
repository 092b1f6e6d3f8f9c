"""Rows as their lines come, held against the readers of whole files."""

from __future__ import annotations

import io
import json
import math
import os
import tempfile
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import liveplot_cli
from liveplot_cli.errors import DataError
from liveplot_cli.formats.text_table import Dialect
from liveplot_cli.growing.lines import Growing, Row, rows

NAN = math.nan


def grown(text: str | bytes, **dialect: object) -> tuple[list[Row], list[str], list[str]]:
    """The rows of a text, what was told of bad lines, and the columns left out."""
    bad: list[str] = []
    left_out: list[str] = []
    data = text.encode() if isinstance(text, str) else text
    found = rows(io.BytesIO(data), Dialect(**dialect), lambda error: bad.append(str(error)), told=left_out.append)
    return list(found), bad, left_out


def same(one: Sequence[Sequence[float]], other: Sequence[Sequence[float]]) -> bool:
    return np.array_equal(np.array(one), np.array(other), equal_nan=True)


@pytest.mark.parametrize(
    ("text", "names", "values"),
    [
        ("step,loss\n1,0.5\n2,\n", ("step", "loss"), [(1, 0.5), (2, NAN)]),
        ("1,0.5\n2,NA\n", None, [(1, 0.5), (2, NAN)]),
        ("step loss\n1 0.5\n2  0.25\n", ("step", "loss"), [(1, 0.5), (2, 0.25)]),
        ("step;loss\n1;0,5\n2;1,25\n", ("step", "loss"), [(1, 0.5), (2, 1.25)]),
        ("1;0,5\n", None, [(1, 0.5)]),
        ("a\tb\r\n1\t2\r\n", ("a", "b"), [(1, 2)]),
        ("loss\n0.5\n1e-3\n", ("loss",), [(0.5,), (0.001,)]),
        ("# run 7\n\n# step loss\n1 2\n# a word between\n3 4\n", ("step", "loss"), [(1, 2), (3, 4)]),
        ('"the loss","b"\n"1",2\n', ("the loss", "b"), [(1, 2)]),
        ("a,a,\n1,2,3\n", ("a", "a (2)", "2"), [(1, 2, 3)]),
        (",0,1\n0,5,6\n", ("index", "0", "1"), [(0, 5, 6)]),
        ("\ufeffa,b\n1,2", ("a", "b"), [(1, 2)]),
        ("[1, 2]\n\n[3, null]\n", None, [(1, 2), (3, NAN)]),
        ('{"a": 1, "b": {"c": 2}}\n{"a": true, "b": {"c": "nan"}}\n', ("a", "b.c"), [(1, 2), (1, NAN)]),
    ],
)  # fmt: skip
def test_what_is_read(text: str, names: tuple[str, ...] | None, values: list[tuple[float, ...]]) -> None:
    found, bad, left_out = grown(text)
    assert (bad, left_out) == ([], [])
    assert {row.names for row in found} == {names}
    assert same([row.values for row in found], values)


@pytest.mark.parametrize(
    ("text", "sentence", "count"),
    [
        ("a,b\n1,2\n3\n4,5\n", "line 3: 1 cell where line 1 has 2", 2),
        ("a,b\n1,2\n3,x\n4,5\n", "line 3, column 'b': 'x' is no number", 2),
        ("1,2\n1,2,3\n", "line 2: 3 cells where line 1 has 2", 1),
        ('a,b\n1,2\n"3,4\n5,6\n', "line 3: unexpected end of data", 2),
        ('{"a":1}\n{"a":\n{"a":2}\n', "line 2: this is no JSON", 2),
        ('{"a":1}\n7\n', "line 2: '7", 1),
        ('[1]\n["x"]\n', "line 2: '0' no number", 1),
        ('{"a":1}\n{"b":"x"}\n', "line 2: 'b' no number", 1),
        ("a;b\n1;0,5\n2;0.5\n", "line 3, column 'b': '0.5' is no number", 1),
        (b"a\n1\n\xff\n2\n", "line 3: it is not utf-8 text", 2),
    ],
)  # fmt: skip
def test_a_bad_line_is_told_by_its_number_and_costs_no_other(text: str, sentence: str, count: int) -> None:
    found, (told,), _ = grown(text)
    assert told.startswith(sentence)
    assert len(found) == count


@pytest.mark.parametrize(
    ("text", "names", "values", "told"),
    [
        ("Using device: cpu\nstep,loss\n1,2\n2,3\n", ("step", "loss"), [(1, 2), (2, 3)], [1]),
        ("step,loss\nEpoch 1 begins\n1,2\n2,3\n", ("step", "loss"), [(1, 2), (2, 3)], [2]),
        ("one\ntwo\na b\nthree\n1 2\n", ("a", "b"), [(1, 2)], [1, 2, 4]),
        ('INFO start\n{"loss":1}\n{"loss":2}\n', ("loss",), [(1,), (2,)], [1]),
        ('[INFO] start\n{"loss":1}\n', ("loss",), [(1,)], [1]),
        ("[INFO] start\na,b\n1,2\n", ("a", "b"), [(1, 2)], [1]),
        ("words and more words\n1,2\n3,4\n", None, [(1, 2), (3, 4)], [1]),
        ("a,b,c\n1,2\n1,2,3\n", ("a", "b", "c"), [(1, 2, 3)], [2]),  # a row that was cut
        ("Hello, world, how\n1,2\n3,4\n5,6\n", None, [(3, 4), (5, 6)], [2, 1]),
        ("step=1 loss=2\nstep=2 loss=1\n", None, [], [1, 2]),
    ],
)  # fmt: skip
def test_words_before_the_first_row_cost_no_row(
    text: str, names: tuple[str, ...] | None, values: list[tuple[float, ...]], told: list[int]
) -> None:
    found, bad, _ = grown(text)
    assert {row.names for row in found} <= {names}
    assert [row.values for row in found] == values
    assert [int(sentence.split()[1].rstrip(":,")) for sentence in bad] == told


def test_many_words_before_the_first_row_take_no_memory() -> None:
    found, bad, _ = grown("still loading the data\n" * 1_000 + "a,b\n1,2\n")
    assert [(row.names, row.values) for row in found] == [(("a", "b"), (1, 2))]
    assert len(bad) == 1_000
    assert bad[0] == "line 1: it is neither a row nor a header of one"


def test_columns_that_are_no_numbers_are_left_out_and_told_once() -> None:
    found, bad, left_out = grown("when,loss,who\n2024-01-01,0.5,me\n2024-01-02,0.25,you\n")
    assert (bad, left_out) == ([], ["when", "who"])
    assert [(row.names, row.values) for row in found] == [(("loss",), (0.5,)), (("loss",), (0.25,))]
    found, bad, left_out = grown('{"at":"2024-01-01","loss":1}\n{"at":"2024-01-02","loss":2,"who":"me"}\n')
    assert (bad, left_out) == ([], ["at", "who"])
    assert [row.values for row in found] == [(1,), (2,)]


def test_how_it_is_written_may_be_said() -> None:
    assert [row.values for row in grown("1:2\n", delimiter=":")[0]] == [(1, 2)]
    assert [row.names for row in grown("1,2\n3,4\n", header=True)[0]] == [("1", "2")]
    assert [row.values for row in grown("a,1\nb,2\n", header=False)[0]] == [(1,), (2,)]
    assert [row.values for row in grown("1,5;2\n", decimal=",")[0]] == [(1.5, 2)]


def test_a_line_that_has_no_end_is_told_and_passed_over() -> None:
    found, (told,), _ = grown(b"1,2\n" + b"1," * 5_000_000 + b"\n3,4\n")
    assert told == "line 2: it has more than 4,194,304 characters"
    assert [(row.line, row.values) for row in found] == [(1, (1, 2)), (3, (3, 4))]


def test_a_row_is_there_when_its_line_is() -> None:
    source, sink = os.pipe()
    with os.fdopen(source, "rb") as stream:
        found = rows(stream, Dialect(), print)
        os.write(sink, b"a,b\n1,")
        threading.Timer(0.2, os.write, (sink, b"2\n3")).start()
        assert next(found).values == (1, 2)
        os.write(sink, b",4\n")
        assert next(found).values == (3, 4)
        os.close(sink)
        assert list(found) == []


@settings(deadline=None)
@given(st.text() | st.lists(st.text(alphabet="0123456789.,;-\t \"#ae{}[]:n'"), max_size=6).map("\n".join))
def test_any_text_is_rows_and_bad_lines_and_nothing_else(text: str) -> None:
    growing = Growing()
    for number, line in enumerate(text.splitlines(), 1):
        with suppress(DataError):
            row = growing.row(number, line)
            assert row is None or (row.values and (row.names is None or len(row.names) == len(row.values)))


NUMBERS = st.floats(width=64) | st.integers(-(10**9), 10**9) | st.just(NAN)
NAMES = st.lists(st.from_regex("[a-z]([a-z _]*[a-z])?", fullmatch=True), min_size=2, max_size=4, unique=True)


@settings(deadline=None)
@given(data=st.data(), names=NAMES, delimiter=st.sampled_from(",;\t|"), header=st.booleans())
def test_a_table_is_what_it_is_as_a_whole_file(
    data: st.DataObject, names: list[str], delimiter: str, header: bool
) -> None:
    # A last column that is empty in all rows is a column as long as nobody knows the last row.
    row = st.tuples(*[NUMBERS] * (len(names) - 1), NUMBERS.filter(math.isfinite))
    table = data.draw(st.lists(row, min_size=1, max_size=5))
    lines = [delimiter.join(names)] if header else []
    lines += [delimiter.join("" if math.isnan(value) else repr(value) for value in row) for row in table]
    _hold_against_the_reader("\n".join(lines) + "\n", ".csv")


@settings(deadline=None)
@given(
    st.lists(
        st.dictionaries(st.sampled_from(["step", "loss", "b"]), NUMBERS | st.none(), min_size=1), min_size=1, max_size=5
    )
)
def test_json_lines_are_what_they_are_as_a_whole_file(records: list[dict[str, float | None]]) -> None:
    _hold_against_the_reader("\n".join(map(json.dumps, records)) + "\n", ".jsonl")


def _hold_against_the_reader(text: str, suffix: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"h{suffix}")
        path.write_text(text)
        try:
            whole = liveplot_cli.read(path, index="none")
        except DataError:  # nothing in it, or nothing but gaps
            return
    found, bad, left_out = grown(text)
    assert (bad, left_out) == ([], [])
    names = list(dict.fromkeys(name for row in found for name in row.names or whole.columns))
    values = np.full((len(found), len(names)), NAN)
    for number, row in enumerate(found):
        for name, value in zip(row.names or names, row.values, strict=True):
            values[number, names.index(name)] = value
    values[~np.isfinite(values)] = NAN
    assert names == list(whole.columns)
    assert same(values.tolist(), whole.values.tolist())
