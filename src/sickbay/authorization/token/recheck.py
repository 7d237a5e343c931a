"""Reduces the context of a token request to what still holds after the request was corrected."""

from __future__ import annotations

from typing import Any, TypeVar

from msgspec import structs

from sickbay.authorization.contexts import TokenContext
from sickbay.authorization.models import AuthorizationCode, Client
from sickbay.authorization.requests import TokenRequest
from sickbay.authorization.token.code import bare_code
from sickbay.authorization.token.request import is_refresh
from sickbay.kernel.checks import UNKNOWN, Unknown

T = TypeVar("T", bound=TokenContext)


def context_for(context: T, request: TokenRequest, corrected: TokenRequest) -> T:
    """Another client becomes UNKNOWN unless it is a likely client or owns the grant. So does another code or refresh token."""
    same = is_refresh(request) and _is_same("refresh_token", request, corrected)
    signed: dict[str, Any] = {} if _is_same("client_assertion", request, corrected) else {"jwks": UNKNOWN, "seen_jti": ()}
    return structs.replace(
        context,
        client=_recheck_client(context, request, corrected),
        code=_recheck_code(context, request, corrected),
        family=context.family if same else UNKNOWN,
        elsewhere=context.elsewhere if corrected.url == request.url else "",
        **signed,
    )


def _recheck_client(context: TokenContext, request: TokenRequest, corrected: TokenRequest) -> Client | Unknown | None:
    id = corrected.claimed
    if id == request.claimed:
        return context.client
    return next(
        (client for client in (context.owner, *context.newest_clients) if client is not None and client.client_id == id),
        UNKNOWN,
    )


def _recheck_code(context: TokenContext, request: TokenRequest, corrected: TokenRequest) -> AuthorizationCode | Unknown | None:
    if is_refresh(request):
        return UNKNOWN
    if _is_same("code", request, corrected):
        return context.code
    sent = request.parameters.get("code") or ""
    return context.bare if corrected.parameters.get("code") == bare_code(sent) else UNKNOWN


def _is_same(name: str, request: TokenRequest, corrected: TokenRequest) -> bool:
    return request.parameters.get(name) == corrected.parameters.get(name)
