"""Finds the known errors that a pasted text shows, the most specific first."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from sickbay.diagnosis.knowledge.known_error import KnownError

MOST = 3
"""How many known errors are shown at most."""


class Seen(NamedTuple):
    """What was recognised in a paste.

    text:    the paste in lower case, with escapes undone and blanks in a row as one blank: see `plain_text.py`.
    servers: the names of the servers and libraries that the paste comes from.
    codes:   the error codes, HTTP statuses and issue types in it.
    """

    text: str
    servers: frozenset[str]
    codes: frozenset[str]


def matching(seen: Seen, table: Iterable[KnownError]) -> list[KnownError]:
    """The entries that apply, the one that recognises the most of the text first."""
    found = [(specificity(entry, seen), entry) for entry in table if applies(entry, seen)]
    found.sort(key=lambda pair: -pair[0])
    return [entry for _, entry in found[:MOST]]


def applies(entry: KnownError, seen: Seen) -> bool:
    if entry.servers and seen.servers.isdisjoint(entry.servers) and (seen.servers or not entry.text):
        return False
    if entry.codes and seen.codes.isdisjoint(entry.codes):
        return False
    if not all(any(phrase in seen.text for phrase in group) for group in entry.text):
        return False
    return not any(phrase in seen.text for phrase in entry.without)


def specificity(entry: KnownError, seen: Seen) -> int:
    """An entry with phrases and without codes comes first, because its phrases are most often a verbatim message. Otherwise a
    recognised server counts as much as two phrases, and a phrase as much as two error codes."""
    is_message = bool(entry.text) and not entry.codes
    return 8 * is_message + 4 * (not seen.servers.isdisjoint(entry.servers)) + 2 * len(entry.text) + bool(entry.codes)
