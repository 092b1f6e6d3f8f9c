"""Section C of docs/reliability.md: where a history comes from. Each test is named by its case."""

from __future__ import annotations

import gzip
import os
import pty
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from conftest import wave_matrix
from faults import SMALL, Place, Started, run_cli
from hostile import AS_NOBODY, let_nobody_in

CSV = b"a,b\n1,2\n3,4\n"


def goes_on(started: Started) -> bool:
    """Whether a run has not ended yet; its end is left for `Started.end` to see."""
    return os.waitid(os.P_PID, started.process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None


@pytest.mark.parametrize(
    ("source", "says"),
    [
        pytest.param("missing.csv", "there is no file 'missing.csv'", id="C01 missing"),
        pytest.param("", "there is no file ''", id="C01 nothing"),
        pytest.param(".", "is a folder", id="C01 a folder"),
        pytest.param("folder.csv", "is a folder", id="C01 a folder with a suffix"),
        pytest.param("h.csv/b.csv", "cannot read 'h.csv/b.csv': Not a directory", id="C01 below a file"),
        pytest.param("dangling.csv", "there is no file 'dangling.csv'", id="C03 a link to nothing"),
        pytest.param("loop.csv", "cannot read 'loop.csv': Too many levels of symbolic links", id="C03 a loop"),
        pytest.param("x" * 300 + ".csv", "File name too long", id="C07 too long a name"),
    ],
)
def test_refused(place: Place, source: str, says: str) -> None:
    (place.folder / "h.csv").write_bytes(CSV)
    (place.folder / "folder.csv").mkdir()
    (place.folder / "dangling.csv").symlink_to("nowhere.csv")
    (place.folder / "loop.csv").symlink_to("loop.csv")
    run_cli(place, "render", source, "-o", "a.gif", code=2, says=says)


def test_c02_no_permission(place: Place) -> None:
    path = place.folder / "h.csv"
    path.write_bytes(CSV)
    path.chmod(0)
    let_nobody_in(place)
    run_cli(place, "render", "h.csv", "-o", "a.gif", sabotage=AS_NOBODY, code=2, says="'h.csv': Permission denied")


def test_c03_a_link_is_followed(place: Place) -> None:
    (place.root / "real.csv").write_bytes(CSV)
    (place.folder / "h.csv").symlink_to(place.root / "real.csv")
    run_cli(place, "render", "h.csv", "-o", "a.gif", *SMALL)


@pytest.mark.parametrize("name", ["pipe", "pipe.csv", "pipe.csv.gz"])
def test_c04_a_named_pipe_is_read_to_its_end(place: Place, name: str) -> None:
    pipe = place.folder / name
    os.mkfifo(pipe)

    def write() -> None:
        with pipe.open("wb") as file:
            content = gzip.compress(CSV) if name.endswith(".gz") else CSV
            file.write(content[:5])
            file.flush()
            time.sleep(0.2)
            file.write(content[5:])

    writer = threading.Thread(target=write)
    started = place.start("render", name, "-o", "a.gif", *SMALL)
    writer.start()
    started.end()
    writer.join()


def test_c04_a_pipe_of_the_shell(place: Place) -> None:
    (place.folder / "h.csv").write_bytes(CSV)
    line = f'exec "$0" -m liveplot_cli render <(cat h.csv) -o a.gif {" ".join(SMALL)}'
    started = place.start(python=["bash", "-c", line, sys.executable])
    started.end()


def test_c04_a_pipe_that_nobody_writes_to_can_be_left(place: Place) -> None:
    os.mkfifo(place.folder / "pipe.csv")
    started = place.start("render", "pipe.csv", "-o", "a.gif")
    time.sleep(1)
    assert goes_on(started)
    os.kill(started.process.pid, signal.SIGINT)
    started.end(-signal.SIGINT, "^Aborted")


def array_bytes() -> bytes:
    import io

    file = io.BytesIO()
    np.save(file, wave_matrix(4, 3))
    return file.getvalue()


def archive_bytes() -> bytes:
    import io

    file = io.BytesIO()
    np.savez(file, wave_matrix(4, 3))
    return file.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(CSV, id="C05 CSV"),
        pytest.param(gzip.compress(CSV), id="C05 CSV in gzip"),
        pytest.param(array_bytes(), id="C05 npy"),
        pytest.param(gzip.compress(array_bytes()), id="C05 npy in gzip"),
        pytest.param(archive_bytes(), id="C05 npz"),
        pytest.param(b'{"a": 1}\n{"a": 2, "b": null}\n', id="C05 JSON lines"),
        pytest.param(b"[1, 2]\n[3, 4]\n", id="C05 JSON lines of arrays"),
    ],
)
def test_standard_input_is_recognized(place: Place, content: bytes) -> None:
    run_cli(place, "render", "-", "-o", "a.gif", *SMALL, stdin=content)


def test_c05_nothing_in_standard_input(place: Place) -> None:
    run_cli(place, "render", "-", "-o", "a.gif", stdin=b"", code=3, says="standard input: there is nothing to read")


def test_c05_standard_input_is_closed(place: Place) -> None:
    line = 'exec "$0" -m liveplot_cli render - -o a.gif <&-'
    started = place.start(python=["bash", "-c", line, sys.executable])
    started.end(3, "standard input is closed")


def test_c05_standard_input_is_a_terminal(place: Place) -> None:
    parent, child = pty.openpty()
    started = place.start("render", "-", "-o", "a.gif", *SMALL, stdin=child)
    os.close(child)
    os.write(parent, b"1,2\n3,4\n" * 20 + b"\x04")
    started.end(says="^liveplot: the history is read from the terminal; Ctrl-D ends it")
    os.close(parent)


@pytest.mark.parametrize(
    ("device", "code", "says"),
    [
        pytest.param("/dev/zero", 3, "NUL byte", id="C06 zeros"),
        pytest.param("/dev/urandom", 3, "not UTF-8 text|NUL byte", id="C06 noise"),
        pytest.param("/proc/self/mem", 2, "its suffix is none of", id="C06 its own memory"),
    ],
)
def test_an_endless_input(place: Place, device: str, code: int, says: str) -> None:
    run_cli(place, "render", device, "-o", "a.gif", code=code, says=says, megabytes=150)


@pytest.mark.parametrize("endless", ["yes 1,2", "yes '1,' | tr -d '\\n'"], ids=["C06 rows", "C06 a row"])
def test_an_endless_table(place: Place, endless: str) -> None:
    line = f'{endless} 2>&- | exec "$0" -m liveplot_cli render - -o a.gif --max-memory 50M'
    started = place.start(python=["bash", "-c", line, sys.executable])
    started.end(6, "standard input: its numbers take .* of the 50 MB they may; try --max-memory")


def test_c06_an_endless_cell(place: Place) -> None:
    line = "yes 1 2>&- | tr -d '\\n' | exec \"$0\" -m liveplot_cli render - -o a.gif"
    started = place.start(python=["bash", "-c", line, sys.executable])
    started.end(3, "a cell has more than 131,072 characters", megabytes=150)


@pytest.mark.parametrize(
    "name",
    ["a b.csv", "-x.csv", "new\nline.csv", "100%d.csv", "*.csv", "y" * 251 + ".csv", "\U0001f600.csv", b"\xff\xfe.csv"],
    ids=lambda name: f"C07 {name[:12]!r}",
)
def test_any_name(place: Place, name: str | bytes) -> None:
    path = Path(os.fsdecode(os.fsencode(place.folder) + b"/" + os.fsencode(name)))
    path.write_bytes(CSV)
    run_cli(place, "render", "-o", "a.gif", *SMALL, "--", name)
    path.write_bytes(b"a,b\n1,x\n")
    (place.folder / "a.gif").unlink()
    run_cli(place, "render", "-o", "a.gif", "--", name, code=3, says="line 2, column 2 .'b'.: 'x' is not a number")


def test_c08_a_file_that_grows_is_read_as_it_was(place: Place) -> None:
    path = place.folder / "h.csv"
    path.write_bytes(b"a,b\n" + b"1,2\n3,4\n" * 200_000)
    with path.open("ab") as file:
        started = place.start("render", "h.csv", "-o", "a.gif", "--duration", "1", "--fps", "5", "-k", "line", *SMALL)
        while goes_on(started):
            file.write(b"5,6\n")
            file.flush()
            time.sleep(0.002)
    started.end(ignoring=["h.csv"])


@pytest.mark.parametrize("change", ["C08 emptied", "C08 replaced"])
def test_a_file_that_changes_is_read_or_refused(place: Place, change: str) -> None:
    path = place.folder / "h.csv"
    path.write_bytes(b"a,b\n" + b"1,2\n3,4\n" * 400_000)
    started = place.start("render", "h.csv", "-o", "a.gif", "--duration", "1", "--fps", "5", "-k", "line", *SMALL)
    time.sleep(0.5)
    if change.endswith("emptied"):
        os.truncate(path, 0)
    else:
        (place.folder / "new.csv").write_bytes(b"a,b\n9,9\n")
        (place.folder / "new.csv").rename(path)
    while goes_on(started):
        time.sleep(0.01)
    ended = os.waitid(os.P_PID, started.process.pid, os.WEXITED | os.WNOWAIT)
    assert ended is not None
    assert ended.si_status in (0, 3)
    started.end(ended.si_status, ignoring=["h.csv", "new.csv"])


@pytest.mark.parametrize("name", ["h.csv", "h.npy", "h.npz", "h.csv.gz"], ids=lambda name: f"C09 {name}")
def test_a_disk_that_cannot_be_read(place: Place, name: str) -> None:
    contents = {"h.csv": CSV, "h.npy": array_bytes(), "h.npz": archive_bytes(), "h.csv.gz": gzip.compress(CSV)}
    (place.folder / name).write_bytes(contents[name])
    failing = ["strace", "-f", "-qq", "-o", "/dev/null", "-P", str(place.folder / name)]
    failing += ["-e", "trace=read,pread64", "-e", "inject=read,pread64:error=EIO"]
    run_cli(place, "render", name, "-o", "a.gif", prefix=failing, code=3, says=f"{name}: .*Input/output error")


def test_c10_a_source_that_hangs_can_be_left(place: Place) -> None:
    with subprocess.Popen(["sleep", "60"], stdout=subprocess.PIPE) as silent:
        started = place.start("render", "-", "-o", "a.gif", stdin=silent.stdout)
        time.sleep(1)
        os.kill(started.process.pid, signal.SIGINT)
        started.end(-signal.SIGINT, "^Aborted")
        silent.kill()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b'[{"a": 1}, {"a": 2}]\n', "line 1: it holds several rows; put each on a line of its own"),
        (b'{"a": {"0": 1, "1": 2}, "b": {"0": 3, "1": 4}}\n', "line 1: it holds several rows"),
        (b'{"a.b": 1, "a": {"b": 2}}\n', "line 1: two of its values have one name"),
        (b'{"a": 1}\n{"a": }\n', "line 2: this is no JSON"),
    ],
)
def test_json_that_is_no_row(place: Place, content: bytes, says: str) -> None:
    (place.folder / "h.jsonl").write_bytes(content)
    run_cli(place, "render", "h.jsonl", "-o", "a.gif", code=3, says=says)
