from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from liveplot_cli.player import KEYS, Player, Steps
from liveplot_cli.timing import Moment, Timing

# Powers of two, so that the made-up clock adds up exactly.
MOMENTS = [
    Moment(0, Fraction(1, 2)),
    Moment(1, Fraction(1, 4)),
    Moment(2, Fraction(1)),
    Moment(3, Fraction(1, 2)),
    Moment(4, Fraction(2)),
]


def ticked(player: Player, *times: float) -> list[float]:
    """The position after a tick at each of the times."""
    positions = []
    for now in times:
        player.tick(now)
        positions.append(player.position)
    return positions


def test_each_moment_is_shown_for_its_duration() -> None:
    player = Player(MOMENTS)
    assert ticked(player, 10, 10.49, 10.5, 10.74, 10.75, 11.74, 11.75, 12.24, 12.25) == [0, 0, 1, 1, 2, 2, 3, 3, 4]
    assert player.playing


def test_the_clock_starts_with_the_first_tick() -> None:
    assert ticked(Player(MOMENTS), 1e6, 1e6 + 0.25, 1e6 + 0.5) == [0, 0, 1]


def test_the_last_moment_is_held_and_then_stays() -> None:
    player = Player(MOMENTS)
    assert ticked(player, 0, 2.25, 4.24) == [0, 4, 4]
    assert player.playing
    assert ticked(player, 4.25, 99) == [4, 4]
    assert not player.playing


def test_positions_are_those_of_the_moments() -> None:
    player = Player([Moment(3, Fraction(1)), Moment(3.25, Fraction(1)), Moment(9, Fraction(1))])
    assert ticked(player, 0, 1, 2) == [3, 3.25, 9]


def test_a_late_tick_leaves_moments_out_and_the_rest_keep_their_times() -> None:
    player = Player(MOMENTS)
    assert ticked(player, 0, 1.8, 2.24, 2.25) == [0, 3, 3, 4]


def test_a_very_late_tick_ends_the_film() -> None:
    player = Player(MOMENTS)
    assert ticked(player, 0, 1000) == [0, 4]
    assert not player.playing


@settings(max_examples=80, deadline=None)
@given(
    durations=st.lists(st.integers(1, 8), min_size=1, max_size=10),
    times=st.lists(st.integers(0, 100), max_size=20).map(sorted),
)
def test_at_any_time_the_moment_that_is_due_is_shown(durations: list[int], times: list[int]) -> None:
    player = Player([Moment(number, Fraction(eighths, 8)) for number, eighths in enumerate(durations)])
    player.tick(0)
    for time in times:
        player.tick(time / 8)
        ended = [number for number in range(len(durations)) if sum(durations[: number + 1]) <= time]
        assert player.number == min(len(ended), len(durations) - 1)
        assert player.playing == (time < sum(durations))


def test_the_wait_ends_when_the_next_moment_is_due() -> None:
    player = Player(MOMENTS)
    player.tick(5)
    assert [player.wait(now) for now in (5, 5.25, 5.5, 7)] == [0.5, 0.25, 0, 0]
    player.tick(5.5)
    assert player.wait(5.5) == 0.25


def test_a_pause_takes_no_part_of_a_moment() -> None:
    player = Player(MOMENTS)
    ticked(player, 0, 0.5)
    player.toggle()
    assert not player.playing
    assert ticked(player, 0.6, 500) == [1, 1]
    player.toggle()
    assert player.playing
    assert ticked(player, 1000, 1000.24, 1000.25) == [1, 1, 2]


def test_a_player_may_start_paused() -> None:
    player = Player(MOMENTS, playing=False)
    assert ticked(player, 0, 100) == [0, 0]
    player.toggle()
    assert ticked(player, 100, 100.5) == [0, 1]


def test_a_step_pauses_and_goes_on_or_back() -> None:
    player = Player(MOMENTS)
    player.tick(0)
    player.step(2)
    assert not player.playing
    assert player.position == 2
    assert ticked(player, 50) == [2]
    player.step(-1)
    assert player.position == 1


def test_after_a_step_the_moment_is_played_in_full() -> None:
    player = Player(MOMENTS)
    ticked(player, 0, 0.4)
    player.step(1)
    player.toggle()
    assert ticked(player, 0.5, 0.74, 0.75) == [1, 1, 2]


@pytest.mark.parametrize(("by", "position"), [(-1, 0), (-100, 0), (5, 4), (100, 4)])
def test_a_step_stays_within_the_film(by: int, position: float) -> None:
    player = Player(MOMENTS)
    player.step(by)
    assert player.position == position


def test_home_and_end_pause_on_the_first_and_the_last_row() -> None:
    player = Player(MOMENTS)
    player.end()
    assert (player.position, player.playing) == (4, False)
    player.toggle()
    player.home()
    assert (player.position, player.playing) == (0, False)


def test_end_pauses_on_the_last_row_of_a_film_that_goes_back() -> None:
    player = Player(Timing(ease="linear", bounce=True).moments(4))
    player.end()
    assert (player.position, player.playing) == (3, False)
    player.step(1)
    assert player.position == 2.9


def test_a_step_of_a_tween_is_one_moment() -> None:
    player = Player(Timing(ease="linear").moments(3))
    player.step(1)
    assert player.position == 0.1
    player.end()
    player.step(-1)
    assert player.position == 1.9


def test_play_at_the_end_begins_again() -> None:
    player = Player(MOMENTS)
    ticked(player, 0, 1000)
    player.toggle()
    assert (player.position, player.playing) == (0, True)
    assert ticked(player, 2000, 2000.5) == [0, 1]


def test_pause_while_the_last_row_is_held_stays_on_it() -> None:
    player = Player(MOMENTS)
    ticked(player, 0, 2.25)
    player.toggle()
    assert (player.position, player.playing) == (4, False)


def test_a_film_of_one_moment_ends_and_plays_again() -> None:
    player = Player(MOMENTS[:1])
    assert ticked(player, 0, 0.4, 0.5) == [0, 0, 0]
    assert not player.playing
    player.toggle()
    assert player.playing


def test_faster_and_slower_change_the_durations() -> None:
    fast, slow = Player(MOMENTS), Player(MOMENTS)
    fast.faster()
    slow.slower()
    assert ticked(fast, 0, 0.24, 0.25, 0.375) == [0, 0, 1, 2]
    assert ticked(slow, 0, 0.99, 1, 1.49, 1.5) == [0, 0, 1, 1, 2]


def test_a_new_speed_counts_at_once() -> None:
    player = Player(MOMENTS)
    player.tick(0)
    player.faster()
    assert ticked(player, 0, 0.25) == [0, 1]
    player.slower()
    assert ticked(player, 0.25, 0.49, 0.5) == [1, 1, 2]


def test_the_speed_has_bounds_and_comes_back() -> None:
    player = Player(MOMENTS)
    for _ in range(9):
        player.faster()
    assert player.rate == 16
    for _ in range(20):
        player.slower()
    assert player.rate == 1 / 16
    for _ in range(4):
        player.faster()
    assert player.rate == 1


def test_a_change_of_speed_neither_plays_nor_pauses() -> None:
    player = Player(MOMENTS, playing=False)
    player.faster()
    player.slower()
    assert not player.playing
    player.toggle()
    player.faster()
    assert player.playing


@pytest.mark.parametrize(
    ("key", "position", "playing", "rate"),
    [
        (" ", 2, True, 1), ("right", 3, False, 1), ("enter", 3, False, 1), ("left", 1, False, 1),
        ("home", 0, False, 1), ("end", 4, False, 1), ("+", 2, False, 2), ("=", 2, False, 2), ("-", 2, False, 0.5),
    ],
)  # fmt: skip
def test_every_key_does_its_work(key: str, position: float, playing: bool, rate: float) -> None:
    player = Player(MOMENTS)
    player.step(2)
    keys: dict[str, Callable[[], None]] = player.keys()
    keys[key]()
    assert (player.position, player.playing, player.rate) == (position, playing, rate)


def test_the_time_of_a_moment_is_when_it_begins() -> None:
    player = Player(MOMENTS)
    assert player.time == (0, 4.25)
    ticked(player, 0, 0.8)
    assert player.time == (0.75, 4.25)
    follower = growing(6)
    assert follower.time == (5, 6)
    follower.renew(Steps(9, Fraction(1)), 0)
    assert follower.time == (8, 9)


def test_moments_that_pass_between_two_ticks_are_counted() -> None:
    player = Player(MOMENTS)
    ticked(player, 0, 0.5)
    assert player.left_out == 0
    ticked(player, 2.25)
    assert player.left_out == 2


def test_a_section_is_played_over_and_over_until_it_is_cleared() -> None:
    player = Player(MOMENTS, playing=False)
    player.step(1)
    player.mark_begin()
    player.step(1)
    player.mark_end()
    assert player.section == range(1, 3)
    player.toggle()
    assert ticked(player, 0, 1, 1.25, 2.25, 2.5) == [2, 1, 2, 1, 2]
    player.clear()
    assert player.section is None
    assert ticked(player, 3.5, 4) == [3, 4]


def test_a_section_has_one_mark_or_two_in_their_order() -> None:
    player = Player(MOMENTS, playing=False)
    player.step(3)
    player.mark_begin()
    assert player.section == range(3, 5), "to the end of the film"
    player.step(-2)
    player.mark_end()
    assert player.section == range(2), "an end before the beginning is that of another section"
    player.step(2)
    player.mark_begin()
    assert player.section == range(3, 5)


def test_outside_of_its_section_a_film_plays_until_it_comes_to_its_end() -> None:
    player = Player(MOMENTS, playing=False)
    player.step(2)
    player.mark_end()
    player.step(1)
    player.toggle()
    assert ticked(player, 0, 0.5, 2.5) == [3, 4, 4]
    assert not player.playing


def growing(rows: int, **how: bool) -> Player:
    return Player(Steps(rows, Fraction(1)), growing=True, **how)


def test_a_film_that_grows_shows_its_last_moment() -> None:
    player = growing(3)
    assert (player.position, player.following, player.playing) == (2, True, False)
    player.renew(Steps(7, Fraction(1)), 0)
    assert ticked(player, 0, 100) == [6, 6]


def test_back_in_time_it_stays_and_at_the_end_it_follows_again() -> None:
    player = growing(5)
    player.step(-1)
    assert not player.following
    player.renew(Steps(9, Fraction(1)), 0)
    assert player.position == 3
    player.end()
    player.renew(Steps(10, Fraction(1)), 0)
    assert (player.position, player.following) == (9, True)
    player.toggle()
    player.renew(Steps(12, Fraction(1)), 0)
    assert (player.position, player.following) == (9, False)
    player.toggle()
    assert ticked(player, 0, 1, 2, 3) == [9, 10, 11, 11]
    assert player.following


def test_moments_that_are_kept_no_longer_move_the_place_and_the_section() -> None:
    player = growing(10)
    player.seek(6)
    player.mark_end()
    player.step(-2)
    player.mark_begin()
    player.renew(Steps(10, Fraction(1)), 3)
    assert (player.position, player.section) == (1, range(1, 4))
    player.renew(Steps(10, Fraction(1)), 5)
    assert (player.position, player.section) == (0, range(1))


def test_another_film_in_its_place_is_followed_from_its_end() -> None:
    player = growing(10)
    player.home()
    player.mark_begin()
    player.begin(Steps(2, Fraction(1)))
    assert (player.position, player.following, player.section) == (1, True, None)


def test_one_that_is_to_be_stepped_through_does_not_follow() -> None:
    player = growing(10, playing=False)
    player.renew(Steps(20, Fraction(1)), 0)
    assert (player.position, player.following, player.playing) == (0, False, False)


def test_steps_are_made_when_they_are_asked_for() -> None:
    steps = Steps(10**12, Fraction(1, 2))
    assert (len(steps), steps[-1], steps[3:5]) == (
        10**12,
        Moment(10**12 - 1, Fraction(1, 2)),
        [Moment(3, Fraction(1, 2)), Moment(4, Fraction(1, 2))],
    )


def test_every_key_that_is_listed_does_something() -> None:
    assert set(Player(MOMENTS).keys()) == {name for key in KEYS for name in key.names}
