"""Checks that a request is text: valid UTF-8 without U+0000, which not every database can store. Also reads such JSON."""

from __future__ import annotations

import html
import json
import re
from collections import Counter
from typing import Any, NamedTuple
from urllib.parse import unquote_to_bytes

_SURROGATE = re.compile("[\\ud800-\\udfff]")
_ESCAPE = re.compile(rb"%[0-9a-fA-F]{2}")
_TWO_BYTES = frozenset((0xC2, 0xC3))
"""The first bytes of most Western letters in UTF-8. They are rarely meant as letters of ISO-8859-1."""


class BadByte(NamedTuple):
    """The first byte that isn't text. at: its index in what was sent. escaped: it was sent as %XX.

    meant: the character that it is in Windows-1252 (which includes ISO-8859-1), if the client likely meant that; else "".
    """

    at: int
    value: int
    escaped: bool
    meant: str


def find_bad_byte(sent: bytes, *, encoded: bool) -> BadByte | None:
    """Finds the first byte that isn't text: not UTF-8 (nor are surrogates and overlong forms), or U+0000. None if all are.

    encoded: a path, a query or a form, which must be text both before and after percent-decoding.
    """
    at = _bad_index(sent)
    if at is not None:
        return BadByte(at, sent[at], False, _guess_character(sent[at : at + 2]))
    at = _bad_index(unquote_to_bytes(sent)) if encoded else None
    if at is None:
        return None
    escapes = enumerate(_ESCAPE.finditer(sent))  # raw bytes are valid on their own, so the bad one is escaped
    start = next(escape.start() for count, escape in escapes if escape.start() - 2 * count == at)
    window = unquote_to_bytes(sent[start : start + 6])
    return BadByte(start, window[0], True, _guess_character(window))


def _bad_index(sent: bytes) -> int | None:
    nul = sent.find(0)
    try:
        sent.decode()
    except UnicodeDecodeError as error:
        return error.start if nul < 0 else min(error.start, nul)
    return None if nul < 0 else nul


def _guess_character(window: bytes) -> str:
    """Guesses the intended character. window: the bad byte and the next one. A continuation byte indicates broken UTF-8."""
    value = window[0]
    if value < 0x80 or value in _TWO_BYTES or (len(window) > 1 and 0x80 <= window[1] < 0xC0):
        return ""
    meant = bytes((value,)).decode("cp1252", "ignore")
    return meant if meant.isprintable() else ""


_LONG_REFERENCE = re.compile(r"&#(?:([0-9]{8,})|[xX]([0-9a-fA-F]{7,}));?")
"""A character reference with more digits than any character needs. Python's own function fails if they are thousands."""


def decode_html_escapes(text: str) -> str:
    """Decodes HTML character references like Python, but also numbers of any length; no character becomes U+FFFD."""
    return html.unescape(_LONG_REFERENCE.sub(_decode_reference, text) if "&#" in text else text)


def _decode_reference(match: re.Match[str]) -> str:
    decimal, hexadecimal = match.groups()
    digits = (decimal or hexadecimal).lstrip("0") or "0"
    return "\ufffd" if len(digits) > 7 else f"&#{digits};" if decimal else f"&#x{digits};"


LONGEST_NAME = 100
"""Maximum number of characters of a member's name that an error quotes."""
LARGEST = 9e18
"""The largest number that is read: it fits into 64 bits. Times until 2255 are below it, even in nanoseconds."""


def loads(text: str | bytes, *, unique: bool = False) -> Any:
    """Reads JSON from a request. Raises ValueError for NaN, half a surrogate pair, U+0000 and too deep nesting, and if it isn't
    UTF-8 or begins with a byte order mark (RFC 8259 8.1).

    unique: also raises ValueError if an object has two members with one name (RFC 8259 4). Programs disagree on which of them
    counts, so a checked value could differ from the used one.

    A number beyond LARGEST becomes LARGEST: unknown members must be ignored whatever their value is (RFC 7515 4,
    RFC 7519 4, RFC 7591 2), and not everything that writes JSON can write a larger integer.
    """
    members = _unique_members if unique else None
    try:
        text = text if isinstance(text, str) else text.decode()
        document = json.loads(
            text, parse_constant=_refuse_number, parse_int=_parse_integer, parse_float=_clamp_number, object_pairs_hook=members
        )
        if is_writable(document):
            return document
    except RecursionError:
        raise ValueError("it is nested too deep") from None
    except UnicodeDecodeError:
        raise ValueError("it isn't UTF-8") from None
    except json.JSONDecodeError as error:
        raise ValueError(_explain_syntax_error(error)) from None
    raise ValueError("a string has U+0000 or half a surrogate pair")


def find_syntax_error(text: str | bytes) -> str:
    """What is wrong with the syntax of this JSON, in words, with its line and column; "" if nothing is. text: bytes in UTF-8.

    Takes about as long as parsing it. The values of numbers don't matter, and to convert long ones would take time.
    """
    try:
        json.loads(text, parse_constant=_refuse_number, parse_int=len, parse_float=len)
    except RecursionError:
        return "it is nested too deep"
    except json.JSONDecodeError as error:
        return _explain_syntax_error(error)
    except ValueError as error:
        return str(error)
    return ""


_SYNTAX_ERRORS = {
    "Expecting value": "a JSON value is expected",
    "Expecting property name": "a member's name in double quotes is missing",
    "Expecting ':' delimiter": "a colon is missing",
    "Expecting ',' delimiter": "a comma is missing",
    "Extra data": "more text follows the end of the value",
    "Unterminated string": "a string has no closing quotation mark",
    "Invalid control character": "a string has a line break or another control character",
    "Invalid \\": "a string has a backslash that begins no escape",
    "Unexpected UTF-8 BOM": "it begins with a byte order mark",
}
"""The beginning of Python's message, and what is wrong."""


_CLOSING_BRACKETS = {"Expecting value": "]", "Expecting property name enclosed in double quotes": "}"}
"""The message for a comma before a closing bracket until Python 3.12, and the bracket."""


def _explain_syntax_error(error: json.JSONDecodeError) -> str:
    if not error.doc.strip():
        return "it is empty"
    comma = _find_trailing_comma(error)
    if comma is not None:
        return _locate("the comma before the closing bracket is too much", json.JSONDecodeError(error.msg, error.doc, comma))
    ends = not error.doc[error.pos :].strip()
    reason = next((reason for start, reason in _SYNTAX_ERRORS.items() if error.msg.startswith(start)), "it can't be parsed")
    return _locate("it ends too early" if ends else reason, error)


def _find_trailing_comma(error: json.JSONDecodeError) -> int | None:
    """The position of a comma that a closing bracket follows, if that is the error. Python names it only since 3.13."""
    if error.msg.startswith("Illegal trailing comma"):
        return error.pos
    before = error.doc[: error.pos].rstrip(" \t\n\r")
    bracket = _CLOSING_BRACKETS.get(error.msg, "none")
    return len(before) - 1 if before.endswith(",") and error.doc.startswith(bracket, error.pos) else None


def _locate(reason: str, error: json.JSONDecodeError) -> str:
    return f"{reason} (line {error.lineno}, column {error.colno})"


def _unique_members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        name = next(name for name, count in Counter(name for name, _ in pairs).items() if count > 1)
        raise ValueError(f"it has the member {name[:LONGEST_NAME]!a} twice in one object")
    return members


def _clamp_number(text: str) -> float:
    return max(-LARGEST, min(float(text), LARGEST))


def _parse_integer(text: str) -> int | float:
    return int(text) if len(text) <= 18 else _clamp_number(text)


def _refuse_number(text: str) -> None:
    raise ValueError(f"{text} isn't a JSON number")


def is_writable(value: Any) -> bool:
    """Whether every string in the value can be stored and sent: no U+0000 and no half of a surrogate pair."""
    if isinstance(value, str):
        return "\0" not in value and (value.isascii() or _SURROGATE.search(value) is None)
    if isinstance(value, dict):
        return all(is_writable(key) and is_writable(member) for key, member in value.items())
    return all(map(is_writable, value)) if isinstance(value, list) else True
