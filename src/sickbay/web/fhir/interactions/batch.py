"""batch and transaction: a Bundle of requests, posted to the base. Access is decided for each entry separately.

https://hl7.org/fhir/R4/http.html#transaction
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from time import monotonic

from sickbay.authorization.requests import AccessRequest
from sickbay.fhir import lossless_json
from sickbay.fhir import transaction as bundles
from sickbay.fhir.outcome import Issue
from sickbay.fhir.transaction import BundleEntryRequest, InvalidBundle
from sickbay.kernel.budget import yield_if_slice_is_over
from sickbay.settings.database import Unavailable
from sickbay.web.fhir.context import FhirBase, FhirContext
from sickbay.web.fhir.interactions import bundle_entry, transaction
from sickbay.web.fhir.interactions.bundle_entry import EXPORT_IN_BUNDLE, NESTED, BatchEntry, Perform, TransactionRefused
from sickbay.web.fhir.refusals import add_scopes
from sickbay.web.fhir.request import LARGE
from sickbay.web.fhir.response import FhirResponse, issue_response

LOG = logging.getLogger("sickbay")
SECONDS = 60
"""Maximum seconds for all entries of a batch together."""
TOO_LONG = f"The entries of a batch may take at most {SECONDS} s together. This entry wasn't executed."


async def handle(context: FhirContext, request: AccessRequest, perform: Perform) -> FhirResponse:
    base, version = context.base, context.version
    try:
        kind, sent = await _parse_bundle(base, request)
    except InvalidBundle as error:
        return context.issue(400, Issue("structure", str(error)))
    entries = [bundle_entry.make_batch_entry(base, request, entry) for entry in sent]
    if kind == "transaction" and any(map(bundle_entry.is_nested, entries)):
        return context.issue(400, Issue("structure", NESTED))
    async with base.sandbox.bundles.hold(context.access.client_id):
        try:
            responses = await (
                _run_entries(base, entries, perform)
                if kind == "batch"
                else transaction.perform_entries(context, entries, perform)
            )
        except TransactionRefused as refusal:
            return add_scopes((entry.request for entry in entries), refusal.response, base.url)
        entry_responses = []
        while responses:
            entry_responses.append(bundle_entry.entry_response(version, responses.pop(), sent[len(responses)].spelled))
            await yield_if_slice_is_over()
        return FhirResponse(200, bundles.make_response(kind, entry_responses[::-1]), context.content)


async def _parse_bundle(base: FhirBase, request: AccessRequest) -> tuple[str, list[BundleEntryRequest]]:
    """Raises UnreadableRequest."""
    body, kind = request.body.encode(), request.headers.get("content-type")
    if len(body) > LARGE:
        return await asyncio.to_thread(bundles.read, base.version, body, kind, base.url)
    return bundles.read(base.version, body, kind, base.url)


async def _run_entries(base: FhirBase, entries: list[BatchEntry], perform: Perform) -> list[FhirResponse]:
    """Run the entries independently (R4, 3.1.0.11.1). Entries beyond a limit aren't run, and their responses say so."""
    responses: list[FhirResponse] = []
    limits = _BatchLimits(base.version)
    urns = {entry.sent.full_url: entry.sent.position for entry in entries if entry.sent.full_url.startswith("urn:")}
    for entry in entries:
        await yield_if_slice_is_over()
        refusal = limits.refuse_if_reached(entry)
        if refusal is None:
            try:
                with limits.time_of(entry):
                    response = await _perform_alone(base, entry, perform, urns)
            except Unavailable as error:
                if not responses:
                    raise
                LOG.error(
                    "an entry of a batch failed: %s", error
                )  # the entries before it may be stored, so it fails on its own
                response = issue_response(base.version, 503, Issue("transient", error.detail))
            response = limits.count_bytes(entry, response)
        responses.append(refusal or response)
    return responses


class _BatchLimits:
    """The time and the bytes that the entries of a batch have used."""

    def __init__(self, version: str) -> None:
        self._version = version
        self._end = monotonic() + SECONDS
        self._reading = bundle_entry.ReadTime()
        self._size, self._was_left_out = 0, False

    def refuse_if_reached(self, entry: BatchEntry) -> FhirResponse | None:
        reads = entry.request.interaction not in bundle_entry.WRITES
        if self._size >= bundle_entry.ANSWER or (reads and self._was_left_out):
            return bundle_entry.refuse_size(self._version, bundle_entry.AFTER_TOO_MUCH)
        if reads and self._reading.is_over:
            return bundle_entry.refuse_time(self._version)
        return issue_response(self._version, 503, Issue("timeout", TOO_LONG)) if monotonic() > self._end else None

    def time_of(self, entry: BatchEntry) -> AbstractContextManager[None]:
        return nullcontext() if entry.request.interaction in bundle_entry.WRITES else self._reading.count()

    def count_bytes(self, entry: BatchEntry, response: FhirResponse) -> FhirResponse:
        """Returns the response, or an error if it doesn't fit. Then no other read is run, because it would be run in vain."""
        limited = bundle_entry.limit_response(self._version, entry, response, bundle_entry.ANSWER - self._size)
        self._was_left_out = self._was_left_out or limited is not response
        self._size += len(limited.body)
        return limited


async def _perform_alone(base: FhirBase, entry: BatchEntry, perform: Perform, urns: Mapping[str, int]) -> FhirResponse:
    if issue := _find_unfit(entry) or _refuse_dependent_entry(base.version, entry, urns):
        return issue_response(base.version, 400, issue)
    raw = entry.sent.patch or (lossless_json.dumps(entry.sent.resource) if entry.sent.resource is not None else b"")
    response, _ = await perform(base, entry.request, entry.route, raw)
    return bundle_entry.drop_body_of_head(entry, response)


def _refuse_dependent_entry(version: str, entry: BatchEntry, urns: Mapping[str, int]) -> Issue | None:
    """Refuses a reference to another entry: it would stay as it is, because entries of a batch are independent."""
    urn = bundles.find_first_reference(version, entry.sent.resource, urns) if urns else None
    if urn is None:
        return None
    text = (
        f"Bundle.entry[{entry.sent.position}] refers to {urn}, the fullUrl of Bundle.entry[{urns[urn]}]. References between "
        'entries are resolved only in a transaction. Send the Bundle with type "transaction", or create the other resource '
        "first and refer to its Type/id."
    )
    return Issue("value", text)


def _find_unfit(entry: BatchEntry) -> Issue | None:
    if entry.sent.wrong or bundle_entry.is_nested(entry):
        return Issue("structure", entry.sent.wrong or NESTED)
    return Issue("not-supported", EXPORT_IN_BUNDLE) if bundle_entry.is_of_an_export(entry) else None
