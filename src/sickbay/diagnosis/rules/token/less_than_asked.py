"""Rules about what a token response lacks although the app requested it."""

from collections.abc import Callable
from typing import Any, Final

from sickbay.authorization.contexts import AnswerContext, TokenContext
from sickbay.authorization.requests import TokenAnswer, TokenRequest
from sickbay.diagnosis.rule import RuleFunctions
from sickbay.kernel.checks import Facts
from sickbay.protocol import scopes

SHORT_SECONDS: Final = 60
"""Libraries treat a token that expires this soon as expired."""
UNKNOWN_REASON: Final = "The server doesn't say why."
Advises = Callable[[Any, Any], Facts | None]


def _response_lacks(name: str, in_answer: Callable[[TokenAnswer, str], bool]) -> Advises:
    """Recognises a response of this server that lacks the member, or a pasted one. in_answer: (response, requested scope)."""

    def advises(request: TokenRequest | TokenAnswer, context: TokenContext | AnswerContext) -> Facts | None:
        if isinstance(context, TokenContext):
            reasons = [entry.reason for entry in context.given.missing if entry.name == name] if context.given else []
            return {"reason": reasons[0]} if reasons else None
        if not isinstance(request, TokenAnswer) or not in_answer(request, context.requested_scope or ""):
            return None
        return {"reason": UNKNOWN_REASON}

    return advises


def _lacks_patient(answer: TokenAnswer, requested: str) -> bool:
    """Only without patient/ scopes, for which `token-response-no-patient` says more."""
    granted = scopes.list_resources(str(answer.members.get("scope") or ""))
    has_own = any(scope.level == "patient" for scope in granted)
    return "launch/patient" in scopes.split(requested) and not answer.members.get("patient") and not has_own


def _lacks_encounter(answer: TokenAnswer, requested: str) -> bool:
    return "launch/encounter" in scopes.split(requested) and not answer.members.get("encounter")


def _lacks_id_token(answer: TokenAnswer, requested: str) -> bool:
    """If the response doesn't grant `openid`. If it does, `id-token-missing` explains it."""
    granted = answer.members.get("scope")
    is_withheld = isinstance(granted, str) and "openid" not in scopes.split(granted)
    return is_withheld and "openid" in scopes.split(requested) and not answer.members.get("id_token")


def _expires_soon(answer: TokenAnswer, requested: str) -> bool:
    seconds = answer.members.get("expires_in")
    return isinstance(seconds, int) and not isinstance(seconds, bool) and 0 < seconds <= SHORT_SECONDS


def _patient_differs(request: TokenRequest | TokenAnswer, context: TokenContext | AnswerContext) -> Facts | None:
    if isinstance(context, TokenContext):
        return {"registered_reason": context.given.other_patient} if context.given and context.given.other_patient else None
    expected, patient = context.expected_patient, request.members.get("patient") if isinstance(request, TokenAnswer) else None
    if not expected or not isinstance(patient, str) or patient == expected:
        return None
    return {"registered_reason": f"The app expected `{expected}`, and the response has `{patient}`."}


FUNCTIONS: RuleFunctions = {
    "context-patient-missing": {"advises": _response_lacks("patient", _lacks_patient)},
    "context-patient-differs": {"advises": _patient_differs},
    "context-encounter-missing": {"advises": _response_lacks("encounter", _lacks_encounter)},
    "id-token-not-issued": {"advises": _response_lacks("id_token", _lacks_id_token)},
    "token-lifetime-reduced": {"advises": _response_lacks("expires_in", _expires_soon)},
}
