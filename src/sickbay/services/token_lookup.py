"""The token that a request is about, and the app that asks: for introspection and revocation."""

from __future__ import annotations

from dataclasses import fields, replace

from sickbay.authorization import client_authentication, introspection, refresh
from sickbay.authorization.access import bearer
from sickbay.authorization.known import SubjectKnown, TokenKnown
from sickbay.authorization.requests import AccessRequest, TokenRequest
from sickbay.authorization.values import Client, Family, Token, User
from sickbay.operations import backend, records, registration, sessions
from sickbay.operations.context import Tenant, World


async def known_of(world: World, tenant: Tenant, request: TokenRequest) -> tuple[SubjectKnown, int]:
    """All that the checks need, and the revision of the record of the assertion's jti."""
    if introspection.by_token(request):
        return await _with_subject(world, tenant, request, await _by_token(world, tenant, request)), 0
    client, live_at = await registration.live(world, client_authentication.claimed(request))
    if client is not None and client.tenant != tenant.name:
        client = None
    base = TokenKnown(now=world.now(), server=tenant.under(client).server, client=client, live_at=live_at)
    known, revision = await backend.known_of(world, request, base)
    shared = {field.name: getattr(known, field.name) for field in fields(TokenKnown)}
    return await _with_subject(world, tenant, request, SubjectKnown(**shared, caller=None)), revision


async def _by_token(world: World, tenant: Tenant, request: TokenRequest) -> SubjectKnown:
    text = bearer(AccessRequest(request.method, "", "", headers=request.headers))
    token = await access_token(world, tenant, text)
    return SubjectKnown(
        now=world.now(),
        server=tenant.server,
        caller=token,
        client=await owner(world, token),
        user=await person(world, tenant, token),
    )


async def access_token(world: World, tenant: Tenant, text: str | None) -> Token | None:
    """Of this tenant."""
    record = await world.store.get("token", records.digest(text)) if text else None
    return records.parse(Token, record.value) if record is not None and record.tenant == tenant.name else None


async def owner(world: World, one: Token | Family | None) -> Client | None:
    return await registration.by_id(world, one.client_id) if one else None


async def person(world: World, tenant: Tenant, one: Token | Family | None) -> User | None:
    return await sessions.user(world, tenant, one.user) if one and one.user else None


async def _with_subject(world: World, tenant: Tenant, request: TokenRequest, known: SubjectKnown) -> SubjectKnown:
    """An access token or a refresh token; token_type_hint is not needed to tell them apart."""
    text = request.parameters.get("token") or ""
    read = refresh.read(world.keys.refresh, text)
    if read is None:
        return replace(known, subject=await access_token(world, tenant, text))
    record = await world.store.get("family", read[0])
    if record is None or record.tenant != tenant.name:
        return replace(known, subject=None)
    family = records.parse(Family, record.value)
    ended = family.mode == "online" and await sessions.ended(world, family.session)
    return replace(known, subject=family, generation=read[1], session_ended=ended)
