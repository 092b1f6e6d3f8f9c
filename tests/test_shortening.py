"""Long names in few characters: what differs still does."""

from __future__ import annotations

from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from liveplot_cli.drawing.shortening import shortened, shortened_apart

WEIGHTS = [
    "encoder.layers.0.self_attn.k_proj.weight",
    "encoder.layers.0.self_attn.q_proj.weight",
    "encoder.layers.1.self_attn.k_proj.weight",
]
WORDS = st.lists(st.sampled_from(["encoder", "layers", "attn", "0", "1", "10", "weight", "x" * 30]), min_size=1)
NAMES = st.one_of(WORDS.map(".".join), st.text("ab. ", max_size=60))


def test_names_that_differ_in_the_middle_are_left_with_it() -> None:
    assert shortened_apart(WEIGHTS, 24) == ["…0.self_attn.k_proj…", "…0.self_attn.q_proj…", "…1.self_attn.k_proj…"]
    assert shortened_apart(WEIGHTS, 30)[0] == "…0.self_attn.k_proj.weight"
    assert shortened_apart(WEIGHTS, 40) == WEIGHTS


def test_names_that_differ_at_several_places_are_shortened_between_them() -> None:
    names = [name.replace("weight", end) for name in WEIGHTS for end in ("weight", "bias")]
    assert shortened_apart(names, 24)[:2] == ["…0.se…attn.k_proj.weight", "…0.self_attn.k_proj.bias"]
    assert len(set(shortened_apart([*names, "loss"], 24))) == 7


def test_names_that_stay_apart_lose_their_middles() -> None:
    names = ["one name that is too long for a legend", "another name that is as long as that", "short"]
    assert shortened_apart(names, 24) == [shortened(name, 24) for name in names]


def test_names_that_are_the_same_stay_so() -> None:
    assert shortened_apart([], 24) == []
    assert shortened_apart(["x" * 50] * 2, 24) == [shortened("x" * 50, 24)] * 2


def test_what_differs_at_too_many_places_has_numbers() -> None:
    names = [("x" * 30).join(["", *places, ""]) for places in product("12", repeat=4)]
    short = shortened_apart(names, 16)
    assert len(set(short)) == len(names)
    assert short[0].endswith(" #1")


@given(st.lists(NAMES, max_size=12), st.integers(16, 40))
def test_names_are_short_and_as_different_as_they_were(names: list[str], longest: int) -> None:
    short = shortened_apart(names, longest)
    assert all(len(name) <= longest for name in short)
    assert len(set(zip(names, short, strict=True))) == len(set(names)) == len(set(short))
