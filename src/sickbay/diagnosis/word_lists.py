"""Reads lists of words in Markdown: `- name: text`, which may go on in the next lines."""

from __future__ import annotations

import re
from pathlib import Path

_HEADING, _ITEM = re.compile(r"^## ", re.M), re.compile(r"^- ", re.M)


def read_items(text: str) -> dict[str, str]:
    """The texts of a list by their names. Raises ValueError if an item has no name."""
    return dict(" ".join(item.split()).split(": ", 1) for item in _ITEM.split(text)[1:])


def read_sections(path: Path) -> dict[str, dict[str, str]]:
    """The list below each heading of level 2."""
    sections = _HEADING.split(path.read_text(encoding="utf-8"))[1:]
    return {heading: read_items(items) for heading, _, items in (section.partition("\n") for section in sections)}
