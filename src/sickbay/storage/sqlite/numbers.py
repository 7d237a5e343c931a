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


@dataclass(slots=True)
class StoredNames:
    """Names and codings that are known to be stored. They are never changed or deleted.

    words: their numbers, which PostgreSQL's IdAllocator keeps too. terms: their hashes, at most about FULL_ROWS.
    """

    words: dict[str, int] = field(default_factory=dict)
    terms: dict[tuple[str | None, str], int] = field(default_factory=dict)


class NumberedWords(dict[str, int]):
    """The numbers of types and names of codes. Looks up a missing one, and adds what isn't stored yet.

    Those that aren't in `known` are stored once the transaction is committed.
    """

    def __init__(self, db: apsw.Connection, known: StoredNames) -> None:
        self._db, self._known = db, known

    def __missing__(self, text: str) -> int:
        number: Any = self._known.words.get(text) or self._db.execute("SELECT number FROM word WHERE text = ?", (text,)).get
        if number is None:
            add = "INSERT INTO word (number, text) SELECT coalesce(max(number), 0) + 1, ? FROM word RETURNING number"
            number = self._db.execute(add, (text,)).fetchall()[0][0]  # an open statement holds back the checkpoint
        self[text] = number
        return int(number)


class Counters(dict[tuple[str, str], int]):
    """The counters of one space within one transaction: allocated numbers, and the change in live resources by type.

    As a dict, the nids of its resources by type and id. Looks up a missing one. Allocates one if the resource isn't stored yet.
    """

    def __init__(
        self,
        db: apsw.Connection,
        words: NumberedWords,
        number: int,
        allocated: int,
        sequence: int,
        live: dict[int, int] | None = None,
    ) -> None:
        self._db, self._words = db, words
        self.number, self.allocated, self.sequence = number, allocated, sequence
        self.live: dict[int, int] = live or {}

    def __missing__(self, target: tuple[str, str]) -> int:
        type, id = target
        word = self._words[type]
        query = "SELECT nid FROM resource WHERE space = ? AND type = ? AND id = ?"
        nid: int | None = self._db.execute(query, (self.number, word, id)).get
        if nid is None:
            nid = self.allocate()
            self._db.execute(INSERT, (nid, self.number, word, REFERENCED, id, 0, 0, 0, NONE, b""))
        self[target] = nid
        return nid

    def allocate(self) -> int:
        """Return the next nid."""
        self.allocated += 1
        return self.number << SHIFT | self.allocated

    def count(self, type: int, change: int) -> None:
        """Add to the number of live resources of a type."""
        self.live[type] = self.live.get(type, 0) + change

    def copy(self) -> Counters:
        """Copy the counters, without the nids."""
        return Counters(self._db, self._words, self.number, self.allocated, self.sequence, dict(self.live))
