"""Text in blocks of whole lines: UTF-8 or what else was asked for, each line end a line feed, no byte unchecked."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from liveplot_cli.errors import DataError
from liveplot_cli.input import Input

# Bytes read at a time: few at first, for how a text is written is found out cell by cell.
_FIRST, _AT_ONCE = 1 << 16, 1 << 20
LONGEST_CELL = 131_072  # characters, as Python's csv has it
_SEPARATORS = b",;|\t \n"
_MARKS = {codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
_NAMES = {"utf-8": "UTF-8", "utf-16-le": "UTF-16", "utf-16-be": "UTF-16"}


@dataclass(frozen=True)
class Block:
    """Whole lines, in UTF-8, the last with its line feed; `line` is the number of the first, from 1 in the file."""

    data: bytes
    line: int

    @property
    def after(self) -> int:
        """The number of the line behind it."""
        return self.line + self.data.count(b"\n")


def blocks(source: Input, encoding: str | None = None, *, finished: bool = True) -> Iterator[Block]:
    """The text of an input, about a megabyte at a time; without an encoding it is what its mark says, else UTF-8.

    An end without a line feed is given one, or left out where the file is not `finished`. Raises `DataError` for an
    empty file and for bytes that are not text, with the line they are on.
    """
    line = 1
    rest: list[bytes] = []
    for part in _normalized(_decoded(source.stream, encoding)):
        end = part.rfind(b"\n") + 1
        if not end:
            rest.append(part)
            source.allow(len(rest) * _AT_ONCE)
            continue
        block = Block(b"".join([*rest, part[:end]]), line)
        yield block
        line, rest = block.after, [part[end:]]
    last = b"".join(rest)
    if last and finished:
        yield Block(last + b"\n", line)


def _decoded(stream: BinaryIO, encoding: str | None) -> Iterator[bytes]:
    """The stream in UTF-8, each part checked."""
    start = stream.read(_FIRST)
    if not start:
        raise DataError("the file is empty")
    mark = next((mark for mark, marked in _MARKS.items() if start.startswith(mark) and encoding in (None, marked)), b"")
    encoding = encoding or _MARKS.get(mark, "utf-8")
    decoder = codecs.getincrementaldecoder(encoding)()
    position, line = len(mark), 1
    part = start[len(mark) :]
    while True:
        ended = not part
        try:
            text = decoder.decode(part, final=ended)
        except UnicodeDecodeError as error:
            raise _undecodable(error, position + len(part) - len(error.object), line, encoding) from None
        if "\0" in text:
            line += _lines(text[: text.index("\0")])
            raise DataError(f"line {line}: there is a NUL byte; this is not a text file")
        if len(text) > LONGEST_CELL and not any(chr(separator) in text for separator in _SEPARATORS):
            raise DataError(f"line {line}: a cell has more than {LONGEST_CELL:,} characters")
        line += _lines(text)
        position += len(part)
        yield part if encoding == "utf-8" and len(text) == len(part) and text.isascii() else text.encode()
        if ended:
            return
        part = stream.read(_AT_ONCE)


def _undecodable(error: UnicodeDecodeError, start: int, line: int, encoding: str) -> DataError:
    """`error.object` begins at the byte `start` of the file and on that line."""
    line += _lines(error.object[: error.start].decode(encoding, "ignore"))
    name = _NAMES.get(encoding, encoding)
    return DataError(
        f"line {line}: byte {start + error.start} of the file is not {name} text; save it as UTF-8 or name its encoding"
    )


def _lines(text: str) -> int:
    """How many lines end in a text: at LF, CR or both."""
    return text.count("\n") + (text.count("\r") - text.count("\r\n") if "\r" in text else 0)


def _normalized(parts: Iterator[bytes]) -> Iterator[bytes]:
    """The parts with every line end, CR LF or CR, as a line feed."""
    waiting = b""
    for part in parts:
        joined = waiting + part
        waiting = b"\r" if joined.endswith(b"\r") and part else b""  # perhaps the first half of a line end
        joined = joined[: len(joined) - len(waiting)]
        yield joined.replace(b"\r\n", b"\n").replace(b"\r", b"\n") if b"\r" in joined else joined
    if waiting:
        yield b"\n"
