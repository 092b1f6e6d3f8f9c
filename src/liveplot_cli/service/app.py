"""The application: every route, once, and what all of them share. It runs under any ASGI server."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Mapping, Sequence
from typing import Any

import falcon.asgi

from liveplot_cli.errors import DataError, LimitError, LiveplotError, MissingError, UsageError, printable
from liveplot_cli.service import openapi
from liveplot_cli.service.access import HEADERS
from liveplot_cli.service.resources import CUT, Resource, Service, downloads, events, health, page, pictures, runs
from liveplot_cli.service.runs import RefusedError

_log = logging.getLogger(__name__)

API = "/api/v1"
_SEND_SECONDS = 30.0
_VERSIONS = ("1.0", "1.1", "2")
_CODES: Mapping[type[LiveplotError], str] = {
    UsageError: "malformed", DataError: "row_invalid", LimitError: "too_large", MissingError: "broken",
}  # fmt: skip
_WAIT = {"broken": 5, "draining": 5, "full": 30, "too_many": 5}  # seconds until it may be worth another try
_WORDS = {404: "not_found", 405: "method", 400: "malformed", 415: "media_type", 413: "too_large"}

Asgi = Any  # an ASGI application, as any server calls it


def routes(service: Service) -> Sequence[tuple[str, Resource]]:
    """Every route of the service."""
    found: list[tuple[str, Resource]] = [
        ("/", page.Page(service)),
        ("/runs/{run}", page.Page(service)),
        *((f"/{name}", page.Asset(service, name)) for name in page.ASSETS),
        ("/hi", health.Hi(service)),
        ("/healthz", health.Health(service)),
        ("/readyz", health.Readiness(service)),
        ("/metrics", health.Metrics(service)),
        (f"{API}/session", page.Session(service)),
        (f"{API}/kinds", pictures.Kinds(service)),
        (f"{API}/runs", runs.Runs(service)),
        (f"{API}/runs/{{run}}", runs.OneRun(service)),
        (f"{API}/runs/{{run}}/rows", runs.Rows(service)),
        (f"{API}/runs/{{run}}/reset", runs.Reset(service)),
        (f"{API}/runs/{{run}}/events", events.Events(service)),
        (f"{API}/runs/{{run}}/frame.png", pictures.Frame(service)),
        (f"{API}/runs/{{run}}/animation.{{suffix}}", pictures.Animation(service)),
        (f"{API}/runs/{{run}}/history.{{suffix}}", downloads.History(service)),
    ]
    document = openapi.document([*found, ("/openapi.json", page.OpenApi(service, {}))])
    return [*found, ("/openapi.json", page.OpenApi(service, document))]


def application(service: Service) -> falcon.asgi.App[Any, Any]:
    """The Falcon application of a service."""
    app: falcon.asgi.App[Any, Any] = falcon.asgi.App(middleware=[service.access, _Answers(service), _Life(service)])
    app.req_options.auto_parse_form_urlencoded = False
    app.req_options.keep_blank_qs_values = True
    app.req_options.auto_parse_qs_csv = False
    app.add_error_handler(LiveplotError, _refuse)
    app.add_error_handler(Exception, _fail)
    app.set_error_serializer(_serialize)
    for path, resource in routes(service):
        app.add_route(path, resource)
    return app


class Bounded:
    """An ASGI application whose answers are taken within a while: who does not read them is hung up on.

    A version of HTTP that falcon would trip over is refused before it comes to that.
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
            if scope["type"] == "http" and scope["http_version"] not in _VERSIONS:
                await _refuse_version(send_soon)
            else:
                await self._app(scope, _begun(scope, receive) if scope["type"] == "http" else receive, send_soon)
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


async def _refuse_version(send: Any) -> None:
    facts = {"title": falcon.HTTP_505, "description": "this service speaks HTTP/1.1", "code": "malformed"}
    sent = {**HEADERS, "Content-Type": falcon.MEDIA_JSON, "Connection": "close"}
    headers = [(name.lower().encode(), value.encode()) for name, value in sent.items()]
    await send({"type": "http.response.start", "status": 505, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(facts).encode()})


class _Answers:
    """Counts answers by their status."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def process_response(
        self, req: falcon.asgi.Request, resp: falcon.asgi.Response, resource: object, succeeded: bool
    ) -> None:
        self._service.answered[resp.status_code] += 1


class _Life:
    """The service from its start to its end, as the server tells it."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def process_startup(self, scope: Any, event: Any) -> None:
        loop = asyncio.get_running_loop()

        def told(name: str) -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(self._service.changes.tell, name)

        self._service.store.listen(told)

    async def process_shutdown(self, scope: Any, event: Any) -> None:
        await close(self._service)


async def close(service: Service) -> None:
    """Let go of everything; once more does no harm."""
    service.drain()
    service.pictures.close()
    await asyncio.to_thread(service.store.close)


async def _refuse(
    req: falcon.asgi.Request, resp: falcon.asgi.Response, error: Exception, params: dict[str, Any]
) -> None:
    """Answer with what is wrong, as a word for programs and a sentence for people."""
    assert isinstance(error, LiveplotError)
    if not isinstance(error, RefusedError):
        code = next((code for kind, code in _CODES.items() if isinstance(error, kind)), "malformed")
        error = RefusedError(code, str(error))
    facts = dict(error.facts)
    wait = facts.pop("retry_after", _WAIT.get(error.code))
    if wait is not None:
        resp.set_header("Retry-After", str(wait))
    if error.code == "unauthorized":
        resp.set_header("WWW-Authenticate", "Bearer")
    resp.status = falcon.code_to_http_status(error.status)
    _write(resp, {"title": resp.status, "description": printable(error.sentence), "code": error.code, **facts})


async def _fail(req: falcon.asgi.Request, resp: falcon.asgi.Response, error: Exception, params: dict[str, Any]) -> None:
    """A bug of ours: the log has it, and who asked learns no more than that."""
    if isinstance(error, falcon.HTTPError | falcon.HTTPStatus):
        raise error
    _log.error("a bug, while answering %s %s", req.method, printable(req.path), exc_info=error)
    resp.status = falcon.HTTP_500
    _write(resp, {"title": resp.status, "description": "this is a bug in liveplot; its log says more", "code": "bug"})


def _serialize(req: falcon.asgi.Request, resp: falcon.asgi.Response, error: falcon.HTTPError) -> None:
    """Falcon's own refusals, in the form of ours."""
    code = _WORDS.get(error.status_code, "malformed")
    description = printable(error.description or "there is nothing here") if error.status_code != 404 else (
        "there is nothing here"
    )  # fmt: skip
    _write(resp, {"title": error.title, "description": description, "code": code})


def _write(resp: falcon.asgi.Response, facts: Mapping[str, object]) -> None:
    resp.data = json.dumps(facts, allow_nan=False).encode()
    resp.content_type = falcon.MEDIA_JSON
