"""Allocates numbers per process: of spaces, of words, and blocks of nids, so that writers don't wait for one counter."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sickbay.fhir.search.index_entries import IndexEntries
from sickbay.storage.interface import Reindex, ResourceSpace, Save
from sickbay.storage.query.dictionary import SHIFT
from sickbay.storage.query.saving import list_targets

BLOCK = 1000
"""Number of nids reserved at a time. Numbers that a process doesn't use are skipped."""
_SPACE = "SELECT number FROM space WHERE tenant = $1 AND version = $2"
_NEW_SPACE = (
    "INSERT INTO space (number, tenant, version, allocated, sequence)"
    " SELECT coalesce(max(number), 0) + 1, $1, $2, 0, 0 FROM space ON CONFLICT DO NOTHING"
)
_NEW_WORD = "INSERT INTO word (number, text) SELECT coalesce(max(number), 0) + 1, $1 FROM word ON CONFLICT DO NOTHING"


class IdAllocator:
    """Call `learn` on a connection outside any transaction: its numbers stay, even if the caller's transaction fails."""

    def __init__(self) -> None:
        self.spaces: dict[ResourceSpace, int] = {}
        self.words: dict[str, int] = {}
        self._free: dict[int, list[int]] = {}

    async def load_numbers(self, db: Any, saves: Iterable[Save | Reindex]) -> None:
        """Look up or create the numbers of the spaces and words in these steps."""
        spaces, words = set[ResourceSpace](), set[str]()
        for step in saves:
            spaces.add(step.space)
            words.add(step.type)
            words |= list_names(step.facts)
        for space in sorted(spaces):
            await self.space(db, space)
        await self.learn_words(db, words)

    async def learn_words(self, db: Any, words: set[str]) -> None:
        for word in sorted(words - self.words.keys()):
            self.words[word] = await _look_up_or_create(db, "SELECT number FROM word WHERE text = $1", _NEW_WORD, (word,))

    def copy(self) -> IdAllocator:
        """Return an allocator that knows the same numbers. Numbers learned in a failed transaction aren't kept."""
        copy = IdAllocator()
        copy.spaces, copy.words = dict(self.spaces), dict(self.words)
        return copy

    async def space(self, db: Any, space: ResourceSpace) -> int:
        """Return the number of a space, creating the space if it is new."""
        if space not in self.spaces:
            self.spaces[space] = await _look_up_or_create(db, _SPACE, _NEW_SPACE, space)
        return self.spaces[space]

    async def take(self, db: Any, space: int, count: int) -> list[int]:
        """Return `count` nids of a space that no one else will get."""
        free = self._free.setdefault(space, [])
        while len(free) < count:
            free += await allocate(db, space, max(count, BLOCK))
        taken = free[:count]
        del free[:count]
        return taken

    def give_back(self, unused: dict[int, list[int]]) -> None:
        for space, nids in unused.items():
            self._free[space][:0] = nids


def list_names(facts: IndexEntries) -> set[str]:
    """Return the words that the index rows need: types of referenced resources, and names of parameters."""
    return {type for type, _ in list_targets(facts)} | {name for name, _, _ in facts.codes}


async def allocate(db: Any, space: int, count: int) -> range:
    """Reserve a block of nids."""
    text = "UPDATE space SET allocated = allocated + $1 WHERE number = $2 RETURNING allocated"
    last = await db.fetchval(text, count, space)
    return range((space << SHIFT) + last - count + 1, (space << SHIFT) + last + 1)


async def _look_up_or_create(db: Any, select: str, insert: str, key: tuple[str, ...]) -> int:
    """Look up a number or create it. If two processes create different entries at once, one gets a conflict and tries again."""
    while (number := await db.fetchval(select, *key)) is None:
        await db.execute(insert, *key)
    return int(number)
