"""Rules about the form of a token request: method, content type, `grant_type`, and parameters that don't belong there."""

from collections.abc import Callable

from msgspec import structs

from sickbay.authorization.contexts import TokenContext
from sickbay.authorization.requests import TokenRequest
from sickbay.authorization.token.request import FORM
from sickbay.diagnosis.rule import Rule, Spec
from sickbay.diagnosis.wording import join_as_code
from sickbay.kernel.checks import Facts
from sickbay.protocol.parameters import Parameters

TOKEN = Spec("RFC 6749, 3.2 Token Endpoint", "https://www.rfc-editor.org/rfc/rfc6749#section-3.2")
GRANT = Spec("RFC 6749, 4.1.3 Access Token Request", "https://www.rfc-editor.org/rfc/rfc6749#section-4.1.3")
ERRORS = Spec("RFC 6749, 5.2 Error Response", "https://www.rfc-editor.org/rfc/rfc6749#section-5.2")


def _send_as_post(request: TokenRequest, facts: Facts) -> TokenRequest:
    headers = {**request.headers, "content-type": FORM}
    return structs.replace(request, method="POST", query=Parameters(), headers=headers, body=request.parameters.raw)


def _with_grant(request: TokenRequest, facts: Facts) -> TokenRequest:
    grant = facts["expected"]
    return structs.replace(request, parameters=request.parameters.replace([("grant_type", grant)])) if grant else request


def _with_suggestion(facts: Facts) -> Facts:
    supported = join_as_code(facts.get("supported", ()))
    return {**facts, "suggested": facts["expected"] or "authorization_code or refresh_token", "known_here": supported}


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


def _with_authorized_resource(request: TokenRequest, facts: Facts) -> TokenRequest:
    return structs.replace(request, parameters=request.parameters.replace([("resource", facts["expected"])]))


RESOURCE_MISMATCH = Rule(
    id="token-resource-mismatch",
    parameter="resource",
    title="`resource` isn't the FHIR server that was authorized: `{received}`",
    why="The server issues a token only for the FHIR base URL that was the `aud` of the authorization request.",
    fix="Send `resource={expected}`, or leave out `resource`.",
    spec=Spec("RFC 8707, 2.2 Access Token Request", "https://www.rfc-editor.org/rfc/rfc8707#section-2.2"),
    repair=_with_authorized_resource,
)

WRONG_METHOD = Rule(
    id="token-wrong-method",
    recognises=_describe_problems,
    title="The request must be a POST with all parameters in its body, but {asked}",
    why="Codes, tokens and secrets in a URL end up in logs and browser histories, so the server reads them only from the "
    "body of a POST.",
    fix="Send a POST with all parameters in the form body and none in the URL.",
    spec=TOKEN,
    repair=_send_as_post,
)


def _with_type(facts: Facts) -> Facts:
    sent = "JSON" if facts.get("json") else facts["received"]
    return {**facts, "came": f"as {sent}" if sent else "without one"}


WRONG_CONTENT_TYPE = Rule(
    id="token-wrong-content-type",
    recognises=_with_type,
    parameter="Content-Type",
    title="`Content-Type` is wrong: the parameters were sent {came}",
    why="This endpoint reads only a form (`{expected}`). It doesn't parse JSON or other bodies.",
    fix="Send the same parameters as a form body with `Content-Type: {expected}`.",
    spec=GRANT,
    repair=_send_as_post,
)


GRANT_TYPE_MISSING = Rule(
    id="grant-type-missing",
    recognises=_with_suggestion,
    parameter="grant_type",
    title="`grant_type` is missing",
    why="`grant_type` tells the server what your app exchanges for tokens, such as a code or a refresh token.",
    fix="Add `grant_type={suggested}`.",
    spec=GRANT,
    repair=_with_grant,
)


GRANT_TYPE_INVALID = Rule(
    id="grant-type-invalid",
    recognises=_with_suggestion,
    parameter="grant_type",
    title="`grant_type` isn't supported: `{received}`",
    why="The server compares it exactly with the grant types that it supports: {known_here}.",
    fix="Send `grant_type={suggested}`.",
    spec=ERRORS,
    repair=_with_grant,
)


GRANT_TYPE_MISMATCH = Rule(
    id="grant-type-mismatch",
    parameter="grant_type",
    title="`grant_type` is `{received}`, but the parameters belong to `{expected}`",
    why="Each grant type has its own parameter: `authorization_code` needs `code`, and `refresh_token` needs `refresh_token`.",
    fix="Send `grant_type={expected}` with these parameters.",
    spec=ERRORS,
    repair=_with_grant,
)


def _without(name: str) -> Callable[[TokenRequest, Facts], TokenRequest]:
    def repair(request: TokenRequest, facts: Facts) -> TokenRequest:
        return structs.replace(request, parameters=request.parameters.replace([(name, None)]))

    return repair


def _scope_sent(request: TokenRequest, context: TokenContext) -> Facts | None:
    scope = request.parameters.get("scope")
    return {"received": scope} if scope and request.parameters.get("grant_type") == "authorization_code" else None


def _state_sent(request: TokenRequest, context: TokenContext) -> Facts | None:
    return {"received": request.parameters.get("state")} if "state" in request.parameters else None


SCOPE_IGNORED = Rule(
    id="token-scope-ignored",
    advises=_scope_sent,
    severity="info",
    degree="advice",
    parameter="scope",
    title="`scope` has no effect when a code is exchanged",
    why="The scopes were decided in the authorization request, and the code carries them. RFC 6749 defines no `scope` "
    "parameter here.",
    fix="Leave out `scope` here, and request `{received}` in the authorization request.",
    spec=GRANT,
    repair=_without("scope"),
)


STATE_PARAM = Rule(
    id="token-state-param",
    advises=_state_sent,
    severity="info",
    degree="advice",
    parameter="state",
    title="`state` was sent to the token endpoint",
    why="`state` protects the redirect: your app compares the returned value with the one that it stored. The token endpoint "
    "ignores it.",
    fix="Compare `state` in your app, and remove it from the token request.",
    spec=GRANT,
    repair=_without("state"),
)
