"""read: the current version of a resource.

https://hl7.org/fhir/R4/http.html#read
"""

from __future__ import annotations

from sickbay.authorization.requests import AccessRequest
from sickbay.fhir.outcome import Issue
from sickbay.services import binaries
from sickbay.web.fhir.context import FhirContext
from sickbay.web.fhir.response import FhirResponse, resource_response, respond_not_found, subset_of


async def handle(context: FhirContext, request: AccessRequest) -> FhirResponse:
    base, type, id = context.base, request.type, request.id
    assert type is not None
    assert id is not None
    visibility = context.access.visibility
    if type == "Binary":
        stored = await binaries.read_binary(context.runtime, base.space, id, visibility, base.url)
    else:
        stored = await base.store.read(base.space, type, id, visibility)
    if stored is None:
        return respond_not_found(base.version, type, id)
    if stored.deleted:
        return context.issue(410, Issue("deleted", f"{type}/{id} was deleted."))
    response = resource_response(stored, request.headers, context.content)
    return subset_of(base.version, type, response, request.parameters) if request.parameters.pairs else response
