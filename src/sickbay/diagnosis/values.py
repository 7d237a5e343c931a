"""Recognises damaged values: stray characters around them, unfilled variables and sample text."""

from __future__ import annotations

import re

from sickbay.diagnosis.lists import LISTS, WORDS
from sickbay.kernel.late_patterns import compile_late

_CLINGING = "".join(
    (
        "\t\n\v\f\r\x1c\x1d\x1e\x1f \x85\u00a0\u1680\u2028\u2029\u202f\u205f\u3000\"'`<>\u00ab\u00ad\u00bb\u2060\ufeff",
        *map(chr, range(0x2000, 0x2010)),
        *map(chr, range(0x2018, 0x2020)),
    )
)
"""Spaces of every kind, quotation marks, angle brackets and invisible characters."""
_INSIDE = compile_late(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u00ad\u200b-\u200f\u2060\ufeff]")
_ARRAY = compile_late(r"\[(.*)\]", re.S)


def strip_stray_characters(value: str) -> str:
    """The value without spaces, quotation marks and brackets at its ends, and without invisible characters."""
    inner = value.strip(_CLINGING)
    array = _ARRAY.fullmatch(inner)
    return _INSIDE.sub("", array[1].strip(_CLINGING) if array else inner)


def first_stray_character(value: str) -> str:
    """The name of the first character that `bare` removes."""
    return character_name(
        next(char for char in (value[0], value[-1], *value) if char in "[" + _CLINGING or _INSIDE.match(char))
    )


def character_name(odd: str) -> str:
    """The name of a character that does not belong to a value."""
    if odd in WORDS["stray_characters"]:
        return WORDS["stray_characters"][odd]
    if odd in _CLINGING and odd.isprintable():
        return "a quotation mark"
    return odd if odd.isprintable() else f"the invisible character U+{ord(odd):04X}"


_WORDS = WORDS["missing_values"]
_FUNCTION = compile_late(r"(?:async )?function\b[^{]*\{.*|<function .*>|<bound method .*>", re.S)
_NAME = r"[\w.:\- ]+"
_VARIABLE = compile_late("|".join(LISTS["forms_of_variables"]).replace("NAME", _NAME), re.I)
_SAMPLE = compile_late("|".join(LISTS["forms_of_samples"]), re.I | re.S)
_MASK = compile_late("|".join(LISTS["forms_of_masks"]), re.I)
_NO_SECRET = compile_late("|".join(LISTS["forms_that_are_no_secret"]), re.I)
_YOUR = compile_late(r"(?<![a-z])your[_ -]", re.I)
_PARTS = compile_late(r"[/?#&=]|:(?!\w+\}|\w+\))")


def is_no_secret(value: str) -> bool:
    """Whether a value certainly isn't a secret and may be shown: a word such as `null`, or a common form of a variable."""
    return value in _WORDS or (value[:1] in ("$", "{", "<", "[", "Y", "y") and _NO_SECRET.fullmatch(value) is not None)


def is_masked(value: str) -> bool:
    """Whether a value such as `xxxx` or `***` may have been masked before it was pasted."""
    return _MASK.fullmatch(value) is not None


def describe_placeholder(value: str) -> str | None:
    """Says what the text is instead of a value, to end a sentence; None if it may be a value. Checks each part of a URL."""
    kind = _word_for_value(value.strip())
    if kind or ("/" not in value and ":" not in value):
        return kind
    return next((word for part in _PARTS.split(value) if (word := _word_for_value(part, part=True))), None)


def _word_for_value(value: str, *, part: bool = False) -> str | None:
    if value in _WORDS:
        return _WORDS[value]
    if "=>" in value or _FUNCTION.fullmatch(value):
        return "the source code of a function that wasn't called"
    if _VARIABLE.fullmatch(value) and not (part and value.startswith(("%", "@"))):
        return "a variable that wasn't replaced by its value"
    sample = re.fullmatch("x{4,}", value, re.I) is not None if part else _is_sample(value)
    return "sample text that wasn't replaced" if sample else None


def _is_sample(value: str) -> bool:
    """Looks for "your" first, because its pattern reads the whole value, and every value of a request comes here."""
    return _SAMPLE.fullmatch(value) is not None or ("your" in value.lower() and _YOUR.search(value) is not None)
