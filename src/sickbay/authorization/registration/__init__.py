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
    app_with_a_key_publishes_it,
    authentication_suits_the_client,
    backend_has_something_to_sign_in_with,
    jwks_uri_is_an_address,
    jwks_uri_is_https_or_loopback,
    keys_are_given_in_one_way,
    metadata_can_be_used,
    public_app_has_no_secret,
    registrar_may_register,
    registration_token_is_right,
    scope_filters_are_plain,
    scope_letters_are_in_order,
    scope_levels_are_not_mixed,
    scope_types_exist,
    scopes_are_in_the_right_case,
    scopes_are_separated_by_spaces,
    scopes_are_well_formed,
    statement_is_by_whom_we_trust,
    statement_is_signed_by_somebody,
)

CHECKS: tuple[RegistrationCheck, ...] = (
    registrar_may_register,
    registration_token_is_right,
    metadata_can_be_used,
    statement_is_signed_by_somebody,
    statement_is_by_whom_we_trust,
    *registration_limits.CHECKS,
    *registration_uris.CHECKS,
    public_app_has_no_secret,
    authentication_suits_the_client,
    app_with_a_key_publishes_it,
    keys_are_given_in_one_way,
    *registration_keys.CHECKS,
    jwks_uri_is_an_address,
    jwks_uri_is_https_or_loopback,
    backend_has_something_to_sign_in_with,
    scopes_are_separated_by_spaces,
    scopes_are_in_the_right_case,
    scope_letters_are_in_order,
    scopes_are_well_formed,
    scope_filters_are_plain,
    scope_types_exist,
    scope_levels_are_not_mixed,
)
"""All of these refuse with 422. What is merely inadvisable is returned as advice."""
