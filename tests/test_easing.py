from __future__ import annotations

import math
import pickle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from liveplot_cli.easing import CURVES, NAMES, ease

PARTS = st.floats(0, 1)
EACH_CURVE = pytest.mark.parametrize("name", CURVES)


@EACH_CURVE
def test_a_curve_goes_all_the_way_and_no_farther(name: str) -> None:
    assert (CURVES[name](0.0), CURVES[name](1.0)) == (0, 1)


@EACH_CURVE
@settings(max_examples=200, deadline=None)
@given(parts=st.tuples(PARTS, PARTS).map(sorted))
def test_a_curve_never_goes_back_nor_beyond_its_ends(name: str, parts: list[float]) -> None:
    before, after = (CURVES[name](part) for part in parts)
    assert 0 <= before <= after <= 1


@settings(max_examples=100, deadline=None)
@given(part=PARTS)
def test_in_and_out_are_one_curve_turned_round(part: float) -> None:
    assert CURVES["ease-out"](part) == pytest.approx(1 - CURVES["ease-in"](1 - part), abs=1e-15)
    for name in ("linear", "ease-in-out", "sine-in-out", "expo-in-out"):
        assert CURVES[name](1 - part) == pytest.approx(1 - CURVES[name](part), abs=1e-12)


@pytest.mark.parametrize(
    ("name", "quarter"),
    [
        ("linear", 1 / 4),
        ("ease-in", 1 / 64),
        ("ease-out", 37 / 64),
        ("ease-in-out", 1 / 16),
        ("sine-in-out", (1 - math.cos(math.pi / 4)) / 2),
        ("expo-in-out", 31 / 2046),
    ],
)
def test_where_a_curve_is_after_a_quarter_of_the_time(name: str, quarter: float) -> None:
    assert CURVES[name](0.25) == pytest.approx(quarter, rel=1e-12)


def test_every_curve_is_tested_by_value() -> None:
    assert NAMES == ("step", "linear", "ease-in", "ease-out", "ease-in-out", "sine-in-out", "expo-in-out")


@pytest.mark.parametrize("name", NAMES)
def test_an_ease_is_named_and_its_name_travels(name: str) -> None:
    assert pickle.loads(pickle.dumps(ease(name))) == name


@pytest.mark.parametrize("text", ["", "Linear", "ease", "bounce", "cubic", "none"])
def test_an_ease_that_there_is_not_is_refused_with_those_there_are(text: str) -> None:
    with pytest.raises(ValueError, match=f"^'{text}' is none of step, linear, ease-in, .*, expo-in-out$"):
        ease(text)
