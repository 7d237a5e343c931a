"""The token endpoint (RFC 6749 3.2; SMART 2.2, Obtain access token): its checks by grant type.

request                the form and its grant type
client_authentication  which app sends it, and its secret
client_assertion       the signed assertion of an app with a key
code, pkce             the authorization code and its verifier
refresh                the refresh token
client_credentials     the grant of backend services, with backend_scopes
response, id_token     the response; less_than_asked explains what it lacks
recheck                reduces the context to what holds for a corrected request
script                 the scopes of a token that an operator creates
"""

from __future__ import annotations

from sickbay.authorization import origin
from sickbay.authorization.contexts import TokenContext
from sickbay.authorization.requests import TokenRequest
from sickbay.authorization.token import client_assertion, client_authentication, client_credentials, pkce, refresh
from sickbay.authorization.token.client_authentication import TokenCheck
from sickbay.authorization.token.code import (
    code_has_not_expired,
    code_is_known,
    code_is_sent,
    code_was_issued_by_this_server,
    code_was_issued_to_this_client,
    code_was_not_used_before,
    redirect_uri_equals_that_of_the_authorization_request,
)
from sickbay.authorization.token.request import (
    body_is_a_form,
    client_may_use_the_grant,
    grant_type_fits_the_other_parameters,
    grant_type_is_sent,
    grant_type_is_supported,
    implied_grant_type,
    method_is_post,
    parameters_are_sent_once,
    resource_is_repeated_if_the_policy_is_strict,
    resource_is_the_granted_fhir_base_url_if_sent,
    url_belongs_to_a_hospital,
)
from sickbay.kernel.checks import CompiledChecks, compile_checks

ENVELOPE: tuple[TokenCheck, ...] = (
    url_belongs_to_a_hospital,
    method_is_post,
    body_is_a_form,
    parameters_are_sent_once,
    grant_type_is_sent,
    grant_type_is_supported,
    grant_type_fits_the_other_parameters,
    resource_is_the_granted_fhir_base_url_if_sent,
    resource_is_repeated_if_the_policy_is_strict,
)

FORM_CHECKS: tuple[TokenCheck, ...] = (method_is_post, body_is_a_form, parameters_are_sent_once)
"""Checks of every endpoint that takes a form from an app."""

CLIENT: tuple[TokenCheck, ...] = (*client_authentication.CHECKS, client_may_use_the_grant, *origin.TOKEN_CHECKS)

CODE: tuple[TokenCheck, ...] = (
    code_is_sent,
    code_is_known,
    code_was_not_used_before,
    code_has_not_expired,
    code_was_issued_to_this_client,
    code_was_issued_by_this_server,
    redirect_uri_equals_that_of_the_authorization_request,
    *pkce.CHECKS,
)

CHECKS: dict[str | None, tuple[TokenCheck, ...]] = {
    "authorization_code": (*ENVELOPE, *CLIENT, *CODE),
    "refresh_token": (*ENVELOPE, *CLIENT, *refresh.CHECKS),
    "client_credentials": (*ENVELOPE, *CLIENT, *client_credentials.CHECKS),
    None: (*ENVELOPE, *CLIENT),
}


_COMPILED = {grant: compile_checks(grant_checks) for grant, grant_checks in CHECKS.items()}
_WITH_ASSERTION = {
    grant: compile_checks((*grant_checks, *client_assertion.ASSERTION)) for grant, grant_checks in CHECKS.items()
}


def compiled_checks(request: TokenRequest) -> CompiledChecks[TokenRequest, TokenContext]:
    """Returns the checks of the requested grant type. grant_type_is_supported refuses other types, so the checks of None never
    grant.
    """
    by_grant = _WITH_ASSERTION if request.parameters.get("client_assertion") else _COMPILED
    return by_grant.get(request.parameters.get("grant_type") or implied_grant_type(request)) or by_grant[None]


def checks_for(request: TokenRequest) -> tuple[TokenCheck, ...]:
    return compiled_checks(request).checks
