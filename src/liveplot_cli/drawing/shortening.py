"""Long names in few characters: what is left of several of them still tells them apart."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import takewhile

_LEFT_OUT = "…"


def shortened(text: str, longest: int) -> str:
    """A text of at most so many characters, its middle left out if it is longer."""
    if len(text) <= longest:
        return text
    return text[: longest // 2] + _LEFT_OUT + text[len(text) - (longest - longest // 2 - 1) :]


def shortened_apart(names: Sequence[str], longest: int) -> list[str]:
    """Names of at most so many characters, those that differ still different.

    Where to leave out their middles would make some alike, all are without the words that they begin and end with in
    common. Those that are alike even then keep the place where they differ, and the very last have their numbers.
    """
    known = list(dict.fromkeys(names))
    if max(map(len, known), default=0) <= longest:
        return list(names)
    short = [shortened(name, longest) for name in known]
    if not _alike(short):
        return _looked_up(names, known, short)
    cores = _without_common_words(known, longest)
    short = [shortened(core, longest) for core in cores]
    for numbers in _alike(short):
        for number, name in zip(numbers, _around_difference([cores[at] for at in numbers], longest), strict=True):
            short[number] = name
    for numbers in _alike(short):
        for number in numbers:
            end = f" #{number + 1}"
            short[number] = shortened(short[number], longest - len(end)) + end
    return _looked_up(names, known, short)


def _looked_up(names: Iterable[str], known: Iterable[str], short: Iterable[str]) -> list[str]:
    found = dict(zip(known, short, strict=True))
    return [found[name] for name in names]


def _alike(names: Sequence[str]) -> list[list[int]]:
    """The numbers of those names that are the same as others, together."""
    found: dict[str, list[int]] = defaultdict(list)
    for number, name in enumerate(names):
        found[name].append(number)
    return [numbers for numbers in found.values() if len(numbers) > 1]


def _without_common_words(names: Sequence[str], longest: int) -> list[str]:
    """Names without the words that all begin and end with, but with those next to the rest for which there is room."""
    begins, ends = _common_words(names)
    room = longest - max(map(len, names)) + sum(map(len, (*begins, *ends))) - 2 * len(_LEFT_OUT)
    for words in ends, begins:
        while words and len(words[-1]) <= room:
            room -= len(words.pop())
    head, tail = len("".join(begins)), len("".join(ends))
    before, after = _LEFT_OUT if begins else "", _LEFT_OUT if ends else ""
    return [before + name[head : len(name) - tail] + after for name in names]


def _common_words(names: Sequence[str]) -> tuple[list[str], list[str]]:
    """The words that all names begin with and those that all end with, outermost first; each name has more to it."""
    begin = _common_beginning([name[:-1] for name in names])
    begins = _words(begin)
    if begins and begin[-1].isalnum():
        begins.pop()  # the beginning of a word
    head = len("".join(begins))
    end = _common_beginning([name[:head:-1] for name in names])
    ends = _words(end)
    if ends and end[-1].isalnum():
        ends.pop()
    return begins, [word[::-1] for word in ends]


def _common_beginning(texts: Sequence[str]) -> str:
    """The characters that all texts begin with."""
    first, last = min(texts), max(texts)
    alike = (one == other for one, other in zip(first, last, strict=False))
    return first[: sum(1 for _ in takewhile(bool, alike))]


def _words(text: str) -> list[str]:
    """A text cut behind all that is neither a letter nor a figure."""
    words = [""]
    for before, character in zip(" " + text, text, strict=False):
        if character.isalnum() and not before.isalnum():
            words.append("")
        words[-1] += character
    return [word for word in words if word]


def _around_difference(names: Sequence[str], longest: int) -> list[str]:
    """Names that have much in common, shortened before and behind the place where they differ."""
    head = len(_common_beginning(names))
    tail = len(_common_beginning([name[: head - 1 if head else None : -1] for name in names]))
    return [_around(name[:head], name[head : len(name) - tail], name[len(name) - tail :], longest) for name in names]


def _around(before: str, difference: str, after: str, longest: int) -> str:
    """A name of three parts, the outer ones shortened to what room the middle one leaves them."""
    difference = shortened(difference, longest - 2 * (longest // 6))
    room = longest - len(difference)
    head = min(len(before), max(room // 2, room - len(after)))
    return shortened(before, head) + difference + shortened(after, room - head)
