"""Determines the state of a launch: gathers its stored data for the state machine of `diagnosis.silence`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

import msgspec

from sickbay.authorization.models import Client, Launch
from sickbay.diagnosis.rule import Finding
from sickbay.diagnosis.silence.causes import find_causes
from sickbay.diagnosis.silence.progress import Awaited, LaunchStatus, find_status
from sickbay.diagnosis.silence.trail import AppDetails, Event, Trail
from sickbay.diagnosis.silence.wording import Sentences, choose_sentences
from sickbay.protocol import urls
from sickbay.services import launch as launches
from sickbay.services import records, registration
from sickbay.services.context import Runtime
from sickbay.services.journal import read as journal_reader
from sickbay.services.journal.events import make_event, real_time
from sickbay.services.journal.packing import text_of
from sickbay.services.journal.probable import read_trace
from sickbay.services.journal.read import Timeline
from sickbay.services.journal.write import Journal
from sickbay.services.pending_authorization import StoredAuthorization
from sickbay.storage.exchange_filter import ExchangeFilter
from sickbay.storage.interface import Record

WAITING_REQUESTS: Final = 32
"""The number of an app's newest authorizations that are compared with a launch that waits for the user."""
RESTARTS: Final = 5
"""Maximum number of later authorization requests of the same app that are read."""
RESTART_SECONDS: Final[dict[Awaited, int]] = {"discovery": 120, "token": 120, "login": 600, "refresh": 86_400, "again": 86_400}
"""Maps an awaited step to the seconds within which another authorization request of the same app explains or ends it."""
WIRE_STEPS: Final[dict[Awaited, str]] = {"again": "launch", "poll": "export", "file": "export"}
"""Maps an awaited step to its name in the API, if they differ."""
LISTED_LAUNCHES: Final = 20
SEARCHED_EXCHANGES: Final = 300
"""The newest exchanges whose launches are listed."""


class LaunchProgress(NamedTuple):
    """A launch, as its readers see it. launch: None if it began without an EHR, or if its record was deleted."""

    id: str
    client: Client | None
    launch: Launch | None
    timeline: Timeline
    trail: Trail

    @property
    def status(self) -> LaunchStatus:
        return find_status(self.trail)

    @property
    def sentences(self) -> Sentences | None:
        destination = _find_destination(self.status, self.trail)
        return choose_sentences(self.status, self.trail.app.name, urls.origin_of(destination))

    @property
    def causes(self) -> tuple[Finding, ...]:
        return find_causes(self.trail)


def _find_destination(found: LaunchStatus, trail: Trail) -> str:
    """Returns the URL to which the last step sent the browser."""
    return (found.since.url if found.since and found.since.step in ("launch", "code") else "") or trail.app.launch_uri


async def read_launch(
    runtime: Runtime, journal: Journal, id: str, *, full: bool, answer: str = "", whole: bool = False
) -> LaunchProgress | None:
    """Returns a launch by the id of its timeline; None if no part of it is stored. full: for the administrator. Other readers
    see only the proven exchanges. answer: as in Trail. whole: with all members
    of each exchange.
    """
    await journal.collect(None if full else id)
    return await read_launch_progress(runtime, id, full=full, answer=answer, whole=whole)


async def read_launch_progress(
    runtime: Runtime, id: str, *, full: bool = True, answer: str = "", whole: bool = False, is_listed: bool = False
) -> LaunchProgress | None:
    """Reads the progress from what is stored so far. is_listed: with only the exchanges that decide the state of the launch."""
    launch = await launches.find_by_timeline(runtime, id) if full else None
    timeline = await journal_reader.read_stored_timeline(
        runtime, id, full=full, launch=launch, whole=whole, is_listed=is_listed
    )
    if launch is None and not timeline.exchanges:
        return None
    client = await registration.find_by_id(runtime, launch.client_id if launch else timeline.exchanges[0].get("app"))
    events = [*_launch_event(launch, timeline), *timeline.events]
    trail = Trail(tuple(events), base=runtime.base, answer=answer)
    trail = msgspec.structs.replace(
        trail, app=describe_app(client) if full else AppDetails(), real_now=runtime.effects.arrival() / 1e6
    )
    trail = msgspec.structs.replace(trail, clock_now=runtime.effects.now())
    if full and client is not None:
        trail = await _add_unattributed_events(runtime, trail, client, id)
        known = answer or runtime.recent_launches.find_answer(id, find_status(trail).awaited)
        trail = msgspec.structs.replace(trail, answer=known)
    return LaunchProgress(id, client, launch, timeline, trail)


async def find_newest(
    runtime: Runtime,
    journal: Journal,
    client_id: str | None,
    tenant: str | None = None,
    limit: int = LISTED_LAUNCHES,
    wanted: ExchangeFilter = (),
    *,
    is_listed: bool = False,
) -> list[LaunchProgress]:
    """The newest launches, the last one first, at most `limit`. wanted: only launches with exchanges that meet this.

    is_listed: with only the exchanges of each that decide its state.
    """
    await journal.collect()
    if wanted:
        exchanges, created = await runtime.store.find_exchanges(wanted, SEARCHED_EXCHANGES), list[Record]()
    else:
        exchanges = await runtime.store.find("exchange", tenant=tenant, owner=client_id, limit=SEARCHED_EXCHANGES)
        created = await runtime.store.find("launch", tenant=tenant, owner=client_id, limit=LISTED_LAUNCHES)
    seen: dict[str, float] = {}
    for record in exchanges:
        if record.family:
            seen.setdefault(record.family, real_time(record.at))
    for record in created:
        seen.setdefault(record.family, real_time(records.parse(Launch, record.value).arrival))
    ids = sorted(seen, key=lambda id: -seen[id])[:limit]
    found = [await read_launch_progress(runtime, id, is_listed=is_listed) for id in ids]
    return [launch for launch in found if launch is not None]


async def find_stalled_launches(
    runtime: Runtime, exchanges: Sequence[Mapping[str, Any]], client_id: str | None = None, student: str = ""
) -> list[LaunchProgress]:
    """Returns the stalled launches of these exchanges, and the newest ones that a script created and no request followed.

    exchanges: newest first. Only the newest LISTED_LAUNCHES are examined, and of them only those whose last exchange leaves
    something to wait for. client_id: of the only app whose launches are wanted. student: who launched them, if only those of
    a student are wanted; a script creates none for students.
    """
    last: dict[str, Mapping[str, Any]] = {}
    for exchange in exchanges:
        if exchange.get("launch"):
            last.setdefault(exchange["launch"], exchange)
    now = runtime.effects.arrival() / 1e6
    quiet = [
        id
        for id, exchange in list(last.items())[:LISTED_LAUNCHES]
        if find_status(Trail((make_event(exchange),), real_now=now)).state == "stalled"
    ]
    created = [] if student else await runtime.store.find("launch", owner=client_id, limit=LISTED_LAUNCHES)
    quiet += [record.family for record in created if record.used_at is None and record.family not in last]
    found = [await read_launch_progress(runtime, id) for id in quiet]
    return [launch for launch in found if launch is not None and launch.status.state == "stalled"]


def describe_app(client: Client | None) -> AppDetails:
    if client is None:
        return AppDetails()
    return AppDetails(client.name, client.launch_uri or "", client.redirect_uris)


def _launch_event(launch: Launch | None, timeline: Timeline) -> Sequence[Event]:
    """Returns the event of a launch that a script created, which has no exchange."""
    if launch is None or not launch.arrival or any(event.step == "launch" for event in timeline.events):
        return ()
    return (Event("launch", real_time(launch.arrival), clock=launch.created_at, by_script=True),)


async def _add_unattributed_events(runtime: Runtime, trail: Trail, client: Client, id: str) -> Trail:
    """Adds facts besides the launch's exchanges: the page that the user sees, and later requests of the same app."""
    found = find_status(trail)
    if found.awaited is None or found.since is None:
        return trail
    more: list[Event] = []
    if found.awaited == "login":
        more += await _list_seen_pages(runtime, client, id, found.since)
    if found.awaited in RESTART_SECONDS:
        more += await _later_launches(runtime, client, id, found.since, found.awaited)
    more += await _faulted_requests(runtime, client, found.since)
    events = sorted((*trail.events, *more), key=lambda event: event.at)
    return msgspec.structs.replace(trail, events=tuple(events))


async def _list_seen_pages(runtime: Runtime, client: Client, id: str, since: Event) -> list[Event]:
    """The pages of Sickbay that the user of this launch saw."""
    waiting = await runtime.store.find("pending", owner=client.client_id, limit=WAITING_REQUESTS)
    stored = [records.parse(StoredAuthorization, record.value) for record in waiting]
    pages = next((pending.pages for pending in stored if pending.timeline == id), ())
    return [Event("page", shown.at, clock=since.clock + shown.at - since.at, page=shown.page) for shown in pages]


async def _later_launches(runtime: Runtime, client: Client, id: str, since: Event, awaited: Awaited) -> list[Event]:
    """Returns later authorization requests of the same app that belong to other launches.

    If a code wasn't redeemed, a request with its own launch code proves nothing: the user launched the app again.
    """
    first = int(since.at * 1e6) + 1
    until = first + RESTART_SECONDS[awaited] * 1_000_000
    found = await runtime.store.find(
        "exchange", owner=client.client_id, label="authorize", since=first, until=until, limit=RESTARTS, oldest=True
    )
    others = [record for record in found if record.family not in ("", id)]  # "": resent
    if awaited == "token":
        others = [record for record in others if not read_trace(record).own_launch]
    return [Event("restart", real_time(record.at), sent=_read_event(record).sent) for record in others]


async def _faulted_requests(runtime: Runtime, client: Client, since: Event) -> list[Event]:
    """The app's requests since then that a fault answered: they name no launch, because no handler saw them."""
    first = int(since.at * 1e6) + 1
    records_since = await runtime.store.find(
        "exchange", owner=client.client_id, family="", since=first, limit=RESTARTS, oldest=True
    )
    stored = [_read_event(record) for record in records_since]
    return [msgspec.structs.replace(made, step="other", probable=True) for made in stored if made.injected]


def _read_event(record: Record) -> Event:
    return make_event(msgspec.json.decode(text_of(record)) | {"arrival": record.at})


def to_json(found: LaunchProgress) -> dict[str, Any]:
    """The answer of GET /admin/launches/{timeline}."""
    current, text = found.status, found.sentences
    waiting = None
    if current.awaited is not None and current.since is not None and text is not None:
        since = current.since.clock or current.since.at
        waiting = {
            "step": WIRE_STEPS.get(current.awaited, current.awaited),
            "since": since,
            "seconds": round(current.seconds, 1),
            "text": text.ago,
        }
    first = found.timeline.exchanges[0] if found.timeline.exchanges else {}
    return {
        "id": found.id,
        "app": found.client.client_id if found.client else first.get("app"),
        "tenant": found.client.tenant if found.client else first.get("tenant"),
        "state": current.state,
        "waiting_for": waiting,
        "causes": [
            {
                "id": cause.id,
                "title": cause.title,
                "why": cause.why,
                "fix": cause.fix,
                "confidence": "likely",
                "facts": dict(cause.facts),
            }
            for cause in found.causes
        ],
        "exchanges": [exchange["id"] for exchange in found.timeline.exchanges],
    }
