"""`python -m liveplot_cli` and the command `liveplot`: in charge of signals from before the first long import."""

from __future__ import annotations

import os
import sys
from contextlib import suppress

from liveplot_cli.signals import Interrupted, die_of, handled


def main() -> None:
    """Run the command line and exit, by the code of what went wrong or by the signal that ended it."""
    try:
        with handled():
            from liveplot_cli.cli import run

            status = run(sys.argv[1:])
            _drop_unsaid()
            sys.exit(status)
    except Interrupted as interrupted:
        with suppress(OSError, AttributeError):  # nobody may be listening
            sys.stderr.write("Aborted.\n")
        die_of(interrupted.signum)


def _drop_unsaid() -> None:
    """Let go of words that a full or closed stream has not taken: Python would try again and end with code 120."""
    for stream in filter(None, (sys.stdout, sys.stderr)):  # None where it is closed
        try:
            stream.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


if __name__ == "__main__":
    main()
