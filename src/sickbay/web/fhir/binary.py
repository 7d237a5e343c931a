"""Binary over HTTP: as a resource, or as its content. Content is sent as an attachment that no browser runs.

https://hl7.org/fhir/R4/binary.html#rest
"""

from __future__ import annotations

from msgspec import structs

from sickbay.authorization.requests import AccessRequest
from sickbay.fhir import binary, lossless_json
from sickbay.fhir import body as bodies
from sickbay.fhir.body import Body
from sickbay.fhir.media import body_kind
from sickbay.web.fhir.context import FhirBase
from sickbay.web.fhir.response import FhirResponse

HARMLESS = ((b"content-disposition", b"attachment"), (b"content-security-policy", b"default-src 'none'; sandbox"))


def is_raw(request: AccessRequest) -> bool:
    """Whether the request reads the content of a Binary rather than the resource."""
    return (
        request.type == "Binary"
        and request.interaction in ("read", "vread")
        and binary.is_wanted_raw(request.headers.get("accept"), request.parameters.get("_format"))
    )


def content_of(response: FhirResponse) -> FhirResponse:
    """The content of the resource in the response. A refusal stays as it is."""
    if response.status != 200:
        return response
    content = binary.read_content(lossless_json.loads(response.body))
    headers = [header for header in response.headers if header[0] != b"content-type"]
    return structs.replace(response, body=content.data, headers=[*headers, (b"content-type", content.type.encode()), *HARMLESS])


def body_of(base: FhirBase, request: AccessRequest, id: str, data: bytes) -> Body | None:
    """The body of a write that was sent as content; None if it was sent as a resource."""
    kind = request.headers.get("content-type", binary.OPAQUE)
    if body_kind(base.version, kind) is not None:
        return None
    resource = binary.make_binary(base.version, kind, data, request.headers.get("x-security-context"))
    if request.interaction == "update":
        resource["id"] = request.id
    return bodies.make_body(base.version, "Binary", id, resource, base.url)
