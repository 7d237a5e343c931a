"""How well a state can be guessed: words, numbers and timestamps, and the bits that length and alphabet allow at most."""

from __future__ import annotations

import math
import re
from typing import Any

ENOUGH = 122
FEW = 64
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.I)
_LOWER = r"(?:[A-Za-z]{1,2}[_\-. ])?[A-Z]?[a-z]{3,}+(?:[_\-. ][A-Za-z]{1,2}(?![A-Za-z])|[_\-. ]?[A-Z]?[a-z]{3,}+)*+"
_UPPER = r"[A-Z]{2,14}(?:[_\-. ][A-Z]{1,14})*"
_WORDS = re.compile(rf"(?:{_LOWER}|{_UPPER})[_\-.]?\d{{0,6}}")
"""Three letters at least, since of two and two a random text of letters is soon made."""
_NUMBER = re.compile(r"\d{1,19}|\d{4}-\d\d-\d\d[T ].+")
_ALPHABETS = (
    (r"[0-9]+", 10),
    (r"[0-9a-f]+|[0-9A-F]+", 16),
    (r"[a-z]+|[A-Z]+", 26),
    (r"[a-z0-9]+|[A-Z0-9]+", 36),
    (r"[A-Za-z]+", 52),
    (r"[A-Za-z0-9]+", 62),
    (r"[\w\-]+", 64),
)


def bits(text: str) -> int:
    """At most so many: length times bits of the alphabet; few different characters allow none."""
    if _UUID.fullmatch(text):
        return ENOUGH
    if len(set(text)) <= 3:
        return 0
    size = next((size for pattern, size in _ALPHABETS if re.fullmatch(pattern, text)), 94)
    return int(len(text) * math.log2(size))


def weakness(text: str) -> dict[str, Any] | None:
    """Facts about a value that can be guessed, `level` warning or info; None where it is random enough."""
    held = bits(text)
    if _NUMBER.fullmatch(text):
        return _facts(text, held, "warning", "It is a number or a time.")
    if _WORDS.fullmatch(text):
        return _facts(text, held, "warning", "It is made of words.")
    if held >= ENOUGH:
        return None
    return _facts(text, held, "warning" if held < FEW else "info", f"It has {held} bits at most.")


def _facts(text: str, held: int, level: str, what: str) -> dict[str, Any]:
    return {"received": text, "bits": held, "level": level, "what": what, "note": "122 random bits or more"}
