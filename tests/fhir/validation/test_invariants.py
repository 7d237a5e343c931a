"""Invariants of FHIR core: each is checked in the versions that have it, and only there."""

from __future__ import annotations

from typing import Any

import pytest
from tests.fhir.minimal import minimal

from sickbay.fhir.validation.invariants import EVERYWHERE
from sickbay.fhir.validation.validator import validate

ALL = ("dstu2", "stu3", "r4", "r4b", "r5")
CODE = {"coding": [{"system": "urn:x", "code": "1"}]}
ERROR = {"coding": [{"system": "urn:x", "code": "entered-in-error"}]}
ENDED = {"coding": [{"system": "urn:x", "code": "resolved"}]}
PATIENT = {"reference": "Patient/1"}
WHOLE = {"contained": [{"resourceType": "Organization", "id": "o", "name": "x"}]}
WITH = WHOLE | {"managingOrganization": {"reference": "#o"}}
ASKED = {"request": {"method": "GET", "url": "x"}}
TOLD = {"response": {"status": "200"}}
BASIC = {"resource": {"resourceType": "Patient", "id": "x"}}

SINCE_R4 = ("r4", "r4b", "r5")
DOCUMENT = {
    "type": "document",
    "identifier": {"system": "urn:x", "value": "1"},
    "timestamp": "2026-01-01T10:00:00Z",
    "entry": [{"resource": minimal("r4", "Composition"), "fullUrl": "urn:uuid:1"}],
}

BROKEN: list[tuple[str, str, dict[str, Any], dict[str, Any], tuple[str, ...]]] = [
    # key, type, a change that violates it, one that doesn't, the versions that have it
    ("dom-3", "Patient", WHOLE, WITH, ALL),
    (
        "dom-3",
        "Patient",
        WHOLE,
        {"contained": [{"resourceType": "Organization", "id": "o", "name": "x", "partOf": {"reference": "#"}}]},
        ALL,
    ),
    (
        "dom-4",
        "Patient",
        WITH | {"contained": [WHOLE["contained"][0] | {"meta": {"versionId": "1"}}]},
        WITH | {"contained": [WHOLE["contained"][0] | {"meta": {"profile": ["urn:x"]}}]},
        ALL,
    ),
    (
        "dom-5",
        "Patient",
        WITH | {"contained": [WHOLE["contained"][0] | {"meta": {"security": [{"code": "R"}]}}]},
        WITH | {"contained": [WHOLE["contained"][0] | {"meta": {"tag": [{"code": "R"}]}}]},
        ("r4", "r4b", "r5"),
    ),
    ("obs-3", "Observation", {"referenceRange": [{"age": {"low": {"value": 1}}}]}, {"referenceRange": [{"text": "x"}]}, ALL),
    (
        "obs-7",
        "Observation",
        {"code": CODE, "valueString": "x", "component": [{"code": CODE, "valueString": "y"}]},
        {"code": CODE, "component": [{"code": CODE, "valueString": "y"}]},
        ("stu3", "r4", "r4b", "r5"),
    ),
    (
        "obs-7",
        "Observation",
        {"code": CODE, "valueString": "x", "component": [{"code": CODE, "valueString": "y"}]},
        {"code": CODE, "valueString": "x", "component": [{"code": ENDED, "valueString": "y"}]},
        ("stu3", "r4", "r4b", "r5"),
    ),
    ("org-1", "Organization", {"name": None}, {"identifier": [{"value": "x"}]}, ALL),
    (
        "con-4",
        "Condition",
        {"subject": PATIENT, "clinicalStatus": CODE, "abatementString": "x"},
        {"subject": PATIENT, "clinicalStatus": ENDED, "abatementString": "x"},
        ("r4", "r4b"),
    ),
    (
        "con-5",
        "Condition",
        {"subject": PATIENT, "clinicalStatus": CODE, "verificationStatus": ERROR},
        {"subject": PATIENT, "clinicalStatus": CODE, "verificationStatus": CODE},
        ("r4", "r4b"),
    ),
    (
        "ait-1",
        "AllergyIntolerance",
        {"patient": PATIENT, "verificationStatus": CODE, "clinicalStatus": None},
        {"patient": PATIENT, "verificationStatus": ERROR, "clinicalStatus": None},
        ("r4", "r4b"),
    ),
    (
        "ait-2",
        "AllergyIntolerance",
        {"patient": PATIENT, "verificationStatus": ERROR, "clinicalStatus": CODE},
        {"patient": PATIENT, "verificationStatus": CODE, "clinicalStatus": CODE},
        ("r4", "r4b"),
    ),
    ("prr-1", "ServiceRequest", {"orderDetail": [CODE]}, {"orderDetail": [CODE], "code": CODE}, ("r4", "r4b")),
    (
        "grp-1",
        "Group",
        {"actual": False, "member": [{"entity": PATIENT}]},
        {"actual": True, "member": [{"entity": PATIENT}]},
        ("dstu2", "stu3", "r4", "r4b"),
    ),
    ("app-1", "Appointment", {"participant": [{"status": "accepted"}]}, {}, ALL),
    (
        "app-2",
        "Appointment",
        {"start": "2026-01-01T10:00:00Z"},
        {"start": "2026-01-01T10:00:00Z", "end": "2026-01-01T10:10:00Z"},
        ALL,
    ),
    ("app-3", "Appointment", {"status": "booked"}, {"status": "cancelled"}, ALL),
    ("bdl-9", "Bundle", DOCUMENT | {"identifier": {"value": "1"}}, DOCUMENT, SINCE_R4),
    ("bdl-10", "Bundle", DOCUMENT | {"timestamp": None}, DOCUMENT, SINCE_R4),
    ("bdl-11", "Bundle", DOCUMENT | {"entry": [BASIC]}, DOCUMENT, SINCE_R4),
    ("bdl-11", "Bundle", DOCUMENT | {"entry": None}, DOCUMENT, SINCE_R4),
    ("bdl-12", "Bundle", {"type": "message", "entry": [BASIC]}, {"type": "collection", "entry": [BASIC]}, SINCE_R4),
    ("bdl-1", "Bundle", {"type": "collection", "total": 1}, {"type": "searchset", "total": 1}, ALL),
    (
        "bdl-2",
        "Bundle",
        {"type": "collection", "entry": [BASIC | {"search": {"mode": "match"}}]},
        {"type": "searchset", "entry": [BASIC | {"search": {"mode": "match"}}]},
        ALL,
    ),
    ("bdl-3", "Bundle", {"type": "collection", "entry": [BASIC | ASKED]}, {"type": "batch", "entry": [BASIC | ASKED]}, ALL),
    (
        "bdl-3",
        "Bundle",
        {"type": "transaction", "entry": [BASIC]},
        {"type": "collection", "entry": [BASIC]},
        ("r4", "r4b", "r5"),
    ),
    (
        "bdl-4",
        "Bundle",
        {"type": "collection", "entry": [BASIC | TOLD]},
        {"type": "batch-response", "entry": [BASIC | TOLD]},
        ALL,
    ),
    ("bdl-5", "Bundle", {"type": "collection", "entry": [{"fullUrl": "urn:x"}]}, {"type": "collection", "entry": [BASIC]}, ALL),
    (
        "cpl-3",
        "CarePlan",
        {"activity": [{"reference": {"reference": "Appointment/1"}, "detail": {}}]},
        {"activity": [{"reference": {"reference": "Appointment/1"}}]},
        ("dstu2", "stu3", "r4", "r4b"),
    ),
    (
        "cmp-1",
        "Composition",
        {"section": [{"title": "x"}]},
        {"section": [{"title": "x", "entry": [PATIENT]}]},
        ("dstu2", "stu3", "r4", "r4b", "r5"),
    ),
    (
        "cmp-2",
        "Composition",
        {"section": [{"emptyReason": CODE, "entry": [PATIENT]}]},
        {"section": [{"entry": [PATIENT]}]},
        ALL,
    ),
    ("lst-1", "List", {"emptyReason": CODE, "entry": [{"item": PATIENT}]}, {"emptyReason": CODE}, ALL),
    (
        "tim-1",
        "MedicationRequest",
        {"dosageInstruction": [{"timing": {"repeat": {"duration": 1}}}]},
        {"dosageInstruction": [{"timing": {"repeat": {"duration": 1, "durationUnit": "h"}}}]},
        ("stu3", "r4", "r4b", "r5"),
    ),
    (
        "tim-2",
        "MedicationOrder",
        {"dosageInstruction": [{"timing": {"repeat": {"period": 1}}}]},
        {"dosageInstruction": [{"timing": {"repeat": {"period": 1, "periodUnits": "h"}}}]},
        ("dstu2",),
    ),
]


def violate(version: str, type: str, change: dict[str, Any]) -> set[str]:
    whole = {key: value for key, value in {**minimal(version, type), **change}.items() if value is not None}
    issues = validate(version, whole)
    return {issue.text.partition("violates ")[2].partition(":")[0] for issue in issues if issue.code == "invariant"}


@pytest.mark.parametrize(("key", "type", "wrong", "right", "versions"), BROKEN, ids=lambda value: str(value)[:40])
def test_a_violated_invariant_is_reported_in_the_versions_that_have_it(
    key: str, type: str, wrong: dict[str, Any], right: dict[str, Any], versions: tuple[str, ...]
) -> None:
    for version in versions:
        assert key in violate(version, type, wrong), version
        assert key not in violate(version, type, right), version
    for version in set(ALL) - set(versions):
        if key not in ("tim-1", "tim-2", "prr-1"):  # the types of these are not in every version
            assert key not in violate(version, type, wrong), version


@pytest.mark.parametrize("value", [None, 1, "x", [], [1], {}, {"coding": 1}, {"coding": [1, {"code": 2}]}, [{"code": []}]])
def test_an_invariant_can_be_checked_on_any_value(value: Any) -> None:
    names = (
        "component",
        "code",
        "entry",
        "verificationStatus",
        "clinicalStatus",
        "low",
        "high",
        "value",
        "type",
        "start",
        "end",
    )
    for invariants in EVERYWHERE.values():
        for invariant in invariants:
            assert invariant.holds(dict.fromkeys(names, value)) in (True, False)
