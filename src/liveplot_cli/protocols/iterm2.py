"""Images the way of iTerm2: exact pixels, as PNG."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from liveplot_cli.drawing.letters import Word
    from liveplot_cli.film import Pixels
    from liveplot_cli.terminals.answers import Terminal
    from liveplot_cli.terminals.area import Area


class Iterm2:
    """Exact pixels, as PNG, the way of iTerm2 and WezTerm."""

    rank = 1
    takes_words = False
    erased = b""

    @staticmethod
    def is_understood(terminal: Terminal) -> bool:
        return terminal.iterm2

    def __init__(self, area: Area, terminal: Terminal) -> None:
        self._area = area
        self.size = area.pixels

    def painted(self, pixels: Pixels, words: Sequence[Word]) -> bytes:
        with io.BytesIO() as file:
            Image.fromarray(np.ascontiguousarray(pixels[..., :3])).save(file, "PNG", compress_level=1)
            data = file.getvalue()
        return b"\x1b]1337;File=inline=1;size=%d;width=%d;height=%d;preserveAspectRatio=0;doNotMoveCursor=1:%b\x07" % (
            len(data), self._area.columns, self._area.rows, base64.standard_b64encode(data),
        )  # fmt: skip
