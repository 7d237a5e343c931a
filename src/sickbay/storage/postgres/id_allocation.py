"""Numbers that a process keeps: of spaces, of words, and blocks of nids, so that no two writers wait for one counter."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sickbay.storage.interface import Reindex, ResourceSpace, Save
from sickbay.storage.query.dictionary import SHIFT
from sickbay.storage.query.saving import targets

BLOCK = 1000
"""nids that are taken at a time; what a process does not use is never used."""
_SPACE = "SELECT number FROM space WHERE tenant = $1 AND version = $2"
_NEW_SPACE = (
    "INSERT INTO space (number, tenant, version, allocated, sequence)"
    " SELECT coalesce(max(number), 0) + 1, $1, $2, 0, 0 FROM space ON CONFLICT DO NOTHING"
)
_NEW_WORD = "INSERT INTO word (number, text) SELECT coalesce(max(number), 0) + 1, $1 FROM word ON CONFLICT DO NOTHING"


class IdAllocator:
    """`learn` on a connection outside of any transaction: what it made stays, whatever becomes of those who asked."""

    def __init__(self) -> None:
        self.spaces: dict[ResourceSpace, int] = {}
        self.words: dict[str, int] = {}
        self._free: dict[int, list[int]] = {}

    async def learn(self, db: Any, saves: Iterable[Save | Reindex]) -> None:
        """The spaces and words of these."""
        spaces, words = set[ResourceSpace](), set[str]()
        for one in saves:
            spaces.add(one.space)
            words.add(one.type)
            words.update(type for type, _ in targets(one.facts))
            words.update(name for name, _, _ in one.facts.codes)
        for space in sorted(spaces):
            await self.space(db, space)
        for word in sorted(words - self.words.keys()):
            self.words[word] = await _found(db, "SELECT number FROM word WHERE text = $1", _NEW_WORD, (word,))

    async def space(self, db: Any, space: ResourceSpace) -> int:
        """Its number; it is made if it is new."""
        if space not in self.spaces:
            self.spaces[space] = await _found(db, _SPACE, _NEW_SPACE, space)
        return self.spaces[space]

    async def take(self, db: Any, space: int, count: int) -> list[int]:
        """So many nids of a space, which nobody else will have."""
        free = self._free.setdefault(space, [])
        while len(free) < count:
            free += await allocated(db, space, max(count, BLOCK))
        taken = free[:count]
        del free[:count]
        return taken

    def give_back(self, unused: dict[int, list[int]]) -> None:
        for space, nids in unused.items():
            self._free[space][:0] = nids


async def allocated(db: Any, space: int, count: int) -> range:
    """A block of nids."""
    text = "UPDATE space SET allocated = allocated + $1 WHERE number = $2 RETURNING allocated"
    last = await db.fetchval(text, count, space)
    return range((space << SHIFT) + last - count + 1, (space << SHIFT) + last + 1)


async def _found(db: Any, look: str, make: str, named: tuple[str, ...]) -> int:
    """Two who make different ones at once take the same number, and one of them tries again."""
    while (number := await db.fetchval(look, *named)) is None:
        await db.execute(make, *named)
    return int(number)
