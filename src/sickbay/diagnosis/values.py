"""What happened to a value on its way: something clings to it, or it never was one: a variable unfilled, sample text."""

from __future__ import annotations

import re

_CLINGING = "".join(
    (
        "\t\n\v\f\r\x1c\x1d\x1e\x1f \x85\u00a0\u1680\u2028\u2029\u202f\u205f\u3000\"'`<>\u00ab\u00ad\u00bb\u2060\ufeff",
        *map(chr, range(0x2000, 0x2010)),
        *map(chr, range(0x2018, 0x2020)),
    )
)
"""Blanks of every kind, quotation marks, angle brackets, and what nobody sees."""
_INSIDE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u00ad\u200b-\u200f\u2060\ufeff]")
_ARRAY = re.compile(r"\[(.*)\]", re.S)
_CALLED = {
    " ": "a blank",
    "\n": "a line break",
    "\r": "a line break",
    "\t": "a tab",
    "\u00a0": "a no-break space",
    "[": "a bracket",
    "<": "an angle bracket",
    ">": "an angle bracket",
}


def bare(value: str) -> str:
    """Without the blanks, quotation marks and brackets at its ends, and the characters that nobody sees."""
    inner = value.strip(_CLINGING)
    array = _ARRAY.fullmatch(inner)
    return _INSIDE.sub("", array[1].strip(_CLINGING) if array else inner)


def clinging(value: str) -> str:
    """What the first character is called that `bare` takes away."""
    return called(next(one for one in (value[0], value[-1], *value) if one in "[" + _CLINGING or _INSIDE.match(one)))


def called(odd: str) -> str:
    """A character that does not belong to a value, by its name."""
    if odd in _CALLED:
        return _CALLED[odd]
    if odd in _CLINGING and odd.isprintable():
        return "a quotation mark"
    return odd if odd.isprintable() else f"the unseen character U+{ord(odd):04X}"


_WORDS = {
    "undefined": "JavaScript's word for a variable that was never set",
    "NaN": "JavaScript's word for a number that is none",
    "[object Object]": "what JavaScript writes for an object where a text is wanted",
} | dict.fromkeys(("null", "NULL", "None", "nil", "nullptr", "(null)"), "a program's word for a value that is not there")
_FUNCTION = re.compile(r"(?:async )?function\b.*\{.*|.*=>.*|<function .*>|<bound method .*>", re.S)
_NAME = r"[\w.:\- ]+"
_VARIABLE = re.compile(
    rf"\$?\{{+ ?{_NAME} ?\}}+|\$\({_NAME}\)|(?-i:\$[A-Z][A-Z0-9_]{{2,}})|#\{{{_NAME}\}}|%{_NAME}%|%\({_NAME}\)s|"
    rf"<%[=-]? ?{_NAME} ?%>|@@?{_NAME}@@?|__[A-Z]\w*__|"
    rf"(?:process\.env|import\.meta\.env|os\.environ|env|ENV)[.:\[]{_NAME}\]?",
    re.I,
)
_SAMPLE = re.compile(
    r"<[^<>]*>|(?:.*[^a-z])?your[_ -].*|[x-]{4,}|(?:insert|replace|enter|change)[_ -]?(?:your|client|me|this|here).*|"
    r"to-?do|example|sample|dummy|placeholder",
    re.I | re.S,
)
_PARTS = re.compile(r"[/?#&=]|:(?!\w+\}|\w+\))")


_NO_SECRET = re.compile(r"\$\{[\w.:-]+\}|\{\{ ?[\w.-]+ ?\}\}")


def is_no_secret(value: str) -> bool:
    """What certainly is none, and may be shown: a program's word for nothing, and the commonest forms of a variable's name."""
    return value in _WORDS or _NO_SECRET.fullmatch(value) is not None


def placeholder(value: str) -> str | None:
    """What it is instead of a value, as the end of a sentence; None where it may be one. Of an address each part counts."""
    found = _word(value.strip())
    if found or not re.search(r"[/:]", value):
        return found
    return next((word for part in _PARTS.split(value) if (word := _word(part, part=True))), None)


def _word(value: str, *, part: bool = False) -> str | None:
    if value in _WORDS:
        return _WORDS[value]
    if _FUNCTION.fullmatch(value):
        return "the source of a function that was not called"
    if _VARIABLE.fullmatch(value) and not (part and value.startswith(("%", "@"))):
        return "the name of a variable that nothing filled in"
    return "sample text that was never filled in" if _SAMPLE.fullmatch(value) and not part else None
