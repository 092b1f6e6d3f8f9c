"""Resources: what the service answers, one module for each group of routes.

Each says of its methods, as `operations`, who may use them and what they take and answer: the routes are checked by it,
and the OpenAPI document is made of it.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter, OrderedDict
from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar
from weakref import WeakSet

import falcon.asgi

from liveplot_cli.errors import quoted
from liveplot_cli.service.access import Access, Scope
from liveplot_cli.service.runs import Quota, RefusedError, Run, as_lists, check_name

if TYPE_CHECKING:
    from liveplot_cli.service.changes import Changes
    from liveplot_cli.service.pictures import Pictures
    from liveplot_cli.service.stores import Store

Schema = Mapping[str, Any]

LONGEST_BODY = 1 << 20  # bytes
_BODY_SECONDS = 30.0
CUT = "liveplot.cut"  # in a request's scope: whether the connection ended before the body did
_RECENT = 64  # sets of rows that viewers who are up to date share

T = TypeVar("T")


@dataclass(frozen=True)
class Parameter:
    """A value in a request's query or among its headers."""

    name: str
    description: str
    schema: Schema
    place: str = "query"


@dataclass(frozen=True)
class Operation:
    """What one method of a route is for: who may use it, what it takes, and what it answers.

    `answers` are schemas by status, or media types, with | between them, where it is no JSON; `refusals` the words of
    what it may refuse.
    """

    scope: Scope
    summary: str
    answers: Mapping[int, Schema | str | None]
    refusals: tuple[str, ...] = ()
    parameters: tuple[Parameter, ...] = ()
    bodies: Mapping[str, Schema] = field(default_factory=dict)
    needs_body: bool = True


@dataclass(frozen=True)
class Service:
    """What resources work with, within one event loop; what it counts is of this process."""

    store: Store
    changes: Changes
    pictures: Pictures
    access: Access
    quota: Quota
    folder: Path | None  # where the store lies, if it is on a disk of ours
    max_viewers: int = 200
    viewers: WeakSet[Any] = field(default_factory=WeakSet)  # each leaves it when nobody sends to it any more
    answered: Counter[int] = field(default_factory=Counter)
    counts: Counter[str] = field(default_factory=Counter)
    _states: dict[str, tuple[int, asyncio.Task[Run]]] = field(default_factory=dict)
    _recent: OrderedDict[object, asyncio.Task[Any]] = field(default_factory=OrderedDict)

    async def state(self, name: str) -> Run:
        """The run as it stands, read once after each change for all who follow it."""
        count = self.changes.count(name)
        known = self._states.get(name)
        if known is None or known[0] != count:
            known = count, asyncio.create_task(_waited(self.store.run(name)))
            self._states[name] = known
        return await asyncio.shield(known[1])

    async def recent(self, run: Run, first: int) -> list[list[float | None]]:
        """The rows of a run from a number on, as JSON has them, read once for all who follow it."""
        key = run.key, run.epoch, first, run.rows
        task = self._recent.get(key)
        if task is None:
            task = self._recent[key] = asyncio.create_task(self._rows(run, range(first, run.rows + 1)))
            while len(self._recent) > _RECENT:
                self._recent.popitem(last=False)
        found: list[list[float | None]] = await asyncio.shield(task)
        return found

    async def _rows(self, run: Run, numbers: range) -> list[list[float | None]]:
        return as_lists(await _waited(self.store.rows(run, numbers))) if numbers else []

    def drain(self) -> None:
        """Take nothing more, and let all who follow a run go."""
        self.access.draining = True
        self.changes.close()
        self.pictures.drain()


async def _waited(future: Future[T]) -> T:
    return await asyncio.wrap_future(future)


class Resource:
    """A resource of the service."""

    operations: ClassVar[Mapping[str, Operation]]

    def __init__(self, service: Service) -> None:
        self.service = service


def answer(resp: falcon.asgi.Response, facts: object) -> None:
    """Answer with JSON, which never holds NaN."""
    resp.data = json.dumps(facts, allow_nan=False, separators=(",", ":")).encode()
    resp.content_type = falcon.MEDIA_JSON


async def body_of(req: falcon.asgi.Request, *types: str) -> tuple[str, bytes]:
    """The media type, one of these, and the whole body of a request.

    Raises `RefusedError` for another type, for a body that is compressed or too long, however it was sent, for one
    that takes too long to come, and for one that breaks off: half of a number is a number, too.
    """
    kind = (req.content_type or "").partition(";")[0].strip().lower()
    if kind not in types:
        raise RefusedError("media_type", f"the body's Content-Type must be {' or '.join(types)}")
    if (req.get_header("Content-Encoding") or "identity").strip().lower() != "identity":
        raise RefusedError("media_type", "the body is compressed; send it as it is")
    if (req.content_length or 0) > LONGEST_BODY:
        raise too_long()
    parts: list[bytes] = []
    length = 0
    try:
        async with asyncio.timeout(_BODY_SECONDS):
            async for part in req.stream:
                length += len(part)
                if length > LONGEST_BODY:
                    raise too_long()
                parts.append(part)
    except TimeoutError:
        raise RefusedError("too_slow", f"the body did not come within {_BODY_SECONDS:.0f} s") from None
    if req.scope.get(CUT):
        raise RefusedError("malformed", "the body broke off")
    return kind, b"".join(parts)


def too_long() -> RefusedError:
    """The refusal of a body that is too long."""
    return RefusedError("too_large", f"a body takes {LONGEST_BODY:,} bytes; send fewer rows at a time")


def run_name(name: str) -> str:
    """The run that a path names."""
    return check_name(name)


def number_in_query(req: falcon.asgi.Request, name: str, least: int, most: int, default: int | None) -> int | None:
    """A whole number of the query within these bounds."""
    text = req.get_param(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and len(text) < 17 and least <= int(text) <= most):
        raise RefusedError("malformed", f"{name}: {quoted(text)} is no whole number from {least:,} to {most:,}")
    return int(text)


def refuse_unknown(req: falcon.asgi.Request, operation: Operation) -> None:
    """Refuse a query that says something nobody listens to, or says it twice."""
    known = [parameter.name for parameter in operation.parameters if parameter.place == "query"]
    for name, value in req.params.items():
        if name not in known:
            raise RefusedError(
                "malformed", f"there is no parameter {quoted(name)}; there are {', '.join(known) or 'none'}"
            )
        if isinstance(value, list):
            raise RefusedError("malformed", f"the parameter {name} is given twice")


def is_known(req: falcon.asgi.Request, resp: falcon.asgi.Response, tag: str) -> bool:
    """Whether who asks has what the tag stands for; the answer is then 304, and empty."""
    resp.etag = tag
    resp.set_header("Cache-Control", "private, no-cache")  # it is kept, but asked for again each time
    known = [str(known) for known in req.if_none_match or ()]
    if tag in known or "*" in known:
        resp.status = falcon.HTTP_304
        return True
    return False


INTEGER: Schema = {"type": "integer", "minimum": 1}
NAMES: Schema = {"type": "array", "items": {"type": "string"}}
ROWS: Schema = {"type": "array", "items": {"type": "array", "items": {"type": ["number", "null"]}}}
