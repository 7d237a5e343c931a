"""Rules about the ID token, whose signature isn't checked: its claims and its expiry."""

from collections.abc import Callable
from typing import Any

from sickbay.authorization.contexts import AnswerContext
from sickbay.authorization.requests import TokenAnswer
from sickbay.diagnosis import guesses, specs
from sickbay.diagnosis.rule import Rule
from sickbay.kernel.checks import UNKNOWN, Facts
from sickbay.protocol import scopes

LEEWAY = 60
"""How many seconds two clocks may differ."""


def _find_missing_id_token(answer: TokenAnswer, context: AnswerContext) -> Facts | None:
    requested = "openid" in scopes.split(context.requested_scope or "")
    return {"received": None} if requested and not answer.members.get("id_token") else None


def _differs(claim: str, expected: str) -> Callable[[TokenAnswer, AnswerContext], Facts | None]:
    """Compares a claim with the field `expected` of the context; `aud` may be a list."""

    def advise(answer: TokenAnswer, context: AnswerContext) -> Facts | None:
        wanted = getattr(context, expected)
        if answer.claims is None or wanted is None:
            return None
        value: Any = answer.claims.get(claim)
        return None if wanted in (value if isinstance(value, list) else [value]) else {"received": value, "expected": wanted}

    return advise


def _seconds(answer: TokenAnswer, context: AnswerContext, claim: str) -> int | None:
    """Seconds from now to the claim's time; None if either is unknown."""
    value = (answer.claims or {}).get(claim)
    return int(value) - context.now if isinstance(value, int | float) and context.now is not UNKNOWN else None


def _find_expiry(answer: TokenAnswer, context: AnswerContext) -> Facts | None:
    seconds = _seconds(answer, context, "exp")
    return {"late": -seconds} | guesses.of(context, "now") if seconds is not None and seconds < -LEEWAY else None


def _no_fhir_user(answer: TokenAnswer, context: AnswerContext) -> Facts | None:
    requested = "fhirUser" in scopes.split(str(answer.members.get("scope") or ""))
    if answer.claims is None or not requested or answer.claims.get("fhirUser"):
        return None
    return {"received": answer.claims.get("profile")}


def _rule(id: str, title: str, why: str, fix: str, advises: Callable[[Any, Any], Facts | None], **more: Any) -> Rule:
    fields: dict[str, Any] = {"spec": specs.OIDC_ID_TOKEN, **more}
    return Rule(id=id, title=title, why=why, fix=fix, advises=advises, **fields)


RULES = (
    _rule(
        "id-token-missing",
        "`id_token` is missing, although `openid` was requested",
        "The server issues an ID token only if `openid` is registered and granted.",
        "Register `openid`, request it together with `fhirUser`, and check that `scope` in the token response contains it.",
        _find_missing_id_token,
        spec=specs.SMART_IDENTITY,
    ),
    _rule(
        "id-token-nonce-mismatch",
        "`nonce` of the ID token doesn't match the one that your app sent",
        "The `nonce` ties an ID token to one sign-in. This one belongs to another sign-in, or it is forged.",
        "Store each `nonce` under the `state` of its request, and compare it with the `nonce` of the ID token.",
        _differs("nonce", "nonce"),
    ),
    _rule(
        "id-token-aud-mismatch",
        "`aud` of the ID token is `{received}`, not your app",
        "`aud` names the app that the ID token was issued to. Your app is `{expected}`.",
        "Reject the ID token. If it's your server, set `aud` to the `client_id`.",
        _differs("aud", "client_id"),
    ),
    _rule(
        "id-token-iss-mismatch",
        "`iss` of the ID token doesn't match: `{received}`",
        "`iss` must be exactly the `issuer` of the discovery document: `{expected}`.",
        "Reject the ID token. If it's your server, make `iss` and `issuer` equal.",
        _differs("iss", "issuer"),
    ),
    _rule(
        "id-token-expired",
        "The ID token expired {late} s ago",
        "An app checks the ID token once, when it arrives. After that, it uses its own session.",
        "Sign in again to get a new ID token. If this one was just issued, correct the clock of your machine.",
        _find_expiry,
    ),
    _rule(
        "id-token-no-fhiruser",
        "`fhirUser` was granted, but the ID token doesn't contain it",
        "The claim `fhirUser` is the URL of the user's FHIR resource. Older servers call it `profile`.",
        "Read `fhirUser`, and `profile` if it's missing. If it's your server, add `fhirUser` to the ID token.",
        _no_fhir_user,
        spec=specs.SMART_IDENTITY,
    ),
)
