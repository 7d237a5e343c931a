"""Checks of client_id (RFC 6749 2.2, 4.1.1): that it is sent, registered and enabled for this tenant."""

from __future__ import annotations

from sickbay.authorization.authorize.parameters import read_audience, resource_facts
from sickbay.authorization.checks import check
from sickbay.authorization.contexts import AuthorizeContext
from sickbay.authorization.likely_clients import guess_client
from sickbay.authorization.models import Client, Server
from sickbay.authorization.refusals import authorize as refusals
from sickbay.authorization.requests import AuthorizeRequest
from sickbay.kernel.checks import Refusal
from sickbay.protocol import urls


@check()
def url_belongs_to_a_hospital(request: AuthorizeRequest, context: AuthorizeContext) -> Refusal | None:
    if not context.elsewhere:
        return None
    endpoint = context.server.authorization_endpoint if isinstance(context.server, Server) else None
    return refusals.TENANT_UNKNOWN(received=context.elsewhere, expected=endpoint)


@check(requires=("server",))
def url_is_the_authorization_endpoint(request: AuthorizeRequest, context: AuthorizeContext) -> Refusal | None:
    if not context.misdirected:
        return None
    endpoint = context.server.authorization_endpoint if isinstance(context.server, Server) else ""
    facts = {"received": request.url, "expected": endpoint, "endpoint": endpoint}
    return refusals.AUTHORIZE_ENDPOINT_NOT_DISCOVERED.with_facts(facts)


@check()
def client_id_is_sent(request: AuthorizeRequest, context: AuthorizeContext) -> Refusal | None:
    if request.parameters.get("client_id"):
        return None
    facts = {"received": None, "others": list(context.others), **_guess_client(request, context)}
    return refusals.CLIENT_ID_MISSING.with_facts(facts)


def _guess_client(request: AuthorizeRequest, context: AuthorizeContext) -> dict[str, object]:
    sent = request.parameters
    return guess_client(sent.get("client_id"), sent.get("redirect_uri"), context.newest_clients)


@check(requires=("client",), after=(client_id_is_sent,))
def client_is_registered(request: AuthorizeRequest, context: AuthorizeContext) -> Refusal | None:
    if isinstance(context.client, Client):
        return None
    if context.document_fault is not None:
        return context.document_fault
    sent = request.parameters.get("client_id")
    coming: dict[str, object] = {} if context.live_at is None else {"live_at": context.live_at}
    facts = {"received": sent, "others": list(context.others), **coming, **_guess_client(request, context)}
    return refusals.CLIENT_ID_UNKNOWN.with_facts(facts)


@check(requires=("client", "server"), after=(client_is_registered,))
def client_is_enabled_for_this_tenant(request: AuthorizeRequest, context: AuthorizeContext) -> Refusal | None:
    client, server = context.client, context.server
    if not isinstance(client, Client) or not isinstance(server, Server) or client.enabled_tenants is None:
        return None
    tenant = _tenant_of_aud(read_audience(request) or "", server.tenants)
    if tenant is None or tenant in client.enabled_tenants:
        return None
    enabled = list(client.enabled_tenants)
    facts = {"received": client.client_id, "tenant": tenant, "enabled": enabled, **resource_facts(request)}
    return refusals.CLIENT_NOT_ENABLED_FOR_TENANT.with_facts(facts)


def _tenant_of_aud(aud: str, tenants: tuple[str, ...]) -> str | None:
    """Returns the tenant in the path of aud, or the only tenant."""
    segments = urls.split(aud).path.split("/")
    return next((tenant for tenant in tenants if tenant in segments), tenants[0] if len(tenants) == 1 else None)
