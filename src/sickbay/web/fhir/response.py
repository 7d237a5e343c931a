"""A response of the FHIR API: its parts and its format."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from email.utils import formatdate
from functools import lru_cache

from msgspec import Struct, structs

from sickbay.fhir import lossless_json
from sickbay.fhir.media import Media, json_type
from sickbay.fhir.outcome import Issue, make_outcome
from sickbay.fhir.preconditions import is_unmodified
from sickbay.fhir.subset import Part, make_subset, read_part
from sickbay.fhir.versions import VERSIONS
from sickbay.fhir.xml import writer as xml_writer
from sickbay.protocol.parameters import Parameters
from sickbay.services.access import AccessResult
from sickbay.services.empty_searches.memory import EmptySearch
from sickbay.storage.answers import Stored

Headers = list[tuple[bytes, bytes]]


class FhirResponse(Struct, frozen=True):
    """loggable: the journal may keep the body, which holds no patient's data. stream: a body in pieces.

    access: the decision to record, if it isn't the one that granted the request. empty: a search to explain afterwards.
    """

    status: int
    body: bytes
    headers: Headers
    loggable: bool = False
    stream: AsyncIterator[bytes] | None = None
    access: AccessResult | None = None
    empty: EmptySearch | None = None


def issue_response(version: str, status: int, *issues: Issue) -> FhirResponse:
    """An OperationOutcome in JSON. `negotiate_format` turns it into XML."""
    content = [(b"content-type", json_type(version).encode())]
    return FhirResponse(status, make_outcome(version, issues), content, loggable=True)


def respond_not_found(version: str, type: str, id: str) -> FhirResponse:
    """Returns the same response for a resource that the token may not see and for one that doesn't exist."""
    return issue_response(version, 404, Issue("not-found", f"There is no {type}/{id} that this token may see."))


def version_headers(version_id: int, at: int) -> Headers:
    """ETag and Last-Modified. at: epoch milliseconds."""
    return [(b"etag", f'W/"{version_id}"'.encode()), (b"last-modified", format_last_modified(at // 1000))]


def resource_response(stored: Stored, sent: Mapping[str, str], content: Headers) -> FhirResponse:
    """A stored version, or 304 if the client has it (R4, 3.1.0.2 and RFC 9110, 13.2.2). sent: headers of the request."""
    headers = version_headers(stored.version_id, stored.at)
    conditional = "if-none-match" in sent or "if-modified-since" in sent
    if conditional and is_unchanged(sent, headers[0][1].decode(), headers[1][1].decode()):
        return FhirResponse(304, b"", headers)
    return FhirResponse(200, stored.body, [*content, *headers])


@lru_cache(maxsize=1024)
def format_last_modified(at: int) -> bytes:
    """The value of Last-Modified. at: epoch seconds, cached because sample patients share a few values."""
    return formatdate(at, usegmt=True).encode()


def is_unchanged(headers: Mapping[str, str], etag: str, modified: str) -> bool:
    """If-None-Match takes precedence over If-Modified-Since (RFC 9110 13.2.2)."""
    if "if-none-match" in headers:
        sent = {tag.strip().removeprefix("W/").strip('"') for tag in headers["if-none-match"].split(",")}
        return "*" in sent or etag.removeprefix("W/").strip('"') in sent
    return is_unmodified(headers.get("if-modified-since"), modified)


def subset_of(version: str, type: str, response: FhirResponse, parameters: Parameters) -> FhirResponse:
    """The part of a resource that _summary or _elements selects."""
    if not parameters.pairs or response.status != 200:
        return response
    part = read_part(version, type, parameters.pairs)
    if not isinstance(part, Part):
        return response
    return structs.replace(response, body=make_subset(version, type, response.body, part.summary, part.elements))


def negotiate_format(version: str, response: FhirResponse, media: Media, parameters: Parameters) -> FhirResponse:
    """Convert the response to XML or indent it, if the client asked for that. Only bodies with resources are converted."""
    pretty = parameters.get("_pretty") == "true"
    if not (media.xml or pretty) or not response.body or not _is_resource(version, response):
        return response
    resource = lossless_json.loads(response.body)
    if not media.xml:
        return structs.replace(response, body=lossless_json.dumps(resource, pretty=True))
    headers = [(name, value) for name, value in response.headers if name != b"content-type"]
    type = (media.content_type or "").encode()
    body = xml_writer.dumps(version, resource, pretty=pretty)
    return structs.replace(response, body=body, headers=[(b"content-type", type), *headers])


def _is_resource(version: str, response: FhirResponse) -> bool:
    """Whether the Content-Type is that of a resource. NDJSON and plain JSON have others."""
    type = dict(response.headers).get(b"content-type", b"").decode().partition(";")[0]
    return type in (VERSIONS[version].json, VERSIONS[version].xml)
