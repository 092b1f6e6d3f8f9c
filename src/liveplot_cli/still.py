"""Stills: one position of a scene as a picture, to look at or to print."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path
from typing import Any

import imageio.v3 as imageio
from matplotlib import rc_context

from liveplot_cli import output
from liveplot_cli.scene import Scene
from liveplot_cli.write import Rendered, Target

# Equal pictures are equal bytes: no date, and the names of what is drawn once are not left to chance.
_METADATA: dict[str, dict[str, Any]] = {
    "svg": {"Date": None},
    "pdf": {"CreationDate": None},
}


def write_stills(outputs: Sequence[Target], scene: Scene, position: float) -> list[Rendered]:
    """Draw a position into each output: a PNG with the very pixels of a film's frame, an SVG or a PDF of the same.

    Raises `OutputError` for a fault; every file is whole or not there.
    """
    with ExitStack() as published:
        parts = [published.enter_context(target.place.part()) for target in outputs]
        for target, part in zip(outputs, parts, strict=True):
            with output.faults(target.place.path):
                _write(scene, position, part, str(target.still))
        return [
            Rendered(target.place.path, 1, Fraction(0), scene.size, target.place.settle(part))
            for target, part in zip(outputs, parts, strict=True)
        ]


def _write(scene: Scene, position: float, part: Path, format: str) -> None:
    pixels = scene.pixels(position)
    if format == "png":
        channels = 4 if scene.transparent else 3
        part.write_bytes(imageio.imwrite("<bytes>", pixels[..., :channels], extension=".png"))
        return
    with rc_context({"svg.hashsalt": "liveplot"}):
        scene.figure.savefig(part, format=format, dpi="figure", metadata=_METADATA[format])
