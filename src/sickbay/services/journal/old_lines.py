"""Writes the lines of exchanges that an older Sickbay recorded without one, so that filters find them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

import msgspec

from sickbay.services.context import Runtime
from sickbay.services.journal.outcomes import format_line
from sickbay.services.journal.packing import unpack
from sickbay.storage.exchange_filter import ColumnCondition
from sickbay.storage.interface import Conflict, Put, Record

BATCH: Final = 100
PAUSE_SECONDS: Final = 0.02
"""Seconds between two batches, so that requests are served in between."""
UNREADABLE: Final = " "
"""The line of a record that has no request or response."""


async def write_missing_lines(runtime: Runtime) -> int:
    """Returns how many exchanges got a line."""
    count, until = 0, None
    missing = (ColumnCondition("line", ("",)),)
    while records := await runtime.store.find_exchanges(missing, BATCH, until):
        count += await _write_records(runtime, records)
        until = records[-1].at
        await asyncio.sleep(PAUSE_SECONDS)
    return count


async def _write_records(runtime: Runtime, records: Sequence[Record]) -> int:
    """Writes the records together, or one by one if one of them was changed or deleted in the meantime."""
    puts = [Put(msgspec.structs.replace(record, line=_line_of(record)), record.revision, aside=True) for record in records]
    with suppress(Conflict):
        await runtime.store.transaction(puts)
        return len(puts)
    written = 0
    for put in puts:
        with suppress(Conflict):
            await runtime.store.transaction([put])
            written += 1
    return written


def _line_of(record: Record) -> str:
    try:
        return format_line(msgspec.json.decode(unpack(record.value)))
    except (KeyError, TypeError, ValueError):
        return UNREADABLE
