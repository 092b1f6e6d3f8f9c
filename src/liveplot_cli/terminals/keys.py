"""Keys, from the bytes that a terminal sends for them to the names that matplotlib gives them."""

from __future__ import annotations

import re

_NAMED = {
    b" ": " ",
    b"\r": "enter",
    b"\n": "enter",
    b"\x1b[C": "right",
    b"\x1bOC": "right",
    b"\x1b[D": "left",
    b"\x1bOD": "left",
    b"\x1b[H": "home",
    b"\x1bOH": "home",
    b"\x1b[1~": "home",
    b"\x1b[7~": "home",
    b"\x1b[F": "end",
    b"\x1bOF": "end",
    b"\x1b[4~": "end",
    b"\x1b[8~": "end",
}
# A string that a terminal answers with, a sequence with numbers, one of a keypad, or a single byte.
_PIECE = re.compile(rb"\x1b[P_\]^X].*?(?:\x1b\\|\x07)|\x1b\[[0-?]*[ -/]*[@-~]|\x1bO[ -~]|[^\x1b]|\x1b", re.DOTALL)
_BEGUN = re.compile(rb"\x1b(?:[P_\]^X](?:(?!\x1b\\|\x07).)*|\[[0-?]*[ -/]*|O)?\Z", re.DOTALL)
_LONGEST = 4096  # bytes of a sequence that has only begun


def pieces(received: bytes) -> tuple[list[bytes], bytes]:
    """The sequences and bytes that were received, and the beginning of one whose end has not come yet."""
    begun = _BEGUN.search(received)
    whole, rest = (received[: begun.start()], begun[0]) if begun else (received, b"")
    return _PIECE.findall(whole), rest if len(rest) <= _LONGEST else b""


def name(piece: bytes) -> str:
    """The key's name; nothing for what is no key."""
    if piece in _NAMED:
        return _NAMED[piece]
    return piece.decode() if len(piece) == 1 and piece.isascii() and piece.decode().isprintable() else ""
