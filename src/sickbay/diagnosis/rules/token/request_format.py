"""Rules about the form of a token request: method, content type, `grant_type`, and parameters that don't belong there."""

from msgspec import structs

from sickbay.authorization.contexts import TokenContext
from sickbay.authorization.requests import TokenRequest
from sickbay.authorization.token.request import FORM
from sickbay.diagnosis import corrections
from sickbay.diagnosis.rule import RuleFunctions
from sickbay.kernel.checks import Facts
from sickbay.kernel.english import join_as_code
from sickbay.protocol.parameters import Parameters


def _send_as_post(request: TokenRequest, facts: Facts) -> TokenRequest:
    headers = {**request.headers, "content-type": FORM}
    return structs.replace(request, method="POST", query=Parameters(), headers=headers, body=request.parameters.raw)


def _add_suggestion(facts: Facts) -> Facts:
    suggested = facts["expected"] or "authorization_code` or `grant_type=refresh_token"
    supported = facts.get("supported")
    return {**facts, "suggested": suggested, "known_here": f": {join_as_code(supported)}" if supported else ""}


NAMED_PARAMETERS = 3
"""More than so many are counted, because the title would be too long to read."""


def _describe_problems(facts: Facts) -> Facts:
    in_url = facts.get("in_url") or ()
    problems = [f"it is a {facts['received']}"] if facts["received"] != "POST" else []
    problems += (
        [f"its URL has {join_as_code(in_url) if len(in_url) <= NAMED_PARAMETERS else f'{len(in_url)} of them'}"]
        if in_url
        else []
    )
    return {**facts, "asked": " and ".join(problems)}


def _add_type(facts: Facts) -> Facts:
    sent = "JSON" if facts.get("json") else facts["received"]
    return {**facts, "came": f"as {sent}" if sent else "without one"}


def _has_scope(request: TokenRequest, context: TokenContext) -> Facts | None:
    scope = request.parameters.get("scope")
    return {"received": scope} if scope and request.parameters.get("grant_type") == "authorization_code" else None


def _has_state(request: TokenRequest, context: TokenContext) -> Facts | None:
    return {"received": request.parameters.get("state")} if "state" in request.parameters else None


_SET_GRANT = corrections.set_from_fact("grant_type", "expected")
FUNCTIONS: RuleFunctions = {
    "token-wrong-method": {"recognises": _describe_problems, "repair": _send_as_post},
    "token-wrong-content-type": {"recognises": _add_type, "repair": _send_as_post},
    "grant-type-missing": {"recognises": _add_suggestion, "repair": _SET_GRANT},
    "grant-type-invalid": {"recognises": _add_suggestion, "repair": _SET_GRANT},
    "grant-type-mismatch": {"repair": _SET_GRANT},
    "token-scope-ignored": {"advises": _has_scope, "repair": corrections.set_value("scope", None)},
    "token-state-param": {"advises": _has_state, "repair": corrections.set_value("state", None)},
}
