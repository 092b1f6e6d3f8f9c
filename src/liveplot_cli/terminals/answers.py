"""What a terminal can show: the questions it is asked, all at once, and what its answers mean."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

# Its name; a picture of one pixel that kitty's protocol only asks about; the sizes of a cell and of the whole in
# pixels; how many colours and pixels a sixel picture may have; a colour of 24 bits and what came of it; whether it
# answers at all; and, answered by every terminal and therefore last, what it is.
QUESTIONS = (
    b"\x1b[>q"
    b"\x1b_Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA\x1b\\"
    b"\x1b[16t\x1b[14t"
    b"\x1b[?1;1;0S\x1b[?2;1;0S"
    b"\x1b[48;2;1;2;3m\x1bP$qm\x1b\\\x1b[0m"
    b"\x1b[5n"
    b"\x1b[c"
)
LONGEST = 4096  # bytes of answers
WELL = b"\x1b[0n"  # the answer to `ARE_YOU_WELL`, which comes when all before it has been shown
ARE_YOU_WELL = b"\x1b[5n"

_FENCE = re.compile(rb"\x1b\[\?([0-9;]{0,60})c")
_NAME = re.compile(rb"\x1bP>\|([ -~]{1,80})\x1b\\")
_KITTY = re.compile(rb"\x1b_Gi=31[^;\x1b]{0,40};OK\x1b\\")
_CELL = re.compile(rb"\x1b\[6;([0-9]{1,5});([0-9]{1,5})t")
_WHOLE = re.compile(rb"\x1b\[4;([0-9]{1,5});([0-9]{1,5})t")
_SIXEL_COLORS = re.compile(rb"\x1b\[\?1;0;([0-9]{1,9})S")
_SIXEL_SIZE = re.compile(rb"\x1b\[\?2;0;([0-9]{1,5});([0-9]{1,5})S")
_MANY_COLORS = re.compile(rb"\x1bP1\$r[0-9;:]{0,40}48[:;]2[:;]{1,2}1[:;]2[:;]3")

_ITERM2 = ("iTerm2", "WezTerm")  # that show images the way of iTerm2, as they call themselves
_ALL_COLORS = ("kitty", "WezTerm", "iTerm2", "foot", "ghostty", "Konsole", "contour", "mintty", "tmux")


def are_complete(answers: bytes) -> bool:
    """Whether the last of the questions is answered."""
    return _FENCE.search(answers) is not None


@dataclass(frozen=True)
class Terminal:
    """What is known of a terminal.

    `cell` and `whole` are pixels, wide and high, `sixel_size` the most of them that a sixel picture may have;
    `says_when_done` is whether it tells when it has shown what it was sent.
    """

    name: str = ""
    kitty: bool = False
    iterm2: bool = False
    sixel: bool = False
    colors: str = "16"
    cell: tuple[int, int] | None = None
    whole: tuple[int, int] | None = None
    sixel_size: tuple[int, int] | None = None
    sixel_colors: int = 0
    says_when_done: bool = False
    multiplexer: str = ""


def understood(answers: bytes, environment: Mapping[str, str]) -> Terminal:
    """What the answers say and, where they are silent, the environment; keys pressed meanwhile may stand among them.

    Inside a multiplexer only its own answers count: it passes no pictures on but those that it draws itself.
    """
    named = _NAME.search(answers)
    name = named[1].decode("ascii") if named else ""
    fence = _FENCE.search(answers)
    attributes = fence[1].split(b";") if fence else []
    multiplexer = _multiplexer(name, environment)
    program = environment.get("TERM_PROGRAM", ""), environment.get("LC_TERMINAL", "")
    is_iterm2 = name.startswith(_ITERM2) or program[0] in ("iTerm.app", "WezTerm") or program[1] == "iTerm2"
    registers = _SIXEL_COLORS.search(answers)
    return Terminal(
        name=name,
        kitty=bool(_KITTY.search(answers)) and not multiplexer,
        iterm2=is_iterm2 and not multiplexer,
        sixel=b"4" in attributes[1:],
        colors="16m" if _MANY_COLORS.search(answers) or name.startswith(_ALL_COLORS) else _colors(environment),
        cell=_pair(_CELL.search(answers)),
        whole=_pair(_WHOLE.search(answers)),
        sixel_size=(int(size[1]), int(size[2])) if (size := _SIXEL_SIZE.search(answers)) else None,
        sixel_colors=int(registers[1]) if registers else 0,
        says_when_done=WELL in answers,
        multiplexer=multiplexer,
    )


def _pair(found: re.Match[bytes] | None) -> tuple[int, int] | None:
    """Width and height, of which terminals say the height first."""
    return (int(found[2]), int(found[1])) if found else None


def _multiplexer(name: str, environment: Mapping[str, str]) -> str:
    if name.startswith("tmux") or environment.get("TMUX"):
        return "tmux"
    return "screen" if environment.get("STY") else ""


def _colors(environment: Mapping[str, str]) -> str:
    """How many colours, by the variables that terminals set."""
    kind = environment.get("TERM", "")
    if environment.get("COLORTERM", "").lower() in ("truecolor", "24bit") or "direct" in kind or "kitty" in kind:
        return "16m"
    return "256" if "256" in kind else "16"
