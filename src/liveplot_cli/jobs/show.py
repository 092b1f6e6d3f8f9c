"""The other job: read, plan, play on a screen."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import numpy as np

from liveplot_cli import charts
from liveplot_cli.drawing import theme
from liveplot_cli.drawing.words import counter
from liveplot_cli.errors import MissingError, UsageError
from liveplot_cli.following import Following
from liveplot_cli.growing.follower import Follower, called
from liveplot_cli.growing.history import one_row
from liveplot_cli.history import History
from liveplot_cli.limits import Limits
from liveplot_cli.look import Look
from liveplot_cli.option import build, options_of
from liveplot_cli.prepare import Prepared, Source, prepare, sources
from liveplot_cli.readers.csv import Csv
from liveplot_cli.readers.jsonl import Jsonl
from liveplot_cli.screening import Growth, Screening
from liveplot_cli.screens import terminal, window
from liveplot_cli.selection import Selection
from liveplot_cli.showing import Showing
from liveplot_cli.terminals.session import is_terminal, require_terminal

_OF_A_WHOLE_FILM = ("duration", "pace", "ease", "bounce", "hold", "hold_start")
_MANY = 10  # moments that were to be shown: more than one of them left out is told

_log = logging.getLogger(__name__)


def show(
    source: Source | Sequence[Source], /, kind: str = charts.AUTO, *, step: bool = False, **options: object
) -> None:
    """Play a history on a screen until it is closed; with `step` it starts paused and Enter goes on by one row.

    `source` and `options` are as for `render`; with `follow` rows are waited for that are appended to a text, and shown
    as they come. The screen is a window or, with `terminal` or where there is no display, the terminal; with `once` the
    last row's picture is printed there, and that is all. Raises `MissingError` where there is neither, before any
    reading.
    """
    asked = build(Showing, options)
    if asked.once and step:
        raise UsageError("once and step contradict one another: once prints the last row")
    in_terminal = _is_for_the_terminal(asked)
    options = {name: value for name, value in options.items() if name not in options_of(Showing)}
    with _screening(source, kind, options, playing=not step) as screening:
        if asked.once:
            terminal.print_once(screening, protocol=asked.protocol, colors=asked.colors)
            return
        if in_terminal:
            terminal.play(screening, protocol=asked.protocol, colors=asked.colors)
        else:
            window.play(screening)
        screening.end()
        _tell(screening)


def _is_for_the_terminal(asked: Showing) -> bool:
    """Whether it is shown in the terminal: if that is asked for, or for want of a display."""
    if asked.terminal or asked.once or asked.protocol or asked.colors:
        require_terminal()
        return True
    try:
        window.require_display()
    except MissingError as error:
        if not is_terminal():
            raise
        _log.info("it plays in the terminal, for %s", error.sentence.partition(";")[0])
        return True
    return False


@contextmanager
def _screening(
    source: Source | Sequence[Source], kind: str, options: Mapping[str, Any], *, playing: bool
) -> Iterator[Screening]:  # fmt: skip
    if not build(Following, options).follow:
        given = {name: value for name, value in options.items() if name != "follow"}
        yield Screening(prepare(source, kind, given), playing=playing)
        return
    with followed(source, kind, options) as growth:
        yield Screening(growth.first(), playing=playing, growth=growth)


@contextmanager
def followed(source: Source | Sequence[Source], kind: str, options: Mapping[str, Any]) -> Iterator[Growth]:
    """The histories of texts whose rows are still coming, read for as long as the block lasts.

    Raises `UsageError` for what can't be followed.
    """
    following = build(Following, options)
    for name in _OF_A_WHOLE_FILM:
        if options.get(name):
            raise UsageError(f"a history that grows has no end, and takes no {name}; leave out one of them")
    paths = [os.fspath(one) for one in sources(source) if isinstance(one, str | os.PathLike)]
    if len(paths) < len(sources(source)):
        raise UsageError("only files and pipes can be followed, and no array")
    used = {name for cls in (Selection, Csv, Jsonl) for name in options_of(cls)} | {"label"}
    drawn = {name: value for name, value in options.items() if name not in used}

    def prepared(histories: Sequence[History]) -> Prepared:
        some = [one_row(history) for history in histories]  # for nobody knows how many there will be
        return prepare(some, kind, drawn, reading=[Following, Csv, Jsonl])

    look = build(Look, options)
    theme.check(look.theme, look.palette)  # before the first row, which may come in an hour
    build(Limits, options).check_size(look.pixels)
    counter(look.title, History(np.zeros(1)))
    names = called(paths, look.label)
    followers = [Follower(path, options, name, following.window) for path, name in zip(paths, names, strict=True)]
    with ExitStack() as running:
        for follower in followers:
            running.enter_context(follower.following())
        yield Growth(followers, prepared)


def _tell(screening: Screening) -> None:
    """Say how many pictures were drawn; warn where it were far fewer than were asked for."""
    left_out = screening.player.left_out
    is_slow = left_out * _MANY > screening.drawn + left_out
    _log.log(logging.WARNING if is_slow else logging.INFO, "%s", screening.told())
