"""GIF89a: https://www.w3.org/Graphics/GIF/spec-gif89a.txt.

One colour table for the film; each frame stores the rectangle that changed, and within it what did not change is
transparent, or stored again where that compresses better. Pillow compresses; the blocks around are few and written
here, for Pillow merges equal frames and rounds each delay by itself.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import reduce
from typing import TYPE_CHECKING, Any, ClassVar

from liveplot_cli.encoders import loop_option
from liveplot_cli.formats.changes import as_words, box_of
from liveplot_cli.timing import delays, parts, shares

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from liveplot_cli.encoders import Draw
    from liveplot_cli.film import Film, Pixels
    from liveplot_cli.formats.changes import Box, Mask
    from liveplot_cli.formats.color_table import ColorTable, Packed, Places

# Chromium and Firefox play a frame of less than 2 ticks as one of 10; none is slower at 2 than asked.
SHORTEST, _LONGEST = 2, 0xFFFF
TICKS_PER_SECOND = Fraction(100)
TRAILER = b";"  # the last byte: behind it a reader sees nothing
# Numbers of colours: 0 is free in every table, and the commonest colour comes first.
_TRANSPARENT, _COMMONEST = 0, 1
_FEWEST_BITS = 2  # of a number, that the format allows
# A frame is given a table of its own if one of its colours is off by more levels than `_TOO_FAR`, many by `_FAR`, or
# all together by so much that the picture is worse than 42 dB: a mean squared error of a channel.
_TOO_FAR, _FAR, _MANY, _FAITHLESS = 48, 24, 24, 4.1
_NEAR = 3  # pixels from what is pale to something dense whose edge it might be
_HALF = 128  # of 255: the least cover of a pixel that is shown where the paper is not
_TRIAL = 8  # frames from one trial of what compresses best to the next


@dataclass(frozen=True)
class Gif:
    """GIF with exact timing and one colour table."""

    suffixes: ClassVar[tuple[str, ...]] = (".gif",)
    folder: ClassVar[bool] = False
    transparent: ClassVar[bool] = True

    loop: int = loop_option()

    def plan(self, film: Film) -> _GifFilm:
        """The film's colours, from frames all over it, and its delays in hundredths of a second."""
        import logging

        from liveplot_cli.formats.color_table import from_pictures

        shown = delays(film.durations, TICKS_PER_SECOND, SHORTEST)
        if not all(shown):
            logging.getLogger(__name__).warning(
                "a GIF shows at most 50 frames a second: what is between is left out, the time is kept"
            )
        paper = film.paper if film.transparent else None
        pictures = film.sample() if paper is None else (_cut_out(pixels, paper) for pixels in film.sample())
        return _GifFilm((film.width, film.height), self.loop, tuple(shown), from_pictures(pictures), paper)


@dataclass(frozen=True, eq=False)
class _GifFilm:
    """A film's form. `paper` is the colour with which edges are blended where the paper itself is left transparent."""

    size: tuple[int, int]
    loop: int
    delays: tuple[int, ...]
    table: ColorTable
    paper: tuple[int, int, int] | None = None

    @property
    def frames(self) -> int:
        return sum(parts(delay, _LONGEST) for delay in self.delays)

    @property
    def seconds(self) -> Fraction:
        return sum(self.delays) / TICKS_PER_SECOND

    def cut(self, frames: int) -> _GifFilm:
        return replace(self, delays=self.delays[:frames])

    def begin(self, start: int, draw: Draw) -> _Coder:
        """A segment is drawn upon the last picture shown before it, so that it stores only what changed since.

        Where the paper is transparent it is drawn upon nothing.
        """
        if self.paper is not None:
            return _CutOutCoder(self.size, self.table, iter(self.delays[start:]), self.paper)
        shown = next((number for number in reversed(range(start)) if self.delays[number]), None)
        return _Coder(self.size, self.table, iter(self.delays[start:]), None if shown is None else draw(shown))

    @contextmanager
    def open(self, path: Path) -> Iterator[Callable[[bytes], object]]:
        with path.open("wb") as file:
            file.write(self.header())
            yield file.write
            file.write(TRAILER)

    def check(self, path: Path) -> None:
        self.check_holds(path, self.frames, sum(self.delays))

    def check_holds(self, path: Path, images: int, ticks: int) -> None:
        """See that a file holds so many images of this film, which last so many ticks."""
        from liveplot_cli.encoders import compare
        from liveplot_cli.formats.gif_blocks import GifFacts, facts

        with path.open("rb", buffering=0) as file:
            compare(facts(file), GifFacts(self.size, images, ticks, self._repeats))

    @property
    def _repeats(self) -> int | None:
        """How often the film is shown once more, 0 for ever; None is never."""
        return None if self.loop == 1 else max(0, self.loop - 1)

    def header(self) -> bytes:
        """Logical screen, global colour table, and the Netscape block that says how often to repeat."""
        table, bits = _stored_table(self.table.colors)
        screen = struct.pack("<6sHHBBB", b"GIF89a", *self.size, 0b1_111_0_000 | bits - 1, 0, 0)
        repeat = b""
        if self._repeats is not None:
            repeat = b"!\xff\x0bNETSCAPE2.0" + struct.pack("<BBHB", 3, 1, self._repeats, 0)
        return screen + table + repeat


class GrowingGif:
    """A film whose frames come one by one, each with its delay in ticks: what stands behind what was there before.

    Its colours are those of the `film`'s sample, whose times do not count; a frame that has others brings them along.
    Where the paper is transparent a frame is handed over when the next is there.
    """

    def __init__(self, gif: Gif, film: Film) -> None:
        self._plan = gif.plan(film).cut(0)
        self._coder = self._plan.begin(0, _no_picture)
        self.header = self._plan.header()
        self.size = self._plan.size

    def add(self, pixels: Pixels, delay: int) -> list[bytes]:
        """The images that a frame completes; the pixels are as for any coder."""
        self._coder.show(pixels, delay)
        return self._coder.take()

    def end(self) -> list[bytes]:
        """The images that are left when no frame comes any more."""
        self._coder.pass_on_the_last()
        return self._coder.take()

    def check(self, path: Path, images: int, ticks: int) -> None:
        """See that a file is whole and holds so many images and lasts so long; raises `ValueError` that says why."""
        self._plan.check_holds(path, images, ticks)


def _no_picture(number: int) -> Pixels:
    raise IndexError(number)


class _Coder:
    """Blocks of frames, each the rectangle in which it differs from the one shown before it."""

    def __init__(self, size: tuple[int, int], table: ColorTable, delays: Iterator[int], before: Pixels | None) -> None:
        self._size = size
        self._table = table
        self._bits = _bits(len(table.colors))
        self._delays = delays
        self._blocks: list[bytes] = []
        self._trial = 0
        self._way = _changes
        # Colours that the film's samples did not show, as long as a table could hold them too: then they are exact.
        self._unknown: set[int] | None = set() if table.exact else None
        # The picture seen, and its colours' numbers: `_TRANSPARENT` where the film's table has no good one.
        self._seen: Packed | None = None
        self._numbers: Places | None = None
        if before is not None:
            self._see(before)

    def add(self, pixels: Pixels) -> None:
        delay = next(self._delays)
        if delay:
            self.show(pixels, delay)

    def show(self, pixels: Pixels, delay: int) -> None:
        """Encode a picture that is shown for so many ticks."""
        first, *further = shares(delay, _LONGEST)
        self._blocks.append(self._image(as_words(pixels), first).block())
        self._blocks += [_unchanged(share).block() for share in further]

    def take(self) -> list[bytes]:
        """The images that are encoded by now, each given once."""
        taken, self._blocks = self._blocks, []
        return taken

    def pass_on_the_last(self) -> None:
        """Encode what waits for the next picture."""

    def finish(self) -> bytes:
        return b"".join(self.take())

    def _see(self, pixels: Pixels) -> None:
        from liveplot_cli.formats.color_table import packed

        self._seen = as_words(pixels).copy()
        self._numbers, levels = self._table.nearest(packed(pixels))
        self._numbers[levels > (0 if self._table.exact else _FAR)] = _TRANSPARENT

    def _image(self, picture: Packed, delay: int) -> _Image:
        """One frame, whose numbers are those of the film's table or, where that won't do, of its own."""
        import numpy as np

        from liveplot_cli.formats.color_table import RGB

        if self._seen is None or self._numbers is None:
            self._seen, self._numbers = ~picture, np.zeros(picture.shape, np.uint8)
        changed = picture != self._seen
        box = box_of(changed)
        if box is None:
            return _unchanged(delay)
        np.copyto(self._seen[box], picture[box])
        places = np.flatnonzero(changed)
        colors = picture.ravel()[places] & RGB
        numbers, levels = self._table.nearest(colors)
        if self._needs_own_table(colors, levels):
            table, its_own, known = self._own_table(colors, numbers, levels)
            self._numbers.ravel()[places] = known
            stored = np.zeros(picture.shape, np.uint8)
            stored.ravel()[places] = its_own
            return _Image(stored[box], _bits(len(table)), box, delay, table)
        self._numbers.ravel()[places] = numbers
        if places.size == picture.size:
            return _Image(self._numbers, self._bits, box, delay)
        return _Image(self._compressible(self._numbers[box], changed[box]), self._bits, box, delay)

    def _needs_own_table(self, colors: Packed, levels: NDArray[np.uint8]) -> bool:
        """Whether the film's table serves these colours badly, or not exactly in a film of few colours."""
        import numpy as np

        from liveplot_cli.formats.color_table import MOST

        if self._unknown is not None:
            self._unknown |= set(np.unique(colors[levels > 0]).tolist())
            if len(self._unknown) + len(self._table.colors) > MOST:
                self._unknown = None
        return self._is_bad(levels)

    def _is_bad(self, levels: NDArray[np.uint8]) -> bool:
        """Whether colours that are so many levels off would be seen, or are not exact in a film of few colours."""
        import numpy as np

        if self._unknown is not None:
            return bool(levels.any())
        if levels.max() > _TOO_FAR or np.count_nonzero(levels > _FAR) > _MANY:
            return True
        errors = levels.astype(np.float32)
        return bool(errors @ errors > _FAITHLESS * 3 * math.prod(self._size))

    def _own_table(
        self, colors: Packed, numbers: Places, levels: NDArray[np.uint8]
    ) -> tuple[NDArray[np.uint8], Places, Places]:
        """A table for these colours, their numbers in it, and those in the film's: `_TRANSPARENT` where they differ.

        It is the film's table mended, or an altogether new one where the film's lacks too much.
        """
        import numpy as np

        from liveplot_cli.formats.color_table import own

        table, mended, left = self._table.mended(colors, numbers, levels)
        if self._is_bad(left):
            return *own(colors), np.full_like(numbers, _TRANSPARENT)
        return table, mended, np.where(mended == numbers, numbers, np.uint8(_TRANSPARENT))

    def _compressible(self, numbers: Places, changed: Mask) -> Places:
        """The numbers to store: of the ways to treat what did not change, the one that leaves the longest runs."""
        if self._trial == 0:
            self._way = min(_WAYS, key=lambda way: _steps(way(numbers, changed)))
        self._trial = (self._trial + 1) % _TRIAL
        return self._way(numbers, changed)


class _CutOutCoder(_Coder):
    """Pictures without a paper: before something vanishes, all is cleared in a rectangle that holds it.

    A GIF can clear only what a frame has drawn, and when its time is over. So each frame waits for the next, and at the
    end of a segment all is cleared.
    """

    def __init__(
        self, size: tuple[int, int], table: ColorTable, delays: Iterator[int], paper: tuple[int, int, int]
    ) -> None:
        import numpy as np

        super().__init__(size, table, delays, None)
        width, height = size
        self._paper = paper
        self._last: _Image | None = None
        self._seen = as_words(_cut_out(np.zeros((height, width, 4), np.uint8), paper))
        self._nothing = self._seen[0, 0]
        self._numbers = np.full((height, width), _TRANSPARENT, np.uint8)

    def show(self, pixels: Pixels, delay: int) -> None:
        picture = as_words(_cut_out(pixels, self._paper))
        vanished = box_of((picture == self._nothing) & (self._seen != self._nothing))
        if vanished is not None:
            self._clear(vanished)
        first, *further = shares(delay, _LONGEST)
        for image in (self._image(picture, first), *map(_unchanged, further)):
            self._pass_on(image)

    def finish(self) -> bytes:
        if next(self._delays, None) is not None:
            self._clear((slice(0, self._size[1]), slice(0, self._size[0])))
        self.pass_on_the_last()
        return super().finish()

    def pass_on_the_last(self) -> None:
        self._pass_on(None)

    def _pass_on(self, image: _Image | None) -> None:
        """Store the frame that waits, and have another wait, whose numbers may be those that are kept up to date."""
        if self._last is not None:
            self._blocks.append(self._last.block())
        self._last = image and replace(image, numbers=image.numbers.copy())

    def _clear(self, box: Box) -> None:
        """Have the frame that waits be cleared, and a rectangle with it."""
        if self._last is not None and self._seen is not None and self._numbers is not None:
            self._last = self._last.cleared_with(box)
            self._seen[self._last.box] = self._nothing
            self._numbers[self._last.box] = _TRANSPARENT


def _everything(numbers: Places, changed: Mask) -> Places:
    """What did not change is stored again: a line on plain paper leaves no trace of where the last one was."""
    import numpy as np

    return np.ascontiguousarray(numbers)


def _changes(numbers: Places, changed: Mask) -> Places:
    """What did not change is transparent: a curve that grows stores its new end alone."""
    return numbers * changed


def _changes_on_paper(numbers: Places, changed: Mask) -> Places:
    """What did not change is transparent, but for the commonest colour."""
    import numpy as np

    stored: Places = np.maximum(numbers * changed, numbers == _COMMONEST)
    return stored


_WAYS = _everything, _changes, _changes_on_paper


def _steps(numbers: Places) -> int:
    """How often the number differs from its neighbour's; what LZW stores grows with it."""
    import numpy as np

    return int(np.count_nonzero(numbers[:, 1:] != numbers[:, :-1]))


def _bits(colors: int) -> int:
    """Bits that hold the numbers of so many colours beside the transparent one."""
    return max(_FEWEST_BITS, colors.bit_length())


def _stored_table(colors: NDArray[np.uint8]) -> tuple[bytes, int]:
    """A colour table as the format stores it, filled up to a power of two, and the bits of its numbers."""
    bits = _bits(len(colors))
    return (bytes(3) + colors.tobytes()).ljust(3 << bits, b"\0"), bits


def _unchanged(delay: int) -> _Image:
    """One transparent pixel: the least a GIF can store of a frame that equals the one before it."""
    import numpy as np

    return _Image(np.full((1, 1), _TRANSPARENT, np.uint8), _FEWEST_BITS, (slice(0, 1), slice(0, 1)), delay)


@dataclass(frozen=True, eq=False)
class _Image:
    """A rectangle of a frame: numbers of so many bits, where it lies, its delay, its colours if they are its own.

    It stays when its time is over, unless it is to be `cleared`.
    """

    numbers: Places
    bits: int
    box: Box
    delay: int
    table: NDArray[np.uint8] | None = None
    cleared: bool = False

    def cleared_with(self, box: Box) -> _Image:
        """The same, but when its time is over all is cleared that lies in its rectangle, which holds another."""
        import numpy as np

        rows, columns = (
            slice(min(one.start, two.start), max(one.stop, two.stop)) for one, two in zip(self.box, box, strict=True)
        )
        numbers = np.full((rows.stop - rows.start, columns.stop - columns.start), _TRANSPARENT, np.uint8)
        top, left = self.box[0].start - rows.start, self.box[1].start - columns.start
        height, width = self.numbers.shape
        numbers[top : top + height, left : left + width] = self.numbers
        return replace(self, numbers=numbers, box=(rows, columns), cleared=True)

    def block(self) -> bytes:
        """Control extension, descriptor, colour table if it has one, and compressed numbers."""
        from PIL import Image

        bits = self.bits
        height, width = self.numbers.shape
        disposal, has_transparent = (2 if self.cleared else 1) << 2, 1
        control = struct.pack("<3sBHBB", b"!\xf9\x04", disposal | has_transparent, self.delay, _TRANSPARENT, 0)
        stored, flags = b"", 0
        if self.table is not None:
            stored, bits = _stored_table(self.table)
            flags = 0b1_000_0_000 | bits - 1
        descriptor = struct.pack("<cHHHHB", b",", self.box[1].start, self.box[0].start, width, height, flags)
        compressed = Image.fromarray(self.numbers).tobytes("gif", "L", bits, 0)
        return control + descriptor + stored + bytes([bits]) + compressed + b"\0"


def _cut_out(pixels: Pixels, paper: tuple[int, int, int]) -> Pixels:
    """A picture whose pixels are there or not: what is covered by less than half goes, the rest is blended with paper.

    What is pale itself, as a band, is no edge, and stays.
    """
    import numpy as np

    cover = pixels[..., 3]
    shown = cover >= _HALF
    if ((cover > 0) & ~shown).any():
        shown |= (cover > 0) & _is_pale(cover)
    gone = as_words(np.array([*paper, 0], np.uint8))
    cut = np.where(shown, as_words(pixels), gone).view(np.uint8).reshape(pixels.shape)
    blended = shown & (cover < 255)
    part = cover[blended][:, None].astype(np.uint16)
    cut[blended, :3] = (pixels[blended, :3] * part + np.array(paper, np.uint16) * (255 - part) + 127) // 255
    cut[blended, 3] = 255
    return cut


def _is_pale(cover: NDArray[np.uint8]) -> Mask:
    """Where something pale is, and not the edge of something dense.

    It is where nothing near is covered more than twice as much, or nothing around it less than half as much.
    """
    import numpy as np

    def of(extreme: Any, reach: int) -> NDArray[np.uint16]:
        """The extreme of all pixels that lie no farther than that, in each direction."""
        (height, width), around, span = cover.shape, np.pad(cover, reach), range(2 * reach + 1)
        rows = reduce(extreme, [around[at : at + height] for at in span])
        found: NDArray[np.uint16] = reduce(extreme, [rows[:, at : at + width] for at in span]).astype(np.uint16)
        return found

    own = cover.astype(np.uint16)
    pale: Mask = (2 * own >= of(np.maximum, _NEAR)) | (2 * of(np.minimum, 1) >= own)
    return pale
