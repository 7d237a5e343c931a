"""Normalises text for string search: without case, accents and superfluous spaces, at most 120 characters."""

from __future__ import annotations

import unicodedata

from sickbay.kernel.memoize import cache_results

LENGTH = 120
_BARRED = str.maketrans(
    {
        "Ł": "L",
        "ł": "l",
        "Ø": "O",
        "ø": "o",
        "Đ": "D",
        "đ": "d",
        "Ð": "D",
        "ð": "d",
        "Ħ": "H",
        "ħ": "h",
        "ı": "i",
        "Æ": "AE",
        "æ": "ae",
        "Œ": "OE",
        "œ": "oe",
        "Þ": "TH",
        "þ": "th",
        "Ŧ": "T",
        "ŧ": "t",
    }
)
"""Letters with a bar and ligatures, which Unicode doesn't decompose."""


def fold(text: str) -> str:
    """`  Müller-Lüdenscheidt ` -> `muller-ludenscheidt`."""
    return _fold_cached(text) if len(text) <= LENGTH else _fold_text(text)


@cache_results(16_384)
def _fold_cached(text: str) -> str:
    """Returns cached text, because most texts are displays of codes and occur many times."""
    return _fold_text(text)


def _fold_text(text: str) -> str:
    if not text.isascii():
        text = "".join(letter for letter in unicodedata.normalize("NFKD", text) if not unicodedata.combining(letter))
        text = text.translate(_BARRED)
    return " ".join(text.casefold().split())[:LENGTH].rstrip()
