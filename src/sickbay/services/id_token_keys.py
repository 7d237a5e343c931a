"""The key ring of id_tokens in the store: read afresh each time, so that a rotation holds on every worker."""

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
    """The private key that signs now; one that has grown old is replaced first."""
    ring, revision = await _ring(runtime)
    if stage.is_due(ring, runtime.now()):
        ring = await _rotate(runtime, ring, revision)
    return ring.active


async def key_set(runtime: Runtime) -> dict[str, list[jose.Jwk]]:
    """The document behind jwks_uri. The key that waits is made when somebody first reads it here."""
    ring, revision = await _ring(runtime)
    if not ring.next:
        made = await asyncio.to_thread(jose.generate)
        ring = await _put(runtime, stage.with_next(ring, made), revision)
    return jose.key_set(stage.published(ring, runtime.now()))


async def rotate(runtime: Runtime) -> dict[str, Any]:
    """The next key signs from now on; what the old one signed stays verifiable for a week."""
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
        "retired": [{"kid": _kid(one.key), "at": one.at} for one in ring.retired],
    }


def _kid(key: str) -> str:
    return str(jose.public(key)["kid"])


async def _ring(runtime: Runtime) -> tuple[Ring, int]:
    record = await runtime.store.get("key", NAME)
    assert record is not None, "made when the folder is opened"
    return records.parse(Ring, record.value), record.revision


async def _rotate(runtime: Runtime, ring: Ring, revision: int) -> Ring:
    active = "" if ring.next else await asyncio.to_thread(jose.generate)
    following = await asyncio.to_thread(jose.generate)
    return await _put(runtime, stage.rotated(ring, runtime.now(), following, active), revision)


async def _put(runtime: Runtime, ring: Ring, revision: int) -> Ring:
    """The ring as it is now: ours, or another worker's who was first."""
    try:
        await runtime.store.transaction([Put(record(ring), revision)])
    except Conflict:
        return (await _ring(runtime))[0]
    return ring


def record(ring: Ring) -> Record:
    return Record("key", NAME, records.dump(ring))
