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
from liveplot_cli.service.resources import Resource, Service, downloads, events, health, page, pictures, runs
from liveplot_cli.service.runs import RefusedError

_log = logging.getLogger(__name__)

API = "/api/v1"
_CODES: Mapping[type[LiveplotError], str] = {
    UsageError: "malformed", DataError: "row_invalid", LimitError: "too_large", MissingError: "broken",
}  # fmt: skip
_WAIT = {"broken": 5, "draining": 5, "full": 30, "too_many": 5}  # seconds until it may be worth another try
_UNREAD = frozenset(("too_large", "too_slow", "unauthorized", "forbidden", "misdirected", "media_type", "draining"))
_WORDS = {404: "not_found", 405: "method", 400: "malformed", 415: "media_type", 413: "too_large"}


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
    if req.method == "POST" and error.code in _UNREAD:
        resp.set_header("Connection", "close")  # what is left of the body is not waited for
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
