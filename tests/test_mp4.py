from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFilter

import films
import liveplot_cli
from conftest import EXAMPLES, wave_matrix
from liveplot_cli import UsageError
from liveplot_cli.encoders.mp4 import Mp4
from liveplot_cli.history import History

SMALL = {"size": "400x300", "dpi": 40}
QUALITIES = ["draft", "good", "best"]

# The palette that a decoder must give back, with paper and ink.
COLORS = [
    (255, 255, 255), (0, 0, 0), (128, 128, 128), (31, 119, 180), (255, 127, 14), (44, 160, 44), (214, 39, 40),
    (148, 103, 189), (140, 86, 75), (227, 119, 194), (188, 189, 34), (23, 190, 207), (63, 144, 218), (189, 31, 1),
]  # fmt: skip


@pytest.mark.parametrize("fps", ["1", "7.5", "20", "24", "29.97", "30000/1001", "60", "120", "0.2"])
@pytest.mark.parametrize("rows", [1, 2, 64, 65, 130])
def test_the_film_has_exactly_the_frames_asked_for_at_a_constant_rate(tmp_path: Path, fps: str, rows: int) -> None:
    path = tmp_path / "film.mp4"
    (written,) = liveplot_cli.render(wave_matrix(rows, 8), path, fps=fps, **SMALL)
    facts = films.ffprobe(path)
    assert int(facts["nb_read_frames"]) == rows == written.frames
    assert Fraction(facts["r_frame_rate"]) == Fraction(facts["avg_frame_rate"]) == Fraction(fps)
    assert abs(Fraction(facts["duration"]) - rows / Fraction(fps)) < Fraction(1, 10**5)
    assert abs(Fraction(facts["format"]["duration"]) - rows / Fraction(fps)) < Fraction(1, 10**5)


def test_a_hold_and_slow_rows_become_whole_frames(tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    liveplot_cli.render(wave_matrix(5, 8), path, speed=2, hold=1, **SMALL)
    pictures = films.ffmpeg_pictures(path, (160, 120))
    assert len(pictures) == 5 * 10 + 20
    changes = [frame for frame in range(1, len(pictures)) if films.psnr(pictures[frame], pictures[frame - 1]) < 35]
    assert changes == [10, 20, 30, 40]


@pytest.mark.parametrize("quality", QUALITIES)
def test_it_is_what_every_player_plays(tmp_path: Path, quality: str) -> None:
    path = tmp_path / "film.mp4"
    liveplot_cli.render(wave_matrix(70, 8), path, quality=quality, **SMALL)
    facts = films.ffprobe(path)
    assert (facts["codec_name"], facts["profile"], facts["pix_fmt"]) == ("h264", "Main", "yuv420p")
    assert {facts["color_space"], facts["color_transfer"], facts["color_primaries"]} == {"bt709"}
    assert facts["color_range"] == "tv"
    assert facts["has_b_frames"] == 0
    content = path.read_bytes()
    assert content.index(b"moov") < content.index(b"mdat")
    for private in (b"x264", b"Lavf", str(tmp_path).encode()):
        assert private not in content


@pytest.mark.parametrize(
    ("size", "padded"), [("161x121", (162, 122)), ("160x121", (160, 122)), ("161x120", (162, 120))]
)
def test_odd_sizes_are_widened_with_paper_and_never_scaled(tmp_path: Path, size: str, padded: tuple[int, int]) -> None:
    path = tmp_path / "film.mp4"
    (written,) = liveplot_cli.render(wave_matrix(3, 8), path, size=size)
    pictures = films.ffmpeg_pictures(path, padded)
    assert written.size == padded
    width, height = (int(side) for side in size.split("x"))
    assert (pictures[:, height:] >= 250).all()
    assert (pictures[:, :, width:] >= 250).all()
    (frames,) = liveplot_cli.render(wave_matrix(3, 8), f"{tmp_path}/frames/", size=size)
    assert films.psnr(pictures[0, :height, :width], read_png(frames.path / "00001.png")) > 30


def read_png(path: Path) -> np.ndarray:
    import imageio.v3 as imageio

    return imageio.imread(path)


@pytest.mark.parametrize("color", COLORS, ids=str)
def test_colours_come_back_as_they_were_drawn(tmp_path: Path, color: tuple[int, int, int]) -> None:
    picture = np.full((64, 64, 3), color, np.uint8)
    path = tmp_path / "film.mp4"
    films.encode(Mp4(), path, [picture] * 3)
    assert np.abs(films.ffmpeg_pictures(path, (64, 64)).astype(int) - color).max() <= 4


def test_the_picture_keeps_its_brightness(tmp_path: Path) -> None:
    history = History(wave_matrix(30, 100))
    path = tmp_path / "film.mp4"
    liveplot_cli.render(history, path, f"{tmp_path}/frames/")
    pictures = films.ffmpeg_pictures(path, (640, 480))
    for row in (0, 15, 29):
        expected = read_png(tmp_path / "frames" / f"{row + 1:05}.png")
        assert films.psnr(luma(pictures[row]), luma(expected)) > 40
        bare = [side for side in range(0, 640, 32) if (expected[:, side : side + 32] == 255).all()]
        assert all((pictures[row][16:, side + 8 : side + 24] == 255).all() for side in bare), "paper is not white"


def luma(picture: np.ndarray) -> np.ndarray:
    """Brightness as BT.709 weighs the colours: half the resolution of colour in 4:2:0 is not the encoder's choice."""
    return picture @ np.array([0.2126, 0.7152, 0.0722])


class Drawn:
    """A film as it was drawn, in numbered pictures, and its MP4 of each quality, encoded when it is first asked for."""

    def __init__(self, folder: Path, source: object, **options: object) -> None:
        self._folder, self._source, self._options = folder, source, options
        (written,) = liveplot_cli.render(source, f"{folder}/frames/", **options)
        self.frames = written.frames

    def mp4(self, quality: str) -> Path:
        path = self._folder / f"{quality}.mp4"
        if not path.exists():
            liveplot_cli.render(self._source, path, quality=quality, **self._options)
        return path

    def lumas(self, quality: str) -> tuple[np.ndarray, np.ndarray]:
        """Brightness as it is stored, from 16 to 235: of the drawn pictures, and of the MP4."""
        return yuv(*self._pictures()), yuv("-i", str(self.mp4(quality)))

    def psnr(self, quality: str) -> dict[str, float]:
        """What ffmpeg's psnr filter says of the film, by plane and `average`, frame k against picture k."""
        path = self.mp4(quality)
        assert int(films.ffprobe(path)["nb_read_frames"]) == self.frames, "the filter would pair some frames twice"
        numbered = "settb=1/20,setpts=N"
        graph = f"[0:v]{numbered}[film];[1:v]{CONVERTED},{numbered}[drawn];[film][drawn]psnr"
        command = ["ffmpeg", "-i", str(path), *self._pictures(), "-lavfi", graph, "-f", "null", "-"]
        said = subprocess.run(command, capture_output=True, text=True, check=True).stderr
        assert re.search(rf"frame= *{self.frames}\b", said)
        (summary,) = re.findall(r"PSNR (y:.*)", said)
        return {name: float(number) for name, number in re.findall(r"(\w+):([\d.]+|inf)", summary)}

    def _pictures(self) -> list[str]:
        return ["-framerate", "20", "-i", f"{self._folder}/frames/%05d.png"]


# Pictures in 4:2:0 and BT.709 as ffmpeg itself makes them, each chroma sample the mean of its four pixels.
CONVERTED = "scale=out_color_matrix=bt709:out_range=tv:flags=area+full_chroma_inp+accurate_rnd+bitexact,format=yuv420p"


def yuv(*source: str) -> np.ndarray:
    """The luma planes of a film of 640x480, shape (frames, height, width)."""
    command = ["ffmpeg", "-v", "error", *source, "-fps_mode", "passthrough", "-vf", CONVERTED, "-f", "rawvideo", "-"]
    raw = subprocess.run(command, capture_output=True, check=True).stdout
    return np.frombuffer(raw, np.uint8).reshape(-1, 480 * 3 // 2, 640)[:, :480]


DRAWN: dict[str, Callable[[Path], Drawn]] = {
    "noisy line": lambda folder: Drawn(folder, np.random.default_rng(0).normal(size=(70, 100)), kind="line"),
    "slow line": lambda folder: Drawn(folder, EXAMPLES / "digits_weights.npy", kind="line"),
    "trace": lambda folder: Drawn(
        folder, np.cumsum(np.random.default_rng(1).normal(size=(70, 5)), axis=0), kind="trace"
    ),
}


@pytest.fixture(scope="module", params=DRAWN)
def drawn(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Drawn:
    return DRAWN[request.param](tmp_path_factory.mktemp("drawn"))


@pytest.mark.parametrize("quality", ["good", "best"])
def test_a_film_is_faithful(drawn: Drawn, quality: str) -> None:
    measured = drawn.psnr(quality)
    assert measured["average"] >= 40
    assert measured["y"] >= 40


def test_a_draft_is_faithful_in_brightness(drawn: Drawn) -> None:
    assert drawn.psnr("draft")["y"] >= 38


def test_a_better_film_is_closer_and_larger(drawn: Drawn) -> None:
    draft, good, best = (drawn.mp4(quality).stat().st_size for quality in QUALITIES)
    assert draft < good < best
    draft, good, best = (drawn.psnr(quality)["average"] for quality in QUALITIES)
    assert draft < good < best


@pytest.mark.parametrize("quality", ["good", "best"])
def test_a_line_leaves_no_ghost_on_the_paper_where_it_was(drawn: Drawn, quality: str) -> None:
    expected, found = drawn.lumas(quality)
    assert len(found) == len(expected) == drawn.frames
    paper = np.array([far_from_ink(picture) for picture in expected])
    assert paper.mean() > 0.2
    off = np.abs(found.astype(np.int16) - expected)[paper] > 3
    assert off.mean() < 3e-5


def far_from_ink(luma: np.ndarray) -> np.ndarray:
    """Where there is nothing but paper six pixels around: one pixel of 169 that is ink lowers the mean."""
    return np.asarray(Image.fromarray(np.uint8(255) * (luma == 235)).filter(ImageFilter.BoxBlur(6))) == 255


def test_good_is_what_one_gets_unasked(tmp_path: Path) -> None:
    liveplot_cli.render(wave_matrix(3, 8), tmp_path / "unasked.mp4", **SMALL)
    liveplot_cli.render(wave_matrix(3, 8), tmp_path / "asked.mp4", quality="good", **SMALL)
    assert (tmp_path / "unasked.mp4").read_bytes() == (tmp_path / "asked.mp4").read_bytes()


@pytest.mark.parametrize("quality", ["perfect", "Good", "", 3], ids=repr)
def test_a_quality_that_is_none_is_refused(tmp_path: Path, quality: object) -> None:
    with pytest.raises(UsageError, match=f"^quality: '{quality}' is none of draft, good, best$"):
        liveplot_cli.render(wave_matrix(3, 8), tmp_path / "film.mp4", quality=quality, **SMALL)
    assert not list(tmp_path.iterdir())


def test_the_same_film_is_the_same_bytes_in_any_segments(tmp_path: Path) -> None:
    frames = [np.full((48, 64, 3), (row, 255 - row, 0), np.uint8) for row in range(20)]
    one, two, again = tmp_path / "one.mp4", tmp_path / "two.mp4", tmp_path / "again.mp4"
    films.encode(Mp4(), one, frames, segment=5)
    films.encode(Mp4(), two, frames, segment=5, shuffled=True)
    assert one.read_bytes() == two.read_bytes()
    films.encode(Mp4(), again, frames, segment=20)
    assert int(films.ffprobe(again)["nb_read_frames"]) == int(films.ffprobe(one)["nb_read_frames"]) == 20


def test_every_segment_can_be_sought(tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    liveplot_cli.render(wave_matrix(200, 8), path, **SMALL)
    command = ["ffprobe", "-v", "error", "-show_entries", "packet=pts,dts,flags", "-of", "csv=p=0", str(path)]
    packets = [line.split(",") for line in films.run(*command).split()]
    assert [number for number, packet in enumerate(packets) if "K" in packet[2]] == [0, 64, 128, 160, 192]
    assert all(packet[0] == packet[1] for packet in packets)
    done = subprocess.run(["ffmpeg", "-v", "error", "-i", path, "-f", "null", "-"], capture_output=True, check=True)
    assert done.stderr == b""
