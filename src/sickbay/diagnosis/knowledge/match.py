"""Finds the known errors that a pasted text shows, the most specific first."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from sickbay.diagnosis.knowledge.known_error import KnownError
from sickbay.diagnosis.knowledge.recognise import ACCOMPANYING

IN_PROSE = "-in-prose"
"""The end of the id of an entry that has further wordings of another one."""
MOST = 3
"""How many known errors are shown at most."""


PART, OVERLAP = 20_000, 500
"""Characters of a part, and of what two parts share: more than a phrase has."""


@dataclass(frozen=True, slots=True)
class Recognised:
    """What was recognised in a paste.

    text:    the paste in lower case, with escapes undone and spaces in a row as one space: see `plain_text.py`.
    servers: the names of the servers and libraries that the paste comes from.
    codes:   the error codes, HTTP statuses and issue types in it.
    parts:   the text in parts that overlap. Looking for a phrase in a long text takes more time for each character.
    """

    text: str
    servers: frozenset[str]
    codes: frozenset[str]
    parts: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        starts = range(0, max(1, len(self.text)), PART)
        object.__setattr__(self, "parts", tuple(self.text[start : start + PART + OVERLAP] for start in starts))


def matching(seen: Recognised, table: Iterable[KnownError]) -> list[KnownError]:
    """The entries that apply, the one that recognises the most of the text first.

    Those that recognise less than half as much as the first are left out.

    An entry and its further wordings in `servers/prose.py` count as one.
    """
    found = [(specificity(entry, seen), entry) for entry in table if applies(entry, seen)]
    found.sort(key=lambda pair: -pair[0])
    once: dict[str, tuple[float, KnownError]] = {}
    for pair in found:
        once.setdefault(pair[1].id.removesuffix(IN_PROSE), pair)
    first = list(once.values())[:MOST]
    return [entry for points, entry in first if 2 * points >= first[0][0]]


def applies(entry: KnownError, seen: Recognised) -> bool:
    if entry.codes and seen.codes.isdisjoint(entry.codes):
        return False
    longest = _longest(entry, seen)
    if longest is None or any(phrase in part for part in seen.parts for phrase in entry.without):
        return False
    if not entry.servers or not seen.servers.isdisjoint(entry.servers):
        return True
    return bool(entry.text) and (seen.servers <= ACCOMPANYING or any(length >= VERBATIM for length in longest))


VERBATIM = 24
"""A phrase of so many characters is a message that only its server writes, whatever other servers the text names."""


def specificity(entry: KnownError, seen: Recognised) -> float:
    """A message counts as much as a recognised server, the more the longer it is; further phrases and a code count a little.

    Phrases that show the cause itself count twice.
    """
    lengths = _longest(entry, seen) or []
    phrases = 4 + min(max(lengths), 2 * VERBATIM) / 8 + (len(lengths) - 1) if lengths else 0
    points = 4 * (not seen.servers.isdisjoint(entry.servers)) + phrases + bool(entry.codes)
    return points / 2 if _is_general(entry) else points * 2 if entry.is_evident else points


def _is_general(entry: KnownError) -> bool:
    """An HTTP status of any server says less than an error code does."""
    return entry.is_general or bool(entry.codes and not entry.servers and all(code.isdecimal() for code in entry.codes))


def _longest(entry: KnownError, seen: Recognised) -> list[int] | None:
    """The length of the longest phrase of each group that is in the text. None if a group has none."""
    lengths = []
    for group in entry.text:
        longest = max((len(phrase) for part in seen.parts for phrase in group if phrase in part), default=0)
        if not longest:
            return None
        lengths.append(longest)
    return lengths
