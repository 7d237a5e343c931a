"""Validation: the published examples pass but for what is explained here, and each kind of fault is told with its place."""

from __future__ import annotations

import copy
import gzip
from pathlib import Path
from typing import Any

import pytest
from tests.fhir.minimal import minimal

from sickbay.fhir import lossless_json
from sickbay.fhir.search.parameters import resource_types
from sickbay.fhir.validation.validator import LIMIT, validate
from sickbay.fhir.versions import VERSIONS

EXPLAINED = {
    # The published examples break their own definitions; (version, resource, a word of what is said).
    ("r4", "Questionnaire/qs1"): "linkId is required",
    ("r4", "ActivityDefinition/blood-tubes-supply"): "txt-2",
    ("r4", "EventDefinition/example"): "txt-2",
    ("r4", "Questionnaire/zika-virus-exposure-assessment"): "txt-2",
    ("r4", "DeviceMetric/example"): "must refer to Device, not to DeviceDefinition",
    ("r4", "DeviceUseStatement/example"): "must refer to Condition",
    ("r4", "ImplementationGuide/fhir"): "is required",
    ("r4", "MedicationRequest/medrx0301"): "must refer to Organization, not to Practitioner",
    ("r4", "Observation/clinical-gender"): "must refer to CareTeam",
    ("stu3", "ActivityDefinition/heart-valve-replacement"): "txt-2",
    ("stu3", "Questionnaire/zika-virus-exposure-assessment"): "txt-2",
    ("stu3", "DiagnosticReport/report"): "must be Type/id",
    ("stu3", "ImplementationGuide/fhir"): "is required",
    ("stu3", "Questionnaire/qs1"): "linkId is required",
    ("dstu2", "Bundle/types"): "must be a URI without spaces",
    ("dstu2", "ImplementationGuide/fhir"): "ImplementationGuide",
    ("dstu2", "List/prognosis"): "refers to #1, but there is no such contained resource",
    ("dstu2", "QuestionnaireResponse/3141"): "dom-3",
}
SPACE = "Organization.type.coding[0].system must be a URI"
"""203 organizations of the paired set in DSTU2: their SOURCE.md says so."""


def lines(file: Path, most: int) -> list[Any]:
    with gzip.open(file, "rb") as opened:
        return [lossless_json.loads(line) for line, _ in zip(opened, range(most), strict=False)]


@pytest.mark.parametrize("version", ["r4", "stu3", "dstu2"])
def test_every_published_example_is_valid_or_explained(version: str, shared: Path) -> None:
    rejected = {}
    for file in sorted((shared / "data" / f"examples-{version}").glob("*.ndjson.gz")):
        for resource in lines(file, 10_000):
            found = validate(version, resource)
            if found:
                rejected[version, f"{resource['resourceType']}/{resource['id']}"] = found
    assert set(rejected) == {key for key in EXPLAINED if key[0] == version}
    for key, found in rejected.items():
        assert any(EXPLAINED[key] in one.text for one in found), (key, found)


@pytest.mark.parametrize("version", VERSIONS)
def test_of_every_type_the_least_is_valid_and_less_is_not(version: str) -> None:
    for type in resource_types(version):
        least = minimal(version, type)
        assert validate(version, least) == [], type
        for key in least.keys() - {"resourceType"}:
            found = validate(version, {name: value for name, value in least.items() if name != key})
            assert any(one.code in ("required", "invariant") for one in found), (type, key)
        assert [one.expression for one in validate(version, least | {"nonsense": 1})] == [f"{type}.nonsense"]


@pytest.mark.parametrize("version", ["r4", "stu3", "dstu2"])
def test_the_paired_patients_are_valid_but_for_the_fault_that_is_known(version: str, shared: Path) -> None:
    for file in sorted((shared / "data" / "paired" / version).glob("*.ndjson.gz")):
        for resource in lines(file, 120):
            found = [one for one in validate(version, resource) if not one.text.startswith(SPACE)]
            assert not found, (file.name, resource["id"], found)


PATIENT: dict[str, Any] = {
    "resourceType": "Patient",
    "id": "p-1",
    "text": {"status": "generated", "div": '<div xmlns="http://www.w3.org/1999/xhtml">Ada &nbsp; Byron</div>'},
    "contained": [{"resourceType": "Organization", "id": "o", "name": "Home"}],
    "extension": [{"url": "http://x/y", "valueDecimal": 1.5}],
    "active": True,
    "name": [
        {"family": "Byron", "given": ["Ada", None], "_given": [None, {"extension": [{"url": "http://x", "valueCode": "a"}]}]},
    ],
    "gender": "female",
    "birthDate": "1815-12",
    "_birthDate": {"extension": [{"url": "http://x/t", "valueDateTime": "1815-12-10T10:00:00Z"}]},
    "deceasedBoolean": True,
    "managingOrganization": {"reference": "#o"},
    "generalPractitioner": [{"reference": "http://localhost:7425/general/r4/Practitioner/1"}],
    "contact": [{"name": {"text": "Annabella"}}],
}
OBSERVATION: dict[str, Any] = {
    "resourceType": "Observation",
    "status": "final",
    "code": {"text": "x"},
    "subject": {"reference": "Patient/p-1"},
}
OF_O = {"reference": "#o"}

FAULTS: list[tuple[dict[str, Any], str, str, str]] = [
    # what is changed, then place, code and a word of the text
    ({"gender": "woman"}, "Patient.gender", "code-invalid", "female, male"),
    ({"birthDate": "10.12.1815"}, "Patient.birthDate", "value", "YYYY"),
    ({"birthDate": "1815-02-30"}, "Patient.birthDate", "value", "no such day"),
    ({"birthDate": "0000"}, "Patient.birthDate", "value", "YYYY"),
    ({"active": "true"}, "Patient.active", "value", "without quotation marks"),
    ({"active": [True]}, "Patient.active", "value", "true or false"),
    ({"name": {"family": "Byron"}}, "Patient.name", "structure", "list"),
    ({"name": []}, "Patient.name", "structure", "empty list"),
    ({"name": [{}]}, "Patient.name[0]", "structure", "empty"),
    ({"name": [{"family": ""}]}, "Patient.name[0].family", "value", "empty"),
    ({"name": [{"family": None}]}, "Patient.name[0].family", "value", "string"),
    ({"name": [{"given": ["Ada", None]}]}, "Patient.name[0].given[1]", "value", "string"),
    ({"name": [{"given": ["A\u0000"]}]}, "Patient.name[0].given[0]", "value", "control"),
    ({"nmae": [{"family": "x"}]}, "Patient.nmae", "structure", "did you mean name"),
    ({"_contact": {}}, "Patient._contact", "structure", "not an element"),
    ({"_birthDate": {"valueCode": "x"}}, "Patient.birthDate.valueCode", "structure", "not an element"),
    ({"deceasedDateTime": "1852-11-27"}, "Patient.deceased", "structure", "both deceasedBoolean and deceasedDateTime"),
    ({"link": [{"type": "refer"}]}, "Patient.link[0].other", "required", "required"),
    ({"managingOrganization": {"reference": "#p"}}, "Patient.managingOrganization.reference", "not-found", "ref-1"),
    (
        {"managingOrganization": {"reference": "Patient/1"}},
        "Patient.managingOrganization.reference",
        "value",
        "Organization, not to Patient",
    ),
    ({"managingOrganization": {"reference": "42"}}, "Patient.managingOrganization.reference", "value", "Type/id"),
    *(
        ({"managingOrganization": {"reference": text}}, "Patient.managingOrganization.reference", "value", "Type/id")
        for text in ("Organization", "Organization/", "Organization/a b", "Organization/1/x", "Organization/1/_history")
    ),
    *(
        ({"managingOrganization": {"reference": text}}, "Patient.managingOrganization.reference", "value", "a transaction")
        for text in ("Organization?identifier=1", "Organization?identifier=urn:x|1")
    ),
    (
        {"generalPractitioner": [{"reference": "#o"}], "contained": [{"resourceType": "Patient", "id": "o"}]},
        "Patient.generalPractitioner[0].reference",
        "value",
        "is a Patient",
    ),
    ({"contained": [{"resourceType": "Organization"}]}, "Patient.contained[0]", "structure", "needs an id"),
    ({"contained": [{"resourceType": "Nonsense", "id": "o"}]}, "Patient.contained[0]", "structure", "of a type"),
    (
        {"contained": [{"resourceType": "Organization", "id": "o", "contained": [{}]}]},
        "Patient.contained[0].contained",
        "structure",
        "dom-2",
    ),
    ({"extension": [{"url": "http://x"}]}, "Patient.extension[0]", "invariant", "ext-1"),
    ({"contact": [{"gender": "male"}]}, "Patient.contact[0]", "invariant", "pat-1"),
    ({"telecom": [{"value": "1"}]}, "Patient.telecom[0]", "invariant", "cpt-2"),
    (
        {"identifier": [{"period": {"start": "2020-02-01", "end": "2020-01"}}]},
        "Patient.identifier[0].period",
        "invariant",
        "per-1",
    ),
    ({"multipleBirthInteger": 2.5}, "Patient.multipleBirthInteger", "value", "whole"),
    ({"multipleBirthInteger": True}, "Patient.multipleBirthInteger", "value", "whole"),
    ({"photo": [{"contentType": "image/png", "data": "***"}]}, "Patient.photo[0].data", "value", "base64"),
    ({"id": "p/1"}, "Patient.id", "value", "64"),
    ({"text": {"status": "generated", "div": "<div>x</div>"}}, "Patient.text.div", "value", "xmlns"),
]


def test_a_resource_with_everything_in_its_place_has_no_fault() -> None:
    assert validate("r4", PATIENT, "http://localhost:7425/general/r4") == []


@pytest.mark.parametrize(("change", "place", "code", "word"), FAULTS, ids=lambda one: str(one)[:40])
def test_one_fault_is_told_with_its_place_its_kind_and_what_would_be_right(
    change: dict[str, Any], place: str, code: str, word: str
) -> None:
    found = validate("r4", copy.deepcopy(PATIENT) | change)
    said = [one for one in found if one.expression == place]
    assert said, found
    assert said[0].code == code
    assert word in said[0].text


def test_a_reference_on_our_base_is_held_to_what_a_relative_one_is() -> None:
    base = "http://localhost:7425/general/r4"

    def told(text: str, base: str = base, *, searches: bool = False) -> list[str]:
        changed = PATIENT | {"generalPractitioner": [{"reference": text}]}
        return [one.text for one in validate("r4", changed, base, searches=searches)]

    for good in (
        "Practitioner/1",
        "Practitioner/1/_history/2",
        f"{base}/Practitioner/1",
        f"{base}/Practitioner/1/_history/2",
    ):
        assert told(good) == []
    for bad in (
        f"{base}/Practitioner",
        f"{base}/Practitioner/1/2",
        f"{base}/Practitioner?name=x",
        f"{base}/Nonsense/1",
    ):
        assert len(told(bad)) == 1
        assert told(bad, base="") == told(bad.replace("localhost", "elsewhere")) == []
    assert told("Practitioner?identifier=urn:x|1", searches=True) == []
    assert len(told("Patient?identifier=urn:x|1", searches=True)) == 1


@pytest.mark.parametrize("version", ["r4", "r4b", "r5"])
@pytest.mark.parametrize(
    ("reference", "agrees"),
    [
        ({"reference": "Organization/1", "type": "Practitioner"}, False),
        ({"reference": "Organization/1", "type": "Organization"}, True),
        ({"reference": "Organization/1", "type": "http://hl7.org/fhir/StructureDefinition/Organization"}, True),
        ({"reference": "http://elsewhere.example/x/1", "type": "Practitioner"}, True),
        ({"identifier": {"value": "1"}, "type": "Practitioner"}, True),
    ],
)
def test_a_reference_is_of_the_type_that_stands_beside_it(version: str, reference: dict[str, Any], agrees: bool) -> None:
    found = validate(version, {"resourceType": "Patient", "id": "1", "generalPractitioner": [reference]})
    assert [one.expression for one in found] == ([] if agrees else ["Patient.generalPractitioner[0].type"])


def test_a_question_ends_as_one() -> None:
    (found,) = validate("r4", {"resourceType": "Patient", "id": "1", "brithDate": "2000"})
    assert found.text.endswith("did you mean birthDate?")


@pytest.mark.parametrize(
    "script",
    [
        "<script>x</script>",
        '<b onclick="x()">y</b>',
        '<a href="javascript:x()">y</a>',
        '<a href=" JavaScript:x()">y</a>',
        '<p style="background: url(javascript:x())">y</p>',
        "<iframe/>x",
        '<img src="data:text/html,x"/>',
        "<svg/>x",
        "&undefined;",
        '<p xmlns="http://evil.example">x</p>',
        "<p>x",
        "   ",
        "<?php x ?>y",
        "<form>x</form>",
    ],
)
def test_a_narrative_runs_and_loads_nothing(script: str) -> None:
    div = f'<div xmlns="http://www.w3.org/1999/xhtml">{script}</div>'
    changed = PATIENT | {"text": {"status": "generated", "div": div}}
    assert [one.expression for one in validate("r4", changed)] == ["Patient.text.div"]


def test_a_style_is_looked_at_as_fast_as_it_is_long() -> None:
    style = "background: url(" + " " * 200_000 + "x)"
    div = f'<div xmlns="http://www.w3.org/1999/xhtml"><p style="{style}">y</p></div>'
    assert not validate("r4", OBSERVATION | {"text": {"status": "generated", "div": div}})


def test_a_narrative_declares_no_entities() -> None:
    bomb = '<!DOCTYPE div [<!ENTITY a "aaaa">]><div xmlns="http://www.w3.org/1999/xhtml">&a;</div>'
    changed = PATIENT | {"text": {"status": "generated", "div": bomb}}
    assert "document type" in validate("r4", changed)[0].text


def test_all_faults_are_told_at_once() -> None:
    changed = OBSERVATION | {
        "status": "ready",
        "code": None,
        "subject": {"reference": "Practitioner/1"},
        "valeString": "x",
    }
    assert {one.expression for one in validate("r4", changed)} == {
        "Observation.status",
        "Observation.code",
        "Observation.subject.reference",
        "Observation.valeString",
    }


def test_an_absent_value_stands_beside_no_value() -> None:
    both = OBSERVATION | {"valueString": "x", "dataAbsentReason": {"text": "unknown"}}
    assert "obs-6" in validate("r4", both)[0].text


def test_a_code_that_was_looked_at_before_is_told_at_each_of_its_places() -> None:
    wrong = {"coding": [{"system": "no uri", "code": "c"}]}
    whole = minimal("r4", "Observation") | {"category": [wrong, {"text": "good"}, wrong]}
    for _ in range(2):
        said = [one.expression for one in validate("r4", whole)]
        assert said == [f"Observation.category[{at}].coding[0].system" for at in (0, 2)]


def test_what_a_code_refers_to_is_looked_for_in_each_resource() -> None:
    code = {"text": "t", "extension": [{"url": "http://e", "valueReference": {"reference": "#a"}}]}
    whole = minimal("r4", "Observation") | {"code": code}
    held = {"contained": [{"resourceType": "Patient", "id": "a"}]}
    for _ in range(2):
        assert validate("r4", whole | held) == []
        assert [one.code for one in validate("r4", whole)] == ["not-found"]


def test_a_type_of_resource_is_no_element_of_anything_else() -> None:
    whole = minimal("r4", "Observation") | {"code": {"resourceType": "Observation", "text": "t"}}
    assert [one.expression for one in validate("r4", whole)] == ["Observation.code.resourceType"]


def test_what_is_no_resource_is_said_to_be_none() -> None:
    for value in (None, [], "x", {}, {"resourceType": 1}, {"resourceType": "Pateint"}):
        (found,) = validate("r4", value)
        assert found.code == "structure"
    assert "did you mean Patient" in validate("r4", {"resourceType": "Pateint"})[0].text


def test_what_is_nested_without_end_is_refused() -> None:
    extension: dict[str, Any] = {"url": "http://x", "valueCode": "a"}
    for _ in range(200):
        extension = {"url": "http://x", "extension": [extension]}
    assert "nested deeper" in validate("r4", PATIENT | {"extension": [extension]})[0].text


def test_a_list_of_faults_ends() -> None:
    many = OBSERVATION | {"note": [{"txt": "x"} for _ in range(5 * LIMIT)]}
    assert len(validate("r4", many)) == LIMIT


@pytest.mark.parametrize("number", ["1e400", "-1e400", "9" * 400, "1e300"])
def test_a_number_that_no_reader_holds_is_refused(number: str) -> None:
    observation = minimal("r4", "Observation") | {"valueQuantity": {"value": lossless_json.loads(number)}}
    assert [one.expression for one in validate("r4", observation)] == ["Observation.valueQuantity.value"]
    observation["valueQuantity"]["value"] = lossless_json.loads("9.99e299")
    assert validate("r4", observation) == []
