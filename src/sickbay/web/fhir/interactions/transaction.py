"""transaction: all entries are executed, or none.

https://hl7.org/fhir/R4/http.html#trules
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TypeAlias

from msgspec import structs

from sickbay.authorization.requests import AccessRequest
from sickbay.fhir import body as bodies
from sickbay.fhir import transaction
from sickbay.fhir.outcome import Issue
from sickbay.fhir.request_error import RequestError
from sickbay.fhir.routing import Misrouted
from sickbay.fhir.search import matching
from sickbay.fhir.search import parser as search_parser
from sickbay.fhir.search.index import extract_entries
from sickbay.fhir.search.matching import IndexedResource
from sickbay.fhir.search.parameters import known_types
from sickbay.fhir.search.query import Query
from sickbay.fhir.transaction import References
from sickbay.kernel.budget import yield_if_slice_is_over
from sickbay.kernel.checks import UNKNOWN
from sickbay.protocol.parameters import parse
from sickbay.services import writing
from sickbay.services.access import examine_access
from sickbay.services.matching import list_ids
from sickbay.services.writing import saving
from sickbay.services.writing.requests import Prepared, WriteRejected, WriteRequest
from sickbay.storage.interface import Conflict, Put, Save, Step
from sickbay.web.fhir.context import FhirContext
from sickbay.web.fhir.interactions import bundle_entry
from sickbay.web.fhir.interactions.bundle_entry import EXPORT_IN_BUNDLE, BatchEntry, Perform, ReadTime, TransactionRefused
from sickbay.web.fhir.interactions.write_response import write_response
from sickbay.web.fhir.refusals import make_refusal_response
from sickbay.web.fhir.request import WRITES, read_condition
from sickbay.web.fhir.response import FhirResponse

POSTED = "Operations and searches by POST are supported in a batch, but not in a transaction."
TWICE = "Two entries of the transaction are about the same resource."
CHANGING = "Other requests are changing the same resources as this transaction."
BODIED = ("create", "update")
PreparedEntry: TypeAlias = tuple[Prepared, AccessRequest]


async def perform_entries(context: FhirContext, entries: Sequence[BatchEntry], perform: Perform) -> list[FhirResponse]:
    """Prepare all entries, store them together, then read. If it raises TransactionRefused, nothing was changed."""
    ordered = sorted(entries, key=lambda entry: transaction.ORDER.index(entry.sent.method))
    writes = [entry for entry in ordered if entry.sent.method not in ("GET", "HEAD")]
    reads = [entry for entry in ordered if entry.sent.method in ("GET", "HEAD")]
    await _check_reads(context, reads, perform)
    prepared = await _store_writes(context, writes, perform)
    responses_by_position = {
        position: write_response(context.base, request, context.access, entry.done, [])
        for position, (entry, request) in prepared.items()
    }
    size = sum(len(response.body) for response in responses_by_position.values())
    for entry in reads:
        await yield_if_slice_is_over()
        response, _ = await perform(context.base, entry.request, entry.route, b"")
        response = bundle_entry.drop_body_of_head(entry, response)
        responses_by_position[entry.sent.position] = bundle_entry.limit_response(
            context.version, entry, response, max(0, bundle_entry.ANSWER - size)
        )
        size += len(responses_by_position[entry.sent.position].body)
    return [responses_by_position[position] for position in sorted(responses_by_position)]


async def _check_reads(context: FhirContext, reads: Sequence[BatchEntry], perform: Perform) -> None:
    """Check the reads before anything is written. Raises TransactionRefused."""
    size, reading = 0, bundle_entry.ReadTime()
    for entry in reads:
        await yield_if_slice_is_over()
        try:
            with reading.count():
                size += await _size_of(context, entry, perform)
            if size > bundle_entry.ANSWER:
                raise TransactionRefused(bundle_entry.refuse_size(context.version))
            if reading.is_over:
                raise TransactionRefused(bundle_entry.refuse_time(context.version))
        except TransactionRefused as refusal:
            raise refusal.of(context.version, entry) from None


async def _size_of(context: FhirContext, entry: BatchEntry, perform: Perform) -> int:
    """The size of the response in bytes. Raises TransactionRefused if access is refused or there is no such operation."""
    if bundle_entry.is_of_an_export(entry):
        raise TransactionRefused(context.issue(400, Issue("not-supported", EXPORT_IN_BUNDLE)))
    fault = entry.route.fault if isinstance(entry.route, Misrouted) else None
    misnamed = fault is not None and fault.rule == "fhir-operation-unknown"
    response, decided = await perform(context.base, entry.request, entry.route, b"")
    if response.status in ((401, 403, 404) if misnamed else (401, 403)):
        raise TransactionRefused(structs.replace(response, access=decided))
    return len(response.body)


async def _store_writes(context: FhirContext, writes: Sequence[BatchEntry], perform: Perform) -> dict[int, PreparedEntry]:
    """Store the writes and return them by position. Raises TransactionRefused."""
    for _ in range(writing.ATTEMPTS):
        prepared = await _prepare_writes(context, writes, perform)
        if prepared is None:
            continue
        try:
            _check_no_match_is_deleted(context, list(prepared.values()))
            await context.store.transaction(_storing_steps(context, [entry for entry, _ in prepared.values()]))
        except Conflict:
            continue
        return prepared
    raise TransactionRefused(context.issue(409, Issue("conflict", CHANGING)))


async def _prepare_writes(
    context: FhirContext, writes: Sequence[BatchEntry], perform: Perform
) -> dict[int, PreparedEntry] | None:
    """Prepare the writes, by position. Returns None if a condition matches a different resource than when references were
    resolved.
    """
    searching = bundle_entry.ReadTime()
    matched = {entry.sent.position: await _match_of_condition(context, entry, searching) for entry in writes}
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
    references = {entry.sent.position: transaction.find_references(entry.sent.resource) for entry in writes}
    for text, first in _conditional_references(writes, references).items():
        with _limit_search(context, first, searching):
            places[text] = await _resolve_conditional_reference(context, first, text, changed)
    _check_references(context, writes, references)
    resolve = transaction.index_places(places)
    prepared = {
        entry.sent.position: (
            await _prepare_entry(context, entry, ids[entry.sent.position], resolve(entry.sent.full_url), perform),
            entry.request,
        )
        for entry in writes
    }
    ids_of_writes = [
        (entry.done.id, ids[position]) for position, (entry, request) in prepared.items() if request.interaction in BODIED
    ]
    return prepared if all(id == expected for id, expected in ids_of_writes) else None


def _check_references(context: FhirContext, writes: Sequence[BatchEntry], references: Mapping[int, References]) -> None:
    """Raise TransactionRefused if a reference is a URN that isn't the fullUrl of an entry.

    An update may keep a URN it already had.
    """
    known = {entry.sent.full_url for entry in writes}
    for entry in (entry for entry in writes if entry.request.interaction == "create"):
        if unresolved := references[entry.sent.position].list_unknown_urns(known):
            text = f"The reference {unresolved[0]} isn't the fullUrl of an entry that writes a resource."
            refusal = TransactionRefused(context.issue(400, Issue("not-found", text)))
            raise refusal.of(context.version, entry)


def _conditional_references(writes: Sequence[BatchEntry], references: Mapping[int, References]) -> dict[str, BatchEntry]:
    """Each conditional reference, and the first entry that has it."""
    return {text: entry for entry in reversed(writes) for text in references[entry.sent.position].conditional()}


async def _match_of_condition(context: FhirContext, entry: BatchEntry, searching: ReadTime) -> str:
    """The id of the only match of a condition; "" if there is no condition, no match or several."""
    await yield_if_slice_is_over()
    query = read_condition(context.base, entry.request)
    with _limit_search(context, entry, searching):
        matches = await _matching_ids(context, query) if isinstance(query, Query) else []
    return matches[0] if len(matches) == 1 else ""


@contextmanager
def _limit_search(context: FhirContext, entry: BatchEntry, searching: ReadTime) -> Iterator[None]:
    """Counts the time of a search before anything is stored. Raises TransactionRefused if there is none left."""
    if searching.is_over:
        raise TransactionRefused(bundle_entry.refuse_time(context.version)).of(context.version, entry)
    with searching.count():
        yield


def _new_id(context: FhirContext, entry: BatchEntry) -> str:
    """The id of the resource to write: from the URL, from a conditional update, or new; "" if nothing is created."""
    request = entry.request
    if request.id or request.interaction not in BODIED:
        return request.id or ""
    body_id = (entry.sent.resource or {}).get("id") if request.interaction == "update" else None
    return body_id if isinstance(body_id, str) else saving.new_id(context.runtime)


async def _resolve_conditional_reference(
    context: FhirContext, entry: BatchEntry, text: str, changed: Sequence[tuple[BatchEntry, str]]
) -> str:
    """The single match of a conditional reference among visible resources, after the writes of the transaction.

    See R4, 3.1.0.11.2: "5. Resolve any conditional references". changed: entries that write or delete a resource, and its id.
    """
    type, _, criteria = text.partition("?")
    query: Query | tuple[RequestError, ...] = ()
    if type in known_types(context.version):
        query = search_parser.parse(context.version, type, parse(criteria).pairs, base=context.base.url, strict=True)
    if not isinstance(query, Query) or not query.narrows:
        refusal = TransactionRefused(context.issue(412, Issue("processing", transaction.describe_search_error(text, query))))
        raise refusal.of(context.version, entry)
    own_entries = {id: entry for entry, id in changed if entry.request.type == type}
    candidates = {id for id in await _matching_ids(context, query, 2 + len(own_entries)) if id not in own_entries}
    candidates |= {id for id, entry in own_entries.items() if _is_match(context, entry, id, query)}
    if len(candidates) != 1:
        code, number = ("multiple-matches", "several") if candidates else ("not-found", "none that this token may see")
        issue = Issue(code, f"The reference {text} must match one resource, and matches {number}.")
        raise TransactionRefused(context.issue(412, issue)).of(context.version, entry)
    return f"{type}/{candidates.pop()}"


def _is_match(context: FhirContext, entry: BatchEntry, id: str, query: Query) -> bool:
    """Match the entry's body. Its references are still those of the Bundle, so chained searches don't match."""
    if entry.request.interaction == "delete":
        return False
    facts = extract_entries(context.version, {**(entry.sent.resource or {}), "id": id}, context.base.url)
    return matching.is_match(query, IndexedResource(id, int(context.runtime.effects.now() * 1000), facts))


async def _matching_ids(context: FhirContext, query: Query, most: int = 2) -> list[str]:
    """The ids of the matches. most: 2 are enough to tell one match from several."""
    return await list_ids(context.runtime, context.space, query, context.visibility, most)


async def _prepare_entry(
    context: FhirContext, entry: BatchEntry, id: str, places: Mapping[str, str], perform: Perform
) -> Prepared:
    """Prepare an entry. Raises TransactionRefused with the position of the entry."""
    await yield_if_slice_is_over()
    try:
        return await _prepare_single(context, entry, id, places, perform)
    except TransactionRefused as refusal:
        raise refusal.of(context.version, entry) from None


async def _prepare_single(
    context: FhirContext, entry: BatchEntry, id: str, places: Mapping[str, str], perform: Perform
) -> Prepared:
    """Prepare an entry like a single request: check access first, then the stored resource. Raises TransactionRefused."""
    base, request = context.base, entry.request
    if isinstance(entry.route, Misrouted) or request.interaction not in WRITES:
        response, decided = await perform(base, request, entry.route, b"")
        response = response if response.status >= 400 else context.issue(400, Issue("not-supported", POSTED))
        raise TransactionRefused(structs.replace(response, access=decided))
    body = None
    if request.interaction in BODIED:
        resource = transaction.link_references(base.version, entry.sent.resource, places)
        # as for a single request: the match determines the id
        body_id = "" if request.interaction == "update" and not request.id else id
        body = bodies.make_body(base.version, request.type or "", body_id, resource, base.url)
    query = read_condition(base, request)
    faults = query if isinstance(query, tuple) else ()
    decided = await examine_access(
        context.runtime, base.tenant, base.version, request, faults, body if body is not None else UNKNOWN
    )
    if decided.decision.refusal is not None:
        raise TransactionRefused(structs.replace(make_refusal_response(base.version, base.url, decided), access=decided))
    wanted = WriteRequest(
        base.tenant,
        base.space,
        request.type or "",
        request,
        decided,
        body,
        query if isinstance(query, Query) else None,
        fresh=id,
    )
    prepared = await writing.prepare_write(context.runtime, wanted)
    if isinstance(prepared, WriteRejected):
        response = write_response(base, request, decided, prepared, [])
        raise TransactionRefused(structs.replace(response, access=response.access or decided))
    return prepared


def _storing_steps(context: FhirContext, prepared: Sequence[Prepared]) -> list[Step]:
    """The steps to store. Conditions shared by several entries are checked once.

    Raises TransactionRefused if two entries write one resource.
    """
    steps: dict[object, Step] = {}
    for step in (step for entry in prepared for step in entry.steps):
        key = (step.type, step.id) if isinstance(step, Save) else step.record.key if isinstance(step, Put) else step
        if key in steps and isinstance(step, Save):
            raise TransactionRefused(context.issue(400, Issue("duplicate", TWICE)))
        steps[key] = step
    return list(steps.values())


def _check_no_match_is_deleted(context: FhirContext, prepared: Sequence[PreparedEntry]) -> None:
    """Raise TransactionRefused if a conditional create matches a resource that another entry deletes (R4, 3.1.0.11.2)."""
    deleted = {
        (step.type, step.id)
        for entry, _ in prepared
        for step in entry.steps
        if isinstance(step, Save) and step.interaction == "delete"
    }
    matched = {
        (entry.done.type, entry.done.id) for entry, request in prepared if request.interaction == "create" and not entry.steps
    }
    if deleted & matched:
        raise TransactionRefused(context.issue(400, Issue("duplicate", TWICE)))
