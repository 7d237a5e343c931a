"""The apps that a user authorized. Revoking one invalidates all its tokens immediately, on every worker (SMART 2.2)."""

from __future__ import annotations

from dataclasses import dataclass

from sickbay.authorization.models import AccessToken, AuthorizationCode, Client, TokenFamily, User
from sickbay.protocol import scopes
from sickbay.services import grants, records, registration
from sickbay.services.context import Runtime, Tenant
from sickbay.services.login import Consent
from sickbay.storage.interface import Delete, DeleteFamily, Put, Record, Step

MAXIMUM_RECORDS = 10_000
TRIES = 5


@dataclass(frozen=True, slots=True)
class Allowed:
    """An authorized app. scopes: its current or last ones. live: it has access now. away: even without the user."""

    client: Client
    scopes: tuple[str, ...]
    since: int
    live: bool = False
    away: bool = False


async def list_authorized_apps(runtime: Runtime, tenant: Tenant, user: User) -> list[Allowed]:
    """One entry per app, sorted by name."""
    now, by_client = runtime.now(), dict[str, list[Allowed]]()
    for record in await _stored_consents(runtime, tenant, user):
        consent = records.parse(Consent, record.value)
        await _add_authorized_app(runtime, by_client, record.owner, consent.scopes, consent.at)
    for family in await _active_families(runtime, tenant, user):
        offline = family.mode == "offline" and (family.expires_at or now) > now
        await _add_authorized_app(
            runtime, by_client, family.client_id, scopes.split(family.scope), family.rotated_at, offline, offline
        )
    for _, token in await _stored_tokens(runtime, tenant, user):
        if token.expires_at > now and not token.revoked:
            await _add_authorized_app(runtime, by_client, token.client_id, scopes.split(token.scope), token.issued_at, True)
    return sorted(map(_merge_grants, by_client.values()), key=lambda app: app.client.name)


async def _add_authorized_app(
    runtime: Runtime,
    by_client: dict[str, list[Allowed]],
    client_id: str,
    granted: tuple[str, ...],
    since: int,
    live: bool = False,
    away: bool = False,
) -> None:
    client = await registration.find_by_id(runtime, client_id)
    if client is not None:
        by_client.setdefault(client_id, []).append(Allowed(client, granted, since, live, away))


def _merge_grants(parts: list[Allowed]) -> Allowed:
    granted = dict.fromkeys(scope for part in parts for scope in part.scopes)
    return Allowed(
        parts[0].client,
        tuple(granted),
        min(part.since for part in parts),
        any(part.live for part in parts),
        any(part.away for part in parts),
    )


async def revoke(runtime: Runtime, tenant: Tenant, user: User, client_id: str) -> bool:
    """Revokes everything that this user granted to this app, even if a request in progress grants more in the meantime."""
    for attempt in range(TRIES):
        steps = await _revoking_steps(runtime, tenant, user, client_id)
        if not steps:
            return attempt > 0
        await runtime.store.transaction(steps)
    return True


async def _revoking_steps(runtime: Runtime, tenant: Tenant, user: User, client_id: str) -> list[Step]:
    steps: list[Step] = [
        Delete("consent", consent.key)
        for consent in await _stored_consents(runtime, tenant, user)
        if consent.owner == client_id
    ]
    for family in await _active_families(runtime, tenant, user, client_id):
        steps += [*await grants.end_grant(runtime, tenant, family.family, "user"), DeleteFamily(family.family, ("code",))]
    for key, token in await _stored_tokens(runtime, tenant, user, client_id):
        steps.append(Put(records.revoked_token(key, token, tenant.name, "user", runtime.now())))
    for record in await runtime.store.find("code", tenant=tenant.name, owner=client_id, limit=MAXIMUM_RECORDS):
        if record.used_at is None and records.parse(AuthorizationCode, record.value).user == user.username:
            steps.append(Delete("code", record.key))
    return steps


async def _stored_consents(runtime: Runtime, tenant: Tenant, user: User) -> list[Record]:
    consents = await runtime.store.find("consent", tenant=tenant.name, limit=MAXIMUM_RECORDS)
    return [consent for consent in consents if consent.key.startswith(f"{tenant.name}/{user.username}/")]


async def _active_families(runtime: Runtime, tenant: Tenant, user: User, client_id: str | None = None) -> list[TokenFamily]:
    """Returns the grants that aren't revoked."""
    stored = await runtime.store.find("family", tenant=tenant.name, owner=client_id, limit=MAXIMUM_RECORDS)
    families = (records.parse(TokenFamily, record.value) for record in stored)
    return [family for family in families if family.user == user.username and not family.revoked]


async def _stored_tokens(
    runtime: Runtime, tenant: Tenant, user: User, client_id: str | None = None
) -> list[tuple[str, AccessToken]]:
    """Returns each token with its key."""
    stored = await runtime.store.find("token", tenant=tenant.name, owner=client_id, limit=MAXIMUM_RECORDS)
    tokens = ((record.key, records.parse(AccessToken, record.value)) for record in stored)
    return [(key, token) for key, token in tokens if token.user == user.username]
