"""Remembers which pages of Sickbay the user of an authorization saw, so that the timeline of the launch can show them."""

from __future__ import annotations

from contextlib import suppress
from typing import Final

from msgspec import structs

from sickbay.diagnosis.silence.trail import PageName, ShownPage
from sickbay.services import records
from sickbay.services.context import Runtime
from sickbay.services.pending_authorization import PendingAuthorization, StoredAuthorization
from sickbay.storage.interface import Conflict, Put

MAXIMUM_PAGES: Final = 16
"""Pages of one authorization that are remembered, the first ones. A browser can go back and forth as often as it likes."""


async def note_page(runtime: Runtime, waiting: PendingAuthorization, page: PageName) -> None:
    """Stores that the user sees this page, so that the timeline can show it. Showing the same page again changes nothing."""
    record = await runtime.store.get("pending", waiting.id)
    stored = records.parse(StoredAuthorization, record.value) if record else None
    if record is None or stored is None or stored.page == page:
        return
    pages = (*stored.pages, ShownPage(page, runtime.effects.arrival() / 1e6))[:MAXIMUM_PAGES]
    value = records.dump(structs.replace(stored, page=page, pages=pages))
    with suppress(Conflict):  # the user answered it in the meantime
        await runtime.store.transaction([Put(structs.replace(record, value=value), record.revision, aside=True)])
