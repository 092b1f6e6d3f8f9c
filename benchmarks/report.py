"""RESULTS.md: what was required and measured, on what machine, with what versions, by what commands."""

from __future__ import annotations

import datetime
import math
import os
import platform
import re
import shlex
import statistics
import subprocess
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from .comparisons import PARTS, Claim, Comparison, Measure, Result, Side

_INTRODUCTION = """\
# Benchmarks

Written by `make bench`, each part also by itself: `python -m benchmarks.run kinds`, or `headlines`, or `more`. Any
comparison can be repeated with `python -m benchmarks.run --only NAME`.

Whole processes are compared, start-up included. The two sides of a comparison run in turn, and who comes first changes
from round to round. A ratio is the median of the rounds' ratios, with the least and the greatest of them in brackets;
all else is a median as well. Nothing that is kept, such as a font cache, is cleared between rounds, for either side.

- **wall**: seconds from start to end. **CPU**: seconds of all its processes on all cores.
- **memory**: the largest resident set of any one of its processes.
- **PSNR**: three frames of the file, read back by Pillow or ffmpeg, against the same frames as the tool itself drew
  them, saved as PNG in a run that is not timed. *exact* is equal to the last bit.
"""

_PEERS = """\
## How the peers are written

Every film has the same values, size, frames a second and a title that counts the rows. Each tool draws in its own
looks: the peers in matplotlib's or gnuplot's, liveplot in its own, with a grid, and for traces a dot at each line's
head. A film of N rows has N frames, but a race ten from row to row.

- **funcanimation** ([source](peers/funcanimation.py)): `FuncAnimation` written well. Artists are made once and
  updated by `set_ydata`, `set_offsets`, `set_text` and the like, `blit=True`; many of a kind are one collection where
  matplotlib has one; saved by `PillowWriter` or `FFMpegWriter` with their defaults. Where limits follow, it sets them
  for each frame. Its figure is not pyplot's, as in most people's scripts: matplotlib draws every frame that is saved
  of one of those twice. **--pyplot** shows what that costs. The other peers have the faster figure, too.
- **clear_and_plot** ([source](peers/clear_and_plot.py)): the loop of the notebook liveplot comes from; every update
  clears the axes and plots anew. The same writers.
- **celluloid_snap** ([source](peers/celluloid_snap.py)): celluloid's `Camera` as its README shows it. The same writers.
- **bar_chart_race_film** ([source](peers/bar_chart_race_film.py)): bar_chart_race 0.1.0 by its one call. It needs a
  method that pandas 3 no longer has, which is put back; all else is its own. It saves by `PillowWriter`, for its own
  choice, ImageMagick, would be one more program to have. The 214 ms a frame are not of this machine: they were measured
  of the same version, with ten bars, before liveplot was begun.
- **gnuplot** ([source](peers/film.gnuplot)): `set term gif animate`, rows read straight from the binary file, the
  quickest way found. Its lines are not smoothed: a few colours, hence few bytes.
- **floor** ([source](peers/floor.py)): no film, but what no GIF by matplotlib and Pillow can do without. The line and
  the title are drawn on a restored background, and ready-made palette indices are compressed by Pillow's coder.
- **liveplot_save** ([source](peers/liveplot_save.py)): funcanimation's own animation, saved by liveplot.
- **imports**: a Python that imports matplotlib's figure and Agg, and ends.
- **busy** ([source](peers/busy.py)): no film, but sums that need no memory, twice over. Two processes can gain no more
  than that: on a machine whose cores are shared with others it is less than 2.
"""


@dataclass(frozen=True)
class Outcome:
    """What came of a comparison: its rounds and each side's PSNR, or how it failed."""

    comparison: Comparison
    commands: list[list[str]]
    rounds: Sequence[tuple[Result, Result]] = ()
    psnr: tuple[float, float] = (math.nan, math.nan)
    failure: str = ""

    def value(self, measure: Measure) -> float:
        return statistics.median(self._values(measure))

    def spread(self, measure: Measure) -> str:
        """The median, and where there are several rounds their least and greatest."""
        values = self._values(measure)
        text = f"{_number(self.value(measure))} {measure.unit}"
        return text if len(values) == 1 else f"{text} ({_number(min(values))}–{_number(max(values))})"

    def _values(self, measure: Measure) -> list[float]:
        return [measure.of(*pair) for pair in self.rounds]

    def median(self, which: int, number: Callable[[Result], float]) -> float:
        """The median of something of one side's runs."""
        return statistics.median(number(pair[which]) for pair in self.rounds)


def line(outcome: Outcome) -> str:
    """An outcome in one line, for the terminal."""
    name = f"{outcome.comparison.name:15}"
    if outcome.failure:
        return f"{name} failed: {outcome.failure}"
    claims = [
        f"{outcome.spread(measure)} {measure.words}{_verdict(outcome, (measure, bound), ', {}: {}')}"
        for measure, bound in outcome.comparison.claims
    ]
    walls = [f"{outcome.median(which, _wall):.2f} s" for which in (0, 1)]
    return f"{name} {'; '.join(claims)}; {walls[0]} against {walls[1]}"


def part(title: str, outcomes: Sequence[Outcome], about: str) -> str:
    """A part of RESULTS.md."""
    parts = [f"## {title}\n", about, _claims(outcomes), "### What each side cost\n\n" + _costs(outcomes)]
    return "\n".join([*parts, "### Commands\n\n" + _commands(outcomes)])


def page(parts: Mapping[str, str]) -> str:
    """The whole of RESULTS.md, from its parts by their titles, in their order."""
    order = [known.title for known in PARTS.values()]
    titles = sorted(parts, key=lambda title: order.index(title) if title in order else -1)
    return "\n".join([_INTRODUCTION, *(parts[title] for title in titles), _PEERS])


def parts(page: str) -> dict[str, str]:
    """The parts that a page has, by their titles."""
    texts = {
        text.partition("\n")[0].removeprefix("## "): text for text in re.split("^(?=## )", page, flags=re.MULTILINE)
    }
    return {known.title: texts[known.title].strip() + "\n" for known in PARTS.values() if known.title in texts}


def about(command: str) -> str:
    """The machine, the versions and the day, told before anything of a part runs."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    machine = f"{os.cpu_count()} cores of {_processor()}, {memory:.0f} GB of memory, {platform.system()}"
    packages = ["liveplot-cli", "numpy", "matplotlib", "Pillow", "av", "celluloid", "bar_chart_race", "pandas"]
    versions = [f"Python {platform.python_version()}", *(f"{name} {version(name)}" for name in packages)]
    versions += [_program("ffmpeg", "-version"), _program("gnuplot", "--version")]
    return "\n".join(
        [
            f"- Date: {datetime.date.today().isoformat()}",
            f"- Machine: {machine}; load before the run {os.getloadavg()[0]:.1f}",
            f"- Versions: {', '.join(versions).replace(' av ', ' PyAV ')}",
            f"- Command: `{command}`",
            "",
        ]
    )


def _claims(outcomes: Iterable[Outcome]) -> str:
    head = ["comparison", "film", "measured", "", "required", "", "CPU ratio", "rounds"]
    return _table(head, (row for outcome in outcomes for row in _claim_rows(outcome)))


def _claim_rows(outcome: Outcome) -> list[list[str]]:
    comparison = outcome.comparison
    first = [f"{comparison.words} (`{comparison.name}`)", str(comparison.ours.film) if comparison.ours.suffix else "—"]
    if outcome.failure:
        return [[*first, "failed", outcome.failure, "", "**missed**" if comparison.required else "", "", ""]]
    rows = []
    for measure, bound in comparison.claims:
        required = measure.bound(bound) if bound is not None else "—"
        row = [*first, f"**{outcome.spread(measure)}**", measure.words, required, _verdict(outcome, (measure, bound))]
        rows.append([*row, f"{_number(outcome.value(_CPU))} x", str(len(outcome.rounds))])
        first = ["", ""]
    return rows


def _verdict(outcome: Outcome, claim: Claim, form: str = "{1}") -> str:
    measure, bound = claim
    if bound is None:
        return ""
    return form.format(measure.bound(bound), "met" if measure.met(outcome.value(measure), bound) else "**missed**")


def _costs(outcomes: Iterable[Outcome]) -> str:
    head = ["comparison", "tool", "film", "wall s", "CPU s", "ms a frame", "memory MB", "bytes", "PSNR dB"]
    rows = []
    for outcome in outcomes:
        if not outcome.failure:
            rows += [_cost_row(outcome, which, side) for which, side in enumerate(outcome.comparison.sides)]
    return _table(head, rows)


def _cost_row(outcome: Outcome, which: int, side: Side) -> list[str]:
    wall, size = outcome.median(which, _wall), outcome.median(which, lambda result: result.bytes)
    cpu = outcome.median(which, lambda result: result.cost.cpu)
    memory = outcome.median(which, lambda result: result.cost.memory) / 1e6
    row = ["" if which else f"`{outcome.comparison.name}`", side.name, str(side.film) if side.suffix else "—"]
    row += [f"{wall:.2f}", f"{cpu:.2f}", f"{1000 * wall / side.film.frames:.1f}" if side.suffix else "—"]
    return [*row, f"{memory:.0f}", f"{size:,.0f}" if size else "—", _decibels(outcome.psnr[which])]


def _commands(outcomes: Iterable[Outcome]) -> str:
    lines = ["They run in the repository, after `--only NAME` has made the histories.", "", "```sh"]
    for outcome in outcomes:
        lines += [f"# {outcome.comparison.name}", *map(shlex.join, outcome.commands)]
    return "\n".join([*lines, "```", ""])


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |\n" for row in lines)


def _wall(result: Result) -> float:
    return result.cost.wall


_CPU = Measure("less CPU", lambda ours, theirs: theirs.cost.cpu / ours.cost.cpu)


def _number(value: float) -> str:
    """Three digits that count."""
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def _decibels(value: float) -> str:
    if math.isnan(value):
        return "—"
    return "exact" if math.isinf(value) else f"{value:.1f}"


def _processor() -> str:
    found = re.search(r"^model name\s*: (.+)$", Path("/proc/cpuinfo").read_text(encoding="utf-8"), re.MULTILINE)
    return found.group(1) if found else platform.machine()


def _program(*command: str) -> str:
    """A program's name and version, from the first line it says of itself."""
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()[0]
    number = re.search(r"\d+\.\d+[\w.+:~-]*", said)
    return f"{command[0]} {number.group() if number else said}"
