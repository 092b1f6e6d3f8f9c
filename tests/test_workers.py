"""Work shared out among processes: the same bytes whoever does it, and nothing left behind however it ends."""

from __future__ import annotations

import multiprocessing
import os
import random
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import films
from conftest import Run, wave_matrix, without_display
from liveplot_cli import pool, render, workers
from liveplot_cli.errors import DataError, LiveplotError, OutputError, UsageError
from liveplot_cli.signals import Interrupted

OLD = b"what stood here before"
FILES = (".gif", ".html", ".mp4", ".webp")
SMALL = {"size": "320x214", "dpi": 30}
SMALL_FLAGS = ("--size", "320x214", "--dpi", "30")

# Programs of their own, for how processes start is chosen once in a process. The first argument says how.
COMMAND = """
import multiprocessing, sys
if __name__ == "__main__":
    multiprocessing.set_start_method(sys.argv.pop(1))
    from liveplot_cli.__main__ import main
    main()
"""
PYTHON = """
import multiprocessing, sys
if __name__ == "__main__":
    multiprocessing.set_start_method(sys.argv[1])
    import liveplot_cli
    liveplot_cli.render(sys.argv[2], "a.gif", "a.html", "a.mp4", "a.webp", "a/", jobs=2, size="320x214", dpi=30)
"""


@pytest.fixture(autouse=True)
def no_hang() -> Iterator[None]:
    """A test that waits for a process in vain fails, and none leaves a process behind."""

    def in_vain(*_: object) -> None:
        raise AssertionError("waited in vain")

    before = signal.signal(signal.SIGALRM, in_vain)
    signal.alarm(60)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)
    assert multiprocessing.active_children() == []


def contents(path: Path) -> bytes | dict[str, bytes]:
    """A file's bytes, or those of each file of a folder."""
    return {file.name: file.read_bytes() for file in path.iterdir()} if path.is_dir() else path.read_bytes()


def count(folder: Path) -> int:
    """How many files a folder holds."""
    return len(list(folder.iterdir()))


def python(folder: Path, code: str, *arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run a program of its own in a folder, every warning an error."""
    (folder / "program.py").write_text(code)
    return subprocess.run(
        [sys.executable, "-W", "error", "program.py", *arguments],
        cwd=folder, env=without_display(), capture_output=True, text=True, timeout=60, check=False, **options,
    )  # fmt: skip


# --- the same bytes ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "rows", "jobs_tried"),
    [("line", 1, [3]), ("trace", 64, [2]), ("line", 65, [2]), ("line", 130, [0, 3]), ("trace", 130, [2])],
    ids=str,
)
def test_a_film_is_the_same_byte_for_byte_whoever_draws_it(
    tmp_path: Path, kind: str, rows: int, jobs_tried: list[int]
) -> None:
    found = []
    for jobs in (1, *jobs_tried):
        outputs = [tmp_path / f"{jobs}{suffix}" for suffix in (*FILES, "")]
        render(wave_matrix(rows, 7), *outputs[:-1], f"{outputs[-1]}/", kind=kind, jobs=jobs, title="{row}", **SMALL)
        found.append([contents(path) for path in outputs])
    assert len(found[0][-1]) == rows
    for other in found[1:]:
        assert other == found[0]


@pytest.mark.parametrize("method", ["spawn", "forkserver"])  # fork is in all other tests
def test_a_film_is_the_same_however_processes_start(tmp_path: Path, method: str) -> None:
    np.save(tmp_path / "h.npy", wave_matrix(130, 7))
    here = [f"{tmp_path}/here{suffix}" for suffix in (*FILES, "/")]
    render(tmp_path / "h.npy", *here, jobs=1, **SMALL)
    done = python(tmp_path, PYTHON, method, "h.npy")
    assert (done.returncode, done.stderr) == (0, "")
    for suffix in (*FILES, ""):
        assert contents(tmp_path / f"a{suffix}") == contents(tmp_path / f"here{suffix}")


def test_the_command_writes_the_same_film_with_processes_that_are_spawned(tmp_path: Path) -> None:
    np.save(tmp_path / "h.npy", wave_matrix(130, 7))
    render(tmp_path / "h.npy", tmp_path / "here.gif", jobs=1, **SMALL)
    done = python(tmp_path, COMMAND, "spawn", "render", "h.npy", "-o", "a.gif", "-j", "2", "-q", *SMALL_FLAGS)
    assert (done.returncode, done.stderr) == (0, "")
    assert contents(tmp_path / "a.gif") == contents(tmp_path / "here.gif")


# --- order, and how far ahead -----------------------------------------------------------------------------------------


def late(folder: Path, expected: int, item: int, tick: Callable[[], object]) -> tuple[int, int]:
    """The item and how many were begun when it ended. The first does not end before as many began as ever will."""
    (folder / str(item)).touch()
    if item == 0:
        end = time.monotonic() + 20
        while count(folder) < expected and time.monotonic() < end:
            time.sleep(0.01)
        time.sleep(0.2)  # so that more would begin, if more could
    tick()
    return item, count(folder)


@pytest.mark.parametrize("jobs", [2, 3])
def test_results_come_in_order_and_no_worker_runs_far_ahead(tmp_path: Path, jobs: int) -> None:
    ahead = 3 * jobs
    with workers.started(partial(late, tmp_path, ahead), jobs, 50) as in_order:
        results = []
        for item, begun in in_order(range(50), lambda done: None):
            results.append(item)
            assert begun <= item + 1 + ahead + jobs
            if item == 0:
                assert begun == ahead
    assert results == list(range(50))


def test_what_nobody_takes_is_not_done_beforehand(tmp_path: Path) -> None:
    with workers.started(partial(late, tmp_path, 1), 2, 50) as in_order:
        results = in_order(range(50), lambda done: None)
        assert next(results)[0] == 0
        time.sleep(0.3)
        assert count(tmp_path) <= 7


@pytest.mark.parametrize("jobs", [1, 2, 0])
def test_progress_never_goes_back_and_ends_at_the_whole(tmp_path: Path, jobs: int) -> None:
    told: list[tuple[int, int]] = []
    render(
        wave_matrix(300, 5),
        tmp_path / "a.gif",
        jobs=jobs,
        progress=lambda done, total: told.append((done, total)),
        **SMALL,
    )
    done = [count for count, _ in told]
    assert {total for _, total in told} == {300}
    assert done == sorted(done)
    assert done[-1] == 300
    assert len(set(done)) > 2


def ticking(item: int, tick: Callable[[], object]) -> int:
    for _ in range(5):
        time.sleep(0.06)
        tick()
    return item


def test_a_long_item_tells_of_its_parts_before_it_is_done() -> None:
    told: list[int] = []
    with workers.started(ticking, 2, 2) as in_order:
        next(in_order(range(2), told.append))
    assert len({done for done in told if 0 < done < 5}) > 0


# --- when no process is started ---------------------------------------------------------------------------------------


@pytest.fixture
def begun(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """The processes that are started in a test."""
    started: list[object] = []
    start = multiprocessing.process.BaseProcess.start

    def starts(process: multiprocessing.process.BaseProcess) -> None:
        started.append(process)
        start(process)

    monkeypatch.setattr(multiprocessing.process.BaseProcess, "start", starts)
    return started


@pytest.mark.parametrize(
    ("rows", "jobs", "processes"), [(300, 1, 0), (64, 0, 0), (64, 9, 0), (65, 9, 3), (300, 2, 2), (300, 3, 3)]
)
def test_as_many_processes_start_as_there_is_work_for(
    tmp_path: Path, begun: list[object], rows: int, jobs: int, processes: int
) -> None:
    render(wave_matrix(rows, 3), tmp_path / "a.gif", jobs=jobs, **SMALL)
    assert len(begun) == processes


@pytest.mark.parametrize("jobs", [0, None])
def test_a_short_film_is_drawn_here_where_processes_start_slowly(
    tmp_path: Path, begun: list[object], monkeypatch: pytest.MonkeyPatch, jobs: int | None
) -> None:
    monkeypatch.setattr(multiprocessing, "get_start_method", lambda allow_none=False: "spawn")
    render(wave_matrix(300, 3), tmp_path / "a.gif", jobs=jobs, **SMALL)
    assert begun == []


@pytest.mark.parametrize("jobs", [-1, -100])
def test_a_negative_number_of_jobs_is_refused(liveplot: Run, tmp_path: Path, waves: Path, jobs: int) -> None:
    assert "--jobs" in liveplot("render", "waves.npy", "-o", "a.gif", "-j", str(jobs), code=2).stderr
    with pytest.raises(UsageError, match=f"{jobs} jobs"):
        render(waves, tmp_path / "a.gif", jobs=jobs)
    assert list(tmp_path.iterdir()) == [waves]


NO_PROCESS = {
    "no fork": "os.fork = refuse",
    "no second fork": "fork, left = os.fork, [1]\nos.fork = lambda: fork() if left and left.pop() else refuse()",
    "no pipe": "multiprocessing.context.BaseContext.Pipe = refuse",
    "no thread in a worker": "threading.Thread.start = lambda *_: exec('raise RuntimeError')",
}


@pytest.mark.parametrize("case", NO_PROCESS)
def test_where_no_process_can_start_the_film_is_written_in_one(tmp_path: Path, case: str) -> None:
    np.save(tmp_path / "h.npy", wave_matrix(200, 7))
    code = (
        "import errno, multiprocessing.context, os, threading\n"
        "def refuse(*_, **__): raise BlockingIOError(errno.EAGAIN, 'Resource temporarily unavailable')\n"
        f"{NO_PROCESS[case]}\n{COMMAND}"
    )
    done = python(tmp_path, code, "fork", "render", "h.npy", "-o", "a.gif", "-j", "2", *SMALL_FLAGS)
    assert done.returncode == 0, done.stderr
    warning, closing = done.stderr.splitlines()
    assert warning.startswith("liveplot: no worker processes can be started here (")
    assert closing.startswith("a.gif: 200 frames")
    assert films.gifsicle(tmp_path / "a.gif").images == 200


def test_a_film_can_be_written_in_a_process_that_may_start_none(tmp_path: Path) -> None:
    code = (
        "import multiprocessing, numpy, liveplot_cli\n"
        "def film(number): liveplot_cli.render(numpy.eye(130), f'{number}.gif', size='320x214', dpi=30)\n"
        "if __name__ == '__main__':\n"
        "    multiprocessing.set_start_method('fork')\n"
        "    with multiprocessing.Pool(1) as pool: pool.map(film, range(1))\n"
    )
    done = python(tmp_path, code)
    assert (done.returncode, done.stderr) == (0, "")
    assert films.gifsicle(tmp_path / "0.gif").images == 130


def test_a_thread_does_not_fork_and_leaves_the_choice_to_the_program(tmp_path: Path) -> None:
    code = (
        "import multiprocessing, os, threading, numpy, liveplot_cli\n"
        "def film(number): liveplot_cli.render(numpy.eye(130), f'{number}.gif', size='320x214', dpi=30)\n"
        "def refuse(): raise AssertionError\n"
        "os.fork = refuse\n"
        "threads = [threading.Thread(target=film, args=[number]) for number in range(1)]\n"
        "for thread in threads: thread.start()\n"
        "for thread in threads: thread.join()\n"
        "multiprocessing.set_start_method('spawn')\n"
    )
    done = python(tmp_path, code)
    assert (done.returncode, done.stderr) == (0, "")
    assert films.gifsicle(tmp_path / "0.gif").images == 130


# --- when a worker fails ----------------------------------------------------------------------------------------------


class OddError(Exception):
    """What can't be unpickled."""

    def __init__(self, one: int, two: int) -> None:
        super().__init__("odd")


def fails(error: BaseException, item: int, tick: Callable[[], object]) -> int:
    if item == 3:
        raise error
    return item


@pytest.mark.parametrize(
    "error", [ValueError("no"), TimeoutError("no"), SystemExit("no"), OSError("no"), OddError(1, 2)]
)
def test_a_worker_that_raises_is_one_sentence(error: BaseException) -> None:
    with pytest.raises(OutputError) as raised, workers.started(partial(fails, error), 2, 20) as in_order:
        list(in_order(range(20), lambda done: None))
    assert str(raised.value) == f"a worker process failed ({type(error).__name__}: {error})"
    assert "in fails" in str(raised.value.__cause__)


@pytest.mark.parametrize("kind", [DataError, UsageError, OutputError])
def test_an_error_of_ours_keeps_its_kind_and_its_cure(kind: type[LiveplotError]) -> None:
    error = kind("the file was cut", cure=("columns", "a"))
    with pytest.raises(kind) as raised, workers.started(partial(fails, error), 2, 20) as in_order:
        list(in_order(range(20), lambda done: None))
    assert (raised.value.sentence, raised.value.cure) == ("the file was cut", ("columns", "a"))


def unpicklable(item: int, tick: Callable[[], object]) -> object:
    return lambda: item


def test_a_result_that_cannot_travel_is_one_sentence() -> None:
    with pytest.raises(OutputError, match="failed"), workers.started(unpicklable, 2, 20) as in_order:
        list(in_order(range(20), lambda done: None))


def large(folder: Path, item: int, tick: Callable[[], object]) -> bytes:
    (folder / str(os.getpid())).touch()
    return bytes(item * 10_000_000)


def test_a_worker_killed_in_the_middle_of_its_answer_is_told(tmp_path: Path) -> None:
    with workers.started(partial(large, tmp_path), 2, 9) as in_order:
        results = in_order(range(9), lambda done: None)
        next(results)
        time.sleep(0.3)  # by now the workers are at their answers, which no pipe takes at once
        os.kill(int(next(tmp_path.iterdir()).name), signal.SIGKILL)
        with pytest.raises(OutputError, match="killed"):
            list(results)


def test_an_idle_worker_that_was_killed_is_told(tmp_path: Path) -> None:
    with workers.started(partial(large, tmp_path), 2, 9) as in_order:
        for process in multiprocessing.active_children():
            process.kill()
            process.join()
        with pytest.raises(OutputError, match="killed"):
            list(in_order(range(9), lambda done: None))


def test_debug_shows_where_in_a_worker_a_bug_is(tmp_path: Path) -> None:
    np.save(tmp_path / "h.npy", wave_matrix(200, 7))
    code = (
        "import os, liveplot_cli.scene as scene\n"
        "parent, pixels = os.getpid(), scene.Scene.pixels\n"
        "def broken_drawing(*place): return pixels(*place) if os.getpid() == parent else 1 / 0\n"
        f"scene.Scene.pixels = broken_drawing\n{COMMAND}"
    )
    said = python(tmp_path, code, "fork", "render", "h.npy", "-o", "a.gif", "-j", "2", "--debug").stderr
    assert "in broken_drawing" in said
    assert said.splitlines()[-1].endswith("OutputError: a worker process failed (ZeroDivisionError: division by zero)")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["h.npy", "program.py"]


# --- ends of every sort, on the real command --------------------------------------------------------------------------


def alive(group: int) -> list[int]:
    """The processes of a group that have not ended."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                state, _, of_group = (entry / "stat").read_text().rpartition(")")[2].split()[:3]
            except (FileNotFoundError, ProcessLookupError):
                continue
            if int(of_group) == group and state not in "ZX":
                found.append(int(entry.name))
    return found


def wait_for(ready: Callable[[], object], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not ready():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.005)


def workers_of(process: int) -> list[int]:
    return [int(word) for word in Path(f"/proc/{process}/task/{process}/children").read_text().split()]


@contextmanager
def at_work(folder: Path, jobs: int = 2, **options: Any) -> Iterator[subprocess.Popen[str]]:
    """The command drawing a long film with workers, in a process group of its own that is gone afterwards."""
    np.save(folder / "h.npy", wave_matrix(20_000, 7))
    (folder / "a.gif").write_bytes(OLD)
    process = subprocess.Popen(
        [sys.executable, "-m", "liveplot_cli", "render", "h.npy", "-o", "a.gif", "-j", str(jobs), *SMALL_FLAGS],
        cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        start_new_session=True, env=without_display(), **options,
    )  # fmt: skip
    try:
        yield process
        wait_for(lambda: not alive(process.pid), 10)
    finally:
        for number in alive(process.pid):
            os.kill(number, signal.SIGKILL)
        process.communicate()


def drawing(process: subprocess.Popen[str], folder: Path, jobs: int = 2) -> bool:
    """Whether all workers are there and the first of their work has been written."""
    return len(workers_of(process.pid)) == jobs and any(
        path.stat().st_size > 1000 for path in folder.glob(".liveplot-*")
    )


def left(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name != "h.npy"}


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV])
def test_a_killed_worker_ends_the_render_with_one_sentence(tmp_path: Path, number: signal.Signals) -> None:
    with at_work(tmp_path) as process:
        wait_for(lambda: drawing(process, tmp_path))
        os.kill(random.choice(workers_of(process.pid)), number)
        _, said = process.communicate(timeout=20)
    assert (process.returncode, said) == (
        4, "Error: a worker process was killed, for want of memory perhaps; try fewer jobs\n",
    )  # fmt: skip
    assert left(tmp_path) == {"a.gif": OLD}


@pytest.mark.parametrize(
    ("number", "to_all", "moment"),
    [
        (signal.SIGINT, True, "at the start"),
        (signal.SIGINT, True, "in the middle"),
        (signal.SIGTERM, False, "in the middle"),
        (signal.SIGHUP, False, "in the middle"),
        (signal.SIGHUP, True, "in the middle"),
    ],
    ids=str,
)
def test_a_signal_ends_all_workers_and_shows_in_the_exit(
    tmp_path: Path, number: signal.Signals, to_all: bool, moment: str
) -> None:
    with at_work(tmp_path) as process:
        if moment == "at the start":
            wait_for(lambda: workers_of(process.pid))
        else:
            wait_for(lambda: drawing(process, tmp_path))
            time.sleep(random.random() / 5)
        (os.killpg if to_all else os.kill)(process.pid, number)
        process.wait(timeout=20)
        assert alive(process.pid) == []
        _, said = process.communicate()
    assert (process.returncode, said) == (-number, "Aborted.\n")
    assert left(tmp_path) == {"a.gif": OLD}


def test_no_worker_outlives_a_command_that_is_killed(tmp_path: Path) -> None:
    with at_work(tmp_path, jobs=3) as process:
        wait_for(lambda: drawing(process, tmp_path, jobs=3))
        process.kill()
        process.wait()
        wait_for(lambda: not alive(process.pid), 5)
        _, said = process.communicate()
    assert (process.returncode, said) == (-signal.SIGKILL, "")
    assert (tmp_path / "a.gif").read_bytes() == OLD


def test_a_full_disk_ends_the_workers_too(tmp_path: Path) -> None:
    limit = partial(resource.setrlimit, resource.RLIMIT_FSIZE, (50_000, 50_000))
    with at_work(tmp_path, preexec_fn=limit) as process:
        _, said = process.communicate(timeout=30)
        assert alive(process.pid) == []
    assert (process.returncode, said) == (4, "Error: cannot write 'a.gif': File too large\n")
    assert left(tmp_path) == {"a.gif": OLD}


def busy(item: int, tick: Callable[[], object]) -> bytes:
    np.ones(20_000).sum()
    tick()
    return bytes([10, 1_000, 300_000][item % 3])


def test_an_exception_out_of_a_signal_leaves_no_worker_and_nothing_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(number: int, _: object) -> None:
        raise Interrupted(number)

    def work_until_it(is_sent_by: subprocess.Popen[bytes]) -> None:
        assert is_sent_by.stdin is not None
        is_sent_by.stdin.write(b"now\n")
        with workers.started(busy, 3, 10_000) as in_order:
            list(in_order(range(10_000), lambda done: None))
        # Python drops what is raised while it forgets a process, as it does in any callback of a weak reference.
        assert dropped.pop() is Interrupted

    dropped: list[type[BaseException]] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda what: dropped.append(what.exc_type))
    monkeypatch.setattr(pool, "_SIGNALS", [signal.SIGUSR1])
    others = workers_of(os.getpid())
    before = signal.signal(signal.SIGUSR1, answer)
    try:
        for _ in range(25):
            delay = random.uniform(0, 0.06)
            # It waits for a word, for a signal while it is being started would interrupt the start of it.
            command = ["sh", "-c", f"read word; sleep {delay:.4f}; kill -USR1 {os.getpid()}"]
            with subprocess.Popen(command, stdin=subprocess.PIPE, bufsize=0) as sender:
                with suppress(Interrupted):
                    work_until_it(sender)
                children = [child for child in workers_of(os.getpid()) if child not in (sender.pid, *others)]
                assert children == [], delay
    finally:
        signal.signal(signal.SIGUSR1, before)
