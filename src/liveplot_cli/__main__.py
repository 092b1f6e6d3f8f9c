"""`python -m liveplot_cli` and the command `liveplot`: in charge of signals from before the first long import."""

from __future__ import annotations

import os
import sys

from liveplot_cli.signals import Interrupted, abort, handled, raised


def main() -> None:
    """Run the command line and exit, by the code of what went wrong or by the signal that ended it."""
    try:
        with handled():
            with handled(abort):
                from liveplot_cli.cli import run
            status = run(sys.argv[1:])
            _drop_unsaid()
    except Interrupted as interrupted:
        abort(interrupted.signum)
    if raised:  # and swallowed
        abort(raised[0])
    sys.exit(status)


def _drop_unsaid() -> None:
    """Let go of words that a full or closed stream has not taken: Python would try again and end with code 120."""
    for stream in filter(None, (sys.stdout, sys.stderr)):  # None where it is closed
        try:
            stream.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


if __name__ == "__main__":
    main()
