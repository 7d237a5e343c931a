"""What apps a person allowed, and taking it back: all that it gave ends at once, on every worker (SMART 2.2, management)."""

from __future__ import annotations

from dataclasses import dataclass

from sickbay.authorization.models import AccessToken, AuthorizationCode, Client, TokenFamily, User
from sickbay.protocol import scopes
from sickbay.services import grants, records, registration
from sickbay.services.context import Runtime, Tenant
from sickbay.services.login import Consent
from sickbay.storage.interface import Delete, DeleteFamily, Put, Record, Step

MANY = 10_000
TRIES = 5


@dataclass(frozen=True, slots=True)
class Allowed:
    """scopes: what it holds, or was allowed the last time. live: whether it holds anything now; away: without the person."""

    client: Client
    scopes: tuple[str, ...]
    since: int
    live: bool = False
    away: bool = False


async def allowed(runtime: Runtime, tenant: Tenant, user: User) -> list[Allowed]:
    """One entry an app, by name."""
    now, found = runtime.now(), dict[str, list[Allowed]]()
    for record in await _consents(runtime, tenant, user):
        consent = records.parse(Consent, record.value)
        await _add(runtime, found, record.owner, consent.scopes, consent.at)
    for family in await _families(runtime, tenant, user):
        offline = family.mode == "offline" and (family.expires_at or now) > now
        await _add(runtime, found, family.client_id, scopes.split(family.scope), family.rotated_at, offline, offline)
    for _, token in await _tokens(runtime, tenant, user):
        if token.expires_at > now and not token.revoked:
            await _add(runtime, found, token.client_id, scopes.split(token.scope), token.issued_at, True)
    return sorted(map(_joined, found.values()), key=lambda one: one.client.name)


async def _add(
    runtime: Runtime,
    found: dict[str, list[Allowed]],
    client_id: str,
    held: tuple[str, ...],
    since: int,
    live: bool = False,
    away: bool = False,
) -> None:
    client = await registration.by_id(runtime, client_id)
    if client is not None:
        found.setdefault(client_id, []).append(Allowed(client, held, since, live, away))


def _joined(parts: list[Allowed]) -> Allowed:
    every = dict.fromkeys(scope for one in parts for scope in one.scopes)
    return Allowed(
        parts[0].client,
        tuple(every),
        min(one.since for one in parts),
        any(one.live for one in parts),
        any(one.away for one in parts),
    )


async def withdraw(runtime: Runtime, tenant: Tenant, user: User, client_id: str) -> bool:
    """End all that this person gave this app. Again, while a request that was under way gave something more."""
    for tried in range(TRIES):
        steps = await _ending(runtime, tenant, user, client_id)
        if not steps:
            return tried > 0
        await runtime.store.transaction(steps)
    return True


async def _ending(runtime: Runtime, tenant: Tenant, user: User, client_id: str) -> list[Step]:
    steps: list[Step] = [Delete("consent", one.key) for one in await _consents(runtime, tenant, user) if one.owner == client_id]
    for family in await _families(runtime, tenant, user, client_id):
        steps += [*await grants.ended(runtime, tenant, family.family, "user"), DeleteFamily(family.family, ("code",))]
    for key, token in await _tokens(runtime, tenant, user, client_id):
        steps.append(Put(records.revoked_token(key, token, tenant.name, "user", runtime.now())))
    for one in await runtime.store.find("code", tenant=tenant.name, owner=client_id, limit=MANY):
        if one.used_at is None and records.parse(AuthorizationCode, one.value).user == user.username:
            steps.append(Delete("code", one.key))
    return steps


async def _consents(runtime: Runtime, tenant: Tenant, user: User) -> list[Record]:
    found = await runtime.store.find("consent", tenant=tenant.name, limit=MANY)
    return [one for one in found if one.key.startswith(f"{tenant.name}/{user.username}/")]


async def _families(runtime: Runtime, tenant: Tenant, user: User, client_id: str | None = None) -> list[TokenFamily]:
    """The grants that were not ended."""
    found = await runtime.store.find("family", tenant=tenant.name, owner=client_id, limit=MANY)
    every = (records.parse(TokenFamily, one.value) for one in found)
    return [one for one in every if one.user == user.username and not one.revoked]


async def _tokens(runtime: Runtime, tenant: Tenant, user: User, client_id: str | None = None) -> list[tuple[str, AccessToken]]:
    """Each with its key."""
    found = await runtime.store.find("token", tenant=tenant.name, owner=client_id, limit=MANY)
    every = ((one.key, records.parse(AccessToken, one.value)) for one in found)
    return [(key, one) for key, one in every if one.user == user.username]
