"""The numbers that the index rows have in place of names and references, and those that a space has allocated."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import apsw

from sickbay.storage.facts import NONE
from sickbay.storage.query.dictionary import REFERENCED, SHIFT

INSERT = (
    "INSERT INTO resource (nid, space, type, state, id, version_id, changed, index_revision, facts, body)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)


class Counters:
    """The counters of one space within one transaction: allocated numbers, and the change in live resources by type."""

    def __init__(self, number: int, allocated: int, sequence: int, live: dict[int, int] | None = None) -> None:
        self.number, self.allocated, self.sequence = number, allocated, sequence
        self.live: dict[int, int] = live or {}
        self.nids: dict[tuple[str, str], int] = {}

    def count(self, type: int, change: int) -> None:
        """Add to the live resources of a type."""
        self.live[type] = self.live.get(type, 0) + change

    def copy(self) -> Counters:
        return Counters(self.number, self.allocated, self.sequence, dict(self.live))


@dataclass(slots=True)
class StoredNames:
    """Names and codings that are known to be stored. They are never changed or deleted.

    words: their numbers, which PostgreSQL's IdAllocator keeps too. terms: their hashes, at most about FULL_ROWS.
    """

    words: dict[str, int] = field(default_factory=dict)
    terms: dict[tuple[str | None, str], int] = field(default_factory=dict)


def allocate(space: Counters) -> int:
    space.allocated += 1
    return space.number << SHIFT | space.allocated


class Numbers:
    """Looks up numbers, and adds what isn't stored yet."""

    def __init__(self, db: apsw.Connection, known: StoredNames) -> None:
        self.db = db
        self._known = known
        self.words: dict[str, int] = {}
        """The numbers of other names. They are stored once the transaction is committed."""

    def word(self, text: str) -> int:
        number = self._known.words.get(text) or self.words.get(text)
        if number is None:
            number = self.db.execute("SELECT number FROM word WHERE text = ?", (text,)).get
            if number is None:
                add = "INSERT INTO word (number, text) SELECT coalesce(max(number), 0) + 1, ? FROM word RETURNING number"
                added: list[tuple[Any, ...]] = self.db.execute(
                    add, (text,)
                ).fetchall()  # an open statement holds back the checkpoint
                number = added[0][0]
            self.words[text] = number
        return number

    def target(self, space: Counters, type: str, id: str) -> int:
        """Return the nid of a referenced resource. Allocates one if the resource isn't stored yet."""
        cached = space.nids.get((type, id))
        if cached is not None:
            return cached
        word = self.word(type)
        query = "SELECT nid FROM resource WHERE space = ? AND type = ? AND id = ?"
        nid: int | None = self.db.execute(query, (space.number, word, id)).get
        if nid is None:
            nid = allocate(space)
            self.db.execute(INSERT, (nid, space.number, word, REFERENCED, id, 0, 0, 0, NONE, b""))
        space.nids[type, id] = nid
        return nid
