"""How long a frame takes to become what a terminal shows, and how many bytes: `python -m benchmarks.terminal`.

Against libraries that do the same. Those of this Python are measured; `--with PYTHON` measures those of another one,
for they can't all be installed beside one another.
"""

from __future__ import annotations

import argparse
import datetime
import fcntl
import io
import json
import os
import platform
import re
import statistics
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

RESULTS = Path("benchmarks/TERMINAL.md")
FILMS = {"lines": "examples/digits_training.csv", "weights": "examples/network_weights.npy"}
PACKAGES = ("liveplot-cli", "numpy", "pillow", "chafa.py", "textual-image", "term-image")
COLUMNS, ROWS, CELL = 80, 30, (8, 16)  # of a terminal that 640x480 pixels fill
FRAMES = 12

_INTRODUCTION = """\
# Pictures for terminals

Written by `python -m benchmarks.terminal`; what is above the table is written by hand in `terminal.py`.

{choice}
Frames of 640x480 pixels for a terminal of 80x30 cells, by turns the last rows of a film, as it is played: processor
time and bytes of a frame are medians, the first one left out. *Growth* is what the process has grown by for each frame.
"""

_CHOICE = """\
| | chafa.py 1.2.0 | textual-image 0.12.0 | term-image 0.7.2 | liveplot's own |
|---|---|---|---|---|
| kitty | raw pixels | PNG | yes | compressed pixels |
| iTerm2 | raw pixels | — | yes | PNG |
| sixel | yes | yes, in Python | — | yes, in numpy |
| cells | half blocks, quarters, sextants, braille and many more | half blocks | half blocks | quarters, braille |
| colours of cells | 24-bit, 256, 16, 8, 2 | 24-bit, by Rich also 256 and 16 | 24-bit | 24-bit, 256, 16 |
| words in cells | — | — | — | as text |
| sends what changed | — | — | — | of cells |
| dependencies | none; libchafa is in the wheel | Pillow, Rich | Pillow below 11, requests | numpy, Pillow |
| wheels | CPython up to 3.13 on glibc, macOS 13, Windows; none for 3.14 or musl | any | any | any |
| size installed | 2.1 MB | 0.4 MB, and Rich's 3.0 | 0.5 MB | 0.08 MB |
| type hints | some, not marked as typed | yes | some, not marked as typed | strict |
| licence | LGPL-3.0 | LGPL-3.0 | MIT | MIT |
| last releases | September 2024 | several in 2026 | June 2024 | |
| importing it | loads a library | asks the terminal | asks the terminal | nothing |

The choice: **none of them, and no extra**; what is sent is made by numpy and Pillow, which are there anyway.

- chafa.py draws the most, and sixels in about half the time. But it never frees what it hands back: see *growth*,
  megabytes for each second of a film. It has had no release since 2024 and no wheel for Python 3.14, so that an extra
  that needs it could not be installed with a Python of today. Its kitty and iTerm2 pictures are not compressed: some
  1.6 MB a frame over a slow link, where 0.04 are enough.
- textual-image is well kept. It draws neither iTerm2's pictures nor anything finer than half blocks; its sixels are in
  a private module and take about three times as long.
- term-image can't be installed beside liveplot: it wants a Pillow below 11, whose faults have been mended since.
"""


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--with", dest="others", action="append", default=[], metavar="PYTHON")
    parser.add_argument("--frames", nargs=2, metavar=("NPY", "JSON"))
    asked = parser.parse_args()
    if asked.frames:
        Path(asked.frames[1]).write_text(json.dumps([*measured(np.load(asked.frames[0]))]))
        return
    rows: dict[str, list[list[Any]]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, source in FILMS.items():
            path = Path(folder, f"{name}.npy")
            np.save(path, drawn(source))
            for python in [sys.executable, *asked.others]:
                rows.setdefault(name, []).extend(in_a_terminal(python, path))
    RESULTS.write_text("\n".join(report(rows)) + "\n")


def drawn(source: str) -> np.ndarray:
    """The last frames of a film, shape (frames, height, width, 4)."""
    from liveplot_cli.drawing import style
    from liveplot_cli.prepare import prepare
    from liveplot_cli.scene import Scene

    prepared = prepare(source, "auto", {})
    last = len(prepared.histories[0])
    with style.applied(prepared.look):
        scene = Scene(prepared.histories, prepared.chart, prepared.look)
        return np.stack([scene.pixels(row).copy() for row in range(last - FRAMES, last)])


def in_a_terminal(python: str, path: Path) -> list[list[Any]]:
    """What a Python measures, run in a terminal of the size, for some libraries ask for that and draw nothing else."""
    master, slave = os.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, COLUMNS * CELL[0], ROWS * CELL[1]))

    def swallow() -> None:
        with suppress(OSError):
            while os.read(master, 65536):
                pass

    threading.Thread(target=swallow, daemon=True).start()
    results = path.with_suffix(".json")
    environment = os.environ | {"COLORTERM": "truecolor", "TERM": "xterm-256color"}
    if python != sys.executable:
        environment.pop("PYTHONPATH", None)
    command = [python, "-W", "ignore", __file__, "--frames", str(path), str(results)]
    subprocess.run(command, stdin=slave, stdout=slave, env=environment, check=True)
    os.close(slave)
    found: list[list[Any]] = json.loads(results.read_text())
    return found


def measured(frames: np.ndarray) -> Iterator[list[Any]]:
    """For each library that is here and each protocol: milliseconds, bytes, and bytes that the process grew by."""
    warnings.simplefilter("ignore")
    for library in (ours, chafa, textual_image, term_image):
        try:
            ways = library()
        except ImportError:
            continue
        for name, show in ways.items():
            times, sizes = [], []
            for number in range(4 * FRAMES):
                if number == FRAMES:
                    before = resident()
                start = time.process_time()
                sizes.append(len(show(frames[number % FRAMES])))
                times.append(1000 * (time.process_time() - start))
            growth = (resident() - before) / (3 * FRAMES)
            yield [library.__name__, name, statistics.median(times[1:]), statistics.median(sizes[1:]), growth]


def resident() -> int:
    """Bytes of the process in memory."""
    with suppress(OSError):
        return 1024 * int(re.search(r"VmRSS:\s+(\d+)", Path("/proc/self/status").read_text())[1])  # type: ignore[index]
    return 0


def ours() -> dict[str, Callable[[np.ndarray], bytes]]:
    from liveplot_cli import protocols
    from liveplot_cli.terminals.answers import Terminal
    from liveplot_cli.terminals.area import Area

    def way(name: str, colors: str) -> Callable[[np.ndarray], bytes]:
        painter = protocols.load(name)(Area(COLUMNS, ROWS, CELL), Terminal(colors=colors))
        return lambda pixels: painter.painted(pixels, [])

    named = {name: way(name, "16m") for name in protocols.names()}
    return {**named, "blocks, 256 colours": way("blocks", "256"), "blocks, 16 colours": way("blocks", "16")}


def chafa() -> dict[str, Callable[[np.ndarray], bytes]]:
    import chafa as library

    modes, tags, canvases = library.PixelMode, library.SymbolTags, library.CanvasMode
    info = library.TermDb().get_fallback_info()

    def way(mode: int, symbols: int | None = None, colors: int = 0) -> Callable[[np.ndarray], bytes]:
        config = library.CanvasConfig()
        config.width, config.height, (config.cell_width, config.cell_height) = COLUMNS, ROWS, CELL
        config.pixel_mode, config.canvas_mode = modes(mode), canvases(colors)
        if symbols is not None:
            chosen = library.SymbolMap()
            chosen.add_by_tags(symbols | tags.CHAFA_SYMBOL_TAG_SPACE)
            config.set_symbol_map(chosen)
        canvas = library.Canvas(config)

        def show(pixels: np.ndarray) -> bytes:
            height, width = pixels.shape[:2]
            kind = library.PixelType.CHAFA_PIXEL_RGBA8_UNASSOCIATED
            canvas.draw_all_pixels(kind, np.ascontiguousarray(pixels).reshape(-1), width, height, 4 * width)
            sent: bytes = canvas.print(info)
            return sent

        return show

    symbols, blocks = modes.CHAFA_PIXEL_MODE_SYMBOLS, tags.CHAFA_SYMBOL_TAG_QUAD | tags.CHAFA_SYMBOL_TAG_HALF
    return {
        "kitty": way(modes.CHAFA_PIXEL_MODE_KITTY),
        "iterm2": way(modes.CHAFA_PIXEL_MODE_ITERM2),
        "sixel": way(modes.CHAFA_PIXEL_MODE_SIXELS),
        "blocks": way(symbols, blocks),
        "braille": way(symbols, tags.CHAFA_SYMBOL_TAG_BRAILLE),
        "sextants": way(symbols, tags.CHAFA_SYMBOL_TAG_SEXTANT),
        "all its symbols": way(symbols),
        "blocks, 256 colours": way(symbols, blocks, canvases.CHAFA_CANVAS_MODE_INDEXED_256),
        "blocks, 16 colours": way(symbols, blocks, canvases.CHAFA_CANVAS_MODE_INDEXED_16),
    }


def textual_image() -> dict[str, Callable[[np.ndarray], str]]:
    from PIL import Image
    from rich.console import Console
    from textual_image.renderable import halfcell, sixel, tgp

    def way(kind: Any) -> Callable[[np.ndarray], str]:
        def show(pixels: np.ndarray) -> str:
            sent, before = io.StringIO(), sys.__stdout__
            console = Console(file=sent, force_terminal=True, color_system="truecolor", width=COLUMNS, height=ROWS)
            sys.__stdout__ = sent  # type: ignore[misc]  # where it sends the pixels of kitty by itself
            try:
                console.print(kind(Image.fromarray(pixels[..., :3]), width=COLUMNS, height=ROWS))
            finally:
                sys.__stdout__ = before  # type: ignore[misc]
            return sent.getvalue()

        return show

    return {"kitty": way(tgp.Image), "sixel": way(sixel.Image), "half blocks": way(halfcell.Image)}


def term_image() -> dict[str, Callable[[np.ndarray], str]]:
    from PIL import Image
    from term_image.image import BlockImage, ITerm2Image, KittyImage

    def way(kind: Any) -> Callable[[np.ndarray], str]:
        kind.forced_support = True
        return lambda pixels: format(kind(Image.fromarray(pixels[..., :3]), width=COLUMNS))

    return {"kitty": way(KittyImage), "iterm2": way(ITerm2Image), "half blocks": way(BlockImage)}


def report(rows: dict[str, list[list[Any]]]) -> Iterator[str]:
    yield _INTRODUCTION.format(choice=_CHOICE)
    yield f"- Date: {datetime.datetime.now(datetime.UTC).date()}; command: `python -m benchmarks.terminal`"
    yield f"- Machine: {os.cpu_count()} cores, Python {platform.python_version()}"
    found = []
    for package in PACKAGES:
        with suppress(PackageNotFoundError):
            found.append(f"{package} {version(package)}")
    yield f"- Versions of this Python: {', '.join(found)}"
    yield "\n| frame | library | protocol | ms | bytes | growth, bytes a frame |\n|---|---|---|---|---|---|"
    names = {"ours": "liveplot", "chafa": "chafa.py", "textual_image": "textual-image", "term_image": "term-image"}
    for name, measures in rows.items():
        for library, protocol, ms, size, growth in measures:
            grown = f"{growth:,.0f}" if growth > 4096 else "none"
            yield f"| {name} | {names[library]} | {protocol} | {ms:.1f} | {size:,.0f} | {grown} |"


if __name__ == "__main__":
    main()
