"""The types that a search refers to: in each link of a chain and at both ends of an include, even if the search is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sickbay.fhir.search.parser import parse
from sickbay.fhir.search.routes import find_types

ROWS: list[tuple[str, str, str, tuple[str, ...]]] = [
    ("Observation", "code", "x", ()),
    ("Observation", "subject:Patient.name", "x", ("Patient",)),
    ("Observation", "patient.name", "x", ("Patient",)),
    ("Observation", "subject.name", "x", ("Location|Patient",)),
    ("Observation", "subject.nothing", "x", ("Device|Group|Location|Patient",)),
    ("Observation", "encounter:Encounter.service-provider.name", "x", ("Encounter", "Organization")),
    ("Observation", "has-member:Observation.subject:Patient.name", "x", ("Patient",)),
    ("Observation", "code.name", "x", ()),
    ("Patient", "_has:Observation:patient:code", "x", ("Observation",)),
    ("Patient", "_has:Observation:patient:encounter:Encounter.class", "x", ("Observation", "Encounter")),
    ("Patient", "_has:Observation:patient:encounter.class", "x", ("Observation", "Encounter")),
    ("Patient", "_has:Encounter:patient:_has:Observation:encounter:code", "x", ("Encounter", "Observation")),
    ("Encounter", "patient._has:Observation:patient:code", "x", ("Patient", "Observation")),
    ("Patient", "_has:Nonsense:patient:code", "x", ()),
    ("Patient", "_has", "x", ()),
    ("Patient", "_has:", "x", ()),
    ("Observation", "_include", "Observation:patient", ("Patient",)),
    ("Observation", "_include", "Observation:subject", ("Device|Group|Location|Patient",)),
    ("Observation", "_include", "Observation:subject:Group", ("Group",)),
    ("Observation", "_include", "*", ()),
    ("Observation", "_include", "Observation:*", ()),
    ("Observation", "_include", "Observation:has-member", ()),
    ("Observation", "_include:iterate", "Encounter:service-provider", ("Encounter", "Organization")),
    ("Observation", "_revinclude", "Provenance:target", ("Provenance",)),
    ("Observation", "_revinclude", "*", ()),
    ("Observation", "_revinclude", "*:subject:Patient", ("Patient",)),
    ("Observation", "_include", "Nonsense:x", ()),
]


@pytest.mark.parametrize(("type", "name", "value", "types"), ROWS)
def test_every_type_in_a_search_is_found(type: str, name: str, value: str, types: tuple[str, ...]) -> None:
    assert find_types("r4", type, ((name, value),)) == types


LETTERS = st.text("_has:.Patientlksubjcod*|,", max_size=40)


@given(name=LETTERS, value=LETTERS)
def test_any_text_can_be_read(name: str, value: str) -> None:
    for parameter in (name, "_include", "_revinclude", f"_has:{name}"):
        find_types("r4", "Observation", ((parameter, value),))


@pytest.mark.parametrize("name", ["." * 30_000, "_has:" * 12_000, "subject." + "link." * 12_000, "_has:Patient:link:" * 3_000])
def test_a_very_long_chain_causes_no_recursion(name: str) -> None:
    """It is refused, but its types are determined first."""
    assert set(find_types("r4", "Observation", [(name, "x")])) <= {"Patient", "Device|Group|Location|Patient"}
    assert isinstance(parse("r4", "Observation", [(name, "x")], base="http://a/r4", strict=True), tuple)
