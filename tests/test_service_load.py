"""What the service does when there is too much of something: of films, of slow clients, of rows for its disk."""

from __future__ import annotations

import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import numpy as np
import pytest

import serving
from serving import API, Server

FILMS = 5  # one being made, and four that wait
CONNECTIONS = 200


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving.running(tmp_path_factory.mktemp("service") / "kept") as server:
        rows = np.random.default_rng(0).normal(size=(1000, 40)).round(3).tolist()
        assert server.append("long", rows).status == 200
        yield server


def film(server: Server, number: int, **headers: str) -> serving.Answer:
    return server.get(f"/runs/long/animation.gif?size=1280x720&every=1&title=film{number}", **headers)


def test_films_wait_for_their_turn_and_no_more_than_a_few(busy: Server) -> None:
    """Who asked is told to come again; one too many is refused, and rows come in all the while."""
    for number in range(FILMS):
        under_way = film(busy, number, Prefer="wait=0")
        assert (under_way.status, under_way.code) == (202, "under_way")
        assert int(under_way.headers["retry-after"]) > 0
    refused = film(busy, FILMS, Prefer="wait=0")
    assert (refused.status, refused.code) == (429, "too_many")
    assert int(refused.headers["retry-after"]) > 0
    assert film(busy, 0, Prefer="respond-async, wait=0").status == 202  # the same film is no other
    assert f"liveplot_films {FILMS}" in busy.ask("GET", "/metrics").body.decode()
    assert busy.append("other", [[1]]).status == 200


def test_who_dribbles_the_head_of_a_request_is_hung_up_on_and_delays_nobody(busy: Server) -> None:
    heads = [b"", b"GET / HTT", b"GET / HTTP/1.1\r\nHost: x\r\nA: "]
    with ExitStack() as opened:
        address = "127.0.0.1", busy.port
        slow = [opened.enter_context(socket.create_connection(address)) for _ in range(CONNECTIONS)]
        begun = time.monotonic()
        for number, connection in enumerate(slow):
            connection.sendall(heads[number % len(heads)])
        stopped = threading.Event()

        def dribble() -> None:
            while not stopped.wait(1):
                for number, connection in enumerate(slow):
                    with suppress(OSError):
                        connection.sendall(b"a" if heads[number % len(heads)] else b"")

        dribbling = threading.Thread(target=dribble)
        dribbling.start()
        try:
            asked = time.monotonic()
            assert busy.ask("GET", "/healthz").status == 200
            assert time.monotonic() - asked < 2
            for connection in slow:
                connection.settimeout(30)
                with suppress(ConnectionError):
                    while connection.recv(1 << 16):
                        pass
        finally:
            stopped.set()
            dribbling.join()
        assert 5 < time.monotonic() - begun < 30


def test_it_is_not_ready_when_its_disk_is_almost_full(tmp_path: Path) -> None:
    """Rows are taken as long as they fit, but who watches it is told in time (S29)."""
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=80M", "tmpfs", str(disk)], check=True)
    try:
        with serving.running(disk / "kept") as server:
            assert server.ask("GET", "/readyz").status == 200
            (disk / "other").write_bytes(bytes(40 << 20))
            red = server.ask("GET", "/readyz")
            assert (red.status, red.code) == (503, "broken")
            assert server.append("a", [[1]]).status == 200
            (disk / "other").unlink()
            assert server.ask("GET", "/readyz").status == 200
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)


def test_a_store_that_is_full_is_507_and_reads_go_on(tmp_path: Path) -> None:
    with serving.running(tmp_path / "kept", "--max-store", "1M") as server:
        rows = np.random.default_rng(0).normal(size=(100, 50)).tolist()
        statuses = [server.append("a", rows).status for _ in range(40)]
        stored = statuses.count(200)
        assert statuses == [200] * stored + [507] * (40 - stored)
        assert 0 < stored < 40
        assert server.append("a", rows).code == "full"
        assert server.get("/runs/a").json["rows"] == 100 * stored
        assert len(server.get("/runs/a/rows?after=50").json["rows"]) > 0


def test_it_listens_where_ipv6_is_all_there_is(tmp_path: Path) -> None:
    with serving.running(tmp_path / "kept", "--host", "[::1]") as server:
        assert f"http://[::1]:{server.port}/" in server.words()
        with socket.create_connection(("::1", server.port)) as connection:
            request = (
                f"POST /hi HTTP/1.1\r\nHost: [::1]:{server.port}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
            )
            connection.sendall(request.encode())
            answer = b"".join(iter(lambda: connection.recv(1 << 16), b""))
        assert answer.endswith(b'{"msg":"hello world"}')


def test_forged_words_of_a_proxy_change_nothing(tmp_path: Path) -> None:
    """Nobody becomes another by saying so: neither the host nor the address that wrong tokens are counted by (S32)."""
    with serving.running(tmp_path / "kept") as server:
        forged = server.ask("GET", f"{API}/runs", X_Forwarded_Host="evil.example", X_Forwarded_Proto="https")
        assert forged.status == 200
        codes = [
            server.post("/runs/a/rows", b"{}", Authorization="Bearer wrong", X_Forwarded_For=f"10.0.0.{number}").code
            for number in range(12)
        ]
        assert codes == ["forbidden"] * 10 + ["too_many"] * 2
