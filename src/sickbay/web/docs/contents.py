"""The table of contents of the documentation: the sections and pages in contents.toml."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import NamedTuple


class Entry(NamedTuple):
    """A link of the navigation. page: the path below docs/ without .md. anchor: that of a section of the page, or ""."""

    title: str
    page: str
    anchor: str = ""


class Section(NamedTuple):
    title: str
    entries: tuple[Entry, ...]


HOME = "README"


def _read_entry(place: str, title: str) -> Entry:
    page, _, anchor = place.partition("#")
    return Entry(title, page, anchor)


_TITLES = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
SECTIONS = tuple(
    Section(title, tuple(_read_entry(place, name) for place, name in entries.items())) for title, entries in _TITLES.items()
)
