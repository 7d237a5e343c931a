"""Rules about `resource` in a token request."""

from sickbay.authorization.contexts import TokenContext
from sickbay.authorization.models import AuthorizationCode, TokenFamily
from sickbay.authorization.requests import TokenRequest
from sickbay.authorization.token.request import is_refresh
from sickbay.diagnosis import corrections
from sickbay.diagnosis.rule import RuleFunctions, severity_by
from sickbay.kernel.checks import Facts
from sickbay.protocol import urls

STRICT = ", unless its policy is strict, as here"


def _one_below_the_other(facts: Facts) -> Facts | None:
    """Two URLs of one server, such as the address of its endpoint and the `resource` of its metadata."""
    received, expected = (f"{urls.use_localhost(urls.normalise(str(facts[name] or '')))}/" for name in ("received", "expected"))
    return facts if urls.origin_of(received) and (received.startswith(expected) or expected.startswith(received)) else None


def _resource_is_missing(request: TokenRequest, context: TokenContext) -> Facts | None:
    grant = context.code if isinstance(context.code, AuthorizationCode) else context.family
    if request.parameters.get("resource") or not isinstance(grant, AuthorizationCode | TokenFamily) or not grant.by_resource:
        return None
    return {"received": None, "expected": grant.base, "unless": ""}


_SET_RESOURCE = corrections.set_from_fact("resource", "expected")
FUNCTIONS: RuleFunctions = {
    "mcp-resource-not-prm": {"recognises": _one_below_the_other, "repair": _SET_RESOURCE},
    "token-resource-mismatch": {"repair": _SET_RESOURCE},
    "mcp-resource-refresh-lost": {
        "severity": severity_by("unless", "error", "warning"),
        "recognises": lambda facts: {"unless": STRICT, **facts} if facts.get("refresh") else None,
        "advises": lambda request, context: _resource_is_missing(request, context) if is_refresh(request) else None,
        "repair": _SET_RESOURCE,
    },
    "mcp-resource-missing-token": {
        "severity": severity_by("unless", "error", "warning"),
        "recognises": lambda facts: {"unless": STRICT, **facts},
        "advises": lambda request, context: None if is_refresh(request) else _resource_is_missing(request, context),
        "repair": _SET_RESOURCE,
    },
}
