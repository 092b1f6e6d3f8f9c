"""Bodies of requests: whatever bytes they are, they become rows or one sentence that says why not."""

from __future__ import annotations

import json
import time
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keeping import refused
from liveplot_cli.service.rows import MOST_ROWS, MOST_VALUES, READERS, from_csv, from_json, from_lines
from liveplot_cli.service.runs import Batch, Quota, RefusedError

QUOTA = Quota()
NAN = float("nan")
JSON, LINES, CSV = READERS
HUGE = 1.7976931348623157e308


def read(kind: str, body: str | bytes, quota: Quota = QUOTA, **asked: Any) -> Batch:
    return READERS[kind](body.encode() if isinstance(body, str) else body, asked, quota)


def same(batch: Batch, rows: list[list[float]], columns: tuple[str, ...] = ()) -> bool:
    return np.array_equal(batch.values, rows, equal_nan=True) and batch.columns == columns


def test_json() -> None:
    whole = read(
        JSON, '{"seq": 120, "epoch": 3, "columns": ["a", "b"], "title": "t", "rows": [[1, null], [2.5e0, -3]]}'
    )
    assert same(whole, [[1, NAN], [2.5, -3]], ("a", "b"))
    assert (whole.seq, whole.epoch, whole.title, whole.key) == (120, 3, "t", None)
    assert whole.values.dtype == np.float64
    least = read(JSON, b' {"rows":[[1]],"seq":null,"epoch":null,"title":null,"columns":null}\r\n')
    assert same(least, [[1]])
    assert (least.seq, least.epoch, least.title) == (None, None, None)
    assert read(JSON, '{"rows":[[1]],"columns":[]}').columns == ()
    assert read(JSON, '{"rows":[[1]],"title":""}').title == ""


def test_what_was_asked_in_the_address_counts_where_the_body_says_nothing() -> None:
    asked = {"seq": 5, "epoch": 2, "title": "t", "key": "k"}
    for kind, body in ((JSON, '{"rows": [[1]]}'), (LINES, "[1]"), (CSV, "1")):
        batch = read(kind, body, **asked)
        assert (batch.seq, batch.epoch, batch.title, batch.key) == (5, 2, "t", "k")
    batch = read(JSON, '{"rows":[[1]],"seq":7,"epoch":8,"title":"u"}', **asked)
    assert (batch.seq, batch.epoch, batch.title) == (7, 8, "u")


def test_json_lines() -> None:
    assert same(read(LINES, "[1, null]\r\n\n  \n[3, 4]"), [[1, NAN], [3, 4]])
    assert same(read(LINES, '{"a": 1}\n{"b": 2, "a": 3}\n{}\n'), [[1, NAN], [3, 2], [NAN, NAN]], ("a", "b"))


def test_csv() -> None:
    assert same(read(CSV, "1,2\r\n\r\n3,\n"), [[1, 2], [3, NAN]])
    assert same(read(CSV, '"a, ""b""", c\n1, -2.5e-3 \nnan,NA'), [[1, -0.0025], [NAN, NAN]], ('a, "b"', " c"))
    assert same(read(CSV, "\ufeff1,2"), [[1, 2]])  # Excel's first bytes
    assert same(read(CSV, "\ufeffa\u2028,b\x0c\n.5,5."), [[0.5, 5]], ("a\u2028", "b\x0c"))
    assert same(read(CSV, '"a\nb",c\n1,2'), [[1, 2]], ("a\nb", "c"))
    assert same(read(CSV, f"{HUGE!r},5e-324,-0"), [[HUGE, 5e-324, -0.0]])


@pytest.mark.parametrize(
    ("kind", "body", "code", "says"),
    [
        (JSON, "", "malformed", "the body is no JSON"),
        (JSON, "null", "malformed", "is no JSON object with rows"),
        (JSON, "[[1]]", "malformed", "is no JSON object with rows"),
        (JSON, "{}", "malformed", "has no rows"),
        (JSON, '{"rows":[[1]]} x', "malformed", "the body is no JSON"),
        (JSON, '\ufeff{"rows":[[1]]}', "malformed", "the body is no JSON"),
        (JSON, b'{"rows":[[1]],"title":"\xff"}', "malformed", "no UTF-8 at byte 24"),
        (JSON, '{"rows":[[1]],"rowz":1}', "malformed", "there is no field 'rowz'"),
        (JSON, '{"rows":[[1]],"rows":[[2]]}', "malformed", "says 'rows' twice"),
        (JSON, '{"rows":[[NaN]]}', "malformed", "NaN is no JSON; a gap is null"),
        (JSON, '{"rows":[[-Infinity]]}', "malformed", "-Infinity is no JSON"),
        (JSON, '{"rows":null}', "malformed", "there are no rows"),
        (JSON, '{"rows":[]}', "malformed", "there are no rows"),
        (JSON, '{"rows":{"a":1}}', "malformed", "there are no rows"),
        (JSON, '{"rows":"12"}', "malformed", "there are no rows"),
        (JSON, '{"rows":[[' + "1" * 5_000 + "]]}", "malformed", "Exceeds the limit"),
        (JSON, '{"rows":[[1]],"columns":""}', "malformed", "columns are no list"),
        (JSON, '{"rows":[[1]],"columns":false}', "malformed", "columns are no list"),
        (JSON, '{"rows":[[1]],"columns":{"a":1}}', "malformed", "columns are no list"),
        (JSON, '{"rows":[[1]],"columns":[1]}', "malformed", "the name of a column is no text"),
        (JSON, '{"rows":[[1]],"columns":[""]}', "malformed", "has 0 characters"),
        (JSON, '{"rows":[[1,2]],"columns":["a","a"]}', "malformed", "two columns have the same name"),
        (JSON, '{"rows":[[1]],"columns":["\\ud800"]}', "malformed", "holds half a character, or NUL"),
        (JSON, '{"rows":[[1]],"columns":["a\\u0000"]}', "malformed", "holds half a character, or NUL"),
        (JSON, '{"rows":[[1]],"title":"\\udfff"}', "malformed", "the title holds half a character, or NUL"),
        (JSON, '{"rows":[[1]],"title":5}', "malformed", "the title is no text"),
        (JSON, "[[[[1]]]]", "malformed", "is no JSON object with rows"),
        (JSON, "[[[[[1]]]]]", "malformed", "more than 4 arrays and objects within one another"),
        (LINES, "", "malformed", "there are no rows"),
        (LINES, "[1]\n[2", "malformed", "the body is no JSON"),
        (LINES, '{"a":1,"a":2}', "malformed", "says 'a' twice"),
        (LINES, '{"a\\ud800":1}', "malformed", "holds half a character, or NUL"),
        (CSV, "", "malformed", "there are no rows"),
        (CSV, "a,b\n", "malformed", "there are no rows"),
        (CSV, 'a\n"1', "malformed", "the body is no CSV"),
        (CSV, b"a\n\xff", "malformed", "no UTF-8 at byte 3"),
        (CSV, "a,a\n1,2", "malformed", "two columns have the same name"),
        (CSV, ",b\n1,2", "malformed", "has 0 characters"),
    ],
)  # fmt: skip
def test_what_is_malformed(kind: str, body: str | bytes, code: str, says: str) -> None:
    with refused(code, says):
        read(kind, body)


@pytest.mark.parametrize(
    ("kind", "body", "row", "says"),
    [
        (JSON, '{"rows":[1]}', 0, "is no list of numbers"),
        (JSON, '{"rows":[[1],{"a":1}]}', 1, "is no list of numbers"),
        (JSON, '{"rows":[[]]}', 0, "has no value"),
        (JSON, '{"rows":[[1],[]]}', 1, "has no value"),
        (JSON, '{"rows":[[1],[1],[1,2]]}', 2, "has 2 values, and the first 1"),
        (JSON, '{"rows":[[1,2]],"columns":["a"]}', 0, "has 2 values for 1 columns"),
        (JSON, '{"rows":[[1],[true]]}', 1, "neither a number nor null"),
        (JSON, '{"rows":[["1"]]}', 0, "neither a number nor null"),
        (JSON, '{"rows":[[[1]]]}', 0, "neither a number nor null"),
        (JSON, '{"rows":[[{}]]}', 0, "neither a number nor null"),
        (JSON, '{"rows":[[1],[1e400]]}', 1, "beyond 1.8e308"),
        (JSON, '{"rows":[[1],[null],[-1e999]]}', 2, "beyond 1.8e308"),
        (JSON, '{"rows":[[1],[' + "9" * 400 + "]]}", 1, "beyond 1.8e308"),
        (LINES, "[1]\n2", 1, "is no list of numbers"),
        (LINES, '{"a":1}\n[2]', 0, "is no list of numbers"),
        (LINES, "{}", 0, "has no value"),
        (CSV, "a\n1\nx", 1, "holds something that is no number"),
        (CSV, "1\n1e400", 1, "beyond 1.8e308"),
        (CSV, "1\n" + "9" * 400, 1, "beyond 1.8e308"),
        (CSV, "1\ninf", 1, "holds something that is no number"),
        (CSV, "1\n1_000", 1, "holds something that is no number"),
        (CSV, "1\n0x10", 1, "holds something that is no number"),
        (CSV, "1\n\u0661", 1, "holds something that is no number"),
        (CSV, "1,2\n1", 1, "has 1 values, and the first 2"),
        (CSV, "a,b\n1", 0, "has 1 values for 2 columns"),
    ],
)  # fmt: skip
def test_a_row_that_is_none_is_named(kind: str, body: str, row: int, says: str) -> None:
    with refused("row_invalid", says, row=row):
        read(kind, body)


@pytest.mark.parametrize("value", [0, -1, 1 << 53, 1.0, True, "1", [1]])
@pytest.mark.parametrize("name", ["seq", "epoch"])
def test_numbers_of_rows_and_epochs(name: str, value: object) -> None:
    with refused("malformed", f"{name} is no whole number from 1 on"):
        read(JSON, json.dumps({"rows": [[1]], name: value}))
    for right in (1, (1 << 53) - 1):
        assert getattr(read(JSON, json.dumps({"rows": [[1]], name: right})), name) == right


def test_the_most_rows() -> None:
    for count in (MOST_ROWS - 1, MOST_ROWS, MOST_ROWS + 1):
        rows = [[row] for row in range(count)]
        csv = "a\n" + "\n".join(map(str, range(count)))
        for kind, body in ((JSON, json.dumps({"rows": rows})), (LINES, "\n".join(map(str, rows))), (CSV, csv)):
            if count > MOST_ROWS:
                with refused("too_large", "a request takes 1,000 rows, and these are 1,001"):
                    read(kind, body)
            else:
                assert len(read(kind, body).values) == count


def test_the_widest_row() -> None:
    for width in (10_000, 10_001):
        row = [1] * width
        for kind, body in ((JSON, json.dumps({"rows": [row]})), (LINES, str(row)), (CSV, ",".join(map(str, row)))):
            if width > 10_000:
                with refused("row_invalid", "has 10,001 values, and at most 10,000 are taken", row=0):
                    read(kind, body)
            else:
                assert read(kind, body).values.shape == (1, width)


def test_the_longest_words() -> None:
    for length in (199, 200, 201):
        for facts, kept in (({"title": "ä" * length}, "title"), ({"columns": ["🎈" * length]}, "columns")):
            body = json.dumps({"rows": [[1]], **facts})
            if length > 200:
                with refused("malformed", "has 201 characters"):
                    read(JSON, body)
            else:
                assert getattr(read(JSON, body), kept) in ("ä" * length, ("🎈" * length,))


def test_objects_with_little_in_common_do_not_fill_the_memory() -> None:
    def sparse(count: int, names: int) -> str:
        return "\n".join(json.dumps({f"{row}-{name}": 1 for name in range(names)}) for row in range(count))

    assert read(LINES, sparse(100, 100)).values.shape == (100, 10_000)
    assert MOST_VALUES == 100 * 10_000
    with refused("too_large", "a request takes 1,000,000 values"):
        read(LINES, sparse(101, 100))
    with refused("too_large"):
        read(LINES, sparse(1_000, 60))


@pytest.mark.parametrize("opening", ["[", "[ ", "[\t[", '{"a":', '{"a": [', '{"rows":[[', '["\\"[",['])
@pytest.mark.parametrize("times", [5, 100_000])
def test_what_is_too_deep(opening: str, times: int) -> None:
    for kind in (JSON, LINES):
        with refused("malformed"):
            read(kind, opening * times)


def test_brackets_in_words_are_not_deep() -> None:
    assert read(JSON, '{"title":"[[[[[[{{{{\\"[[[[[","rows":[[1]]}').title == '[[[[[[{{{{"[[[[['


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (CSV, "1" * 100_000 + "x\n1"),
        (CSV, "a\n" + "1" * 100_000 + "x"),
        (CSV, "1\n" * 500_000),
        (CSV, '"' + "a" * 1_000_000),
        (JSON, "{" + ",".join(f'"{number}":1' for number in range(80_000)) + ',"79999":1}'),
        (JSON, '"' + '\\"' * 500_000),
        (JSON, '{"rows":[[1]],"title":"' + "[" * 1_000_000 + '"}'),
        (LINES, "[1]\n" * 250_000),
        (LINES, "[" * 1_000_000),
    ],
)  # fmt: skip
def test_a_large_body_that_is_wrong_takes_no_long_time(kind: str, body: str) -> None:
    begun = time.monotonic()
    with pytest.raises(RefusedError):
        read(kind, body)
    assert time.monotonic() - begun < 5


@given(st.binary() | st.text().map(str.encode))
def test_whatever_bytes(body: bytes) -> None:
    for kind in READERS:
        batch_or_refusal(kind, body)


WORDS = st.text(st.sampled_from("a\ud800\0\ufeff\u2028\n\"',é🎈"), max_size=3)
VALUES = st.none() | st.booleans() | st.integers() | st.floats() | WORDS | st.sampled_from((10**400, HUGE, 5e-324))
TREES = st.recursive(VALUES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS, inner, max_size=4))
FIELDS = st.sampled_from(("rows", "seq", "epoch", "columns", "title", "other"))


@given(st.dictionaries(FIELDS, TREES) | TREES)
def test_whatever_json(tree: object) -> None:
    body = json.dumps(tree).encode()
    for kind in READERS:
        batch_or_refusal(kind, body)


@given(
    st.lists(st.lists(st.none() | st.floats(allow_nan=False, allow_infinity=False), min_size=2, max_size=2), min_size=1)
)
def test_numbers_are_kept_to_the_last_bit(rows: list[list[float | None]]) -> None:
    expected = np.array([[NAN if value is None else value for value in row] for row in rows])
    csv = "\n".join(",".join("" if value is None else repr(value) for value in row) for row in rows)
    for batch in (
        from_json(json.dumps({"rows": rows}).encode(), {}, QUOTA),
        from_lines("\n".join(map(json.dumps, rows)).encode(), {}, QUOTA),
        from_csv(csv.encode(), {}, QUOTA),
    ):
        assert batch.values.tobytes() == expected.tobytes()


def batch_or_refusal(kind: str, body: bytes) -> None:
    """What a body becomes: rows that can be stored, or a refusal that can be sent."""
    outcome = outcome_of(kind, body)
    if isinstance(outcome, Batch):
        assert outcome.values.ndim == 2
        assert outcome.values.size > 0
        assert not np.isinf(outcome.values).any()
        assert len(outcome.columns) in (0, outcome.values.shape[1])
        "".join([*outcome.columns, outcome.title or ""]).encode("utf-8")
    else:
        assert outcome.status in (400, 413, 422)
        assert len(str(outcome)) < 300
        assert "\n" not in str(outcome)
        str(outcome).encode("utf-8")
        json.dumps(outcome.facts, allow_nan=False)


def outcome_of(kind: str, body: bytes) -> Batch | RefusedError:
    try:
        return READERS[kind](body, {}, QUOTA)
    except RefusedError as refusal:
        return refusal
