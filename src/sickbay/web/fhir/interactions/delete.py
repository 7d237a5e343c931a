"""delete: a resource by its address, or the resources that a condition matches.

https://hl7.org/fhir/R4/http.html#delete
"""

from __future__ import annotations

from sickbay.authorization.requests import AccessRequest
from sickbay.web.fhir.context import FhirContext
from sickbay.web.fhir.interactions.write import write
from sickbay.web.fhir.response import FhirResponse


async def handle(context: FhirContext, request: AccessRequest) -> FhirResponse:
    return await write(context, request)
