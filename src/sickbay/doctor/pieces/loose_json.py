"""Parses JSON, and what people paste instead: escaped, truncated, with typographic quotes, or printed by a language."""

from __future__ import annotations

import re
from typing import Any

from sickbay.protocol import unicode

_QUOTES = str.maketrans("“”„‘’\u00a0", '"""\'\' ')
_PAIR = re.compile(
    r"[\"'`]?(?P<name>[A-Za-z_][\w.-]{0,60})[\"'`]?\s{0,20}(?:=>|[:=])\s{0,20}"
    r"(?:\"(?P<double>(?:\\.|[^\"\\\n]){0,4000})\"|'(?P<single>(?:\\.|[^'\\\n]){0,4000})'|(?P<bare>[\w.+/:@%~-]{1,400}))"
)
_LITERALS: dict[str, Any] = {
    "null": None,
    "None": None,
    "nil": None,
    "true": True,
    "True": True,
    "false": False,
    "False": False,
}


def parse(text: str) -> Any:
    """The parsed JSON; otherwise a dictionary of the names and values that look like members. {} if there are none."""
    for candidate in (text, text.translate(_QUOTES), _unescaped(text)):
        try:
            return unicode.loads(candidate)
        except (ValueError, RecursionError):
            continue
    return pairs(text)


def pairs(text: str) -> dict[str, Any]:
    """`name: value`, `"name" = "value"` and `'name' => 'value'`. The first value of a name counts."""
    found: dict[str, Any] = {}
    for match in _PAIR.finditer(_unescaped(text)):
        value = match["double"] or match["single"] or match["bare"] or ""
        found.setdefault(match["name"], _LITERALS.get(value, value) if match["bare"] else value)
    return found


def _unescaped(text: str) -> str:
    """Removes the backslashes that a log or Markdown added before quotes, underscores and line breaks."""
    text = text.translate(_QUOTES)
    for _ in range(3):
        if (undone := re.sub(r"\\([\"'_\[\]{}*/])|\\[rnt]", lambda match: match[1] or " ", text)) == text:
            break
        text = undone
    return text
