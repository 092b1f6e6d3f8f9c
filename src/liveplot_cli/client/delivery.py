"""Rows to a run of the service: in their order, each once, whatever happens to the service or to this process."""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from liveplot_cli.client.remote import Address, Answer, AwayError, Service
from liveplot_cli.client.spool import Batch, Numbering, Shelf, Spool, as_json, gaps_as_null
from liveplot_cli.client.waiting import Waiting

_FIRST_DELAY, _LONGEST_DELAY = 0.1, 10.0  # seconds until a request is tried again
_TO_DISK = 0.5  # seconds after which rows that can't be sent are on the disk
_LONGEST_NAMES = 1 << 16  # bytes of the columns' names that go with every batch
_OFTEN = 5  # numbers in a row that the service has refused
_QUIET = 60.0  # seconds after the end of trouble in which further trouble is not told

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _State:
    """The run as the service has told of it."""

    ahead: Numbering = Numbering(1)  # of the row that comes next
    columns: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Head:
    """A batch on its way: each time it is sent it has the same number, epoch and bytes."""

    batch: Batch
    numbering: Numbering
    columns: tuple[str, ...]  # of the run, once it is there
    body: bytes
    spool: Spool | None


class Delivery:
    """What is on its way to a run, by a thread of its own that calls `run`."""

    def __init__(
        self, service: Service, address: Address, waiting: Waiting, names: Sequence[str | int], shelf: Shelf | None,
        *, title: str | None, resets: bool,
    ) -> None:  # fmt: skip
        self.sent = self.dropped = self.taken_over = 0
        self.has_begun = False  # whether it is known what earlier processes have left
        self.trouble = ""  # why the service has not taken what was last sent to it
        self._service = service
        self._address = address
        self._waiting = waiting
        self._names = names
        self._shelf = shelf
        self._title = title
        self._resets = resets
        self._lock = threading.Lock()  # of all that follows; nobody holds it while the service is asked
        self._state: _State | None = None
        self._spools: list[Spool] = []  # from the oldest on; the last one may be our own
        self._own: Spool | None = None
        self._head: _Head | None = None
        self._failures = self._renumbered = 0
        self._told: set[str] = set()
        self._quiet_until = 0.0
        self._away = self._away_told = self._refused = self._left = False

    @property
    def spooled(self) -> int:
        """How many rows wait on the disk."""
        return sum(spool.rows for spool in self._spools)

    def run(self) -> None:
        """Send what comes until there is no more, or `leave` is called."""
        try:
            with self._lock:
                self._take_over()
            self.has_begun = True
            while self._step():
                pass
        except Exception:
            _log.warning("%s: no more rows are sent, for this is a bug in liveplot", self._address, exc_info=True)

    @property
    def is_over(self) -> bool:
        """Whether nothing will be sent any more: the service wants another token."""
        return self._refused

    def leave(self, *, quietly: bool = False) -> None:
        """Put what is not sent on the disk, for the next one to send, and do no more; say how much that is."""
        with self._lock:
            if self._left:
                return
            self._left = True
            self._shelve(0.0)
            spooled, lost = self.spooled, len(self._waiting)
            self._waiting.drop(lost)
            self.dropped += lost
            for spool in self._spools:
                spool.close()
        self._service.close()
        if quietly:
            return
        if spooled and self._shelf is not None:
            _log.warning(
                "%s: %s could not be sent; they wait in %s and are sent first by the next push to this run",
                self._address, _rows(spooled), self._shelf.folder,
            )  # fmt: skip
        if lost:
            _log.warning("%s: %s could not be sent and are lost", self._address, _rows(lost))

    # --- one request after another ------------------------------------------------------------------------------------

    def _step(self) -> bool:
        """Ask the service one thing, or wait for something to ask; False at the end."""
        with self._lock:
            if self._left:
                return False
            asked = self._next()
        if asked is None:
            return self._pause()
        try:
            answer: Answer | AwayError = self._service.ask(*asked)
        except AwayError as error:
            answer = error
        with self._lock:
            if self._left:
                return False
            delay = self._heard(asked[1], answer)
            patience = 0.0 if isinstance(answer, AwayError) else answer.patience
        return self._rest(delay, asked_for=patience > 0) if delay else True

    def _next(self) -> tuple[str, str, bytes | None] | None:
        if self._refused:
            return None
        if self._state is None:
            return "GET", "", None
        if self._resets:
            return "POST", "/reset", as_json({"epoch": self._state.ahead.epoch}).encode()
        if self._own is not None:
            self._shelve(_TO_DISK)
        self._head = self._head or self._spooled_head() or self._waiting_head()
        return ("POST", "/rows", self._head.body) if self._head else None

    def _pause(self) -> bool:
        """Wait for rows; False where none will come."""
        if self._refused:
            with self._lock:
                self._shelve(_TO_DISK)
            time.sleep(0.0 if self._waiting.ended else _FIRST_DELAY)
            return not self._waiting.ended
        if self._waiting.ended and not len(self._waiting):
            return False
        self._waiting.wait(_LONGEST_DELAY)
        return True

    def _rest(self, seconds: float, *, asked_for: bool) -> bool:
        """Wait before the same is asked again, and keep on the disk what comes meanwhile; False at the end.

        One more try comes at once when there are no more rows, unless the service has asked for the rest.
        """
        until = time.monotonic() + seconds
        ended = self._waiting.ended
        while (left := until - time.monotonic()) > 0 and (asked_for or self._waiting.ended == ended):
            time.sleep(min(left, _FIRST_DELAY))
            with self._lock:
                if self._left:
                    return False
                if self._away:
                    self._shelve(_TO_DISK)
        return True

    # --- what it answers ----------------------------------------------------------------------------------------------

    def _heard(self, below: str, answer: Answer | AwayError) -> float:
        """Go on from an answer; hands back for how many seconds to leave the service alone."""
        if isinstance(answer, AwayError):
            return self._failed(str(answer), 0.0)
        if answer.is_passing:
            return self._failed(answer.sentence, answer.patience)
        if answer.status in (401, 403):
            self._refuse(answer)
            return 0.0
        self._is_back()
        if below == "/rows":
            return self._was_sent(answer)
        if below == "/reset":
            self._was_reset(answer)
        else:
            self._was_told(answer)
        return 0.0

    def _failed(self, reason: str, patience: float) -> float:
        self._failures += 1
        self.trouble = reason
        longest = min(_LONGEST_DELAY, _FIRST_DELAY * 2.0 ** min(self._failures, 10))
        delay = max(longest * random.uniform(0.5, 1), patience)
        self._away = self._away or self._failures > 1 or delay > 1  # a connection that was kept may be found cut once
        if self._away:
            self._shelve(_TO_DISK)
            if not self._away_told and time.monotonic() >= self._quiet_until:
                self._away_told = True
                _log.warning(
                    "%s does not take rows (%s); they are kept, and sent when it does", self._address, reason
                )  # fmt: skip
        return delay

    def _is_back(self) -> None:
        self._failures = 0
        self._away = False
        if self._away_told:
            self._away_told = False
            self._quiet_until = time.monotonic() + _QUIET
            waiting = _rows(len(self._waiting) + self.spooled)
            _log.warning("%s takes rows again (%s waiting)", self._address, waiting)

    def _refuse(self, answer: Answer) -> None:
        """Ask no more: another token must be found by a person."""
        self._refused = True
        self.trouble = f"it refuses the token, or wants one ({answer.sentence})"
        _log.warning(
            "%s: the service refuses the token, or wants one (%s); LIVEPLOT_TOKEN gives another. Rows are kept",
            self._address, answer.sentence,
        )  # fmt: skip

    def _was_told(self, answer: Answer) -> None:
        """Learn how far the run has come; where there is none yet, the first row makes it."""
        seq, epoch = answer.whole("next_seq"), answer.whole("epoch")
        if answer.is_done and seq and epoch:
            self._state = _State(Numbering(seq, epoch), answer.names())
        else:
            self._state = _State()
            if self._resets and answer.status != 404:
                self._tell("reset", "%s: the run could not be reset (%s)", answer.sentence)
            self._end_reset()

    def _was_reset(self, answer: Answer) -> None:
        if not answer.is_done and answer.status not in (404, 409):  # it is not there, or another has reset it
            self._tell("reset", "%s: the run could not be reset (%s)", answer.sentence)
        self._end_reset()
        self._state = None

    def _end_reset(self) -> None:
        self._resets = False
        for spool in self._spools:
            if spool.resets:
                spool.settle(spool.numbering)

    def _was_sent(self, answer: Answer) -> float:
        head = self._head
        assert head is not None
        if answer.status == 409:
            return self._renumber(head, answer)
        seq, epoch = answer.whole("next_seq"), answer.whole("epoch")
        if answer.is_done and seq and epoch:
            self.sent += len(head.batch.rows)
            self._state = _State(Numbering(seq, epoch), head.columns)
            self._title = self._title if head.spool else None
            self._renumbered = 0
        else:
            self.dropped += len(head.batch.rows)
            self.trouble = "it is no liveplot service" if answer.is_done else answer.sentence
            self._tell("refused", "%s: %s refused and left out (%s)", _rows(len(head.batch.rows)), self.trouble)
        self._forget(head)
        return 0.0

    def _renumber(self, head: _Head, answer: Answer) -> float:
        """Go on as the service says, which has stored nothing of the batch; hands back how long to leave it alone."""
        assert self._state is not None
        expected, epoch = answer.whole("expected"), head.numbering.epoch or self._state.ahead.epoch
        self._renumbered += 1
        self._head = None
        if answer.code == "stale_epoch":
            count = head.spool.clear() if head.spool else 0
            if head.spool is self._own:  # or both are None: what has been made here until now
                count += (made := len(self._waiting))
                self._waiting.drop(made)
            self.dropped += count
            self._state = None
            self._tell("stale", "%s: the run was reset meanwhile; %s from before that are left out", _rows(count))
        elif answer.code == "columns" and answer.names():
            self._state = replace(self._state, columns=answer.names())
        elif expected:
            self._state = replace(self._state, ahead=Numbering(expected, epoch))
            self._tell(
                "expected",
                "%s: row %s comes next, and not %s: another writes to the run, or it was restored; rows go on there",
                expected, head.numbering.seq,
            )  # fmt: skip
            if head.spool:
                head.spool.numbering = None
        else:
            self._state = None
            if head.spool:
                head.spool.numbering = None
        return self._failed(answer.sentence, 0.0) if self._renumbered > _OFTEN else 0.0

    def _forget(self, head: _Head) -> None:
        """Let go of a batch that is done with."""
        self._head = None
        if head.spool is None:
            self._waiting.drop(len(head.batch.rows))
        else:
            head.spool.drop()
            head.spool.numbering = None

    # --- what comes next ----------------------------------------------------------------------------------------------

    def _take_over(self) -> None:
        """Begin with what processes before this one have left on the disk, unless the run is reset."""
        for spool in self._shelf.left() if self._shelf else ():
            if spool.resets:
                self._give_up(self._spools)
                self._spools = []
            self._spools.append(spool)
        if self._resets:
            self._give_up(self._spools)
            self._spools = []
        self._resets = self._resets or any(spool.resets for spool in self._spools)
        self.taken_over = self.spooled

    def _give_up(self, spools: Sequence[Spool]) -> None:
        for spool in spools:
            _log.warning(
                "%s: %s that an earlier push has left are given up, for the run is reset",
                self._address, _rows(spool.clear()),
            )  # fmt: skip
            spool.close()

    def _spooled_head(self) -> _Head | None:
        while self._spools:
            spool = self._spools[0]
            batch = None if spool.is_empty else spool.first()
            if batch is not None:
                assert self._state is not None
                numbering = spool.numbering or self._state.ahead
                spool.settle(numbering)
                return self._frozen(batch, numbering, spool)
            if not spool.is_empty:
                self.dropped += (count := spool.drop())
                self._tell("damaged", "%s: %s can't be read from the disk any more", _rows(count))
                continue
            self._spools.pop(0).close()
            self._own = None if spool is self._own else self._own
        return None

    def _waiting_head(self) -> _Head | None:
        assert self._state is not None
        if not self._waiting.is_ripe():
            return None
        return self._frozen(self._waiting_batch(), self._state.ahead, None)

    def _waiting_batch(self) -> Batch:
        rows = self._waiting.first(len(self._state.columns) if self._state else 0)
        return Batch(self._names[: len(rows[-1])], rows)

    def _frozen(self, batch: Batch, numbering: Numbering, spool: Spool | None) -> _Head:
        assert self._state is not None
        columns, places = _placed(batch.columns, self._state.columns)
        title = self._title if spool is None or spool is self._own else spool.title
        parts = [f'"seq":{numbering.seq}']
        if numbering.epoch is not None:
            parts.append(f'"epoch":{numbering.epoch}')
        names = as_json(columns)
        if len(names) < _LONGEST_NAMES or columns != self._state.columns:
            parts.append(f'"columns":{names}')
        if title is not None:
            parts.append(f'"title":{as_json(title)}')
        # A row at a time: while a long text is made, no other thread goes on.
        rows = ",".join(as_json(_arranged(gaps_as_null(row), places, len(columns))) for row in batch.rows)
        return _Head(batch, numbering, columns, f'{{{",".join(parts)},"rows":[{rows}]}}'.encode(), spool)

    def _shelve(self, age: float) -> None:
        """Put on the disk the batch that is on its way and, if they have waited so long, the rows behind it."""
        head = self._head
        if head is not None and head.spool is None:
            if not self._keep(head.batch, head.numbering):
                return
            self._head = replace(head, spool=self._own)
        while self._waiting.is_ripe(age):
            if not self._keep(self._waiting_batch()):
                return

    def _keep(self, batch: Batch, numbering: Numbering | None = None) -> bool:
        """Move a batch from memory to the end of our own spool; False where there is no room."""
        if self._own is None:
            self._own = self._shelf.new(self._title, self._resets) if self._shelf else None
            if self._own is None:
                return False
            self._spools.append(self._own)
        if numbering is not None:
            self._own.settle(numbering)  # first: a batch that may have been sent must never stand there without it
        if not self._own.put(batch):
            return False
        self._waiting.drop(len(batch.rows))
        return True

    # --- what people are told -----------------------------------------------------------------------------------------

    def _tell(self, about: str, words: str, *facts: object) -> None:
        """Warn once of each thing."""
        if about not in self._told:
            self._told.add(about)
            _log.warning(words, self._address, *facts)


def _placed(names: Sequence[str | int], run: Sequence[str]) -> tuple[tuple[str, ...], list[int]]:
    """The columns of a run with those that are new, and the place of each of our columns among them."""
    columns = list(run)
    found = {name: place for place, name in enumerate(columns)}
    places = []
    for name in names:
        if isinstance(name, int) and name < len(columns):
            places.append(name)
            continue
        place = found.setdefault(str(name), len(columns))
        if place == len(columns):
            columns.append(str(name))
        places.append(place)
    return tuple(columns), places


def _arranged(values: list[float | None], places: list[int], width: int) -> list[float | None]:
    """A row's values at their places, the others being gaps."""
    row: list[float | None] = [None] * width
    for value, place in zip(values, places, strict=False):  # rows of before a column came up are shorter
        row[place] = value
    return row


def _rows(count: int) -> str:
    return f"{count:,} row" + ("" if count == 1 else "s")
