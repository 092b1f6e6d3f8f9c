"""What is read back of a film before it takes its place: what a disk or a codec may lose is missed."""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import films
from conftest import wave_matrix
from liveplot_cli import render
from liveplot_cli.formats import film_page, gif_blocks, mp4_boxes, webp_chunks

FACTS: dict[str, Callable[[BinaryIO], Any]] = {
    "html": film_page.facts,
    "gif": gif_blocks.facts,
    "mp4": mp4_boxes.facts,
    "webp": webp_chunks.facts,
}


@pytest.fixture(scope="module", autouse=True)
def _films(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("films")
    render(wave_matrix(9, 30), *(folder / f"a.{name}" for name in FACTS), size=(320, 214), dpi=30, hold=1)
    FILMS.update({name: (folder / f"a.{name}").read_bytes() for name in FACTS})


FILMS: dict[str, bytes] = {}


def found(format: str, content: bytes) -> Any:
    """What is found in a film's bytes; None where they are refused."""
    try:
        return FACTS[format](io.BytesIO(content))
    except ValueError:
        return None


def test_a_whole_film_is_found_to_be_what_other_programs_find(tmp_path: Path) -> None:
    for name, content in FILMS.items():
        (tmp_path / f"a.{name}").write_bytes(content)
    gif, theirs = found("gif", FILMS["gif"]), films.gifsicle(tmp_path / "a.gif")
    assert (gif.images, gif.size, gif.ticks, gif.repeats) == (theirs.images, theirs.size, sum(theirs.delays), 0)
    mp4, stream = found("mp4", FILMS["mp4"]), films.ffprobe(tmp_path / "a.mp4")
    assert mp4.frames == int(stream["nb_read_frames"])
    assert mp4.size == (stream["width"], stream["height"])
    assert abs(float(mp4.seconds) - float(stream["duration"])) < 1e-6
    webp, seen = found("webp", FILMS["webp"]), films.webp(tmp_path / "a.webp")
    assert (webp.images, webp.milliseconds, webp.plays) == (len(seen.pixels), sum(seen.milliseconds), seen.plays)
    assert webp.size == seen.pixels.shape[2:0:-1]


@pytest.mark.parametrize("format", FACTS)
def test_a_film_that_is_cut_anywhere_is_refused(format: str) -> None:
    content = FILMS[format]
    for length in range(len(content)):
        assert found(format, content[:length]) is None, length


@pytest.mark.parametrize("format", FACTS)
@given(more=st.binary(min_size=1, max_size=40))
def test_a_film_that_goes_on_behind_its_end_is_refused(format: str, more: bytes) -> None:
    content = FILMS[format]
    assert found(format, content + more) is None or more[4:8].isalpha()  # a box of its own


@pytest.mark.parametrize("format", FACTS)
@settings(deadline=None, max_examples=400)
@given(data=st.data())
def test_of_a_film_that_was_changed_nothing_but_a_refusal_comes(format: str, data: st.DataObject) -> None:
    """Whatever the bytes are, there are facts or a `ValueError`, and soon."""
    content = bytearray(FILMS[format])
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(content) - 1))
        match data.draw(st.sampled_from(["change", "cut", "double"])):
            case "change":
                content[place] = data.draw(st.integers(0, 255))
            case "cut":
                del content[place : place + data.draw(st.integers(1, 300))]
            case "double":
                content[place:place] = content[place : place + data.draw(st.integers(1, 300))]
        content = content or bytearray(b";")
    start = time.monotonic()
    found(format, bytes(content))
    assert time.monotonic() - start < 5


@pytest.mark.parametrize("format", FACTS)
@settings(deadline=None, derandomize=True)
@given(data=st.data())
def test_bytes_that_were_lost_are_missed(format: str, data: st.DataObject) -> None:
    content = FILMS[format]
    start = data.draw(st.integers(0, len(content) - 1))
    # Whole blocks of a picture leave no gap behind.
    lost = data.draw(st.integers(1, len(content) - start).filter(lambda count: format != "gif" or count % 256))
    assert found(format, content[:start] + content[start + lost :]) != found(format, content)


@pytest.mark.parametrize("format", FACTS)
def test_a_byte_that_was_lost_anywhere_is_missed(format: str) -> None:
    content = FILMS[format]
    whole = found(format, content)
    assert [
        place for place in range(len(content)) if found(format, content[:place] + content[place + 1 :]) == whole
    ] == []


def structure(content: bytes) -> Iterator[int]:
    """The places of a GIF's bytes that are no colours and no compressed pictures."""
    table = 3 << (content[10] & 7) + 1
    yield from (*range(11), *range(13 + table, 13 + table + 19))
    place = 13 + table + 19
    while content[place : place + 1] == b"!":
        yield from (place, place + 1, place + 2, place + 4, place + 5, place + 7, place + 8)
        yield from range(place + 9, place + 17)  # but for where the image lies: its box is within the screen or not
        place += 19
        while content[place]:
            yield place
            place += content[place] + 1
        yield place
        place += 1
    yield place


def test_a_changed_byte_of_a_gifs_structure_is_missed() -> None:
    content = FILMS["gif"]
    missed = [
        place
        for place in structure(content)
        for change in (0x01, 0x80)
        if found("gif", content[:place] + bytes([content[place] ^ change]) + content[place + 1 :])
        == found("gif", content)
    ]
    # What a picture covers may change and stay within the screen; nothing else may.
    control = [place for place in range(len(content)) if content.startswith(b"!\xf9\x04", place)]
    boxes = {start + 9 + offset for start in control for offset in range(8)}
    assert set(missed) <= boxes


@pytest.mark.parametrize("number", range(3))
def test_a_dropped_frame_is_missed(number: int) -> None:
    content = FILMS["gif"]
    starts = [place for place in range(len(content)) if content.startswith(b"!\xf9\x04", place)]
    without = content[: starts[number]] + content[starts[number + 1] :]
    assert found("gif", without).images == 8


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        ("stsz", 11),
        ("stsz", 15),
        ("stts", 11),
        ("mdhd", 19),
        ("mdhd", 15),
        ("tkhd", 81),
        ("stco", 11),
        ("stsd", 41),
        ("mdat", -5),
    ],
)
def test_a_changed_number_in_the_index_of_an_mp4_is_missed(kind: str, change: int) -> None:
    content = bytearray(FILMS["mp4"])
    content[content.index(kind.encode()) + 4 + change] ^= 2
    assert found("mp4", bytes(content)) != found("mp4", FILMS["mp4"])


def test_a_changed_byte_of_a_webps_structure_is_missed() -> None:
    content, places = FILMS["webp"], [*range(webp_chunks.HEADER)]
    place = webp_chunks.HEADER
    corners = set()
    while place < len(content):
        # All but where the frame lies, which may be elsewhere and still within the canvas.
        corners |= set(range(place + 8, place + 14)) | {place + 23}
        places += range(place, place + 37)
        place += 8 + int.from_bytes(content[place + 4 : place + 8], "little")
    missed = {
        place
        for place in places
        for change in (0x01, 0x80)
        if found("webp", content[:place] + bytes([content[place] ^ change]) + content[place + 1 :])
        == found("webp", content)
    }
    assert missed <= corners


def test_a_dropped_frame_of_a_webp_is_missed() -> None:
    content, place = FILMS["webp"], webp_chunks.HEADER
    end = place + 8 + int.from_bytes(content[place + 4 : place + 8], "little")
    without = content[:4] + (len(content) - (end - place) - 8).to_bytes(4, "little") + content[8:place] + content[end:]
    whole = found("webp", content)
    assert found("webp", without).images == whole.images - 1
    assert found("webp", without).milliseconds < whole.milliseconds


@cache
def large() -> bytes:
    """A GIF of 100 MB."""
    picture = b"!\xf9\x04\x05\x05\0\0\0,\0\0\0\0\1\0\1\0\0\2" + (b"\xff" + bytes(255)) * 40_000 + b"\0"
    return b"GIF89a\1\0\1\0\0\0\0" + picture * 10 + b";"


def test_a_film_of_100_megabytes_is_read_in_pieces_and_at_once(tmp_path: Path) -> None:
    class Counted(io.BytesIO):
        most = 0

        def read(self, count: int | None = -1, /) -> bytes:
            self.most = max(self.most, len(piece := super().read(count)))
            return piece

    file = Counted(large())
    start = time.monotonic()
    assert gif_blocks.facts(file).ticks == 50
    assert time.monotonic() - start < 5
    assert file.most <= 1 << 20


@pytest.mark.parametrize("plays", ["forever", "once", "2", "65536"])
@pytest.mark.parametrize("fps", [20, 60, "0.001"])
def test_every_film_that_is_made_is_found_whole(tmp_path: Path, plays: str, fps: object) -> None:
    render(np.eye(7), tmp_path / "a.gif", size=(160, 120), dpi=20, loop=plays, fps=fps, kind="line")
    assert found("gif", (tmp_path / "a.gif").read_bytes()).repeats == {"once": None, "2": 1, "65536": 65535}.get(
        plays, 0
    )
