"""`python -m liveplot_cli` and the command `liveplot`: in charge of signals from before the first long import."""

from __future__ import annotations

import os
import signal
import sys

from liveplot_cli.signals import Interrupted, abort, answer, raised, stop


def main() -> None:
    """Run the command line and exit, by the code of what went wrong or by the signal that ended it."""
    _occupy_closed_streams()
    answer(abort)
    # No film needs more of its threads, and where none may be started OpenBLAS sends us a Ctrl-C.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from liveplot_cli.cli import run

    interrupted_by = 0
    try:
        answer(stop)
        status = run(sys.argv[1:])
        _drop_unsaid()
        answer(signal.SIG_DFL)
    except Interrupted as interrupted:
        interrupted_by = interrupted.signum
        answer(signal.SIG_IGN)  # while the exception is here to say that one is being answered
    # The exception is gone by now, and with it all frames: so the `finally` has run of what it found on its way in.
    if interrupted_by or raised:  # or swallowed
        abort(interrupted_by or raised[0])
    sys.exit(status)


def _occupy_closed_streams() -> None:
    """Keep the numbers of streams that are closed from the files to come, into which libraries would then complain."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free


def _drop_unsaid() -> None:
    """Let go of words that a full or closed stream has not taken: Python would try again and end with code 120."""
    for stream in filter(None, (sys.stdout, sys.stderr)):  # None where it is closed
        try:
            stream.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


if __name__ == "__main__":
    main()
