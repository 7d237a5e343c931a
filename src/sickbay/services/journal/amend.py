"""Changes the record of an exchange whose response was changed by a fault after it was recorded."""

from __future__ import annotations

from contextlib import suppress

import msgspec

from sickbay.services.context import Runtime
from sickbay.services.injection.choose import Injected
from sickbay.services.journal.packing import pack, text_of
from sickbay.settings.database import Unavailable
from sickbay.storage.interface import Conflict, Put


async def show_sent_response(runtime: Runtime, id: str, injected: Injected) -> None:
    """Show the response that was sent, if the exchange is recorded already. One that still waits reads it from `injected`."""
    with suppress(Conflict, Unavailable):
        record = await runtime.store.get("exchange", id)
        if record is None or injected.changed is None:
            return
        entry = msgspec.json.decode(text_of(record))
        entry |= {"response": injected.changed.replace_response(entry["response"]), "injected": injected.to_json()}
        changed = msgspec.structs.replace(record, value=pack(msgspec.json.encode(entry)))
        await runtime.store.transaction([Put(changed, record.revision, aside=True)])
