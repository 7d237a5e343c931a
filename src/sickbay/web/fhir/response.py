"""A response of the FHIR API: its parts, its format, and how it is sent."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from email.utils import formatdate
from functools import lru_cache
from typing import Any, NamedTuple

from sickbay.fhir import lossless_json
from sickbay.fhir.media import Media, negotiate
from sickbay.fhir.outcome import Issue, outcome
from sickbay.fhir.preconditions import unmodified
from sickbay.fhir.subset import Part, asked, subset
from sickbay.fhir.versions import VERSIONS
from sickbay.fhir.xml import writer as xml_writer
from sickbay.kernel.budget import HELD, pause
from sickbay.protocol.parameters import Parameters
from sickbay.services.access import AccessResult
from sickbay.storage.interface import Stored

Headers = list[tuple[bytes, bytes]]
ALWAYS = (
    (b"cache-control", b"no-store"),
    (b"vary", b"Origin, Accept, Authorization"),
    (b"x-content-type-options", b"nosniff"),
)
PIECE = 131_072
"""Bytes sent at once."""


class FhirResponse(NamedTuple):
    """loggable: the journal may keep the body, which holds no patient's data. stream: a body in pieces.

    access: the decision to record, if it isn't the one that granted the request.
    """

    status: int
    body: bytes
    headers: Headers
    loggable: bool = False
    stream: AsyncIterator[bytes] | None = None
    access: AccessResult | None = None


def issue_response(version: str, status: int, *issues: Issue) -> FhirResponse:
    """An OperationOutcome in JSON. `negotiate_format` turns it into XML."""
    type = (negotiate(version, None).content_type or "").encode()
    return FhirResponse(status, outcome(version, issues), [(b"content-type", type)], loggable=True)


def absent(version: str, type: str, id: str) -> FhirResponse:
    """The same response for a resource that the token may not see and for one that doesn't exist."""
    return issue_response(version, 404, Issue("not-found", f"There is no {type}/{id} that this token may see."))


def version_headers(version_id: int, at: int) -> Headers:
    """ETag and Last-Modified. at: epoch milliseconds."""
    return [(b"etag", f'W/"{version_id}"'.encode()), (b"last-modified", modified(at // 1000))]


def resource_response(stored: Stored, sent: Mapping[str, str], content: Headers) -> FhirResponse:
    """A stored version, or 304 if the client has it (R4, 3.1.0.2 and RFC 9110, 13.2.2). sent: headers of the request."""
    headers = version_headers(stored.version_id, stored.at)
    conditional = "if-none-match" in sent or "if-modified-since" in sent
    if conditional and unchanged(sent, headers[0][1].decode(), headers[1][1].decode()):
        return FhirResponse(304, b"", headers)
    return FhirResponse(200, stored.body, [*content, *headers])


@lru_cache(maxsize=1024)
def modified(at: int) -> bytes:
    """The value of Last-Modified. at: epoch seconds, cached because sample patients share a few values."""
    return formatdate(at, usegmt=True).encode()


def unchanged(headers: Mapping[str, str], etag: str, modified: str) -> bool:
    """If-None-Match wins over If-Modified-Since (RFC 9110 13.2.2)."""
    if "if-none-match" in headers:
        sent = {tag.strip().removeprefix("W/").strip('"') for tag in headers["if-none-match"].split(",")}
        return "*" in sent or etag.removeprefix("W/").strip('"') in sent
    return unmodified(headers.get("if-modified-since"), modified)


def subset_of(version: str, type: str, response: FhirResponse, parameters: Parameters) -> FhirResponse:
    """The part of a resource that _summary or _elements selects."""
    if not parameters.pairs or response.status != 200:
        return response
    part = asked(version, type, parameters.pairs)
    if not isinstance(part, Part):
        return response
    return response._replace(body=subset(version, type, response.body, part.summary, part.elements))


def negotiate_format(version: str, response: FhirResponse, media: Media, parameters: Parameters) -> FhirResponse:
    """Convert the response to XML or indent it, if the client asked for that. Only bodies with resources are converted."""
    pretty = parameters.get("_pretty") == "true"
    if not (media.xml or pretty) or not response.body or not _is_resource(version, response):
        return response
    resource = lossless_json.loads(response.body)
    if not media.xml:
        return response._replace(body=lossless_json.dumps(resource, pretty=True))
    headers = [(name, value) for name, value in response.headers if name != b"content-type"]
    type = (media.content_type or "").encode()
    body = xml_writer.dumps(version, resource, pretty=pretty)
    return response._replace(body=body, headers=[(b"content-type", type), *headers])


def _is_resource(version: str, response: FhirResponse) -> bool:
    """Whether the Content-Type is that of a resource. NDJSON and plain JSON have others."""
    type = dict(response.headers).get(b"content-type", b"").decode().partition(";")[0]
    return type in (VERSIONS[version].json, VERSIONS[version].xml)


async def send_response(
    send: Callable[[Any], Any], method: str, response: FhirResponse, cors: Sequence[tuple[bytes, bytes]], id: str
) -> None:
    """cors: the headers that let a page read the response. id: of the exchange."""
    body = response.body
    headers = [*response.headers, *cors, (b"x-correlation-id", id.encode()), *ALWAYS]
    if response.stream is not None:
        await _send_stream(send, method, response.status, headers, response.stream)
        return
    if response.status not in (204, 304):
        headers.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    if len(body) > PIECE and method != "HEAD":
        await _send_in_pieces(send, body)
    else:
        await send({"type": "http.response.body", "body": b"" if method == "HEAD" else body})


async def _send_in_pieces(send: Callable[[Any], Any], body: bytes) -> None:
    """Send at the client's pace. The body stays in memory, and counts as held, until the last byte is sent."""
    with HELD.of(len(body)):
        for start in range(0, len(body), PIECE):
            end = start + PIECE
            await send({"type": "http.response.body", "body": body[start:end], "more_body": end < len(body)})


async def _send_stream(
    send: Callable[[Any], Any], method: str, status: int, headers: Headers, pieces: AsyncIterator[bytes]
) -> None:
    """Send each piece as it is generated: a file of an export may be larger than memory."""
    await send({"type": "http.response.start", "status": status, "headers": headers})
    if method != "HEAD":
        async for piece in pieces:
            await send({"type": "http.response.body", "body": piece, "more_body": True})
            await pause()
    await send({"type": "http.response.body", "body": b""})
