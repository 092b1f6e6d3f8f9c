"""The page: the same shell for the list of runs and for each run, its script and its style; and its way in."""

from __future__ import annotations

from importlib.resources import files
from typing import ClassVar

import falcon.asgi

from liveplot_cli.service import rows
from liveplot_cli.service.resources import Operation, Resource, Service, answer, body_of, refuse_unknown, run_name
from liveplot_cli.service.runs import RefusedError

ASSETS = {
    "page.js": "text/javascript; charset=utf-8",
    "page.css": "text/css; charset=utf-8",
    "icon.svg": "image/svg+xml",
}


def _read(name: str) -> bytes:
    return files("liveplot_cli.service").joinpath("page", name).read_bytes()


class Page(Resource):
    """The page, without any data in it."""

    operations: ClassVar = {"GET": Operation("open", "The page.", {200: "text/html"}, ("malformed",))}

    def __init__(self, service: Service) -> None:
        super().__init__(service)
        self._shell = _read("page.html")

    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, run: str = "") -> None:
        """Show the list or, when a run is named, that."""
        if run:
            run_name(run)
        resp.content_type, resp.data = "text/html; charset=utf-8", self._shell


class Asset(Resource):
    """A file that the page is made of."""

    operations: ClassVar = {
        "GET": Operation(
            "open", "A part of the page.", {200: "|".join(kind.partition(";")[0] for kind in ASSETS.values())}
        )
    }

    def __init__(self, service: Service, name: str) -> None:
        super().__init__(service)
        self._content, self._type = _read(name), ASSETS[name]

    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        """Send it."""
        resp.content_type, resp.data = self._type, self._content


class Session(Resource):
    """A cookie with which the page may read."""

    operations: ClassVar = {
        "POST": Operation(
            "open", "Exchange the token, or a code, for a cookie that may read.", {204: None},
            ("malformed", "unauthorized", "forbidden", "media_type", "too_large", "too_many", "too_slow", "draining"),
            bodies={
                "application/json": {"description": "{\"code\": …}, where there is no token"}
            },
            needs_body=False,
        )
    }  # fmt: skip

    async def on_post(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        """Take the token of the header or the code of the body."""
        refuse_unknown(req, self.operations["POST"])
        access = self.service.access
        if req.get_header("Authorization"):
            access.require(req)
        else:
            _, body = await body_of(req, "application/json")
            given = rows.parse(body)
            code = given.get("code") if isinstance(given, dict) else None
            if not isinstance(code, str):
                raise RefusedError("unauthorized", "this needs the token, or a code")
            access.spend(code, req)
        name, value, seconds = access.cookie(req)
        resp.set_cookie(name, value, max_age=seconds, path="/", secure=False, http_only=True, same_site="Strict")
        resp.status = falcon.HTTP_204


class OpenApi(Resource):
    """What all routes take and answer."""

    operations: ClassVar = {"GET": Operation("read", "This document.", {200: {"type": "object"}})}

    def __init__(self, service: Service, document: dict[str, object]) -> None:
        super().__init__(service)
        self._document = document

    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        """Send it."""
        answer(resp, self._document)
