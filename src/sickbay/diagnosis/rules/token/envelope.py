"""Rules about how a token request is sent: method, content type, grant_type, and what does not belong there."""

from collections.abc import Callable
from dataclasses import replace

from sickbay.authorization.known import TokenKnown
from sickbay.authorization.requests import TokenRequest
from sickbay.authorization.token import FORM
from sickbay.diagnosis.rule import Rule, Spec
from sickbay.kernel.refusal import Facts
from sickbay.protocol.parameters import Parameters

TOKEN = Spec("RFC 6749, 3.2 Token Endpoint", "https://www.rfc-editor.org/rfc/rfc6749#section-3.2")
GRANT = Spec("RFC 6749, 4.1.3 Access Token Request", "https://www.rfc-editor.org/rfc/rfc6749#section-4.1.3")
ERRORS = Spec("RFC 6749, 5.2 Error Response", "https://www.rfc-editor.org/rfc/rfc6749#section-5.2")


def _posted(request: TokenRequest, facts: Facts) -> TokenRequest:
    headers = {**request.headers, "content-type": FORM}
    return replace(request, method="POST", query=Parameters(), headers=headers, body=request.parameters.raw)


def _with_grant(request: TokenRequest, facts: Facts) -> TokenRequest:
    grant = facts["expected"]
    return replace(request, parameters=request.parameters.replaced([("grant_type", grant)])) if grant else request


def _guessed(facts: Facts) -> Facts:
    known = " and ".join(facts.get("supported", ()))
    return {**facts, "suggested": facts["expected"] or "authorization_code or refresh_token", "known_here": known}


def _asked(facts: Facts) -> Facts:
    names = ", ".join(facts.get("in_url") or ())
    said = [f"by {facts['received']}"] if facts["received"] != "POST" else []
    said += [f"with {names} in its address"] if names else []
    return {**facts, "asked": f"The endpoint was asked {' and '.join(said)}"}


WRONG_METHOD = Rule(
    id="token-wrong-method",
    stage="token",
    explains="token-wrong-method",
    recognises=_asked,
    severity="error",
    outcome="400 invalid_request",
    title="{asked}",
    why="Codes, tokens and secrets in an address end up in logs and histories. This endpoint reads the body of a POST alone.",
    fix="Send POST, with all parameters in a form body and none behind the question mark.",
    spec=TOKEN,
    repair=_posted,
)


def _came(facts: Facts) -> Facts:
    sent = "JSON" if facts.get("json") else facts["received"]
    return {**facts, "came": f"as {sent}" if sent else "without a Content-Type"}


WRONG_CONTENT_TYPE = Rule(
    id="token-wrong-content-type",
    stage="token",
    explains="token-wrong-content-type",
    recognises=_came,
    severity="error",
    outcome="400 invalid_request",
    parameter="Content-Type",
    title="The request came {came}",
    why="This endpoint reads a form, {expected}; JSON and other bodies are not looked into.",
    fix="Send the same parameters as a form body, with Content-Type: {expected}.",
    spec=GRANT,
    repair=_posted,
)


def _for_the_grant(request: TokenRequest, facts: Facts) -> TokenRequest:
    return replace(request, parameters=request.parameters.replaced([("resource", facts["expected"])]))


RESOURCE_MISMATCH = Rule(
    id="token-resource-mismatch",
    stage="token",
    explains="token-resource-mismatch",
    severity="error",
    outcome="400 invalid_target",
    parameter="resource",
    title="The token is asked for another server than the one that was authorized: {received}",
    why="A resource indicator may only name a FHIR base that the grant is for.",
    fix="Send resource={expected}, or leave it out.",
    spec=Spec("RFC 8707, 2.2 Access Token Request", "https://www.rfc-editor.org/rfc/rfc8707#section-2.2"),
    repair=_for_the_grant,
)

GRANT_TYPE_MISSING = Rule(
    id="grant-type-missing",
    stage="token",
    explains="grant-type-missing",
    recognises=_guessed,
    severity="error",
    outcome="400 invalid_request",
    parameter="grant_type",
    title="There is no grant_type",
    why="grant_type says what your app gives in exchange for tokens: a code, or a refresh token.",
    fix="Add grant_type={suggested}.",
    spec=GRANT,
    repair=_with_grant,
)

GRANT_TYPE_INVALID = Rule(
    id="grant-type-invalid",
    stage="token",
    explains="grant-type-invalid",
    recognises=_guessed,
    severity="error",
    outcome="400 unsupported_grant_type",
    parameter="grant_type",
    title="grant_type is {received}, which this server does not know",
    why="It knows {known_here}, in exactly this spelling and one at a time.",
    fix="Send grant_type={suggested}.",
    spec=ERRORS,
    repair=_with_grant,
)

GRANT_TYPE_MISMATCH = Rule(
    id="grant-type-mismatch",
    stage="token",
    explains="grant-type-mismatch",
    severity="error",
    outcome="400 invalid_grant",
    parameter="grant_type",
    title="grant_type is {received}, but what was sent with it belongs to {expected}",
    why="Each grant has its own parameters: authorization_code goes with code, refresh_token with refresh_token.",
    fix="Send grant_type={expected} with these parameters.",
    spec=ERRORS,
    repair=_with_grant,
)

GRANT_NOT_ALLOWED = Rule(
    id="backend-grant-not-allowed",
    stage="backend",
    explains="backend-grant-not-allowed",
    severity="error",
    outcome="400 unauthorized_client",
    parameter="grant_type",
    title="Your app may not use {received}",
    why="An app is registered for its grants: {registered}.",
    fix="Use a grant the app is registered for, or register it for this one.",
    spec=ERRORS,
)


def _without(name: str) -> Callable[[TokenRequest, Facts], TokenRequest]:
    def repair(request: TokenRequest, facts: Facts) -> TokenRequest:
        return replace(request, parameters=request.parameters.replaced([(name, None)]))

    return repair


def _scope_sent(request: TokenRequest, known: TokenKnown) -> Facts | None:
    scope = request.parameters.get("scope")
    return {"received": scope} if scope and request.parameters.get("grant_type") == "authorization_code" else None


def _state_sent(request: TokenRequest, known: TokenKnown) -> Facts | None:
    return {"received": request.parameters.get("state")} if "state" in request.parameters else None


SCOPE_IGNORED = Rule(
    id="token-scope-ignored",
    stage="token",
    advises=_scope_sent,
    severity="info",
    outcome="advice",
    degree="advice",
    parameter="scope",
    title="scope has no effect when a code is redeemed",
    why="The scopes were settled at the authorize request; the code stands for them.",
    fix="Leave scope out here, and ask for all of {received} in the authorize request.",
    spec=GRANT,
    repair=_without("scope"),
)

STATE_PARAM = Rule(
    id="token-state-param",
    stage="token",
    advises=_state_sent,
    severity="info",
    outcome="advice",
    degree="advice",
    parameter="state",
    title="state was sent to the token endpoint",
    why="State is for your app alone: it compares the one that came back with the one that it kept.",
    fix="Compare state in the app, and leave it out of the token request.",
    spec=GRANT,
    repair=_without("state"),
)

RULES = (
    RESOURCE_MISMATCH,
    WRONG_METHOD,
    WRONG_CONTENT_TYPE,
    GRANT_TYPE_MISSING,
    GRANT_TYPE_INVALID,
    GRANT_TYPE_MISMATCH,
    GRANT_NOT_ALLOWED,
    SCOPE_IGNORED,
    STATE_PARAM,
)
