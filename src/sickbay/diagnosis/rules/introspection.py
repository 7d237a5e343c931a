"""Rules about requests to the introspection, revocation and UserInfo endpoints."""

from sickbay.authorization.requests import TokenRequest
from sickbay.diagnosis import corrections, specs
from sickbay.diagnosis.rule import Rule, Spec
from sickbay.kernel.checks import Facts


def _as_token(request: TokenRequest, facts: Facts) -> TokenRequest:
    """Renames `access_token` or `refresh_token`, the names in a token response, to `token`."""
    name = next((name for name in ("access_token", "refresh_token") if request.parameters.get(name)), None)
    if name is None:
        return request
    return corrections.with_parameters(request, ("token", request.parameters.get(name)), (name, None))


TOKEN_PARAMETER_MISSING = Rule(
    id="token-parameter-missing",
    stage="introspection",
    explains="token-parameter-missing",
    severity="error",
    outcome="400 invalid_request",
    parameter="token",
    title="`token` is missing",
    why="The token to introspect or revoke goes into the form body, as `token`. The `Authorization` "
    "header is only for the client's own credentials.",
    fix="Send the access token or refresh token in the form body, as `token`.",
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
    title="UserInfo has no data for this token: `openid` wasn't granted, or no user signed in",
    why="UserInfo returns the signed-in user, and only to apps that requested `openid`. Granted: {held}.",
    fix="Register `openid` and `fhirUser`, and request both at the next launch.",
    spec=Spec("OpenID Connect Core 1.0, 5.3 UserInfo Endpoint", f"{specs.OIDC}#UserInfo"),
)

REVOKE_ACCESS_TOKEN = Rule(
    id="revoke-access-token",
    stage="revocation",
    explains="revoke-access-token",
    severity="error",
    outcome="400 unsupported_token_type",
    parameter="token",
    title="`token` is an access token, which can't be revoked here",
    why="This server revokes only refresh tokens. An access token stays valid until it expires.",
    fix="Send the refresh token, and discard the access token.",
    spec=specs.rfc(7009, "2.2.1", "Error Response"),
)

RULES = (TOKEN_PARAMETER_MISSING, USERINFO_WITHOUT_OPENID, REVOKE_ACCESS_TOKEN)
