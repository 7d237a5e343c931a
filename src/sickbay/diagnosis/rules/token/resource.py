"""Rules about `resource` in a token request."""

from collections.abc import Mapping

from msgspec import structs

from sickbay.authorization.contexts import TokenContext
from sickbay.authorization.models import AuthorizationCode, TokenFamily
from sickbay.authorization.requests import TokenRequest
from sickbay.authorization.token.request import is_refresh
from sickbay.diagnosis.rule import Functions, severity_by
from sickbay.kernel.checks import Facts
from sickbay.protocol import urls

STRICT = ", unless its policy is strict, as here"


def _set_resource(request: TokenRequest, facts: Facts) -> TokenRequest:
    return structs.replace(request, parameters=request.parameters.replace([("resource", facts["expected"])]))


def _one_below_the_other(facts: Facts) -> Facts | None:
    """Two URLs of one server, such as the address of its endpoint and the `resource` of its metadata."""
    received, expected = (f"{urls.use_localhost(urls.normalise(str(facts[name] or '')))}/" for name in ("received", "expected"))
    return facts if urls.origin_of(received) and (received.startswith(expected) or expected.startswith(received)) else None


def _refused_refresh(facts: Facts) -> Facts | None:
    return {"unless": STRICT, **facts} if facts.get("refresh") else None


def _find_missing(request: TokenRequest, context: TokenContext) -> Facts | None:
    grant = context.code if isinstance(context.code, AuthorizationCode) else context.family
    if request.parameters.get("resource") or not isinstance(grant, AuthorizationCode | TokenFamily) or not grant.by_resource:
        return None
    return {"received": None, "expected": grant.base, "unless": ""}


def _missing_in_request(request: TokenRequest, context: TokenContext) -> Facts | None:
    return None if is_refresh(request) else _find_missing(request, context)


def _missing_in_refresh(request: TokenRequest, context: TokenContext) -> Facts | None:
    return _find_missing(request, context) if is_refresh(request) else None


FUNCTIONS: Mapping[str, Functions] = {
    "mcp-resource-not-prm": {"recognises": _one_below_the_other, "repair": _set_resource},
    "token-resource-mismatch": {"repair": _set_resource},
    "mcp-resource-refresh-lost": {
        "severity": severity_by("unless", "error", "warning"),
        "recognises": _refused_refresh,
        "advises": _missing_in_refresh,
        "repair": _set_resource,
    },
    "mcp-resource-missing-token": {
        "severity": severity_by("unless", "error", "warning"),
        "recognises": lambda facts: {"unless": STRICT, **facts},
        "advises": _missing_in_request,
        "repair": _set_resource,
    },
}
