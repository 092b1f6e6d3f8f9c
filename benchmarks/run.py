"""Compare liveplot with its peers, side by side in one run, and write RESULTS.md: `python -m benchmarks.run`."""

from __future__ import annotations

import argparse
import math
import os
import shlex
import shutil
import sys
import time
from dataclasses import replace
from pathlib import Path

from . import quality, report
from .comparisons import ALL, LIVEPLOT, Comparison, Result, Side
from .films import OUT, Film
from .measure import FailedError, measure

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
        rounds = [one_round(commands, paths, turned=number % 2 == 1) for number in range(comparison.rounds)]
        if comparison.quality:
            truths = [truth(side, path) for side, path in zip(comparison.sides, paths, strict=True)]
    except FailedError as failure:
        return report.Outcome(comparison, commands, failure=str(failure))
    return report.Outcome(comparison, commands, rounds, (truths[0], truths[1]))


def one_round(commands: list[list[str]], paths: list[Path], *, turned: bool) -> tuple[Result, Result]:
    """Both sides, one after the other; whoever came second comes first in the next round."""
    results = {}
    for which in (1, 0) if turned else (0, 1):
        paths[which].unlink(missing_ok=True)
        cost = measure(commands[which], ENVIRONMENT)
        results[which] = Result(cost, paths[which].stat().st_size if paths[which].exists() else 0)
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


def chosen(only: list[str] | None, rounds: int | None, *, quick: bool) -> list[Comparison]:
    """The comparisons that are asked for, as they are asked for."""
    known = {comparison.name: comparison for comparison in ALL}
    unknown = sorted(set(only or ()) - set(known))
    if unknown:
        sys.exit(f"no comparison is called {', '.join(unknown)}; there are {', '.join(known)}")
    comparisons = [known[name] for name in only] if only else list(ALL)
    if quick:
        comparisons = [comparison.tenth() for comparison in comparisons]
    return [replace(comparison, rounds=rounds or comparison.rounds) for comparison in comparisons]


def main() -> None:
    """Run what is asked for; only a whole run replaces the results that are kept."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", action="append", metavar="NAME", help="run this comparison alone; can be repeated")
    parser.add_argument("--rounds", type=int, metavar="N", help="run every comparison so many times")
    parser.add_argument("--quick", action="store_true", help="a tenth of the rows")
    given = parser.parse_args()
    comparisons = chosen(given.only, given.rounds, quick=given.quick)

    os.chdir(ROOT)
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir()
    start = time.monotonic()
    about = report.about(shlex.join(["python", "-m", "benchmarks.run", *sys.argv[1:]]))
    warm_up()
    path = OUT / "RESULTS.md" if given.only or given.quick else RESULTS
    outcomes = []
    for comparison in comparisons:
        for side in comparison.sides:
            side.film.write()
        outcomes.append(outcome(comparison))
        print(report.line(outcomes[-1]), flush=True)
        # After each, so that a run which is cut short is told as far as it went.
        path.write_text(report.page(outcomes, about), encoding="utf-8")
    print(f"written: {path}, after {(time.monotonic() - start) / 60:.0f} minutes")


if __name__ == "__main__":
    main()
