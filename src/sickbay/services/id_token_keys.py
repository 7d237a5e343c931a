"""The stored key ring of id_tokens, read again each time so that a rotation takes effect on every worker."""

from __future__ import annotations

import asyncio
from typing import Any

from sickbay.authorization import id_token_keys as stage
from sickbay.authorization.id_token_keys import Ring
from sickbay.protocol import jose
from sickbay.services import records
from sickbay.services.context import Runtime
from sickbay.storage.interface import Conflict, Put, Record

NAME = "id_token"


async def signing(runtime: Runtime) -> str:
    """The private key that signs now. Rotates the ring first if the key is too old."""
    ring, revision = await _ring(runtime)
    if stage.is_due(ring, runtime.now()):
        ring = await _rotate(runtime, ring, revision)
    return ring.active


async def key_set(runtime: Runtime) -> dict[str, list[jose.Jwk]]:
    """The document at jwks_uri. The first call generates the next key."""
    ring, revision = await _ring(runtime)
    if not ring.next:
        generated = await asyncio.to_thread(jose.generate)
        ring = await _put(runtime, stage.with_next(ring, generated), revision)
    return jose.key_set(stage.published(ring, runtime.now()))


async def rotate(runtime: Runtime) -> dict[str, Any]:
    """Makes the next key the signing key. Signatures of the old one can be verified for another week."""
    ring, revision = await _ring(runtime)
    return _shown(await _rotate(runtime, ring, revision))


async def shown(runtime: Runtime) -> dict[str, Any]:
    """The kids: active, next (None until the key set is first read), retired."""
    return _shown((await _ring(runtime))[0])


def _shown(ring: Ring) -> dict[str, Any]:
    return {
        "active": _kid(ring.active),
        "since": ring.since,
        "next": _kid(ring.next) if ring.next else None,
        "retired": [{"kid": _kid(retired.key), "at": retired.at} for retired in ring.retired],
    }


def _kid(key: str) -> str:
    return str(jose.public(key)["kid"])


async def _ring(runtime: Runtime) -> tuple[Ring, int]:
    record = await runtime.store.get("key", NAME)
    assert record is not None, "created when the data folder is opened"
    return records.parse(Ring, record.value), record.revision


async def _rotate(runtime: Runtime, ring: Ring, revision: int) -> Ring:
    active = "" if ring.next else await asyncio.to_thread(jose.generate)
    following = await asyncio.to_thread(jose.generate)
    return await _put(runtime, stage.rotated(ring, runtime.now(), following, active), revision)


async def _put(runtime: Runtime, ring: Ring, revision: int) -> Ring:
    """Stores the ring and returns it; if another worker stored one first, returns that one."""
    try:
        await runtime.store.transaction([Put(record(ring), revision)])
    except Conflict:
        return (await _ring(runtime))[0]
    return ring


def record(ring: Ring) -> Record:
    return Record("key", NAME, records.dump(ring))
