"""Brings pasted text into one form, so that phrases are found in it however it was escaped."""

from __future__ import annotations

import re
from urllib.parse import unquote_plus

from sickbay.diagnosis.answers import in_text

MOST = 120_000
"""How many characters are searched for phrases: of a longer text the beginning and the end."""
_ENCODED = re.compile(r"%[0-9a-fA-F]{2}|[?&#]\w{1,60}=[^&\s+]{0,200}\w\+\w")
"""Percent-encoding, or a plus for a blank in a parameter."""
_ANSWERED_TYPE = re.compile(
    r"(?P<before>^\W{0,4}HTTP/\d(?:\.\d)? +\d{3}[^\n]{0,200}\n(?:\W{0,4}(?!content-type)[\w-]{1,60}: ?[^\n]{0,2000}\n){0,40})"
    r"\W{0,4}content-type:[^\n]*",
    re.I | re.M,
)
"""The Content-Type of a response. Phrases about a JSON body mean the request's."""


def plain(text: str) -> str:
    """The text in lower case with blanks in a row as one blank, then the same with its escapes undone if that differs."""
    clipped = text if len(text) <= MOST else f"{text[: MOST // 2]}\n{text[-MOST // 2 :]}"
    clipped = _ANSWERED_TYPE.sub(r"\g<before>", clipped)
    once = _collapsed(clipped)
    undone = _collapsed(_without_escapes(clipped))
    return once if undone == once else f"{once}\n{undone}"


def _collapsed(text: str) -> str:
    """Adds a space at both ends, so that a phrase may begin and end with one."""
    return f" {' '.join(text.translate(_QUOTES).lower().split())} "


_QUOTES = str.maketrans({"“": '"', "”": '"', "‘": "'", "’": "'", "\u00a0": " "})


def _without_escapes(text: str) -> str:
    """Undoes escapes, and percent-encoding twice, because redirects nest."""
    for _ in range(2):
        text = in_text.unescaped(text)
        text = unquote_plus(text) if _ENCODED.search(text) else text
    return text
