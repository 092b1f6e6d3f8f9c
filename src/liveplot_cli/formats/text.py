"""What every format of text can be told of itself."""

from __future__ import annotations

import codecs
from dataclasses import dataclass

from liveplot_cli.errors import quoted
from liveplot_cli.option import option

# What Python keeps with the encodings, though no file is written in it: domain names and the like.
_NO_FILES = frozenset(("idna", "punycode", "unicode-escape", "raw-unicode-escape"))


def text_encoding(text: str) -> str:
    """The name of an encoding that Python knows, as Python writes it."""
    try:
        name = codecs.lookup(text).name
        str(bytes(4), name)
        if name.replace("_", "-") not in _NO_FILES:
            codecs.getincrementaldecoder(name)
            return name
    except (LookupError, ValueError):
        pass
    raise ValueError(f"{quoted(text)} is no encoding such as utf-8, latin-1 or cp1252")


@dataclass(frozen=True)
class Text:
    """How a text is written down."""

    encoding: str | None = option(
        None,
        "--encoding",
        group="Reading",
        metavar="NAME",
        parse=text_encoding,
        shown="utf-8, or as marked",
        help="Encoding of a text file, such as latin-1.",
    )
    tail_ok: bool = option(
        False,
        "--tail-ok",
        group="Reading",
        shown="",
        help="Leave out a last line of a text file that is not ended, for somebody is still writing it.",
    )
