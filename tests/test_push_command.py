"""`liveplot push`, the command, against a server that keeps what it is sent."""

from __future__ import annotations

import gzip
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from conftest import EXAMPLES, Run
from receiver import Receiver, receiving, until

Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.delenv("LIVEPLOT_TOKEN", raising=False)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    yield from receiving()


@pytest.fixture
def streaming() -> Iterator[Start]:
    """The command with a pipe to its standard input."""
    started: list[subprocess.Popen[str]] = []

    def start(*arguments: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-W", "error", "-m", "liveplot_cli", "push", *arguments],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def write(process: subprocess.Popen[str], text: str) -> None:
    assert process.stdin is not None
    process.stdin.write(text)
    process.stdin.flush()


def ended(process: subprocess.Popen[str], code: int = 0) -> str:
    """What it said, after the end of its input."""
    said, complaints = process.communicate(timeout=60)
    assert (process.returncode, said) == (code, ""), complaints
    assert "Traceback" not in complaints
    return complaints


# --- files ------------------------------------------------------------------------------------------------------------


def test_a_file_becomes_the_run_of_its_name(receiver: Receiver, liveplot: Run) -> None:
    done = liveplot("push", receiver.url, str(EXAMPLES / "digits_training.csv"), "-t", "Digits")
    assert done.stderr == f"sent 81 rows to {receiver.url}runs/digits_training\n"
    assert done.stdout == ""
    run = receiver.runs["digits_training"]
    assert (run.title, run.columns[0], len(run.rows)) == ("Digits", "epoch", 81)  # labels that are numbers come first
    assert run.column("epoch") == list(range(81))


@pytest.mark.parametrize(
    ("name", "arguments", "url", "run"),
    [
        ("my log (2).csv", [], "", "my-log-2"),
        ("Übung é.csv", [], "", "Ubung-e"),
        ("日本.csv", ["--run", "japan"], "", "japan"),
        ("a.b.csv.gz", [], "", "a.b"),
        ("a.csv", ["--run", "b"], "", "b"),
        ("a.csv", [], "runs/c", "c"),
        ("a.csv", ["--run", "c"], "runs/c/?kind=trace", "c"),
    ],
)
def test_a_run_has_the_name_it_is_given(
    receiver: Receiver, liveplot: Run, tmp_path: Path, name: str, arguments: list[str], url: str, run: str
) -> None:
    text = b"x,y\n1,2\n"
    (tmp_path / name).write_bytes(gzip.compress(text) if name.endswith(".gz") else text)
    liveplot("push", receiver.url + url, name, *arguments, "-q")
    assert receiver.runs[run].rows == [[1, 2]]


def test_an_array_has_columns_without_names(receiver: Receiver, liveplot: Run, tmp_path: Path) -> None:
    values = np.random.default_rng(1).normal(size=(2500, 3))
    values[7, 1] = np.nan
    np.save(tmp_path / "h.npy", values)
    assert "sent 2,500 rows" in liveplot("push", receiver.url, "h.npy").stderr
    assert receiver.runs["h"].columns == ["0", "1", "2"]
    stored = np.array(receiver.runs["h"].rows, dtype=float)
    assert np.array_equal(stored, values, equal_nan=True)


def test_a_file_is_read_as_it_is_for_render(receiver: Receiver, liveplot: Run, tmp_path: Path) -> None:
    (tmp_path / "h.csv").write_text("when;a;b\n2024-01-01;1,5;2\n2024-01-02;3;4\n2024-01-03;5;6\n")
    done = liveplot("push", receiver.url, "h.csv", "-y", "b,a", "--rows", "1:")
    assert "column 'when' holds no numbers and is left out" in done.stderr
    assert (receiver.runs["h"].columns, receiver.runs["h"].rows) == (["b", "a"], [[4, 3], [6, 5]])


def test_reset_begins_anew(receiver: Receiver, liveplot: Run, tmp_path: Path) -> None:
    (tmp_path / "h.csv").write_text("a,b\n1,2\n")
    for arguments in ([], [], ["--reset"]):
        liveplot("push", receiver.url, "h.csv", *arguments)
    assert (receiver.runs["h"].epoch, receiver.runs["h"].rows) == (2, [[1, 2]])


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (["nowhere", "h.csv"], 2, "no URL"),
        (["http://me:secret@h/", "h.csv"], 2, "user's name or password"),
        (["URL", "none.csv"], 2, "no file"),
        (["URL", "h.csv", "--run", "a/b"], 2, "no name of a run"),
        (["URL", "h.csv", "--timeout", "soon"], 2, "not a number of seconds"),
        (["URL", "h.csv", "--token-file", "none"], 2, "cannot read the token"),
        (["URL", "bad.csv"], 3, "line 2"),
        (["URL", "gaps.csv", "--strict"], 3, "allows no gap"),
        (["URL", "wide.npy"], 6, "10,001 columns"),
        (["URL", "-"], 2, "the run has no name"),
        (["URL", "日本.csv"], 2, "the run has no name"),
        (["URL", "-", "--run", "a", "--rows", "1:"], 2, "is for files"),
    ],
    ids=str,
)
def test_what_makes_no_sense_is_told_before_anything_is_sent(
    receiver: Receiver, liveplot: Run, tmp_path: Path, arguments: list[str], code: int, sentence: str
) -> None:
    (tmp_path / "h.csv").write_text("a,b\n1,2\n")
    (tmp_path / "日本.csv").write_text("a,b\n1,2\n")
    (tmp_path / "bad.csv").write_text("a,b\n1,x\n")
    (tmp_path / "gaps.csv").write_text("a,b\n1,\n")
    np.save(tmp_path / "wide.npy", np.ones((2, 10_001)))
    done = liveplot("push", *(receiver.url if word == "URL" else word for word in arguments), code=code)
    assert sentence in done.stderr
    assert "secret" not in done.stderr
    assert receiver.runs == {}


def test_a_service_that_is_away_is_code_4_and_the_rows_wait(receiver: Receiver, liveplot: Run, tmp_path: Path) -> None:
    (tmp_path / "h.csv").write_text("a,b\n" + "1,2\n" * 1500)
    receiver.stop()
    done = liveplot("push", receiver.url, "h.csv", "--timeout", "0.5", code=4)
    assert "0 of 1,500 rows are sent, 1,500 wait on the disk" in done.stderr
    receiver.start()
    done = liveplot("push", f"{receiver.url}runs/h", "-q")  # with nothing of its own
    assert receiver.runs["h"].rows == [[1, 2]] * 1500
    assert liveplot("push", f"{receiver.url}runs/h").stderr == f"sent 0 rows to {receiver.url}runs/h\n"


def test_without_a_spool_they_do_not_wait(receiver: Receiver, liveplot: Run, tmp_path: Path) -> None:
    (tmp_path / "h.csv").write_text("a,b\n1,2\n")
    receiver.stop()
    done = liveplot("push", receiver.url, "h.csv", "--timeout", "0.3", "--no-spool", code=4)
    assert "(Connection refused): 0 of 1 rows are sent\n" in done.stderr
    assert not (tmp_path / "state").exists()


def test_a_service_that_refuses_is_code_4_and_is_not_asked_over_and_over(
    receiver: Receiver, liveplot: Run, tmp_path: Path
) -> None:
    np.save(tmp_path / "h.npy", np.ones((300_000, 2)))
    receiver.always = 422
    done = liveplot("push", receiver.url, "h.npy", code=4)
    assert "422: as it was told: 422" in done.stderr
    assert len(receiver.asked) < 200


def test_a_token_that_is_wanted_is_told(liveplot: Run, tmp_path: Path) -> None:
    (tmp_path / "h.csv").write_text("a,b\n1,2\n")
    (tmp_path / "token").write_text("let-me-in\n")
    for receiver in receiving("let-me-in"):
        done = liveplot("push", receiver.url, "h.csv", "--no-spool", code=4)
        assert "LIVEPLOT_TOKEN" in done.stderr
        liveplot("push", receiver.url, "h.csv", "--token-file", "token")
        assert receiver.runs["h"].rows == [[1, 2]]


# --- streams ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "second"),
    [("a,b\n1,2\n", "3,4\n"), ('{"a": 1, "b": 2}\n', '{"b": 4, "a": 3}\n')],
    ids=["table", "JSON lines"],
)
def test_each_line_is_sent_as_it_comes(receiver: Receiver, streaming: Start, first: str, second: str) -> None:
    process = streaming(f"{receiver.url}runs/s", "-")
    write(process, first)
    until(lambda: "s" in receiver.runs and receiver.runs["s"].rows == [[1, 2]])
    write(process, second)
    until(lambda: receiver.runs["s"].rows == [[1, 2], [3, 4]])
    assert ended(process) == f"sent 2 rows to {receiver.url}runs/s\n"
    assert receiver.runs["s"].columns == ["a", "b"]


def test_a_bad_line_is_told_and_left_out_or_ends_it(receiver: Receiver, streaming: Start) -> None:
    text = "a,b\n1,2\n3\n" + "x,y\n" * 20 + "5,6\n"
    process = streaming(receiver.url, "--run", "s")
    write(process, text)
    said = ended(process)
    assert "liveplot: line 3: 1 cell where line 1 has 2; it is left out" in said
    assert "11 more lines are left out" in said
    assert said.count("left out") == 11
    assert receiver.runs["s"].rows == [[1, 2], [5, 6]]
    process = streaming(receiver.url, "--run", "strict", "--strict")
    write(process, text)
    assert "Error: line 3: 1 cell" in ended(process, code=3)
    assert receiver.runs["strict"].rows == [[1, 2]]


def test_words_before_the_rows_are_left_out(receiver: Receiver, streaming: Start) -> None:
    process = streaming(receiver.url, "--run", "s")
    write(process, "Using device: cpu\nstep,loss\n1,2\n")
    said = ended(process)
    assert "line 1: it is neither a row nor a header of one; it is left out" in said
    assert receiver.runs["s"].columns == ["step", "loss"]
    assert receiver.runs["s"].rows == [[1, 2]]


@pytest.mark.parametrize("text", ["step=1 loss=2\n" * 4, "[INFO] no number\n" * 30, "\0" * 100 + "\n"])
def test_a_stream_without_a_row_is_code_3(receiver: Receiver, streaming: Start, text: str) -> None:
    process = streaming(receiver.url, "--run", "s")
    write(process, text)
    said = ended(process, code=3)
    count = text.count("\n")
    assert f"Error: none of {count} lines holds a row; sent 0 rows to {receiver.url}runs/s\n" in said
    assert "s" not in receiver.runs


def test_a_pipe_by_its_name_is_a_stream(receiver: Receiver, streaming: Start, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "loss.csv")
    process = streaming(receiver.url, str(tmp_path / "loss.csv"))
    with (tmp_path / "loss.csv").open("w") as pipe:
        pipe.write("1,2\n")
        pipe.flush()
        until(lambda: "loss" in receiver.runs)
    ended(process)
    assert receiver.runs["loss"].rows == [[1, 2]]


def test_ctrl_c_is_130_and_sends_what_has_come(receiver: Receiver, streaming: Start) -> None:
    process = streaming(f"{receiver.url}runs/s", "-")
    write(process, "1,2\n")
    until(lambda: "s" in receiver.runs)
    write(process, "3,4\n")
    process.send_signal(signal.SIGINT)
    complaints = ended(process, code=-signal.SIGINT)
    assert complaints == "Aborted.\n"
    assert receiver.runs["s"].rows[0] == [1, 2]


def test_a_stream_outlives_the_service(receiver: Receiver, streaming: Start) -> None:
    process = streaming(f"{receiver.url}runs/s", "-")
    for number in range(40):
        write(process, f"{number}\n")
        if number == 10:
            until(lambda: "s" in receiver.runs)
            receiver.stop()
    receiver.start()
    assert "sent 40 rows" in ended(process)
    assert receiver.runs["s"].column("0") == list(range(40))
