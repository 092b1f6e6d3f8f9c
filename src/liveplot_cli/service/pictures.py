"""Pictures and films of runs: each is drawn once, by a process of its own, for all who ask for it."""

from __future__ import annotations

import asyncio
import json
import math
import shutil
import sys
import tempfile
import time
from asyncio.subprocess import Process
from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any
from weakref import WeakValueDictionary

from liveplot_cli import charts
from liveplot_cli.errors import DataError, LimitError, LiveplotError, UsageError
from liveplot_cli.option import build
from liveplot_cli.selection import Selection
from liveplot_cli.service.runs import RefusedError, Run, Values
from liveplot_cli.service.stores import Store, draining

Options = Mapping[str, str]

_MOST_NUMBERS = 1 << 20  # of the rows that stand for a long run
_MOST_ROWS = 2_000
_MOST_ASKED = 1 << 24  # numbers of rows that were asked for one by one
_FRAME_SECONDS, _FILM_SECONDS = 30.0, 300.0
_KEPT_BYTES = 64 << 20  # of pictures
_KEPT_FILMS = 16
_FILMS_WAITING = 4
_FRESH = 60.0  # seconds that a film is handed out without a look whether the run has grown
_LEFT = 30.0  # seconds after which a film that nobody waits for is given up
_FILMS = "liveplot-films-"
_FAMILIES: Mapping[str, type[LiveplotError]] = {
    "UsageError": UsageError, "DataError": DataError, "LimitError": LimitError,
}  # fmt: skip


@dataclass(frozen=True)
class Picture:
    """A PNG of one row, and what it shows."""

    png: bytes
    kind: str
    row: int
    epoch: int
    tag: str


@dataclass(frozen=True)
class Film:
    """A film that lies in a file, and what it is a film of."""

    path: Path
    epoch: int
    rows: int
    tag: str


class Draftsman:
    """A drawing process that is started when there is something to draw, and again after it has failed."""

    def __init__(self) -> None:
        self._process: Process | None = None
        self._turn = asyncio.Lock()

    async def ask(self, question: Mapping[str, Any], body: bytes, seconds: float) -> tuple[dict[str, Any], bytes]:
        """The answer to a question, and what comes with it; raises the error it met, `LimitError` for too long."""
        async with self._turn:
            try:
                async with asyncio.timeout(seconds):
                    return await self._asked(question, body)
            except TimeoutError:
                self.stop()
                raise LimitError(f"the picture takes longer than {seconds:.0f} s; ask for less") from None
            except (OSError, asyncio.IncompleteReadError, ValueError):
                self.stop()
                raise LimitError("the picture takes more memory than there is for it; ask for less") from None
            except asyncio.CancelledError:
                self.stop()  # it is in the midst of an answer
                raise

    async def _asked(self, question: Mapping[str, Any], body: bytes) -> tuple[dict[str, Any], bytes]:
        process = self._process = await self._started()
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps({**question, "bytes": len(body)}).encode() + b"\n")
        process.stdin.write(body)
        await process.stdin.drain()
        answer = json.loads(await process.stdout.readline())
        picture = await process.stdout.readexactly(answer["bytes"])
        if "error" in answer:
            raise _FAMILIES.get(answer["error"], LimitError)(answer["sentence"])
        return answer, picture

    async def _started(self) -> Process:
        if self._process is not None and self._process.returncode is None:
            return self._process
        return await asyncio.create_subprocess_exec(
            sys.executable, "-m", "liveplot_cli.service.draftsman",
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, env=_environment(),
            start_new_session=True,  # a Ctrl-C in the terminal is for the server, which ends this one
        )  # fmt: skip

    def stop(self) -> None:
        """End the process, whatever it is doing."""
        if self._process is not None and self._process.returncode is None:
            with suppress(ProcessLookupError):
                self._process.kill()
        self._process = None


@dataclass(eq=False)
class _Job:
    """A film being made, or made a while ago."""

    task: asyncio.Task[Film]
    asked: float
    waiting: int = 0
    done: float = math.inf


@dataclass
class Pictures:
    """Draws runs of a store; films lie in a folder that is nobody else's, or among the system's temporary files."""

    store: Store
    place: Path | None = None
    _frames: OrderedDict[str, Picture] = field(default_factory=OrderedDict)
    _bytes: int = 0
    _next: dict[object, asyncio.Task[Picture]] = field(default_factory=dict)
    _drawing: dict[str, asyncio.Task[Picture]] = field(default_factory=dict)
    _turns: WeakValueDictionary[object, asyncio.Lock] = field(default_factory=WeakValueDictionary)
    _films: OrderedDict[object, _Job] = field(default_factory=OrderedDict)

    def __post_init__(self) -> None:
        self._draftsman = Draftsman()
        self._film_turn = asyncio.Lock()
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        for left in self.place.glob(f"{_FILMS}*") if self.place else ():  # by a server that was killed
            shutil.rmtree(left, ignore_errors=True)
        self._made = 0
        self._closed = False

    async def latest(self, name: str, options: Options) -> Picture:
        """A picture of the run as it stands; those who ask while one is drawn all get the next."""
        key = (name, tuple(sorted(options.items())))
        task = self._next.get(key)
        if task is None:
            task = self._next[key] = asyncio.create_task(self._latest(key, name, options))
        return await asyncio.shield(task)

    async def _latest(self, key: object, name: str, options: Options) -> Picture:
        turn = self._turns.setdefault(key, asyncio.Lock())
        async with turn:
            del self._next[key]  # who asks from now on gets the one after this
            run = await asyncio.wrap_future(self.store.run(name))
            return await self.frame(run, run.rows, options)

    async def frame(self, run: Run, row: int, options: Options) -> Picture:
        """A picture of one of the run's rows, by its number from 1 on."""
        if not run.rows:
            raise RefusedError("not_found", f"the run {run.name} has no rows yet")
        if not 1 <= row <= run.rows:
            raise RefusedError("not_found", f"the run {run.name} has rows 1 to {run.rows:,}, and no row {row:,}")
        tag = _tag(run, options, row)
        if tag in self._frames:
            self._frames.move_to_end(tag)
            return self._frames[tag]
        task = self._drawing.get(tag)
        if task is None:
            task = self._drawing[tag] = asyncio.create_task(self._draw(run, row, options, tag))
            task.add_done_callback(lambda _: self._drawing.pop(tag, None))
        return await asyncio.shield(task)

    async def _draw(self, run: Run, row: int, options: Options, tag: str) -> Picture:
        numbers = _chosen(run, options)
        place = bisect_left(numbers, row)
        stands = numbers[place : place + 1] == [row]
        if not stands:
            numbers.insert(place, row)
        scene = _tag(run, options, 0 if stands else row)
        question = {**_question(run, options, numbers), "scene": scene, "film": "", "place": place}
        answer, png = await self._draftsman.ask(question, b"", _FRAME_SECONDS)
        if "unknown" in answer:
            values = await asyncio.wrap_future(self.store.rows(run, numbers))
            answer, png = await self._draftsman.ask(question, _body(values), _FRAME_SECONDS)
        picture = Picture(png, answer["kind"], row, run.epoch, tag)
        self._keep(picture)
        return picture

    def _keep(self, picture: Picture) -> None:
        self._frames[picture.tag] = picture
        self._bytes += len(picture.png)
        while self._bytes > _KEPT_BYTES:
            _, oldest = self._frames.popitem(last=False)
            self._bytes -= len(oldest.png)

    async def film(self, run: Run, suffix: str, options: Options, seconds: float) -> Film | None:
        """A film of the run as it was when somebody first asked, or None where it takes longer than so many seconds.

        Raises `RefusedError` where too many wait for theirs.
        """
        key = (run.key, run.epoch, suffix, tuple(sorted(options.items())))
        if self._closed:
            raise draining()
        job = self._job(key, run, suffix, options)
        job.waiting += 1
        try:
            async with asyncio.timeout(seconds):
                return await asyncio.shield(job.task)
        except TimeoutError:
            return None
        except asyncio.CancelledError:
            if self._closed:
                raise draining() from None
            raise
        finally:
            job.waiting -= 1
            job.asked = time.monotonic()

    def _job(self, key: object, run: Run, suffix: str, options: Options) -> _Job:
        self._give_up()
        job = self._films.get(key)
        if job is not None and not self._is_stale(job, run):
            return job
        under_way = sum(not other.task.done() for other in self._films.values())
        if under_way > _FILMS_WAITING:
            raise RefusedError("too_many", f"{under_way} films are being made or wait for it; ask again later")
        job = self._films[key] = _Job(asyncio.create_task(self._made_film(run, suffix, options)), time.monotonic())
        self._films.move_to_end(key)
        job.task.add_done_callback(lambda _: setattr(job, "done", time.monotonic()))
        return job

    @staticmethod
    def _is_stale(job: _Job, run: Run) -> bool:
        """Whether a film failed, or is no film any more of a run that has grown."""
        if not job.task.done():
            return False
        if job.task.cancelled() or job.task.exception() is not None:
            return True
        return job.task.result().rows != run.rows and time.monotonic() - job.done > _FRESH

    def _give_up(self) -> None:
        """End what nobody waits for any more, and forget the oldest films."""
        now = time.monotonic()
        for key, job in list(self._films.items()):
            if not job.task.done() and not job.waiting and now - job.asked > _LEFT:
                job.task.cancel()
                del self._films[key]
        finished = [key for key, job in self._films.items() if job.task.done()]
        for key in finished[: max(0, len(finished) - _KEPT_FILMS)]:
            job = self._films.pop(key)
            if not job.task.cancelled() and job.task.exception() is None:
                job.task.result().path.unlink(missing_ok=True)

    async def _made_film(self, run: Run, suffix: str, options: Options) -> Film:
        async with self._film_turn:
            numbers = _chosen(run, options)
            values = await asyncio.wrap_future(self.store.rows(run, numbers))
            self._made += 1
            self._folder = self._folder or tempfile.TemporaryDirectory(
                prefix=_FILMS, dir=self.place, ignore_cleanup_errors=True
            )
            path = Path(self._folder.name, f"{self._made}.{suffix}")
            draftsman = Draftsman()
            try:
                await draftsman.ask(
                    {**_question(run, options, numbers), "film": str(path)}, _body(values), _FILM_SECONDS
                )
            finally:
                draftsman.stop()
            return Film(path, run.epoch, run.rows, _tag(run, {**options, "": suffix}, 0))

    def drain(self) -> None:
        """End the films, which may take longer than there is time; pictures that are being drawn are still answered."""
        self._closed = True
        for job in self._films.values():
            job.task.cancel()

    def close(self) -> None:
        """End all drawing."""
        self.drain()
        for task in [*self._next.values(), *self._drawing.values()]:
            task.cancel()
        self._draftsman.stop()
        if self._folder is not None:
            self._folder.cleanup()

    @property
    def films_under_way(self) -> int:
        """How many films are being made or wait for it."""
        return sum(not job.task.done() for job in self._films.values())


def _chosen(run: Run, options: Options) -> list[int]:
    """The rows that stand for a run in a picture, by their numbers.

    They are those asked for by `rows` and `every`; else all, or of a long run every so manieth, the highest, the lowest
    and the last. Raises `LimitError` for more than a picture can be made of.
    """
    width = len(run.columns)
    selection = build(Selection, options)
    if selection.rows is not None or selection.every > 1 or "every" in options:
        found = range(1, run.rows + 1)[selection.rows or slice(None)][:: selection.every]
        if len(found) * width > _MOST_ASKED:
            raise LimitError(
                f"{len(found):,} rows of {width:,} values are more than a picture is made of", cure=("every", "10")
            )
        if not found:
            raise UsageError(f"no row is left of {run.rows:,} after the choice of rows")
        return sorted(found)
    most = max(2, min(_MOST_ROWS, _MOST_NUMBERS // width))
    step = 1 << max(0, math.ceil(math.log2(run.rows / most)))
    extremes = {number for number in (run.low_row, run.high_row) if number}
    return sorted({*range(1, run.rows + 1, step), run.rows, *extremes})


def _question(run: Run, options: Options, numbers: Sequence[int]) -> dict[str, Any]:
    return {
        "name": run.title or run.name,
        "columns": run.columns,
        "numbers": numbers,
        "shape": (len(numbers), len(run.columns)),
        "kind": options.get("kind", charts.AUTO),
        "options": {name: value for name, value in options.items() if name != "kind"},
    }


def _body(values: Values) -> bytes:
    return values.astype("<f8", copy=False).tobytes()


def _tag(run: Run, options: Options, row: int) -> str:
    """What tells pictures apart: the run as it stands, the options and the row."""
    facts = json.dumps([run.key, run.epoch, run.rows, run.title, run.columns, sorted(options.items()), row])
    return f"{run.epoch}-{run.rows}-{sha256(facts.encode()).hexdigest()[:16]}"


def _environment() -> dict[str, str]:
    import os

    return {**os.environ, "MPLBACKEND": "agg", "OPENBLAS_NUM_THREADS": "1"}
