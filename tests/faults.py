"""The real command in hostile surroundings, held to what every run promises (docs/reliability.md, U1 to U9)."""

from __future__ import annotations

import hashlib
import os
import re
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import films
from again import HOSTILE_SETTINGS, NO_NETWORK, run_in

COMMAND = (sys.executable, "-W", "error", "-m", "liveplot_cli")
SMALL = ("--size", "320x214", "--dpi", "30")
OLD = b"what stood here before"
_CLOSING = re.compile(r"(.+): ([\d,]+) frames?, ([\d.]+) s, (\d+)x(\d+), ([\d,]+) bytes")
_OF_START = {"sabotage", "prefix", "environment", "prepared", "python", "network"}


@dataclass
class Done:
    """A run that has ended: what it said, and how long and how large it was."""

    code: int
    stdout: bytes
    stderr: str
    seconds: float
    megabytes: float


@dataclass
class Started:
    """A run that goes on, and what there was before it."""

    process: subprocess.Popen[Any]
    place: Place
    before: dict[str, tuple[Any, ...]]
    begun: float

    def end(self, code: int | Sequence[int] = 0, says: str = "", *, seconds: float = 30, **how: Any) -> Done:
        """Wait for its end and hold it to U1 to U8, as `_hold` does."""
        done = self._done(seconds)
        _hold(done, self.place, self.before, self.process.pid, code, says, seconds=seconds, **how)
        return done

    def _done(self, seconds: float) -> Done:
        """Its end. It is killed, with all of its session, where that is not in time."""
        pid, status, megabytes = 0, 0, 0.0
        while not pid:
            megabytes = max(megabytes, _megabytes(self.process.pid))
            pid, status = os.waitpid(self.process.pid, os.WNOHANG)
            if time.monotonic() - self.begun > seconds:
                os.killpg(self.process.pid, signal.SIGKILL)
                raise AssertionError(f"it takes longer than {seconds} s: {self.place.said.read_text()}")
            time.sleep(0.005)
        self.process.returncode = os.waitstatus_to_exitcode(status)
        return self.place.done(self.process.returncode, time.monotonic() - self.begun, megabytes)


@dataclass
class Place:
    """A folder of its own for a run, a home and a place for temporary files beside it, watched from outside."""

    root: Path
    folder: Path = field(init=False)
    home: Path = field(init=False)
    temporary: Path = field(init=False)
    given: Path = field(init=False)
    said: Path = field(init=False)
    answered: Path = field(init=False)

    def __post_init__(self) -> None:
        self.folder, self.home, self.temporary = (self.root / name for name in ("here", "home", "temporary"))
        self.given, self.said, self.answered = (self.root / name for name in ("stdin", "stderr", "stdout"))
        for path in (self.folder, self.home, self.temporary):
            path.mkdir(exist_ok=True)

    def environment(self, changes: Mapping[str, str | None] | None = None) -> dict[str, str]:
        """This environment, less what finds a screen, with the home and the temporary folder that are watched."""
        kept = {
            name: value
            for name, value in os.environ.items()
            if name not in ("DISPLAY", "WAYLAND_DISPLAY", "MPLBACKEND", "MATPLOTLIBRC", "PYTHONUNBUFFERED")
        }
        own = {"HOME": str(self.home), "TMPDIR": str(self.temporary), "MPLCONFIGDIR": _font_cache()}
        wanted = kept | own | dict(changes or {})
        return {name: value for name, value in wanted.items() if value is not None}

    def start(
        self, *arguments: str | bytes, sabotage: str | None = None, prefix: Sequence[str] = (),
        environment: Mapping[str, str | None] | None = None, stdin: Any = subprocess.DEVNULL,
        stdout: Any = None, prepared: Callable[[], object] | None = None, python: Sequence[str] = (),
        network: bool = False,
    ) -> Started:  # fmt: skip
        """Start the command in a session of its own, behind a `prefix` such as `prlimit`.

        `sabotage` is Python that makes things worse, run in the command's own process before it.
        """
        sabotaged = [*COMMAND[:-2], "-c", f"{sabotage}\nfrom liveplot_cli.__main__ import main\nmain()"]
        command = [*python] if python else [*COMMAND] if sabotage is None else sabotaged
        line = [*(() if network else NO_NETWORK), *prefix, *command, *arguments]
        before = self.state()
        with self.answered.open("wb") as answered, self.said.open("wb") as said:
            process = subprocess.Popen(
                line, cwd=self.folder, env=self.environment(environment), stdin=stdin, stdout=stdout or answered,
                stderr=said, start_new_session=True, preexec_fn=prepared,
            )  # fmt: skip
        return Started(process, self, before, time.monotonic())

    def done(self, code: int, seconds: float, megabytes: float) -> Done:
        """A run that has ended here, with what it said."""
        said = self.said.read_bytes().decode("utf-8", "surrogateescape")
        return Done(code, self.answered.read_bytes(), said, seconds, megabytes)

    def output(self, name: str) -> Path:
        """Where the tests find the output of a name; for `-` that is what stdout was sent to."""
        return self.answered if name == "-" else self.folder / name

    def state(self, ignoring: Sequence[str] = ()) -> dict[str, tuple[Any, ...]]:
        """Every file below the folder, the home and the temporary folder: kind, mode, age and content."""
        found = {}
        for top in (self.folder, self.home, self.temporary):
            for path in sorted(top.rglob("*")):
                name = str(path.relative_to(self.root))
                if not _is_one_of(name, ignoring):
                    found[name] = _facts(path)
        return found

    def holds(self, name: str, content: bytes) -> bool:
        """Whether a file of the folder has just that content."""
        path = self.folder / name
        return path.is_file() and path.read_bytes() == content


def run_cli(
    place: Place, *arguments: str | bytes, code: int = 0, says: str = "", again: bool = True, stdin: Any = b"",
    **how: Any,
) -> Done:  # fmt: skip
    """Run the command and hold it to U1 to U9: what succeeds is done again under hostile settings, byte for byte.

    Where nothing depends on how a process starts, Python is not started anew: with sabotage alone, or without.
    """
    starting = {name: how.pop(name) for name in [*how] if name in _OF_START}
    forked = not starting.keys() - {"sabotage"} and isinstance(stdin, bytes)
    sabotage = starting.pop("sabotage", "") if forked else ""
    if isinstance(stdin, bytes):
        place.given.write_bytes(stdin)
    if forked:
        done = _once_forked(place, arguments, sabotage, code, says, how)
    else:
        done = _once(place, stdin, arguments, starting, code, says, how)
    if code == 0 and again:
        written = _written(place, done.stderr)
        settings = place.root / "matplotlibrc"
        settings.write_text(HOSTILE_SETTINGS)
        environment = {**(starting.pop("environment", None) or {}), "MATPLOTLIBRC": str(settings)}
        if starting or not isinstance(stdin, bytes):
            _once(place, stdin, arguments, {**starting, "environment": environment}, code, says, how)
        else:
            streams = [place.given, os.devnull, os.devnull]
            surroundings = place.environment(environment)
            assert not run_in(place.folder, arguments, streams, surroundings, HOSTILE_SETTINGS, sabotage).code
        assert _written(place, done.stderr) == written  # U9
    return done


def _once(
    place: Place, stdin: Any, arguments: Sequence[Any], starting: dict[str, Any], code: int, says: str,
    how: dict[str, Any],
) -> Done:  # fmt: skip
    if not isinstance(stdin, bytes):
        return place.start(*arguments, stdin=stdin, **starting).end(code, says, **how)
    with place.given.open("rb") as given:
        return place.start(*arguments, stdin=given, **starting).end(code, says, **how)


def _once_forked(
    place: Place, arguments: Sequence[Any], sabotage: str, code: int, says: str, how: dict[str, Any]
) -> Done:
    before, begun = place.state(), time.monotonic()
    for path in (place.answered, place.said):
        path.write_bytes(b"")
    streams = [place.given, place.answered, place.said]
    ended = run_in(place.folder, arguments, streams, place.environment(), sabotage=sabotage)
    done = place.done(ended.code, time.monotonic() - begun, ended.megabytes)
    _hold(done, place, before, ended.session, code, says, **how)
    return done


def _hold(
    done: Done, place: Place, before: dict[str, tuple[Any, ...]], session: int, code: int | Sequence[int], says: str,
    *, stdout: bytes | None = b"", seconds: float = 30, megabytes: float = 400, ignoring: Sequence[str] = (),
    or_new: Mapping[str, bytes] | None = None,
) -> None:  # fmt: skip
    """Hold a run to U1 to U8; the code of a signal is minus its number.

    `stdout` is None where the film goes there, and held to U7. `ignoring` are patterns of names that may come or go.
    `or_new` is what files may hold instead of what was there before, for a signal may come when all is done.
    """
    codes = [code] if isinstance(code, int) else code
    assert done.code in codes, f"code {done.code}, not {code}: {done.stderr}"
    _assert_one_sentence(done, says)  # U1, U6
    if stdout is not None:
        assert done.stdout == stdout  # U2
    after = place.state(ignoring)
    changed = {name for name in after | before if after.get(name) != before.get(name)}
    changed = {name for name in changed if not _is_one_of(name, ignoring)}
    if done.code:
        new = {f"here/{name}" for name, content in (or_new or {}).items() if place.holds(name, content)}
        assert changed <= new, changed  # U3, U4, U8
    else:
        assert_whole(place, done.stderr, changed)  # U4, U7, U8
    assert _survivors(session) == []  # U4
    assert done.seconds < seconds  # U5
    assert done.megabytes < megabytes


def assert_whole(place: Place, said: str, changed: set[str]) -> None:
    """What the closing lines tell is what other programs find in the files, and no other file has changed."""
    told = {_name(facts): facts for line in said.splitlines() if (facts := _CLOSING.fullmatch(line))}
    for name, facts in told.items():
        path = place.output(name)
        frames, seconds = int(facts[2].replace(",", "")), float(facts[3])
        size, length = (int(facts[4]), int(facts[5])), int(facts[6].replace(",", ""))
        if not (path.is_file() and path.resolve().is_relative_to(place.root.resolve())):
            continue  # a folder of pictures, a pipe, a device
        assert path.stat().st_size == length
        start = path.read_bytes()[:12]
        if start.startswith(b"GIF89a"):
            gif = films.gifsicle(path)
            assert (gif.images, gif.size) == (frames, size)
            assert abs(gif.seconds - seconds) < 0.006
        elif start.startswith(b"<!doctype"):
            text = path.read_text()
            lines = re.findall(r"^(\d+) \d+ \d+ [\w+/=]+$", text, re.MULTILINE)
            assert (len(lines), f'width="{size[0]}" height="{size[1]}"' in text) == (frames, True)
            assert abs(sum(map(int, lines)) / 1000 - seconds) < 0.006
        elif start.endswith(b"WEBP"):
            webp = films.webp(path)
            assert (len(webp.milliseconds), webp.pixels.shape[2:0:-1]) == (frames, size)
            assert abs(sum(webp.milliseconds) / 1000 - seconds) < 0.006
        else:
            mp4 = films.ffprobe(path)
            assert int(mp4["nb_read_frames"]) == frames
            assert (mp4["width"], mp4["height"]) == size
            assert abs(float(mp4["duration"]) - seconds) < 0.006
    allowed = {f"here/{name.removeprefix('./').rstrip('/')}" for name in told}
    strange = {name for name in changed if not any(name == known or name.startswith(known + "/") for known in allowed)}
    assert strange == set() or not told, strange


def _written(place: Place, said: str) -> dict[str, bytes]:
    names = [_name(facts) for line in said.splitlines() if (facts := _CLOSING.fullmatch(line))]
    return {name: path.read_bytes() for name in names if (path := place.output(name)).is_file()}


def _is_one_of(name: str, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(name.removeprefix("here/"), pattern) for pattern in patterns)


def _name(facts: re.Match[str]) -> str:
    """The file that a closing line tells of: what a terminal must not be given stands there escaped."""
    return facts[1].encode("latin-1", "backslashreplace").decode("unicode_escape")


def _assert_one_sentence(done: Done, says: str) -> None:
    assert "Traceback" not in done.stderr, done.stderr
    assert re.search(says, done.stderr), done.stderr
    errors = [line for line in done.stderr.splitlines() if line.startswith("Error: ")]
    assert len(errors) == (1 if done.code > 0 else 0), done.stderr
    assert all(len(line) < 300 for line in errors)
    assert all(line.isprintable() for line in done.stderr.split("\n")), ascii(done.stderr)
    if done.code > 0:
        assert "internal" not in done.stderr
        assert "bug" not in done.stderr


def _megabytes(process: int) -> float:
    """The most that a process or one of its workers has taken so far; what `wait4` tells counts this process too."""
    found = [0.0]
    try:
        workers = Path(f"/proc/{process}/task/{process}/children").read_text().split()
        for number in (process, *workers):
            status = Path(f"/proc/{number}/status").read_text()
            found += [int(kilobytes) / 1024 for kilobytes in re.findall(r"^VmHWM:\s+(\d+)", status, re.MULTILINE)]
    except (FileNotFoundError, ProcessLookupError):  # it has ended meanwhile
        pass
    return max(found)


def _facts(path: Path) -> tuple[Any, ...]:
    facts = path.lstat()
    if stat.S_ISREG(facts.st_mode):
        # What is large is a file of holes, which nobody reads twice.
        content = hashlib.sha1(path.read_bytes()).hexdigest() if facts.st_size < 1 << 26 else ""
        return facts.st_mode, facts.st_mtime_ns, facts.st_size, content
    if stat.S_ISLNK(facts.st_mode):
        return facts.st_mode, str(path.readlink())
    return (facts.st_mode,)


def _survivors(session: int) -> list[str]:
    """What is left of a session, a moment after its leader has ended."""
    end = time.monotonic() + 2
    while found := _members(session):
        if time.monotonic() > end:
            return found
        time.sleep(0.01)
    return []


def _members(session: int) -> list[str]:
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            name, _, rest = (entry / "stat").read_text().rpartition(")")
        except OSError:  # it has ended meanwhile
            continue
        state, _, _, its_session, *_ = rest.split()
        if int(its_session) == session and state != "Z":
            found.append(name)
    return found


def _font_cache() -> str:
    """Where matplotlib keeps the list of fonts, which it takes seconds to make: one place for all runs."""
    import matplotlib

    return matplotlib.get_cachedir()
