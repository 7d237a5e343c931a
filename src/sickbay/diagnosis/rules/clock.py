"""Rules about clocks that differ: times in a client assertion and in an ID token."""

from collections.abc import Callable

from sickbay.authorization.contexts import AnswerContext, TokenContext
from sickbay.authorization.requests import TokenAnswer, TokenRequest
from sickbay.diagnosis import guesses
from sickbay.diagnosis.rule import RuleFunctions
from sickbay.kernel.checks import UNKNOWN, Facts
from sickbay.protocol import numeric_dates

LEEWAY_SECONDS = 60
"""How many seconds two clocks may differ."""


def _compare_clocks(request: TokenRequest, context: TokenContext) -> Facts | None:
    read = request.assertion
    issued = read.claims.get("iat") if read else None
    if not isinstance(issued, int | float) or context.now is UNKNOWN or abs(issued - context.now) <= LEEWAY_SECONDS:
        return None
    seconds = int(issued) - context.now
    direction = "ahead of" if seconds > 0 else "behind"
    return {"offset": abs(seconds), "direction": direction, "received": issued, "unit": numeric_dates.find_unit(issued)}


def _is_in_future(claim: str) -> Callable[[TokenAnswer, AnswerContext], Facts | None]:
    """Compares a time of the ID token with now."""

    def advise(answer: TokenAnswer, context: AnswerContext) -> Facts | None:
        value = (answer.claims or {}).get(claim)
        if not isinstance(value, int | float) or context.now is UNKNOWN:
            return None
        seconds = int(value) - context.now
        facts = {"ahead": seconds, "unit": numeric_dates.find_unit(value)}
        return facts | guesses.fact_about(context, "now") if seconds > LEEWAY_SECONDS else None

    return advise


FUNCTIONS: RuleFunctions = {
    "clock-skew-assertion": {"advises": _compare_clocks},
    "clock-iat-future": {"advises": _is_in_future("iat")},
    "clock-nbf-future": {"advises": _is_in_future("nbf")},
}
