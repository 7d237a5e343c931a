"""Reads the journal: all facts for the app's owner and the administrator, only public ones for everyone else.

A timeline has the exchanges of one launch. An exchange is in it if it names the app that the grant was issued to (the services
ensure that). Naming an app proves nothing, so the public sees an exchange in a timeline only if the request also proved that
it came from the app (`exchange_json.proven`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec

from sickbay.authorization.models import Client, Launch
from sickbay.diagnosis.silence.trail import Event
from sickbay.services.context import Runtime
from sickbay.services.empty_searches.completion import complete_exchanges
from sickbay.services.journal import probable
from sickbay.services.journal.earlier import add_earlier_moment
from sickbay.services.journal.events import make_event
from sickbay.services.journal.exchange_json import hide_private, is_proven, read_whole
from sickbay.services.journal.outcomes import reads_of
from sickbay.services.journal.packing import text_of
from sickbay.services.journal.probable import ADVICE, Guess, is_followed
from sickbay.services.journal.write import Journal
from sickbay.storage.interface import Record

FIRST, LAST = 20, 80
"""The number of first exchanges and of newest exchanges that a long timeline shows."""
LISTED_FIRST, LISTED_LAST, LISTED_TOKENS = 10, 20, 10
"""The number of first exchanges, newest exchanges and newest token requests that are read for a listed launch, in addition to
its newest granted FHIR request. Other exchanges don't change the outcome of a launch.
"""
COUNTED = 10_000
"""Number at which counting the other exchanges stops."""
MEMBERS = tuple(
    """
    id at tenant app launch stage checks findings decided scopes refresh missing injected resent_from milliseconds pages
    """.split()
)
"""Members of an exchange that a timeline shows, besides the method, the URL and the status."""


class Timeline(NamedTuple):
    """exchanges: oldest first. left_out: how many between the first and the newest ones aren't shown.

    probable: exchanges that name no launch and probably belong to this one, oldest first, each with its `evidence`.
    events: what all of them say about the launch, oldest first.
    """

    exchanges: list[dict[str, Any]]
    left_out: int = 0
    probable: Sequence[dict[str, Any]] = ()
    events: tuple[Event, ...] = ()


async def read_exchange(runtime: Runtime, journal: Journal, id: str, *, full: bool) -> dict[str, Any] | None:
    """One exchange, or None if there is none with this id."""
    record = await runtime.store.get("exchange", id)
    if record is None:
        await journal.collect(id)
        record = await runtime.store.get("exchange", id)
    if record is None and journal.unreachable_seconds:
        await asyncio.sleep(journal.unreachable_seconds)
        record = await runtime.store.get("exchange", id)
    if record is None:
        return None
    entry = await _read_whole(runtime, record, full)
    return await add_earlier_moment(runtime, record, entry) if full else hide_private(entry)


async def _read_whole(runtime: Runtime, record: Record, full: bool, *, followed: bool = False) -> dict[str, Any]:
    """Returns an exchange, without the advice about a blocked request if the request after the preflight arrived. followed: it
    is known to have arrived.
    """
    entry = await read_whole(runtime, record, full)
    findings = [finding for finding in entry["findings"] if finding["id"] != ADVICE]
    if len(findings) < len(entry["findings"]) and (followed or await is_followed(runtime, record)):
        return entry | {"findings": findings}
    return entry


class _Attributed(msgspec.Struct):
    student: str = ""


async def find_student(runtime: Runtime, journal: Journal, *, exchange: str = "", timeline: str = "") -> str:
    """The student who owns an exchange, or the first exchange of a timeline; "" if there is none, or it isn't stored."""
    await journal.collect(exchange or timeline)
    if exchange:
        record = await runtime.store.get("exchange", exchange)
    else:
        record = next(iter(await runtime.store.find("exchange", family=timeline, limit=1, oldest=True)), None)
    return student_of(text_of(record)) if record is not None else ""


def student_of(recorded: str | bytes) -> str:
    """The student who owns an exchange, from its JSON; "" if it belongs to none."""
    return msgspec.json.decode(recorded, type=_Attributed).student


async def guess_launch(runtime: Runtime, id: str) -> Guess | None:
    """The launch that an exchange probably belongs to although it doesn't name it, for the administrator."""
    record = await runtime.store.get("exchange", id)
    return await probable.guess_launch(runtime, record) if record else None


async def list_exchanges(
    runtime: Runtime,
    journal: Journal,
    *,
    tenant: str | None = None,
    app: str | None = None,
    launch: str | None = None,
    stage: str | None = None,
    limit: int = 100,
) -> list[dict[str, Any]]:
    """Exchanges in full, newest first, for the administrator, each with its `arrival`. launch: the id of a timeline."""
    await journal.collect()
    stored = await runtime.store.find("exchange", tenant=tenant, owner=app, family=launch, label=stage, limit=limit)
    followed = probable.find_followed_preflights(stored)
    entries = [
        await _read_whole(runtime, record, False, followed=record.key in followed) | {"arrival": record.at} for record in stored
    ]
    return await complete_exchanges(runtime, entries)


async def probably_of_app(runtime: Runtime, journal: Journal, client: Client, limit: int) -> list[dict[str, Any]]:
    """Exchanges that name no app and probably came from this one, newest first, each with its `evidence`.

    limit: how many of the app's own exchanges are compared with them.
    """
    await journal.collect()
    own = await runtime.store.find("exchange", owner=client.client_id, limit=limit)
    guessed = (await probable.guess_for_app(runtime, client.client_id, client.tenant, own))[::-1]
    return [_line_of_entry(entry) for entry in await _probable_exchanges(runtime, guessed)]


async def _probable_exchanges(runtime: Runtime, guessed: Sequence[tuple[Record, Guess]]) -> list[dict[str, Any]]:
    """The guessed exchanges in full, each with its `evidence`."""
    return [
        await read_whole(runtime, record, False)
        | {"arrival": record.at, "evidence": found.evidence, "probable_launch": found.launch}
        for record, found in guessed
    ]


async def read_timeline(
    runtime: Runtime, journal: Journal, id: str, *, full: bool, launch: Launch | None = None, whole: bool = False
) -> Timeline:
    """Reads the exchanges of one launch, at most FIRST + LAST. full: otherwise only the proven ones. launch: its record, to
    find the requests after a launch that a script created. whole: each exchange with all of its members.
    """
    await journal.collect(None if full else id)
    return await read_stored_timeline(runtime, id, full=full, launch=launch, whole=whole)


async def read_stored_timeline(
    runtime: Runtime, id: str, *, full: bool, launch: Launch | None = None, whole: bool = False, is_listed: bool = False
) -> Timeline:
    """Reads the progress from the stored exchanges. is_listed: only from those that determine the launch's state."""
    shorten = dict if whole else _line_of_entry
    records, left_out = await _read_records(runtime, id, is_listed)
    entries = [await read_whole(runtime, record, False) | {"arrival": record.at} for record in records]
    if not full:
        entries = [hide_private(entry) for entry in entries if is_proven(entry)]
        return Timeline([shorten(entry) for entry in entries], left_out, events=tuple(make_event(entry) for entry in entries))
    entries = await complete_exchanges(runtime, entries)
    guessed = await _probable_exchanges(runtime, await probable.guess_for_launch(runtime, records, launch))
    events = sorted((make_event(entry) for entry in (*entries, *guessed)), key=lambda made: made.at)
    return Timeline([shorten(entry) for entry in entries], left_out, [shorten(entry) for entry in guessed], tuple(events))


async def _read_records(runtime: Runtime, id: str, is_listed: bool) -> tuple[list[Record], int]:
    """The exchanges of a launch that are read, oldest first, and how many are left out."""
    find, (first, last) = runtime.store.find, (LISTED_FIRST, LISTED_LAST) if is_listed else (FIRST, LAST)
    newest = await find("exchange", family=id, limit=first + last)
    if len(newest) < first + last:
        return newest[::-1], 0
    oldest = await find("exchange", family=id, limit=first, oldest=True)
    chosen = {record.key: record for record in (*oldest, *newest[:last])}
    if is_listed:
        tokens = await find("exchange", family=id, label="token", limit=LISTED_TOKENS)
        chosen |= {record.key: record for record in (*tokens, *await runtime.store.find_exchanges(reads_of(id), 1))}
    count = await runtime.store.count_family("exchange", id, COUNTED)
    return sorted(chosen.values(), key=lambda record: record.at), max(0, count - len(chosen))


def _line_of_entry(entry: dict[str, Any]) -> dict[str, Any]:
    """One exchange without bodies and without headers except the location. arrival: its place in the order of exchanges."""
    members = {name: entry[name] for name in (*MEMBERS, "arrival", "evidence", "probable_launch") if name in entry}
    sent, response = entry["request"], entry["response"]
    request = {"method": sent["method"], "url": sent["url"]}
    headers = {name: value for name, value in (response.get("headers") or {}).items() if name.lower() == "location"}
    answer = {"status": response["status"], "headers": headers}
    return members | {"request": request, "response": answer}


LINE = ("id", "at", "tenant", "app", "launch", "stage", "request", "response", "findings")


def list_lines(id: str, timeline: Timeline) -> dict[str, Any]:
    """Returns a timeline as JSON, with the members of each exchange that a list shows. /exchanges/{id} has the others."""
    exchanges = [_chosen_members(entry, LINE) for entry in timeline.exchanges]
    guesses = [_chosen_members(entry, (*LINE, "evidence")) for entry in timeline.probable]
    return {"id": id, "exchanges": exchanges, "left_out": timeline.left_out} | ({"probable": guesses} if guesses else {})


def _chosen_members(entry: dict[str, Any], names: Sequence[str]) -> dict[str, Any]:
    return {name: entry.get(name) for name in names} | {"response": {"status": entry["response"]["status"]}}
