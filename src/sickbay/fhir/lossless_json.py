"""Reads and writes JSON without loss: decimals keep their text (`1.00` stays `1.00`), and members keep their order."""

from __future__ import annotations

import codecs
import json
import re
from collections import Counter
from typing import Any

import msgspec
import orjson

from sickbay.protocol import unicode


class Decimal(float):
    """A number with a decimal point or an exponent that remembers its text. In all other ways it is a float."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text

    def __str__(self) -> str:
        return self.text

    __repr__ = __str__

    def __reduce__(self) -> tuple[type[Decimal], tuple[str]]:
        return Decimal, (self.text,)


DEEPEST = 254
"""The maximum nesting of arrays and objects, equal to orjson's own limit."""
_MARKED = re.compile('"\ue000([0-9]{1,9})\ue000"')
_decoder = msgspec.json.Decoder(float_hook=Decimal)


def loads(body: bytes | str) -> Any:
    """Raises ValueError with the problem and its position: invalid JSON or UTF-8, a lone surrogate, nesting too deep."""
    try:
        return _decoder.decode(body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise ValueError(_explain(body) or str(error)) from None


def _explain(body: bytes | str) -> str:
    """What is wrong with the JSON, in words, with its position; "" if only this parser refuses it."""
    problem = find_invalid_byte(body) if isinstance(body, bytes) else ""
    return problem or unicode.find_syntax_error(body)


def find_invalid_byte(body: bytes) -> str:
    """The first byte that isn't UTF-8, with its position in the body, in words; "" if all are."""
    try:
        body.decode()
    except UnicodeDecodeError as error:
        return f"byte 0x{error.object[error.start]:02X} at position {error.start} isn't UTF-8"
    return ""


def find_repeated_name(body: bytes, value: Any) -> str | None:
    """Returns a name that occurs twice in an object of `body`, or None. value: the parsed body.

    Compares the counts of quotation marks first, and searches for the name only if some strings were lost in parsing.
    """
    if _count_quotes(body) == _count_quotes(dumps(value)):
        return None
    duplicates: list[str] = []

    def look(pairs: list[tuple[str, Any]]) -> None:
        duplicates.extend(name for name, count in Counter(name for name, _ in pairs).items() if count > 1)

    json.loads(body.removeprefix(codecs.BOM_UTF8), object_pairs_hook=look)
    return duplicates[0] if duplicates else None


def _count_quotes(text: bytes) -> int:
    return (_ESCAPED.sub(b"", text) if b"\\" in text else text).count(b'"')


_ESCAPED = re.compile(rb"\\.")


def dumps(value: Any, *, pretty: bool = False) -> bytes:
    """Returns UTF-8, compact or indented. Raises ValueError for values that JSON can't represent."""
    try:
        return orjson.dumps(value, default=_encode_fragment, option=orjson.OPT_INDENT_2 if pretty else None)
    except orjson.JSONEncodeError:
        return _write_large_integer(value)


def _encode_fragment(value: Any) -> orjson.Fragment:
    if isinstance(value, Decimal):
        return orjson.Fragment(value.text)
    raise TypeError(type(value).__name__)


def _write_large_integer(value: Any) -> bytes:
    """Writes integers of more than 64 bits, which only Python's own encoder supports."""
    texts: list[str] = []

    def mark(item: Any, depth: int) -> Any:
        if depth > DEEPEST:
            raise ValueError(f"it is nested deeper than {DEEPEST}")
        if isinstance(item, Decimal):
            texts.append(item.text)
            return f"\ue000{len(texts) - 1}\ue000"
        if isinstance(item, dict):
            return {name: mark(member, depth + 1) for name, member in item.items()}
        return [mark(member, depth + 1) for member in item] if isinstance(item, list) else item

    def unmark(match: re.Match[str]) -> str:
        number = int(match[1])
        return texts[number] if number < len(texts) else match[0]

    text = json.dumps(mark(value, 0), ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return _MARKED.sub(unmark, text).encode()
