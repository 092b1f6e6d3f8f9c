"""Who may do what: every route of the service, with every method, under every credential, from wherever it is asked."""

from __future__ import annotations

import itertools
import json
import re
import socket
import stat
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from falcon.inspect import inspect_app

import serving
from liveplot_cli.service import stores
from liveplot_cli.service.access import HEADERS, Access
from liveplot_cli.service.app import application
from liveplot_cli.service.changes import Changes
from liveplot_cli.service.pictures import Pictures
from liveplot_cli.service.resources import Service
from liveplot_cli.service.runs import Quota
from serving import API, Answer, Server

TOKEN = "correct-horse-battery-staple"
ROWS = b'{"rows":[[1]]}'

# Every route with every method it answers: who may, its status for one who may, and the path and body to ask with.
ROUTES: dict[tuple[str, str], tuple[str, int, str, bytes | None]] = {
    ("GET", "/"): ("open", 200, "/", None),
    ("GET", "/runs/{run}"): ("open", 200, "/runs/a", None),
    ("GET", "/page.js"): ("open", 200, "/page.js", None),
    ("GET", "/page.css"): ("open", 200, "/page.css", None),
    ("GET", "/icon.svg"): ("open", 200, "/icon.svg", None),
    ("POST", "/hi"): ("open", 200, "/hi", None),
    ("GET", "/healthz"): ("open", 200, "/healthz", None),
    ("GET", "/readyz"): ("read", 200, "/readyz", None),
    ("GET", "/metrics"): ("read", 200, "/metrics", None),
    ("GET", "/openapi.json"): ("read", 200, "/openapi.json", None),
    ("POST", f"{API}/session"): ("token", 204, f"{API}/session", b'{}'),
    ("GET", f"{API}/kinds"): ("read", 200, f"{API}/kinds", None),
    ("GET", f"{API}/runs"): ("read", 200, f"{API}/runs", None),
    ("GET", f"{API}/runs/{{run}}"): ("read", 200, f"{API}/runs/a", None),
    ("DELETE", f"{API}/runs/{{run}}"): ("write", 404, f"{API}/runs/none", None),
    ("GET", f"{API}/runs/{{run}}/rows"): ("read", 200, f"{API}/runs/a/rows", None),
    ("POST", f"{API}/runs/{{run}}/rows"): ("write", 200, f"{API}/runs/more/rows", ROWS),
    ("POST", f"{API}/runs/{{run}}/reset"): ("write", 404, f"{API}/runs/none/reset", b'{}'),
    ("GET", f"{API}/runs/{{run}}/events"): ("read", 404, f"{API}/runs/none/events", None),
    ("GET", f"{API}/runs/{{run}}/frame.png"): ("read", 200, f"{API}/runs/a/frame.png", None),
    ("GET", f"{API}/runs/{{run}}/animation.{{suffix}}"): ("read", 404, f"{API}/runs/none/animation.gif", None),
    ("GET", f"{API}/runs/{{run}}/history.{{suffix}}"): ("read", 200, f"{API}/runs/a/history.csv", None),
}  # fmt: skip
PATHS = [*dict.fromkeys(path for _, _, path, _ in ROUTES.values()), "/nothing/here", f"{API}/nothing"]
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "CONNECT", "FOO")


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A service on loopback, with a run `a`."""
    with serving.running(tmp_path_factory.mktemp("local") / "kept", LIVEPLOT_TOKEN=TOKEN) as server:
        assert server.append("a", [[1, 2], [3, 4]]).status == 200
        yield server


@pytest.fixture(scope="module")
def public(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A service that listens on all addresses, with a run `a`; it is asked through loopback alone."""
    place = tmp_path_factory.mktemp("public") / "kept"
    with serving.running(place, "--host", "0.0.0.0", LIVEPLOT_TOKEN=TOKEN) as server:
        assert server.append("a", [[1, 2], [3, 4]]).status == 200
        yield server


def cookie(server: Server) -> str:
    answer = server.ask("POST", f"{API}/session", write=True)
    assert answer.status == 204
    return answer.headers["set-cookie"].partition(";")[0]


def test_every_route_is_in_the_table_and_no_other(tmp_path: Path) -> None:
    store = stores.opened("", tmp_path, Quota())
    try:
        pictures = Pictures(store)
        service = Service(store, Changes(), pictures, Access(TOKEN), Quota(), tmp_path)
        routes = inspect_app(application(service)).routes
        found = {
            (method.method, route.path) for route in routes for method in route.methods if not method.internal
        }  # fmt: skip
    finally:
        pictures.close()
        store.close()
    assert found == set(ROUTES)


CREDENTIALS = {
    "none": (None, 401),
    "empty": ("", 401),
    "wrong": (f"Bearer {TOKEN}x", 403),
    "no more than Bearer": ("Bearer ", 403),
    "other case": (f"Bearer {TOKEN.upper()}", 403),
    "another scheme": (f"Basic {TOKEN}", 403),
    "the token alone": (TOKEN, 403),
    "the token": (f"Bearer {TOKEN}", 200),
    "bearer in small letters": (f"bearer {TOKEN}", 200),
}


_ADDRESSES = itertools.count(2)


def another_address() -> str:
    """Wrong tokens are counted by the address that they come from, and loopback has many."""
    number = next(_ADDRESSES)
    return f"127.0.{number >> 8}.{number & 255}"


@pytest.mark.parametrize("name", CREDENTIALS)
@pytest.mark.parametrize("which", ["local", "public"])
def test_each_route_lets_in_whom_it_should(which: str, name: str, request: pytest.FixtureRequest) -> None:
    server: Server = request.getfixturevalue(which)
    given, refusal = CREDENTIALS[name]
    for (method, _), (scope, status, path, body) in ROUTES.items():
        headers = {"Content_Type": "application/json"} if body else {}
        if given is not None:
            headers["Authorization"] = given
        needed = scope in ("write", "token") or (scope == "read" and which == "public")
        answer = server.ask(method, path, body, write=False, source=another_address(), **headers)
        assert answer.status == (refusal if needed and refusal != 200 else status), (method, path, answer)
        assert (answer.headers.get("www-authenticate") == "Bearer") == (answer.status == 401)
        if answer.status in (401, 403):
            assert answer.code == {401: "unauthorized", 403: "forbidden"}[answer.status]


@pytest.mark.parametrize("which", ["local", "public"])
def test_a_token_in_the_query_or_a_cookie_writes_nothing(which: str, request: pytest.FixtureRequest) -> None:
    server: Server = request.getfixturevalue(which)
    session = cookie(server)
    before = server.get("/runs", Authorization=f"Bearer {TOKEN}").body
    for (method, _), (scope, status, path, body) in ROUTES.items():
        headers = {"Content_Type": "application/json"} if body else {}
        if scope in ("write", "token"):
            for name in ("token", "access_token", "code", "Authorization"):
                query = f"{path}?{name}={quote(TOKEN)}"
                assert server.ask(method, query, body, write=False, **headers).status in (400, 401), query
        allowed = scope not in ("write", "token")
        answer = server.ask(method, path, body, write=False, Cookie=session, **headers)
        assert answer.status == (status if allowed else 401), (method, path, answer)
    assert server.get("/runs", Authorization=f"Bearer {TOKEN}").body == before


def test_a_cookie_that_is_not_ours_reads_nothing(public: Server) -> None:
    name, _, value = cookie(public).partition("=")
    until, _, signature = value.partition(".")
    late = str(int(until) + 1)
    for forged in ("", "x", "1.", f"{until}.", f".{signature}", f"{late}.{signature}", f"{until}.{signature}0", "²."):
        assert public.get("/runs", Cookie=f"{name}={forged}".encode().decode("latin-1")).status == 401, forged
    assert public.get("/runs", Cookie=f"other={value}").status == 401
    assert public.get("/runs", Cookie=f"{name}={value}").status == 200


def test_a_cookie_is_for_the_server_alone(public: Server) -> None:
    answer = public.ask("POST", f"{API}/session", write=True)
    given = {part.strip().lower() for part in answer.headers["set-cookie"].split(";")[1:]}
    assert {"httponly", "samesite=strict", "path=/"} <= given
    assert not any(part.startswith("domain") for part in given)
    assert TOKEN not in answer.headers["set-cookie"]


def test_a_code_opens_once(public: Server) -> None:
    code = re.search(r"#code=(\S+)", public.words())[1]
    body = json.dumps({"code": code}).encode()
    sent = {"write": False, "Content_Type": "application/json"}
    surrogate = public.ask("POST", f"{API}/session", b'{"code":"\\ud800"}', source=another_address(), **sent)
    assert surrogate.code == "forbidden"
    first = public.ask("POST", f"{API}/session", body, **sent)
    assert first.status == 204
    assert public.get("/runs", Cookie=first.headers["set-cookie"].partition(";")[0]).status == 200
    assert public.ask("POST", f"{API}/session", body, source=another_address(), **sent).code == "forbidden"


def test_ten_wrong_tokens_a_minute_are_heard_and_no_more(local: Server) -> None:
    source = another_address()

    def try_wrong() -> Answer:
        return local.ask("DELETE", f"{API}/runs/none", write=False, source=source, Authorization="Bearer wrong")

    assert [try_wrong().status for _ in range(12)] == [403] * 10 + [429] * 2
    assert try_wrong().headers["retry-after"].isdigit()
    elsewhere = local.ask("DELETE", f"{API}/runs/none", write=False, source=another_address(), Authorization="Bearer w")
    assert elsewhere.status == 403, "others are not held back"
    assert local.ask("DELETE", f"{API}/runs/none", source=source).status == 404, "nor who knows the token"


# ---- Where a request is for, and which page it comes from -----------------------------------------

EVIL_HOSTS = (
    "evil.example", "evil.example:{port}", "127.0.0.1.evil.example:{port}", "localhost.evil.example:{port}",
    "localhost@evil.example:{port}", "127.0.0.1:1", "localhost:99999", "127.0.0.1:{port}:{port}", "127.0.0.2:{port}",
    "[::1", "[::ffff:7f00:1]:{port}", "0.0.0.0:{port}", "2130706433:{port}", "127.1:{port}", "localhost.:{port}",
    "127.0.0.1:{port}/", "127.0.0.1:{port}#", "127.0.0.1:+{port}", "",
)  # fmt: skip
EVIL_ORIGINS = (
    "https://evil.example", "null", "http://localhost.evil.example:{port}", "http://127.0.0.1.evil.example",
    "http://127.0.0.1", "http://127.0.0.1:1", "http://127.0.0.1:{port}.evil.example", "http://localhost:{port}",
    "file://", "", "http://evil.example@127.0.0.1:{port}", "ftp://127.0.0.1:{port}", "127.0.0.1:{port}",
)  # fmt: skip
EVIL_SITES = (
    {"Sec_Fetch_Site": "cross-site"}, {"Sec_Fetch_Site": "same-site"}, {"Sec_Fetch_Site": "rubbish"},
    {"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "navigate", "Sec_Fetch_Dest": "iframe"},
    {"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "no-cors", "Sec_Fetch_Dest": "image"},
    {"Sec_Fetch_Site": "same-site", "Sec_Fetch_Mode": "cors", "Sec_Fetch_Dest": "document"},
)  # fmt: skip


def asked(server: Server, path: str, headers: dict[str, str]) -> Iterator[Answer]:
    """Every way in which the path is there, or its being missing is answered."""
    methods = {method for (method, _), (_, _, its_path, _) in ROUTES.items() if its_path == path} or {"GET", "POST"}
    for method in sorted(methods):
        body = {"body": ROWS, "Content_Type": "application/json"} if method == "POST" else {}
        session = {"Cookie": f"liveplot-{server.port}=x", "Authorization": f"Bearer {TOKEN}"}
        yield server.ask(method, path, **session, **body, **headers)


@pytest.mark.parametrize("path", PATHS)
def test_no_other_name_and_no_other_page_reaches_a_route(local: Server, path: str) -> None:
    before = local.get("/runs").body
    refused = [
        *(({"Host": host.format(port=local.port)}, 421) for host in EVIL_HOSTS),
        *(({"Origin": origin.format(port=local.port)}, 403) for origin in EVIL_ORIGINS),
        *((headers, 403) for headers in EVIL_SITES),
    ]
    for headers, status in refused:
        for answer in asked(local, path, headers):
            assert answer.status == status, (headers, answer)
            assert answer.code == {421: "misdirected", 403: "forbidden"}[status]
            assert "access-control-allow-origin" not in answer.headers
    assert local.get("/runs").body == before


def test_own_names_and_own_pages_do(local: Server) -> None:
    for host in (
        f"localhost:{local.port}",
        f"LOCALHOST:{local.port}",
        f"127.0.0.1:{local.port}",
        f"[::1]:{local.port}",
    ):
        assert local.get("/runs", Host=host).status == 200
        assert local.get("/runs", Host=host, Origin=f"http://{host}").status == 200
        assert local.get("/runs", Host=host, Sec_Fetch_Site="same-origin").status == 200
    followed = {"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "navigate", "Sec_Fetch_Dest": "document"}
    assert local.ask("GET", "/runs/a", **followed).status == 200, "a link may be followed"
    assert local.ask("POST", "/hi", **followed).status == 403, "and a form not sent"


def test_a_service_on_all_addresses_is_called_by_its_machines_name(public: Server) -> None:
    name = socket.gethostname().lower()
    assert f"open it once with http://{socket.gethostname()}:{public.port}/#code=" in public.words()
    token = {"Authorization": f"Bearer {TOKEN}"}
    assert public.get("/runs", Host=f"{name}:{public.port}", **token).status == 200
    for host in (name, f"{name}:{public.port + 1}", f"{name}.evil.example:{public.port}"):
        assert public.get("/runs", Host=host, **token).code == "misdirected"


def test_a_machines_name_is_nobody_where_it_listens_on_loopback_alone(local: Server) -> None:
    assert local.get("/runs", Host=f"{socket.gethostname()}:{local.port}").code == "misdirected"


@pytest.mark.parametrize(
    ("name", "address", "ours"),
    [
        ("192.0.2.2", "192.0.2.2", True),
        ("192.0.2.2", "::ffff:192.0.2.2", True),  # as a socket of IPv6 has it
        ("[::ffff:192.0.2.2]", "::ffff:192.0.2.2", False),
        ("[2001:db8::1]", "2001:db8::1", True),
        ("[2001:db8:0::1]", "2001:db8::1", True),
        ("192.0.2.3", "::ffff:192.0.2.2", False),
        ("192.0.2.2.evil.example", "192.0.2.2", False),
        ("0xc0.0.2.2", "192.0.2.2", False),
    ],
)
def test_it_is_called_by_the_address_that_it_is_reached_by(name: str, address: str, ours: bool) -> None:
    scope = {"server": (address, 8000)}
    assert Access(TOKEN)._is_ours(f"{name}:8000", scope) is ours
    assert not Access(TOKEN)._is_ours(f"{name}:8001", scope)


def test_a_form_of_another_page_is_no_body(local: Server) -> None:
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "", "text/html"):
        assert local.post("/runs/form/rows", ROWS, kind).code == "media_type"
    assert local.get("/runs/form").status == 404


@pytest.mark.parametrize("path", PATHS)
def test_every_answer_has_the_headers(local: Server, path: str) -> None:
    for method in ("GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS"):
        answer = local.ask(method, path, write=False)
        assert answer.status < 500, answer
        for name, value in HEADERS.items():
            if name == "Cache-Control" and path.endswith(".png") and method in ("GET", "HEAD"):
                continue  # a browser asks whether it has changed
            assert answer.headers[name.lower()] == value, (method, path)
        assert "server" not in answer.headers
        assert not [name for name in answer.headers if name.startswith("access-control")]
        assert "location" not in answer.headers


# ---- Bytes that are hardly a request -----------------------------------------

RAW = {
    "two hosts": (b"GET /healthz HTTP/1.1\r\nHost: {host}\r\nHost: {host}\r\n\r\n", 400),
    "no host": (b"GET /healthz HTTP/1.1\r\n\r\n", 400),
    "no host, HTTP/1.0": (b"GET /healthz HTTP/1.0\r\n\r\n", 400),
    "HTTP/1.0": (b"GET /healthz HTTP/1.0\r\nHost: {host}\r\n\r\n", 200),
    "absolute, another host": (b"GET http://evil.example/healthz HTTP/1.1\r\nHost: {host}\r\n{close}\r\n", 400),
    "absolute, another Host": (b"GET http://{host}/healthz HTTP/1.1\r\nHost: evil.example\r\n{close}\r\n", 400),
    "two slashes": (b"GET //evil.example/healthz HTTP/1.1\r\nHost: {host}\r\n{close}\r\n", 404),
    "CL and TE": (
        b"POST /hi HTTP/1.1\r\nHost: {host}\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n{close}\r\n"
        b"0\r\n\r\n", 400,
    ),
    "two lengths": (
        b"POST /hi HTTP/1.1\r\nHost: {host}\r\nContent-Length: 0\r\nContent-Length: 5\r\n{close}\r\n", 400,
    ),
    "a length below nothing": (b"POST /hi HTTP/1.1\r\nHost: {host}\r\nContent-Length: -1\r\n{close}\r\n", 400),
    "a length with a plus": (b"POST /hi HTTP/1.1\r\nHost: {host}\r\nContent-Length: +1\r\n{close}\r\n", 400),
    "another coding": (b"POST /hi HTTP/1.1\r\nHost: {host}\r\nTransfer-Encoding: gzip\r\n{close}\r\n", 400),
    "a header over two lines": (b"GET /healthz HTTP/1.1\r\nHost: {host}\r\nA: b\r\n Host: x\r\n{close}\r\n", 200),
    "a space before the colon": (b"GET /healthz HTTP/1.1\r\nHost : {host}\r\n{close}\r\n", 400),
    "HTTP/2 by prior knowledge": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
    "HTTP/9.9": (b"GET / HTTP/9.9\r\nHost: {host}\r\n\r\n", 505),
    "HTTP/0.9": (b"GET /\r\n\r\n", 400),
    "an upgrade": (
        b"GET /healthz HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade, close\r\n\r\n", 200,
    ),
    "all of it": (b"OPTIONS * HTTP/1.1\r\nHost: {host}\r\n{close}\r\n", 400),
    "a proxy": (b"CONNECT evil.example:443 HTTP/1.1\r\nHost: {host}\r\n{close}\r\n", 400),
    "TLS": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(300), 400),
    "a long line": (b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\nHost: {host}\r\n{close}\r\n", (400, 404)),
    "an escape in the path": (b"GET /\x1b[31m HTTP/1.1\r\nHost: {host}\r\n{close}\r\n", 400),
    "half a character": (b"GET /%ff%fe HTTP/1.1\r\nHost: {host}\r\n{close}\r\n", 404),
    "half a character in the query": (b"GET /api/v1/runs?%ff=%fe HTTP/1.1\r\nHost: {host}\r\n{close}\r\n", 400),
    "half an escape": (b"GET /api/v1/runs?a=%&%zz HTTP/1.1\r\nHost: {host}\r\n{close}\r\n", 400),
}  # fmt: skip


def sent(server: Server, template: bytes) -> bytes:
    host = f"127.0.0.1:{server.port}".encode()
    return template.replace(b"{host}", host).replace(b"{close}", b"Connection: close\r\n")


def status_of(answer: bytes) -> int:
    return int(re.match(rb"HTTP/1\.1 (\d{3}) ", answer)[1])


@pytest.mark.parametrize("name", RAW)
def test_bytes_that_are_hardly_a_request_are_answered(local: Server, name: str) -> None:
    template, status = RAW[name]
    assert status_of(local.raw(sent(local, template))) in (status if isinstance(status, tuple) else (status,))
    assert local.ask("POST", "/hi").json == {"msg": "hello world"}


@pytest.mark.parametrize("method", METHODS)
def test_no_method_is_a_bug_anywhere(local: Server, method: str) -> None:
    known = {(method, path) for (method, _), (_, _, path, _) in ROUTES.items()}
    for path in PATHS:
        request = f"{method} {path} HTTP/1.1\r\nHost: {{host}}\r\n{{close}}\r\n".encode()
        status = status_of(local.raw(sent(local, request)))
        allowed = {400, 401, 404, 405, 415} | (
            {200} if method in ("GET", "HEAD", "OPTIONS") or (method, path) in known else set()
        )
        assert status in allowed, (method, path, status)


def test_requests_in_one_go_are_answered_in_turn(local: Server) -> None:
    one = sent(local, b"POST /hi HTTP/1.1\r\nHost: {host}\r\nContent-Length: 0\r\n\r\n")
    last = sent(local, b"POST /hi HTTP/1.1\r\nHost: {host}\r\nContent-Length: 0\r\n{close}\r\n")
    assert local.raw(one * 4 + last).count(b"hello world") == 5


# ---- Names -----------------------------------------

NAMES = (
    "..", ".", "../x", "../../etc/passwd", "/etc/passwd", "..\\..\\x", "C:\\x", "a#/../../etc", "a?x", "a\0", "*",
    "a b", "a\nb", "a\r\nSet-Cookie: x", "\x1b[31m", "é", "\u202e", "-a", "_a", ".a", "a" * 129, "a" * 5000, "a;b",
    "a%", "<img src=x onerror=alert(1)>", "{run}", "a/b", "~", "$(id)", "`id`", "a:b", "a'", 'a"', "a\\b", "\ud7ff",
    "１",
)  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_a_name_that_is_none_makes_nothing(local: Server, name: str) -> None:
    before, folder = local.get("/runs").body, sorted(local.folder.rglob("*"))
    for written in {quote(name, safe=""), quote(quote(name, safe=""), safe=""), quote(name, safe="/.?#:;*'~$")}:
        for method, tail in (
            ("GET", ""), ("DELETE", ""), ("POST", "/rows"), ("POST", "/reset"), ("GET", "/rows"), ("GET", "/events"),
            ("GET", "/frame.png"), ("GET", "/animation.gif"), ("GET", "/history.csv"),
        ):  # fmt: skip
            request = (
                f"{method} {API}/runs/{written}{tail} HTTP/1.1\r\nHost: {{host}}\r\nAuthorization: Bearer {TOKEN}\r\n"
            )
            body = ROWS if method == "POST" else b""
            head = f"{request}Content-Type: application/json\r\nContent-Length: {len(body)}\r\n{{close}}\r\n".encode()
            answer = local.raw(sent(local, head) + body)
            allowed = (400, 404, 405) if "?" not in written and "#" not in written else (200, 204, 400, 404, 405)
            assert status_of(answer) in allowed, (written, answer)
            assert b"\x1b" not in answer
            assert b"set-cookie" not in answer.partition(b"\r\n\r\n")[0].lower()
    assert local.get("/runs").body == before
    assert sorted(local.folder.rglob("*")) == folder


def test_names_that_are_some_can_be_used(local: Server) -> None:
    for name in ("CON", "a" * 128, "0", "a..b", "a.-_b", "constructor", "__proto__"[2:], "rows", "runs"):
        assert local.append(name, [[1]]).status == 200
        assert local.get(f"/runs/{name}").json["run"] == name
        assert local.ask("DELETE", f"{API}/runs/{name}").status == 204


# ---- The token -----------------------------------------


def test_the_token_is_nowhere_to_be_read(tmp_path: Path) -> None:
    with serving.running(tmp_path / "kept", "-v") as server:
        for path in PATHS:
            for headers in ({}, {"Origin": "https://evil.example"}, {"Authorization": f"Bearer {server.token}"}):
                answer = server.ask("GET", path, write=False, **headers)
                assert server.token.encode() not in answer.body
                assert server.token not in str(answer.headers)
        server.ask("POST", f"{API}/runs/a/rows?token={server.token}", ROWS, Content_Type="application/json")
        server.post("/runs/a/rows", b"[")
        command = Path(f"/proc/{server.process.pid}/cmdline").read_bytes()
        assert server.token.encode() not in command
        server.stop()
        assert server.token not in server.words()


def test_the_token_and_the_address_are_for_this_user_alone(tmp_path: Path) -> None:
    with serving.running(tmp_path / "kept") as server:
        for name in ("token", "address"):
            assert stat.S_IMODE((server.folder / name).stat().st_mode) == 0o600
        assert (server.folder / "address").read_text().strip() == server.url
        assert stat.S_IMODE(server.folder.stat().st_mode) == 0o700
        server.stop()
        assert not (server.folder / "address").exists()
        token = server.token
    with serving.running(tmp_path / "kept") as server:
        assert server.token == token, "it is kept"


@pytest.mark.parametrize("token", ["", "short", "with spaces in between", "ümlautümlautümlaut", "tab\ttabtabtabtabtab"])
def test_a_token_that_is_none_starts_no_server(tmp_path: Path, token: str) -> None:
    process = serving.start(tmp_path / "kept", LIVEPLOT_TOKEN=token)
    assert process.wait(serving.PATIENCE) == 2
    words = serving.said(tmp_path / "kept").read_text()
    assert words.startswith("Error: the token in LIVEPLOT_TOKEN")
    assert len(words.splitlines()) == 1


def test_a_token_that_others_can_read_starts_no_server(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(f"{TOKEN}\n")
    file.chmod(0o640)
    process = serving.start(tmp_path / "kept", "--token-file", str(file))
    assert process.wait(serving.PATIENCE) == 2
    assert "chmod 600" in serving.said(tmp_path / "kept").read_text()


def test_by_itself_only_this_machine_is_served(local: Server, public: Server) -> None:
    assert listening(local) == {"127.0.0.1"}
    assert listening(public) == {"0.0.0.0"}


def listening(server: Server) -> set[str]:
    """The addresses that listen on the server's port, as the kernel knows them."""
    lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    places = [line[1].split(":") for line in lines if line[3] == "0A"]
    return {
        socket.inet_ntoa(bytes.fromhex(address)[::-1]) for address, port in places if int(port, 16) == server.port
    }  # fmt: skip


def test_without_a_token_of_its_own_a_public_service_makes_one_that_readers_need(tmp_path: Path) -> None:
    with serving.running(tmp_path / "kept", "--host", "0.0.0.0") as server:
        assert len(server.token) >= 32
        assert server.get("/runs").code == "unauthorized"
        assert server.get("/runs", Authorization=f"Bearer {server.token}").json == {"runs": []}
        assert server.ask("GET", "/healthz").status == 200


def test_public_reading_is_asked_for(tmp_path: Path) -> None:
    with serving.running(tmp_path / "kept", "--host", "0.0.0.0", "--public-read") as server:
        assert server.get("/runs").status == 200
        assert server.ask("DELETE", f"{API}/runs/none", write=False).code == "unauthorized"


def test_another_name_is_allowed_by_option(tmp_path: Path) -> None:
    with serving.running(tmp_path / "kept", "--allow-host", "Plots.Example.org") as server:
        assert server.get("/runs", Host="plots.example.org", Origin="https://plots.example.org").status == 200
        assert server.get("/runs", Host="plots.example.org:1").code == "misdirected"
        forwarded = {"X_Forwarded_Host": "plots.example.org", "X_Forwarded_For": "127.0.0.1", "Forwarded": "host=x"}
        assert server.get("/runs", Host="evil.example", **forwarded).code == "misdirected"


def test_who_may_not_write_is_told_so_before_the_body_comes(local: Server) -> None:
    head = f"POST {API}/runs/a/rows HTTP/1.1\r\nHost: {{host}}\r\nContent-Length: 9\r\n{{close}}\r\n"
    assert status_of(local.raw(sent(local, head.encode()))) == 401
