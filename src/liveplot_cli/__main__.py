"""`python -m liveplot_cli` and the command `liveplot`: in charge of signals from before the first long import."""

from __future__ import annotations

import sys
from contextlib import suppress

from liveplot_cli.signals import Interrupted, die_of, handled


def main() -> None:
    """Run the command line and exit, by the code of what went wrong or by the signal that ended it."""
    try:
        with handled():
            from liveplot_cli.cli import run

            sys.exit(run(sys.argv[1:]))
    except Interrupted as interrupted:
        with suppress(OSError, AttributeError):  # nobody may be listening
            sys.stderr.write("Aborted.\n")
        die_of(interrupted.signum)


if __name__ == "__main__":
    main()
