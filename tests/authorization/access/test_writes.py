"""What may be written: a valid resource, within the token's charts, in the version that its author read."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import structs
from tests.authorization.write_requests import (
    BASE,
    KNOWN,
    PATCH,
    TOKEN,
    facts,
    observation,
    refused_writes,
    with_body,
    write_refusals,
    write_request,
)

from sickbay.authorization import access
from sickbay.authorization.access import writes
from sickbay.authorization.contexts import AccessContext
from sickbay.authorization.models import Policy, Server
from sickbay.fhir import body
from sickbay.fhir.validation.issue import ValidationIssue
from sickbay.kernel.checks import UNKNOWN, Refusal, examine
from sickbay.protocol.parameters import parse


@pytest.mark.parametrize("interaction", ["create", "update"])
def test_an_observation_of_the_tokens_patient_may_be_written(interaction: str) -> None:
    assert refused_writes(write_request(interaction), with_body(observation())) == []


@pytest.mark.parametrize(
    ("sent", "received"),
    [
        ([], "it isn't a JSON object"),
        ({"id": "o"}, "it has no resourceType, but the URL is for Observation"),
        ({"resourceType": "Patient"}, "its resourceType is 'Patient', but the URL is for Observation"),
    ],
)
def test_a_body_of_another_type_gets_only_that_refusal(sent: object, received: str) -> None:
    known = with_body(sent)
    assert refused_writes(write_request(), known) == [("fhir-body-malformed", "structure", 400)]
    assert facts(write_request(), known) == {"received": received, "expected": "a Observation as JSON", "type": "Observation"}


def test_an_update_needs_the_id_of_its_url() -> None:
    for sent, id in (("o", True), ("other", False), (None, False)):
        known = with_body({name: value for name, value in observation(id=sent).items() if value is not None})
        expected = [] if id else [("fhir-body-id-mismatch", "value", 400)]
        assert refused_writes(write_request(), known) == expected
        if expected:
            assert facts(write_request(), known) == {"received": sent, "expected": "o"}


def test_a_create_may_have_any_id_because_it_is_replaced() -> None:
    assert refused_writes(write_request("create", id=None), with_body(observation(id="other"))) == []
    assert refused_writes(write_request("create"), with_body(observation(id="other"))) == []


def test_all_faults_of_a_resource_are_reported_at_once() -> None:
    known = with_body(observation(status="nonsense", issued="yesterday"))
    assert refused_writes(write_request(), known) == [("fhir-resource-invalid", "invalid", 422)]
    refusal_facts = facts(write_request(), known)
    assert (refusal_facts["type"], refusal_facts["count"]) == ("Observation", 2)
    assert set(refusal_facts["where"]) == {"Observation.status", "Observation.issued"}  # type: ignore[call-overload]
    assert str(refusal_facts["said"]).startswith(str(refusal_facts["received"]))
    assert "Observation.issued must be an instant" in str(refusal_facts["said"])
    assert "yesterday" not in str(refusal_facts)


def test_only_ten_of_many_faults_are_described() -> None:
    many = observation(component=[{"valueQuantity": {"value": "x"}} for _ in range(12)])
    refusal_facts = facts(write_request(), with_body(many))
    where = refusal_facts["where"]
    assert isinstance(where, list | tuple)
    assert refusal_facts["count"] == len(where) > 12
    assert str(refusal_facts["said"]).count("valueQuantity.value") < 12


SEARCH = "Practitioner?identifier=urn:x|1"
INVALID = ("fhir-resource-invalid", "invalid", 422)


@pytest.mark.parametrize(("interaction", "refused"), [("create", True), ("update", False), ("patch", False)])
def test_a_search_reference_may_be_one_that_was_stored_before(interaction: str, refused: bool) -> None:
    """For a change, this isn't known until the stored resource was read."""
    searching = with_body(observation(performer=[{"reference": SEARCH}]))
    request = write_request(interaction, body=PATCH)
    judged_as_sent = examine(writes.BODY, request, searching).refusals
    assert [refusal.name for refusal in judged_as_sent] == (["fhir-resource-invalid"] if refused else [])
    with_two_faults = with_body(observation(performer=[{"reference": SEARCH}], status="nonsense"))
    assert facts_of(examine(writes.BODY, request, with_two_faults).refusals) == 2


def facts_of(refusals: tuple[Refusal, ...]) -> object:
    (refusal,) = refusals
    return refusal.facts["count"]


@pytest.mark.parametrize(
    ("stored", "refused"), [(UNKNOWN, False), (frozenset({SEARCH}), False), (frozenset({"other"}), True), (frozenset(), True)]
)
def test_a_new_search_reference_is_refused(stored: object, refused: bool) -> None:
    known = structs.replace(with_body(observation(performer=[{"reference": SEARCH}])), kept=stored)
    assert refused_writes(write_request(), known) == ([INVALID] if refused else [])
    if refused:
        assert facts(write_request(), known)["where"] == ["Observation.performer[0].reference"]


def test_other_faults_are_not_reported_twice() -> None:
    known = structs.replace(with_body(observation(status="nonsense")), kept=frozenset())
    assert refused_writes(write_request(), known) == [INVALID]


@pytest.mark.parametrize(("patient", "received"), [("B", ["Patient/B"]), ("Z", ["Patient/Z"]), (None, "no patient")])
def test_a_write_into_another_patients_chart_is_refused(patient: str | None, received: object) -> None:
    known = with_body(observation(patient))
    assert refused_writes(write_request(), known) == [("fhir-write-outside-scope", "forbidden", 403)]
    assert facts(write_request(), known) == {
        "type": "Observation",
        "received": received,
        "patient": "A",
        "expected": "Patient/A",
        "held": ("patient/Observation.cruds",),
    }


def with_scope(scope: str, **changed: object) -> AccessContext:
    return structs.replace(KNOWN, token=structs.replace(TOKEN, scope=scope, **changed))


@pytest.mark.parametrize(("patient", "written"), [("A", True), ("B", True), ("Z", False)])
def test_a_user_scope_can_write_only_into_the_charts_of_the_users_patients(patient: str, written: bool) -> None:
    known = with_body(observation(patient), with_scope("user/Observation.cruds", patient=None))
    assert (refused_writes(write_request(), known) == []) is written
    if not written:
        assert facts(write_request(), known)["expected"] == "a patient of this user"


def test_offline_the_patients_of_a_user_are_unknown() -> None:
    known = structs.replace(with_body(observation("Z"), with_scope("user/Observation.cruds", patient=None)), user=UNKNOWN)
    assert refused_writes(write_request(), known) == []
    patients = structs.replace(with_body(observation("Z")), user=UNKNOWN)
    assert refused_writes(write_request(), patients) == [("fhir-write-outside-scope", "forbidden", 403)]


def test_a_filter_of_the_scope_applies_to_writes_too() -> None:
    narrow = with_scope("patient/Observation.cu?category=vital-signs")
    vital: dict[str, Any] = {"category": [{"coding": [{"code": "vital-signs"}]}]}
    assert refused_writes(write_request(), with_body(observation(**vital), narrow)) == []
    assert refused_writes(write_request(), with_body(observation(), narrow)) == [("fhir-write-outside-scope", "forbidden", 403)]


def test_only_scopes_with_the_letter_of_the_interaction_count() -> None:
    mixed = with_scope("patient/Observation.c?category=vital-signs patient/Observation.u")
    assert refused_writes(write_request(), with_body(observation(), mixed)) == []
    create = write_request("create", letters="c")
    assert refused_writes(create, with_body(observation(), mixed)) == [("fhir-write-outside-scope", "forbidden", 403)]


def test_shared_types_can_be_read_but_never_written() -> None:
    shared = structs.replace(KNOWN, server=Server(policy=Policy(shared_types=("Medication",))))
    known = structs.replace(shared, token=structs.replace(TOKEN, scope="patient/*.cruds"))
    known = structs.replace(
        known, body=body.make_body("r4", "Medication", "o", {"resourceType": "Medication", "id": "o"}, BASE)
    )
    assert [refusal[0] for refusal in refused_writes(write_request(type="Medication"), known)] == ["fhir-write-outside-scope"]


def test_without_a_known_tenant_the_default_policy_applies() -> None:
    assert refused_writes(write_request(), structs.replace(with_body(observation()), server=UNKNOWN)) == []


def test_a_url_without_a_type_is_checked_elsewhere() -> None:
    request = write_request(type=None, letters="")
    assert refused_writes(request, with_body(observation("Z"))) == []


@pytest.mark.parametrize(
    ("interaction", "names"),
    [
        ("read", []),
        ("search-type", []),
        (
            "create",
            [
                "body_is_such_a_resource",
                "body_has_the_id_of_its_address",
                "resource_is_valid",
                "resource_stays_within_the_scope",
            ],
        ),
        ("patch", ["patch_is_a_patch", "patch_reads_what_it_may"]),
        ("delete", ["deletes_do_not_cascade"]),
    ],
)
def test_each_interaction_has_its_checks(interaction: str, names: list[str]) -> None:
    before = (
        []
        if not names
        else [
            "record_is_of_the_tokens_patient",
            "no_chart_is_added",
            "version_is_the_one_named",
            "nothing_is_there_that_must_not_be",
            "searches_stood_there",
            "condition_matches_one",
        ]
    )
    assert [write_check.name for write_check in writes.all_checks(write_request(interaction))] == names + before


def test_a_conditional_update_has_no_id_to_compare() -> None:
    """Its patient isn't checked either until it is known which resource it will be."""
    names = [write_check.name for write_check in writes.checks_for(write_request(id=None))]
    assert names == ["body_is_such_a_resource", "resource_is_valid"]


def test_an_unknown_kind_of_write_needs_the_letter_of_an_update() -> None:
    known = with_body(observation(), with_scope("patient/Observation.c"))
    request = write_request("merge", letters="c")
    assert [refusal.name for refusal in examine((*access.CHECKS, *writes.BODY), request, known).refusals] == [
        "fhir-write-outside-scope"
    ]
    assert writes.checks_for(request) == ()


@pytest.mark.parametrize(("interaction", "refused"), [("delete", False), ("update", True), ("patch", True)])
def test_a_policy_may_allow_a_delete_of_several_matches(interaction: str, refused: bool) -> None:
    request = write_request(interaction, id=None, method="DELETE", letters="d", parameters=parse("code=8480-6"), body=PATCH)
    known = structs.replace(KNOWN, server=Server(policy=Policy(multiple_deletes=True)), matches=2)
    names = [refusal.name for refusal in examine(writes.BEFORE_SAVING, request, known).refusals]
    assert names == (["fhir-condition-ambiguous"] if refused else [])


def test_only_ten_of_many_problems_are_described_but_all_are_counted() -> None:
    problems = tuple(ValidationIssue(f"Observation.x{number}", "invalid", f"fault {number}.") for number in range(12))
    known = structs.replace(
        KNOWN, body=body.make_body("r4", "Observation", "o", observation(), BASE)._replace(problems=problems)
    )
    refusal_facts = facts(write_request(), known)
    assert (refusal_facts["count"], refusal_facts["received"]) == (12, "fault 0.")
    assert refusal_facts["said"] == " ".join(f"fault {number}." for number in range(10))


@pytest.mark.parametrize("interaction", ["create", "update", "patch"])
def test_a_subscription_that_would_never_fire_is_refused_by_name(interaction: str) -> None:
    (refused,) = write_refusals(
        write_request(interaction, type="Subscription"),
        structs.replace(KNOWN, token=structs.replace(TOKEN, scope="system/*.cruds")),
    )
    assert (refused.name, refused.status) == ("fhir-subscription-unsupported", 422)


def test_a_stored_subscription_can_be_deleted_and_other_types_can_be_written() -> None:
    known = structs.replace(KNOWN, token=structs.replace(TOKEN, scope="system/*.cruds"))
    deleting = write_request("delete", type="Subscription", method="DELETE")
    assert write_refusals(deleting, known) == []
    assert all(
        examine((writes.resource_type_can_be_written,), request, known).granted
        for request in (deleting, write_request("create"))
    )
