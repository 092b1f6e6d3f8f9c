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
from liveplot_cli.option import option

if TYPE_CHECKING:
    from fractions import Fraction
    from pathlib import Path

    from liveplot_cli.film import Film, Pixels

STILLS = ("png", "svg", "pdf")

Draw = Callable[[int], "Pixels"]


class Encoder(Protocol):
    """A frozen dataclass whose fields are the format's options.

    `folder` says that the output is one, `transparent` that its pictures can have transparent pixels.
    """

    suffixes: tuple[str, ...]
    folder: bool
    transparent: bool

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

    def check(self, path: Path) -> None:
        """See that what was written is the whole film, as far as its form tells; raises `ValueError` that says why."""
        ...


class Coder(Protocol):
    """One segment being encoded."""

    def add(self, pixels: Pixels) -> None:
        """Encode the next frame; the pixels, shape (height, width, 4), RGBA, may change after the call."""
        ...

    def finish(self) -> Any:
        """The segment's chunk, for `append`."""
        ...


def encoder_for(target: str | os.PathLike[str], format: str | None = None, *, is_stream: bool = False) -> Any:
    """The encoder class for an output path: the format asked for, or else the one its suffix says.

    A path that ends in a slash is a folder of frames; a stream without a suffix takes a GIF. Raises `UsageError` that
    lists the formats there are.
    """
    text = os.fspath(target)
    suffix = os.path.splitext(text)[1].lower()
    is_folder = text.endswith(("/", os.sep)) or (os.path.isdir(text) and not suffix)
    wanted = format or ("gif" if is_stream and not suffix else None)
    if wanted is not None:
        return _of_format(wanted, text, is_folder, is_stream)
    for encoder in load_all():
        if (encoder.folder and is_folder) or suffix in encoder.suffixes:
            return encoder
    known = ", ".join(suffix for encoder in load_all() for suffix in encoder.suffixes)
    advice = "; a still needs at, the row it shows" if suffix[1:] in STILLS else ""
    raise UsageError(
        f"cannot write {quoted(text)}: its suffix is none of {known}, nor is it a folder of frames, which ends in /"
        + advice
    )


def still_for(target: str | os.PathLike[str], format: str | None = None, *, is_stream: bool = False) -> str:
    """The format of a still: that asked for, or else the one its suffix says; a stream without one takes a PNG.

    Raises `UsageError` that lists the formats there are.
    """
    text = os.fspath(target)
    found = format or os.path.splitext(text)[1].lower()[1:] or ("png" if is_stream else "")
    if found not in STILLS or text.endswith(("/", os.sep)):
        raise UsageError(f"cannot write {quoted(text)}: a still is one of .{', .'.join(STILLS)}")
    return found


def _of_format(format: str, text: str, is_folder: bool, is_stream: bool) -> Any:
    names = kinds.names(sys.modules[__name__])
    if format not in names:
        raise UsageError(f"there is no format {quoted(format)}; the formats are {', '.join(names)}")
    encoder = kinds.load(sys.modules[__name__], format)
    if encoder.folder and is_stream:
        raise UsageError(f"cannot write {quoted(text)}: {format} is a folder of pictures, and that is no folder")
    if is_folder and not encoder.folder:
        raise UsageError(f"cannot write {quoted(text)}: that is a folder, and {format} is a file")
    return encoder


def plays(text: str) -> int:
    """How often a film plays: `forever` is 0, `once` is 1, or a number from 1 to 65536."""
    words = {"forever": 0, "once": 1}
    if text in words:
        return words[text]
    if not (text.isascii() and text.isdigit() and len(text) < 6 and 1 <= int(text) <= 65536):
        raise ValueError(f"{quoted(text)} is not forever, once, or a number of plays up to 65536")
    return int(text)


def loop_option() -> int:
    """The option of every format that says itself how often it plays."""
    return option(
        0,
        "--loop",
        group="Time",
        metavar="forever|once|N",
        parse=plays,
        shown="forever",
        help="How often a GIF, a WebP or a page plays.",
    )


def compare(found: object, wanted: object) -> None:
    """Raise `ValueError` that names what the facts of a file, a dataclass, have other than they should."""
    for name, fact in vars(wanted).items():
        if vars(found)[name] != fact:
            raise ValueError(f"{name} {vars(found)[name]} and not {fact}")


def load_all() -> list[Any]:
    """The encoder classes of all formats."""
    return kinds.load_all(sys.modules[__name__])
