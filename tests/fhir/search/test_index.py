"""What the index holds of a resource."""

from __future__ import annotations

import copy
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.fhir.evaluation import evaluate
from tests.fhir.examples import examples

from sickbay.fhir.dates import END, span
from sickbay.fhir.lossless_json import Decimal
from sickbay.fhir.search.composites import MOST
from sickbay.fhir.search.index import GRANULAR, extract
from sickbay.fhir.search.index_entries import IndexEntries
from sickbay.fhir.search.parameters import compartment_types, find, parameters, resource_types

BASE = "http://h/general/r4"


def number(type: str, code: str, version: str = "r4") -> int:
    parameter = find(version, type, code)
    assert parameter is not None
    return parameter.number


def of(rows: tuple[tuple[Any, ...], ...], type: str, code: str, version: str = "r4") -> list[tuple[Any, ...]]:
    wanted = number(type, code, version)
    return [row[1:] for row in rows if row[0] == wanted]


def facts(resource: dict[str, Any], version: str = "r4") -> IndexEntries:
    return extract(version, resource, BASE)


def test_a_patient_is_in_its_own_compartment_alone() -> None:
    link = [{"other": {"reference": "Patient/2"}, "type": "refer"}]
    assert facts({"resourceType": "Patient", "id": "1", "link": link}).patients == ("1",)


def test_names_are_folded_part_by_part() -> None:
    name = [{"family": "Müller", "given": ["Zoë", "Ann  Mary"], "text": "Zoë Müller"}]
    found = facts({"resourceType": "Patient", "id": "1", "name": name})
    assert of(found.strings, "Patient", "family") == [("muller", "Müller")]
    assert of(found.strings, "Patient", "given") == [("zoe", "Zoë"), ("ann mary", "Ann  Mary")]
    assert of(found.strings, "Patient", "name") == [
        ("muller", "Müller"),
        ("zoe", "Zoë"),
        ("ann mary", "Ann  Mary"),
        ("zoe muller", "Zoë Müller"),
    ]


@pytest.mark.parametrize("version", ["stu3", "r4"])
def test_what_combines_others_is_held_by_them_alone(version: str, shared: Path) -> None:
    """combo-code is code and component-code: their values together, and no rows of its own."""
    every = [one for type in resource_types(version) for one in parameters(version, type).values() if one.held]
    assert {"combo-code", "combo-value-quantity", "combo-value-concept"} <= {one.code for one in every}
    resources = [one for one in examples(shared, version) if one["resourceType"] in {each.type for each in every}]
    assert len(resources) > 20
    for resource, one in ((resource, one) for resource in resources for one in every):
        if one.type == resource["resourceType"]:
            found = facts(resource, version)
            assert not of(found.tokens + found.quantities, one.type, one.code, version)
            own = {id(value) for value in evaluate(version, one.type, one.expression, resource)}
            by = [each for each in parameters(version, one.type).values() if each.number in one.held]
            theirs = [value for each in by for value in evaluate(version, one.type, each.expression, resource)]
            assert own == {id(value) for value in theirs}


@pytest.mark.parametrize("version", ["dstu2", "stu3", "r4", "r4b", "r5"])
def test_what_decides_who_may_see_is_always_held(version: str) -> None:
    """Codes by which scopes are narrowed, and what puts a resource into a compartment."""
    for type in resource_types(version):
        deciding = GRANULAR | set(compartment_types(version).get(type, ()))
        assert not [code for code, one in parameters(version, type).items() if one.held and code in deciding]


def test_a_code_is_read_alike_whether_it_is_kept_or_not() -> None:
    """Short ones are; a long one is read each time, and so is one with a decimal in it."""
    code = {"coding": [{"system": "http://s", "code": "c", "display": "Höhe"}], "text": "Height"}
    odd = [
        {"extension": [{"url": "http://e", "valueString": "x" * 600}]},
        {"extension": [{"valueDecimal": Decimal("1.50")}]},
    ]
    found = [facts({"resourceType": "Observation", "code": {**code, **one}}) for one in ({}, {}, *odd)]
    assert of(found[0].tokens, "Observation", "code") == [("http://s", "c")]
    assert [row[1:] for row in found[0].strings] == [("height", "Height"), ("hohe", "Höhe")]
    assert found[1] == found[0]
    assert [(one.tokens, one.strings) for one in found[2:]] == [(found[0].tokens, found[0].strings)] * 2


def test_dstu2_family_names_are_a_list() -> None:
    found = facts({"resourceType": "Patient", "id": "1", "name": [{"family": ["Peters", "Jones"]}]}, "dstu2")
    assert of(found.strings, "Patient", "family", "dstu2") == [("peters", "Peters"), ("jones", "Jones")]


def test_an_observation_by_code_value_date_and_patient() -> None:
    found = facts(
        {
            "resourceType": "Observation",
            "id": "o",
            "status": "final",
            "category": [{"coding": [{"system": "c", "code": "vital-signs"}]}],
            "code": {"coding": [{"system": "http://loinc.org", "code": "8480-6"}, {"code": "local"}]},
            "subject": {"reference": f"{BASE}/Patient/1"},
            "effectiveDateTime": "2020-05-06",
            "valueQuantity": {"value": 120.5, "system": "u", "code": "mm[Hg]", "unit": "mmHg"},
        }
    )
    assert found.patients == ("1",)
    assert found.clinical_date == (span("2020-05-06") or (0, 0))[0]
    assert of(found.tokens, "Observation", "code") == [("http://loinc.org", "8480-6"), (None, "local")]
    assert of(found.dates, "Observation", "date") == [span("2020-05-06")]
    assert of(found.references, "Observation", "patient") == [("Patient", "1")]
    assert of(found.quantities, "Observation", "value-quantity") == [
        ("u", "mm[Hg]", 120.5, 120.5),
        (None, "mmHg", 120.5, 120.5),
    ]
    assert ("category", "c", "vital-signs") in found.codes
    assert ("status", None, "final") in found.codes


@pytest.mark.parametrize("version", ["r4", "dstu2"])
def test_an_appointment_belongs_to_the_patients_who_take_part(version: str) -> None:
    actors = ["Patient/2", "Practitioner/3", "Patient/1"]
    body = {
        "resourceType": "Appointment",
        "id": "a",
        "start": "2026-01-02T09:00:00Z",
        "participant": [{"actor": {"reference": one}} for one in actors],
    }
    found = facts(body, version)
    assert found.patients == ("1", "2")
    assert found.clinical_date == (span("2026-01-02T09:00:00Z") or (0, 0))[0]


def test_a_resource_about_nobody_is_in_no_compartment() -> None:
    focus = {"resourceType": "Observation", "id": "o", "focus": [{"reference": "Patient/1"}]}
    assert facts(focus).patients == ()
    assert facts({"resourceType": "Organization", "id": "o", "name": "X"}).patients == ()


def test_an_open_period_reaches_to_the_end_of_time() -> None:
    found = facts({"resourceType": "Encounter", "id": "e", "period": {"start": "2020"}})
    assert of(found.dates, "Encounter", "date") == [((span("2020") or (0, 0))[0], END)]


def test_a_foreign_reference_is_kept_as_its_url_and_opens_no_compartment() -> None:
    found = facts({"resourceType": "Condition", "id": "c", "subject": {"reference": "http://elsewhere.example/fhir/Patient/1"}})
    assert found.patients == ()
    assert found.references == ()
    assert of(found.uris, "Condition", "subject") == [("http://elsewhere.example/fhir/Patient/1",)]


@pytest.mark.parametrize("version", ["dstu2", "stu3", "r4", "r5"])
@pytest.mark.parametrize(
    ("deceased", "expected"),
    [
        ({}, "false"),
        ({"deceasedBoolean": False}, "false"),
        ({"deceasedBoolean": True}, "true"),
        ({"deceasedDateTime": "2020"}, "true"),
    ],
)
def test_a_death_is_known_by_a_flag_or_by_a_date(version: str, deceased: dict[str, Any], expected: str) -> None:
    found = facts({"resourceType": "Patient", "id": "1", **deceased}, version)
    assert of(found.tokens, "Patient", "deceased", version) == [(None, expected)]


def test_tokens_of_meta_are_found_on_every_type() -> None:
    found = facts({"resourceType": "Slot", "id": "1", "meta": {"tag": [{"system": "s", "code": "t"}], "profile": ["p"]}})
    assert of(found.tokens, "Slot", "_tag") == [("s", "t")]
    assert of(found.uris, "Slot", "_profile") == [("p",)]


def test_an_email_is_told_from_a_telephone() -> None:
    telecom = [{"system": "email", "value": "a@b"}, {"system": "phone", "value": "1"}]
    for version in ("r4", "dstu2"):
        found = facts({"resourceType": "Patient", "id": "1", "telecom": telecom}, version)
        assert of(found.tokens, "Patient", "email", version) == [("email", "a@b")]
        assert of(found.tokens, "Patient", "telecom", version) == [("email", "a@b"), ("phone", "1")]


@pytest.mark.parametrize("version", ["dstu2", "stu3"])
@pytest.mark.parametrize(
    ("length", "days"),
    [
        ({"value": 36, "code": "h", "unit": "hours"}, 1.5),
        ({"value": 2, "unit": "days"}, 2),
        ({"value": 90, "code": "min"}, 0.0625),
    ],
)
def test_an_encounter_is_as_long_as_it_took_in_days(version: str, length: dict[str, Any], days: float) -> None:
    found = facts({"resourceType": "Encounter", "id": "1", "length": length}, version)
    assert of(found.numbers, "Encounter", "length", version) == [(days, days)]


def test_a_concept_or_a_reference_in_one_element_is_found_as_each() -> None:
    body = {"concept": {"coding": [{"system": "s", "code": "c"}]}, "reference": {"reference": "Condition/1"}}
    use = {"resourceType": "ClinicalUseDefinition", "id": "1", "indication": {"diseaseSymptomProcedure": body}}
    found = facts(use, "r4b")
    assert of(found.tokens, use["resourceType"], "indication", "r4b") == [("s", "c")]
    assert of(found.references, use["resourceType"], "indication-reference", "r4b") == [("Condition", "1")]
    for odd in ({}, {"concept": "x", "reference": "x"}, {"concept": {}, "reference": {}}):
        use["indication"] = {"diseaseSymptomProcedure": odd}
        assert facts(use, "r4b").tokens == facts(use, "r4b").references == ()


def test_a_text_has_no_case_as_a_token_and_a_code_has_one() -> None:
    """R4, 3.1.1.4.10: of a string a token is found without regard to case; of others nobody knows, and here it counts."""
    definition = {"resourceType": "CodeSystem", "id": "1", "version": "1.0-RC1", "identifier": [{"value": "RC"}]}
    found = facts(definition)
    assert of(found.tokens, "CodeSystem", "version") == [(None, "1.0-rc1")]
    assert of(found.tokens, "CodeSystem", "identifier") == [(None, "RC")]


@pytest.mark.parametrize("version", ["r4", "dstu2"])
def test_every_example_that_names_a_patient_by_the_patient_parameter_is_in_that_compartment(version: str, shared: Path) -> None:
    for resource in examples(shared, version):
        parameter = find(version, resource["resourceType"], "patient") if resource["resourceType"] != "Patient" else None
        found = facts(resource, version)
        if parameter is not None and resource["resourceType"] not in OUTSIDE:
            named = {row[2] for row in found.references if row[0] == parameter.number and row[1] == "Patient"}
            assert named <= set(found.patients), resource["resourceType"]


OUTSIDE = {"Contract", "GuidanceResponse", "Task"}
"""Types that have a patient and yet belong to no Patient compartment, by the definitions."""

WRONG: list[Any] = [
    None,
    True,
    0,
    -1.5,
    1e308,
    10**40,
    "",
    "x",
    "2020-13-99",
    [],
    {},
    [[]],
    [None],
    {"reference": 5},
    [{}],
]


def mutated(value: Any, dice: random.Random) -> Any:
    if dice.random() < 0.15:
        return copy.deepcopy(dice.choice(WRONG))
    if isinstance(value, dict):
        return {key: mutated(inner, dice) for key, inner in value.items() if dice.random() > 0.05}
    return [mutated(inner, dice) for inner in value] if isinstance(value, list) else value


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(version=st.sampled_from(["r4", "dstu2"]), position=st.integers(0, 10_000), seed=st.integers(0, 2**32))
def test_no_mutation_of_a_real_resource_makes_it_raise(shared: Path, version: str, position: int, seed: int) -> None:
    held = examples(shared, version)
    original = held[position % len(held)]
    dice = random.Random(seed)
    body = {key: value if key == "resourceType" else mutated(value, dice) for key, value in original.items()}
    found = facts(body, version)
    assert all(low < high for _, low, high in found.dates)
    assert all(low <= high for _, low, high in found.numbers)
    assert all(len(text) <= 120 for _, text, _ in found.strings)


def test_what_is_no_resource_has_no_facts() -> None:
    assert facts({}) == IndexEntries()
    assert facts({"resourceType": ["Patient"]}) == IndexEntries()
    assert facts({"resourceType": "Nonsense", "id": "1"}) == IndexEntries()


def test_combinations_of_hundreds_of_codes_and_values_end_somewhere() -> None:
    """Each code is combined with each value: a body of 8 MB would give thousands of millions."""
    many = {"coding": [{"code": str(number)} for number in range(300)]}
    found = extract("r4", {"resourceType": "Observation", "id": "x", "code": many, "valueCodeableConcept": many}, "http://a/r4")
    assert len(found.composites) == MOST
