"""Server-sent events: who follows a run is told when it has changed."""

from __future__ import annotations

import asyncio
import json
import re
import time
from typing import Any, ClassVar

import falcon.asgi
from falcon.asgi import SSEvent

from liveplot_cli.service.resources import (
    Operation,
    Parameter,
    Resource,
    Service,
    number_in_query,
    refuse_unknown,
    run_name,
)
from liveplot_cli.service.runs import RefusedError, Run

_PING = 3.0  # seconds without news, after which it is seen by writing whether a viewer is still there
_APART = 0.05  # seconds from one event to the next: what comes in between is told together
_MOST_ROWS = 100
_MOST_VALUES = 20_000  # of an event
_RETRY = 2_000  # milliseconds after which a browser comes back
_ID = re.compile(r"(\d{1,15})-(\d{1,15})", re.ASCII)


class Events(Resource):
    """What happens to a run."""

    operations: ClassVar = {
        "GET": Operation(
            "read", "What happens to the run, as server-sent events.", {200: "text/event-stream"},
            ("malformed", "not_found", "too_many", "broken", "draining"),
            (
                Parameter("limit", "The most rows in an event; 0 for none.",
                          {"type": "integer", "minimum": 0, "maximum": _MOST_ROWS}),
                Parameter("last_event_id", "The id of the last event that was seen.", {"type": "string"}),
            ),
        )
    }  # fmt: skip

    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, run: str) -> None:
        """Follow the run."""
        name = run_name(run)
        refuse_unknown(req, self.operations["GET"])
        limit = number_in_query(req, "limit", 0, _MOST_ROWS, _MOST_ROWS) or 0
        service = self.service
        if service.changes.closed:
            raise RefusedError("draining", "the service is about to stop")
        found = await asyncio.wrap_future(service.store.run(name))
        here = sum(viewer.name == name for viewer in service.viewers)
        if len(service.viewers) >= service.max_viewers or here >= max(20, service.max_viewers // 10):
            raise RefusedError("too_many", "there are too many viewers; poll the rows instead", retry_after=30)
        seen = req.get_header("Last-Event-ID") or req.get_param("last_event_id") or ""
        viewer = Viewer(service, name, limit, found, _ID.fullmatch(seen))
        service.viewers.add(viewer)
        resp.set_header("X-Accel-Buffering", "no")
        resp.sse = viewer


class Viewer:
    """One who follows a run: a place in it, and no queue.

    It is told of what has come since, together; of more than fits into an event it is told the newest, and how much it
    missed.
    """

    def __init__(self, service: Service, name: str, limit: int, run: Run, seen: re.Match[str] | None) -> None:
        self.name = name
        self._service, self._limit = service, limit
        self._epoch, self._row = (int(seen[1]), int(seen[2])) if seen else (run.epoch, run.rows)
        self._told = False
        self._ended = False
        self._last = 0.0

    def __aiter__(self) -> Viewer:
        return self

    async def __anext__(self) -> SSEvent | None:
        if self._ended:
            raise StopAsyncIteration
        await asyncio.sleep(max(0.0, self._last + _APART - time.monotonic()))
        event = await self._next()
        self._last = time.monotonic()
        return event

    async def _next(self) -> SSEvent | None:
        """The next event, or None for a ping."""
        changes = self._service.changes
        while True:
            if changes.closed:
                return self._end("bye")
            count = changes.count(self.name)
            try:
                run = await self._service.state(self.name)
            except RefusedError as refusal:
                return self._end("deleted" if refusal.code == "not_found" else "bye")
            if run.epoch != self._epoch:
                self._epoch, self._row, self._told = run.epoch, 0, True
                return _event("reset", {"epoch": run.epoch, "next_seq": 1}, f"{run.epoch}-0")
            if run.rows > self._row or not self._told:
                return await self._rows(run)
            if not await changes.wait(self.name, count, _PING):
                return None

    async def _rows(self, run: Run) -> SSEvent:
        before = min(self._row, run.rows)
        most = min(self._limit, _MOST_VALUES // max(1, len(run.columns)))
        first = max(before + 1, run.next_seq - most) if self._limit else run.next_seq
        facts: dict[str, Any] = {"epoch": run.epoch, "first": first, "next_seq": run.next_seq}
        if self._limit:
            if first > before + 1:
                facts["skipped"] = first - before - 1
            facts["rows"] = await self._service.recent(run, first)
        self._row, self._told = run.rows, True
        return _event("rows", facts, f"{run.epoch}-{run.rows}")

    def _end(self, event: str) -> SSEvent:
        self._ended = True
        return _event(event, {"epoch": self._epoch}, f"{self._epoch}-{self._row}")


def _event(name: str, facts: dict[str, Any], identity: str) -> SSEvent:
    # Bytes of JSON have no line breaks, which would begin another event: falcon escapes none.
    payload = json.dumps(facts, allow_nan=False, separators=(",", ":")).encode()
    return SSEvent(data=payload, event=name, event_id=identity, retry=_RETRY)
