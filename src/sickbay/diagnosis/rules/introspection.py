"""The rule about requests to the introspection and revocation endpoints."""

from collections.abc import Mapping

from sickbay.authorization.requests import TokenRequest
from sickbay.diagnosis import corrections
from sickbay.diagnosis.rule import Functions
from sickbay.kernel.checks import Facts


def _as_token(request: TokenRequest, facts: Facts) -> TokenRequest:
    """Renames `access_token` or `refresh_token`, the names in a token response, to `token`."""
    name = next((name for name in ("access_token", "refresh_token") if request.parameters.get(name)), None)
    if name is None:
        return request
    return corrections.with_parameters(request, ("token", request.parameters.get(name)), (name, None))


FUNCTIONS: Mapping[str, Functions] = {
    "token-parameter-missing": {"repair": _as_token},
}
