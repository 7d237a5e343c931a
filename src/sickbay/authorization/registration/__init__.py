"""The checks of a registration, which refuses what would fail at every launch (RFC 7591 2; SMART 2.2, Register App with EHR).

request   who may register, the client and its scopes
uris      redirect, logout and launch URIs
keys      the public keys
limits    what an app may register for itself
metadata  conversion between dynamic registration metadata and our registration
"""

from __future__ import annotations

from sickbay.authorization.registration import keys as registration_keys
from sickbay.authorization.registration import limits as registration_limits
from sickbay.authorization.registration import uris as registration_uris
from sickbay.authorization.registration.request import (
    RegistrationCheck,
    app_with_a_key_has_jwks_uri_or_jwks,
    authentication_method_fits_the_client_type,
    backend_service_is_a_confidential_client,
    caller_may_register_apps,
    client_metadata_is_valid,
    jwks_uri_is_a_url_if_sent,
    jwks_uri_is_https_or_loopback_if_sent,
    only_one_of_jwks_uri_and_jwks_is_sent,
    public_app_has_no_secret,
    registration_access_token_is_right,
    scope_filters_are_plain,
    scope_letters_are_in_order,
    scope_levels_are_not_mixed,
    scope_types_exist,
    scopes_are_in_the_right_case,
    scopes_are_separated_by_spaces,
    scopes_are_well_formed,
    software_statement_is_from_a_trusted_issuer_if_sent,
    software_statement_is_signed_if_sent,
)

CHECKS: tuple[RegistrationCheck, ...] = (
    caller_may_register_apps,
    registration_access_token_is_right,
    client_metadata_is_valid,
    software_statement_is_signed_if_sent,
    software_statement_is_from_a_trusted_issuer_if_sent,
    *registration_limits.CHECKS,
    *registration_uris.CHECKS,
    public_app_has_no_secret,
    authentication_method_fits_the_client_type,
    app_with_a_key_has_jwks_uri_or_jwks,
    only_one_of_jwks_uri_and_jwks_is_sent,
    *registration_keys.CHECKS,
    jwks_uri_is_a_url_if_sent,
    jwks_uri_is_https_or_loopback_if_sent,
    backend_service_is_a_confidential_client,
    scopes_are_separated_by_spaces,
    scopes_are_in_the_right_case,
    scope_letters_are_in_order,
    scopes_are_well_formed,
    scope_filters_are_plain,
    scope_types_exist,
    scope_levels_are_not_mixed,
)
"""All of these refuse with 422. What is merely inadvisable is returned as advice."""
