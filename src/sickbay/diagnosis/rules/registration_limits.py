"""Rules of a registration by the app itself: what a policy or the operator's grant leaves it (RFC 7591, RFC 7592)."""

from dataclasses import replace
from typing import Any

from sickbay.authorization.requests import RegistrationRequest
from sickbay.diagnosis import repairs, specs
from sickbay.diagnosis.rule import Rule
from sickbay.kernel.refusal import Facts

UPDATE = specs.rfc(7592, "2.2", "Client Update Request")


def _rule(id: str, title: str, why: str, fix: str, parameter: str, **more: Any) -> Rule:
    return Rule(
        id=id,
        stage="registration",
        explains=id,
        severity="error",
        outcome="400 invalid_client_metadata",
        title=title,
        why=why,
        fix=fix,
        parameter=parameter,
        spec=UPDATE,
        **more,
    )


def _granted_types(request: RegistrationRequest, facts: Facts) -> RegistrationRequest:
    return replace(request, grant_types=tuple(one for one in request.grant_types or () if one not in facts["received"]))


def _at_granted_hosts(request: RegistrationRequest, facts: Facts) -> RegistrationRequest:
    """Without the addresses elsewhere, if one is left."""
    left = tuple(one for one in request.redirect_uris if one not in facts["received"])
    after = tuple(one for one in request.post_logout_redirect_uris if one not in facts["received"])
    return replace(request, redirect_uris=left, post_logout_redirect_uris=after) if left else request


SCOPE_NOT_GRANTED = _rule(
    "reg-scope-not-granted",
    "The app registers scopes that it was not granted: {scopes}",
    "{by} Scopes are compared by what they permit. The most that this app may register is {granted}.",
    "Leave out {scopes}, or ask the administrator to add them in the portal or with PATCH /admin/apps.",
    "scope",
    repair=repairs.swap_scopes,
)

GRANT_TYPE_NOT_GRANTED = _rule(
    "reg-grant-type-not-granted",
    "The app registers grant types that it was not granted: {received}",
    "{by} The most that this app may register is {granted}.",
    "Leave {received} out of grant_types, or register a second app for this flow.",
    "grant_types",
    repair=_granted_types,
)

AUTH_METHOD_NOT_GRANTED = _rule(
    "reg-auth-method-not-granted",
    "The app changes how it authenticates to {received}",
    "{by} This app was granted {granted}. Another way to authenticate is a decision for the administrator.",
    "Keep {granted}, or ask the administrator to change the app in the portal.",
    "token_endpoint_auth_method",
)

HOST_NOT_GRANTED = _rule(
    "reg-host-not-granted",
    "The app registers addresses at a host that it was not granted: {received}",
    "{by} Scheme, host and port must be one of {granted}. Otherwise anyone who finds the registration access token could"
    " have the authorization codes of all users.",
    "Register addresses at a granted host, or ask the administrator to add the new host to the app.",
    "redirect_uris",
    repair=_at_granted_hosts,
)

RULES = (SCOPE_NOT_GRANTED, GRANT_TYPE_NOT_GRANTED, AUTH_METHOD_NOT_GRANTED, HOST_NOT_GRANTED)
