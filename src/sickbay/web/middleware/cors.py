"""CORS on FHIR and token addresses: for any origin without credentials, and with them if the hospital's policy says so."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from sickbay.sandbox.sandbox import Sandbox
from sickbay.services import origins
from sickbay.services.context import Tenant
from sickbay.services.redaction.redaction import RecordedRequest
from sickbay.web.http_request import RequestState, get_first_segment, get_peer, make_address, state_of

Lines = tuple[tuple[bytes, bytes], ...]
_ANY: Final = b"access-control-allow-origin"
_VARIES: Final = (b"vary", b"Origin")
"""While the policy is on, responses differ by origin, and a cache must not mix them up (Fetch, CORS protocol)."""


EXPOSED: Final = "Location, Content-Location, ETag, Last-Modified, WWW-Authenticate, Retry-After, X-Progress, X-Correlation-Id"
ALLOWED: Final = (
    "Authorization, Content-Type, Accept, Prefer, If-Match, If-None-Match, If-None-Exist, If-Modified-Since, X-Requested-With"
)

MOST_ASKED: Final = 1000
"""Maximum number of characters of Access-Control-Request-Headers that are read. Browsers send a few dozen."""
_HEADER_NAMES: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+(?:[ \t]*,[ \t]*[!#$%&'*+.^_`|~0-9A-Za-z-]+)*")
_CORS: Final = ((b"access-control-allow-origin", b"*"), (b"access-control-expose-headers", EXPOSED.encode()))
_CORS_TO_A_PAGE: Final = (
    *_CORS,
    (b"access-control-allow-methods", b"GET, POST, PUT, PATCH, DELETE, HEAD, OPTIONS"),
    (b"access-control-allow-headers", ALLOWED.encode()),
    (b"access-control-max-age", b"600"),
)


def list_cors_headers(origin: str | None) -> tuple[tuple[bytes, bytes], ...]:
    """The CORS headers for any origin, without credentials. origin: None if the request has no Origin header."""
    return _CORS_TO_A_PAGE if origin else _CORS


def cors_with(requested: str) -> tuple[tuple[bytes, bytes], ...]:
    """The CORS headers of a preflight that names headers.

    Clients send their own, such as X-Medplum, and "*" doesn't cover them if there are credentials. A value that isn't a list
    of header names is ignored.
    """
    if len(requested) > MOST_ASKED or not _HEADER_NAMES.fullmatch(requested):
        return _CORS_TO_A_PAGE
    listed = set(ALLOWED.lower().split(", "))
    extra = [name for name in dict.fromkeys(name.strip(" \t") for name in requested.split(",")) if name.lower() not in listed]
    allowed = (b"access-control-allow-headers", ", ".join((ALLOWED, *extra)).encode())
    return tuple(allowed if line[0] == allowed[0] else line for line in _CORS_TO_A_PAGE)


def lines_without_origin(tenant: Tenant, state: RequestState) -> Lines | None:
    """Returns the headers for a request without an Origin header, as most are; None if `allow_reading` decides."""
    return None if state.withheld or "origin" in state.headers or tenant.server.policy.credentialed_cors else _CORS


async def allow_reading(sandbox: Sandbox, tenant: Tenant, state: RequestState, method: str) -> Lines:
    """The headers that let a page read this response; none if the hospital withholds it."""
    if state.withheld:
        return ()
    origin = state.headers.get("origin")
    requested = state.headers.get("access-control-request-headers") if method == "OPTIONS" else None
    allowed = _CORS if origin is None else cors_with(requested) if requested and origin else list_cors_headers(origin)
    if not tenant.server.policy.credentialed_cors:
        return allowed
    if origin is None or not await origins.allows_credentials(sandbox.runtime, tenant, origin):
        return (*allowed, _VARIES)
    own = (_ANY, origin.encode("latin-1"))
    remaining = (line for line in allowed if line[0] != _ANY)
    return (own, (b"access-control-allow-credentials", b"true"), *remaining, _VARIES)


def is_preflight(method: str, headers: Mapping[str, str]) -> bool:
    return method == "OPTIONS" and "origin" in headers and "access-control-request-method" in headers


ANY_ORIGIN_ROUTE: Final = "open"
"""The name of routes whose responses a page of any origin may read."""


def preflight_of_any_origin(request: Request) -> Response:
    """Allow the request itself. Without this a browser hides its response, also one that says why the address is wrong."""
    response = Response(status_code=204)
    response.raw_headers.extend(cors_with(request.headers.get("access-control-request-headers", "")))
    return response


def keep_preflight(
    sandbox: Sandbox, tenant: Tenant, scope: Mapping[str, Any], url: str, response_headers: Sequence[tuple[bytes, bytes]]
) -> None:
    """Record the preflight as an exchange: if the browser then blocks the request, there is no other trace of it."""
    state: RequestState = scope["state"]
    recorded = RecordedRequest("OPTIONS", url, dict(state.headers), client=get_peer(scope))
    origins.record_preflight(sandbox.journal, tenant, state.exchange, recorded, 204, response_headers)


async def allow_origins(request: Request, sandbox: Sandbox, response: Response) -> Response:
    """Let pages of other origins read the response of an endpoint that is open to them, unless a policy forbids it."""
    state = state_of(request.scope)
    if state.open_to == "credentials":
        tenant = sandbox.runtime.tenants[get_first_segment(request.scope)]
        lines = await allow_reading(sandbox, tenant, state, request.method)
        response.raw_headers.extend(lines)
        if is_preflight(request.method, state.headers):
            keep_preflight(sandbox, tenant, request.scope, make_address(request.scope, sandbox.runtime.base), lines)
    elif state.open_to and not state.withheld:
        requested = request.headers.get("access-control-request-headers") if request.method == "OPTIONS" else None
        response.raw_headers.extend(cors_with(requested) if requested else list_cors_headers(request.headers.get("origin")))
    return response
