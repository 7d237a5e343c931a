"""The journal of exchanges: refusals are written at once, granted ones in batches off the request path.

Everything here is bounded: what waits to be written (`Queue`), how many refusals wait for their commit (AT_ONCE), and what is
kept (`Volume`, trimmed in slices after each batch). docs/running.md has the figures.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, NamedTuple

import msgspec

from sickbay.authorization.requests import AuthorizeRequest, RegistrationRequest
from sickbay.authorization.token_negotiation import Given
from sickbay.authorization.values import Launch
from sickbay.diagnosis.explain import Explanation
from sickbay.diagnosis.repairs import PLACES, with_parameters
from sickbay.diagnosis.rule import Finding
from sickbay.diagnosis.stages import KINDS
from sickbay.kernel.refusal import Examination
from sickbay.operations import again, journal_metrics, masking
from sickbay.operations.context import Line, World
from sickbay.operations.decision import Decision
from sickbay.operations.journal_queue import Queue
from sickbay.operations.launch import place_of
from sickbay.protocol.parameters import parse
from sickbay.settings.database import Unavailable
from sickbay.storage.store import Put, Record, Step, Volume

EVERY = 1.0
"""Seconds between two batches."""
KEPT = 256
"""Granted exchanges a batch keeps, of FHIR and of all other kinds: under load the newest."""
CROWD, MOMENTS = 4 * KEPT, 5
"""Requests in each of so many moments of which hardly one is kept: then a batch is written after the last of them."""
SLICE = 16
"""Exchanges that are made into records without a pause."""
ONE_IN = 32
"""Of a crowd of FHIR requests so many are looked at; of these the newest are kept."""
AT_ONCE = 8
"""Refusals that wait for their commit at the same time; those that come meanwhile are written with the next batch."""
REFUSALS, WAITING_BYTES = 1024, 8_000_000
"""Refusals that may wait for the next batch, and the bytes that each queue may hold."""
MOST = Volume(20_000, 64_000_000)
"""What is kept unless it is configured otherwise."""
AT_A_TIME, PAUSE = 200, 0.01
"""Refusals that one transaction of a batch writes, or exchanges that one deletes, and seconds between two deletions: requests
are written in between."""
PURGED_EVERY = 3600
REFUSED_FOR = 7 * 86400
GRANTED_FOR = 86400


class Wire(NamedTuple):
    """A request as it came. headers: names in lower case."""

    method: str
    url: str
    headers: dict[str, str]
    body: str = ""


class Answered(NamedTuple):
    """Our answer. headers: as they are known, or as they go out. body: None where it holds a patient's data."""

    status: int
    headers: dict[str, str] | list[tuple[bytes, bytes]]
    body: str | None = None

    def told(self) -> dict[str, str]:
        """The headers as text."""
        if isinstance(self.headers, dict):
            return self.headers
        return {name.decode("latin-1"): value.decode("latin-1") for name, value in self.headers}


class Exchange(NamedTuple):
    """One request and its answer, before it is written: cheap to make, everything else is done when it is stored."""

    id: str
    at: float
    tenant: str
    stage: str
    client_id: str
    timeline: str
    wire: Wire
    answer: Answered
    decision: Decision | None = None
    explanation: Explanation | None = None


class Journal:
    """Holds what waits to be written. `flush` is called by a task that `run` keeps, and by every reader first.

    most: what is kept; the store is trimmed to it after each batch.
    """

    def __init__(self, world: World, most: Volume = MOST) -> None:
        self.world = world
        self.most = most
        self._waiting: Queue[Exchange] = Queue(KEPT, WAITING_BYTES)
        self._kept: Queue[Exchange] = Queue(KEPT, WAITING_BYTES)
        self._refused: Queue[Record] = Queue(REFUSALS, WAITING_BYTES)
        self._at_once = 0
        self._came = {True: 0, False: 0}
        """Since the last batch: of FHIR, and of all other kinds."""
        self._sampled = self._reported = 0
        self._writing = asyncio.Lock()

    async def write(self, one: Exchange) -> None:
        """A refusal is on the disk when this returns, unless so many come at once that it waits for the next batch."""
        if one.decision is None or one.decision.refusal is None:
            self.hold(one)
            return
        self._say(one)
        made = record(one)
        if self._at_once >= AT_ONCE or len(self._refused):
            self._refused.add(made, made.owner, len(made.value))
            return
        self._at_once += 1
        try:
            await self.world.store.transaction([Put(made, aside=True)])
        finally:
            self._at_once -= 1

    def passes_over(self) -> bool:
        """Whether the next granted FHIR request need not come here: where so many come, hardly one of them is kept."""
        came = self._came[True]
        if came < CROWD or came % ONE_IN == 0 or self.world.say is not None:
            return False
        self._came[True] = came + 1
        self._sampled += 1
        return True

    def hold(self, one: Exchange) -> None:
        """A granted one: it is written soon."""
        if self.world.say is not None:
            self._say(one)
        fhir = one.stage == "access"
        (self._waiting if fhir else self._kept).add(one, one.client_id, weight(one))
        self._came[fhir] += 1

    async def flush(self) -> None:
        """Write what waits: granted ones in one transaction, refusals in slices.

        A reader who comes while it is written waits for it, to read it then.
        """
        async with self._writing:
            kept, waiting, refused = self._kept.items(), self._waiting.items(), self._refused.items()
            for queue in (self._kept, self._waiting, self._refused):
                queue.clear()
            self._came = {True: 0, False: 0}
            if kept or waiting or refused:
                try:
                    await self.world.store.transaction(await _puts([one for one, _, _ in (*kept, *waiting)]))
                    for start in range(0, len(refused), AT_A_TIME):
                        made = [Put(one, aside=True) for one, _, _ in refused[start : start + AT_A_TIME]]
                        await self.world.store.transaction(made)
                except (
                    Unavailable,
                    asyncio.CancelledError,
                ):  # perhaps it is written: once more under its id changes nothing
                    self._kept.put_back(kept)
                    self._waiting.put_back(waiting)
                    self._refused.put_back(refused)
                    raise

    async def run(self) -> None:
        """Until cancelled; then what waits is written."""
        purged = 0.0
        try:
            while True:
                await self._wait()
                with suppress(Unavailable):  # what waits is written when the database is back
                    await self.flush()
                    self._report()
                    await self.trim()
                    if self.world.effects.now() - purged > PURGED_EVERY:
                        purged = self.world.effects.now()
                        await self._purge(int(purged))
        finally:
            with suppress(Unavailable):
                await self.flush()

    async def trim(self) -> None:
        """Delete the oldest of what is too much, a slice at a time."""
        while deleted := await self.world.store.trim_journal(self.most, AT_A_TIME):
            journal_metrics.dropped("size", deleted)
            await asyncio.sleep(PAUSE)

    async def _purge(self, now: int) -> None:
        """Delete what expired, a slice at a time."""
        while deleted := await self.world.store.purge(now, AT_A_TIME):
            journal_metrics.dropped("expired", deleted)
            await asyncio.sleep(PAUSE)

    def _report(self) -> None:
        """Tell the metrics what was dropped since the last time; a request only counts."""
        dropped = sum(queue.dropped for queue in (self._kept, self._waiting, self._refused))
        journal_metrics.dropped("queue", dropped - self._reported)
        journal_metrics.dropped("sampled", self._sampled)
        self._reported, self._sampled = dropped, 0

    async def _wait(self) -> None:
        """A moment; some moments where nothing waits but a few of a crowd."""
        for moments in range(1, MOMENTS + 1):
            await asyncio.sleep(EVERY)
            came = [count for count in self._came.values() if count]
            if len(self._refused) or min(came, default=0) < CROWD * moments:
                return

    def _say(self, one: Exchange) -> None:
        if self.world.say is None:
            return
        finding = one.explanation.findings[0].id if one.explanation and one.explanation.findings else ""
        self.world.say(Line(one.at, one.tenant, one.stage, one.client_id, one.answer.status, finding, one.id))


def weight(one: Exchange) -> int:
    """About the bytes that it takes while it waits: what was sent and answered; the rest is small."""
    sent = getattr(one.decision.request, "body", "") if one.decision else ""
    return len(one.wire.url) + len(one.wire.body) + len(one.answer.body or "") + len(sent or "")


async def _puts(batch: Sequence[Exchange]) -> list[Step]:
    """Requests are answered between its slices: all of a full batch takes as long as thirty of them."""
    steps: list[Step] = []
    for start in range(0, len(batch), SLICE):
        steps += [Put(record(one), aside=True) for one in batch[start : start + SLICE]]
        await asyncio.sleep(0)
    return steps


def record(one: Exchange) -> Record:
    """The exchange as it is kept: masked, explained, as JSON in the shape of the outside contract and a little more."""
    refused = one.decision is not None and one.decision.refusal is not None
    return Record(
        "exchange", one.id, msgspec.json.encode(entry(one)), one.tenant, one.client_id, one.timeline, one.stage,
        at=int(one.at), expires_at=int(one.at) + (REFUSED_FOR if refused else GRANTED_FOR),
    )  # fmt: skip


def entry(one: Exchange) -> dict[str, Any]:
    explanation = one.explanation or (one.decision.explained() if one.decision else Explanation((), None))
    corrected = _unread(explanation, one)
    made: dict[str, Any] = {
        "id": one.id,
        "at": one.at,
        "tenant": one.tenant,
        "app": one.client_id or None,
        "launch": one.timeline or None,
        "stage": one.stage,
        "request": _request(one.wire),
        "response": _response(one.answer),
        "checks": checks(one.decision.examination) if one.decision else [],
        "findings": [finding(each) for each in explanation.findings],
        "corrected": corrected,
        **_negotiation(one.decision.known if one.decision else None),
    }
    made = masking.mask(made, _secrets(one) | _mended(corrected, one.stage))
    made["again"] = again.keep(one.decision)
    made["decided"] = one.decision.refusal.name if one.decision and one.decision.refusal else None
    return made


def _negotiation(known: Any) -> dict[str, Any]:
    """Of a token response: what became of each scope, and why no refresh token came; null where one did."""
    given = getattr(known, "given", None)
    if not isinstance(given, Given):
        return {}
    return {"scopes": [one._asdict() for one in given.scopes], "refresh": given.refresh or None}


def _request(wire: Wire) -> dict[str, Any]:
    return {"method": wire.method, "url": wire.url, "headers": _kept(wire.headers), "body": wire.body or None}


def _response(answer: Answered) -> dict[str, Any]:
    return {"status": answer.status, "headers": answer.told(), "body": answer.body}


def checks(examination: Examination) -> list[dict[str, Any]]:
    return [
        {"name": one.name, "outcome": one.outcome}
        | ({"waits_for": one.waits_for} if one.waits_for else {})
        | ({"refusal": one.refusal.name} if one.refusal else {})
        for one in examination.checked
    ]


def finding(one: Finding) -> dict[str, Any]:
    more = {"private": list(one.private)} if one.private else {}
    return one.to_json() | {"degree": one.degree, "parameter": one.parameter, "refused": one.refused} | more


def _unread(explanation: Explanation, one: Exchange) -> dict[str, Any] | None:
    if explanation.corrected is None or one.decision is None:
        return None
    if one.stage == "registration":
        return _metadata(explanation.corrected, one)
    for kind in KINDS.values():
        if kind.stage == one.stage:
            return _shown(kind.unread(_placed(explanation.corrected, one.decision)))
    return None


def _metadata(corrected: RegistrationRequest, one: Exchange) -> dict[str, Any] | None:
    """As they are sent once more: what was sent, with what was mended; None where it was not kept."""
    if not corrected.source:
        return None
    app = KINDS["registration"].unread(corrected)["app"]
    headers = {"Content-Type": "application/json"}
    return {
        "method": one.wire.method,
        "url": one.wire.url,
        "headers": headers,
        "body": msgspec.json.encode(app).decode(),
    }


def _placed(corrected: Any, decision: Decision) -> Any:
    """The code of a launch stands in no record: in the corrected request its place does, and `launch.shown` fills it."""
    launch = getattr(decision.known, "launch", None)
    if not isinstance(launch, Launch) or not isinstance(corrected, AuthorizeRequest):
        return corrected
    if corrected.parameters.get("launch") != decision.request.parameters.get("launch"):
        return corrected
    return with_parameters(corrected, ("launch", place_of(launch.timeline)))


def _shown(corrected: dict[str, Any]) -> dict[str, Any]:
    """A corrected request says no header that the request as it is kept does not say: no cookie above all."""
    if not isinstance(corrected.get("headers"), dict):
        return corrected
    return corrected | {"headers": _kept(corrected["headers"])}


def _kept(headers: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name.lower() in masking.KEPT_HEADERS}


def _given(text: str) -> set[str]:
    try:
        return masking.given(msgspec.json.decode(text))
    except (msgspec.DecodeError, RecursionError):
        return set()


def _mended(corrected: dict[str, Any] | None, stage: str) -> set[str]:
    """A repair may write a secret otherwise than it was sent: a header in base64, a code without what clung to it."""
    if corrected is None:
        return set()
    headers = {name.lower(): str(value) for name, value in (corrected.get("headers") or {}).items()}
    query, body = str(corrected.get("url", "")).partition("?")[2], corrected.get("body")
    sent = parse(query), parse(body if isinstance(body, str) else "")
    return masking.secrets(headers, *sent, fhir=stage in ("access", "search")) - PLACES


def _secrets(one: Exchange) -> set[str]:
    """Also the launch code, where it is one of ours: at rest and in addresses it never stands."""
    query, body = parse(one.wire.url.partition("?")[2]), parse(one.wire.body)
    found = masking.secrets(one.wire.headers, query, body, fhir=one.stage in ("access", "search"))
    location = parse(one.answer.told().get("location", "").partition("?")[2])
    found |= masking.secrets({}, location)
    if one.stage == "launch":
        found.update(location.all("launch"))
    for text in (one.answer.body, one.wire.body):
        if text and text.startswith("{"):
            found |= _given(text)
    if one.decision is not None and isinstance(one.decision.request, AuthorizeRequest):
        known = one.decision.known
        if isinstance(getattr(known, "launch", None), Launch):
            found.update(one.decision.request.parameters.all("launch"))
    return found
