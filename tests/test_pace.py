from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from liveplot_cli import history as histories
from liveplot_cli import pace, row_file
from liveplot_cli.easing import CURVES
from liveplot_cli.history import History, StoredHistory
from liveplot_cli.pace import Change, change
from liveplot_cli.readers import npy, read
from liveplot_cli.row_file import Numbers
from liveplot_cli.timing import Timing, ticks

CELLS = st.one_of(st.integers(-9, 9).map(float), st.floats(-1e3, 1e3, width=16), st.just(math.nan))
TABLES = arrays.arrays(np.float64, st.tuples(st.integers(1, 24), st.integers(1, 4)), elements=CELLS).filter(
    lambda values: bool(np.isfinite(values).any())
)
TIMINGS = st.builds(
    Timing,
    fps=st.just(Fraction(20)),
    speed=st.one_of(st.none(), st.fractions(Fraction(1, 2), 60, max_denominator=20)),
    ease=st.sampled_from([None, *CURVES]),
    pace=st.just("change"),
    hold=st.sampled_from([Fraction(0), Fraction(2)]),
    hold_start=st.sampled_from([Fraction(0), Fraction(1, 3)]),
    bounce=st.booleans(),
)


def amounts_by_hand(tables: list[Numbers]) -> list[float]:
    """The documented formula, cell by cell."""
    finite = np.concatenate([table[~np.isnan(table)] for table in tables])
    least = (finite.max() - finite.min()) / 100
    rows = max(len(table) for table in tables)
    amounts = [0.0] * (rows - 1)
    for table in tables:
        for column in table.T:
            known = column[~np.isnan(column)]
            span = max(np.ptp(known), least) if len(known) else 0
            if not span:
                continue
            latest = math.nan
            for row, value in enumerate(column):
                if math.isnan(value):
                    continue
                if not math.isnan(latest):
                    amounts[row - 1] += abs(value - latest) / span / table.shape[1] / len(tables)
                latest = value
    return amounts


def extremes_by_hand(table: Numbers) -> set[int]:
    """The first row of each column that holds its highest value, and its lowest."""
    rows = set()
    for column in table.T:
        known = column[~np.isnan(column)]
        if len(known) and known.max() > known.min():
            rows |= {column.tolist().index(known.max()), column.tolist().index(known.min())}
    return rows


@settings(max_examples=150, deadline=None)
@given(tables=st.lists(TABLES, min_size=1, max_size=3))
def test_change_is_what_is_documented(tables: list[Numbers]) -> None:
    found = change([History(table) for table in tables])
    expected = amounts_by_hand(tables)
    if not any(expected):
        assert found is None
        return
    assert found is not None
    assert found.amounts.tolist() == pytest.approx(expected)
    assert set(found.extremes.tolist()) == set().union(*(extremes_by_hand(table) for table in tables))
    assert len(set(found.extremes.tolist())) == len(found.extremes)


@settings(max_examples=100, deadline=None)
@given(
    table=arrays.arrays(
        np.float64, st.tuples(st.integers(2, 60), st.integers(1, 2)), elements=st.floats(-1e3, 1e3, width=16)
    )
)
def test_the_time_of_a_row_lies_between_a_fifth_and_five_times_the_even(table: Numbers) -> None:
    found = change([History(table)])
    if found is None:
        return
    times = found.times
    assert times.sum() == pytest.approx(len(table) - 1)
    assert times.min() >= 0.2 - 1e-9
    assert times.max() <= 5 + 1e-9
    order = np.argsort(found.amounts, kind="stable")
    assert (np.diff(times[order]) >= -1e-9).all(), "what changes more takes no less time"


@pytest.mark.parametrize(
    ("amounts", "times"),
    [
        pytest.param([1, 1, 1, 1], [1, 1, 1, 1], id="alike"),
        pytest.param([3, 1], [1.4, 0.6], id="in proportion, but for a fifth"),
        pytest.param([0, 0, 0, 1], [0.2, 0.2, 0.2, 3.4], id="one jump of a few"),
        pytest.param([0] * 19 + [1], [15 / 19] * 19 + [5], id="one jump of many"),
        pytest.param([0] * 18 + [1, 9], [10 / 18] * 18 + [5, 5], id="two jumps"),
        pytest.param([1] * 18 + [1e9, 1e6], [10 / 18] * 18 + [5, 5], id="two jumps and a murmur"),
        pytest.param([0.71, 1e-30, 0, 0, 0, 0], [5] + [0.2] * 5, id="one jump at the very edge, and a murmur"),
        pytest.param([5e-324, 1], [0.2, 1.8], id="next to nothing"),
    ],
)
def test_times_by_example(amounts: list[float], times: list[float]) -> None:
    found = Change(np.array(amounts, float), np.array([], np.intp)).times
    assert found.tolist() == pytest.approx(times)


@settings(max_examples=200, deadline=None)
@given(table=TABLES, timing=TIMINGS)
def test_a_film_at_the_pace_of_change_keeps_its_promises(table: Numbers, timing: Timing) -> None:
    moments = pace.moments(timing, [History(table)])
    even = replace(timing, pace="even").moments(len(table))
    assert sum(moment.duration for moment in moments) == sum(moment.duration for moment in even)
    assert len(moments) <= timing.frames(len(table))
    positions = [moment.position for moment in moments]
    turn = len(positions) // 2 if timing.bounce else len(positions) - 1
    there, back = positions[: turn + 1], positions[turn + 1 :]
    assert all(before < after for before, after in pairwise(there))
    assert (there[0], there[-1]) == (0, len(table) - 1) or len(there) == 1
    assert back == there[-2:0:-1] * timing.bounce
    plain = [moment.duration for moment in moments]
    plain[0] -= timing.hold_start
    plain[turn] -= timing.hold
    assert min(ticks(plain, timing.fps)) >= 1


@settings(max_examples=200, deadline=None)
@given(table=TABLES, timing=TIMINGS)
def test_no_extreme_is_skipped_that_there_is_a_frame_for(table: Numbers, timing: Timing) -> None:
    extremes = extremes_by_hand(table)
    needed = extremes | {0, len(table) - 1}
    moments = pace.moments(timing, [History(table)])
    shown = {moment.position for moment in moments}
    frames = timing.frames(len(table))
    if len(needed) <= (frames // 2 + 1 if timing.bounce else frames):
        assert needed <= shown


@pytest.mark.parametrize("ease", [None, *CURVES])
@pytest.mark.parametrize("bounce", [False, True])
def test_spikes_that_an_even_pace_skips_are_shown(ease: str | None, *, bounce: bool) -> None:
    values = np.sin(np.arange(1000) / 50)
    values[[301, 302, 777]] = 9, -7, -8
    timing = Timing(duration=Fraction(2 if bounce else 1), ease=ease, pace="change", bounce=bounce)
    even = {moment.position for moment in replace(timing, pace="even").moments(1000)}
    shown = {moment.position for moment in pace.moments(timing, [History(values)])}
    assert {0, 301, 777, 999} <= shown
    assert not {301, 777} & even


def test_of_more_extremes_than_frames_the_most_prominent_are_shown() -> None:
    values = np.zeros((100, 4))
    for column, (row, height) in enumerate([(20, 1), (40, 9), (60, 2), (80, 5)]):
        values[row, column] = height
        values[row + 5, column] = -height
    found = change([History(values)])
    assert found is not None
    assert found.extremes.tolist() == [40, 45, 80, 85, 60, 65, 20, 25]

    def shown(frames: int) -> list[float]:
        timing = Timing(fps=Fraction(1), duration=Fraction(frames), pace="change")
        return [moment.position for moment in pace.moments(timing, [History(values)])]

    assert shown(1) == [99]
    assert shown(2) == [0, 99]
    assert shown(4) == [0, 40, 45, 99]
    assert shown(6) == [0, 40, 45, 80, 85, 99]
    assert {0, 20, 25, 40, 45, 60, 65, 80, 85, 99} == set(shown(10))


def test_the_extremes_of_all_come_before_those_of_the_columns() -> None:
    values = np.array([[0, 50, 90], [40, 51, 90], [-20, 50, 90], [0, 52, 90], [0, 49, 90]])
    found = change([History(values)])
    assert found is not None
    assert found.extremes.tolist() == [3, 2, 1, 4], "the highest, the lowest, and of the widest column; a constant none"


def test_a_row_that_is_long_seen_takes_no_more_places_than_sixteen() -> None:
    timing = Timing(pace="change", duration=Fraction(10**9))
    moments = pace.moments(timing, [History([0, 0, 3, 4])])
    assert [moment.position for moment in moments] == [0, 1, 2, 3]
    shares = [float(moment.duration / 10**9 * 64) for moment in moments]
    assert shares == pytest.approx([9.6, 17.6, 22.4, 14.4], abs=1)
    assert moments[0].duration < moments[1].duration < moments[2].duration


@settings(max_examples=100, deadline=None)
@given(rows=st.integers(2, 30), each=st.integers(1, 16), bounce=st.booleans())
def test_rows_that_change_alike_are_shown_as_at_an_even_pace(rows: int, each: int, *, bounce: bool) -> None:
    timing = Timing(speed=Fraction(20, each), pace="change", bounce=bounce and each == 1)
    moments = pace.moments(timing, [History(np.arange(rows) * 3.0)])
    assert moments == replace(timing, pace="even").moments(rows)


@settings(max_examples=60, deadline=None)
@given(rows=st.integers(2, 20), each=st.integers(1, 12), name=st.sampled_from([*CURVES]), bounce=st.booleans())
def test_a_tween_of_rows_that_change_alike_is_as_at_an_even_pace(
    rows: int, each: int, name: str, *, bounce: bool
) -> None:
    timing = Timing(speed=Fraction(20, each), ease=name, pace="change", bounce=bounce)
    moments = pace.moments(timing, [History(np.arange(rows) * -7.0)])
    even = replace(timing, pace="even").moments(rows)
    assert [moment.duration for moment in moments] == [moment.duration for moment in even]
    assert [moment.position for moment in moments] == pytest.approx([moment.position for moment in even], abs=1e-9)


@pytest.mark.parametrize(
    "values",
    [
        pytest.param([[3.0]], id="one row"),
        pytest.param([[3.0, 1.0]] * 7, id="nothing changes"),
        pytest.param([[1.0], [math.nan], [1.0]], id="but for gaps"),
        pytest.param([[math.nan, 1.0], [2.0, math.nan]], id="only gaps change"),
        pytest.param([[5e-324], [1e-323], [5e-324]], id="less than can be told"),
    ],
)
@pytest.mark.parametrize("ease", [None, "linear"])
def test_where_nothing_changes_the_pace_is_even(values: list[list[float]], ease: str | None) -> None:
    timing = Timing(pace="change", ease=ease, speed=Fraction(3))
    assert change([History(values)]) is None
    assert pace.moments(timing, [History(values)]) == timing.moments(len(values))


def test_still_passages_go_by_fast_and_lively_ones_slowly() -> None:
    values = np.concatenate([np.zeros(50), np.arange(1, 11), np.full(40, 10)])
    moments = pace.moments(Timing(pace="change"), [History(values)])
    lively = [moment for moment in moments if 49 <= moment.position < 60]
    assert [moment.position for moment in lively] == list(range(49, 60))
    assert float(sum(moment.duration for moment in lively)) == pytest.approx(10 * 5 / 20, abs=0.1)
    assert len(moments) - len(lively) == pytest.approx(49, abs=2)


def test_a_column_of_large_numbers_does_not_rule() -> None:
    loss, accuracy = np.array([2.0, 0, 0, 0]), np.array([0.0, 0, 0, 100])
    found = change([History(np.column_stack([loss, accuracy]))])
    assert found is not None
    assert found.amounts.tolist() == [0.5, 0, 0.5]


def test_the_noise_of_a_constant_is_nothing() -> None:
    found = change([History([[0, 1e-9], [50, 0], [100, 1e-9]])])
    assert found is not None
    assert found.amounts.tolist() == pytest.approx([0.25, 0.25])


def test_a_value_after_a_gap_is_compared_with_the_one_before_it() -> None:
    found = change([History([0, math.nan, math.nan, 4, math.nan, 3])])
    assert found is not None
    assert found.amounts.tolist() == [0, 0, 1, 0, 0.25]


def test_a_history_that_has_ended_changes_no_more() -> None:
    long, short = History([0, 1, 2, 3, 4]), History([9, 0])
    found = change([short, long])
    assert found is not None
    assert found.amounts.tolist() == [0.5 + 0.125, 0.125, 0.125, 0.125]
    timing = Timing(pace="change")
    assert pace.moments(timing, [short, long])[-1].position == 4


def test_an_even_pace_reads_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(History, "blocks", None)
    assert pace.moments(Timing(), [History([1, 2]), History([1, 2, 4])]) == Timing().moments(3)


@pytest.mark.parametrize("scale", [1.7e308, 1e-300])
def test_numbers_of_any_size_have_a_pace(scale: float) -> None:
    found = change([History(np.array([-1, 1, 1, 0]) * scale)])
    assert found is not None
    assert found.amounts.tolist() == [1, 0, 0.5]


def test_the_pace_is_the_same_wherever_blocks_end(monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.random.default_rng(3).normal(size=(50, 3)).cumsum(axis=0)
    values[10:30, 1] = np.nan
    values[:5, 2] = np.nan
    whole = change([History(values)])
    monkeypatch.setattr(histories, "_BLOCK", 7)
    parts = change([History(values)])
    assert whole is not None
    assert parts is not None
    assert parts.amounts.tolist() == whole.amounts.tolist()
    assert parts.extremes.tolist() == whole.extremes.tolist()


@pytest.mark.parametrize("turn", [np.ascontiguousarray, np.asfortranarray])
def test_a_history_that_stays_in_its_file_has_the_same_pace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, turn: Callable[[Numbers], Numbers]
) -> None:
    values = np.random.default_rng(4).normal(size=(60, 5))
    values[values > 2] = np.nan
    np.save(tmp_path / "run.npy", turn(values))
    monkeypatch.setattr(npy, "_AT_ONCE", 0)
    monkeypatch.setattr(row_file, "_BLOCK", 400)
    stored = read(tmp_path / "run.npy")
    assert isinstance(stored, StoredHistory)
    timing = Timing(pace="change", speed=Fraction(50))
    assert pace.moments(timing, [stored]) == pace.moments(timing, [History(values)])
