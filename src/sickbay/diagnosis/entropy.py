"""Estimates how easily a `state` can be guessed: words, numbers, timestamps, and an upper bound on its entropy."""

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
"""At least three letters, because random letters often look like words of two letters."""
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
    """An upper bound on the entropy in bits: length times bits per character, or 0 if at most three characters differ."""
    if _UUID.fullmatch(text):
        return ENOUGH
    if len(set(text)) <= 3:
        return 0
    size = next((size for pattern, size in _ALPHABETS if re.fullmatch(pattern, text)), 94)
    return int(len(text) * math.log2(size))


def weakness(text: str) -> dict[str, Any] | None:
    """Facts about a value that can be guessed, with `level` warning or info; None if it is random enough."""
    entropy = bits(text)
    if _NUMBER.fullmatch(text):
        return _facts(text, entropy, "warning", "It is a number or a time.")
    if _WORDS.fullmatch(text):
        return _facts(text, entropy, "warning", "It is made of words.")
    if entropy >= ENOUGH:
        return None
    return _facts(text, entropy, "warning" if entropy < FEW else "info", f"It has at most {entropy} bits of entropy.")


def _facts(text: str, entropy: int, level: str, what: str) -> dict[str, Any]:
    return {"received": text, "bits": entropy, "level": level, "what": what, "note": "at least 122 random bits"}
