"""What is shown on a screen: histories that may still grow, a player, and what is saved of them."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from liveplot_cli.encoders import encoder_for
from liveplot_cli.errors import DataError, LiveplotError
from liveplot_cli.growing.follower import Follower
from liveplot_cli.growing.history import SoFar, is_alike
from liveplot_cli.history import History
from liveplot_cli.look import Look
from liveplot_cli.output import File
from liveplot_cli.player import KEYS, Player, Steps
from liveplot_cli.prepare import Prepared
from liveplot_cli.scene import Scene
from liveplot_cli.shots import write_film
from liveplot_cli.signals import Interrupted, answer, stop
from liveplot_cli.still import write_stills
from liveplot_cli.timing import Moment
from liveplot_cli.write import Target

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.figure import Figure

_OFTEN, _SELDOM = 1 / 30, 1 / 2  # seconds from one look at rows that have come to the next: following, and not
_SHARE = 2  # times as long as a picture takes, at least, from one to the next: what makes the rows needs the processor
_PATIENCE = 2.0  # seconds that a file which is written anew is given to be as long as before
_NOTED = 4.0  # seconds for which it is said what was saved
_LONGEST_WAIT = 0.05  # seconds: a signal and a key are answered within it
_LOOK = 0.01  # seconds from one look whether rows have come to the next
_OF_A_SCREEN = (("s", "save this picture"), ("g", "save the film of the section"), ("q", "quit"), ("?", "these keys"))


class Grown(NamedTuple):
    """What has come: how many rows at the start are gone since the last time, and whether all are of another file."""

    prepared: Prepared
    gone: int
    is_new: bool


class Growth:
    """Histories that are followed, prepared anew where they have other columns than before."""

    def __init__(self, followers: Sequence[Follower], prepare: Callable[[Sequence[History]], Prepared]) -> None:
        self._followers = followers
        self._prepare = prepare
        self._prepared: Prepared | None = None
        self._form: object = None
        self._found: list[SoFar] = []
        self._replaced = 0.0

    def first(self) -> Prepared:
        """Wait for the first rows; raises `DataError` where all ends without any."""
        while True:
            has_ended = all(follower.ended for follower in self._followers)
            grown = self.latest()
            if grown is not None:
                return grown.prepared
            if has_ended:
                raise DataError(f"{self._followers[0].name}: there is no row in it")
            self._followers[0].came.wait(_LONGEST_WAIT)

    def latest(self) -> Grown | None:
        """What has come since the last time, None where nothing has; raises what has ended the reading."""
        if not any(follower.came.is_set() for follower in self._followers):
            return None
        for follower in self._followers:
            follower.came.clear()
        found = [so_far for follower in self._followers if (so_far := follower.so_far())]
        before, is_new = self._found, self._is_new(found)
        if not found or is_new is None:
            return None
        self._found = found
        histories = [one.history for one in found]
        form = [(one.name, one.columns, one.labels.dtype.kind) for one in histories]
        if self._prepared is None or form != self._form:
            self._prepared, self._form = self._prepare(histories), form
        timing = self._prepared.timing
        moments = Steps(max(map(len, histories)), 1 / (timing.speed or timing.fps))
        self._prepared = replace(self._prepared, histories=histories, moments=moments)
        gone = 0 if is_new else max(one.before for one in found) - max(one.before for one in before)
        return Grown(self._prepared, max(0, gone), is_new)

    def _is_new(self, found: Sequence[SoFar]) -> bool | None:
        """Whether other rows have taken the place of those before; None as long as the same may be on their way.

        A file that is written anew each epoch begins as it did before.
        """
        pairs = list(zip(self._found, found, strict=False))
        replaced = [(one, other) for one, other in pairs if one.edition != other.edition]
        if len(pairs) == len(found) and all(is_alike(one, other) for one, other in replaced):
            self._replaced = self._replaced or time.monotonic()
            if all(other.end >= one.end for one, other in replaced):
                self._replaced = 0.0
                return False
            if time.monotonic() - self._replaced < _PATIENCE:
                self._followers[0].came.set()  # and be looked at again
                return None
        self._replaced = 0.0
        return True


class Screening:
    """A scene on a screen, moved by a player. `drawn` counts the pictures.

    `now` is in seconds, from a clock that never goes back; `note` is what there is to say for a moment.
    """

    def __init__(self, prepared: Prepared, *, playing: bool = True, growth: Growth | None = None) -> None:
        self.look = prepared.look
        self.player = Player(prepared.moments, playing=playing, growing=growth is not None)
        self.drawn = 0
        self.note = ""
        self.lists_keys = False
        self.scene: Scene
        self._prepared, self._growth = prepared, growth
        self._keys = {**self.player.keys(), "s": self._save_still, "g": self._save_film, "?": self._list_keys}
        self._next = self._noted = 0.0
        self._began: float | None = None  # when the taking in of rows began of which there is no picture yet
        self._filming: _Filming | None = None

    @property
    def name(self) -> str:
        """What is shown, by the histories' names."""
        return ", ".join(history.name for history in self._prepared.histories)

    def build(self, look: Look, figure: Figure | None = None, below: float = 0.0) -> None:
        """Put the scene on a figure, or on one of its own; so many inches below it are left free."""
        prepared, is_growing = self._prepared, self._growth is not None
        self.scene = Scene(
            prepared.histories, prepared.chart, look, self.player.positions, figure, growing=is_growing, below=below
        )

    def refresh(self, now: float) -> bool:
        """Take in what has come and let the player go on; says whether there is another picture to draw."""
        grown = self._take_in(now) or self.scene.settle()  # what takes long waits until there is nothing new
        before = self.player.number, self.player.playing
        self.player.tick(now)
        return self._update_note(now) or grown or (self.player.number, self.player.playing) != before

    def wait(self, now: float) -> float:
        """Seconds until there may be something to do."""
        longest = _LOOK if self._growth is not None else _LONGEST_WAIT
        return min(longest, self.player.wait(now)) if self.player.playing else longest

    def draw(self, above: Sequence[Artist] = ()) -> None:
        """Draw the player's position, and upon it what a screen has to say."""
        self.scene.draw(self.player.position, above)
        self.drawn += 1
        if self._began is not None:
            self._next += _SHARE * (time.monotonic() - self._began)
            self._began = None

    def press(self, key: str) -> bool:
        """Do what a key stands for, by matplotlib's name of it; says whether it stands for anything."""
        if key in self._keys:
            self._keys[key]()
        return key in self._keys

    def seek(self, place: float) -> None:
        """Go to a part of the film, from 0 to 1."""
        self.player.seek(round(place * (len(self.player.moments) - 1)))

    @property
    def place(self) -> float:
        """The part of the film that has passed, from 0 to 1."""
        return self.player.number / max(1, len(self.player.moments) - 1)

    @property
    def section(self) -> tuple[float, float] | None:
        """The section that is marked, in parts of the film."""
        section, last = self.player.section, max(1, len(self.player.moments) - 1)
        return None if section is None else (section[0] / last, section[-1] / last)

    @property
    def when(self) -> str:
        """The time of the film that has passed, and how long it is; nothing where it has no end."""
        at, whole = map(_clock, self.player.time)
        return "" if self.player.following else f"{at} of {whole}"

    @property
    def where(self) -> str:
        """Which row is shown, of how many."""
        history = max(self._prepared.histories, key=len)
        row, rows = int(self.player.position), len(history)
        if history.index_name == "row" and history.labels.dtype.kind in "iu":  # of a choice of rows their own numbers
            return f"row {history.number(row):,} of {history.number(rows - 1):,}"
        return f"{history.index_name} {history.label(row)}".strip() + f"  ·  row {row + 1:,} of {rows:,}"

    @property
    def how(self) -> str:
        """How it is shown: whether it plays or follows, and how fast."""
        player = self.player
        state = "following" if player.following else "playing" if player.playing else "paused"
        return f"{state}  ·  {player.rate:g}×" if player.rate != 1 else state

    def keys(self) -> list[tuple[str, str]]:
        """The keys there are, and what each does."""
        return [(key.shown, key.meaning) for key in KEYS] + list(_OF_A_SCREEN)

    def end(self) -> None:
        """Wait for a film that is being saved."""
        if self._filming is not None:
            self._filming.process.join()

    def told(self) -> str:
        """How many pictures were drawn, and how many moments passed without one."""
        return f"{self.drawn:,} pictures were drawn, {self.player.left_out:,} left out to keep the time"

    def _take_in(self, now: float) -> bool:
        if self._growth is None or now < self._next:
            return False
        grown = self._growth.latest()
        if grown is None:
            return False
        self._prepared = grown.prepared
        if grown.is_new:
            self.player.begin(grown.prepared.moments)
            self.scene.forget()
        else:
            self.player.renew(grown.prepared.moments, grown.gone)
        self._began = time.monotonic()
        self.scene.renew(grown.prepared.histories, grown.prepared.chart, settled=False)
        self._next = now + (_OFTEN if self.player.following else _SELDOM)
        return True

    def _update_note(self, now: float) -> bool:
        """Whether there is something else to say than a moment ago."""
        before = self.note
        if self._filming is not None and self._filming.answers.poll():
            self.note, self._noted = self._filming.answer(), now
            self._filming = None
        elif self.note and not self._filming:
            self._noted = self._noted or now
            if now - self._noted > _NOTED:
                self.note, self._noted = "", 0.0
        return self.note != before

    def _list_keys(self) -> None:
        self.lists_keys = not self.lists_keys

    def _save_still(self) -> None:
        """Save the picture as `liveplot render --at` draws it."""
        prepared, position = self._prepared, self.player.position
        path = _free(f"{_stem(self.name)}-row{int(position) + 1}", ".png")
        self._noted = 0.0
        try:
            scene = Scene(prepared.histories, prepared.chart, self.look, self.player.positions)
            write_stills([Target(File(path), None, "png")], scene, position)
            self.note = f"saved {path}"
        except LiveplotError as error:
            self.note = error.sentence

    def _save_film(self) -> None:
        """Save the film of the section, or of all, in a process of its own: the screen goes on."""
        if self._filming is not None:
            return
        section = self.player.section or range(len(self.player.moments))
        moments = [self.player.moments[number] for number in section]
        first, last = (int(moments[at].position) + 1 for at in (0, -1))
        path = _free(f"{_stem(self.name)}-rows{first}-{last}", ".gif")
        prepared = replace(self._prepared, look=self.look)
        self._filming, self._noted, self.note = _Filming(prepared, moments, path), 0.0, f"saving {path} …"


class _Filming:
    """A process that writes a film and says in the end what came of it."""

    def __init__(self, prepared: Prepared, moments: Sequence[Moment], path: Path) -> None:
        fresh = multiprocessing.get_context("spawn")  # a fork of a process with a window and threads is none to work in
        self.answers, answers = fresh.Pipe(duplex=False)
        self.process = fresh.Process(target=_film, args=(answers, prepared, moments, path))
        self.process.start()
        answers.close()

    def answer(self) -> str:
        """What it says."""
        try:
            said: str = self.answers.recv()
        except EOFError:
            said = "the film was not saved: its process has ended"
        self.process.join()
        return said


def _film(answers: Connection, prepared: Prepared, moments: Sequence[Moment], path: Path) -> None:
    """Write the film in this process, and say so."""
    answer(stop)
    try:
        [file] = write_film(prepared, [Target(File(path), encoder_for(path))], {}, 1, lambda done, total: None, moments)
        answers.send(f"saved {path}: {file.frames:,} frames, {float(file.seconds):.2f} s")
    except LiveplotError as error:
        answers.send(error.sentence)
    except Interrupted:
        pass


def _clock(seconds: float) -> str:
    """A time as 1:02.5."""
    tenths = round(10 * seconds)
    return f"{tenths // 600}:{tenths // 10 % 60:02}.{tenths % 10}"


def _stem(name: str) -> str:
    """A name that a file can have."""
    return (
        "".join(letter if letter.isalnum() or letter in "._-" else "-" for letter in name)[:80].lstrip(".-") or "film"
    )


def _free(stem: str, suffix: str) -> Path:
    """A name in this folder that no file has."""
    number, path = 1, Path(stem + suffix)
    while path.exists():
        number += 1
        path = Path(f"{stem}-{number}{suffix}")
    return path
