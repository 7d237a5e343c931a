"""Whether what was sent is text: valid UTF-8 without U+0000, which not every database stores. JSON of the same kind."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import unquote_to_bytes

_SURROGATE = re.compile("[\\ud800-\\udfff]")
_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")
NO_TEXT = "It has to be valid UTF-8 without U+0000, percent-encoded where it is part of a URL or a form."


def is_text(sent: bytes) -> bool:
    """Of bytes that stand for themselves: surrogates and overlong forms are no UTF-8."""
    if b"\0" in sent:
        return False
    try:
        sent.decode()
    except UnicodeDecodeError:
        return False
    return True


def is_encoded_text(sent: bytes) -> bool:
    """The same of a path, a query or a form, before and after percent-decoding."""
    if b"%" not in sent:
        return (sent.isascii() and b"\0" not in sent) or is_text(sent)
    return is_text(sent) and is_text(unquote_to_bytes(sent))


def has_nul(json: str) -> bool:
    """Whether a string in a JSON text has an escaped U+0000."""
    return "\\u0000" in json and _NUL.search(json) is not None


LARGEST = 1e18
"""Of the numbers that are read. Seconds, milliseconds and nanoseconds of this century are below it or near it."""


def loads(text: str | bytes) -> Any:
    """JSON that somebody sent. Raises ValueError for NaN, half a surrogate pair, U+0000, and what is nested too deep.

    A number beyond LARGEST becomes LARGEST: members that nobody knows must be ignored whatever their value is (RFC 7515 4,
    RFC 7519 4, RFC 7591 2), and not everything that writes JSON can write a larger integer.
    """
    try:
        found = json.loads(text, parse_constant=_no_number, parse_int=_whole, parse_float=_bounded)
        if is_writable(found):
            return found
    except RecursionError:
        raise ValueError("it is nested too deep") from None
    raise ValueError("a string has U+0000 or half a surrogate pair")


def _bounded(text: str) -> float:
    return max(-LARGEST, min(float(text), LARGEST))


def _whole(text: str) -> int | float:
    return int(text) if len(text) <= 18 else _bounded(text)


def _no_number(text: str) -> None:
    raise ValueError(f"{text} is no number of JSON")


def is_writable(value: Any) -> bool:
    """Whether every string in it can be stored and sent: no U+0000, no half of a surrogate pair."""
    if isinstance(value, str):
        return "\0" not in value and (value.isascii() or _SURROGATE.search(value) is None)
    if isinstance(value, dict):
        return all(is_writable(key) and is_writable(held) for key, held in value.items())
    return all(map(is_writable, value)) if isinstance(value, list) else True
