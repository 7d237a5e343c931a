"""CORS on FHIR and token addresses: for any origin without credentials, and with them if the hospital's policy says so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sickbay.operations import origins
from sickbay.operations.context import Tenant
from sickbay.operations.journal import Wire
from sickbay.sandbox.sandbox import Sandbox
from sickbay.web.doors import cors, cors_with

Lines = tuple[tuple[bytes, bytes], ...]
_ANY: Final = b"access-control-allow-origin"
_VARIES: Final = (b"vary", b"Origin")
"""While the policy is on the answers differ by origin, and a cache must not mix them up (Fetch, CORS protocol)."""


async def readable(sandbox: Sandbox, tenant: Tenant, scope: Mapping[str, Any], headers: Mapping[str, str]) -> Lines:
    """The headers by which a page may read this answer; none if the hospital withholds it."""
    if scope["state"].get("withheld"):
        return ()
    origin, asked = headers.get("origin"), headers.get("access-control-request-headers")
    allowed = cors_with(asked) if asked and origin else cors(origin)
    if not tenant.policy.credentialed_cors:
        return allowed
    if origin is None or not await origins.credentialed(sandbox.world, tenant, origin):
        return (*allowed, _VARIES)
    own = (_ANY, origin.encode("latin-1"))
    others = (line for line in allowed if line[0] != _ANY)
    return (own, (b"access-control-allow-credentials", b"true"), *others, _VARIES)


def is_preflight(method: str, headers: Mapping[str, str]) -> bool:
    return method == "OPTIONS" and "origin" in headers and "access-control-request-method" in headers


def keep_preflight(
    sandbox: Sandbox, tenant: Tenant, id: str, url: str, headers: Mapping[str, str], answered: Sequence[tuple[bytes, bytes]]
) -> None:
    """The preflight as an exchange: if the browser then blocks the request, nothing else tells why."""
    wire = Wire("OPTIONS", url, dict(headers))
    origins.hold(sandbox.journal, tenant, id, wire, 204, answered)
