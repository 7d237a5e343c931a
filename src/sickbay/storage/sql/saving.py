"""What saving a resource means, whatever the engine: the condition under which it happens, and its index rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeAlias

from sickbay.fhir.facts import ResourceFacts
from sickbay.fhir.index import GRANULAR
from sickbay.storage.sql import composites
from sickbay.storage.sql.names import APART, LIVE, MEMBER, NEVER
from sickbay.storage.store import Conflict, Save
from sickbay.storage.terms import ordered, text_hash

INDEX_REVISION = 3
OUTDATED = (
    "SELECT s.tenant, s.version, w.text, r.id, r.version_id, r.body FROM resource r JOIN space s ON s.number = r.space"
    " JOIN word w ON w.number = r.type WHERE r.state = 1 AND r.index_revision < 3 ORDER BY r.nid LIMIT ?"
)
"""Served by the index `resource_outdated`, which has the same condition."""
COLUMNS: dict[str, tuple[str, ...]] = {
    "facet_index": ("patient", "type", "word", "hash", "rank", "nid", "member", "named"),
    "compartment_index": ("patient", "type", "rank", "nid", "member", "named"),
    "token_index": ("space", "parameter", "hash", "nid"),
    "reference_index": ("target", "parameter", "nid"),
    "date_index": ("space", "parameter", "low", "high", "nid"),
    "quantity_index": ("space", "parameter", "low", "high", "unit", "nid"),
    "string_index": ("space", "parameter", "value", "exact", "nid"),
    "uri_index": ("space", "parameter", "value", "nid"),
    "composite_index": ("space", "parameter", "hash", "low", "high", "unit", "value", "nid"),
}
INDEXES = tuple(COLUMNS)
"""The facets first: which they are is told by the others."""
_FACETS = (
    "(patient, type, word, hash, rank, nid) IN (SELECT c.patient, c.type, -t.parameter, t.hash, c.rank, c.nid"
    " FROM compartment_index c CROSS JOIN token_index t WHERE c.nid {which} AND t.nid = c.nid AND t.parameter < 0)"
)
FACETS = GRANULAR - {"status", "intent", "verification-status", "_tag", "_security"}
"""The parameters by which a patient's resources are kept together: not those by which most of them are alike."""
LONGEST = 120
"""Characters of a text that are indexed."""
IndexRow: TypeAlias = tuple[str, tuple[int | str, ...]]
Word: TypeAlias = Callable[[str], int]
Target: TypeAlias = Callable[[str, str], int]
Term: TypeAlias = Callable[[str | None, str], int]


def rows_of(table: str, which: str) -> str:
    """The condition on an index's rows of one nid or several; which: what follows the column, `= ?`."""
    return _FACETS.format(which=which) if table == "facet_index" else f"nid {which}"


def check(step: Save, state: int, version: int) -> None:
    """Against what is there: its state, and its version or 0. Raises Conflict."""
    unmet = step.version_id != version + 1 or (step.interaction == "delete" and state != LIVE)
    if step.if_version == 0:
        unmet = unmet or state == LIVE
    elif step.if_version is not None:
        unmet = unmet or step.if_version != version
    if unmet:
        raise Conflict(step)


def index_rows(
    space: int, type: int, nid: int, facts: ResourceFacts, word: Word, target: Target, term: Term
) -> Iterator[IndexRow]:  # fmt: skip
    """(table, row) of all facts. word numbers a name, target a resource that is referred to, term a coding."""
    codes = [(word(name), term(system, code), name in FACETS) for name, system, code in facts.codes]
    for patient, rank, member, named in _compartments(facts, target):
        yield "compartment_index", (patient, type, rank, nid, member, named)
        for name, hash, _ in (one for one in codes if one[2]):
            yield "facet_index", (patient, type, name, hash, rank, nid, member, named)
    for parameter, system, code in facts.tokens:
        yield "token_index", (space, parameter, term(system, code), nid)
    for name, hash, _ in codes:
        yield "token_index", (space, -name, hash, nid)
    for parameter, kind, id in facts.references:
        yield "reference_index", (target(kind, id), parameter, nid)
    for parameter, low, high in facts.dates:
        yield "date_index", (space, parameter, low, high, nid)
    for parameter, text, raw in facts.strings:
        yield "string_index", (space, parameter, text[:LONGEST], text_hash(raw), nid)
    for parameter, uri in facts.uris:
        yield "uri_index", (space, parameter, uri, nid)
    for parameter, least, most in facts.numbers:
        yield "quantity_index", (space, parameter, ordered(least), ordered(most), 0, nid)
    for parameter, system, unit, least, most in facts.quantities:
        hash = term(system, unit) if unit is not None else 0
        yield "quantity_index", (space, parameter, ordered(least), ordered(most), hash, nid)
    for parameter, parts in facts.composites:
        yield "composite_index", (space, parameter, *composites.row(parts, term), nid)
    for parameter, latitude, longitude in facts.positions:
        yield "composite_index", (space, parameter, 0, latitude, longitude, 0, "", nid)


def targets(facts: ResourceFacts) -> Iterator[tuple[str, str]]:
    """Type and id of all that is referred to."""
    yield from (("Patient", patient) for patient in facts.patients)
    yield from ((kind, id) for _, kind, id in facts.references)


def _compartments(facts: ResourceFacts, target: Target) -> Iterator[tuple[int, int, int, int]]:
    """(patient, rank, member, named) of compartments, and of patients only referred to: so a patient's list is one range."""
    rank = NEVER if facts.clinical_date is None else -facts.clinical_date
    held = set(facts.patients)
    apart = {id for _, kind, id in facts.references if kind == "Patient"} - held
    for patients, member in ((held, MEMBER), (apart, APART)):
        for patient in patients:
            yield target("Patient", patient), rank, member, int(patient in facts.named)
