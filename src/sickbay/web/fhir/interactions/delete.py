"""delete: deletes a resource, or those that a condition matches.

https://hl7.org/fhir/R4/http.html#delete
"""

from __future__ import annotations

from sickbay.authorization.requests import AccessRequest
from sickbay.web.fhir.context import FhirContext
from sickbay.web.fhir.interactions.write_response import respond_to_write
from sickbay.web.fhir.response import FhirResponse


async def handle(context: FhirContext, request: AccessRequest) -> FhirResponse:
    return await respond_to_write(context, request)
