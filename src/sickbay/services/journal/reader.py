"""Reads the journal: all facts for the app's owner and the administrator, only public ones for everyone else."""

from __future__ import annotations

import asyncio
from typing import Any

from sickbay.diagnosis.catalogue import BY_ID
from sickbay.diagnosis.rule import find
from sickbay.services.context import Runtime
from sickbay.services.decision import redacted
from sickbay.services.journal import exchange_record, placeholders, timelines
from sickbay.services.journal.exchange_record import Masked
from sickbay.services.journal.journal import EVERY, Journal
from sickbay.services.journal.timelines import Timeline

MEMBERS = ("id", "at", "tenant", "app", "launch", "stage", "request", "response", "checks", "findings", "corrected")
MORE = ("scopes", "refresh")
"""Members that only some exchanges have."""


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
    """Exchanges in full, newest first, for the administrator. launch: the id of a timeline."""
    await journal.flush()
    stored = await runtime.store.find("exchange", tenant=tenant, owner=app, family=launch, label=stage, limit=limit)
    return [await exchange_record.whole(runtime, record, False) for record in stored]


async def timeline(runtime: Runtime, journal: Journal, id: str, *, full: bool) -> Timeline:
    """The exchanges of one launch in chronological order."""
    result = await timelines.read(runtime, journal, id, full=full)
    return result if full else result._replace(exchanges=[public(entry) for entry in result.exchanges])


async def fresh(runtime: Runtime, masked: Masked, *, full: bool) -> dict[str, Any]:
    """An exchange that is shown in its own response, with the same content as from `read`."""
    entry = await exchange_record.shown(runtime, masked, full)
    return entry if full else public(entry)


def shown(entry: dict[str, Any]) -> dict[str, Any]:
    """The members that the API returns. Values that weren't kept are named in the corrected request."""
    members = {name: entry[name] for name in (*MEMBERS, *MORE) if name in MEMBERS or name in entry}
    return members | ({"corrected": placeholders.named(entry["corrected"])} if entry["corrected"] else {})


LINE = ("id", "at", "tenant", "app", "launch", "stage", "request", "response", "findings")


def lines(id: str, timeline: Timeline) -> dict[str, Any]:
    """A timeline as JSON, with the members of each exchange that a list shows. /exchanges/{id} has the others."""
    exchanges = [{name: entry.get(name) for name in LINE} for entry in timeline.exchanges]
    return {"id": id, "exchanges": exchanges, "left_out": timeline.left_out}


def public(entry: dict[str, Any]) -> dict[str, Any]:
    """An exchange without what only the administrator may know. Leaves out a corrected request that would reveal it, and the
    timeline if the request didn't prove that it belongs to it.
    """
    findings = [_public(finding) for finding in entry["findings"]]
    unchanged = findings == entry["findings"]
    shown = entry | {"findings": findings, "corrected": entry.get("corrected") if unchanged else None}
    return shown if timelines.proven(entry) else shown | {"launch": None}


def _public(finding: dict[str, Any]) -> dict[str, Any]:
    facts = redacted(finding["facts"], finding.get("private", ()))
    if facts == finding["facts"]:
        return finding
    rule = BY_ID.get(finding["id"])
    if rule is None:
        return finding | {"facts": facts, "why": "", "fix": ""}
    public_finding = find(rule, facts, refused=finding["refused"], ceiling=finding["severity"])
    return finding | {"title": public_finding.title, "why": public_finding.why, "fix": public_finding.fix, "facts": dict(facts)}
