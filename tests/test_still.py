"""Stills: one position as a PNG, an SVG or a PDF."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import imageio.v3 as imageio
import numpy as np
import pytest

from conftest import Run
from liveplot_cli import render

SMALL = ("--size", "200x150", "--dpi", "100")


def test_a_still_is_the_very_frame_of_the_film(liveplot: Run, waves: Path, tmp_path: Path) -> None:
    liveplot("render", "waves.npy", "-o", "frames/", *SMALL)
    done = liveplot("render", "waves.npy", "-o", "still.png", "--at", "7", *SMALL)
    assert done.stderr.startswith("still.png: a still, 200x150, ")
    assert (imageio.imread(tmp_path / "still.png") == imageio.imread(tmp_path / "frames" / "00007.png")).all()


def test_a_still_between_two_rows_lies_between_them(liveplot: Run, waves: Path, tmp_path: Path) -> None:
    for name, at in (("a.png", "2"), ("b.png", "2.5"), ("c.png", "3")):
        liveplot("render", "waves.npy", "-o", name, "--at", at, *SMALL)
    pictures = [imageio.imread(tmp_path / name) for name in ("a.png", "b.png", "c.png")]
    assert not np.array_equal(pictures[0], pictures[1])
    assert not np.array_equal(pictures[1], pictures[2])


@pytest.mark.parametrize(("suffix", "start"), [("svg", b"<?xml"), ("pdf", b"%PDF")])
def test_a_still_in_lines_and_letters_is_the_same_bytes_each_time(tmp_path: Path, suffix: str, start: bytes) -> None:
    for name in ("one", "two"):
        (written,) = render(np.eye(4), tmp_path / f"{name}.{suffix}", at="2", title="it")
        assert written.frames == 1
    one, two = ((tmp_path / f"{name}.{suffix}").read_bytes() for name in ("one", "two"))
    assert one == two
    assert one.startswith(start)
    assert (b"</svg>" if suffix == "svg" else b"%%EOF") in one


@pytest.mark.parametrize(("looks", "width", "height"), [({}, 640, 480), ({"size": "300x200", "dpi": 150}, 450, 300)])
def test_an_svg_is_as_many_pixels_large_as_was_asked_for(
    tmp_path: Path, looks: dict[str, object], width: int, height: int
) -> None:
    (written,) = render(np.eye(4), tmp_path / "still.svg", at="2", **looks)
    assert written.size == (width, height)
    root = ElementTree.parse(tmp_path / "still.svg").getroot()
    assert (root.get("width"), root.get("height")) == (str(width), str(height))
    left, top, across, down = map(float, root.get("viewBox", "").split())
    assert (left, top) == (0, 0)
    assert across / down == pytest.approx(width / height, rel=1e-5)


def test_stills_follow_the_limits_of_their_film(tmp_path: Path) -> None:
    values = np.concatenate([np.ones(40), 1000 * np.ones(40)]) + np.arange(80) / 100
    render(values, f"{tmp_path}/frames/", ylim="follow", size="200x150", kind="line")
    render(values, tmp_path / "still.png", ylim="follow", size="200x150", kind="line", at=30)
    assert (imageio.imread(tmp_path / "still.png") == imageio.imread(tmp_path / "frames" / "00030.png")).all()


USAGE = {
    "a film at one row": (["out.gif", "--at", "2"], "a still is one of .png, .svg, .pdf"),
    "a folder": (["out/", "--at", "2"], "a still is one of .png, .svg, .pdf"),
    "a picture without a row": (["out.png"], "a still needs at, the row it shows"),
    "no such row": (["out.png", "--at", "13"], "waves has no row '13'; they go from 1 to 12"),
    "a loop": (["out.png", "--at", "2", "--loop", "once"], "belongs to gif, html and webp, which are not used here"),
    "a format that is none": (["out.png", "--at", "2", "--format", "gif"], "a still is one of"),
}


@pytest.mark.parametrize("name", USAGE)
def test_what_makes_no_sense_is_one_sentence(liveplot: Run, waves: Path, tmp_path: Path, name: str) -> None:
    arguments, sentence = USAGE[name]
    assert sentence in liveplot("render", "waves.npy", "-o", *arguments, code=2).stderr
    assert {file.name for file in tmp_path.iterdir()} == {"waves.npy"}


def test_a_still_of_a_long_history_is_one_picture(liveplot: Run, tmp_path: Path) -> None:
    np.save(tmp_path / "long.npy", np.arange(200.0)[:, None])
    liveplot("render", "long.npy", "-o", "x.png", "--at", "5", "--max-frames", "10")
    liveplot("render", "long.npy", "-o", "x.gif", "--max-frames", "10", code=6)


@pytest.mark.parametrize("option", [["--hold", "2"], ["--hold-start", "2"], ["--bounce"]])
def test_a_still_takes_no_time(liveplot: Run, waves: object, option: list[str]) -> None:
    told = liveplot("render", str(waves), "-o", "x.png", "--at", "5", *option, code=2).stderr
    assert "a still of one position takes no" in told
