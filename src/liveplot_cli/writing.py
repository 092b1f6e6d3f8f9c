"""How files are written: their format, and what may be overwritten."""

from __future__ import annotations

from dataclasses import dataclass

from liveplot_cli.errors import UsageError
from liveplot_cli.option import option


@dataclass(frozen=True)
class Writing:
    """What is asked of the outputs, whatever their format."""

    format: str | None = option(
        None,
        "--format",
        group="Output",
        metavar="gif|html|mp4|png|webp",
        parse=str,
        shown="by the suffix, gif where there is none and OUT is a pipe or a device",
        help="What is written; png is a folder of pictures or, with --at, a still, as svg and pdf are.",
    )
    at: str | None = option(
        None,
        "--at",
        group="Output",
        metavar="ROW",
        parse=str,
        shown="",
        help="Write one still, a .png, .svg or .pdf, instead of a film: of a row, by its label or its number, of what "
        "lies between two, as 2.5 lies halfway from the second to the third, or of the first or last.",
    )
    no_clobber: bool = option(
        False, "--no-clobber", group="Output", shown="", help="Leave a file that exists as it is: that is code 2."
    )
    force: bool = option(
        False, "--force", group="Output", shown="", help="Overwrite a file even if it is closed to writing."
    )

    def __post_init__(self) -> None:
        if self.no_clobber and self.force:
            raise UsageError("no_clobber and force contradict one another; give one of them")
