"""Rules of the endpoints about a token: introspection, revocation, user info."""

from sickbay.authorization.requests import TokenRequest
from sickbay.diagnosis import repairs, specs
from sickbay.diagnosis.rule import Rule, Spec
from sickbay.kernel.refusal import Facts


def _as_token(request: TokenRequest, facts: Facts) -> TokenRequest:
    """Under its right name, where it came under the one that it has in a token response."""
    name = next((one for one in ("access_token", "refresh_token") if request.parameters.get(one)), None)
    if name is None:
        return request
    return repairs.with_parameters(request, ("token", request.parameters.get(name)), (name, None))


TOKEN_PARAMETER_MISSING = Rule(
    id="token-parameter-missing",
    stage="introspection",
    explains="token-parameter-missing",
    severity="error",
    outcome="400 invalid_request",
    parameter="token",
    title="The request does not say which token it is about",
    why="The token asked about stands in the form body, as token; the Authorization header is for who asks.",
    fix="Add token to the form body, with the access token or the refresh token as its value.",
    spec=specs.rfc(7662, "2.1", "Introspection Request"),
    repair=_as_token,
)

USERINFO_WITHOUT_OPENID = Rule(
    id="userinfo-without-openid",
    stage="userinfo",
    explains="userinfo-without-openid",
    severity="error",
    outcome="403 insufficient_scope",
    parameter="scope",
    title="This token tells nothing about a person: openid was not granted, or nobody signed in",
    why="UserInfo says who signed in, and only to an app that asked for it. Granted: {held}.",
    fix="Ask for openid and fhirUser at the next launch, and register both.",
    spec=Spec("OpenID Connect Core 1.0, 5.3 UserInfo Endpoint", f"{specs.OIDC}#UserInfo"),
)

REVOKE_ACCESS_TOKEN = Rule(
    id="revoke-access-token",
    stage="revocation",
    explains="revoke-access-token",
    severity="error",
    outcome="400 unsupported_token_type",
    parameter="token",
    title="An access token cannot be revoked here",
    why="This server takes refresh tokens back; an access token lives for minutes, and runs out.",
    fix="Send the refresh token, and throw the access token away.",
    spec=specs.rfc(7009, "2.2.1", "Error Response"),
)

RULES = (TOKEN_PARAMETER_MISSING, USERINFO_WITHOUT_OPENID, REVOKE_ACCESS_TOKEN)
