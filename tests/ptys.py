"""A terminal for tests: a pseudo-terminal whose other side reads, answers and decodes as real ones do."""

from __future__ import annotations

import base64
import fcntl
import io
import os
import re
import signal
import struct
import subprocess
import sys
import termios
import threading
import time
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from PIL import Image

# What each kind of terminal answers to the questions it is asked; one that it does not know it passes over.
ANSWERS: dict[str, dict[bytes, bytes]] = {
    "plain": {b"\x1b[c": b"\x1b[?1;2c", b"\x1b[5n": b"\x1b[0n"},
    "kitty": {
        b"\x1b[c": b"\x1b[?62;c", b"\x1b[5n": b"\x1b[0n", b"\x1b[>q": b"\x1bP>|kitty(0.35.2)\x1b\\",
        b"\x1b_Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA\x1b\\": b"\x1b_Gi=31;OK\x1b\\",
    },
    "iterm2": {
        b"\x1b[c": b"\x1b[?64;1;2;4;6;17c", b"\x1b[5n": b"\x1b[0n", b"\x1b[>q": b"\x1bP>|iTerm2 3.5.4\x1b\\",
    },
    "sixel": {
        b"\x1b[c": b"\x1b[?62;4;22c", b"\x1b[5n": b"\x1b[0n", b"\x1b[>q": b"\x1bP>|foot(1.16.2)\x1b\\",
        b"\x1b[?2;1;0S": b"\x1b[?2;0;480;4096S",
    },
    "silent": {},
}  # fmt: skip
_TOKEN = re.compile(
    rb"\x1b[P_\]].*?(?:\x1b\\|\x07)|\x1b\[[0-?]*[ -/]*[@-~]|\x1b[78\\]|[^\x1b]+|\x1b(?=\x1b)", re.DOTALL
)


class Tty:
    """A terminal of a kind, so large in cells and, where it says so, pixels; `start` runs the command in it."""

    def __init__(self, kind: str, columns: int = 60, rows: int = 21, cell: tuple[int, int] = (0, 0)) -> None:
        self.master, self.slave = os.openpty()
        self.answers = ANSWERS[kind]
        self.resize(columns, rows, cell)
        self.before = termios.tcgetattr(self.slave)
        self.tokens: list[bytes] = []
        self.is_deaf = False  # it reads no more
        self._held: list[bytes] | None = None
        self._changed = threading.Condition()
        self._closed = False

    def resize(self, columns: int, rows: int, cell: tuple[int, int] = (0, 0)) -> None:
        size = struct.pack("HHHH", rows, columns, columns * cell[0], rows * cell[1])
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, size)

    def start(
        self, *arguments: str, folder: Path, program: str = "", stdin: Path | None = None, **environment: str
    ) -> None:
        """Run `liveplot show`, or a program of Python around it, with this as its controlling terminal."""
        command = ["-c", program] if program else ["-m", "liveplot_cli"]
        kept = {name: value for name, value in os.environ.items() if name not in STRANGE}

        def take() -> None:
            fcntl.ioctl(1, termios.TIOCSCTTY, 0)

        with stdin.open("rb") if stdin else os.fdopen(os.dup(self.slave), "rb", buffering=0) as standard:
            self.process = subprocess.Popen(
                [sys.executable, "-W", "error", *command, "show", *arguments],
                stdin=standard, stdout=self.slave, stderr=subprocess.PIPE, cwd=folder, preexec_fn=take,
                start_new_session=True, env={**kept, "TERM": "xterm-256color", **environment},
            )  # fmt: skip
        threading.Thread(target=self._read, daemon=True).start()

    def press(self, keys: bytes) -> None:
        os.write(self.master, keys)

    def hold(self) -> None:
        """Read on, but answer nothing, as at the end of a slow link."""
        with self._changed:
            self._held = []

    def release(self) -> None:
        """Answer what is unanswered, and what comes."""
        with self._changed:
            held, self._held = self._held or [], None
            os.write(self.master, b"".join(held))

    def until(self, seen: Callable[[], object], seconds: float = 30) -> None:
        """Wait until something is to be seen in what has come."""
        end = time.monotonic() + seconds
        with self._changed:
            while not seen():
                assert self.process.poll() is None, "it has ended"
                assert time.monotonic() < end, f"it was never to be seen; {b''.join(self.tokens)[-500:]!r}"
                self._changed.wait(0.2)

    def end(self, seconds: float = 30) -> tuple[int, str]:
        """The exit code, or a signal below zero, and what was said on standard error."""
        said = self.process.communicate(timeout=seconds)[1].decode()
        return self.process.returncode, said

    def close(self) -> None:
        """Hang up."""
        self._closed = True
        os.close(self.master)

    @property
    def is_restored(self) -> bool:
        """Whether the other screen was left, the cursor is there, lines are broken, and the settings are the old."""
        modes: dict[bytes, bool] = {}
        for token in self.tokens:
            if found := re.fullmatch(rb"\x1b\[\?(\d+)([hl])", token):
                modes[found[1]] = found[2] == b"h"
        is_as_before = termios.tcgetattr(self.slave) == self.before
        return is_as_before and (modes[b"1049"], modes[b"25"], modes[b"7"]) == (False, True, True)

    @property
    def images(self) -> set[bytes]:
        """The numbers of kitty's images that are there."""
        there: set[bytes] = set()
        for sent, number in re.findall(rb"\x1b_Ga=(T|d,d=I),[^;\x1b]*?i=(\d+)", b"".join(self.tokens)):
            (there.add if sent == b"T" else there.discard)(number)
        return there

    @property
    def text(self) -> str:
        """All that was written as characters."""
        return b"".join(token for token in self.tokens if not token.startswith(b"\x1b")).decode()

    def pictures(self) -> list[np.ndarray]:
        """All pictures that were shown, shape (height, width, 3), decoded."""
        found, begun = [], b""
        form: Mapping[str, str] = {}
        for token in self.tokens:
            if token.startswith(b"\x1b_G"):
                keys, _, data = token[3:-2].partition(b";")
                own = dict(part.split("=") for part in keys.decode().split(","))
                if own.get("a") == "T":
                    form, begun = own, b""
                if own.get("a") in ("T", None):
                    assert len(data) <= 4096
                    begun += data
                    if own["m"] == "0":
                        pixels = zlib.decompress(base64.b64decode(begun, validate=True))
                        found.append(np.frombuffer(pixels, np.uint8).reshape(int(form["v"]), int(form["s"]), 3))
            elif token.startswith(b"\x1b]1337;File="):
                with Image.open(io.BytesIO(base64.b64decode(token.partition(b":")[2][:-1], validate=True))) as picture:
                    found.append(np.asarray(picture))
            elif re.match(rb"\x1bP[0-9;]*q", token):
                found.append(sixel(token))
        return found

    def _read(self) -> None:
        left = b""
        while not self._closed:
            while self.is_deaf:
                time.sleep(0.02)
            try:
                left += os.read(self.master, 65536)
            except OSError:
                return
            with self._changed:
                at = 0
                for found in _TOKEN.finditer(left):
                    if found.start() != at or (found.end() == len(left) and not found[0].startswith(b"\x1b")):
                        break  # the rest of a sequence, or of a character, is to come
                    self._take(found[0])
                    at = found.end()
                left = left[at:]
                self._changed.notify_all()

    def _take(self, token: bytes) -> None:
        self.tokens.append(token)
        if token in self.answers:
            if self._held is None:
                os.write(self.master, self.answers[token])
            else:
                self._held.append(self.answers[token])


# Variables that say something of the terminal that the tests run in.
STRANGE = ("TMUX", "STY", "COLORTERM", "TERM_PROGRAM", "LC_TERMINAL", "DISPLAY", "WAYLAND_DISPLAY", "MPLBACKEND")


def sixel(token: bytes) -> np.ndarray:
    """A sixel picture as libsixel decodes it."""
    decoded = subprocess.run(["sixel2png"], input=token, capture_output=True, check=True).stdout
    with Image.open(io.BytesIO(decoded)) as picture:
        return np.asarray(picture.convert("RGB"))


def stop(tty: Tty) -> None:
    """End what still runs in it."""
    if tty.process.poll() is None:
        tty.process.send_signal(signal.SIGKILL)
    tty.process.communicate()
