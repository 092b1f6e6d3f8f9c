"""Text in blocks of whole lines: UTF-8 or what else was asked for, each line end a line feed, no byte unchecked."""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from liveplot_cli.errors import DataError
from liveplot_cli.input import Input

# Bytes read at a time: few at first, for how a text is written is found out cell by cell.
_FIRST, _AT_ONCE = 1 << 16, 1 << 20
LONGEST_CELL = 131_072  # characters, as Python's csv has it
_SEPARATOR = re.compile(r"[^\w.+-]")  # what no number and no word has in it, such as a line end
_OF_A_LINE = 64  # bytes of memory for each byte of a line, whose cells are taken apart and named one by one
_MARKS = {codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}


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
    for part in _decoded(source.stream, encoding):
        end = part.rfind(b"\n") + 1
        if not end:
            rest.append(part)
            source.allow(sum(map(len, rest)) * _OF_A_LINE)
            continue
        block = Block(b"".join([*rest, part[:end]]), line)
        yield block
        line, rest = block.after, [part[end:]]
    last = b"".join(rest)
    if last and finished:
        yield Block(last + b"\n", line)


def _decoded(stream: BinaryIO, encoding: str | None) -> Iterator[bytes]:
    """The stream in UTF-8, each part checked, with every line end, CR LF or CR, as a line feed."""
    start = stream.read(_FIRST)
    if not start:
        raise DataError("the file is empty")
    marks = (mark for mark, marked in _MARKS.items() if encoding in (None, marked))
    mark = next(filter(start.startswith, marks), b"")
    encoding = _MARKS[mark] if mark else encoding or "utf-8"
    decoder = io.IncrementalNewlineDecoder(codecs.getincrementaldecoder(encoding)(), translate=True)
    position, line = len(mark), 1
    part = start[len(mark) :]
    while True:
        ended = not part
        try:
            text = decoder.decode(part, final=ended)
            data = text.encode()
        except UnicodeDecodeError as error:
            half = b"\r" if decoder.getstate()[1] & 1 else b""  # of a line end that is not counted yet
            raise _undecodable(error, position + len(part) - len(error.object), line, encoding, half) from None
        except UnicodeError:  # half a surrogate pair, or UTF-16 without its mark
            raise DataError(f"from line {line} on it is not {_named(encoding)} text; name its encoding") from None
        if "\0" in text:
            line += text[: text.index("\0")].count("\n")
            raise DataError(f"line {line}: there is a NUL byte; this is not a text file")
        if len(text) > LONGEST_CELL and not _SEPARATOR.search(text):
            raise DataError(f"line {line}: a cell has more than {LONGEST_CELL:,} characters")
        line += text.count("\n")
        position += len(part)
        yield data
        if ended:
            return
        part = stream.read(_AT_ONCE)


def _undecodable(error: UnicodeDecodeError, start: int, line: int, encoding: str, before: bytes) -> DataError:
    """`error.object` begins at the byte `start` of the file and, with what was `before` it, on that line."""
    text = before.decode() + error.object[: error.start].decode(encoding, "ignore")
    line += text.replace("\r\n", "\n").replace("\r", "\n").count("\n")
    return DataError(
        f"line {line}: byte {start + error.start} of the file is not {_named(encoding)} text; save it as UTF-8 or name"
        " its encoding"
    )


def _named(encoding: str) -> str:
    """An encoding as people write it."""
    return {"utf-8": "UTF-8", "utf-16-le": "UTF-16", "utf-16-be": "UTF-16"}.get(encoding, encoding)
