"""$lastn: the newest observations of each code. Its other parameters are those of a search for Observation.

https://hl7.org/fhir/R4/observation-operation-lastn.html
"""

from __future__ import annotations

from msgspec.structs import replace

from sickbay.authorization.requests import AccessRequest
from sickbay.fhir.operations import parameters as operation_parameters
from sickbay.fhir.operations.lastn import Newest
from sickbay.fhir.outcome import Issue
from sickbay.fhir.search import parser as search_parser
from sickbay.fhir.search.query import Query
from sickbay.kernel.budget import yield_if_slice_is_over
from sickbay.services.everything import Found
from sickbay.web.fhir.context import FhirContext
from sickbay.web.fhir.operations.everything import make_bundle
from sickbay.web.fhir.operations.parameters import parameters_of
from sickbay.web.fhir.response import FhirResponse

SCANNED = 20_000
"""Maximum observations that one request reads, newest first."""
BYTES = 4_000_000
"""Maximum bytes of a response, which has no pages."""


async def handle(context: FhirContext, request: AccessRequest) -> FhirResponse:
    arguments = parameters_of(context, request)
    pairs = operation_parameters.newest_search(context.version, arguments)
    query = search_parser.parse(context.version, "Observation", pairs, base=context.base.url, strict=True)
    assert isinstance(query, Query)  # errors were already refused
    newest, scanned = Newest(operation_parameters.read_newest(arguments) or 1), 0
    while scanned < SCANNED:
        page = await context.store.search(context.space, query, context.visibility)
        newest.take(page.matches)
        await yield_if_slice_is_over()
        if sum(len(resource.body) for resource in newest.kept) > BYTES:
            text = f"The response has more than {BYTES:,} bytes. Narrow the request by code or date."
            return context.issue(507, Issue("too-costly", text))
        scanned += len(page.matches)
        if page.next is None:
            break
        query = replace(query, cursor=page.next)
    return make_bundle(context, request, arguments, Found(newest.kept, [], None))
