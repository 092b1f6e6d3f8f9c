"""What a request and its answer may take, before falcon sees it: bodies that are whole, and answers that are read."""

from __future__ import annotations

import asyncio
import json
import logging
from typing import Any

import falcon

from liveplot_cli.service.access import HEADERS
from liveplot_cli.service.resources import CUT

_log = logging.getLogger(__name__)

_SEND_SECONDS = 30.0
_VERSIONS = ("1.0", "1.1", "2")

Asgi = Any  # an ASGI application, as any server calls it


class Bounded:
    """An ASGI application whose answers are taken within a while: who does not read them is hung up on.

    A version of HTTP that falcon would trip over is refused before it comes to that; HEAD is GET without the content.
    """

    def __init__(self, app: Asgi) -> None:
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one request."""

        async def send_soon(message: Any) -> None:
            try:
                async with asyncio.timeout(_SEND_SECONDS):
                    await send(message)
            except TimeoutError:
                raise ConnectionError("who asked does not read the answer") from None

        try:
            if scope["type"] != "http":
                await self._app(scope, receive, send_soon)
            elif scope["http_version"] not in _VERSIONS:
                await _refuse_version(send_soon)
            elif scope["method"] == "HEAD":
                asked = {**scope, "method": "GET"}
                await self._app(asked, _begun(asked, receive), _without_content(send_soon))
            else:
                await self._app(scope, _begun(scope, receive), send_soon)
        except ConnectionError as error:
            _log.info("%s", error)


def _begun(scope: Any, receive: Any) -> Any:
    """What receives a request, whose body has begun with nothing; the scope comes to say whether it was cut short.

    Falcon waits for the first bytes of a body before it looks at who sends it, and however long they take; and one that
    breaks off it hands on as if that were all.
    """
    first = iter([{"type": "http.request", "body": b"", "more_body": True}])
    scope[CUT] = False
    is_whole = False

    async def begun() -> Any:
        nonlocal is_whole
        event = next(first, None) or await receive()
        if event["type"] == "http.request":
            is_whole = not event.get("more_body", False)
        elif not is_whole:
            scope[CUT] = True
        return event

    return begun


def _without_content(send: Any) -> Any:
    """What sends an answer's head, and ends it there, however long it would go on."""

    async def send_head(message: Any) -> None:
        if message["type"] == "http.response.start":
            await send(message)
            await send({"type": "http.response.body", "body": b""})

    return send_head


async def _refuse_version(send: Any) -> None:
    facts = {"title": falcon.HTTP_505, "description": "this service speaks HTTP/1.1", "code": "version"}
    sent = {**HEADERS, "Content-Type": falcon.MEDIA_JSON, "Connection": "close"}
    headers = [(name.lower().encode(), value.encode()) for name, value in sent.items()]
    await send({"type": "http.response.start", "status": 505, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(facts).encode()})
