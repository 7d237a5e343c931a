"""Reads lists.toml: lists of names that the rules and the doctor look up, and words for values."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

_READ = tomllib.loads(Path(__file__).with_name("lists.toml").read_text(encoding="utf-8"))
WORDS: Final[Mapping[str, Mapping[str, str]]] = _READ.pop("words")
LISTS: Final[Mapping[str, tuple[str, ...]]] = {name: tuple(text.split()) for name, text in _READ.items()}
HABITS: Final = frozenset(LISTS["habits"])
"""Advice about how an app sends all its requests, which nearly every client gets. It is given once for an app."""


def find_place(order: Sequence[str], id: str) -> int:
    """The index of the entry that names this rule or a prefix of it; after the last entry if none does."""
    return next(
        (place for place, entry in enumerate(order) if (id.startswith(entry) if entry.endswith("-") else id == entry)),
        len(order),
    )
