"""$everything: a patient's or an encounter's record, page by page.

https://hl7.org/fhir/R4/patient-operation-everything.html
"""

from __future__ import annotations

from collections.abc import Sequence

from sickbay.authorization.requests import AccessRequest
from sickbay.fhir.bundle import StoredResource, search_url, searchset
from sickbay.fhir.operations.parameters import OperationInput
from sickbay.fhir.outcome import Issue
from sickbay.fhir.search import parser as search_parser
from sickbay.services import everything
from sickbay.storage.interface import BadCursor
from sickbay.web.fhir.context import FhirContext
from sickbay.web.fhir.operations.parameters import parameters_of, resource_of
from sickbay.web.fhir.response import FhirResponse

PAGE = "This page address was not made for this operation. Follow the link `next` as it is."


async def handle(context: FhirContext, request: AccessRequest) -> FhirResponse:
    given = parameters_of(context, request)
    asked = everything.EverythingParams(
        given.listed("_type"),
        given.since("start"),
        given.since("end"),
        given.since("_since"),
        min(max(given.count("_count", search_parser.MAXIMUM_COUNT), 1), search_parser.MAXIMUM_COUNT),
        given.one(search_parser.CURSOR),
    )
    walk = everything.Walk(context.runtime, context.space, context.visibility, asked)
    try:
        if context.route.id is None:
            return bundle(context, request, given, await walk.of_all())
        stored = await resource_of(context)
        return stored if isinstance(stored, FhirResponse) else bundle(context, request, given, await walk.of_one(stored))
    except BadCursor:
        return context.issue(400, Issue("value", PAGE))


def bundle(context: FhirContext, request: AccessRequest, given: OperationInput, found: everything.Found) -> FhirResponse:
    """A page as a searchset with links to itself and to the next page."""
    pairs = [pair for pair in given.pairs if pair[0] != search_parser.CURSOR]
    path, base = request.path.lstrip("/"), context.base.url
    following = search_url(base, path, (*pairs, (search_parser.CURSOR, found.next))) if found.next else None
    total = len(found.matches) if found.next is None and given.one(search_parser.CURSOR) is None else None
    entries: dict[str, Sequence[StoredResource]] = {"match": found.matches, "include": found.included}
    body = searchset(base, entries, self_url=search_url(base, path, tuple(pairs)), next_url=following, total=total)
    return FhirResponse(200, body, context.content)
