"""create: a new resource, with an id that the server chooses. With If-None-Exist only if nothing matches.

https://hl7.org/fhir/R4/http.html#create
"""

from __future__ import annotations

from sickbay.authorization.requests import AccessRequest
from sickbay.web.fhir.context import FhirContext
from sickbay.web.fhir.interactions.write import write
from sickbay.web.fhir.response import FhirResponse


async def handle(context: FhirContext, request: AccessRequest) -> FhirResponse:
    return await write(context, request)
