"""Reads the journal: all facts for the app's owner and the administrator, only public ones for everyone else.

A timeline has the exchanges of one launch. An exchange is in it if it names the app that the grant was issued to (the services
ensure that). Naming an app proves nothing, so the public sees an exchange in a timeline only if the request also proved that
it came from the app (`exchange_json.proven`).
"""

from __future__ import annotations

import asyncio
from typing import Any, NamedTuple

from sickbay.services.context import Runtime
from sickbay.services.journal.exchange_json import proven, public, whole
from sickbay.services.journal.journal import EVERY, Journal
from sickbay.storage.interface import Record

FIRST, LAST = 20, 80
"""Exchanges shown of a longer timeline: the first ones and the newest."""
COUNTED = 10_000
"""The maximum to which the other exchanges are counted."""
MEMBERS = ("id", "at", "tenant", "app", "launch", "stage", "checks", "findings", "decided", "scopes", "refresh")
"""Members of an exchange that a timeline shows, besides the method, the URL and the status."""


class Timeline(NamedTuple):
    """exchanges: oldest first. left_out: how many between the first and the newest ones aren't shown."""

    exchanges: list[dict[str, Any]]
    left_out: int = 0


async def read(runtime: Runtime, journal: Journal, id: str, *, full: bool) -> dict[str, Any] | None:
    """One exchange, or None if there is none with this id."""
    record = await runtime.store.get("exchange", id)
    if record is None:
        await journal.flush()
        record = await runtime.store.get("exchange", id)
    if record is None and runtime.shared:  # another worker may not have written it yet
        await asyncio.sleep(EVERY * 1.5)
        record = await runtime.store.get("exchange", id)
    if record is None:
        return None
    entry = await whole(runtime, record, full)
    return entry if full else public(entry)


async def listed(
    runtime: Runtime,
    journal: Journal,
    *,
    tenant: str | None = None,
    app: str | None = None,
    launch: str | None = None,
    stage: str | None = None,
    limit: int = 100,
) -> list[dict[str, Any]]:
    """Exchanges in full, newest first, for the administrator. launch: the id of a timeline."""
    await journal.flush()
    stored = await runtime.store.find("exchange", tenant=tenant, owner=app, family=launch, label=stage, limit=limit)
    return [await whole(runtime, record, False) for record in stored]


async def timeline(runtime: Runtime, journal: Journal, id: str, *, full: bool) -> Timeline:
    """The exchanges of one launch, at most FIRST + LAST of them. Full readers see all of them, others only proven ones."""
    await journal.flush()
    newest = await runtime.store.find("exchange", family=id, limit=FIRST + LAST)
    records, left_out = newest[::-1], 0
    if len(newest) == FIRST + LAST:
        oldest = await runtime.store.find("exchange", family=id, limit=FIRST, oldest=True)
        shown = {record.key: record for record in (*oldest, *newest[LAST - 1 :: -1])}
        count = await runtime.store.count_family("exchange", id, COUNTED)
        records, left_out = list(shown.values()), max(0, count - len(shown))
    entries = [await _line(runtime, record) for record in records]
    return Timeline(entries if full else [public(entry) for entry in entries if proven(entry)], left_out)


async def _line(runtime: Runtime, record: Record) -> dict[str, Any]:
    """One exchange without headers and bodies."""
    entry = await whole(runtime, record, False)
    members = {name: entry[name] for name in MEMBERS if name in entry}
    sent, response = entry["request"], entry["response"]
    request = {"method": sent["method"], "url": sent["url"]}
    return members | {"request": request, "response": {"status": response["status"]}}


LINE = ("id", "at", "tenant", "app", "launch", "stage", "request", "response", "findings")


def lines(id: str, timeline: Timeline) -> dict[str, Any]:
    """A timeline as JSON, with the members of each exchange that a list shows. /exchanges/{id} has the others."""
    exchanges = [{name: entry.get(name) for name in LINE} for entry in timeline.exchanges]
    return {"id": id, "exchanges": exchanges, "left_out": timeline.left_out}
