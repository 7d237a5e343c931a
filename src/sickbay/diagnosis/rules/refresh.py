"""Rules about refreshing an access token (RFC 6749, 6; RFC 9700, 4.14)."""

from msgspec import structs

from sickbay.authorization.contexts import AnswerContext, TokenContext
from sickbay.authorization.requests import TokenAnswer, TokenRequest
from sickbay.diagnosis import corrections
from sickbay.diagnosis.revocations import describe_revocation
from sickbay.diagnosis.rule import GUESS, RuleFunctions, only_with
from sickbay.kernel.checks import Facts
from sickbay.protocol import scopes


def _add_revocation(facts: Facts) -> Facts:
    return {**facts, "said": describe_revocation(facts)} if facts["reason"] == "revoked" else facts


def _narrow_scope(request: TokenRequest, facts: Facts) -> TokenRequest:
    granted = " ".join(scope for scope in scopes.split(facts["received"]) if scope not in facts["wider"])
    return structs.replace(request, parameters=request.parameters.replace([("scope", granted or None)]))


NEITHER = "Neither offline_access nor online_access was granted."


def _has_no_refresh_token(answer: TokenAnswer | TokenRequest, context: AnswerContext | TokenContext) -> Facts | None:
    if isinstance(context, TokenContext):
        summary = context.given
        return {"received": None, "reason": summary.refresh} if summary and summary.wanted and summary.refresh else None
    if not isinstance(answer, TokenAnswer) or answer.members.get("refresh_token"):
        return None
    scope = scopes.split(str(answer.members.get("scope") or ""))
    if {"offline_access", "online_access"} & set(scope) or not (context.wants_refresh or _is_of_a_launch(answer, context)):
        return None
    facts = {"received": " ".join(scope), "reason": NEITHER}
    return facts if context.wants_refresh else {**facts, GUESS: _PERHAPS_NOT_WANTED, "at_most": "info"}


_PERHAPS_NOT_WANTED = "Sickbay doesn't know whether your app requested one; an app that doesn't need one can ignore this."


def _is_of_a_launch(answer: TokenAnswer, context: AnswerContext) -> bool:
    """Whether a user launched the app, if nothing is known about the request."""
    return context.requested_scope is None and bool(answer.members.get("patient"))


_SET_CLIENT_ID = corrections.set_from_fact("client_id", "expected")
FUNCTIONS: RuleFunctions = {
    "refresh-client-auth-missing": {
        "recognises": only_with("grant_type", "refresh_token"),
        "repair": lambda request, facts: _SET_CLIENT_ID(corrections.add_client_secret(request, facts), facts),
    },
    "refresh-token-missing": {"insert_placeholder": corrections.new_refresh_token},
    "refresh-token-invalid": {"recognises": _add_revocation, "insert_placeholder": corrections.new_refresh_token},
    "refresh-token-reused": {"insert_placeholder": corrections.new_refresh_token},
    "refresh-client-mismatch": {
        "recognises": lambda facts: {"kind": "refresh token", **facts},
        "insert_placeholder": corrections.new_refresh_token,
    },
    "refresh-online-session-ended": {"insert_placeholder": corrections.new_refresh_token},
    "refresh-scope-expanded": {"repair": _narrow_scope},
    "refresh-replay-differs": {"insert_placeholder": corrections.new_refresh_token},
    "refresh-replay-revoked": {"insert_placeholder": corrections.new_refresh_token},
    "refresh-token-not-issued": {"advises": _has_no_refresh_token},
}
