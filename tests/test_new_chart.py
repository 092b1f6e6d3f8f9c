"""The page that adds a chart in one file is right: its code is a kind."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from conftest import histories
from liveplot_cli import charts, render
from liveplot_cli.history import History
from liveplot_cli.look import Look
from liveplot_cli.scene import Scene
from test_scene import redrawn

PAGE = Path(__file__).parents[1] / "docs" / "new-chart.md"


@pytest.fixture
def dots(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The page's code as the kind `dots`, for as long as a test lasts."""
    (code,) = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(), re.DOTALL | re.MULTILINE)
    (tmp_path / "dots.py").write_text(code)
    monkeypatch.setattr(charts, "__path__", [*charts.__path__, str(tmp_path)])
    yield
    sys.modules.pop("liveplot_cli.charts.dots", None)
    vars(charts).pop("dots", None)


@pytest.mark.usefixtures("dots", "themed")
@pytest.mark.parametrize("history", ["plain", "gaps", "numbers as names", "one cell"])
def test_the_new_kind_is_drawn_and_equals_the_full_redraw(history: str) -> None:
    assert "dots" in charts.names()
    scene = Scene([histories()[history]], charts.load("dots")(dot=4), Look(size=(300, 200)))
    for position in (0, 0.5, len(histories()[history]) - 1):
        if position < len(histories()[history]):
            assert np.array_equal(scene.pixels(position).copy(), redrawn(scene))


@pytest.mark.usefixtures("dots", "themed")
def test_the_new_kind_can_be_overlaid_and_follows() -> None:
    several = [History(np.ones((30, 4)) * np.arange(30)[:, None], name=name) for name in "ab"]
    scene = Scene(several, charts.load("dots")(), Look(ylim="follow"))
    scene.draw(0)
    low = scene.figure.axes[0].get_ylim()
    scene.draw(29)
    assert low[1] < scene.figure.axes[0].get_ylim()[1]
    assert len(scene.figure.legends) == 1


@pytest.mark.usefixtures("dots")
def test_the_new_kind_takes_its_option(tmp_path: Path) -> None:
    (film,) = render(np.eye(3), tmp_path / "film.gif", kind="dots", dot="12", size="200x150")
    assert film.frames == 3
