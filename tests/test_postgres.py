"""What a store in PostgreSQL promises beside what every store does: faults of the database, and of the way to it."""

from __future__ import annotations

import logging
import os
import re
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import psycopg
import pytest

import postgres
from hostile import mounted
from keeping import Heard, Place, batch, counting, in_database, refused, settled, soon, stored
from liveplot_cli.errors import MissingError
from liveplot_cli.service.runs import Appended, Quota
from liveplot_cli.service.stores import Store, opened


@pytest.fixture
def place(postgresql: postgres.Server, tmp_path: Path) -> Iterator[Place]:
    place = in_database(postgresql, tmp_path)
    yield place
    place.close()


def test_several_servers_hear_of_each_other(place: Place) -> None:
    one, other = place.open(), place.open()
    heard = Heard()
    other.listen(heard)
    one.append("a", batch([1])).result()
    heard.wait("a")
    assert other.append("a", batch([2], seq=2)).result() == Appended(1, 1, 0, 3)
    heard.wait("a")
    one.delete("a").result()
    heard.wait("a")
    with refused("not_found"):
        other.run("a").result()


def test_several_servers_may_start_at_once(place: Place) -> None:
    with ThreadPoolExecutor(4) as threads:
        several = list(threads.map(lambda _: place.open(), range(4)))
    assert [store.check().result() for store in several] == [None] * 4


def test_a_restart_of_the_database(place: Place, postgresql: postgres.Server) -> None:
    store, ended = place.open(), threading.Event()
    heard = Heard()
    store.listen(heard)
    acknowledged: list[int] = []
    refusals: set[str] = set()

    def write() -> None:
        while not ended.is_set():
            answer = settled(store.append("a", batch([len(acknowledged)], seq=len(acknowledged) + 1)))
            if isinstance(answer, Appended):
                acknowledged.append(answer.next_seq)
            else:
                refusals.add(answer)
                time.sleep(0.02)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for how in (signal.SIGINT, signal.SIGQUIT):
            soon(lambda: len(acknowledged) > 20)
            postgresql.stop(how)
            with refused("broken", "the database cannot be reached now"):
                store.run("a").result(10)
            postgresql.start()
            so_far = len(acknowledged)
            soon(lambda: len(acknowledged) > so_far + 20)  # noqa: B023
    finally:
        ended.set()
        writer.join()
    assert refusals == {"broken"}
    assert stored(store, "a") == [[number] for number in range(len(acknowledged))]
    heard.names.clear()
    other = place.open()
    other.append("a", batch([0])).result()
    heard.wait("a")


def ended_by_the_database(postgresql: postgres.Server, which: str = "true") -> int:
    """End connections of stores, as an administrator would; how many there were."""
    return len(
        postgresql.tell(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'liveplot'"
            f" AND pid <> pg_backend_pid() AND {which}"
        )
    )


def test_connections_that_end_while_nobody_uses_them(place: Place, postgresql: postgres.Server) -> None:
    store = place.open()
    for round_ in range(1, 4):
        assert store.append("a", batch([round_], seq=round_)).result().stored == 1
        assert store.run("a").result().rows == round_
        assert ended_by_the_database(postgresql) >= 3
    assert len(stored(store, "a")) == 3


def test_connections_that_end_while_rows_come(place: Place, postgresql: postgres.Server) -> None:
    store = place.open()
    ended = threading.Event()

    def end_some() -> None:
        while not ended.wait(0.03):
            ended_by_the_database(postgresql, "random() < 0.5 AND query NOT LIKE 'LISTEN%'")

    ending = threading.Thread(target=end_some)
    ending.start()

    def write(name: str) -> None:
        for seq in range(1, 61):
            while settled(store.append(name, batch([seq], seq=seq, epoch=1))) == "broken":
                pass

    try:
        with ThreadPoolExecutor(4) as threads:
            list(threads.map(write, ("a", "b", "c", "d")))
    finally:
        ended.set()
        ending.join()
    for name in ("a", "b", "c", "d"):
        assert stored(store, name) == counting(1, 60, 1).tolist()


def test_what_was_changed_while_nobody_listened_is_told(place: Place, postgresql: postgres.Server) -> None:
    store, other = place.open(), place.open()
    heard = Heard()
    for name in ("a", "b", "gone"):
        store.append(name, batch([1])).result()
    store.delete("gone").result()
    store.listen(heard)
    time.sleep(0.1)
    heard.names.clear()
    assert ended_by_the_database(postgresql, "query LIKE 'LISTEN%'") >= 2
    heard.wait("a", "b", "gone")  # any of which might have been changed
    other.append("a", batch([2])).result()
    heard.wait("a")


class Cutting:
    """A way to the database that is cut when something passes: before it has, or after, so that its answer is lost."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.at, self.passes = b"", False
        self.cuts = 0
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listening.close()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listening.accept()
            except OSError:
                return
            far = socket.create_connection(("127.0.0.1", self._port))
            for way in ((near, far, True), (far, near, False)):
                threading.Thread(target=self._pass, args=way, daemon=True).start()

    def _pass(self, there: socket.socket, here: socket.socket, asking: bool) -> None:
        with there, here:
            while True:
                try:
                    passing = there.recv(1 << 16)
                    if asking and self.at and self.at in passing:
                        self.at, self.cuts = b"", self.cuts + 1
                        there.shutdown(socket.SHUT_RDWR)  # nothing of an answer comes back
                        if self.passes:
                            here.sendall(passing)
                        here.shutdown(socket.SHUT_WR)
                        return
                    here.sendall(passing)
                except OSError:
                    return
                if not passing:
                    return


@pytest.fixture
def cutting(postgresql: postgres.Server) -> Iterator[Cutting]:
    cutting = Cutting(postgresql.port)
    yield cutting
    cutting.close()


@pytest.fixture
def far(place: Place, cutting: Cutting) -> Store:
    """A store over a way that can be cut."""
    place.address = re.sub(r"@:\d+/", f"@127.0.0.1:{cutting.port}/", place.address).partition("&host=")[0]
    return place.open()


@pytest.mark.parametrize("passes", [True, False])
@pytest.mark.parametrize("at", [b"BEGIN", b"INSERT INTO liveplot_rows"])
def test_a_cut_before_the_end_is_not_noticed(far: Store, cutting: Cutting, at: bytes, passes: bool) -> None:
    far.append("a", batch([1])).result()
    cutting.at, cutting.passes = at, passes
    assert far.append("a", batch([2])).result() == Appended(1, 1, 0, 3)
    assert cutting.cuts == 1
    assert stored(far, "a") == [[1], [2]]


@pytest.mark.parametrize("passes", [True, False])
@pytest.mark.parametrize("facts", [{"seq": 2}, {"key": "k"}])
def test_a_cut_at_the_very_end_is_told_and_the_request_can_be_repeated(
    far: Store, cutting: Cutting, facts: dict[str, object], passes: bool
) -> None:
    far.append("a", batch([1])).result()
    cutting.at, cutting.passes = b"COMMIT\0", passes
    with refused("broken", "nothing of this request was stored, or all of it"):
        far.append("a", batch([2], **facts)).result()
    assert cutting.cuts == 1
    again = far.append("a", batch([2], **facts)).result()
    assert again.next_seq == 3
    assert again.stored == (0 if passes and "seq" in facts else 1)
    assert stored(far, "a") == [[1], [2]]


def test_a_run_that_somebody_holds_on_to_stops_no_reader(place: Place, postgresql: postgres.Server) -> None:
    store = place.open()
    store.append("a", batch([0])).result()
    with psycopg.connect(place.address) as holding:
        holding.execute("SELECT 1 FROM liveplot_runs FOR UPDATE")
        futures = [store.append("a", batch([row])) for row in range(1, 9)]
        assert stored(store, "a") == [[0]]
        assert not any(future.done() for future in futures)
    assert sorted(future.result().next_seq for future in futures) == list(range(3, 11))


def test_a_full_disk(place: Place, postgresql: postgres.Server) -> None:
    with mounted(postgresql.folder / "small", "-o", "size=4m,mode=777") as small:
        ballast = small / "ballast"
        ballast.write_bytes(bytes(1 << 20))
        (small / "space").mkdir(mode=0o777)
        owner = (postgresql.folder / "cluster").stat()
        os.chown(small / "space", owner.st_uid, owner.st_gid)
        postgresql.tell(f"CREATE TABLESPACE small LOCATION '{small}/space'")
        plain = place.address
        place.address = plain.replace("options=", "options=-cdefault_tablespace%3Dsmall%20")
        store = place.open()
        count = 0
        while isinstance(answer := settled(store.append("a", batch(np.full(9_000, count)))), Appended):
            count += 1
        assert answer == "full"
        with refused("full", "the database's disk is full"):
            store.append("a", batch(np.full(9_000, count))).result()
        assert store.run("a").result().rows == count > 3
        assert stored(store, "a")[-1][0] == count - 1
        ballast.unlink()
        assert store.append("a", batch(np.full(9_000, count), seq=count + 1)).result().stored == 1
        place.close()
        postgresql.tell(f"DROP SCHEMA {place.schema} CASCADE")
        postgresql.tell("DROP TABLESPACE small")


def test_a_database_that_can_only_be_read(place: Place) -> None:
    place.open().append("a", batch([1])).result()
    place.address = place.address.replace("options=", "options=-cdefault_transaction_read_only%3Don%20")
    store = place.open()
    for future in (store.append("a", batch([2])), store.reset("a", 1), store.check()):
        with refused("broken", "can only be read now"):
            future.result()
    assert stored(store, "a") == [[1]]


def test_rows_reach_the_disk_whatever_the_database_is_set_to(place: Place) -> None:
    place.address = place.address.replace("options=", "options=-csynchronous_commit%3Doff%20")
    store = place.open()
    ask: Callable[..., object] = vars(type(store))["_read"]
    answer = ask(store, lambda connection: connection.execute("SHOW synchronous_commit").fetchone()[0])
    assert answer.result() == "on"  # type: ignore[attr-defined]


def test_a_later_version_is_refused(place: Place, postgresql: postgres.Server) -> None:
    place.open()
    place.close()
    postgresql.tell(f"UPDATE {place.schema}.liveplot_version SET version = 2")
    with pytest.raises(MissingError, match=r"later liveplot \(version 2 of the store, and this knows 1\)"):
        place.open()


def test_a_database_that_cannot_hold_every_title_is_refused(place: Place, postgresql: postgres.Server) -> None:
    postgresql.tell("CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0")
    with pytest.raises(MissingError, match="does not keep UTF-8"):
        opened(postgresql.address("latin"), place.folder, Quota())


def test_a_database_that_may_lose_pages_is_warned_of(
    place: Place, postgresql: postgres.Server, caplog: pytest.LogCaptureFixture
) -> None:
    try:
        postgresql.tell("ALTER SYSTEM SET full_page_writes = off")
        postgresql.tell("SELECT pg_reload_conf()")
        soon(lambda: postgresql.tell("SHOW full_page_writes") == [("off",)])
        place.open()
    finally:
        postgresql.tell("ALTER SYSTEM RESET full_page_writes")
        postgresql.tell("SELECT pg_reload_conf()")
    assert "full_page_writes = off" in caplog.text


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda address: address.replace("%25@", "%25x@"), "cannot be reached: .*authentication failed"),
        (lambda address: address.replace("/postgres?", "/nowhere?"), 'cannot be reached: .*"nowhere" does not exist'),
        (lambda address: re.sub(r"@:\d+/", "@:1/", address), "cannot be reached: .*No such file"),
        (lambda address: address.replace("%25@", "%zz@"), "the database's address is none; it looks like"),
        (lambda address: address.replace("options=", "option="), "the database's address is none"),
        (lambda address: address.replace("search_path", "search_bath"), "cannot be reached: .*search_bath"),
        (lambda address: re.sub(r"search_path%3D\w+", "search_path%3Dnowhere", address), "cannot be used: no schema"),
    ],
)
def test_a_database_that_cannot_be_used_is_told_of_without_its_password(
    place: Place, caplog: pytest.LogCaptureFixture, change: Callable[[str], str], says: str
) -> None:
    caplog.set_level(logging.DEBUG)
    with pytest.raises(MissingError, match=says) as caught:
        opened(change(place.address), place.folder, Quota())
    for text in (str(caught.value), caplog.text, repr(caught.value.__cause__)):
        assert postgres.PASSWORD not in text
        assert "%2Fb" not in text
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 300


def test_without_the_package_the_command_that_installs_it_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(MissingError, match=r"pip install 'liveplot-cli\[postgres\]'"):
        opened("postgres://host/database", tmp_path, Quota())


def test_a_database_that_is_away_is_not_waited_for_by_everybody(
    place: Place, postgresql: postgres.Server, caplog: pytest.LogCaptureFixture
) -> None:
    store = place.open()
    store.append("a", batch([1])).result()
    postgresql.stop()
    try:
        begun = time.monotonic()
        answers = {settled(store.append("a", batch([2]))) for _ in range(500)}
        assert answers == {"broken"}
        assert time.monotonic() - begun < 10
    finally:
        postgresql.start()
    soon(lambda: settled(store.check()) is None)
    assert caplog.text.count("the database cannot be reached") == 1  # and not once for each
    assert "the database is there again" in caplog.text
    assert stored(store, "a") == [[1]]
