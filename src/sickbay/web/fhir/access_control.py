"""Decides whether a FHIR request is allowed: collects what is wrong with it, then asks the access checks."""

from __future__ import annotations

import asyncio

from sickbay.authorization.requests import AccessRequest
from sickbay.fhir.media import Media, negotiate
from sickbay.fhir.request_error import RequestError
from sickbay.fhir.routing import Misrouted, Route
from sickbay.fhir.search.query import Query
from sickbay.fhir.versions import VERSIONS
from sickbay.services.access import AccessResult, access
from sickbay.web.fhir.context import FhirBase
from sickbay.web.fhir.request import LARGE, parse_body


async def authorize(
    base: FhirBase,
    request: AccessRequest,
    routed: Route | Misrouted,
    media: Media,
    query: Query | tuple[RequestError, ...] | None,
    raw: bytes,
) -> AccessResult:
    """One decision on everything: the token, the address, the format, the search and the body."""
    faults = _faults(base.version, routed, media, query)
    ignored = query.ignored if isinstance(query, Query) else ()
    body = parse_body(base, request, raw) if len(raw) <= LARGE else await asyncio.to_thread(parse_body, base, request, raw)
    return await access(base.sandbox.runtime, base.tenant, base.version, request, faults, body, ignored)


async def refusal_before_the_body(base: FhirBase, request: AccessRequest, routed: Route | Misrouted) -> AccessResult | None:
    """The refusal of a client that may not send this request at all, decided before a large body is received."""
    media = negotiate(base.version, request.headers.get("accept"), request.parameters.get("_format"))
    faults = _faults(base.version, routed, media, None)
    result = await access(base.sandbox.runtime, base.tenant, base.version, request, faults, unread=True)
    refusal = result.decision.refusal
    return result if refusal is not None and refusal.status in (401, 403) else None


def _faults(
    version: str, routed: Route | Misrouted, media: Media, query: Query | tuple[RequestError, ...] | None
) -> tuple[RequestError, ...]:
    """The errors in the address, the format and the search, in this order."""
    faults = query if isinstance(query, tuple) else ()
    if media.content_type is None:
        faults = (RequestError("fhir-accept-unsupported", "Accept", media.asked, VERSIONS[version].json), *faults)
    return (routed.fault, *faults) if isinstance(routed, Misrouted) and routed.fault else faults
