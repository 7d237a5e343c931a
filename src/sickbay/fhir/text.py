"""Text as string search sees it: without capitals, accents and superfluous spaces, at most 120 characters."""

from __future__ import annotations

import unicodedata

LENGTH = 120


def fold(text: str) -> str:
    """`  Müller-Lüdenscheidt ` -> `muller-ludenscheidt`."""
    if not text.isascii():
        text = "".join(one for one in unicodedata.normalize("NFKD", text) if not unicodedata.combining(one))
    return " ".join(text.casefold().split())[:LENGTH].rstrip()
