"""Reversing what versions changed in the index leads from the index rows of today to those at the mark."""

from __future__ import annotations

from itertools import pairwise
from typing import TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sickbay.storage.query import undo
from sickbay.storage.query.saving import INDEX_REVISION, INDEXES, IndexRow

Rows: TypeAlias = dict[str, set[IndexRow]]
ROW = st.tuples(st.integers(1, 2), st.sampled_from(["a", "b"]))
ROWS = st.dictionaries(st.sampled_from(INDEXES[:3]), st.sets(ROW, max_size=4))
NIDS = (7, 8)


def encode_versions(nid: int, states: list[Rows], revision: int = INDEX_REVISION) -> list[tuple[int, bytes | None]]:
    """What the versions of a resource store, the newest first. states: its index rows after each."""
    changes = [undo.encode_change(undo.compare_rows(before, after), revision) for before, after in pairwise(states)]
    return [(nid, change) for change in reversed(changes)]


def with_nid(nid: int, rows: Rows) -> Rows:
    """The same rows as those of a certain resource."""
    return {table: {(*row, nid) for row in table_rows} for table, table_rows in rows.items()}


@given(st.lists(st.tuples(ROWS, ROWS), min_size=2, max_size=5))
def test_a_reversal_leads_from_the_last_rows_to_the_first(states: list[tuple[Rows, Rows]]) -> None:
    histories = [[with_nid(nid, state[number]) for state in states] for number, nid in enumerate(NIDS)]
    versions = [version for nid, history in zip(NIDS, histories, strict=True) for version in encode_versions(nid, history)]
    change, unknown = undo.reverse_versions(versions)
    assert not unknown
    for table in INDEXES:
        now, before = ({row for history in histories for row in history[place].get(table, set())} for place in (-1, 0))
        deleted, inserted = set(change.deleted.get(table, ())), set(change.inserted.get(table, ()))
        assert now - before == deleted
        assert before - now == inserted


def test_versions_without_a_change_of_this_revision_are_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    states: list[Rows] = [{"token_index": {(1, 2, 3, nid)}} for nid in range(3)]
    assert undo.encode_change(undo.compare_rows(*states[:2]), INDEX_REVISION - 1) is None
    known, older = encode_versions(7, states), [*encode_versions(8, states)[:1], (8, None)]
    assert undo.reverse_versions([*known, *older]) == (undo.reverse_versions(known)[0], {8})
    monkeypatch.setattr(undo, "INDEX_REVISION", INDEX_REVISION + 1)
    assert undo.reverse_versions(known)[1] == {7}


def test_the_rows_that_refer_to_absent_resources_are_found() -> None:
    change = undo.IndexChange({}, {"reference_index": [(50, 1, 7), (51, 1, 8)], "compartment_index": [(50, 1, 2, 9, 1, 0)]})
    assert undo.list_targets(change) == {50, 51}
    assert undo.find_referring_resources(change, {50}) == {7, 9}
