"""Reads a FHIR request: its body within the limits, its parameters, its search or condition."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from msgspec import structs

from sickbay.authorization.access import writes
from sickbay.authorization.access.search import find_missing_id
from sickbay.authorization.requests import AccessRequest
from sickbay.fhir import body as bodies
from sickbay.fhir import history, preconditions, subset
from sickbay.fhir.body import Body
from sickbay.fhir.media import Media
from sickbay.fhir.operations import parameters as operation_parameters
from sickbay.fhir.outcome import Issue
from sickbay.fhir.request_error import RequestError
from sickbay.fhir.routing import Misrouted, Route
from sickbay.fhir.search import parser as search_parser
from sickbay.fhir.search.query import Query
from sickbay.fhir.search.routes import SEARCHES, find_types, is_strict, search_of
from sickbay.fhir.versions import VERSIONS
from sickbay.protocol.parameters import Parameters, parse
from sickbay.services.writing import saving
from sickbay.web.fhir import binary
from sickbay.web.fhir.context import FhirBase
from sickbay.web.fhir.response import FhirResponse, issue_response
from sickbay.web.http_request import QUESTIONS, check_text, check_values, count_body, decompress, receive_bytes, sent_length

FORM = "application/x-www-form-urlencoded"
GZIP = frozenset(("gzip", "x-gzip"))
WRITES = frozenset(("create", "update", "patch", "delete"))
BODIED = frozenset((*WRITES, "batch", "operation"))
"""Interactions whose body may be a resource."""
PARSED = frozenset(("create", "update"))
"""Interactions whose body is a resource that the checks examine."""
RESOURCE_LIMIT, BUNDLE_LIMIT = 8_000_000, 24_000_000
"""Maximum bytes of a body."""
LARGE = 200_000
"""Size in bytes from which a body is decoded or encoded on a thread, so that other requests don't wait."""


class BodyRejected(Exception):
    """Raised if a body can't be decompressed. response: for the client."""

    def __init__(self, response: FhirResponse) -> None:
        super().__init__(response.status)
        self.response = response


def body_limit(routed: Route | Misrouted) -> int:
    """Maximum bytes of this request's body."""
    if isinstance(routed, Misrouted) or routed.interaction not in BODIED:
        return QUESTIONS
    return BUNDLE_LIMIT if routed.interaction == "batch" else RESOURCE_LIMIT


def is_bulky(headers: Mapping[str, str]) -> bool:
    """Whether the body is large, compressed or of unknown length, so that access is decided before it is received."""
    length = sent_length(headers)
    return length is None or length > LARGE or _content_coding(headers) != "identity"


async def receive_body(
    version: str, receive: Callable[[], Any], headers: Mapping[str, str], routed: Route | Misrouted
) -> bytes:
    """Receive the body.

    Raises UnreadableRequest if it is too large or isn't valid UTF-8, and BodyRejected if it can't be decompressed.
    """
    limit, length, coding = body_limit(routed), sent_length(headers) or 0, _content_coding(headers)
    raw = await receive_bytes(receive, limit) if length <= limit else b""
    if coding != "identity" and len(raw) <= limit:
        raw = await _decompress_body(version, raw, coding, limit)
    if len(raw) > limit or length > limit:
        raise count_body(limit)
    if len(raw) > LARGE:
        check_values(raw)
    if is_form(headers):
        check_text("form", raw)
    return raw


def text_of(raw: bytes, routed: Route | Misrouted) -> str:
    """The body as text. Raises UnreadableRequest if it is a Bundle that isn't valid UTF-8."""
    body = raw.decode("utf-8", "replace")
    if "\ufffd" in body and isinstance(routed, Route) and routed.interaction == "batch" and body.encode() != raw:
        check_text("body", raw)
    return body


async def _decompress_body(version: str, raw: bytes, coding: str, limit: int) -> bytes:
    """Decompress the body (RFC 9110, 8.4 and 15.5.16)."""
    if coding not in GZIP:
        text = f"The Content-Encoding {coding} isn't supported. Send the body as gzip or uncompressed."
        response = issue_response(version, 415, Issue("not-supported", text))
        raise BodyRejected(structs.replace(response, headers=[*response.headers, (b"accept-encoding", b"gzip")]))
    try:
        return await asyncio.to_thread(decompress, raw, limit)
    except ValueError as error:
        text = f"The gzip body can't be decompressed: {error}."
        raise BodyRejected(issue_response(version, 400, Issue("structure", text))) from None


def _content_coding(headers: Mapping[str, str]) -> str:
    return headers.get("content-encoding", "identity").lower()


def is_form(headers: Mapping[str, str]) -> bool:
    return headers.get("content-type", "").lower().startswith(FORM)


def access_request(
    base: FhirBase, method: str, query: str, headers: Mapping[str, str], path: str, routed: Route | Misrouted, body: str = ""
) -> AccessRequest:
    """The request as authorization sees it. A conditional create searches first, so it needs the letters of a search too."""
    parameters = parse(query)
    if body and is_form(headers):
        parameters = Parameters((*parameters.pairs, *parse(body).pairs), parameters.raw)
    url = f"{base.url}{path}?{query}" if query else f"{base.url}{path}"
    if not isinstance(routed, Route):
        return AccessRequest(method, base.url, path, parameters, headers, url=url, body=body)
    letters, interaction = routed.letters, routed.interaction
    involved: tuple[str, ...] = ()
    if interaction in SEARCHES:
        involved = find_types(base.version, routed.type, parameters.pairs)
    elif interaction == "operation":
        involved = operation_parameters.list_types(base.version, routed, parameters.pairs, body)
    elif interaction == "create" and "if-none-exist" in headers:
        letters = "cs"
    return AccessRequest(
        method, base.url, path, parameters, headers, routed.type, routed.id, interaction, letters, involved, url, body
    )


def query_of(base: FhirBase, request: AccessRequest, routed: Route | Misrouted) -> Query | tuple[RequestError, ...] | None:
    """Parse the search, or the condition of a write. Returns the query or all errors; None if there is no query."""
    interaction, pairs = request.interaction, request.parameters.pairs
    if interaction in SEARCHES and isinstance(routed, Route):
        strict = is_strict(base.tenant.server.policy.strict_search, request.headers.get("prefer", ""))
        return search_of(base.version, routed, pairs, base=base.url, strict=strict)
    if interaction in ("read", "vread"):
        part = subset.read_part(base.version, request.type, pairs) if pairs else None
        return part if isinstance(part, tuple) and not isinstance(part, subset.Part) else None
    if interaction in history.INTERACTIONS:
        return _history_errors(base, request)
    if interaction == "operation" and isinstance(routed, Route):
        lenient = preconditions.read_handling(request.headers.get("prefer")) == "lenient"
        return operation_parameters.find_errors(base.version, routed, pairs, request.body, lenient) or None
    return read_condition(base, request)


def _history_errors(base: FhirBase, request: AccessRequest) -> tuple[RequestError, ...] | None:
    strict = is_strict(base.tenant.server.policy.strict_search, request.headers.get("prefer", ""))
    parsed = history.parse(request.parameters.pairs, strict)
    part = subset.read_part(base.version, request.type, request.parameters.pairs)
    faults = () if isinstance(parsed, history.HistoryParams) else parsed
    return (*faults, *(() if isinstance(part, subset.Part) else part)) or None


def read_condition(base: FhirBase, request: AccessRequest) -> Query | tuple[RequestError, ...] | None:
    """The search of a conditional write; None if the address says which resource is meant."""
    criteria = writes.read_condition(request)
    if criteria is None or request.type is None:
        return None
    if missing := find_missing_id(request):
        return missing
    pairs = parse(preconditions.extract_criteria(criteria, request.type)).pairs
    query = search_parser.parse(base.version, request.type, pairs, base=base.url, strict=True)
    if not isinstance(query, Query) or query.narrows:
        return query
    place = "If-None-Exist" if request.interaction == "create" else "the URL"
    return (RequestError("fhir-condition-empty", place, criteria, request.type),)


def request_errors_of(
    version: str, routed: Route | Misrouted, media: Media, query: Query | tuple[RequestError, ...] | None
) -> tuple[RequestError, ...]:
    """Returns the errors in the address, the format and the search, in this order."""
    faults = query if isinstance(query, tuple) else ()
    if media.content_type is None:
        faults = (RequestError("fhir-accept-unsupported", "Accept", media.asked, VERSIONS[version].json), *faults)
    return (routed.fault, *faults) if isinstance(routed, Misrouted) and routed.fault else faults


def parse_body(base: FhirBase, request: AccessRequest, raw: bytes) -> Body:
    """The resource of a create or update. Without an Authorization header nothing is parsed."""
    if "authorization" not in request.headers:
        return Body("it wasn't read", {})
    assert request.type is not None
    id = request.id or (saving.new_id(base.sandbox.runtime) if request.interaction == "create" else "")
    if request.type == "Binary" and (body := binary.body_of(base, request, id, raw)) is not None:
        return body
    return bodies.read(base.version, request.type, id, raw, base.url, request.headers.get("content-type"))
