"""Sign-in, context and consent: what is decided once a person has answered, and before a code is given."""

from __future__ import annotations

from sickbay.authorization.known import LoginKnown
from sickbay.authorization.requests import LoginRequest
from sickbay.kernel.refusal import Check, Refusal, check

DENIED = "access_denied"


@check()
def person_allows(request: LoginRequest, known: LoginKnown) -> Refusal | None:
    return Refusal("user-denied", DENIED, {"received": "refused"}) if request.denied else None


@check()
def person_is_the_one_launched_for(request: LoginRequest, known: LoginKnown) -> Refusal | None:
    launch = known.launch
    if launch is None or launch.user is None or launch.user == request.user:
        return None
    return Refusal("mismatched-identity", DENIED, {"received": request.user, "expected": launch.user})


@check()
def some_scope_is_granted(request: LoginRequest, known: LoginKnown) -> Refusal | None:
    if known.granted or request.denied:
        return None
    return Refusal("denied-no-scope-granted", DENIED, {"received": request.parameters.get("scope")})


@check(needs=("patient_visible",))
def patient_may_be_seen(request: LoginRequest, known: LoginKnown) -> Refusal | None:
    if known.patient_visible or request.patient is None:
        return None
    return Refusal("patient-not-accessible", DENIED, {"received": request.patient})


CHECKS: tuple[Check[LoginRequest, LoginKnown], ...] = (
    person_allows,
    person_is_the_one_launched_for,
    some_scope_is_granted,
    patient_may_be_seen,
)
