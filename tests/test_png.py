from __future__ import annotations

from pathlib import Path

import imageio.v3 as imageio
import numpy as np
import pytest

import liveplot_cli
from conftest import wave_matrix
from liveplot_cli import charts
from liveplot_cli.drawing import style
from liveplot_cli.errors import UsageError
from liveplot_cli.history import History
from liveplot_cli.look import Look
from liveplot_cli.scene import Scene


def test_each_frame_is_a_numbered_picture_with_the_very_pixels_drawn(tmp_path: Path) -> None:
    history = History(wave_matrix(5, 8))
    liveplot_cli.render(history, f"{tmp_path}/frames/")
    files = sorted((tmp_path / "frames").iterdir())
    assert [file.name for file in files] == [f"0000{number}.png" for number in range(1, 6)]
    with style.applied():
        scene = Scene([history], charts.load("line")(), Look())
        for row, file in enumerate(files):
            assert np.array_equal(imageio.imread(file), scene.pixels(row)[..., :3])


def test_a_held_row_is_as_many_pictures_as_it_lasts_frames(tmp_path: Path) -> None:
    (written,) = liveplot_cli.render(wave_matrix(2, 8), f"{tmp_path}/frames/", fps=4, speed=2, hold=1)
    assert written.frames == len(list((tmp_path / "frames").iterdir())) == 8
    assert written.seconds == 2


def test_a_folder_that_holds_files_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    kept = tmp_path / "frames" / "mine.txt"
    kept.parent.mkdir()
    kept.write_text("mine")
    with pytest.raises(UsageError, match="already holds files"):
        liveplot_cli.render(wave_matrix(2, 8), kept.parent)
    assert [path.name for path in kept.parent.iterdir()] == ["mine.txt"]


def test_an_empty_folder_is_filled(tmp_path: Path) -> None:
    (tmp_path / "frames").mkdir()
    liveplot_cli.render(wave_matrix(2, 8), f"{tmp_path}/frames/")
    assert len(list((tmp_path / "frames").iterdir())) == 2
