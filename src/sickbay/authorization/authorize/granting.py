"""Scope negotiation (SMART 2.2, RFC 6749 3.3): which of the scopes asked are granted, and why the others are not."""

from __future__ import annotations

from typing import NamedTuple

from sickbay.authorization import requested_scopes
from sickbay.authorization.models import Client, Server
from sickbay.authorization.requests import AuthorizeRequest
from sickbay.protocol import scopes
from sickbay.protocol.scope_spelling import registered
from sickbay.protocol.scopes import LaunchScope, ResourceScope, Scope


class GrantedScope(NamedTuple):
    """One scope. reason: "" where it was asked and granted, else a phrase: why it was left out, or came unasked."""

    scope: str
    granted: bool
    reason: str = ""


def granted_scopes(request: AuthorizeRequest, client: Client, server: Server) -> tuple[GrantedScope, ...]:
    """Each scope asked, once, in order. A request that was accepted strictly loses at most offline_access here;
    what a lenient app or tenant drops is named with its reason.
    """
    held = registered(client.scope)
    text = request.parameters.get("scope") or ""
    asked = scopes.split(text, server.policy.scope_separators)
    granted = tuple(_grant(token, held, client, server) for token in asked)
    return granted + _unasked(asked, held, client, server) if server.policy.grants_registered else granted


UNASKED = "wasn't requested, but this server grants all registered scopes"


def _unasked(asked: tuple[str, ...], held: tuple[Scope, ...], client: Client, server: Server) -> tuple[GrantedScope, ...]:
    """Registered scopes of resources; those of a patient only where there will be one."""
    parsed = scopes.parse_all(asked)
    patient = any(one.level == "patient" if isinstance(one, ResourceScope) else isinstance(one, LaunchScope) for one in parsed)
    levels = ("user", "patient") if patient else ("user",)
    more = (one for one in held if isinstance(one, ResourceScope) and one.level in levels and one.text not in asked)
    return tuple(GrantedScope(one.text, True, UNASKED) for one in more if not _reason(one, held, client, server))


def _grant(token: str, held: tuple[Scope, ...], client: Client, server: Server) -> GrantedScope:
    scope = scopes.parse(token)
    if scope is None and token in requested_scopes.CLAIMS:
        return GrantedScope(token, False, "requests claims that this server doesn't have")
    reason = "isn't a SMART or OpenID Connect scope" if scope is None else _reason(scope, held, client, server)
    return GrantedScope(token, not reason, reason)


def _reason(scope: Scope, held: tuple[Scope, ...], client: Client, server: Server) -> str:
    if isinstance(scope, ResourceScope) and (reason := _resource_reason(scope, client, server)):
        return reason
    if isinstance(scope, LaunchScope) and scope.type and not _is_known(scope.type, server):
        return "names a resource type that doesn't exist in this FHIR version"
    return "" if scopes.covered(scope, held) else "isn't registered for this app"


def is_still_granted(text: str, client: Client, server: Server) -> bool:
    """Whether a scope that was granted would be granted again: registration or policy may have been narrowed since."""
    scope = scopes.parse(text)
    return scope is not None and not _reason(scope, registered(client.scope), client, server)


def _is_known(type: str, server: Server) -> bool:
    """By its name in lower case; of a server whose types are not known any type is."""
    known = [types for types in server.resource_types.values() if types]
    return not known or any(type == one.lower() for types in known for one in types)


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
    if not scope.enforceable:
        return "has a filter that this server can't enforce"
    return ""
