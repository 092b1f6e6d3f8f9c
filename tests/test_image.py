from __future__ import annotations

import gzip
import io
import logging
import struct
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from conftest import without_display
from liveplot_cli import charts
from liveplot_cli.errors import DataError, LimitError, LiveplotError, UsageError
from liveplot_cli.history import History, StoredHistory
from liveplot_cli.readers import image, read

RNG = np.random.default_rng(0)
GREY = RNG.integers(0, 256, (4, 9, 13), dtype=np.uint8)
COLORS = RNG.integers(0, 256, (4, 9, 13, 3), dtype=np.uint8)
DEEP = RNG.integers(0, 65536, (4, 9, 13), dtype=np.uint16)


def saved(pictures: Sequence[np.ndarray | Image.Image], form: str, **options: object) -> bytes:
    """A file of several pictures, or of one."""
    first, *others = (Image.fromarray(one) if isinstance(one, np.ndarray) else one for one in pictures)
    stream = io.BytesIO()
    first.save(stream, form, **({"save_all": True, "append_images": others} if others else {}), **options)
    return stream.getvalue()


def film(pictures: np.ndarray) -> bytes:
    """An MP4 without loss of brightness worth the name."""
    stream = io.BytesIO()
    with av.open(stream, "w", format="mp4") as container:
        video = container.add_stream("libx264", rate=10, options={"qp": "1"})
        video.width, video.height, video.pix_fmt = pictures.shape[2], pictures.shape[1], "yuv444p"
        for picture in pictures:
            container.mux(video.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(video.encode())
    return stream.getvalue()


def read_bytes(folder: Path, name: str, content: bytes, **options: object) -> History:
    (folder / name).write_bytes(content)
    return read(folder / name, **options)


def refusal(folder: Path, name: str, content: bytes, **options: object) -> str:
    with pytest.raises(LiveplotError) as caught:
        read_bytes(folder, name, content, **options)
    assert caught.value.sentence.startswith(f"{name}: ")
    return caught.value.sentence.removeprefix(f"{name}: ")


def luma(colors: np.ndarray) -> np.ndarray:
    """What BT.709 says, rounded."""
    return np.floor(colors @ np.array([0.2126, 0.7152, 0.0722]) + 0.5)


def same(history: History, pictures: np.ndarray) -> None:
    assert history.grid == pictures.shape[1:]
    np.testing.assert_array_equal(history.values, pictures.reshape(len(pictures), -1).astype(float))


@pytest.mark.parametrize("compression", [None, "tiff_lzw", "tiff_adobe_deflate", "packbits"])
@pytest.mark.parametrize(
    "pictures",
    [GREY, DEEP, GREY > 99, DEEP.astype(np.int32) - 9, RNG.normal(size=(4, 9, 13)).astype(np.float32)],
    ids=["8 bits", "16 bits", "1 bit", "32 bits", "float"],
)
def test_the_pages_of_a_tiff_are_its_numbers(tmp_path: Path, pictures: np.ndarray, compression: str | None) -> None:
    same(read_bytes(tmp_path, "run.tif", saved(list(pictures), "TIFF", compression=compression)), pictures)


@pytest.mark.parametrize(("form", "name"), [("PNG", "a.png"), ("TIFF", "a.tiff"), ("GIF", "a.gif")])
def test_a_single_picture_is_a_history_of_one_row(tmp_path: Path, form: str, name: str) -> None:
    history = read_bytes(tmp_path, name, saved(list(GREY[:1]), form))
    same(history, GREY[:1])
    assert (history.name, history.labels.tolist(), history.index_name) == ("a", [1], "row")
    assert charts.choose(history)[0] == "heatmap"


def test_16_bits_of_grey_are_kept(tmp_path: Path) -> None:
    same(read_bytes(tmp_path, "a.png", saved([DEEP[0]], "PNG")), DEEP[:1])


def test_numbers_are_kept_as_small_as_they_are(tmp_path: Path) -> None:
    history = read_bytes(tmp_path, "run.tif", saved(list(GREY), "TIFF"))
    assert isinstance(history, StoredHistory)
    assert history.stored.dtype == np.uint8
    assert (history.bounds(), history.gaps) == ((GREY.min(), GREY.max()), 0)
    mixed = read_bytes(tmp_path, "mixed.tif", saved([GREY[0], DEEP[0].astype(np.int32), GREY[1]], "TIFF"))
    np.testing.assert_array_equal(mixed.values, np.stack([GREY[0], DEEP[0], GREY[1]]).reshape(3, -1))


@pytest.mark.parametrize("form", ["PNG", "TIFF"])
def test_colours_are_read_as_their_brightness(tmp_path: Path, form: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    same(read_bytes(tmp_path, f"a.{form.lower()}", saved(list(COLORS[:1]), form)), luma(COLORS[:1]))
    told = f"a.{form.lower()}: pictures of 13x9 pixels, 1 in all, colours taken as their luma (BT.709)"
    assert caplog.messages == [told]


def test_grey_that_is_written_as_a_colour_stays_what_it_is(tmp_path: Path) -> None:
    greys = np.repeat(np.arange(256, dtype=np.uint8)[None, :, None], 3, axis=2)
    same(read_bytes(tmp_path, "a.png", saved([greys], "PNG")), np.arange(256)[None, None, :])


@pytest.mark.parametrize("mode", ["P", "CMYK", "RGBA", "LA"])
def test_colours_in_any_form_are_read(tmp_path: Path, mode: str) -> None:
    picture = Image.fromarray(COLORS[0]).convert("L" if mode == "LA" else "RGB").convert(mode)
    values = read_bytes(tmp_path, "a.tif", saved([picture], "TIFF")).values
    assert abs(values - luma(np.asarray(picture.convert("RGB"))).reshape(1, -1)).max() <= 1


def test_a_photograph_is_turned_as_its_camera_was(tmp_path: Path) -> None:
    stream = io.BytesIO()
    turned = Image.Exif()
    turned[0x0112] = 6  # its top is at the right
    Image.fromarray(COLORS[0]).save(stream, "PNG", exif=turned)
    same(read_bytes(tmp_path, "a.png", stream.getvalue()), luma(np.rot90(COLORS[0], k=3))[None])


@pytest.mark.parametrize("form", ["PNG", "GIF"])
def test_where_nothing_is_to_be_seen_is_a_gap(tmp_path: Path, form: str) -> None:
    picture = np.full((2, 3, 4), 200, np.uint8)
    picture[..., 3] = [[0, 255, 255], [255, 255, 0]]
    history = read_bytes(tmp_path, f"a.{form.lower()}", saved([picture], form))
    assert np.isnan(history.values).tolist() == [[True, False, False, False, False, True]]
    assert history.bounds() == (200, 200)


def test_the_frames_of_a_gif_are_as_a_player_composes_them(tmp_path: Path) -> None:
    """Parts that stay, are wiped away or are put back, drawn block by block."""
    black, white, red = (0, 0, 0), (255, 255, 255), (255, 0, 0)
    head = b"GIF89a" + struct.pack("<HHBBB", 4, 2, 0x91, 0, 0) + bytes([*black, *white, *red, 9, 9, 9])

    def frame(left: int, width: int, color: int, disposal: int) -> bytes:
        control = b"!\xf9\x04" + bytes([disposal << 2]) + b"\x0a\0\0\0"
        # Each pixel by itself: clear, colour, clear, colour, …, end.
        codes = [code for _ in range(2 * width) for code in (4, color)] + [5]
        stream = sum(code << 3 * place for place, code in enumerate(codes))
        data = stream.to_bytes(-(-3 * len(codes) // 8), "little")
        place = struct.pack("<HHHHB", left, 0, width, 2, 0)
        return control + b"," + place + b"\x02" + bytes([len(data)]) + data + b"\0"

    content = head + frame(0, 4, 1, 1) + frame(1, 2, 2, 3) + frame(3, 1, 0, 1) + b";"
    bright, dark = 255, luma(np.array(red))
    rows = [[bright] * 4, [bright, dark, dark, bright], [bright, bright, bright, 0]]
    same(read_bytes(tmp_path, "a.gif", content), np.array([[row, row] for row in rows]))


def test_a_film_of_ours_is_read_as_it_was_drawn(tmp_path: Path) -> None:
    import liveplot_cli

    liveplot_cli.render(GREY.reshape(4, -1), tmp_path / "a.gif", tmp_path / "a.mp4", size="96x64")
    gif, mp4 = (read(tmp_path / name) for name in ("a.gif", "a.mp4"))
    assert gif.grid == mp4.grid == (64, 96)
    assert len(gif) == len(mp4) == 4
    assert abs(gif.values - mp4.values).mean() < 3


def test_the_frames_of_an_mp4_are_rows(tmp_path: Path) -> None:
    smooth = np.add.outer(np.arange(48), np.arange(64))[None] * 2 + np.arange(5)[:, None, None] * 5
    pictures = np.repeat(smooth[..., None], 3, axis=3).astype(np.uint8)
    for name in ("a.mp4", "a.mov"):
        history = read_bytes(tmp_path, name, film(pictures))
        assert (len(history), history.grid) == (5, (48, 64))
        assert abs(history.values - smooth.reshape(5, -1)).max() <= 3


def test_a_folder_is_read_in_the_order_of_its_numbers(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    folder = tmp_path / "frames.v1"
    folder.mkdir()
    for number, name in enumerate(["frame2.png", "frame10.png", "frame1.png", "frame010b.TIF"]):
        (folder / name).write_bytes(saved([GREY[number]], "TIFF" if name.endswith("TIF") else "PNG"))
    (folder / ".hidden").touch()
    history = read(folder)
    same(history, GREY[[2, 0, 1, 3]])
    assert not caplog.records
    (folder / "inner.png").mkdir()
    (folder / "notes.txt").touch()
    same(read(folder), GREY[[2, 0, 1, 3]])
    assert caplog.messages == ["frames.v1: only its 4 pictures are read, and not 'inner.png', 'notes.txt'"]


@pytest.mark.parametrize("where", [".", "./", ""])
def test_a_folder_is_called_by_its_own_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str) -> None:
    (tmp_path / "frames").mkdir()
    (tmp_path / "frames" / "1.png").write_bytes(saved([GREY[0]], "PNG"))
    monkeypatch.chdir(tmp_path / "frames" if where else tmp_path)
    assert read(where or "frames/").name == "frames"


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (saved(list(GREY), "TIFF"), "TIFF"),
        (saved(list(GREY), "GIF"), "GIF"),
        (saved([GREY[0]], "PNG"), "PNG"),
        (film(COLORS[:, :8, :12]), "MP4"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_pictures_come_through_a_pipe_and_packed(tmp_path: Path, content: bytes, name: str) -> None:
    plain = read_bytes(tmp_path, f"a.{name.lower()[:4].replace('tiff', 'tif')}", content)
    packed = read_bytes(tmp_path, f"b.{name.lower()}.gz", gzip.compress(content))
    np.testing.assert_array_equal(packed.values, plain.values)
    asked = "import sys; from liveplot_cli import read; h = read('-'); print(len(h), *h.grid, h.values.sum())"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", asked],
        input=content,
        env=without_display(),
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [str(number).encode() for number in (len(plain), *plain.grid, plain.values.sum())]


def test_a_suffix_need_not_be_the_right_one(tmp_path: Path) -> None:
    same(read_bytes(tmp_path, "a.mp4", saved(list(GREY), "GIF")), GREY)


FILES = {
    "raw.tif": saved(list(GREY), "TIFF"),
    "lzw.tif": saved(list(GREY), "TIFF", compression="tiff_lzw"),
    "big.tif": saved(list(GREY), "TIFF", big_tiff=True, compression="tiff_adobe_deflate"),
    "a.gif": saved(list(GREY), "GIF"),
    "a.png": saved([GREY[0]], "PNG"),
    "moving.png": saved(list(GREY), "PNG"),
    "a.mp4": film(COLORS[:, :8, :12]),
}


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_cut_anywhere_is_refused_or_whole_for_all_that_counts(
    tmp_path: Path, name: str, capfd: pytest.CaptureFixture[str]
) -> None:
    content = FILES[name]
    whole = read_bytes(tmp_path, name, content)
    assert len(whole) == (1 if name == "a.png" else 4)
    refused: list[str] = []
    for length in range(1, len(content), max(1, len(content) // 150)):
        try:
            history = read_bytes(tmp_path, name, content[:length])
        except DataError as error:
            refused.append(error.sentence)
        else:
            np.testing.assert_array_equal(history.values, whole.values)
    assert len(refused) > 100
    assert max(map(len, refused)) < 300
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        pytest.param(
            "a.tif",
            saved([GREY[0], GREY[1, :5], GREY[2]], "TIFF"),
            "picture 2 has 13x5 pixels, and the first has 13x9",
            id="two sizes",
        ),
        pytest.param("a.png", b"", "the file is empty", id="empty"),
        pytest.param(
            "a.png",
            b"<!DOCTYPE html>",
            "this is no picture or film that can be read; save it as .png, or as .tif of 8 or 16 bits or 32-bit floats",
            id="a web page",
        ),
        pytest.param(
            "a.gif",
            FILES["a.gif"][:-1],
            "its pictures cannot be read (its end is missing); was it cut short?",
            id="GIF without an end",
        ),
        pytest.param(
            "a.mp4",
            FILES["a.mp4"][:-1],
            "its pictures cannot be read (its end is missing); was it cut short?",
            id="MP4 without an end",
        ),
        pytest.param(
            "a.tif",
            b"II*\0\x08\0\0\0\0\0\x08\0\0\0",
            "its pictures cannot be read (its pages go round in a circle); was it cut short?",
            id="TIFF without an end",
        ),
    ],
)
def test_what_cannot_be_used_is_refused(tmp_path: Path, name: str, content: bytes, sentence: str) -> None:
    assert refusal(tmp_path, name, content) == sentence


def test_a_film_without_pictures_is_refused(tmp_path: Path) -> None:
    with av.open(str(tmp_path / "a.mp4"), "w") as container:
        sound = container.add_stream("aac", rate=44100, layout="mono")
        silence = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
        silence.sample_rate = 44100
        container.mux(sound.encode(silence))
        container.mux(sound.encode())
    content = (tmp_path / "a.mp4").read_bytes()
    assert refusal(tmp_path, "a.mp4", content) == "there is no video in it, only sound or something else"


def test_a_folder_without_pictures_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").touch()
    with pytest.raises(UsageError, match="it is a folder that holds no picture") as caught:
        read(tmp_path)
    assert caught.value.exit_code == 2


def test_a_folder_says_which_of_its_pictures_is_broken(tmp_path: Path) -> None:
    (tmp_path / "1.png").write_bytes(saved([GREY[0]], "PNG"))
    (tmp_path / "2.png").write_bytes(saved([GREY[0]], "PNG")[:99])
    with pytest.raises(DataError, match=rf"^{tmp_path.name[:40]}.*2\.png: its pictures cannot be read"):
        read(tmp_path)
    (tmp_path / "2.png").write_bytes(saved([GREY[0, :3]], "PNG"))
    with pytest.raises(DataError, match=r"2\.png: picture 2 has 13x3 pixels, and the first has 13x9"):
        read(tmp_path)


@pytest.mark.parametrize("name", ["a.tif", "a.gif", "a.mp4", "frames"])
def test_memory_is_refused_before_it_is_taken(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of what has a head that says how much there is, no picture is decoded; of a folder, none too many."""
    pictures = np.zeros((40, 64, 96), np.uint8)
    if name == "frames":
        (tmp_path / name).mkdir()
        for number in range(40):
            (tmp_path / name / f"{number}.png").write_bytes(saved([pictures[0]], "PNG"))
    elif name == "a.mp4":
        (tmp_path / name).write_bytes(film(np.repeat(pictures[..., None], 3, axis=3)))
    else:
        (tmp_path / name).write_bytes(
            saved(list(pictures + np.arange(40, dtype=np.uint8)[:, None, None]), name[2:].replace("tif", "tiff"))
        )
    assert len(read(tmp_path / name, max_memory=40 * 64 * 96)) == 40
    decoded: list[int] = []
    add = image._Pages.add
    monkeypatch.setattr(image._Pages, "add", lambda pages, picture: (decoded.append(1), add(pages, picture)))
    with pytest.raises(LimitError, match="of memory, or more, of the 1 MB they may"):
        read(tmp_path / name, max_memory=20 * 64 * 96)
    assert len(decoded) == (20 if name == "frames" else 0)


def test_wide_numbers_take_more_memory(tmp_path: Path) -> None:
    (tmp_path / "a.tif").write_bytes(saved(list(DEEP), "TIFF"))
    assert len(read(tmp_path / "a.tif", max_memory=2 * DEEP.size)) == 4
    with pytest.raises(LimitError, match="of memory, or more, of the 1 MB they may"):
        read(tmp_path / "a.tif", max_memory=2 * DEEP.size - 1)


def test_a_picture_of_more_pixels_than_any_is_refused(tmp_path: Path) -> None:
    """It says that it has 40,000 x 40,000, and is small: a bomb."""
    header = struct.pack(">IIBBBBB", 40_000, 40_000, 8, 0, 0, 0, 0)
    content = saved([GREY[0]], "PNG")
    from zlib import crc32

    bomb = content[:16] + header + struct.pack(">I", crc32(b"IHDR" + header)) + content[33:]
    assert refusal(tmp_path, "a.png", bomb) == "a picture in it has more than 178,956,970 pixels"


def test_what_decodes_it_may_be_missing(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(FILES["a.mp4"])
    asked = "import sys; sys.modules['av'] = None; from liveplot_cli.__main__ import main; main()"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", asked, "render", "a.mp4", "-o", "a.gif"],
        cwd=tmp_path, env=without_display(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (
        5, "Error: a.mp4: what decodes it is not here: pip install 'imageio[pyav]'\n",
    )  # fmt: skip


def test_cells_can_be_chosen_as_columns_and_pictures_be_turned(tmp_path: Path) -> None:
    content = saved(list(GREY), "TIFF")
    some = read_bytes(tmp_path, "a.tif", content, columns="0,14")
    assert (some.grid, list(some.columns)) == (None, ["0", "14"])
    np.testing.assert_array_equal(some.values, GREY.reshape(4, -1)[:, [0, 14]])
    turned = read_bytes(tmp_path, "a.tif", content, transpose=True)
    assert turned.grid is None
    np.testing.assert_array_equal(turned.values, GREY.reshape(4, -1).T)
    with pytest.raises(UsageError, match="each of its rows is a picture, of which no cell labels the row"):
        read_bytes(tmp_path, "a.tif", content, index="3")
    same(read_bytes(tmp_path, "a.tif", content, index="none", rows=slice(1, None, 2)), GREY[1::2])


def test_pictures_are_drawn_the_same_by_any_number_of_processes(tmp_path: Path) -> None:
    """Those of a film too: what decoded it leaves nothing behind that a forked process would wait for."""
    import liveplot_cli

    (tmp_path / "a.mp4").write_bytes(film(np.repeat(COLORS[:, :8, :12], 20, axis=0)))
    options = {"size": "96x64", "jobs": 2}
    liveplot_cli.render(tmp_path / "a.mp4", tmp_path / "b.mp4", tmp_path / "b.gif", **options)
    liveplot_cli.render(tmp_path / "a.mp4", tmp_path / "c.mp4", tmp_path / "c.gif", **options | {"jobs": 1})
    assert (tmp_path / "b.mp4").read_bytes() == (tmp_path / "c.mp4").read_bytes()
    assert (tmp_path / "b.gif").read_bytes() == (tmp_path / "c.gif").read_bytes()


def test_a_gif_whose_frames_have_colours_of_their_own_is_read_as_it_is_seen(tmp_path: Path) -> None:
    from test_gif import encode, late_colors

    pictures = late_colors(600)
    encode(tmp_path / "film.gif", pictures, range(0, 36, 4), 64)
    history = read(tmp_path / "film.gif")
    for row, picture in enumerate(pictures):
        luma = (picture.astype(float) @ [0.2126, 0.7152, 0.0722]).ravel()
        assert np.abs(history.row(row) - luma).max() < 20
