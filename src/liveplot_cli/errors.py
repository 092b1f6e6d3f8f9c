"""What can go wrong, each as one sentence for a person and the exit code a script can rely on."""

from __future__ import annotations

_SHOWN = 60


class LiveplotError(Exception):
    """One sentence that says what is wrong, where, and what to do about it.

    `cure` names an option and a value that would help, as `("columns", "loss,accuracy")`; the command line shows it as
    a flag, Python as a keyword.
    """

    exit_code = 1

    def __init__(self, sentence: str, *, cure: tuple[str, str] | None = None) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.cure = cure

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


def quoted(text: object) -> str:
    """Untrusted text, safe to print: quoted, escaped and shortened to one readable piece."""
    text = str(text)
    if len(text) > _SHOWN:
        text = text[: _SHOWN - 1] + "…"
    return repr(text)
