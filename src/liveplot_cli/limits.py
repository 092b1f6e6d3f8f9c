"""How much a job may take: what is over a limit is refused before it costs time or memory, with what would help."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

from liveplot_cli.errors import LimitError, UsageError, quoted
from liveplot_cli.option import option

LONGEST_SIDE = 16_384  # pixels: no MP4 has more

_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}


def count(text: str) -> int:
    """A whole number, 1 or more, that may be written with commas or underscores."""
    digits = text.replace(",", "").replace("_", "")
    if not (digits.isascii() and digits.isdigit() and len(digits) < 16 and int(digits)):
        raise ValueError(f"{quoted(text)} is not a whole number from 1 on")
    return int(digits)


def size(text: str) -> int:
    """A number of bytes from `500M` or `4G`."""
    match = re.fullmatch(r"([0-9]{1,15})([KMGT]?)(?:i?B)?", text, re.IGNORECASE | re.ASCII)
    if not match or not int(match[1]):
        raise ValueError(f"{quoted(text)} is not a size such as 500M or 4G")
    return int(match[1]) * _UNITS[match[2].upper()]


@dataclass(frozen=True)
class Limits:
    """The most that a film may take."""

    max_memory: int = option(
        4 << 30,
        "--max-memory",
        group="Work",
        metavar="SIZE",
        parse=size,
        shown="4G",
        help="Most memory that the numbers of a history may take.",
    )
    max_frames: int = option(
        100_000,
        "--max-frames",
        group="Work",
        metavar="N",
        parse=count,
        shown="100,000",
        help="Most frames that a film may have.",
    )
    max_pixels: int = option(
        8192 * 8192,
        "--max-pixels",
        group="Work",
        metavar="N",
        parse=count,
        shown="67,108,864",
        help="Most pixels that a picture may have.",
    )

    def check_rows(self, frames: int, every: int | None) -> None:
        """Refuse a history that makes too many frames, of which every so manieth row is shown by now.

        None stands for a film whose frames are not its rows: fewer of these would not help.
        """
        if frames > self.max_frames:
            raise LimitError(
                f"{frames:,} frames are over the limit of {self.max_frames:,} (max_frames)",
                cure=("every", str(every * -(-frames // self.max_frames))) if every else ("max_frames", str(frames)),
            )

    def check_film(self, frames: int, seconds: Fraction) -> None:
        """Refuse a film that has too many frames, however few its rows are: it lasts too long for its rate."""
        if frames > self.max_frames:
            raise LimitError(
                f"a film of {float(seconds):,.0f} s has {frames:,} frames at its rate, over the limit of"
                f" {self.max_frames:,} (max_frames)",
                cure=("max_frames", str(frames)),
            )

    def check_size(self, size: tuple[int, int]) -> None:
        """Refuse a picture that is too large to be drawn."""
        width, height = size
        if min(size) < 1:
            raise UsageError(f"a picture of {width}x{height} pixels makes no sense")
        if max(size) > LONGEST_SIDE:
            raise LimitError(f"a picture of {width}x{height} has a side of more than {LONGEST_SIDE:,} pixels")
        if width * height > self.max_pixels:
            raise LimitError(
                f"{width}x{height} are {width * height:,} pixels, over the limit of {self.max_pixels:,}",
                cure=("max_pixels", str(width * height)),
            )
