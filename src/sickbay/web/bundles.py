"""A Bundle posted to the base: each entry is decided as it would be alone; a transaction is all or nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from time import monotonic
from typing import TYPE_CHECKING, NamedTuple

import orjson

from sickbay.authorization.requests import AccessRequest
from sickbay.fhir import body as bodies
from sickbay.fhir import matching, search, transaction, written
from sickbay.fhir.fault import Fault
from sickbay.fhir.index import extract
from sickbay.fhir.matching import Held
from sickbay.fhir.outcome import Issue, of_entry, outcome
from sickbay.fhir.query import Query
from sickbay.fhir.routing import Misrouted, Route, route
from sickbay.fhir.search_parameters import known_types
from sickbay.fhir.transaction import Asked, Unreadable
from sickbay.fhir.versions import VERSIONS
from sickbay.kernel.budget import pause
from sickbay.kernel.refusal import UNKNOWN
from sickbay.operations import writing
from sickbay.operations.access import AccessResult, access
from sickbay.operations.matching import ids
from sickbay.operations.write_values import Declined, Prepared, Wanted
from sickbay.protocol.parameters import parse
from sickbay.storage.store import Conflict, Put, Save, Step
from sickbay.web import counting
from sickbay.web.fhir import LARGE
from sickbay.web.fhir_answer import Answer, Headers

if TYPE_CHECKING:
    from sickbay.web.interactions import Interactions

ALONE = "An export is begun, asked after and read by requests of their own; an entry of a Bundle is answered at once."
NESTED = "An entry must not be a Bundle of requests itself."
POSTED = "An operation or a search that is posted is answered as an entry of a batch, not of a transaction."
MAKING = ("create", "update")
ANSWER = 16_000_000
"""Bytes of the answers to all entries together."""
SECONDS = 60
"""How long the entries of a batch may take together."""
TWICE = "Two entries of the transaction are about the same resource."
TOO_MUCH = f"The answers to the entries of a Bundle may have {ANSWER:,} bytes together. This entry was not answered."
TOO_LONG = f"The entries of a batch may take {SECONDS} s together. This entry was not carried out."
WRITING = frozenset((*MAKING, "patch", "delete"))


class Entry(NamedTuple):
    asked: Asked
    request: AccessRequest
    found: Route | Misrouted


class Failed(Exception):
    """A transaction that is refused as a whole, by one entry's answer."""

    def __init__(self, answer: Answer, seen: AccessResult) -> None:
        super().__init__(answer.status)
        self.answer, self.seen = answer, seen

    def of(self, version: str, one: Entry) -> Failed:
        """The same, with the entry whose answer it is: of a thousand, somebody has to find it."""
        if not self.answer.kept:
            return self
        told = of_entry(version, self.answer.body, one.asked.position)
        return Failed(self.answer._replace(body=told), self.seen)


async def answer(
    door: Interactions, seen: AccessResult, request: AccessRequest, content: Headers
) -> tuple[Answer, AccessResult]:
    try:
        text = request.body.encode(), request.headers.get("content-type"), door.base
        if len(text[0]) > LARGE:
            kind, asked = await asyncio.to_thread(transaction.read, door.version, *text)
        else:
            kind, asked = transaction.read(door.version, *text)
    except Unreadable as error:
        return door.issue(400, Issue("structure", str(error))), seen
    entries = [_entry(door, request, one) for one in asked]
    if kind == "transaction" and any(map(_is_nested, entries)):
        return door.issue(400, Issue("structure", NESTED)), seen
    try:
        async with door.sandbox.bundles:
            answers = await (_batch(door, entries) if kind == "batch" else _transaction(door, seen, entries))
            told = []
            while answers:
                told.append(_told(door.version, answers.pop(), asked[len(answers)].spelled))
                await pause()
            return Answer(200, transaction.response(kind, told[::-1]), content), seen
    except Failed as failed:
        return failed.answer, failed.seen


def _entry(door: Interactions, outer: AccessRequest, one: Asked) -> Entry:
    """The entry as a request: token, Accept and Prefer are those of the Bundle, the conditions its own."""
    json = VERSIONS[door.version].json  # whatever the Bundle came in, and is shaped into as a whole
    headers = {name: outer.headers[name] for name in ("authorization", "prefer") if name in outer.headers}
    headers |= {"accept": json} | ({"content-type": json} if one.resource is not None else {}) | dict(one.headers)
    found = route(door.version, one.method, one.path)
    scope = {"method": one.method, "query_string": one.query.encode()}
    return Entry(one, door.as_request(scope, headers, one.path, found, _text(one, found)), found)


def _text(one: Asked, found: Route | Misrouted) -> str:
    """The body, where it is read as a text: of a patch, and of what an operation is given."""
    if isinstance(found, Route) and found.interaction == "operation" and one.resource is not None:
        return written.dumps(one.resource).decode()
    return one.patch.decode("utf-8", "replace")


def _is_nested(one: Entry) -> bool:
    return isinstance(one.found, Route) and one.found.interaction == "batch"


def _is_of_an_export(one: Entry) -> bool:
    found = one.found
    return isinstance(found, Route) and (found.operation == "export" or found.interaction.startswith("export-"))


async def _batch(door: Interactions, entries: list[Entry]) -> list[Answer]:
    """Each entry stands or falls alone (R4, 3.1.0.11.1). What would exceed a bound is not done, and answered so."""
    found: list[Answer] = []
    size, end = 0, monotonic() + SECONDS
    for one in entries:
        await pause()
        if size >= ANSWER or monotonic() > end:
            found.append(_too_much(door) if size >= ANSWER else door.issue(503, Issue("timeout", TOO_LONG)))
            continue
        found.append(_bounded(door, one, await _alone(door, one), ANSWER - size))
        size += len(found[-1].body)
    return found


async def _alone(door: Interactions, one: Entry) -> Answer:
    if issue := _unfit(one):
        return door.issue(400, issue)
    raw = one.asked.patch or (written.dumps(one.asked.resource) if one.asked.resource is not None else b"")
    return _headed(one, (await door.perform(one.request, one.found, raw))[0])


def _bounded(door: Interactions, one: Entry, answer: Answer, rest: int) -> Answer:
    """What was read and is larger than the rest is left out. What was written is answered as it is."""
    fits = len(answer.body) <= rest or one.request.interaction in WRITING
    return answer if fits else _too_much(door)


def _too_much(door: Interactions) -> Answer:
    counting.ANSWERS_CUT.labels("batch").inc()
    return door.issue(507, Issue("too-costly", TOO_MUCH))


def _unfit(one: Entry) -> Issue | None:
    if one.asked.wrong or _is_nested(one):
        return Issue("structure", one.asked.wrong or NESTED)
    return Issue("not-supported", ALONE) if _is_of_an_export(one) else None


def _headed(one: Entry, answer: Answer) -> Answer:
    return answer._replace(body=b"") if one.asked.method == "HEAD" and not answer.kept else answer


async def _transaction(door: Interactions, seen: AccessResult, entries: list[Entry]) -> list[Answer]:
    """Prepared, stored at once, then read. Raises Failed; then nothing was changed."""
    ordered = sorted(entries, key=lambda one: transaction.ORDER.index(one.asked.method))
    writes = [one for one in ordered if one.asked.method not in ("GET", "HEAD")]
    reads = [one for one in ordered if one.asked.method in ("GET", "HEAD")]
    size = 0
    for read in reads:
        await pause()
        size += await _may_be_read(door, seen, read)
        if size > ANSWER:
            raise Failed(_too_much(door), seen).of(door.version, read)
    for _ in range(writing.ATTEMPTS):
        prepared = await _prepared(door, seen, writes)
        if prepared is None:
            continue
        try:
            _apart(door, seen, list(prepared.values()))
            await door.sandbox.world.store.transaction(_steps(door, seen, [one for one, _ in prepared.values()]))
            break
        except Conflict:
            continue
    else:
        raise Failed(door.issue(409, Issue("conflict", "What the transaction changes is being changed by others.")), seen)
    answers = {position: door.answered(request, seen, one.done, [])[0] for position, (one, request) in prepared.items()}
    size = sum(len(one.body) for one in answers.values())
    for one in reads:
        await pause()
        answer = _headed(one, (await door.perform(one.request, one.found))[0])
        answers[one.asked.position] = _bounded(door, one, answer, max(0, ANSWER - size))
        size += len(answers[one.asked.position].body)
    return [answers[position] for position in sorted(answers)]


async def _may_be_read(door: Interactions, seen: AccessResult, one: Entry) -> int:
    """The size of the answer. Raises Failed."""
    try:
        if _is_of_an_export(one):
            raise Failed(door.issue(400, Issue("not-supported", ALONE)), seen)
        fault = one.found.fault if isinstance(one.found, Misrouted) else None
        misnamed = fault is not None and fault.rule == "fhir-operation-unknown"
        answer, found = await door.perform(one.request, one.found)
        door.failed_if(answer, found, only=(401, 403, 404) if misnamed else (401, 403))
        return len(answer.body)
    except Failed as failed:
        raise failed.of(door.version, one) from None


async def _prepared(
    door: Interactions, seen: AccessResult, writes: list[Entry]
) -> dict[int, tuple[Prepared, AccessRequest]] | None:
    """By position; None where a condition matches another than it did when references were led to it."""
    there = {one.asked.position: await _there(door, seen, one) for one in writes}
    ids = {one.asked.position: there[one.asked.position] or _fresh(door, one) for one in writes}
    places = {
        one.asked.full_url: f"{one.request.type}/{ids[one.asked.position]}"
        for one in writes
        if one.asked.full_url and ids[one.asked.position]
    }
    changed = [
        (one, ids[one.asked.position])
        for one in writes
        if one.request.interaction in ("update", "delete")
        or (one.request.interaction == "create" and not there[one.asked.position])
    ]
    for text, first in _conditional(writes).items():
        places[text] = await _place(door, seen, first, text, changed)
    _led_somewhere(door, seen, writes)
    meant = transaction.placed(places)
    found = {
        one.asked.position: (await _prepare(door, one, ids[one.asked.position], meant(one.asked.full_url)), one.request)
        for one in writes
    }
    led = [(one.done.id, ids[position]) for position, (one, asked) in found.items() if asked.interaction in MAKING]
    return found if all(id == told for id, told in led) else None


def _led_somewhere(door: Interactions, seen: AccessResult, writes: Sequence[Entry]) -> None:
    """A URN is found in its Bundle or nowhere. Raises Failed; an update may hold what was stored so, as it was loaded."""
    known = {one.asked.full_url for one in writes}
    for one in (one for one in writes if one.request.interaction == "create"):
        if lost := next(transaction.lost(one.asked.resource, known), None):
            told = f"The reference {lost} is the fullUrl of no entry that is written, and leads nowhere else."
            raise Failed(door.issue(400, Issue("not-found", told)), seen).of(door.version, one)


def _conditional(writes: Sequence[Entry]) -> dict[str, Entry]:
    """Each conditional reference, and the first entry that it stands in."""
    return {text: one for one in reversed(writes) for text in transaction.conditional(one.asked.resource)}


async def _there(door: Interactions, seen: AccessResult, one: Entry) -> str:
    """The id of the one match of a condition; "" where there is no condition, or no match."""
    await pause()
    query = door.condition(one.request, one.found)
    found = await _matches(door, seen, query) if isinstance(query, Query) else []
    return found[0] if len(found) == 1 else ""


def _fresh(door: Interactions, one: Entry) -> str:
    """That of the address, the one a conditional update brings along, or a new one; "" where nothing is made."""
    asked = one.request
    if asked.id or asked.interaction not in MAKING:
        return asked.id or ""
    own = (one.asked.resource or {}).get("id") if asked.interaction == "update" else None
    return own if isinstance(own, str) else writing.new_id(door.sandbox.world)


async def _place(door: Interactions, seen: AccessResult, one: Entry, text: str, changed: Sequence[tuple[Entry, str]]) -> str:
    """A conditional reference leads to the one match that the token may see, once the transaction's own writes are done
    (R4, 3.1.0.11.2: "5. Resolve any conditional references"). changed: entries that write a body or delete one, and its id."""
    type, _, condition = text.partition("?")
    query: Query | tuple[Fault, ...] = ()
    if type in known_types(door.version):
        query = search.parse(door.version, type, parse(condition).pairs, base=door.base, strict=True)
    if not isinstance(query, Query) or not query.narrows:
        raise Failed(door.issue(412, Issue("processing", transaction.no_search(text, query))), seen).of(door.version, one)
    own = {id: each for each, id in changed if each.request.type == type}
    found = {id for id in await _matches(door, seen, query, 2 + len(own)) if id not in own}
    found |= {id for id, each in own.items() if _is_match(door, each, id, query)}
    if len(found) != 1:
        code, said = ("multiple-matches", "several") if found else ("not-found", f"no {type} that this token may see")
        told = f"The reference {text} must match one resource, and matches {said}."
        raise Failed(door.issue(412, Issue(code, told)), seen).of(door.version, one)
    return f"{type}/{found.pop()}"


def _is_match(door: Interactions, one: Entry, id: str, query: Query) -> bool:
    """By what its body says; references in it are still those of the Bundle, and chains lead nowhere from it."""
    if one.request.interaction == "delete":
        return False
    facts = extract(door.version, {**(one.asked.resource or {}), "id": id}, door.base)
    return matching.matches(query, Held(id, int(door.sandbox.world.effects.now() * 1000), facts))


async def _matches(door: Interactions, seen: AccessResult, query: Query, most: int = 2) -> list[str]:
    """most: two are enough to tell one match from several."""
    return await ids(door.sandbox.world, door.space, query, seen.visibility, most)


async def _prepare(door: Interactions, one: Entry, id: str, places: Mapping[str, str]) -> Prepared:
    """Raises Failed."""
    await pause()
    try:
        return await _as_alone(door, one, id, places)
    except Failed as failed:
        raise failed.of(door.version, one) from None


async def _as_alone(door: Interactions, one: Entry, id: str, places: Mapping[str, str]) -> Prepared:
    """As the same request alone: access, then what is there. Raises Failed."""
    request, found = one.request, one.found
    if isinstance(found, Misrouted) or request.interaction not in ("create", "update", "patch", "delete"):
        answer, seen = await door.perform(request, found)
        raise Failed(answer if answer.status >= 400 else door.issue(400, Issue("not-supported", POSTED)), seen)
    body = None
    if request.interaction in MAKING:
        resource = transaction.linked(door.version, one.asked.resource, places)
        given = "" if request.interaction == "update" and not request.id else id  # as alone: what is found gives the id
        body = bodies.of(door.version, request.type or "", given, resource, door.base)
    query = door.condition(request, found)
    faults = query if isinstance(query, tuple) else ()
    world = door.sandbox.world
    seen = await access(world, door.tenant, door.version, request, faults, body if body is not None else UNKNOWN)
    if seen.decision.refusal is not None:
        raise Failed(door.refused(seen), seen)
    wanted = Wanted(door.tenant, door.version, request, seen, body, query if isinstance(query, Query) else None, fresh=id)
    prepared = await writing.prepare(world, wanted)
    if isinstance(prepared, Declined):
        raise Failed(*door.answered(request, seen, prepared, []))
    return prepared


def _steps(door: Interactions, seen: AccessResult, prepared: list[Prepared]) -> list[Step]:
    """A condition that several entries share is held once. Raises Failed where two entries write one resource."""
    steps: dict[object, Step] = {}
    for one in (step for each in prepared for step in each.steps):
        key = (one.type, one.id) if isinstance(one, Save) else one.record.key if isinstance(one, Put) else one
        if key in steps and isinstance(one, Save):
            raise Failed(door.issue(400, Issue("duplicate", TWICE)), seen)
        steps[key] = one
    return list(steps.values())


def _apart(door: Interactions, seen: AccessResult, prepared: list[tuple[Prepared, AccessRequest]]) -> None:
    """Raises Failed where an entry creates nothing, as there is one already, and another deletes that (R4, 3.1.0.11.2)."""
    gone = {
        (step.type, step.id)
        for one, _ in prepared
        for step in one.steps
        if isinstance(step, Save) and step.interaction == "delete"
    }
    found = {(one.done.type, one.done.id) for one, asked in prepared if asked.interaction == "create" and not one.steps}
    if gone & found:
        raise Failed(door.issue(400, Issue("duplicate", TWICE)), seen)


def _told(version: str, answer: Answer, spelled: str = "") -> bytes:
    """One entry of the response: status and headers, the resource or what was wrong (in DSTU2 it has no place of its own).

    spelled: a url that should have been relative; the entry says so, unless it has something else to say.
    """
    headers = {name.decode(): value.decode() for name, value in answer.headers}
    response = {"status": f"{answer.status} {HTTPStatus(answer.status).phrase}"}
    response |= {name: headers[name] for name in ("location", "etag") if name in headers}
    if "last-modified" in headers:
        response["lastModified"] = parsedate_to_datetime(headers["last-modified"]).strftime("%Y-%m-%dT%H:%M:%SZ")
    if spelled and version != "dstu2" and not (answer.body and answer.kept):
        advice = Issue("value", f"request.url is {spelled}. Send it relative to the base, such as Patient/1.", "warning")
        response["outcome"] = orjson.Fragment(outcome(version, [advice]))  # type: ignore[assignment]
    parts = orjson.dumps(response)
    if not answer.body:
        return b'{"response":' + parts + b"}"
    if answer.kept and version != "dstu2":
        return b'{"response":' + parts[:-1] + b',"outcome":' + answer.body + b"}}"
    return b'{"resource":' + answer.body + b',"response":' + parts + b"}"
