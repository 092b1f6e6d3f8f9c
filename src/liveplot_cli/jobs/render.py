"""The main job: read, plan, draw, write."""

from __future__ import annotations

import logging
import math
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from liveplot_cli import charts, workers
from liveplot_cli.drawing import style
from liveplot_cli.errors import UsageError
from liveplot_cli.film import Film, Pixels
from liveplot_cli.option import build
from liveplot_cli.prepare import Prepared, Source, prepare, sources
from liveplot_cli.scene import Scene
from liveplot_cli.still import write_stills
from liveplot_cli.timing import Moment, Timing, spread
from liveplot_cli.write import SAMPLES, Progress, Rendered, Target, options_of_writing, targets, write
from liveplot_cli.writing import Writing

_log = logging.getLogger(__name__)


def render(
    source: Source | Sequence[Source],
    /,
    *outputs: str | os.PathLike[str],
    kind: str = charts.AUTO,
    jobs: int | None = None,
    progress: Progress = lambda done, total: None,
    **options: object,
) -> list[Rendered]:
    """Render a history to one or more files, drawing each frame once; every file is whole or not there.

    `source` is a path, a `History` or an array of shape (rows, columns), or a list of paths and histories to be drawn
    together; an output's suffix says its format, or the option `format`; "-" is stdout, and a pipe or a device is given
    the film when that is whole. `jobs` is how many processes draw, 0 one for each core; by itself 0 where processes are
    forked, else 1. `options` are those of the command line, by their long names:
    `render("loss.csv", "loss.gif", fps=30, title="{row}")`.
    `progress(done, total)` is told the frames that are done. Raises a `LiveplotError`: `UsageError`, `DataError`,
    `OutputError`, `MissingError` or `LimitError`.
    """
    found = targets(outputs, options, *sources(source))
    return film(prepare(source, kind, options, writing=options_of_writing(found)), found, options, jobs, progress)


def film(
    prepared: Prepared, outputs: Sequence[Target], options: Mapping[str, object], jobs: int | None, progress: Progress
) -> list[Rendered]:
    """Draw and write what has been prepared for these outputs; the rest of `render`."""
    at = build(Writing, options).at
    if at is not None:
        _refuse_time(options)
        return _still(prepared, outputs, at)
    moments = prepared.moments
    rows, shown = max(map(len, prepared.histories)), len({math.floor(moment.position) for moment in moments})
    if shown < rows:
        asked = prepared.timing.duration or prepared.timing.pace != "even"  # then fewer rows are what was asked for
        _log.log(
            logging.INFO if asked else logging.WARNING,
            "%d of %d rows are shown: %s",
            shown,
            rows,
            "there are frames for no more" if prepared.timing.pace == "even" else "those between which most changes",
        )
    if jobs is None:
        jobs = 0 if workers.forks() else 1
    with style.applied(prepared.look):
        positions = [moment.position for moment in moments]
        shots = _Shots(Scene(prepared.histories, prepared.chart, prepared.look, positions), moments)
        written = write(outputs, shots.film(prepared.timing.fps), shots, options, jobs, progress)
    for file in written:
        _tell_length(file, prepared.timing)
    return written


def _still(prepared: Prepared, outputs: Sequence[Target], at: str) -> list[Rendered]:
    """Draw one position into the outputs, within the limits that it has in the film."""
    position = max(prepared.histories, key=len).position(at)
    with style.applied(prepared.look):
        positions = [moment.position for moment in prepared.moments]
        scene = Scene(prepared.histories, prepared.chart, prepared.look, positions)
        return write_stills(outputs, scene, position)


def _refuse_time(options: Mapping[str, object]) -> None:
    """Raise `UsageError` for options of a film's time that change nothing in a still."""
    for name in ("hold", "hold_start", "bounce"):
        if options.get(name):
            raise UsageError(f"a still of one position takes no {name}; leave it out, or at")


def _tell_length(file: Rendered, timing: Timing) -> None:
    """Warn of a film that could not be as long as was asked: a format's frames last for some time."""
    asked = timing.duration
    if asked is not None and abs(file.seconds - asked) > Fraction(1, 200) + Fraction(1, 2) / timing.fps:
        _log.warning(
            "%s lasts %.4g s and not %.4g: its frames can't be shorter", file.path, float(file.seconds), float(asked)
        )


@dataclass(frozen=True)
class _Shots:
    """A scene at its moments: the pictures of the film, by their numbers."""

    scene: Scene
    moments: Sequence[Moment]

    def __call__(self, number: int) -> Pixels:
        return self.scene.pixels(self.moments[number].position)

    def film(self, fps: Fraction) -> Film:
        width, height = self.scene.size
        durations = tuple(moment.duration for moment in self.moments)
        scene = self.scene
        return Film(width, height, scene.paper, durations, fps, self._sample, scene.transparent, scene.title)

    def _sample(self) -> Iterator[Pixels]:
        frames = len(self.moments)
        for number in range(min(frames, SAMPLES)):
            yield self(spread(number, min(frames, SAMPLES), frames))
