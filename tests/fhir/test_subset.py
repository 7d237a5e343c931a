"""Parts of a resource for _summary and _elements."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from tests.fhir.test_bundle import BODIES

from sickbay.fhir.definitions import load_table
from sickbay.fhir.members import join_members, split_members
from sickbay.fhir.search.parameters import resource_types
from sickbay.fhir.subset import make_subset
from sickbay.fhir.versions import VERSIONS

OBSERVATION = (
    b'{"resourceType":"Observation","id":"1","meta":{"versionId":"3","tag":[{"code":"x"}]},"text":{"div":"<div>}</div>"},'
    b'"status":"final","code":{"text":"c"},"valueQuantity":{"value":1.00},"_status":{"id":"s"},"note":[{"text":"n"}]}'
)


def cut(summary: str | None, elements: tuple[str, ...] = (), version: str = "r4") -> dict[str, Any]:
    return dict(json.loads(make_subset(version, "Observation", OBSERVATION, summary, elements)))


@given(BODIES.filter(lambda body: "" not in body))
def test_the_members_of_an_object_can_be_joined_to_the_same_object(body: dict[str, object]) -> None:
    for text in (json.dumps(body), json.dumps(body, indent=1, ensure_ascii=False)):
        pairs = split_members(text.encode())
        assert json.loads(join_members(pairs)) == body
        assert [json.loads(value) for _, value in pairs] == list(body.values())


def test_the_whole_body_is_returned_if_no_part_is_requested() -> None:
    assert make_subset("r4", "Observation", OBSERVATION, None) is OBSERVATION


def test_requested_elements_are_returned_with_the_mandatory_ones() -> None:
    part = make_subset("r4", "Observation", OBSERVATION, None, ("value",))
    assert set(json.loads(part)) == {"resourceType", "id", "meta", "status", "_status", "code", "valueQuantity"}
    assert b"1.00" in part


@pytest.mark.parametrize(
    ("summary", "gone"), [("data", {"text"}), ("text", {"valueQuantity", "note"}), ("true", {"text", "note"})]
)
def test_a_summary_omits_other_elements(summary: str, gone: set[str]) -> None:
    part = cut(summary)
    assert not gone & set(part)
    assert {"resourceType", "id", "status", "code"} <= set(part)


def test_a_part_is_tagged_and_keeps_its_other_tags() -> None:
    tags = cut("data")["meta"]["tag"]
    assert [tag["code"] for tag in tags] == ["x", "SUBSETTED"]
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
def test_a_summary_has_the_elements_that_the_definitions_of_its_version_mark(
    version: str, type: str, kept: str, gone: str
) -> None:
    """A sample from the published pages: the elements with a sigma."""
    whole: dict[str, Any] = {"resourceType": type} | {key: {} for key in (*kept.split(), *gone.split())}
    part = json.loads(make_subset(version, type, json.dumps(whole).encode(), "true"))
    assert part.keys() - {"resourceType", "meta"} == set(kept.split())


@pytest.mark.parametrize("version", VERSIONS)
def test_every_type_has_a_summary_of_existing_elements(version: str) -> None:
    summaries = load_table(version, "summary")
    assert set(resource_types(version)) <= summaries.keys()
    for type in resource_types(version):
        assert {"id", "meta", "implicitRules"} <= set(summaries[type])
        assert all(f"{type}.{name}" in load_table(version, "elements") for name in summaries[type])
