"""HTML's named characters in narratives, which XML doesn't define."""

from __future__ import annotations

import re
from html.entities import name2codepoint

_CHARACTER_NAME = re.compile(r"&([A-Za-z][A-Za-z0-9]*);")
_XML_NAMES = ("amp", "lt", "gt", "quot", "apos")


def replace_named_characters(text: str) -> str:
    """Replaces them with numeric references, for an XML parser. Names that HTML doesn't define stay."""
    return _CHARACTER_NAME.sub(_replace_number, text)


def _replace_number(match: re.Match[str]) -> str:
    name = match[1]
    return match[0] if name in _XML_NAMES or name not in name2codepoint else f"&#{name2codepoint[name]};"
