"""Helpers for storage tests: search parameters with numbers, and facts built by hand."""

from __future__ import annotations

from typing import Any

import pytest

from sickbay.fhir.search.index_entries import IndexEntries
from sickbay.fhir.search.parameters import SearchParameter
from sickbay.fhir.search.query import Filter, Query, Value
from sickbay.fhir.visibility import Clause, Visibility
from sickbay.storage.interface import ResourceSpace, Save
from sickbay.storage.query import probe, probe_sources, visible_members

SPACE = ResourceSpace("general", "r4")
_KINDS: dict[str, dict[str, tuple[Any, ...]]] = {
    "Patient": {
        "name": ("string",),
        "gender": ("token",),
        "birthdate": ("date",),
        "organization": ("reference",),
        "_lastUpdated": ("date",),
    },
    "Observation": {
        "code": ("token",),
        "category": ("token",),
        "date": ("date",),
        "patient": ("reference", ("Patient",)),
        "subject": ("reference", ("Patient", "Group", "Device", "Location")),
        "performer": ("reference", ("Practitioner", "Patient")),
        "value-quantity": ("quantity",),
        "url": ("uri",),
        "code-value-quantity": ("composite",),
        "component-code-value-quantity": ("composite",),
        "combo-code-value-quantity": ("composite",),
        "focus": ("reference", ("Patient", "Observation")),
        "_id": ("token",),
        "_lastUpdated": ("date",),
        "component-value-quantity": ("quantity",),
        "combo-value-quantity": ("quantity",),
        "combo-code": ("token",),
    },
    "Practitioner": {"name": ("string",)},
    "Location": {"near": ("special",), "partof": ("reference", ("Location",)), "url": ("uri",), "_id": ("token",)},
    "List": {"item": ("reference", ("Patient", "Observation")), "_id": ("token",)},
}


_COVERED = {"combo-code": ("code", "category"), "combo-value-quantity": ("value-quantity", "component-value-quantity")}
"""Parameters whose entries are indexed under the numbers of other parameters."""


def parameter(type: str, code: str) -> SearchParameter:
    kind, *targets = _KINDS[type][code]
    number = list(_KINDS).index(type) * 128 + list(_KINDS[type]).index(code) + 1
    covered = tuple(parameter(type, covered_code).number for covered_code in _COVERED.get(code, ()))
    return SearchParameter(code, type, kind, number, targets=targets[0] if targets else (), held=covered)


def find(version: str, type: str, code: str) -> SearchParameter | None:
    return parameter(type, code) if code in _KINDS.get(type, {}) else None


def number(type: str, code: str) -> int:
    return parameter(type, code).number


def make_save(type: str, id: str, facts: IndexEntries | None = None, *, space: ResourceSpace = SPACE, **more: Any) -> Save:
    """Return a Save of version 1 whose body contains type, id and version."""
    version = more.pop("version_id", 1)
    body = more.pop("body", f"{type}/{id}/{version}".encode())
    return Save(space, type, id, version, body, facts or IndexEntries(), more.pop("at", 1000), **more)


def patient(id: str, *, names: tuple[str, ...] = (), gender: str = "female", **more: Any) -> Save:
    facts = IndexEntries(
        patients=(id,),
        tokens=((number("Patient", "gender"), "http://hl7.org/fhir/administrative-gender", gender),),
        strings=tuple((number("Patient", "name"), name.lower(), name) for name in names),
    )
    return make_save("Patient", id, facts, **more)


def observation(
    id: str,
    patient: str,
    *,
    code: str = "8867-4",
    category: str = "vital-signs",
    date: int | None = 0,
    member: bool = True,
    **more: Any,
) -> Save:
    """Return an Observation of a patient, on day `date` after the epoch."""
    day = None if date is None else date * 86_400_000
    codings = (("code", "http://loinc.org", code), ("category", "http://category", category))
    facts = IndexEntries(
        patients=(patient,) if member else (),
        clinical_date=day,
        tokens=tuple((number("Observation", name), system, value) for name, system, value in codings),
        references=tuple((number("Observation", name), "Patient", patient) for name in ("patient", "subject")),
        dates=() if day is None else ((number("Observation", "date"), day, day + 86_400_000),),
        codes=codings,
    )
    return make_save("Observation", id, facts, **more)


def query_for(type: str, *filters: Filter, **more: Any) -> Query:
    return Query("r4", type, filters, **more)


def where(type: str, code: str, *values: Value, modifier: str | None = None) -> Filter:
    return Filter(parameter(type, code), values, modifier)


def of_patients(*ids: str, letters: str = "rs", type: str = "*") -> Visibility:
    return Visibility((Clause(type, letters, frozenset(ids)),))


def limit_lists(monkeypatch: pytest.MonkeyPatch, rows: int) -> None:
    """Let an explanation read lists of so many resources, as if there were many more than it may read."""
    for module in (visible_members, probe_sources, probe):
        monkeypatch.setattr(module, "READ_ROWS", rows)
    for module in (probe_sources, probe):
        monkeypatch.setattr(module, "SHORT_LIST", min(rows, 200))
