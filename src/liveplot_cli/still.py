"""Stills: one position of a scene as a picture, to look at or to print."""

from __future__ import annotations

import re
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
_SIZE_IN_POINTS = re.compile(r'width="[0-9.]+pt" height="[0-9.]+pt"')


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
    if format == "svg":
        _in_pixels(part, scene.size)


def _in_pixels(path: Path, size: tuple[int, int]) -> None:
    """Have an SVG shown as large as was asked for: matplotlib says points, of which a page has fewer than pixels."""
    width, height = size
    text = path.read_text(encoding="utf-8")
    path.write_text(_SIZE_IN_POINTS.sub(f'width="{width}" height="{height}"', text, count=1), encoding="utf-8")
