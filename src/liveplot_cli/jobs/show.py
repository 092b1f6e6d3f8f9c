"""The other job: read, plan, play in a window."""

from __future__ import annotations

from collections.abc import Sequence

from liveplot_cli import charts
from liveplot_cli.drawing import style
from liveplot_cli.player import Player
from liveplot_cli.prepare import Source, prepare
from liveplot_cli.screens import window


def show(
    source: Source | Sequence[Source], /, kind: str = charts.AUTO, *, step: bool = False, **options: object
) -> None:
    """Play a history in a window until it is closed; with `step` it starts paused and Enter goes on by one row.

    `source` and `options` are as for `render`. Raises `MissingError` where there is no display, before any reading.
    """
    window.require_display()
    prepared = prepare(source, kind, options)
    player = Player(prepared.moments, playing=not step)
    with style.applied(prepared.look):
        window.play(prepared.histories, prepared.chart, prepared.look, player)
