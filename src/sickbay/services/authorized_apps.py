"""What apps a person allowed, and taking it back: all that it gave ends at once, on every worker (SMART 2.2, management)."""

from __future__ import annotations

from dataclasses import dataclass

from sickbay.authorization.values import Client, Code, Family, Token, User
from sickbay.operations import grants, records, registration
from sickbay.operations.context import Tenant, World
from sickbay.operations.login import Consent
from sickbay.protocol import scopes
from sickbay.storage.store import Delete, DeleteFamily, Put, Record, Step

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


async def allowed(world: World, tenant: Tenant, user: User) -> list[Allowed]:
    """One entry an app, by name."""
    now, found = world.now(), dict[str, list[Allowed]]()
    for record in await _consents(world, tenant, user):
        consent = records.parse(Consent, record.value)
        await _add(world, found, record.owner, consent.scopes, consent.at)
    for family in await _families(world, tenant, user):
        offline = family.mode == "offline" and (family.expires_at or now) > now
        await _add(world, found, family.client_id, scopes.split(family.scope), family.rotated_at, offline, offline)
    for _, token in await _tokens(world, tenant, user):
        if token.expires_at > now and not token.revoked:
            await _add(world, found, token.client_id, scopes.split(token.scope), token.issued_at, True)
    return sorted(map(_joined, found.values()), key=lambda one: one.client.name)


async def _add(
    world: World,
    found: dict[str, list[Allowed]],
    client_id: str,
    held: tuple[str, ...],
    since: int,
    live: bool = False,
    away: bool = False,
) -> None:
    client = await registration.by_id(world, client_id)
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


async def withdraw(world: World, tenant: Tenant, user: User, client_id: str) -> bool:
    """End all that this person gave this app. Again, while a request that was under way gave something more."""
    for tried in range(TRIES):
        steps = await _ending(world, tenant, user, client_id)
        if not steps:
            return tried > 0
        await world.store.transaction(steps)
    return True


async def _ending(world: World, tenant: Tenant, user: User, client_id: str) -> list[Step]:
    steps: list[Step] = [Delete("consent", one.key) for one in await _consents(world, tenant, user) if one.owner == client_id]
    for family in await _families(world, tenant, user, client_id):
        steps += [*await grants.ended(world, tenant, family.family, "user"), DeleteFamily(family.family, ("code",))]
    for key, token in await _tokens(world, tenant, user, client_id):
        steps.append(Put(records.revoked_token(key, token, tenant.name, "user", world.now())))
    for one in await world.store.find("code", tenant=tenant.name, owner=client_id, limit=MANY):
        if one.used_at is None and records.parse(Code, one.value).user == user.username:
            steps.append(Delete("code", one.key))
    return steps


async def _consents(world: World, tenant: Tenant, user: User) -> list[Record]:
    found = await world.store.find("consent", tenant=tenant.name, limit=MANY)
    return [one for one in found if one.key.startswith(f"{tenant.name}/{user.username}/")]


async def _families(world: World, tenant: Tenant, user: User, client_id: str | None = None) -> list[Family]:
    """The grants that were not ended."""
    found = await world.store.find("family", tenant=tenant.name, owner=client_id, limit=MANY)
    every = (records.parse(Family, one.value) for one in found)
    return [one for one in every if one.user == user.username and not one.revoked]


async def _tokens(world: World, tenant: Tenant, user: User, client_id: str | None = None) -> list[tuple[str, Token]]:
    """Each with its key."""
    found = await world.store.find("token", tenant=tenant.name, owner=client_id, limit=MANY)
    every = ((one.key, records.parse(Token, one.value)) for one in found)
    return [(key, one) for key, one in every if one.user == user.username]
