from __future__ import annotations

import pickle
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from liveplot_cli.formats.color_table import MOST, ColorTable, _changes, from_pictures, packed, unpacked

COLORS = st.tuples(*[st.integers(0, 255)] * 3)


def picture(colors: list[tuple[int, int, int]], width: int | None = None) -> np.ndarray:
    """RGBA pixels of these colours, row by row."""
    rgb = np.array(colors, np.uint8).reshape(-1, width or len(colors), 3)
    return np.dstack([rgb, np.full(rgb.shape[:2], 255, np.uint8)])


def some_colors(count: int) -> list[tuple[int, int, int]]:
    """Distinct colours spread over the cube."""
    numbers = [(number * 10_368_889 + 12_345) % (1 << 24) for number in range(count)]  # an odd factor repeats none
    return [(number & 255, number >> 8 & 255, number >> 16) for number in numbers]


def shown(table: ColorTable, pixels: np.ndarray) -> np.ndarray:
    """What a viewer sees of the pixels: shape (height, width, 3)."""
    return table.colors[table.places(packed(pixels)).astype(int) - 1]


def distances(colors: np.ndarray, table: np.ndarray) -> np.ndarray:
    """Squared distances of every colour to every colour of the table."""
    return np.square(colors.astype(int)[:, None] - table.astype(int)[None]).sum(axis=2)


@given(colors=st.lists(COLORS, min_size=1, max_size=20))
@settings(max_examples=60, deadline=None)
def test_packed_colors_are_unpacked_again(colors: list[tuple[int, int, int]]) -> None:
    assert [tuple(color) for color in unpacked(packed(picture(colors))[0]).tolist()] == colors


def test_a_packed_color_is_blue_green_red_whatever_its_alpha() -> None:
    pixels = np.array([[[0x11, 0x22, 0x33, 0xFF], [0x11, 0x22, 0x33, 0x00]]], np.uint8)
    assert packed(pixels).tolist() == [[0x332211, 0x332211]]


def test_a_picture_may_lie_in_memory_in_any_order() -> None:
    pixels = picture(some_colors(64), 8)
    assert np.array_equal(packed(pixels[2:6, 1::3]), packed(pixels)[2:6, 1::3])
    assert np.array_equal(packed(np.asfortranarray(pixels)), packed(pixels))


@given(pictures=st.lists(st.lists(COLORS, min_size=6, max_size=6), min_size=1, max_size=5))
@settings(max_examples=60, deadline=None)
def test_few_colors_are_all_kept_exactly(pictures: list[list[tuple[int, int, int]]]) -> None:
    frames = [picture(colors, 3) for colors in pictures]
    table = from_pictures(iter(frames))
    assert {tuple(color) for color in table.colors.tolist()} == {color for colors in pictures for color in colors}
    for frame in frames:
        assert np.array_equal(shown(table, frame), frame[..., :3])


@pytest.mark.parametrize("count", [1, 2, 254, MOST])
def test_up_to_255_colors_are_exact(count: int) -> None:
    frame = picture(some_colors(count))
    table = from_pictures([frame])
    assert len(table.colors) == count
    assert np.array_equal(shown(table, frame), frame[..., :3])
    assert sorted(table.places(packed(frame))[0].tolist()) == list(range(1, count + 1))


@pytest.mark.parametrize("count", [MOST + 1, 400, 5000])
def test_more_colors_become_at_most_255_distinct_ones(count: int) -> None:
    table = from_pictures([picture(some_colors(count))])
    assert 200 < len(table.colors) <= MOST
    assert len(np.unique(table.colors, axis=0)) == len(table.colors)
    assert table.colors.dtype == np.uint8


def test_many_colors_lie_near_those_that_stand_for_them() -> None:
    gradient = [(red, green, 128) for red in range(0, 256, 4) for green in range(0, 256, 4)]
    frame = picture(gradient, 64)
    error = shown(from_pictures([frame]), frame).astype(int) - frame[..., :3]
    assert np.square(error).sum(axis=2).max() <= 32**2
    assert np.square(error).sum(axis=2).mean() <= 12**2


def test_the_commonest_colors_stay_exact_among_too_many() -> None:
    colors = some_colors(600)
    common = colors[100:112]
    frame = picture(colors + common * 3)
    kept = {tuple(color) for color in from_pictures([frame]).colors.tolist()}
    assert set(common) <= kept


def test_a_thin_line_keeps_its_color_beside_much_paper() -> None:
    shades = [(number, number, 255) for number in range(250)] + [(255, number, 0) for number in range(250)]
    frame = picture([(255, 255, 255)] * 100_000 + [(13, 200, 77)] * 50 + shades)
    kept = {tuple(color) for color in from_pictures([frame]).colors.tolist()}
    assert {(255, 255, 255), (13, 200, 77)} <= kept


def test_a_picture_need_not_outlive_the_next() -> None:
    def drawn_over() -> Iterator[np.ndarray]:
        canvas = picture([(1, 2, 3)] * 4)
        yield canvas
        canvas[..., :3] = (4, 5, 6)
        yield canvas
        canvas[..., :3] = (7, 8, 9)
        yield canvas

    assert sorted(from_pictures(drawn_over()).colors.tolist()) == [[1, 2, 3], [4, 5, 6], [7, 8, 9]]


@given(
    pictures=st.lists(
        st.lists(st.sampled_from([(0, 0, 0), (255, 255, 255), (9, 8, 7)]), min_size=4, max_size=4),
        min_size=1,
        max_size=5,
    )
)
@settings(max_examples=60, deadline=None)
def test_a_pixel_that_stays_is_counted_once(pictures: list[list[tuple[int, int, int]]]) -> None:
    paper = pictures[0][0]
    expected = Counter([paper, *(color for color in pictures[0] if color != paper)])
    for before, after in pairwise(pictures):
        expected.update(now for was, now in zip(before, after, strict=True) if was != now)
    *changes, last = _changes(picture(colors, 2) for colors in pictures)
    assert Counter(tuple(color) for now in changes for color in unpacked(now).tolist()) == expected
    assert [tuple(color) for color in unpacked(last.ravel()).tolist()] == pictures[-1]


@given(
    table=st.lists(COLORS, min_size=1, max_size=12, unique=True),
    asked=st.lists(st.lists(COLORS, min_size=1, max_size=12), min_size=1, max_size=3),
)
@settings(max_examples=80, deadline=None)
def test_every_color_goes_to_the_nearest_of_the_table(
    table: list[tuple[int, int, int]], asked: list[list[tuple[int, int, int]]]
) -> None:
    colors = ColorTable(np.array(table, np.uint8))
    for wanted in asked:
        places = colors.places(packed(picture(wanted)))[0]
        all_distances = distances(np.array(wanted), colors.colors)
        assert places.min() >= 1
        assert places.max() <= len(table)
        assert np.array_equal(all_distances[np.arange(len(wanted)), places - 1], all_distances.min(axis=1))


def test_the_nearest_of_a_full_table_is_found_for_thousands_of_colors() -> None:
    wanted = np.array(some_colors(6000))
    table = ColorTable(np.array(some_colors(6000 + MOST)[-MOST:], np.uint8))
    places = table.places(packed(picture([tuple(color) for color in wanted], 100))).ravel()
    all_distances = distances(wanted, table.colors)
    assert places.min() >= 1
    assert places.max() == MOST
    assert np.array_equal(all_distances[np.arange(len(wanted)), places.astype(int) - 1], all_distances.min(axis=1))


@given(
    table=st.lists(COLORS, min_size=1, max_size=MOST, unique=True),
    wanted=st.lists(COLORS, min_size=1, max_size=300),
)
@settings(max_examples=80, deadline=None)
def test_a_mended_table_serves_no_color_worse_and_the_worst_exactly(
    table: list[tuple[int, int, int]], wanted: list[tuple[int, int, int]]
) -> None:
    film = ColorTable(np.array(table, np.uint8))
    colors = packed(picture(wanted))[0]
    places, levels = film.nearest(colors)
    mended, its_places, its_levels = film.mended(colors, places, levels)
    assert len(mended) <= MOST
    shown = mended[its_places.astype(int) - 1].astype(int)
    exact = np.ceil(np.sqrt(np.square(shown - np.array(wanted)).sum(axis=1))).clip(max=255)
    assert np.array_equal(exact, its_levels)
    assert ((its_levels == levels) | (its_levels == 0)).all()
    # a color's place is given away only where no color needs it
    stays = its_places == places
    assert np.array_equal(its_levels[stays], levels[stays])
    free = MOST - len(set(places.tolist()))
    assert len(set(colors[its_levels > 0].tolist())) == max(0, len(set(colors[levels > 0].tolist())) - free)


def test_of_colors_that_a_mended_table_has_no_room_for_those_that_do_most_harm_come_first() -> None:
    grays = ColorTable(np.array([(gray, gray, gray) for gray in range(MOST)], np.uint8))
    known = [(gray, gray, gray) for gray in range(MOST - 1)]  # and one place is free
    wanted = [*known, (0, 0, 200), (0, 200, 0), (0, 200, 0), (250, 0, 0)]
    colors = packed(picture(wanted))[0]
    _, places, levels = grays.mended(colors, *grays.nearest(colors))
    assert levels[-4:].astype(bool).tolist() == [True, False, False, True]
    assert places[-2] == places[-3] == MOST


def test_places_have_the_pictures_shape() -> None:
    pixels = picture(some_colors(12), 4)
    places = from_pictures([pixels]).places(packed(pixels))
    assert places.shape == (3, 4)
    assert places.dtype == np.uint8


def test_a_table_travels_as_its_colors_alone() -> None:
    table = from_pictures([picture(some_colors(9))])
    table.places(packed(picture(some_colors(50))))
    sent = pickle.dumps(table)
    assert len(sent) < 1000
    assert np.array_equal(pickle.loads(sent).colors, table.colors)
