from __future__ import annotations

import dataclasses
from fractions import Fraction

import numpy as np
import pytest

from liveplot_cli.errors import (
    DataError,
    LiveplotError,
    MissingError,
    OutputError,
    UsageError,
    quoted,
)
from liveplot_cli.option import build, option, options_of, refuse_unused
from liveplot_cli.readers.csv import Csv
from liveplot_cli.readers.npy import Npy
from liveplot_cli.selection import Selection
from liveplot_cli.timing import Timing


def even(text: str) -> int:
    number = int(text)
    if number % 2:
        raise ValueError(f"{text} is odd")
    return number


@dataclasses.dataclass(frozen=True)
class Hat:
    size: int = option(4, "--size", group="Hats", help="How large.", metavar="N", parse=even)
    feather: bool = option(False, "--feather", group="Hats", help="Whether.", shown="")
    label: str | None = option(None, "-l", "--label", group="Hats", help="What it says.", parse=str, shown="blank")
    inside: int = 7


@dataclasses.dataclass(frozen=True)
class Coat:
    size: int = option(2, "--size", group="Coats", help="How long.", parse=even)
    lining: str = option("silk", "--lining", group="Coats", help="Of what.", parse=str)


@dataclasses.dataclass(frozen=True)
class Cape:
    lining: str = option("wool", "--lining", group="Capes", help="Of what.", parse=str)


def test_options_are_listed_in_order_with_what_they_say() -> None:
    options = options_of(Hat)
    assert list(options) == ["size", "feather", "label"]
    assert options["label"].flags == ("-l", "--label")
    assert (options["size"].help, options["size"].group, options["size"].metavar) == ("How large.", "Hats", "N")
    assert [described.default for described in options.values()] == ["4", "", "blank"]


@pytest.mark.parametrize("size", ["8", 8])
def test_text_and_numbers_are_parsed(size: object) -> None:
    assert build(Hat, {"size": size}) == Hat(size=8)


@pytest.mark.parametrize(("size", "sentence"), [("9", "size: 9 is odd"), (9, "size: 9 is odd")])
def test_a_value_that_cannot_be_taken_is_refused_with_its_option(size: object, sentence: str) -> None:
    with pytest.raises(UsageError) as caught:
        build(Hat, {"size": size})
    assert caught.value.sentence == sentence
    assert caught.value.exit_code == 2


def test_what_is_not_given_keeps_its_default() -> None:
    assert build(Hat, {}) == Hat(size=4, feather=False, label=None)


def test_what_belongs_to_others_is_left_to_them() -> None:
    given = {"size": "8", "lining": "fur", "inside": 9}
    assert build(Hat, given) == Hat(size=8)
    assert build(Coat, given) == Coat(size=8, lining="fur")


def test_yes_no_and_ready_values_are_taken_as_they_are() -> None:
    assert build(Hat, {"feather": True, "label": None}) == Hat(feather=True, label=None)
    assert build(Selection, {"rows": slice(3), "columns": ("a", "b")}) == Selection(rows=slice(3), columns=("a", "b"))
    assert build(Timing, {"fps": Fraction(30000, 1001)}).fps == Fraction(30000, 1001)


@pytest.mark.parametrize(
    ("cls", "given", "expected"),
    [
        pytest.param(Timing, {"fps": "29.97"}, Timing(fps=Fraction(2997, 100)), id="text to fraction"),
        pytest.param(Timing, {"fps": 29.97}, Timing(fps=Fraction(2997, 100)), id="float as it is written"),
        pytest.param(Timing, {"hold": "2s"}, Timing(hold=Fraction(2)), id="unit"),
        pytest.param(Selection, {"rows": "1:9"}, Selection(rows=slice(1, 9)), id="rows"),
        pytest.param(Selection, {"columns": "a,b"}, Selection(columns=("a", "b")), id="columns"),
        pytest.param(Selection, {"columns": 2, "index": 0}, Selection(columns=("2",), index="0"), id="numbers"),
        pytest.param(Csv, {"delimiter": "tab", "header": False}, Csv(delimiter="\t", header=False), id="csv"),
    ],
)
def test_real_options_are_built(cls: type, given: dict[str, object], expected: object) -> None:
    assert build(cls, given) == expected


@pytest.mark.parametrize(
    ("cls", "given", "sentence"),
    [
        (Timing, {"fps": "fast"}, "fps: 'fast' is not a number"),
        (Selection, {"rows": "5"}, "rows: '5' is not a slice of rows such as 100:200, ::10 or -50:"),
        (Selection, {"rows": 5}, "rows: '5' is not a slice of rows such as 100:200, ::10 or -50:"),
        (Selection, {"every": 0}, "every: '0' is not a whole number from 1 on"),
        (Selection, {"every": 1.5}, "every: '1.5' is not a whole number from 1 on"),
        (Selection, {"columns": " , "}, "columns: names no column"),
        (Csv, {"delimiter": "comma"}, "delimiter: 'comma' is not one character, tab or space"),
    ],
)
def test_real_options_are_refused_with_a_sentence(cls: type, given: dict[str, object], sentence: str) -> None:
    with pytest.raises(UsageError) as caught:
        build(cls, given)
    assert caught.value.sentence == sentence


@pytest.mark.parametrize(
    ("cls", "given", "sentence"),
    [
        (Timing, {"fps": Fraction(0)}, "fps: 0 is not above zero"),
        (Timing, {"hold": Fraction(-1, 2)}, "hold: -1/2 is below zero"),
        (Timing, {"fps": np.int64(0)}, "fps: 0 is not above zero"),
        (Selection, {"every": True}, "every: 'True' is not a whole number from 1 on"),
    ],
)
def test_numbers_of_any_type_are_parsed(cls: type, given: dict[str, object], sentence: str) -> None:
    with pytest.raises(UsageError) as caught:
        build(cls, given)
    assert caught.value.sentence == sentence


def test_numbers_of_numpy_become_exact_fractions() -> None:
    assert build(Timing, {"fps": np.int64(20), "hold": np.float32(0.5)}) == Timing(
        fps=Fraction(20), hold=Fraction(1, 2)
    )


def test_an_option_in_use_is_not_refused() -> None:
    refuse_unused(["size", "lining"], [Hat, Coat], [Hat, Coat, Cape])
    refuse_unused([], [], [])


@pytest.mark.parametrize(
    ("given", "used", "sentence"),
    [
        pytest.param(
            ["feather"], [Coat], "the option 'feather' belongs to hat, which is not used here", id="one owner"
        ),
        pytest.param(
            ["lining"], [Hat], "the option 'lining' belongs to coat and cape, which are not used here", id="two owners"
        ),
        pytest.param(["colour"], [Hat, Coat], "there is no option 'colour'", id="unknown"),
        pytest.param(["inside"], [Hat], "there is no option 'inside'", id="field that is no option"),
        pytest.param(["size", "colour"], [Hat], "there is no option 'colour'", id="behind a good one"),
    ],
)
def test_an_unused_option_is_refused_and_its_owner_named(given: list[str], used: list[type], sentence: str) -> None:
    with pytest.raises(UsageError) as caught:
        refuse_unused(given, used, [Hat, Coat, Cape])
    assert caught.value.sentence == sentence


def test_the_readers_options_name_their_reader() -> None:
    with pytest.raises(UsageError, match=r"^the option 'header' belongs to csv, which is not used here$"):
        refuse_unused({"header": True}, [Npy, Selection], [Csv, Npy, Selection])


def test_each_error_has_an_exit_code_of_its_own() -> None:
    kinds = [LiveplotError, UsageError, DataError, OutputError, MissingError]
    assert [kind.exit_code for kind in kinds] == [1, 2, 3, 4, 5]
    assert all(issubclass(kind, LiveplotError) for kind in kinds)


def test_an_error_says_its_sentence_and_its_cure() -> None:
    assert str(DataError("x is wrong")) == "x is wrong"
    assert str(DataError("x is wrong", cure=("columns", "a,b"))) == "x is wrong; try columns='a,b'"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("loss", "'loss'"),
        ("a\x1b[31m\n\u202e", "'a\\x1b[31m\\n\\u202e'"),
        ("x" * 60, "'" + "x" * 60 + "'"),
        ("x" * 61, "'" + "x" * 59 + "…'"),
        (7, "'7'"),
    ],
    ids=["plain", "control characters", "as long as it may be", "too long", "number"],
)
def test_untrusted_text_is_quoted_escaped_and_shortened(text: object, shown: str) -> None:
    assert quoted(text) == shown
