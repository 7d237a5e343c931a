"""What stays known of a token request when it is mended: what was looked up for what it sent, and for what it likely meant."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, TypeVar

from sickbay.authorization.client_authentication import claimed
from sickbay.authorization.contexts import TokenContext
from sickbay.authorization.models import AuthorizationCode, Client
from sickbay.authorization.requests import TokenRequest
from sickbay.authorization.token import bare_code, refreshing
from sickbay.kernel.checks import UNKNOWN, Unknown

T = TypeVar("T", bound=TokenContext)


def known_for(known: T, request: TokenRequest, mended: TokenRequest) -> T:
    """Another client is UNKNOWN, unless it is a neighbour or owns the grant, and so is another code or refresh token."""
    same = refreshing(request) and _same("refresh_token", request, mended)
    signed: dict[str, Any] = {} if _same("client_assertion", request, mended) else {"jwks": UNKNOWN, "seen_jti": ()}
    return replace(
        known,
        client=_client(known, request, mended),
        code=_code(known, request, mended),
        family=known.family if same else UNKNOWN,
        elsewhere=known.elsewhere if mended.url == request.url else "",
        **signed,
    )


def _client(known: TokenContext, request: TokenRequest, mended: TokenRequest) -> Client | Unknown | None:
    id = claimed(mended)
    if id == claimed(request):
        return known.client
    return next((one for one in (known.owner, *known.neighbours) if one is not None and one.client_id == id), UNKNOWN)


def _code(known: TokenContext, request: TokenRequest, mended: TokenRequest) -> AuthorizationCode | Unknown | None:
    if refreshing(request):
        return UNKNOWN
    if _same("code", request, mended):
        return known.code
    sent = request.parameters.get("code") or ""
    return known.bare if mended.parameters.get("code") == bare_code(sent) else UNKNOWN


def _same(name: str, request: TokenRequest, mended: TokenRequest) -> bool:
    return request.parameters.get(name) == mended.parameters.get(name)
