"""Validation: published examples are valid, with known exceptions, and each kind of issue is reported with its path."""

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
    # Published examples that violate their own definitions: (version, resource), part of the message.
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
"""203 organizations of the paired set in DSTU2, as its SOURCE.md explains."""


def lines(file: Path, most: int) -> list[Any]:
    with gzip.open(file, "rb") as opened:
        return [lossless_json.loads(line) for line, _ in zip(opened, range(most), strict=False)]


@pytest.mark.parametrize("version", ["r4", "stu3", "dstu2"])
def test_every_published_example_is_valid_or_explained(version: str, shared: Path) -> None:
    rejected = {}
    for file in sorted((shared / "data" / f"examples-{version}").glob("*.ndjson.gz")):
        for resource in lines(file, 10_000):
            issues = validate(version, resource)
            if issues:
                rejected[version, f"{resource['resourceType']}/{resource['id']}"] = issues
    assert set(rejected) == {key for key in EXPLAINED if key[0] == version}
    for key, issues in rejected.items():
        assert any(EXPLAINED[key] in issue.text for issue in issues), (key, issues)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_minimal_resource_of_every_type_is_valid_and_without_an_element_it_is_not(version: str) -> None:
    for type in resource_types(version):
        least = minimal(version, type)
        assert validate(version, least) == [], type
        for key in least.keys() - {"resourceType"}:
            issues = validate(version, {name: value for name, value in least.items() if name != key})
            assert any(issue.code in ("required", "invariant") for issue in issues), (type, key)
        assert [issue.expression for issue in validate(version, least | {"nonsense": 1})] == [f"{type}.nonsense"]


@pytest.mark.parametrize("version", ["r4", "stu3", "dstu2"])
def test_the_paired_patients_are_valid_except_for_a_known_issue(version: str, shared: Path) -> None:
    for file in sorted((shared / "data" / "paired" / version).glob("*.ndjson.gz")):
        for resource in lines(file, 120):
            issues = [issue for issue in validate(version, resource) if not issue.text.startswith(SPACE)]
            assert not issues, (file.name, resource["id"], issues)


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
    # a change, then the path, the code and part of the text of the issue
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


def test_a_valid_resource_has_no_issues() -> None:
    assert validate("r4", PATIENT, "http://localhost:7425/general/r4") == []


@pytest.mark.parametrize(("change", "place", "code", "word"), FAULTS, ids=lambda value: str(value)[:40])
def test_an_issue_is_reported_with_its_path_and_code_and_the_expected_form(
    change: dict[str, Any], place: str, code: str, word: str
) -> None:
    issues = validate("r4", copy.deepcopy(PATIENT) | change)
    matching = [issue for issue in issues if issue.expression == place]
    assert matching, issues
    assert matching[0].code == code
    assert word in matching[0].text


def test_an_absolute_reference_on_the_base_is_checked_like_a_relative_one() -> None:
    base = "http://localhost:7425/general/r4"

    def issues(text: str, base: str = base, *, searches: bool = False) -> list[str]:
        changed = PATIENT | {"generalPractitioner": [{"reference": text}]}
        return [issue.text for issue in validate("r4", changed, base, searches=searches)]

    for good in (
        "Practitioner/1",
        "Practitioner/1/_history/2",
        f"{base}/Practitioner/1",
        f"{base}/Practitioner/1/_history/2",
    ):
        assert issues(good) == []
    for bad in (
        f"{base}/Practitioner",
        f"{base}/Practitioner/1/2",
        f"{base}/Practitioner?name=x",
        f"{base}/Nonsense/1",
    ):
        assert len(issues(bad)) == 1
        assert issues(bad, base="") == issues(bad.replace("localhost", "elsewhere")) == []
    assert issues("Practitioner?identifier=urn:x|1", searches=True) == []
    assert len(issues("Patient?identifier=urn:x|1", searches=True)) == 1


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
def test_a_reference_must_agree_with_its_type_element(version: str, reference: dict[str, Any], agrees: bool) -> None:
    issues = validate(version, {"resourceType": "Patient", "id": "1", "generalPractitioner": [reference]})
    assert [issue.expression for issue in issues] == ([] if agrees else ["Patient.generalPractitioner[0].type"])


def test_a_message_with_a_question_ends_with_a_question_mark() -> None:
    (issue,) = validate("r4", {"resourceType": "Patient", "id": "1", "brithDate": "2000"})
    assert issue.text.endswith("did you mean birthDate?")


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
def test_a_narrative_must_not_run_or_load_anything(script: str) -> None:
    div = f'<div xmlns="http://www.w3.org/1999/xhtml">{script}</div>'
    changed = PATIENT | {"text": {"status": "generated", "div": div}}
    assert [issue.expression for issue in validate("r4", changed)] == ["Patient.text.div"]


def test_checking_a_style_takes_time_proportional_to_its_length() -> None:
    style = "background: url(" + " " * 200_000 + "x)"
    div = f'<div xmlns="http://www.w3.org/1999/xhtml"><p style="{style}">y</p></div>'
    assert not validate("r4", OBSERVATION | {"text": {"status": "generated", "div": div}})


def test_a_narrative_must_not_declare_entities() -> None:
    bomb = '<!DOCTYPE div [<!ENTITY a "aaaa">]><div xmlns="http://www.w3.org/1999/xhtml">&a;</div>'
    changed = PATIENT | {"text": {"status": "generated", "div": bomb}}
    assert "document type" in validate("r4", changed)[0].text


def test_all_issues_are_reported_at_once() -> None:
    changed = OBSERVATION | {
        "status": "ready",
        "code": None,
        "subject": {"reference": "Practitioner/1"},
        "valeString": "x",
    }
    assert {issue.expression for issue in validate("r4", changed)} == {
        "Observation.status",
        "Observation.code",
        "Observation.subject.reference",
        "Observation.valeString",
    }


def test_a_data_absent_reason_is_not_allowed_together_with_a_value() -> None:
    both = OBSERVATION | {"valueString": "x", "dataAbsentReason": {"text": "unknown"}}
    assert "obs-6" in validate("r4", both)[0].text


def test_an_invalid_code_is_reported_at_each_of_its_paths_even_if_cached() -> None:
    wrong = {"coding": [{"system": "no uri", "code": "c"}]}
    whole = minimal("r4", "Observation") | {"category": [wrong, {"text": "good"}, wrong]}
    for _ in range(2):
        expressions = [issue.expression for issue in validate("r4", whole)]
        assert expressions == [f"Observation.category[{at}].coding[0].system" for at in (0, 2)]


def test_a_reference_inside_a_code_is_checked_in_each_resource() -> None:
    code = {"text": "t", "extension": [{"url": "http://e", "valueReference": {"reference": "#a"}}]}
    whole = minimal("r4", "Observation") | {"code": code}
    contained = {"contained": [{"resourceType": "Patient", "id": "a"}]}
    for _ in range(2):
        assert validate("r4", whole | contained) == []
        assert [issue.code for issue in validate("r4", whole)] == ["not-found"]


def test_the_resource_type_is_not_allowed_inside_a_datatype() -> None:
    whole = minimal("r4", "Observation") | {"code": {"resourceType": "Observation", "text": "t"}}
    assert [issue.expression for issue in validate("r4", whole)] == ["Observation.code.resourceType"]


def test_a_value_that_is_not_a_resource_is_reported() -> None:
    others: tuple[Any, ...] = (None, [], "x", {}, {"resourceType": 1}, {"resourceType": "Pateint"})
    for value in others:
        (issue,) = validate("r4", value)
        assert issue.code == "structure"
    assert "did you mean Patient" in validate("r4", {"resourceType": "Pateint"})[0].text


def test_a_resource_that_is_nested_too_deep_is_refused() -> None:
    extension: dict[str, Any] = {"url": "http://x", "valueCode": "a"}
    for _ in range(200):
        extension = {"url": "http://x", "extension": [extension]}
    assert "nested deeper" in validate("r4", PATIENT | {"extension": [extension]})[0].text


@pytest.mark.parametrize(
    "many", [{"note": [{"txt": "x"} for _ in range(5 * LIMIT)]}, {f"unknown{number}": 1 for number in range(5 * LIMIT)}]
)
def test_validation_stops_after_so_many_issues_and_says_so(many: dict[str, Any]) -> None:
    issues = validate("r4", OBSERVATION | many)
    assert len(issues) == LIMIT + 1
    assert "stopped after 100 problems" in issues[-1].text


def test_an_unknown_element_with_a_long_name_is_quoted_only_in_part() -> None:
    (issue,) = validate("r4", OBSERVATION | {"x" * 10_000: 1})
    assert len(issue.expression) < 100


@pytest.mark.parametrize("number", ["1e400", "-1e400", "9" * 400, "1e300"])
def test_a_number_that_is_too_large_is_refused(number: str) -> None:
    observation = minimal("r4", "Observation") | {"valueQuantity": {"value": lossless_json.loads(number)}}
    assert [issue.expression for issue in validate("r4", observation)] == ["Observation.valueQuantity.value"]
    observation["valueQuantity"]["value"] = lossless_json.loads("9.99e299")
    assert validate("r4", observation) == []
