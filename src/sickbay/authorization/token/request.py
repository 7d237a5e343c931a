"""Checks of every token request: its form and its grant type (RFC 6749 3.2)."""

from __future__ import annotations

from dataclasses import replace

from sickbay.authorization.bases import base_of, target_of
from sickbay.authorization.checks import check
from sickbay.authorization.contexts import TokenContext
from sickbay.authorization.models import AuthorizationCode, Client, Server, TokenFamily
from sickbay.authorization.refusals import token as refusals
from sickbay.authorization.requests import TokenRequest, is_json
from sickbay.authorization.token.client_authentication import client_is_registered
from sickbay.kernel.checks import Refusal
from sickbay.kernel.similar_names import find_closest

FORM = "application/x-www-form-urlencoded"
GRANTS = ("authorization_code", "refresh_token", "client_credentials")
"""All grant types of SMART; a server may offer fewer."""
PARAMETERS = (
    "grant_type",
    "code",
    "redirect_uri",
    "client_id",
    "client_secret",
    "code_verifier",
    "refresh_token",
    "scope",
    "resource",
    "token",
    "token_type_hint",
)


@check()
def method_is_post(request: TokenRequest, context: TokenContext) -> Refusal | None:
    """Other methods are 405 (RFC 9110 15.5.6). A POST with parameters in its URL is 400 (RFC 6749 3.2, 5.2)."""
    in_url = [name for name in request.query.names() if name in PARAMETERS] if request.query.pairs else []
    if request.method == "POST" and not in_url:
        return None
    refusal = refusals.TOKEN_WRONG_METHOD(received=request.method, in_url=in_url)
    return refusal if request.method == "POST" else replace(refusal, status=405)


@check()
def url_belongs_to_a_hospital(request: TokenRequest, context: TokenContext) -> Refusal | None:
    if not context.elsewhere:
        return None
    endpoint = context.server.token_endpoint if isinstance(context.server, Server) else None
    return refusals.TENANT_UNKNOWN(received=context.elsewhere, expected=endpoint)


@check()
def body_is_a_form(request: TokenRequest, context: TokenContext) -> Refusal | None:
    sent = request.headers.get("content-type")
    if request.method != "POST" or (sent is None and not request.body.strip()):
        return None  # there is no body to read
    if (sent or "").partition(";")[0].strip().lower() == FORM and not is_json(request.body):
        return None
    facts = {"received": sent, "expected": FORM, "json": is_json(request.body)}
    return refusals.TOKEN_WRONG_CONTENT_TYPE.with_facts(facts)


@check()
def parameters_are_sent_once(request: TokenRequest, context: TokenContext) -> Refusal | None:
    repeated = [name for name in request.parameters.list_repeated_names() if name != "resource"]
    if not repeated:
        return None
    facts = {"names": list(repeated), "received": list(repeated), "expected": "each parameter once"}
    return refusals.DUPLICATE_PARAMETER.with_facts(facts)


@check()
def grant_type_is_sent(request: TokenRequest, context: TokenContext) -> Refusal | None:
    if request.parameters.get("grant_type"):
        return None
    return refusals.GRANT_TYPE_MISSING(received=None, expected=_suggested_grant(request, context))


@check(after=(grant_type_is_sent,))
def grant_type_is_supported(request: TokenRequest, context: TokenContext) -> Refusal | None:
    grant = request.parameters.get("grant_type")
    known = context.server.grants if isinstance(context.server, Server) else ()
    if grant in (known or GRANTS) or (not context.smart and _is_of_oauth(grant or "")):
        return None
    facts = {"received": grant, "expected": _suggested_grant(request, context), "supported": known}
    return refusals.GRANT_TYPE_INVALID.with_facts(facts)


def _is_of_oauth(grant: str) -> bool:
    """Whether other servers may support the grant type: extension grants are URIs, and OAuth 2.0 had the password grant."""
    return grant == "password" or ":" in grant


@check(after=(grant_type_is_supported,))
def grant_type_fits_the_other_parameters(request: TokenRequest, context: TokenContext) -> Refusal | None:
    grant, implied_grant = request.parameters.get("grant_type"), implied_grant_type(request)
    refreshes = grant == "refresh_token" and request.parameters.get("refresh_token")
    if implied_grant in (None, grant) or refreshes:
        return None
    return refusals.GRANT_TYPE_MISMATCH(received=grant, expected=implied_grant)


@check(requires=("server",))
def resource_is_the_granted_fhir_base_url_if_sent(request: TokenRequest, context: TokenContext) -> Refusal | None:
    """Resource indicators (RFC 8707 2.2) must name the server of the grant; a backend service may choose any single one."""
    if not request.parameters.get("resource"):
        return None
    grant, server = _loaded_grant(context), context.server
    known = (*server.fhir_bases, *[resource.url for resource in server.resources]) if isinstance(server, Server) else ()
    granted = (grant.base,) if grant is not None and grant.base else known
    if not granted:
        return None
    values = tuple(dict.fromkeys(filter(None, request.parameters.all("resource"))))
    meant = [base_of(value, granted) or _find_alias(value, server) for value in values]
    wrong = next((value for value, base in zip(values, meant, strict=True) if base not in granted or base != meant[0]), None)
    if wrong is None:
        return None
    expected = meant[0] if grant is None and meant[0] in granted else granted[0]
    return refusals.TOKEN_RESOURCE_MISMATCH(received=wrong, expected=expected)


def _find_alias(value: str, server: object) -> str | None:
    return target_of(value, server) if isinstance(server, Server) else None


def _loaded_grant(context: TokenContext) -> AuthorizationCode | TokenFamily | None:
    grant = context.code if isinstance(context.code, AuthorizationCode) else context.family
    return grant if isinstance(grant, AuthorizationCode | TokenFamily) else None


@check(requires=("server",))
def resource_is_repeated_if_the_policy_is_strict(request: TokenRequest, context: TokenContext) -> Refusal | None:
    """A client that named a resource does so in each request (RFC 8707 2.2; MCP). By default, the grant's resource is kept."""
    server = context.server
    if not isinstance(server, Server) or server.policy.missing_resource != "refuse" or request.parameters.get("resource"):
        return None
    grant = _loaded_grant(context)
    if grant is None or not grant.by_resource:
        return None
    return refusals.MCP_RESOURCE_MISSING_TOKEN(received=None, expected=grant.base, refresh=is_refresh(request))


def _suggested_grant(request: TokenRequest, context: TokenContext) -> str | None:
    """Returns the grant type that was probably meant, by the other parameters, the spelling, or the registration."""
    registered = context.client.grant_types if isinstance(context.client, Client) else GRANTS
    only_one = registered[0] if len(registered) == 1 else None
    by_assertion = "client_credentials" if request.parameters.get("client_assertion") else None
    sent = (request.parameters.get("grant_type") or "").lower()
    spelling = sent.removeprefix("grant_type=")  # its name is in its value
    repeated = spelling if spelling != sent and _is_of_oauth(spelling) and not context.smart else None
    return implied_grant_type(request) or find_closest(spelling, registered) or repeated or only_one or by_assertion


def is_refresh(request: TokenRequest) -> bool:
    """Whether the request is a refresh, by its grant_type or by its parameters."""
    return (request.parameters.get("grant_type") or implied_grant_type(request)) == "refresh_token"


def implied_grant_type(request: TokenRequest) -> str | None:
    """Returns the grant type that the other parameters imply."""
    if request.parameters.get("code"):
        return "authorization_code"
    return "refresh_token" if request.parameters.get("refresh_token") else None


@check(requires=("client",), after=(client_is_registered, grant_type_is_supported))
def client_may_use_the_grant(request: TokenRequest, context: TokenContext) -> Refusal | None:
    grant = request.parameters.get("grant_type")
    if not isinstance(context.client, Client) or grant in context.client.grant_types:
        return None
    facts = {"received": grant, "registered": context.client.grant_types}
    return refusals.BACKEND_GRANT_NOT_ALLOWED.with_facts(facts)
