"""A terminal that is borrowed: its keys come at once, its screen is ours, and it gets all back as it was."""

from __future__ import annotations

import os
import select
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any

from liveplot_cli.errors import MissingError
from liveplot_cli.signals import Interrupted, handled, stop
from liveplot_cli.terminals import keys
from liveplot_cli.terminals.answers import ARE_YOU_WELL, LONGEST, QUESTIONS, WELL, Terminal, are_complete, understood
from liveplot_cli.terminals.area import Area, area

# The other screen, no cursor, no breaking of lines; and all of it back, whatever was under way: first of all the end of
# a string, for one may have been cut short.
_TAKE = b"\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[2J\x1b[H"
_GIVE_BACK = b"\x1b\\\x1b[?2026l\x1b[0m"
_SHOW_AGAIN = b"\x1b[2J\x1b[?7h\x1b[?25h\x1b[?1049l"
_INSTEAD = "write a file with 'liveplot render HISTORY -o out.gif'"
_PATIENCE = 0.4  # seconds for the answers
_LEAVING = 1.0  # seconds for a terminal to take what restores it
_LONGEST_PRINT = 60.0  # seconds for it to take a picture that is to stay
_LOST = 10.0  # seconds after which an answer does not come any more
_IN_FLIGHT = 16 << 10  # bytes that may be on their way when a further frame is sent after them
_AT_ONCE = 1 << 16


class Session:
    """A terminal's screen and keyboard, for as long as `borrowed` lasts.

    What is sent waits here until the terminal takes it, and `is_ready` says whether a further frame may be sent: not
    before the last was taken and, where the terminal answers questions, shown, but for a few bytes. `is_resized` and
    `is_stopped` say that the window has another size and that Ctrl-Z was pressed; who sees to it resets them.
    """

    def __init__(self, file: int) -> None:
        self.terminal = Terminal()
        self.is_resized = self.is_stopped = False
        self.on_leaving = b""  # what takes pictures away that do not go with the screen
        self._file = file
        self._begun = b""
        self._pending = memoryview(b"")
        self._unanswered: list[int] = []  # bytes of each frame that the terminal has not said to have shown
        self._asked = self._heard = 0.0
        self._signum: int | None = None
        self._is_leaving = False

    @contextmanager
    def screen(self) -> Iterator[None]:
        """The other screen and keys that come at once, within the block; what comes after it is as it was before."""
        import termios

        before = termios.tcgetattr(self._file)
        try:
            termios.tcsetattr(self._file, termios.TCSANOW, _raw(before))
            self.send(_TAKE)
            yield
        finally:
            self._is_leaving = True
            self._give_back()
            _restore(self._file, before)
            self._is_leaving = False

    @contextmanager
    def lines(self, rows: int) -> Iterator[None]:
        """So many free lines, the cursor at their beginning within the block and below them after it."""
        import termios

        before = termios.tcgetattr(self._file)
        try:
            termios.tcsetattr(self._file, termios.TCSANOW, _raw(before))
            self.send(b"\r" + b"\n" * rows + b"\x1b[%dA\x1b7\x1b[?25l\x1b[?7l" % rows)
            yield
        finally:
            self._is_leaving = True
            self._end(b"\x1b8\x1b[%dB\r\x1b[?7h\x1b[?25h" % rows, _LONGEST_PRINT)
            _restore(self._file, before)
            self._is_leaving = False

    def ask(self) -> Terminal:
        """Ask the terminal what it can show, which takes less than half a second where it does not answer."""
        self.send(QUESTIONS)
        found, end = b"", time.monotonic() + _PATIENCE
        while not are_complete(found) and len(found) < LONGEST and (left := end - time.monotonic()) > 0:
            found += self._received(left)
        self.terminal = understood(found, os.environ)
        self._begun = found  # with the keys that were pressed meanwhile
        return self.terminal

    def area(self) -> Area:
        """All of the terminal, as large as it is now."""
        columns, rows, width, height = _size(self._file)
        whole = (width, height) if width and height else None
        cell = self.terminal.cell
        if whole is not None and columns and rows:
            cell = whole[0] // columns, whole[1] // rows
        elif cell is None and self.terminal.whole and columns and rows:
            cell = self.terminal.whole[0] // columns, self.terminal.whole[1] // rows
        return area(columns, rows, cell)

    @property
    def is_ready(self) -> bool:
        """Whether a further frame may be sent."""
        if self._pending:
            return False
        if self._unanswered and time.monotonic() - self._asked > _LOST:
            self._unanswered.clear()
        return sum(self._unanswered) <= _IN_FLIGHT

    def send_frame(self, frame: bytes) -> None:
        """Send a frame, shown at once and as a whole, and ask to be told when it is."""
        said = ARE_YOU_WELL if self.terminal.says_when_done else b""
        self.send(b"\x1b[?2026h" + frame + b"\x1b[?2026l" + said)
        if said:
            self._unanswered.append(len(frame))
            self._asked = time.monotonic()

    def send(self, data: bytes) -> None:
        """Send bytes behind those that wait."""
        self._pending = memoryview(bytes(self._pending) + data)
        self._write()

    def wait(self, seconds: float) -> list[str]:
        """The keys that are pressed, as soon as there are any, or none after so many seconds."""
        received = self._received(seconds)
        now = time.monotonic()
        if received:
            self._heard = now
        elif now - self._heard > _PATIENCE:  # a key that only looks like the beginning of a sequence
            self._begun = b""
        found, self._begun = keys.pieces(self._begun + received)
        for _ in range(min(found.count(WELL), len(self._unanswered))):
            self._unanswered.pop(0)
        return [name for piece in found if (name := keys.name(piece))]

    def finish(self, seconds: float) -> None:
        """Wait until the terminal has taken and, if it says so, shown all that was sent, but no longer than that."""
        end = time.monotonic() + seconds
        while (self._pending or self._unanswered) and (left := end - time.monotonic()) > 0:
            self.wait(left)

    def answer(self, signum: int, frame: FrameType | None) -> None:
        """Remember a signal until the screen can be given back; who asks again while we draw is heard at once."""
        if self._signum is not None and not self._is_leaving:
            stop(signum, frame)
        self._signum = signum

    def check(self) -> None:
        """Raise `Interrupted` for a signal that has come."""
        if self._signum is not None:
            raise Interrupted(self._signum)

    def notice(self, signum: int, _: FrameType | None) -> None:
        """Remember that the window has another size, or that Ctrl-Z was pressed."""
        if signum == signal.SIGWINCH:
            self.is_resized = True
        else:
            self.is_stopped = True

    def _received(self, seconds: float) -> bytes:
        """What the terminal sends within so many seconds, as soon as it does; meanwhile it takes what waits for it."""
        writing = [self._file] if self._pending else []
        readable, writable, _ = select.select([self._file], writing, [], seconds)
        if writable:
            self._write()
        if not readable:
            return b""
        try:
            received = os.read(self._file, 4096)
        except BlockingIOError:
            return b""
        except OSError:
            received = b""
        if not received:  # it has been closed
            raise Interrupted(signal.SIGHUP)
        return received

    def _write(self) -> None:
        try:
            while self._pending:
                self._pending = self._pending[os.write(self._file, self._pending[:_AT_ONCE]) :]
        except BlockingIOError:
            pass
        except OSError:
            raise Interrupted(signal.SIGHUP) from None

    def _give_back(self) -> None:
        """Let the terminal show what it showed before; what it has not taken yet is thrown away."""
        import termios

        if self._pending:
            self._pending = memoryview(b"")
            with suppress(termios.error):
                termios.tcflush(self._file, termios.TCOFLUSH)
        self._end(_GIVE_BACK + self.on_leaving + _SHOW_AGAIN, _LEAVING)

    def _end(self, last: bytes, seconds: float) -> None:
        """Send the last bytes and wait until they are taken, or there is no hope."""
        with suppress(Interrupted):  # by its being closed
            self.send(last)
            if self.terminal.says_when_done:  # or a shell would read what it still answers
                self.send(ARE_YOU_WELL)
                self._unanswered.append(0)
            self.finish(seconds)
        self._pending = memoryview(b"")
        self._unanswered.clear()


@contextmanager
def opened() -> Iterator[Session]:
    """The terminal that is standard output; raises `Interrupted` when the block is done for a signal that came in it.

    A terminal that is closed raises it as SIGHUP does. Raises `MissingError` where no terminal could show anything.
    """
    require_terminal()
    file = _opened()
    try:
        session = Session(file)
        with handled(session.answer), _noticed(session.notice):
            yield session
        session.check()
    finally:
        os.close(file)


def is_terminal() -> bool:
    """Whether standard output is a terminal that can be asked for pictures."""
    try:
        require_terminal()
    except MissingError:
        return False
    return True


def require_terminal() -> None:
    """Raise `MissingError`, which says what to do, where standard output is no terminal that could show a picture."""
    if os.name == "nt":
        raise MissingError(f"the terminal screen needs a Unix terminal; {_INSTEAD}")
    if sys.stdout is None or not sys.stdout.isatty():
        raise MissingError(f"standard output is no terminal, and only a terminal can show pictures; {_INSTEAD}")
    if os.environ.get("TERM", "dumb") in ("", "dumb"):
        raise MissingError(f"this terminal can't place anything (TERM is dumb), and no picture; {_INSTEAD}")


def rest(session: Session) -> None:
    """Stop the process, as Ctrl-Z asks, until the shell lets it go on; the screen must have been given back."""
    session.is_stopped = False
    before = signal.signal(signal.SIGTSTP, signal.SIG_DFL)
    try:
        os.kill(os.getpid(), signal.SIGTSTP)
    finally:
        signal.signal(signal.SIGTSTP, before)


def _opened() -> int:
    """A file of our own for the terminal: that it never waits must not be so for the shell, whose file ours is."""
    flags = os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK
    for name in (os.ttyname, lambda _: os.ctermid()):
        with suppress(OSError):
            return os.open(name(sys.stdout.fileno()), flags)
    raise MissingError(f"the terminal can't be opened; {_INSTEAD}")


def _raw(before: list[Any]) -> list[Any]:
    """Settings in which keys come at once and unseen, and Ctrl-C and Ctrl-Z are signals still."""
    import termios

    settings = [*before[:6], list(before[6])]
    settings[3] &= ~(termios.ICANON | termios.ECHO | termios.IEXTEN)
    settings[6][termios.VMIN], settings[6][termios.VTIME] = 1, 0
    return settings


def _restore(file: int, settings: list[Any]) -> None:
    """Set the settings at once, for one that reads nothing may do so for ever, and forget what was typed."""
    import termios

    with suppress(termios.error):  # it has been closed
        termios.tcflush(file, termios.TCIFLUSH)
        termios.tcsetattr(file, termios.TCSANOW, settings)


def _size(file: int) -> tuple[int, int, int, int]:
    """Columns, rows, and width and height in pixels, each 0 where the terminal does not say."""
    import fcntl
    import struct
    import termios

    try:
        rows, columns, width, height = struct.unpack("HHHH", fcntl.ioctl(file, termios.TIOCGWINSZ, bytes(8)))
    except OSError:
        return 0, 0, 0, 0
    return columns, rows, width, height


@contextmanager
def _noticed(notice: Callable[[int, FrameType | None], object]) -> Iterator[None]:
    """Let `notice` know of the window's size and of Ctrl-Z within the block."""
    before = {number: signal.signal(number, notice) for number in (signal.SIGWINCH, signal.SIGTSTP)}
    try:
        yield
    finally:
        for number, answer in before.items():
            signal.signal(number, answer)
