"""FHIRPath Patch and Merge Patch: changes and error messages."""

from __future__ import annotations

import contextlib
import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sickbay.fhir.patch.formats import NOTHING, find_read_path, read
from sickbay.fhir.patch.json_patch import PatchFailed
from sickbay.fhir.validation.validator import validate

PATIENT: dict[str, Any] = {
    "resourceType": "Patient",
    "id": "x",
    "active": True,
    "birthDate": "1980-01-01",
    "deceasedBoolean": False,
    "name": [{"use": "official", "family": "A", "given": ["One", "Two"]}, {"use": "nickname", "text": "B"}],
    "contact": [{"name": {"family": "C"}}],
}


def text(value: str) -> dict[str, str]:
    return {"valueString": value}


def operation(type: str, path: str, **more: Any) -> dict[str, Any]:
    parts: list[dict[str, Any]] = [{"name": "type", "valueCode": type}, {"name": "path", "valueString": path}]
    for name, value in more.items():
        parts.append(
            {"name": name, **value}
            if isinstance(value, dict)
            else {"name": name, "valueString": value}
            if isinstance(value, str)
            else {"name": name, "valueInteger": value}
        )
    return {"name": "operation", "part": parts}


def apply_patch(*operations: dict[str, Any], version: str = "r4", resource: dict[str, Any] = PATIENT) -> Any:
    body = json.dumps({"resourceType": "Parameters", "parameter": list(operations)})
    before = copy.deepcopy(resource)
    changed = read(version, body, "application/fhir+json")(resource)
    assert resource == before
    return changed


NAME = {
    "part": [
        {"name": "use", "valueCode": "old"},
        {"name": "given", "valueString": "G"},
        {"name": "given", "valueString": "H"},
    ]
}


@pytest.mark.parametrize(
    ("change", "path", "expected"),
    [
        (operation("add", "Patient", name="gender", value={"valueCode": "female"}), ["gender"], "female"),
        (operation("add", "Patient", name="name", value={"valueHumanName": {"text": "N"}}), ["name", 2], {"text": "N"}),
        (operation("add", "Patient", name="link", value=NAME), ["link", 0, "given"], ["G", "H"]),
        (operation("add", "Patient.name[1]", name="given", value=text("Q")), ["name", 1, "given"], ["Q"]),
        (operation("insert", "Patient.name[0].given", index=1, value=text("Q")), ["name", 0, "given"], ["One", "Q", "Two"]),
        (operation("replace", "Patient.birthDate", value={"valueDate": "1990-01-01"}), ["birthDate"], "1990-01-01"),
        (operation("replace", "Patient.deceased", value={"valueBoolean": True}), ["deceasedBoolean"], True),
        (operation("replace", "Patient.name.where(use = 'official').family", value=text("Z")), ["name", 0, "family"], "Z"),
        (
            operation("replace", "Patient.name.where(use='nickname' and text='B').text", value=text("Z")),
            ["name", 1, "text"],
            "Z",
        ),
        (operation("replace", "Patient.name.last().text", value=text("Z")), ["name", 1, "text"], "Z"),
        (operation("replace", "Patient.contact.first().name.family", value=text("Z")), ["contact", 0, "name", "family"], "Z"),
        (operation("delete", "Patient.name[0]"), ["name"], PATIENT["name"][1:]),
        (operation("delete", "Patient.gender"), ["gender"], None),
        (operation("delete", "Patient.contact.name.family"), ["contact"], None),
        (operation("replace", "Patient.deceased", value={"valueDateTime": "2020"}), ["deceasedDateTime"], "2020"),
        (operation("replace", "Patient.deceased", value={"valueDateTime": "2020"}), ["deceasedBoolean"], None),
        (operation("move", "Patient.name[0].given", source=1, destination=0), ["name", 0, "given"], ["Two", "One"]),
    ],
)
def test_a_fhirpath_patch_operation_changes_the_element_at_its_path(
    change: dict[str, Any], path: list[Any], expected: Any
) -> None:
    value = apply_patch(change)
    for step in path:
        value = value.get(step) if isinstance(value, dict) else value[step]
    assert value == expected


def test_the_extensions_of_a_primitive_are_moved_or_deleted_with_it() -> None:
    more = {"extension": [{"url": "urn:x", "valueCode": "y"}]}
    whole = {
        "resourceType": "Patient",
        "birthDate": "1990",
        "_birthDate": more,
        "deceasedBoolean": True,
        "_deceasedBoolean": more,
        "name": [{"given": ["A", "B"], "_given": [None, more]}],
    }

    def apply(change: dict[str, Any]) -> Any:
        return apply_patch(change, resource=whole)

    assert not {"birthDate", "_birthDate"} & set(apply(operation("delete", "Patient.birthDate")))
    assert apply(operation("delete", "Patient.name.given[0]"))["name"] == [{"given": ["B"], "_given": [more]}]
    changed = apply(operation("replace", "Patient.deceased", value={"valueDateTime": "2020"}))
    assert (changed["deceasedDateTime"], "_deceasedBoolean" in changed, changed["birthDate"]) == ("2020", False, "1990")
    same = apply(operation("replace", "Patient.deceased", value={"valueBoolean": False}))
    assert (same["deceasedBoolean"], same["_deceasedBoolean"]) == (False, more)


def test_a_patch_with_a_failing_operation_changes_nothing() -> None:
    with pytest.raises(PatchFailed, match="operation 1"):
        apply_patch(operation("delete", "Patient.active"), operation("replace", "Patient.gender", value={"valueCode": "male"}))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (operation("explode", "Patient.active"), "type of add"),
        (operation("replace", "Patient.active"), "lacks value"),
        (operation("replace", "Patient.name.given", value=text("x")), "matches 2"),
        (operation("replace", "Observation.status", value={"valueCode": "x"}), "begin with Patient"),
        (operation("replace", "Patient.name.exists()", value=text("x")), "not supported"),
        (operation("replace", "Patient.name.where(use ~ 'x')", value=text("x")), "not supported"),
        (operation("delete", "Patient"), "DELETE"),
        (operation("delete", "Patient.name"), "only one can be deleted"),
        (operation("add", "Patient", name="colour", value=text("x")), "no element colour"),
        (operation("add", "Patient", name="active", value={"valueBoolean": True}), "already exists"),
        (operation("add", "Patient", name="deceased", value={"valueDateTime": "2020"}), "already exists"),
        (operation("insert", "Patient.name", index=9, value={"valueHumanName": {}}), "index 9 is out of range"),
        (operation("insert", "Patient.active", index=0, value={"valueBoolean": True}), "exactly one list"),
        (operation("move", "Patient.name", source=0, destination=7), "there are 2"),
        (operation("move", "Patient.name", source="0", destination=1), "whole number"),
    ],
)
def test_an_operation_that_fails_explains_why(change: dict[str, Any], message: str) -> None:
    with pytest.raises(PatchFailed, match=message):
        apply_patch(change)


@pytest.mark.parametrize(
    "body", ['{"resourceType":"Parameters","parameter":[{"name":"x"}]}', '{"active":false}', "3", '"x"', "{", ""]
)
def test_a_body_in_no_patch_format_is_refused(body: str) -> None:
    with pytest.raises(PatchFailed):
        read("r4", body, "application/fhir+json")


def test_a_merge_patch_removes_members_that_are_null() -> None:
    change = {"active": None, "gender": "male", "maritalStatus": {"text": "x", "coding": None}}
    for kind in ("application/merge-patch+json", "application/json"):
        merged = read("r4", json.dumps(change), kind)(PATIENT)
        assert "active" not in merged
        assert (merged["gender"], merged["maritalStatus"], merged["name"]) == ("male", {"text": "x"}, PATIENT["name"])
    with pytest.raises(PatchFailed, match="its id differs"):
        read("r4", '{"id":"y"}', "application/merge-patch+json")(PATIENT)


@given(
    st.text("Patient.name[0]given()where='x\\ and=", max_size=40),
    st.sampled_from(["add", "insert", "delete", "replace", "move"]),
)
def test_any_path_is_applied_or_refused(path: str, type: str) -> None:
    change = operation(type, "Patient" + path, name="text", index=0, source=0, destination=0, value=text("x"))
    with contextlib.suppress(PatchFailed):
        apply_patch(change)


def test_a_patch_with_many_steps_on_a_large_resource_is_refused() -> None:
    """Each step may visit every value, so thousands of both would block other requests."""
    large = PATIENT | {"telecom": [{"system": "phone", "value": str(number)} for number in range(2_000)]}
    steps = ".where(system='phone')" * 80
    with pytest.raises(PatchFailed, match="too many operations for a resource of this size"):
        apply_patch(operation("delete", f"Patient.telecom{steps}[0]"), resource=large)
    smaller = apply_patch(operation("delete", "Patient.telecom.where(system='phone' and value='1999')"), resource=large)
    assert len(smaller["telecom"]) == 1_999


@pytest.mark.parametrize("path", ["Patient" + ".name" * 400, "Patient.name.where(" + " and ".join(["use='a'"] * 400) + ")"])
def test_a_path_that_is_too_long_is_refused(path: str) -> None:
    with pytest.raises(PatchFailed, match="2000 characters"):
        apply_patch(operation("delete", path))


def _anonymous(*parts: dict[str, object], **more: object) -> str:
    names = {"type": "valueCode", "path": "valueString", "name": "valueString", "index": "valueInteger"}
    listed = [{"name": name, names[name]: value} for name, value in more.items()]
    operation = {"name": "operation", "part": [*listed, {"name": "value", "part": [*parts]}]}
    return json.dumps({"resourceType": "Parameters", "parameter": [operation]})


FHIR_JSON = "application/fhir+json"
TIME: dict[str, object] = {"name": "time", "valueDateTime": "2026-01-01"}
ADDITIVE: dict[str, object] = {"name": "additive", "valueReference": {"reference": "Substance/s"}}


def test_a_choice_in_an_anonymous_value_gets_the_name_of_its_type() -> None:
    specimen: dict[str, object] = {"resourceType": "Specimen", "id": "x"}
    processing = {"timeDateTime": "2026-01-01", "additive": [{"reference": "Substance/s"}]}
    added = read("r4", _anonymous(TIME, ADDITIVE, type="add", path="Specimen", name="processing"), FHIR_JSON)(specimen)
    assert added["processing"] == [processing]
    inserted = read("r4", _anonymous(TIME, type="insert", path="Specimen.processing", index=0), FHIR_JSON)(added)
    assert inserted["processing"] == [{"timeDateTime": "2026-01-01"}, processing]
    replaced = read("r4", _anonymous(TIME, type="replace", path="Specimen.processing[0]"), FHIR_JSON)(added)
    assert replaced["processing"] == [{"timeDateTime": "2026-01-01"}]
    assert not validate("r4", inserted)


def test_nested_anonymous_values_are_converted_too() -> None:
    component: dict[str, object] = {"name": "code", "valueCodeableConcept": {"text": "x"}}
    value: dict[str, object] = {"name": "value", "valueQuantity": {"value": 1}}
    limits: dict[str, object] = {"name": "referenceRange", "part": [{"name": "text", "valueString": "0 to 1"}]}
    observation = {"resourceType": "Observation", "id": "x", "status": "final", "code": {"text": "x"}}
    patch = _anonymous(component, value, limits, type="add", path="Observation", name="component")
    (added,) = read("r4", patch, FHIR_JSON)(observation)["component"]
    assert added == {"code": {"text": "x"}, "valueQuantity": {"value": 1}, "referenceRange": [{"text": "0 to 1"}]}


def test_an_unknown_part_of_a_value_is_left_for_validation() -> None:
    patch = _anonymous({"name": "nothing", "valueString": "x"}, type="add", path="Specimen", name="processing")
    patched_specimen = read("r4", patch, FHIR_JSON)({"resourceType": "Specimen", "id": "x"})
    assert patched_specimen["processing"] == [{"nothing": "x"}]
    assert validate("r4", patched_specimen)


def test_a_part_that_is_not_an_object_is_refused() -> None:
    with pytest.raises(PatchFailed, match="must be an object"):
        read("r4", _anonymous("x", type="add", path="Specimen", name="processing"), FHIR_JSON)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("type", "text"),
    [
        ("application/json-patch+json", "[]"),
        (FHIR_JSON, '{"resourceType": "Parameters"}'),
        (FHIR_JSON, '{"resourceType": "Parameters", "parameter": []}'),
        ("application/merge-patch+json", "{}"),
    ],
)
def test_an_empty_patch_changes_nothing(type: str, text: str) -> None:
    assert read("r4", text, type) is NOTHING
    assert NOTHING({"a": 1}) == {"a": 1}


@pytest.mark.parametrize(
    ("patch", "operation_name"),
    [
        ([{"op": "add", "path": "/a", "value": 1}], None),
        ([{"op": "remove", "path": "/a"}, {"op": "test", "path": "/a", "value": 1}], "operation 1, test"),
        ([{"op": "copy", "from": "/a", "path": "/b"}], "operation 0, copy"),
        ([{"op": "move", "from": "/a", "path": "/b"}], "operation 0, move"),
    ],
)
def test_the_first_operation_that_reads_existing_values_is_named(patch: list[object], operation_name: str | None) -> None:
    assert find_read_path("r4", json.dumps(patch), "application/json-patch+json") == operation_name
