"""Compare liveplot with its peers, side by side in one run, and write RESULTS.md: `python -m benchmarks.run`.

`python -m benchmarks.run kinds` runs a part alone; the other parts of RESULTS.md stay as they were.
"""

from __future__ import annotations

import argparse
import math
import os
import shlex
import shutil
import sys
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from . import quality, report
from .comparisons import LIVEPLOT, PARTS, Comparison, Part, Result, Side
from .films import OUT, Film
from .measure import FailedError, measure

T = TypeVar("T")

ROOT = Path(__file__).resolve().parents[1]
RESULTS = Path("benchmarks/RESULTS.md")

# `python` and `liveplot` are those this runs with, so that commands can be run as they are printed. Modules are
# compiled once, as for anybody who runs a command twice.
ENVIRONMENT = os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
ENVIRONMENT.pop("PYTHONDONTWRITEBYTECODE", None)


def outcome(comparison: Comparison) -> report.Outcome:
    """A comparison's rounds, or why there are none."""
    paths = [OUT / f"{comparison.name}-{which}{side.suffix}" for which, side in _named(comparison)]
    commands = [side.command(str(path)) for side, path in zip(comparison.sides, paths, strict=True)]
    try:
        truths = [math.nan, math.nan]
        if comparison.quality:
            for side in comparison.sides:
                draw_frames(side)
        for side, path in zip(comparison.sides, paths, strict=True):
            prepare(side, path)
        rounds = [
            one_round(comparison, commands, paths, turned=bool(number % 2)) for number in range(comparison.rounds)
        ]
        if comparison.quality:
            truths = [truth(side, path) for side, path in zip(comparison.sides, paths, strict=True)]
    except FailedError as failure:
        return report.Outcome(comparison, commands, failure=str(failure))
    return report.Outcome(comparison, commands, rounds, (truths[0], truths[1]))


def one_round(
    comparison: Comparison, commands: list[list[str]], paths: list[Path], *, turned: bool
) -> tuple[Result, Result]:
    """Both sides, one after the other; whoever came second comes first in the next round."""
    results = {}
    for which in (1, 0) if turned else (0, 1):
        paths[which].unlink(missing_ok=True)
        cost = measure(commands[which], ENVIRONMENT)
        size = paths[which].stat().st_size if paths[which].exists() else 0
        results[which] = Result(cost, size, comparison.sides[which].film.frames)
    return results[0], results[1]


def draw_frames(side: Side) -> None:
    """Save the pictures a side draws, once for all its comparisons; this also warms the disk's cache for it."""
    if side.tool.frames and not side.frames_folder.exists():
        if side.tool is not LIVEPLOT:
            side.frames_folder.mkdir()
        measure(side.frames_command(), ENVIRONMENT)


def prepare(side: Side, path: Path) -> None:
    """Make what a side takes for granted."""
    command = side.preparation(path)
    if command:
        measure(command, ENVIRONMENT)


def truth(side: Side, path: Path) -> float:
    """PSNR of a side's file against its own frames; not a number where it has none."""
    if not side.tool.frames:
        return math.nan
    return quality.psnr(side.frames(), path, side.film.samples, side.film.size)


def warm_up() -> None:
    """Read programs and libraries into the disk's cache, or the first to run would pay for it."""
    film = Film("line", 10, 100)
    film.write()
    for suffix in (".gif", ".mp4"):
        measure(Side(LIVEPLOT, film, suffix).command(str(OUT / f"warm-up{suffix}")), ENVIRONMENT)


def _named(comparison: Comparison) -> list[tuple[str, Side]]:
    return list(zip(("ours", "theirs"), comparison.sides, strict=True))


def chosen(names: list[str], only: list[str], rounds: int | None, *, quick: bool) -> list[Part]:
    """The parts that are asked for, or one of the comparisons that are."""
    parts = [_known(PARTS, name, "part") for name in names] or list(PARTS.values())
    if only:
        known = {comparison.name: comparison for part in parts for comparison in part.comparisons}
        parts = [Part("What was asked for", [_known(known, name, "comparison") for name in only])]
    return [
        replace(part, comparisons=[_as_asked(comparison, rounds, quick=quick) for comparison in part.comparisons])
        for part in parts
    ]


def _known(known: Mapping[str, T], name: str, what: str) -> T:
    if name not in known:
        sys.exit(f"no {what} is called {name}; there are {', '.join(known)}")
    return known[name]


def _as_asked(comparison: Comparison, rounds: int | None, *, quick: bool) -> Comparison:
    comparison = comparison.tenth() if quick else comparison
    return replace(comparison, rounds=rounds or comparison.rounds)


def main() -> None:
    """Run what is asked for; only whole parts replace the results that are kept."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", nargs="*", help=f"{', '.join(PARTS)}; all by itself")
    parser.add_argument("--only", action="append", metavar="NAME", help="run this comparison alone; can be repeated")
    parser.add_argument("--rounds", type=int, metavar="N", help="run every comparison so many times")
    parser.add_argument("--quick", action="store_true", help="a tenth of the rows")
    given = parser.parse_args()
    parts = chosen(given.part, given.only or [], given.rounds, quick=given.quick)

    os.chdir(ROOT)
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir()
    start = time.monotonic()
    path = OUT / "RESULTS.md" if given.only or given.quick else RESULTS
    texts = report.parts(path.read_text(encoding="utf-8")) if path.exists() else {}
    warm_up()
    for part in parts:
        about = report.about(shlex.join(["python", "-m", "benchmarks.run", *sys.argv[1:]]))
        outcomes = []
        for comparison in part.comparisons:
            for side in comparison.sides:
                side.film.write()
            outcomes.append(outcome(comparison))
            print(report.line(outcomes[-1]), flush=True)
            # After each, so that a run which is cut short is told as far as it went.
            texts[part.title] = report.part(part.title, outcomes, about)
            path.write_text(report.page(texts), encoding="utf-8")
    print(f"written: {path}, after {(time.monotonic() - start) / 60:.0f} minutes")


if __name__ == "__main__":
    main()
