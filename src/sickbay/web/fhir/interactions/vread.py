"""vread: one version of a resource.

https://hl7.org/fhir/R4/http.html#vread
"""

from __future__ import annotations

from sickbay.authorization.requests import AccessRequest
from sickbay.fhir.outcome import Issue
from sickbay.services import binaries
from sickbay.storage.answers import Stored
from sickbay.web.fhir.context import FhirContext
from sickbay.web.fhir.response import FhirResponse, resource_response, subset_of


async def handle(context: FhirContext, request: AccessRequest) -> FhirResponse:
    type, id, number = context.type, context.id, context.route.version_id or ""
    stored = await _read_version(context, int(number)) if _is_a_version(number) else None
    if stored is None:
        text = f"There is no {type}/{id}/_history/{number} that this token may see."
        return context.issue(404, Issue("not-found", text))
    if stored.deleted:
        return context.issue(410, Issue("deleted", f"{type}/{id} was deleted in version {number}."))
    response = resource_response(stored, request.headers, context.content)
    return subset_of(context.version, type, response, request.parameters)


def _is_a_version(number: str) -> bool:
    """Version ids are the numbers from 1, without leading zeros, that fit into 64 bits."""
    return number.isascii() and number.isdigit() and len(number) < 19 and number[0] != "0"


async def _read_version(context: FhirContext, number: int) -> Stored | None:
    type, id, visibility = context.type, context.id, context.visibility
    if type == "Binary":
        return await binaries.read_version(context.runtime, context.space, id, number, visibility, context.base.url)
    return await context.store.version(context.space, type, id, number, visibility)
