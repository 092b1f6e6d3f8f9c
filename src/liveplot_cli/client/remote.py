"""The live service as one who pushes sees it: its address, the token it wants, what it is asked and what it answers."""

from __future__ import annotations

import json
import os
import re
import time
import unicodedata
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from functools import cached_property
from http.client import HTTPException
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, unquote, urlsplit

from liveplot_cli.errors import UsageError, quoted
from liveplot_cli.serving import default_folder

if TYPE_CHECKING:
    import urllib3

RUN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
_RUN_IN_PATH = re.compile(r"(.*?)/runs/([^/]*)/?")
_NO_NAME = re.compile(r"[^A-Za-z0-9._-]+")
_TOKEN = re.compile(r"[!-~]{1,4096}")
_PORTS = {"http": 80, "https": 443}
_CONNECTING, _ANSWERING = 5.0, 15.0  # seconds
_LONGEST_ANSWER = 16 << 20  # bytes
_MOST_PATIENCE = 3600.0  # seconds
_LONGEST_WORD = 200  # characters of what a service says of itself


class AwayError(Exception):
    """The service has not answered: nobody knows whether it has done what it was asked."""


@dataclass(frozen=True)
class Address:
    """Where a run is: the service's URL without a slash at its end, and the name of the run."""

    service: str
    run: str

    def __str__(self) -> str:
        return f"{self.service}/runs/{self.run}"


@dataclass(frozen=True)
class Answer:
    """What the service says: the status, the facts in it, and how many seconds it wants to be left alone."""

    status: int
    facts: Mapping[str, Any] = field(default_factory=dict)
    patience: float = 0.0

    @property
    def is_done(self) -> bool:
        """Whether what was asked is done."""
        return 200 <= self.status < 300

    @property
    def is_passing(self) -> bool:
        """Whether the same request may be answered in another way in a while."""
        return self.status in (408, 425, 429) or self.status >= 500

    @property
    def code(self) -> str:
        """The word for what went wrong, empty where there is none."""
        return str(self.facts.get("code", ""))

    @property
    def sentence(self) -> str:
        """What went wrong, for a person."""
        said = self.facts.get("description") or self.facts.get("title") or ""
        return f"{self.status}" + (f": {quoted(str(said)[:_LONGEST_WORD])[1:-1]}" if said else "")

    def whole(self, name: str) -> int | None:
        """A whole number from 1 on among the facts."""
        number = self.facts.get(name)
        return number if type(number) is int and number > 0 else None

    def names(self) -> tuple[str, ...]:
        """The columns among the facts."""
        columns = self.facts.get("columns")
        return tuple(map(str, columns)) if isinstance(columns, list) else ()


def find_run(url: str, run: str | None = None) -> Address:
    """The run that a URL and a name mean; the URL may be that of the run's page, as a browser shows it.

    Raises `UsageError` for what is no URL of a service, for a name that is none, and where two are given.
    """
    parts = _parts(url)
    path, named = parts.path.rstrip("/"), None
    match = _RUN_IN_PATH.fullmatch(parts.path)
    if match:
        path, named = match[1], unquote(match[2])
    if run is not None and named is not None and run != named:
        raise UsageError(f"the URL is that of the run {quoted(named)}, and not of {quoted(run)}; give one of them")
    name = run if run is not None else named
    if name is None:
        raise UsageError("the run has no name; give one, or the URL of its page")
    if not RUN_NAME.fullmatch(name):
        raise UsageError(
            f"{quoted(name)} is no name of a run: 1 to 128 letters, digits, dots, dashes and underscores, the first of"
            " them a letter or a digit"
        )
    return Address(_origin(url, parts) + path, name)


def is_of_a_run(url: str) -> bool:
    """Whether a URL is that of a run's page."""
    return _RUN_IN_PATH.fullmatch(_parts(url).path) is not None


def run_name(words: str) -> str | None:
    """The name of a run for any words, such as a file's name; None where they have no letter or digit of ASCII."""
    plain = "".join(one for one in unicodedata.normalize("NFKD", words) if not unicodedata.combining(one))
    return _NO_NAME.sub("-", plain).strip("-").lstrip("._-")[:128] or None


def find_token(token: str | None, token_file: str | os.PathLike[str] | None) -> str:
    """The token for a service: the one given, else `LIVEPLOT_TOKEN`, else that in a file; empty where there is none.

    Raises `UsageError` for a file that can't be read and for a token that can't be sent.
    """
    found = token or os.environ.get("LIVEPLOT_TOKEN", "")
    if not found and token_file is not None:
        try:
            found = Path(token_file).read_text("utf-8")
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or "it is no text"
            raise UsageError(f"cannot read the token in {quoted(os.fspath(token_file))}: {reason}") from None
    found = found.strip()
    if found and not _TOKEN.fullmatch(found):
        raise UsageError("the token is none: it has no spaces, and no characters but those of ASCII")
    return found


class Service:
    """A service that is asked one thing after another, over a connection that is kept."""

    def __init__(self, address: Address, token: str, folder: Path | None = None) -> None:
        self._address = address
        self._parts = urlsplit(address.service)
        self._path = f"{self._parts.path}/api/v1/runs/{address.run}"
        self._token = token
        self._folder = folder
        self._looks = not token  # whether it is looked for in the folder, which is made when the service first starts

    @cached_property
    def _connections(self) -> urllib3.HTTPConnectionPool:
        """What keeps the connection; its import takes 60 ms, which the thread that sends has."""
        import urllib3

        pool = urllib3.HTTPSConnectionPool if self._parts.scheme == "https" else urllib3.HTTPConnectionPool
        patience = urllib3.Timeout(connect=_CONNECTING, read=_ANSWERING)
        return pool(self._parts.hostname or "", self._parts.port, timeout=patience, retries=False)

    def ask(self, method: str, below: str = "", body: bytes | None = None) -> Answer:
        """What the service answers for the run or what is `below` it; raises `AwayError` where it does not."""
        answer = self._asked(method, below, body)
        if answer.status in (401, 403) and self._looks:
            before, self._token = self._token, own_token(self._address, self._folder)
            return answer if self._token == before else self._asked(method, below, body)
        return answer

    def _asked(self, method: str, below: str, body: bytes | None) -> Answer:
        from urllib3.exceptions import HTTPError

        try:
            response = self._connections.urlopen(
                method,
                self._path + below,
                body,
                self._headers(body),
                redirect=False,
                preload_content=False,
            )
            said = _read(response)
        except (HTTPError, HTTPException, OSError) as error:
            raise AwayError(_reason(error)) from None
        return Answer(response.status, _facts(said), _patience(response.headers.get("Retry-After", "")))

    def _headers(self, body: bytes | None) -> dict[str, str]:
        headers = {"Accept": "application/json", "User-Agent": "liveplot"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        return headers

    def close(self) -> None:
        """Let the connection go."""
        self._connections.close()


def own_token(address: Address, folder: Path | None) -> str:
    """The token of the service that runs on this machine, if it is at that very address; else nothing."""
    with suppress(OSError, ValueError, RuntimeError, UsageError):
        place = folder or default_folder()
        if find_run((place / "address").read_text("utf-8").strip(), address.run).service == address.service:
            return find_token(None, place / "token")
    return ""


def _parts(url: str) -> SplitResult:
    if not url.isascii() or not url.isprintable() or " " in url:
        raise UsageError(f"{quoted(url)} is no URL: it holds what must be written in another way there")
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        raise UsageError(f"{quoted(url)} is no URL ({error})") from None
    if parts.username is not None or parts.password is not None:
        raise UsageError("the URL has a user's name or password in it; give a token in LIVEPLOT_TOKEN instead")
    if parts.scheme not in _PORTS or not parts.hostname:
        raise UsageError(f"{quoted(url)} is no URL such as http://127.0.0.1:8000/")
    return parts


def _origin(url: str, parts: SplitResult) -> str:
    """Scheme, host and port in the one way in which they are compared."""
    host = parts.hostname or ""
    if (parts.scheme, host) == ("http", "localhost"):
        host = "127.0.0.1"  # where `liveplot serve` is; by that name somebody else's program may listen on [::1]
    host = f"[{host}]" if ":" in host else host
    port = "" if parts.port in (None, _PORTS[parts.scheme]) else f":{parts.port}"
    return f"{parts.scheme}://{host}{port}"


def _read(response: Any) -> bytes:
    """The whole answer, with which its connection becomes free for the next one."""
    parts, size = [], 0
    while part := response.read(1 << 16, decode_content=False):
        parts.append(part)
        size += len(part)
        if size > _LONGEST_ANSWER:
            response.close()
            raise OSError("its answer has no end")
    return b"".join(parts)


def _facts(said: bytes) -> Mapping[str, Any]:
    with suppress(ValueError, RecursionError):
        facts = json.loads(said)
        if isinstance(facts, dict):
            return facts
    return {}


def _patience(text: str) -> float:
    """The seconds that a Retry-After names, as a number or as the time when they are over."""
    with suppress(ValueError, OverflowError):
        return min(max(0.0, float(text)), _MOST_PATIENCE) if text.isdigit() else _until(text)
    return 0.0


def _until(text: str) -> float:
    try:
        return min(max(0.0, parsedate_to_datetime(text).timestamp() - time.time()), _MOST_PATIENCE)
    except (TypeError, IndexError):
        return 0.0


def _reason(error: Exception) -> str:
    """Why there was no answer, without the URL and the objects that libraries speak of."""
    from urllib3 import exceptions

    cause = error.__cause__ or error.__context__
    match error:
        case exceptions.NameResolutionError():
            return "its name is not known"
        case exceptions.NewConnectionError() if isinstance(cause, OSError) and cause.strerror:
            return cause.strerror
        case exceptions.ConnectTimeoutError() | exceptions.NewConnectionError():
            return "no connection"
        case exceptions.ReadTimeoutError():
            return f"no answer within {_ANSWERING:.0f} s"
        case exceptions.SSLError():
            return f"no safe connection ({quoted(error)[1:-1]})"
    return "the connection was cut" if isinstance(error, exceptions.HTTPError | HTTPException) else quoted(error)[1:-1]
