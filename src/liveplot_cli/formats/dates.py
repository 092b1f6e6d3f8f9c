"""Words that are dates: which ones are, which ones only look like it, and the instants they mean."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

_CLOCK = r"[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6})?)?(?:Z| ?[+-][0-9]{2}(?::?[0-9]{2})?)?"
_DATE = re.compile(
    rf"[0-9]{{4}}-[0-9]{{2}}(?:-[0-9]{{2}}(?:{_CLOCK})?)?|[0-9]{{4}}/[0-9]{{1,2}}/[0-9]{{1,2}}(?:{_CLOCK})?"
)
_UNLIKE_NUMPY = re.compile(r"[/+]|:.*-").search
_UP_TO_MINUTES = len("2024-01-31 23:59")
_ZONE = re.compile(r"Z| ?([+-])([0-9]{2}):?([0-9]{2})?")

# A day and a month in either order, which nobody can tell apart, and a clock without a day. A version is none: 1.0.12.
_DAY = r"(?:0?[1-9]|[12][0-9]|3[01])"
_TIME = r"[0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:[.,][0-9]+)?)?"
_ALMOST = re.compile(
    rf"(?:{_DAY}([./-]){_DAY}\1(?:[0-9]{{4}}|[0-9]{{2}})|[0-9]{{4}}([./-]){_DAY}\2{_DAY})(?:[T ]{_TIME})?|{_TIME}"
)


def is_date(word: str) -> bool:
    """Whether a word is written like a date: year, month and day, perhaps with a clock and its distance from UTC."""
    return _DATE.fullmatch(word) is not None


def are_dates(words: Iterable[str]) -> bool:
    """Whether all words are written like dates."""
    return all(map(_DATE.fullmatch, words))


def look_like_dates(words: Iterable[str]) -> bool:
    """Whether a person would take all words for dates or times, though some are written in a way that is not read."""
    return all(_ALMOST.fullmatch(word) or _DATE.fullmatch(word) for word in words)


def instants(words: Sequence[str]) -> NDArray[Any]:
    """What dates mean in UTC, shape (words,), datetime64; raises `ValueError` for one that there is not."""
    if not any(map(_UNLIKE_NUMPY, words)):
        return np.array([word.removesuffix("Z") for word in words], "M8[us]")
    clocks, minutes = zip(*map(_clock, words), strict=True)
    found: NDArray[Any] = np.array(clocks, "M8[us]") - np.array(minutes, "m8[m]")
    return found


def is_real(word: str) -> bool:
    """Whether there is the date that a word is written like."""
    try:
        instants([word])
    except ValueError:
        return False
    return True


def _clock(word: str) -> tuple[str, int]:
    """A date as its own clock shows it, in numpy's form, and how many minutes that clock is ahead of UTC."""
    if "/" in word:
        year, month, day = word.split("/")
        day, *clock = re.split("(?=[T ])", day, maxsplit=1)
        word = "".join([f"{year}-{month:0>2}-{day:0>2}", *clock])
    if len(word) <= _UP_TO_MINUTES:
        return word, 0
    zone = _ZONE.search(word, _UP_TO_MINUTES)
    if zone is None:
        return word, 0
    ahead, hours, minutes = zone[1], int(zone[2] or 0), int(zone[3] or 0)
    if hours > 23 or minutes > 59:
        raise ValueError(f"no clock is {zone[0]} ahead of UTC")
    return word[: zone.start()], (hours * 60 + minutes) * (-1 if ahead == "-" else 1)
