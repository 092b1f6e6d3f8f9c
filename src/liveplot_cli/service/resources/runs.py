"""Runs: all of them, one of them, its rows, and a new beginning."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, ClassVar

import falcon.asgi

from liveplot_cli.errors import quoted
from liveplot_cli.service import rows
from liveplot_cli.service.resources import (
    INTEGER,
    NAMES,
    ROWS,
    Operation,
    Parameter,
    Resource,
    answer,
    body_of,
    number_in_query,
    refuse_unknown,
    run_name,
)
from liveplot_cli.service.runs import RefusedError, Run, as_lists

MOST = 1 << 53
_RUN = {
    "type": "object",
    "properties": {
        "run": {"type": "string"}, "title": {"type": "string"}, "columns": NAMES, "epoch": INTEGER,
        "rows": {"type": "integer", "minimum": 0}, "next_seq": INTEGER,
        "created": {"type": "string", "format": "date-time"}, "updated": {"type": "string", "format": "date-time"},
    },
    "required": ["run", "title", "columns", "epoch", "rows", "next_seq", "created", "updated"],
}  # fmt: skip
_EPOCH = {"type": "object", "properties": {"epoch": INTEGER}, "required": ["epoch"]}
_PERHAPS = {**INTEGER, "type": ["integer", "null"]}
_BATCH = {
    "type": "object",
    "properties": {
        "rows": {**ROWS, "minItems": 1}, "seq": _PERHAPS, "epoch": _PERHAPS,
        "columns": {**NAMES, "type": ["array", "null"]}, "title": {"type": ["string", "null"], "maxLength": 200},
    },
    "required": ["rows"],
    "additionalProperties": False,
}  # fmt: skip
_APPENDED = {
    "type": "object",
    "properties": {name: {"type": "integer"} for name in ("epoch", "stored", "duplicates", "next_seq")},
    "required": ["epoch", "stored", "duplicates", "next_seq"],
}
_READ = {
    "type": "object",
    "properties": {"epoch": INTEGER, "columns": NAMES, "first": INTEGER, "next_seq": INTEGER, "rows": ROWS},
    "required": ["epoch", "columns", "first", "next_seq", "rows"],
}
_LONGEST_KEY = 200


class Runs(Resource):
    """All runs."""

    operations: ClassVar = {
        "GET": Operation(
            "read", "All runs, the one changed last first.",
            {200: {"type": "object", "properties": {"runs": {"type": "array", "items": _RUN}}, "required": ["runs"]}},
            ("malformed", "broken"),
        )
    }  # fmt: skip

    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        """List them."""
        refuse_unknown(req, self.operations["GET"])
        answer(resp, {"runs": [facts(run) for run in await asyncio.wrap_future(self.service.store.runs())]})


class OneRun(Resource):
    """One run."""

    operations: ClassVar = {
        "GET": Operation("read", "The run as it stands.", {200: _RUN}, ("malformed", "not_found", "broken")),
        "DELETE": Operation(
            "write", "Forget the run; one made again under its name begins in the next epoch.", {204: None},
            ("malformed", "not_found", "broken", "full", "draining"),
        ),
    }  # fmt: skip

    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, run: str) -> None:
        """Say what is known of it."""
        refuse_unknown(req, self.operations["GET"])
        answer(resp, facts(await asyncio.wrap_future(self.service.store.run(run_name(run)))))

    async def on_delete(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, run: str) -> None:
        """Forget it."""
        refuse_unknown(req, self.operations["DELETE"])
        await asyncio.wrap_future(self.service.store.delete(run_name(run)))
        resp.status = falcon.HTTP_204


class Rows(Resource):
    """The rows of a run."""

    operations: ClassVar = {
        "GET": Operation(
            "read", "Rows after a number, to catch up.", {200: _READ},
            ("malformed", "not_found", "stale_epoch", "broken"),
            (
                Parameter("after", "The number of the last row that is known.", {"type": "integer", "minimum": 0}),
                Parameter("limit", "The most rows that are wanted.", {**INTEGER, "maximum": rows.MOST_ROWS}),
                Parameter("epoch", "The epoch that the rows must be of.", INTEGER),
            ),
        ),
        "POST": Operation(
            "write", "Append rows; answered when they are on the disk.", {200: _APPENDED},
            ("malformed", "not_found", "gap", "overlap", "conflict", "stale_epoch", "columns", "too_large",
             "media_type", "row_invalid", "key_reused", "too_many", "too_slow", "full", "broken", "draining"),
            (
                Parameter("seq", "The number of the first row, where the body does not say it.", INTEGER),
                Parameter("epoch", "The epoch, where the body does not say it.", INTEGER),
                Parameter("Idempotency-Key", "Identifies a request without seq.",
                          {"type": "string", "minLength": 1, "maxLength": _LONGEST_KEY}, "header"),
            ),
            {"application/json": _BATCH, "application/x-ndjson": {"type": "string"}, "text/csv": {"type": "string"}},
        ),
    }  # fmt: skip

    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, run: str) -> None:
        """Read rows."""
        refuse_unknown(req, self.operations["GET"])
        after = number_in_query(req, "after", 0, MOST, 0) or 0
        limit = number_in_query(req, "limit", 1, rows.MOST_ROWS, rows.MOST_ROWS) or 1
        epoch = number_in_query(req, "epoch", 1, MOST, None)
        found = await asyncio.wrap_future(self.service.store.run(run_name(run)))
        if epoch is not None and epoch != found.epoch:
            raise RefusedError("stale_epoch", f"the run is in epoch {found.epoch}", epoch=found.epoch)
        limit = max(1, min(limit, rows.MOST_VALUES // max(1, len(found.columns))))
        numbers = range(after + 1, max(after, min(after + limit, found.rows)) + 1)
        values = as_lists(await asyncio.wrap_future(self.service.store.rows(found, numbers))) if numbers else []
        answer(
            resp,
            {
                "epoch": found.epoch, "columns": found.columns, "first": after + 1, "next_seq": found.next_seq,
                "rows": values,
            },
        )  # fmt: skip

    async def on_post(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, run: str) -> None:
        """Append rows."""
        name = run_name(run)
        refuse_unknown(req, self.operations["POST"])
        kind, body = await body_of(req, *rows.READERS)
        asked = {field: number_in_query(req, field, 1, MOST - 1, None) for field in ("seq", "epoch")}
        batch = replace(rows.READERS[kind](body, asked, self.service.quota), key=_key(req))
        appended = await asyncio.wrap_future(self.service.store.append(name, batch))
        self.service.counts["rows"] += appended.stored
        answer(resp, vars(appended))


class Reset(Resource):
    """A new beginning of a run."""

    operations: ClassVar = {
        "POST": Operation(
            "write", "Begin the run anew, in the next epoch.", {200: _EPOCH},
            ("malformed", "not_found", "stale_epoch", "media_type", "too_large", "too_slow", "broken", "full",
             "draining"),
            bodies={
                "application/json": {
                    "type": "object", "properties": {"epoch": _PERHAPS},
                    "additionalProperties": False,
                }
            },
            needs_body=False,
        )
    }  # fmt: skip

    async def on_post(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, run: str) -> None:
        """Begin anew."""
        name = run_name(run)
        refuse_unknown(req, self.operations["POST"])
        given = rows.parse((await body_of(req, "application/json"))[1]) if _has_body(req) else {}
        if not isinstance(given, dict) or given.keys() - {"epoch"}:
            raise RefusedError("malformed", "the body is a JSON object with the epoch, or without anything")
        epoch = rows.whole(given.get("epoch"), "epoch")
        answer(resp, {"epoch": await asyncio.wrap_future(self.service.store.reset(name, epoch))})


def facts(run: Run) -> dict[str, Any]:
    """A run as the service tells of it."""
    return {
        "run": run.name, "title": run.title, "columns": run.columns, "epoch": run.epoch, "rows": run.rows,
        "next_seq": run.next_seq, "created": _time(run.created), "updated": _time(run.updated),
    }  # fmt: skip


def _has_body(req: falcon.asgi.Request) -> bool:
    return bool(req.content_length or req.content_type or req.get_header("Transfer-Encoding"))


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")


def _key(req: falcon.asgi.Request) -> str | None:
    key = req.get_header("Idempotency-Key")
    if key is not None and (not 0 < len(key) <= _LONGEST_KEY or not key.isascii() or not key.isprintable()):
        raise RefusedError("malformed", f"the Idempotency-Key {quoted(key)} is not 1 to {_LONGEST_KEY} characters")
    return key
