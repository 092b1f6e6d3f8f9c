"""What `make bench` compares, and that a part of it leaves the results of the others alone."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks import films, report, run  # noqa: E402
from benchmarks.comparisons import FASTER, FUNCANIMATION, KINDS, PARTS, Part  # noqa: E402

from liveplot_cli import charts  # noqa: E402
from liveplot_cli.readers import read  # noqa: E402

RESULTS = (ROOT / "benchmarks/RESULTS.md").read_text()
AGAINST_FUNCANIMATION = {comparison.name: comparison for comparison in KINDS if comparison.theirs.tool is FUNCANIMATION}


def test_every_kind_is_compared() -> None:
    """A new kind is a file; its comparison may come later, but not those of the kinds there are."""
    ours = {"area", "band", "bar", "heatmap", "hist", "line", "race", "ridge", "scatter", "stem", "trace"}
    assert ours <= set(charts.names()) & set(AGAINST_FUNCANIMATION)


@pytest.mark.parametrize("kind", sorted(set(charts.names()) & set(AGAINST_FUNCANIMATION)))
def test_every_kind_is_to_be_fifteen_times_as_fast_as_matplotlib(kind: str) -> None:
    comparison = AGAINST_FUNCANIMATION[kind]
    assert (FASTER, 15) in comparison.claims
    assert comparison.ours.film == comparison.theirs.film
    assert comparison.ours.film.kind == kind


@pytest.mark.parametrize("name", AGAINST_FUNCANIMATION)
def test_the_peer_draws_the_film_that_it_is_told(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(films, "OUT", tmp_path)
    side = AGAINST_FUNCANIMATION[name].theirs.tenth()
    side.film.write()
    _, script, *given = [*side.command(f"{tmp_path}/"), "--frames", f"0,{side.film.frames - 1}"]
    subprocess.run([sys.executable, ROOT / script, *given], check=True)
    assert {path.name for path in tmp_path.glob("*.png")} == {"00001.png", "00002.png"}


def test_a_history_is_what_the_film_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(films, "OUT", tmp_path)
    for kind in ("line", "race"):
        film = films.Film(kind, 12, 30)
        film.write()
        history = read(str(film.history))
        assert history.values.shape == (12, 30)
        assert np.isfinite(history.values).all()
        assert len(set(history.columns)) == 30
    assert history.index_name == "step"
    assert film.frames == 111


def test_every_comparison_has_a_name_of_its_own() -> None:
    names = [comparison.name for part in PARTS.values() for comparison in part.comparisons]
    assert len(set(names)) == len(names)


def test_a_part_that_ran_replaces_its_own_results_alone() -> None:
    before = report.parts(RESULTS)
    title = PARTS["more"].title
    after = report.page(before | {title: report.part(title, [], "- Date: today\n")})
    assert "- Date: today" in after
    assert report.parts(after) == before | {title: report.part(title, [], "- Date: today\n")}
    assert report.page(before) == RESULTS, "its words have changed: write report.page(report.parts(page)) anew"


def test_parts_and_single_comparisons_are_chosen_by_name() -> None:
    def names(parts: list[Part]) -> list[list[str]]:
        return [[comparison.name for comparison in part.comparisons] for part in parts]

    kinds = [comparison.name for comparison in KINDS]
    assert names(run.chosen(["kinds"], [], None, quick=False)) == [kinds]
    assert len(run.chosen([], [], None, quick=True)) == len(PARTS)
    assert names(run.chosen([], ["race", "start"], 7, quick=False)) == [["race", "start"]]
    with pytest.raises(SystemExit, match="no part is called kind; there are headlines, more, kinds"):
        run.chosen(["kind"], [], None, quick=False)
