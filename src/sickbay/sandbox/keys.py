"""The keys of a data folder: made once, by whichever process comes first, and kept as records."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Callable
from contextlib import suppress

from sickbay.authorization.id_token_keys import Ring
from sickbay.operations import id_token_keys, records
from sickbay.operations.context import Keys
from sickbay.protocol import jose
from sickbay.storage.store import Conflict, Put, Record, Store


async def load(store: Store, now: int) -> Keys:
    """The name of the cookie, the key of refresh tokens; and there is a first key of id_tokens after it."""
    instance = await _kept(store, "instance", lambda: secrets.token_hex(4))
    refresh = await _kept(store, "refresh", lambda: base64.b64encode(secrets.token_bytes(32)).decode())
    await _kept(store, id_token_keys.NAME, lambda: records.dump(Ring(jose.generate(), now)).decode())
    return Keys(instance, base64.b64decode(refresh))


async def _kept(store: Store, name: str, make: Callable[[], str]) -> str:
    record = await store.get("key", name)
    if record is None:
        with suppress(Conflict):  # another process was first
            await store.transaction([Put(Record("key", name, make().encode()), 0)])
        record = await store.get("key", name)
    assert record is not None
    return record.value.decode()
