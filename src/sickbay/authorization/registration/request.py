"""Checks of a registration's client, keys and scopes (RFC 7591 2; SMART App Launch 2.2, Register App with EHR)."""

from __future__ import annotations

from typing import Any, TypeAlias

from sickbay.authorization.checks import check
from sickbay.authorization.models import Server
from sickbay.authorization.refusals import registration as refusals
from sickbay.authorization.registration.uris import find_host_problem, is_insecure
from sickbay.authorization.requests import RegistrationRequest
from sickbay.authorization.scopes import requested as requested_scopes
from sickbay.kernel.checks import Check, Refusal
from sickbay.protocol import jose, urls
from sickbay.protocol.urls import STRANGE

RegistrationCheck: TypeAlias = Check[RegistrationRequest, Any]
PRIVATE_MEMBERS = jose.PRIVATE


@check()
def software_statement_is_signed_if_sent(request: RegistrationRequest, context: Any) -> Refusal | None:
    if request.software_statement is None or _statement_issuer(request):
        return None
    return refusals.REG_SOFTWARE_STATEMENT_INVALID(received=request.software_statement)


@check(after=(software_statement_is_signed_if_sent,))
def software_statement_is_from_a_trusted_issuer_if_sent(request: RegistrationRequest, context: Any) -> Refusal | None:
    """No issuer is trusted: an unverified statement can't be used, and ignoring it would register an app that wasn't meant."""
    issuer = _statement_issuer(request)
    return refusals.REG_SOFTWARE_STATEMENT_UNAPPROVED(received=issuer) if issuer else None


def _statement_issuer(request: RegistrationRequest) -> str:
    """Returns the issuer who attests to the metadata (RFC 7591 2.3: iss is required); "" if there is none."""
    jwt = jose.decode_unverified(request.software_statement or "")
    return str(jwt.claims.get("iss") or "") if jwt else ""


@check()
def public_app_has_no_secret(request: RegistrationRequest, context: Any) -> Refusal | None:
    if request.client != "public" or not request.has_secret:
        return None
    return refusals.REG_PUBLIC_APP_WITH_SECRET(received="(a secret)")


@check()
def authentication_method_fits_the_client_type(request: RegistrationRequest, context: Any) -> Refusal | None:
    """A public client has no authentication method, a confidential one does. A missing method contradicts neither."""
    method = request.auth_method
    if method is None or request.type == "system" or (request.client == "public") == (method == "none"):
        return None
    expected = "none" if request.client == "public" else "client_secret_basic"
    facts = {"received": method, "client": "public" if request.client == "public" else "confidential", "expected": expected}
    return refusals.REG_CLIENT_TYPE_MISMATCH.with_facts(facts)


@check()
def app_with_a_key_has_jwks_uri_or_jwks(request: RegistrationRequest, context: Any) -> Refusal | None:
    if request.client != "asymmetric" or request.jwks or request.jwks_uri:
        return None
    return refusals.REG_BACKEND_NO_JWKS(received=None, expected="jwks_uri or jwks")


@check()
def only_one_of_jwks_uri_and_jwks_is_sent(request: RegistrationRequest, context: Any) -> Refusal | None:
    """Keys come by value or by URL (RFC 7591 2). With both, two key sets could differ, and it would be unclear which one
    counts.
    """
    if request.jwks is None or not request.jwks_uri:
        return None
    return refusals.REG_JWKS_GIVEN_TWICE(received=["jwks", urls.remove_credentials(request.jwks_uri)])


@check()
def jwks_uri_is_a_url_if_sent(request: RegistrationRequest, context: Any) -> Refusal | None:
    """The URL must be http or https, with a host, and without characters that a fetch doesn't send (RFC 3986 3.5)."""
    uri = request.jwks_uri
    if not uri or find_host_problem(uri) or (_is_http(uri) and not STRANGE.search(uri) and "#" not in uri):
        return None
    return refusals.REG_JWKS_URI_NOT_ABSOLUTE(received=urls.remove_credentials(uri))


def _is_http(uri: str) -> bool:
    return urls.split(uri).scheme in ("http", "https") and bool(urls.host_of(uri))


@check(after=(jwks_uri_is_a_url_if_sent,))
def jwks_uri_is_https_or_loopback_if_sent(request: RegistrationRequest, context: Any) -> Refusal | None:
    uri = request.jwks_uri
    if not uri or not is_insecure(uri) or urls.has_credentials(uri):
        return None
    facts = {"received": uri, "expected": f"https{uri[4:]}"}
    return refusals.REG_JWKS_URI_INSECURE_HTTP.with_facts(facts)


@check()
def backend_service_is_a_confidential_client(request: RegistrationRequest, context: Any) -> Refusal | None:
    """client_credentials is only for confidential clients (RFC 6749 4.4)."""
    if request.type != "system" or request.client != "public":
        return None
    return refusals.REG_SYSTEM_APP_PUBLIC(received="public", expected="asymmetric")


@check()
def scopes_are_separated_by_spaces(request: RegistrationRequest, context: Any) -> Refusal | None:
    """Extra spaces do no harm here: the list is typed, and no other server reads it."""
    return _convert_to_metadata_error(requested_scopes.refuse_separators(request.scope, extra_spaces=False))


@check()
def scopes_are_in_the_right_case(request: RegistrationRequest, context: Any) -> Refusal | None:
    return _convert_to_metadata_error(requested_scopes.wrong_case(_scope_tokens(request)))


@check()
def scope_letters_are_in_order(request: RegistrationRequest, context: Any) -> Refusal | None:
    return _convert_to_metadata_error(requested_scopes.wrong_order(_scope_tokens(request)))


@check()
def scopes_are_well_formed(request: RegistrationRequest, context: Any) -> Refusal | None:
    tokens = _scope_tokens(request)
    ignored = requested_scopes.list_ignored_scopes(tokens, getattr(context, "server", None))
    claims = requested_scopes.CLAIMS if request.type == "system" else ()  # without a user there are no claims
    return _convert_to_metadata_error(requested_scopes.refuse_malformed_scopes(tokens, ignored.difference(claims)))


@check()
def scope_filters_are_plain(request: RegistrationRequest, context: Any) -> Refusal | None:
    """Another server may support other filters."""
    own = isinstance(getattr(context, "server", None), Server)
    requested = requested_scopes.parse_resource_scopes(_scope_tokens(request)) if own else ()
    return _convert_to_metadata_error(requested_scopes.refuse_unenforceable_filters(requested))


@check()
def scope_types_exist(request: RegistrationRequest, context: Any) -> Refusal | None:
    """Types must exist in one of the tenant's FHIR versions, because an app may use any of its bases."""
    server = getattr(context, "server", None)
    types = requested_scopes.types_of(server.fhir_bases, server) if isinstance(server, Server) else ()
    versions = sorted(set(server.fhir_versions.values())) if isinstance(server, Server) else ()
    return _convert_to_metadata_error(
        requested_scopes.refuse_unknown_types(requested_scopes.parse_resource_scopes(_scope_tokens(request)), types, versions)
    )


@check()
def scope_levels_are_not_mixed(request: RegistrationRequest, context: Any) -> Refusal | None:
    """An app with both grant types may register scopes for each."""
    if {"authorization_code", "client_credentials"} <= set(request.grant_types or ()):
        return None
    return _convert_to_metadata_error(
        requested_scopes.refuse_mixed_levels(requested_scopes.parse_resource_scopes(_scope_tokens(request)))
    )


def _scope_tokens(request: RegistrationRequest) -> tuple[str, ...]:
    return requested_scopes.tokens_of(request.scope)


def _convert_to_metadata_error(refusal: Refusal | None) -> Refusal | None:
    """Returns the same refusal with the error code of a registration (RFC 7591 3.2.2)."""
    return refusals.SCOPES[refusal.name].with_facts(refusal.facts) if refusal else None


@check()
def caller_may_register_apps(request: RegistrationRequest, context: Any) -> Refusal | None:
    if request.allowed:
        return None
    return refusals.REG_NOT_ALLOWED(expected="an initial access token")


@check()
def registration_access_token_is_right(request: RegistrationRequest, context: Any) -> Refusal | None:
    if request.managed:
        return None
    return refusals.REG_ACCESS_TOKEN_WRONG(expected="the registration access token")


@check()
def client_metadata_is_valid(request: RegistrationRequest, context: Any) -> Refusal | None:
    if not request.fault:
        return None
    of_redirect_uri = "redirect URI" in request.fault
    kind = refusals.REG_METADATA_INVALID_REDIRECT_URI if of_redirect_uri else refusals.REG_METADATA_INVALID
    return kind(fault=request.fault)
