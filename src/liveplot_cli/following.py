"""What is asked of a history whose rows are still coming."""

from __future__ import annotations

from dataclasses import dataclass

from liveplot_cli.errors import quoted
from liveplot_cli.option import option


def window(text: str) -> int:
    """A number of rows, 2 or more."""
    if not (text.isascii() and text.isdigit() and len(text) < 16 and int(text) > 1):
        raise ValueError(f"{quoted(text)} is not a whole number of rows from 2 on")
    return int(text)


def window_option() -> int | None:
    """The option of whatever shows or keeps the last rows alone."""
    return option(
        None,
        "--window",
        group="Chart",
        metavar="N",
        parse=window,
        shown="all",
        help="Keep only the last N rows in view (trace, area, band); of a file that is followed keep no others at all.",
    )


@dataclass(frozen=True)
class Following:
    """Whether more rows are waited for, and how many of them are kept."""

    follow: bool = option(
        False, "-f", "--follow", group="Reading", shown="",
        help="Wait for rows that are appended to a table or JSON lines, as tail -F does, or come through a pipe.",
    )  # fmt: skip
    window: int | None = window_option()
