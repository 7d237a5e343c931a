"""The checks of the authorization request in their order, and what a tenant or an app relaxes.

The order matters at one place: until GATE has passed, no error may be sent to the redirect URI.
"""

from __future__ import annotations

from collections.abc import Collection

from sickbay.authorization.authorize import aud, client, code_challenge, launch, redirect_uri, request_syntax, resource, scope
from sickbay.authorization.authorize.parameters import AuthorizeCheck, pkce_mode
from sickbay.authorization.contexts import AuthorizeContext
from sickbay.authorization.models import Client, Server
from sickbay.authorization.refusals import authorize as refusals
from sickbay.authorization.refusals import scope as scopes
from sickbay.authorization.requests import AuthorizeRequest
from sickbay.kernel.checks import Examination, Refusal, compile_checks, examine_fast, run_checks

GATE: AuthorizeCheck = redirect_uri.redirect_uri_is_registered
"""The check that proves the redirect URI (RFC 6749 4.1.2.1)."""

CHECKS: tuple[AuthorizeCheck, ...] = (
    client.url_belongs_to_a_hospital,
    client.url_is_the_authorization_endpoint,
    client.client_id_is_sent,
    client.client_is_registered,
    redirect_uri.client_id_and_redirect_uri_are_sent_once,
    request_syntax.parameters_are_not_only_in_a_request_object,
    redirect_uri.redirect_uri_is_sent,
    redirect_uri.redirect_uri_is_encoded_once,
    redirect_uri.redirect_uri_has_no_fragment,
    redirect_uri.redirect_uri_is_registered,
    # From here on, the error may be sent to the app.
    client.client_is_enabled_for_this_tenant,
    request_syntax.url_is_on_one_line,
    request_syntax.ampersands_are_not_html_escaped,
    request_syntax.response_type_is_sent,
    request_syntax.response_type_is_code,
    request_syntax.response_mode_is_query_if_sent,
    request_syntax.parameters_are_sent_once,
    request_syntax.request_object_is_not_used,
    request_syntax.client_secret_is_not_in_the_url,
    request_syntax.state_is_sent,
    aud.aud_is_sent,
    aud.aud_is_a_fhir_base_of_this_server,
    resource.resource_and_aud_name_one_server,
    code_challenge.code_challenge_is_sent_if_required,
    code_challenge.code_challenge_and_its_method_are_sent_together,
    code_challenge.code_challenge_method_is_s256_if_sent,
    code_challenge.code_challenge_is_a_base64url_sha256_if_sent,
    launch.launch_type_is_allowed,
    launch.launch_scope_is_sent_only_with_launch,
    launch.launch_is_sent_only_with_the_launch_scope,
    launch.launch_is_a_code_if_sent,
    launch.launch_code_was_issued_by_this_server_if_sent,
    launch.launch_code_was_issued_to_this_app_if_sent,
    launch.launch_code_has_not_expired_if_sent,
    launch.launch_code_was_not_used_before_if_sent,
    launch.aud_equals_iss_of_the_launch_if_there_is_one,
    scope.scope_is_sent,
    scope.scope_is_encoded_once,
    scope.scopes_are_separated_without_commas,
    scope.scopes_are_separated_without_plus_signs,
    scope.scopes_are_separated_without_tabs,
    scope.scopes_are_separated_by_spaces,
    scope.scopes_have_no_quotes_or_brackets,
    scope.scopes_are_in_the_right_case,
    scope.scope_letters_are_in_order,
    scope.scopes_are_well_formed,
    scope.scope_filters_are_plain,
    scope.no_system_scope_is_requested,
    scope.scopes_have_the_smart_version_of_the_app,
    scope.wildcard_scopes_are_allowed,
    scope.scopes_are_registered,
    scope.scope_types_exist_in_the_fhir_version,
    scope.patient_scopes_have_a_patient,
    resource.scopes_belong_to_the_resource,
    request_syntax.none_is_the_only_prompt_if_sent,
    request_syntax.max_age_is_a_number_if_sent,
    request_syntax.user_is_signed_in_if_prompt_is_none,
)

DROPPED = frozenset(
    kind.name
    for kind in (
        scopes.SCOPE_MALFORMED,
        scopes.SCOPE_FILTER_UNSUPPORTED,
        scopes.SCOPE_WRONG_CASE,
        scopes.SCOPE_V2_ORDER,
        scopes.SCOPE_V1_ON_V2_APP,
        scopes.SCOPE_WILDCARD_NOT_ALLOWED,
        scopes.SCOPE_NOT_REGISTERED,
        scopes.SCOPE_RESOURCE_NOT_IN_VERSION,
        scopes.SCOPE_SYSTEM_IN_USER_FLOW,
        scopes.SCOPE_SEPARATOR_WRONG,
        scopes.SCOPE_HAS_STRAY_CHARACTERS,
    )
)
"""Refusals that only drop scopes for a lenient app or tenant (`granted_scopes` says which scopes and why)."""

STRICT = frozenset(
    kind.name
    for kind in (
        refusals.TENANT_UNKNOWN,
        refusals.CLIENT_ID_MISSING,
        refusals.CLIENT_ID_UNKNOWN,
        refusals.MCP_CIMD_URL_INVALID,
        refusals.MCP_CIMD_NOT_FETCHED,
        refusals.MCP_CIMD_UNREACHABLE,
        refusals.MCP_CIMD_TOO_BIG,
        refusals.MCP_CIMD_MEDIA_TYPE,
        refusals.MCP_CIMD_ID_DIFFERS,
        refusals.MCP_CIMD_SECRET,
        refusals.MCP_CIMD_INVALID,
        refusals.CLIENT_NOT_ENABLED_FOR_TENANT,
        refusals.REDIRECT_URI_MISSING,
        refusals.REDIRECT_URI_MISMATCH,
        refusals.REDIRECT_URI_HAS_FRAGMENT,
        refusals.REDIRECT_URI_DOUBLE_ENCODED,
        refusals.DUPLICATE_PARAMETER,
        refusals.REDIRECT_URI_SCHEME_FORBIDDEN,
        refusals.REDIRECT_URI_RESPONSE_PARAMETER,
        refusals.URL_HAS_WHITESPACE,
        refusals.URL_HTML_ESCAPED,
        refusals.AUD_MISMATCH,
        refusals.AUD_RESOURCE_DISAGREE,
        refusals.MCP_RESOURCE_UNKNOWN,
        refusals.MCP_RESOURCE_TWICE,
        refusals.MCP_SCOPE_NOT_OF_RESOURCE,
        refusals.LAUNCH_CODE_UNKNOWN,
        refusals.LAUNCH_CODE_OTHER_CLIENT,
        refusals.LAUNCH_CODE_EXPIRED,
        refusals.LAUNCH_CODE_REUSED,
        refusals.AUTHORIZE_ENDPOINT_NOT_DISCOVERED,
    )
)
"""Refusals that no policy can relax: they protect the client, the redirect, the token's audience and the launch."""


def relaxed_refusals(context: AuthorizeContext) -> frozenset[str]:
    """Returns the refusals that policy and registration reduce to advice."""
    names: set[str] = set()
    if isinstance(context.server, Server):
        policy = context.server.policy
        names |= {*policy.relaxed}
        names |= {scopes.SCOPE_COMMA_SEPARATED.name} if "," in policy.scope_separators else set()
        names |= set() if policy.state_required else {refusals.STATE_MISSING.name}
        names |= DROPPED if policy.drop_unregistered_scopes else set()
    if isinstance(context.client, Client) and context.client.scope_mode == "lenient":
        names |= DROPPED
    return frozenset(names | (code_challenge.REFUSALS if pkce_mode(context) == "off" else set())) - STRICT


def error_goes_to_the_app(examination: Examination, refusal: Refusal, on_a_page: Collection[str] = ()) -> bool:
    """Whether this error may be sent to the redirect URI. No other code decides this.

    on_a_page: names of refusals that the dialect shows on a page although the redirect URI is proven.
    """
    return examination.has_passed(GATE) and refusal.redirectable and refusal.name not in on_a_page


def examine_request(request: AuthorizeRequest, context: AuthorizeContext) -> Examination:
    """Runs all checks with what this tenant and app relax, which matters only if a check refuses."""
    return examine_fast(_COMPILED, request, context) or run_checks(CHECKS, request, context, relaxed_refusals(context))


_COMPILED = compile_checks(CHECKS)
