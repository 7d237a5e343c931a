"""What a search means, on real resources: what a value says of itself finds the resource that holds it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sickbay.fhir.facts import ResourceFacts
from sickbay.fhir.index import extract
from sickbay.fhir.matching import compared, matches
from sickbay.fhir.query import Query
from sickbay.fhir.search import parse

from .examples import examples

BASE = "http://h/general/r4"
OBSERVATION = {
    "resourceType": "Observation",
    "id": "o",
    "status": "final",
    "code": {"coding": [{"system": "http://loinc.org", "code": "8480-6"}]},
    "category": [{"coding": [{"system": "c", "code": "vital-signs"}]}],
    "subject": {"reference": "Patient/1"},
    "effectiveDateTime": "2020-05-06T10:00:00Z",
    "valueQuantity": {"value": 120, "system": "u", "code": "mm[Hg]"},
}
PATIENT = {"resourceType": "Patient", "id": "1", "name": [{"family": "Peters", "given": ["Zoë"]}], "gender": "female"}


def query(type: str, name: str, text: str, version: str = "r4") -> Query:
    found = parse(version, type, [(name, text)], base=BASE)
    assert isinstance(found, Query), found
    return found


def hit(body: dict[str, Any], name: str, text: str, updated: int = 0) -> bool:
    def lookup(type: str, id: str) -> ResourceFacts | None:
        return extract("r4", PATIENT, BASE) if (type, id) == ("Patient", "1") else None

    return matches(query(body["resourceType"], name, text), body["id"], updated, extract("r4", body, BASE), lookup)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("code", "8480-6"), ("code", "http://loinc.org|8480-6"), ("code", "http://loinc.org|"), ("code", "x,8480-6"),
        ("code:not", "x"), ("status", "|final"), ("patient", "1"), ("patient", "Patient/1"), ("subject", f"{BASE}/Patient/1"),
        ("subject:Patient", "1"), ("date", "2020"), ("date", "2020-05-06"), ("date", "gt2020-05-05"), ("date", "le2020-05-06"),
        ("date", "2020-05-06T12:00:00+02:00"), ("date", "ne2021"), ("value-quantity", "120"), ("value-quantity", "gt119.9"),
        ("value-quantity", "120||mm[Hg]"), ("value-quantity", "ge120|u|mm[Hg]"), ("_id", "o"), ("_lastUpdated", "1970-01-01"),
        ("patient.name", "pet"), ("subject:Patient.given", "zoe"), ("device:missing", "true"), ("code:missing", "false"),
    ],
)  # fmt: skip
def test_it_is_found(name: str, text: str) -> None:
    assert hit(OBSERVATION, name, text)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("code", "8480"), ("code", "|8480-6"), ("code", "loinc|8480-6"), ("code:not", "8480-6"), ("patient", "2"),
        ("subject:Group", "1"), ("date", "2019"), ("date", "gt2020-05-06"), ("date", "sa2020-05-06"), ("date", "lt2020"),
        ("date", "2020-05-06T10:00:01Z"), ("value-quantity", "120.5"), ("value-quantity", "gt120"), ("value-quantity", "sa120"),
        ("value-quantity", "120||kg"), ("_id", "p"), ("_lastUpdated", "gt1970-01-01"), ("patient.name", "eters"),
        ("device:missing", "false"), ("encounter.class", "x"),
    ],
)  # fmt: skip
def test_it_is_not_found(name: str, text: str) -> None:
    assert not hit(OBSERVATION, name, text)


def test_names_are_found_by_their_beginning_without_capitals_and_accents() -> None:
    assert hit(PATIENT, "name", "PET")
    assert hit(PATIENT, "name", "zoe")
    assert hit(PATIENT, "name:contains", "eter")
    assert hit(PATIENT, "family:exact", "Peters")
    assert not hit(PATIENT, "name", "eters")
    assert not hit(PATIENT, "family:exact", "Peter")


RANGES = st.tuples(st.integers(0, 50), st.integers(1, 50)).map(lambda pair: (pair[0], pair[0] + pair[1]))


@given(RANGES, RANGES)
def test_the_prefixes_agree_with_each_other(held: tuple[int, int], asked: tuple[int, int]) -> None:
    said = {
        prefix: compared(prefix, *held, *asked) for prefix in ("eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap")
    }  # type: ignore[arg-type]
    assert said["eq"] is not said["ne"]
    assert said["ge"] or not (said["eq"] or said["gt"])
    assert said["le"] or not (said["eq"] or said["lt"])
    assert said["gt"] or not said["sa"]
    assert said["lt"] or not said["eb"]
    assert not (said["sa"] and said["eb"])
    assert said["ap"] or said["sa"] or said["eb"]


@pytest.mark.parametrize("version", ["r4", "dstu2"])
def test_every_value_finds_the_example_that_holds_it(version: str, shared: Path) -> None:
    from sickbay.fhir.search_parameters import parameters

    count = 0
    for body in examples(shared, version):
        facts = extract(version, body, BASE)
        codes = {one.number: one.code for one in parameters(version, body["resourceType"]).values()}
        pairs = [(codes[row[0]], _escaped(row[1]) + "|" + _escaped(row[2])) for row in facts.tokens if row[1]]
        pairs += [(codes[row[0]], _escaped(row[2])) for row in facts.tokens]
        pairs += [(codes[row[0]], f"{row[1]}/{row[2]}") for row in facts.references]
        pairs += [(codes[row[0]], _escaped(row[1])) for row in facts.strings]
        for name, text in pairs:
            found = parse(version, body["resourceType"], [(name, text)], base=BASE)
            if isinstance(found, Query):
                count += 1
                assert matches(found, body["id"], 0, facts), (name, text)
    assert count > 1000


def _escaped(text: str | None) -> str:
    return "".join("\\" + one if one in "\\,|$" else one for one in text or "")
