"""What is compared with what, on which film, how often, and what is required: the table that `make bench` runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from .films import OUT, Film
from .measure import Cost

# What a film by matplotlib can't do without.
IMPORTS = "import matplotlib.figure, matplotlib.backends.backend_agg"


@dataclass(frozen=True)
class Tool:
    """A way to make a film; `frames` says that it can also save the pictures it drew."""

    name: str
    frames: bool = True


LIVEPLOT = Tool("liveplot")
LIVEPLOT_SAVE = Tool("liveplot_save")
FUNCANIMATION = Tool("funcanimation")
CLEAR_AND_PLOT = Tool("clear_and_plot")
CELLULOID = Tool("celluloid_snap")
GNUPLOT = Tool("gnuplot")
BAR_CHART_RACE = Tool("bar_chart_race_film", frames=False)
FLOOR = Tool("floor", frames=False)
NOTHING = Tool("imports", frames=False)
BUSY = Tool("busy", frames=False)


@dataclass(frozen=True)
class Side:
    """One side of a comparison: a tool that makes a film."""

    tool: Tool
    film: Film
    suffix: str
    options: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The tool with its options."""
        return " ".join([self.tool.name, *self.options])

    def command(self, out: str) -> list[str]:
        """What makes the film."""
        film = self.film
        if self.tool is LIVEPLOT:
            shape = ["-k", film.kind, "--size", film.pixels, "-t", "row {row} of {rows}"]
            return ["liveplot", "render", str(film.history), "-o", out, *shape, *film.options, *self.options, "-q"]
        if self.tool is GNUPLOT:
            limits = [f"{limit:.4g}" for limit in film.bounds()]
            shape = [str(film.rows), str(film.columns), *limits, *map(str, film.size)]
            return ["gnuplot", "-c", "benchmarks/peers/film.gnuplot", str(film.history), out, *shape]
        if self.tool is NOTHING:
            return ["python", "-c", IMPORTS]
        if self.tool is BUSY:
            return ["python", "benchmarks/peers/busy.py", *self.options]
        shape = ["--kind", film.kind, "--size", film.pixels, *(["--follow"] if film.follow else [])]
        return ["python", f"benchmarks/peers/{self.tool.name}.py", str(film.history), out, *shape, *self.options]

    def preparation(self, out: Path) -> list[str] | None:
        """What must be there before the clock starts: the floor's ready-made pixels."""
        return self.command(str(out.with_suffix(".npz"))) if self.tool is FLOOR else None

    @property
    def frames_folder(self) -> Path:
        """Where the pictures lie that it drew, the same whatever they are encoded as."""
        return OUT / f"{self.tool.name}-{self.film.name}"

    def frames_command(self) -> list[str]:
        """What saves the pictures it drew: all of them by liveplot, which draws no frame but in its film."""
        command = self.command(f"{self.frames_folder}/")
        if self.tool is LIVEPLOT:
            return command
        if self.tool is GNUPLOT:
            return [*command, " ".join(map(str, self.film.samples))]
        return [*command, "--frames", ",".join(map(str, self.film.samples))]

    def frames(self) -> list[Path]:
        """The pictures of the film's samples."""
        numbers = self.film.samples
        if self.tool not in (LIVEPLOT, GNUPLOT):
            numbers = list(range(len(numbers)))  # the others number what they were asked for
        return [self.frames_folder / f"{number + 1:05}.png" for number in numbers]

    def tenth(self) -> Side:
        """The same with a tenth of the rows."""
        return replace(self, film=self.film.tenth())


@dataclass(frozen=True)
class Result:
    """One run of one side."""

    cost: Cost
    bytes: int
    frames: int


@dataclass(frozen=True)
class Measure:
    """A number that says how two runs of the same round compare, and whether more of it is better."""

    words: str
    of: Callable[[Result, Result], float]
    more_is_better: bool = False
    unit: str = "x"

    def met(self, value: float, bound: float) -> bool:
        return value >= bound if self.more_is_better else value <= bound

    def bound(self, value: float) -> str:
        return f"{'≥' if self.more_is_better else '≤'} {value:g} {self.unit}"


FASTER = Measure("times as fast", lambda ours, theirs: theirs.cost.wall / ours.cost.wall, more_is_better=True)
SLOWER = Measure("of the other's time", lambda ours, theirs: ours.cost.wall / theirs.cost.wall)
LATER = Measure("later", lambda ours, theirs: ours.cost.wall - theirs.cost.wall, unit="s")
BYTES = Measure("of the other's bytes", lambda ours, theirs: ours.bytes / theirs.bytes)
GROWTH = Measure("of the other's memory", lambda ours, theirs: ours.cost.memory / theirs.cost.memory)
PUBLISHED = Measure(
    "times as fast as the 214 ms a frame that were measured of it elsewhere",
    lambda ours, theirs: 0.214 * ours.frames / ours.cost.wall,
    more_is_better=True,
)
MEMORY = Measure("largest process", lambda ours, theirs: ours.cost.memory / 1e6, unit="MB")

# A measure and the bound that is required of it, if any is.
Claim = tuple[Measure, float | None]


@dataclass(frozen=True)
class Comparison:
    """Two sides that run in turn for some rounds; `quality` says that PSNR is worth its time."""

    name: str
    words: str
    ours: Side
    theirs: Side
    rounds: int
    claims: tuple[Claim, ...] = ((FASTER, None),)
    quality: bool = True

    @property
    def sides(self) -> tuple[Side, Side]:
        return self.ours, self.theirs

    @property
    def required(self) -> bool:
        return any(bound is not None for _, bound in self.claims)

    def tenth(self) -> Comparison:
        return replace(self, ours=self.ours.tenth(), theirs=self.theirs.tenth())


def _against(
    name: str,
    peer: Tool,
    film: Film,
    suffix: str,
    rounds: int,
    claims: tuple[Claim, ...] = ((FASTER, None),),
    *,
    words: str | None = None,
    own: Tool = LIVEPLOT,
    options: tuple[str, ...] = (),
    quality: bool = True,
) -> Comparison:
    """Ours against a peer on the same film."""
    words = words or f"{suffix[1:].upper()} against {_PEER_WORDS[peer]}"
    return Comparison(name, words, Side(own, film, suffix, options), Side(peer, film, suffix), rounds, claims, quality)


_PEER_WORDS = {
    FUNCANIMATION: "`FuncAnimation.save`",
    CLEAR_AND_PLOT: "clear and plot",
    CELLULOID: "celluloid",
    GNUPLOT: "gnuplot",
    FLOOR: "the floor",
    BAR_CHART_RACE: "bar_chart_race",
}

_SMALLER: Claim = (BYTES, 0.80)  # required of every GIF of lines that PillowWriter makes as well
_BOTH: tuple[Claim, ...] = ((FASTER, None), _SMALLER)
_TOLD: tuple[Claim, ...] = ((FASTER, None), (BYTES, None))

_NOISE = Film("line", 1_000, 100)
_SHORT = Film("line", 200, 100)
_LONG = Film("line", 5_000, 100)
_LONGEST = Film("line", 10_000, 100)
_TWICE = Film("line", 2_000, 100)
_FIRST = Film("line", 10, 100)
_TRACES = Film("trace", 1_000, 5)
_SMALL = Film("line", 200, 100, (320, 240))
_LARGE = Film("line", 200, 100, (1280, 720))
_WIDE = Film("line", 200, 1_000)
_WIDEST = Film("line", 5, 1_000_000)

HEADLINES = (
    _against("line-gif", FUNCANIMATION, _NOISE, ".gif", 3, ((FASTER, 30), _SMALLER)),
    _against("line-mp4", FUNCANIMATION, _NOISE, ".mp4", 3, ((FASTER, 12), (BYTES, None))),
    _against("gnuplot", GNUPLOT, _NOISE, ".gif", 5, ((FASTER, 2),)),
    _against("floor", FLOOR, _NOISE, ".gif", 5, ((SLOWER, 1.5),), options=("--jobs", "1")),
    Comparison(
        "jobs",
        "GIF by two jobs against one",
        Side(LIVEPLOT, _TWICE, ".gif", ("--jobs", "2")),
        Side(LIVEPLOT, _TWICE, ".gif", ("--jobs", "1")),
        rounds=9,
        claims=((FASTER, 1.8),),
        quality=False,
    ),
    Comparison(
        "cores",
        "No film: two busy processes against one, which is what two cores of this machine are worth",
        Side(BUSY, _FIRST, "", ("--jobs", "2")),
        Side(BUSY, _FIRST, "", ("--jobs", "1")),
        rounds=9,
        quality=False,
    ),
    Comparison(
        "start",
        "GIF of ten frames against the imports alone",
        Side(LIVEPLOT, _FIRST, ".gif"),
        Side(NOTHING, _FIRST, ""),
        rounds=9,
        claims=((LATER, 0.35),),
        quality=False,
    ),
    Comparison(
        "memory",
        "GIF of 10,000 frames against 1,000",
        Side(LIVEPLOT, _LONGEST, ".gif"),
        Side(LIVEPLOT, _NOISE, ".gif"),
        rounds=1,
        claims=((GROWTH, 1.1), (MEMORY, 300)),
        quality=False,
    ),
)

MORE = (
    _against("trace-mp4", FUNCANIMATION, _TRACES, ".mp4", 1, _TOLD),
    _against("clear-gif", CLEAR_AND_PLOT, _SHORT, ".gif", 2, _BOTH),
    _against("clear-mp4", CLEAR_AND_PLOT, _SHORT, ".mp4", 1, _TOLD),
    _against("celluloid-gif", CELLULOID, _SHORT, ".gif", 2, _BOTH),
    _against("celluloid-mp4", CELLULOID, _SHORT, ".mp4", 1, _TOLD),
    _against("short-gif", FUNCANIMATION, _SHORT, ".gif", 2, _BOTH),
    Comparison(
        "pyplot-gif",
        "GIF against `FuncAnimation.save` of pyplot's figure",
        Side(LIVEPLOT, _SHORT, ".gif"),
        Side(FUNCANIMATION, _SHORT, ".gif", ("--pyplot",)),
        rounds=2,
    ),
    _against("short-gnuplot", GNUPLOT, _SHORT, ".gif", 5),
    _against("long-gnuplot", GNUPLOT, _LONG, ".gif", 1, quality=False),
    _against("small-gif", FUNCANIMATION, _SMALL, ".gif", 2, _BOTH),
    _against("small-mp4", FUNCANIMATION, _SMALL, ".mp4", 1, _TOLD),
    _against("large-gif", FUNCANIMATION, _LARGE, ".gif", 1, _BOTH),
    _against("large-mp4", FUNCANIMATION, _LARGE, ".mp4", 1, _TOLD),
    _against("large-gnuplot", GNUPLOT, _LARGE, ".gif", 3),
    _against("wide-gif", FUNCANIMATION, _WIDE, ".gif", 1, _BOTH),
    _against("wide-gnuplot", GNUPLOT, _WIDE, ".gif", 3),
    _against("widest-gif", FUNCANIMATION, _WIDEST, ".gif", 1, _BOTH),
    _against("widest-gnuplot", GNUPLOT, _WIDEST, ".gif", 1),
    _against(
        "save-gif",
        FUNCANIMATION,
        _SHORT,
        ".gif",
        2,
        _BOTH,
        own=LIVEPLOT_SAVE,
        words="GIF by `liveplot_cli.save` against `animation.save`",
    ),
    _against(
        "save-mp4",
        FUNCANIMATION,
        _SHORT,
        ".mp4",
        2,
        _TOLD,
        own=LIVEPLOT_SAVE,
        words="MP4 by `liveplot_cli.save` against `animation.save`",
    ),
)

# As many frames as the headlines' films have; of a race, from 101 rows.
_FRAMES = 1_000
_RACE = Film("race", 101, 200)
_KIND_FILMS = (
    Film("ridge", _FRAMES, 1_000),
    Film("hist", _FRAMES, 1_000),
    Film("heatmap", _FRAMES, 64 * 64),
    Film("scatter", _FRAMES, 200),
    Film("bar", _FRAMES, 20),
    Film("band", _FRAMES, 200),
    Film("area", _FRAMES, 8),
    Film("trace", _FRAMES, 5),
    Film("stem", _FRAMES, 100),
    _RACE,
    Film("line", _FRAMES, 100),
)

# What is hardest to meet comes first.
KINDS = (
    _against(
        "bar-chart-race",
        BAR_CHART_RACE,
        _RACE,
        ".gif",
        1,
        ((PUBLISHED, 60), (FASTER, None), (BYTES, None)),
        quality=False,
    ),
    _against(
        "line-follow",
        FUNCANIMATION,
        Film("line", _FRAMES, 100, follow=True),
        ".gif",
        1,
        ((FASTER, 4), (BYTES, None)),
        quality=False,
    ),
    *(
        _against(film.kind, FUNCANIMATION, film, ".gif", 1, ((FASTER, 15), (BYTES, None)), quality=False)
        for film in _KIND_FILMS
    ),
    _against(
        "trace-follow",
        FUNCANIMATION,
        Film("trace", _FRAMES, 5, follow=True),
        ".gif",
        1,
        ((FASTER, 4), (BYTES, None)),
        quality=False,
    ),
)


@dataclass(frozen=True)
class Part:
    """A part of RESULTS.md: comparisons that run, and are told, together."""

    title: str
    comparisons: Sequence[Comparison]


PARTS = {
    "headlines": Part("What matters most", HEADLINES),
    "more": Part("And more", MORE),
    "kinds": Part("Every kind of chart", KINDS),
}
