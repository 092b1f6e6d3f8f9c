"""Rows from a training loop to the live service, without ever being in the loop's way."""

from __future__ import annotations

import atexit
import logging
import math
import os
import threading
import time
from array import array
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from liveplot_cli.client.delivery import Delivery
from liveplot_cli.client.remote import Address, Service, find_run, find_token
from liveplot_cli.client.spool import Row, Shelf
from liveplot_cli.client.waiting import Waiting
from liveplot_cli.errors import UsageError, quoted
from liveplot_cli.loop_row import by_name, listed

MOST_VALUES = 10_000  # of a row
LONGEST_WORDS = 200  # characters of a title or of a column's name
_MEMORY, _DISK = 32 << 20, 256 << 20  # bytes

_log = logging.getLogger(__name__)


def push(
    url: str,
    run: str | None = None,
    *,
    columns: Sequence[str] | None = None,
    title: str | None = None,
    reset: bool = False,
    token: str | None = None,
    token_file: str | os.PathLike[str] | None = None,
    folder: str | os.PathLike[str] | None = None,
    spool: str | os.PathLike[str] | bool = True,
    memory: int = _MEMORY,
    disk: int = _DISK,
) -> Push:
    """Open a run of the live service at `url` for rows: `with push(url, "mnist") as run: run(step=1, loss=0.3)`.

    The run is made by its first row, or goes on where it ends; with `reset` it begins anew. `columns` name the values
    of rows that are lists. The token is the one given, else `LIVEPLOT_TOKEN`, else that in `token_file`, else that of
    a `liveplot serve` on this machine (with its `folder`). Rows that can't be sent wait in `memory`, so many bytes of
    it, and in files of the folder `spool`, by itself `~/.local/state/liveplot/spool`, together up to so many bytes of
    `disk`; with `spool=False` in memory alone. Raises `UsageError` for what makes no sense; from then on nothing.
    """
    address = find_run(str(url), None if run is None else str(run))
    if title is not None and (len(title) > LONGEST_WORDS or not _is_text(title)):
        raise UsageError(f"the title {quoted(title)} is no text of at most {LONGEST_WORDS} characters")
    names = [str(name) for name in columns or ()]
    for name in names:
        if not is_column_name(name):
            raise UsageError(f"{quoted(name)} is no name of a column: 1 to {LONGEST_WORDS} characters")
    if len(set(names)) < len(names) or len(names) > MOST_VALUES:
        raise UsageError(f"the columns are up to {MOST_VALUES:,} different names")
    service = Service(address, find_token(token, token_file), Path(folder) if folder is not None else None)
    place = default_spool() if spool is True else Path(spool) if spool else None
    shelf = Shelf(place, address, disk) if place else None
    return Push(address, service, names, shelf, title=title, reset=reset, memory=memory)


class Push:
    """A run that takes rows; whatever happens to the service or the disk, no call raises or waits.

    `push(step=3, loss=0.2)`, `push({"val/loss": 0.2})` or `push([0.1, 0.2])`: each value is a number or has a
    `__float__`; what is none becomes a gap. A name that comes up later
    widens the run.
    """

    def __init__(
        self, address: Address, service: Service, columns: Sequence[str], shelf: Shelf | None, *, title: str | None,
        reset: bool, memory: int,
    ) -> None:  # fmt: skip
        self.url = str(address)
        self._process = os.getpid()
        self._names: list[str | int] = list(columns)
        self._places: dict[str | int, int] = {name: place for place, name in enumerate(columns)}
        self._lock = threading.RLock()  # of the names and the count
        self._lost = 0
        self._told: set[str] = set()
        self._waiting = Waiting(memory)
        self._delivery = Delivery(service, address, self._waiting, self._names, shelf, title=title, resets=reset)
        self._thread = threading.Thread(target=self._delivery.run, name="liveplot push", daemon=True)
        try:
            self._thread.start()
        except RuntimeError:  # there can be no more threads
            self._waiting.end()
        atexit.register(self.close)

    def __call__(self, values: Any = None, /, **named: Any) -> None:
        """Send a row: a list of values, a mapping of names and values, values by their names, or one value."""
        if os.getpid() != self._process:
            return
        try:
            with self._lock:
                row = self._row(values, named)
                if row is not None and not self._waiting.put(row):
                    self._lost += 1
                    self._tell_full()
        except Exception as error:
            self._lost += 1
            self._tell("row", "a row is left out (%s)", quoted(error)[1:-1])

    @property
    def sent(self) -> int:
        """How many rows the service has acknowledged: they are on its disk."""
        return self._delivery.sent

    @property
    def waiting(self) -> int:
        """How many rows wait to be sent, in memory and on the disk."""
        return len(self._waiting) + self._delivery.spooled

    @property
    def dropped(self) -> int:
        """How many rows will never be sent: there was no room for them, or the service refuses them."""
        return self._lost + self._delivery.dropped

    @property
    def taken_over(self) -> int:
        """How many rows of earlier processes were found waiting; they are sent first."""
        return self._delivery.taken_over

    @property
    def trouble(self) -> str:
        """Why the service has not taken what was last sent to it; empty where it always has."""
        return self._delivery.trouble

    def flush(self, patience: float = 5.0) -> bool:
        """Wait until all is sent; False when for so many seconds nothing was taken."""
        return self._wait(lambda: self._delivery.has_begun and not self.waiting, patience)

    def wait_for_room(self, patience: float = 5.0) -> bool:
        """Wait until there is room for more rows, for who has many at once; False as with `flush`."""
        return self._waiting.has_room or self._wait(lambda: self._waiting.has_room, patience)

    def close(self, timeout: float = 5.0, *, quietly: bool = False) -> None:
        """Send what waits, for at most so many seconds; what is left then waits on the disk for the next push."""
        if os.getpid() != self._process:
            return
        atexit.unregister(self.close)
        try:
            self._waiting.end()
            if self._thread.ident is not None:
                self._thread.join(timeout)
            self._delivery.leave(quietly=quietly)
        except Exception as error:
            self._tell("close", "the end is not as it should be (%s)", quoted(error)[1:-1])

    def __enter__(self) -> Push:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self.close(5.0 if kind is None or issubclass(kind, Exception) else 1.0)  # who presses Ctrl-C wants the end

    def __repr__(self) -> str:
        return f"<Push to {self.url}: {self.sent:,} sent, {self.waiting:,} waiting, {self.dropped:,} dropped>"

    def _wait(self, done: Callable[[], bool], patience: float) -> bool:
        seen, until = -1, 0.0
        while not done():
            if not self._thread.is_alive() or self._delivery.is_over:
                return False
            taken = 2 * (self.sent + self.dropped) + self._delivery.spooled  # from memory to disk is half the way
            if taken > seen:
                seen, until = taken, time.monotonic() + patience
            elif time.monotonic() > until:
                return False
            time.sleep(0.01)
        return True

    def _row(self, values: Any, named: dict[str, Any]) -> Row | None:
        """The values at the places of their columns; None where there are none."""
        found: dict[Any, Any] = {**named}
        if isinstance(values, Mapping):
            found = dict(by_name(values, named))
        elif values is not None:
            items = listed(values)
            row = None if found else self._quick_row(items)
            if row is not None:
                return row
            for place, value in enumerate(items):
                found[self._names[place] if place < len(self._names) else place] = value
        row = array("d", [math.nan]) * len(self._names)
        for name, value in found.items():
            column = self._place(name)
            if column is not None:
                row.extend([math.nan] * (column + 1 - len(row)))
                row[column] = self._number(name, value)
        if not found or not row:
            self._tell("empty", "a row without values is left out")
            return None
        return row

    def _quick_row(self, values: Iterable[Any]) -> Row | None:
        """A list of nothing but numbers, which are not looked at one by one; None where it is something else."""
        try:
            row = array("d", values)
        except (TypeError, OverflowError):
            return None
        if not 0 < len(row) <= MOST_VALUES:
            return None
        for place in range(len(self._names), len(row)):
            self._place(place)
        row.extend([math.nan] * (len(self._names) - len(row)))
        return row

    def _place(self, name: str | int) -> int | None:
        """The place of a column, a new one behind the others; None where it can't be one."""
        place = self._places.get(name)
        if place is not None:
            return place
        if isinstance(name, str) and not is_column_name(name):
            self._tell("name", "%s is no name of a column: it is empty, too long or no text", quoted(name))
            return None
        if len(self._names) >= MOST_VALUES:
            self._tell("wide", "a row has at most %s values; what comes further right is left out", f"{MOST_VALUES:,}")
            return None
        self._places[name] = len(self._names)
        self._names.append(name)
        return len(self._names) - 1

    def _number(self, name: str | int, value: Any) -> float:
        try:
            if value is None:
                return math.nan
            if isinstance(value, str | bytes):
                raise TypeError
            number = float(value)
        except Exception:
            self._tell(f"value {name}", "%s is no number, and %s has a gap there", quoted(value), quoted(name))
            return math.nan
        return number if number - number == 0 else math.nan

    def _tell_full(self) -> None:
        if self._waiting.ended:
            self._tell("ended", "rows that come after the end are left out")
        else:
            self._tell("full", "there is no room for more rows; the newest are left out until some are sent")

    def _tell(self, about: str, words: str, *facts: object) -> None:
        """Warn once of each thing."""
        if about not in self._told and len(self._told) < 20:
            self._told.add(about)
            _log.warning("%s: " + words, self.url, *facts)


def default_spool() -> Path | None:
    """Where rows wait by themselves: this user's own state (XDG base directory specification), if there is a home."""
    home = os.environ.get("XDG_STATE_HOME", "")
    try:
        base = Path(home) if Path(home).is_absolute() else Path("~/.local/state").expanduser()
    except RuntimeError:
        return None
    return base / "liveplot" / "spool"


def is_column_name(name: str) -> bool:
    """Whether a text can be the name of a column."""
    return 0 < len(name) <= LONGEST_WORDS and _is_text(name)


def _is_text(text: str) -> bool:
    """Whether a text holds nothing but characters that can be stored anywhere: no halves of any, and no NUL."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in text
