"""The index entries of a resource."""

from __future__ import annotations

import copy
import random
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests import laws
from tests.fhir.evaluation import evaluate
from tests.fhir.examples import examples

from sickbay.fhir.dates import END, parse_span
from sickbay.fhir.lossless_json import Decimal
from sickbay.fhir.search import composites, index
from sickbay.fhir.search.composites import MAXIMUM_COMBINATIONS
from sickbay.fhir.search.index import extract_entries
from sickbay.fhir.search.index_entries import IndexEntries
from sickbay.fhir.search.parameters import PRESENT, compartment_types, find, load_parameters, resource_types
from sickbay.fhir.visibility import FILTERABLE

BASE = "http://h/general/r4"


def number(type: str, code: str, version: str = "r4") -> int:
    parameter = find(version, type, code)
    assert parameter is not None
    return parameter.number


def rows_of(rows: tuple[tuple[Any, ...], ...], type: str, code: str, version: str = "r4") -> list[tuple[Any, ...]]:
    wanted = number(type, code, version)
    return [row[1:] for row in rows if row[0] == wanted]


def facts(resource: dict[str, Any], version: str = "r4") -> IndexEntries:
    return extract_entries(version, resource, BASE)


def test_a_patient_is_only_in_its_own_compartment() -> None:
    link = [{"other": {"reference": "Patient/2"}, "type": "refer"}]
    assert facts({"resourceType": "Patient", "id": "1", "link": link}).patients == ("1",)


def test_names_are_folded_part_by_part() -> None:
    name = [{"family": "Müller", "given": ["Zoë", "Ann  Mary"], "text": "Zoë Müller"}]
    entries = facts({"resourceType": "Patient", "id": "1", "name": name})
    assert rows_of(entries.strings, "Patient", "family") == [("muller", "Müller")]
    assert rows_of(entries.strings, "Patient", "given") == [("zoe", "Zoë"), ("ann mary", "Ann  Mary")]
    assert rows_of(entries.strings, "Patient", "name") == [
        ("muller", "Müller"),
        ("zoe", "Zoë"),
        ("ann mary", "Ann  Mary"),
        ("zoe muller", "Zoë Müller"),
    ]


@pytest.mark.parametrize("version", ["stu3", "r4"])
def test_a_parameter_that_combines_others_has_no_rows_of_its_own(version: str, shared: Path) -> None:
    """For example, combo-code has the values of code and component-code together."""
    every = [
        parameter for type in resource_types(version) for parameter in load_parameters(version, type).values() if parameter.held
    ]
    assert {"combo-code", "combo-value-quantity", "combo-value-concept"} <= {parameter.code for parameter in every}
    types = {parameter.type for parameter in every}
    resources = [resource for resource in examples(shared, version) if resource["resourceType"] in types]
    assert len(resources) > 20
    for resource, combined in ((resource, parameter) for resource in resources for parameter in every):
        if combined.type == resource["resourceType"]:
            entries = facts(resource, version)
            assert not rows_of(entries.tokens + entries.quantities, combined.type, combined.code, version)
            own = {id(value) for value in evaluate(version, combined.type, combined.expression, resource)}
            covering = [other for other in load_parameters(version, combined.type).values() if other.number in combined.held]
            theirs = [value for other in covering for value in evaluate(version, combined.type, other.expression, resource)]
            assert own == {id(value) for value in theirs}


@pytest.mark.parametrize("version", ["dstu2", "stu3", "r4", "r4b", "r5"])
def test_parameters_that_decide_on_access_always_have_rows_of_their_own(version: str) -> None:
    """Parameters that granular scopes use, and those that put a resource in a compartment."""
    for type in resource_types(version):
        deciding = FILTERABLE | set(compartment_types(version).get(type, ()))
        assert not [code for code, parameter in load_parameters(version, type).items() if parameter.held and code in deciding]


def test_a_code_is_read_the_same_way_with_and_without_the_cache() -> None:
    """Short codes are cached. Long ones, and those with a decimal, are read each time."""
    code = {"coding": [{"system": "http://s", "code": "c", "display": "Höhe"}], "text": "Height"}
    odd: list[dict[str, Any]] = [
        {"extension": [{"url": "http://e", "valueString": "x" * 600}]},
        {"extension": [{"valueDecimal": Decimal("1.50")}]},
    ]
    entries = [facts({"resourceType": "Observation", "code": {**code, **more}}) for more in ({}, {}, *odd)]
    assert rows_of(entries[0].tokens, "Observation", "code") == [("http://s", "c")]
    assert [row[1:] for row in entries[0].strings] == [("height", "Height"), ("hohe", "Höhe")]
    assert entries[1] == entries[0]
    assert [(read.tokens, read.strings) for read in entries[2:]] == [(entries[0].tokens, entries[0].strings)] * 2


def test_a_family_name_in_dstu2_is_a_list() -> None:
    entries = facts({"resourceType": "Patient", "id": "1", "name": [{"family": ["Peters", "Jones"]}]}, "dstu2")
    assert rows_of(entries.strings, "Patient", "family", "dstu2") == [("peters", "Peters"), ("jones", "Jones")]


def test_an_observation_is_indexed_by_code_value_date_and_patient() -> None:
    entries = facts(
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
    assert entries.patients == ("1",)
    assert entries.clinical_date == (parse_span("2020-05-06") or (0, 0))[0]
    assert rows_of(entries.tokens, "Observation", "code") == [("http://loinc.org", "8480-6"), (None, "local")]
    assert rows_of(entries.dates, "Observation", "date") == [parse_span("2020-05-06")]
    assert rows_of(entries.references, "Observation", "patient") == [("Patient", "1")]
    assert rows_of(entries.quantities, "Observation", "value-quantity") == [
        ("u", "mm[Hg]", 120.5, 120.5),
        (None, "mmHg", 120.5, 120.5),
    ]
    assert ("category", "c", "vital-signs") in entries.codes
    assert ("status", None, "final") in entries.codes


@pytest.mark.parametrize("version", ["r4", "dstu2"])
def test_an_appointment_is_in_the_compartments_of_its_patients(version: str) -> None:
    actors = ["Patient/2", "Practitioner/3", "Patient/1"]
    body = {
        "resourceType": "Appointment",
        "id": "a",
        "start": "2026-01-02T09:00:00Z",
        "participant": [{"actor": {"reference": actor}} for actor in actors],
    }
    entries = facts(body, version)
    assert entries.patients == ("1", "2")
    assert entries.clinical_date == (parse_span("2026-01-02T09:00:00Z") or (0, 0))[0]


def test_a_resource_without_a_patient_is_in_no_compartment() -> None:
    focus = {"resourceType": "Observation", "id": "o", "focus": [{"reference": "Patient/1"}]}
    assert facts(focus).patients == ()
    assert facts({"resourceType": "Organization", "id": "o", "name": "X"}).patients == ()


def test_a_period_without_an_end_extends_to_the_end_of_time() -> None:
    entries = facts({"resourceType": "Encounter", "id": "e", "period": {"start": "2020"}})
    assert rows_of(entries.dates, "Encounter", "date") == [((parse_span("2020") or (0, 0))[0], END)]


def test_a_reference_to_another_server_is_indexed_as_a_url_and_adds_no_compartment() -> None:
    entries = facts(
        {"resourceType": "Condition", "id": "c", "subject": {"reference": "http://elsewhere.example/fhir/Patient/1"}}
    )
    assert entries.patients == ()
    assert entries.references == ()
    assert rows_of(entries.uris, "Condition", "subject") == [("http://elsewhere.example/fhir/Patient/1",)]


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
def test_deceased_is_indexed_for_a_flag_and_for_a_date(version: str, deceased: dict[str, Any], expected: str) -> None:
    entries = facts({"resourceType": "Patient", "id": "1", **deceased}, version)
    assert rows_of(entries.tokens, "Patient", "deceased", version) == [(None, expected)]


def test_tags_and_profiles_in_meta_are_indexed_for_every_type() -> None:
    entries = facts({"resourceType": "Slot", "id": "1", "meta": {"tag": [{"system": "s", "code": "t"}], "profile": ["p"]}})
    assert rows_of(entries.tokens, "Slot", "_tag") == [("s", "t")]
    assert rows_of(entries.uris, "Slot", "_profile") == [("p",)]


def test_an_email_is_indexed_separately_from_a_telephone() -> None:
    telecom = [{"system": "email", "value": "a@b"}, {"system": "phone", "value": "1"}]
    for version in ("r4", "dstu2"):
        entries = facts({"resourceType": "Patient", "id": "1", "telecom": telecom}, version)
        assert rows_of(entries.tokens, "Patient", "email", version) == [("email", "a@b")]
        assert rows_of(entries.tokens, "Patient", "telecom", version) == [("email", "a@b"), ("phone", "1")]


@pytest.mark.parametrize("version", ["dstu2", "stu3"])
@pytest.mark.parametrize(
    ("length", "days"),
    [
        ({"value": 36, "code": "h", "unit": "hours"}, 1.5),
        ({"value": 2, "unit": "days"}, 2),
        ({"value": 90, "code": "min"}, 0.0625),
    ],
)
def test_the_length_of_an_encounter_is_indexed_in_days(version: str, length: dict[str, Any], days: float) -> None:
    entries = facts({"resourceType": "Encounter", "id": "1", "length": length}, version)
    assert rows_of(entries.numbers, "Encounter", "length", version) == [(days, days)]


def test_a_codeable_reference_is_indexed_as_a_concept_and_as_a_reference() -> None:
    body = {"concept": {"coding": [{"system": "s", "code": "c"}]}, "reference": {"reference": "Condition/1"}}
    type = "ClinicalUseDefinition"
    use: dict[str, Any] = {"resourceType": type, "id": "1", "indication": {"diseaseSymptomProcedure": body}}
    entries = facts(use, "r4b")
    assert rows_of(entries.tokens, type, "indication", "r4b") == [("s", "c")]
    assert rows_of(entries.references, type, "indication-reference", "r4b") == [("Condition", "1")]
    others: tuple[dict[str, Any], ...] = ({}, {"concept": "x", "reference": "x"}, {"concept": {}, "reference": {}})
    for odd in others:
        use["indication"] = {"diseaseSymptomProcedure": odd}
        assert facts(use, "r4b").tokens == facts(use, "r4b").references == ()


def test_a_string_token_ignores_case_and_an_identifier_does_not() -> None:
    """R4, 3.1.1.4.10: a string token matches in any case. The rule for other tokens is unclear; here, case matters."""
    definition = {"resourceType": "CodeSystem", "id": "1", "version": "1.0-RC1", "identifier": [{"value": "RC"}]}
    entries = facts(definition)
    assert rows_of(entries.tokens, "CodeSystem", "version") == [(None, "1.0-rc1")]
    assert rows_of(entries.tokens, "CodeSystem", "identifier") == [(None, "RC")]


@pytest.mark.parametrize("version", ["r4", "dstu2"])
def test_an_example_with_a_patient_parameter_is_in_the_compartment_of_that_patient(version: str, shared: Path) -> None:
    for resource in examples(shared, version):
        parameter = find(version, resource["resourceType"], "patient") if resource["resourceType"] != "Patient" else None
        entries = facts(resource, version)
        if parameter is not None and resource["resourceType"] not in OUTSIDE:
            named = {row[2] for row in entries.references if row[0] == parameter.number and row[1] == "Patient"}
            assert named <= set(entries.patients), resource["resourceType"]


OUTSIDE = {"Contract", "GuidanceResponse", "Task"}
"""Types that have a patient but are in no Patient compartment, according to the definitions."""

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


def mutate(value: Any, dice: random.Random) -> Any:
    if dice.random() < 0.15:
        return copy.deepcopy(dice.choice(WRONG))
    if isinstance(value, dict):
        return {key: mutate(inner, dice) for key, inner in value.items() if dice.random() > 0.05}
    return [mutate(inner, dice) for inner in value] if isinstance(value, list) else value


@settings(max_examples=laws.examples(300), suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(version=st.sampled_from(["r4", "dstu2"]), position=st.integers(0, 10_000), seed=st.integers(0, 2**32))
def test_no_mutation_of_an_example_makes_extraction_raise(shared: Path, version: str, position: int, seed: int) -> None:
    resources = examples(shared, version)
    original = resources[position % len(resources)]
    dice = random.Random(seed)
    body = {key: value if key == "resourceType" else mutate(value, dice) for key, value in original.items()}
    entries = facts(body, version)
    assert all(low < high for _, low, high in entries.dates)
    assert all(low <= high for _, low, high in entries.numbers)
    assert all(len(text) <= 120 for _, text, _ in entries.strings)


def test_an_invalid_resource_has_no_index_entries() -> None:
    assert facts({}) == IndexEntries()
    assert facts({"resourceType": ["Patient"]}) == IndexEntries()
    assert facts({"resourceType": "Nonsense", "id": "1"}) == IndexEntries()


def test_members_that_no_version_defines_change_nothing_and_are_not_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    """What to do with a resource is remembered by its members, and those of strangers could fill the memory."""
    patient = {"resourceType": "Patient", "id": "1", "name": [{"family": "Lee"}], "maritalStatus": {"text": "Alone"}}
    known = facts(patient)
    monkeypatch.setattr(index, "_cached_plan", None)
    assert facts({**patient, "x" * 100: {"text": "more"}}) == known != IndexEntries()


def test_a_reference_counts_for_each_parameter_that_is_about_its_target() -> None:
    subjects = ["Patient/1", "Group/1", "#p", "http://other.example/Patient/1"]
    contained = [{"resourceType": "Patient", "id": "p"}]
    entries = [
        facts({"resourceType": "Observation", "id": "1", "contained": contained, "subject": {"reference": subject}})
        for subject in subjects
    ]
    numbers = number("Observation", "patient"), number("Observation", "subject")
    found = [{row[0] for row in (*entry.references, *entry.uris, *entry.tokens)} for entry in entries]
    assert found == [{*numbers}, {numbers[1]}, {code + PRESENT for code in numbers}, {*numbers}]


def test_the_combinations_of_a_composite_are_limited() -> None:
    """Each code is combined with each value, so a body of 8 MB would produce billions."""
    many = {"coding": [{"code": str(number)} for number in range(300)]}
    entries = extract_entries(
        "r4", {"resourceType": "Observation", "id": "x", "code": many, "valueCodeableConcept": many}, "http://a/r4"
    )
    assert len(entries.composites) == MAXIMUM_COMBINATIONS


def sequence(codes: list[str], variants: list[dict[str, Any]]) -> dict[str, Any]:
    reference = {"referenceSeqId": {"coding": [{"code": code} for code in codes]}}
    return {"resourceType": "MolecularSequence", "coordinateSystem": 1, "referenceSeq": reference, "variant": variants}


GROWING: dict[str, Callable[[int], dict[str, Any]]] = {
    "codes": lambda many: {"resourceType": "Observation", "code": {"coding": [{"code": str(n)} for n in range(many)]}},
    "combinations": lambda many: sequence([*map(str, range(many))], [{"start": n, "end": n + 1} for n in range(many)]),
    "equal combinations": lambda many: sequence(["a"] * many, [{"start": 1, "end": 2}] * many),
    "nothing to combine": lambda many: sequence([*map(str, range(many))], [{"start": "x"}] * many),
}
"""Resources with so many codes, and with so many elements that are combined with each of them."""


@pytest.mark.parametrize("name", GROWING)
def test_the_steps_grow_no_faster_than_the_resource(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(composites, "MAXIMUM_COMBINATIONS", 100)
    count_steps(GROWING[name](1))
    once, twice = count_steps(GROWING[name](100)), count_steps(GROWING[name](200))
    assert once < twice < 2.1 * once


def count_steps(resource: dict[str, Any]) -> int:
    """The number of Python function calls and lines that extracting takes."""
    count = 0

    def trace(frame: FrameType, event: str, argument: object) -> Any:
        nonlocal count
        count += 1
        return trace

    previous = sys.gettrace()
    sys.settrace(trace)
    try:
        extract_entries("r4", resource, BASE)
    finally:
        sys.settrace(previous)
    return count
