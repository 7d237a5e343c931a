"""Rules about the public keys in a registration."""

from collections.abc import Callable
from typing import Any

from msgspec import structs

from sickbay.authorization.requests import RegistrationRequest
from sickbay.diagnosis import corrections
from sickbay.diagnosis.rule import RuleFunctions
from sickbay.kernel.checks import Facts
from sickbay.protocol import jose, urls


def _backend_uses_secret(request: RegistrationRequest, context: Any) -> Facts | None:
    symmetric = request.type == "system" and request.client == "symmetric" and not (request.jwks or request.jwks_uri)
    return {"received": "a secret", "expected": "jwks_uri or jwks", "symmetric": True} if symmetric else None


def _change_keys(change: Callable[[Any], dict[str, Any]]) -> Callable[[RegistrationRequest, Facts], RegistrationRequest]:
    return lambda request, facts: structs.replace(request, jwks=change(request.jwks))


def _wrap_key(request: RegistrationRequest, facts: Facts) -> RegistrationRequest:
    return structs.replace(request, jwks={"keys": [dict(request.jwks or {})]}) if facts["is_key"] else request


def _jwks_uri_is_page(request: RegistrationRequest, context: Any) -> Facts | None:
    uri = request.jwks_uri or ""
    path = urls.split(uri).path
    is_page = path in ("", "/") or path.lower().endswith((".html", ".htm", ".php", ".aspx"))
    if not urls.host_of(uri) or not (is_page or uri in (*request.redirect_uris, request.launch_uri)):
        return None
    return {"received": uri}


FUNCTIONS: RuleFunctions = {
    "reg-backend-no-jwks": {
        "advises": _backend_uses_secret,
        "severity": lambda facts: "info" if facts.get("symmetric") else "error",
    },
    "reg-jwks-has-private-key": {"repair": _change_keys(jose.drop_private)},
    "reg-jwks-key-incomplete": {"repair": _change_keys(jose.drop_incomplete)},
    "reg-jwks-kid-missing": {"repair": _change_keys(jose.add_ids)},
    "reg-jwks-given-twice": {"repair": corrections.reset_member("jwks", None)},
    "reg-jwks-empty": {"repair": _wrap_key},
    "reg-jwks-uri-insecure-http": {"repair": corrections.set_member("jwks_uri")},
    "reg-jwks-uri-is-page": {"advises": _jwks_uri_is_page},
}
