"""_summary and _elements."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from tests.fhir.test_bundle import BODIES

from sickbay.fhir.definitions import table
from sickbay.fhir.members import joined, members
from sickbay.fhir.search.parameters import resource_types
from sickbay.fhir.subset import subset
from sickbay.fhir.versions import VERSIONS

OBSERVATION = (
    b'{"resourceType":"Observation","id":"1","meta":{"versionId":"3","tag":[{"code":"x"}]},"text":{"div":"<div>}</div>"},'
    b'"status":"final","code":{"text":"c"},"valueQuantity":{"value":1.00},"_status":{"id":"s"},"note":[{"text":"n"}]}'
)


def cut(summary: str | None, elements: tuple[str, ...] = (), version: str = "r4") -> dict[str, Any]:
    return dict(json.loads(subset(version, "Observation", OBSERVATION, summary, elements)))


@given(BODIES.filter(lambda one: "" not in one))
def test_the_members_of_an_object_make_the_object_again(body: dict[str, object]) -> None:
    for text in (json.dumps(body), json.dumps(body, indent=1, ensure_ascii=False)):
        held = members(text.encode())
        assert json.loads(joined(held)) == body
        assert [json.loads(value) for _, value in held] == list(body.values())


def test_without_a_wish_the_body_stays_as_it_is() -> None:
    assert subset("r4", "Observation", OBSERVATION, None) is OBSERVATION


def test_elements_come_with_those_that_must_be_there() -> None:
    found = subset("r4", "Observation", OBSERVATION, None, ("value",))
    assert set(json.loads(found)) == {"resourceType", "id", "meta", "status", "_status", "code", "valueQuantity"}
    assert b"1.00" in found


@pytest.mark.parametrize(
    ("summary", "gone"), [("data", {"text"}), ("text", {"valueQuantity", "note"}), ("true", {"text", "note"})]
)
def test_a_summary_leaves_out(summary: str, gone: set[str]) -> None:
    found = cut(summary)
    assert not gone & set(found)
    assert {"resourceType", "id", "status", "code"} <= set(found)


def test_a_part_is_tagged_and_keeps_its_other_tags() -> None:
    tags = cut("data")["meta"]["tag"]
    assert [one["code"] for one in tags] == ["x", "SUBSETTED"]
    assert cut("data", version="dstu2")["meta"]["tag"][1]["system"] == "http://hl7.org/fhir/v3/ObservationValue"


@pytest.mark.parametrize(
    ("version", "type", "kept", "gone"),
    [
        ("dstu2", "Patient", "animal name telecom deceasedBoolean", "contact photo text maritalStatus"),
        ("dstu2", "Encounter", "patient type reason episodeOfCare", "hospitalization period location"),
        ("dstu2", "Observation", "subject related performer", "encounter referenceRange comments"),
        ("stu3", "Patient", "animal link", "contact photo text maritalStatus"),
        ("stu3", "Encounter", "subject diagnosis", "hospitalization period location"),
        ("stu3", "MedicationRequest", "medicationReference intent groupIdentifier", "dosageInstruction note"),
        ("r4", "Encounter", "subject diagnosis", "hospitalization period location"),
    ],
)
def test_a_summary_is_what_the_definitions_of_its_own_version_mark(version: str, type: str, kept: str, gone: str) -> None:
    """Sampled from their pages: the elements with a sigma."""
    whole = {"resourceType": type} | {key: {} for key in (*kept.split(), *gone.split())}
    found = json.loads(subset(version, type, json.dumps(whole).encode(), "true"))
    assert found.keys() - {"resourceType", "meta"} == set(kept.split())


@pytest.mark.parametrize("version", VERSIONS)
def test_every_type_has_a_summary_of_elements_that_it_has(version: str) -> None:
    held = table(version, "summary")
    assert set(resource_types(version)) <= held.keys()
    for type in resource_types(version):
        assert {"id", "meta", "implicitRules"} <= set(held[type])
        assert all(f"{type}.{name}" in table(version, "elements") for name in held[type])
