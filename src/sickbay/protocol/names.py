"""Removes invisible characters from names that strangers choose, such as an app's."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

NAME_CHARACTERS: Final = 200
"""Maximum length of a name in characters."""
_BLANK: Final = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
"""Letters and marks that are invisible, or look like a space."""
_VISIBLE: Final = frozenset("LNPS")
"""The first letters of the general categories of Unicode whose characters are visible on their own."""
_JOINER: Final = "\u200d"
_STRAY_JOINER: Final = re.compile("(?<![{0}\ufe0f])\u200d|\u200d(?![{0}])".format("\u2190-\u2bff\U0001f000-\U0001faff"))
"""A joiner that isn't between two emoji, where it makes one of them (UTS 51, 2.3), and is invisible anywhere else."""


def clean_name(sent: str, most: int = NAME_CHARACTERS) -> str:
    """Returns the name without control characters, characters that change the direction of text, and invisible ones.

    Keeps the joiner that makes one emoji of two. The name has single spaces, and at most `most` characters. "" if nothing
    visible is left.
    """
    shown = "".join(" " if letter.isspace() else letter for letter in sent if _is_shown(letter))
    name = " ".join(_STRAY_JOINER.sub("", shown).split())[:most].strip(f" {_JOINER}")
    return name if any(unicodedata.category(letter)[0] in _VISIBLE for letter in name) else ""


def _is_shown(letter: str) -> bool:
    return letter.isspace() or letter == _JOINER or (letter.isprintable() and letter not in _BLANK)
