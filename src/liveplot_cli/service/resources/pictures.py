"""Pictures and films of a run, with the options of `liveplot render`."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable
from typing import Any, ClassVar

import falcon.asgi

from liveplot_cli import charts, encoders
from liveplot_cli.errors import quoted
from liveplot_cli.look import LIMITS, Look
from liveplot_cli.option import Option, build, options_of
from liveplot_cli.selection import Selection
from liveplot_cli.service.resources import Operation, Parameter, Resource, answer, is_known, run_name
from liveplot_cli.service.runs import RefusedError
from liveplot_cli.timing import Timing

_PATIENCE = 20  # seconds that a film is waited for before who asked is told to come again
_WAIT = re.compile(r"(?:^|[,;])\s*wait=(\d{1,6})\b", re.ASCII)  # a preference (RFC 7240, 4.3)
_MOST_PIXELS = 1920 * 1080 * 4
_LONGEST = 500  # characters of an option
_PLAIN = 600  # frames of a film whose length nobody asked for
_TYPES = {"gif": "image/gif", "mp4": "video/mp4", "webp": "image/webp", "html": "text/html; charset=utf-8"}
_FILM = "|".join(kind.partition(";")[0] for kind in _TYPES.values())
_REFUSALS = ("malformed", "not_found", "too_large", "too_many", "row_invalid", "broken", "stale_epoch")


def _parameters(classes: Iterable[type]) -> tuple[Parameter, ...]:
    declared: dict[str, Option] = {}
    for cls in classes:
        for name, described in options_of(cls).items():
            declared.setdefault(name, described)
    text = {"type": "string", "maxLength": _LONGEST}
    return tuple(Parameter(name, described.help, text) for name, described in declared.items())


_KIND = Parameter("kind", "What to draw.", {"type": "string", "enum": [charts.AUTO, *charts.names()]})
_CHOICE = (_KIND, *_parameters([Look, Selection, *charts.load_all()]))
_ROW = Parameter("row", "The number of the row, from 1 on, or last.", {"type": "string"})
_TIME = _parameters([Timing])
_PREFER = Parameter("Prefer", "wait=N: the most seconds to wait, up to 20.", {"type": "string"}, "header")


class Frame(Resource):
    """A picture of one row."""

    operations: ClassVar = {
        "GET": Operation(
            "read", "A picture of a row.", {200: "image/png", 304: None}, _REFUSALS, (_ROW, *_CHOICE)
        )
    }  # fmt: skip

    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, run: str) -> None:
        """Draw it, or hand out what was drawn for somebody else."""
        name = run_name(run)
        options = _options(req, self.operations["GET"])
        row = options.pop("row", "last")
        if row == "last":
            picture = await self.service.pictures.latest(name, options)
        else:
            if not (row.isascii() and row.isdigit() and len(row) < 16):
                raise RefusedError("malformed", f"row: {quoted(row)} is no number of a row, nor last")
            found = await asyncio.wrap_future(self.service.store.run(name))
            picture = await self.service.pictures.frame(found, int(row), options)
        facts = {"Liveplot-Row": picture.row, "Liveplot-Epoch": picture.epoch, "Liveplot-Kind": picture.kind}
        resp.set_headers({header: str(fact) for header, fact in facts.items()})
        if not is_known(req, resp, picture.tag):
            resp.content_type, resp.data = "image/png", picture.png


class Animation(Resource):
    """A film of the run."""

    operations: ClassVar = {
        "GET": Operation(
            "read", "A film of the run; 202 while it is made.",
            {200: _FILM, 202: {"type": "object"}, 206: _FILM, 304: None},
            (*_REFUSALS, "range"), (*_CHOICE, *_TIME, *_parameters(encoders.load_all()), _PREFER),
        )
    }  # fmt: skip

    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, run: str, suffix: str) -> None:
        """Hand out the film, or say when to come again."""
        name = run_name(run)
        if suffix not in _TYPES:
            raise RefusedError("not_found", f"there is no film {quoted(suffix)}; there are {', '.join(_TYPES)}")
        options = _options(req, self.operations["GET"])
        found = await asyncio.wrap_future(self.service.store.run(name))
        if not found.rows:
            raise RefusedError("not_found", f"the run {name} has no rows yet")
        if not options.keys() & {"duration", "speed", "every", "rows", "fps"} and found.rows > _PLAIN:
            options["duration"] = str(_PLAIN // 20)
        film = await self.service.pictures.film(found, suffix, options, _patience(req))
        if film is None:
            resp.status = falcon.HTTP_202
            resp.set_header("Retry-After", "2")
            answer(resp, {"title": "202 Accepted", "description": "the film is being made", "code": "under_way"})
            return
        resp.set_header("Liveplot-Rows", str(film.rows))
        resp.set_header("Liveplot-Epoch", str(film.epoch))
        if is_known(req, resp, film.tag):
            return
        # A page is saved and not shown here, where it would be one of ours to the browser.
        way = "attachment" if suffix == "html" else "inline"
        resp.set_header("Content-Disposition", f'{way}; filename="{name}.{suffix}"')
        resp.content_type = _TYPES[suffix]
        _send(req, resp, await asyncio.to_thread(film.path.read_bytes))


def _patience(req: falcon.asgi.Request) -> int:
    """The seconds that who asks would wait for a film, no more than anybody may."""
    preferred = _WAIT.search(req.get_header("Prefer") or "")
    return min(_PATIENCE, int(preferred[1])) if preferred else _PATIENCE


def _options(req: falcon.asgi.Request, operation: Operation) -> dict[str, str]:
    """The options that a query gives, each once, none of which makes too large a picture."""
    known = {parameter.name for parameter in operation.parameters if parameter.place == "query"}
    options: dict[str, str] = {}
    for name, value in req.params.items():
        if name not in known:
            raise RefusedError("malformed", f"there is no option {quoted(name)}")
        if isinstance(value, list):
            raise RefusedError("malformed", f"the option {name} is given twice")
        if len(value) > _LONGEST or "\0" in value:
            raise RefusedError("malformed", f"{name} takes {_LONGEST} characters")
        options[name] = value
    if options.get("kind", charts.AUTO) not in (charts.AUTO, *charts.names()):
        raise RefusedError("malformed", f"there is no kind {quoted(options['kind'])}; {', '.join(charts.names())}")
    width, height = build(Look, _switched(options)).pixels
    if width * height > _MOST_PIXELS:
        raise RefusedError("too_large", f"a picture takes {_MOST_PIXELS:,} pixels, and {width}x{height} are more")
    return _switched(options)


def _switched(options: dict[str, str]) -> dict[str, Any]:
    """The options, those that are yes or no as such."""
    switches = {
        name
        for cls in (Look, Selection, Timing, *charts.load_all(), *encoders.load_all())
        for name, described in options_of(cls).items()
        if described.parse is None
    }
    found: dict[str, Any] = {}
    for name, value in options.items():
        if name not in switches:
            found[name] = value
        elif value.lower() in ("1", "true", "yes", "on", ""):
            found[name] = True
        elif value.lower() not in ("0", "false", "no", "off"):
            raise RefusedError("malformed", f"{name}: {quoted(value)} is neither true nor false")
    return found


def _send(req: falcon.asgi.Request, resp: falcon.asgi.Response, content: bytes) -> None:
    """Send all of it, or the part that was asked for, as players of video do."""
    resp.set_header("Accept-Ranges", "bytes")
    try:
        asked = req.range if req.range_unit == "bytes" else None
    except falcon.HTTPError:
        asked = None
    if asked is None:
        resp.data = content
        return
    first, last = asked
    start = max(0, len(content) + first) if first < 0 else first
    stop = len(content) if last == -1 else min(last + 1, len(content))
    if start >= stop:
        resp.set_header("Content-Range", f"bytes */{len(content)}")
        raise RefusedError("range", f"there are {len(content):,} bytes")
    resp.status = falcon.HTTP_206
    resp.set_header("Content-Range", f"bytes {start}-{stop - 1}/{len(content)}")
    resp.data = content[start:stop]


class Kinds(Resource):
    """What can be chosen for a picture."""

    operations: ClassVar = {
        "GET": Operation("read", "Kinds, themes and limits to choose from.", {200: {"type": "object"}})
    }

    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        """List them."""
        from liveplot_cli.drawing import theme

        kinds = [
            {"name": cls.__name__.lower(), "promise": (cls.__doc__ or "").strip().splitlines()[0]}
            for cls in charts.load_all()
        ]
        answer(resp, {"kinds": kinds, "themes": list(theme.THEMES), "limits": list(LIMITS)})
