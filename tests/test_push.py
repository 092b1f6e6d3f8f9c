"""The client of the live service, against a real server that fails in every way that a network has."""

from __future__ import annotations

import json
import logging
import os
import signal
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import liveplot_cli
from liveplot_cli import UsageError
from liveplot_cli.client import delivery, remote
from liveplot_cli.service import runs
from receiver import Fault, Receiver, Run, receiving, until

Script = Callable[..., subprocess.Popen[str]]


@pytest.fixture(autouse=True)
def own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user's own folders; hands back that of the spools."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.delenv("LIVEPLOT_TOKEN", raising=False)
    return tmp_path / "state" / "liveplot" / "spool"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    yield from receiving()


@pytest.fixture
def script() -> Iterator[Script]:
    """Run a program in a process of its own, which ends with the test."""
    started: list[subprocess.Popen[str]] = []

    def start(program: str, *arguments: str) -> subprocess.Popen[str]:
        code = f"import os, sys, time, liveplot_cli\nurl, *more = sys.argv[1:]\n{program}"
        process = subprocess.Popen(
            [sys.executable, "-W", "error", "-c", code, *arguments],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def warned(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]


def posted(receiver: Receiver) -> list[bytes]:
    return [body for _, method, path, body in receiver.asked if method == "POST" and path.endswith("/rows")]


# --- what it sends ----------------------------------------------------------------------------------------------------


def test_rows_arrive_by_their_names(receiver: Receiver) -> None:
    with liveplot_cli.push(receiver.url, "digits", title="Digits") as push:
        push(step=1, loss=0.5)
        push({"step": 2, "loss": 0.25})
        push(step=3, loss=np.float32(0.125))
    run = receiver.runs["digits"]
    assert (run.title, run.columns, run.rows) == ("Digits", ["step", "loss"], [[1, 0.5], [2, 0.25], [3, 0.125]])
    assert (push.sent, push.waiting, push.dropped) == (3, 0, 0)


@pytest.mark.parametrize(
    "row",
    [[0.5, 2], (0.5, 2), np.array([0.5, 2]), iter([0.5, 2]), [np.float64(0.5), np.int8(2)], [True / 2, 2]],
    ids=["list", "tuple", "array", "iterator", "NumPy's numbers", "an expression"],
)
def test_rows_are_whatever_holds_numbers(receiver: Receiver, row: object) -> None:
    with liveplot_cli.push(receiver.url, "a") as push:
        push(row)
        push(7)
    assert receiver.runs["a"].rows == [[0.5, 2], [7, None]]
    assert receiver.runs["a"].columns == ["0", "1"]


def test_columns_name_what_is_in_lists(receiver: Receiver) -> None:
    with liveplot_cli.push(receiver.url, "a", columns=["x", "y"]) as push:
        push([1, 2])
        push(y=4, z=5)
    assert receiver.runs["a"].columns == ["x", "y", "z"]
    assert [receiver.runs["a"].column(name) for name in "xyz"] == [[1, None], [2, 4], [None, 5]]


def test_a_name_that_comes_later_widens_the_run_and_one_that_is_missing_is_a_gap(receiver: Receiver) -> None:
    with liveplot_cli.push(receiver.url, "a") as push:
        push(loss=1)
        until(lambda: push.sent)
        push(loss=2, accuracy=0.5)
        push(accuracy=0.75)
    run = receiver.runs["a"]
    assert (run.column("loss"), run.column("accuracy")) == ([1, 2, None], [None, 0.5, 0.75])


def test_what_is_no_number_is_a_gap_and_told_once(receiver: Receiver, caplog: pytest.LogCaptureFixture) -> None:
    class Angry:
        def __float__(self) -> float:
            raise RuntimeError("no")

    with liveplot_cli.push(receiver.url, "a") as push:
        for value in (float("nan"), float("inf"), -np.inf, None, "0.5", b"1", Angry(), 10**400, [1], 3):
            push(step=1, loss=value)
        push([1, "x"])
    assert receiver.runs["a"].column("loss") == [None] * 9 + [3, None]
    assert len(warned(caplog)) == 1
    assert "is no number, and 'loss' has a gap there" in warned(caplog)[0]


@pytest.mark.parametrize("name", ["", "x" * 201, "half \ud800", "nul \0"], ids=ascii)
def test_a_name_that_no_column_can_have_is_left_out(
    receiver: Receiver, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    with liveplot_cli.push(receiver.url, "a") as push:
        push({name: 1, "loss": 2})
        push({name: 1})
        push()
        push([])
    assert receiver.runs["a"].columns == ["loss"]
    assert receiver.runs["a"].rows[0] == [2]
    assert len(warned(caplog)) == 2


def test_a_run_goes_on_where_it_ended_with_its_columns_where_they_are(receiver: Receiver) -> None:
    with liveplot_cli.push(receiver.url, "a") as push:
        push(step=1, loss=10)
    with liveplot_cli.push(receiver.url, "a") as push:
        push(accuracy=0.5, loss=20, step=2)
    with liveplot_cli.push(receiver.url, "a") as push:
        push([3, 30])
    run = receiver.runs["a"]
    assert run.columns == ["step", "loss", "accuracy"]
    assert run.rows == [[1, 10], [2, 20, 0.5], [3, 30, None]]


def test_reset_begins_anew(receiver: Receiver) -> None:
    for loss in (1, 2):
        with liveplot_cli.push(receiver.url, "a", reset=True) as push:
            push(loss=loss)
    assert (receiver.runs["a"].epoch, receiver.runs["a"].rows) == (2, [[2]])


def test_batches_are_small_enough_and_not_many(receiver: Receiver) -> None:
    with liveplot_cli.push(receiver.url, "a") as push:
        for step in range(5000):
            push(step=step, loss=0.1)
    assert receiver.runs["a"].column("step") == list(range(5000))
    assert max(len(json.loads(body)["rows"]) for body in posted(receiver)) == 1000
    assert len(posted(receiver)) < 30


def test_the_widest_rows_fit(receiver: Receiver, caplog: pytest.LogCaptureFixture) -> None:
    wide = np.full(10_000, -1.2345678901234567e-100)
    with liveplot_cli.push(receiver.url, "a") as push:
        for _ in range(7):
            push(wide)
        push(np.append(wide, 1))
    assert receiver.runs["a"].rows == [wide.tolist()] * 8
    assert max(map(len, posted(receiver))) < 700_000
    assert len(warned(caplog)) == 1


def test_few_values_among_many_columns_of_others_fit(receiver: Receiver) -> None:
    with liveplot_cli.push(receiver.url, "a") as push:
        push(range(900))
        until(lambda: push.sent)
        for step in range(300):
            push(step=step)
        push.flush()
    assert [value for value in receiver.runs["a"].column("step") if value is not None] == list(range(300))
    assert max(map(len, posted(receiver))) < 700_000


def test_a_first_row_waits_no_longer_than_it_must(receiver: Receiver) -> None:
    with liveplot_cli.push(receiver.url, "a") as push:
        time.sleep(0.3)
        begun = time.monotonic()
        push(loss=1)
        until(lambda: push.sent)
        push(loss=1)
        until(lambda: push.sent == 2)
    times = [when - begun for when, method, _, _ in receiver.asked if method == "POST"]
    assert times[0] > 0.15
    assert times[1] - times[0] > 0.15
    assert times[1] < 3


def test_rows_of_several_threads_all_arrive(receiver: Receiver) -> None:
    with liveplot_cli.push(receiver.url, "a") as push:

        def count(name: str) -> None:
            for number in range(500):
                push({name: number})

        threads = [threading.Thread(target=count, args=[name]) for name in "abcd"]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    for name in "abcd":
        assert [value for value in receiver.runs["a"].column(name) if value is not None] == list(range(500))


# --- wrong use --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("127.0.0.1:8000", "no URL such as"),
        ("ftp://host/", "no URL such as"),
        ("http:///x", "no URL such as"),
        ("http://me:secret@host/", "user's name or password"),
        ("http://me@host/", "user's name or password"),
        ("http://host:99999/", "no URL"),
        ("http://[::1/", "no URL"),
        ("http://ho st/", "no URL"),
        ("http://host/\r\nX: y", "no URL"),
        ("http://hôst/", "no URL"),
        ("http://host/runs/b", "give one of them"),
    ],
)
def test_a_url_that_is_none_is_refused_at_once(url: str, sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence) as error:
        liveplot_cli.push(url, "a")
    assert "secret" not in str(error.value)


@pytest.mark.parametrize("run", ["", ".", "..", ".hidden", "a/b", "a b", "ä", "a" * 129, "a\n", "-x", "../../etc"])
def test_a_run_that_can_have_no_such_name_is_refused_at_once(run: str) -> None:
    with pytest.raises(UsageError, match="no name of a run"):
        liveplot_cli.push("http://127.0.0.1:1/", run)


@pytest.mark.parametrize(
    "options", [{"title": "x" * 201}, {"columns": ["a", "a"]}, {"columns": [""]}, {"token": "two words"},
                {"token_file": "/nowhere/token"}, {"title": "\ud800"}], ids=str,
)  # fmt: skip
def test_options_that_make_no_sense_are_refused_at_once(options: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        liveplot_cli.push("http://127.0.0.1:1/", "a", **options)


def test_a_run_is_found_by_the_address_of_its_page() -> None:
    for url, service, run in [
        ("http://Host/runs/a", "http://host", "a"),
        ("http://host:80/runs/a/?kind=line#row", "http://host", "a"),
        ("https://[::1]:9000/plots/runs/a.b-c_1", "https://[::1]:9000/plots", "a.b-c_1"),
        ("http://host:8000/runs/%61", "http://host:8000", "a"),
    ]:
        found = remote.find_run(url)
        assert (found.service, found.run, remote.find_run(str(found))) == (service, run, found)
    assert remote.find_run("http://h/plots/?x=1#code=abc", "a").service == "http://h/plots"
    with pytest.raises(UsageError, match="has no name"):
        remote.find_run("http://host/")


def test_localhost_is_where_the_service_listens() -> None:
    for url in ("http://localhost:8000/", "http://LOCALHOST:8000", "http://127.0.0.1:8000/"):
        assert remote.find_run(url, "a").service == "http://127.0.0.1:8000"
    for url in ("https://localhost:8000", "http://localhost.evil.example:8000", "http://[::1]:8000"):
        assert remote.find_run(url, "a").service == url


def test_a_name_is_taken_here_if_the_service_takes_it() -> None:
    assert remote.RUN_NAME.pattern == runs._NAME.pattern


@given(st.text())
def test_any_words_become_the_name_of_a_run(words: str) -> None:
    name = remote.run_name(words)
    assert remote.RUN_NAME.fullmatch(name) if name else not any(one.isascii() and one.isalnum() for one in words)


# --- the token --------------------------------------------------------------------------------------------------------


def tokens(folder: Path, address: str) -> None:
    folder.mkdir(parents=True)
    (folder / "address").write_text(f"{address}\n")
    (folder / "token").write_text("s3cret-in-folder\n")


def test_the_token_is_that_of_the_service_on_this_machine_but_for_no_other(tmp_path: Path) -> None:
    tokens(tmp_path / "data" / "liveplot", "http://127.0.0.1:8000/")
    own, other = remote.find_run("http://127.0.0.1:8000", "a"), remote.find_run("http://127.0.0.1:8001", "a")
    assert remote.own_token(own, None) == "s3cret-in-folder"
    assert remote.own_token(other, None) == ""
    assert remote.own_token(own, tmp_path / "elsewhere") == ""
    (tmp_path / "data" / "liveplot" / "token").write_text("two lines\nof it")
    assert remote.own_token(own, None) == ""


def test_the_token_given_goes_first_then_the_variable_then_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (file := tmp_path / "token").write_text("in-file\n")
    assert remote.find_token(None, file) == "in-file"
    monkeypatch.setenv("LIVEPLOT_TOKEN", "in-variable")
    assert remote.find_token(None, file) == "in-variable"
    assert remote.find_token("given", file) == "given"


def test_a_token_is_shown_to_the_service_it_is_for_and_to_no_other(tmp_path: Path) -> None:
    for own in receiving("s3cret-in-folder"):
        tokens(tmp_path / "data" / "liveplot", own.url)
        for other in receiving("another"):
            for receiver in (own, other):
                with liveplot_cli.push(receiver.url, "a", spool=False) as push:
                    push(step=1)
            assert own.runs["a"].rows == [[1]]
            assert other.runs == {}
            assert other.shown == {""}


def test_a_service_that_wants_a_token_is_asked_no_more_and_rows_wait_for_who_has_it(
    caplog: pytest.LogCaptureFixture, own_state: Path
) -> None:
    for receiver in receiving(token="the-right-token"):
        with liveplot_cli.push(receiver.url, "a", token="wr0ng-token") as push:
            for step in range(10):
                push(step=step)
                time.sleep(0.02)
        assert (push.sent, push.dropped) == (0, 0)
        assert len(receiver.asked) == 1
        assert "wr0ng" not in caplog.text + repr(push)
        assert len(warned(caplog)) == 2
        with liveplot_cli.push(receiver.url, "a", token="the-right-token") as push:
            push(step=10)
        assert receiver.runs["a"].column("step") == list(range(11))
        assert not list(own_state.iterdir())


# --- trouble ----------------------------------------------------------------------------------------------------------


def test_a_service_that_comes_later_gets_everything(receiver: Receiver, caplog: pytest.LogCaptureFixture) -> None:
    receiver.stop()
    with liveplot_cli.push(receiver.url, "a") as push:
        for step in range(30):
            push(step=step)
            time.sleep(0.05)
        assert (push.sent, push.waiting) == (0, 30)
        receiver.start()
        until(lambda: push.sent == 30)
        push(step=30)
    assert receiver.runs["a"].column("step") == list(range(31))
    away, back = warned(caplog)
    assert "does not take rows (Connection refused); they are kept" in away
    assert "takes rows again" in back


def test_a_service_that_is_killed_and_started_again_and_again_has_each_row_once(
    receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    with liveplot_cli.push(receiver.url, "a") as push:
        for step in range(600):
            push(step=step)
            time.sleep(0.002)
            if step % 150 == 50:
                receiver.stop()
            if step % 150 == 100:
                receiver.start()
        until(lambda: push.sent == 600)
    assert receiver.runs["a"].column("step") == list(range(600))
    assert len(warned(caplog)) <= 3  # what comes and goes is told once in a while


def test_an_answer_that_is_lost_doubles_nothing(receiver: Receiver) -> None:
    receiver.faults = ["cut after storing", "cut", "cut after storing", None, "cut after storing", 503, None]
    with liveplot_cli.push(receiver.url, "a") as push:
        for step in range(40):
            push(step=step)
            time.sleep(0.03)
        until(lambda: push.sent == 40)
    assert receiver.runs["a"].column("step") == list(range(40))
    first, *again = posted(receiver)[:4]
    assert again == [first] * 3


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504, 507])
def test_what_passes_is_waited_for(receiver: Receiver, status: int) -> None:
    receiver.faults = [status, status]
    with liveplot_cli.push(receiver.url, "a") as push:
        push(loss=1)
    assert receiver.runs["a"].rows == [[1]]
    assert len({*posted(receiver)}) == 1
    assert (push.sent, push.dropped) == (1, 0)


def test_a_service_that_asks_for_patience_has_it(receiver: Receiver) -> None:
    receiver.patience = "2"
    receiver.faults = [503]
    with liveplot_cli.push(receiver.url, "a") as push:
        push(loss=1)
    first, second = (when for when, _, path, _ in receiver.asked if path.endswith("/rows"))
    assert second - first >= 2
    assert push.sent == 1


@pytest.mark.parametrize("status", [400, 404, 405, 413, 415, 422, 301, 307])
def test_what_is_refused_is_sent_once_counted_and_told_once(
    receiver: Receiver, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    receiver.always = status
    with liveplot_cli.push(receiver.url, "a") as push:
        for step in range(20):
            push(step=step)
            time.sleep(0.03)
    assert (push.sent, push.waiting, push.dropped) == (0, 0, 20)
    assert len({*posted(receiver)}) == len(posted(receiver))
    assert sum(len(json.loads(body)["rows"]) for body in posted(receiver)) == 20
    assert len(warned(caplog)) == 1
    assert f"refused and left out ({status}: as it was told: {status})" in warned(caplog)[0]


def test_a_server_that_is_no_liveplot_is_told(caplog: pytest.LogCaptureFixture, receiver: Receiver) -> None:
    receiver.always = 200  # with other facts than an append has
    with liveplot_cli.push(receiver.url, "a") as push:
        push(loss=1)
    assert push.dropped == 1
    assert "it is no liveplot service" in warned(caplog)[0]


def test_a_slow_service_does_not_slow_the_loop(receiver: Receiver) -> None:
    receiver.always = 0.4
    with liveplot_cli.push(receiver.url, "a") as push:
        longest = 0.0
        for step in range(300):
            begun = time.perf_counter()
            push(step=step, loss=1.0)
            longest = max(longest, time.perf_counter() - begun)
            time.sleep(0.004)
        assert longest < 0.2
        receiver.always = None
    assert receiver.runs["a"].column("step") == list(range(300))


def test_a_service_that_hangs_lets_the_end_come(receiver: Receiver, own_state: Path) -> None:
    receiver.always = 30.0
    push = liveplot_cli.push(receiver.url, "a")
    push(loss=1)
    until(lambda: posted(receiver))
    push(loss=2)
    begun = time.monotonic()
    push.close(timeout=0.3)
    assert time.monotonic() - begun < 5
    assert push.waiting == 2
    receiver.always = None
    with liveplot_cli.push(receiver.url, "a") as push:
        push(loss=3)
    assert receiver.runs["a"].column("loss") == [1, 2, 3]
    assert (push.sent, push.taken_over) == (3, 2)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    faults=st.lists(st.sampled_from(["cut", "cut after storing", 500, 503, 429, 0.01, None]), max_size=12),
    closes=st.lists(st.integers(1, 39), max_size=3),
)
def test_whatever_fails_each_row_arrives_once(
    faults: list[Fault], closes: list[int], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(delivery, "_FIRST_DELAY", 0.002)
    for receiver in receiving():
        receiver.faults = list(faults)
        push = liveplot_cli.push(receiver.url, "a", spool=tmp_path / "spool")
        for step in range(40):
            push(step=step)
            time.sleep(0.004)
            if step in closes:  # and another process goes on
                push.close(timeout=0.02)
                push = liveplot_cli.push(receiver.url, "a", spool=tmp_path / "spool")
        push.close(timeout=20)
        assert receiver.runs["a"].column("step") == list(range(40))
        assert not list((tmp_path / "spool").iterdir()) if (tmp_path / "spool").exists() else True


# --- other writers, and a run that is reset ---------------------------------------------------------------------------


def test_rows_go_on_behind_those_of_another_writer(receiver: Receiver, caplog: pytest.LogCaptureFixture) -> None:
    with liveplot_cli.push(receiver.url, "a") as one, liveplot_cli.push(receiver.url, "a") as other:
        for step in range(20):
            one(step=step)
            other(step=100 + step)
            time.sleep(0.03)
    steps = receiver.runs["a"].column("step")
    assert [step for step in steps if step < 100] == list(range(20))
    assert [step for step in steps if step >= 100] == list(range(100, 120))
    assert 1 <= len(warned(caplog)) <= 2
    assert "another writes to the run" in warned(caplog)[0]


def test_rows_go_on_where_a_store_that_was_restored_ends(receiver: Receiver, caplog: pytest.LogCaptureFixture) -> None:
    with liveplot_cli.push(receiver.url, "a") as push:
        for step in range(5):
            push(step=step)
        until(lambda: push.sent == 5)
        del receiver.runs["a"].rows[2:]
        push(step=5)
    assert receiver.runs["a"].column("step") == [0, 1, 5]
    assert "row 3 comes next, and not 6" in warned(caplog)[0]


def test_columns_that_another_writer_adds_stay_where_they_are(receiver: Receiver) -> None:
    with liveplot_cli.push(receiver.url, "a") as push:
        push(loss=1)
        until(lambda: push.sent == 1)
        with liveplot_cli.push(receiver.url, "a") as other:
            other(rate=9)
        push(loss=2)
        until(lambda: push.sent == 2)
        push(loss=3, accuracy=0.5)
    run = receiver.runs["a"]
    assert run.columns == ["loss", "rate", "accuracy"]
    assert [run.column(name) for name in run.columns] == [[1, None, 2, 3], [None, 9, None, None], [None] * 3 + [0.5]]


def test_rows_of_before_a_reset_do_not_come_after_it(receiver: Receiver, caplog: pytest.LogCaptureFixture) -> None:
    with liveplot_cli.push(receiver.url, "a") as push:
        push(step=1)
        until(lambda: push.sent == 1)
        receiver.stop()
        for _ in range(10):
            push(step=2)
        receiver.runs["a"] = Run(epoch=2)  # by somebody else, before what waits here can come
        receiver.start()
        with liveplot_cli.push(receiver.url, "a", spool=False) as other:
            other(step=50)
            until(lambda: other.sent == 1)
        until(lambda: push.dropped == 10)
        push(step=51)
    assert (receiver.runs["a"].epoch, receiver.runs["a"].column("step")) == (2, [50, 51])
    assert any("the run was reset meanwhile; 10 rows from before that are left out" in said for said in warned(caplog))


def test_a_reset_that_could_not_be_done_yet_is_done_by_the_next_process(receiver: Receiver) -> None:
    with liveplot_cli.push(receiver.url, "a") as push:
        push(step=1)
    receiver.stop()
    push = liveplot_cli.push(receiver.url, "a", reset=True)
    push(step=2)
    push.close(timeout=0.2)
    receiver.start()
    with liveplot_cli.push(receiver.url, "a") as push:
        push(step=3)
    assert (receiver.runs["a"].epoch, receiver.runs["a"].column("step")) == (2, [2, 3])


def test_rows_that_were_left_are_given_up_for_a_reset(receiver: Receiver, caplog: pytest.LogCaptureFixture) -> None:
    receiver.stop()
    push = liveplot_cli.push(receiver.url, "a")
    push(step=1)
    push.close(timeout=0.1)
    receiver.start()
    with liveplot_cli.push(receiver.url, "a", reset=True) as push:
        push(step=2)
    assert receiver.runs["a"].column("step") == [2]
    assert "1 row that an earlier push has left are given up" in caplog.text


# --- no room ----------------------------------------------------------------------------------------------------------


def test_without_a_spool_the_newest_rows_are_dropped_and_counted(
    receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    receiver.stop()
    with liveplot_cli.push(receiver.url, "a", spool=False, memory=8 * 18 * 50) as push:
        for step in range(80):
            push(step=step, loss=1)
        assert (push.waiting, push.dropped) == (50, 30)
        receiver.start()
        until(lambda: push.sent == 50)
        push(step=80, loss=1)
    assert receiver.runs["a"].column("step") == [*range(50), 80]
    assert sum("no room for more rows" in said for said in warned(caplog)) == 1


def test_a_spool_has_a_bound(receiver: Receiver, own_state: Path) -> None:
    receiver.stop()
    with liveplot_cli.push(receiver.url, "a", disk=2000, memory=8 * 17 * 100) as push:
        for step in range(400):
            push(step=step)
            time.sleep(0.01)
        assert sum(path.stat().st_size for path in own_state.iterdir()) <= 2000
        assert push.dropped > 0
        kept = push.waiting
        receiver.start()
        until(lambda: push.sent == kept)
    assert receiver.runs["a"].column("step") == list(range(kept))
    assert push.sent + push.dropped == 400


def test_a_disk_that_is_full_loses_nothing_that_memory_holds(receiver: Receiver, script: Script) -> None:
    receiver.stop()
    program = """
import resource
resource.setrlimit(resource.RLIMIT_FSIZE, (1500, 1500))
push = liveplot_cli.push(url, "a")
for step in range(200):
    push(step=step)
    time.sleep(0.01)
print(push.waiting, push.dropped, flush=True)
input()
time.sleep(1)
push.close(timeout=20)
print(push.sent)
"""
    process = script(program, receiver.url)
    assert process.stdout is not None
    assert process.stdout.readline() == "200 0\n"
    receiver.start()
    said, complaints = process.communicate("\n", timeout=60)
    assert (process.returncode, said) == (0, "200\n"), complaints
    assert receiver.runs["a"].column("step") == list(range(200))


@pytest.mark.parametrize("place", ["file", "closed"])
def test_a_folder_that_cannot_hold_a_spool_is_no_trouble(receiver: Receiver, tmp_path: Path, place: str) -> None:
    (tmp_path / "file").touch()
    spool = tmp_path / "file" if place == "file" else Path("/proc/none/spool")
    receiver.stop()
    with liveplot_cli.push(receiver.url, "a", spool=spool) as push:
        push(step=1)
        time.sleep(1)
        receiver.start()
        until(lambda: push.sent == 1)
    assert receiver.runs["a"].column("step") == [1]


# --- what the next process finds --------------------------------------------------------------------------------------

WRITES = """
push = liveplot_cli.push(url, "a")
for step in range(10**6):
    push(step=step)
    print(step, flush=True)
    time.sleep(0.01)
"""


def read_on(process: subprocess.Popen[str], enough: int) -> int:
    assert process.stdout is not None
    for line in process.stdout:
        if int(line) >= enough:
            break
    return int(line)


def last_spooled(state: Path) -> int:
    """The last step that stands on the disk in a whole line."""
    lines = [line for spool in state.glob("*.jsonl") for line in spool.read_bytes().splitlines(keepends=True)[2:]]
    return max((json.loads(line)["rows"][-1][0] for line in lines if line.endswith(b"\n")), default=-1)


def test_rows_of_a_process_that_was_killed_come_with_the_next_push(
    receiver: Receiver, script: Script, own_state: Path
) -> None:
    receiver.stop()
    process = script(WRITES, receiver.url)
    last = read_on(process, 200)
    process.kill()
    process.wait()
    (spool,) = own_state.iterdir()
    assert stat.S_IMODE(spool.stat().st_mode) == 0o600
    assert stat.S_IMODE(own_state.stat().st_mode) == 0o700
    receiver.start()
    with liveplot_cli.push(receiver.url, "a") as push:
        push(step=1_000_000)
    *steps, new = receiver.runs["a"].column("step")
    assert steps == list(range(len(steps)))
    assert len(steps) > last - 150  # those of the last second may be lost
    assert new == 1_000_000
    assert not list(own_state.iterdir())


@pytest.mark.parametrize("answered", [0, 2])
def test_what_a_killed_process_had_sent_without_an_answer_is_not_doubled(
    receiver: Receiver, script: Script, own_state: Path, answered: int
) -> None:
    receiver.stop()
    process = script(WRITES, receiver.url)
    read_on(process, 200)
    receiver.faults = [None] * answered
    receiver.always = "cut after storing"
    receiver.start()
    until(lambda: "a" in receiver.runs and len(receiver.runs["a"].bodies) > answered)
    until(lambda: last_spooled(own_state) > len(receiver.runs["a"].rows))  # rows of the last half second are in memory
    process.kill()
    process.wait()
    stored = len(receiver.runs["a"].rows)
    receiver.always = None
    with liveplot_cli.push(receiver.url, "a") as push:
        push(step=-1)
    *steps, _ = receiver.runs["a"].column("step")
    assert steps == list(range(len(steps)))
    assert len(steps) > stored > 0


def test_a_line_that_was_cut_is_left_out(receiver: Receiver, own_state: Path) -> None:
    receiver.stop()
    push = liveplot_cli.push(receiver.url, "a")
    for step in range(3):
        push(step=step)
        time.sleep(0.7)
    push.close(timeout=0)
    (spool,) = own_state.iterdir()
    spool.write_bytes(spool.read_bytes() + b'{"count":1,"columns":["step"],"rows":[[9')
    receiver.start()
    with liveplot_cli.push(receiver.url, "a") as push:
        push(step=3)
    assert receiver.runs["a"].column("step") == [0, 1, 2, 3]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_spool_that_somebody_has_spoilt_stops_nobody(data: st.DataObject, tmp_path: Path) -> None:
    spool = Path(tempfile.mkdtemp(dir=tmp_path))
    for receiver in receiving():
        receiver.stop()
        push = liveplot_cli.push(receiver.url, "a", spool=spool)
        for step in range(3):
            push(step=step)
        push.close(timeout=0)
        (file,) = spool.glob("*.jsonl")
        whole = bytearray(file.read_bytes())
        for place in data.draw(st.lists(st.integers(0, len(whole) - 1), max_size=4)):
            whole[place] = data.draw(st.integers(0, 255))
        file.write_bytes(whole)
        receiver.start()
        with liveplot_cli.push(receiver.url, "a", spool=spool) as push:
            push(step=3)
        assert receiver.runs["a"].column("step")[-1] == 3


def test_a_spool_of_a_process_that_lives_is_left_alone(receiver: Receiver, own_state: Path) -> None:
    receiver.stop()
    one = liveplot_cli.push(receiver.url, "a")
    one(step=1)
    until(lambda: own_state.exists() and list(own_state.glob("*.jsonl")))
    other = liveplot_cli.push(receiver.url, "a")
    other(step=2)
    time.sleep(1)
    assert other.taken_over == 0
    receiver.start()
    until(lambda: one.sent == other.sent == 1)
    one.close()
    other.close()
    assert sorted(receiver.runs["a"].column("step")) == [1, 2]


def test_spools_are_of_one_run_at_one_address(receiver: Receiver, own_state: Path) -> None:
    receiver.stop()
    for run in "abc":
        push = liveplot_cli.push(receiver.url, run)
        push(step=ord(run))
        push.close(timeout=0)
    assert len(list(own_state.iterdir())) == 3
    receiver.start()
    with liveplot_cli.push(receiver.url, "b") as push:
        push(step=0)
    assert {name: run.column("step") for name, run in receiver.runs.items()} == {"b": [ord("b"), 0]}


# --- processes --------------------------------------------------------------------------------------------------------


def test_the_end_of_the_program_sends_what_waits(receiver: Receiver, script: Script) -> None:
    process = script('liveplot_cli.push(url, "a")(step=1)', receiver.url)
    assert process.communicate(timeout=60) == ("", "")
    assert receiver.runs["a"].column("step") == [1]


def test_an_error_in_the_loop_is_the_loops_own_and_rows_are_sent(receiver: Receiver, script: Script) -> None:
    process = script(
        "with liveplot_cli.push(url, 'a') as push:\n push(step=1)\n raise ZeroDivisionError('mine')", receiver.url
    )
    _, complaints = process.communicate(timeout=60)
    assert complaints.strip().endswith("ZeroDivisionError: mine")
    assert receiver.runs["a"].column("step") == [1]


def test_ctrl_c_ends_the_loop_and_sends_what_waits(receiver: Receiver, script: Script) -> None:
    process = script(f"with liveplot_cli.push(url, 'a'):\n pass\n{WRITES}", receiver.url)
    last = read_on(process, 5)
    process.send_signal(signal.SIGINT)
    _, complaints = process.communicate(timeout=60)
    assert "KeyboardInterrupt" in complaints
    steps = receiver.runs["a"].column("step")
    assert steps == list(range(len(steps)))
    assert len(steps) > last


@pytest.mark.parametrize("end", ["os._exit(0)", "sys.exit()"])
def test_a_forked_process_sends_nothing(receiver: Receiver, script: Script, end: str) -> None:
    program = f"""
push = liveplot_cli.push(url, "a")
push(step=1)
children = []
for _ in range(20):
    push(step=2)
    child = os.fork()
    if not child:
        push(step=99)
        with push:
            push(step=99)
        {end}
    children.append(child)
print([os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children])
push(step=3)
"""
    said, complaints = script(program, receiver.url).communicate(timeout=60)
    assert (said, complaints) == (f"{[0] * 20}\n", "")
    assert receiver.runs["a"].column("step") == [1, *[2] * 20, 3]


def test_a_forked_process_that_lives_on_holds_no_spool(receiver: Receiver, script: Script, own_state: Path) -> None:
    receiver.stop()
    program = """
push = liveplot_cli.push(url, "a")
push(step=1)
while not push.waiting or not os.path.isdir(more[0]) or not [n for n in os.listdir(more[0]) if n.endswith("jsonl")]:
    time.sleep(0.05)
child = os.fork()
if not child:
    os.close(1), os.close(2)
    time.sleep(60)
print(child, flush=True)
os.kill(os.getpid(), 9)
"""
    process = script(program, receiver.url, str(own_state))
    child = int(process.communicate(timeout=60)[0])
    try:
        receiver.start()
        with liveplot_cli.push(receiver.url, "a") as push:
            push(step=2)
        assert receiver.runs["a"].column("step") == [1, 2]
    finally:
        os.kill(child, signal.SIGKILL)


def test_a_forked_process_waits_for_no_lock_that_a_thread_of_its_parent_holds(
    receiver: Receiver, script: Script
) -> None:
    program = """
import signal, threading
push = liveplot_cli.push(url, "a")
held = threading.Event()
def hold():
    with push._lock, push._waiting._news:
        held.set()
        time.sleep(1)
threading.Thread(target=hold).start()
held.wait()
child = os.fork()
if not child:
    signal.alarm(20)
    push(step=99)
    push.close()
    os._exit(0)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
    assert script(program, receiver.url).communicate(timeout=60) == ("0\n", "")


def test_after_the_end_rows_are_counted_and_no_more(receiver: Receiver, caplog: pytest.LogCaptureFixture) -> None:
    push = liveplot_cli.push(receiver.url, "a")
    push.close()
    push.close()
    push(step=1)
    push(step=1)
    assert (push.sent, push.waiting, push.dropped) == (0, 0, 2)
    assert len(warned(caplog)) == 1


def test_a_program_that_only_pushes_imports_nothing_long(receiver: Receiver, script: Script) -> None:
    program = """
with liveplot_cli.push(url, "a") as push:
    push(step=1)
print(sorted({"numpy", "matplotlib", "click", "falcon", "av"} & sys.modules.keys()))
"""
    assert script(program, receiver.url).communicate(timeout=60) == ("[]\n", "")


def test_https_is_checked_against_certificates(tmp_path: Path, script: Script) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", certificate, "-days", "2",
         "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"], check=True, capture_output=True,
    )  # fmt: skip
    for receiver in receiving():
        receiver.wrap(certificate, key)
        url = f"https://localhost:{receiver.port}/"
        program = """
push = liveplot_cli.push(url, "a", spool=False)
push(step=1)
push.close(timeout=float(more[0]))
print(push.sent, push.trouble)
"""
        said, _ = script(program, url, "1").communicate(timeout=60)
        assert said.startswith("0 no safe connection")
        assert "certificate" in said
        trusted = f"os.environ['SSL_CERT_FILE'] = {str(certificate)!r}\n{program}"
        assert script(trusted, url, "20").communicate(timeout=60)[0] == "1 \n"
