"""Values written with as few figures as tell them apart."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from liveplot_cli.drawing.notation import Notation

NAN = float("nan")
VALUES = st.lists(st.floats(-1e15, 1e15) | st.just(0.0) | st.just(NAN), min_size=1, max_size=12)


@given(VALUES, st.floats(0.1, 40))
def test_any_values_are_written(values: list[float], letters: float) -> None:
    notation = Notation(np.array([values]), letters)
    for value in values:
        if not np.isnan(value):
            number, _, suffix = notation.written(value).partition(" ")
            read = float(number.replace(",", "").replace("\N{MINUS SIGN}", "-")) * {"": 1}.get(suffix, notation.unit)
            assert read == pytest.approx(value, rel=0.006, abs=0.006 * max(1e-4, np.nanmax(np.abs(values))))


@pytest.mark.parametrize("values", [[0.0, 0.0], [NAN, NAN]])
def test_nothing_is_written_in_no_millions_however_little_room_there_is(values: list[float]) -> None:
    assert Notation(np.array([values]), letters=0.1).widest == "0"


@pytest.mark.parametrize(
    ("value", "letters", "written", "tick"),
    [
        (2.5e12, 8, "2,500 B", "2,500 B"),
        (25e12, 8, "25 T", "25 T"),
        (-4e7, 8, "\N{MINUS SIGN}40 M", "\N{MINUS SIGN}40 M"),
        (4e7, 20, "40,000,000", "40,000,000"),
    ],
)
def test_a_unit_leaves_two_figures_at_least(value: float, letters: float, written: str, tick: str) -> None:
    notation = Notation(np.array([[value]]), letters)
    assert notation.written(value) == written
    assert notation.of_tick(value) == tick
    assert notation.of_tick(0) == "0"
