"""The entries of a transaction: all of them are carried out, or none.

https://hl7.org/fhir/R4/http.html#trules
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from sickbay.authorization.requests import AccessRequest
from sickbay.fhir import body as bodies
from sickbay.fhir import transaction
from sickbay.fhir.outcome import Issue
from sickbay.fhir.request_error import RequestError
from sickbay.fhir.routing import Misrouted
from sickbay.fhir.search import matching
from sickbay.fhir.search import parser as search_parser
from sickbay.fhir.search.index import extract
from sickbay.fhir.search.matching import IndexedResource
from sickbay.fhir.search.parameters import known_types
from sickbay.fhir.search.query import Query
from sickbay.kernel.budget import pause
from sickbay.kernel.checks import UNKNOWN
from sickbay.protocol.parameters import parse
from sickbay.services import writing
from sickbay.services.access import access
from sickbay.services.matching import ids
from sickbay.services.write_requests import Prepared, WriteRejected, WriteRequest
from sickbay.storage.interface import Conflict, Put, Save, Step
from sickbay.web.fhir.context import FhirContext
from sickbay.web.fhir.interactions import bundle_entry
from sickbay.web.fhir.interactions.bundle_entry import ALONE, BatchEntry, Perform, TransactionRefused
from sickbay.web.fhir.interactions.write import write_response
from sickbay.web.fhir.refusals import refused
from sickbay.web.fhir.request import WRITES, condition
from sickbay.web.fhir.response import FhirResponse

POSTED = "An operation or a search that is posted is answered as an entry of a batch, not of a transaction."
TWICE = "Two entries of the transaction are about the same resource."
CHANGING = "What the transaction changes is being changed by others."
BODIED = ("create", "update")
PreparedEntry: TypeAlias = tuple[Prepared, AccessRequest]


async def responses(context: FhirContext, entries: Sequence[BatchEntry], perform: Perform) -> list[FhirResponse]:
    """Prepared, stored at once, then read. Raises TransactionRefused; then nothing was changed."""
    ordered = sorted(entries, key=lambda entry: transaction.ORDER.index(entry.sent.method))
    writes = [entry for entry in ordered if entry.sent.method not in ("GET", "HEAD")]
    reads = [entry for entry in ordered if entry.sent.method in ("GET", "HEAD")]
    await _check_reads(context, reads, perform)
    prepared = await _stored(context, writes, perform)
    found = {
        position: write_response(context.base, request, context.access, entry.done, [])
        for position, (entry, request) in prepared.items()
    }
    size = sum(len(response.body) for response in found.values())
    for entry in reads:
        await pause()
        response, _ = await perform(context.base, entry.request, entry.route, b"")
        response = bundle_entry.without_body_of_head(entry, response)
        found[entry.sent.position] = bundle_entry.bounded(context.version, entry, response, max(0, bundle_entry.ANSWER - size))
        size += len(found[entry.sent.position].body)
    return [found[position] for position in sorted(found)]


async def _check_reads(context: FhirContext, reads: Sequence[BatchEntry], perform: Perform) -> None:
    """Before anything is written. Raises TransactionRefused."""
    size = 0
    for entry in reads:
        await pause()
        try:
            size += await _size_of(context, entry, perform)
            if size > bundle_entry.ANSWER:
                raise TransactionRefused(bundle_entry.too_much(context.version))
        except TransactionRefused as refusal:
            raise refusal.of(context.version, entry) from None


async def _size_of(context: FhirContext, entry: BatchEntry, perform: Perform) -> int:
    """Bytes of the response. Raises TransactionRefused if access is refused or there is no such operation."""
    if bundle_entry.is_of_an_export(entry):
        raise TransactionRefused(context.issue(400, Issue("not-supported", ALONE)))
    fault = entry.route.fault if isinstance(entry.route, Misrouted) else None
    misnamed = fault is not None and fault.rule == "fhir-operation-unknown"
    response, decided = await perform(context.base, entry.request, entry.route, b"")
    if response.status in ((401, 403, 404) if misnamed else (401, 403)):
        raise TransactionRefused(response._replace(access=decided))
    return len(response.body)


async def _stored(context: FhirContext, writes: Sequence[BatchEntry], perform: Perform) -> dict[int, PreparedEntry]:
    """The writes by position, once they are stored. Raises TransactionRefused."""
    for _ in range(writing.ATTEMPTS):
        prepared = await _prepared(context, writes, perform)
        if prepared is None:
            continue
        try:
            _check_nothing_found_is_deleted(context, list(prepared.values()))
            await context.store.transaction(_steps(context, [entry for entry, _ in prepared.values()]))
        except Conflict:
            continue
        return prepared
    raise TransactionRefused(context.issue(409, Issue("conflict", CHANGING)))


async def _prepared(context: FhirContext, writes: Sequence[BatchEntry], perform: Perform) -> dict[int, PreparedEntry] | None:
    """By position; None if a condition matches another resource than it did when references were resolved."""
    matched = {entry.sent.position: await _match_of_condition(context, entry) for entry in writes}
    ids = {entry.sent.position: matched[entry.sent.position] or _new_id(context, entry) for entry in writes}
    places = {
        entry.sent.full_url: f"{entry.request.type}/{ids[entry.sent.position]}"
        for entry in writes
        if entry.sent.full_url and ids[entry.sent.position]
    }
    changed = [
        (entry, ids[entry.sent.position])
        for entry in writes
        if entry.request.interaction in ("update", "delete")
        or (entry.request.interaction == "create" and not matched[entry.sent.position])
    ]
    for text, first in _conditional_references(writes).items():
        places[text] = await _resolved(context, first, text, changed)
    _check_references(context, writes)
    meant = transaction.placed(places)
    prepared = {
        entry.sent.position: (
            await _prepare(context, entry, ids[entry.sent.position], meant(entry.sent.full_url), perform),
            entry.request,
        )
        for entry in writes
    }
    made = [(each.done.id, ids[position]) for position, (each, asked) in prepared.items() if asked.interaction in BODIED]
    return prepared if all(id == expected for id, expected in made) else None


def _check_references(context: FhirContext, writes: Sequence[BatchEntry]) -> None:
    """A created resource may refer to a URN only if an entry has it as fullUrl; an update may keep one that was loaded.
    Raises TransactionRefused.
    """
    known = {entry.sent.full_url for entry in writes}
    for entry in (entry for entry in writes if entry.request.interaction == "create"):
        if lost := next(transaction.lost(entry.sent.resource, known), None):
            text = f"The reference {lost} is the fullUrl of no entry that is written, and leads nowhere else."
            refusal = TransactionRefused(context.issue(400, Issue("not-found", text)))
            raise refusal.of(context.version, entry)


def _conditional_references(writes: Sequence[BatchEntry]) -> dict[str, BatchEntry]:
    """Each conditional reference, and the first entry that has it."""
    return {text: entry for entry in reversed(writes) for text in transaction.conditional(entry.sent.resource)}


async def _match_of_condition(context: FhirContext, entry: BatchEntry) -> str:
    """The id of the only match of a condition; "" if there is no condition, no match or several."""
    await pause()
    query = condition(context.base, entry.request)
    found = await _matches(context, query) if isinstance(query, Query) else []
    return found[0] if len(found) == 1 else ""


def _new_id(context: FhirContext, entry: BatchEntry) -> str:
    """That of the address, the one that a conditional update brings along, or a new one; "" if nothing is made."""
    request = entry.request
    if request.id or request.interaction not in BODIED:
        return request.id or ""
    own = (entry.sent.resource or {}).get("id") if request.interaction == "update" else None
    return own if isinstance(own, str) else writing.new_id(context.runtime)


async def _resolved(context: FhirContext, entry: BatchEntry, text: str, changed: Sequence[tuple[BatchEntry, str]]) -> str:
    """The one match of a conditional reference that the token may see, once the transaction's own writes are done
    (R4, 3.1.0.11.2: "5. Resolve any conditional references"). changed: entries that write or delete a resource, and its id.
    """
    type, _, criteria = text.partition("?")
    query: Query | tuple[RequestError, ...] = ()
    if type in known_types(context.version):
        query = search_parser.parse(context.version, type, parse(criteria).pairs, base=context.base.url, strict=True)
    if not isinstance(query, Query) or not query.narrows:
        refusal = TransactionRefused(context.issue(412, Issue("processing", transaction.no_search(text, query))))
        raise refusal.of(context.version, entry)
    own = {id: each for each, id in changed if each.request.type == type}
    found = {id for id in await _matches(context, query, 2 + len(own)) if id not in own}
    found |= {id for id, each in own.items() if _is_match(context, each, id, query)}
    if len(found) != 1:
        code, number = ("multiple-matches", "several") if found else ("not-found", f"no {type} that this token may see")
        issue = Issue(code, f"The reference {text} must match one resource, and matches {number}.")
        raise TransactionRefused(context.issue(412, issue)).of(context.version, entry)
    return f"{type}/{found.pop()}"


def _is_match(context: FhirContext, entry: BatchEntry, id: str, query: Query) -> bool:
    """By the body of the entry. References in it are still those of the Bundle, so chains lead nowhere."""
    if entry.request.interaction == "delete":
        return False
    facts = extract(context.version, {**(entry.sent.resource or {}), "id": id}, context.base.url)
    return matching.matches(query, IndexedResource(id, int(context.runtime.effects.now() * 1000), facts))


async def _matches(context: FhirContext, query: Query, most: int = 2) -> list[str]:
    """most: 2 are enough to tell one match from several."""
    return await ids(context.runtime, context.space, query, context.visibility, most)


async def _prepare(context: FhirContext, entry: BatchEntry, id: str, places: Mapping[str, str], perform: Perform) -> Prepared:
    """Raises TransactionRefused."""
    await pause()
    try:
        return await _as_alone(context, entry, id, places, perform)
    except TransactionRefused as refusal:
        raise refusal.of(context.version, entry) from None


async def _as_alone(context: FhirContext, entry: BatchEntry, id: str, places: Mapping[str, str], perform: Perform) -> Prepared:
    """As the same request by itself: access first, then what is stored. Raises TransactionRefused."""
    base, request = context.base, entry.request
    if isinstance(entry.route, Misrouted) or request.interaction not in WRITES:
        response, decided = await perform(base, request, entry.route, b"")
        response = response if response.status >= 400 else context.issue(400, Issue("not-supported", POSTED))
        raise TransactionRefused(response._replace(access=decided))
    body = None
    if request.interaction in BODIED:
        resource = transaction.linked(base.version, entry.sent.resource, places)
        given = "" if request.interaction == "update" and not request.id else id  # as by itself: what is found gives the id
        body = bodies.of(base.version, request.type or "", given, resource, base.url)
    query = condition(base, request)
    faults = query if isinstance(query, tuple) else ()
    decided = await access(context.runtime, base.tenant, base.version, request, faults, body if body is not None else UNKNOWN)
    if decided.decision.refusal is not None:
        raise TransactionRefused(refused(base.version, base.url, decided)._replace(access=decided))
    wanted = WriteRequest(
        base.tenant, base.version, request, decided, body, query if isinstance(query, Query) else None, fresh=id
    )
    prepared = await writing.prepare(context.runtime, wanted)
    if isinstance(prepared, WriteRejected):
        response = write_response(base, request, decided, prepared, [])
        raise TransactionRefused(response._replace(access=response.access or decided))
    return prepared


def _steps(context: FhirContext, prepared: Sequence[Prepared]) -> list[Step]:
    """A condition that several entries share is held once. Raises TransactionRefused if two entries write one resource."""
    steps: dict[object, Step] = {}
    for step in (step for each in prepared for step in each.steps):
        key = (step.type, step.id) if isinstance(step, Save) else step.record.key if isinstance(step, Put) else step
        if key in steps and isinstance(step, Save):
            raise TransactionRefused(context.issue(400, Issue("duplicate", TWICE)))
        steps[key] = step
    return list(steps.values())


def _check_nothing_found_is_deleted(context: FhirContext, prepared: Sequence[PreparedEntry]) -> None:
    """Raises TransactionRefused if a conditional create finds a resource that another entry deletes (R4, 3.1.0.11.2)."""
    deleted = {
        (step.type, step.id)
        for entry, _ in prepared
        for step in entry.steps
        if isinstance(step, Save) and step.interaction == "delete"
    }
    found = {
        (entry.done.type, entry.done.id) for entry, request in prepared if request.interaction == "create" and not entry.steps
    }
    if deleted & found:
        raise TransactionRefused(context.issue(400, Issue("duplicate", TWICE)))
