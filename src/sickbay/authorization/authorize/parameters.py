"""What the checks of the authorization request read out of it: its scopes as meant, its base, whether it is a launch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeAlias

from sickbay.authorization.contexts import AuthorizeContext
from sickbay.authorization.models import Client, Launch, Pkce, Server
from sickbay.authorization.refusals import scope as refusals
from sickbay.authorization.requests import AuthorizeRequest
from sickbay.authorization.resource_types import ALL_TYPES
from sickbay.kernel.checks import UNKNOWN, Check, RefusalType, Unknown
from sickbay.kernel.memoize import memoize
from sickbay.protocol import scopes, urls
from sickbay.protocol.scope_spelling import spelling
from sickbay.protocol.scopes import LaunchScope, ResourceScope, Scope

AuthorizeCheck: TypeAlias = Check[AuthorizeRequest, AuthorizeContext]


def scope_of(request: AuthorizeRequest) -> str:
    """The parameter. A dozen checks read it, so each reading of a text is kept."""
    return request.parameters.get("scope") or ""


def tokens(request: AuthorizeRequest) -> tuple[str, ...]:
    """The scopes as they stand, however they are separated."""
    return spelling(scope_of(request)).tokens


@memoize(4096)
def misjoined(text: str) -> tuple[RefusalType, ...]:
    """The refusals of what stands between or around scopes where there should be a space alone (RFC 6749 3.3)."""
    read = spelling(text)
    found = {
        refusals.SCOPE_COMMA_SEPARATED: read.commas,
        refusals.SCOPE_PLUS_LITERAL: read.pluses,
        refusals.SCOPE_TAB_SEPARATED: read.tabs,
        refusals.SCOPE_SEPARATOR_WRONG: bool(read.separators),
        refusals.SCOPE_HAS_STRAY_CHARACTERS: bool(read.array or read.stray or read.name),
    }
    return tuple(kind for kind, there in found.items() if there)


def meant(request: AuthorizeRequest) -> tuple[str, ...]:
    """The scopes with their letter case corrected: one fault must not bring others with it."""
    return _meant(scope_of(request))


@memoize(4096)
def _meant(text: str) -> tuple[str, ...]:
    return tuple(scopes.recased(token, ALL_TYPES) or token for token in spelling(text).tokens)


def asked(request: AuthorizeRequest) -> tuple[Scope, ...]:
    return _asked(scope_of(request))


@memoize(4096)
def _asked(text: str) -> tuple[Scope, ...]:
    return scopes.parse_all(_meant(text))


def asked_resources(request: AuthorizeRequest) -> tuple[ResourceScope, ...]:
    return _asked_resources(scope_of(request))


@memoize(4096)
def _asked_resources(text: str) -> tuple[ResourceScope, ...]:
    return tuple(scope for scope in _asked(text) if isinstance(scope, ResourceScope))


def asks_launch(request: AuthorizeRequest) -> bool:
    """Whether scope `launch` is asked: the EHR's own launch."""
    return any(isinstance(scope, LaunchScope) and scope.type is None for scope in asked(request))


def asks_patient(request: AuthorizeRequest) -> bool:
    """Whether scope `launch/patient` is asked: a patient to be chosen."""
    return any(isinstance(scope, LaunchScope) and scope.type == "patient" for scope in asked(request))


def audience(request: AuthorizeRequest) -> str | None:
    """aud, or resource (RFC 8707 2) in its place."""
    return request.parameters.get("aud") or request.parameters.get("resource")


def base_of(aud: str, bases: Sequence[str]) -> str | None:
    """The base that `aud` means: the same but for one final slash, the case of its host, or a loopback name.

    Never with a fragment or a query, not even an empty one (RFC 8707 2).
    """
    if "#" in aud or "?" in aud:
        return None
    wanted = urls.one_loopback(urls.normalised(aud))
    return next((base for base in bases if urls.one_loopback(urls.normalised(base)) == wanted), None)


def base(request: AuthorizeRequest, server: Server) -> str | None:
    """The FHIR base the request is for; None where aud names none of the server's."""
    aud = audience(request)
    return base_here(aud, server) if aud else None


def base_here(aud: str, server: Server) -> str | None:
    """The base of this server that `aud` means, by whichever of its addresses."""
    return base_of(aud, server.fhir_bases) or server.also.get(base_of(aud, tuple(server.also)) or "")


def pkce_mode(known: AuthorizeContext) -> Pkce:
    """The tenant's policy, else the app's registration; "if-sent" where neither is known."""
    if isinstance(known.server, Server) and known.server.policy.pkce:
        return known.server.policy.pkce
    return known.client.pkce if isinstance(known.client, Client) else "if-sent"


def known_for(known: AuthorizeContext, request: AuthorizeRequest, mended: AuthorizeRequest) -> AuthorizeContext:
    """What stays known when `request` is mended: another client is UNKNOWN, unless it is a neighbour, and so is another
    launch, unless it is the live one.
    """
    id = mended.parameters.get("client_id")
    client = known.client if id == request.parameters.get("client_id") else _neighbour(known, id)
    code = mended.parameters.get("launch")
    launch = known.launch if code == request.parameters.get("launch") else _launch(known, code)
    astray = known.astray and mended.url == request.url
    return replace(known, client=client, launch=launch, seen=frozenset(), astray=astray)


def _neighbour(known: AuthorizeContext, id: str | None) -> Client | Unknown:
    return next((one for one in known.neighbours if one.client_id == id), UNKNOWN)


def _launch(known: AuthorizeContext, code: str | None) -> Launch | None:
    return known.live if code and code == known.live_launch else None
