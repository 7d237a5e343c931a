"""$everything: a patient's or an encounter's record, page by page.

https://hl7.org/fhir/R4/patient-operation-everything.html
"""

from __future__ import annotations

from collections.abc import Sequence

from sickbay.authorization.requests import AccessRequest
from sickbay.fhir.bundle import StoredResource, make_searchset, search_url
from sickbay.fhir.operations.parameters import OperationInput
from sickbay.fhir.outcome import Issue
from sickbay.fhir.search import parser as search_parser
from sickbay.services import everything
from sickbay.storage.answers import BadCursor
from sickbay.web.fhir.context import FhirContext
from sickbay.web.fhir.operations.parameters import parameters_of, resource_of
from sickbay.web.fhir.response import FhirResponse

PAGE = "This page link doesn't belong to this operation. Use the `next` link unchanged."


async def handle(context: FhirContext, request: AccessRequest) -> FhirResponse:
    arguments = parameters_of(context, request)
    params = everything.EverythingParams(
        arguments.values("_type"),
        arguments.since("start"),
        arguments.since("end"),
        arguments.since("_since"),
        min(max(arguments.count("_count", search_parser.MAXIMUM_COUNT), 1), search_parser.MAXIMUM_COUNT),
        arguments.value(search_parser.CURSOR),
    )
    walk = everything.Walk(context.runtime, context.space, context.visibility, params)
    try:
        if context.route.id is None:
            return make_bundle(context, request, arguments, await walk.page_of_all())
        stored = await resource_of(context)
        return (
            stored
            if isinstance(stored, FhirResponse)
            else make_bundle(context, request, arguments, await walk.collect_record(stored))
        )
    except BadCursor:
        return context.issue(400, Issue("value", PAGE))


def make_bundle(
    context: FhirContext, request: AccessRequest, arguments: OperationInput, record: everything.Found
) -> FhirResponse:
    """Build a page as a searchset with `self` and `next` links."""
    pairs = [pair for pair in arguments.pairs if pair[0] != search_parser.CURSOR]
    path, base = request.path.lstrip("/"), context.base.url
    following = search_url(base, path, (*pairs, (search_parser.CURSOR, record.next))) if record.next else None
    total = len(record.matches) if record.next is None and arguments.value(search_parser.CURSOR) is None else None
    entries: dict[str, Sequence[StoredResource]] = {"match": record.matches, "include": record.included}
    body = make_searchset(base, entries, self_url=search_url(base, path, tuple(pairs)), next_url=following, total=total)
    return FhirResponse(200, body, context.content)
