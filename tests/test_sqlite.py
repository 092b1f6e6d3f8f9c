"""What a store in a file promises beside what every store does: one process, a full disk, a failing disk."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from hostile import injected, mounted
from keeping import Place, batch, counting, refused, settled, soon, stored
from liveplot_cli.errors import MissingError
from liveplot_cli.service import stores
from liveplot_cli.service.reserve import Reserve
from liveplot_cli.service.runs import Appended, Batch, Quota
from liveplot_cli.service.stores import sqlite
from liveplot_cli.service.stores.sqlite import Sqlite

HOLDING = "import sys, pathlib; from liveplot_cli.service.runs import Quota\n" + (
    "from liveplot_cli.service.stores import opened\n"
    "store = opened('', pathlib.Path(sys.argv[1]), Quota())\n"
    "import os; child = os.fork() if 'fork' in sys.argv else 1\n"
    "child and print('open', child, flush=True); sys.stdin.read()"
)
# Asks for what each line says, and says what came of it.
ASKING = """
import json, pathlib, sys
import numpy as np
from liveplot_cli.service.runs import Batch, Quota, RefusedError
from liveplot_cli.service.stores import opened
store = opened("", pathlib.Path(sys.argv[1]), Quota())
for line in sys.stdin:
    try:
        if line == "rows\\n":
            run = store.run("a").result()
            answer = store.rows(run, range(1, run.rows + 1)).result()[:, 0].tolist()
        elif line == "check\\n":
            answer = store.check().result()
        else:
            answer = store.append("a", Batch(np.full((1, 50), float(line)))).result().next_seq
    except RefusedError as refusal:
        answer = refusal.code
    print(json.dumps(answer), flush=True)
store.close()
"""


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    place = Place("", tmp_path)
    yield place
    place.close()


def whole(path: Path) -> bool:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def held(folder: Path, *how: str) -> subprocess.Popen[str]:
    """A process that has the store open."""
    return subprocess.Popen(
        [sys.executable, "-c", HOLDING, str(folder), *how], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def test_a_second_process_is_refused(place: Place) -> None:
    with held(place.folder) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "open 1\n"
        with pytest.raises(MissingError, match=f"is in use by process {other.pid}; stop that") as caught:
            place.open()
        assert caught.value.exit_code == 5
        other.kill()
    place.open()


def test_a_process_that_was_killed_leaves_no_lock_with_its_children(place: Place) -> None:
    with held(place.folder, "fork") as other:
        assert other.stdout is not None
        child = int(other.stdout.readline().split()[1])
        other.kill()
        other.wait()
        os.kill(child, 0)
        place.open()
        os.kill(child, signal.SIGKILL)


def test_a_later_version_is_refused(place: Place) -> None:
    place.open().append("a", batch([1])).result()
    place.close()
    with closing(sqlite3.connect(place.folder / "runs.db")) as connection:
        connection.execute("PRAGMA user_version = 2")
    with pytest.raises(MissingError, match=r"later liveplot \(version 2 of the store, and this knows 1\)"):
        place.open()
    assert whole(place.folder / "runs.db")


def test_what_is_no_store_of_ours_is_left_alone(place: Place) -> None:
    path = place.folder / "runs.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE theirs (a)")
    before = path.read_bytes()
    with pytest.raises(MissingError, match="is a database of another program"):
        place.open()
    assert path.read_bytes() == before
    path.write_bytes(b"no database at all" * 1_000)
    with pytest.raises(MissingError, match="cannot be opened: file is not a database"):
        place.open()
    assert path.read_bytes() == b"no database at all" * 1_000


def test_a_folder_that_cannot_be(place: Place) -> None:
    (place.folder / "file").write_text("in the way")
    for folder, why in ((place.folder / "file", "File exists"), (place.folder / "file" / "a", "Not a directory")):
        with pytest.raises(MissingError, match=f"cannot be opened: {why}"):
            stores.opened("", folder, Quota())


def test_rows_are_nobody_elses_to_read(place: Place) -> None:
    place.folder /= "new/folder"
    place.open().append("a", batch([1])).result()
    assert place.folder.stat().st_mode & 0o777 == 0o700
    files = {path.name: path.stat().st_mode & 0o777 for path in place.folder.iterdir()}
    assert files == dict.fromkeys([f"runs.db{end}" for end in ("", "-wal", "-shm", ".lock", ".reserve")], 0o600)


def test_a_copy_that_is_made_while_rows_come_is_whole(place: Place) -> None:
    store, ended = place.open(), threading.Event()
    assert isinstance(store, Sqlite)
    store.append("a", Batch(counting(1, 500))).result()

    def write() -> None:
        seq = 501
        while not ended.is_set():
            store.append("a", Batch(counting(seq, 10), seq=seq)).result()
            seq += 10

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for number in range(3):
            store.backup(place.folder / f"copy{number}.db").result()
    finally:
        ended.set()
        writer.join()
    with refused("broken", "cannot be copied to .* already exists"):
        store.backup(place.folder / "copy0.db").result()  # what stands there is not written over
    sizes = []
    for number in range(3):
        (place.folder / str(number)).mkdir()
        (place.folder / f"copy{number}.db").rename(place.folder / str(number) / "runs.db")
        copy = Place("", place.folder / str(number))
        rows = stored(copy.open(), "a")
        assert rows == counting(1, len(rows)).tolist()
        assert copy.open is not None
        copy.close()
        assert whole(copy.folder / "runs.db")
        sizes.append(len(rows))
    assert 500 <= sizes[0] <= sizes[1] <= sizes[2]


@pytest.mark.parametrize("width", [10, 9_000])
def test_a_full_disk(place: Place, width: int) -> None:
    with mounted(place.folder / "small", "-o", "size=3m") as small:
        ballast = small / "ballast"
        ballast.write_bytes(bytes(1 << 20))
        small_place = Place("", small)
        store = small_place.open()
        count = 0
        many = 20_000 // width
        while isinstance(answer := settled(store.append("a", Batch(counting(count + 1, many, width)))), Appended):
            count += many
        assert answer == "full"
        for _ in range(3):
            with refused("full", "nothing of this request was stored"):
                store.append("a", Batch(counting(count + 1, many, width))).result()
        while settled(store.append("b", Batch(counting(1, 1)))) != "full":  # the last few bytes
            pass
        assert stored(store, "a") == counting(1, count, width).tolist()
        ballast.unlink()
        assert store.check().result() is None
        answer = store.append("a", Batch(counting(count + 1, many, width), seq=count + 1)).result()
        assert answer.stored == many
        small_place.close()
        assert whole(small / "runs.db")
        assert len(stored(small_place.open(), "a")) == count + many
        small_place.close()


@pytest.mark.parametrize("size", ["16m", "24m"])
def test_on_a_full_disk_runs_can_be_deleted_and_their_room_is_used_soon(
    place: Place, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, size: str
) -> None:
    monkeypatch.setattr(sqlite, "IDLE", 0.02)
    with mounted(place.folder / "small", "-o", f"size={size}") as small:
        small_place = Place("", small)
        store = small_place.open()
        names = [f"run{number}" for number in range(4)]
        count = 0
        while isinstance(settled(store.append(names[count % 4], Batch(counting(1, 100, 50)))), Appended):
            count += 1
        (small / "rest").write_bytes(bytes(os.statvfs(small).f_bavail * os.statvfs(small).f_frsize))
        while any(isinstance(settled(store.append(name, Batch(counting(1, 100, 50)))), Appended) for name in names):
            count += 1  # into the room that the log had
        with refused("full", "the disk is full; nothing of this request was stored"):
            store.append("a", Batch(counting(1, 100, 50))).result()
        for name in names[:3]:
            store.delete(name).result()
        assert store.reset(names[3], None).result() == 2
        soon(lambda: small_place.count("rows") == 0)  # without the ten minutes that others have
        for number in range(count):
            assert store.append("a", Batch(counting(1 + 100 * number, 100, 50))).result().stored == 100
        small_place.close()
        assert whole(small / "runs.db")
    assert len([told for told in caplog.messages if "tidied" in told]) <= 1


def test_room_is_set_aside_again_when_there_is_some(tmp_path: Path) -> None:
    with mounted(tmp_path / "small", "-o", "size=24m") as small:
        path = small / "reserve"
        reserve = Reserve(path)
        reserve.keep()
        assert path.stat().st_size == path.stat().st_blocks * 512 == 4 << 20
        reserve.give()
        (small / "ballast").write_bytes(bytes(os.statvfs(small).f_bavail * os.statvfs(small).f_frsize))
        reserve.keep()
        assert not path.exists()
        (small / "ballast").write_bytes(bytes(20 << 20))
        reserve.keep()
        assert path.stat().st_size == 1 << 20  # a part of what is free
        (small / "ballast").unlink()
        for known in (reserve, Reserve(path)):
            known.keep()
            assert path.stat().st_size == 4 << 20


def test_what_is_written_together_with_what_has_no_room_is_stored(place: Place) -> None:
    store = place.open(Quota(bytes=1 << 19))
    while isinstance(settled(store.append("a", Batch(counting(1, 10, 100)))), Appended):
        pass
    pending = [store.append("a", Batch(counting(1, 1_000, 100))) for _ in range(20)]
    pending += [store.delete("a"), store.append("b", Batch(counting(1, 1_000, 100)))]
    assert [settled(one) for one in pending] == [*["full"] * 20, None, "full"]


def test_a_store_at_its_bound_is_not_ready_until_a_run_is_deleted(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "IDLE", 0.02)
    store = place.open(Quota(bytes=1 << 19))
    assert store.check().result() is None
    while isinstance(settled(store.append("a", Batch(counting(1, 10, 100)))), Appended):
        pass
    for question in (store.check, lambda: store.append("b", Batch(counting(1, 1_000, 100)))):
        with refused("full", r"the store has reached its bound \(--max-store\), and a run must be deleted"):
            question().result()
    store.delete("a").result()
    soon(lambda: settled(store.check()) is None)
    assert store.append("b", Batch(counting(1, 100, 100))).result().stored == 100
    assert (place.folder / "runs.db").stat().st_size < (1 << 19) + (1 << 20)


@pytest.mark.parametrize("replaced", [False, True])
def test_nothing_is_acknowledged_once_the_file_is_gone(place: Place, replaced: bool) -> None:
    store = place.open()
    store.append("a", batch([1])).result()
    (place.folder / "runs.db").rename(place.folder / "elsewhere.db")
    if replaced:
        (place.folder / "runs.db").write_bytes(b"")
    for question in (lambda: store.append("a", batch([2])), store.check, lambda: store.delete("a")):
        with refused("broken", "has been removed or replaced; nothing more is stored until the server starts again"):
            question().result()
    (place.folder / "elsewhere.db").replace(place.folder / "runs.db")
    with refused("broken", "until the server starts again"):
        store.append("a", batch([2])).result()
    place.close()
    assert stored(place.open(), "a") == [[1]]


def test_a_full_store(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite, "IDLE", 0.02)
    monkeypatch.setattr(stores, "KEPT", 0.0)
    store = place.open(Quota(bytes=1 << 18))
    count = 0
    while isinstance(answer := settled(store.append("a", Batch(counting(count + 1, 10, 100)))), Appended):
        count += 10
    assert answer == "full"
    assert 200 < count < 400
    assert stored(store, "a") == counting(1, count, 100).tolist()
    assert [run.name for run in store.runs().result()] == ["a"]
    assert (place.folder / "runs.db").stat().st_size <= 1 << 18
    place.close()
    store = place.open(Quota(bytes=1 << 18))
    assert settled(store.append("a", Batch(counting(count + 1, 10, 100)))) == "full"
    store = place.opened[0]
    store.close()
    store = place.open(Quota(bytes=1 << 19))
    store.delete("a").result()
    soon(lambda: place.count("rows") == 0)
    store.close()
    store = place.open(Quota(bytes=1 << 18))
    for first in range(1, 200, 10):
        store.append("a", Batch(counting(first, 10, 100))).result()


def asked(folder: Path, *lines: object, faults: str = "") -> list[object]:
    """What a store answers in a process of its own, some of whose system calls fail."""
    prefix = injected(faults) if faults else ()
    done = subprocess.run(
        [*prefix, sys.executable, "-W", "error", "-c", ASKING, str(folder)],
        input="".join(f"{line}\n" for line in lines), capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_a_disk_that_lost_a_write_is_not_trusted_again(tmp_path: Path) -> None:
    assert asked(tmp_path, 1, 2) == [2, 3]
    # The third flush fails, and none after it would.
    answers = asked(tmp_path, 3, 4, 5, 6, "check", "rows", faults="fdatasync:error=EIO:when=3")
    refusals = [answer for answer in answers if answer == "broken"]
    assert len(refusals) >= 2
    assert answers[answers.index("broken") : -1] == ["broken"] * len(refusals)
    acknowledged = [answer - 1 for answer in answers if isinstance(answer, int)]
    assert {1, 2, *acknowledged} <= set(answers[-1])
    after = asked(tmp_path, "rows", 7)
    assert after[0][: 2 + len(acknowledged)] == [1, 2, *acknowledged]
    assert isinstance(after[1], int)
    assert whole(tmp_path / "runs.db")


@pytest.mark.parametrize(("error", "code"), [("ENOSPC", "full"), ("EDQUOT", "broken"), ("EIO", "broken")])
def test_a_write_that_fails_at_once_is_done_again(tmp_path: Path, error: str, code: str) -> None:
    assert asked(tmp_path, 1) == [2]
    answers = asked(tmp_path, *range(2, 12), "rows", faults=f"pwrite64:error={error}:when=12..13")
    assert code in answers
    assert [type(answer) for answer in answers[-4:-1]] == [int] * 3
    assert len(answers[-1]) == 1 + sum(isinstance(answer, int) for answer in answers[:-1])
    assert asked(tmp_path, "rows") == answers[-1:]
    assert whole(tmp_path / "runs.db")


def test_whether_rows_can_be_stored_is_found_out_by_writing(tmp_path: Path) -> None:
    assert asked(tmp_path, 1, "check", "check") == [2, None, None]
    answers = asked(tmp_path, *["check"] * 12, "rows", faults="pwrite64:error=ENOSPC:when=12+")
    assert answers[-3:] == ["full", "full", [1]]


def test_the_log_of_writes_stays_small_while_others_read(place: Place) -> None:
    store, ended, largest = place.open(), threading.Event(), 0
    row = np.random.default_rng(1).normal(size=(500, 500))
    store.append("a", Batch(row)).result()

    def read() -> None:
        while not ended.is_set():
            run = store.run("a").result()
            store.rows(run, range(max(1, run.rows - 3_000), run.rows + 1)).result()

    readers = [threading.Thread(target=read) for _ in range(4)]
    for reader in readers:
        reader.start()
    try:
        for _ in range(60):  # 120 MB
            store.append("a", Batch(row)).result()
            largest = max(largest, (place.folder / "runs.db-wal").stat().st_size)
    finally:
        ended.set()
        for reader in readers:
            reader.join()
    assert largest < 64 << 20
