"""What `liveplot push` is asked for: which run the rows are for, and what becomes of those that can't be sent."""

from __future__ import annotations

from dataclasses import dataclass

from liveplot_cli.errors import quoted
from liveplot_cli.limits import size
from liveplot_cli.option import option


def seconds(text: str) -> float:
    """A time from 0 on."""
    try:
        found = float(text)
    except ValueError:
        found = -1.0
    if not 0 <= found <= 86_400:
        raise ValueError(f"{quoted(text)} is not a number of seconds from 0 to 86400")
    return found


@dataclass(frozen=True)
class Pushing:
    """Which run the rows are for, and how long the service is waited for."""

    run: str | None = option(
        None, "--run", group="Output", metavar="NAME", parse=str, shown="the one in the URL, else the file's name",
        help="Run that the rows are for: letters, digits, dots, dashes and underscores.",
    )  # fmt: skip
    title: str | None = option(
        None, "-t", "--title", group="Output", metavar="TEXT", parse=str, shown="", help="Title of the run."
    )
    reset: bool = option(False, "--reset", group="Output", shown="", help="Begin the run anew.")
    strict: bool = option(
        False, "--strict", group="Reading", shown="",
        help="Refuse a file with gaps, and end a stream at its first bad line, rather than leave that out.",
    )  # fmt: skip
    token_file: str | None = option(
        None, "--token-file", group="Work", metavar="FILE", parse=str, shown="that of a service on this machine",
        help="File with the token of the service; the variable LIVEPLOT_TOKEN goes before it.",
    )  # fmt: skip
    folder: str | None = option(
        None, "--folder", group="Work", metavar="DIR", parse=str, shown="~/.local/share/liveplot",
        help="Folder of the service on this machine.",
    )  # fmt: skip
    no_spool: bool = option(
        False, "--no-spool", group="Work", shown="",
        help="Lose rows that can't be sent, rather than keep them on the disk for the next push to the run.",
    )  # fmt: skip
    timeout: float = option(
        10.0, "--timeout", group="Work", metavar="SECONDS", parse=seconds, shown="10",
        help="How long to wait at the end for a service that takes no rows.",
    )  # fmt: skip
    max_memory: int = option(
        4 << 30, "--max-memory", group="Work", metavar="SIZE", parse=size, shown="4G",
        help="Most memory that the numbers of a file may take.",
    )  # fmt: skip
