"""Reads what the checks need from the authorization request: its intended scopes, its base, and whether it's a launch."""

from __future__ import annotations

from typing import TypeAlias

from msgspec import structs

from sickbay.authorization.bases import find_own_base, target_of
from sickbay.authorization.contexts import AuthorizeContext
from sickbay.authorization.models import Client, Launch, Pkce, ProtectedResource, Server
from sickbay.authorization.requests import AuthorizeRequest
from sickbay.authorization.scopes.resource_types import ALL_TYPES
from sickbay.kernel.checks import UNKNOWN, Check, Unknown
from sickbay.kernel.memoize import memoize
from sickbay.protocol import scopes, urls
from sickbay.protocol.scope_spelling import read_spelling
from sickbay.protocol.scopes import LaunchScope, ResourceScope, Scope

AuthorizeCheck: TypeAlias = Check[AuthorizeRequest, AuthorizeContext]


def scope_of(request: AuthorizeRequest) -> str:
    """Returns the scope parameter. About 12 checks read it, so the parsed results are cached."""
    return request.parameters.get("scope") or ""


def split_scope(request: AuthorizeRequest) -> tuple[str, ...]:
    """Returns the scopes as sent, however they are separated."""
    return read_spelling(scope_of(request)).tokens


def correct_scopes(request: AuthorizeRequest) -> tuple[str, ...]:
    """Returns the scopes with their letter case corrected, so that one mistake doesn't cause further refusals."""
    return _correct_case(scope_of(request))


@memoize(4096)
def _correct_case(text: str) -> tuple[str, ...]:
    return tuple(scopes.correct_case(token, ALL_TYPES) or token for token in read_spelling(text).tokens)


def read_scopes(request: AuthorizeRequest) -> tuple[Scope, ...]:
    return _parse_scopes(scope_of(request))


@memoize(4096)
def _parse_scopes(text: str) -> tuple[Scope, ...]:
    return scopes.parse_scopes(_correct_case(text))


def requested_resources(request: AuthorizeRequest) -> tuple[ResourceScope, ...]:
    return _parse_resources(scope_of(request))


@memoize(4096)
def _parse_resources(text: str) -> tuple[ResourceScope, ...]:
    return tuple(scope for scope in _parse_scopes(text) if isinstance(scope, ResourceScope))


def asks_launch(request: AuthorizeRequest) -> bool:
    """Whether scope `launch` is requested (EHR launch)."""
    return any(isinstance(scope, LaunchScope) and scope.type is None for scope in read_scopes(request))


def asks_patient(request: AuthorizeRequest) -> bool:
    """Whether scope `launch/patient` is requested, so that the user chooses a patient."""
    return any(isinstance(scope, LaunchScope) and scope.type == "patient" for scope in read_scopes(request))


def read_audience(request: AuthorizeRequest) -> str | None:
    """Returns aud, or resource (RFC 8707 2) instead."""
    return request.parameters.get("aud") or request.parameters.get("resource")


def find_base(request: AuthorizeRequest, server: Server) -> str | None:
    """Returns the FHIR base that the request is for, or None if aud isn't one of the server's bases."""
    aud = read_audience(request)
    return find_own_base(aud, server) if aud else None


def find_target(request: AuthorizeRequest, server: Server) -> str | None:
    """Returns what the token is for: a FHIR base or a registered resource. None if the request names neither."""
    named = read_audience(request)
    return target_of(named, server) if named else None


def registered_resource(request: AuthorizeRequest, server: Server) -> ProtectedResource | None:
    """Returns the registered resource that the request is for, or None if it is for a FHIR base or for nothing known."""
    named = find_target(request, server) if server.resources else None
    return next((resource for resource in server.resources if resource.url == named), None)


def resource_facts(request: AuthorizeRequest) -> dict[str, object]:
    """Returns the resource for an explanation, if the request names one. Clients of MCP do, and SMART apps send `aud`."""
    resource = request.parameters.get("resource")
    return {"resource": resource} if resource else {}


def is_agent(client: object) -> bool:
    """Whether the client's id is the URL of its metadata document: clients of MCP have no launch and don't know `aud`."""
    return isinstance(client, Client) and urls.is_web(client.client_id)


def pkce_mode(context: AuthorizeContext) -> Pkce:
    """Returns the tenant's policy, or the app's registration; "if-sent" if neither is known."""
    if isinstance(context.server, Server) and context.server.policy.pkce:
        return context.server.policy.pkce
    return context.client.pkce if isinstance(context.client, Client) else "if-sent"


def context_for(context: AuthorizeContext, request: AuthorizeRequest, corrected: AuthorizeRequest) -> AuthorizeContext:
    """Returns what is still known of the corrected request. Another client is UNKNOWN unless it is a likely client, and
    another launch unless it is the live launch.
    """
    id = corrected.parameters.get("client_id")
    client = context.client if id == request.parameters.get("client_id") else _likely_client(context, id)
    code = corrected.parameters.get("launch")
    launch = context.launch if code == request.parameters.get("launch") else _matching_launch(context, code)
    misdirected = context.misdirected and corrected.url == request.url
    return structs.replace(
        context, client=client, launch=launch, seen=frozenset(), misdirected=misdirected, unusual_scopes=True
    )


def _likely_client(context: AuthorizeContext, id: str | None) -> Client | Unknown:
    return next((client for client in context.newest_clients if client.client_id == id), UNKNOWN)


def _matching_launch(context: AuthorizeContext, code: str | None) -> Launch | None:
    return context.live if code and code == context.live_launch else None
