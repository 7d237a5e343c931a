"""The index changes of each version, stored with it so that a return to a mark doesn't extract them again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from itertools import groupby
from operator import itemgetter
from typing import Any, Final, NamedTuple, TypeAlias

import msgspec

from sickbay.storage.query.dictionary import APART, GONE, MEMBER
from sickbay.storage.query.saving import COLUMNS, INDEX_REVISION, IndexRow

RowsByTable: TypeAlias = Mapping[str, Set[IndexRow]]
_TARGETS: Final = ("compartment_index", "facet_index", "reference_index")
"""The tables whose first column is the nid of another resource."""


class IndexChange(NamedTuple):
    """Index rows that were deleted and inserted, by table."""

    deleted: dict[str, list[IndexRow]]
    inserted: dict[str, list[IndexRow]]


class _StoredChange(msgspec.Struct, frozen=True, array_like=True, gc=False):
    revision: int
    deleted: dict[str, list[tuple[int | str, ...]]]
    inserted: dict[str, list[tuple[int | str, ...]]]


_encode: Final = msgspec.msgpack.Encoder().encode
_decode: Final = msgspec.msgpack.Decoder(_StoredChange).decode


def compare_rows(before: RowsByTable, after: RowsByTable) -> IndexChange:
    """Return the rows to delete and to insert. Tables are in the order of `before`, then of `after`."""
    return IndexChange(_subtract_rows(before, after), _subtract_rows(after, before))


def _subtract_rows(rows: RowsByTable, others: RowsByTable) -> dict[str, list[IndexRow]]:
    missing = ((table, table_rows - others.get(table, frozenset())) for table, table_rows in rows.items())
    return {table: list(table_rows) for table, table_rows in missing if table_rows}


def encode_change(change: IndexChange, revision: int) -> bytes | None:
    """Return the change as it is stored with a version; None if `revision`, of the previous index rows, is outdated."""
    return _encode(_StoredChange(INDEX_REVISION, *change)) if revision == INDEX_REVISION else None


def hiding_row(nid: int) -> dict[str, set[IndexRow]]:
    """Return the row that hides the index rows of a resource that is deleted."""
    return {"hidden_resource": {(nid,)}}


def rows_after_deletion(rows: RowsByTable) -> dict[str, set[IndexRow]]:
    """Return the remaining index rows of a resource that is deleted but not hidden: those that decide its visibility."""
    members = rows.get("compartment_index", frozenset())
    return {
        "compartment_index": {
            (*row[:-2], GONE if row[-2] == MEMBER else row[-2], row[-1]) for row in members if row[-2] != APART
        },
        "token_index": {row for row in rows.get("token_index", frozenset()) if int(row[1]) < 0},
    }


def reverse_versions(versions: Iterable[Sequence[Any]], skipped: Set[int] = frozenset()) -> tuple[IndexChange, set[int]]:
    """Return what leads to the index rows at a mark, and the nids of the versions that don't say what they changed.

    versions: (nid, stored change), all those of a resource together, the newest first. skipped: nids that are left out.
    """
    change, unknown = IndexChange({}, {}), set(skipped)
    for nid, group in groupby(versions, itemgetter(0)):
        if nid in skipped:
            continue
        changes = [None if stored is None else _decode(stored) for _, stored in group]
        known = [change for change in changes if change is not None and change.revision == INDEX_REVISION]
        if len(known) < len(changes):
            unknown.add(nid)
        elif len(known) == 1:
            _add_rows(change.deleted, known[0].inserted)
            _add_rows(change.inserted, known[0].deleted)
        else:
            _combine_changes(change, known)
    return change, unknown


def _add_rows(rows: dict[str, list[IndexRow]], added: Mapping[str, list[IndexRow]]) -> None:
    for table, table_rows in added.items():
        rows.setdefault(table, []).extend(table_rows)


def _combine_changes(change: IndexChange, versions: list[_StoredChange]) -> None:
    """Add the changes of one resource. The newest version that has a row says whether it is stored now, the oldest whether it
    was at the mark.
    """
    now: dict[tuple[str, IndexRow], bool] = {}
    before: dict[tuple[str, IndexRow], bool] = {}
    for version in versions:
        for was_stored, tables in ((False, version.inserted), (True, version.deleted)):
            for table, table_rows in tables.items():
                for row in table_rows:
                    now.setdefault((table, row), not was_stored)
                    before[table, row] = was_stored
    for (table, row), is_stored in now.items():
        if is_stored != before[table, row]:
            (change.deleted if is_stored else change.inserted).setdefault(table, []).append(row)


def list_targets(change: IndexChange) -> set[int]:
    """Return the nids of the resources to which the inserted rows refer."""
    return {int(row[0]) for table in _TARGETS for row in change.inserted.get(table, ())}


def find_referring_resources(change: IndexChange, absent: Set[int]) -> set[int]:
    """Return the nids of the resources that refer to one of these."""
    return {
        int(row[COLUMNS[table].index("nid")])
        for table in _TARGETS
        for row in change.inserted.get(table, ())
        if row[0] in absent
    }
