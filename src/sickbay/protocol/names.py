"""Removes invisible characters from names that strangers choose, such as an app's."""

from __future__ import annotations

import unicodedata
from typing import Final

NAME_CHARACTERS: Final = 200
"""Maximum length of a name in characters."""
_BLANK: Final = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
"""Letters and marks that are invisible, or look like a space."""
_VISIBLE: Final = frozenset("LNPS")
"""The first letters of the general categories of Unicode whose characters are visible on their own."""


def clean_name(sent: str, most: int = NAME_CHARACTERS) -> str:
    """Returns the name without control characters, characters that change the direction of text, and invisible ones.

    It has single spaces, and at most `most` characters. "" if nothing visible is left.
    """
    shown = "".join(" " if letter.isspace() else letter for letter in sent if _is_shown(letter))
    name = " ".join(shown.split())[:most].strip()
    return name if any(unicodedata.category(letter)[0] in _VISIBLE for letter in name) else ""


def _is_shown(letter: str) -> bool:
    return letter.isspace() or (letter.isprintable() and letter not in _BLANK)
