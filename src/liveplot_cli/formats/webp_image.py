"""Pictures as lossless WebP, each the rectangle in which it differs from the one before; Pillow compresses."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from liveplot_cli.errors import MissingError, OutputError
from liveplot_cli.formats.changes import as_words, box_of
from liveplot_cli.formats.webp_chunks import picture_of

if TYPE_CHECKING:
    from liveplot_cli.film import Pixels
    from liveplot_cli.formats.changes import Box, Mask, Words

# Measured on a noisy line at 640x480: 8 to 11 ms and 18 kB a frame. Less effort takes 6 ms and 26 kB, the most 60 ms
# and as many bytes; below a quality of 30 colours are not sorted, which is what makes films of few colours small.
_EFFORT = {"method": 1, "quality": 30}
_TRIAL = 8  # frames from one trial of what compresses best to the next
_OPAQUE = 0xFF000000


@dataclass(frozen=True)
class Change:
    """What a picture changes: a compressed rectangle, its left upper corner, whether it replaces what is there.

    If it does not, what did not change is transparent in it, and it is laid upon what is there.
    """

    picture: bytes
    place: tuple[int, int]
    replaces: bool


def require_codec() -> None:
    """Raise `MissingError` where Pillow can't write WebP."""
    from PIL import features

    if not features.check("webp"):
        raise MissingError(
            "a WebP needs Pillow with libwebp, which this one lacks: "
            "pip install --force-reinstall --only-binary pillow pillow"
        )


class Changes:
    """What changes from picture to picture; the first is there as a whole, unless there is one before it."""

    def __init__(self, before: Pixels | None = None, *, transparent: bool) -> None:
        self._transparent = transparent
        self._seen: Words | None = None if before is None else self._words(before).copy()
        self._trial = 0
        self._replaces = True

    def to(self, pixels: Pixels) -> Change:
        """What the next picture changes; where that is nothing, one pixel that is laid there and not seen."""
        import numpy as np

        picture = self._words(pixels)
        if self._seen is None:
            self._seen = picture.copy()
            return Change(self._compressed(picture), (0, 0), True)
        changed = picture != self._seen
        box = box_of(changed)
        if box is None:
            return Change(_compressed(np.zeros((1, 1), np.uint32), "RGBA"), (0, 0), False)
        box = _even(box)
        np.copyto(self._seen[box], picture[box])
        return self._best(picture[box], changed[box], (box[1].start, box[0].start))

    def _words(self, pixels: Pixels) -> Words:
        import numpy as np

        words = as_words(pixels)
        return words if self._transparent else words | np.uint32(_OPAQUE)

    def _best(self, picture: Words, changed: Mask, place: tuple[int, int]) -> Change:
        """The rectangle as it is, or with what did not change transparent: whichever was smaller at the last trial.

        What is half transparent would be mixed with what is there, and has to replace it.
        """
        if self._transparent or changed.all():
            return Change(self._compressed(picture), place, True)
        if self._trial == 0:
            whole, laid = self._compressed(picture), _compressed(picture * changed, "RGBA")
            self._replaces = len(whole) <= len(laid)
            found = whole if self._replaces else laid
        else:
            found = self._compressed(picture) if self._replaces else _compressed(picture * changed, "RGBA")
        self._trial = (self._trial + 1) % _TRIAL
        return Change(found, place, self._replaces)

    def _compressed(self, picture: Words) -> bytes:
        return _compressed(picture, "RGBA" if self._transparent else "RGB")


def _compressed(picture: Words, mode: str) -> bytes:
    """A picture as a codec leaves it, the colours of transparent pixels kept."""
    import numpy as np
    from PIL import Image

    pixels = np.ascontiguousarray(picture).astype("<u4", copy=False).view(np.uint8).reshape(*picture.shape, 4)
    image = Image.fromarray(np.ascontiguousarray(pixels[..., : len(mode)]))
    written = io.BytesIO()
    effort: dict[str, Any] = {"lossless": True, "exact": True, **_EFFORT}
    try:
        image.save(written, "webp", **effort)
    except (OSError, ValueError) as error:  # a codec's, for nothing is written to a disk here
        raise OutputError(f"the codec failed ({error}), for want of memory perhaps") from error
    return picture_of(written.getvalue())


def _even(box: Box) -> Box:
    """The rectangle, begun at an even place, as the container wants it."""
    rows, columns = box
    return slice(rows.start // 2 * 2, rows.stop), slice(columns.start // 2 * 2, columns.stop)
