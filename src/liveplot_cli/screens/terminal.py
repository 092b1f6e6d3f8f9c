"""The screen of a terminal: pictures by the best protocol it understands, and a line that says where the film is."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from logging.handlers import MemoryHandler
from typing import Any

import numpy as np

from liveplot_cli import protocols
from liveplot_cli.drawing import style
from liveplot_cli.drawing.letters import words
from liveplot_cli.errors import MissingError, UsageError, printable
from liveplot_cli.look import DPI, Look
from liveplot_cli.protocols import Way
from liveplot_cli.screening import Screening
from liveplot_cli.terminals.answers import Terminal
from liveplot_cli.terminals.area import CELL, Area
from liveplot_cli.terminals.session import Session, opened, rest

_HINT = "space pause  ← → row  + − speed  ? keys  q quit"

_LONGEST_WAIT = 0.05  # seconds: a signal is answered within it
_SETTLED = 0.1  # seconds that a window keeps its size before a picture is drawn for it
_SHARP = 14  # pixels of a cell's height for which a picture is drawn once more as large

_log = logging.getLogger(__name__)


def play(screening: Screening, *, protocol: str | None = None, colors: str | None = None) -> None:
    """Show what is screened in the terminal until `q` is pressed; raises `Interrupted` for a signal.

    Raises `MissingError` where no terminal could show it, or not by the `protocol` that is asked for. The terminal is
    as it was before, whatever happens.
    """
    with style.applied(screening.look), opened() as session, _notes_held_back():
        shown: _Shown | None = None
        is_over = False
        while not is_over:
            with session.screen():
                if shown is None:
                    shown = _Shown(session, *_agreed(session, protocol, colors), screening)
                is_over = shown.run()
            session.check()
            if not is_over:
                rest(session)


def print_once(screening: Screening, *, protocol: str | None = None, colors: str | None = None) -> None:
    """Print the last picture where the cursor is, as large as it is asked for or as there is room; raises as `play`."""
    with style.applied(screening.look), opened() as session:
        with session.screen():
            way, terminal = _agreed(session, protocol, colors)
        session.check()
        whole = session.area()
        cell = CELL if way.takes_words else whole.cell
        room = Area(whole.columns, max(1, whole.rows - 1), cell).holding(screening.look.pixels)
        painter = way(room, terminal)
        screening.player.end()
        screening.build(_sized(screening.look, painter, room))
        picture = _painted(painter, screening)
        with session.lines(room.rows):
            session.send(picture)


def chosen(terminal: Terminal, protocol: str | None) -> type[Way]:
    """The protocol that is asked for, or the best that the terminal understands.

    Raises `MissingError` for one that it does not.
    """
    called = f"the terminal {terminal.name}" if terminal.name else "this terminal"
    if protocol is None:
        found = protocols.best(terminal)
        within = f" (inside {terminal.multiplexer}, which passes no other pictures on)" if terminal.multiplexer else ""
        way = protocols.load(found)
        colors = f" in {terminal.colors} colours" if way.takes_words else ""
        _log.info("%s shows %s%s%s", called, found, colors, within)
        return way
    way = protocols.load(protocol)
    if way.is_understood(terminal):
        return way
    if terminal.multiplexer:
        raise MissingError(
            f"{terminal.multiplexer} passes no {protocol} pictures on to the terminal; run it outside of "
            f"{terminal.multiplexer}, or take --protocol blocks"
        )
    raise MissingError(f"{called} says nothing of {protocol} pictures; leave out --protocol, or take blocks")


class _Shown:
    """What is screened on the terminal's screen, and keys that steer it."""

    def __init__(self, session: Session, way: type[Way], terminal: Terminal, screening: Screening) -> None:
        self._session, self._way, self._terminal = session, way, terminal
        self._screening = screening

    def run(self) -> bool:
        """Play until `q` is pressed, or, which is False, until Ctrl-Z is."""
        session, screening = self._session, self._screening
        self._fit()
        said, is_due = "", True
        while not session.is_stopped:
            session.check()
            if session.is_resized:
                self._settle()
                is_due = True
            if screening.refresh(time.monotonic()):
                screening.player.left_out += is_due  # the terminal has not yet taken the one before
                is_due = True
            if (is_due or self._said() != said) and session.is_ready:  # the last row stays, but plays no more
                said, is_due = self._said(), False
                self._draw(said)
            for key in session.wait(_LONGEST_WAIT if is_due else screening.wait(time.monotonic())):
                if key == "q":
                    return True
                if screening.press(key):
                    is_due = True
                    self._list_keys()
        session.is_stopped = False
        return False

    def _settle(self) -> None:
        """Wait until the window keeps its size, and draw for that."""
        while self._session.is_resized:
            self._session.is_resized = False
            self._session.wait(_SETTLED)
        self._fit()

    def _fit(self) -> None:
        """Build the scene for the size of the window; there is none for one that has no room for it."""
        self._whole = self._session.area()
        room = self._begin()
        self._has_room = True
        try:
            self._screening.build(_sized(self._screening.look, self._painter, room))
        except UsageError as error:
            if "room" not in error.sentence:
                raise
            self._has_room = False
            self._screening.build(self._screening.look)  # for rows that come to be taken in

    def _begin(self) -> Area:
        """Begin with an empty screen, and hand back what of it is for the picture."""
        room = Area(self._whole.columns, max(1, self._whole.rows - 1), self._whole.cell)
        self._painter = self._way(room, self._terminal)
        self._session.on_leaving = self._painter.erased
        self._session.send(self._painter.erased + b"\x1b[0m\x1b[2J")
        self._lists_keys = False
        return room

    def _list_keys(self) -> None:
        """Write down the keys in the picture's place, or let it stand there again."""
        if self._screening.lists_keys != self._lists_keys:
            self._begin()
            self._lists_keys = self._screening.lists_keys

    def _draw(self, said: str) -> None:
        picture = b""
        if self._lists_keys:
            picture = "".join(f"{shown:>8}  {meaning}\x1b[K\r\n" for shown, meaning in self._listed()).encode()
        elif self._has_room:
            picture = _painted(self._painter, self._screening)
        status = printable(said)[: self._whole.columns - 1]
        self._session.send_frame(b"\x1b[H" + picture + f"\x1b[{self._whole.rows};1H\x1b[0m{status}\x1b[K".encode())

    def _listed(self) -> list[tuple[str, str]]:
        return self._screening.keys()[: self._whole.rows - 1]

    def _said(self) -> str:
        """Where the film is, and what the keys do."""
        screening = self._screening
        if not self._has_room:
            return f"{screening.where}  ·  the window is too small for the picture"
        how = [screening.note] if screening.note else [screening.how, screening.when, _HINT]
        return "  ·  ".join(filter(None, (screening.where, *how)))


def _painted(painter: Way, screening: Screening) -> bytes:
    """The picture, drawn and as bytes for the terminal."""
    screening.draw()
    figure = screening.scene.figure
    canvas: Any = figure.canvas
    return painter.painted(np.asarray(canvas.buffer_rgba()), words(figure) if painter.takes_words else [])


def _agreed(session: Session, protocol: str | None, colors: str | None) -> tuple[type[Way], Terminal]:
    """How pictures are shown, and what is known of the terminal, which is asked."""
    terminal = session.ask()
    if colors:
        terminal = replace(terminal, colors=colors)
    way = chosen(terminal, protocol)
    if colors and not way.takes_words:
        raise UsageError("colors are those of blocks and braille, other pictures have all", cure=("protocol", "blocks"))
    return way, terminal


def _sized(look: Look, painter: Way, area: Area) -> Look:
    """The look in the size that the protocol needs; on a fine screen all of it is larger, as the terminal's letters."""
    dpi = look.dpi
    if painter.takes_words:
        dpi = DPI
    elif dpi == DPI:
        dpi = DPI * max(1, area.cell[1] // _SHARP)
    width, height = (max(1, side * DPI // dpi) for side in painter.size)
    return replace(look, size=(width, height), dpi=dpi)


@contextmanager
def _notes_held_back() -> Iterator[None]:
    """Keep what is noted within the block until it is over: it would be written into the pictures."""
    log = logging.getLogger("liveplot_cli")
    before = log.handlers[:]
    kept = [MemoryHandler(1000, logging.CRITICAL, handler) for handler in before]
    log.handlers[:] = kept
    try:
        yield
    finally:
        log.handlers[:] = before
        for handler in kept:
            handler.close()
