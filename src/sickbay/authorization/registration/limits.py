"""Limits of what an app may register for itself: first the tenant's policy, later what an operator granted (RFC 7591, 7592).

Scopes are compared by what they permit, URLs by scheme, host and port. The administrator has no limit.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from msgspec import structs

from sickbay.authorization.checks import check
from sickbay.authorization.models import Client, Grant, Policy, Server
from sickbay.authorization.refusals import registration as refusals
from sickbay.authorization.requests import RegistrationRequest
from sickbay.authorization.scopes.permitted import permits_scope
from sickbay.kernel.checks import Refusal, RefusalType
from sickbay.protocol import urls
from sickbay.protocol.scope_spelling import read_spelling

MEMBERS = Grant.__struct_fields__
SECRETS = ("client_secret_basic", "client_secret_post")
METHODS = {"public": ("none",), "symmetric": SECRETS, "asymmetric": ("private_key_jwt",)}


def read_policy_limits(policy: Policy) -> Grant:
    """Returns the policy's limits for an app that registers itself. URLs and authentication are unlimited."""
    return Grant(scope=policy.registration_scopes, grant_types=policy.registration_grants)


def read_limits(client: Client) -> Grant:
    """Returns what an operator granted this client."""
    return client.granted or Grant(**{name: getattr(client, name) for name in MEMBERS})


def update_grant(granted: Grant | None, client: Client, edited: Collection[str]) -> Grant | None:
    """Returns the grant after an operator edited these members of a client: their new values are granted."""
    members = {*edited, *(("auth_method",) if "client" in edited else ()), *(("jwks_uri",) if "jwks" in edited else ())}
    return structs.replace(granted, **{name: getattr(client, name) for name in MEMBERS if name in members}) if granted else None


BY_HOSPITAL = "This hospital supports only the scopes in `scopes_supported` of its discovery document."
OF_HOSPITAL = "If your app needs this access, it can't work at this hospital as it is configured."
OF_APP = "If your app needs this access, ask the administrator to add it in the portal or with `PATCH /admin/apps`."


@check(requires=("server",))
def scopes_are_supported_by_the_hospital(request: RegistrationRequest, context: Any) -> Refusal | None:
    supported = " ".join(context.server.policy.supported_scopes) if isinstance(context.server, Server) else ""
    if not supported:
        return None
    return _refuse_scopes(request, supported, by=BY_HOSPITAL, remedy=OF_HOSPITAL)


@check()
def scope_is_within_the_limits_of_the_app(request: RegistrationRequest, context: Any) -> Refusal | None:
    limit = request.limit
    if limit is None or limit.scope is None:
        return None
    return _refuse_scopes(request, limit.scope, by=request.limited_by, remedy=OF_APP)


def _refuse_scopes(request: RegistrationRequest, granted: str, **reason: str) -> Refusal | None:
    refused = [scope for scope in read_spelling(request.scope).tokens if not permits_scope(granted, scope)]
    facts = {"scopes": refused, "corrected": [""] * len(refused)}
    refusal = _refuse_over_limit(request, refusals.REG_SCOPE_NOT_GRANTED, "scope", refused, granted, **facts | reason)
    return refusal if refused else None


@check()
def grant_types_are_within_the_limits_of_the_app(request: RegistrationRequest, context: Any) -> Refusal | None:
    limit = request.limit
    if limit is None or limit.grant_types is None:
        return None
    refused = [grant_type for grant_type in request.grant_types or () if grant_type not in limit.grant_types]
    granted = " ".join(limit.grant_types)
    return (
        _refuse_over_limit(request, refusals.REG_GRANT_TYPE_NOT_GRANTED, "grant_types", refused, granted) if refused else None
    )


@check()
def authentication_method_is_within_the_limits_of_the_app(request: RegistrationRequest, context: Any) -> Refusal | None:
    """Allows the granted method, and keys by value only if they were granted by value; otherwise the server fetches them."""
    limit = request.limit
    if limit is None or limit.client is None:
        return None
    methods = (limit.auth_method,) if limit.auth_method else METHODS[limit.client]
    requested = (request.auth_method,) if request.auth_method else METHODS[request.client or "public"]
    if not set(requested) <= set(methods):
        received, granted = " or ".join(requested), " or ".join(methods)
        return _refuse_over_limit(
            request, refusals.REG_AUTH_METHOD_NOT_GRANTED, "token_endpoint_auth_method", received, granted
        )
    if limit.jwks_uri and request.jwks is not None:
        return _refuse_over_limit(request, refusals.REG_AUTH_METHOD_NOT_GRANTED, "jwks", "jwks", f"jwks_uri {limit.jwks_uri}")
    return None


@check()
def uris_are_within_the_limits_of_the_app(request: RegistrationRequest, context: Any) -> Refusal | None:
    """A redirect URI must share an origin with a granted redirect URI; other URLs may have any granted origin."""
    limit = request.limit
    if limit is None or limit.redirect_uris is None:
        return None
    redirects = {_origin_of_uri(uri, limit) for uri in limit.redirect_uris}
    others = (*(limit.post_logout_redirect_uris or ()), limit.launch_uri, limit.jwks_uri)
    places = redirects | {_origin_of_uri(uri, limit) for uri in others if uri}
    requested = [(uri, redirects) for uri in request.redirect_uris]
    requested += [(uri, places) for uri in (*request.post_logout_redirect_uris, request.launch_uri, request.jwks_uri) if uri]
    refused = [urls.remove_credentials(uri) for uri, allowed in requested if _origin_of_uri(uri, limit) not in allowed]
    shown = " ".join(sorted(filter(None, places)))
    return _refuse_over_limit(request, refusals.REG_HOST_NOT_GRANTED, "redirect_uris", refused, shown) if refused else None


def _origin_of_uri(uri: str, limit: Grant) -> str:
    """Returns scheme, host and port; for a native app on loopback without the port, which may vary (RFC 8252 7.3)."""
    if not urls.is_web(uri):
        return f"{urls.scheme_of(uri)}:"
    if limit.native and urls.is_loopback(uri):
        return f"{urls.split(uri).scheme}://{urls.host_of(uri)}"
    return urls.origin_of(uri) or uri


def _refuse_over_limit(
    request: RegistrationRequest, kind: RefusalType, parameter: str, received: object, granted: str, **more: object
) -> Refusal:
    facts = {"received": received, "granted": granted, "member": parameter, "by": request.limited_by}
    return kind.with_facts(facts | more)


CHECKS = (
    scopes_are_supported_by_the_hospital,
    scope_is_within_the_limits_of_the_app,
    grant_types_are_within_the_limits_of_the_app,
    authentication_method_is_within_the_limits_of_the_app,
    uris_are_within_the_limits_of_the_app,
)
