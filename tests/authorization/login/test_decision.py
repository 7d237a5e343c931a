"""A code is issued only if the user approved, is the user of the launch, and may see the patient."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import structs
from tests.authorization import samples

from sickbay.authorization.contexts import LoginContext
from sickbay.authorization.login import CHECKS
from sickbay.authorization.login.decision import asks_context, asks_encounter, gives_encounter, gives_patient, needs_patient
from sickbay.authorization.models import AutoApproval, User
from sickbay.authorization.requests import LoginRequest
from sickbay.kernel.checks import UNKNOWN, Examination, Refusal, examine

USER = User("amelia.wright", "general", "Practitioner/pr-0001", patients=("p-0017",))
REQUEST = LoginRequest(samples.sample_request().parameters, "amelia.wright", "p-0017")
KNOWN = LoginContext(
    samples.SERVER, samples.CLIENT, samples.sample_request(), samples.LAUNCH, USER, ("launch", "openid", "patient/Patient.rs")
)


def examine_login(request: LoginRequest, context: LoginContext) -> Examination:
    return examine(CHECKS, request, context, frozenset(context.server.policy.relaxed))


def names(request: LoginRequest = REQUEST, context: LoginContext = KNOWN) -> list[str]:
    return [refusal.name for refusal in examine_login(request, context).refusals]


def test_the_user_and_patient_of_the_launch_are_granted() -> None:
    assert examine_login(REQUEST, KNOWN).granted


@pytest.mark.parametrize(
    ("request_changes", "known_changes", "name"),
    [
        ({"denied": True}, {}, "user-denied"),
        (
            {"user": "otto.berg"},
            {"user": structs.replace(USER, username="otto.berg", fhir_user="Practitioner/x")},
            "mismatched-identity",
        ),
        ({}, {"granted": ()}, "denied-no-scope-granted"),
        ({"patient": None}, {"launch": None}, "scope-patient-without-context"),
        ({"patient": "p-0099"}, {"launch": None}, "patient-not-accessible"),
        ({"patient": "p-0018"}, {"user": structs.replace(USER, patients="*")}, "patient-not-accessible"),
        ({}, {"patient_visible": False}, "patient-not-accessible"),
        ({}, {"user": None, "launch": structs.replace(samples.LAUNCH, user=None)}, "patient-not-accessible"),
    ],
)
def test_anything_else_is_denied(request_changes: dict[str, Any], known_changes: dict[str, Any], name: str) -> None:
    refused = examine_login(structs.replace(REQUEST, **request_changes), structs.replace(KNOWN, **known_changes)).refusals
    assert [(refusal.name, refusal.error) for refusal in refused] == [(name, "access_denied")]


def test_without_patient_scopes_no_patient_is_needed() -> None:
    known = structs.replace(KNOWN, launch=None, granted=("openid", "user/Patient.rs"))
    assert not names(structs.replace(REQUEST, patient=None), known)


def test_which_scopes_need_or_name_a_patient() -> None:
    assert needs_patient(("patient/Patient.rs",))
    assert needs_patient(("launch/patient",))
    assert not needs_patient(("user/Patient.rs", "openid"))
    assert gives_patient(("launch",), samples.LAUNCH)
    assert not gives_patient(("launch",), None)


def test_an_encounter_is_requested_or_comes_with_the_launch() -> None:
    assert asks_encounter(("launch/encounter",))
    assert not asks_encounter(("launch", "launch/patient", "openid"))
    assert gives_encounter(("launch/encounter",), None)
    assert gives_encounter(("launch",), samples.LAUNCH)
    assert not gives_encounter(("launch",), None)
    assert not gives_encounter(("openid",), samples.LAUNCH)


@pytest.mark.parametrize(("fits", "denied"), [(True, False), (UNKNOWN, False), (False, True)])
def test_the_encounter_must_belong_to_the_patient(fits: object, denied: bool) -> None:
    request, known = structs.replace(REQUEST, encounter="e-1"), structs.replace(KNOWN, encounter_fits=fits)
    assert names(request, known) == (["patient-not-accessible"] if denied else [])
    assert names(REQUEST, known) == []
    if denied:
        (refusal,) = examine_login(request, known).refusals
        assert refusal.facts == {"received": "Encounter/e-1"}


@pytest.mark.parametrize(
    ("request_", "context", "expected"),
    [
        (structs.replace(REQUEST, denied=True), KNOWN, Refusal("user-denied", "access_denied", {"received": "no"})),
        (
            structs.replace(REQUEST, user="otto.berg"),
            structs.replace(KNOWN, user=structs.replace(USER, username="otto.berg", fhir_user="Practitioner/x")),
            Refusal("mismatched-identity", "access_denied", {"received": "otto.berg", "expected": "amelia.wright"}),
        ),
        (
            structs.replace(REQUEST, user=None),
            structs.replace(KNOWN, user=None, patient_visible=True),
            Refusal("mismatched-identity", "access_denied", {"received": None, "expected": "amelia.wright"}),
        ),
        (
            REQUEST,
            structs.replace(KNOWN, granted=()),
            Refusal(
                "denied-no-scope-granted",
                "access_denied",
                {"received": "launch openid fhirUser patient/Patient.rs", "registered": samples.CLIENT.scope},
            ),
        ),
        (
            structs.replace(REQUEST, patient=None),
            structs.replace(KNOWN, launch=None),
            Refusal(
                "scope-patient-without-context",
                "access_denied",
                {
                    "received": ["launch", "openid", "patient/Patient.rs"],
                    "scopes": ["patient/Patient.rs"],
                    "note": "no patient was chosen",
                },
            ),
        ),
        (
            structs.replace(REQUEST, patient=None),
            structs.replace(KNOWN, launch=None, granted=("openid", "launch/encounter")),
            Refusal(
                "scope-patient-without-context",
                "access_denied",
                {
                    "received": ["openid", "launch/encounter"],
                    "scopes": ["openid", "launch/encounter"],
                    "note": "no patient was chosen",
                },
            ),
        ),
        (
            structs.replace(REQUEST, patient="p-0099"),
            structs.replace(KNOWN, launch=None),
            Refusal("patient-not-accessible", "access_denied", {"received": "p-0099"}),
        ),
        (
            structs.replace(REQUEST, encounter="e-1"),
            structs.replace(KNOWN, encounter_fits=False),
            Refusal("patient-not-accessible", "access_denied", {"received": "Encounter/e-1"}),
        ),
    ],
)
def test_each_refusal_carries_the_facts_of_its_explanation(
    request_: LoginRequest, context: LoginContext, expected: Refusal
) -> None:
    assert examine_login(request_, context).refusals[0] == expected


def test_a_policy_may_relax_a_refusal() -> None:
    lenient = structs.replace(KNOWN, launch=None, server=samples.server(relaxed=("scope-patient-without-context",)))
    assert names(structs.replace(REQUEST, patient=None), structs.replace(KNOWN, launch=None)) == [
        "scope-patient-without-context"
    ]
    assert examine_login(structs.replace(REQUEST, patient=None), lenient).granted


def test_without_a_patient_picker_no_patient_is_needed() -> None:
    known = structs.replace(KNOWN, launch=None, granted=("openid", "launch/patient"))
    request = structs.replace(REQUEST, patient=None)
    assert names(request, known) == ["scope-patient-without-context"]
    assert not names(request, structs.replace(known, server=samples.server(standalone_picker=False)))


@pytest.mark.parametrize("user", ["amelia.wright", "Practitioner/pr-0001"])
def test_the_launch_may_name_its_user_by_username_or_resource(user: str) -> None:
    launch = structs.replace(samples.LAUNCH, user=user)
    assert not names(structs.replace(REQUEST, user="amelia.wright"), structs.replace(KNOWN, launch=launch))


def test_a_user_who_may_see_all_patients_may_see_this_one() -> None:
    anyone = structs.replace(KNOWN, launch=None, user=structs.replace(USER, patients="*"))
    assert not names(structs.replace(REQUEST, patient="p-0099"), anyone)
    assert not names(structs.replace(REQUEST, patient="p-0099"), structs.replace(anyone, user=USER, patient_visible=True))


def test_other_launch_scopes_need_a_choice() -> None:
    choices = asks_context(("launch", "launch/patient", "launch/encounter", "launch/imagingstudy?role=x", "openid"))
    assert [(scope.type, scope.role) for scope in choices] == [("imagingstudy", "x")]


def test_the_patient_of_a_launch_need_not_be_chosen_again() -> None:
    assert names(structs.replace(REQUEST, patient=None)) == []
    hidden = structs.replace(KNOWN, user=structs.replace(USER, patients=("p-0099",)))
    assert names(structs.replace(REQUEST, patient=None), hidden) == ["patient-not-accessible"]


APPROVED = structs.replace(samples.CLIENT, auto_approve=AutoApproval("otto.berg"))


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"client": APPROVED}, "auto_approve"),
        ({"server": samples.server(standalone_picker=False)}, "no picker"),
        ({"client": APPROVED, "server": samples.server(standalone_picker=False)}, "auto_approve"),
        ({}, None),
    ],
)
def test_a_missing_patient_names_the_setting_that_is_the_reason(more: dict[str, Any], reason: str | None) -> None:
    known = structs.replace(KNOWN, launch=None, **more)
    assert examine_login(structs.replace(REQUEST, patient=None), known).refusals[0].facts.get("registered_reason") == reason


def test_another_user_than_the_launchs_may_be_that_of_the_automatic_approval() -> None:
    known = structs.replace(
        KNOWN, client=APPROVED, user=structs.replace(USER, username="otto.berg", fhir_user="Practitioner/x")
    )
    (refusal, *_) = examine_login(structs.replace(REQUEST, user="otto.berg"), known).refusals
    assert (refusal.name, refusal.facts["registered_reason"]) == ("mismatched-identity", "auto_approve")
