"""Expresses a Visibility as a SQL condition, the same for matches, chains, includes, counts and single reads."""

from __future__ import annotations

from collections.abc import Iterable

from sickbay.fhir.visibility import Clause, Granular, Visibility
from sickbay.storage.query.dictionary import Dictionary
from sickbay.storage.query.filters import FALSE, TRUE, both, either, one_of
from sickbay.storage.query.statement import EACH, Sql


def visible(
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
    parts = [_compartments(names, space, patients, nid)]
    parts += [_clause(names, space, clause, nid, patient) for clause in clauses if clause.filters]
    return either(parts)


def group_by_visibility(visibility: Visibility, letters: str, types: Iterable[str]) -> list[list[str]]:
    """Return the types that may have visible resources, grouped by types for which `visible` returns the same condition."""
    groups: dict[tuple[object, ...], list[str]] = {}
    for type in types:
        clauses = visibility.of(type, letters)
        if clauses:
            groups.setdefault(tuple((clause.patients, clause.filters) for clause in clauses), []).append(type)
    return list(groups.values())


def only_patient(visibility: Visibility, letters: str, type: str) -> str | None:
    """Return the patient to whose compartment everything visible of the type belongs, or None if there isn't exactly one."""
    patient_sets = {clause.patients for clause in visibility.of(type, letters)}
    if len(patient_sets) != 1:
        return None
    patients = next(iter(patient_sets))
    return next(iter(patients)) if patients is not None and len(patients) == 1 else None


def compartments(names: Dictionary, space: int, visibility: Visibility, letters: str, type: str) -> Sql | None:
    """Return the distinct nids of all that may be visible of the type, or None if visibility isn't limited to compartments."""
    patient_sets = {clause.patients for clause in visibility.of(type, letters)}
    if not patient_sets or None in patient_sets:
        return None
    ids = one_of("id", sorted(frozenset[str]().union(*(patients or () for patients in patient_sets))))
    if ids is FALSE:
        return None
    patients = f"SELECT nid FROM resource WHERE space = ? AND type = ? AND {ids.text}"
    text = f"SELECT DISTINCT c.nid FROM compartment_index c WHERE c.patient IN ({patients}) AND c.type = ?"
    return Sql(
        f"({text} AND c.member IN (1, 2))",
        (space, names.word("Patient"), *ids.binds, names.word(type)),
    )


def _clause(names: Dictionary, space: int, clause: Clause, nid: str, patient: str | None) -> Sql:
    parts = [_granular(names, space, granular, nid) for granular in clause.filters]
    if clause.patients is not None and patient not in clause.patients:
        parts.append(_compartments(names, space, clause.patients, nid))
    condition = both(parts)
    return condition if condition is FALSE else Sql(f"({condition.text})", condition.binds)


def _compartments(names: Dictionary, space: int, patients: frozenset[str], nid: str) -> Sql:
    """Match members of the compartments. Includes member 2: a deleted resource stays visible to those who could see it."""
    if not patients:
        return FALSE
    exists = f"EXISTS (SELECT 1 FROM compartment_index v WHERE v.nid = {nid} AND v.member IN (1, 2) AND v.patient"
    if len(patients) == 1:
        return Sql(f"{exists} = ?{EACH})", (names.nid(space, "Patient", next(iter(patients))),))
    ids = one_of("id", sorted(patients))
    return Sql(
        f"{exists} IN (SELECT nid FROM resource WHERE space = ? AND type = ? AND {ids.text}){EACH})",
        (space, names.word("Patient"), *ids.binds),
    )


def _granular(names: Dictionary, space: int, granular: Granular, nid: str) -> Sql:
    hashes = one_of("v.hash", names.hashes(granular.codings))
    word = names.word(granular.parameter)
    if hashes is FALSE or not word:
        return FALSE
    return Sql(
        f"EXISTS (SELECT 1 FROM token_index v WHERE v.nid = {nid} AND v.parameter = ? AND v.space = ? AND {hashes.text}{EACH})",
        (-word, space, *hashes.binds),
    )
