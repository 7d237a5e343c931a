"""A Visibility as a condition in SQL, the same at every hop: matches, chains, includes, counts and single reads."""

from __future__ import annotations

from collections.abc import Iterable

from sickbay.fhir.visibility import Clause, Granular, Visibility
from sickbay.storage.query.dictionary import Dictionary
from sickbay.storage.query.filters import FALSE, TRUE, both, either, one_of
from sickbay.storage.query.statement import EACH, Sql


def visible(
    names: Dictionary, space: int, visibility: Visibility, type: str, letters: str, nid: str, patient: str | None
) -> Sql:
    """True of the resources of `type` that a clause with one of the letters shows.

    patient: it is known to be in this compartment, so that need not be asked again.
    """
    clauses = visibility.of(type, letters)
    whole = [one for one in clauses if not one.filters]
    if any(one.patients is None for one in whole):
        return TRUE
    patients = frozenset[str]().union(*(one.patients or () for one in whole))
    if patient in patients:
        return TRUE
    parts = [_compartments(names, space, patients, nid)]
    parts += [_clause(names, space, one, nid, patient) for one in clauses if one.filters]
    return either(parts)


def alike(visibility: Visibility, letters: str, types: Iterable[str]) -> list[list[str]]:
    """The types of which something may be visible, together those for which `visible` says the same."""
    found: dict[tuple[object, ...], list[str]] = {}
    for type in types:
        clauses = visibility.of(type, letters)
        if clauses:
            found.setdefault(tuple((one.patients, one.filters) for one in clauses), []).append(type)
    return list(found.values())


def only_patient(visibility: Visibility, letters: str, type: str) -> str | None:
    """The one patient to whose compartment everything visible of the type belongs, if there is one."""
    found = {one.patients for one in visibility.of(type, letters)}
    if len(found) != 1:
        return None
    patients = next(iter(found))
    return next(iter(patients)) if patients is not None and len(patients) == 1 else None


def compartments(names: Dictionary, space: int, visibility: Visibility, letters: str, type: str) -> Sql | None:
    """The nids of all that may be visible of the type, where that lies in compartments; each once. Type as a bind."""
    found = {one.patients for one in visibility.of(type, letters)}
    if not found or None in found:
        return None
    ids = one_of("id", sorted(frozenset[str]().union(*(one or () for one in found))))
    if ids is FALSE:
        return None
    patients = f"SELECT nid FROM resource WHERE space = ? AND type = ? AND {ids.text}"
    text = f"SELECT DISTINCT c.nid FROM compartment_index c WHERE c.patient IN ({patients}) AND c.type = ?"
    return Sql(
        f"({text} AND c.member IN (1, 2))",
        (space, names.word("Patient"), *ids.binds, names.word(type)),
    )


def _clause(names: Dictionary, space: int, clause: Clause, nid: str, patient: str | None) -> Sql:
    parts = [_granular(names, space, one, nid) for one in clause.filters]
    if clause.patients is not None and patient not in clause.patients:
        parts.append(_compartments(names, space, clause.patients, nid))
    found = both(parts)
    return found if found is FALSE else Sql(f"({found.text})", found.binds)


def _compartments(names: Dictionary, space: int, patients: frozenset[str], nid: str) -> Sql:
    """member 2 too: what is deleted stays in its compartment, for those who could see it."""
    if not patients:
        return FALSE
    held = f"EXISTS (SELECT 1 FROM compartment_index v WHERE v.nid = {nid} AND v.member IN (1, 2) AND v.patient"
    if len(patients) == 1:
        return Sql(f"{held} = ?{EACH})", (names.nid(space, "Patient", next(iter(patients))),))
    ids = one_of("id", sorted(patients))
    return Sql(
        f"{held} IN (SELECT nid FROM resource WHERE space = ? AND type = ? AND {ids.text}){EACH})",
        (space, names.word("Patient"), *ids.binds),
    )


def _granular(names: Dictionary, space: int, one: Granular, nid: str) -> Sql:
    hashes = one_of("v.hash", names.hashes(one.codings))
    word = names.word(one.parameter)
    if hashes is FALSE or not word:
        return FALSE
    return Sql(
        f"EXISTS (SELECT 1 FROM token_index v WHERE v.nid = {nid} AND v.parameter = ? AND v.space = ? AND {hashes.text}{EACH})",
        (-word, space, *hashes.binds),
    )
