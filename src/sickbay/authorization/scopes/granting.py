"""Scope negotiation (SMART 2.2, RFC 6749 3.3): which requested scopes are granted, and why the others aren't."""

from __future__ import annotations

from typing import NamedTuple

from sickbay.authorization.models import Client, Server
from sickbay.authorization.requests import AuthorizeRequest
from sickbay.authorization.scopes import requested as requested_scopes
from sickbay.fhir.visibility import is_enforceable
from sickbay.protocol import scopes
from sickbay.protocol.scope_spelling import parse_registered_scopes
from sickbay.protocol.scopes import LaunchScope, ResourceScope, Scope


class GrantedScope(NamedTuple):
    """One scope. reason: "" if it was requested and granted; otherwise why it was left out or added."""

    scope: str
    granted: bool
    reason: str = ""


def granted_scopes(
    request: AuthorizeRequest, client: Client, server: Server, *, unusual: bool = True
) -> tuple[GrantedScope, ...]:
    """Returns each requested scope once, in order. A request that was accepted strictly loses at most offline_access here;
    scopes that a lenient app or tenant drops come with the reason. unusual: False if all of them are granted
    (`ordinary_scopes`).
    """
    text = request.parameters.get("scope") or ""
    requested = scopes.split_at(text, server.policy.scope_separators)
    if not unusual and not server.policy.grants_registered:
        return tuple(GrantedScope(token, True) for token in requested)
    registered_scopes = parse_registered_scopes(client.scope)
    granted = tuple(_grant_scope(token, registered_scopes, client, server) for token in requested)
    return (
        granted + _grant_unrequested_scopes(requested, registered_scopes, client, server)
        if server.policy.grants_registered
        else granted
    )


UNASKED = "wasn't requested, but this server grants all registered scopes"


def _grant_unrequested_scopes(
    requested: tuple[str, ...], registered_scopes: tuple[Scope, ...], client: Client, server: Server
) -> tuple[GrantedScope, ...]:
    """Returns registered resource scopes that weren't requested; patient scopes only if there will be a patient."""
    parsed = scopes.parse_scopes(requested)
    patient = any(
        scope.level == "patient" if isinstance(scope, ResourceScope) else isinstance(scope, LaunchScope) for scope in parsed
    )
    levels = ("user", "patient") if patient else ("user",)
    extra = (
        scope
        for scope in registered_scopes
        if isinstance(scope, ResourceScope) and scope.level in levels and scope.text not in requested
    )
    return tuple(
        GrantedScope(scope.text, True, UNASKED)
        for scope in extra
        if not _reason_for_scope(scope, registered_scopes, client, server)
    )


def _grant_scope(token: str, registered_scopes: tuple[Scope, ...], client: Client, server: Server) -> GrantedScope:
    scope = scopes.parse(token)
    if scope is None and token in requested_scopes.CLAIMS:
        return GrantedScope(token, False, "requests claims that this server doesn't have")
    reason = (
        "isn't a SMART or OpenID Connect scope"
        if scope is None
        else _reason_for_scope(scope, registered_scopes, client, server)
    )
    return GrantedScope(token, not reason, reason)


def _reason_for_scope(scope: Scope, registered_scopes: tuple[Scope, ...], client: Client, server: Server) -> str:
    if isinstance(scope, ResourceScope) and (reason := _resource_reason(scope, client, server)):
        return reason
    if isinstance(scope, LaunchScope) and scope.type and not _is_known(scope.type, server):
        return "names a resource type that doesn't exist in this FHIR version"
    return "" if scopes.is_covered(scope, registered_scopes) else "isn't registered for this app"


def is_still_granted(text: str, client: Client, server: Server) -> bool:
    """Whether a granted scope would be granted again: the registration or policy may have been narrowed since."""
    scope = scopes.parse(text)
    return scope is not None and not _reason_for_scope(scope, parse_registered_scopes(client.scope), client, server)


def _is_known(type: str, server: Server) -> bool:
    """Looks the type up by its lower-case name. If the server's types aren't known, every type counts as known."""
    known = [types for types in server.resource_types.values() if types]
    return not known or any(type == name.lower() for types in known for name in types)


def _resource_reason(scope: ResourceScope, client: Client, server: Server) -> str:
    if scope.level == "system":
        return "is only for backend services"
    if scope.wildcard and not server.policy.wildcard_scopes:
        return "is a wildcard, which this server doesn't grant"
    foreign = scope.version not in server.policy.scope_versions or not server.policy.mixed_scope_versions
    if foreign and scope.version != f"v{client.smart_version}":
        return f"uses the syntax of SMART {scope.version}, but the app is registered for v{client.smart_version}"
    known = [types for types in server.resource_types.values() if types]
    if known and not scope.wildcard and not any(scope.type in types for types in known):
        return "names a resource type that doesn't exist in this FHIR version"
    if not is_enforceable(scope):
        return "has a filter that this server can't enforce"
    return ""
