"""The OpenAPI document, made of what the resources say of themselves (OpenAPI 3.1.0)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from liveplot_cli.service.runs import STATUSES

if TYPE_CHECKING:
    from liveplot_cli.service.resources import Operation, Resource

_PLACE = re.compile(r"\{(\w+)\}")
_RUN = {"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$"}
_SUFFIXES = {"animation": ["gif", "mp4", "webp", "html"], "history": ["csv", "npy"]}
_ALWAYS = ("malformed", "misdirected", "forbidden")
_ERROR = {
    "type": "object",
    "properties": {name: {"type": "string"} for name in ("title", "description", "code")},
    "required": ["title", "description", "code"],
}


def document(routes: Sequence[tuple[str, Resource]]) -> dict[str, Any]:
    """What all routes take and answer."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "liveplot", "version": version("liveplot-cli")},
        "paths": {
            path: {method.lower(): _operation(path, operation) for method, operation in resource.operations.items()}
            for path, resource in routes
        },
        "components": {
            "schemas": {"Error": _ERROR},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _operation(path: str, operation: Operation) -> dict[str, Any]:
    found: dict[str, Any] = {
        "summary": operation.summary,
        "parameters": [
            *({"name": name, "in": "path", "required": True, "schema": _path_schema(path, name)}
              for name in _PLACE.findall(path)),
            *({"name": parameter.name, "in": parameter.place, "description": parameter.description,
               "schema": parameter.schema} for parameter in operation.parameters),
        ],
        "responses": _responses(operation),
    }  # fmt: skip
    if operation.scope != "open":
        found["security"] = [{"token": []}] if operation.scope == "write" else [{"token": []}, {}]
    if operation.bodies:
        content = {kind: {"schema": schema} for kind, schema in operation.bodies.items()}
        found["requestBody"] = {"required": operation.needs_body, "content": content}
    return found


def _path_schema(path: str, name: str) -> Mapping[str, Any]:
    if name == "run":
        return _RUN
    return {"type": "string", "enum": next(known for word, known in _SUFFIXES.items() if word in path)}


def _responses(operation: Operation) -> dict[str, Any]:
    words = {*operation.refusals, *_ALWAYS}
    if operation.scope != "open":
        words.add("unauthorized")
    if operation.scope == "write":
        words |= {"too_many", "draining"}
    by_status: dict[int, list[str]] = {}
    for word in sorted(words):
        by_status.setdefault(STATUSES[word], []).append(word)
    refusals = {
        str(status): {
            "description": ", ".join(found),
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
        }
        for status, found in sorted(by_status.items())
    }
    return {**{str(status): _answered(answer) for status, answer in operation.answers.items()}, **refusals}


def _answered(answer: Mapping[str, Any] | str | None) -> dict[str, Any]:
    if answer is None:
        return {"description": "nothing more"}
    if isinstance(answer, str):
        return {"description": "its content", "content": {kind: {} for kind in answer.split("|")}}
    return {"description": "JSON", "content": {"application/json": {"schema": answer}}}
