"""The films of the gallery, drawn anew."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import build
import pytest

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize("film", build.FILMS, ids=lambda film: film["title"])
def test_a_film_of_the_gallery_is_what_its_command_draws(film: dict[str, str], tmp_path: Path) -> None:
    shown = build.film_path(film)
    assert shown.stat().st_size < 300_000
    words = [str(tmp_path / "film.gif") if word.endswith(".gif") else word for word in build._words(film["command"])]
    subprocess.run([sys.executable, "-m", "liveplot_cli", *words, "-q"], cwd=ROOT, check=True, timeout=120)
    assert build.facts(tmp_path / "film.gif") == build.facts(shown)
