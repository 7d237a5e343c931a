"""What saving a resource means, whatever the engine: the condition under which it happens, and its index rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import TypeAlias

from sickbay.fhir.search.index import GRANULAR
from sickbay.fhir.search.index_entries import IndexEntries
from sickbay.storage.interface import Conflict, Save
from sickbay.storage.query import composites
from sickbay.storage.query.dictionary import APART, LIVE, MEMBER, NEVER
from sickbay.storage.terms import ordered, text_hash

INDEX_REVISION = 5
OUTDATED = (
    "SELECT s.tenant, s.version, w.text, r.id, r.version_id, r.body FROM resource r JOIN space s ON s.number = r.space"
    " JOIN word w ON w.number = r.type WHERE r.state = 1 AND r.index_revision < 5 ORDER BY r.nid LIMIT ?"
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
IndexRow: TypeAlias = tuple[int | str, ...]
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
    space: int, type: int, nid: int, facts: IndexEntries, word: Word, target: Target, term: Term
) -> dict[str, list[IndexRow]]:
    """All facts as rows by table. word numbers a name, target a resource that is referred to, term a coding."""
    found: dict[str, list[IndexRow]] = {}
    token: list[IndexRow] = [(space, number, term(system, code), nid) for number, system, code in facts.tokens]
    facet: list[IndexRow] = []
    divided = []
    for name, system, code in facts.codes:
        number, hash = word(name), term(system, code)
        token.append((space, -number, hash, nid))
        if name in FACETS:
            divided.append((number, hash))
    if token:
        found["token_index"] = token
    if patients := _compartments(facts, target):
        found["compartment_index"] = [(at, type, rank, nid, member, named) for at, rank, member, named in patients]
        for at, rank, member, named in patients:
            facet += [(at, type, number, hash, rank, nid, member, named) for number, hash in divided]
    if facet:
        found["facet_index"] = facet
    if facts.references:
        found["reference_index"] = [(target(kind, id), number, nid) for number, kind, id in facts.references]
    if facts.dates:
        found["date_index"] = [(space, number, low, high, nid) for number, low, high in (*facts.dates, *_hulls(facts))]
    if facts.strings:
        found["string_index"] = [(space, number, text[:LONGEST], text_hash(raw), nid) for number, text, raw in facts.strings]
    if facts.uris:
        found["uri_index"] = [(space, number, uri, nid) for number, uri in facts.uris]
    if facts.quantities or facts.numbers:
        found["quantity_index"] = _amounts(space, nid, facts, term)
    if facts.composites:
        found["composite_index"] = [(space, number, *composites.row(parts, term), nid) for number, parts in facts.composites]
    for number, latitude, longitude in facts.positions:
        found.setdefault("composite_index", []).append((space, number, 0, latitude, longitude, 0, "", nid))
    return found


def _hulls(facts: IndexEntries) -> Iterator[tuple[int, int, int]]:
    """What several dates of one parameter span, under minus its number: one may be after a day, another before another."""
    if len(facts.dates) < 2:
        return
    for number, count in Counter(number for number, _, _ in facts.dates).items():
        if count > 1:
            held = [(low, high) for of, low, high in facts.dates if of == number]
            yield -number, min(low for low, _ in held), max(high for _, high in held)


def _amounts(space: int, nid: int, facts: IndexEntries, term: Term) -> list[IndexRow]:
    found: list[IndexRow] = []
    for number, system, unit, least, most in facts.quantities:
        found.append((space, number, ordered(least), ordered(most), term(system, unit) if unit is not None else 0, nid))
    for number, least, most in facts.numbers:
        found.append((space, number, ordered(least), ordered(most), 0, nid))
    return found


def targets(facts: IndexEntries) -> Iterator[tuple[str, str]]:
    """Type and id of all that is referred to."""
    yield from (("Patient", patient) for patient in facts.patients)
    yield from ((kind, id) for _, kind, id in facts.references)


def _compartments(facts: IndexEntries, target: Target) -> list[tuple[int, int, int, int]]:
    """(patient, rank, member, named) of compartments, and of patients only referred to: so a patient's list is one range."""
    rank = NEVER if facts.clinical_date is None else -facts.clinical_date
    held, named = facts.patients, facts.named
    apart = {id for _, kind, id in facts.references if kind == "Patient" and id not in held}
    found = [(target("Patient", id), rank, MEMBER, int(id in named)) for id in held]
    return found + [(target("Patient", id), rank, APART, int(id in named)) for id in apart] if apart else found
