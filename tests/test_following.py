"""Rows that are still coming: files that grow, are cut, replaced and written by others; what there is by now."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from threading import Event, Thread
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import liveplot_cli
from liveplot_cli.errors import DataError, LimitError, UsageError
from liveplot_cli.formats.text_table import Dialect
from liveplot_cli.growing.follower import Follower
from liveplot_cli.growing.history import GrowingHistory, SoFar
from liveplot_cli.growing.lines import Rows, blocks, rows
from liveplot_cli.growing.tail import tails
from liveplot_cli.selection import Selection

NAN = float("nan")
PATIENCE = 20  # seconds


def until(seen: Callable[[], Any]) -> Any:
    """What is seen as soon as it is anything."""
    end = time.monotonic() + PATIENCE
    while not (found := seen()):
        assert time.monotonic() < end, "it never came"
        time.sleep(0.005)
    return found


class Parts:
    """A text that comes in parts."""

    def __init__(self, *parts: bytes) -> None:
        self._parts = list(parts)

    def read(self, size: int) -> bytes:
        return self._parts.pop(0) if self._parts else b""


def read(*parts: bytes, every: int = 1, window: int | None = None, **asked: Any) -> tuple[SoFar | None, list[str]]:
    """What there is of a text that comes in parts, and what was told of bad lines."""
    bad: list[str] = []
    history = GrowingHistory("x", Selection(every=every, **asked), window)
    for found in blocks(Parts(*parts), Dialect(), lambda error: bad.append(error.sentence)):
        history.add(found)
        history.so_far()
    return history.so_far(), bad


@pytest.mark.parametrize(
    ("text", "columns", "index", "labels", "values"),
    [
        ("step,loss\n1,0.5\n2,\n", ["loss"], "step", [1, 2], [[0.5], [NAN]]),
        ("1,2\n3,4\n", ["0", "1"], "row", [1, 2], [[1, 2], [3, 4]]),
        ("name,loss\nx,1\ny,2\n", ["loss"], "name", ["x", "y"], [[1], [2]]),
        ("time;loss\n2024-01-31;0,5\n2024-02-01;1\n", ["loss"], "time", ["2024-01-31", "2024-02-01"], [[0.5], [1]]),
        ('{"step": 3, "loss": 1}\n{"step": 4, "acc": 2}\n', ["loss", "acc"], "step", [3, 4], [[1, NAN], [NAN, 2]]),
        ("[1, 2]\n[3, null]\n", ["0", "1"], "row", [1, 2], [[1, 2], [3, NAN]]),
        ("epoch,step,loss\n1,10,5\n1,20,4\n2,30,3\n", ["loss"], "step", [10, 20, 30], [[5], [4], [3]]),
        ("t,loss\n0.5,5\n1.0,4\n", ["loss"], "t", [0.5, 1], [[5], [4]]),
    ],
)
def test_a_text_that_has_come_is_what_a_reader_makes_of_it(
    text: str, columns: list[str], index: str, labels: list[Any], values: list[list[float]], tmp_path: Path
) -> None:
    so_far, bad = read(text.encode())
    assert so_far is not None
    history = so_far.history
    assert (list(history.columns), history.index_name, bad) == (columns, index, [])
    assert np.array_equal(history.values, values, equal_nan=True)
    assert [history.label(row) for row in range(len(history))] == [str(label) for label in labels]
    path = tmp_path / ("x.jsonl" if text[0] in "[{" else "x.csv")
    path.write_text(text)
    whole = liveplot_cli.read(path)
    assert np.array_equal(whole.values, history.values, equal_nan=True)
    assert [whole.label(row) for row in range(len(whole))] == [history.label(row) for row in range(len(history))]


@settings(max_examples=60, deadline=None)
@given(
    table=st.lists(
        st.lists(st.sampled_from(["1", "-2.5", "", "nan", "1e3", "x", "7"]), min_size=2, max_size=2), max_size=30
    ),
    cuts=st.lists(st.integers(0, 300), max_size=6).map(sorted),
    has_header=st.booleans(),
)
def test_parts_of_any_size_are_the_same_rows_one_by_one(
    table: list[list[str]], cuts: list[int], has_header: bool
) -> None:
    text = ("a,b\n" if has_header else "") + "".join(",".join(cells) + "\n" for cells in table)
    data = text.encode()
    parts = [data[start:end] for start, end in zip([0, *cuts], [*cuts, len(data)], strict=True)]
    told: list[list[str]] = [[], []]
    single = list(rows(io.BytesIO(data), Dialect(), lambda error: told[0].append(error.sentence)))
    together = list(blocks(Parts(*filter(None, parts)), Dialect(), lambda error: told[1].append(error.sentence)))
    found = [tuple(row) for some in together for row in some.values.tolist()]
    assert repr(found) == repr([row.values for row in single])  # by which a gap equals a gap
    assert sorted(told[0]) == sorted(told[1])


def test_the_last_line_is_a_row_when_it_ends() -> None:
    so_far, bad = read(b"1,2\n3,", b"4\n5,6")
    assert so_far is not None
    assert so_far.history.values.tolist() == [[1, 2], [3, 4]]
    assert bad == ["line 3: it has no end"]
    assert read(b"1,2\n   ")[1] == []  # as a recorder fills a block up


def test_a_line_without_end_takes_no_memory() -> None:
    so_far, bad = read(b"1\n", *[b"9" * (1 << 20)] * 9, b"9\n2\n")
    assert so_far is not None
    assert so_far.history.values.tolist() == [[1], [2]]
    assert len(bad) == 1


def test_bytes_that_are_no_text_are_told() -> None:
    so_far, bad = read(b"1,2\n\xff,3\n4,5\n")
    assert so_far is not None
    assert so_far.history.values.tolist() == [[1, 2], [4, 5]]
    assert bad == ["line 2: it is not utf-8 text"]


def test_a_window_keeps_the_last_rows_and_their_numbers() -> None:
    history = GrowingHistory("x", Selection(), window=10)
    most = 0
    for start in range(0, 100_000, 250):
        history.add(Rows(np.arange(start, start + 250.0)[:, None], ("loss",), (), None))
        so_far = history.so_far()
        assert so_far is not None
        most = max(most, history._rows.nbytes)
        assert so_far.history.values[:, 0].tolist() == list(range(start + 240, start + 250))
        assert (so_far.before, so_far.history.label(9)) == (start + 240, str(start + 250))
    assert most < 20_000
    assert len(history) == 100_000


def test_what_was_given_out_stays_as_it_was() -> None:
    history = GrowingHistory("x", Selection(), window=50)
    given = []
    for start in range(0, 10_000, 50):
        history.add(Rows(np.arange(start, start + 50.0)[:, None], None, (), None))
        so_far = history.so_far()
        assert so_far is not None
        given.append((start, so_far.history))
    assert all(one.values[:, 0].tolist() == list(range(start, start + 50)) for start, one in given)


def test_every_so_many_rows_are_counted_across_parts() -> None:
    so_far, _ = read(b"1\n2\n", b"3\n4\n5\n", b"6\n7\n", every=3)
    assert so_far is not None
    assert so_far.history.values[:, 0].tolist() == [1, 4, 7]


def test_what_labels_the_rows_goes_on_though_it_falls(caplog: pytest.LogCaptureFixture) -> None:
    so_far, _ = read(b"epoch,step,loss\n1,1,5\n1,2,4\n2,3,3\n", b"1,2,9\n1,3,9\n", every=1)
    assert so_far is not None
    assert so_far.history.index_name == "step"
    assert (list(so_far.history.columns), so_far.history.labels.tolist()) == (["loss"], [1, 2, 3, 2, 3])
    assert [record.message for record in caplog.records] == ["x: step goes back in row 4, and the rows are drawn there"]
    dates = [f"2024-01-0{day},1\n".encode() for day in range(1, 5)]
    so_far, _ = read(b"date,x\n", *dates, b"soon,2\n")
    assert so_far is not None
    assert so_far.history.labels.dtype.kind == "M"
    assert "'soon' is no date" in caplog.records[-1].message


def test_columns_that_are_asked_for_may_come_up_later() -> None:
    asked = {"columns": ("val", "loss"), "index": "step"}
    first, _ = read(b'{"step": 1, "loss": 2, "x": 3}\n', **asked)
    later, _ = read(b'{"step": 1, "loss": 2}\n{"step": 2, "val": 4}\n', **asked)
    assert first is not None
    assert later is not None
    assert list(first.history.columns) == ["loss"]
    assert list(later.history.columns) == ["val", "loss"]
    with pytest.raises(UsageError, match="no column 'los'; the columns are 'loss', 'val'"):
        read(b"loss,val\n1,2\n", columns=("los",))
    assert read(b'{"step": 1, "loss": 2}\n', columns=("val",))[0] is None
    with pytest.raises(UsageError, match="no column 'stp'"):
        read(b"step,loss\n1,2\n", index="stp")


def test_words_can_label_rows_and_be_left_out_but_not_drawn() -> None:
    so_far, _ = read(b"name,a\nx,1\ny,2\n", index="none")
    assert so_far is not None
    assert so_far.history.index_name == "row"
    with pytest.raises(DataError, match="the column name holds words"):
        read(b"name,a\nx,1\ny,2\n", columns=("name",))


def test_rows_beyond_the_memory_are_refused() -> None:
    history = GrowingHistory("x", Selection(), most=1 << 20)
    history.add(Rows(np.zeros((1000, 4)), None, (), None))
    with pytest.raises(LimitError, match="rows take all the memory they may"):
        history.add(Rows(np.zeros((100_000, 4)), None, (), None))


def test_dates_are_found_once_each_and_what_is_none_is_no_time() -> None:
    history = GrowingHistory("x", Selection())
    dates = [str(np.datetime64("2024-01-01") + day) for day in range(3000)]
    for start in range(0, 3000, 600):
        labels = dates[start : start + 600]
        history.add(Rows(np.ones((600, 1)), ("a",), labels, "date"))
        history.so_far()
    history.add(Rows(np.ones((2, 1)), ("a",), ["soon", "2024-02-31"], "date"))
    so_far = history.so_far()
    assert so_far is not None
    labels = so_far.history.labels
    assert labels[2999] == np.datetime64(dates[-1])
    assert np.isnat(labels[3000:]).all()


# --- files -----------------------------------------------------------------------------------------------------------


@contextmanager
def followed(path: Path | str, window: int | None = None, **options: Any) -> Iterator[Follower]:
    with Follower(str(path), options, "train", window).following() as follower:
        yield follower


def values(follower: Follower) -> list[list[float]]:
    so_far = follower.so_far()
    return [] if so_far is None else so_far.history.values.tolist()


def has(follower: Follower, wanted: list[list[float]]) -> bool:
    return values(follower) == wanted


def test_a_file_that_is_not_there_yet_is_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "train.csv"
    with followed(path) as follower:
        time.sleep(0.05)
        path.write_text("a,b\n1,2\n")
        assert until(lambda: values(follower)) == [[1, 2]]


@pytest.mark.parametrize("header", ["a,b\n", ""])
def test_a_file_that_is_cut_or_replaced_begins_anew(tmp_path: Path, header: str) -> None:
    path = tmp_path / "train.csv"
    path.write_text(f"{header}1,2\n3,4\n5,6\n")
    with followed(path) as follower:
        until(lambda: len(values(follower)) == 3)
        path.write_text("")
        time.sleep(0.05)
        assert len(values(follower)) == 3, "until there is a row"
        with path.open("a") as file:
            file.write(f"{header}7,8\n")
        until(lambda: values(follower) == [[7, 8]])
        path.write_text(f"{header}9,9\n9,9\n9,9\n9,9\n9,9\n9,9\n")  # longer than what was read
        until(lambda: values(follower) == [[9, 9]] * 6)
        path.rename(tmp_path / "train.csv.1")
        with (tmp_path / "train.csv.1").open("a") as file:
            file.write("10,10\n")  # by who has it open still
        until(lambda: len(values(follower)) == 7)
        path.write_text(f"{header}11,12\n")
        until(lambda: values(follower) == [[11, 12]])
        path.unlink()
        time.sleep(0.05)
        path.write_text(f"{header}13,14\n")
        until(lambda: values(follower) == [[13, 14]])


WRITER = """
import os, sys, time
file = os.open(sys.argv[1], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
for number in range(10**9):
    line = b"%d,%d,%d\\n" % (number, 2 * number, 3 * number)
    for start in range(0, len(line), 5):  # in pieces, so that it can be killed in the middle of a line
        os.write(file, line[start : start + 5])
"""


def test_a_writer_that_is_killed_in_mid_line_loses_that_line_alone(tmp_path: Path) -> None:
    path = tmp_path / "train.csv"
    with followed(path) as follower:
        for _ in range(8):
            path.unlink(missing_ok=True)
            writer = subprocess.Popen([sys.executable, "-c", WRITER, str(path)])
            until(lambda: path.exists() and path.stat().st_size > 2_000)
            writer.send_signal(signal.SIGKILL)
            writer.wait()
            whole = path.read_bytes().count(b"\n")
            until(partial(has, follower, [[number, 2 * number, 3 * number] for number in range(whole)]))


def test_what_ten_thousand_rows_a_second_write_is_all_there(tmp_path: Path) -> None:
    path = tmp_path / "train.csv"
    path.write_text("step,loss\n")
    total = 30_000
    with followed(path, window=1000) as follower:

        def write() -> None:
            with path.open("a") as file:
                for start in range(0, total, 100):
                    file.writelines(f"{row},{row / 7:.3f}\n" for row in range(start, start + 100))
                    file.flush()

        thread = Thread(target=write)
        thread.start()
        so_far = until(lambda: (one := follower.so_far()) and one.before + len(one.history) == total and one)
        thread.join()
    assert len(so_far.history) == 1000
    assert so_far.history.label(999) == str(total - 1)


def test_a_pipe_ends_and_its_last_line_counts_only_if_it_does(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with followed(pipe) as follower:
        with pipe.open("w") as file:
            file.write("1,2\n3,4\n5")
        until(lambda: follower.ended)
        assert values(follower) == [[1, 2], [3, 4]]


def test_bad_lines_are_told_once_and_strictly_end_it(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "train.csv"
    path.write_text("a,b\n1,2\nx,3\n4,5\n")
    with followed(path) as follower:
        until(lambda: len(values(follower)) == 2)
    assert [record.message for record in caplog.records] == [
        "train.csv: line 3, column 'a': 'x' is no number; it is left out"
    ]
    with followed(path, strict=True) as follower:
        until(lambda: follower.ended)
        with pytest.raises(DataError, match="line 3, column 'a'"):
            follower.so_far()


@pytest.mark.parametrize(
    ("name", "options", "says"),
    [
        ("train.npy", {}, "cannot follow .*one by one in text alone"),
        ("train.csv.gz", {}, "cannot follow"),
        (".", {}, "cannot follow"),
        ("train.csv", {"transpose": True}, "'transpose' is for a file that is whole"),
        ("train.csv", {"rows": "1:"}, "'rows' is for a file that is whole"),
    ],
)
def test_what_can_not_be_followed_is_refused(tmp_path: Path, name: str, options: dict[str, Any], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        Follower(str(tmp_path / name), options, "train")


def test_a_file_that_may_not_be_read_is_told(tmp_path: Path) -> None:
    path = tmp_path / "train.csv"
    path.symlink_to(path)
    with pytest.raises(UsageError, match=r"cannot read .*Too many levels of symbolic links"):
        list(tails(path, Event(), Event()))


def test_rows_of_gaps_alone_are_waited_through() -> None:
    assert read(b"a,b\n,\nnan,\n")[0] is None
    so_far, _ = read(b"a,b\n,\n", b",3\n")
    assert so_far is not None
    assert len(so_far.history) == 2
    assert read(b"1\n2\n", b"nan\nnan\n", window=2)[0] is None
