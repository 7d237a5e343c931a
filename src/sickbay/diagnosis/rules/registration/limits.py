"""Rules about what an app may register for itself, limited by policy and by its first registration (RFC 7591, RFC 7592)."""

from typing import Any

from msgspec import structs

from sickbay.authorization.requests import RegistrationRequest
from sickbay.diagnosis import corrections, specs, wording
from sickbay.diagnosis.rule import Rule
from sickbay.kernel.checks import Facts

UPDATE = specs.rfc(7592, "2.2", "Client Update Request")


def _rule(id: str, title: str, why: str, fix: str, parameter: str, **more: Any) -> Rule:
    return Rule(
        id=id,
        outcome="400 invalid_client_metadata",
        differs=wording.DYNAMIC_REGISTRATION,
        title=title,
        why=why,
        fix=fix,
        parameter=parameter,
        spec=UPDATE,
        **more,
    )


def _granted_types(request: RegistrationRequest, facts: Facts) -> RegistrationRequest:
    return structs.replace(
        request, grant_types=tuple(grant for grant in request.grant_types or () if grant not in facts["received"])
    )


def _at_granted_hosts(request: RegistrationRequest, facts: Facts) -> RegistrationRequest:
    """Removes the URIs at other hosts, if at least one URI is left."""
    redirect_uris = tuple(uri for uri in request.redirect_uris if uri not in facts["received"])
    logout_uris = tuple(uri for uri in request.post_logout_redirect_uris if uri not in facts["received"])
    if not redirect_uris:
        return request
    return structs.replace(request, redirect_uris=redirect_uris, post_logout_redirect_uris=logout_uris)


SCOPE_NOT_GRANTED = _rule(
    "reg-scope-not-granted",
    "`scope` has scopes that this app may not register: `{scopes}`",
    "{by} The server compares scopes by what they permit. This app may register at most `{granted}`.",
    "Remove `{scopes}`. {remedy}",
    "scope",
    repair=corrections.swap_scopes,
)

GRANT_TYPE_NOT_GRANTED = _rule(
    "reg-grant-type-not-granted",
    "`grant_types` has grant types that this app may not register: `{received}`",
    "{by} This app may register at most `{granted}`.",
    "Remove `{received}` from `grant_types`. If you need that flow, register a second app for it.",
    "grant_types",
    repair=_granted_types,
)

AUTH_METHOD_NOT_GRANTED = _rule(
    "reg-auth-method-not-granted",
    "`token_endpoint_auth_method` can't be changed to `{received}` by the app",
    "{by} This app is registered for `{granted}`, and only an administrator can change how it authenticates.",
    "Keep `{granted}`. If your app needs another method, ask the administrator to change it in the portal.",
    "token_endpoint_auth_method",
)

HOST_NOT_GRANTED = _rule(
    "reg-host-not-granted",
    "`redirect_uris` contains a host that this app may not register: `{received}`",
    "{by} Allowed: `{granted}` (scheme, host and port). Otherwise anyone who finds the registration access token could "
    "receive all users' authorization codes.",
    "Register only URIs at an allowed host. If the app has moved, ask the administrator to add the new host.",
    "redirect_uris",
    repair=_at_granted_hosts,
)
