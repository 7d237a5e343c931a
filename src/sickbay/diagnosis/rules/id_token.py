"""Rules of the id_token, read without its key: what it says against what the app asked, and its times."""

from collections.abc import Callable
from typing import Any

from sickbay.authorization.known import AnswerKnown
from sickbay.authorization.requests import TokenAnswer
from sickbay.diagnosis import specs
from sickbay.diagnosis.rule import Rule, Spec
from sickbay.kernel.refusal import UNKNOWN, Facts
from sickbay.protocol import scopes

CORE = Spec(
    "OpenID Connect Core 1.0, ID Token Validation",
    "https://openid.net/specs/openid-connect-core-1_0.html#IDTokenValidation",
)
JWT = Spec("RFC 7519, 4.1.5 nbf Claim", "https://www.rfc-editor.org/rfc/rfc7519#section-4.1.5")
LEEWAY = 60
"""Seconds by which clocks may differ."""


def _missing(answer: TokenAnswer, known: AnswerKnown) -> Facts | None:
    asked = "openid" in scopes.split(known.requested_scope or "")
    return {"received": None} if asked and not answer.members.get("id_token") else None


def _differs(claim: str, expected: str) -> Callable[[TokenAnswer, AnswerKnown], Facts | None]:
    """A claim against the field of `known` of that name; aud may be a list."""

    def advise(answer: TokenAnswer, known: AnswerKnown) -> Facts | None:
        wanted = getattr(known, expected)
        if answer.claims is None or wanted is None:
            return None
        said: Any = answer.claims.get(claim)
        return None if wanted in (said if isinstance(said, list) else [said]) else {"received": said, "expected": wanted}

    return advise


def _seconds(answer: TokenAnswer, known: AnswerKnown, claim: str) -> int | None:
    """How many seconds from now the claim lies; None where either is not known."""
    said = (answer.claims or {}).get(claim)
    return int(said) - known.now if isinstance(said, int | float) and known.now is not UNKNOWN else None


def _expired(answer: TokenAnswer, known: AnswerKnown) -> Facts | None:
    seconds = _seconds(answer, known, "exp")
    return {"late": -seconds} if seconds is not None and seconds < -LEEWAY else None


def _future(claim: str) -> Callable[[TokenAnswer, AnswerKnown], Facts | None]:
    def advise(answer: TokenAnswer, known: AnswerKnown) -> Facts | None:
        seconds = _seconds(answer, known, claim)
        return {"ahead": seconds} if seconds is not None and seconds > LEEWAY else None

    return advise


def _no_user(answer: TokenAnswer, known: AnswerKnown) -> Facts | None:
    asked = "fhirUser" in scopes.split(str(answer.members.get("scope") or ""))
    if answer.claims is None or not asked or answer.claims.get("fhirUser"):
        return None
    return {"received": answer.claims.get("profile")}


def _rule(id: str, title: str, why: str, fix: str, advises: Callable[[Any, Any], Facts | None], **more: Any) -> Rule:
    given: dict[str, Any] = {"stage": "id_token", "severity": "error", "outcome": "advice", "spec": CORE, **more}
    return Rule(id=id, title=title, why=why, fix=fix, advises=advises, **given)


RULES = (
    _rule(
        "id-token-missing",
        "openid was asked for, and no id_token came",
        "An id_token comes with openid alone, where it is registered and granted.",
        "Register openid, ask for it with fhirUser, and look whether scope of the response holds it.",
        _missing,
        spec=specs.SMART_IDENTITY,
    ),
    _rule(
        "id-token-nonce-mismatch",
        "The nonce of the id_token is not the one that was sent",
        "The nonce ties the id_token to one attempt; this one belongs to another, or was made up.",
        "Keep each nonce under the state of its attempt, and compare it with that of the id_token.",
        _differs("nonce", "nonce"),
    ),
    _rule(
        "id-token-aud-mismatch",
        "The id_token is for {received}",
        "aud names the app that an id_token was made for, and this app is {expected}.",
        "Refuse the id_token. The server has to put the client_id into aud.",
        _differs("aud", "client_id"),
    ),
    _rule(
        "id-token-iss-mismatch",
        "The id_token is from {received}",
        "iss must be, letter by letter, the issuer that was discovered: {expected}.",
        "Refuse the id_token. The server has to make iss and issuer equal.",
        _differs("iss", "issuer"),
    ),
    _rule(
        "id-token-expired",
        "The id_token ended {late} s ago",
        "An id_token is looked at once, when it comes; afterwards the app has a session of its own.",
        "Take a new one by signing in again, or set the clock of the machine.",
        _expired,
    ),
    _rule(
        "id-token-no-fhiruser",
        "fhirUser was granted, and the id_token does not name the user",
        "The claim fhirUser is the address of the user's resource; before SMART 2 it was called profile.",
        "Read fhirUser, and profile where it is not there. The server has to add fhirUser.",
        _no_user,
        spec=specs.SMART_IDENTITY,
    ),
    _rule(
        "clock-iat-future",
        "The id_token is dated {ahead} s ahead",
        "The clock of the server that made it goes before the one that reads it.",
        "Set both clocks by NTP, and allow 60 s.",
        _future("iat"),
        stage="clock",
        at=("id_token",),
    ),
    _rule(
        "clock-nbf-future",
        "The id_token is not good before {ahead} s from now",
        "nbf lies ahead of the clock that reads it, by more than clocks may differ.",
        "Set both clocks by NTP, and allow 60 s; the server may leave nbf out.",
        _future("nbf"),
        stage="clock",
        at=("id_token",),
        spec=JWT,
    ),
)
