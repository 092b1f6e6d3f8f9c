from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from matplotlib.axes import Axes

import again
import chromium
import postgres
from faults import Place
from liveplot_cli import charts
from liveplot_cli.charts.heatmap import Heatmap
from liveplot_cli.drawing import style
from liveplot_cli.history import History

EXAMPLES = Path(__file__).parents[1] / "examples"

Run = Callable[..., subprocess.CompletedProcess[str]]

# As a person's terminal starts the command, whatever starts these tests: in the background a shell has Ctrl-C ignored,
# and without buffers a stream that is full shows late.
os.environ.pop("PYTHONUNBUFFERED", None)
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.fixture(autouse=True)
def notes_as_before() -> Iterator[None]:
    """A command that was run in the tests' own process has its notes go to stderr: no test after it would see them."""
    loggers = [logging.getLogger(name) for name in ("liveplot_cli", "matplotlib")]
    before = [(logger.handlers[:], logger.propagate, logger.level) for logger in loggers]
    yield
    for logger, (handlers, propagate, level) in zip(loggers, before, strict=True):
        logger.handlers[:], logger.propagate = handlers, propagate
        logger.setLevel(level)


@pytest.fixture
def liveplot(tmp_path: Path) -> Run:
    """Run the real command in a folder of its own and hold it to what every run promises.

    No traceback; stdout empty unless help was asked for; an error is one line; no temporary file stays behind.
    """

    def run(*arguments: str, code: int = 0, **environment: str) -> subprocess.CompletedProcess[str]:
        if environment:  # may change how it starts
            done = subprocess.run(
                [sys.executable, "-W", "error", "-m", "liveplot_cli", *arguments],
                cwd=tmp_path,
                env=without_display() | environment,
                capture_output=True,
                text=True,
                timeout=120,
                check=False,
            )
        else:
            done = again.run(tmp_path, arguments, without_display())
        assert done.returncode == code, done.stderr
        assert "Traceback" not in done.stderr
        if code:
            errors = [line for line in done.stderr.splitlines() if line.startswith("Error: ")]
            assert len(errors) == 1, done.stderr
            assert len(errors[0]) < 320
        assert not list(tmp_path.rglob(".liveplot-*"))
        return done

    return run


def without_display() -> dict[str, str]:
    """This environment, less what would find a screen."""
    return {
        name: value for name, value in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY", "MPLBACKEND")
    }


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A folder, a home and a temporary folder for `faults.run_cli`, which watches them."""
    return Place(tmp_path)


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[chromium.Chromium]:
    """Chromium, started once."""
    with chromium.playing(tmp_path_factory.mktemp("chromium")) as browser:
        yield browser


@pytest.fixture(scope="session")
def postgresql() -> Iterator[postgres.Server]:
    """PostgreSQL, started once."""
    with postgres.running() as server:
        yield server


@pytest.fixture
def themed() -> Iterator[None]:
    """The project's looks, as every scene is drawn in."""
    with style.applied():
        yield


@pytest.fixture
def waves(tmp_path: Path) -> Path:
    """A history of 12 rows and 30 columns in a .npy file: a wave that travels."""
    path = tmp_path / "waves.npy"
    np.save(path, wave_matrix(12, 30))
    return path


def wave_matrix(rows: int, columns: int) -> np.ndarray:
    """A travelling wave, shape (rows, columns)."""
    return np.sin(np.arange(columns) / 4 + np.arange(rows)[:, None] / 3)


class AnyHeatmap(Heatmap):
    """A heatmap that takes a row which is no picture for one a cell high."""

    def draw(self, axes: Axes, histories: Sequence[History]) -> charts.Drawn:
        (history,) = histories
        shape = history.grid or (1, len(history.columns))
        return Heatmap(shape, self.clim, self.cmap).draw(axes, histories)


def chart(kind: str, **options: object) -> charts.Chart:
    """A chart of a kind, for any history."""
    return (AnyHeatmap if kind == "heatmap" else charts.load(kind))(**options)


def histories() -> dict[str, History]:
    """Histories of every sort a chart must draw: index, gaps, names, dates, words, constants."""
    rng = np.random.default_rng(1)
    gaps = rng.normal(size=(12, 9))
    gaps[rng.random(gaps.shape) < 0.4] = np.nan
    gaps[:, 0] = np.arange(12)
    dates = np.datetime64("2024-01-31", "us") + np.arange(12) * np.timedelta64(30, "D")
    return {
        "plain": History(rng.normal(size=(12, 30)), name="plain"),
        "one column": History(np.cumsum(rng.normal(size=40)), columns=["loss"], name="loss"),
        "gaps": History(gaps, columns=[f"c{number}" for number in range(9)], name="gaps"),
        "dates": History(rng.normal(size=(12, 3)), columns=["a", "b", "c"], index=dates, index_name="date"),
        "words": History(rng.normal(size=(12, 2)), columns=["x", "y"], index=np.array(list("abcdefghijkl"))),
        "constant": History(np.ones((12, 4))),
        "numbers as names": History(rng.normal(size=(12, 3)), columns=["0.5", "2", "10"]),
        "hostile names": History(rng.normal(size=(3, 3)), columns=["_a", "$\\frac{$", "x" * 500], name="a\x1b\n{row}"),
        "one row": History(rng.normal(size=(1, 5))),
        "one cell": History([[3.0]]),
        "pictures": History(gaps[:, :8].reshape(12, 2, 4)),
    }


def drawable(kind: str, history: History) -> History:
    """The history, or what is like it and a kind can draw: of points that take two columns each there are no halves."""
    if "scatter" in kind and len(history.columns) % 2:
        return history.with_columns([*range(len(history.columns)), 0])
    return history
