"""Rules about what a token response lacks although the app requested it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from sickbay.authorization.contexts import AnswerContext, TokenContext
from sickbay.authorization.requests import TokenAnswer, TokenRequest
from sickbay.diagnosis import specs
from sickbay.diagnosis.rule import Rule, Severity, Spec
from sickbay.kernel.checks import Facts
from sickbay.protocol import scopes

SHORT_SECONDS: Final = 60
"""Libraries treat a token that expires this soon as expired."""
UNKNOWN_REASON: Final = "The server doesn't say why."
Advises = Callable[[Any, Any], Facts | None]


def _lacks(name: str, in_answer: Callable[[TokenAnswer, str], bool]) -> Advises:
    """Recognises a response of this server that lacks the member, or a pasted one. in_answer: (response, requested scope)."""

    def advises(request: TokenRequest | TokenAnswer, context: TokenContext | AnswerContext) -> Facts | None:
        if isinstance(context, TokenContext):
            reasons = [entry.reason for entry in context.given.missing if entry.name == name] if context.given else []
            return {"reason": reasons[0]} if reasons else None
        if not isinstance(request, TokenAnswer) or not in_answer(request, context.requested_scope or ""):
            return None
        return {"reason": UNKNOWN_REASON}

    return advises


def _no_patient(answer: TokenAnswer, requested: str) -> bool:
    """Without patient/ scopes: with them, `token-response-no-patient` says more."""
    granted = scopes.resources(str(answer.members.get("scope") or ""))
    has_own = any(scope.level == "patient" for scope in granted)
    return "launch/patient" in scopes.split(requested) and not answer.members.get("patient") and not has_own


def _no_encounter(answer: TokenAnswer, requested: str) -> bool:
    return "launch/encounter" in scopes.split(requested) and not answer.members.get("encounter")


def _no_id_token(answer: TokenAnswer, requested: str) -> bool:
    return "openid" in scopes.split(requested) and not answer.members.get("id_token")


def _is_short(answer: TokenAnswer, requested: str) -> bool:
    seconds = answer.members.get("expires_in")
    return isinstance(seconds, int) and not isinstance(seconds, bool) and 0 < seconds <= SHORT_SECONDS


def _other_patient(request: TokenRequest | TokenAnswer, context: TokenContext | AnswerContext) -> Facts | None:
    if isinstance(context, TokenContext):
        return {"registered_reason": context.given.other_patient} if context.given and context.given.other_patient else None
    expected, patient = context.expected_patient, request.members.get("patient") if isinstance(request, TokenAnswer) else None
    if not expected or not isinstance(patient, str) or patient == expected:
        return None
    return {"registered_reason": f"The app expected `{expected}`, and the response has `{patient}`."}


def _rule(id: str, severity: Severity, title: str, why: str, fix: str, spec: Spec, advises: Advises) -> Rule:
    return Rule(
        id=id,
        at=("id_token",),
        advises=advises,
        severity=severity,
        title=title,
        why=why,
        fix=fix,
        spec=spec,
    )


RULES = (
    _rule(
        "context-patient-missing",
        "warning",
        "`patient` is missing from the token response, although the app requested it",
        "{reason} The app doesn't know which patient is open, and can't build its first search.",
        "Launch the app for a patient, or request `launch/patient` in a standalone launch. In the app, check `patient` before "
        "the first FHIR request.",
        specs.SMART_CONTEXT,
        _lacks("patient", _no_patient),
    ),
    _rule(
        "context-patient-differs",
        "warning",
        "`patient` of the token response isn't the expected one",
        "An app that uses the expected patient finds nothing with this token. {registered_reason}",
        "Use the `patient` of the token response, and no patient that the app remembers. In a test, launch the app for the "
        "patient that the test expects, or remove `patient` from `auto_approve`.",
        specs.SMART_CONTEXT,
        _other_patient,
    ),
    _rule(
        "context-encounter-missing",
        "info",
        "`encounter` is missing from the token response, although the app requested it",
        "{reason} Not every patient has a visit.",
        "In the app, check `encounter` before you use it. To test with one, launch the app for a visit.",
        specs.SMART_CONTEXT,
        _lacks("encounter", _no_encounter),
    ),
    _rule(
        "id-token-not-issued",
        "warning",
        "`id_token` is missing from the token response, although the app requested `openid`",
        "{reason} Without an ID token the app doesn't know who signed in.",
        "Register `openid` and `fhirUser` for the app, and let the user grant them.",
        specs.SMART_IDENTITY,
        _lacks("id_token", _no_id_token),
    ),
    _rule(
        "token-lifetime-reduced",
        "info",
        "The access token has a shorter lifetime than usual",
        "{reason} The first request after that is refused with 401.",
        "Read `expires_in` of each token response, and refresh the token before it expires.",
        specs.rfc(6749, "5.1", "Successful Response"),
        _lacks("expires_in", _is_short),
    ),
)
