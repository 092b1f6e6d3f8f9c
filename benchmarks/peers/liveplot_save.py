"""The very `FuncAnimation` of funcanimation.py, saved by liveplot instead of by matplotlib."""

from __future__ import annotations

from funcanimation import animation
from task import asked

import liveplot_cli

if __name__ == "__main__":
    given = asked()
    if given.path.suffix:
        liveplot_cli.save(animation(given), given.path)
    else:
        given.save(animation(given))
