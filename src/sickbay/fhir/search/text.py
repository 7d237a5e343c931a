"""Texts in searches: separators and escapes, strings, and their normal form without case, accents and superfluous spaces."""

from __future__ import annotations

import re
import unicodedata

from sickbay.fhir.request_error import RequestError
from sickbay.fhir.search.parameters import SearchParameter
from sickbay.fhir.search.query import StringValue, Value
from sickbay.kernel.memoize import cache_results

LENGTH = 120
"""Maximum number of characters of a normal form."""
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


def split(text: str, separator: str = ",") -> list[str]:
    r"""Splits at separators that aren't escaped with a backslash. Escapes are left for `unescape`."""
    if "\\" not in text:
        return text.split(separator)
    parts, begin, position = [], 0, 0
    while position < len(text):
        if text[position] == "\\":
            position += 1
        elif text[position] == separator:
            parts.append(text[begin:position])
            begin = position + 1
        position += 1
    return [*parts, text[begin:]]


def unescape(text: str) -> str:
    r"""Replaces `\,` `\|` `\$` and `\\` with the characters they represent (R4, 3.1.1.4.6)."""
    return re.sub(r"\\([,|$\\])", r"\1", text) if "\\" in text else text


def parse_string(parameter: SearchParameter, modifier: str | None, text: str, base: str) -> Value | RequestError:
    """Parses any text. `text` is folded, `raw` is as sent (for :exact)."""
    raw = unescape(text)
    return StringValue(fold(raw), raw)


def fold(text: str) -> str:
    """`  Müller-Lüdenscheidt ` -> `muller-ludenscheidt`."""
    return _fold_text_cached(text) if len(text) <= LENGTH else _fold_text(text)


@cache_results(16_384)
def _fold_text_cached(text: str) -> str:
    """Returns cached text, because most texts are displays of codes and occur many times."""
    return _fold_text(text)


def _fold_text(text: str) -> str:
    if not text.isascii():
        text = "".join(letter for letter in unicodedata.normalize("NFKD", text) if not unicodedata.combining(letter))
        text = text.translate(_BARRED)
    return " ".join(text.casefold().split())[:LENGTH].rstrip()
