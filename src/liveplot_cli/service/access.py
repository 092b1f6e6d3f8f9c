"""Who may do what: the host a request is for, the page it comes from, the token it brings; and headers for browsers."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import socket
import stat
import time
from collections import OrderedDict, deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Literal

import falcon.asgi

from liveplot_cli.errors import MissingError, UsageError, quoted
from liveplot_cli.service.runs import RefusedError

Scope = Literal["open", "read", "write"]

TOKEN = "LIVEPLOT_TOKEN"
_SHORTEST_TOKEN = 16  # characters
_COOKIE_SECONDS = 30 * 86_400
_CODE_SECONDS = 600.0
_MOST_FAILURES, _PERIOD = 10, 60.0  # wrong tokens of an address, and the seconds in which they are counted
_MOST_ADDRESSES = 1_000
_OWN_NAMES = ("localhost", "127.0.0.1", "[::1]")
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}


@dataclass
class Access:
    """What the service lets in; a Falcon middleware. It holds for every path, those too where there is nothing."""

    token: str = field(repr=False)
    hosts: frozenset[str] = frozenset()  # as they are called from elsewhere, each with its port where it has one
    names: frozenset[str] = frozenset(_OWN_NAMES)  # of this machine, whatever the port
    open_read: bool = True
    draining: bool = False
    _codes: dict[str, float] = field(default_factory=dict, repr=False)
    _failures: OrderedDict[str, deque[float]] = field(default_factory=OrderedDict, repr=False)

    async def process_request(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        """Refuse what is for another host, from another site, or framed so that two would read it in two ways."""
        for name, value in HEADERS.items():
            resp.set_header(name, value)
        sent = [name for name, _ in req.scope["headers"]]
        if sent.count(b"host") != 1 or not req.path.startswith("/"):
            raise RefusedError("malformed", "a request names one host")
        if b"content-length" in sent and b"transfer-encoding" in sent:
            raise RefusedError("malformed", "a request has a length or is chunked, and not both")
        host = str(req.get_header("Host")).lower()
        if not self._is_ours(host, req.scope):
            raise RefusedError(
                "misdirected", f"this service is not called {quoted(host)}; start it with --allow-host if it is"
            )
        self._check_origin(req, host)
        if self.draining and req.method not in ("GET", "HEAD"):
            raise RefusedError("draining", "the service is about to stop")

    async def process_resource(
        self, req: falcon.asgi.Request, resp: falcon.asgi.Response, resource: Any, params: dict[str, Any]
    ) -> None:
        """Refuse who lacks the token, or the cookie, that the route's scope asks for."""
        operation = resource.operations.get(req.method) if resource else None
        scope: Scope = operation.scope if operation else "open"  # falcon answers what there is no operation for
        if scope == "write" or (scope == "read" and not self.open_read):
            self.require(req, may_read=scope == "read")

    def require(self, req: falcon.asgi.Request, *, may_read: bool = False) -> None:
        """Raise `RefusedError` for a request without the token, or, where it only reads, the cookie."""
        if may_read and self._is_cookie(req.cookies.get(self._cookie_name(req), "")):
            return
        given = req.get_header("Authorization") or ""
        kind, _, token = given.partition(" ")
        if kind.lower() == "bearer" and token and self._is_token(token):
            return
        if not given:
            raise RefusedError("unauthorized", "this needs the token: Authorization: Bearer …")
        self._count_failure(req.remote_addr)
        raise RefusedError("forbidden", "that is not the token of this service")

    def cookie(self, req: falcon.asgi.Request) -> tuple[str, str, int]:
        """A cookie with which the page may read: its name, its value, and how many seconds it lasts."""
        until = str(int(time.time()) + _COOKIE_SECONDS)
        return self._cookie_name(req), f"{until}.{self._signed(until)}", _COOKIE_SECONDS

    def code(self) -> str:
        """A code that opens the page once, for whoever reads the terminal."""
        code = secrets.token_urlsafe(24)
        self._codes[code] = time.monotonic() + _CODE_SECONDS
        return code

    def spend(self, code: str, req: falcon.asgi.Request) -> None:
        """Use up a code; raises `RefusedError` for one that is none."""
        found = next((known for known in self._codes if _same(known, code)), None)
        if found is None or self._codes.pop(found) < time.monotonic():
            self._count_failure(req.remote_addr)
            raise RefusedError("forbidden", "that code has been used, or is none; open the page with the token")

    def _is_ours(self, host: str, scope: Any) -> bool:
        """Whether this is what we are called: a name of a page that was pointed here by its DNS is not."""
        if host in self.hosts:
            return True
        address, port = scope.get("server") or ("", 0)
        name, its_port = _split(host)
        if its_port != port and not (its_port is None and port in (80, 443)):
            return False
        return name in self.names or _is_address(name, str(address))

    @staticmethod
    def _check_origin(req: falcon.asgi.Request, host: str) -> None:
        """Refuse what a page of another site had a browser send; that a person follows a link to us is no harm."""
        origin = req.get_header("Origin")
        if origin is not None and origin.lower() not in (f"http://{host}", f"https://{host}"):
            raise RefusedError("forbidden", f"a page of {quoted(origin)} may not use this service")
        site = req.get_header("Sec-Fetch-Site")
        if site in (None, "same-origin", "none"):
            return
        follows = req.method == "GET" and req.get_header("Sec-Fetch-Mode") == "navigate"
        if not follows or req.get_header("Sec-Fetch-Dest") != "document":
            raise RefusedError("forbidden", "a page of another site may not use this service")

    def _is_token(self, token: str) -> bool:
        return _same(token, self.token)

    def _is_cookie(self, value: str) -> bool:
        until, _, signature = value.partition(".")
        if not _same(signature, self._signed(until)):
            return False
        return until.isdigit() and int(until) > time.time()

    def _signed(self, until: str) -> str:
        return hmac.new(self.token.encode(), f"read until {until}".encode(), hashlib.sha256).hexdigest()

    @staticmethod
    def _cookie_name(req: falcon.asgi.Request) -> str:
        """One for each port, for browsers keep them by host alone."""
        _, port = _split(str(req.get_header("Host")).lower())
        return f"liveplot-{port or 'read'}"

    def _count_failure(self, address: str) -> None:
        """Note a wrong token; raises `RefusedError` for the one too many."""
        now = time.monotonic()
        failures = self._failures.setdefault(address, deque(maxlen=_MOST_FAILURES))
        self._failures.move_to_end(address)
        while len(self._failures) > _MOST_ADDRESSES:
            self._failures.popitem(last=False)
        is_too_many = len(failures) == _MOST_FAILURES and now - failures[0] < _PERIOD
        failures.append(now)
        if is_too_many:
            raise RefusedError("too_many", "too many wrong tokens; wait a minute", retry_after=int(_PERIOD))


def _same(one: str, other: str) -> bool:
    return secrets.compare_digest(one.encode("utf-8", "surrogatepass"), other.encode("utf-8", "surrogatepass"))


def _split(host: str) -> tuple[str, int | None]:
    """A host's name and port; the name is empty where the port is none."""
    name, colon, port = host.rpartition(":") if not host.endswith("]") else (host, "", "")
    if not colon:
        return host, None
    return (name, int(port)) if port.isascii() and port.isdigit() and len(port) < 6 else ("", None)


def _is_address(name: str, address: str) -> bool:
    """Whether a host is the very address that the request came in by, which no name of another site can be."""
    try:
        reached = ip_address(address)
        # A socket of IPv6 has addresses of IPv4 in a form of its own, which nobody types.
        return ip_address(name.strip("[]")) == (getattr(reached, "ipv4_mapped", None) or reached)
    except ValueError:
        return False


def found_token(file: Path | None, folder: Path) -> tuple[str, str]:
    """The token of the service, and where it is from: the environment, a file of ours, or one made now.

    Raises `UsageError` for one that is too short or that others can read.
    """
    given = os.environ.get(TOKEN)
    if given is not None:
        return _checked(given, TOKEN), TOKEN
    path = file or folder / "token"
    try:
        if stat.S_IMODE(path.stat().st_mode) & 0o077:
            raise UsageError(f"the token file {quoted(path)} can be read by others; chmod 600 it")
        return _checked(path.read_text(encoding="utf-8").strip(), path), str(path)
    except FileNotFoundError:
        if file is not None:
            raise UsageError(f"there is no token file {quoted(path)}; make one of 16 characters or more") from None
    except (OSError, UnicodeDecodeError) as error:
        raise MissingError(f"the token file {quoted(path)} cannot be read: {error}") from None
    return _made(path), str(path)


def _checked(token: str, where: object) -> str:
    if len(token) < _SHORTEST_TOKEN or not token.isascii() or not token.isprintable() or " " in token:
        raise UsageError(f"the token in {where} is not one: {_SHORTEST_TOKEN} or more ASCII characters without spaces")
    return token


def _made(path: Path) -> str:
    """A new token, in a file that only this user can read."""
    token = secrets.token_urlsafe(32)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError:  # another server was quicker
        return _checked(path.read_text(encoding="utf-8").strip(), path)
    except OSError as error:
        raise MissingError(f"no token can be kept in {quoted(path)}: {error.strerror}") from None
    with os.fdopen(file, "w", encoding="utf-8") as opened:
        opened.write(f"{token}\n")
    return token


def own_names(host: str) -> frozenset[str]:
    """What this machine calls itself; its name is among that where it listens on all its addresses."""
    return lower((*_OWN_NAMES, *([socket.gethostname()] if host in ("0.0.0.0", "::") else [])))


def lower(names: Iterable[str]) -> frozenset[str]:
    """Hosts as they are compared."""
    return frozenset(name.lower() for name in names)
