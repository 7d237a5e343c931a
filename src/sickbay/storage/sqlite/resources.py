"""Saves resources: the body, its history, its index rows, and a number for every resource that is referenced.

History and index rows are collected until a transaction ends, then many are inserted per statement, which takes fewer steps.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import cache
from typing import Any

import apsw

from sickbay.fhir.search.index_entries import IndexEntries
from sickbay.storage.interface import Clear, Reindex, ResourceSpace, Save
from sickbay.storage.query.dictionary import DELETED, LIVE, REFERENCED
from sickbay.storage.query.marks import HIDES, encode_numbers, find_ranges, make_hiding_binds
from sickbay.storage.query.saving import (
    COLUMNS,
    INDEX_REVISION,
    INDEXES,
    IndexRow,
    add_index_values,
    check_save,
    facts_text,
    index_rows,
)
from sickbay.storage.query.space_tables import list_deletions
from sickbay.storage.query.undo import IndexChange, RowsByTable, compare_rows, encode_change, hiding_row, rows_after_deletion
from sickbay.storage.sqlite.numbers import INSERT, Counters, NumberedWords, StoredNames
from sickbay.storage.sqlite.pending_rows import FULL_ROWS, HISTORY, PendingRows

_CREATE = f"{INSERT} ON CONFLICT DO NOTHING"
_UPDATE = "UPDATE resource SET state = ?, version_id = ?, changed = ?, index_revision = ?, facts = ?, body = ? WHERE nid = ?"
_REINDEXED = "UPDATE resource SET index_revision = ?, facts = ? WHERE nid = ?"
_KEEP_BODY = (
    "UPDATE resource_history SET (facts, body) = (SELECT facts, body FROM resource WHERE nid = ?1)"
    " WHERE nid = ?1 AND version_id = ?2"
)
"""The facts too, because they may have been extracted again."""
BETWEEN_CHECKS = 16
"""Versions of a space between two checks whether too many rows are pending, because counting them takes as long as a row."""
_WIDTH = max(map(len, COLUMNS.values()))
"""Maximum number of columns of an index table."""


def _build_select_sql(number: int, table: str) -> str:
    """Selects the index rows of a resource in one table, with as many columns as every other table."""
    columns = (str(number), *(f"f.{column}" for column in COLUMNS[table]), *["NULL"] * (_WIDTH - len(COLUMNS[table])))
    which = _OF_FACETS if table == "facet_index" else "f WHERE f.nid = ?1"
    return f"SELECT {', '.join(columns)} FROM {table} {which}"


_OF_FACETS = (
    "f JOIN compartment_index c ON (f.patient, f.type, f.rank, f.nid) = (c.patient, c.type, c.rank, c.nid)"
    " JOIN token_index t ON (f.word, f.hash) = (-t.parameter, t.hash) WHERE c.nid = ?1 AND t.nid = ?1 AND t.parameter < 0"
)
_FORGET_FACETS = (
    "DELETE FROM facet_index WHERE (patient, type) IN (SELECT c.patient, c.type FROM json_each(?1) n"
    " CROSS JOIN compartment_index c ON c.nid = n.value) AND nid IN (SELECT value FROM json_each(?1))"
)
"""Reads all facets of the same patients and types, which is faster than looking up each one."""
_INDEX_ROWS = " UNION ALL ".join(_build_select_sql(number, table) for number, table in enumerate(COLUMNS))
"""The index rows of a resource, each after the number of its table."""


class Changes:
    """The changes of resources in one transaction, job by job. The methods are called as those of `steps.Transaction`."""

    def __init__(self, db: apsw.Connection, known: StoredNames) -> None:
        self.db = db
        self._known = known
        self._rows = PendingRows(db, known.terms)
        self.words = NumberedWords(db, known)
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
        self.words.clear()

    def save(self, step: Save) -> None:
        """Write one version. Raises Conflict before changing anything."""
        space = self.counters(step.space)
        type = self.words[step.type]
        if (
            step.version_id == 1
            and not step.if_version
            and step.interaction != "delete"
            and self._try_to_create(space, type, step)
        ):
            return
        query = "SELECT nid, state, version_id, index_revision FROM resource WHERE space = ? AND type = ? AND id = ?"
        existing = self._fetch_rows(query, (space.number, type, step.id))
        nid, state, version, revision = existing[0] if existing else (0, REFERENCED, 0, 0)
        check_save(step, state, version)
        if not existing:
            nid = space[step.type, step.id] = space.allocate()
        if state == LIVE:
            self._rows.flush()
            self.db.execute(_KEEP_BODY, (nid, version))
        if step.interaction == "delete":
            self._delete_resource(space, type, nid, revision, step)
        else:
            self._write_version(space, type, nid, (state, revision) if existing else None, step)

    def reindex(self, step: Reindex) -> None:
        """Rewrite the index rows of a current version."""
        space, type = self.counters(step.space), self.words[step.type]
        query = "SELECT nid FROM resource WHERE space = ? AND type = ? AND id = ? AND state = 1 AND version_id = ?"
        current = self._fetch_rows(query, (space.number, type, step.id, step.version_id))
        if current:
            nid = current[0][0]
            facts = facts_text(step.facts)
            self.db.execute(_REINDEXED, (INDEX_REVISION, facts, nid))
            self._replace_index_rows(space, type, nid, step.facts)

    def clear(self, step: Clear) -> None:
        """Delete all resources of a tenant, or of all tenants: a range in every table."""
        self.reset()
        text = "SELECT number FROM space WHERE ? = '' OR tenant = ?"
        for (number,) in self._fetch_rows(text, (step.tenant, step.tenant)):
            self.delete_space(number)

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
                "UPDATE space SET allocated = ?, sequence = ? WHERE number = ?", (space.allocated, space.sequence, space.number)
            )
            for type, live in space.live.items():
                self.db.execute(
                    "INSERT INTO type_count (space, type, slice, live) VALUES (?, ?, 0, ?)"
                    " ON CONFLICT (space, type, slice) DO UPDATE SET live = live + excluded.live",
                    (space.number, type, live),
                )
            space.live.clear()

    def after_commit(self) -> None:
        self._known.words |= self.words
        if len(self._known.terms) > FULL_ROWS:
            self._known.terms.clear()
        self._known.terms |= self._rows.terms

    def _try_to_create(self, space: Counters, type: int, step: Save) -> bool:
        """Try to insert without looking first, because most saves create. Returns False, with nothing changed, if it exists."""
        nid, facts = space.allocate(), facts_text(step.facts)
        self.db.execute(_CREATE, (nid, space.number, type, LIVE, step.id, 1, step.at, INDEX_REVISION, facts, step.body))
        if not self.db.changes():
            space.allocated -= 1
            return False
        space[step.type, step.id] = nid
        self.index(space, type, nid, step.facts)
        self._add_to_history(space, nid, step, facts)
        space.count(type, 1)
        return True

    def _write_version(self, space: Counters, type: int, nid: int, existing: tuple[int, int] | None, step: Save) -> None:
        """Write a version. existing: state and revision of the index."""
        facts, change = facts_text(step.facts), None
        fresh = step.version_id, step.at, INDEX_REVISION, facts, step.body
        if existing is None:
            self.db.execute(INSERT, (nid, space.number, type, LIVE, step.id, *fresh))
        else:
            self.db.execute(_UPDATE, (LIVE, *fresh, nid))
        if existing is None or existing[0] == REFERENCED:
            self.index(space, type, nid, step.facts)
        else:
            change = encode_change(self._replace_index_rows(space, type, nid, step.facts), existing[1])
        self._add_to_history(space, nid, step, facts, change)
        if existing is None or existing[0] != LIVE:
            space.count(type, 1)

    def _delete_resource(self, space: Counters, type: int, nid: int, revision: int, step: Save) -> None:
        """Delete a resource. Its facts are kept, so that only those who could see it learn that it was deleted."""
        self._rows.flush()
        hides = bool(self._fetch_rows(HIDES, make_hiding_binds(space.number, [nid])))
        facts = self._fetch_rows("SELECT facts FROM resource WHERE nid = ?", (nid,))[0][0]
        self.db.execute(
            "UPDATE resource SET state = ?, version_id = ?, changed = ?, body = x'' WHERE nid = ?",
            (DELETED, step.version_id, step.at, nid),
        )
        self._add_to_history(space, nid, step, facts, encode_change(self.unindex(nid, hides=hides), revision))
        space.count(type, -1)

    def unindex(self, nid: int, *, hides: bool) -> IndexChange:
        """Hide the index rows of a deleted resource, or delete those that don't decide its visibility."""
        if hides:
            return self._write_difference(nid, {}, hiding_row(nid))
        before = self._load_index_rows(nid)
        return self._write_difference(nid, before, rows_after_deletion(before))

    def replace(self, nid: int, state: int, version: int, changed: int, revision: int, facts: str, body: bytes) -> None:
        """Replace what is stored as the current version."""
        self.db.execute(_UPDATE, (state, version, changed, revision, facts, body, nid))

    def _add_to_history(self, space: Counters, nid: int, step: Save, facts: str, change: bytes | None = None) -> None:
        """Add a version to the history. change: that of the index, encoded; None for the first version."""
        space.sequence += 1
        row = nid, step.version_id, space.sequence, step.at, step.interaction, step.who, facts, change
        self._rows.append(HISTORY, row)
        if space.sequence % BETWEEN_CHECKS == 0 and self._rows.is_full():
            self._rows.flush()

    def index(self, space: Counters, type: int, nid: int, facts: IndexEntries) -> None:
        """Add the index rows of a resource that has none."""
        add_index_values(self._rows.own, space.number, type, nid, facts, self.words, space, self._rows.terms)

    def _replace_index_rows(self, space: Counters, type: int, nid: int, facts: IndexEntries) -> IndexChange:
        after = {table: set(rows) for table, rows in self._make_index_rows(space, type, nid, facts).items()}
        return self._write_difference(nid, self._load_index_rows(nid), after)

    def _make_index_rows(self, space: Counters, type: int, nid: int, facts: IndexEntries) -> dict[str, list[IndexRow]]:
        return index_rows(space.number, type, nid, facts, self.words, space, self._rows.terms)

    def _load_index_rows(self, nid: int) -> dict[str, set[IndexRow]]:
        """Return the current index rows of a resource by table, in the order in which they must be deleted."""
        self._rows.flush()
        found: dict[str, set[IndexRow]] = {table: set() for table in INDEXES}
        for number, *row in self._fetch_rows(_INDEX_ROWS, (nid,)):
            found[INDEXES[number]].add(tuple(row[: len(COLUMNS[INDEXES[number]])]))
        return found

    def _write_difference(self, nid: int, before: RowsByTable, after: RowsByTable) -> IndexChange:
        """Write only the index rows that differ."""
        change = compare_rows(before, after)
        for table, table_rows in change.deleted.items():
            if len(table_rows) == len(before[table]) and table != "facet_index":
                self.db.execute(f"DELETE FROM {table} WHERE nid = ?", (nid,))
            else:
                self._delete_rows(table, table_rows)
        self._rows.add(change.inserted)
        return change

    def _delete_rows(self, table: str, rows: list[IndexRow]) -> None:
        self.db.executemany(_build_delete_sql(table), rows)

    def write_change(self, change: IndexChange) -> None:
        """Delete and insert index rows."""
        for table, rows in change.deleted.items():
            self._delete_rows(table, rows)
        self._rows.add(change.inserted)

    def forget_index(self, nids: Collection[int]) -> None:
        """Delete the index rows of resources. Most were created one after the other, so a few ranges contain all of them. For a
        range, SQLite doesn't collect the rows before it deletes them, so it takes a third of the time.
        """
        self.db.execute(_FORGET_FACETS, (encode_numbers(nids),))
        runs = find_ranges(nids)
        for table in INDEXES[1:]:
            self.db.executemany(f"DELETE FROM {table} WHERE nid BETWEEN ? AND ?", runs)

    def _fetch_rows(self, text: str, binds: Sequence[Any]) -> list[tuple[Any, ...]]:
        """Return all rows at once. A statement left open would hold back the checkpoint."""
        return self.db.execute(text, binds).fetchall()

    def counters(self, space: ResourceSpace) -> Counters:
        if space not in self._spaces:
            query = "SELECT number, allocated, sequence FROM space WHERE tenant = ? AND version = ?"
            matches = self._fetch_rows(query, space)
            if not matches:
                add = (
                    "INSERT INTO space (number, tenant, version, allocated, sequence)"
                    " SELECT coalesce(max(number), 0) + 1, ?, ?, 0, 0 FROM space RETURNING number, allocated, sequence"
                )
                matches = self._fetch_rows(add, space)
            self._spaces[space] = Counters(self.db, self.words, *matches[0])
        return self._spaces[space]

    def delete_space(self, number: int) -> None:
        for statement in list_deletions(number):
            self.db.execute(statement)


@cache
def _build_delete_sql(table: str) -> str:
    return f"DELETE FROM {table} WHERE {' AND '.join(f'{column} = ?' for column in COLUMNS[table])}"
