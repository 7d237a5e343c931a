"""Ranks findings: first those that hurt the user of an app most, last those that are only a habit of the app."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sickbay.diagnosis.lists import LISTS

HABITS: Final = frozenset(LISTS["habits"])
"""Advice about how an app sends all its requests, which nearly every client gets. It is given once for an app."""
ORDER: Final = LISTS["harmful"]
"""Rules by how much they hurt the user. A prefix stands for all rules that begin so. All others come next, habits last."""


def rank(id: str) -> int:
    """The place of a rule among findings of the same severity."""
    if id in HABITS:
        return len(ORDER) + 1
    return find_place(ORDER, id)


def rank_by_frequency(id: str) -> int:
    """The place of a rule in a search: the most frequent mistakes come first."""
    return find_place(LISTS["frequent"], id)


def find_place(order: Sequence[str], id: str) -> int:
    """The index of the entry that names this rule or a prefix of it; after the last entry if none does."""
    return next(
        (place for place, entry in enumerate(order) if (id.startswith(entry) if entry.endswith("-") else id == entry)),
        len(order),
    )
