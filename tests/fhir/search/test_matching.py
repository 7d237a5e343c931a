"""The meaning of a search, tested on published resources: each value in a resource finds that resource."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.fhir.examples import examples
from tests.laws import for_each

from sickbay.fhir.search.index import extract_entries
from sickbay.fhir.search.index_entries import Part
from sickbay.fhir.search.index_values import HUGE
from sickbay.fhir.search.matching import IndexedResource, compare_ranges, is_match
from sickbay.fhir.search.parameters import IDENTIFIER, OF_TYPE, TEXT
from sickbay.fhir.search.parser import parse
from sickbay.fhir.search.query import Query

BASE = "http://h/general/r4"
OBSERVATION: dict[str, Any] = {
    "resourceType": "Observation",
    "id": "o",
    "status": "final",
    "code": {
        "coding": [{"system": "http://loinc.org", "code": "8480-6", "display": "Systolic"}],
        "text": "Blood pressure",
    },
    "component": [
        {
            "code": {"coding": [{"system": "http://loinc.org", "code": "8462-4"}]},
            "valueQuantity": {"value": 80, "code": "mm[Hg]"},
        }
    ],
    "category": [{"coding": [{"system": "c", "code": "vital-signs"}]}],
    "subject": {"reference": "Patient/1", "identifier": {"system": "urn:mrn", "value": "7"}},
    "effectiveDateTime": "2020-05-06T10:00:00Z",
    "valueQuantity": {"value": 120, "system": "u", "code": "mm[Hg]"},
}
PROVENANCE: dict[str, Any] = {
    "resourceType": "Provenance",
    "id": "v",
    "target": [{"reference": "Observation/o"}],
    "agent": [{"who": {"reference": "Practitioner/1"}}],
}
PATIENT: dict[str, Any] = {
    "resourceType": "Patient",
    "id": "1",
    "name": [{"family": "Peters", "given": ["Zoë"]}],
    "gender": "female",
}


def query(type: str, name: str, text: str, version: str = "r4") -> Query:
    parsed = parse(version, type, [(name, text)], base=BASE)
    assert isinstance(parsed, Query), parsed
    return parsed


class Others:
    """The three resources above."""

    def of_type(self, type: str) -> list[IndexedResource]:
        resources = (PATIENT, OBSERVATION, PROVENANCE)
        return [
            IndexedResource(resource["id"], 0, extract_entries("r4", resource, BASE))
            for resource in resources
            if resource["resourceType"] == type
        ]


def hit(body: dict[str, Any], name: str, text: str, updated: int = 0) -> bool:
    resource = IndexedResource(body["id"], updated, extract_entries("r4", body, BASE))
    return is_match(query(body["resourceType"], name, text), resource, Others())


@for_each(
    "name, text",
    [
        ("code", "8480-6"),
        ("code", "http://loinc.org|8480-6"),
        ("code", "http://loinc.org|"),
        ("code", "x,8480-6"),
        ("code:not", "x"),
        ("status", "|final"),
        ("patient", "1"),
        ("patient", "Patient/1"),
        ("subject", f"{BASE}/Patient/1"),
        ("subject:Patient", "1"),
        ("date", "2020"),
        ("date", "2020-05-06"),
        ("date", "gt2020-05-05"),
        ("date", "le2020-05-06"),
        ("date", "2020-05-06T12:00:00+02:00"),
        ("date", "ne2021"),
        ("value-quantity", "120"),
        ("value-quantity", "gt119.9"),
        ("value-quantity", "120||mm[Hg]"),
        ("value-quantity", "ge120|u|mm[Hg]"),
        ("_id", "o"),
        ("_lastUpdated", "1970-01-01"),
        ("patient.name", "pet"),
        ("subject:Patient.given", "zoe"),
        ("subject.name", "pet"),
        ("subject._id", "1"),
        ("device:missing", "true"),
        ("code:missing", "false"),
        ("code-value-quantity", "8480-6$gt100"),
        ("combo-code-value-quantity", "http://loinc.org|8480-6$120"),
        ("combo-code-value-quantity", "8462-4$lt90"),
        ("component-code-value-quantity", "8462-4$80||mm[Hg]"),
        ("status", "http://hl7.org/fhir/observation-status|final"),
        ("status:in", "http://hl7.org/fhir/ValueSet/observation-status"),
        ("code:text", "systolic"),
        ("code:text", "blood"),
        ("subject:identifier", "urn:mrn|7"),
        ("patient._id", "1"),
        ("_has:Provenance:target:agent", "Practitioner/x,Practitioner/1"),
        ("patient._has:Observation:patient:status", "final"),
    ],
)
def test_the_observation_matches(name: str, text: str) -> None:
    assert hit(OBSERVATION, name, text)


@for_each(
    "name, text",
    [
        ("code", "8480"),
        ("code", "|8480-6"),
        ("code", "loinc|8480-6"),
        ("code:not", "8480-6"),
        ("patient", "2"),
        ("subject:Group", "1"),
        ("date", "2019"),
        ("date", "gt2020-05-06"),
        ("date", "sa2020-05-06"),
        ("date", "lt2020"),
        ("date", "2020-05-06T10:00:01Z"),
        ("value-quantity", "120.5"),
        ("value-quantity", "gt120"),
        ("value-quantity", "sa120"),
        ("value-quantity", "120||kg"),
        ("_id", "p"),
        ("_lastUpdated", "gt1970-01-01"),
        ("patient.name", "eters"),
        ("device:missing", "false"),
        ("encounter.class", "x"),
        ("code-value-quantity", "8462-4$lt90"),
        ("component-code-value-quantity", "8480-6$120"),
        ("combo-code-value-quantity", "8480-6$80"),
        ("code:text", "pressure"),
        ("status", "http://loinc.org|final"),
        ("status:not-in", "http://hl7.org/fhir/ValueSet/observation-status"),
        ("subject:identifier", "urn:other|7"),
        ("patient._id", "2"),
        ("_has:Provenance:target:agent", "x"),
        ("patient._has:Observation:patient:status", "amended"),
    ],
)
def test_the_observation_does_not_match(name: str, text: str) -> None:
    assert not hit(OBSERVATION, name, text)


def test_names_match_by_their_beginning_ignoring_case_and_accents() -> None:
    assert hit(PATIENT, "name", "PET")
    assert hit(PATIENT, "name", "zoe")
    assert hit(PATIENT, "name:contains", "eter")
    assert hit(PATIENT, "family:exact", "Peters")
    assert not hit(PATIENT, "name", "eters")
    assert not hit(PATIENT, "family:exact", "Peter")


RANGES = st.tuples(st.integers(0, 50), st.integers(1, 50)).map(lambda pair: (pair[0], pair[0] + pair[1]))


@given(RANGES, RANGES)
def test_the_prefixes_are_consistent(stored: tuple[int, int], searched: tuple[int, int]) -> None:
    results = {
        prefix: compare_ranges(prefix, *stored, *searched) for prefix in ("eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap")
    }
    assert results["eq"] is not results["ne"]
    assert results["ge"] or not (results["eq"] or results["gt"])
    assert results["le"] or not (results["eq"] or results["lt"])
    assert results["gt"] or not results["sa"]
    assert results["lt"] or not results["eb"]
    assert not (results["sa"] and results["eb"])
    assert results["ap"] or results["sa"] or results["eb"]


@pytest.mark.parametrize("version", ["r4", "dstu2"])
def test_every_value_finds_the_example_that_contains_it(version: str, shared: Path) -> None:
    from sickbay.fhir.search.parameters import load_parameters

    count = 0
    for body in examples(shared, version):
        facts = extract_entries(version, body, BASE)
        codes = {parameter.number: parameter.code for parameter in load_parameters(version, body["resourceType"]).values()}
        pairs = [(_name(codes, row[0]), _token(row[0], row[1], row[2])) for row in facts.tokens if row[1]]
        pairs += [(codes[row[0]], _escape(row[2])) for row in facts.tokens if row[0] in codes]
        pairs += [(codes[row[0]], f"{row[1]}/{row[2]}") for row in facts.references]
        pairs += [(_name(codes, row[0]), _escape(row[1])) for row in facts.strings]
        pairs += [(_name(codes, row[0]) + ":exact", _escape(row[2])) for row in facts.strings if row[0] in codes]
        pairs += [(codes[number], _join(parts)) for number, parts in facts.composites]
        for name, text in pairs:
            search = parse(version, body["resourceType"], [(name, text)], base=BASE)
            if isinstance(search, Query):
                count += 1
                assert is_match(search, IndexedResource(body.get("id", ""), 0, facts)), (name, text)
    assert count > 1000


def _escape(text: str | None) -> str:
    return "".join("\\" + letter if letter in "\\,|$" else letter for letter in text or "")


def _name(codes: dict[int, str], number: int) -> str:
    """Returns the parameter of an index entry, with the modifier that searches it."""
    modifiers = {0: "", IDENTIFIER: ":identifier", OF_TYPE: ":of-type", TEXT: ":text"}
    return codes[number % IDENTIFIER] + modifiers[number - number % IDENTIFIER]


def _token(number: int, system: str | None, code: str) -> str:
    if number - number % IDENTIFIER == OF_TYPE:
        return f"{_type(system or '')}|{_escape(code)}"
    return f"{_escape(system)}|{_escape(code)}"


def _type(text: str) -> str:
    system, _, code = text.rpartition("|")
    return f"{_escape(system)}|{_escape(code)}"


def _join(parts: tuple[Part, ...]) -> str:
    """Joins a composite's parts into a search value."""
    return "$".join(map(_part, parts))


def _part(part: Part) -> str:
    match part[0], part[1:]:
        case "reference", (type, id):
            return f"{type}/{id}"
        case "token", (system, str(code)):
            return f"{_escape(str(system))}|{_escape(code)}" if system else _escape(code)
        case "string", (str(text), _):
            return _escape(text)
        case "date", (int(low), _):
            return f"ge{datetime.fromtimestamp(low / 1000, UTC).isoformat()}"
        case "number", (float(low), _):
            return f"{low:.9f}"
        case "quantity", (_, _, float(low), float(high)):
            return f"ge{low:.9f}" if abs(low) < HUGE else f"le{high:.9f}"
    raise AssertionError(part)
