"""Rules about clocks that differ: times in a client assertion and in an ID token."""

from collections.abc import Callable

from sickbay.authorization.contexts import AnswerContext, TokenContext
from sickbay.authorization.requests import TokenAnswer, TokenRequest
from sickbay.diagnosis import guesses, specs
from sickbay.diagnosis.rule import Rule
from sickbay.kernel.checks import UNKNOWN, Facts

LEEWAY_SECONDS = 60
"""How many seconds two clocks may differ."""


def _compare_clocks(request: TokenRequest, context: TokenContext) -> Facts | None:
    read = request.assertion
    issued = read.claims.get("iat") if read else None
    if not isinstance(issued, int | float) or context.now is UNKNOWN or abs(issued - context.now) <= LEEWAY_SECONDS:
        return None
    seconds = int(issued) - context.now
    return {"offset": abs(seconds), "direction": "ahead of" if seconds > 0 else "behind", "received": issued}


def _future(claim: str) -> Callable[[TokenAnswer, AnswerContext], Facts | None]:
    """Compares a time of the ID token with now."""

    def advise(answer: TokenAnswer, context: AnswerContext) -> Facts | None:
        value = (answer.claims or {}).get(claim)
        if not isinstance(value, int | float) or context.now is UNKNOWN:
            return None
        seconds = int(value) - context.now
        return {"ahead": seconds} | guesses.of(context, "now") if seconds > LEEWAY_SECONDS else None

    return advise


SKEW_ASSERTION = Rule(
    id="clock-skew-assertion",
    at=("token", "introspection", "revocation"),
    advises=_compare_clocks,
    parameter="client_assertion",
    title="`iat` of the client assertion is {offset} s {direction} the server's clock",
    why="The clocks of the two machines differ, so servers may see the assertions as expired or valid for too long.",
    fix="Synchronise the clock of the machine that signs (for example with NTP).",
    spec=specs.SMART_ASYMMETRIC,
)

IAT_FUTURE = Rule(
    id="clock-iat-future",
    at=("id_token",),
    advises=_future("iat"),
    title="`iat` of the ID token is {ahead} s in the future",
    why="The clock of the server that issued the token is ahead of the clock of the machine that reads it.",
    fix="Synchronise both clocks with NTP, and allow a difference of 60 s.",
    spec=specs.OIDC_ID_TOKEN,
)

NBF_FUTURE = Rule(
    id="clock-nbf-future",
    at=("id_token",),
    advises=_future("nbf"),
    title="`nbf` of the ID token is {ahead} s in the future",
    why="The token isn't valid before `nbf`. The difference is too large to be ordinary clock skew.",
    fix="Synchronise both clocks with NTP, and allow a difference of 60 s. A server may also leave out `nbf`.",
    spec=specs.rfc(7519, "4.1.5", "nbf Claim"),
)
