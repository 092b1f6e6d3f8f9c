from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from itertools import accumulate, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from liveplot_cli.easing import CURVES
from liveplot_cli.errors import UsageError
from liveplot_cli.option import build
from liveplot_cli.timing import Moment, Timing, fraction, nearest, positive, rate, seconds, ticks

ROWS = st.integers(1, 120)
RATES = st.one_of(
    st.sampled_from([Fraction(20), Fraction(25), Fraction(50), Fraction(30000, 1001), Fraction("29.97"), Fraction(1)]),
    st.fractions(Fraction(1, 1000), 10000, max_denominator=100_000),
)
SECONDS = st.fractions(0, 1000, max_denominator=10_000)


def hold_to_the_promises(timing: Timing, rows: int, wanted: Fraction) -> None:
    """Check a timing's moments against all that is promised; `wanted` is how long the rows shall take, holds aside."""
    moments = timing.moments(rows)
    positions = [moment.position for moment in moments]
    durations = [*(moment.duration for moment in moments[:-1]), moments[-1].duration - timing.hold]
    assert len(set(durations)) == 1, "every row is shown for as long as any other"
    assert sum(durations) == max(wanted, 1 / timing.fps)
    frames = nearest(sum(durations) * timing.fps)
    assert len(moments) == min(frames, rows)
    assert positions[-1] == rows - 1
    assert positions[0] == 0 or len(moments) == 1
    assert all(before < after for before, after in pairwise(positions))
    if 1 < frames < rows:
        step = Fraction(rows - 1, frames - 1)
        assert all(abs(position - frame * step) <= Fraction(1, 2) for frame, position in enumerate(positions))
    counts = ticks([moment.duration for moment in moments], timing.fps)
    assert min(counts) >= 1, "every moment is at least one frame of a film at that rate"


@settings(max_examples=60, deadline=None)
@given(rows=ROWS, fps=RATES, hold=SECONDS)
def test_without_a_speed_each_row_is_one_frame(rows: int, fps: Fraction, hold: Fraction) -> None:
    timing = Timing(fps=fps, hold=hold)
    assert [moment.position for moment in timing.moments(rows)] == list(range(rows))
    hold_to_the_promises(timing, rows, rows / fps)


@settings(max_examples=60, deadline=None)
@given(rows=ROWS, fps=RATES, speed=RATES, hold=SECONDS)
def test_a_speed_is_kept_exactly(rows: int, fps: Fraction, speed: Fraction, hold: Fraction) -> None:
    hold_to_the_promises(Timing(fps=fps, speed=speed, hold=hold), rows, rows / speed)


@settings(max_examples=60, deadline=None)
@given(rows=ROWS, fps=RATES, duration=SECONDS.filter(bool), hold=SECONDS)
def test_a_duration_is_kept_exactly_holds_included(
    rows: int, fps: Fraction, duration: Fraction, hold: Fraction
) -> None:
    timing = Timing(fps=fps, duration=duration + hold, hold=hold)
    hold_to_the_promises(timing, rows, duration)


@pytest.mark.parametrize("fps", ["20", "24", "25", "29.97", "30000/1001", "50", "60", "12.5"])
@pytest.mark.parametrize("rows", [1, 2, 7, 100, 999])
def test_a_speed_of_the_frame_rate_shows_each_row_once(fps: str, rows: int) -> None:
    number = Fraction(fps)
    assert Timing(fps=number, speed=number).moments(rows) == [Moment(row, 1 / number) for row in range(rows)]


@pytest.mark.parametrize(
    ("options", "rows", "moments"),
    [
        pytest.param({}, 3, [(0, "1/20"), (1, "1/20"), (2, "1/20")], id="a frame a row"),
        pytest.param({}, 1, [(0, "1/20")], id="one row"),
        pytest.param({"hold": "1.01s"}, 2, [(0, "1/20"), (1, "53/50")], id="the last row holds"),
        pytest.param({"fps": 10, "speed": 5}, 2, [(0, "1/5"), (1, "1/5")], id="half as fast"),
        pytest.param({"fps": 10, "speed": 20}, 5, [(0, "1/12"), (2, "1/12"), (4, "1/12")], id="twice as fast"),
        pytest.param(
            {"fps": 10, "speed": 4}, 3, [(0, "1/4"), (1, "1/4"), (2, "1/4")], id="two and a half frames a row"
        ),
        pytest.param({"fps": 10, "speed": 7.5}, 3, [(0, "2/15"), (1, "2/15"), (2, "2/15")], id="a frame to spare"),
        pytest.param({"fps": 10, "duration": 1}, 2, [(0, "1/2"), (1, "1/2")], id="duration"),
        pytest.param({"fps": 10, "duration": 1, "hold": 0.5}, 1, [(0, "1")], id="duration with hold"),
        pytest.param({"fps": 10, "duration": 0.01}, 9, [(8, "1/10")], id="one frame shows the last row"),
        pytest.param({"fps": "30000/1001"}, 2, [(0, "1001/30000"), (1, "1001/30000")], id="NTSC"),
    ],
)
def test_moments_by_example(options: dict[str, object], rows: int, moments: list[tuple[int, str]]) -> None:
    expected = [Moment(position, Fraction(duration)) for position, duration in moments]
    assert build(Timing, options).moments(rows) == expected


def test_fewer_frames_than_rows_are_spread_evenly_from_first_to_last() -> None:
    moments = Timing(fps=Fraction(1), duration=Fraction(5)).moments(101)
    assert [moment.position for moment in moments] == [0, 25, 50, 75, 100]


def there_and_back(moments: list[Moment], *, bounce: bool) -> tuple[list[float], list[float]]:
    """The positions on the way to the last row, and on the way back."""
    positions = [moment.position for moment in moments]
    turn = len(positions) // 2 if bounce else len(positions) - 1
    return positions[: turn + 1], positions[turn + 1 :]


TIMINGS = st.builds(
    Timing,
    fps=st.sampled_from([Fraction(20), Fraction(10), Fraction(30000, 1001)]),
    speed=st.one_of(st.none(), st.fractions(Fraction(1, 2), 100, max_denominator=50)),
    ease=st.sampled_from([None, "step", *CURVES]),
    hold=st.sampled_from([Fraction(0), Fraction(1, 3), Fraction(2)]),
    hold_start=st.sampled_from([Fraction(0), Fraction(5, 7)]),
    bounce=st.booleans(),
)


@settings(max_examples=150, deadline=None)
@given(timing=TIMINGS, rows=st.integers(1, 40), duration=st.one_of(st.none(), SECONDS.filter(lambda s: 0 < s < 20)))
def test_any_timing_keeps_its_promises(timing: Timing, rows: int, duration: Fraction | None) -> None:
    holds = timing.hold + timing.hold_start
    if duration is not None:
        timing = replace(timing, speed=None, duration=duration + holds)
    moments = timing.moments(rows)
    tweened = timing.ease not in (None, "step")
    slots = 2 * rows - 2 if timing.bounce and rows > 1 else rows
    wanted = duration or slots / (timing.speed or timing.fps / (10 if tweened else 1))
    assert sum(moment.duration for moment in moments) == max(wanted, 1 / timing.fps) + holds
    assert len(moments) <= timing.frames(rows)
    assert len(moments) == timing.frames(rows) or tweened
    there, back = there_and_back(moments, bounce=timing.bounce)
    assert there[-1] == rows - 1
    assert there[0] == 0 or len(moments) == 1
    assert all(before < after for before, after in pairwise(there))
    assert back == there[-2:0:-1] * timing.bounce
    assert all(math.floor(position) == position for position in there) or tweened
    # Without the holds, the way back takes for each position what the way there took.
    plain = [moment.duration for moment in moments]
    plain[0] -= timing.hold_start
    plain[len(there) - 1] -= timing.hold
    assert plain[len(there) :] == plain[len(there) - 2 : 0 : -1] * timing.bounce
    assert min(ticks(plain, timing.fps)) >= 1


@pytest.mark.parametrize("name", CURVES)
@settings(max_examples=60, deadline=None)
@given(rows=ROWS, fps=RATES, slower=st.fractions(1, 20, max_denominator=60))
def test_between_rows_a_tween_is_where_its_ease_says(name: str, rows: int, fps: Fraction, slower: Fraction) -> None:
    timing = Timing(fps=fps, speed=fps / slower, ease=name)
    moments = timing.moments(rows)
    total = sum(moment.duration for moment in moments)
    assert total == rows * slower / fps
    elapsed = Fraction(0)
    for moment in moments:
        row, part = divmod(elapsed * rows / total, 1)
        expected = min(row + CURVES[name](float(part)), rows - 1)
        assert moment.position == pytest.approx(expected, abs=1e-9)
        elapsed += moment.duration
    assert moments[-1].duration >= total / rows - 1 / fps, "the last row stays for its time"


@settings(max_examples=60, deadline=None)
@given(rows=ROWS, fps=RATES, each=st.integers(1, 12), name=st.sampled_from([*CURVES]), bounce=st.booleans())
def test_a_tween_of_whole_frames_a_row_hits_every_row(
    rows: int, fps: Fraction, each: int, name: str, bounce: bool
) -> None:
    timing = Timing(fps=fps, speed=fps / each, ease=name, bounce=bounce)
    there, _ = there_and_back(timing.moments(rows), bounce=bounce)
    assert [position for position in there if position == math.floor(position)] == list(range(rows))


@pytest.mark.parametrize("name", CURVES)
def test_a_tween_without_a_speed_takes_ten_frames_from_row_to_row(name: str) -> None:
    moments = Timing(ease=name).moments(3)
    expected = [row + CURVES[name](part / 10) for row in (0, 1) for part in range(10)]
    assert [moment.position for moment in moments] == pytest.approx([*expected, 2])
    assert [moment.duration for moment in moments] == [Fraction(1, 20)] * 20 + [Fraction(10, 20)]


@pytest.mark.parametrize(
    ("options", "rows", "moments"),
    [
        pytest.param({"bounce": True}, 4, [(0, 1), (1, 1), (2, 1), (3, 1), (2, 1), (1, 1)], id="there and back"),
        pytest.param({"bounce": True}, 2, [(0, 1), (1, 1)], id="two rows"),
        pytest.param({"bounce": True}, 1, [(0, 1)], id="one row"),
        pytest.param(
            {"bounce": True, "hold": 3, "hold_start": 5}, 3, [(0, 6), (1, 1), (2, 4), (1, 1)], id="holds at the turns"
        ),
        pytest.param({"hold": 3, "hold_start": 5}, 1, [(0, 9)], id="one row holds twice"),
        pytest.param({"hold_start": "2s"}, 2, [(0, 3), (1, 1)], id="the first row holds"),
        pytest.param(
            {"bounce": True, "duration": 10, "hold": 1, "hold_start": 3}, 3,
            [(0, "9/2"), (1, "3/2"), (2, "5/2"), (1, "3/2")], id="a duration holds all",
        ),
        pytest.param({"bounce": True, "duration": 4}, 9, [(0, 1), (4, 1), (8, 1), (4, 1)], id="fewer frames than rows"),
        pytest.param({"bounce": True, "duration": 3}, 9, [(0, "3/2"), (8, "3/2")], id="frames that are odd"),
        pytest.param({"bounce": True, "duration": 1}, 9, [(8, 1)], id="one frame"),
        pytest.param({"ease": "linear", "speed": 0.5}, 3, [(0, 1), (0.5, 1), (1, 1), (1.5, 1), (2, 2)], id="linear"),
        pytest.param(
            {"ease": "linear", "speed": 0.5, "bounce": True}, 3,
            [(0, 1), (0.5, 1), (1, 1), (1.5, 1), (2, 1), (1.5, 1), (1, 1), (0.5, 1)], id="linear and back",
        ),
        pytest.param({"ease": "linear", "speed": 2}, 5, [(0, "5/6"), (2, "5/6"), (4, "5/6")], id="linear and fast"),
        pytest.param({"ease": "linear", "duration": 3}, 1, [(0, 3)], id="linear and one row"),
        pytest.param({"ease": "step", "speed": 0.5}, 2, [(0, 2), (1, 2)], id="steps by name"),
    ],
)  # fmt: skip
def test_eases_and_bounces_by_example(
    options: dict[str, object], rows: int, moments: list[tuple[float, int | str]]
) -> None:
    expected = [Moment(position, Fraction(duration)) for position, duration in moments]
    assert build(Timing, {"fps": 1, **options}).moments(rows) == expected


@settings(max_examples=80, deadline=None)
@given(
    durations=st.lists(st.fractions(0, 10, max_denominator=1001), max_size=60),
    per_second=st.one_of(st.sampled_from([Fraction(100), Fraction(1000), Fraction(30000, 1001)]), RATES),
)
def test_ticks_gather_no_error(durations: list[Fraction], per_second: Fraction) -> None:
    counts = ticks(durations, per_second)
    assert len(counts) == len(durations)
    assert all(isinstance(count, int) and count >= 0 for count in counts)
    for ticked, elapsed in zip(accumulate(counts), accumulate(durations), strict=True):
        assert abs(ticked - elapsed * per_second) <= Fraction(1, 2)


@pytest.mark.parametrize(
    ("durations", "per_second", "counts"),
    [
        pytest.param(["1/30"] * 6, 100, [3, 4, 3, 3, 4, 3], id="thirty a second in hundredths"),
        pytest.param(["1/300"] * 3, 100, [0, 1, 0], id="less than a tick"),
        pytest.param(["1/20"] * 3, 100, [5, 5, 5], id="whole ticks"),
        pytest.param(["1/200"] * 4, 100, [1, 0, 1, 0], id="half a tick rounds up"),
        pytest.param([], 100, [], id="nothing"),
    ],
)
def test_ticks_by_example(durations: list[str], per_second: int, counts: list[int]) -> None:
    assert ticks([Fraction(duration) for duration in durations], Fraction(per_second)) == counts


@pytest.mark.parametrize(
    ("parse", "text", "number"),
    [
        (fraction, "-1/3", Fraction(-1, 3)),
        (fraction, " 1e-3 ", Fraction(1, 1000)),
        (positive, "0.1", Fraction(1, 10)),
        (rate, "20", Fraction(20)),
        (rate, "29.97", Fraction(2997, 100)),
        (rate, "30000/1001", Fraction(30000, 1001)),
        (rate, "0.001", Fraction(1, 1000)),
        (rate, "1e4", Fraction(10000)),
        (seconds, "0", Fraction(0)),
        (seconds, "2s", Fraction(2)),
        (seconds, " 1.5 s ", Fraction(3, 2)),
    ],
)
def test_numbers_are_read_exactly(parse: Callable[[str], Fraction], text: str, number: Fraction) -> None:
    assert parse(text) == number


def test_a_rate_fits_what_video_files_have_for_it() -> None:
    assert rate("0.3333333333333333333") == Fraction(1, 3)
    assert rate("9999.99999999").numerator < 2**32
    assert rate("16.66666666666666").denominator <= 100_000


@pytest.mark.parametrize("parse", [fraction, positive, rate, seconds])
@pytest.mark.parametrize(
    "text", ["nan", "inf", "-inf", "Infinity", "", " ", "fast", "1/0", "1,5", "0x10", "2 3", "2ss", "1e999999999"]
)
def test_what_is_no_number_is_refused(parse: Callable[[str], Fraction], text: str) -> None:
    with pytest.raises(ValueError, match="is not a number"):
        parse(text)


@pytest.mark.parametrize(
    ("parse", "text", "sentence"),
    [
        (positive, "0", "0 is not above zero"),
        (positive, "-0.5", "-0.5 is not above zero"),
        (rate, "0", "0 is not above zero"),
        (rate, "-20", "-20 is not above zero"),
        (rate, "0.00099", "0.00099 is not between 0.001 and 10000"),
        (rate, "10000.01", "10000.01 is not between 0.001 and 10000"),
        (rate, "1e300", "1e300 is not between 0.001 and 10000"),
        (seconds, "-1", "-1 is below zero"),
        (seconds, "-1s", "-1s is below zero"),
    ],
)
def test_a_number_out_of_range_is_refused(parse: Callable[[str], Fraction], text: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=f"^{sentence}$"):
        parse(text)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        pytest.param(
            {"speed": 2, "duration": 3}, "speed and duration contradict one another; give one of them", id="both"
        ),
        pytest.param(
            {"duration": 3, "hold": 3},
            "the hold leaves no time for the rows; make the duration longer than it",
            id="hold as long",
        ),
        pytest.param(
            {"duration": 3, "hold": "4s"},
            "the hold leaves no time for the rows; make the duration longer than it",
            id="hold longer",
        ),
        pytest.param(
            {"duration": 3, "hold": 1, "hold_start": 2},
            "the holds leave no time for the rows; make the duration longer than them together",
            id="both holds",
        ),
        pytest.param(
            {"duration": 3, "hold_start": 3},
            "the hold leaves no time for the rows; make the duration longer than it",
            id="hold at the start",
        ),
        pytest.param({"ease": "bouncy"}, "ease: 'bouncy' is none of step, linear,", id="ease"),
        pytest.param({"pace": "slow"}, "pace: 'slow' is none of even, change", id="pace"),
        pytest.param({"hold_start": "-1"}, "hold_start: -1 is below zero", id="negative hold at the start"),
        pytest.param({"fps": float("nan")}, "fps: 'nan' is not a number", id="nan"),
        pytest.param({"speed": float("inf")}, "speed: 'inf' is not a number", id="inf"),
        pytest.param({"fps": 0}, "fps: 0 is not above zero", id="zero"),
        pytest.param({"hold": -1}, "hold: -1 is below zero", id="negative hold"),
        pytest.param({"duration": "long"}, "duration: 'long' is not a number", id="word"),
    ],
)
def test_a_timing_that_makes_no_sense_is_refused(options: dict[str, object], sentence: str) -> None:
    with pytest.raises(UsageError) as caught:
        build(Timing, options)
    assert caught.value.sentence.startswith(sentence)
    assert caught.value.exit_code == 2
