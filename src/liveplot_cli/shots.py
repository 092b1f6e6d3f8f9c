"""The film of what has been prepared: a scene at its moments, drawn into every output."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from liveplot_cli import workers
from liveplot_cli.drawing import style
from liveplot_cli.errors import UsageError
from liveplot_cli.film import Film, Pixels
from liveplot_cli.option import build
from liveplot_cli.prepare import Prepared
from liveplot_cli.scene import Scene
from liveplot_cli.still import write_stills
from liveplot_cli.timing import Moment, Timing, spread
from liveplot_cli.write import SAMPLES, Progress, Rendered, Target, write
from liveplot_cli.writing import Writing

_log = logging.getLogger(__name__)


def write_film(
    prepared: Prepared, outputs: Sequence[Target], options: Mapping[str, object], jobs: int | None, progress: Progress,
    section: Sequence[Moment] | None = None,
) -> list[Rendered]:  # fmt: skip
    """Draw and write what has been prepared for these outputs, or a section of it within the limits of the whole."""
    at = build(Writing, options).at
    if at is not None:
        _refuse_time(options)
        return _still(prepared, outputs, at)
    if section is None:
        _tell_rows(prepared)
    if jobs is None:
        jobs = 0 if workers.forks() else 1
    with style.applied(prepared.look):
        positions = [moment.position for moment in prepared.moments]
        scene = Scene(prepared.histories, prepared.chart, prepared.look, positions)
        shots = _Shots(scene, prepared.moments if section is None else section)
        written = write(outputs, shots.film(prepared.timing.fps), shots, options, jobs, progress)
    for file in written:
        _tell_length(file, prepared.timing)
    return written


def _tell_rows(prepared: Prepared) -> None:
    """Say so where not all rows are shown."""
    rows = max(map(len, prepared.histories))
    shown = len({math.floor(moment.position) for moment in prepared.moments})
    if shown < rows:
        asked = prepared.timing.duration or prepared.timing.pace != "even"  # then fewer rows are what was asked for
        _log.log(
            logging.INFO if asked else logging.WARNING,
            "%d of %d rows are shown: %s",
            shown,
            rows,
            "there are frames for no more" if prepared.timing.pace == "even" else "those between which most changes",
        )


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
