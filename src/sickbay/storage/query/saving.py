"""Defines what saving a resource does on both engines: the condition that must be met, and its index rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

from msgspec.json import Encoder

from sickbay.fhir.search.index_entries import IndexEntries
from sickbay.fhir.visibility import FILTERABLE
from sickbay.storage.interface import Conflict, Save
from sickbay.storage.query import composites
from sickbay.storage.query.composites import Terms
from sickbay.storage.query.dictionary import APART, LIVE, MEMBER, NEVER
from sickbay.storage.terms import encode_sortable, text_hash

_encode_lines = Encoder().encode_lines
INDEX_REVISION = 6
OUTDATED = (
    "SELECT s.tenant, s.version, w.text, r.id, r.version_id, r.body FROM resource r JOIN space s ON s.number = r.space"
    " JOIN word w ON w.number = r.type WHERE r.state = 1 AND r.index_revision < 6 ORDER BY r.nid LIMIT ?"
)
"""Selects resources with outdated index rows, using the index `resource_outdated`."""
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
    "hidden_resource": ("nid",),
}
"""Columns of each index table. Deleted resources in `hidden_resource` keep their rows; the views `shown_…` omit them."""
INDEXES = tuple(COLUMNS)
"""The index tables. Facets come first, because their rows are found through the other tables."""
FACETS = FILTERABLE - {"status", "intent", "verification-status", "_tag", "_security"}
"""The parameters by which a patient's resources are grouped. Excludes those with the same value for most resources."""
INDEXED_CHARACTERS = 120
"""Maximum characters of a text that are indexed."""
IndexRow: TypeAlias = tuple[int | str, ...]
IndexValues: TypeAlias = defaultdict[str, list[Any]]
"""The values of rows, one row after the other, by table."""
Words: TypeAlias = Mapping[str, int]
"""The numbers of names."""
Targets: TypeAlias = Mapping[tuple[str, str], int]
"""The nids of resources by type and id."""


def facts_text(entries: IndexEntries) -> str:
    """Return what is stored next to the body for the second access check. `storage/facts.py` reads it."""
    return _encode_lines((entries.patients, entries.codes)).decode()[:-1]


def check_save(step: Save, state: int, version: int) -> None:
    """Check a step against the current state and version (0 if there is none). Raises Conflict."""
    expected = step.version_id == version + 1 if step.before is None else step.before == version < step.version_id
    unmet = not expected or (step.interaction == "delete" and state != LIVE)
    if step.if_version == 0:
        unmet = unmet or state == LIVE
    elif step.if_version is not None:
        unmet = unmet or step.if_version != version
    if unmet:
        raise Conflict(step)


def index_rows(
    space: int, type: int, nid: int, facts: IndexEntries, words: Words, targets: Targets, terms: Terms
) -> dict[str, list[IndexRow]]:
    """Return all facts as rows by table."""
    values: IndexValues = defaultdict(list)
    add_index_values(values, space, type, nid, facts, words, targets, terms)
    return {table: split_rows(table, listed) for table, listed in values.items()}


def split_rows(table: str, values: list[Any]) -> list[IndexRow]:
    """Return the rows whose values these are, one row after the other."""
    return list(zip(*[iter(values)] * len(COLUMNS[table]), strict=True))


def add_index_values(
    into: IndexValues, space: int, type: int, nid: int, facts: IndexEntries, words: Words, targets: Targets, terms: Terms
) -> None:
    """Add all facts to the values of the rows by table. A tuple for each row would take several times as long."""
    facet_codes: list[tuple[int, int]] = []
    if facts.tokens or facts.codes:
        token = into["token_index"]
        for number, system, code in facts.tokens:
            token += (space, number, terms[system, code], nid)
        for name, system, code in facts.codes:
            number, hash = words[name], terms[system, code]
            token += (space, -number, hash, nid)
            if name in FACETS:
                facet_codes.append((number, hash))
    if patients := _compartment_rows(facts, targets):
        compartment = into["compartment_index"]
        for patient, rank, member, named in patients:
            compartment += (patient, type, rank, nid, member, named)
            for number, hash in facet_codes:
                into["facet_index"] += (patient, type, number, hash, rank, nid, member, named)
    if facts.references:
        reference = into["reference_index"]
        for number, kind, id in facts.references:
            reference += (targets[kind, id], number, nid)
    if facts.dates:
        date = into["date_index"]
        hulls = _hulls_of_dates(facts) if len(facts.dates) > 1 else ()
        for number, low, high in (*facts.dates, *hulls):
            date += (space, number, low, high, nid)
    if facts.strings:
        string = into["string_index"]
        for number, text, raw in facts.strings:
            string += (space, number, text[:INDEXED_CHARACTERS], text_hash(raw), nid)
    if facts.uris:
        uri_values = into["uri_index"]
        for number, uri in facts.uris:
            uri_values += (space, number, uri, nid)
    if facts.quantities or facts.numbers:
        _add_amounts(into["quantity_index"], space, nid, facts, terms)
    if facts.composites or facts.positions:
        composite = into["composite_index"]
        for number, parts in facts.composites:
            composite += (space, number, *composites.make_row(parts, terms), nid)
        for number, latitude, longitude in facts.positions:
            composite += (space, number, 0, latitude, longitude, 0, "", nid)


def _hulls_of_dates(facts: IndexEntries) -> Iterator[tuple[int, int, int]]:
    """Yield the span of several dates of one parameter, under minus its number.

    A search for a period needs it, because one date may be after its beginning and another before its end.
    """
    spans: dict[int, list[tuple[int, int]]] = {}
    for number, low, high in facts.dates:
        spans.setdefault(number, []).append((low, high))
    for number, span in spans.items():
        if len(span) > 1:
            yield -number, min(low for low, _ in span), max(high for _, high in span)


def _add_amounts(into: list[Any], space: int, nid: int, facts: IndexEntries, terms: Terms) -> None:
    for number, system, unit, least, most in facts.quantities:
        term = terms[system, unit] if unit is not None else 0
        into += (space, number, encode_sortable(least), encode_sortable(most), term, nid)
    for number, least, most in facts.numbers:
        into += (space, number, encode_sortable(least), encode_sortable(most), 0, nid)


def list_targets(facts: IndexEntries) -> Iterator[tuple[str, str]]:
    """Yield the type and id of every referenced resource."""
    yield from (("Patient", patient) for patient in facts.patients)
    yield from ((kind, id) for _, kind, id in facts.references)


def _compartment_rows(facts: IndexEntries, targets: Targets) -> list[tuple[int, int, int, int]]:
    """Return (patient, rank, member, named) for compartments and for other referenced patients, in one index range each."""
    rank = NEVER if facts.clinical_date is None else -facts.clinical_date
    members, named = facts.patients, facts.named
    non_members = {id for _, kind, id in facts.references if kind == "Patient" and id not in members}
    rows = [(targets["Patient", id], rank, MEMBER, int(id in named)) for id in members]
    return rows + [(targets["Patient", id], rank, APART, int(id in named)) for id in non_members] if non_members else rows
