"""What every encoder must know of a film before its first frame."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]  # shape (height, width, 4), RGBA


@dataclass(frozen=True)
class Film:
    """A film to be drawn: its size in pixels, its paper's colour, its frames' times in seconds.

    `fps` is the rate of encoders that know but one. `sample` draws a few frames spread over the whole film, for what
    all of it must agree on (a palette); each is valid until the next is drawn. The paper of a `transparent` film is not
    drawn: its colour is for formats whose pixels are either there or not. The `title` is for what names a film.
    """

    width: int
    height: int
    paper: tuple[int, int, int]
    durations: tuple[Fraction, ...]
    fps: Fraction
    sample: Callable[[], Iterator[Pixels]]
    transparent: bool = False
    title: str = ""
