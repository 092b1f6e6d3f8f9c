"""Films encoded by hand, and read back with programs that have nothing of ours: gifsicle, ffprobe, ffmpeg, Pillow."""

from __future__ import annotations

import json
import pickle
import re
import subprocess
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from PIL import GifImagePlugin, Image, ImageSequence

from liveplot_cli.encoders import Encoder
from liveplot_cli.film import Film


class GifFacts(NamedTuple):
    """What gifsicle says of a GIF: images, screen size, each image's delay in hundredths of a second, its plays."""

    images: int
    size: tuple[int, int]
    delays: list[int]
    loop: str

    @property
    def seconds(self) -> Fraction:
        return Fraction(sum(self.delays), 100)


def gifsicle(path: Path) -> GifFacts:
    text = run("gifsicle", "--info", str(path))
    width, height = re.search(r"logical screen (\d+)x(\d+)", text).groups()
    delays = [round(100 * float(delay)) for delay in re.findall(r"delay ([\d.]+)s", text)]
    loop = re.search(r"loop (forever|count \d+)", text)
    images = int(re.search(r"(\d+) images?", text).group(1))
    return GifFacts(images, (int(width), int(height)), delays, loop.group(1) if loop else "once")


def gif_pictures(path: Path) -> list[np.ndarray]:
    """The pictures of a GIF as they are seen, composed by Pillow: shape (height, width, 3)."""
    # imageio has all of Pillow compose frames in the first one's colours, which is wrong where they have their own.
    GifImagePlugin.LOADING_STRATEGY = GifImagePlugin.LoadingStrategy.RGB_AFTER_FIRST
    with Image.open(path) as image:
        return [np.asarray(frame.convert("RGB")) for frame in ImageSequence.Iterator(image)]


def gif_pixels(path: Path) -> np.ndarray:
    """The pixels of a GIF as they are seen, composed by Pillow: shape (frames, height, width, 4), black where bare."""
    GifImagePlugin.LOADING_STRATEGY = GifImagePlugin.LoadingStrategy.RGB_AFTER_FIRST
    with Image.open(path) as image:
        pixels = np.stack([np.asarray(frame.convert("RGBA")) for frame in ImageSequence.Iterator(image)])
    return np.where(pixels[..., 3:], pixels, 0)


class WebpFacts(NamedTuple):
    """A WebP as libwebp composes it: each frame's milliseconds, how often it plays, and the frames' pixels, RGBA."""

    milliseconds: list[int]
    plays: int
    pixels: np.ndarray


def webp(path: Path) -> WebpFacts:
    milliseconds, pixels = [], []
    with Image.open(path) as image:
        for number in range(image.n_frames):
            image.seek(number)
            pixels.append(np.asarray(image.convert("RGBA")))
            milliseconds.append(image.info["duration"])
        return WebpFacts(milliseconds, image.info["loop"], np.stack(pixels))


def ffmpeg_pictures(path: Path, size: tuple[int, int]) -> np.ndarray:
    """The pictures of a film as ffmpeg decodes them by the colour tags it finds: (frames, height, width, 3)."""
    command = ["ffmpeg", "-v", "error", "-i", str(path), "-fps_mode", "passthrough"]
    command += ["-vf", "scale=flags=accurate_rnd+full_chroma_int", "-f", "rawvideo", "-pix_fmt", "rgb24", "-"]
    raw = subprocess.run(command, capture_output=True, check=True).stdout
    return np.frombuffer(raw, np.uint8).reshape(-1, size[1], size[0], 3)


def ffprobe(path: Path) -> dict[str, Any]:
    """ffprobe's view of the only stream, its frames counted one by one."""
    text = run("ffprobe", "-v", "error", "-count_frames", "-show_streams", "-show_format", "-of", "json", str(path))
    facts = json.loads(text)
    (stream,) = facts["streams"]
    return {**stream, "format": facts["format"]}


def run(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, errors="surrogateescape", check=True).stdout


def psnr(one: np.ndarray, two: np.ndarray) -> float:
    """Peak signal to noise ratio in decibels, infinite for equal pictures."""
    error = np.square(one.astype(float) - two).mean()
    return float("inf") if error == 0 else float(10 * np.log10(255**2 / error))


def encode(
    encoder: Encoder, path: Path, pictures: list[np.ndarray], *, segment: int = 64, shuffled: bool = False
) -> None:
    """Write pictures, shape (height, width, 3), as a job would, each segment with pickled copies of plan and chunk."""
    frames = [np.dstack([picture, np.full(picture.shape[:2], 255, np.uint8)]) for picture in pictures]
    height, width, _ = frames[0].shape
    durations = (Fraction(1, 20),) * len(frames)
    plan = encoder.plan(Film(width, height, (255, 255, 255), durations, Fraction(20), lambda: iter(frames)))
    starts = list(range(0, len(frames), segment))
    chunks = {}
    for start in reversed(starts) if shuffled else starts:
        coder = pickle.loads(pickle.dumps(plan)).begin(start, frames.__getitem__)
        for frame in frames[start : start + segment]:
            coder.add(frame)
        chunks[start] = pickle.loads(pickle.dumps(coder.finish()))
    with plan.open(path) as append:
        for start in starts:
            append(chunks[start])
