from __future__ import annotations

import io
import logging
import os
import pickle
import re
import struct
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from liveplot_cli import row_file
from liveplot_cli.errors import DataError, LiveplotError, UsageError
from liveplot_cli.history import History, StoredHistory
from liveplot_cli.readers import npy, read

MATRIX = np.arange(12.0).reshape(4, 3)


def saved(array: object, **how: bool) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array, **how)
    return stream.getvalue()


def crafted(shape: str, data: bytes = b"", descr: str = "'<f8'", version: int = 1, padding: int = 0) -> bytes:
    """A .npy file with any header, honest or not."""
    header = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}}}{' ' * padding}\n".encode()
    length = struct.pack("<H" if version == 1 else "<I", len(header))
    return b"\x93NUMPY" + bytes([version, 0]) + length + header + data


def read_bytes(folder: Path, content: bytes, **options: object) -> History:
    path = folder / "run.npy"
    path.write_bytes(content)
    return read(path, **options)


def refusal(folder: Path, content: bytes, **options: object) -> str:
    with pytest.raises(DataError) as caught:
        read_bytes(folder, content, **options)
    assert caught.value.exit_code == 3
    assert caught.value.sentence.startswith("run.npy")
    return caught.value.sentence.removeprefix("run.npy: ")


class Canary:
    """Makes a folder when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self.path),)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder for all examples of a property."""
    return tmp_path_factory.mktemp("npy")


@pytest.mark.parametrize(
    "array",
    [
        pytest.param(np.array([[True, False], [False, True]]), id="bool"),
        pytest.param(np.array([[-128, 127], [0, 1]], np.int8), id="int8"),
        pytest.param(np.array([[0, 65535]], np.uint16), id="uint16"),
        pytest.param(np.array([[-(2**63), 2**53]], np.int64), id="int64"),
        pytest.param(np.array([[2**64 - 1, 0]], np.uint64), id="largest uint64"),
        pytest.param(np.array([[0.1, 65504]], np.float16), id="float16"),
        pytest.param(np.array([[0.1, -1e30]], np.float32), id="float32"),
        pytest.param(np.array([[0.1, -1e300, 5e-324]]), id="float64"),
        pytest.param(np.array([[0.1, 1e300]], np.longdouble), id="long double"),
        pytest.param(np.array([[0.1, -1e300]], ">f8"), id="big-endian float64"),
        pytest.param(np.array([[1, -2]], ">i4"), id="big-endian int32"),
        pytest.param(np.asfortranarray(MATRIX), id="Fortran order"),
    ],
)
def test_every_kind_of_number_is_read_as_float64(tmp_path: Path, array: np.ndarray) -> None:
    values = read_bytes(tmp_path, saved(array)).values
    assert values.dtype == np.float64
    assert values.tolist() == array.astype(np.float64).tolist()


@pytest.mark.parametrize("version", [1, 2])
def test_both_versions_of_the_format_are_read(tmp_path: Path, version: int) -> None:
    content = crafted("(4, 3)", MATRIX.tobytes(), version=version)
    assert read_bytes(tmp_path, content).values.tolist() == MATRIX.tolist()


def test_one_dimension_is_one_column(tmp_path: Path) -> None:
    history = read_bytes(tmp_path, saved(np.array([3.0, 1.0, 2.0])))
    assert history.values.tolist() == [[3], [1], [2]]
    assert history.columns == ("0",)


def test_columns_are_numbered_from_0_and_rows_from_1(tmp_path: Path) -> None:
    history = read_bytes(tmp_path, saved(MATRIX))
    assert history.columns == ("0", "1", "2")
    assert history.labels.tolist() == [1, 2, 3, 4]
    assert (history.index_name, history.name) == ("row", "run")


def test_infinities_become_gaps_and_are_told_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    values = read_bytes(tmp_path, saved(np.array([[1, np.inf], [-np.inf, 2]]))).values
    assert np.isnan(values).tolist() == [[False, True], [True, False]]
    assert [(record.levelno, record.getMessage()) for record in caplog.records] == [
        (logging.WARNING, "run.npy: 2 of 4 cells hold no finite number and are gaps")
    ]


def test_transpose_reads_columns_as_rows(tmp_path: Path) -> None:
    assert read_bytes(tmp_path, saved(MATRIX), transpose=True).values.tolist() == MATRIX.T.tolist()
    assert read_bytes(tmp_path, saved(MATRIX[0]), transpose=True).values.tolist() == [[0, 1, 2]]


@pytest.mark.parametrize(
    "array",
    [
        pytest.param(np.array([0x7F800001, 0], "u4").view("f4"), id="signalling NaN"),
        pytest.param(np.array([2, 0], np.longdouble) ** 10_000, id="long double beyond float64"),
    ],
)
def test_a_number_that_float64_cannot_hold_is_a_gap_without_a_warning(tmp_path: Path, array: np.ndarray) -> None:
    assert np.isnan(read_bytes(tmp_path, saved(array)).values[:, 0]).tolist() == [True, False]


def test_transposed_columns_are_numbered_from_0_too(tmp_path: Path) -> None:
    history = read_bytes(tmp_path, saved(MATRIX), transpose=True, columns="0,1")
    assert history.values.tolist() == MATRIX[:2].T.tolist()
    assert history.columns == ("0", "1")


def test_index_and_columns_are_picked_by_number(tmp_path: Path) -> None:
    history = read_bytes(tmp_path, saved(MATRIX), index=1, columns="2,0", rows="1:3")
    assert history.labels.tolist() == [4, 7]
    assert history.index_name == "1"
    assert history.columns == ("2", "0")
    assert history.values.tolist() == [[5, 3], [8, 6]]


def test_a_column_that_there_is_not_is_told_what_there_is(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        read_bytes(tmp_path, saved(MATRIX), columns="3")
    assert caught.value.sentence == "run.npy: there is no column '3'; the columns are '0', '1', '2'"


def test_python_objects_are_refused_and_never_made(tmp_path: Path) -> None:
    content = saved(np.array([[Canary(tmp_path / "alive")]], object), allow_pickle=True)
    assert refusal(tmp_path, content) == "it holds Python objects, which are never loaded; save numbers instead"
    assert not (tmp_path / "alive").exists()
    np.load(io.BytesIO(content), allow_pickle=True)
    assert (tmp_path / "alive").exists(), "the canary would have told"


def test_a_pickle_is_refused_and_never_loaded(tmp_path: Path) -> None:
    content = pickle.dumps(Canary(tmp_path / "alive"))
    assert refusal(tmp_path, content).startswith("this is not a .npy file: it starts with b'\\x80")
    assert not (tmp_path / "alive").exists()


def test_a_header_is_never_executed(tmp_path: Path) -> None:
    alive = tmp_path / "alive"
    assert refusal(tmp_path, crafted(f"__import__('os').mkdir({str(alive)!r}) or (1,)", bytes(8))).startswith(
        "the .npy header is broken"
    )
    assert not alive.exists()


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        pytest.param(b"", "the file is empty", id="no byte"),
        pytest.param(b"a,b\n1,2\n", "this is not a .npy file: it starts with b'a,b\\n1,'", id="CSV renamed"),
        pytest.param(b"\x93NUM", "this is not a .npy file: it starts with b'\\x93NUM'", id="half a magic"),
        pytest.param(b"\x93NUMPY", "the .npy header is cut short", id="magic only"),
        pytest.param(b"\x93NUMPY\x01\x00", "the .npy header is broken (ValueError)", id="no header"),
        pytest.param(saved(MATRIX)[:60], "the .npy header is broken (ValueError)", id="cut header"),
        pytest.param(
            saved(MATRIX)[:-1],
            "it has 95 bytes of numbers where its header says 96; was it cut short?",
            id="cut by one byte",
        ),
        pytest.param(
            saved(MATRIX)[:-48], "it has 48 bytes of numbers where its header says 96; was it cut short?", id="cut half"
        ),
        pytest.param(
            saved(MATRIX)[:-96],
            "it has 0 bytes of numbers where its header says 96; was it cut short?",
            id="header only",
        ),
        pytest.param(
            saved(MATRIX) + b"\n",
            "it has 97 bytes of numbers where its header says 96; was something appended?",
            id="a byte too many",
        ),
        pytest.param(
            saved(MATRIX) + saved(MATRIX),
            "it has 320 bytes of numbers where its header says 96; was something appended?",
            id="two arrays",
        ),
        pytest.param(
            saved(np.float64(3)),
            "a history has rows and columns, not the shape (); "
            "reshape it to (rows, columns), or to (rows, height, width) for pictures",
            id="0-D",
        ),
        pytest.param(
            saved(np.ones((2, 0, 4))),
            "the history is empty: its shape is (2, 0, 4)",
            id="pictures without a cell",
        ),
        pytest.param(
            saved(np.ones((1, 2, 1, 2))),
            "a history has rows and columns, not the shape (1, 2, 1, 2); "
            "reshape it to (rows, columns), or to (rows, height, width) for pictures",
            id="4-D",
        ),
        pytest.param(saved(np.ones(2, complex)), "it holds complex128; save integers or floats instead", id="complex"),
        pytest.param(saved(np.array(["a", "bc"])), "it holds <U2; save integers or floats instead", id="words"),
        pytest.param(saved(np.array([b"a", b"bc"])), "it holds |S2; save integers or floats instead", id="bytes"),
        pytest.param(
            saved(np.zeros(2, "f8,i4")),
            "it holds [('f0', '<f8'), ('f1', '<i4')]; save integers or floats instead",
            id="structured",
        ),
        pytest.param(
            saved(np.zeros(2, "datetime64[s]")),
            "it holds datetime64[s]; save integers or floats instead",
            id="datetime64",
        ),
        pytest.param(
            saved(np.zeros(2, "timedelta64[s]")),
            "it holds timedelta64[s]; save integers or floats instead",
            id="timedelta64",
        ),
        pytest.param(saved(np.ones((0, 4))), "the history is empty: its shape is (0, 4)", id="no rows"),
        pytest.param(saved(np.ones((4, 0))), "the history is empty: its shape is (4, 0)", id="no columns"),
        pytest.param(saved(np.ones(0)), "the history is empty: its shape is (0,)", id="no numbers"),
        pytest.param(
            crafted(f"({2**70}, 0)"), f"the history is empty: its shape is ({2**70}, 0)", id="no columns, endless rows"
        ),
        pytest.param(
            crafted("(True, 2)", bytes(16)), "the .npy header is broken: its shape is (True, 2)", id="shape of a truth"
        ),
        pytest.param(saved(np.full((2, 2), np.nan)), "the history has no finite value", id="only gaps"),
        pytest.param(crafted("(-4, 3)"), "the .npy header is broken: its shape is (-4, 3)", id="negative shape"),
        pytest.param(
            crafted("(-4, -3)", MATRIX.tobytes()),
            "the .npy header is broken: its shape is (-4, -3)",
            id="two negatives that make a positive",
        ),
        pytest.param(crafted("(1.0,)", bytes(8)), "the .npy header is broken (ValueError)", id="shape of a fraction"),
        pytest.param(
            crafted("(4, 3)", MATRIX.tobytes(), "'<q9'"), "the .npy header is broken (ValueError)", id="unknown type"
        ),
    ],
)
def test_what_cannot_be_used_is_refused(tmp_path: Path, content: bytes, sentence: str) -> None:
    assert refusal(tmp_path, content) == sentence


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(crafted("(4, 3)", MATRIX.tobytes(), version=9), id="version 9"),
        pytest.param(crafted("(4, 3)", MATRIX.tobytes(), padding=20_000), id="header of 20,000 bytes"),
        pytest.param(crafted("(4, 3)", MATRIX.tobytes(), padding=20_000, version=2), id="the same in version 2"),
        pytest.param(crafted("-" * 9000 + "1"), id="deep header"),
        pytest.param(crafted("(" * 9000), id="deep brackets"),
        pytest.param(crafted("(4, 3)", MATRIX.tobytes()).replace(b"(4", b"(\xe4"), id="not ASCII"),
        pytest.param(crafted(str((1,) * 100), bytes(8)), id="100 dimensions"),
    ],
)
def test_a_header_out_of_the_ordinary_is_refused(tmp_path: Path, content: bytes) -> None:
    sentence = refusal(tmp_path, content)
    assert sentence.startswith(("the .npy header is broken", "a history has rows and columns, not the shape (1, 1, "))
    assert len(sentence) < 200


def test_a_huge_shape_in_a_tiny_file_takes_no_memory(tmp_path: Path) -> None:
    content = crafted("(100000000, 4)", bytes(8))
    refusal(tmp_path, content)  # what is imported on the way is imported
    tracemalloc.start()
    try:
        sentence = refusal(tmp_path, content)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert sentence == "it has 8 bytes of numbers where its header says 3,200,000,000; was it cut short?"
    assert peak < 1_000_000


VALID = [
    saved(MATRIX),
    saved(np.arange(6, dtype=np.int16)),
    saved(np.asfortranarray(MATRIX.astype(">f8"))),
    saved(np.array([[True, False]])),
]


def reads_or_refuses(folder: Path, content: bytes) -> None:
    try:
        history = read_bytes(folder, content)
    except LiveplotError:
        return
    assert np.isfinite(history.values).any()
    assert history.values.shape == (len(history.labels), len(history.columns))


@settings(max_examples=200, deadline=None)
@given(
    content=st.sampled_from(VALID),
    changes=st.lists(st.tuples(st.integers(0, 140), st.integers(0, 255)), min_size=1, max_size=6),
)
def test_a_file_with_changed_bytes_is_read_or_refused(
    folder: Path, content: bytes, changes: list[tuple[int, int]]
) -> None:
    changed = bytearray(content)
    for place, byte in changes:
        changed[place % len(changed)] = byte
    reads_or_refuses(folder, bytes(changed))


@settings(max_examples=100, deadline=None)
@given(
    content=st.sampled_from(VALID), start=st.integers(0, 200), removed=st.integers(0, 8), added=st.binary(max_size=8)
)
def test_a_file_with_bytes_removed_and_added_is_read_or_refused(
    folder: Path, content: bytes, start: int, removed: int, added: bytes
) -> None:
    reads_or_refuses(folder, content[:start] + added + content[start + removed :])


@settings(max_examples=100, deadline=None)
@given(
    shape=st.lists(st.integers(-2, 5) | st.sampled_from([2**31, 2**40]), max_size=4).map(tuple),
    descr=st.sampled_from(["<f8", ">f8", "<i2", ">u4", "|b1", "|O", "<U3", "<c16", "<M8[s]", "|V8", "", "x", "<f80"]),
    data=st.binary(max_size=64),
)
def test_any_header_over_any_data_is_read_or_refused(
    folder: Path, shape: tuple[int, ...], descr: str, data: bytes
) -> None:
    reads_or_refuses(folder, crafted(repr(shape), data, repr(descr)))


TYPES = [">f8", "<f8", "f4", "f2", "i2", ">i4", "u8", "bool", "longdouble"]


def some_numbers(rows: int, width: int, dtype: str, seed: int = 0) -> np.ndarray:
    """Numbers of every sort that a type has, gaps and infinities among them."""
    rng = np.random.default_rng(seed)
    array = rng.integers(0, 2 if dtype == "bool" else 9, (rows, width)).astype(dtype)
    if array.dtype.kind == "f":
        array[rng.random(array.shape) < 0.1] = np.nan
        array[rng.random(array.shape) < 0.1] = -np.inf
        array[0, 0] = 0.5
    return array


def both(folder: Path, content: bytes, *, block: int = 1 << 20, page: int = 4096, **options: object) -> list[History]:
    """The history in memory and the one that stays in its file, read in blocks of so many bytes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(row_file, "_BLOCK", block)
        patch.setattr(row_file, "_PAGE", page)
        eager = read_bytes(folder, content, **options)
        patch.setattr(npy, "_AT_ONCE", 0)
        lazy = read_bytes(folder, content, **options)
        assert not isinstance(eager, StoredHistory)
        assert isinstance(lazy, StoredHistory)
        same(lazy, eager)
    return [eager, lazy]


def same(lazy: History, eager: History) -> None:
    """Hold one history to all that another says."""
    assert len(lazy) == len(eager)
    assert (lazy.columns, lazy.name, lazy.index_name) == (eager.columns, eager.name, eager.index_name)
    assert lazy.grid == eager.grid
    assert lazy.labels.dtype == eager.labels.dtype
    np.testing.assert_array_equal(lazy.labels, eager.labels)
    for position in [*range(len(eager)), *reversed(range(len(eager))), *(row + 0.25 for row in range(len(eager) - 1))]:
        np.testing.assert_array_equal(lazy.row(position), eager.row(position), strict=True)
    for column in range(len(eager.columns)):
        np.testing.assert_array_equal(lazy.column(column), eager.column(column), strict=True)
    np.testing.assert_array_equal(lazy.values, eager.values, strict=True)
    assert (lazy.gaps, lazy.bounds()) == (eager.gaps, eager.bounds())


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("page", [0, 4096])
def test_a_file_that_is_read_row_by_row_holds_the_same(tmp_path: Path, dtype: str, order: str, page: int) -> None:
    array = np.asarray(some_numbers(40, 7, dtype), order=order)
    both(tmp_path, saved(array), block=200, page=page)


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("options", [{}, {"transpose": True}, {"columns": "3,7,1"}, {"rows": slice(None, None, -2)}])
@pytest.mark.parametrize("page", [0, 4096])
def test_pictures_that_are_read_one_by_one_are_the_same(
    tmp_path: Path, order: str, options: dict[str, object], page: int
) -> None:
    array = some_numbers(6, 20, "f4").reshape(6, 4, 5)
    eager, lazy = both(tmp_path, saved(np.asarray(array, order=order)), block=100, page=page, **options)
    assert lazy.grid == (None if "columns" in options or "transpose" in options else (4, 5))
    if not options:
        shown = np.where(np.isinf(array), np.nan, array).reshape(6, 20)
        np.testing.assert_array_equal(eager.values, shown)


@settings(max_examples=150, deadline=None)
@given(
    size=st.tuples(st.integers(1, 30), st.integers(1, 9)),
    dtype=st.sampled_from(TYPES),
    how=st.tuples(st.sampled_from("CF"), st.sampled_from([1, 100, 1000, 1 << 20]), st.sampled_from([0, 8, 64, 4096])),
    rows=st.none() | st.builds(slice, *[st.none() | st.integers(-30, 30)] * 2, st.sampled_from([None, -3, -1, 2])),
    every=st.integers(1, 4),
    columns=st.lists(st.integers(0, 8).map(str), max_size=5).map(tuple),
    index=st.none() | st.integers(0, 3).map(str),
    transpose=st.booleans(),
)
def test_any_choice_of_a_file_that_is_read_row_by_row_is_the_same(
    folder: Path, size: tuple[int, int], dtype: str, how: tuple[str, int, int], **options: object
) -> None:
    order, block, page = how
    content = saved(np.asarray(some_numbers(*size, dtype), order=order))
    given_options = {name: value for name, value in options.items() if value not in (None, ())}
    try:
        eager = read_bytes(folder, content, **given_options)
    except LiveplotError as error:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(npy, "_AT_ONCE", 0)
            # Of two faults, the choice of no row is seen first where no number has been read yet.
            with pytest.raises(LiveplotError, match=f"{re.escape(error.sentence)}|no row is left"):
                read_bytes(folder, content, **given_options)
        return
    assert len(eager)
    both(folder, content, block=block, page=page, **given_options)


@pytest.fixture
def stays(monkeypatch: pytest.MonkeyPatch) -> None:
    """However small, a file stays where it is."""
    monkeypatch.setattr(npy, "_AT_ONCE", 0)


@pytest.mark.usefixtures("stays")
def test_one_dimension_that_is_read_row_by_row_is_one_column(tmp_path: Path) -> None:
    assert read_bytes(tmp_path, saved(np.array([3.0, 1.0, 2.0]))).values.tolist() == [[3], [1], [2]]


@pytest.mark.usefixtures("stays")
def test_rows_without_a_number_are_refused_though_others_have_one(tmp_path: Path) -> None:
    content = saved(np.array([1.0, np.nan, np.inf]))
    assert refusal(tmp_path, content, rows=slice(1, None)) == "the history has no finite value"


@pytest.mark.usefixtures("stays")
def test_gaps_are_counted_where_they_are_chosen(tmp_path: Path) -> None:
    array = np.zeros((6, 4), "f2")
    array[1, 2], array[4, 0], array[4, 2] = np.inf, np.nan, -np.inf
    history = read_bytes(tmp_path, saved(array), columns="2,3", rows=slice(4, None, -3))
    assert (history.gaps, history.bounds()) == (2, (0, 0))


@pytest.mark.usefixtures("stays")
def test_a_history_in_a_file_travels_as_a_place(tmp_path: Path) -> None:
    """Neither numbers nor labels, even where both have been read."""
    history = read_bytes(tmp_path, saved(np.arange(30_000.0).reshape(-1, 3)), index="0", every=2)
    assert history.values.shape == (5_000, 2)
    assert history.label(1) == "6"
    sent = pickle.dumps(history)
    assert len(sent) < 2_000
    come = pickle.loads(sent)
    assert isinstance(come, StoredHistory)
    same(come, history)


@pytest.mark.usefixtures("stays")
@pytest.mark.parametrize("order", ["C", "F"])
def test_only_the_rows_that_are_shown_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, order: str) -> None:
    """Each once for limits and gaps together, once for its picture."""
    asked: list[int] = []
    one_read = row_file._read_at
    monkeypatch.setattr(
        row_file, "_read_at", lambda file, start, count: (asked.append(count), one_read(file, start, count))[1]
    )
    array = np.asarray(np.ones((50_000, 10)), order=order)
    history = read_bytes(tmp_path, saved(array), every=1000)
    for _ in range(3):
        assert (history.bounds(), history.gaps) == ((1, 1), 0)
    assert len(asked) == (50 if order == "C" else 500)
    for position in range(50):
        history.row(position)
    assert sum(asked) == 2 * 50 * 80


@pytest.mark.usefixtures("stays")
def test_a_file_that_another_replaces_goes_on_being_read(tmp_path: Path) -> None:
    """As trainers save: a new file takes the path."""
    history = read_bytes(tmp_path, saved(MATRIX))
    (tmp_path / "new.npy").write_bytes(saved(np.zeros((9, 9))))
    (tmp_path / "new.npy").replace(tmp_path / "run.npy")
    assert history.row(3).tolist() == MATRIX[3].tolist()
    with pytest.raises(DataError, match=r"'run.npy' was cut or replaced while it was being read"):
        pickle.loads(pickle.dumps(history)).row(3)


@pytest.mark.usefixtures("stays")
def test_a_file_that_is_cut_is_refused_at_the_first_row_that_lacks(tmp_path: Path) -> None:
    history = read_bytes(tmp_path, saved(MATRIX))
    os.truncate(tmp_path / "run.npy", (tmp_path / "run.npy").stat().st_size - 1)
    assert history.row(2).tolist() == MATRIX[2].tolist()
    with pytest.raises(DataError) as caught:
        history.row(3)
    assert caught.value.sentence == "'run.npy' was cut or replaced while it was being read"


@pytest.mark.usefixtures("stays")
def test_a_file_that_is_gone_is_refused_elsewhere(tmp_path: Path) -> None:
    sent = pickle.dumps(read_bytes(tmp_path, saved(MATRIX)))
    (tmp_path / "run.npy").unlink()
    with pytest.raises(DataError, match=r"cannot read 'run.npy': No such file"):
        pickle.loads(sent).row(0)


@pytest.mark.usefixtures("stays")
def test_where_there_is_no_pread_a_file_is_sought_and_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(row_file, "_read_at", row_file._seek_and_read)
    assert read_bytes(tmp_path, saved(MATRIX)).values.tolist() == MATRIX.tolist()


@pytest.mark.usefixtures("stays")
def test_reads_that_come_in_pieces_are_put_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one_read = row_file._read_at
    monkeypatch.setattr(row_file, "_read_at", lambda file, start, count: one_read(file, start, min(count, 7)))
    assert read_bytes(tmp_path, saved(MATRIX)).values.tolist() == MATRIX.tolist()
