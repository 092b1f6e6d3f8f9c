"""Whether the service is there, whether it can store rows, and what it has done."""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from typing import ClassVar

import falcon.asgi

from liveplot_cli.service.resources import Operation, Resource, answer
from liveplot_cli.service.runs import RefusedError

_STATUS = {"type": "object", "properties": {"status": {"type": "string"}}, "required": ["status"]}
_LEAST_ROOM = 50 << 20  # bytes of a disk


class Hi(Resource):
    """The smallest proof that the service is up."""

    operations: ClassVar = {
        "POST": Operation(
            "open", "Say hello.",
            {200: {"type": "object", "properties": {"msg": {"const": "hello world"}}, "required": ["msg"]}},
        )
    }  # fmt: skip

    async def on_post(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        """Hello."""
        answer(resp, {"msg": "hello world"})


class Health(Resource):
    """Whether the process answers."""

    operations: ClassVar = {"GET": Operation("open", "Whether the process answers.", {200: _STATUS})}

    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        """It does."""
        answer(resp, {"status": "ok"})


class Readiness(Resource):
    """Whether a row that came now would be stored."""

    operations: ClassVar = {
        "GET": Operation("read", "Whether rows can be stored.", {200: _STATUS}, ("broken", "full", "draining"))
    }

    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        """Write to the store, and take it back."""
        if self.service.access.draining:
            raise RefusedError("draining", "the service is about to stop")
        await asyncio.wrap_future(self.service.store.check())
        if self.service.folder is not None:
            room = os.statvfs(self.service.folder)
            if room.f_bavail * room.f_frsize < _LEAST_ROOM:
                raise RefusedError("broken", f"the disk has less than {_LEAST_ROOM >> 20} MB left")
        answer(resp, {"status": "ok"})


class Metrics(Resource):
    """What the service has done since it started, as Prometheus reads it (text format 0.0.4)."""

    operations: ClassVar = {"GET": Operation("read", "Counters, as Prometheus reads them.", {200: "text/plain"})}

    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        """All counters of this process."""
        service = self.service
        runs = await asyncio.wrap_future(service.store.runs())
        lines = [
            *_metric("liveplot_requests_total", "counter", "Answers by their status.", _by_status(service.answered)),
            *_metric("liveplot_rows_stored_total", "counter", "Rows stored.", {"": service.counts["rows"]}),
            *_metric("liveplot_runs", "gauge", "Runs there are.", {"": len(runs)}),
            *_metric("liveplot_rows", "gauge", "Rows of all runs.", {"": sum(run.rows for run in runs)}),
            *_metric("liveplot_viewers", "gauge", "Viewers that follow a run.", {"": len(service.viewers)}),
            *_metric("liveplot_films", "gauge", "Films being made or waiting.", {"": service.pictures.films_under_way}),
        ]
        resp.content_type = "text/plain; version=0.0.4; charset=utf-8"
        resp.text = "\n".join(lines) + "\n"


def _by_status(answered: Counter[int]) -> dict[str, int]:
    return {f'{{status="{status}"}}': count for status, count in sorted(answered.items())}


def _metric(name: str, kind: str, meaning: str, values: dict[str, int]) -> list[str]:
    return [
        f"# HELP {name} {meaning}",
        f"# TYPE {name} {kind}",
        *(f"{name}{of} {value}" for of, value in values.items()),
    ]
