"""Rules about the ID token, whose signature isn't checked: its claims and its expiry."""

from collections.abc import Callable
from typing import Any

from sickbay.authorization.contexts import AnswerContext
from sickbay.authorization.requests import TokenAnswer
from sickbay.diagnosis import guesses
from sickbay.diagnosis.rule import RuleFunctions
from sickbay.kernel.checks import UNKNOWN, Facts
from sickbay.protocol import scopes

LEEWAY = 60
"""How many seconds two clocks may differ."""


def _find_missing_id_token(answer: TokenAnswer, context: AnswerContext) -> Facts | None:
    requested = "openid" in scopes.split(context.requested_scope or "")
    return {"received": None} if requested and not answer.members.get("id_token") else None


def _claim_differs(claim: str, expected: str) -> Callable[[TokenAnswer, AnswerContext], Facts | None]:
    """Compares a claim with the field `expected` of the context; `aud` may be a list."""

    def advise(answer: TokenAnswer, context: AnswerContext) -> Facts | None:
        wanted = getattr(context, expected)
        if answer.claims is None or wanted is None:
            return None
        value: Any = answer.claims.get(claim)
        return None if wanted in (value if isinstance(value, list) else [value]) else {"received": value, "expected": wanted}

    return advise


def _seconds_until_claim(answer: TokenAnswer, context: AnswerContext, claim: str) -> int | None:
    """Seconds from now to the claim's time; None if either is unknown."""
    value = (answer.claims or {}).get(claim)
    return int(value) - context.now if isinstance(value, int | float) and context.now is not UNKNOWN else None


def _find_expiry(answer: TokenAnswer, context: AnswerContext) -> Facts | None:
    seconds = _seconds_until_claim(answer, context, "exp")
    return {"late": -seconds} | guesses.fact_about(context, "now") if seconds is not None and seconds < -LEEWAY else None


def _has_no_fhir_user(answer: TokenAnswer, context: AnswerContext) -> Facts | None:
    requested = "fhirUser" in scopes.split(str(answer.members.get("scope") or ""))
    if answer.claims is None or not requested or answer.claims.get("fhirUser"):
        return None
    return {"received": answer.claims.get("profile")}


FUNCTIONS: RuleFunctions = {
    "id-token-missing": {"advises": _find_missing_id_token},
    "id-token-nonce-mismatch": {"advises": _claim_differs("nonce", "nonce")},
    "id-token-aud-mismatch": {"advises": _claim_differs("aud", "client_id")},
    "id-token-iss-mismatch": {"advises": _claim_differs("iss", "issuer")},
    "id-token-expired": {"advises": _find_expiry},
    "id-token-no-fhiruser": {"advises": _has_no_fhir_user},
}
