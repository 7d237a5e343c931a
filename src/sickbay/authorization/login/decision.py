"""Checks of sign-in, context selection and consent (SMART 2.2, RFC 6749 4.1.2.1): what the user decided."""

from __future__ import annotations

from typing import TypeAlias

from sickbay.authorization.checks import check
from sickbay.authorization.contexts import LoginContext
from sickbay.authorization.models import Client, Launch
from sickbay.authorization.refusals import login as refusals
from sickbay.authorization.requests import LoginRequest
from sickbay.kernel.checks import UNKNOWN, Check, Refusal
from sickbay.protocol import scopes
from sickbay.protocol.scopes import LaunchScope

LoginCheck: TypeAlias = Check[LoginRequest, LoginContext]


def needs_patient(granted: tuple[str, ...], picker: bool = True) -> bool:
    """Whether these scopes need a patient in context: patient/ scopes, launch/patient, and launch/encounter, because an
    encounter belongs to a patient.

    picker: whether this tenant has a patient picker. Without one, launch/patient on its own needs no patient.
    """
    if [token for token in granted if token.startswith("patient/") and scopes.parse(token)]:
        return True
    return picker and bool([scope for scope in _launch_scopes(granted) if scope.type in ("patient", "encounter")])


def _launch_scopes(granted: tuple[str, ...]) -> list[LaunchScope]:
    """Skips the other scopes without parsing them, because each authorization request asks for these several times."""
    named = [token for token in granted if token.startswith("launch")]
    return [scope for token in named if isinstance(scope := scopes.parse(token), LaunchScope)] if named else []


def gives_patient(granted: tuple[str, ...], launch: Launch | None) -> bool:
    """Whether the token names a patient: it needs one, or the app requested the context of an EHR launch."""
    return needs_patient(granted) or (launch is not None and "launch" in granted)


def asks_encounter(granted: tuple[str, ...]) -> bool:
    """Whether scope `launch/encounter` is among them, so that the user chooses an encounter."""
    return "encounter" in [scope.type for scope in _launch_scopes(granted)]


def asks_context(granted: tuple[str, ...]) -> tuple[LaunchScope, ...]:
    """Returns launch/ scopes for types other than patient and encounter; the user chooses a resource for each (SMART 2.2)."""
    return tuple([scope for scope in _launch_scopes(granted) if scope.type not in (None, "patient", "encounter")])


def gives_encounter(granted: tuple[str, ...], launch: Launch | None) -> bool:
    """Whether the token may name an encounter: that of the EHR launch, or the chosen one."""
    return asks_encounter(granted) or (launch is not None and "launch" in granted)


def _chosen_patient(request: LoginRequest, context: LoginContext) -> str | None:
    return request.patient or (context.launch.patient if context.launch else None)


@check()
def access_was_not_declined(request: LoginRequest, context: LoginContext) -> Refusal | None:
    return refusals.USER_DENIED(received="no") if request.denied else None


@check()
def user_is_that_of_the_launch_if_it_has_one(request: LoginRequest, context: LoginContext) -> Refusal | None:
    """The launch names its user by username; an exchange of another server may name the FHIR resource."""
    expected = context.launch.user if context.launch else None
    if expected is None:
        return None
    names = {request.user} | ({context.user.username, context.user.fhir_user} if context.user else set())
    if expected in names:
        return None
    facts = {"received": request.user, "expected": expected}
    return refusals.MISMATCHED_IDENTITY.with_facts(facts | _automatic_setting(context))


@check()
def at_least_one_scope_is_granted(request: LoginRequest, context: LoginContext) -> Refusal | None:
    if context.granted:
        return None
    facts = {"received": request.parameters.get("scope"), "registered": context.client.scope}
    return refusals.DENIED_NO_SCOPE_GRANTED.with_facts(facts)


@check(after=(at_least_one_scope_is_granted,))
def patient_is_chosen_if_needed(request: LoginRequest, context: LoginContext) -> Refusal | None:
    if _chosen_patient(request, context) or not needs_patient(context.granted, context.server.policy.standalone_picker):
        return None
    patient_scopes = [scope for scope in context.granted if scope.startswith("patient/")]
    facts = {
        "received": list(context.granted),
        "scopes": patient_scopes or list(context.granted),
        "note": "no patient was chosen",
    }
    return refusals.SCOPE_PATIENT_WITHOUT_CONTEXT.with_facts(facts | _why_no_patient(context))


def _why_no_patient(context: LoginContext) -> dict[str, str]:
    """Returns the setting that left the login without a patient; empty if unknown, as in a pasted exchange."""
    without_picker = not context.server.policy.standalone_picker
    return _automatic_setting(context) or ({"registered_reason": "no picker"} if without_picker else {})


def _automatic_setting(context: LoginContext) -> dict[str, str]:
    """Returns the setting that skips the pages by answering for the user; empty if the user answers."""
    automatic = isinstance(context.client, Client) and context.client.auto_approve is not None
    return {"registered_reason": "auto_approve"} if automatic else {}


@check()
def user_may_access_the_patient_if_one_is_chosen(request: LoginRequest, context: LoginContext) -> Refusal | None:
    """The patient must be visible to the user and, in a launch, be the patient of that launch."""
    patient = _chosen_patient(request, context)
    if patient is None or (_is_visible(patient, context) and _is_the_launch_patient(patient, context)):
        return None
    return refusals.PATIENT_NOT_ACCESSIBLE(received=patient)


@check()
def encounter_belongs_to_the_patient_if_one_is_chosen(request: LoginRequest, context: LoginContext) -> Refusal | None:
    """The encounter must belong to the patient in context and be visible to the user."""
    if not request.encounter or context.encounter_fits is UNKNOWN or context.encounter_fits:
        return None
    return refusals.PATIENT_NOT_ACCESSIBLE(received=f"Encounter/{request.encounter}")


def _is_visible(patient: str, context: LoginContext) -> bool:
    if context.patient_visible is not UNKNOWN:
        return bool(context.patient_visible)
    return context.user is not None and (context.user.patients == "*" or patient in context.user.patients)


def _is_the_launch_patient(patient: str, context: LoginContext) -> bool:
    return context.launch is None or context.launch.patient in (None, patient)
