"""A Binary over HTTP: as a resource, or as what it holds; then as a file to be kept, which no browser runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sickbay.authorization.requests import AccessRequest
from sickbay.fhir import binary, written
from sickbay.fhir import body as bodies
from sickbay.fhir.body import Body
from sickbay.fhir.media import body_kind
from sickbay.web.fhir_answer import Answer

if TYPE_CHECKING:
    from sickbay.web.interactions import Interactions

HARMLESS = (
    (b"content-disposition", b"attachment"),
    (b"content-security-policy", b"default-src 'none'; sandbox"),
)


def is_raw(request: AccessRequest) -> bool:
    """A read of a Binary that wants what it holds."""
    return (
        request.type == "Binary"
        and request.interaction in ("read", "vread")
        and binary.is_wanted_raw(request.headers.get("accept"), request.parameters.get("_format"))
    )


def raw(answer: Answer) -> Answer:
    """The content of the resource in the answer; what is refused stays as it is."""
    if answer.status != 200:
        return answer
    held = binary.content(written.loads(answer.body))
    kept = [one for one in answer.headers if one[0] != b"content-type"]
    return answer._replace(body=held.data, headers=[*kept, (b"content-type", held.type.encode()), *HARMLESS])


def sent(door: Interactions, request: AccessRequest, id: str, data: bytes) -> Body | None:
    """The body of a write that came as what it is; None where it came as a resource."""
    kind = request.headers.get("content-type", binary.OPAQUE)
    if body_kind(door.version, kind) is not None:
        return None
    made = binary.wrapped(door.version, kind, data, request.headers.get("x-security-context"))
    if request.interaction == "update":
        made["id"] = request.id
    return bodies.of(door.version, "Binary", id, made, door.base)
