"""The rule about requests to the introspection and revocation endpoints."""

from sickbay.authorization.requests import TokenRequest
from sickbay.diagnosis import corrections, specs
from sickbay.diagnosis.rule import Rule
from sickbay.kernel.checks import Facts


def _as_token(request: TokenRequest, facts: Facts) -> TokenRequest:
    """Renames `access_token` or `refresh_token`, the names in a token response, to `token`."""
    name = next((name for name in ("access_token", "refresh_token") if request.parameters.get(name)), None)
    if name is None:
        return request
    return corrections.with_parameters(request, ("token", request.parameters.get(name)), (name, None))


TOKEN_PARAMETER_MISSING = Rule(
    id="token-parameter-missing",
    parameter="token",
    title="`token` is missing",
    why="The token to introspect or revoke goes into the form body, as `token`. The `Authorization` "
    "header is only for the client's own credentials.",
    fix="Send the access token or refresh token in the form body, as `token`.",
    spec=specs.rfc(7662, "2.1", "Introspection Request"),
    repair=_as_token,
)
