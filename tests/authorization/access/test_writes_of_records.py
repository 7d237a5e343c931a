"""Whose records a write may change, what a patch may read, and which types aren't served."""

from __future__ import annotations

import json
from typing import Any

import pytest
from msgspec import structs
from tests.authorization.access.test_writes import with_scope
from tests.authorization.write_requests import KNOWN, PATCH, USER, facts, observation, refused_writes, with_body, write_request

from sickbay.authorization.access import writes
from sickbay.fhir.subjects import Before, Subjects
from sickbay.kernel.checks import UNKNOWN


def make_before(patients: str, subjects: str) -> Before:
    return Before(Subjects(frozenset(patients), frozenset(subjects), is_named=True))


NOT_SUBJECT = ("fhir-write-not-subject", "forbidden", 403)
OUTSIDE = ("fhir-write-outside-scope", "forbidden", 403)


@pytest.mark.parametrize("interaction", ["update", "patch", "delete"])
@pytest.mark.parametrize(
    ("before", "passes"),
    [
        (make_before("A", "A"), True),
        (make_before("AB", "A"), True),
        (make_before("AB", "B"), False),
        (make_before("AB", "AB"), False),
        (make_before("A", ""), False),
        (make_before("B", "B"), False),
        (None, True),
        (UNKNOWN, True),
    ],
)
def test_only_a_token_for_the_subject_can_change_a_record(interaction: str, before: Before, passes: bool) -> None:
    request = write_request(interaction, method="DELETE" if interaction == "delete" else "PUT", body=PATCH)
    known = structs.replace(KNOWN, before=before)
    assert refused_writes(request, known) == ([] if passes else [NOT_SUBJECT])
    if not passes:
        assert facts(request, known) == {
            "type": "Observation",
            "patient": "A",
            "expected": "Patient/A",
            "held": ("patient/Observation.cruds",),
            "interaction": interaction,
            "by": ("subject",),
        }


def test_a_clinician_can_change_only_records_of_their_patients() -> None:
    clinician = with_scope("user/Observation.cruds", patient=None)
    for before, passes in ((make_before("AB", "AB"), True), (make_before("ABZ", "AB"), True), (make_before("AZ", "Z"), False)):
        assert refused_writes(write_request("patch", body=PATCH), structs.replace(clinician, before=before)) == (
            [] if passes else [NOT_SUBJECT]
        )
    everyone = structs.replace(clinician, user=structs.replace(USER, patients="*"), before=make_before("Z", "Z"))
    assert refused_writes(write_request("patch", body=PATCH), everyone) == []


def test_offline_the_records_that_a_user_may_change_are_unknown() -> None:
    known = structs.replace(with_scope("user/Observation.cruds", patient=None), user=UNKNOWN, before=make_before("Z", "Z"))
    assert refused_writes(write_request("patch", body=PATCH), known) == []
    assert refused_writes(write_request(), with_body(observation("Z"), known)) == []


PERFORMED_BY_B: dict[str, Any] = {"performer": [{"reference": "Patient/B"}]}


def test_a_create_cannot_name_a_patient_that_the_token_does_not_cover() -> None:
    create = write_request("create", id=None)
    assert refused_writes(create, with_body(observation(**PERFORMED_BY_B))) == [OUTSIDE]
    assert facts(create, with_body(observation(**PERFORMED_BY_B)))["received"] == ["Patient/B"]
    both = with_scope("user/Observation.cruds", patient=None)
    assert refused_writes(create, with_body(observation(**PERFORMED_BY_B), both)) == []


@pytest.mark.parametrize(("before", "passes"), [(make_before("AB", "A"), True), (make_before("A", "A"), False), (None, False)])
def test_an_update_cannot_add_a_patient_that_the_token_does_not_cover(before: Before | None, passes: bool) -> None:
    known = structs.replace(with_body(observation(**PERFORMED_BY_B)), before=before)
    assert refused_writes(write_request(), known) == ([] if passes else [OUTSIDE])
    if not passes:
        assert facts(write_request(), known)["received"] == ["Patient/B"]


@pytest.mark.parametrize(
    ("subject", "created", "changed"),
    [
        ({}, [], [NOT_SUBJECT]),
        ({"subject": {"identifier": {"value": "B"}}}, [NOT_SUBJECT], [NOT_SUBJECT]),
        ({"subject": {"reference": "Group/g"}}, [NOT_SUBJECT], [NOT_SUBJECT]),
    ],
)
def test_taking_part_does_not_allow_writing_another_patients_record(
    subject: dict[str, object], created: object, changed: object
) -> None:
    known = with_body(observation(None, performer=[{"reference": "Patient/A"}], **subject))
    assert refused_writes(write_request("create", id=None), known) == created
    assert refused_writes(write_request(), known) == changed


def test_a_url_without_a_type_has_no_record() -> None:
    known = structs.replace(with_body(observation("Z")), before=make_before("Z", "Z"))
    assert refused_writes(write_request("patch", type=None, letters="", body=PATCH), known) == []


TEST = json.dumps([{"op": "test", "path": "/status", "value": "final"}])
READS = ("fhir-patch-reads", "forbidden", 403)


@pytest.mark.parametrize(
    ("scope", "readable", "passes"),
    [
        ("patient/Observation.u", UNKNOWN, False),
        ("patient/Observation.ru", UNKNOWN, True),
        ("patient/Observation.u patient/Observation.r?category=x", False, False),
        ("patient/Observation.u patient/Observation.r?category=x", True, True),
        ("patient/Observation.u", True, True),
    ],
)
def test_a_patch_that_reads_needs_permission_to_read(scope: str, readable: object, passes: bool) -> None:
    known = structs.replace(with_scope(scope), readable=readable)
    assert refused_writes(write_request("patch", body=TEST), known) == ([] if passes else [READS])
    assert refused_writes(write_request("patch", body=PATCH), known) == []
    if not passes:
        assert facts(write_request("patch", body=TEST), known) == {
            "type": "Observation",
            "received": "operation 0, test",
            "held": tuple(scope.split()),
            "needed": "patient/Observation.rs",
        }


def test_other_writes_need_no_permission_to_read() -> None:
    assert (
        refused_writes(write_request("update", body=TEST), structs.replace(with_scope("patient/Observation.u"), readable=False))
        == []
    )


@pytest.mark.parametrize(("interaction", "refused"), [("create", True), ("update", True), ("patch", True), ("delete", False)])
@pytest.mark.parametrize("type", ["Subscription", "SubscriptionTopic", "SubscriptionStatus"])
def test_subscriptions_can_be_deleted_but_not_created_or_changed(type: str, interaction: str, refused: bool) -> None:
    request = write_request(interaction, type=type, body=PATCH, method="DELETE" if interaction == "delete" else "POST")
    known = with_scope(f"system/{type}.cruds", patient=None, user=None)
    assert refused_writes(request, known) == ([("fhir-subscription-unsupported", "not-supported", 422)] if refused else [])
    if refused:
        assert facts(request, known) == {"type": type}


@pytest.mark.parametrize(("type", "interaction"), [("Observation", "create"), ("Subscription", "delete")])
def test_the_subscription_check_ignores_other_requests(type: str, interaction: str) -> None:
    assert writes.resource_type_can_be_written.decide(write_request(interaction, type=type), KNOWN) is None
