"""Signs id_tokens. The stored key ring is read each time, so that a rotation takes effect on every worker."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

from sickbay.authorization.models import AuthorizationCode, Client, User
from sickbay.authorization.token import id_token as stage
from sickbay.authorization.token.id_token import Ring
from sickbay.protocol import jose, scopes
from sickbay.services import records
from sickbay.services.context import Runtime, Tenant
from sickbay.storage.interface import Conflict, Put, Record

NAME = "id_token"
"""The key of the record with the ring."""
PREPARATION_DELAY_SECONDS = 0.5
"""A delay that lets the browser load the page first, because the library holds the interpreter lock while it tests a key."""


async def sign(runtime: Runtime, tenant: Tenant, code: AuthorizationCode, client: Client, now: int) -> str | None:
    """The id_token for a redeemed code, with the dialect's own claims; None if its scopes don't ask for one."""
    if not stage.is_due(code.scope) or code.user is None:
        return None
    user = await records.load_user(runtime, tenant, code.user)
    if user is None:
        return None
    claims = stage.make_claims(
        issuer=tenant.server.issuer,
        client_id=client.client_id,
        user=user,
        base=stage.fhir_base(tenant.server, code.base),
        scope=code.scope,
        now=now,
        nonce=code.nonce,
        auth_time=code.auth_time,
        lifetime=tenant.policy.id_token_lifetime,
    )
    values, granted = template_values(tenant, user), scopes.split(code.scope)
    dialect_claims = {
        name: template.format(**values)
        for scope, templates in tenant.dialect.id_token.items()
        if scope in granted
        for name, template in templates.items()
    }
    return jose.sign({**claims, **dialect_claims}, await signing_key(runtime))


def template_values(tenant: Tenant, user: User | None, patient: str | None = None) -> dict[str, str]:
    """The values that a dialect's templates can use."""
    given_name, _, family_name = (user.name if user else "").removeprefix("Dr. ").rpartition(" ")
    return {
        "user_id": user.fhir_user.rpartition("/")[2] if user else "",
        "username": user.username if user else "",
        "tenant_id": tenant.dialect.tenant_id,
        "patient": patient or "",
        "name": f"{family_name}, {given_name}" if given_name else family_name,
    }


async def signing_key(runtime: Runtime) -> str:
    """The private key that signs now. Rotates the ring first if the key is too old."""
    ring, revision = await _load_key_ring(runtime)
    if stage.rotation_is_due(ring, runtime.now()):
        ring = await _rotate_ring(runtime, ring, revision)
    return ring.active


async def prepare_signing(runtime: Runtime) -> None:
    """Prepares the first id_token of this process on a thread, while a user reads a page. A new folder has no key yet. Only one
    key is prepared at a time, because anyone can request the page.
    """
    stored, loop = await runtime.store.get("key", NAME), asyncio.get_running_loop()
    if runtime.prepares_signing:
        return
    runtime.prepares_signing = True
    key = records.parse(Ring, stored.value).active if stored is not None else None

    def prepare() -> None:
        done = loop.run_in_executor(None, jose.prepare_signing, key)
        done.add_done_callback(lambda _: setattr(runtime, "prepares_signing", False))

    loop.call_later(PREPARATION_DELAY_SECONDS, prepare)


async def key_set(runtime: Runtime) -> dict[str, list[jose.Jwk]]:
    """The document at jwks_uri. The first call generates the next key."""
    ring, _ = await _load_key_ring(runtime)
    if not ring.next:
        async with runtime.making_key:
            ring, revision = await _load_key_ring(runtime)  # it exists, so this doesn't wait for the lock
            if not ring.next:
                generated = await asyncio.to_thread(jose.generate)
                ring = await _store_ring(runtime, stage.add_next_key(ring, generated), revision)
    return jose.key_set(stage.list_published_keys(ring, runtime.now()))


async def rotate(runtime: Runtime) -> dict[str, Any]:
    """Makes the next key the signing key. Signatures of the old one can be verified for another week."""
    ring, revision = await _load_key_ring(runtime)
    return _list_keys(await _rotate_ring(runtime, ring, revision), runtime.now())


async def list_keys(runtime: Runtime) -> dict[str, Any]:
    """The kids: active, next (None until the key set is first read), retired."""
    return _list_keys((await _load_key_ring(runtime))[0], runtime.now())


def _list_keys(ring: Ring, now: int) -> dict[str, Any]:
    return {
        "active": _key_id(ring.active),
        "since": ring.since,
        "next": _key_id(ring.next) if ring.next else None,
        "retired": [{"kid": _key_id(old.key), "at": old.at} for old in ring.retired if stage.is_published(old, now)],
    }


def _key_id(key: str) -> str:
    return str(jose.public_members(key)["kid"])


async def _load_key_ring(runtime: Runtime) -> tuple[Ring, int]:
    """Loads the ring and its revision. The first call generates the first key, so that a new folder is ready sooner."""
    stored = await runtime.store.get("key", NAME)
    if stored is None:
        async with runtime.making_key:
            stored = await runtime.store.get("key", NAME) or await _make_first_ring(runtime)
    return records.parse(Ring, stored.value), stored.revision


async def _make_first_ring(runtime: Runtime) -> Record:
    first = Ring(await asyncio.to_thread(jose.generate), runtime.now())
    with suppress(Conflict):  # another worker was first
        await runtime.store.transaction([Put(make_record(first), 0)])
    stored = await runtime.store.get("key", NAME)
    assert stored is not None
    return stored


async def _rotate_ring(runtime: Runtime, ring: Ring, revision: int) -> Ring:
    active = "" if ring.next else await asyncio.to_thread(jose.generate)
    following = await asyncio.to_thread(jose.generate)
    return await _store_ring(runtime, stage.rotate_ring(ring, runtime.now(), following, active), revision)


async def _store_ring(runtime: Runtime, ring: Ring, revision: int) -> Ring:
    """Stores the ring and returns it; if another worker stored one first, returns that one."""
    try:
        await runtime.store.transaction([Put(make_record(ring), revision)])
    except Conflict:
        return (await _load_key_ring(runtime))[0]
    return ring


def make_record(ring: Ring) -> Record:
    return Record("key", NAME, records.dump(ring))
