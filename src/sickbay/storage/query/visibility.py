"""Applies a Visibility: as a SQL condition, the same for matches, chains, includes, counts and single reads, and once more to
every row before it leaves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from itertools import starmap
from operator import itemgetter
from typing import NamedTuple

from sickbay.fhir.bundle import Alike, StoredResource
from sickbay.fhir.search.query import Query
from sickbay.fhir.visibility import Clause, Granular, Visibility
from sickbay.storage.answers import Stored
from sickbay.storage.facts import codes_of, patients_of
from sickbay.storage.query.conditions import FALSE, TRUE, join_with_and, join_with_or, match_any
from sickbay.storage.query.dictionary import Dictionary
from sickbay.storage.query.statement import EACH, Row, Sql

COLUMNS = "r.nid, r.facts, r.id, r.version_id, r.changed, r.body"
WIDTH = 6


class Columns(NamedTuple):
    """The columns read for each match. Three fewer make a page of fifty about a tenth faster. The nid comes first."""

    text: str
    width: int


WHOLE = Columns(COLUMNS, WIDTH)
BRIEF = Columns("r.nid, r.facts, r.id, r.body", 4)
BARE = Columns("r.nid, r.id, r.body", 3)
"""Used if everything of the type is visible, so that no facts are checked."""


def columns_for(query: Query, visibility: Visibility) -> Columns:
    if query.whole:
        return WHOLE
    return BARE if visibility.allows_all(query.type, "s") else BRIEF


_STORED_FIELDS = itemgetter(2, 3, 4, 5, 1)
"""Picks the fields of a Stored from a row, in order."""


def match_visible(
    names: Dictionary, space: int, visibility: Visibility, type: str, letters: str, nid: str, patient: str | None
) -> Sql:
    """Return a condition that is true of the resources of `type` that a clause with one of the letters shows.

    patient: the resource is known to be in this patient's compartment, so that isn't checked again.
    """
    clauses = visibility.of(type, letters)
    whole = [clause for clause in clauses if not clause.filters]
    if any(clause.patients is None for clause in whole):
        return TRUE
    patients = frozenset[str]().union(*(clause.patients or () for clause in whole))
    if patient in patients:
        return TRUE
    parts = [_match_compartments(names, space, patients, nid)]
    parts += [_match_clause(names, space, clause, nid, patient) for clause in clauses if clause.filters]
    return join_with_or(parts)


def group_by_visibility(visibility: Visibility, letters: str, types: Iterable[str]) -> list[list[str]]:
    """Return the types that may have visible resources. Types of a group have the same condition from `match_visible`."""
    groups: dict[tuple[object, ...], list[str]] = {}
    for type in types:
        clauses = visibility.of(type, letters)
        if clauses:
            groups.setdefault(tuple((clause.patients, clause.filters) for clause in clauses), []).append(type)
    return list(groups.values())


def find_only_patient(visibility: Visibility, letters: str, type: str) -> str | None:
    """Return the patient to whose compartment everything visible of the type belongs, or None if there isn't exactly one."""
    patient_sets = {clause.patients for clause in visibility.of(type, letters)}
    if len(patient_sets) != 1:
        return None
    patients = next(iter(patient_sets))
    return next(iter(patients)) if patients is not None and len(patients) == 1 else None


def select_compartments(names: Dictionary, space: int, visibility: Visibility, letters: str, type: str) -> Sql | None:
    """Return the distinct nids of all that may be visible of the type, or None if visibility isn't limited to compartments."""
    patient_sets = {clause.patients for clause in visibility.of(type, letters)}
    if not patient_sets or None in patient_sets:
        return None
    ids = match_any("id", sorted(frozenset[str]().union(*(patients or () for patients in patient_sets))))
    if ids is FALSE:
        return None
    patients = f"SELECT nid FROM resource WHERE space = ? AND type = ? AND {ids.text}"
    text = f"SELECT DISTINCT c.nid FROM compartment_index c WHERE c.patient IN ({patients}) AND c.type = ?"
    return Sql(f"({text} AND c.member IN (1, 2))", (space, names.word("Patient"), *ids.binds, names.word(type)))


def _match_clause(names: Dictionary, space: int, clause: Clause, nid: str, patient: str | None) -> Sql:
    parts = [_match_granular(names, space, granular, nid) for granular in clause.filters]
    if clause.patients is not None and patient not in clause.patients:
        parts.append(_match_compartments(names, space, clause.patients, nid))
    condition = join_with_and(parts)
    return condition if condition is FALSE else Sql(f"({condition.text})", condition.binds)


def _match_compartments(names: Dictionary, space: int, patients: frozenset[str], nid: str) -> Sql:
    """Match members of the compartments. Includes member 2: a deleted resource stays visible to those who could see it.

    The plus keeps SQLite from looking in the index for each of many patients: a resource is in few compartments.
    """
    if not patients:
        return FALSE
    exists = f"EXISTS (SELECT 1 FROM compartment_index v WHERE v.nid = {nid} AND v.member IN (1, 2) AND"
    if len(patients) == 1:
        return Sql(f"{exists} v.patient = ?{EACH})", (names.nid(space, "Patient", next(iter(patients))),))
    ids = match_any("id", sorted(patients))
    return Sql(
        f"{exists} +v.patient IN (SELECT nid FROM resource WHERE space = ? AND type = ? AND {ids.text}){EACH})",
        (space, names.word("Patient"), *ids.binds),
    )


def _match_granular(names: Dictionary, space: int, granular: Granular, nid: str) -> Sql:
    hashes = match_any("v.hash", names.hashes(granular.codings))
    word = names.word(granular.parameter)
    if hashes is FALSE or not word:
        return FALSE
    return Sql(
        f"EXISTS (SELECT 1 FROM token_index v WHERE v.nid = {nid} AND v.parameter = ? AND v.space = ? AND {hashes.text}{EACH})",
        (-word, space, *hashes.binds),
    )


class VisibilityRecheck:
    """Rechecks visibility with `Visibility.allows`, on the facts stored next to the body. A removed resource indicates a
    bug.
    """

    def __init__(self) -> None:
        self.removed = 0

    def select_visible_resources(self, visibility: Visibility, letters: str, type: str, rows: list[Row]) -> list[Stored]:
        """Return the visible resources of rows that begin with COLUMNS. Each distinct set of facts is checked once."""
        if visibility.allows_all(type, letters):
            return list(starmap(partial(Stored, type), map(_STORED_FIELDS, rows)))
        judge = _Judge(visibility, letters, type)
        resources = [Stored(type, *_STORED_FIELDS(row)) for row in rows if judge.allows(row[1])]
        self.removed += len(rows) - len(resources)
        return resources

    def matches(self, visibility: Visibility, type: str, rows: list[Row], columns: Columns) -> Sequence[StoredResource]:
        """Recheck the matches of a search, whose rows begin with `columns`."""
        if columns is WHOLE:
            return self.select_visible_resources(visibility, "s", type, rows)
        if columns is BARE:
            return Alike(type, rows, 1)
        judge = _Judge(visibility, "s", type)
        visible = [row for row in rows if judge.allows(row[1])]
        self.removed += len(rows) - len(visible)
        return Alike(type, visible, 2)


class _Judge:
    """Checks facts against a visibility, each distinct value once."""

    def __init__(self, visibility: Visibility, letters: str, type: str) -> None:
        self._verdicts: dict[str, bool] = {}
        self._arguments = visibility, letters, type

    def allows(self, facts: str) -> bool:
        verdict = self._verdicts.get(facts)
        if verdict is None:
            visibility, letters, type = self._arguments
            verdict = self._verdicts[facts] = visibility.allows(type, letters, patients_of(facts), codes_of(facts))
        return verdict


def recheck_mixed_types(
    guard: VisibilityRecheck, visibility: Visibility, letters: str, rows: list[Row], type_of: Callable[[Row], str]
) -> list[Stored]:
    """Recheck rows of several types and keep their order."""
    by_type: dict[str, list[Row]] = {}
    for row in rows:
        by_type.setdefault(type_of(row), []).append(row)
    visible = {
        (type, resource.id): resource
        for type, type_rows in by_type.items()
        for resource in guard.select_visible_resources(visibility, letters, type, type_rows)
    }
    places = [(type_of(row), row[2]) for row in rows]
    return [visible[place] for place in places if place in visible]


def is_visible(visibility: Visibility, type: str, row: Row) -> bool:
    """Check one row without counting a removal: an old version may legitimately belong to another patient."""
    return visibility.allows(type, "r", patients_of(row[1]), codes_of(row[1]))
