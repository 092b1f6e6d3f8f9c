"""What every store promises, on each of them."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

import keeping
from keeping import Heard, Place, batch, counting, refused, settled, soon, stored
from liveplot_cli.service import stores
from liveplot_cli.service.runs import Appended, Batch, Quota, RefusedError
from liveplot_cli.service.stores import Store, postgres, sqlite

NAN = float("nan")
HOSTILE = (
    "'; DROP TABLE runs; --",
    '<img src=x onerror="alert(1)">',
    "a\r\nb\u2028c",
    "\u202eevil",
    "%s %d {} \\",
    "🎈",
    " ",
)


@pytest.fixture(params=["sqlite", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    place = keeping.place(request.param, tmp_path, request)
    yield place
    place.close()


@pytest.fixture
def store(place: Place) -> Store:
    return place.open()


def test_rows_are_numbered_from_1(store: Store) -> None:
    assert store.append("a", batch([1, 2], [3, 4])).result() == Appended(1, 2, 0, 3)
    assert store.append("a", batch([5, 6])).result() == Appended(1, 1, 0, 4)
    run = store.run("a").result()
    assert (run.name, run.rows, run.next_seq, run.epoch, run.columns) == ("a", 3, 4, 1, ("0", "1"))
    assert run.created <= run.updated
    assert stored(store, "a") == [[1, 2], [3, 4], [5, 6]]


def test_what_is_not_there(store: Store) -> None:
    for future in (store.run("a"), store.reset("a", None), store.delete("a")):
        with refused("not_found", "there is no run 'a'"):
            future.result()
    assert store.runs().result() == []


def test_a_retry_is_stored_once(store: Store) -> None:
    first = batch([1, NAN], [-0.0, 5e-324], [1.7976931348623157e308, 3], seq=1)
    assert store.append("a", first).result() == Appended(1, 3, 0, 4)
    assert store.append("a", first).result() == Appended(1, 0, 3, 4)
    assert store.append("a", batch([-0.0, 5e-324], seq=2)).result() == Appended(1, 0, 1, 4)
    assert np.array_equal(stored(store, "a"), first.values, equal_nan=True)


@pytest.mark.parametrize(
    ("request_", "code", "facts"),
    [
        (batch([9, 9], seq=1), "conflict", {"expected": 3}),
        (batch([1, NAN], seq=1), "conflict", {"expected": 3}),
        (batch([1, 1, 1], seq=1), "conflict", {"expected": 3}),
        (batch([1, 1], [2, 9], seq=1), "conflict", {"expected": 3}),
        (batch([2, 2], [3, 3], seq=2), "overlap", {"expected": 3}),
        (batch([4, 4], seq=4), "gap", {"expected": 3}),
        (batch([4, 4], seq=2**53 - 1), "gap", {"expected": 3}),
        (batch([3, 3], epoch=2), "stale_epoch", {"epoch": 1}),
        (batch([1, 1], seq=1, epoch=7), "stale_epoch", {"epoch": 1}),
        (batch([3]), "row_invalid", {"row": 0}),
        (batch([3, 3, 3]), "row_invalid", {"row": 0}),
        (batch([3, 3], columns=("b", "a")), "columns", {"columns": ["a", "b"]}),
        (batch([3], columns=("b",)), "columns", {"columns": ["a", "b"]}),
        (batch([3, 3, 3], columns=("a", "c", "b")), "columns", {"columns": ["a", "b"]}),
    ],
)
def test_what_does_not_follow_changes_nothing(
    store: Store, request_: Batch, code: str, facts: dict[str, object]
) -> None:
    store.append("a", Batch(counting(1, 2), ("a", "b"))).result()
    before = store.run("a").result()
    with refused(code, **facts):
        store.append("a", request_).result()
    assert repr(store.run("a").result()) == repr(before)
    assert stored(store, "a") == [[1, 1], [2, 2]]


def test_a_run_is_not_made_by_rows_that_do_not_follow(place: Place, store: Store) -> None:
    for request, code, facts in (
        (batch([1], seq=2), "gap", {"expected": 1}),
        (batch([1], epoch=2), "stale_epoch", {"epoch": 1}),
    ):
        with refused(code, **facts):
            store.append("a", request).result()
    assert place.count("runs") == 0


def test_columns_can_be_added(store: Store) -> None:
    store.append("a", batch([1, 2], columns=("x", "y"))).result()
    store.append("a", batch([3], columns=("x",))).result()
    before = store.run("a").result()
    store.append("a", batch([4, 5, 6], columns=("x", "y", "z"))).result()
    after = store.run("a").result()
    assert (before.columns, after.columns) == (("x", "y"), ("x", "y", "z"))
    expected = [[1, 2, NAN], [3, NAN, NAN], [4, 5, 6]]
    assert np.array_equal(store.rows(after, range(1, 4)).result(), expected, equal_nan=True)
    assert np.array_equal(store.rows(before, range(1, 3)).result(), [[1, 2], [3, NAN]], equal_nan=True)
    # What was acknowledged before is known again after.
    assert store.append("a", batch([1, 2], seq=1)).result().duplicates == 1
    assert store.append("a", batch([3], columns=("x",), seq=2)).result().duplicates == 1
    with refused("conflict", expected=4):
        store.append("a", batch([1, 2, 3], columns=("x", "y", "z"), seq=1)).result()


@pytest.mark.parametrize("text", HOSTILE)
def test_any_text_is_kept(place: Place, text: str) -> None:
    place.open().append("a", batch([1, 2], columns=(text, "b"), title=text)).result()
    place.close()
    run = place.open().run("a").result()
    assert (run.title, run.columns) == (text, (text, "b"))


def test_a_title_stays_until_there_is_another(store: Store) -> None:
    for title, expected in (("one", "one"), (None, "one"), ("two", "two"), ("", "")):
        store.append("a", batch([1], title=title)).result()
        assert store.run("a").result().title == expected


def test_extremes(store: Store) -> None:
    steps: list[tuple[Sequence[float], tuple[float, int, float, int]]] = [
        ((NAN, NAN), (NAN, 0, NAN, 0)),
        ((3, NAN), (3, 2, 3, 2)),
        ((NAN, 5), (3, 2, 5, 3)),
        ((-1e300, 5), (-1e300, 4, 5, 3)),  # the first that is as large
    ]
    for row, expected in steps:
        store.append("a", batch(row)).result()
        run = store.run("a").result()
        assert np.array_equal([run.low, run.low_row, run.high, run.high_row], expected, equal_nan=True)
    store.append("a", batch([1, 1], [7, 1], [-2e300, 7], columns=("0", "1"))).result()
    run = store.run("a").result()
    assert (run.low, run.low_row, run.high, run.high_row) == (-2e300, 7, 7, 6)
    store.reset("a", None).result()
    assert np.isnan([store.run("a").result().low, store.run("a").result().high]).all()


def test_a_reset_begins_the_next_epoch(store: Store) -> None:
    store.append("a", batch([1, 2], columns=("x", "y"), title="t")).result()
    before = store.run("a").result()
    with refused("stale_epoch", epoch=1):
        store.reset("a", 2).result()
    assert store.reset("a", 1).result() == 2
    with refused("stale_epoch", epoch=2):  # a late one, of before the reset
        store.append("a", batch([1, 2], seq=2, epoch=1)).result()
    run = store.run("a").result()
    assert (run.epoch, run.rows, run.columns, run.title) == (2, 0, ("x", "y"), "t")
    assert run.created == before.created
    assert store.rows(run, range(1, 1)).result().shape == (0, 2)
    assert store.append("a", batch([3, 4], seq=1, epoch=2)).result() == Appended(2, 1, 0, 2)
    assert stored(store, "a") == [[3, 4]]
    assert store.rows(before, [1]).result().tolist() == [[1, 2]]  # whoever was reading finishes
    assert store.reset("a", None).result() == 3


def test_a_run_made_again_begins_in_a_further_epoch(store: Store) -> None:
    store.append("a", batch([1, 2], columns=("x", "y"), title="t")).result()
    store.delete("a").result()
    for future in (store.run("a"), store.delete("a"), store.reset("a", None)):
        with refused("not_found"):
            future.result()
    assert store.runs().result() == []
    with refused("stale_epoch", epoch=2):
        store.append("a", batch([1, 2], seq=1, epoch=1)).result()
    assert store.append("a", batch([5])).result() == Appended(2, 1, 0, 2)
    run = store.run("a").result()
    assert (run.columns, run.title, run.epoch) == (("0",), "", 2)
    assert stored(store, "a") == [[5]]


def test_a_request_with_a_key_is_done_once(store: Store) -> None:
    first = store.append("a", batch([1], [2], key="k")).result()
    assert first == Appended(1, 2, 0, 3)
    store.append("a", batch([3])).result()
    assert store.append("a", batch([1], [2], key="k")).result() == first
    for other in (
        batch([1], key="k"),
        batch([1], [3], key="k"),
        batch([1], [2], key="k", title="t"),
        batch([1, 2], key="k"),
    ):
        with refused("key_reused"):
            store.append("a", other).result()
    assert store.append("a", batch([1], [2], key="another")).result().next_seq == 6
    assert store.append("b", batch([1], key="k")).result() == Appended(1, 1, 0, 2)  # a key is its run's
    long = "ключ" * 5_000
    assert store.append("b", batch([1], key=long)).result().next_seq == 3
    assert store.append("b", batch([1], key=long)).result().next_seq == 3
    # Where rows have numbers, the numbers count.
    assert store.append("b", batch([9], key="k", seq=3)).result().stored == 1


def test_a_key_is_done_once_however_often_it_comes_at_the_same_time(store: Store) -> None:
    futures = [store.append("a", batch([1], [2], key="k")) for _ in range(30)]
    assert {future.result() for future in futures} == {Appended(1, 2, 0, 3)}
    assert store.run("a").result().rows == 2


def test_rows_by_their_numbers(store: Store) -> None:
    for first in range(1, 1_201, 400):
        store.append("a", Batch(counting(first, 400))).result()
    run = store.run("a").result()
    for numbers in (range(1, 1_201), range(3, 4), range(1, 1_201, 7), [1, 2, 600, 1_200], [1_200], range(5, 5), []):
        found = store.rows(run, numbers).result()
        assert found.tolist() == [[number, number] for number in numbers]
        assert found.shape == (len(numbers), 2)


def test_runs_come_with_the_latest_first(store: Store) -> None:
    for name in ("b", "a", "C", "b"):
        store.append(name, batch([1])).result()
    assert [run.name for run in store.runs().result()] == ["b", "C", "a"]
    store.reset("a", 1).result()
    assert [run.name for run in store.runs().result()] == ["a", "b", "C"]


def test_the_most_rows(place: Place) -> None:
    store = place.open(Quota(rows=10))
    store.append("a", Batch(counting(1, 8))).result()
    with refused("full", "a run takes 10 rows, and a has 8"):
        store.append("a", Batch(counting(9, 3))).result()
    assert store.append("a", Batch(counting(9, 1))).result().next_seq == 10
    assert store.append("a", Batch(counting(10, 1))).result().next_seq == 11
    with refused("full"):
        store.append("a", Batch(counting(11, 1))).result()
    assert store.append("a", Batch(counting(10, 1), seq=10)).result().duplicates == 1
    assert len(stored(store, "a")) == 10
    store.reset("a", None).result()
    store.append("a", Batch(counting(1, 10))).result()


def test_the_most_runs(place: Place) -> None:
    store = place.open(Quota(runs=3))
    futures = [store.append(f"r{number}", batch([1])) for number in range(12)]
    assert sorted(str(settled(future)) for future in futures)[3:] == ["too_many"] * 9
    assert len(store.runs().result()) == 3
    there = store.runs().result()[0].name
    store.append(there, batch([2])).result()
    store.delete(there).result()
    store.append("new", batch([1])).result()
    with refused("too_many", "there are 3 runs"):
        store.append(there, batch([1])).result()


def test_changes_are_told(store: Store) -> None:
    heard = Heard()
    store.listen(heard)
    store.append("a", batch([1])).result()
    heard.wait("a")
    store.append("b", batch([1])).result()
    heard.wait("b")
    for change in (
        lambda: store.append("a", batch([2])),
        lambda: store.reset("a", 1),
        lambda: store.delete("a"),
        lambda: store.append("a", batch([1])),
    ):
        change().result()
        heard.wait("a")
    settled(store.append("a", batch([1], seq=7)))
    store.append("a", batch([1], seq=1)).result()  # nothing new
    store.append("b", batch([2])).result()
    assert "a" not in heard.wait("b")


def test_whoever_fails_at_what_is_told_stops_nobody(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    heard = Heard()
    store.listen(lambda name: 1 / 0)
    store.listen(heard)
    for row in range(3):
        store.append("a", batch([row])).result()
        heard.wait("a")
    assert "a change of a run could not be told" in caplog.text


def test_everything_is_there_when_it_is_opened_again(place: Place) -> None:
    store = place.open()
    store.append("a", batch([1, NAN], columns=("x", "y"), title="t")).result()
    store.append("b", batch([1])).result()
    store.append("gone", batch([1])).result()
    store.delete("gone").result()
    before = store.run("a").result()
    place.close()
    store = place.open()
    assert repr(store.run("a").result()) == repr(before)
    assert store.append("gone", batch([1])).result().epoch == 2
    assert store.append("a", batch([1, NAN], seq=1)).result().duplicates == 1


def test_a_closed_store_says_so(store: Store) -> None:
    store.append("a", batch([1])).result()
    store.close()
    store.close()
    for future in (store.append("a", batch([1])), store.run("a"), store.check()):
        with refused("draining"):
            future.result(5)


def test_a_store_finishes_what_was_begun(place: Place) -> None:
    store = place.open()
    futures = [store.append("a", batch([row])) for row in range(50)]
    place.close()
    stored_ = sum(settled(future) != "draining" for future in futures)
    assert place.open().run("a").result().rows == stored_ == 50


def test_one_refusal_among_many_stops_no_other(store: Store) -> None:
    futures = [store.append(f"r{number % 5}", batch([1], epoch=1 + number % 3 % 2)) for number in range(60)]
    answers = [settled(future) for future in futures]
    assert answers.count("stale_epoch") == 20
    assert sum(run.rows for run in store.runs().result()) == 40
    assert all(len(stored(store, f"r{number}")) == 8 for number in range(5))


def test_it_can_be_written(store: Store) -> None:
    assert store.check().result() is None


def test_rows_of_an_epoch_that_is_over_are_removed(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite, "IDLE", 0.02)
    monkeypatch.setattr(postgres, "HEARTBEAT", 0.02)
    monkeypatch.setattr(stores, "TIDIED", 3)
    store = place.open()
    store.append("a", Batch(counting(1, 10))).result()
    before = store.run("a").result()
    store.reset("a", 1).result()
    store.append("a", Batch(counting(1, 5))).result()
    store.append("b", Batch(counting(1, 7), key="k")).result()
    store.delete("b").result()
    threading.Event().wait(0.1)
    assert place.count("rows") == 22  # they are kept for a while
    monkeypatch.setattr(stores, "KEPT", 0.0)
    monkeypatch.setattr(stores, "REMEMBERED", 0.0)
    other = threading.Event()
    busy = threading.Thread(target=append_until, args=(store, other))  # it is done though others write
    busy.start()
    try:
        soon(lambda: (place.count("stale"), place.count("requests")) == (0, 0))
    finally:
        other.set()
        busy.join()
    assert place.count("rows") == 5 + store.run("busy").result().rows
    assert stored(store, "a") == counting(1, 5).tolist()
    with refused("stale_epoch", "was begun anew meanwhile", epoch=2):
        store.rows(before, range(1, 11)).result()
    assert store.append("b", batch([1, 1])).result().epoch == 2


def append_until(store: Store, end: threading.Event) -> None:
    store.append("busy", batch([1])).result()
    while not end.wait(0.005):
        store.append("busy", batch([1])).result()


def test_a_run_is_made_once(place: Place) -> None:
    several = [place.open() for _ in range(3 if place.server else 1)]
    futures = [several[number % len(several)].append("a", batch([number])) for number in range(24)]
    assert sorted(future.result().next_seq for future in futures) == list(range(2, 26))
    assert place.count("runs") == 1
    assert sorted(row for (row,) in stored(several[0], "a")) == list(range(24))


def test_many_who_write_and_repeat_themselves_lose_and_double_nothing(place: Place) -> None:
    several = [place.open() for _ in range(2 if place.server else 1)]

    def write(writer: int) -> None:
        store = several[writer % len(several)]
        seq = 1
        for row in range(15):
            mine = batch([writer, row], [writer, row + 0.5])
            while True:
                given = Batch(mine.values, seq=seq, epoch=1)
                try:
                    stored_ = store.append("a", given).result(30).stored
                    break
                except RefusedError as refusal:  # others were first
                    seq = int(str(refusal.facts["expected"]))
            assert stored_ == 2
            for _ in range(2):  # as if the answer had been lost
                again = several[(writer + 1) % len(several)].append("a", given).result(30)
                assert (again.stored, again.duplicates) == (0, 2)

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(write, range(8)))
    rows = stored(several[0], "a")
    expected = [[writer, row + half] for writer in range(8) for row in range(15) for half in (0, 0.5)]
    assert sorted(rows) == sorted(expected)
    assert all(second == [first[0], first[1] + 0.5] for first, second in zip(rows[::2], rows[1::2], strict=True))


def test_whoever_reads_while_the_run_begins_anew_sees_one_epoch(place: Place) -> None:
    store = place.open()
    other = place.open() if place.server else store
    store.append("a", batch([1, 1])).result()
    ended = threading.Event()

    def write() -> None:
        for epoch in range(1, 40):
            for row in range(1, 4):
                other.append("a", Batch(counting(row, 1) * 0 + epoch)).result()
            other.reset("a", epoch).result()
        ended.set()

    writer = threading.Thread(target=write)
    writer.start()
    seen = 0
    while not ended.is_set():
        run = store.run("a").result()
        rows = store.rows(run, range(1, run.rows + 1)).result()
        assert len(rows) == run.rows
        assert (rows[1 if run.epoch == 1 else 0 :] == run.epoch).all()
        seen += len(rows) > 0
    writer.join()
    assert seen


@dataclass
class Kept:
    """A run as it must be."""

    epoch: int = 1
    there: bool = False
    title: str = ""
    columns: tuple[str, ...] = ()
    rows: list[list[float]] = field(default_factory=list)

    def append(self, batch: Batch) -> Any:
        """What the answer must be."""
        count, next_seq = len(batch.values), len(self.rows) + 1
        first = batch.seq or next_seq
        shorter = min(len(batch.columns), len(self.columns))
        there = self.rows[first - 1 : first - 1 + count]
        same = [row_key(row) for row in there] == [row_key(row) for row in batch.values.tolist()[: len(there)]]
        wrong = {
            "stale_epoch": batch.epoch not in (None, self.epoch),
            "columns": bool(self.columns) and batch.columns[:shorter] != self.columns[:shorter],
            "gap": first > next_seq,
            "overlap": 0 < len(there) < count,
            "conflict": not same,
            "row_invalid": bool(self.columns) and not there and not batch.columns
            and batch.values.shape[1] != len(self.columns),
        }  # fmt: skip
        if any(wrong.values()):
            return next(code for code, is_so in wrong.items() if is_so)
        if there:
            return Appended(self.epoch, 0, count, next_seq)
        if not self.columns or len(batch.columns) > len(self.columns):
            self.columns = batch.columns or tuple(map(str, range(batch.values.shape[1])))
        self.there = True
        self.title = self.title if batch.title is None else batch.title
        self.rows += batch.values.tolist()
        return Appended(self.epoch, count, 0, len(self.rows) + 1)

    def end_epoch(self, *, there: bool) -> None:
        columns, title = (self.columns, self.title) if there else ((), "")
        self.__init__(self.epoch + 1, there, title, columns)  # type: ignore[misc]


def row_key(row: Sequence[float]) -> tuple[str, ...]:
    """What makes rows the same: gaps at the end do not count."""
    words = [repr(value + 0.0) for value in row]
    while words and words[-1] == "nan":
        words.pop()
    return tuple(words)


@st.composite
def batches(draw: st.DrawFn) -> Batch:
    columns = draw(st.sampled_from(((), (), ("0",), ("0", "1"), ("0", "1", "2"), ("x", "1"))))
    width = len(columns) or draw(st.integers(1, 3))
    value = st.sampled_from((0.0, 1.0, NAN))
    rows = draw(st.lists(st.lists(value, min_size=width, max_size=width), min_size=1, max_size=3))
    return Batch(
        np.array(rows),
        columns,
        draw(st.none() | st.integers(1, 5)),
        draw(st.none() | st.integers(1, 3)),
        draw(st.sampled_from((None, None, "t", ""))),
    )


NAMES = st.sampled_from(("a", "b"))


def machine(place: Place) -> type[RuleBasedStateMachine]:
    """Whatever is asked of a store, and what must come of it."""

    class Machine(RuleBasedStateMachine):
        def __init__(self) -> None:
            super().__init__()
            Machine.count += 1
            if place.server is not None:
                self.place = keeping.in_database(place.server, place.folder)
            else:
                self.place = Place("", place.folder / str(Machine.count))
            self.store = self.place.open()
            self.kept = {"a": Kept(), "b": Kept()}

        count = 0

        @rule(name=NAMES, batch=batches())
        def append(self, name: str, batch: Batch) -> None:
            assert settled(self.store.append(name, batch)) == self.kept[name].append(batch)

        @rule(name=NAMES, epoch=st.none() | st.integers(1, 3))
        def reset(self, name: str, epoch: int | None) -> None:
            kept = self.kept[name]
            answer = settled(self.store.reset(name, epoch))
            if not kept.there:
                assert answer == "not_found"
            elif epoch not in (None, kept.epoch):
                assert answer == "stale_epoch"
            else:
                kept.end_epoch(there=True)
                assert answer == kept.epoch

        @rule(name=NAMES)
        def delete(self, name: str) -> None:
            there = self.kept[name].there
            assert settled(self.store.delete(name)) == (None if there else "not_found")
            if there:
                self.kept[name].end_epoch(there=False)

        @rule()
        def open_again(self) -> None:
            self.place.close()
            self.store = self.place.open()

        @invariant()
        def all_is_there(self) -> None:
            assert {run.name for run in self.store.runs().result()} == {
                n for n, kept in self.kept.items() if kept.there
            }
            for name, kept in self.kept.items():
                if not kept.there:
                    continue
                run = self.store.run(name).result()
                facts = (kept.epoch, kept.title, kept.columns, len(kept.rows))
                assert (run.epoch, run.title, run.columns, run.rows) == facts
                width = len(kept.columns)
                padded = [row + [NAN] * (width - len(row)) for row in kept.rows]
                assert np.array_equal(stored(self.store, name), padded, equal_nan=True)
                values = [value for row in padded for value in row if not np.isnan(value)]
                extremes = (min(values), max(values)) if values else (NAN, NAN)
                assert repr((run.low, run.high)) == repr(extremes)
                for value, row in ((run.low, run.low_row), (run.high, run.high_row)):
                    assert not values or (
                        value in padded[row - 1] and all(value not in rows for rows in padded[: row - 1])
                    )

        def teardown(self) -> None:
            self.place.close()

    return Machine


def test_whatever_is_asked_all_is_there(place: Place) -> None:
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        machine(place),
        settings=settings(
            max_examples=8 if place.server else 40,
            stateful_step_count=20,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
