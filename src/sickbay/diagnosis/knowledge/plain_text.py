"""Brings pasted text into one form, so that phrases are found in it however it was escaped."""

from __future__ import annotations

import re
from urllib.parse import unquote_plus

from sickbay.diagnosis.answers import in_text

MOST = 120_000
"""How many characters are searched for phrases: of a longer text the beginning and the end."""
_ENCODED = re.compile(r"%[0-9a-fA-F]{2}|[?&#]\w{1,60}=[^&\s+]{0,200}\w\+\w")
"""Percent-encoding, or a plus for a blank in a parameter."""
_STATUS_LINE = re.compile(r"\W{0,4}HTTP/\d(?:\.\d)? +\d{3}", re.I)
_HEADER = re.compile(r"\W{0,4}(?P<name>[\w-]{1,60}):")


def plain(text: str) -> str:
    """The text in lower case with blanks in a row as one blank, then its other forms as far as they differ.

    The other forms are the text with its escapes undone, and that as prose: a phrase such as "redirect uri does not match"
    is found in "`redirect_uri` doesn't match" too.
    """
    clipped = text if len(text) <= MOST else f"{text[: MOST // 2]}\n{text[-MOST // 2 :]}"
    clipped = _without_answered_types(clipped)
    once = _collapsed(clipped)
    undone = _collapsed(_without_escapes(clipped))
    return "\n".join(dict.fromkeys((once, undone, _as_prose(undone))))


def _without_answered_types(text: str) -> str:
    """The text without the Content-Type of responses, because phrases about a JSON body mean the request's."""
    if "content-type" not in text.lower():
        return text
    kept: list[str] = []
    in_response = False
    for line in text.split("\n"):
        header = _HEADER.match(line) if in_response else None
        is_type = header is not None and header["name"].lower() == "content-type"
        in_response = _STATUS_LINE.match(line) is not None or (header is not None and not is_type)
        kept.append("" if is_type else line)
    return "\n".join(kept)


_CONTRACTION = re.compile(r"\b(?:(?P<can>can't)|(?P<will>won't)|(?P<verb>[a-z]{2,6})n't)\b")
_ERROR_CODE = re.compile(r"\b(?:invalid|unsupported|unauthorized|insufficient|expired|access|server|temporarily)_[a-z_]+|_")
_SIGNS = str.maketrans(dict.fromkeys("`'\"*", ""))


def _as_prose(text: str) -> str:
    """Writes contractions out, and names without quotation marks and underscores. Error codes stay as they are."""
    written = _CONTRACTION.sub(lambda match: "cannot" if match["can"] else f"{match['verb'] or 'will'} not", text)
    written = _ERROR_CODE.sub(lambda match: " " if match[0] == "_" else match[0], written)
    return f" {' '.join(written.translate(_SIGNS).split())} "


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
