"""A process that draws what it is asked for: pictures of runs as PNG, one after another, or a film.

It reads questions from standard input and answers on standard output: each a header, one line of JSON, and a body of
as many bytes as the header says. So whatever a picture costs, it costs nobody who posts or reads rows; a process that
takes too much or too long is killed, and another takes its place.
"""

from __future__ import annotations

import io
import json
import os
import sys
from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from liveplot_cli.drawing import style
from liveplot_cli.errors import LiveplotError
from liveplot_cli.formats.table import Part, Table
from liveplot_cli.history import History
from liveplot_cli.jobs.render import render
from liveplot_cli.look import Look
from liveplot_cli.option import build
from liveplot_cli.prepare import prepare
from liveplot_cli.scene import Scene
from liveplot_cli.selection import Selection

_SCENES = 8  # that are kept, for the next picture of the same
_MEMORY = 4 << 30  # bytes of addresses


@dataclass(frozen=True)
class _Kept:
    scene: Scene
    look: Look
    kind: str


def main() -> None:
    """Answer until there are no more questions."""
    _limit_memory()
    questions, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints must not stand among the answers
    scenes: OrderedDict[str, _Kept] = OrderedDict()
    while line := questions.readline():
        question = json.loads(line)
        body = questions.read(question["bytes"])
        answer, picture = _answer(question, body, scenes)
        answers.write(json.dumps({**answer, "bytes": len(picture)}).encode() + b"\n" + picture)
        answers.flush()


def _answer(question: dict[str, Any], body: bytes, scenes: OrderedDict[str, _Kept]) -> tuple[dict[str, Any], bytes]:
    try:
        if question["film"]:
            return _film(question, body), b""
        if question["scene"] not in scenes:
            if not body:
                return {"unknown": True}, b""
            scenes[question["scene"]] = _built(question, body)
            while len(scenes) > _SCENES:
                scenes.popitem(last=False)
        scenes.move_to_end(question["scene"])
        kept = scenes[question["scene"]]
        return {"kind": kept.kind}, _picture(kept, question["place"])
    except LiveplotError as error:
        return {"error": type(error).__name__, "sentence": str(error)}, b""
    except MemoryError:
        return {"error": "LimitError", "sentence": "there is not enough memory for this picture"}, b""


def _built(question: dict[str, Any], body: bytes) -> _Kept:
    prepared = prepare(history(question, body), question["kind"], _drawn(question["options"]))
    with style.applied(prepared.look):
        scene = Scene(prepared.histories, prepared.chart, prepared.look)
    return _Kept(scene, prepared.look, type(prepared.chart).__name__.lower())


def _picture(kept: _Kept, place: int) -> bytes:
    import imageio.v3 as imageio

    with style.applied(kept.look), io.BytesIO() as file:
        pixels = kept.scene.pixels(place)
        channels = 4 if kept.scene.transparent else 3
        imageio.imwrite(file, pixels[..., :channels], extension=".png", compress_level=1)
        return file.getvalue()


def _film(question: dict[str, Any], body: bytes) -> dict[str, Any]:
    options = _drawn(question["options"])
    [file] = render(history(question, body), question["film"], kind=question["kind"], jobs=1, **options)
    return {"frames": file.frames, "seconds": float(file.seconds)}


def history(question: dict[str, Any], body: bytes) -> History:
    """The rows that a question brings along, labelled by a column that counts them or else by their own numbers."""
    values = np.frombuffer(body, "<f8").reshape(question["shape"])
    columns = tuple(question["columns"])
    named = columns != tuple(map(str, range(len(columns))))
    selection = build(Selection, question["options"])
    table = Table(columns, named, [Part(values, range(len(values)))])
    found = table.history(selection, question["name"], lambda size: None)
    numbers = np.array(question["numbers"])
    index = numbers if found.index_name == "row" else found.index
    return replace(found, name=question["name"], index=index)


def _drawn(options: dict[str, Any]) -> dict[str, Any]:
    """The options but for those that have chosen rows and columns already."""
    return {name: value for name, value in options.items() if name not in ("index", "columns", "rows", "every")}


def _limit_memory() -> None:
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))


if __name__ == "__main__":
    main()
