"""Users: who may sign in at a hospital, and whom they may see."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Literal

from sickbay.authorization.values import User
from sickbay.operations import records, sessions
from sickbay.operations.context import Tenant, World
from sickbay.operations.live import remember_password
from sickbay.storage.store import Put


async def every(world: World, tenant: Tenant) -> list[User]:
    """Seeded ones first, in the order they were made."""
    found = [records.parse(User, one.value) for one in await world.store.find("user", tenant=tenant.name, limit=1000)]
    found.reverse()
    return sorted(found, key=lambda one: not one.seeded)


async def put(
    world: World,
    tenant: Tenant,
    username: str,
    password: str,
    fhir_user: str,
    patients: tuple[str, ...] | Literal["*"] = "*",
    name: str = "",
) -> User:
    """Add a user, or change the one of this name."""
    old = await sessions.user(world, tenant, username)
    async with sessions.SLOTS:
        hashed = await asyncio.to_thread(sessions.hash_password, password)
    base = old or User(username, tenant.name, fhir_user, sub=world.effects.token(16))
    new = replace(
        base, fhir_user=fhir_user, patients=patients, password=hashed, seeded=False, name=name or base.name or username
    )
    await world.store.transaction([Put(records.user(new))])
    remember_password(password)
    return new
