"""Guesses which launch an exchange belongs to if it names none, and whether the request after a preflight arrived.

A preflight or a wrong token names no app. But shortly before, the app sent other requests from the same origin or address.
This isn't computed or stored when an exchange is recorded, and only readers who may see every exchange get it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any, Final, Literal, NamedTuple, TypeAlias

import msgspec

from sickbay.authorization import origin
from sickbay.authorization.administration import is_loopback
from sickbay.authorization.authorize import launch as launch_checks
from sickbay.authorization.models import Launch
from sickbay.kernel.memoize import cache_results
from sickbay.protocol import urls
from sickbay.protocol.parameters import parse
from sickbay.services import registration
from sickbay.services.context import Runtime
from sickbay.services.journal.packing import unpack
from sickbay.storage.interface import Record

Evidence: TypeAlias = Literal["origin", "agent", "address", "app", "fault"]
"""fault: an injected fault answered the request, so no handler determined which launch it belongs to."""
ADVICE: Final = "cors-credentials-not-allowed"
"""The advice with a preflight whose request didn't arrive."""
WINDOW_MICROSECONDS: Final = 600_000_000
"""An exchange doesn't belong to a launch that had no exchange for this long before it."""
ANSWER_MICROSECONDS: Final = 60_000_000
"""The time after a launch in which an authorization request of the same app probably belongs to it."""
FOLLOWING_MICROSECONDS: Final = 10_000_000
"""The time in which the request after a preflight has to arrive. Browsers send it at once."""
EARLIER_EXCHANGES: Final = 50
"""Maximum number of earlier exchanges that an exchange is compared with."""
FOLLOWING_EXCHANGES: Final = 50
"""Maximum number of later exchanges that a preflight is compared with."""
LOOSE_EXCHANGES: Final = 100
"""Maximum number of exchanges without a launch that are read for an app, and around the last exchange of a launch."""
GUESSED_EXCHANGES: Final = 20
"""Maximum number of these that are compared with earlier ones, nearest first, except preflights whose request arrived."""
CACHED_BYTES: Final = 4096
"""Maximum size in bytes of a cached record. Larger ones are decoded each time."""
SMALLEST_ARRIVAL_MICROSECONDS: Final = 1_000_000_000_000
"""An older Sickbay stored `at` in seconds, so a smaller number says nothing about the order within a second."""
AUTHORIZATION: Final = ("authorize", "login")
"""The stages of authorization requests. The second includes failures at an automatic sign-in."""
_OWN_LAUNCH: Final = frozenset(
    (
        launch_checks.launch_code_was_issued_by_this_server_if_sent.name,
        launch_checks.launch_code_was_issued_to_this_app_if_sent.name,
    )
)
"""If these checks passed, an authorization request with a launch code belongs to the launch that it names."""


class Guess(NamedTuple):
    """A guessed launch. app: a client_id. launch: a timeline. evidence: the property that both exchanges share."""

    app: str
    launch: str
    evidence: Evidence


class _Sent(msgspec.Struct, frozen=True):
    method: str = ""
    url: str = ""
    headers: dict[str, Any] = {}
    body: str | None = None


class _Stored(msgspec.Struct, frozen=True):
    request: _Sent
    client: str = ""
    checks: Any = ""
    injected: Any = None


class Trace(NamedTuple):
    """The signs of a stored exchange's origin. client: an address; this machine's are all the same.

    wanted: the method that a preflight asks for. own_launch: it continues its own launch: with its code, or as a later step.
    """

    arrival: int
    app: str
    launch: str
    stage: str
    method: str
    path: str
    origin: str
    agent: str
    client: str
    wanted: str = ""
    own_launch: bool = False
    injected: bool = False


def read_trace(record: Record) -> Trace:
    """A list of launches reads the same exchange many times, because the exchanges around it are compared with it."""
    read = _read_trace if len(record.value) <= CACHED_BYTES else _decode_trace
    return read(record.value, record.at, record.owner, record.family, record.label)


def _decode_trace(value: bytes, arrival: int, app: str, launch: str, stage: str) -> Trace:
    stored = msgspec.json.decode(unpack(value), type=_Stored)
    headers = {name.lower(): str(text) for name, text in stored.request.headers.items()}
    return Trace(
        arrival,
        app,
        launch,
        stage,
        stored.request.method,
        urls.split(stored.request.url).path,
        headers.get("origin", ""),
        headers.get("user-agent", ""),
        "loopback" if is_loopback(stored.client) else stored.client,
        headers.get("access-control-request-method", ""),
        stage in AUTHORIZATION and _has_own_launch(stored),
        stored.injected is not None,
    )


_read_trace = cache_results(1024)(_decode_trace)


def _has_own_launch(stored: _Stored) -> bool:
    """Whether an authorization request has a valid launch code, or it is a later step: a form of a sign-in page."""
    sent = {*parse(urls.split(stored.request.url).query).names(), *parse(stored.request.body or "").names()}
    return "client_id" not in sent or ("launch" in sent and {*str(stored.checks).split()} >= _OWN_LAUNCH)


def find_best(loose: Trace, earlier: Sequence[Trace], owners: Collection[str]) -> Guess | None:
    """Returns the nearest earlier exchange with the strongest evidence. earlier: newest first. owners: apps that registered the
    origin of the loose exchange, by client_id.
    """
    attached = [other for other in earlier if other.app and other.launch and other.stage != "registration"]
    if loose.app and loose.stage in AUTHORIZATION:
        return next((_guess_launch(other, "app") for other in attached if _answers_launch(loose, other)), None)
    if loose.app:
        before = next((other for other in attached if other.app == loose.app), None)
        return _guess_launch(before, "fault") if before and loose.injected else None
    if owners:
        own = [other for other in attached if other.app in owners]
        near = next((other for other in own if _is_same_place(loose, other)), own[0] if own else None)
        return _guess_launch(near, "origin") if near else None
    here = [other for other in attached if _is_same_place(loose, other)]
    agent = next((other for other in here if other.agent == loose.agent), None)
    return _guess_launch(agent, "agent") if agent else _guess_launch(here[0], "address") if here else None


def _answers_launch(loose: Trace, other: Trace) -> bool:
    """Whether an authorization request without a valid launch code probably answers this launch."""
    soon = loose.arrival - other.arrival <= ANSWER_MICROSECONDS
    return soon and other.stage == "launch" and other.app == loose.app and _is_same_place(loose, other)


def _is_same_place(loose: Trace, other: Trace) -> bool:
    return bool(loose.client) and loose.client == other.client


def _guess_launch(other: Trace, evidence: Evidence) -> Guess:
    return Guess(other.app, other.launch, evidence)


def is_loose(record: Record) -> bool:
    """Whether it has no app or no launch, or may be an authorization request, which may belong to a launch that it doesn't
    name.
    """
    is_unattached = not record.owner or not record.family or record.label in AUTHORIZATION
    return record.at > SMALLEST_ARRIVAL_MICROSECONDS and is_unattached


async def guess_launch(runtime: Runtime, record: Record) -> Guess | None:
    """The launch that an exchange probably belongs to; None if it names one, if there is no evidence, or in class mode.

    In a class, the apps of all students have the same origin, and often the same address.
    """
    if runtime.class_mode:
        return None
    return await _guess_of(runtime, record) if is_loose(record) else None


async def _guess_of(runtime: Runtime, record: Record) -> Guess | None:
    loose, since = read_trace(record), record.at - WINDOW_MICROSECONDS
    if loose.app and loose.own_launch:
        return None
    earlier = await runtime.store.find("exchange", tenant=record.tenant, since=since, until=record.at, limit=EARLIER_EXCHANGES)
    owners = (await registration.load_origins(runtime, record.tenant)).get(loose.origin, ()) if loose.origin else ()
    found = find_best(loose, [read_trace(other) for other in earlier], owners)
    if found is not None and found.evidence != "origin" and loose.stage == "discovery":
        found = await _next_launch(runtime, record, loose) or found
    return found if found is not None and found.launch != record.family else None


async def _next_launch(runtime: Runtime, record: Record, loose: Trace) -> Guess | None:
    """The launch that began after a request for the endpoints. Apps look them up before they send an authorization request."""
    until = record.at + ANSWER_MICROSECONDS
    following = await runtime.store.find(
        "exchange", tenant=record.tenant, since=record.at + 1, until=until, limit=FOLLOWING_EXCHANGES, oldest=True
    )
    traces = [read_trace(other) for other in following if other.label in AUTHORIZATION and other.owner and other.family]
    begun = next((other for other in traces if _is_same_place(loose, other)), None)
    return _guess_launch(begun, "agent" if begun.agent == loose.agent else "address") if begun else None


async def guess_for_launch(
    runtime: Runtime, records: Sequence[Record], launch: Launch | None = None
) -> list[tuple[Record, Guess]]:
    """Returns the loose exchanges that probably belong to a launch, oldest first. records: those of the launch, oldest first.

    launch: its record. A launch that a script created has no exchange of its own, only what the app then sends.
    """
    if runtime.class_mode:
        return []
    looked_up = await _guess_after_script(runtime, launch, records) if launch is not None else []
    if not records or records[0].at < SMALLEST_ARRIVAL_MICROSECONDS:
        return looked_up
    first, last, until = records[0], records[-1].at, records[-1].at + WINDOW_MICROSECONDS
    loose = await _load_loose(runtime, first.tenant, "", first.at, last)
    loose += await _load_loose(runtime, first.tenant, "", last + 1, until, oldest=True)
    if first.owner:
        unattached = await _load_loose(runtime, first.tenant, first.owner, first.at, until, family="")
        loose += [record for record in unattached if read_trace(record).injected]
    if first.owner and not any(record.label in AUTHORIZATION for record in records):
        for label in AUTHORIZATION:
            loose += await _load_loose(runtime, first.tenant, first.owner, first.at, until, label)
    loose = list({record.key: record for record in loose}.values())
    guessed = await _guess_apps(runtime, loose, records, lambda found: found.launch == first.family, last)
    known = {record.key for record, _ in guessed}
    return sorted((*guessed, *(pair for pair in looked_up if pair[0].key not in known)), key=lambda pair: pair[0].at)


async def _guess_after_script(runtime: Runtime, launch: Launch, records: Sequence[Record]) -> list[tuple[Record, Guess]]:
    """Returns discovery requests after a launch without an exchange: from the app's origin, or from no page."""
    client = await registration.find_by_id(runtime, launch.client_id)
    if client is None or not launch.arrival or any(record.label == "launch" for record in records):
        return []
    until = min(launch.arrival + ANSWER_MICROSECONDS, records[0].at if records else launch.arrival + ANSWER_MICROSECONDS)
    found = await runtime.store.find(
        "exchange", tenant=client.tenant, label="discovery", since=launch.arrival, until=until, limit=GUESSED_EXCHANGES
    )
    own = origin.registered_origins(client)
    guess = Guess(client.client_id, launch.timeline, "app")
    return [(record, guess) for record in found[::-1] if read_trace(record).origin in ("", *own)]


async def guess_for_app(runtime: Runtime, client_id: str, tenant: str, records: Sequence[Record]) -> list[tuple[Record, Guess]]:
    """The loose exchanges that probably came from an app, oldest first. records: the app's newest exchanges, newest first."""
    if runtime.class_mode or not records or records[-1].at < SMALLEST_ARRIVAL_MICROSECONDS:
        return []
    until = records[0].at + WINDOW_MICROSECONDS
    loose = await _load_loose(runtime, tenant, "", records[-1].at, until)
    return await _guess_apps(runtime, loose, records, lambda found: found.app == client_id, until)


async def _load_loose(
    runtime: Runtime,
    tenant: str,
    owner: str,
    since: int,
    until: int,
    label: str | None = None,
    family: str | None = None,
    *,
    oldest: bool = False,
) -> list[Record]:
    """owner: "" for exchanges without an app. family: "" for those without a launch."""
    return await runtime.store.find(
        "exchange",
        tenant=tenant,
        owner=owner,
        label=label,
        family=family,
        since=since,
        until=until,
        limit=LOOSE_EXCHANGES,
        oldest=oldest,
    )


async def _guess_apps(
    runtime: Runtime, loose: Sequence[Record], attached: Sequence[Record], fits: Callable[[Guess], bool], near: int
) -> list[tuple[Record, Guess]]:
    """Leaves out preflights whose request arrived, because that request says everything. near: an arrival."""
    arrived = find_followed_preflights(sorted((*loose, *attached), key=_newest_first))
    nearest = sorted(loose, key=lambda record: abs(record.at - near))
    remaining = [record for record in nearest if record.key not in arrived][:GUESSED_EXCHANGES]
    guesses = [(record, await _guess_of(runtime, record)) for record in sorted(remaining, key=_newest_first)[::-1]]
    return [
        (record, found)
        for record, found in guesses
        if found is not None and fits(found) and not (record.label == "browser" and await is_followed(runtime, record))
    ]


def _newest_first(record: Record) -> int:
    return -record.at


async def is_followed(runtime: Runtime, preflight: Record) -> bool:
    """Whether the request that a preflight asked for arrived. If it did, the browser didn't block it."""
    if preflight.at < SMALLEST_ARRIVAL_MICROSECONDS:
        return False
    since, until = preflight.at + 1, preflight.at + FOLLOWING_MICROSECONDS
    following = await runtime.store.find(
        "exchange", tenant=preflight.tenant, since=since, until=until, limit=FOLLOWING_EXCHANGES, oldest=True
    )
    asked = read_trace(preflight)
    return any(_follows_request(asked, read_trace(other)) for other in following)


def find_followed_preflights(records: Sequence[Record]) -> set[str]:
    """The ids of the preflights in a list whose request is in the list too. records: newest first."""
    if not any(record.label == "browser" for record in records):
        return set()
    following: dict[tuple[str, str, str], int] = {}
    """The first request of each kind after the current record: its arrival by method, path and origin."""
    found = set()
    for record in records:
        current = read_trace(record)
        kind = (current.wanted or current.method, current.path, current.origin)
        if not current.wanted:
            following[kind] = record.at
        elif kind in following and following[kind] - record.at < FOLLOWING_MICROSECONDS:
            found.add(record.key)
    return found


def _follows_request(asked: Trace, other: Trace) -> bool:
    return (other.method, other.path, other.origin) == (asked.wanted, asked.path, asked.origin)
