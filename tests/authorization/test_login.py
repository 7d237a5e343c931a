"""A person said yes, is the one who launched, and may see the patient; else no code is given."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.authorization import samples

from sickbay.authorization.contexts import LoginContext
from sickbay.authorization.login import (
    asks_context,
    asks_encounter,
    examined,
    gives_encounter,
    gives_patient,
    needs_patient,
)
from sickbay.authorization.models import User
from sickbay.authorization.requests import LoginRequest
from sickbay.kernel.checks import UNKNOWN, Refusal

USER = User("amelia.wright", "general", "Practitioner/pr-0001", patients=("p-0017",))
REQUEST = LoginRequest(samples.asking().parameters, "amelia.wright", "p-0017")
KNOWN = LoginContext(
    samples.SERVER, samples.CLIENT, samples.asking(), samples.LAUNCH, USER, ("launch", "openid", "patient/Patient.rs")
)


def names(request: LoginRequest = REQUEST, known: LoginContext = KNOWN) -> list[str]:
    return [one.name for one in examined(request, known).refusals]


def test_the_launchs_person_and_patient_are_granted() -> None:
    assert examined(REQUEST, KNOWN).granted


@pytest.mark.parametrize(
    ("request_changes", "known_changes", "name"),
    [
        ({"denied": True}, {}, "user-denied"),
        (
            {"user": "otto.berg"},
            {"user": replace(USER, username="otto.berg", fhir_user="Practitioner/x")},
            "mismatched-identity",
        ),
        ({}, {"granted": ()}, "denied-no-scope-granted"),
        ({"patient": None}, {"launch": None}, "scope-patient-without-context"),
        ({"patient": "p-0099"}, {"launch": None}, "patient-not-accessible"),
        ({"patient": "p-0018"}, {"user": replace(USER, patients="*")}, "patient-not-accessible"),
        ({}, {"patient_visible": False}, "patient-not-accessible"),
        ({}, {"user": None, "launch": replace(samples.LAUNCH, user=None)}, "patient-not-accessible"),
    ],
)
def test_anything_else_is_denied(request_changes, known_changes, name: str) -> None:
    said = examined(replace(REQUEST, **request_changes), replace(KNOWN, **known_changes)).refusals
    assert [(one.name, one.error) for one in said] == [(name, "access_denied")]


def test_without_patient_scopes_no_patient_is_needed() -> None:
    known = replace(KNOWN, launch=None, granted=("openid", "user/Patient.rs"))
    assert not names(replace(REQUEST, patient=None), known)


def test_what_needs_a_patient_and_what_names_one() -> None:
    assert needs_patient(("patient/Patient.rs",))
    assert needs_patient(("launch/patient",))
    assert not needs_patient(("user/Patient.rs", "openid"))
    assert gives_patient(("launch",), samples.LAUNCH)
    assert not gives_patient(("launch",), None)


def test_a_visit_is_asked_for_or_comes_with_the_launch() -> None:
    assert asks_encounter(("launch/encounter",))
    assert not asks_encounter(("launch", "launch/patient", "openid"))
    assert gives_encounter(("launch/encounter",), None)
    assert gives_encounter(("launch",), samples.LAUNCH)
    assert not gives_encounter(("launch",), None)
    assert not gives_encounter(("openid",), samples.LAUNCH)


@pytest.mark.parametrize(("fits", "denied"), [(True, False), (UNKNOWN, False), (False, True)])
def test_the_visit_is_the_patients(fits: object, denied: bool) -> None:
    request, known = replace(REQUEST, encounter="e-1"), replace(KNOWN, encounter_fits=fits)
    assert names(request, known) == (["patient-not-accessible"] if denied else [])
    assert names(REQUEST, known) == []
    if denied:
        (refusal,) = examined(request, known).refusals
        assert refusal.facts == {"received": "Encounter/e-1"}


@pytest.mark.parametrize(
    ("request_", "known", "told"),
    [
        (replace(REQUEST, denied=True), KNOWN, Refusal("user-denied", "access_denied", {"received": "no"})),
        (
            replace(REQUEST, user="otto.berg"),
            replace(KNOWN, user=replace(USER, username="otto.berg", fhir_user="Practitioner/x")),
            Refusal("mismatched-identity", "access_denied", {"received": "otto.berg", "expected": "amelia.wright"}),
        ),
        (
            replace(REQUEST, user=None),
            replace(KNOWN, user=None, patient_visible=True),
            Refusal("mismatched-identity", "access_denied", {"received": None, "expected": "amelia.wright"}),
        ),
        (
            REQUEST,
            replace(KNOWN, granted=()),
            Refusal(
                "denied-no-scope-granted",
                "access_denied",
                {"received": "launch openid fhirUser patient/Patient.rs", "registered": samples.CLIENT.scope},
            ),
        ),
        (
            replace(REQUEST, patient=None),
            replace(KNOWN, launch=None),
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
            replace(REQUEST, patient=None),
            replace(KNOWN, launch=None, granted=("openid", "launch/encounter")),
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
            replace(REQUEST, patient="p-0099"),
            replace(KNOWN, launch=None),
            Refusal("patient-not-accessible", "access_denied", {"received": "p-0099"}),
        ),
        (
            replace(REQUEST, encounter="e-1"),
            replace(KNOWN, encounter_fits=False),
            Refusal("patient-not-accessible", "access_denied", {"received": "Encounter/e-1"}),
        ),
    ],
)
def test_a_refusal_tells_its_explanation_all_that_it_needs(request_: LoginRequest, known: LoginContext, told: Refusal) -> None:
    assert examined(request_, known).refusals[0] == told


def test_a_hospital_may_relax_what_else_would_be_refused() -> None:
    lenient = replace(KNOWN, launch=None, server=samples.server(relaxed=("scope-patient-without-context",)))
    assert names(replace(REQUEST, patient=None), replace(KNOWN, launch=None)) == ["scope-patient-without-context"]
    assert examined(replace(REQUEST, patient=None), lenient).granted


def test_where_no_patient_can_be_picked_none_is_needed() -> None:
    known = replace(KNOWN, launch=None, granted=("openid", "launch/patient"))
    request = replace(REQUEST, patient=None)
    assert names(request, known) == ["scope-patient-without-context"]
    assert not names(request, replace(known, server=samples.server(standalone_picker=False)))


@pytest.mark.parametrize("user", ["amelia.wright", "Practitioner/pr-0001"])
def test_the_launch_may_name_its_person_by_either_name(user: str) -> None:
    launch = replace(samples.LAUNCH, user=user)
    assert not names(replace(REQUEST, user="amelia.wright"), replace(KNOWN, launch=launch))


def test_who_may_see_everybody_may_see_this_patient() -> None:
    anyone = replace(KNOWN, launch=None, user=replace(USER, patients="*"))
    assert not names(replace(REQUEST, patient="p-0099"), anyone)
    assert not names(replace(REQUEST, patient="p-0099"), replace(anyone, user=USER, patient_visible=True))


def test_what_else_is_to_be_chosen() -> None:
    asked = asks_context(("launch", "launch/patient", "launch/encounter", "launch/imagingstudy?role=x", "openid"))
    assert [(one.type, one.role) for one in asked] == [("imagingstudy", "x")]


def test_of_a_launch_the_patient_need_not_be_named_again() -> None:
    assert names(replace(REQUEST, patient=None)) == []
    hidden = replace(KNOWN, user=replace(USER, patients=("p-0099",)))
    assert names(replace(REQUEST, patient=None), hidden) == ["patient-not-accessible"]
