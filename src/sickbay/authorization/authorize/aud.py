"""Checks of aud (SMART 2.2, authorize request), which names the FHIR server that the token is for."""

from __future__ import annotations

from sickbay.authorization.authorize.parameters import audience, base
from sickbay.authorization.checks import check
from sickbay.authorization.contexts import AuthorizeContext
from sickbay.authorization.models import Client, Server
from sickbay.authorization.refusals import authorize as refusals
from sickbay.authorization.requests import AuthorizeRequest
from sickbay.fhir.versions import VERSIONS
from sickbay.kernel.checks import Refusal
from sickbay.protocol import urls


@check()
def aud_is_sent(request: AuthorizeRequest, context: AuthorizeContext) -> Refusal | None:
    if audience(request) or not context.smart:
        return None
    bases = list(list_likely(context.server, context)) if isinstance(context.server, Server) else []
    facts = {
        "received": None,
        "audience": request.parameters.get("audience"),
        "bases": bases,
        "base": bases[0] if bases else "FHIR-BASE-URL-OF-YOUR-LAUNCH",
        "note": "the iss of the launch",
    }
    return refusals.AUD_MISSING.with_facts(facts)


@check(requires=("server",), after=(aud_is_sent,))
def aud_is_a_fhir_base_of_this_server(request: AuthorizeRequest, context: AuthorizeContext) -> Refusal | None:
    server = context.server
    if not isinstance(server, Server) or not server.fhir_bases:
        return None
    wire = [request.wire(name) or "" for name in ("aud", "resource")]
    if base(request, server) and not any(urls.is_encoded_twice(value) for value in wire):
        return None
    facts = {
        "received": request.wire("aud") or request.wire("resource"),
        "bases": list(list_likely(server, context)),
        "closest": find_nearest(audience(request) or "", list_likely(server, context)),
        "endpoints": [server.authorization_endpoint, server.token_endpoint],
    }
    return refusals.AUD_MISMATCH.with_facts(facts)


def list_likely(server: Server, context: AuthorizeContext) -> tuple[str, ...]:
    """Returns the server's bases; those of the FHIR version that the app is registered for come first."""
    version = VERSIONS.get(context.client.fhir) if isinstance(context.client, Client) else None
    number = version.number if version else None
    return tuple(sorted(server.fhir_bases, key=lambda base: server.fhir_versions.get(base) != number))


def find_nearest(aud: str, bases: tuple[str, ...]) -> str:
    """Returns the base that shares the longest prefix with `aud`; the first one if several do."""
    return max(bases, key=lambda base: _count_shared(base.lower(), aud.lower()))


def _count_shared(first: str, second: str) -> int:
    count = 0
    for a, b in zip(first, second, strict=False):
        if a != b:
            break
        count += 1
    return count
