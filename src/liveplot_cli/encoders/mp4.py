"""MP4 that plays everywhere: H.264 in 4:2:0, colours converted and tagged as BT.709, the index before the frames.

H.264 is ITU-T H.264 | ISO/IEC 14496-10, the file ISO/IEC 14496-12. Each segment is encoded by itself, so that it can be
encoded in any process. Without B-frames packet k is frame k, and one encoder thread makes equal frames equal bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any, ClassVar

from liveplot_cli.errors import MissingError, OutputError
from liveplot_cli.option import one_of, option
from liveplot_cli.timing import ticks

if TYPE_CHECKING:
    from pathlib import Path

    from liveplot_cli.encoders import Draw
    from liveplot_cli.film import Film, Pixels

_Chunk = list[tuple[bytes, bool]]  # per frame: its data, and whether it is a keyframe


def _x264(quantizer: int, search: int = 0, chroma: int = -2) -> dict[str, str]:
    """An encoder's settings: `search` is how finely it looks for motion, `chroma` what the colours' quantizer adds."""
    parameters = {
        "cabac": 1,
        "no-deblock": 0,
        "partitions": "i4x4,p8x8",
        "subme": search,
        "ipratio": 2,
        "chroma-qp-offset": chroma,
        "deadzone-inter": 6,
        "deadzone-intra": 6,
        "cpu-independent": 1,
    }
    return {
        "preset": "ultrafast",
        "tune": "animation",
        "qp": str(quantizer),
        "x264-params": ":".join(f"{name}={value}" for name, value in parameters.items()),
    }


# Measured on films of lines at 640x480. `ultrafast`, with what lines need put back (arithmetic coding, deblocking,
# small blocks, rounding to the nearer level), takes half the time of `veryfast` for films as good and about as large. A
# constant quantizer leaves specks on the paper where a slow line was: at 26 they are too few and faint to be seen, at
# 28 they show when the picture is enlarged, at 34 they show.
_QUALITIES = {"draft": _x264(34), "good": _x264(26), "best": _x264(22, search=2, chroma=-4)}
_LONGEST_GROUP = 250  # frames from one keyframe to the next: players can seek no finer
_LEAST_TIMESCALE = 10_000


@dataclass(frozen=True)
class Mp4:
    """MP4 with H.264, at a constant rate."""

    suffixes: ClassVar[tuple[str, ...]] = (".mp4",)
    folder: ClassVar[bool] = False
    transparent: ClassVar[bool] = False

    quality: str = option(
        "good",
        "--quality",
        group="Looks",
        metavar="|".join(_QUALITIES),
        parse=one_of(*_QUALITIES),
        help="How faithful an MP4 is.",
    )

    def plan(self, film: Film) -> _Mp4Film:
        """As many frames as the film has at its rate, on paper widened to even sides, as 4:2:0 needs them."""
        _require_codec()  # before any worker is forked, that none has to
        drawn = film.width, film.height
        return _Mp4Film(drawn, film.paper, film.fps, tuple(ticks(film.durations, film.fps)), self.quality)


def _require_codec() -> None:
    """Import the codec; raises `MissingError` where there is none."""
    try:
        import av

        av.Codec("libx264", "w")
    except ImportError as error:
        raise MissingError(f"an MP4 needs PyAV, which is not here ({error}): pip install 'av>=18'") from None
    except ValueError:
        raise MissingError(
            "an MP4 needs PyAV with libx264, which this one lacks: pip install --force-reinstall --only-binary av av"
        ) from None


@contextmanager
def _faults() -> Iterator[None]:
    """Turn a failure of the codec into an `OutputError`, unless it is the disk's or for want of memory."""
    from av.error import FFmpegError

    try:
        yield
    except (OSError, MemoryError):
        raise
    except FFmpegError as error:
        raise OutputError(f"the codec failed ({error.strerror}), for want of memory perhaps") from error


@dataclass(frozen=True)
class _Mp4Film:
    drawn: tuple[int, int]
    paper: tuple[int, int, int]
    fps: Fraction
    repeats: tuple[int, ...]
    quality: str

    @property
    def frames(self) -> int:
        return sum(self.repeats)

    @property
    def seconds(self) -> Fraction:
        return self.frames / self.fps

    @property
    def size(self) -> tuple[int, int]:
        width, height = self.drawn
        return width + width % 2, height + height % 2

    def cut(self, frames: int) -> _Mp4Film:
        return replace(self, repeats=self.repeats[:frames])

    def begin(self, start: int, draw: Draw) -> _Coder:
        return _Coder(self, start)

    @contextmanager
    def open(self, path: Path) -> Iterator[Callable[[_Chunk], None]]:
        """The stream's own encoder encodes nothing; it is there to write the header its settings call for."""
        import av

        # Absolute, for the file is opened a second time to move its index, and a colon would name a protocol.
        options = {"movflags": "+faststart", "fflags": "+bitexact", "movie_timescale": str(self._timescale())}
        container = av.open(str(path.absolute()), "w", format="mp4", options=options)
        try:
            stream = container.add_stream("libx264", self.fps)
            self.configure(stream.codec_context)
            with _faults():
                container.start_encoding()
            written = 0

            def append(chunk: _Chunk) -> None:
                nonlocal written
                for data, is_keyframe in chunk:
                    packet = av.Packet(data)
                    packet.stream, packet.time_base = stream, 1 / self.fps
                    packet.pts = packet.dts = written
                    packet.duration, packet.is_keyframe = 1, is_keyframe
                    container.mux_one(packet)
                    written += 1

            yield append
        except BaseException:
            with suppress(OSError):  # the first failure is the one to tell
                container.close()
            raise
        container.close()

    def check(self, path: Path) -> None:
        from liveplot_cli.encoders import compare
        from liveplot_cli.formats.mp4_boxes import Mp4Facts, facts

        with path.open("rb") as file:
            compare(facts(file), Mp4Facts(self.size, self.frames, self.seconds))

    def configure(self, codec: Any) -> None:
        """Give an encoder the film's form."""
        from av.codec.context import Flags
        from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc

        codec.width, codec.height = self.size
        codec.pix_fmt = "yuv420p"
        codec.framerate, codec.time_base = self.fps, 1 / self.fps
        codec.gop_size = _LONGEST_GROUP
        codec.max_b_frames = 0
        codec.thread_count = 1
        codec.flags |= Flags.global_header | Flags.bitexact
        codec.colorspace = Colorspace.ITU709
        codec.color_primaries, codec.color_trc = ColorPrimaries.BT709, ColorTrc.BT709
        codec.color_range = ColorRange.MPEG
        codec.options = dict(_QUALITIES[self.quality])

    def _timescale(self) -> int:
        """Ticks a second that a frame's time is a whole number of; the default, 1000, would round the duration."""
        scale = self.fps.numerator
        while scale < _LEAST_TIMESCALE:
            scale *= 2
        return scale


class _Coder:
    """One segment, encoded by an encoder of its own."""

    def __init__(self, film: _Mp4Film, start: int) -> None:
        from av.video.codeccontext import VideoCodecContext
        from av.video.reformatter import VideoReformatter

        self._codec: Any = VideoCodecContext.create("libx264", "w")
        film.configure(self._codec)
        self._reformatter = VideoReformatter()
        self._repeats = iter(film.repeats[start:])
        self._film = film
        self._paper: Pixels | None = None
        self._frames = 0
        self._packets: list[Any] = []

    def add(self, pixels: Pixels) -> None:
        repeats = next(self._repeats)
        frame = self._converted(self._even(pixels))
        for frame.pts in range(self._frames, self._frames + repeats):
            with _faults():
                self._packets += self._codec.encode(frame)
        self._frames += repeats

    def finish(self) -> _Chunk:
        if self._frames:
            with _faults():
                self._packets += self._codec.encode(None)
        return [(_without_note(bytes(packet)), packet.is_keyframe) for packet in self._packets]

    def _even(self, pixels: Pixels) -> Pixels:
        """The picture, on paper where one of its sides is odd."""
        import numpy as np

        if self._film.size == self._film.drawn:
            return np.ascontiguousarray(pixels)
        if self._paper is None:
            width, height = self._film.size
            self._paper = np.full((height, width, 4), (*self._film.paper, 255), np.uint8)
        height, width, _ = pixels.shape
        self._paper[:height, :width] = pixels
        return self._paper

    def _converted(self, pixels: Pixels) -> Any:
        """The picture in 4:2:0, each chroma sample the mean of the four pixels it stands for."""
        import av
        from av.video.reformatter import ColorRange, Colorspace, Interpolation

        return self._reformatter.reformat(
            av.VideoFrame.from_numpy_buffer(pixels, "rgba"),
            format="yuv420p",
            dst_colorspace=Colorspace.ITU709,
            src_color_range=ColorRange.JPEG,
            dst_color_range=ColorRange.MPEG,
            # ACCURATE_RND would give the same pixels in 1.6 times the time.
            interpolation=Interpolation.AREA | Interpolation.FULL_CHR_H_INP | Interpolation.BITEXACT,
            threads=1,  # more would start threads of which a forked worker hangs
        )


def _without_note(data: bytes) -> bytes:
    """A packet less its leading SEI unit, in which x264 writes 600 bytes of its settings into every segment."""
    supplemental_information = 6
    unit = data.index(b"\0\0\1") + 3
    if data[unit] & 31 != supplemental_information:
        return data
    return b"\0" + data[data.index(b"\0\0\1", unit) :]
