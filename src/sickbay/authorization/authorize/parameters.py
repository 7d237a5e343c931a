"""Reads what the checks need from the authorization request: its intended scopes, its base, and whether it's a launch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from msgspec import structs

from sickbay.authorization.contexts import AuthorizeContext
from sickbay.authorization.models import Client, Launch, Pkce, Server
from sickbay.authorization.refusals import scope as refusals
from sickbay.authorization.requests import AuthorizeRequest
from sickbay.authorization.scopes.resource_types import ALL_TYPES
from sickbay.kernel.checks import UNKNOWN, Check, RefusalType, Unknown
from sickbay.kernel.memoize import memoize
from sickbay.protocol import scopes, urls
from sickbay.protocol.scope_spelling import spelling
from sickbay.protocol.scopes import LaunchScope, ResourceScope, Scope

AuthorizeCheck: TypeAlias = Check[AuthorizeRequest, AuthorizeContext]


def scope_of(request: AuthorizeRequest) -> str:
    """Returns the scope parameter. About 12 checks read it, so the parsed results are cached."""
    return request.parameters.get("scope") or ""


def tokens(request: AuthorizeRequest) -> tuple[str, ...]:
    """Returns the scopes as sent, however they are separated."""
    return spelling(scope_of(request)).tokens


@memoize(4096)
def find_wrong_separators(text: str) -> tuple[RefusalType, ...]:
    """Returns the refusals for characters between or around scopes other than a single space (RFC 6749 3.3)."""
    scope_text = spelling(text)
    problems = {
        refusals.SCOPE_COMMA_SEPARATED: scope_text.commas,
        refusals.SCOPE_PLUS_LITERAL: scope_text.pluses,
        refusals.SCOPE_TAB_SEPARATED: scope_text.tabs,
        refusals.SCOPE_SEPARATOR_WRONG: bool(scope_text.separators),
        refusals.SCOPE_HAS_STRAY_CHARACTERS: bool(scope_text.array or scope_text.stray or scope_text.name),
    }
    return tuple(refusal for refusal, present in problems.items() if present)


def correct_scopes(request: AuthorizeRequest) -> tuple[str, ...]:
    """Returns the scopes with their letter case corrected, so that one mistake doesn't cause further refusals."""
    return _case_corrected(scope_of(request))


@memoize(4096)
def _case_corrected(text: str) -> tuple[str, ...]:
    return tuple(scopes.correct_case(token, ALL_TYPES) or token for token in spelling(text).tokens)


def read_scopes(request: AuthorizeRequest) -> tuple[Scope, ...]:
    return _parse(scope_of(request))


@memoize(4096)
def _parse(text: str) -> tuple[Scope, ...]:
    return scopes.parse_all(_case_corrected(text))


def requested_resources(request: AuthorizeRequest) -> tuple[ResourceScope, ...]:
    return _parse_resources(scope_of(request))


@memoize(4096)
def _parse_resources(text: str) -> tuple[ResourceScope, ...]:
    return tuple(scope for scope in _parse(text) if isinstance(scope, ResourceScope))


def asks_launch(request: AuthorizeRequest) -> bool:
    """Whether scope `launch` is requested (EHR launch)."""
    return any(isinstance(scope, LaunchScope) and scope.type is None for scope in read_scopes(request))


def asks_patient(request: AuthorizeRequest) -> bool:
    """Whether scope `launch/patient` is requested, so that the user chooses a patient."""
    return any(isinstance(scope, LaunchScope) and scope.type == "patient" for scope in read_scopes(request))


def audience(request: AuthorizeRequest) -> str | None:
    """Returns aud, or resource (RFC 8707 2) instead."""
    return request.parameters.get("aud") or request.parameters.get("resource")


def base_of(aud: str, bases: Sequence[str]) -> str | None:
    """Returns the base that `aud` means: equal except for one trailing slash, the case of the host, or the loopback name.

    A URL with a fragment or query, even an empty one, never matches (RFC 8707 2).
    """
    if aud in bases:
        return aud
    if not aud or "#" in aud or "?" in aud:
        return None
    wanted = urls.one_loopback(urls.normalise(aud))
    return next((base for base in bases if urls.one_loopback(urls.normalise(base)) == wanted), None)


def base(request: AuthorizeRequest, server: Server) -> str | None:
    """Returns the FHIR base that the request is for, or None if aud isn't one of the server's bases."""
    aud = audience(request)
    return base_here(aud, server) if aud else None


def base_here(aud: str, server: Server) -> str | None:
    """Returns the base of this server that `aud` means, by any of its URLs."""
    return base_of(aud, server.fhir_bases) or server.also.get(base_of(aud, tuple(server.also)) or "")


def target(request: AuthorizeRequest, server: Server) -> str | None:
    """Returns what the token is for: a FHIR base or a registered resource. None if the request names neither."""
    named = audience(request)
    return target_of(named, server) if named else None


def target_of(text: str, server: Server) -> str | None:
    """Returns the FHIR base or the registered resource that a URL means."""
    found = base_here(text, server)
    if found is None and server.resources:
        found = base_of(text, tuple([resource.url for resource in server.resources]))
    return found


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
    launch = context.launch if code == request.parameters.get("launch") else _launch(context, code)
    misdirected = context.misdirected and corrected.url == request.url
    return structs.replace(
        context, client=client, launch=launch, seen=frozenset(), misdirected=misdirected, unusual_scopes=True
    )


def _likely_client(context: AuthorizeContext, id: str | None) -> Client | Unknown:
    return next((client for client in context.newest_clients if client.client_id == id), UNKNOWN)


def _launch(context: AuthorizeContext, code: str | None) -> Launch | None:
    return context.live if code and code == context.live_launch else None
