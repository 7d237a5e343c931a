"""Saves resources: the body, its history, its index rows, and a number for every resource that is referenced.

History and index rows are collected until a transaction ends, then many are inserted per statement, which takes fewer steps.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, partial
from itertools import chain
from typing import Any, TypeAlias

import apsw

from sickbay.fhir.search.index_entries import IndexEntries
from sickbay.storage.facts import NONE
from sickbay.storage.interface import Clear, Reindex, ResourceSpace, Save
from sickbay.storage.query.dictionary import APART, DELETED, GONE, LIVE, MEMBER, REFERENCED, SHIFT
from sickbay.storage.query.saving import COLUMNS, INDEX_REVISION, INDEXES, check, facts_text, index_rows, rows_of
from sickbay.storage.query.space_tables import forgets
from sickbay.storage.terms import term_hash

_INSERT = (
    "INSERT INTO resource (nid, space, type, state, id, version_id, changed, index_revision, facts, body)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_CREATE = f"{_INSERT} ON CONFLICT DO NOTHING"
_UPDATE = "UPDATE resource SET state = ?, version_id = ?, changed = ?, index_revision = ?, facts = ?, body = ? WHERE nid = ?"
_REINDEXED = "UPDATE resource SET index_revision = ?, facts = ? WHERE nid = ?"
_KEEP_BODY = "UPDATE resource_history SET body = (SELECT body FROM resource WHERE nid = ?1) WHERE nid = ?1 AND version_id = ?2"

_HISTORY = "resource_history"
_TERM = "term"
_COLUMNS = {
    **COLUMNS,
    _TERM: ("hash", "system", "code"),
    _HISTORY: ("nid", "version_id", "sequence", "at", "interaction", "who", "facts"),
}
_FULL = 65_536

_TableRows: TypeAlias = dict[str, list[tuple[Any, ...]]]
"""Rows by table, as the values of their columns."""


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

    words: their numbers, which PostgreSQL's IdAllocator keeps too. terms: their hashes, about _FULL at most.
    """

    words: dict[str, int] = field(default_factory=dict)
    terms: dict[tuple[str | None, str], int] = field(default_factory=dict)


class Changes:
    """The changes of resources in one transaction, job by job. The methods are called as those of `writer.Transaction`."""

    def __init__(self, db: apsw.Connection, known: StoredNames) -> None:
        self.db = db
        self._known = known
        self._rows = _Rows(db, known.terms)
        self._spaces: dict[ResourceSpace, Counters] = {}
        self._settled: dict[ResourceSpace, Counters] = {}
        self.has_attached = False
        """Whether a population file was attached to the connection."""
        self._words: dict[str, int] = {}
        """The numbers of other names. They are stored once the transaction is committed."""

    def settle(self) -> None:
        self._rows.settle()
        self._settled = {space: counters.copy() for space, counters in self._spaces.items()}

    def undo(self) -> None:
        """Restore the state of the last `settle`. Values that were only looked up are looked up again."""
        self._rows.undo()
        self._spaces = {space: counters.copy() for space, counters in self._settled.items()}
        self._words.clear()

    def save(self, step: Save) -> None:
        """Write one version. Raises Conflict before changing anything."""
        space = self.counters(step.space)
        type = self.word(step.type)
        if step.version_id == 1 and not step.if_version and step.interaction != "delete" and self._create(space, type, step):
            return
        query = "SELECT nid, state, version_id FROM resource WHERE space = ? AND type = ? AND id = ?"
        existing = self._fetch(query, (space.number, type, step.id))
        nid, state, version = existing[0] if existing else (0, REFERENCED, 0)
        check(step, state, version)
        if not existing:
            nid = self._allocate(space)
            space.nids[step.type, step.id] = nid
        if state == LIVE:
            self._rows.flush()
            self.db.execute(_KEEP_BODY, (nid, version))
        if step.interaction == "delete":
            self._delete(space, type, nid, step)
        else:
            self._write(space, type, nid, state if existing else None, step)

    def reindex(self, step: Reindex) -> None:
        """Rewrite the index rows of a current version."""
        space, type = self.counters(step.space), self.word(step.type)
        query = "SELECT nid FROM resource WHERE space = ? AND type = ? AND id = ? AND state = 1 AND version_id = ?"
        current = self._fetch(query, (space.number, type, step.id, step.version_id))
        if current:
            nid = current[0][0]
            facts = facts_text(step.facts)
            self.db.execute(_REINDEXED, (INDEX_REVISION, facts, nid))
            self._forget(nid)
            self.index(space, type, nid, step.facts)

    def clear(self, step: Clear) -> None:
        """Delete all resources of a tenant, or of all tenants: a range in every table."""
        self.reset()
        text = "SELECT number FROM space WHERE ? = '' OR tenant = ?"
        for (number,) in self._fetch(text, (step.tenant, step.tenant)):
            self.forget_all(number)

    def number(self, space: ResourceSpace) -> int:
        """Return the number of a space, creating the space if it is new."""
        return self.counters(space).number

    def reset(self) -> None:
        """Flush everything and clear the caches. Call this before a statement that changes whole tables."""
        self.finish()
        self._spaces.clear()

    def finish(self) -> None:
        self._rows.flush()
        for space in self._spaces.values():
            self.db.execute(
                "UPDATE space SET allocated = ?, sequence = ? WHERE number = ?",
                (space.allocated, space.sequence, space.number),
            )
            for type, live in space.live.items():
                self.db.execute(
                    "INSERT INTO type_count (space, type, slice, live) VALUES (?, ?, 0, ?)"
                    " ON CONFLICT (space, type, slice) DO UPDATE SET live = live + excluded.live",
                    (space.number, type, live),
                )
            space.live.clear()

    def committed(self) -> None:
        self._known.words |= self._words
        if len(self._known.terms) > _FULL:
            self._known.terms.clear()
        self._known.terms |= self._rows.terms

    def _create(self, space: Counters, type: int, step: Save) -> bool:
        """Try to insert without looking first, because most saves create. Returns False, with nothing changed, if it exists."""
        nid, facts = self._allocate(space), facts_text(step.facts)
        self.db.execute(_CREATE, (nid, space.number, type, LIVE, step.id, 1, step.at, INDEX_REVISION, facts, step.body))
        if not self.db.changes():
            space.allocated -= 1
            return False
        space.nids[step.type, step.id] = nid
        self._add_version(space, type, nid, step, facts)
        space.count(type, 1)
        return True

    def _write(self, space: Counters, type: int, nid: int, state: int | None, step: Save) -> None:
        facts = facts_text(step.facts)
        fresh = step.version_id, step.at, INDEX_REVISION, facts, step.body
        if state is None:
            self.db.execute(_INSERT, (nid, space.number, type, LIVE, step.id, *fresh))
        else:
            self.db.execute(_UPDATE, (LIVE, *fresh, nid))
            if state != REFERENCED:
                self._forget(nid)
        self._add_version(space, type, nid, step, facts)
        if state != LIVE:
            space.count(type, 1)

    def _add_version(self, space: Counters, type: int, nid: int, step: Save, facts: str) -> None:
        self._remember(space, nid, step, facts)
        self.index(space, type, nid, step.facts)
        if self._rows.is_full():
            self._rows.flush()

    def _delete(self, space: Counters, type: int, nid: int, step: Save) -> None:
        """Delete a resource. Its facts are kept, so that only those who could see it learn that it was deleted."""
        self._rows.flush()
        facts = self._fetch("SELECT facts FROM resource WHERE nid = ?", (nid,))[0][0]
        self.db.execute(
            "UPDATE resource SET state = ?, version_id = ?, changed = ?, body = x'' WHERE nid = ?",
            (DELETED, step.version_id, step.at, nid),
        )
        self.unindex(nid)
        self._remember(space, nid, step, facts)
        space.count(type, -1)

    def unindex(self, nid: int) -> None:
        """Delete the index rows of a deleted resource, except those that decide its visibility."""
        self._rows.flush()
        self.db.execute(f"DELETE FROM facet_index WHERE {rows_of('facet_index', '= ?')}", (nid,))
        self.db.execute("UPDATE compartment_index SET member = ? WHERE nid = ? AND member = ?", (GONE, nid, MEMBER))
        self.db.execute("DELETE FROM compartment_index WHERE nid = ? AND member = ?", (nid, APART))
        for table in INDEXES:
            if table not in ("facet_index", "compartment_index"):
                condition = " AND parameter > 0" if table == "token_index" else ""
                self.db.execute(f"DELETE FROM {table} WHERE nid = ?{condition}", (nid,))

    def replace(self, nid: int, state: int, version: int, changed: int, revision: int, facts: str, body: bytes) -> None:
        """Replace what is stored as the current version."""
        self.db.execute(_UPDATE, (state, version, changed, revision, facts, body, nid))

    def _remember(self, space: Counters, nid: int, step: Save, facts: str) -> None:
        space.sequence += 1
        row = nid, step.version_id, space.sequence, step.at, step.interaction, step.who, facts
        self._rows.append(_HISTORY, row)

    def _forget(self, nid: int) -> None:
        self._rows.flush()
        for table in INDEXES:
            self.db.execute(f"DELETE FROM {table} WHERE {rows_of(table, '= ?')}", (nid,))

    def index(self, space: Counters, type: int, nid: int, facts: IndexEntries) -> None:
        target = partial(self._target, space)
        self._rows.add(index_rows(space.number, type, nid, facts, self.word, target, self._rows.term))

    def _target(self, space: Counters, type: str, id: str) -> int:
        """Return the nid of a referenced resource. Allocates one if the resource isn't stored yet."""
        cached = space.nids.get((type, id))
        if cached is not None:
            return cached
        word = self.word(type)
        query = "SELECT nid FROM resource WHERE space = ? AND type = ? AND id = ?"
        nid: int | None = self.db.execute(query, (space.number, word, id)).get
        if nid is None:
            nid = self._allocate(space)
            self.db.execute(_INSERT, (nid, space.number, word, REFERENCED, id, 0, 0, 0, NONE, b""))
        space.nids[type, id] = nid
        return nid

    def _fetch(self, text: str, binds: Sequence[Any]) -> list[tuple[Any, ...]]:
        """Return all rows at once. A statement left open would hold back the checkpoint."""
        return self.db.execute(text, binds).fetchall()

    @staticmethod
    def _allocate(space: Counters) -> int:
        space.allocated += 1
        return space.number << SHIFT | space.allocated

    def counters(self, space: ResourceSpace) -> Counters:
        if space not in self._spaces:
            query = "SELECT number, allocated, sequence FROM space WHERE tenant = ? AND version = ?"
            matches = self._fetch(query, space)
            if not matches:
                add = (
                    "INSERT INTO space (number, tenant, version, allocated, sequence)"
                    " SELECT coalesce(max(number), 0) + 1, ?, ?, 0, 0 FROM space RETURNING number, allocated, sequence"
                )
                matches = self._fetch(add, space)
            self._spaces[space] = Counters(*matches[0])
        return self._spaces[space]

    def word(self, text: str) -> int:
        """Return the number of a name, which is new if there is none."""
        number = self._known.words.get(text) or self._words.get(text)
        if number is None:
            number = self.db.execute("SELECT number FROM word WHERE text = ?", (text,)).get
            if number is None:
                add = "INSERT INTO word (number, text) SELECT coalesce(max(number), 0) + 1, ? FROM word RETURNING number"
                number = self._fetch(add, (text,))[0][0]
            self._words[text] = number
        return number

    def forget_all(self, number: int) -> None:
        """Delete everything in one space."""
        for statement in forgets(number):
            self.db.execute(statement)


class _Rows:
    """The pending rows of successive jobs. `flush` writes them; `undo` drops those added since `settle`."""

    def __init__(self, db: apsw.Connection, known_terms: Mapping[tuple[str | None, str], int]) -> None:
        self._db = db
        self._known_terms = known_terms
        self._settled: _TableRows = {}
        self._own: _TableRows = {}
        self._flushed: _TableRows = {}
        """The settled rows that were written since the last `settle`."""
        self._count = 0
        self.terms: dict[tuple[str | None, str], int] = {}
        """The hashes of codings that are stored once the transaction is committed."""

    def append(self, table: str, row: tuple[Any, ...]) -> None:
        self._own.setdefault(table, []).append(row)
        self._count += 1

    def add(self, added: _TableRows) -> None:
        own = self._own
        for table, table_rows in added.items():
            if table in own:
                own[table] += table_rows
            else:
                own[table] = table_rows
            self._count += len(table_rows)

    def term(self, system: str | None, code: str) -> int:
        """Return the hash of a coding, and add the coding to the dictionary unless it is known to be there."""
        key = system, code
        hash = self._known_terms.get(key) or self.terms.get(key)
        if hash is None:
            hash = self.terms[key] = term_hash(system, code)
            self.append(_TERM, (hash, system or "", code))
        return hash

    def is_full(self) -> bool:
        return self._count >= _FULL

    def settle(self) -> None:
        """Keep what was added so far, even if the next job is undone."""
        _extend(self._settled, self._own)
        self._own, self._flushed, self._count = {}, {}, 0

    def undo(self) -> None:
        """Return to the last `settle`. Rows flushed since then were rolled back from the database, so they become pending
        again.
        """
        _extend(self._settled, self._flushed)
        self._own, self._flushed, self._count = {}, {}, 0
        self.terms.clear()

    def flush(self) -> None:
        pending = self._own
        _extend(pending, self._settled)
        for table, table_rows in pending.items():
            self._write(table, table_rows)
        _extend(self._flushed, self._settled)
        self._settled, self._own, self._count = {}, {}, 0
        if len(self.terms) > _FULL:
            self.terms.clear()

    def _write(self, table: str, rows: list[tuple[Any, ...]]) -> None:
        offset, left = 0, len(rows)
        if left == 1:
            self._db.execute(_text(table, 1), rows[0])
            return
        rows.sort()  # adjacent rows go to the same page
        while left:
            size = 64 if left >= 64 else 16 if left >= 16 else min(left, 8)
            self._db.execute(_text(table, size), list(chain.from_iterable(rows[offset : offset + size])))
            offset, left = offset + size, left - size


def _extend(rows: _TableRows, added: _TableRows) -> None:
    for table, table_rows in added.items():
        rows.setdefault(table, []).extend(table_rows)


@cache
def _text(table: str, size: int) -> str:
    """Return an INSERT of `size` rows. Duplicate facts are ignored; a duplicate version is an error."""
    columns = _COLUMNS[table]
    placeholders = f"({', '.join('?' * len(columns))})"
    or_ignore = "" if table == _HISTORY else " OR IGNORE"
    return f"INSERT{or_ignore} INTO {table} ({', '.join(columns)}) VALUES {', '.join([placeholders] * size)}"
