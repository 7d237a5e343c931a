"""The users of a hospital and the patients that they may see."""

from __future__ import annotations

import asyncio
import re
from typing import Literal

from msgspec import structs

from sickbay.authorization.models import User
from sickbay.services import records, sessions
from sickbay.services.context import Runtime, Tenant
from sickbay.storage.interface import Put

PERSON = re.compile(r"(?:^|/)(?:Practitioner|PractitionerRole|Patient|RelatedPerson|Person)/[A-Za-z0-9.-]{1,64}\Z")
"""Types that may be a fhirUser (SMART 2.2, Scopes for requesting identity data). The resource needn't exist."""


async def list_users(runtime: Runtime, tenant: Tenant) -> list[User]:
    """Seeded users first, each group in the order of creation."""
    users = [records.parse(User, record.value) for record in await runtime.store.find("user", tenant=tenant.name, limit=1000)]
    users.reverse()
    return sorted(users, key=lambda user: not user.seeded)


async def save_user(
    runtime: Runtime,
    tenant: Tenant,
    username: str,
    password: str,
    fhir_user: str,
    patients: tuple[str, ...] | Literal["*"] = "*",
    name: str = "",
) -> User:
    """Adds a user or changes the one with this username."""
    old = await records.load_user(runtime, tenant, username)
    async with runtime.hashing:
        hashed = await asyncio.to_thread(sessions.hash_password, password)
    base = old or User(username, tenant.name, fhir_user, sub=runtime.effects.token(16))
    new = structs.replace(
        base, fhir_user=fhir_user, patients=patients, password=hashed, seeded=False, name=name or base.name or username
    )
    await runtime.store.transaction([Put(records.make_user_record(new))])
    runtime.passwords.remember(password)
    return new
