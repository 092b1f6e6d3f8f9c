"""What changed from picture to picture: the pixels, and the rectangle that holds them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from liveplot_cli.film import Pixels

    Mask = NDArray[np.bool_]
    Words = NDArray[np.uint32]
    Box = tuple[slice, slice]


def as_words(pixels: Pixels) -> Words:
    """The four bytes of each pixel as one number, shape (height, width); a view wherever that is possible."""
    import numpy as np

    return np.ascontiguousarray(pixels).view("<u4")[..., 0]


def box_of(changed: Mask) -> Box | None:
    """The smallest rectangle that holds all changes; None if there is none."""
    import numpy as np

    rows = np.flatnonzero(changed.any(axis=1))
    if not rows.size:
        return None
    columns = np.flatnonzero(changed[rows[0] : rows[-1] + 1].any(axis=0))
    return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)
