"""Pictures: the pages of a TIFF, the frames of a GIF or an MP4, the files of a folder. Each is a row of its history.

Pillow and PyAV decode them by way of imageio: https://imageio.readthedocs.io/en/stable/user_guide/overview.html.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, BinaryIO, ClassVar

from liveplot_cli.errors import DataError, LimitError, LiveplotError, MissingError, UsageError, listed, quoted

# numpy, imageio and what it imports are imported where they are used: the command line reads this file for its help.
if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from liveplot_cli.history import History, StoredHistory
    from liveplot_cli.input import Input
    from liveplot_cli.selection import Selection

_STILLS = (".png", ".tif", ".tiff", ".jpg", ".jpeg")
_TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_GIF = b"GIF8"
_FILMS = (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip")  # behind the length of an MP4's first box
# What Pillow calls pictures whose numbers are taken as they are; all others are colours in some form.
_PLAIN = ("1", "L", "LA", "I", "I;16", "I;16B", "I;16L", "F", "RGB", "RGBA")
_LUMA = 2126, 7152, 722  # ten-thousandths of red, green and blue: ITU-R BT.709, section 3.2


@dataclass(frozen=True)
class Image:
    """Pictures of one size, each of them a row: grey as the numbers it is, colours as their brightness."""

    suffixes: ClassVar[tuple[str, ...]] = (*_STILLS, ".gif", ".mp4", ".mov", "/")

    @classmethod
    def recognizes(cls, start: bytes) -> bool:
        """Whether a file is one, by its first bytes."""
        return start.startswith((*_TIFF, _GIF, b"\x89PNG", b"\xff\xd8\xff")) or start[4:8] in _FILMS

    def read(self, source: Input, selection: Selection) -> History:
        """The pictures as a history with a grid.

        Raises `DataError` where one is broken or of another size than the first, `LimitError` before they take more
        memory than they may, `UsageError` for a folder without pictures.
        """
        import io
        import logging

        pages = _Pages(source)
        if source.path is not None and source.path.is_dir():
            _read_folder(source, pages)
        else:
            stream = source.stream if source.path is not None else io.BytesIO(source.whole())
            _read_file(stream, source.start, pages)
        history = pages.history()
        logging.getLogger(__name__).info(
            "%s: pictures of %dx%d pixels, %d in all%s", quoted(source.name)[1:-1], pages.shape[1], pages.shape[0],
            len(history), ", colours taken as their luma (BT.709)" if pages.colored else "",
        )  # fmt: skip
        return selection.pick_columns(history)


@dataclass(eq=False)
class _Pages:
    """Pictures of one size, gathered in the smallest type that holds all of their numbers."""

    source: Input
    shape: tuple[int, int] = (0, 0)
    count: int = 0
    colored: bool = False
    _dtype: np.dtype[Any] | None = None
    _numbers: bytearray = field(default_factory=bytearray)

    def allow(self, shape: tuple[int, ...]) -> None:
        """Refuse pictures of this shape, at a byte for each pixel, that would be too many with those there are."""
        import math

        self.source.allow(len(self._numbers) + math.prod(shape))

    def add(self, picture: NDArray[Any]) -> None:
        """Add a picture of shape (height, width), or with its colours in a third dimension."""
        import numpy as np

        self.count += 1
        height, width = picture.shape[:2]
        if self._dtype is None:
            self.shape = height, width
        elif self.shape != (height, width):
            first = f"{self.shape[1]}x{self.shape[0]}"
            raise DataError(f"picture {self.count} has {width}x{height} pixels, and the first has {first}")
        self.colored |= picture.ndim > 2 and picture.shape[2] > 2
        levels = _levels(picture)
        dtype = levels.dtype if self._dtype is None else np.result_type(self._dtype, levels.dtype)
        self.source.allow(self.count * levels.size * dtype.itemsize)
        if self._dtype not in (None, dtype):
            self._numbers = bytearray(np.frombuffer(self._numbers, self._dtype).astype(dtype))
        self._dtype = dtype
        self._numbers += levels.astype(dtype, copy=False).tobytes()

    def history(self) -> StoredHistory:
        """The history of them, which keeps the numbers as they are; raises `DataError` where there is no picture."""
        from liveplot_cli.history import StoredHistory
        from liveplot_cli.row_file import NumberBytes, RowFile

        if self._dtype is None:
            raise DataError("there is no picture in it")
        cells = self.shape[0] * self.shape[1]
        held = NumberBytes(self._numbers)
        stored = RowFile(held, 0, self._dtype, cells, False, range(self.count), range(cells))
        return StoredHistory(stored=stored, grid=self.shape)


def _levels(picture: NDArray[Any]) -> NDArray[Any]:
    """A picture's numbers, shape (height, width): colours as their luma, NaN where nothing at all is to be seen."""
    import numpy as np

    if picture.ndim == 2:
        return picture
    parts = [picture[..., number] for number in range(picture.shape[2])]
    alpha = parts.pop() if len(parts) in (2, 4) else None
    levels = parts[0]
    if len(parts) == 3:
        luma = np.sum([weight * part.astype(np.uint32) for weight, part in zip(_LUMA, parts, strict=True)], axis=0)
        levels = ((luma + 5000) // 10_000).astype(picture.dtype)
    if alpha is not None and not alpha.all():
        levels = np.where(alpha == 0, np.float32(np.nan), levels.astype(np.float32))
    return levels


def _read_folder(source: Input, pages: _Pages) -> None:
    """The pictures of a folder by their names, in which 10 comes after 2; what else is in it is told of."""
    import logging

    from liveplot_cli.input import named

    assert source.path is not None  # it is a folder
    entries = sorted((entry for entry in source.path.iterdir() if not entry.name.startswith(".")), key=_in_order)
    files = [entry for entry in entries if entry.suffix.lower() in _STILLS and entry.is_file()]
    if not files:
        raise UsageError(f"it is a folder that holds no picture ({', '.join(_STILLS)}); name a file in it")
    others = [entry.name for entry in entries if entry not in set(files)]
    if others:
        logging.getLogger(__name__).warning(
            "%s: only its %d pictures are read, and not %s", quoted(source.name)[1:-1], len(files), listed(others)
        )
    for path in files:
        with named(path.name), path.open("rb") as file:
            start = file.read(8)
            file.seek(0)
            _read_file(file, start, pages)


def _in_order(path: os.PathLike[str]) -> list[Any]:
    """What sorts names as a person counts: 2 before 10."""
    parts = re.split(r"([0-9]+)", os.fspath(path))
    return [int(part) if number % 2 else part for number, part in enumerate(parts)]


def _read_file(stream: BinaryIO, start: bytes, pages: _Pages) -> None:
    """All pictures of one file, decoded by what its first bytes call for."""
    if not start:
        raise DataError("the file is empty")
    with _told():
        _check_end(stream, start)
        if start[4:8] in _FILMS:
            _read_film(stream, pages)
        elif start.startswith(_GIF):
            _read_gif(stream, pages)
        else:
            _read_stills(stream, pages)


def _check_end(stream: BinaryIO, start: bytes) -> None:
    """Raise `ValueError` where a file was cut in a way that its decoder would take for an early end."""
    from liveplot_cli.formats import gif_blocks, mp4_boxes, tiff_pages

    if start.startswith(_GIF):
        gif_blocks.check_end(stream)
    elif start.startswith(_TIFF):
        tiff_pages.check_end(stream)
    elif start[4:8] in _FILMS:
        mp4_boxes.check_end(stream)
    stream.seek(0)


def _read_stills(stream: BinaryIO, pages: _Pages) -> None:
    """The pages of a file that Pillow reads."""
    with _opened(stream, "pillow") as file:
        count, *shape = file.properties(index=...).shape[:3]
        pages.allow((count, *shape))
        for number in range(count):
            mode = file.metadata(index=number)["mode"]
            pages.add(file.read(index=number, mode=None if mode in _PLAIN else "RGBA", rotate=True))


def _read_gif(stream: BinaryIO, pages: _Pages) -> None:
    """The frames of a GIF as a player composes them.

    imageio tells what is wrong with its head, but has Pillow compose all frames in the first one's colours.
    """
    import numpy as np
    from PIL import GifImagePlugin, Image, ImageSequence

    before = GifImagePlugin.LOADING_STRATEGY
    with _opened(stream, "pillow") as file:
        pages.allow(file.properties(index=...).shape[:3])
        stream.seek(0)
        GifImagePlugin.LOADING_STRATEGY = GifImagePlugin.LoadingStrategy.RGB_AFTER_FIRST
        try:
            with Image.open(stream) as image:
                for frame in ImageSequence.Iterator(image):
                    picture = np.asarray(frame.convert("RGBA"))
                    is_grey = (picture[..., :1] == picture[..., 1:3]).all()
                    pages.add(picture[..., [0, 3]] if is_grey else picture)
        finally:
            GifImagePlugin.LOADING_STRATEGY = before


def _read_film(stream: BinaryIO, pages: _Pages) -> None:
    """The frames of a film that PyAV reads."""
    with _opened(stream, "pyav") as file:
        pages.allow(file.properties(index=...).shape[:3])
        for picture in file.iter():
            pages.add(picture)


def _opened(stream: BinaryIO, plugin: Any) -> Any:
    """The file as imageio opens it, of which all is told that can be wrong with its head."""
    import imageio.v3 as imageio

    try:
        return imageio.imopen(stream, "r", plugin=plugin)
    except ImportError:
        raise MissingError(f"what decodes it is not here: pip install 'imageio[{plugin}]'") from None
    except OSError as error:
        cause = type(error.__cause__).__name__
        if cause == "DecompressionBombError":
            raise LimitError("a picture in it has more than 178,956,970 pixels") from None
        if cause == "IndexError":
            raise DataError("there is no video in it, only sound or something else") from None
        raise DataError(
            "this is no picture or film that can be read; save it as .png, or as .tif of 8 or 16 bits or 32-bit floats"
        ) from None


@contextmanager
def _told() -> Iterator[None]:
    """Tell whatever a decoder says of a broken file as a `DataError`."""
    import warnings

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what is odd in a file that can be read
            yield
    except (LiveplotError, MemoryError):
        raise
    except Exception as error:
        if isinstance(error, OSError) and error.errno:
            raise  # the disk's, and not the file's
        said = quoted(error)[1:-1] or type(error).__name__
        raise DataError(f"its pictures cannot be read ({said}); was it cut short?") from None
