"""The films of the gallery, drawn anew."""

from __future__ import annotations

from pathlib import Path

import build
import pytest

import again
from conftest import without_display

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize("film", build.FILMS, ids=lambda film: film["title"])
def test_a_film_of_the_gallery_is_what_its_command_draws(film: dict[str, str], tmp_path: Path) -> None:
    shown = build.film_path(film)
    assert shown.stat().st_size < 300_000
    words = [str(tmp_path / "film.gif") if word.endswith(".gif") else word for word in build._words(film["command"])]
    done = again.run(ROOT, [*words, "-q"], without_display())
    assert (done.returncode, done.stderr) == (0, "")
    assert build.facts(tmp_path / "film.gif") == build.facts(shown)
