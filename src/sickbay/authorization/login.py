"""Sign-in, context and consent (SMART 2.2, RFC 6749 4.1.2.1): what a person decided, against whom and what it may concern."""

from __future__ import annotations

from typing import TypeAlias

from sickbay.authorization.contexts import LoginContext
from sickbay.authorization.models import Launch
from sickbay.authorization.refusals import login as refusals
from sickbay.authorization.requests import LoginRequest
from sickbay.kernel.checks import UNKNOWN, Check, Examination, Refusal, check
from sickbay.kernel.compiled_checks import examine
from sickbay.protocol import scopes
from sickbay.protocol.scopes import LaunchScope, ResourceScope, Scope

LoginCheck: TypeAlias = Check[LoginRequest, LoginContext]


def needs_patient(granted: tuple[str, ...], picker: bool = True) -> bool:
    """Whether these scopes cannot be given without a patient in context: patient/ scopes, launch/patient, and launch/encounter,
    since a visit is a patient's.

    picker: whether this tenant lets a patient be picked; where it does not, launch/patient alone asks for nothing.
    """
    return any(_of_patient(one, picker) for one in scopes.parse_all(granted))


def _of_patient(scope: Scope, picker: bool) -> bool:
    if isinstance(scope, ResourceScope):
        return scope.level == "patient"
    return picker and isinstance(scope, LaunchScope) and scope.type in ("patient", "encounter")


def gives_patient(granted: tuple[str, ...], launch: Launch | None) -> bool:
    """Whether the token names a patient: it needs one, or it is a launch from the EHR whose context was asked for."""
    return needs_patient(granted) or (launch is not None and "launch" in granted)


def asks_encounter(granted: tuple[str, ...]) -> bool:
    """Whether scope `launch/encounter` is among them: a visit to be chosen."""
    return any(isinstance(one, LaunchScope) and one.type == "encounter" for one in scopes.parse_all(granted))


def asks_context(granted: tuple[str, ...]) -> tuple[LaunchScope, ...]:
    """launch/ scopes of other types than patient and encounter: each is something to be chosen (SMART 2.2, launch context)."""
    asked = (one for one in scopes.parse_all(granted) if isinstance(one, LaunchScope))
    return tuple(one for one in asked if one.type not in (None, "patient", "encounter"))


def gives_encounter(granted: tuple[str, ...], launch: Launch | None) -> bool:
    """Whether the token may name an encounter: of the launch from the EHR, or the one that was chosen."""
    return asks_encounter(granted) or (launch is not None and "launch" in granted)


def _patient(request: LoginRequest, known: LoginContext) -> str | None:
    return request.patient or (known.launch.patient if known.launch else None)


@check()
def person_said_yes(request: LoginRequest, known: LoginContext) -> Refusal | None:
    return refusals.USER_DENIED(received="no") if request.denied else None


@check()
def person_is_who_launched_the_app(request: LoginRequest, known: LoginContext) -> Refusal | None:
    """The launch names its user by username; a foreign exchange may name the FHIR resource."""
    wanted = known.launch.user if known.launch else None
    if wanted is None:
        return None
    names = {request.user} | ({known.user.username, known.user.fhir_user} if known.user else set())
    if wanted in names:
        return None
    return refusals.MISMATCHED_IDENTITY(received=request.user, expected=wanted)


@check()
def something_is_granted(request: LoginRequest, known: LoginContext) -> Refusal | None:
    if known.granted:
        return None
    facts = {"received": request.parameters.get("scope"), "registered": known.client.scope}
    return refusals.DENIED_NO_SCOPE_GRANTED.with_facts(facts)


@check(after=(something_is_granted,))
def patient_is_chosen_where_one_is_needed(request: LoginRequest, known: LoginContext) -> Refusal | None:
    if _patient(request, known) or not needs_patient(known.granted, known.server.policy.standalone_picker):
        return None
    wanting = [one for one in known.granted if one.startswith("patient/")]
    facts = {"received": list(known.granted), "scopes": wanting or list(known.granted), "note": "no patient was chosen"}
    return refusals.SCOPE_PATIENT_WITHOUT_CONTEXT.with_facts(facts)


@check()
def patient_is_open_to_the_person(request: LoginRequest, known: LoginContext) -> Refusal | None:
    """Visible to this person, and in a launch the patient of the launch: nobody swaps it on the way."""
    patient = _patient(request, known)
    if patient is None or (_is_visible(patient, known) and _is_the_launchs(patient, known)):
        return None
    return refusals.PATIENT_NOT_ACCESSIBLE(received=patient)


@check()
def encounter_is_of_the_patient(request: LoginRequest, known: LoginContext) -> Refusal | None:
    """Of the patient in context, and visible to this person."""
    if not request.encounter or known.encounter_fits is UNKNOWN or known.encounter_fits:
        return None
    return refusals.PATIENT_NOT_ACCESSIBLE(received=f"Encounter/{request.encounter}")


def _is_visible(patient: str, known: LoginContext) -> bool:
    if known.patient_visible is not UNKNOWN:
        return bool(known.patient_visible)
    return known.user is not None and (known.user.patients == "*" or patient in known.user.patients)


def _is_the_launchs(patient: str, known: LoginContext) -> bool:
    return known.launch is None or known.launch.patient in (None, patient)


CHECKS: tuple[LoginCheck, ...] = (
    person_said_yes,
    person_is_who_launched_the_app,
    something_is_granted,
    patient_is_chosen_where_one_is_needed,
    patient_is_open_to_the_person,
    encounter_is_of_the_patient,
)


def examined(request: LoginRequest, known: LoginContext) -> Examination:
    """All checks, with what this tenant relaxes."""
    return examine(CHECKS, request, known, frozenset(known.server.policy.relaxed))
