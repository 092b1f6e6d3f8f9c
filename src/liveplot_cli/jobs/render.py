"""The main job: read, plan, draw, write."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from liveplot_cli import charts, encoders, output, style
from liveplot_cli.encoders import Encoder, Plan
from liveplot_cli.errors import UsageError, quoted
from liveplot_cli.film import Film, Pixels
from liveplot_cli.option import build
from liveplot_cli.prepare import Source, prepare
from liveplot_cli.scene import Scene
from liveplot_cli.timing import Moment

# Frames in a segment: fixed, so that a file is the same byte for byte however the work is shared out.
SEGMENT = 64
_SAMPLES = 9

_log = logging.getLogger(__name__)

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Rendered:
    """A file that was written: its frames, its length in seconds, its picture's size in pixels, its size in bytes."""

    path: Path
    frames: int
    seconds: Fraction
    size: tuple[int, int]
    bytes: int


def render(
    source: Source,
    *outputs: str | os.PathLike[str],
    kind: str = charts.AUTO,
    progress: Progress = lambda done, total: None,
    **options: object,
) -> list[Rendered]:
    """Render a history to one or more files, drawing each frame once; every file is whole or not there.

    `source` is a path, a `History` or an array of shape (rows, columns); an output's suffix says its format. `options`
    are those of the command line, by their long names: `render("loss.csv", "loss.gif", fps=30, title="{row}")`.
    `progress(done, total)` is called after each frame. Raises `UsageError`, `DataError` or `OutputError`.
    """
    targets = _targets(outputs)
    prepared = prepare(source, kind, options, encoders_used={target.encoder for target in targets})
    moments = prepared.timing.moments(len(prepared.history))
    if len(moments) < len(prepared.history):
        _log.info("%d of %d rows are shown, for there are no more frames", len(moments), len(prepared.history))
    with style.applied():
        scene = Scene(prepared.history, prepared.chart, prepared.look)
        film = _film(scene, moments, prepared.timing.fps)
        plans = [build(target.encoder, options).plan(film) for target in targets]
        with ExitStack() as published, ExitStack() as opened:
            parts = [published.enter_context(target.replaced()) for target in targets]
            appends = [
                opened.enter_context(target.opened(plan, part))
                for target, plan, part in zip(targets, plans, parts, strict=True)
            ]
            for segment in _segments(len(moments)):
                chunks = _encode(scene, moments, plans, segment, progress)
                for append, chunk in zip(appends, chunks, strict=True):
                    append(chunk)
    return [target.rendered(plan) for target, plan in zip(targets, plans, strict=True)]


@dataclass(frozen=True)
class _Target:
    """One output: where it goes and what encodes it."""

    path: Path
    encoder: type[Encoder]

    def check(self) -> None:
        output.check(self.path, folder=self.encoder.folder)

    def replaced(self) -> AbstractContextManager[Path]:
        return output.replacing(self.path, folder=self.encoder.folder)

    @contextmanager
    def opened(self, plan: Plan, part: Path) -> Iterator[Callable[[Any], object]]:
        """The part being written, every fault of the disk named as this output's."""
        with output.faults(self.path), plan.open(part) as append:

            def append_here(chunk: Any) -> None:
                with output.faults(self.path):
                    append(chunk)

            yield append_here

    def rendered(self, plan: Plan) -> Rendered:
        files = self.path.iterdir() if self.encoder.folder else [self.path]
        return Rendered(
            self.path, plan.frames, plan.seconds, plan.size, bytes=sum(file.stat().st_size for file in files)
        )


def _targets(outputs: Sequence[str | os.PathLike[str]]) -> list[_Target]:
    """The outputs, each checked before any work; raises `UsageError` where there is none, or one twice."""
    if not outputs:
        raise UsageError("there is no output; name a file such as out.gif, out.mp4 or a folder of frames/")
    targets = [_Target(Path(path), encoders.encoder_for(path)) for path in outputs]
    seen: set[Path] = set()
    for target in targets:
        target.check()
        if target.path.resolve() in seen:
            raise UsageError(f"the output {quoted(target.path)} is named twice")
        seen.add(target.path.resolve())
    return targets


def _film(scene: Scene, moments: Sequence[Moment], fps: Fraction) -> Film:
    def sample() -> Iterator[Pixels]:
        for number in np.unique(np.linspace(0, len(moments) - 1, _SAMPLES).round().astype(int)):
            yield scene.pixels(moments[number].position)

    width, height = scene.size
    return Film(width, height, scene.paper, tuple(moment.duration for moment in moments), fps, sample)


def _segments(frames: int) -> Iterator[range]:
    for start in range(0, frames, SEGMENT):
        yield range(start, min(start + SEGMENT, frames))


def _encode(
    scene: Scene, moments: Sequence[Moment], plans: Sequence[Plan], segment: range, progress: Progress
) -> list[Any]:
    """One chunk per plan for a segment, each of its frames drawn once."""

    def draw(number: int) -> Pixels:
        return scene.pixels(moments[number].position)

    coders = [plan.begin(segment.start, draw) for plan in plans]
    for number in segment:
        pixels = draw(number)
        for coder in coders:
            coder.add(pixels)
        progress(number + 1, len(moments))
    return [coder.finish() for coder in coders]
