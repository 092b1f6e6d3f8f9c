from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import films
import liveplot_cli
from conftest import EXAMPLES, wave_matrix
from liveplot_cli import charts, timing
from liveplot_cli.drawing import style
from liveplot_cli.encoders import gif
from liveplot_cli.encoders.gif import Gif
from liveplot_cli.errors import UsageError
from liveplot_cli.film import Film
from liveplot_cli.history import History
from liveplot_cli.look import Look
from liveplot_cli.scene import Scene

SMALL = {"size": "400x300", "dpi": 40}


def render(path: Path, history: object, **options: object) -> films.GifFacts:
    liveplot_cli.render(history, path, **SMALL, **options)
    return films.gifsicle(path)


def drawn(history: History, kind: str, look: Look | None = None) -> list[np.ndarray]:
    """Every row's picture, before any encoder: shape (height, width, 3)."""
    with style.applied():
        scene = Scene([history], charts.load(kind)(), look or Look())
        return [scene.pixels(row)[..., :3].copy() for row in range(len(history))]


@pytest.mark.parametrize(
    "fps", ["1", "2.5", "7.5", "10", "12", "15", "24", "25", "29.97", "30", "33", "45", "49.9", "50"]
)
def test_the_film_lasts_as_long_as_asked_to_half_a_hundredth(tmp_path: Path, fps: str) -> None:
    facts = render(tmp_path / "film.gif", wave_matrix(61, 8), fps=fps)
    assert facts.images == 61
    assert abs(facts.seconds - 61 / Fraction(fps)) <= Fraction(5, 1000)
    assert min(facts.delays) >= 2


def test_ten_seconds_at_thirty_frames_a_second_are_ten_seconds(tmp_path: Path) -> None:
    facts = render(tmp_path / "film.gif", wave_matrix(300, 4), fps=30)
    assert facts.seconds == 10
    assert set(facts.delays) == {3, 4}


def test_above_fifty_frames_a_second_frames_are_left_out_and_the_time_is_kept(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    facts = render(tmp_path / "film.gif", wave_matrix(60, 4), fps=60)
    assert facts.seconds == 1
    assert facts.images < 60
    assert min(facts.delays) >= 2
    assert "50 frames a second" in caplog.text


def test_the_last_row_is_shown_even_when_frames_are_left_out(tmp_path: Path) -> None:
    history = History(wave_matrix(60, 8))
    path = tmp_path / "film.gif"
    liveplot_cli.render(history, path, fps=1000)
    assert films.psnr(films.gif_pictures(path)[-1], drawn(history, "line")[-1]) > 50


@settings(max_examples=200, deadline=None)
@given(st.lists(st.fractions(Fraction(1, 2000), 3, max_denominator=3000), min_size=1, max_size=60))
def test_delays_add_up_and_none_is_too_short_for_a_browser(durations: list[Fraction]) -> None:
    delays = timing.delays(durations, Fraction(100), 2)
    assert all(delay == 0 or delay >= 2 for delay in delays)
    assert delays[-1] > 0
    assert sum(delays) == max(2, (200 * sum(durations) + 1) // 2)


@given(st.integers(2, 10**7))
def test_a_long_delay_is_shared_out_among_frames_of_sixteen_bits(delay: int) -> None:
    shares = timing.shares(delay, 0xFFFF)
    assert sum(shares) == delay
    assert all(2 <= share <= 0xFFFF for share in shares)
    assert len(shares) == -(-delay // 0xFFFF)


def test_a_hold_longer_than_a_gif_delay_can_say_is_kept(tmp_path: Path) -> None:
    facts = render(tmp_path / "film.gif", wave_matrix(3, 4), fps=10, hold=2000)
    assert facts.seconds == Fraction("2000.3")


def test_equal_rows_keep_their_frames_and_their_time(tmp_path: Path) -> None:
    facts = render(tmp_path / "film.gif", np.ones((7000, 3)), fps=10, title="")
    assert facts.images == 7000
    assert facts.seconds == 700


@pytest.mark.parametrize(
    ("loop", "said"), [("forever", "forever"), ("once", "once"), ("1", "once"), ("2", "count 1"), ("5", "count 4")]
)
def test_the_film_plays_as_often_as_asked(tmp_path: Path, loop: str, said: str) -> None:
    assert render(tmp_path / "film.gif", wave_matrix(3, 4), loop=loop).loop == said


@pytest.mark.parametrize("loop", ["0", "-1", "twice", "65537", "1.5", ""])
def test_a_number_of_plays_that_makes_no_sense_is_refused(tmp_path: Path, loop: str) -> None:
    with pytest.raises(UsageError, match="plays"):
        render(tmp_path / "film.gif", wave_matrix(3, 4), loop=loop)


@pytest.mark.parametrize(
    ("example", "kind", "least"),
    [("digits_weights.npy", "line", 50), ("digits_training.csv", "trace", 50), ("el_nino.csv", "trace", 42)],
)
def test_the_pictures_are_those_that_were_drawn(tmp_path: Path, example: str, kind: str, least: float) -> None:
    history = liveplot_cli.read(EXAMPLES / example)
    path = tmp_path / "film.gif"
    liveplot_cli.render(history, path, kind=kind)
    pictures = films.gif_pictures(path)
    for row, expected in enumerate(drawn(history, kind)):
        assert films.psnr(pictures[row], expected) > least, f"row {row}"
        paper = (expected == 255).all(axis=2)
        assert (pictures[row][paper] == 255).all(), f"row {row} has specks on its paper"


def test_two_decoders_see_the_same_pictures(tmp_path: Path) -> None:
    path = tmp_path / "film.gif"
    liveplot_cli.render(History(wave_matrix(70, 20)), path)
    assert np.array_equal(films.ffmpeg_pictures(path, (640, 480)), np.stack(films.gif_pictures(path)))


def test_few_colours_are_kept_exactly(tmp_path: Path) -> None:
    pictures = [flat(200, 10, 20), flat(1, 2, 3), flat(255, 255, 255)]
    path = tmp_path / "film.gif"
    films.encode(Gif(), path, pictures)
    assert all(np.array_equal(one, two) for one, two in zip(films.gif_pictures(path), pictures, strict=True))


def test_segments_encoded_apart_and_in_any_order_make_the_same_file(tmp_path: Path) -> None:
    pictures = [flat(row, 255 - row, 7) for row in range(100)]
    whole, parts = tmp_path / "whole.gif", tmp_path / "parts.gif"
    films.encode(Gif(), whole, pictures, segment=100)
    films.encode(Gif(), parts, pictures, segment=7, shuffled=True)
    assert whole.read_bytes() == parts.read_bytes()


FAR_AWAY, LATER = (255, 0, 255), (20, 250, 10)


def late_colors(shades: int) -> list[np.ndarray]:
    """Pictures of so many bluish shades; one has 40 pixels of another colour, and another one comes late and stays."""
    rng = np.random.default_rng(0)
    colors = np.unique(rng.integers((30, 60, 120), (110, 140, 230), (shades, 3)), axis=0)
    picture = colors[rng.integers(len(colors), size=(60, 80))].astype(np.uint8)
    pictures = []
    for number in range(70):
        rows, columns = rng.integers(60, size=90), rng.integers(80, size=90)
        picture[rows, columns] = colors[rng.integers(len(colors), size=90)]
        if number >= 45:
            picture[50:54, 10:30] = LATER
        pictures.append(picture.copy())
    pictures[37][20:24, 10:20] = FAR_AWAY
    return pictures


@pytest.mark.parametrize("segment", [64, 10])
def test_a_colour_that_appears_late_in_a_film_of_few_colours_is_exact(tmp_path: Path, segment: int) -> None:
    pictures = late_colors(100)
    encode(tmp_path / "film.gif", pictures, range(0, 36, 4), segment)
    assert np.array_equal(films.gif_pictures(tmp_path / "film.gif"), pictures)


@pytest.mark.parametrize("way", gif._WAYS, ids=lambda way: way.__name__)
@pytest.mark.parametrize("shades", [100, 600])
def test_a_colour_that_appears_late_stays_as_it_is_however_frames_are_stored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: object, shades: int
) -> None:
    monkeypatch.setattr(gif, "_WAYS", (way,))
    pictures = late_colors(shades)
    encode(tmp_path / "film.gif", pictures, range(0, 36, 4), 64)
    for number, one in enumerate(films.gif_pictures(tmp_path / "film.gif")[45:], 45):
        unlike = np.abs(one[50:54, 10:30].astype(int) - pictures[number][50:54, 10:30])
        assert unlike.max() <= (0 if shades == 100 else 20), f"frame {number}"


def test_a_frame_of_nothing_but_other_colours_has_them(tmp_path: Path) -> None:
    pictures = late_colors(600)
    pictures[37] = pictures[37][..., ::-1].copy()  # reds for blues: more than the film's table has room for
    encode(tmp_path / "film.gif", pictures, range(0, 36, 4), 64)
    shown = np.stack(films.gif_pictures(tmp_path / "film.gif")).astype(int)
    assert np.abs(shown - pictures).max() <= 48


@pytest.mark.parametrize("segment", [64, 10])
def test_a_colour_that_appears_late_in_a_film_of_many_colours_is_right_within_a_few_levels(
    tmp_path: Path, segment: int
) -> None:
    pictures = late_colors(600)
    encode(tmp_path / "film.gif", pictures, range(0, 36, 4), segment)
    shown = np.stack(films.gif_pictures(tmp_path / "film.gif")).astype(int)
    assert np.abs(shown[37, 20:24, 10:20] - FAR_AWAY).max() <= 20
    assert np.abs(shown[45:, 50:54, 10:30] - np.stack(pictures)[45:, 50:54, 10:30]).max() <= 20
    for number, (one, two) in enumerate(zip(shown, pictures, strict=True)):
        assert np.abs(one - two).max() <= 48, f"frame {number} has a ghost"
        assert films.psnr(one, two) > 35, f"frame {number}"


def test_a_paper_that_fades_between_the_samples_does_not_stick(tmp_path: Path) -> None:
    """Each shade lies so near to a known one that only the whole picture tells that it is wrong."""
    rng = np.random.default_rng(0)
    pictures = [np.full((60, 80, 3), (128, 9 * row, 50), np.uint8) for row in range(20)]
    for picture in pictures:
        picture[:10] = rng.integers((0, 100, 200), (60, 160, 255), (10, 80, 3))
    encode(tmp_path / "film.gif", pictures, range(0, 20, 2), 64)
    for one, two in zip(films.gif_pictures(tmp_path / "film.gif"), pictures, strict=True):
        assert films.psnr(one, two) > 40
        assert np.abs(one[30, 30].astype(int) - two[30, 30]).max() <= 3


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    colors=st.integers(1, 255),
    frames=st.integers(1, 12),
    changing=st.sampled_from([0.0, 0.01, 0.2, 0.9, 1.0]),
    sampled=st.integers(1, 4),
    segment=st.integers(1, 13),
)
def test_any_film_of_at_most_255_colours_is_exact_whatever_its_samples_show(
    tmp_path_factory: pytest.TempPathFactory,
    seed: int, colors: int, frames: int, changing: float, sampled: int, segment: int,
) -> None:  # fmt: skip
    rng = np.random.default_rng(seed)
    table = rng.integers(0, 256, (colors, 3), np.uint8)
    picture = table[rng.integers(1 + rng.integers(colors), size=(9, 14))]
    pictures = []
    for _ in range(frames):
        changed = rng.random(picture.shape[:2]) < changing
        picture = picture.copy()
        picture[changed] = table[rng.integers(colors, size=changed.sum())]
        pictures.append(picture)
    path = tmp_path_factory.mktemp("films") / "film.gif"
    encode(path, pictures, range(0, frames, sampled), segment)
    assert np.array_equal(films.gif_pictures(path), pictures)


NOISE = np.random.default_rng(0).normal(size=(70, 200))
LINE_FILMS = {
    "noise": (History(NOISE[:20]), "line"),
    "wave": (History(wave_matrix(20, 60)), "line"),
    "walks": (History(np.cumsum(NOISE[:, :4], axis=0), columns=list("abcd")), "trace"),
    "gaps": (History(np.where(NOISE[:20] > 1, np.nan, NOISE[:20])), "line"),
}


@pytest.mark.parametrize("film", LINE_FILMS)
def test_a_film_of_lines_is_as_good_as_drawn_and_its_paper_is_exact(tmp_path: Path, film: str) -> None:
    history, kind = LINE_FILMS[film]
    liveplot_cli.render(history, tmp_path / "film.gif", kind=kind)
    expected = drawn(history, kind)
    shown = films.gif_pictures(tmp_path / "film.gif")
    for row, (one, two) in enumerate(zip(shown, expected, strict=True)):
        assert films.psnr(one, two) >= 50, f"row {row}"
        paper = (two == two[0, 0]).all(axis=2)
        assert (one[paper] == two[0, 0]).all(), f"row {row} has specks on its paper"


def test_every_way_of_storing_shows_the_same_pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pictures = drawn(History(wave_matrix(12, 30)), "line", Look(size=(320, 240)))
    ways = gif._WAYS
    assert len(ways) > 1
    seen, sizes = [], set()
    for number, way in enumerate(ways):
        monkeypatch.setattr(gif, "_WAYS", (way,))
        path = tmp_path / f"{number}.gif"
        encode(path, pictures, range(0, 12, 3), 64)
        seen.append(films.gif_pictures(path))
        sizes.add(path.stat().st_size)
    assert len(sizes) == len(ways)
    assert all(np.array_equal(one, seen[0]) for one in seen)


@pytest.mark.parametrize("segment", [1, 7, 33])
@pytest.mark.parametrize("kind", ["line", "trace"])
def test_segments_of_any_length_show_the_same_pictures(tmp_path: Path, kind: str, segment: int) -> None:
    pictures = drawn(History(wave_matrix(66, 5), columns=list("abcde")), kind, Look(size=(480, 320), dpi=50))
    encode(tmp_path / "film.gif", pictures, range(0, 66, 8), 64)
    encode(tmp_path / "other.gif", pictures, range(0, 66, 8), segment)
    assert np.array_equal(films.gif_pictures(tmp_path / "film.gif"), films.gif_pictures(tmp_path / "other.gif"))


@pytest.mark.parametrize("shades", [30, 600])
def test_two_decoders_agree_on_frames_with_tables_of_their_own(tmp_path: Path, shades: int) -> None:
    path = tmp_path / "film.gif"
    encode(path, late_colors(shades), range(0, 36, 4), 64)
    assert np.array_equal(films.ffmpeg_pictures(path, (80, 60)), films.gif_pictures(path))


def test_frames_that_equal_one_another_are_shown_each(tmp_path: Path) -> None:
    one, two = flat(200, 10, 20), flat(1, 2, 3)
    pictures = [one, one, one, two, two, one, two]
    encode(tmp_path / "film.gif", pictures, range(7), 3)
    assert films.gifsicle(tmp_path / "film.gif").images == 7
    assert np.array_equal(films.gif_pictures(tmp_path / "film.gif"), pictures)


def encode_cut_out(path: Path, pixels: np.ndarray, paper: tuple[int, int, int], segment: int) -> None:
    """Write pictures of shape (frames, height, width, 4) whose paper is transparent."""
    _, height, width, _ = pixels.shape
    film = Film(
        width, height, paper, (Fraction(1, 20),) * len(pixels), Fraction(20), lambda: iter(pixels), transparent=True
    )
    plan = Gif().plan(film)
    with plan.open(path) as append:
        for start in range(0, len(pixels), segment):
            coder = plan.begin(start, pixels.__getitem__)
            for frame in pixels[start : start + segment]:
                coder.add(frame)
            append(coder.finish())
    plan.check(path)


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    frames=st.integers(1, 12),
    bare=st.sampled_from([0.0, 0.1, 0.5, 0.9, 1.0]),
    changing=st.sampled_from([0.0, 0.02, 0.3, 1.0]),
    segment=st.integers(1, 13),
)
def test_what_vanishes_from_a_transparent_film_leaves_no_ghost(
    tmp_path_factory: pytest.TempPathFactory, seed: int, frames: int, bare: float, changing: float, segment: int
) -> None:
    rng = np.random.default_rng(seed)
    table = np.column_stack([rng.integers(0, 256, (20, 3)), np.full(20, 255)]).astype(np.uint8)
    picture = np.zeros((9, 14, 4), np.uint8)
    pixels = []
    for _ in range(frames):
        changed = rng.random(picture.shape[:2]) < changing
        picture = picture.copy()
        picture[changed] = table[rng.integers(20, size=changed.sum())]
        picture[changed & (rng.random(changed.shape) < bare)] = 0
        pixels.append(picture)
    path = tmp_path_factory.mktemp("films") / "film.gif"
    encode_cut_out(path, np.stack(pixels), (255, 255, 255), segment)
    assert np.array_equal(films.gif_pixels(path), pixels)


def test_a_pixel_of_a_transparent_film_is_there_if_half_of_it_is_covered_or_what_is_near_is_as_pale() -> None:
    pixels = np.zeros((16, 20, 4), np.uint8)
    pixels[..., :3] = 200, 100, 0
    pixels[1, 1:4, 3] = 127, 128, 255  # an edge
    pixels[9:14, 1:9, 3] = 64  # an area
    pixels[8, 1:9, 3] = pixels[14, 1:9, 3] = 20  # and its edge
    pixels[1:15, 14, 3] = 90  # a pale line, and its edge
    pixels[1:15, 15, 3] = 30
    pixels[11, 1:9, 3] = 255  # a dense line across the area
    cut = gif._cut_out(pixels, (0, 0, 255))
    there = np.zeros((16, 20), bool)
    there[1, 2:4] = there[11, 1:9] = there[1:15, 14] = True
    there[10, 2:8] = there[12, 2:8] = True  # beside the line, for the area is all around
    assert np.array_equal(cut[..., 3], np.where(there, 255, 0))
    assert cut[1, 3].tolist() == [200, 100, 0, 255]
    assert cut[1, 2].tolist() == [100, 50, 127, 255]
    assert cut[12, 5].tolist() == [50, 25, 191, 255]
    assert (cut[~there] == (0, 0, 255, 0)).all()


def test_a_transparent_frame_that_lasts_long_is_cleared_only_at_its_end(tmp_path: Path) -> None:
    history = np.array([[1.0, 1, 1], [5, 5, 5], [2, 2, 2]])
    (written,) = liveplot_cli.render(history, tmp_path / "a.gif", fps="0.001", transparent=True, **SMALL)
    shown = films.gif_pixels(tmp_path / "a.gif")
    assert len(shown) == written.frames == 6
    for first in 0, 2, 4:
        assert np.array_equal(shown[first], shown[first + 1])
    assert len({picture.tobytes() for picture in shown}) == 3


def encode(path: Path, pictures: list[np.ndarray], sampled: range, segment: int) -> None:
    """Write pictures whose colours are looked for in some of them only."""
    frames = [np.dstack([picture, np.full(picture.shape[:2], 255, np.uint8)]) for picture in pictures]
    height, width, _ = frames[0].shape
    film = Film(
        width, height, (255, 255, 255), (Fraction(1, 20),) * len(frames), Fraction(20),
        lambda: (frames[number] for number in sampled),
    )  # fmt: skip
    plan = Gif().plan(film)
    with plan.open(path) as append:
        for start in range(0, len(frames), segment):
            coder = plan.begin(start, frames.__getitem__)
            for frame in frames[start : start + segment]:
                coder.add(frame)
            append(coder.finish())


def flat(*color: int) -> np.ndarray:
    """A picture of one colour with a darker corner, shape (12, 20, 3)."""
    picture = np.full((12, 20, 3), color, np.uint8)
    picture[:4, :4] //= 2
    return picture
