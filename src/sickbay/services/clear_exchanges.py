"""Deletes exchanges from the journal on request: all of them, or those that a filter finds."""

from __future__ import annotations

import asyncio

from sickbay.kernel.memory import ResetScope
from sickbay.services.context import Runtime
from sickbay.services.journal.write import AT_A_TIME, Journal
from sickbay.storage.exchange_filter import ExchangeFilter


async def delete_exchanges(runtime: Runtime, journal: Journal, wanted: ExchangeFilter) -> int:
    """Delete the exchanges recorded until now, a slice at a time. Returns how many exchanges were deleted."""
    until = runtime.effects.arrival()
    await asyncio.sleep(journal.unreachable_seconds)
    await journal.collect()
    deleted = 0
    while sliced := await runtime.store.delete_exchanges(wanted, until, AT_A_TIME):
        deleted += sliced
        await asyncio.sleep(0)
    if not wanted:
        await runtime.given_advice.forget_everywhere(runtime.channel)
        if runtime.kept_bodies is not None:
            runtime.kept_bodies.forget(ResetScope(None))
    return deleted
