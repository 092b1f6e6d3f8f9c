"""What a request and its answer may take, before falcon sees it: how long a body is, how slowly it comes, who reads."""

from __future__ import annotations

import asyncio
import json
import logging
from typing import Any

import falcon

from liveplot_cli.service.access import HEADERS
from liveplot_cli.service.resources import LONGEST_BODY, too_long
from liveplot_cli.service.runs import RefusedError

_log = logging.getLogger(__name__)

_SEND_SECONDS = 30.0
_BODY_SECONDS = 30.0
_VERSIONS = ("1.0", "1.1", "2")

Asgi = Any  # an ASGI application, as any server calls it


class Bounded:
    """An ASGI application whose requests come within a while and are not too long, and whose answers are read.

    Falcon waits for the first part of a body before it looks at the request, however long that takes, and trips over
    versions of HTTP that there are not.
    """

    def __init__(self, app: Asgi) -> None:
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one request."""
        exchange = _Exchange(receive, send)
        try:
            refusal = _refusal(scope) if scope["type"] == "http" else None
            if refusal is None:
                is_http = scope["type"] == "http"
                await self._app(scope, exchange.receive if is_http else receive, exchange.send if is_http else send)
            else:
                await _hang_up(exchange, refusal)
        except _SlowError:
            if not exchange.is_answered:
                await _hang_up(exchange, RefusedError("too_slow", "the body of the request did not come in time"))
        except ConnectionError as error:
            _log.info("%s", error)


class _SlowError(Exception):
    """Nothing more of a request's body has come for a while."""


class _Exchange:
    """A request and its answer, neither of which may stand still."""

    def __init__(self, receive: Any, send: Any) -> None:
        self._receive, self._send = receive, send
        self._is_whole = False
        self.is_answered = False

    async def receive(self) -> Any:
        """The next part of the request; behind its end that is news of the connection, for which there is time."""
        if self._is_whole:
            return await self._receive()
        try:
            async with asyncio.timeout(_BODY_SECONDS):
                message = await self._receive()
        except TimeoutError:
            raise _SlowError from None
        self._is_whole = not message.get("more_body", False)
        return message

    async def send(self, message: Any) -> None:
        """Send a part of the answer."""
        self.is_answered = True
        try:
            async with asyncio.timeout(_SEND_SECONDS):
                await self._send(message)
        except TimeoutError:
            raise ConnectionError("who asked does not read the answer") from None


def _refusal(scope: Any) -> RefusedError | None:
    """Why a request is refused before anybody looks at it."""
    if scope["http_version"] not in _VERSIONS:
        return RefusedError("version", "this service speaks HTTP/1.1")
    length = dict(scope["headers"]).get(b"content-length", b"")  # what is no number is the server's to refuse
    return too_long() if length.isdigit() and int(length[:20]) > LONGEST_BODY else None


async def _hang_up(exchange: _Exchange, refusal: RefusedError) -> None:
    """Refuse a request that has not come whole, and close the connection: the rest is not waited for."""
    status = falcon.code_to_http_status(refusal.status)
    body = json.dumps({"title": status, "description": refusal.sentence, "code": refusal.code}).encode()
    headers = {
        **HEADERS, "Content-Type": falcon.MEDIA_JSON, "Content-Length": str(len(body)), "Connection": "close",
    }  # fmt: skip
    sent = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    await exchange.send({"type": "http.response.start", "status": refusal.status, "headers": sent})
    await exchange.send({"type": "http.response.body", "body": body})
