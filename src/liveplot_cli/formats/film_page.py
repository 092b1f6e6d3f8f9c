"""A film as one page of HTML that plays it: what is written, and what a page that was written holds.

It holds all that it needs and asks for nothing else; its policy (https://www.w3.org/TR/CSP3/) allows the one script and
the one style whose digests it names. The film lies in groups of frames, a line for each: how many milliseconds it is
seen, its left and its top, and a WebP of what it changes. The first of a group is a whole picture, so that any frame is
a group's first and a few more. Behind the page stands the digest of all of it.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import html
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from typing import Any, BinaryIO

from liveplot_cli.formats.webp_chunks import picture_of, picture_size, still

_LONGEST_LINE = 1 << 28  # bytes
_GROUP, _END_OF_GROUP = b'<script type="text/plain" class="group">\n', b"</script>\n"
_FACTS, _END_OF_FACTS = b'<script type="application/json" id="facts">', b"</script>\n"
_CANVAS = re.compile(rb'<canvas id="film" width="(\d+)" height="(\d+)"')
_DIGEST = b"<!-- sha256 %s -->\n"
_SPEEDS = ("0.1", "0.25", "0.5", "1", "2", "4", "8")
_DARK = 128  # of 255: the lightness below which a paper is dark


@dataclass(frozen=True)
class PageFacts:
    """The picture in pixels, how many frames there are, how many milliseconds they last, its plays (0 is for ever)."""

    size: tuple[int, int]
    frames: int
    milliseconds: int
    plays: int


@dataclass(frozen=True)
class Group:
    """Frames of which the first is a whole picture: the text that holds them, and each one's milliseconds."""

    text: bytes
    milliseconds: tuple[int, ...]


def group(frames: Iterable[tuple[bytes, tuple[int, int], int]]) -> Group:
    """The group of some frames: each a picture of what changes, its left upper corner, its milliseconds."""
    lines, milliseconds = [], []
    for picture, (left, top), lasts in frames:
        lines.append(b"%d %d %d %s\n" % (lasts, left, top, base64.b64encode(still(picture))))
        milliseconds.append(lasts)
    return Group(_GROUP + b"".join(lines) + _END_OF_GROUP, tuple(milliseconds))


def head(size: tuple[int, int], paper: tuple[int, int, int], title: str) -> bytes:
    """The page as far as the first group."""
    style, script = _style(paper), _script()
    policy = (
        f"default-src 'none'; img-src data:; script-src {_source(script)}; style-src {_source(style)}; "
        "base-uri 'none'; form-action 'none'"
    )
    called = html.escape(title or "Film")
    width, height = size
    speeds = "".join(f'<option value="{speed}"{" selected" * (speed == "1")}>{speed}x</option>' for speed in _SPEEDS)
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<link rel="icon" href="data:,">
<title>{called}</title>
<style>{style}</style>
</head>
<body>
<main>
<canvas id="film" width="{width}" height="{height}" role="img" aria-label="{called}"></canvas>
<noscript>The film is played by a script, which this browser does not run.</noscript>
<p id="trouble" role="alert" hidden></p>
<div id="controls" role="group" aria-label="Playing">
<input id="place" type="range" min="0" max="0" value="0" step="1" aria-label="Frame">
<button id="play" type="button" aria-keyshortcuts="Space">Play</button>
<label>Speed <select id="speed">{speeds}</select></label>
<label><input id="loop" type="checkbox"> Loop</label>
<output id="where" for="place" aria-live="off"></output>
</div>
</main>
""".encode()


def foot(groups: Sequence[Sequence[int]], plays: int) -> bytes:
    """The page from the last group on: the milliseconds of each group's frames in order, and how often it plays."""
    times = groupby(lasts for group in groups for lasts in group)
    told = {
        "milliseconds": [[len(list(same)), lasts] for lasts, same in times],
        "groups": [len(group) for group in groups],
        "plays": plays,
    }
    stated = _FACTS + json.dumps(told, separators=(",", ":")).encode() + _END_OF_FACTS
    return stated + f"<script>{_script()}</script>\n</body>\n</html>\n".encode()


def seal(digest: str) -> bytes:
    """What stands behind a page: the SHA-256, in hexadecimal, of what stands before."""
    return _DIGEST % digest.encode()


def facts(file: BinaryIO) -> PageFacts:
    """What a page holds; raises `ValueError` where it is none, or not what was written to the last byte."""
    digest, lines = hashlib.sha256(), _Lines(file)
    size: tuple[int, int] | None = None
    told: dict[str, Any] | None = None
    groups: list[list[int]] = []
    for line in lines:
        if lines.at_end():
            if line != seal(digest.hexdigest()):
                raise ValueError("it is not what was written")
            break
        digest.update(line)
        if line == _GROUP:
            groups.append([])
            for held in lines:
                digest.update(held)
                if held == _END_OF_GROUP:
                    break
                groups[-1].append(_frame(held, size))
        elif found := _CANVAS.match(line):
            size = int(found[1]), int(found[2])
        elif line.startswith(_FACTS):
            told = json.loads(line[len(_FACTS) : -len(_END_OF_FACTS)])
    else:
        raise ValueError("its end is missing")
    milliseconds = sum(map(sum, groups))
    if size is None or told is None or told["groups"] != [len(group) for group in groups]:
        raise ValueError("its parts contradict one another")
    if sum(count * lasts for count, lasts in told["milliseconds"]) != milliseconds:
        raise ValueError("its parts contradict one another")
    return PageFacts(size, sum(map(len, groups)), milliseconds, told["plays"])


def _frame(line: bytes, canvas: tuple[int, int] | None) -> int:
    """The milliseconds of a frame whose picture is whole and lies within the canvas."""
    try:
        lasts, left, top, text = line.split(b" ")
        size = picture_size(picture_of(base64.b64decode(text.rstrip(b"\n"), validate=True)))
        ends = int(left) + size[0], int(top) + size[1]
    except (ValueError, binascii.Error, LookupError):
        raise ValueError("a frame is broken") from None
    except Exception as error:  # a head that is too short
        raise ValueError("a frame is broken") from error
    if canvas is None or any(end > side for end, side in zip(ends, canvas, strict=True)):
        raise ValueError("a frame lies beyond its edge")
    return int(lasts)


class _Lines:
    """The lines of a file, one read ahead."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        file.seek(0)
        self._next = file.readline(_LONGEST_LINE)

    def __iter__(self) -> Iterator[bytes]:
        while line := self._next:
            self._next = self._file.readline(_LONGEST_LINE)
            yield line

    def at_end(self) -> bool:
        """Whether the line that was given last was the last."""
        return not self._next


def _source(text: str) -> str:
    """What a policy calls a script or a style that stands in its page."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _style(paper: tuple[int, int, int]) -> str:
    """The page's style, light or dark as the film's paper is."""
    red, green, blue = paper
    is_dark = 0.299 * red + 0.587 * green + 0.114 * blue < _DARK
    scheme, ink = ("dark", "#f2f2f2") if is_dark else ("light", "#1a1a1a")
    colors = f"--paper: #{red:02x}{green:02x}{blue:02x}; --ink: {ink}"
    return f":root {{ color-scheme: {scheme}; {colors}; }}\n{_part('player.css')}"


def _script() -> str:
    return _part("player.js")


@cache
def _part(name: str) -> str:
    """A file that lies beside this one."""
    from importlib.resources import files

    return files("liveplot_cli.formats").joinpath(name).read_text(encoding="utf-8")
