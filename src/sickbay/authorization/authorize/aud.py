"""Checks of aud (SMART 2.2, authorize request), which names the server that the token is for, or resource (RFC 8707)."""

from __future__ import annotations

from sickbay.authorization.authorize.parameters import find_target, is_agent, read_audience
from sickbay.authorization.checks import check
from sickbay.authorization.contexts import AuthorizeContext
from sickbay.authorization.models import Client, Server
from sickbay.authorization.refusals import authorize as refusals
from sickbay.authorization.requests import AuthorizeRequest
from sickbay.fhir.versions import VERSIONS
from sickbay.kernel.checks import Refusal
from sickbay.kernel.similar_names import count_common_start
from sickbay.protocol import urls


@check()
def aud_is_sent(request: AuthorizeRequest, context: AuthorizeContext) -> Refusal | None:
    if read_audience(request) or not context.smart or _has_default(context):
        return None
    if is_agent(context.client):
        return refusals.MCP_RESOURCE_MISSING(received=None, parameter="resource")
    bases = list(list_likely_bases(context.server, context)) if isinstance(context.server, Server) else []
    facts = {
        "received": None,
        "audience": request.parameters.get("audience"),
        "bases": bases,
        "base": bases[0] if bases else "FHIR-BASE-URL-OF-YOUR-LAUNCH",
        "note": "the iss of the launch",
        **_find_resource(context),
    }
    return refusals.AUD_MISSING.with_facts(facts)


def _find_resource(context: AuthorizeContext) -> dict[str, object]:
    """Returns the MCP server whose tokens this app introspects, if there is one."""
    server, client = context.server, context.client
    if not isinstance(server, Server) or not isinstance(client, Client):
        return {}
    urls_served = [resource.url for resource in server.resources if resource.client_id == client.client_id]
    return {"serves": urls_served[0]} if urls_served else {}


def _has_default(context: AuthorizeContext) -> bool:
    """Whether a request without aud and resource gets a token for the app's FHIR base."""
    policy = context.server.policy.missing_resource if isinstance(context.server, Server) else "refuse"
    return policy == "default" or (policy == "agents" and is_agent(context.client))


@check(requires=("server",), after=(aud_is_sent,))
def aud_is_a_fhir_base_of_this_server(request: AuthorizeRequest, context: AuthorizeContext) -> Refusal | None:
    server = context.server
    if not isinstance(server, Server) or not server.fhir_bases or not read_audience(request):
        return None
    wire = [request.as_sent(name) or "" for name in ("aud", "resource")]
    encoded_twice = any(urls.is_encoded_twice(value) for value in wire)
    if find_target(request, server) and not encoded_twice:
        return None
    if not request.parameters.get("aud") and not encoded_twice:
        return _refuse_resource(request.parameters.get("resource") or "", server, context)
    facts = {
        "received": request.as_sent("aud") or request.as_sent("resource"),
        "bases": list(list_likely_bases(server, context)),
        "closest": find_nearest(read_audience(request) or "", list_likely_bases(server, context)),
        "endpoints": [server.authorization_endpoint, server.token_endpoint],
    }
    return refusals.AUD_MISMATCH.with_facts(facts)


def _refuse_resource(resource: str, server: Server, context: AuthorizeContext) -> Refusal:
    """An unknown resource has its own error code (RFC 8707 2). Clients that send it don't know `aud`."""
    known = (*[registered.url for registered in server.resources], *list_likely_bases(server, context))
    facts = {"received": resource, "resources": list(known), "closest": find_nearest(resource, known)}
    return refusals.MCP_RESOURCE_UNKNOWN.with_facts(facts)


def list_likely_bases(server: Server, context: AuthorizeContext) -> tuple[str, ...]:
    """Returns the server's bases; those of the FHIR version that the app is registered for come first."""
    version = VERSIONS.get(context.client.fhir) if isinstance(context.client, Client) else None
    number = version.number if version else None
    return tuple(sorted(server.fhir_bases, key=lambda base: server.fhir_versions.get(base) != number))


def find_nearest(aud: str, bases: tuple[str, ...]) -> str:
    """Returns the base that shares the longest prefix with `aud`; the first one if several do."""
    return max(bases, key=lambda base: count_common_start(base.lower(), aud.lower()))
