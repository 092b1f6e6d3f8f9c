"""The terminal's screen: the real command in a terminal that answers, decodes, is slow and hangs up, and in tmux."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
import time
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import ptys
from conftest import Run
from liveplot_cli import protocols
from liveplot_cli.drawing import style
from liveplot_cli.drawing.letters import Word
from liveplot_cli.errors import MissingError
from liveplot_cli.prepare import prepare
from liveplot_cli.scene import Scene
from liveplot_cli.screens import terminal
from liveplot_cli.showing import PROTOCOLS
from liveplot_cli.terminals import keys
from liveplot_cli.terminals.answers import Terminal, are_complete, understood
from liveplot_cli.terminals.area import Area, area
from liveplot_cli.terminals.cells import palette
from ptys import Tty

ROWS = 9
Open = Callable[..., Tty]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    values = np.arange(ROWS)[:, None] + np.arange(16.0)
    np.save(tmp_path / "steps.npy", values)
    np.save(tmp_path / "long.npy", np.tile(np.arange(20.0), (20_000, 1)) * np.linspace(0.5, 1, 20_000)[:, None])
    np.save(tmp_path / "areas.npy", np.kron(np.arange(6.0).reshape(1, 2, 3), np.ones((2, 8, 8))))
    np.save(tmp_path / "noise.npy", np.random.default_rng(0).normal(size=(200, 60, 80)))
    (tmp_path / "steps.csv").write_text("\n".join(",".join(map(str, row)) for row in values))
    return tmp_path


@pytest.fixture
def show(folder: Path) -> Iterator[Open]:
    """Run `liveplot show` in a terminal of a kind."""
    opened: list[Tty] = []

    def start(kind: str, *arguments: str, columns: int = 60, rows: int = 21, cell: tuple[int, int] = (0, 0), **more):
        tty = Tty(kind, columns, rows, cell)
        opened.append(tty)
        tty.start(*arguments, folder=folder, **more)
        return tty

    yield start
    for tty in opened:
        ptys.stop(tty)


def drawn(path: Path, size: tuple[int, int], position: float, dpi: int = 100, **options: str) -> np.ndarray:
    """What the scene draws by itself in so many pixels."""
    prepared = prepare(path, "auto", options)
    look = replace(prepared.look, size=(size[0] * 100 // dpi, size[1] * 100 // dpi), dpi=dpi)
    with style.applied(look):
        scene = Scene(prepared.histories, prepared.chart, look, [moment.position for moment in prepared.moments])
        return scene.pixels(position)[..., :3].copy()


def test_kitty_shows_the_very_pixels_and_keys_the_window_and_the_end_are_heeded(show: Open, folder: Path) -> None:
    tty = show("kitty", "steps.npy", "--step", "-v", cell=(9, 18))
    tty.until(tty.pictures)
    assert np.array_equal(tty.pictures()[-1], drawn(folder / "steps.npy", (60 * 9, 20 * 18), 0))
    tty.press(b"\x1b[C")
    tty.until(lambda: "row 2 of 9" in tty.text)
    tty.press(b"\x1bOF")  # End, of a keypad
    tty.until(lambda: "row 9 of 9" in tty.text)
    last = drawn(folder / "steps.npy", (60 * 9, 20 * 18), ROWS - 1)
    tty.until(lambda: np.array_equal(tty.pictures()[-1], last))
    tty.press(b"\x1b[D\x1b[D")
    tty.until(lambda: "row 7 of 9  ·  paused" in tty.text)

    tty.press(b"?")
    tty.until(lambda: "save this picture" in tty.text)
    assert not tty.images
    tty.press(b"?")
    tty.until(lambda: tty.images)

    tty.resize(40, 16, (20, 40))  # fine pixels: all is drawn larger
    larger = drawn(folder / "steps.npy", (40 * 20, 15 * 40), 6, dpi=200)
    tty.until(lambda: np.array_equal(tty.pictures()[-1], larger))

    tty.press(b"+ ")
    tty.until(lambda: re.search(r"row 9 of 9  ·  paused  ·  2×(?!.*of 9)", tty.text))
    assert not tty.is_restored
    assert len(tty.images) == 1  # of all that were sent, and none lies upon another
    tty.press(b"q")
    code, said = tty.end()
    assert (code, tty.is_restored) == (0, True)
    assert re.search("kitty.*shows kitty\nliveplot: [0-9,]+ pictures were drawn, [0-9,]+ left out", said)
    assert not tty.images


def test_iterm2_shows_the_very_pixels_of_a_history_from_a_pipe(show: Open, folder: Path) -> None:
    tty = show("iterm2", "-", "--step", "-t", "numbers", stdin=folder / "steps.csv", cell=(8, 16))
    tty.until(tty.pictures)
    assert np.array_equal(tty.pictures()[0], drawn(folder / "steps.csv", (480, 320), 0, title="numbers"))
    tty.press(b"q")
    assert tty.end() == (0, "")
    assert tty.is_restored


def test_sixels_are_within_a_few_levels(show: Open, folder: Path) -> None:
    tty = show("sixel", "steps.npy", "--step", cell=(9, 18))
    tty.until(tty.pictures)
    [picture] = tty.pictures()
    wanted = drawn(folder / "steps.npy", (480, 360), 0).astype(int)  # no wider than the terminal says it can
    assert np.abs(picture - wanted).max() <= 24
    assert np.abs(picture - wanted).mean() < 0.5
    tty.press(b"q")
    assert tty.end() == (0, "")
    assert tty.is_restored


def test_a_terminal_that_answers_nothing_gets_blocks_in_the_colours_it_is_said_to_have(show: Open) -> None:
    tty = show("silent", "steps.npy", "--step", TERM="xterm-16color")
    tty.until(lambda: "row 1 of 9" in tty.text)
    assert not re.search(rb"\x1b\[[34]8", b"".join(tty.tokens[20:]))
    assert not tty.pictures()
    tty.press(b"q")
    assert tty.end() == (0, "")
    assert tty.is_restored


BROKEN = """
import sys
from liveplot_cli import __main__, scene
whole, pictures = scene.Scene.draw, []
def draw(self, position, above=()):
    pictures.append(position)
    if len(pictures) == 3:
        raise ZeroDivisionError("no more pictures")
    whole(self, position, above)
scene.Scene.draw = draw
__main__.main()
"""


@pytest.mark.parametrize(
    ("end", "code", "sentence"),
    [
        (lambda tty: tty.press(b"\x03"), -signal.SIGINT, "Aborted.\n"),
        (lambda tty: tty.process.terminate(), -signal.SIGTERM, "Aborted.\n"),
        (None, 1, "Error: this is a bug in liveplot (ZeroDivisionError: no more pictures)"),
    ],
    ids=["Ctrl-C", "SIGTERM", "an exception"],
)
def test_whatever_ends_it_the_terminal_is_as_before(
    show: Open, end: Callable[[Tty], object] | None, code: int, sentence: str
) -> None:
    tty = show("kitty", "long.npy", program="" if end else BROKEN)
    tty.until(tty.pictures)
    if end:
        end(tty)
    found, said = tty.end()
    assert found == code
    assert said.startswith(sentence)
    assert tty.is_restored


def test_a_terminal_that_hangs_up_ends_it_without_a_word_too_many(show: Open) -> None:
    tty = show("kitty", "long.npy")
    tty.until(tty.pictures)
    tty.close()
    code, said = tty.end()
    assert code == -signal.SIGHUP
    assert said in ("", "Aborted.\n")


def test_a_terminal_that_takes_nothing_is_left_all_the_same(show: Open) -> None:
    tty = show("kitty", "noise.npy", "--kind", "heatmap", cell=(10, 20))
    tty.until(tty.pictures)
    tty.is_deaf = True
    time.sleep(0.3)  # in which what it can hold is full
    tty.process.terminate()
    code, said = tty.end()
    assert (code, said) == (-signal.SIGTERM, "Aborted.\n")
    tty.is_deaf = False
    end = time.monotonic() + 10
    while not tty.is_restored:  # when it listens again
        assert time.monotonic() < end
        time.sleep(0.05)


def test_it_stops_on_ctrl_z_and_goes_on(show: Open) -> None:
    tty = show("kitty", "steps.npy", "--step")
    tty.until(tty.pictures)
    tty.press(b"\x1a")
    # The leader of a session is never stopped by its terminal; what is to be seen is that the screen was given back.
    tty.until(lambda: b"\x1b[?1049l" in tty.tokens)
    tty.until(lambda: len(tty.pictures()) > 1)
    tty.press(b"q")
    assert tty.end() == (0, "")
    assert tty.is_restored


def test_frames_are_dropped_and_not_queued(show: Open) -> None:
    tty = show("kitty", "long.npy", "--fps", "200", "-v", cell=(10, 20))
    tty.until(tty.pictures)
    tty.hold()
    tty.until(lambda: len(tty.pictures()) > 1)
    before = len(tty.pictures())
    time.sleep(0.5)  # in which a hundred frames are due
    assert len(tty.pictures()) <= before + 1
    tty.release()
    tty.until(lambda: len(tty.pictures()) > before + 2)
    tty.press(b"q")
    code, said = tty.end()
    assert code == 0
    assert int(re.search("drawn, ([0-9,]+) left out", said)[1].replace(",", "")) > 50
    assert tty.is_restored


def test_once_prints_the_last_row_and_leaves_the_terminal_alone(show: Open, folder: Path) -> None:
    tty = show("kitty", "steps.npy", "--once", "--size", "320x240", cell=(8, 16))
    assert tty.end() == (0, "")
    [picture] = tty.pictures()
    assert np.array_equal(picture, drawn(folder / "steps.npy", (320, 240), ROWS - 1))
    assert tty.is_restored
    place = next(number for number, token in enumerate(tty.tokens) if b"a=T" in token)
    assert b"\x1b[?1049l" in tty.tokens[:place]  # it stays when the command has ended
    assert b"\x1b[15B" in tty.tokens[place:]


@pytest.mark.parametrize("option", ["--terminal", "--once", "--protocol=kitty"])
def test_no_terminal_is_refused_before_any_reading(liveplot: Run, option: str) -> None:
    done = liveplot("show", "nothing.npy", option, code=5)
    assert "no terminal" in done.stderr
    assert "liveplot render" in done.stderr


def test_what_the_terminal_cannot_do_is_said(show: Open, liveplot: Run) -> None:
    assert "contradict" in liveplot("show", "nothing.npy", "--once", "--step", code=2).stderr
    tty = show("plain", "steps.npy", "--terminal", TERM="dumb")
    code, said = tty.end()
    assert (code, tty.tokens) == (5, [])
    assert "TERM is dumb" in said
    tty = show("plain", "steps.npy", "--protocol", "sixel")
    code, said = tty.end()
    assert code == 5
    assert "sixel" in said
    assert "--protocol" in said
    assert tty.is_restored
    tty = show("kitty", "steps.npy", "--colors", "16")
    code, said = tty.end()
    assert code == 2
    assert said.endswith("; try --protocol blocks\n")


# What the shapes of characters are called, to the quarters that they fill.
QUARTERS = ("UPPER LEFT", "UPPER RIGHT", "LOWER LEFT", "LOWER RIGHT")
HALVES = {
    " ": (), "█": (0, 1, 2, 3), "▀": (0, 1), "▄": (2, 3), "▌": (0, 2), "▐": (1, 3),
}  # fmt: skip


def parts(character: str) -> list[bool] | None:
    """The quarters that a character fills, from the top left; None for a letter."""
    if character in HALVES:
        return [part in HALVES[character] for part in range(4)]
    name = unicodedata.name(character)
    if not name.startswith("QUADRANT"):
        return None
    return [quarter in name for quarter in QUARTERS]


class Tmux:
    """A real terminal in a terminal: tmux on a socket of its own, keys sent to it and its screen read back."""

    def __init__(self, folder: Path, *arguments: str, columns: int, rows: int) -> None:
        self._socket = folder / "tmux"
        command = shlex.join([sys.executable, "-m", "liveplot_cli", "show", *arguments])
        kept = {name: value for name, value in os.environ.items() if name not in ptys.STRANGE}
        self._environment = kept | {"TERM": "xterm-256color", "LC_ALL": "C.UTF-8"}
        self("-f", "/dev/null", "new-session", "-d", "-x", str(columns), "-y", str(rows), "-c", str(folder), "sh")
        self("send-keys", f"stty -a > before; {command} 2> said; echo $? > code; stty -a > after", "Enter")

    def __call__(self, *arguments: str) -> str:
        command = ["tmux", "-S", str(self._socket), *arguments]
        return subprocess.run(command, env=self._environment, check=True, capture_output=True, text=True).stdout

    def press(self, *keys: str) -> None:
        self("send-keys", *keys)

    def until(self, words: str) -> str:
        """The screen, colours and all, when the words are on it."""
        end = time.monotonic() + 30
        while words not in self("capture-pane", "-p"):
            assert time.monotonic() < end, self("capture-pane", "-p")
            time.sleep(0.1)
        return self("capture-pane", "-e", "-N", "-p")


def pixels(screen: str, columns: int) -> tuple[np.ndarray, np.ndarray]:
    """The colours of the quarters of cells on a screen, and which cells are no letters."""
    lines = screen.split("\n")[:-1]
    found, are_blocks = np.zeros((2 * len(lines), 2 * columns, 3)), np.zeros((len(lines), columns), bool)
    ink = paper = (0, 0, 0)
    for row, line in enumerate(lines):
        column = 0
        for sequence, character in re.findall(r"(\x1b\[[0-9;]*m)|(.)", line):
            if character:
                filled = parts(character)
                are_blocks[row, column] = filled is not None
                for part, is_filled in enumerate(filled or [False] * 4):
                    found[2 * row + part // 2, 2 * column + part % 2] = ink if is_filled else paper
                column += 1
            for target, *levels in re.findall(r"([34])8;2;(\d+);(\d+);(\d+)", sequence):
                ink, paper = (tuple(map(int, levels)), paper) if target == "3" else (ink, tuple(map(int, levels)))
    return found, are_blocks


def test_inside_tmux_it_plays_in_blocks_that_are_the_picture(folder: Path) -> None:
    columns, rows = 80, 31
    tmux = Tmux(folder, "areas.npy", "--terminal", "--step", "-v", columns=columns, rows=rows)
    try:
        screen = tmux.until("row 1 of 2")
        assert "areas" in screen  # the title, as text
        found, are_blocks = pixels(screen, columns)
        wanted = drawn(folder / "areas.npy", (columns * 8, (rows - 1) * 16), 0)
        quarters = wanted.reshape(2 * (rows - 1), 8, 2 * columns, 4, 3).mean(axis=(1, 3))
        off = np.abs(found[: 2 * (rows - 1)] - quarters).max(axis=2)[np.kron(are_blocks[:-1], np.ones((2, 2), bool))]
        assert np.percentile(off, 90) < 2
        assert off.mean() < 4
        tmux.press("Right")
        tmux.until("row 2 of 2")
        tmux.press("Home", "Space")
        tmux.until("row 2 of 2  ·  paused")  # it plays to its end
        tmux.press("q")
        end = time.monotonic() + 30
        while not (folder / "after").exists() or not (folder / "after").read_text():
            assert time.monotonic() < end
            time.sleep(0.1)
        assert (folder / "after").read_text() == (folder / "before").read_text()
        assert (folder / "code").read_text() == "0\n"
        assert "shows blocks in 16m colours (inside tmux, which passes" in (folder / "said").read_text()
        assert "row 2" not in tmux("capture-pane", "-p")  # what stood there before stands there again
        assert tmux("display-message", "-p", "#{cursor_flag}#{alternate_on}") == "10\n"
    finally:
        tmux("kill-server")


@pytest.mark.parametrize("protocol", ["kitty", "iterm2", "sixel"])
def test_tmux_is_no_terminal_for_pictures(protocol: str) -> None:
    found = understood(b"\x1bP>|tmux 3.3a\x1b\\\x1b[?1;2c", {"LC_TERMINAL": "iTerm2", "TERM": "tmux-256color"})
    assert protocols.best(found) == "blocks"
    with pytest.raises(MissingError, match=f"tmux passes no {protocol} pictures on.*outside of tmux.*blocks"):
        terminal.chosen(found, protocol)
    assert protocols.best(replace(found, sixel=True)) == "sixel"  # one that was built with them says so


def test_the_protocols_are_those_that_can_be_asked_for() -> None:
    assert tuple(protocols.names()) == PROTOCOLS


def test_answers_are_understood_with_keys_among_them() -> None:
    said = b"q\x1b[6;20;10t\x1b[C\x1b[?64;1;4;22c \x1bP1$r0;48:2::1:2:3m\x1b\\\x1b[?1;0;256S"
    assert understood(said, {}) == Terminal(sixel=True, colors="16m", cell=(10, 20), sixel_colors=256)
    assert understood(b"", {"TERM": "xterm-256color"}).colors == "256"
    assert understood(b"", {"TERM": "linux"}).colors == "16"
    assert understood(b"", {"COLORTERM": "truecolor"}).colors == "16m"
    assert understood(b"", {"LC_TERMINAL": "iTerm2"}).iterm2  # over ssh
    assert not protocols.load("sixel").is_understood(Terminal(sixel=True, sixel_colors=16))
    assert are_complete(said)
    assert not are_complete(said[:20])


@given(st.lists(st.one_of(st.binary(max_size=20), st.sampled_from([
    b"\x1b[", b"\x1b[6;99999;1t", b"\x1b[4;0;0t", b"\x1b[?", b";OK\x1b\\", b"\x1b_Gi=31", b"\x1bP", b"99999999", b"c",
    b"\x1b[?2;0;1;1S", b"\x1b[?1;0;999999999S", b"\x1b[?62;4c",
])), max_size=12).map(b"".join))  # fmt: skip
@settings(max_examples=60)
@example(b"\x1b[?62;4c\x1b[?2;0;1;1S\x1b[6;1;1t")
def test_any_answers_make_a_picture(said: bytes) -> None:
    found = understood(said, {})
    room = area(3, 2, found.cell)
    painter = protocols.load(protocols.best(found))(room, found)
    width, height = painter.size
    assert painter.painted(np.zeros((height, width, 4), np.uint8), [])
    pieces, rest = keys.pieces(said)
    assert b"".join([*pieces, rest]) == said or len(rest) == 0
    assert all(len(keys.name(piece)) < 6 for piece in pieces)


def test_keys_come_in_pieces() -> None:
    pieces, rest = keys.pieces(b"q\x1b[C\x1bOH\x1bP>|name\x1b\\\x1b[1")
    assert [keys.name(piece) for piece in pieces] == ["q", "right", "home", ""]
    assert keys.pieces(rest + b"~") == ([b"\x1b[1~"], b"")
    assert keys.name(b"\x1b[1~") == "home"
    assert keys.name(b"\x03") == ""


def test_a_key_that_looks_like_the_beginning_of_an_answer_does_not_swallow_the_next(show: Open) -> None:
    tty = show("kitty", "steps.npy", "--step")
    tty.until(tty.pictures)
    tty.press(b"\x1bP")  # as Alt and P send it
    time.sleep(0.6)
    tty.press(b"q")
    assert tty.end() == (0, "")


@pytest.mark.parametrize("colors", ["16m", "256", "16"])
def test_braille_shows_dots_where_the_lines_are_and_sends_only_what_changed(colors: str) -> None:
    painter = protocols.load("braille")(Area(4, 2), Terminal(colors=colors))
    picture = np.full((32, 32, 4), 255, np.uint8)
    picture[4:8, :, :3] = (205, 0, 0)  # a line through the second row of dots
    first = painter.painted(picture, [Word("Ω日", (8, 16, 24, 32), (0, 0, 0))]).decode()
    assert first.count("⠒") == 4
    assert "Ω" in first
    assert "日" in first
    red = {"16m": "38;2;205;0;0", "256": "38;5;160", "16": "31"}[colors]
    assert f"\x1b[{red}m" in first
    picture[20:24, 28:, :3] = 0
    again = painter.painted(picture, [Word("Ω日", (8, 16, 24, 32), (0, 0, 0))]).decode()
    assert re.sub(r"\x1b\[[0-9;]*[A-Z]|\x1b\[[0-9;]*m", "", again).strip() == "⠐"
    assert painter.painted(picture, [Word("Ω日", (8, 16, 24, 32), (0, 0, 0))]).decode() == "\x1b[0m"


def test_the_palette_is_that_of_xterm() -> None:
    assert len(palette("256")) == 256
    assert palette("256")[[16, 196, 231, 232, 255]].tolist() == [
        [0, 0, 0], [255, 0, 0], [255, 255, 255], [8, 8, 8], [238, 238, 238],
    ]  # fmt: skip
