"""What can go wrong, each as one sentence for a person and the exit code a script can rely on."""

from __future__ import annotations

from collections.abc import Iterable

_SHOWN = 60
_LONGEST_CURE = 60
_LISTED, _LISTED_LENGTH = 8, 100


class LiveplotError(Exception):
    """One sentence that says what is wrong, where, and what to do about it.

    `cure` names an option and a value that would help, as `("columns", "loss,accuracy")`; the command line shows it as
    a flag, Python as a keyword. One that is too long to be read is left out.
    """

    exit_code = 1

    def __init__(self, sentence: str, *, cure: tuple[str, str] | None = None) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.cure = cure if cure and len(repr(cure[1])) <= _LONGEST_CURE else None

    def __str__(self) -> str:
        if self.cure is None:
            return self.sentence
        name, value = self.cure
        return f"{self.sentence}; try {name}={value!r}"


class UsageError(LiveplotError):
    """What was asked for makes no sense: an option, a path, a combination."""

    exit_code = 2


class DataError(LiveplotError):
    """The history can't be used: the message names file, line and column where there are any."""

    exit_code = 3


class OutputError(LiveplotError):
    """The output was not written; what stood at its path before is untouched."""

    exit_code = 4


class ReaderGoneError(OutputError):
    """What was to read the output has gone; a command then ends as any does whose pipe is broken."""


class MissingError(LiveplotError):
    """Something this machine lacks: a display, a codec, an optional package."""

    exit_code = 5


class LimitError(LiveplotError):
    """More than is allowed, and refused before it costs time or memory."""

    exit_code = 6


def printable(text: str) -> str:
    """A line that a terminal can be given whatever names stand in it: what would steer it or hide in it, escaped."""
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode() for character in text
    )


def listed(names: Iterable[object]) -> str:
    """The first names of many, quoted: at least one of them, and no more than a sentence has room for."""
    found: list[str] = []
    for name in names:
        if len(found) == _LISTED or (found and len(", ".join(found)) + len(quoted(name)) > _LISTED_LENGTH):
            return ", ".join([*found, "…"])
        found.append(quoted(name))
    return ", ".join(found)


def quoted(text: object) -> str:
    """Untrusted text, safe to print: quoted, escaped and shortened to one readable piece."""
    text = str(text)
    kept = text[:_SHOWN]
    while len(repr(kept)) > _SHOWN + 2:  # an escape takes up to ten characters
        kept = kept[:-1]
    return repr(text if kept == text else kept[: _SHOWN - 1] + "…")
