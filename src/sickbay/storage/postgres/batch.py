"""Turns saves into rows to write. Existing data was looked up before; no queries run in between.

If every row were written separately, a create would take thirty statements, each with a round trip to the server.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias

from sickbay.fhir.search.index_entries import IndexEntries
from sickbay.storage.facts import NONE
from sickbay.storage.interface import Reindex, Save
from sickbay.storage.postgres.sql_dialect import fit_text
from sickbay.storage.query import undo
from sickbay.storage.query.dictionary import DELETED, LIVE, REFERENCED
from sickbay.storage.query.marks import Restored
from sickbay.storage.query.saving import INDEX_REVISION, check_save, facts_text, index_rows, list_targets
from sickbay.storage.terms import term_hash

Key: TypeAlias = tuple[int, int, str]
"""Space number, type number, id."""


class Known(NamedTuple):
    nid: int
    state: int
    version: int
    facts: str
    revision: int = INDEX_REVISION
    """The revision of its index rows."""


class _Indexed(NamedTuple):
    """rows: the new rows of a resource; None if it is deleted, so that the remaining rows are derived from the old ones.

    version: its row of the history; None if it is only reindexed. hides: it keeps its rows although it is deleted.
    """

    nid: int
    rows: undo.RowsByTable | None
    version: list[Any] | None
    revision: int
    hides: bool = False


class _Terms(dict[tuple[str | None, str], int]):
    """The hashes of codings by system and code. Computes a missing one, and adds its row."""

    def __init__(self, rows: dict[int, tuple[int, str, str]]) -> None:
        self._make_index_rows = rows

    def __missing__(self, coding: tuple[str | None, str]) -> int:
        system, code = coding
        hash = self[coding] = term_hash(system, code)
        self._make_index_rows[hash] = hash, fit_text(system or ""), fit_text(code)
        return hash


@dataclass
class Batch:
    """The rows that a list of saves will write.

    spaces, words: their numbers. known: every resource that is saved or referenced; a new one has version 0. resources,
    history, terms: rows to write. indexed: the changes of the index, in order. keep: nids whose current body is copied to the
    history. forget: nids whose index rows are deleted first. reindexed: facts by nid of resources that are only reindexed.
    counts: change in live resources by type. hides: nids that are hidden
    if they are deleted.
    """

    spaces: Mapping[Any, int]
    words: Mapping[str, int]
    known: dict[Key, Known]
    resources: dict[int, tuple[Any, ...]] = field(default_factory=dict)
    history: list[list[Any]] = field(default_factory=list)
    indexed: list[_Indexed] = field(default_factory=list)
    terms: dict[int, tuple[int, str, str]] = field(default_factory=dict)
    keep: set[int] = field(default_factory=set)
    forget: set[int] = field(default_factory=set)
    reindexed: dict[int, str] = field(default_factory=dict)
    counts: dict[tuple[int, int], int] = field(default_factory=dict)
    hides: frozenset[int] = frozenset()
    _last: dict[int, list[Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._hashes = _Terms(self.terms)

    def add(self, step: Save) -> None:
        """Add a save. Raises Conflict."""
        space, type = self.spaces[step.space], self.words[step.type]
        key = space, type, step.id
        nid, state, version, facts, revision = self.known[key]
        check_save(step, state, version)
        if state == LIVE:
            self._keep_previous_body(nid)
        deleted = step.interaction == "delete"
        hides = deleted and nid in self.hides
        if version and not hides:
            self.forget.add(nid)
        if not deleted:
            facts = facts_text(step.facts)
        now = DELETED if deleted else LIVE
        body = b"" if deleted else step.body
        self.resources[nid] = (nid, space, type, now, step.id, step.version_id, step.at, INDEX_REVISION, facts, body)
        self._last[nid] = [nid, step.version_id, step.at, step.interaction, fit_text(step.who), facts, None, None]
        self.history.append(self._last[nid])
        rows = None if deleted else self._make_index_rows(space, type, nid, step.facts)
        self.indexed.append(_Indexed(nid, rows, self._last[nid], revision if version else 0, hides))
        self.known[key] = Known(nid, now, step.version_id, facts)
        if (now == LIVE) != (state == LIVE):
            self.count(space, type, 1 if now == LIVE else -1)

    def reindex(self, step: Reindex) -> None:
        """Rewrite the index rows of a current version."""
        space, type = self.spaces[step.space], self.words[step.type]
        nid = self.known[space, type, step.id].nid
        self.forget.add(nid)
        self.reindexed[nid] = facts_text(step.facts)
        self.indexed.append(_Indexed(nid, self._make_index_rows(space, type, nid, step.facts), None, 0))

    def restore(self, space: int, resource: Restored) -> None:
        """Rewrite the current version, as it was at a mark, and add its index rows."""
        nid, is_live = resource.nid, resource.state == LIVE
        self.indexed.append(_Indexed(nid, self._make_index_rows(space, resource.type, nid, resource.entries), None, 0))
        if not is_live:
            self.indexed.append(_Indexed(nid, None, None, 0, resource.hides))
        facts, body = (facts_text(resource.entries), resource.body) if is_live else (resource.facts, b"")
        current = resource.version_id, resource.at, INDEX_REVISION, facts, body
        self.resources[nid] = (nid, space, resource.type, resource.state, resource.id, *current)

    def count(self, space: int, type: int, change: int) -> None:
        """Add to the number of live resources of a type."""
        self.counts[space, type] = self.counts.get((space, type), 0) + change

    def rows(self, before: Mapping[int, undo.RowsByTable]) -> dict[str, list[tuple[Any, ...]]]:
        """Return the index rows to insert, by table, sorted so that adjacent rows are written together. Adds the index change
        to each version. before: the rows of `forget`, which are deleted.
        """
        now = dict(before)
        for nid, rows, version, revision, hides in self.indexed:
            earlier = now.get(nid, {})
            if hides:
                now[nid] = {**earlier, **undo.hiding_row(nid)}
            else:
                now[nid] = undo.rows_after_deletion(earlier) if rows is None else rows
            if version is not None and revision:
                version[-2] = undo.encode_change(undo.compare_rows(earlier, now[nid]), revision)
        by_table: dict[str, list[tuple[Any, ...]]] = {}
        for tables in now.values():
            for table, table_rows in tables.items():
                by_table.setdefault(table, []).extend(table_rows)
        return {table: sorted(by_table[table]) for table in sorted(by_table)}

    def _keep_previous_body(self, nid: int) -> None:
        """Keep the body of the previous version, which is either in the database or in this batch."""
        if nid in self._last:
            self._last[nid][-1] = self.resources[nid][-1]
        else:
            self.keep.add(nid)

    def _make_index_rows(self, space: int, type: int, nid: int, facts: IndexEntries) -> dict[str, set[tuple[Any, ...]]]:
        targets = {target: self.known[space, self.words[target[0]], target[1]].nid for target in list_targets(facts)}
        rows_by_table = index_rows(space, type, nid, facts, self.words, targets, self._hashes)
        return {table: {tuple(map(_fit_text, row)) for row in rows} for table, rows in rows_by_table.items()}


def make_placeholder_row(nid: int, key: Key) -> tuple[Any, ...]:
    """Return the row of a resource that is only referenced."""
    space, type, id = key
    return nid, space, type, REFERENCED, id, 0, 0, 0, NONE, b""


def _fit_text(value: int | str) -> int | str:
    return fit_text(value) if isinstance(value, str) else value
