"""The film of a history that is still growing: follow, draw, add to the file, until a signal or the input's end."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple, NoReturn

from liveplot_cli.drawing import style
from liveplot_cli.errors import DataError, LimitError, LiveplotError, OutputError, UsageError, quoted
from liveplot_cli.film import Film, Pixels
from liveplot_cli.following import Following
from liveplot_cli.growing.film import GrowingFilm, check, growing_film
from liveplot_cli.growing.follower import Follower, called
from liveplot_cli.growing.history import SoFar, is_alike, one_row
from liveplot_cli.history import History
from liveplot_cli.look import Look
from liveplot_cli.option import build, options_of
from liveplot_cli.prepare import Prepared, prepare
from liveplot_cli.readers.csv import Csv
from liveplot_cli.readers.jsonl import Jsonl
from liveplot_cli.scene import Scene
from liveplot_cli.selection import Selection
from liveplot_cli.signals import Interrupted, Wish, handled
from liveplot_cli.timing import Timing, spread
from liveplot_cli.write import SAMPLES, Rendered, Target, options_of_writing
from liveplot_cli.writing import Writing

_log = logging.getLogger(__name__)

_LOOK = 0.05  # seconds from one look for a signal to the next, while no rows come
_AT_ONCE = 32  # rows that are drawn before it is looked what has come meanwhile
_MOST_WAITING = 10_000  # rows; of more that wait some are left out
_MOST_AT_END = 200  # rows, for whoever sends a signal does not wait for long: containers are given ten seconds


class Grown(NamedTuple):
    """The film, and the signal that has ended it, None where the input has."""

    film: Rendered
    ended_by: int | None


def grow(sources: Sequence[str], outputs: Sequence[Target], kind: str, options: Mapping[str, object]) -> Grown:
    """Draw each row of a text as it comes into a GIF that is whole at every moment.

    It ends when its input does or a signal asks for it, and with whatever is wrong with the input; then the film holds
    what came before. Raises a `LiveplotError`, and `Interrupted` where a signal comes before the first row.
    """
    timing = build(Timing, options)
    if len(sources) > 1 or len(outputs) > 1:
        raise UsageError("a film that grows is one GIF of one history; start another for another")
    if build(Writing, options).at is not None:
        raise UsageError("a still does not grow; leave at out, or follow")
    (source,), place = sources, check(outputs[0], timing)
    [name] = called(sources, build(Look, options).label)
    window = build(Following, options).window
    kept = None if window is None else window + _MOST_WAITING
    follower = Follower(source, options, name, kept, keeps_endings=True)
    wish = Wish()
    with handled(wish.note), follower.following():
        rows = _Rows(follower, wish)
        first = rows.wait()
        prepared = _prepared(first.history, kind, options, outputs)
        _log.info("%s grows with %s until Ctrl-C", place.path, follower.name)
        with style.applied(prepared.look):
            scene = _scene(prepared, first.history)
            with growing_film(place, timing, _film(scene, timing, len(first.history)), options) as film:
                written = _filmed(film, prepared, scene, rows)
    _tell(film, rows.left_out)
    return Grown(written, wish.signum)


def _prepared(history: History, kind: str, options: Mapping[str, object], outputs: Sequence[Target]) -> Prepared:
    """What the first row is drawn as, and so all; what the follower has done with the options is not done again."""
    left = {name: value for name, value in options.items() if name not in options_of(Selection)}
    used = options_of_writing(outputs)
    return prepare(one_row(history), kind, left, writing=used, reading=(Following, Csv, Jsonl))


def _scene(prepared: Prepared, history: History) -> Scene:
    return Scene([history], prepared.chart, prepared.look, growing=True)


def _film(scene: Scene, timing: Timing, rows: int) -> Film:
    """What is known of the film before its first frame; its colours are looked for among the rows that are there."""

    def sample() -> Iterator[Pixels]:
        for number in range(min(rows, SAMPLES)):
            yield scene.pixels(spread(number, min(rows, SAMPLES), rows))

    each = max(1 / timing.fps, 1 / (timing.speed or timing.fps))
    return Film(*scene.size, scene.paper, (each, each), timing.fps, sample, scene.transparent, scene.title)


def _filmed(film: GrowingFilm, prepared: Prepared, scene: Scene, rows: _Rows) -> Rendered:
    """Add all rows to the film; where what they come from fails, those before are added, and then it is told."""
    trouble: LiveplotError | None = None
    most = prepared.limits.max_frames
    try:
        for batch in rows.come():
            if batch.is_new:
                scene = _scene(prepared, batch.history)
            else:
                scene.renew([batch.history])
            for number, passed_over in batch.numbers:
                film.pass_over(passed_over)
                film.add(scene.pixels(number))
                if film.images >= most:
                    raise LimitError(
                        f"the film has grown to {most:,} frames, the most it may have (max_frames); it is whole",
                        cure=("max_frames", str(10 * most)),
                    )
    except OutputError:
        raise
    except LiveplotError as error:
        trouble = error
    if trouble is not None and not film.rows:
        raise trouble
    written = film.end()
    if trouble is not None:
        raise trouble
    return written


def _tell(film: GrowingFilm, left_out: int) -> None:
    if film.shown < film.rows:
        reason = "they came faster than they could be drawn" if left_out else "there are frames for no more"
        _log.warning("%s of %s rows are shown: %s", f"{film.shown:,}", f"{film.rows:,}", reason)


class _Batch(NamedTuple):
    """A history as it is by now, whether it is another than before, and the numbers in it of some rows to be drawn.

    With each number comes how many rows before it are left out.
    """

    history: History
    is_new: bool
    numbers: Sequence[tuple[int, int]]


class _Rows:
    """The rows that a follower finds, each once and in their order; where too many wait some are left out.

    A file that is written anew with the rows it had and more, as by `to_csv`, goes on where it was.
    """

    def __init__(self, follower: Follower, wish: Wish) -> None:
        self.left_out = 0
        self._follower, self._wish = follower, wish
        self._found: list[SoFar] = []
        self._latest: SoFar | None = None
        self._next = 0
        self._left = _MOST_AT_END

    def wait(self) -> SoFar:
        """The first rows, as soon as there are any; raises what comes instead."""
        while True:
            has_ended = self._has_ended()
            self._found = self._follower.editions()
            if self._found:
                return self._found[0]
            if has_ended:
                self._raise_reason()
            self._follower.came.wait(_LOOK)

    def come(self) -> Iterator[_Batch]:
        """Some rows at a time; it ends when all have come, and raises what has ended them."""
        while True:
            has_ended = self._has_ended()
            found, self._found = self._found or self._follower.editions(), []
            is_idle = True
            for so_far in found:
                while batch := self._some(so_far):
                    is_idle = False
                    yield batch
                    if so_far is found[-1] and not has_ended:
                        break
            if is_idle and has_ended:
                self._follower.raise_trouble()
                return
            if is_idle:
                self._follower.came.wait(_LOOK)

    def _has_ended(self) -> bool:
        """Whether the next look finds all there will ever be."""
        self._follower.came.clear()
        if self._wish.signum is not None:
            self._follower.end()
            return True
        return self._follower.ended

    def _raise_reason(self) -> NoReturn:
        self._follower.raise_trouble()
        if self._wish.signum is not None:
            raise Interrupted(self._wish.signum)
        raise DataError(f"{quoted(self._follower.name)[1:-1]}: there is no row in it")

    def _some(self, so_far: SoFar) -> _Batch | None:
        """The next rows to be drawn, None where there are none."""
        end = so_far.end
        is_new = False
        if self._latest is not None and so_far.edition != self._latest.edition:
            is_new = not is_alike(self._latest, so_far)
            if not is_new and end < self._next:  # it may be on its way to be the same
                return None
            self._next = 0 if is_new else self._next
        self._latest = so_far
        found: list[tuple[int, int]] = []
        while self._next < end and len(found) < _AT_ONCE:
            first = max(self._next, so_far.before)
            row = first + -(-(end - first) // self._most()) - 1
            found.append((row - so_far.before, row - self._next))
            self.left_out += row - self._next
            self._next = row + 1
        return _Batch(so_far.history, is_new, found) if found else None

    def _most(self) -> int:
        """How many rows may wait, this one among them."""
        if self._wish.signum is None:
            return _MOST_WAITING
        self._left -= 1
        return max(1, self._left + 1)
