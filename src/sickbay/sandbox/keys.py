"""The keys of a data folder, created on first use and stored as records. Published keys are replaced."""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

from sickbay.authorization.token.id_token import Ring
from sickbay.protocol import jose
from sickbay.services import id_token, records
from sickbay.services.context import Keys
from sickbay.storage.interface import Clear, Conflict, Put, Record, Step, Store

PUBLISHED_KIDS = frozenset(("DNqrqn1SZKY2A0S7l7Gb3Do9061gCBgQsD-EJEujQzU",))
PUBLISHED_REFRESH = frozenset(("aa4d09b0a9c31966d840cf56e45a0cecf6d97fca069d4c5514beaaf08ed9daf0",))
"""SHA-256 of the base64 text."""
PUBLISHED_INSTANCES = frozenset(("c52e4f3c",))
"""Fingerprints of keys that were published in a repository. Anyone may have them, so nothing made with them is accepted."""
_ENDED = ("family", "token", "code")


async def load(store: Store, now: int) -> Keys:
    """Load the cookie name and the refresh token key. Creates them if needed. The first id_token creates its key."""
    instance = await _get_or_create(store, "instance", _new_instance_key)
    refresh = await _get_or_create(store, "refresh", _make_refresh_token_key)
    ring = await store.get("key", id_token.NAME)
    if steps := _replacement_steps(instance, refresh, ring, now):
        with suppress(Conflict):  # another process was first
            await store.transaction(steps)
        return replace(await load(store, now), replaced=True)
    return Keys(instance.value.decode(), base64.b64decode(refresh.value))


def _new_instance_key() -> bytes:
    return secrets.token_hex(4).encode()


def _make_refresh_token_key() -> bytes:
    return base64.b64encode(secrets.token_bytes(32))


def _replacement_steps(instance: Record, refresh: Record, ring: Record | None, now: int) -> list[Step]:
    """Replace published keys, and end all grants: anyone with the keys could have made their tokens."""
    steps: list[Step] = []
    if instance.value.decode() in PUBLISHED_INSTANCES:
        steps.append(Put(Record("key", "instance", _new_instance_key()), instance.revision))
    if hashlib.sha256(refresh.value).hexdigest() in PUBLISHED_REFRESH:
        steps += [Put(Record("key", "refresh", _make_refresh_token_key()), refresh.revision), *map(Clear, _ENDED)]
    if ring is not None:
        before = records.parse(Ring, ring.value)
        after = _drop_published_keys(before, now)
        if after != before:
            steps.append(Put(id_token.make_record(after), ring.revision))
    return steps


def _drop_published_keys(ring: Ring, now: int) -> Ring:
    retired = tuple(retired_key for retired_key in ring.retired if not _is_published(retired_key.key))
    following = "" if ring.next and _is_published(ring.next) else ring.next
    if not _is_published(ring.active):
        return replace(ring, next=following, retired=retired)
    return Ring(following or jose.generate(), now, "", retired)


def _is_published(key: str) -> bool:
    return str(jose.public_members(key)["kid"]) in PUBLISHED_KIDS


async def _get_or_create(store: Store, name: str, make: Callable[[], bytes]) -> Record:
    record = await store.get("key", name)
    if record is None:
        with suppress(Conflict):  # another process was first
            await store.transaction([Put(Record("key", name, make()), 0)])
        record = await store.get("key", name)
    assert record is not None
    return record
