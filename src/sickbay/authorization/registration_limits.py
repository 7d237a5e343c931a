"""What an app may register for itself at most: the policy of its hospital, later what an operator granted it (RFC 7591, 7592).

Scopes are compared by what they permit, addresses by scheme, host and port. The administrator has no limit.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import fields, replace
from typing import Any

from sickbay.authorization.models import Client, Grant, Policy
from sickbay.authorization.refusals import registration as refusals
from sickbay.authorization.requests import RegistrationRequest
from sickbay.kernel.checks import Refusal, RefusalType, check
from sickbay.protocol import client_uris, scopes, urls
from sickbay.protocol.scope_spelling import spelling

MEMBERS = tuple(field.name for field in fields(Grant))
SECRETS = ("client_secret_basic", "client_secret_post")
METHODS = {"public": ("none",), "symmetric": SECRETS, "asymmetric": ("private_key_jwt",)}


def by_policy(policy: Policy) -> Grant:
    """The limit of a registration by the app itself; addresses and authentication are its own choice."""
    return Grant(scope=policy.registration_scopes, grant_types=policy.registration_grants)


def of(client: Client) -> Grant:
    """What an operator granted this client."""
    return client.granted or Grant(**{name: getattr(client, name) for name in MEMBERS})


def after_an_edit(granted: Grant | None, client: Client, given: Collection[str]) -> Grant | None:
    """The grant after an operator set the members `given` of a client: they are granted as they are now."""
    members = {*given, *(("auth_method",) if "client" in given else ()), *(("jwks_uri",) if "jwks" in given else ())}
    return replace(granted, **{name: getattr(client, name) for name in MEMBERS if name in members}) if granted else None


@check()
def scope_is_within_the_grant(request: RegistrationRequest, known: Any) -> Refusal | None:
    limit = request.limit
    if limit is None or limit.scope is None:
        return None
    wrong = [one for one in spelling(request.scope).tokens if not permits(limit.scope, one)]
    facts = {"scopes": wrong, "corrected": [""] * len(wrong)}
    return _beyond(request, refusals.REG_SCOPE_NOT_GRANTED, "scope", wrong, limit.scope, **facts) if wrong else None


def permits(granted: str, text: str) -> bool:
    """Whether a granted scope string permits all that this scope permits. What is no scope permits nothing: it is refused
    by name elsewhere.
    """
    scope, held = scopes.parse(text), spelling(granted).tokens
    return scope is None or text in held or scopes.covered(scope, scopes.parse_all(held))


@check()
def grant_types_are_within_the_grant(request: RegistrationRequest, known: Any) -> Refusal | None:
    limit = request.limit
    if limit is None or limit.grant_types is None:
        return None
    wrong = [one for one in request.grant_types or () if one not in limit.grant_types]
    granted = " ".join(limit.grant_types)
    return _beyond(request, refusals.REG_GRANT_TYPE_NOT_GRANTED, "grant_types", wrong, granted) if wrong else None


@check()
def authentication_is_within_the_grant(request: RegistrationRequest, known: Any) -> Refusal | None:
    """The registered method, and keys by value only if they were granted by value: else the server fetches them."""
    limit = request.limit
    if limit is None or limit.client is None:
        return None
    methods = (limit.auth_method,) if limit.auth_method else METHODS[limit.client]
    asked = (request.auth_method,) if request.auth_method else METHODS[request.client or "public"]
    if not set(asked) <= set(methods):
        received, granted = " or ".join(asked), " or ".join(methods)
        return _beyond(request, refusals.REG_AUTH_METHOD_NOT_GRANTED, "token_endpoint_auth_method", received, granted)
    if limit.jwks_uri and request.jwks is not None:
        return _beyond(request, refusals.REG_AUTH_METHOD_NOT_GRANTED, "jwks", "jwks", f"jwks_uri {limit.jwks_uri}")
    return None


@check()
def addresses_are_within_the_grant(request: RegistrationRequest, known: Any) -> Refusal | None:
    """A redirect URI stays at the places of the granted redirect URIs; other addresses, at any granted place."""
    limit = request.limit
    if limit is None or limit.redirect_uris is None:
        return None
    redirects = {_place(uri, limit) for uri in limit.redirect_uris}
    others = (*(limit.post_logout_redirect_uris or ()), limit.launch_uri, limit.jwks_uri)
    places = redirects | {_place(uri, limit) for uri in others if uri}
    asked = [(uri, redirects) for uri in request.redirect_uris]
    asked += [(uri, places) for uri in (*request.post_logout_redirect_uris, request.launch_uri, request.jwks_uri) if uri]
    wrong = [uri for uri, allowed in asked if _place(uri, limit) not in allowed]
    shown = " ".join(sorted(filter(None, places)))
    return _beyond(request, refusals.REG_HOST_NOT_GRANTED, "redirect_uris", wrong, shown) if wrong else None


def _place(uri: str, limit: Grant) -> str:
    """Scheme, host and port; of a native app on loopback any port, since it may use any (RFC 8252 7.3)."""
    if not client_uris.is_web(uri):
        return f"{client_uris.scheme(uri)}:"
    if limit.native and urls.is_loopback(uri):
        return f"{urls.split(uri).scheme}://{urls.host(uri)}"
    return urls.origin(uri) or uri


def _beyond(
    request: RegistrationRequest, kind: RefusalType, parameter: str, received: object, granted: str, **more: object
) -> Refusal:
    facts = {"received": received, "granted": granted, "member": parameter, "by": request.limited_by}
    return kind.with_facts(facts | more)


CHECKS = (
    scope_is_within_the_grant,
    grant_types_are_within_the_grant,
    authentication_is_within_the_grant,
    addresses_are_within_the_grant,
)
