"""The service as a client has it: a real process, asked over HTTP, on its store of SQLite."""

from __future__ import annotations

import gzip
import io
import json
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from http.client import HTTPException
from pathlib import Path
from typing import Any

import imageio.v3 as imageio
import numpy as np
import pytest

import films
import liveplot_cli
import serving
from conftest import Run
from liveplot_cli.history import History
from serving import API, Server, wait_for

MOST = 1 << 20


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A service for all of these tests, each of which has runs of its own."""
    with serving.running(tmp_path_factory.mktemp("service") / "kept") as server:
        yield server


# ---- Rows -----------------------------------------


@pytest.mark.parametrize(
    "path",
    ["/", "/page.css", "/healthz", "/metrics", f"{API}/runs", f"{API}/runs/head", f"{API}/runs/head/history.csv",
     f"{API}/runs/head/frame.png", f"{API}/runs/head/animation.gif", f"{API}/runs/none", "/nothing"],
)  # fmt: skip
def test_head_is_get_without_the_content(service: Server, path: str) -> None:
    service.append("head", [[1, 2], [2, 1]], seq=1)
    whole, head = service.ask("GET", path), service.ask("HEAD", path)
    assert (head.status, head.body) == (whole.status, b"")
    varying = {"date", "content-length"} if path == "/metrics" else {"date"}
    assert {name: value for name, value in head.headers.items() if name not in varying} == {
        name: value for name, value in whole.headers.items() if name not in varying
    }
    assert service.ask("HEAD", "/hi").status == 405
    raw = f"HEAD {path} HTTP/1.1\r\nHost: 127.0.0.1:{service.port}\r\nConnection: close\r\n\r\n"
    assert service.raw(raw.encode()).endswith(b"\r\n\r\n")


def test_head_of_events_does_not_go_on(service: Server) -> None:
    service.append("head", [[1, 2], [2, 1]], seq=1)
    head = service.ask("HEAD", f"{API}/runs/head/events")
    assert (head.status, head.headers["content-type"], head.body) == (200, "text/event-stream", b"")
    wait_for(lambda: "liveplot_viewers 0" in service.ask("GET", "/metrics").body.decode())


def test_hello(service: Server) -> None:
    answer = service.ask("POST", "/hi", write=False)
    assert (answer.status, answer.json) == (200, {"msg": "hello world"})


def test_rows_come_in_and_go_out(service: Server) -> None:
    first = service.append("rows", [[1, None], [2.5, -3]], columns=["a", "b"], title="Ti\nle")
    assert (first.status, first.json) == (200, {"epoch": 1, "stored": 2, "duplicates": 0, "next_seq": 3})
    again = service.append("rows", [[2.5, -3]], seq=2)
    assert again.json == {"epoch": 1, "stored": 0, "duplicates": 1, "next_seq": 3}
    assert service.append("rows", [[5, 6]], "?seq=3&epoch=1").json["stored"] == 1
    run = service.get("/runs/rows").json
    assert {**run, "created": 0, "updated": 0} == {
        "run": "rows", "title": "Ti\nle", "columns": ["a", "b"], "epoch": 1, "rows": 3, "next_seq": 4, "created": 0,
        "updated": 0,
    }  # fmt: skip
    assert run in service.get("/runs").json["runs"]
    everything = {"epoch": 1, "columns": ["a", "b"], "first": 1, "next_seq": 4, "rows": [[1, None], [2.5, -3], [5, 6]]}
    assert service.get("/runs/rows/rows").json == everything
    assert service.get("/runs/rows/rows?after=1&limit=1").json == {**everything, "first": 2, "rows": [[2.5, -3]]}
    assert service.get("/runs/rows/rows?after=3").json == {**everything, "first": 4, "rows": []}
    assert service.get("/runs/rows/rows?after=9&epoch=1").json["rows"] == []


def test_json_lines_and_tables(service: Server) -> None:
    lines = b"[1, 2]\n\n[3, null]\r\n"
    assert service.post("/runs/lines/rows?seq=1", lines, "application/x-ndjson; charset=utf-8").json["stored"] == 2
    assert service.get("/runs/lines/rows").json["rows"] == [[1, 2], [3, None]]
    named = b'{"a": 1}\n{"a": 2, "b": 3}'
    assert service.post("/runs/named/rows", named, "application/x-ndjson").json["stored"] == 2
    assert service.get("/runs/named/rows").json["columns"] == ["a", "b"]
    assert service.get("/runs/named/rows").json["rows"] == [[1, None], [2, 3]]
    assert service.post("/runs/table/rows", "\ufeffx,é\r\n1,\r\n2,3e2".encode(), "text/csv").json["stored"] == 2
    assert service.get("/runs/table/rows").json["columns"] == ["x", "é"]
    assert service.post("/runs/table/rows", b"3,4", "Text/CSV; header=absent").json["next_seq"] == 4
    assert service.get("/runs/table/rows").json["rows"] == [[1, None], [2, 300], [3, 4]]


def test_a_reset_begins_anew_and_a_late_retry_stays_out(service: Server) -> None:
    service.append("anew", [[1]])
    late = service.post("/runs/anew/reset", b'{"epoch":2}')
    assert (late.status, late.code, late.json["epoch"]) == (409, "stale_epoch", 1)
    assert service.post("/runs/anew/reset", b'{"epoch":1}').json == {"epoch": 2}
    assert service.append("anew", [[1]], epoch=1, seq=2).code == "stale_epoch"
    assert service.get("/runs/anew/rows?epoch=1").code == "stale_epoch"
    assert service.get("/runs/anew").json["rows"] == 0
    assert service.post("/runs/anew/reset", b"{}").json == {"epoch": 3}
    assert service.ask("POST", f"{API}/runs/anew/reset").json == {"epoch": 4}
    assert service.ask("POST", f"{API}/runs/anew/reset", b"{}").code == "media_type"
    assert service.ask("DELETE", f"{API}/runs/anew").status == 204
    assert service.get("/runs/anew").code == "not_found"
    assert service.ask("DELETE", f"{API}/runs/anew").code == "not_found"
    assert service.append("anew", [[1]]).json["epoch"] == 5


def test_a_run_grows_wider_and_no_other_way(service: Server) -> None:
    service.append("wide", [[1, 2]], columns=["a", "b"])
    assert service.append("wide", [[1, 2, 3]], columns=["a", "b", "c"]).status == 200
    assert service.get("/runs/wide/rows").json["rows"] == [[1, 2, None], [1, 2, 3]]
    for columns in (["b", "a"], ["a", "x"], ["c"]):
        answer = service.append("wide", [[1] * len(columns)], columns=columns)
        assert (answer.status, answer.code, answer.json["columns"]) == (409, "columns", ["a", "b", "c"])
    assert service.get("/runs/wide").json["rows"] == 2


def test_what_does_not_come_next_is_refused_whole(service: Server) -> None:
    service.append("next", [[1], [2], [3]])
    for seq, rows, code in ((5, [[5]], "gap"), (3, [[3], [4]], "overlap"), (2, [[9]], "conflict")):
        answer = service.append("next", rows, seq=seq)
        assert (answer.status, answer.code, answer.json["expected"]) == (409, code, 4)
    assert service.get("/runs/next/rows").json["rows"] == [[1], [2], [3]]
    assert service.append("none-such", [[1]], seq=2).json["expected"] == 1
    assert service.get("/runs/none-such").status == 404


def test_a_request_with_a_key_counts_once(service: Server) -> None:
    def append(rows: bytes, key: str) -> serving.Answer:
        return service.post("/runs/keys/rows", rows, Idempotency_Key=key)

    first = append(b'{"rows":[[1]]}', "one")
    assert append(b'{"rows":[[1]]}', "one").body == first.body
    assert append(b'{"rows":[[2]]}', "one").code == "key_reused"
    assert append(b'{"rows":[[1]]}', "two").json["next_seq"] == 3
    for key in ("", "x" * 201, "é"):
        assert append(b'{"rows":[[1]]}', key).code == "malformed"
    assert service.get("/runs/keys").json["rows"] == 2


BODIES: dict[str, tuple[bytes, int, str]] = {
    "empty": (b"", 400, "malformed"),
    "null": (b"null", 400, "malformed"),
    "a list": (b"[[1]]", 400, "malformed"),
    "half": (b'{"rows":[[1', 400, "malformed"),
    "two": (b'{"rows":[[1]]}{"rows":[[1]]}', 400, "malformed"),
    "a byte order mark": (b'\xef\xbb\xbf{"rows":[[1]]}', 400, "malformed"),
    "UTF-16": ('{"rows":[[1]]}'.encode("utf-16"), 400, "malformed"),
    "no UTF-8": (b'{"rows":[[1]],"title":"\xff"}', 400, "malformed"),
    "half a character": (rb'{"rows":[[1]],"title":"\ud800"}', 400, "malformed"),
    "no rows": (b'{"rows":[]}', 400, "malformed"),
    "another field": (b'{"rows":[[1]],"run":"x"}', 400, "malformed"),
    "a name twice": (b'{"rows":[[1]],"rows":[[2]]}', 400, "malformed"),
    "NaN": (b'{"rows":[[NaN]]}', 400, "malformed"),
    "Infinity": (b'{"rows":[[-Infinity]]}', 400, "malformed"),
    "deep": (b"[" * 100_000, 400, "malformed"),
    "deep inside": (b'{"rows":' + b"[" * 100_000 + b"]" * 100_000 + b"}", 400, "malformed"),
    "long digits": (b'{"rows":[[' + b"9" * 5000 + b"]]}", 400, "malformed"),
    "columns that are none": (b'{"rows":[[1]],"columns":{"a":1}}', 400, "malformed"),
    "two columns of a name": (b'{"rows":[[1,2]],"columns":["a","a"]}', 400, "malformed"),
    "a title that is none": (b'{"rows":[[1]],"title":["a"]}', 400, "malformed"),
    "a long title": (b'{"rows":[[1]],"title":"' + b"a" * 201 + b'"}', 400, "malformed"),
    "seq 0": (b'{"rows":[[1]],"seq":0}', 400, "malformed"),
    "seq true": (b'{"rows":[[1]],"seq":true}', 400, "malformed"),
    "seq 1.0": (b'{"rows":[[1]],"seq":1.0}', 400, "malformed"),
    "seq of 100 digits": (b'{"rows":[[1]],"seq":1' + b"0" * 100 + b"}", 400, "malformed"),
    "too large a number": (b'{"rows":[[1],[1e400]]}', 422, "row_invalid"),
    "too large an integer": (b'{"rows":[[1' + b"0" * 400 + b"]]}", 422, "row_invalid"),
    "a word": (b'{"rows":[["1"]]}', 422, "row_invalid"),
    "true": (b'{"rows":[[true]]}', 422, "row_invalid"),
    "rows within rows": (b'{"rows":[[[1]]]}', 422, "row_invalid"),
    "a bare number": (b'{"rows":[1]}', 422, "row_invalid"),
    "an empty row": (b'{"rows":[[]]}', 422, "row_invalid"),
    "rows of two widths": (b'{"rows":[[1],[1,2]]}', 422, "row_invalid"),
    "1,001 rows": (json.dumps({"rows": [[1]] * 1001}).encode(), 413, "too_large"),
    "10,001 values": (json.dumps({"rows": [[1] * 10_001]}).encode(), 422, "row_invalid"),
}


@pytest.mark.parametrize("name", BODIES)
def test_a_body_that_is_no_rows_stores_nothing(service: Server, name: str) -> None:
    body, status, code = BODIES[name]
    answer = service.post("/runs/bodies/rows", body)
    assert (answer.status, answer.code) == (status, code)
    assert len(answer.json["description"]) < 300
    if code == "row_invalid":
        assert answer.json["row"] == (1 if name in ("too large a number", "rows of two widths") else 0)
    assert service.get("/runs/bodies").status == 404


def test_the_most_that_a_request_takes(service: Server) -> None:
    assert service.append("most", [[1]] * 1000).json["stored"] == 1000
    assert service.append("widest", [[1] * 10_000]).status == 200
    assert service.append("titled", [[1]], title="a" * 200, columns=["b" * 200]).status == 200


@pytest.mark.parametrize("sent", ["with its length", "in parts"])
def test_a_body_of_a_mebibyte_is_taken_and_no_longer_one(service: Server, sent: str) -> None:
    for length, status in ((MOST - 1, 200), (MOST, 200), (MOST + 1, 413), (8 * MOST, 413)):
        body = b'{"rows":[[1]]' + b" " * (length - 14) + b"}"
        assert len(body) == length
        parts = (body[start : start + 50_000] for start in range(0, length, 50_000))
        try:
            answer = service.post("/runs/mebibyte/rows", body if sent == "with its length" else parts)
        except ConnectionError:  # refused before all of it was sent
            assert status == 413
            continue
        assert answer.status == status
        assert status == 200 or answer.code == "too_large"
    assert service.get("/runs/mebibyte").json["rows"] in (2, 4)


def test_a_length_is_believed_before_the_body_comes(service: Server) -> None:
    head = f"POST {API}/runs/x/rows HTTP/1.1\r\nHost: 127.0.0.1:{service.port}\r\nAuthorization: Bearer {service.token}"
    request = f"{head}\r\nContent-Type: application/json\r\nContent-Length: 99999999999\r\nConnection: close\r\n\r\n"
    assert service.raw(request.encode()).startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize(
    "sent", ["Content-Length: 100\r\n\r\n1\n45", "Transfer-Encoding: chunked\r\n\r\n4\r\n1\n45\r\n"]
)
def test_of_a_body_that_breaks_off_nothing_is_stored(service: Server, sent: str) -> None:
    head = f"POST {API}/runs/cut/rows HTTP/1.1\r\nHost: 127.0.0.1:{service.port}\r\nContent-Type: text/csv\r\n"
    with socket.create_connection(("127.0.0.1", service.port)) as connection:
        connection.sendall(f"{head}Authorization: Bearer {service.token}\r\n{sent}".encode())
        connection.shutdown(socket.SHUT_WR)
        connection.recv(1 << 16)
    time.sleep(0.3)  # in which it would be stored
    assert service.get("/runs/cut").status == 404


def test_compressed_bodies_are_refused(service: Server) -> None:
    body = gzip.compress(b'{"rows":[[1]]}')
    assert service.post("/runs/zip/rows", body, Content_Encoding="gzip").code == "media_type"
    assert service.post("/runs/zip/rows", body).code == "malformed"
    assert service.get("/runs/zip").status == 404


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=1001", "after=-1", "after=x", "after=1&after=2", "epoch=0", "before=1", "limit=١"]
)
def test_a_query_that_is_wrong_is_said_to_be(service: Server, query: str) -> None:
    service.append("query", [[1]])
    answer = service.get("/runs/query/rows?" + query.replace("١", "%D9%A1"))
    assert (answer.status, answer.code) == (400, "malformed")


# ---- Events -----------------------------------------


def test_events_tell_of_rows_resets_and_the_end(service: Server) -> None:
    service.append("told", [[1], [2]])
    with service.follow("told") as events:
        assert events.answer.getheader("Content-Type") == "text/event-stream"
        assert events.answer.getheader("Cache-Control") == "no-store"
        assert events.answer.getheader("X-Accel-Buffering") == "no"
        first = events.next()
        assert (first["event"], first["id"], first["retry"]) == ("rows", "1-2", "2000")
        assert first["data"] == {"epoch": 1, "first": 3, "next_seq": 3, "rows": []}
        service.append("told", [[3], [None]])
        assert events.next()["data"] == {"epoch": 1, "first": 3, "next_seq": 5, "rows": [[3], [None]]}
        service.post("/runs/told/reset", b"{}")
        reset = events.next()
        assert (reset["event"], reset["id"], reset["data"]) == ("reset", "2-0", {"epoch": 2, "next_seq": 1})
        service.append("told", [[9]])
        assert events.next()["data"]["rows"] == [[9]]
        service.ask("DELETE", f"{API}/runs/told")
        assert events.next()["event"] == "deleted"
        assert events.answer.read() == b""


def test_much_at_once_is_told_together_and_the_newest_of_it(service: Server) -> None:
    service.append("much", [[0]])
    with service.follow("much") as events, service.follow("much", "?limit=3") as few:
        for followed in (events, few):
            followed.next()
        service.append("much", [[number] for number in range(1, 251)])
        told = events.next()["data"]
        assert (told["first"], told["next_seq"], told["skipped"]) == (152, 252, 150)
        assert told["rows"] == [[number] for number in range(151, 251)]
        assert few.next()["data"]["rows"] == [[248], [249], [250]]
    with service.follow("much", "?limit=0") as events:
        assert events.next()["data"] == {"epoch": 1, "first": 252, "next_seq": 252}


@pytest.mark.parametrize(
    ("seen", "event", "rows"),
    [
        ("1-3", "rows", [[4], [5]]),
        ("1-5", "rows", []),
        ("1-99", "rows", []),
        ("0-3", "reset", None),
        ("7-3", "reset", None),
        ("rubbish", "rows", []),
        ("1-3\u00b2", "rows", []),
        ("-1--1", "rows", []),
        ("9" * 300, "rows", []),
        ("", "rows", []),
    ],
)
def test_a_viewer_goes_on_where_it_was(service: Server, seen: str, event: str, rows: list[list[int]] | None) -> None:
    if service.get("/runs/resumed").status == 404:
        service.append("resumed", [[number] for number in range(1, 6)])
    for query, headers in (("", {"Last_Event_ID": seen}), (f"?last_event_id={seen.replace('²', '%C2%B2')}", {})):
        with service.follow("resumed", query, **headers) as events:
            found = events.next()
            assert found["event"] == event
            assert found["data"].get("rows") == rows
            if event == "reset":
                assert events.next()["data"]["rows"] == [[number] for number in range(1, 6)]


def test_words_cannot_make_an_event(service: Server) -> None:
    evil = "a\nevent: evil\ndata: x\r\rid: 9\u2028\u0085\n\n"
    service.append("injected", [[1]], title=evil, columns=[evil])
    with service.follow("injected") as events:
        assert events.next()["event"] == "rows"
        service.append("injected", [[2]], title=f"{evil}b")
        assert events.next()["data"]["rows"] == [[2]]


def test_events_of_nothing(service: Server) -> None:
    assert service.get("/runs/nothing/events").code == "not_found"
    for query in ("limit=101", "limit=-1", "x=1"):
        assert service.get(f"/runs/rows/events?{query}").status in (400, 404)


def test_viewers_are_as_many_as_are_allowed_and_make_room(tmp_path: Path) -> None:
    with serving.running(tmp_path / "kept", "--max-viewers", "3") as server:
        server.append("a", [[1]])
        with ExitStack() as stack:
            followers = [stack.enter_context(server.follow("a")) for _ in range(3)]
            for follower in followers:
                follower.next()
            refused = server.get("/runs/a/events")
            assert (refused.status, refused.code) == (429, "too_many")
            assert refused.headers["retry-after"].isdigit()
            assert server.get("/runs/a/rows").status == 200, "they can poll"
        server.append("a", [[2]])
        server.append("a", [[3]])

        def has_room() -> bool:
            with server.follow("a") as follower:
                return follower.answer.status == 200

        wait_for(has_room)


# ---- Pictures and films -----------------------------------------

SIZE = "size=320x240&dpi=100"
LOOK = {"size": "320x240", "dpi": "100"}


@pytest.fixture(scope="module")
def curve(service: Server) -> np.ndarray:
    """What the run `curve` holds."""
    values = np.cumsum(np.random.default_rng(1).normal(size=(12, 3)), axis=0)
    assert service.append("curve", values.tolist(), columns=["a", "b", "c"]).status == 200
    return values


@pytest.mark.parametrize("row", ["last", "1", "7"])
def test_a_picture_is_what_render_draws(service: Server, curve: np.ndarray, tmp_path: Path, row: str) -> None:
    answer = service.get(f"/runs/curve/frame.png?{SIZE}&row={row}")
    assert (answer.status, answer.headers["content-type"]) == (200, "image/png")
    number = 12 if row == "last" else int(row)
    assert (answer.headers["liveplot-row"], answer.headers["liveplot-epoch"]) == (str(number), "1")
    assert answer.headers["liveplot-kind"] == "trace"
    history = History(curve, columns=["a", "b", "c"], index=np.arange(1, 13), index_name="row", name="curve")
    drawn = drawn_frames(history, tmp_path)
    np.testing.assert_array_equal(imageio.imread(answer.body)[..., :3], drawn[number - 1][..., :3])


def drawn_frames(history: History, folder: Path) -> list[np.ndarray]:
    """Every row as `liveplot render` writes it into a folder."""
    liveplot_cli.render(history, f"{folder}/frames/", **LOOK)
    return [imageio.imread(path) for path in sorted((folder / "frames").iterdir())]


def test_a_picture_that_is_known_is_not_sent_again(service: Server, curve: np.ndarray) -> None:
    first = service.get(f"/runs/curve/frame.png?{SIZE}")
    tag = first.headers["etag"]
    again = service.get(f"/runs/curve/frame.png?{SIZE}", If_None_Match=tag)
    assert (again.status, again.body) == (304, b"")
    for other in ('"x"', "rubbish", '"'):
        assert service.get(f"/runs/curve/frame.png?{SIZE}", If_None_Match=other).status == 200
    assert service.get(f"/runs/curve/frame.png?{SIZE}&row=1", If_None_Match=tag).status == 200


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("nothing=1", 400, "malformed"),
        ("size=1x1&size=2x2", 400, "malformed"),
        ("kind=none", 400, "malformed"),
        ("kind=../line", 400, "malformed"),
        ("theme=/etc/passwd", 400, "malformed"),
        ("theme=http://127.0.0.1:1/x", 400, "malformed"),
        ("theme=file:///etc/passwd", 400, "malformed"),
        ("theme=../x.mplstyle", 400, "malformed"),
        ("palette=/etc/passwd", 400, "malformed"),
        ("size=4000x4000", 413, "too_large"),
        ("size=100000x100000", 413, "too_large"),
        ("size=0x0", 400, "malformed"),
        ("size=x", 400, "malformed"),
        ("title=" + "a" * 501, 400, "malformed"),
        ("title=%00", 400, "malformed"),
        ("row=0", 404, "not_found"),
        ("row=13", 404, "not_found"),
        ("row=-1", 400, "malformed"),
        ("row=1e1", 400, "malformed"),
        ("output=/tmp/x", 400, "malformed"),
        ("format=gif", 400, "malformed"),
        ("columns=none", 400, "malformed"),
    ],
)
def test_a_picture_that_cannot_be_is_refused(
    service: Server, curve: np.ndarray, query: str, status: int, code: str
) -> None:
    answer = service.get(f"/runs/curve/frame.png?{query}")
    assert (answer.status, answer.code) == (status, code), answer


def film(server: Server, run: str, suffix: str, query: str) -> serving.Answer:
    """A film, when it is made."""
    return wait_for(lambda: (found := server.get(f"/runs/{run}/animation.{suffix}?{query}")).status != 202 and found)


@pytest.mark.parametrize("suffix", ["gif", "mp4", "webp", "html"])
def test_a_film_can_be_read(service: Server, curve: np.ndarray, tmp_path: Path, suffix: str) -> None:
    answer = film(service, "curve", suffix, f"{SIZE}&fps=10")
    assert answer.status == 200, answer.body
    assert f'filename="curve.{suffix}"' in answer.headers["content-disposition"]
    path = tmp_path / f"film.{suffix}"
    path.write_bytes(answer.body)
    match suffix:
        case "gif":
            assert films.gifsicle(path).size == (320, 240)
            assert len(films.gif_pictures(path)) >= 2
        case "mp4":
            assert len(films.ffmpeg_pictures(path, (320, 240))) >= 2
        case "webp":
            assert films.webp(path).pixels.shape[1:3] == (240, 320)
        case _:
            assert answer.headers["content-disposition"].startswith("attachment")
            assert answer.body.lower().startswith(b"<!doctype html>")
    tag = answer.headers["etag"]
    assert service.get(f"/runs/curve/animation.{suffix}?{SIZE}&fps=10", If_None_Match=tag).status == 304


def test_a_part_of_a_film(service: Server, curve: np.ndarray) -> None:
    whole = film(service, "curve", "mp4", f"{SIZE}&fps=10").body
    size = len(whole)
    for asked, start, stop in (
        ("bytes=0-1", 0, 2), ("bytes=5-", 5, size), ("bytes=-7", size - 7, size), (f"bytes=0-{size * 9}", 0, size),
        (f"bytes=-{size * 9}", 0, size),
    ):  # fmt: skip
        answer = service.get(f"/runs/curve/animation.mp4?{SIZE}&fps=10", Range=asked)
        assert (answer.status, answer.body) == (206, whole[start:stop]), asked
        assert answer.headers["content-range"] == f"bytes {start}-{stop - 1}/{size}"
    beyond = service.get(f"/runs/curve/animation.mp4?{SIZE}&fps=10", Range=f"bytes={size}-")
    assert (beyond.status, beyond.code, beyond.headers["content-range"]) == (416, "range", f"bytes */{size}")
    for rubbish in ("bytes=", "bytes=9-1", "bytes=0-1,3-4", "rows=1-2", "x", "bytes=-0"):
        answer = service.get(f"/runs/curve/animation.mp4?{SIZE}&fps=10", Range=rubbish)
        assert answer.status in (200, 400, 416), (rubbish, answer.status)


def test_films_of_nothing(service: Server) -> None:
    service.append("bare", [[1]])
    service.post("/runs/bare/reset", b"{}")
    for path in (
        "bare/animation.gif",
        "bare/frame.png",
        "bare/animation.avi",
        "none-such/animation.gif",
        "bare/history.x",
    ):
        assert service.get(f"/runs/{path}").code == "not_found"
    assert service.get("/runs/bare/animation.gif?fps=0").status in (400, 404)


def test_downloads_are_what_was_posted(service: Server) -> None:
    values = np.random.default_rng(2).normal(size=(500, 4)) * 10.0 ** np.arange(-300, 300, 150)
    values[3, 2] = np.nan
    names = ["=1+1", "@SUM(A1)", 'a,"b"\n', "-x"]
    rows = [[None if np.isnan(value) else value for value in row] for row in values.tolist()]
    assert service.append("posted", rows, columns=names).status == 200
    array = service.get("/runs/posted/history.npy")
    np.testing.assert_array_equal(np.load(io.BytesIO(array.body), allow_pickle=False), values)
    assert array.headers["content-disposition"] == 'attachment; filename="posted.npy"'
    table = service.get("/runs/posted/history.csv")
    head = '\'=1+1,\'@SUM(A1),"a,""b""\n",\'-x\r\n'
    assert table.body.decode().startswith(head)
    read = np.genfromtxt(io.StringIO(table.body.decode().removeprefix(head)), delimiter=",")
    np.testing.assert_array_equal(read, values)


# ---- What it says of itself -----------------------------------------


def test_health_readiness_and_metrics(service: Server) -> None:
    assert service.ask("GET", "/healthz").json == {"status": "ok"}
    assert service.ask("GET", "/readyz").json == {"status": "ok"}
    service.append("counted", [[1], [2]])
    metrics = service.ask("GET", "/metrics").body.decode()
    values = dict(line.rsplit(" ", 1) for line in metrics.splitlines() if not line.startswith("#"))
    assert int(values["liveplot_rows_stored_total"]) >= 2
    assert int(values["liveplot_runs"]) == len(service.get("/runs").json["runs"])
    assert int(values['liveplot_requests_total{status="200"}']) >= 2


def test_kinds(service: Server) -> None:
    found = service.get("/kinds").json
    assert {"line", "trace"} <= {kind["name"] for kind in found["kinds"]}
    assert "dark" in found["themes"]


# ---- Beginning and end -----------------------------------------


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_it_ends_by_a_signal_and_says_nothing(tmp_path: Path, signum: int) -> None:
    with serving.running(tmp_path / "kept") as server:
        before = server.words()
        assert server.stop(signum) == -signum
        assert server.words() == before


def test_it_ends_soon_whatever_is_under_way(tmp_path: Path) -> None:
    with serving.running(tmp_path / "kept") as server:
        server.append("a", np.random.default_rng(3).normal(size=(300, 20)).tolist())
        server.get(f"/runs/a/frame.png?{SIZE}")
        answers: list[Any] = []
        asking = threading.Thread(
            target=lambda: answers.append(server.get("/runs/a/animation.gif?size=1600x1200&fps=60&duration=100"))
        )
        asking.start()
        with (
            server.follow("a") as events,
            socket.create_connection(("127.0.0.1", server.port), serving.PATIENCE) as posting,
        ):
            events.next()
            head = f"POST {API}/runs/a/rows HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nContent-Length: 500\r\n"
            head += f"Content-Type: application/json\r\nAuthorization: Bearer {server.token}\r\n\r\n{{"
            posting.sendall(head.encode())
            wait_for(lambda: len(server.descendants()) >= 2)
            time.sleep(0.3)  # until the request is being read
            children = server.descendants()
            start = time.monotonic()
            code = server.stop()
            assert code == -signal.SIGTERM
            assert time.monotonic() - start < 6 + 2
            assert events.until("bye")
        asking.join(serving.PATIENCE)
        assert [answer.code for answer in answers] == ["draining"]
        wait_for(lambda: not any(map(serving.is_alive, children)))


def test_a_port_that_is_taken(tmp_path: Path, service: Server) -> None:
    process = serving.start(tmp_path / "kept", "--port", str(service.port))
    assert process.wait(serving.PATIENCE) == 5
    [words] = serving.said(tmp_path / "kept").read_text().splitlines()
    assert words.startswith(f"Error: 127.0.0.1 port {service.port} can't be listened on")


@pytest.mark.parametrize("address", ["mysql://host/runs", "sqlite:///runs.db", "runs.db", "postgresql:runs"])
def test_a_store_that_is_none(liveplot: Run, tmp_path: Path, address: str) -> None:
    said = liveplot("serve", "--port", "0", "--store", address, code=2).stderr
    assert f"'{address}' is no address such as postgresql://" in said
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("options", "sentence"),
    [(["--max-store", "1"], "1M at least"), (["--host", ""], "is no address"), (["--host", "[::1"], "is no address")],
)
def test_options_that_make_no_sense(liveplot: Run, tmp_path: Path, options: list[str], sentence: str) -> None:
    assert sentence in liveplot("serve", "--port", "0", "--folder", str(tmp_path), *options, code=2).stderr


def test_films_of_a_server_that_was_killed_are_cleared_away(tmp_path: Path) -> None:
    with serving.running(tmp_path / "kept") as server:
        server.append("a", [[1], [2]])
        assert server.get("/runs/a/animation.gif").status == 200
        [films_there] = server.folder.glob("liveplot-films-*")
        assert films_there.stat().st_mode & 0o777 == 0o700
        server.process.kill()
        server.process.wait()
        assert list(films_there.iterdir())
    with serving.running(tmp_path / "kept") as server:
        assert not films_there.exists()
        assert server.get("/runs/a/animation.gif").status == 200
    assert not list(server.folder.glob("liveplot-films-*"))


def test_a_second_server_of_a_folder(tmp_path: Path) -> None:
    with serving.running(tmp_path / "kept") as server:
        second = serving.start(tmp_path / "kept")
        assert second.wait(serving.PATIENCE) == 5
        words = server.words().splitlines()[-1]
        assert words.startswith("Error: ")
        assert str(server.process.pid) in words
        assert server.append("a", [[1]]).status == 200
        assert (server.folder / "address").read_text().strip() == server.url


def test_what_was_acknowledged_is_there_after_any_kill(tmp_path: Path) -> None:
    known = 0
    for number in range(4):
        with serving.running(tmp_path / "kept") as server:
            run = server.get("/runs/load")
            stored = run.json["rows"] if run.status == 200 else 0
            assert stored >= known, "an acknowledged row is lost"
            for start in range(0, stored, 1000):
                rows = server.get(f"/runs/load/rows?after={start}").json["rows"]
                assert rows == [[seq, seq / 7] for seq in range(start + 1, start + 1 + len(rows))]
            known = stored
            killing = threading.Timer(0.2 + 0.15 * number, server.process.kill)
            killing.start()
            try:
                while True:
                    rows = [[seq, seq / 7] for seq in range(known + 1, known + 6)]
                    answer = server.append("load", rows, seq=known + 1)
                    assert answer.status == 200
                    known = answer.json["next_seq"] - 1
            except (OSError, HTTPException):
                pass
            killing.join()
    assert known > 0


# ---- Another server -----------------------------------------


def test_gunicorn_serves_the_same(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    token = "a-token-for-gunicorn"
    command = [sys.executable, "-m", "gunicorn", "-k", "asgi", "-w", "1", "-b", f"127.0.0.1:{port}"]
    command += ["--graceful-timeout", "1", "--no-control-socket", "liveplot_cli.service.server:app()"]
    words = tmp_path / "said"
    with words.open("wb") as file:
        process = subprocess.Popen(
            command, stdout=file, stderr=file, cwd=tmp_path,
            env=serving.environment(
                LIVEPLOT_FOLDER=str(tmp_path / "kept"), LIVEPLOT_TOKEN=token, LIVEPLOT_PUBLIC_READ="true"
            ),
        )  # fmt: skip
    server = Server(process, tmp_path / "kept", words, port, token)
    try:
        wait_for(lambda: b"Application startup complete" in words.read_bytes() or answers(port))
        assert server.append("a", [[1], [2]]).json["stored"] == 2
        with server.follow("a") as events:
            events.next()
            server.append("a", [[3]])
            assert events.next()["data"]["rows"] == [[3]]
            assert server.get("/runs/a", Host="evil.example").code == "misdirected"
            assert server.get(f"/runs/a/frame.png?{SIZE}").status == 200
            assert server.stop() == 0
    finally:
        process.kill()
        process.wait()
    assert "Traceback" not in server.words(), server.words()


def answers(port: int) -> bool:
    """Whether somebody listens."""
    with socket.socket() as trying:
        return trying.connect_ex(("127.0.0.1", port)) == 0
