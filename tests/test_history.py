from __future__ import annotations

import tracemalloc
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from liveplot_cli.errors import DataError, UsageError
from liveplot_cli.history import History, isolated
from liveplot_cli.selection import Selection, column_list, row_slice, stride

TABLE = History(
    np.arange(15.0).reshape(5, 3), columns=["a", "b", "c"], index=np.array(list("vwxyz")), index_name="who", name="run"
)


def test_float64_is_kept_without_a_copy() -> None:
    values = np.ones((3, 2))
    assert np.shares_memory(History(values).values, values)


@pytest.mark.parametrize("values", [[[1, 2], [3, 4]], ((1.0, 2.0), (3.0, 4.0)), np.array([[1, 2], [3, 4]], np.uint8)])
def test_any_array_like_of_numbers_becomes_float64(values: object) -> None:
    history = History(values)
    assert history.values.dtype == np.float64
    assert history.values.tolist() == [[1, 2], [3, 4]]
    assert len(history) == 2


def test_one_dimension_is_one_column() -> None:
    assert History([5, 6, 7]).values.tolist() == [[5], [6], [7]]


def test_infinities_become_gaps_and_the_given_array_stays_as_it_is() -> None:
    values = np.array([[1, np.inf], [-np.inf, np.nan]])
    assert np.isnan(History(values).values).tolist() == [[False, True], [True, True]]
    assert np.isinf(values).tolist() == [[False, True], [True, False]]


def test_names_and_labels_come_by_themselves() -> None:
    history = History(np.ones((3, 2)))
    assert history.columns == ("0", "1")
    assert history.labels.tolist() == [1, 2, 3]
    assert (history.index_name, history.name) == ("row", "history")


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        pytest.param(["a", "b"], "a history holds numbers, not <U1", id="words"),
        pytest.param([[1, None]], "a history holds numbers, not object", id="objects"),
        pytest.param([1j], "a history holds numbers, not complex128", id="complex"),
        pytest.param(np.zeros(2, "datetime64[D]"), "a history holds numbers, not datetime64[D]", id="dates"),
        pytest.param(
            3.0,
            "a history has rows and columns, not the shape (); "
            "reshape it to (rows, columns), or to (rows, height, width) for pictures",
            id="a number",
        ),
        pytest.param(
            np.ones((2, 2, 2, 3)),
            "a history has rows and columns, not the shape (2, 2, 2, 3); "
            "reshape it to (rows, columns), or to (rows, height, width) for pictures",
            id="4-D",
        ),
        pytest.param([[1, 2], [3]], "the rows of a history all have the same number of columns", id="ragged"),
        pytest.param([], "the history is empty: its shape is (0,)", id="nothing"),
        pytest.param(np.ones((0, 3)), "the history is empty: its shape is (0, 3)", id="no rows"),
        pytest.param(np.ones((3, 0)), "the history is empty: its shape is (3, 0)", id="no columns"),
        pytest.param(np.ones((3, 2, 0)), "the history is empty: its shape is (3, 2, 0)", id="no cells"),
        pytest.param([[np.nan, np.inf]], "the history has no finite value", id="only gaps"),
    ],
)
def test_what_cannot_be_drawn_is_refused(values: object, sentence: str) -> None:
    with pytest.raises(DataError) as caught:
        History(values)
    assert caught.value.sentence == sentence
    assert caught.value.exit_code == 3


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        pytest.param({"columns": ["a"]}, "run: 1 names for 2 columns", id="too few names"),
        pytest.param({"columns": ["a", "b", "c"]}, "run: 3 names for 2 columns", id="too many names"),
        pytest.param({"grid": (2, 2)}, "run: pictures of 2x2 in rows of 2 columns", id="too large pictures"),
        pytest.param({"index": np.arange(2)}, "run: 2 labels for 3 rows", id="too few labels"),
        pytest.param({"index": np.arange(4)}, "run: 4 labels for 3 rows", id="too many labels"),
    ],
)
def test_lengths_that_do_not_fit_are_refused(options: dict[str, object], sentence: str) -> None:
    with pytest.raises(DataError) as caught:
        History(np.ones((3, 2)), name="run", **options)
    assert caught.value.sentence == sentence


PICTURES = np.arange(24.0).reshape(2, 3, 4)


@pytest.mark.parametrize("values", [PICTURES, PICTURES.tolist(), np.asfortranarray(PICTURES), PICTURES.astype("i2")])
def test_three_dimensions_are_pictures(values: object) -> None:
    history = History(values)
    assert history.grid == (3, 4)
    assert history.values.tolist() == PICTURES.reshape(2, 12).tolist()
    assert history.columns == tuple(map(str, range(12)))
    assert history.column_numbers.tolist() == list(range(12))


def test_rows_remain_pictures_and_their_cells_do_not() -> None:
    history = History(PICTURES)
    assert History(history.values, grid=(3, 4)).grid == (3, 4)
    assert history.with_rows(slice(1, None)).grid == (3, 4)
    assert history.with_columns(range(12)).grid == (3, 4)
    assert history.with_columns(range(11)).grid is None
    assert history.with_columns(list(reversed(range(12)))).grid is None
    assert history.transposed().grid is None
    assert Selection(index="none").pick_columns(history).grid == (3, 4)
    with pytest.raises(UsageError, match="each of its rows is a picture, of which no cell labels the row"):
        Selection(index="1").pick_columns(history)
    assert Selection(transpose=True, index="1").pick_columns(history).labels.tolist() == list(range(12, 24))


def test_the_cells_of_a_large_picture_have_names_that_take_no_memory() -> None:
    tracemalloc.start()
    try:
        history = History(np.zeros((1, 3000, 2000), np.float64))
        before = tracemalloc.get_traced_memory()[0]
        chosen = Selection().pick_columns(history.with_rows(slice(None)))
        assert (len(chosen.columns), chosen.columns[5_000_000], chosen.columns[-1]) == (6_000_000, "5000000", "5999999")
        assert chosen.columns[2:4] == ("2", "3")
        assert tracemalloc.get_traced_memory()[0] - before < 1_000_000
    finally:
        tracemalloc.stop()


def test_a_whole_position_is_a_row() -> None:
    assert [TABLE.row(position).tolist() for position in (0, 2.0, 4)] == [[0, 1, 2], [6, 7, 8], [12, 13, 14]]


def test_a_position_between_two_rows_is_on_the_line_between_them() -> None:
    history = History([[0, 10], [4, 20], [4, -20]])
    assert history.row(0.25).tolist() == [1, 12.5]
    assert history.row(1.5).tolist() == [4, 0]


def test_a_column_is_its_values_row_by_row() -> None:
    assert TABLE.column(1).tolist() == [1, 4, 7, 10, 13]


def test_all_columns_in_their_order_are_no_copy() -> None:
    assert np.shares_memory(Selection().pick_columns(TABLE).values, TABLE.values)


def test_a_line_to_a_gap_is_a_gap_but_the_row_beside_it_is_none() -> None:
    history = History([[1.0], [np.nan], [3.0]])
    assert np.isnan(history.row(0.5)).all()
    assert np.isnan(history.row(1.5)).all()
    assert history.row(0).tolist() == [1]
    assert history.row(2).tolist() == [3]


@pytest.mark.parametrize(
    ("index", "label"),
    [
        pytest.param(np.array([12, 13]), "12", id="whole number"),
        pytest.param(np.array([0.5, 1]), "0.5", id="fraction"),
        pytest.param(np.array([0.1 + 0.2, 1]), "0.3", id="fraction with noise"),
        pytest.param(np.array([3.0, 4.0]), "3", id="whole float"),
        pytest.param(np.array(["Tuesday", "x"]), "Tuesday", id="word"),
        pytest.param(np.array(["1958-03-01", "1958-04-01"], "datetime64[us]"), "1958-03-01", id="date"),
        pytest.param(np.array(["1958-03-01T06:30", "1958-04-01"], "datetime64[us]"), "1958-03-01 06:30", id="time"),
    ],
)
def test_a_label_reads_as_a_person_would_write_it(index: np.ndarray, label: str) -> None:
    history = History([1, 2], index=index)
    assert history.label(0) == label
    assert history.label(0.99) == label
    assert history.label(1) != label


@pytest.mark.parametrize(
    ("columns", "numbers"),
    [
        (["0.5", "2", "-1e1"], [0.5, 2, -10]),
        (["0", "1", "x"], None),
        (["0", "1", "nan"], None),
        (["0", "1", "inf"], None),
    ],
)
def test_column_names_are_numbers_where_all_of_them_are(columns: list[str], numbers: list[float] | None) -> None:
    found = History([[1, 2, 3]], columns=columns).column_numbers
    assert (None if found is None else found.tolist()) == numbers


def test_bounds_pass_over_gaps() -> None:
    assert History([[np.nan, 3], [-2, np.inf]]).bounds() == (-2, 3)


def test_gaps_are_counted() -> None:
    assert History([[np.nan, 3], [-2, np.inf]]).gaps == 2
    assert History([1, 2]).gaps == 0


@given(gaps=st.lists(st.booleans(), min_size=1, max_size=12))
@settings(max_examples=60, deadline=None)
def test_a_value_is_isolated_where_both_neighbours_are_gaps(gaps: list[bool]) -> None:
    fenced = [True, *gaps, True]
    expected = [not fenced[i] and fenced[i - 1] and fenced[i + 1] for i in range(1, len(gaps) + 1)]
    assert isolated(np.where(gaps, np.nan, 1.0)).tolist() == expected


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("100:200", slice(100, 200)), ("::10", slice(None, None, 10)), ("-50:", slice(-50, None)),
        (":", slice(None)), (" 1 : 2 ", slice(1, 2)), ("::-1", slice(None, None, -1)), ("1:9:2", slice(1, 9, 2)),
    ],
)  # fmt: skip
def test_a_slice_is_read_as_python_writes_it(text: str, rows: slice) -> None:
    assert row_slice(text) == rows


@pytest.mark.parametrize("text", ["", "5", "a:b", "1.5:", "1:2:0", "1:2:3:4", "0x1:", "1;2", "9" * 5000 + ":"])
def test_what_is_no_slice_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a slice of rows such as 100:200, ::10 or -50:"):
        row_slice(text)


@pytest.mark.parametrize("text", ["0", "-1", "1.5", "", "two", "1e3", "２", "²"])
def test_a_stride_is_a_whole_number_from_1_on(text: str) -> None:
    with pytest.raises(ValueError, match="is not a whole number from 1 on"):
        stride(text)
    assert stride("1") == 1


def test_column_lists_are_split_at_commas() -> None:
    assert column_list(" a , b c,,2 ") == ("a", "b c", "2")
    for text in ("", " ", ",,"):
        with pytest.raises(ValueError, match="names no column"):
            column_list(text)


BOUNDS = st.none() | st.integers(-25, 25)


@settings(max_examples=150, deadline=None)
@given(
    rows=st.builds(slice, BOUNDS, BOUNDS, st.none() | st.integers(-25, 25).filter(bool)),
    every=st.integers(1, 8),
    length=st.integers(1, 20),
)
def test_rows_are_picked_as_python_slices_a_list(rows: slice, every: int, length: int) -> None:
    numbers = list(range(length))
    history = History(np.column_stack([numbers, numbers]), columns=["a", "b"], index=np.array(numbers) * 10)
    expected = numbers[rows][::every]
    selection = Selection(rows=rows, every=every)
    if not expected:
        with pytest.raises(UsageError):
            selection.pick_rows(history)
        return
    picked = selection.pick_rows(history)
    assert picked.values[:, 1].tolist() == expected
    assert picked.labels.tolist() == [10 * number for number in expected]


def test_every_row_keeps_its_own_label() -> None:
    picked = Selection(rows=slice(1, None), every=2).pick_rows(TABLE)
    assert picked.labels.tolist() == ["w", "y"]
    assert picked.values[:, 0].tolist() == [3, 9]
    assert (picked.columns, picked.index_name, picked.name) == (("a", "b", "c"), "who", "run")


@pytest.mark.parametrize("step", [10**30, -(10**30)])
def test_a_step_beyond_all_rows_leaves_one(step: int) -> None:
    assert len(Selection(rows=slice(None, None, step)).pick_rows(TABLE)) == 1


def test_no_row_left_is_refused() -> None:
    with pytest.raises(UsageError) as caught:
        Selection(rows=slice(5, None)).pick_rows(TABLE)
    assert caught.value.sentence == "no row is left of 5 after the choice of rows"


def test_rows_that_are_all_gaps_are_refused() -> None:
    with pytest.raises(DataError, match="the history has no finite value"):
        Selection(rows=slice(1, None)).pick_rows(History([1.0, np.nan, np.nan]))


@pytest.mark.parametrize(
    ("columns", "names", "first"),
    [
        (("c",), ("c",), [2]),
        (("0",), ("a",), [0]),
        (("c", "0"), ("c", "a"), [2, 0]),
        ((), ("a", "b", "c"), [0, 1, 2]),
    ],
)
def test_columns_are_picked_by_name_or_number_in_the_order_asked_for(
    columns: tuple[str, ...], names: tuple[str, ...], first: list[float]
) -> None:
    picked = Selection(columns=columns).pick_columns(TABLE)
    assert picked.columns == names
    assert picked.values[0].tolist() == first
    assert picked.labels.tolist() == list("vwxyz")
    assert picked.index_name == "who"


def test_a_name_goes_before_a_number() -> None:
    history = History([[7, 8]], columns=["1", "0"])
    assert Selection(columns=("0",)).pick_columns(history).values.tolist() == [[8]]


@pytest.mark.parametrize("index", ["b", "1"])
def test_a_column_may_label_the_rows(index: str) -> None:
    picked = Selection(index=index).pick_columns(TABLE)
    assert picked.columns == ("a", "c")
    assert picked.labels.tolist() == [1, 4, 7, 10, 13]
    assert picked.label(1) == "4"
    assert picked.index_name == "b"


def test_an_index_that_is_asked_for_is_drawn_too() -> None:
    assert Selection(index="b", columns=("b", "a")).pick_columns(TABLE).columns == ("b", "a")


def test_no_index_keeps_the_labels() -> None:
    picked = Selection(index="none").pick_columns(TABLE)
    assert picked.columns == ("a", "b", "c")
    assert picked.labels.tolist() == list("vwxyz")


@pytest.mark.parametrize("selection", [Selection(columns=("d",)), Selection(index="d"), Selection(columns=("a", "d"))])
def test_an_unknown_column_is_told_what_there_is(selection: Selection) -> None:
    with pytest.raises(UsageError) as caught:
        selection.pick_columns(TABLE)
    assert caught.value.sentence == "there is no column 'd'; the columns are 'a', 'b', 'c'"


@pytest.mark.parametrize("name", ["-1", "3", "1.0", "²"])
def test_a_number_that_is_no_column_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match="there is no column"):
        Selection(columns=(name,)).pick_columns(TABLE)


def test_an_index_alone_is_refused() -> None:
    with pytest.raises(UsageError, match="no column is left beside the index"):
        Selection(index="0").pick_columns(History([1, 2]))


def test_transposed_rows_become_columns_named_by_their_labels() -> None:
    turned = Selection(transpose=True).pick_columns(TABLE)
    assert turned.columns == tuple("vwxyz")
    assert turned.values.tolist() == TABLE.values.T.tolist()
    assert turned.labels.tolist() == [1, 2, 3]
    assert (turned.index_name, turned.name) == ("row", "run")


def test_columns_are_picked_after_the_transposition() -> None:
    turned = Selection(transpose=True, columns=("y", "v"), index="w").pick_columns(TABLE)
    assert turned.values.tolist() == [[9, 0], [10, 1], [11, 2]]
    assert turned.labels.tolist() == [3, 4, 5]
    assert turned.index_name == "w"


def test_a_row_taken_by_its_number_is_told_where_rows_have_labels(caplog: pytest.LogCaptureFixture) -> None:
    history = History(np.ones(40), index=np.arange(40) * 10 + 100, index_name="epoch", name="log")
    assert history.position("140") == 4
    assert not caplog.records
    assert history.position("35") == 34
    assert caplog.messages == ["log: no epoch is 35; taken for the row of that number, which is 440"]
    assert History(np.ones(40)).position("35") == 34
    assert len(caplog.messages) == 1


@given(st.lists(st.integers(-(10**6), 10**6), min_size=2, max_size=9, unique=True), st.floats(0, 1))
def test_what_lies_between_two_labels_lies_between_their_rows(labels: list[int], part: float) -> None:
    labels.sort()
    history = History(np.arange(len(labels)), index=labels, index_name="step")
    for row, (one, next_) in enumerate(pairwise(labels)):
        at = one + (next_ - one) * part
        assert history.position(repr(at)) == pytest.approx(row + (at - one) / (next_ - one), abs=1e-9)


def test_dates_between_two_rows_and_labels_that_do_not_rise() -> None:
    days = np.array(["2024-01-01", "2024-01-03", "2024-01-07"], "M8[D]")
    history = History(np.arange(3), index=days, index_name="date")
    assert history.position("2024-01-02") == 0.5
    assert history.position("2024-01-04") == 1.25
    assert history.position("2024-01-03 12:00") == 1.125
    for nowhere in ("2024-01-32", "2023-12-31", "2024-01-08"):
        with pytest.raises(UsageError, match="has no row"):
            history.position(nowhere)
    falling = History(np.arange(3), index=[30, 20, 10], index_name="left")
    assert falling.position("20") == 1
    with pytest.raises(UsageError, match="has no row"):
        falling.position("15")
    gone = History(np.arange(3), index=np.array(["2024-01-01", "NaT", "2024-01-07"], "M8[D]"), index_name="date")
    with pytest.raises(UsageError, match="has no row"):
        gone.position("2024-01-02")


def test_first_and_last_are_rows_unless_labels_are_called_so() -> None:
    assert [History(np.ones(7)).position(text) for text in ("first", "last")] == [0, 6]
    named = History(np.ones(3), index=np.array(["last", "x", "first"]))
    assert [named.position(text) for text in ("first", "last")] == [2, 0]
