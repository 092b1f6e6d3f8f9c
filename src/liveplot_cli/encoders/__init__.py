"""Encoders: frames to files, one module per format, chosen by the output's suffix.

A film is encoded in segments, runs of consecutive frames, so that a segment can be drawn and encoded in any process:
`plan` settles what the whole film must agree on, `begin` encodes one segment to a chunk, `open` puts chunks in order.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Protocol

from liveplot_cli import kinds
from liveplot_cli.errors import UsageError, quoted

if TYPE_CHECKING:
    from fractions import Fraction
    from pathlib import Path

    from liveplot_cli.film import Film, Pixels

Draw = Callable[[int], "Pixels"]


class Encoder(Protocol):
    """A frozen dataclass whose fields are the format's options. `folder` says that the output is one."""

    suffixes: tuple[str, ...]
    folder: bool

    def plan(self, film: Film) -> Plan:
        """What the whole film must agree on, found before the first frame."""
        ...


class Plan(Protocol):
    """A film as one format will hold it: `frames` pictures of `size` pixels that last `seconds`. It can be pickled."""

    @property
    def frames(self) -> int: ...
    @property
    def seconds(self) -> Fraction: ...
    @property
    def size(self) -> tuple[int, int]: ...

    def cut(self, frames: int) -> Plan:
        """The same film, ended after so many frames."""
        ...

    def begin(self, start: int, draw: Draw) -> Coder:
        """Encode the segment whose first frame is number `start`; `draw` draws any earlier frame it builds upon."""
        ...

    def open(self, path: Path) -> AbstractContextManager[Callable[[Any], object]]:
        """Write to a path: the block is given `append(chunk)`, and the file is whole when the block has ended."""
        ...


class Coder(Protocol):
    """One segment being encoded."""

    def add(self, pixels: Pixels) -> None:
        """Encode the next frame; the pixels, shape (height, width, 4), RGBA, may change after the call."""
        ...

    def finish(self) -> Any:
        """The segment's chunk, for `append`."""
        ...


def encoder_for(target: str | os.PathLike[str]) -> Any:
    """The encoder class for an output path: by its suffix; a path that ends in a slash is a folder of frames.

    Raises `UsageError` that lists the suffixes there are.
    """
    text = os.fspath(target)
    is_folder = text.endswith(("/", os.sep)) or (os.path.isdir(text) and not os.path.splitext(text)[1])
    suffix = os.path.splitext(text)[1].lower()
    for encoder in load_all():
        if (encoder.folder and is_folder) or suffix in encoder.suffixes:
            return encoder
    known = ", ".join(suffix for encoder in load_all() for suffix in encoder.suffixes)
    raise UsageError(
        f"cannot write {quoted(text)}: its suffix is none of {known}, nor is it a folder of frames, which ends in /"
    )


def load_all() -> list[Any]:
    """The encoder classes of all formats."""
    return kinds.load_all(sys.modules[__name__])
