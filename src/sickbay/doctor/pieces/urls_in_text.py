"""Finds URLs in text: in sentences and logs, broken into lines, and nested in the parameters of other URLs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import parse_qsl

from sickbay.doctor.pieces.address_kind import kind_of_url
from sickbay.doctor.pieces.piece import Piece
from sickbay.doctor.pieces.wrapped_url import goes_on
from sickbay.protocol import urls

_URL = re.compile(r"(?<![\w+.-])[A-Za-z][A-Za-z0-9+.-]{1,30}:/{1,2}[^\s<>\"'`|\\^{}\[\]]{3,20000}")
_PATH = re.compile(r"(?:(?<=\s)|^)/[\w./-]{0,200}\?[\w.-]{1,60}=[^\s<>\"'`]{1,8000}", re.M)
_CONTINUED = re.compile(r"(?<!\s)[ \t]*+\r?\n[ \t]*+(?P<rest>[^\s<>\"'`]++)(?=(?P<end>[ \t]*+(?:\r?\n|\Z))|\s)")
_OF_A_QUERY, _OF_A_URL = re.compile(r"[&=%]"), re.compile(r"[&=%_/]")
"""What a continued line contains if words follow it, and if it is the whole line."""
WRAPPED = 60
"""From this length on, a URL at the end of a line may continue on the next."""


def find(text: str) -> Iterator[Piece]:
    for pattern in (_URL, _PATH):
        for match in pattern.finditer(text):
            url, end = _whole(text, match)
            yield Piece(kind="url", start=match.start(), end=end, subkind=kind_of_url(url), values={"url": url})


def _whole(text: str, match: re.Match[str]) -> tuple[str, int]:
    """The URL with the lines on which it continues, and its end in the text. Punctuation of the sentence isn't part of it."""
    url, end = match[0], match.end()
    for _ in range(20):
        more = _CONTINUED.match(text, end) if len(url) >= WRAPPED and "?" in url else None
        expected = _OF_A_URL if more and more["end"] is not None else _OF_A_QUERY
        if more is None or not expected.search(more["rest"]) or not goes_on(url, more["rest"]):
            break
        url, end = url + more["rest"], more.end()
    stripped = url.rstrip(".,;:!)*_…")
    return stripped, end - (len(url) - len(stripped))


def nested(url: str) -> Iterator[str]:
    """The authorization URLs in the parameters of a URL, such as the address to return to after signing in."""
    for _, value in parse_qsl(urls.split(url).query, keep_blank_values=True):
        if "://" in value and kind_of_url(value) == "authorize_url":
            yield value
