"""How true a file is to the frames its tool drew: PSNR of a few frames, read back by Pillow or by ffmpeg."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Pictures = NDArray[np.uint8]  # shape (frames, height, width, 3)


def psnr(drawn: Iterable[Path], film: Path, numbers: Sequence[int], size: tuple[int, int]) -> float:
    """Peak signal to noise ratio in decibels over some frames of a film, infinite where all are as drawn."""
    wanted = np.stack([np.asarray(Image.open(path).convert("RGB")) for path in drawn])
    found = gif(film, numbers) if film.suffix == ".gif" else mp4(film, numbers, size)
    error = np.square(wanted.astype(float) - found).mean()
    return float("inf") if error == 0 else float(10 * np.log10(255**2 / error))


def gif(film: Path, numbers: Sequence[int]) -> Pictures:
    """Frames of a GIF as they are seen."""
    pictures = []
    with Image.open(film) as image:
        for number in numbers:
            image.seek(number)
            pictures.append(np.asarray(image.convert("RGB")))
    return np.stack(pictures)


def mp4(film: Path, numbers: Sequence[int], size: tuple[int, int]) -> Pictures:
    """Frames of an MP4, in the colours that its tags, or their absence, mean to ffmpeg."""
    chosen = "+".join(f"eq(n,{number})" for number in numbers)
    filters = f"select='{chosen}',scale=flags=accurate_rnd+full_chroma_int"
    command = ["ffmpeg", "-v", "error", "-i", str(film), "-fps_mode", "passthrough", "-vf", filters]
    command += ["-f", "rawvideo", "-pix_fmt", "rgb24", "-"]
    raw = subprocess.run(command, capture_output=True, check=True).stdout
    return np.frombuffer(raw, np.uint8).reshape(len(numbers), size[1], size[0], 3)
