"""Protocols: pictures as the bytes that a terminal shows, one module for each way that there is."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from liveplot_cli import kinds

if TYPE_CHECKING:
    from liveplot_cli.drawing.letters import Word
    from liveplot_cli.film import Pixels
    from liveplot_cli.terminals.answers import Terminal
    from liveplot_cli.terminals.area import Area


class Way(Protocol):
    """A class of static facts and of painters. `rank` says how good its pictures are, the least is the best.

    `takes_words` says that its pixels are too few for letters: it is given the words to write them as text.
    """

    rank: int
    takes_words: bool

    @staticmethod
    def is_understood(terminal: Terminal) -> bool:
        """Whether the terminal shows pictures this way."""
        ...

    def __init__(self, area: Area, terminal: Terminal) -> None: ...

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the pictures that fill the area."""
        ...

    @property
    def erased(self) -> bytes:
        """What takes the picture away again, where clearing the screen does not."""
        ...

    def painted(self, pixels: Pixels, words: Sequence[Word]) -> bytes:
        """The picture, shape (height, width, 4), with its top left corner where the cursor is.

        The cursor may be left anywhere. It is shown upon the last one, of which it may repeat nothing.
        """
        ...


def names() -> list[str]:
    """The names of the protocols, the best first."""
    return sorted(kinds.names(sys.modules[__name__]), key=lambda name: load(name).rank)


def load(name: str) -> type[Way]:
    """The protocol of a name."""
    found: type[Way] = kinds.load(sys.modules[__name__], name)
    return found


def best(terminal: Terminal) -> str:
    """The best protocol that the terminal understands."""
    return next(name for name in names() if load(name).is_understood(terminal))
