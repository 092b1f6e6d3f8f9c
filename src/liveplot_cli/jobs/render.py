"""The main job: read, plan, draw, write."""

from __future__ import annotations

import os
from collections.abc import Sequence

from liveplot_cli import charts
from liveplot_cli.prepare import Source, prepare, sources
from liveplot_cli.shots import write_film
from liveplot_cli.write import Progress, Rendered, options_of_writing, targets


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
    return write_film(prepare(source, kind, options, writing=options_of_writing(found)), found, options, jobs, progress)
