"""Reading the journal: the full facts for the app's owner and the administrator, the public reading for all others."""

from __future__ import annotations

import asyncio
from typing import Any

from sickbay.diagnosis.catalogue import BY_ID
from sickbay.diagnosis.rule import find
from sickbay.services.context import Runtime
from sickbay.services.decision import redacted
from sickbay.services.journal import exchange_record, timelines
from sickbay.services.journal.exchange_record import Masked
from sickbay.services.journal.journal import EVERY, Journal
from sickbay.services.journal.timelines import Timeline

MEMBERS = ("id", "at", "tenant", "app", "launch", "stage", "request", "response", "checks", "findings", "corrected")
MORE = ("scopes", "refresh")
"""Members of some exchanges."""


async def read(runtime: Runtime, journal: Journal, id: str, *, full: bool) -> dict[str, Any] | None:
    """One exchange, None where there is none of this id."""
    record = await runtime.store.get("exchange", id)
    if record is None:
        await journal.flush()
        record = await runtime.store.get("exchange", id)
    if record is None and runtime.shared:  # another worker has it still in hand
        await asyncio.sleep(EVERY * 1.5)
        record = await runtime.store.get("exchange", id)
    if record is None:
        return None
    entry = await exchange_record.whole(runtime, record, full)
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
    """Newest first, in full: for the administrator. launch: a timeline's id."""
    await journal.flush()
    found = await runtime.store.find("exchange", tenant=tenant, owner=app, family=launch, label=stage, limit=limit)
    return [await exchange_record.whole(runtime, one, False) for one in found]


async def timeline(runtime: Runtime, journal: Journal, id: str, *, full: bool) -> Timeline:
    """The exchanges of one launch, in order of time."""
    found = await timelines.read(runtime, journal, id, full=full)
    return found if full else found._replace(exchanges=[public(entry) for entry in found.exchanges])


async def fresh(runtime: Runtime, masked: Masked, *, full: bool) -> dict[str, Any]:
    """An exchange that is shown in its own response, as `read` would give it."""
    entry = await exchange_record.shown(runtime, masked, full)
    return entry if full else public(entry)


def shown(entry: dict[str, Any]) -> dict[str, Any]:
    """As the outside contract has it."""
    return {name: entry[name] for name in (*MEMBERS, *MORE) if name in MEMBERS or name in entry}


LINE = ("id", "at", "tenant", "app", "launch", "stage", "request", "response", "findings")


def lines(id: str, found: Timeline) -> dict[str, Any]:
    """A timeline as JSON: of each exchange what a list shows; /exchanges/{id} has the rest."""
    exchanges = [{name: entry.get(name) for name in LINE} for entry in found.exchanges]
    return {"id": id, "exchanges": exchanges, "left_out": found.left_out}


def public(entry: dict[str, Any]) -> dict[str, Any]:
    """Without what only the administrator may know. A corrected request that would tell it is left out, and so is the
    timeline of a request that did not prove that it belongs there.
    """
    findings = [_public(one) for one in entry["findings"]]
    told = findings == entry["findings"]
    shown = entry | {"findings": findings, "corrected": entry.get("corrected") if told else None}
    return shown if timelines.proven(entry) else shown | {"launch": None}


def _public(finding: dict[str, Any]) -> dict[str, Any]:
    facts = redacted(finding["facts"], finding.get("private", ()))
    if facts == finding["facts"]:
        return finding
    rule = BY_ID.get(finding["id"])
    if rule is None:
        return finding | {"facts": facts, "why": "", "fix": ""}
    again = find(rule, facts, refused=finding["refused"], ceiling=finding["severity"])
    return finding | {"title": again.title, "why": again.why, "fix": again.fix, "facts": dict(facts)}
