"""Checks of resource (RFC 8707): one server, the same as in aud, and only scopes that a registered resource has."""

from __future__ import annotations

from sickbay.authorization.authorize.aud import aud_is_a_fhir_base_of_this_server
from sickbay.authorization.authorize.parameters import registered_resource, split_scope
from sickbay.authorization.authorize.scope import scope_is_sent
from sickbay.authorization.bases import base_of, find_own_base
from sickbay.authorization.checks import check
from sickbay.authorization.contexts import AuthorizeContext
from sickbay.authorization.models import Server
from sickbay.authorization.refusals import authorize as refusals
from sickbay.authorization.requests import AuthorizeRequest
from sickbay.authorization.scopes.permitted import permits_scope
from sickbay.kernel.checks import Refusal
from sickbay.protocol import scopes
from sickbay.protocol.scopes import ResourceScope


@check()
def resource_and_aud_name_one_server(request: AuthorizeRequest, context: AuthorizeContext) -> Refusal | None:
    """A token has one audience, so each value must mean the same server. Otherwise the server would have to choose."""
    if not request.parameters.get("resource"):
        return None
    resources = tuple(dict.fromkeys(filter(None, request.parameters.all("resource"))))
    aud, first = request.parameters.get("aud"), resources[0]
    if not all(_is_same(first, other, context) for other in resources[1:]):
        return refusals.MCP_RESOURCE_TWICE(
            received=list(resources), expected=_choose_suggestion(resources, context), names=["resource"]
        )
    if aud and not _is_same(aud, first, context):
        return refusals.AUD_RESOURCE_DISAGREE(received=first, expected=aud)
    return None


def _is_same(first: str, second: str, context: AuthorizeContext) -> bool:
    if base_of(second, (first,)):
        return True
    server = context.server
    meant = find_own_base(first, server) if isinstance(server, Server) else None
    return meant is not None and isinstance(server, Server) and meant == find_own_base(second, server)


def _choose_suggestion(resources: tuple[str, ...], context: AuthorizeContext) -> str:
    """The first of several resources that isn't a FHIR base: a configured one comes before one that was discovered."""
    server = context.server
    others = [url for url in resources if isinstance(server, Server) and not find_own_base(url, server)]
    return next(iter(others), resources[0])


@check(requires=("server",), after=(aud_is_a_fhir_base_of_this_server, scope_is_sent))
def scopes_belong_to_the_resource(request: AuthorizeRequest, context: AuthorizeContext) -> Refusal | None:
    """A registered resource lists the scopes of its tokens. Scopes for sign-in and context belong to every resource."""
    server = context.server
    resource = registered_resource(request, server) if isinstance(server, Server) else None
    if resource is None or not resource.scopes:
        return None
    granted = " ".join(resource.scopes)
    refused = [
        text
        for text in split_scope(request)
        if isinstance(scopes.parse(text), ResourceScope) and not permits_scope(granted, text)
    ]
    facts = {"received": refused, "resource": resource.url, "supported": list(resource.scopes), "scopes": refused}
    return refusals.MCP_SCOPE_NOT_OF_RESOURCE.with_facts(facts) if refused else None
