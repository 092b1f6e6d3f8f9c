"""Easing: how much of the way from one row to the next is done after a part of its time."""

from __future__ import annotations

import math
from collections.abc import Callable

from liveplot_cli.errors import quoted

Curve = Callable[[float], float]

STEP = "step"  # no way at all: each row stays until the next is there


def ease(text: str) -> str:
    """The name of an ease: `step`, or that of a curve."""
    if text not in NAMES:
        raise ValueError(f"{quoted(text)} is none of {', '.join(NAMES)}")
    return text


def _cubic(part: float) -> float:
    return part * part * part


def _sine(part: float) -> float:
    return 1 - math.cos(part * math.pi / 2)


def _exponential(part: float) -> float:
    return (math.exp2(10 * part) - 1) / 1023


def _turned(curve: Curve) -> Curve:
    """The curve that ends as this one begins."""
    return lambda part: 1 - curve(1 - part)


def _both(curve: Curve) -> Curve:
    """The curve that begins as this one does, in half the time, and ends likewise."""
    return lambda part: curve(2 * part) / 2 if part < 0.5 else 1 - curve(2 - 2 * part) / 2


# Each rises from 0 at 0 to 1 at 1 and never falls, so that nothing is drawn which lies beyond the two rows. They are
# Robert Penner's easing equations, https://easings.net; the plain names are cubic, as in D3.
CURVES: dict[str, Curve] = {
    "linear": lambda part: part,
    "ease-in": _cubic,
    "ease-out": _turned(_cubic),
    "ease-in-out": _both(_cubic),
    "sine-in-out": _both(_sine),
    "expo-in-out": _both(_exponential),
}

NAMES = (STEP, *CURVES)
