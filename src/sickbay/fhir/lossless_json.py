"""JSON that comes back as it was written: decimals keep their text (`1.00` stays `1.00`), names their order."""

from __future__ import annotations

import codecs
import json
import re
from collections import Counter
from typing import Any

import msgspec
import orjson


class Decimal(float):
    """A number with a point or an exponent, and how it was written. Everywhere else it is a float."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text

    def __str__(self) -> str:
        return self.text

    __repr__ = __str__

    def __reduce__(self) -> tuple[type[Decimal], tuple[str]]:
        return Decimal, (self.text,)


DEEPEST = 254
"""Arrays and objects in each other: what the writer of all other JSON takes."""
_MARKED = re.compile('"\ue000([0-9]{1,9})\ue000"')
_decoder = msgspec.json.Decoder(float_hook=Decimal)


def loads(body: bytes | str) -> Any:
    """Raises ValueError with what is wrong and where: no JSON, not UTF-8, half a surrogate, nested too deep."""
    try:
        return _decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(str(error)) from None


def repeated(body: bytes, value: Any) -> str | None:
    """A name that an object of `body` has twice; None where all are there in `value`, what was read of it.

    All strings of a text are told by their quotation marks: looked for is only where some were lost.
    """
    if _marks(body) == _marks(dumps(value)):
        return None
    found: list[str] = []

    def look(pairs: list[tuple[str, Any]]) -> None:
        found.extend(name for name, count in Counter(name for name, _ in pairs).items() if count > 1)

    json.loads(body.removeprefix(codecs.BOM_UTF8), object_pairs_hook=look)
    return found[0] if found else None


def _marks(text: bytes) -> int:
    return (_ESCAPED.sub(b"", text) if b"\\" in text else text).count(b'"')


_ESCAPED = re.compile(rb"\\.")


def dumps(value: Any, *, pretty: bool = False) -> bytes:
    """UTF-8, compact or laid out. Raises ValueError for what no JSON of ours holds."""
    try:
        return orjson.dumps(value, default=_fragment, option=orjson.OPT_INDENT_2 if pretty else None)
    except orjson.JSONEncodeError:
        return _large(value)


def _fragment(value: Any) -> orjson.Fragment:
    if isinstance(value, Decimal):
        return orjson.Fragment(value.text)
    raise TypeError(type(value).__name__)


def _large(value: Any) -> bytes:
    """Whole numbers of more than 64 bits, which only Python's own writer knows."""
    texts: list[str] = []

    def marked(one: Any, depth: int) -> Any:
        if depth > DEEPEST:
            raise ValueError(f"it is nested deeper than {DEEPEST}")
        if isinstance(one, Decimal):
            texts.append(one.text)
            return f"\ue000{len(texts) - 1}\ue000"
        if isinstance(one, dict):
            return {name: marked(held, depth + 1) for name, held in one.items()}
        return [marked(held, depth + 1) for held in one] if isinstance(one, list) else one

    def unmarked(found: re.Match[str]) -> str:
        number = int(found[1])
        return texts[number] if number < len(texts) else found[0]

    text = json.dumps(marked(value, 0), ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return _MARKED.sub(unmarked, text).encode()
