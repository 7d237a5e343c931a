"""Saves resources: the body, its history, its index rows, and a number for every resource that is referenced.

History and index rows are collected until a transaction ends, then many are inserted per statement, which takes fewer steps.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import apsw

from sickbay.fhir.search.index_entries import IndexEntries
from sickbay.storage.interface import Clear, Reindex, ResourceSpace, Save
from sickbay.storage.query.dictionary import APART, DELETED, GONE, LIVE, MEMBER, REFERENCED
from sickbay.storage.query.saving import INDEX_REVISION, INDEXES, check, facts_text, index_rows, rows_of
from sickbay.storage.query.space_tables import forgets
from sickbay.storage.sqlite.numbers import INSERT, Counters, Numbers, StoredNames, allocate
from sickbay.storage.sqlite.pending_rows import HISTORY, PENDING_ITEMS, PendingRows

_CREATE = f"{INSERT} ON CONFLICT DO NOTHING"
_UPDATE = "UPDATE resource SET state = ?, version_id = ?, changed = ?, index_revision = ?, facts = ?, body = ? WHERE nid = ?"
_REINDEXED = "UPDATE resource SET index_revision = ?, facts = ? WHERE nid = ?"
_KEEP_BODY = "UPDATE resource_history SET body = (SELECT body FROM resource WHERE nid = ?1) WHERE nid = ?1 AND version_id = ?2"


class Changes:
    """The changes of resources in one transaction, job by job. The methods are called as those of `writer.Transaction`."""

    def __init__(self, db: apsw.Connection, known: StoredNames) -> None:
        self.db = db
        self._known = known
        self._rows = PendingRows(db, known.terms)
        self.numbers = Numbers(db, known)
        self._spaces: dict[ResourceSpace, Counters] = {}
        self._settled: dict[ResourceSpace, Counters] = {}
        self.has_attached = False
        """Whether a population file was attached to the connection."""

    def settle(self) -> None:
        self._rows.settle()
        self._settled = {space: counters.copy() for space, counters in self._spaces.items()}

    def undo(self) -> None:
        """Restore the state of the last `settle`. Values that were only looked up are looked up again."""
        self._rows.undo()
        self._spaces = {space: counters.copy() for space, counters in self._settled.items()}
        self.numbers.words.clear()

    def save(self, step: Save) -> None:
        """Write one version. Raises Conflict before changing anything."""
        space = self.counters(step.space)
        type = self.numbers.word(step.type)
        if step.version_id == 1 and not step.if_version and step.interaction != "delete" and self._create(space, type, step):
            return
        query = "SELECT nid, state, version_id FROM resource WHERE space = ? AND type = ? AND id = ?"
        existing = self._fetch(query, (space.number, type, step.id))
        nid, state, version = existing[0] if existing else (0, REFERENCED, 0)
        check(step, state, version)
        if not existing:
            nid = allocate(space)
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
        space, type = self.counters(step.space), self.numbers.word(step.type)
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
        self._known.words |= self.numbers.words
        if len(self._known.terms) > PENDING_ITEMS:
            self._known.terms.clear()
        self._known.terms |= self._rows.terms

    def _create(self, space: Counters, type: int, step: Save) -> bool:
        """Try to insert without looking first, because most saves create. Returns False, with nothing changed, if it exists."""
        nid, facts = allocate(space), facts_text(step.facts)
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
            self.db.execute(INSERT, (nid, space.number, type, LIVE, step.id, *fresh))
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
        self._rows.append(HISTORY, row)

    def _forget(self, nid: int) -> None:
        self._rows.flush()
        for table in INDEXES:
            self.db.execute(f"DELETE FROM {table} WHERE {rows_of(table, '= ?')}", (nid,))

    def index(self, space: Counters, type: int, nid: int, facts: IndexEntries) -> None:
        target = partial(self.numbers.target, space)
        self._rows.add(index_rows(space.number, type, nid, facts, self.numbers.word, target, self._rows.term))

    def _fetch(self, text: str, binds: Sequence[Any]) -> list[tuple[Any, ...]]:
        """Return all rows at once. A statement left open would hold back the checkpoint."""
        return self.db.execute(text, binds).fetchall()

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

    def forget_all(self, number: int) -> None:
        """Delete everything in one space."""
        for statement in forgets(number):
            self.db.execute(statement)
