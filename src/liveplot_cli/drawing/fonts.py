"""Fonts for characters that the theme's own has no shape for: those installed that have one, or what to install."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

from matplotlib import font_manager
from matplotlib.ft2font import FT2Font

_ONE_FONT = ("CJK", "HIRAGANA", "KATAKANA", "HANGUL", "BOPOMOFO", "FULLWIDTH", "HALFWIDTH", "IDEOGRAPHIC", "KANGXI")
_PLAIN = ("", "LATIN", "GREEK", "CYRILLIC", "COMBINING", "MODIFIER")


def families_for(characters: Iterable[str]) -> tuple[list[str], set[str]]:
    """The installed families that have shapes which the theme's font lacks, and the characters that none has.

    Fonts are looked for anew: matplotlib keeps a list of them, and one that was installed since is not on it.
    """
    lacking = {character for character in characters if not character.isascii()}
    if lacking:
        lacking = _lacking(font_manager.findfont("DejaVu Sans"), lacking)
    families = []
    for path in sorted(font_manager.findSystemFonts(), key=_plainest) if lacking else ():
        left = _lacking(path, lacking)
        if len(left) < len(lacking):
            font_manager.fontManager.addfont(path)
            families.append(FT2Font(path).family_name)
            lacking = left
    return families, lacking


def to_install(characters: Iterable[str]) -> str:
    """Names of fonts that have shapes for the characters."""
    return ", ".join(sorted({_font_of(character) for character in characters}))


def _lacking(path: str, characters: set[str]) -> set[str]:
    """Those of the characters that a font has no shape for, which are all if it can't be drawn with."""
    try:
        font = FT2Font(path)
    except (OSError, RuntimeError):
        return characters
    if not font.scalable:  # pictures of one size, as most fonts of coloured emoji are
        return characters
    return {character for character in characters if not font.get_char_index(ord(character))}


def _plainest(path: str) -> tuple[bool, str]:
    return "regular" not in path.lower(), path


def _font_of(character: str) -> str:
    script = unicodedata.name(character, "").partition(" ")[0]
    if script.startswith(_ONE_FONT):
        return "Noto Sans CJK"
    if unicodedata.category(character) == "So":
        return "Noto Emoji"
    return "Noto Sans" if script in _PLAIN else f"Noto Sans {script.title()}"
