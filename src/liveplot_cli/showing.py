"""What `liveplot show` is asked for: where the film is shown, and how."""

from __future__ import annotations

from dataclasses import dataclass

from liveplot_cli.option import one_of, option

PROTOCOLS = ("kitty", "iterm2", "sixel", "blocks", "braille")
COLORS = ("16m", "256", "16")


@dataclass(frozen=True)
class Showing:
    """Where the film is shown, and how."""

    terminal: bool = option(
        False, "--terminal", group="Output", shown="", help="Play it in the terminal, as where there is no display."
    )
    once: bool = option(
        False, "--once", group="Output", shown="", help="Print the last row's picture in the terminal, and exit."
    )
    protocol: str | None = option(
        None, "--protocol", group="Output", metavar="NAME", parse=one_of(*PROTOCOLS),
        shown="the best that the terminal says it understands",
        help=f"How pictures are shown in the terminal: {', '.join(PROTOCOLS)}.",
    )  # fmt: skip
    colors: str | None = option(
        None, "--colors", group="Output", metavar="N", parse=one_of(*COLORS), shown="as many as the terminal has",
        help="Colours of blocks and braille: 16m, 256 or 16.",
    )  # fmt: skip
