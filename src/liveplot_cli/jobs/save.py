"""An animation that somebody already has, saved many times faster than by its own `save`."""

from __future__ import annotations

import os
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from matplotlib.animation import Animation

from liveplot_cli import encoders, timing, workers
from liveplot_cli.animated import Animated, drawn_here
from liveplot_cli.errors import UsageError
from liveplot_cli.film import Film, Pixels
from liveplot_cli.option import refuse_unused
from liveplot_cli.write import SAMPLES, SEGMENT, Progress, Rendered, filming, options_of_writing, targets, write


def save(
    animation: Animation,
    *outputs: str | os.PathLike[str],
    fps: Fraction | float | str | None = None,
    dpi: float | None = None,
    jobs: int = 1,
    progress: Progress = lambda done, total: None,
    **options: object,
) -> list[Rendered]:
    """Save a matplotlib animation to one or more files: the pictures of its own `save`, much sooner.

    With `FuncAnimation(..., blit=True)` the background is kept and only what moves is drawn; any other animation is
    drawn in full, once a frame. `fps` is by itself the animation's interval, `dpi` matplotlib's `savefig.dpi`;
    `options` are those of the formats, as `loop`, and of writing, as `no_clobber`. With more than one of `jobs`, 0 for
    one for each core, each process calls the animation's function for all frames up to those it draws, so the function
    must do nothing but move artists. Raises `UsageError` or `OutputError`.
    """
    if not isinstance(animation, Animation):
        raise UsageError(f"what is saved is a matplotlib animation, not a {type(animation).__name__}")
    found = targets(outputs, options)
    refuse_unused(options, options_of_writing(found), encoders.load_all())
    if jobs != 1 and not workers.forks():
        raise UsageError("an animation can be drawn by several processes only where they are forked; leave jobs at 1")
    source: Any = animation
    # What the animation was made with: its timer keeps whole milliseconds, and is gone once it has played.
    try:
        rate = timing.rate(str(fps if fps is not None else 1000 / source._interval))
    except (ValueError, ZeroDivisionError) as error:
        raise UsageError(f"frames a second: {error}") from error
    source._draw_was_started = True  # else matplotlib warns that the animation was never shown
    total = getattr(source, "_save_count", None) or _length(getattr(source, "_framedata", None))
    with drawn_here(source._fig, dpi) as animated:
        frames = _Frames(source, animated)
        if jobs == 1:
            with filming(found, animated.size, animated.paper, rate, total, options) as film:
                for number, pixels in enumerate(frames):
                    film.add(pixels)
                    progress(number + 1, total or number + 1)
            return film.rendered
        if total is None:
            raise UsageError(
                "the animation does not say how many frames it has; give it a save_count or leave jobs at 1"
            )
        width, height = animated.size
        durations = (1 / rate,) * total
        return write(
            found,
            Film(width, height, animated.paper, durations, rate, frames.sample),
            frames.at,
            options,
            jobs,
            progress,
        )


def _length(frames: Any) -> int | None:
    """How many frames a list of artists has; a generator does not say."""
    return len(frames) if hasattr(frames, "__len__") else None


class _Frames:
    """The pictures of an animation, which goes forward only; the first few are kept, for a film's colours."""

    def __init__(self, animation: Any, animated: Animated) -> None:
        self._animation = animation
        self._animated = animated
        self._kept: list[Pixels] = []
        self._number = self._drawn = -1
        animation._init_draw()
        self._sequence = animation.new_saved_frame_seq()

    def __iter__(self) -> Iterator[Pixels]:
        while self._advance():
            yield self._pixels()

    def sample(self) -> Iterator[Pixels]:
        """The first few pictures."""
        while len(self._kept) < SAMPLES and self._advance():
            self._kept.append(self._pixels().copy())
        return iter(self._kept)

    def at(self, number: int) -> Pixels:
        """The picture of a number, which is one of the first or not below the last that was asked for."""
        if number < len(self._kept):
            return self._kept[number]
        while self._number < number:
            if not self._advance():
                raise UsageError(
                    f"the animation ended after {self._number + 1} frames and not at its save_count; leave jobs at 1"
                )
        return self._pixels()

    def _advance(self) -> bool:
        """Let the animation go on by a frame; False at its end."""
        for data in self._sequence:
            self._animation._pre_draw(data, False)
            self._animation._draw_frame(data)
            self._number += 1
            return True
        return False

    def _pixels(self) -> Pixels:
        if self._drawn != self._number:
            self._drawn = self._number
            moved = self._animation._drawn_artists if self._animation._blit else None
            self._picture = self._animated.pixels(moved, verify=self._number % SEGMENT == 0)
        return self._picture
