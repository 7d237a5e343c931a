"""Rules about the content of a token response: its scopes and its patient."""

from sickbay.authorization.contexts import AnswerContext, TokenContext
from sickbay.authorization.requests import LoginRequest, TokenAnswer, TokenRequest
from sickbay.authorization.scopes.negotiation import TokenSummary
from sickbay.diagnosis.rule import RuleFunctions
from sickbay.kernel.checks import Facts
from sickbay.protocol import scopes

GRANT_EXPIRATION = "access_grant_expiration"
"""Blue Button's tokens belong to one beneficiary, whom the response with this member needn't name."""


def read_granted_scopes(answer: TokenAnswer) -> tuple[str, ...]:
    return scopes.split(str(answer.members.get("scope") or ""))


def _has_no_patient(answer: TokenAnswer | LoginRequest, context: AnswerContext) -> Facts | None:
    if not isinstance(answer, TokenAnswer):  # during sign-in there is no token response yet
        return None
    if GRANT_EXPIRATION in answer.members:
        return None
    patient_scopes = [
        scope.text for scope in scopes.list_resources(" ".join(read_granted_scopes(answer))) if scope.level == "patient"
    ]
    return {"held": patient_scopes} if patient_scopes and not answer.members.get("patient") else None


def _find_missing_scopes(
    answer: TokenAnswer | LoginRequest | TokenRequest, context: AnswerContext | TokenContext
) -> Facts | None:
    if isinstance(context, TokenContext):
        return _list_dropped_scopes(context.given) if context.given else None
    if not isinstance(answer, TokenAnswer) or context.requested_scope is None or "scope" not in answer.members:
        return None
    parsed = scopes.parse_scopes(read_granted_scopes(answer))
    missing = [
        scope for scope in scopes.split(context.requested_scope) if not _is_granted(scope, read_granted_scopes(answer), parsed)
    ]
    return {"missing": missing, "received": " ".join(read_granted_scopes(answer)), "reasons": ""} if missing else None


def _list_dropped_scopes(summary: TokenSummary) -> Facts | None:
    """The requested scopes that this server's own response lacks, each with its reason."""
    dropped = summary.narrower
    if not dropped:
        return None
    reasons = "; ".join(f"{scope.asked} {scope.reason}" for scope in dropped)
    left = " ".join(scope.granted for scope in summary.scopes if scope.granted)
    return {"missing": [scope.asked for scope in dropped], "received": left, "reasons": f" Here: {reasons}."}


def _is_granted(requested: str, texts: tuple[str, ...], parsed: tuple[scopes.Scope, ...]) -> bool:
    scope = scopes.parse(requested)
    return requested in texts or (scope is not None and scopes.is_covered(scope, parsed))


FUNCTIONS: RuleFunctions = {
    "token-response-no-patient": {"advises": _has_no_patient},
    "granted-scopes-narrower": {"advises": _find_missing_scopes},
}
