"""create: stores a new resource. With a condition, only if nothing matches it.

https://hl7.org/fhir/R4/http.html#create
"""

from __future__ import annotations

from sickbay.authorization.requests import AccessRequest
from sickbay.fhir.body import Body
from sickbay.web.fhir.context import FhirContext
from sickbay.web.fhir.interactions.write_response import respond_to_write
from sickbay.web.fhir.response import FhirResponse


async def handle(context: FhirContext, request: AccessRequest) -> FhirResponse:
    body = context.access.decision.context.body
    return await respond_to_write(context, request, body if isinstance(body, Body) else None)
