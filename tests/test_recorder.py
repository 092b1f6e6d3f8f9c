"""Rows of a training loop in a file: what was recorded is what is read, at any time and whatever ends the training."""

from __future__ import annotations

import json
import logging
import math
import multiprocessing
import os
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import liveplot_cli
from hostile import mounted
from liveplot_cli import DataError, OutputError, UsageError, recording

SUFFIXES = [".csv", ".tsv", ".jsonl", ".ndjson"]


@pytest.fixture(params=SUFFIXES)
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return tmp_path / f"history{request.param}"


@pytest.fixture(autouse=True)
def no_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recording, "_PATIENCE", 0)


def warned(caplog: pytest.LogCaptureFixture) -> list[str]:
    own = [record for record in caplog.records if record.name == recording.__name__]
    return [record.getMessage() for record in own if record.levelno >= logging.WARNING]


def table(path: Path) -> tuple[tuple[str, ...], list[list[float]]]:
    """The names and the rows of a file as the readers have them, all of its columns drawn."""
    history = liveplot_cli.read(path, index="none")
    return history.columns, history.values.tolist()


# --- what is recorded is what is read ---------------------------------------------------------------------------------


def test_the_file_can_be_read_after_each_row(path: Path) -> None:
    with liveplot_cli.recorder(path) as record:
        for step in range(5):
            record(step=step, loss=1 / (1 + step))
            history = liveplot_cli.read(path, index="step")
            assert history.columns == ("loss",)
            assert history.labels.tolist() == list(range(step + 1))
            assert history.values[:, 0].tolist() == [1 / (1 + number) for number in range(step + 1)]
    assert (record.recorded, record.waiting, record.dropped) == (5, 0, 0)


def test_the_text_is_what_a_person_would_write(tmp_path: Path) -> None:
    for name in ("a.csv", "a.jsonl"):
        with liveplot_cli.recorder(tmp_path / name) as record:
            record(step=1, loss=np.float32(0.5), right=True, count=np.int64(2**62 + 1))
            record({"step": 2, "loss": math.nan}, right=None)
            record(step=2**53 + 1, loss=math.inf, count=-(10**400))
    assert (tmp_path / "a.csv").read_text() == (
        "step,loss,right,count\n1,0.5,1,4611686018427387905\n2,nan,nan,\n9007199254740993,inf,,-inf\n"
    )
    assert [json.loads(line) for line in (tmp_path / "a.jsonl").read_text().splitlines()] == [
        {"step": 1, "loss": 0.5, "right": 1, "count": 2**62 + 1},
        {"step": 2, "loss": None, "right": None},
        {"step": 2**53 + 1, "loss": "Infinity", "count": "-Infinity"},
    ]


class Scalar:
    """A number of a library that has its own."""

    def __float__(self) -> float:
        return 0.25

    def __repr__(self) -> str:
        return "Scalar()"


@pytest.mark.parametrize(
    "value", [Scalar(), np.float32(0.25), np.array(0.25), np.array([[0.25]]), np.float64(0.25), 0.25], ids=repr
)
def test_a_value_is_whatever_is_a_number(path: Path, value: object) -> None:
    with liveplot_cli.recorder(path) as record:
        record(loss=value, step=np.int8(3))
    assert table(path) == (("loss", "step"), [[0.25, 3]])


def test_lists_are_rows_without_names_or_of_the_columns(path: Path) -> None:
    with liveplot_cli.recorder(path) as record:
        record([0.5, 2])
        record(np.array([1.5, math.nan]))
    assert np.array_equal(table(path)[1], [[0.5, 2], [1.5, math.nan]], equal_nan=True)
    with liveplot_cli.recorder(path, columns=["x", "y"], reset=True) as record:
        record([0.5])
        record((1, 2), z=3)
        with pytest.raises(UsageError, match=r"4 values, for"):
            record([1, 2, 3, 4])
    columns, rows = table(path)
    assert columns == ("x", "y", "z") or path.suffix in (".jsonl", ".ndjson")
    assert rows[1] == [1, 2, 3]


def test_a_first_value_may_be_a_date_or_a_word(path: Path) -> None:
    with liveplot_cli.recorder(path) as record:
        record(day=date(2024, 3, 9), loss=2)
        record(day=datetime(2024, 3, 10, 12, 30, tzinfo=UTC), loss=1)
        record(day=np.datetime64("2024-03-11T01:02:03.000000001"), loss=1)
    history = liveplot_cli.read(path)
    assert history.labels.tolist() == [
        datetime(2024, 3, 9), datetime(2024, 3, 10, 12, 30), datetime(2024, 3, 11, 1, 2, 3)
    ]  # fmt: skip
    with liveplot_cli.recorder(path) as record, pytest.raises(UsageError, match="in every row, or in none"):
        record(loss=2)  # it goes on with the same labels
    with liveplot_cli.recorder(path, reset=True) as record:
        record(phase="warm-up, 1", loss=2)
        record(loss=1, phase='#"main"')
    assert liveplot_cli.read(path).labels.tolist() == ["warm-up, 1", '#"main"']


@pytest.mark.parametrize(
    "row",
    [
        {"loss": "high"}, {"step": 1, "phase": "warm"}, {"day": "2024-02-30", "loss": 1}, {"day": "3rd", "loss": 1},
        {"day": "n/a", "loss": 1}, {"day": "12%", "loss": 1}, {"word": "two\nlines", "loss": 1}, {"loss": [1, 2]},
        {"loss": b"1"}, {"loss": 1j}, {"loss": np.zeros(2)}, {"word": "half \ud800", "loss": 1}, {"loss": "0.5"},
        {"": 1}, {" a": 1}, {"a\n": 1}, {"a\rb": 1}, {"a\0": 1}, {"\ud800": 1}, {"x" * 1001: 1}, {"sep=;": 1},
    ],
    ids=lambda row: ascii(row)[:40],
)  # fmt: skip
def test_what_could_not_be_read_is_refused_and_decides_nothing(path: Path, row: dict[str, Any]) -> None:
    with liveplot_cli.recorder(path) as record:
        with pytest.raises(UsageError, match=r"cannot record to .*: "):
            record(row)
        assert path.read_bytes() == b""
        record(other=1)
    assert table(path) == (("other",), [[1]])


@pytest.mark.parametrize("names", [["1", "2"], ["2024-01-01"], ["nan"], ["0.5", "-"]], ids=str)
def test_a_header_that_would_be_a_row_is_refused(tmp_path: Path, names: list[str]) -> None:
    with liveplot_cli.recorder(tmp_path / "a.csv") as record, pytest.raises(UsageError, match="read as a row"):
        record(dict.fromkeys(names, 1))
    with liveplot_cli.recorder(tmp_path / "a.jsonl") as record:
        record(dict.fromkeys(names, 1))
    assert table(tmp_path / "a.jsonl")[0] == tuple(names)


HOSTILE = [
    "a,b", '"', 'x"y"', "#", "# x", "{", "[a]", "<loss>", "GIF8", "PAR1", "a\tb", "a;b|c", "sep=;;", "\ufeffa", "NA",
    "1", "loss (2)", "loss", "index", "a.b", "\x1b[31m", "ß", "損失", "=1+1", "x y", "'", "\\", "version https://git-lfs",
]  # fmt: skip
names = st.one_of(
    st.sampled_from(HOSTILE), st.text(min_size=1, max_size=6), st.text(st.sampled_from("a1,;\t\"'#|. "), min_size=1)
)
values = st.one_of(
    st.none(), st.floats(), st.integers(), st.booleans(), st.sampled_from([0, 1, 2, 2**70, 10**400, -0.0, 5e-324])
)


def expected(value: Any) -> float:
    try:
        number = math.nan if value is None else float(value)
    except OverflowError:
        return math.nan
    return number if math.isfinite(number) else math.nan


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    suffix=st.sampled_from(SUFFIXES),
    columns=st.lists(names, max_size=3, unique=True),
    rows=st.lists(st.dictionaries(names, values, min_size=1, max_size=4), min_size=1, max_size=6),
    resumes=st.sets(st.integers(0, 5)),
)
def test_what_was_recorded_is_what_is_read(
    tmp_path: Path, suffix: str, columns: list[str], rows: list[dict[str, Any]], resumes: set[int]
) -> None:
    path = tmp_path / f"any{suffix}"
    path.unlink(missing_ok=True)
    try:
        record = liveplot_cli.recorder(path, columns)
    except UsageError:
        record = liveplot_cli.recorder(path)
    recorded: list[dict[str, Any]] = []
    for number, row in enumerate(rows):
        try:
            record(row)
        except UsageError:
            continue
        recorded.append(row)
        if number in resumes:
            record.close()
            record = liveplot_cli.recorder(path)
        if all(math.isnan(expected(value)) for kept in recorded for value in kept.values()):
            continue  # of which there is no picture
        found, cells = table(path)
        assert set(found) >= {name for kept in recorded for name in kept}
        wanted = [[expected(kept.get(name)) for name in found] for kept in recorded]
        assert np.array_equal(cells, wanted, equal_nan=True)
    record.close()


@pytest.mark.parametrize("width", [1, 2, 50])
def test_no_line_lies_in_two_pages(path: Path, width: int) -> None:
    """Or a kill, which comes between two pages, would leave half a line that is taken for a row."""
    with liveplot_cli.recorder(path) as record:
        for step in range(600):
            record({"time": f"2024-01-31T00:00:{step % 60:02}", **{f"x{number}": step for number in range(width)}})
    content, start, placed = path.read_bytes(), 0, 0
    for line in content.splitlines(keepends=True):
        end = start + len(line)
        text = end - len(line.lstrip(b" "))
        assert text // 4096 == (end - 1) // 4096
        if text > start:
            placed += 1
            path.write_bytes(content[:text])  # as a kill leaves it
            steps = liveplot_cli.read(path, columns="x0", index="none").values[:, 0].tolist()
            assert steps == list(range(content[:start].count(b"2024-")))
            with liveplot_cli.recorder(path):
                assert path.read_bytes() == content[:start]
        start = end
    assert placed > 1


# --- columns ----------------------------------------------------------------------------------------------------------


def test_a_column_that_comes_up_later_widens_the_file(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path.parent.chmod(0o755)
    with liveplot_cli.recorder(path) as record:
        record(step=0, loss=1)
        path.chmod(0o640)
        old = path.open("rb")
        record(step=1, loss=0.5)
        record(step=2, loss=0.25, val_loss=0.75)
        record(step=3, loss=0.125)
        record(step=4, val_loss=0.5, loss=0.1)
        with pytest.raises(OutputError, match="another recorder has it"):
            liveplot_cli.recorder(path)
    nan = math.nan
    columns, rows = table(path)
    assert columns == ("step", "loss", "val_loss")
    assert np.array_equal(
        rows, [[0, 1, nan], [1, 0.5, nan], [2, 0.25, 0.75], [3, 0.125, nan], [4, 0.1, 0.5]], equal_nan=True
    )
    with old:  # what has the file open goes on having whole lines
        assert old.read().endswith(b"\n")
    assert path.stat().st_mode & 0o777 == 0o640
    assert warned(caplog) == []
    assert list(path.parent.iterdir()) == [path]


def test_a_wider_header_leaves_what_people_have_put_between(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"\xef\xbb\xbfstep,loss\r\n1,2\r\n# a note\n\n2,3\n")
    with liveplot_cli.recorder(path) as record:
        record(step=3, late=1)
    assert path.read_bytes() == b"step,loss,late\n1,2,\n# a note\n\n2,3,\n3,,1\n"


def test_a_link_stays_one(tmp_path: Path) -> None:
    (tmp_path / "real.csv").touch()
    (tmp_path / "a.csv").symlink_to("real.csv")
    with liveplot_cli.recorder(tmp_path / "a.csv") as record:
        record(a=1)
        record(a=2, b=3)
    assert (tmp_path / "a.csv").is_symlink()
    assert (tmp_path / "real.csv").read_text() == "a,b\n1,\n2,3\n"


# --- one writer -------------------------------------------------------------------------------------------------------


def test_a_second_recorder_is_refused_until_the_first_is_closed(path: Path) -> None:
    record = liveplot_cli.recorder(path)
    record(a=1)
    for reset in (False, True):
        with pytest.raises(OutputError, match="another recorder has it"):
            liveplot_cli.recorder(path, reset=reset)
    record(a=2)
    record.close()
    record.close()
    with pytest.raises(UsageError, match="closed"):
        record(a=3)
    with liveplot_cli.recorder(path) as record:
        record(a=3)
    assert table(path)[1] == [[1], [2], [3]]


def test_a_recorder_that_nobody_has_any_more_lets_go(path: Path) -> None:
    record = liveplot_cli.recorder(path)
    record(a=1)
    del record
    liveplot_cli.recorder(path).close()


def in_child(record: liveplot_cli.Recorder, other: Path, is_there: Any, go: Any) -> None:
    with other.open("ab") as opened:
        os.dup2(opened.fileno(), record._state.file)  # the number may become another file's
        record(a=-1)
        record.close()
        os.fstat(record._state.file)
    is_there.set()
    go.wait(30)


def test_a_forked_process_writes_nothing_and_holds_nothing(path: Path) -> None:
    fork = multiprocessing.get_context("fork")
    record = liveplot_cli.recorder(path)
    record(a=1)
    is_there, go, other = fork.Event(), fork.Event(), path.parent / "other"
    child = fork.Process(target=in_child, args=(record, other, is_there, go))
    child.start()
    try:
        assert is_there.wait(30)
        record(a=2)
        record.close()
        with liveplot_cli.recorder(path) as record:  # though the child lives
            assert child.is_alive()
            record(a=3)
    finally:
        go.set()
        child.join(30)
    assert child.exitcode == 0
    assert other.read_bytes() == b""
    assert table(path)[1] == [[1], [2], [3]]


def test_threads_write_whole_lines_and_none_twice(path: Path) -> None:
    with liveplot_cli.recorder(path) as record:

        def work(thread: int) -> None:
            for number in range(200):
                record({"thread": thread, "number": number, **({f"late {thread}": 1} if number == 100 else {})})

        threads = [threading.Thread(target=work, args=(thread,)) for thread in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    columns, rows = table(path)
    assert set(columns) == {"thread", "number", *(f"late {thread}" for thread in range(4))}
    places = columns.index("thread"), columns.index("number")
    assert sorted((row[places[0]], row[places[1]]) for row in rows) == [(t, n) for t in range(4) for n in range(200)]


# --- resuming ---------------------------------------------------------------------------------------------------------


def test_it_goes_on_where_it_ended_in_the_order_of_the_header(path: Path) -> None:
    with liveplot_cli.recorder(path) as record:
        record({"a,b": 1, "c": 2})
    with liveplot_cli.recorder(path, columns=["c"]) as record:
        record({"c": 4, "a,b": 3})
    assert table(path) == (("a,b", "c"), [[1, 2], [3, 4]])
    with liveplot_cli.recorder(path, reset=True) as record:
        assert path.read_bytes() == b""
        record(d=1)
    assert table(path) == (("d",), [[1]])


def test_half_a_line_is_cut_off_and_told(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with liveplot_cli.recorder(path) as record:
        for step in range(3):
            record(step=step, loss=step / 8)
    whole = path.read_bytes()
    last = whole.splitlines(keepends=True)[-1]
    for length in range(1, len(last)):
        path.write_bytes(whole[: -len(last) + length])
        caplog.clear()
        with liveplot_cli.recorder(path) as record:
            record(step=9, loss=1)
        (told,) = warned(caplog)
        assert "is cut off" in told
        assert table(path)[1] == [[0, 0], [1, 0.125], [9, 1]]


def test_nothing_is_cut_off_before_there_is_a_row_that_belongs_there(path: Path) -> None:
    with liveplot_cli.recorder(path) as record:
        record(step=1, loss=2)
    path.write_bytes(path.read_bytes() + b"half")
    before = path.read_bytes()
    with liveplot_cli.recorder(path) as record, pytest.raises(UsageError):
        record(step=1, loss=object())
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", b"step;loss\n1;2\n"),
        ("a.csv", b"a note of somebody"),
        ("a.csv", b"# step\n1\n"),
        ("a.csv", b"step,loss\n1,2\n3,4,5\n"),
        ("a.csv", b"step,step\n1,2\n"),
        ("a.csv", b'step,"loss\n1,2\n'),
        ("a.csv", b"\xff\xfes\0,\0a\0\n\0001\0,\0002\0\n\0"),
        ("a.csv", b"1,2\n3,4\n"),
        ("a.jsonl", b"step,loss\n1,2\n"),
        ("a.jsonl", b'{"step": 1}\n{"step"\n'),
        ("a.jsonl", b"7\n"),
    ],
)
def test_a_file_of_another_sort_is_left_as_it_is(tmp_path: Path, name: str, content: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises((DataError, UsageError)), liveplot_cli.recorder(path) as record:
        record(step=1, loss=2)
    assert path.read_bytes() == content
    with liveplot_cli.recorder(path, reset=True) as record:
        record(step=1, loss=2)
    assert table(path) == (("step", "loss"), [[1, 2]])


@pytest.mark.parametrize("name", ["a.txt", "a.csv.gz", "a.npy", "a", "there.csv"])
def test_a_path_that_makes_no_sense_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "there.csv").mkdir()
    before = sorted(tmp_path.iterdir())
    with pytest.raises(UsageError, match=r"\.csv, \.tsv, \.jsonl, \.ndjson" if name != "there.csv" else "folder"):
        liveplot_cli.recorder(tmp_path / name)
    with pytest.raises(OutputError, match="No such file"):
        liveplot_cli.recorder(tmp_path / "nowhere" / "a.csv")
    with pytest.raises(UsageError, match="one name"):
        liveplot_cli.recorder(tmp_path / "a.csv", columns=["a", "a"])
    assert sorted(tmp_path.iterdir()) == before


# --- what ends a training ---------------------------------------------------------------------------------------------

TRAINING = """
import sys, liveplot_cli
record = liveplot_cli.recorder(sys.argv[1])
start = int(sys.argv[2])
for step in range(start, start + 10**6):
    record({"step": step, "loss": step / 8, **({f"late{start}": 1} if step % 50 == 49 else {})})
    sys.stdout.write(f"{step}\\n")
    sys.stdout.flush()
"""


@pytest.mark.parametrize("suffix", [".csv", ".jsonl"])
def test_whatever_row_was_recorded_is_there_after_a_kill(tmp_path: Path, suffix: str) -> None:
    path, chance, next_step = tmp_path / f"history{suffix}", random.Random(1), 0
    for _ in range(15):
        training = subprocess.Popen(
            [sys.executable, "-c", TRAINING, str(path), str(next_step)], stdout=subprocess.PIPE, text=True
        )
        assert training.stdout is not None
        for _ in range(chance.randrange(1, 200)):
            assert training.stdout.readline()
        training.send_signal(signal.SIGKILL)
        said = [int(line) for line in training.stdout.read().split("\n")[:-1]] or [next_step]
        training.stdout.close()
        training.wait()
        history = liveplot_cli.read(path, index="none")
        steps = history.values[:, history.columns.index("step")]
        assert steps.tolist() == list(range(len(steps)))
        assert len(steps) > said[-1]
        next_step = len(steps)


def test_an_interruption_loses_no_row_and_doubles_none(path: Path) -> None:
    """Ctrl-C between any two steps of a call."""

    class Ended(BaseException):
        pass

    recorded, countdown = 0, 0

    def trace(frame: Any, event: str, _: object) -> Any:
        nonlocal countdown
        if frame.f_code.co_filename != recording.__file__ or frame.f_code.co_name in ("close", "__exit__"):
            return None
        frame.f_trace_opcodes = True
        if event == "opcode":
            countdown -= 1
            if not countdown:
                raise Ended
        return trace

    for after in range(1, 400, 3):
        with liveplot_cli.recorder(path, reset=True) as record:
            record(a=0)
            countdown = after
            before = sys.gettrace()
            sys.settrace(trace)
            try:
                record(a=1)
            except Ended:
                pass
            finally:
                sys.settrace(before)
            record(a=2)
        rows = [row for (row,) in table(path)[1]]
        assert rows in ([0, 1, 2], [0, 2]), after
        recorded += len(rows) == 3
    assert recorded > 5


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    if os.getuid():
        pytest.skip("only root may mount")
    with mounted(tmp_path / "disk", "-o", "size=16k") as disk:
        yield disk


@pytest.mark.parametrize("suffix", [".csv", ".jsonl"])
def test_a_full_disk_stops_no_training_and_costs_no_row(
    small_disk: Path, suffix: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recording, "_PAUSE", 0)
    path, ballast = small_disk / f"history{suffix}", small_disk / "ballast"
    ballast.write_bytes(bytes(8192))
    with liveplot_cli.recorder(path) as record:
        step = 0
        while record.waiting < 100:
            record(step=step, loss=step / 8)
            step += 1
        content = path.read_bytes()
        assert content.endswith(b"\n")
        rows = len(table(path)[1])
        assert rows == record.recorded == step - 100
        record(step=step, loss=0, late=3)
        assert path.read_bytes() == content
        ballast.unlink()
        record(step=step + 1, loss=1)
        assert record.waiting == 0
    rows = table(path)[1]
    assert [row[0] for row in rows] == list(range(step + 2))
    told = [line for line in warned(caplog) if "late" not in line]
    assert len(told) == 2
    assert "No space left" in told[0]
    assert "what waited is written" in told[1]


def test_memory_is_not_filled_either(
    small_disk: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recording, "_MEMORY", 1000)
    (small_disk / "ballast").write_bytes(bytes(12288))
    with liveplot_cli.recorder(small_disk / "a.csv") as record:
        for step in range(2000):
            record(step=step)
        assert record.recorded + record.waiting + record.dropped == 2000
        assert 0 < record.waiting < 300
        kept = record.recorded
    assert (record.waiting, record.dropped) == (0, 2000 - kept)
    assert table(small_disk / "a.csv")[1] == [[step] for step in range(kept)]
    assert [line.split(": ")[1][:30] for line in warned(caplog)][1:] == [
        "there is no room in memory eit", f"{2000 - kept:,} rows could not be written"[:30]
    ]  # fmt: skip


def test_with_fsync_a_row_is_on_the_disk_before_its_call_returns(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flushed: list[int] = []
    fsync = os.fsync
    monkeypatch.setattr(os, "fsync", lambda file: (flushed.append(os.fstat(file).st_size), fsync(file)))
    with liveplot_cli.recorder(path, fsync=True) as record:
        for number in range(3):
            record(a=number)
            assert flushed[-1] == path.stat().st_size
    flushed.clear()
    with liveplot_cli.recorder(path) as record:
        record(a=4)
    assert flushed == []


def test_it_is_light(tmp_path: Path) -> None:
    program = (
        "import sys, liveplot_cli\n"
        "with liveplot_cli.recorder(sys.argv[1]) as record:\n record(a=1)\n record(a=2, b=3)\n"
        "assert callable(liveplot_cli.recorder)\nprint({'numpy', 'matplotlib', 'click', 'urllib3'} & {*sys.modules})"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program, str(tmp_path / "a.csv")],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "set()\n"
    assert done.stderr == ""


def test_empty_rows_are_told_once(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with liveplot_cli.recorder(path) as record:
        for row in ({}, [], None):
            record(row)
    assert len(warned(caplog)) == 1
    assert path.read_bytes() == b""


def test_it_says_what_it_is(tmp_path: Path) -> None:
    with liveplot_cli.recorder(tmp_path / "a.csv", ["x"]) as record:
        record(x=1, y=2)
        assert record.columns == ("x", "y")
        assert repr(record).startswith("<Recorder of ")
        assert repr(record).endswith(": 1 recorded, 0 waiting, 0 dropped>")
