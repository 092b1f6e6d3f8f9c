"""What was acknowledged is there, whenever the process is killed or the power goes."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import numpy as np

from keeping import Place, stored
from liveplot_cli.service.stores import Store
from power import Disk, recorded

ROUNDS = 60
# Each line forks a process that appends to two runs as fast as it can, and says what was acknowledged.
APPENDING = """
import os, pathlib, sys
import numpy as np
from liveplot_cli.service.runs import Batch, Quota, RefusedError
from liveplot_cli.service import sqlite_file
from liveplot_cli.service.stores import opened

def append(folder, rounds, one_by_one=False):
    store = opened("", pathlib.Path(folder), Quota())
    seqs = {}
    for name in ("a", "b"):
        try:
            seqs[name] = store.run(name).result().next_seq
        except RefusedError:
            seqs[name] = 1
    for turn in range(rounds):
        futures = []
        for name, count in (("a", 1), ("b", 1 + turn * 7 % 40), ("a", 2)):
            values = np.arange(seqs[name], seqs[name] + count)[:, None] * np.ones(30)
            futures.append((name, store.append(name, Batch(values, seq=seqs[name]))))
            seqs[name] += count
            if one_by_one:
                futures[-1][1].result()
                os.write(1, f"{name} {seqs[name] - 1}\\n".encode())
        if one_by_one:
            continue
        for name, future in futures:
            os.write(1, f"{name} {future.result().next_seq - 1}\\n".encode())
    store.close()
"""
FORKING = f"""{APPENDING}
for line in sys.stdin:
    child = os.fork()
    if child == 0:
        append(line.strip(), 1_000_000)
    os.write(1, f"forked {{child}}\\n".encode())
    os.waitpid(child, 0)
    os.write(1, b"ended 0\\n")
"""
# Little is left in the log, so that what is in it moves to its place and it begins again, many times.
ONCE = f"""{APPENDING}
prepare = sqlite_file._prepare
def prepared(connection, path, quota):
    prepare(connection, path, quota)
    connection.execute("PRAGMA wal_autocheckpoint = 12")
    connection.execute(f"PRAGMA synchronous = {{sys.argv[2]}}")
sqlite_file._prepare = prepared
append(sys.argv[1], 25, "one by one" in sys.argv)
"""


def test_what_was_acknowledged_survives_a_kill_at_any_moment(tmp_path: Path) -> None:
    place, chance = Place("", tmp_path), random.Random(os.environ.get("SEED", "1"))
    acknowledged = {"a": 0, "b": 0}
    checked = dict(acknowledged)
    with subprocess.Popen(
        [sys.executable, "-c", FORKING], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
    ) as forking:
        assert forking.stdin is not None
        assert forking.stdout is not None
        for round_ in range(ROUNDS):
            forking.stdin.write(f"{tmp_path}\n")
            words = iter(map(str.split, forking.stdout))
            word, number = next(words)
            while word != "forked":
                acknowledged[word] = int(number)
                word, number = next(words)
            time.sleep(chance.uniform(0, 0.06))
            os.kill(int(number), signal.SIGKILL)
            for word, number in words:
                if word == "ended":
                    break
                acknowledged[word] = int(number)
            check(place.open(), acknowledged, checked)
            place.close()
            if round_ % 10 == 9:
                assert whole(tmp_path / "runs.db")
        forking.stdin.close()
    assert min(acknowledged.values()) > ROUNDS


def check(store: Store, acknowledged: dict[str, int], checked: dict[str, int]) -> None:
    """Each run has its rows from 1 on, once, in order, and at least those that were acknowledged."""
    there = {run.name: run for run in store.runs().result()}
    for name, number in acknowledged.items():
        if number == 0 and name not in there:
            continue
        run = there[name]
        assert run.rows >= number
        rows = store.rows(run, range(checked[name] + 1, run.rows + 1)).result()
        assert np.array_equal(rows, np.arange(checked[name] + 1, run.rows + 1)[:, None] * np.ones(30))
        checked[name] = run.rows


def whole(path: Path) -> bool:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def recording(folder: Path, *how: str) -> tuple[Disk, Path]:
    """What a process does with its files that stores rows; and an empty disk."""
    (folder / "store").mkdir()
    recorded((sys.executable, "-c", ONCE, str(folder / "store"), *how), folder / "log")
    return Disk(str(folder / "store")), folder / "log"


def lost(folder: Path, synchronous: str) -> list[str]:
    """What a power cut right after an acknowledgement would have cost; something is unless all is as it should be."""
    disk, log = recording(folder, synchronous)
    chance, losses = random.Random(1), []
    acknowledged = {"a": 0, "b": 0}
    for number, said in enumerate(disk.said(log)):
        name, seq = said.decode().split()
        acknowledged[name] = int(seq)
        for way, by_chance in (("none", None), ("some", chance)):
            left = folder / f"{number}-{way}"
            disk.left(left, by_chance)
            loss = missing(left, acknowledged)
            losses += [f"{loss} at {said!r} with {way} of what was not flushed"] if loss else []
    assert sum(acknowledged.values()) > 400
    return losses


def missing(left: Path, acknowledged: dict[str, int]) -> str:
    """What is not in the store that a power cut has left."""
    place = Place("", left)
    store = place.open()
    try:
        there = {run.name: run.rows for run in store.runs().result()}
        for name, number in acknowledged.items():
            if there.get(name, 0) < number:
                return f"{name} has {there.get(name, 0)} of {number} rows"
        for name, rows in there.items():
            if stored(store, name) != (np.arange(1, rows + 1)[:, None] * np.ones(30)).tolist():
                return f"{name} has other rows"
    finally:
        place.close()
    return "" if whole(left / "runs.db") else "the file is spoilt"


def test_what_was_acknowledged_survives_a_power_cut(tmp_path: Path) -> None:
    assert lost(tmp_path, "FULL") == []


def test_a_power_cut_is_found_to_cost_rows_where_they_are_not_flushed(tmp_path: Path) -> None:
    assert any("rows at" in loss for loss in lost(tmp_path, "NORMAL"))


def test_nothing_is_acknowledged_before_it_is_flushed(tmp_path: Path) -> None:
    disk, log = recording(tmp_path, "FULL", "one by one")
    acknowledged = 0
    for _ in disk.said(log):
        acknowledged += 1
        assert disk.files[f"{disk.folder}/runs.db-wal"].pending == []
    assert acknowledged == 75
