"""What the server says of itself (SMART 2.2, Conformance; OpenID Connect Discovery 1.0): only what it really does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sickbay.authorization.app_state import CAPABILITY
from sickbay.authorization.login_prompt import PROMPTS
from sickbay.authorization.models import Policy, Server
from sickbay.protocol.pkce import METHOD

CAPABILITIES = (
    "launch-ehr",
    "launch-standalone",
    "authorize-post",
    "client-public",
    "client-confidential-symmetric",
    "client-confidential-asymmetric",
    "sso-openid-connect",
    "context-banner",
    "context-style",
    "context-ehr-patient",
    "context-ehr-encounter",
    "permission-offline",
    "permission-online",
    "permission-patient",
    "permission-user",
)
WAYS = {
    "launch-ehr": "ehr",
    "context-ehr-patient": "ehr",
    "context-ehr-encounter": "ehr",
    "context-style": "ehr",
    "launch-standalone": "standalone",
    "launch": "ehr",
    "launch/patient": "standalone",
    "launch/encounter": "standalone",
}
"""Capabilities and scopes of one way of opening an app alone."""
SIGN_IN = (
    "openid",
    "fhirUser",
    "profile",
    "launch",
    "launch/patient",
    "launch/encounter",
    "offline_access",
    "online_access",
)
CLAIMS = ("iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "fhirUser", "profile", "name")
"""Of id_tokens and of UserInfo."""
LEVELS = ("patient", "user", "system")
TYPES = ("Patient", "Observation", "Condition", "AllergyIntolerance", "Immunization", "Encounter", "Practitioner")
"""Named where wildcards are not granted: the list need not be complete."""


def smart_configuration(server: Server, *, jwks_uri: str, app_state: str = "", **more: Any) -> dict[str, Any]:
    """`<FHIR base>/.well-known/smart-configuration`. more: other endpoints that there are, by their members' names.

    app_state: where apps with tokens of this base keep state of their own, "" where they may not.
    """
    kept = [CAPABILITY] if app_state else []
    beside = {"associated_endpoints": [{"url": app_state, "capabilities": kept}]} if app_state else {}
    return {
        "issuer": server.issuer,
        "jwks_uri": jwks_uri,
        "authorization_endpoint": server.authorization_endpoint,
        "token_endpoint": server.token_endpoint,
        "grant_types_supported": list(server.grants),
        "token_endpoint_auth_methods_supported": list(server.policy.auth_methods),
        "token_endpoint_auth_signing_alg_values_supported": list(server.policy.assertion_algorithms),
        "response_types_supported": ["code"],
        "code_challenge_methods_supported": [METHOD],
        "scopes_supported": scopes_supported(server.policy),
        "capabilities": [*capabilities(server.policy), *kept],
        "authorization_response_iss_parameter_supported": server.policy.send_iss,
        **beside,
        **more,
    }


def openid_configuration(server: Server, *, jwks_uri: str, own_claims: Sequence[str] = (), **more: Any) -> dict[str, Any]:
    """`<issuer>/.well-known/openid-configuration`: where who verifies an id_token finds the key. own_claims: the dialect's."""
    return {
        **smart_configuration(server, jwks_uri=jwks_uri, **more),
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "claims_supported": list(dict.fromkeys((*CLAIMS, *own_claims))),
        "response_modes_supported": ["query"],
        "prompt_values_supported": list(PROMPTS),
        "introspection_endpoint_auth_methods_supported": list(server.policy.auth_methods),
        "revocation_endpoint_auth_methods_supported": [*server.policy.auth_methods, "none"],
        "claims_parameter_supported": False,
        "request_parameter_supported": False,
        "request_uri_parameter_supported": False,
    }


def capabilities(policy: Policy) -> list[str]:
    """What only one way of opening an app has is not there where no app is opened so."""
    picks = policy.standalone_picker and "standalone" in policy.launches
    picked = ("context-standalone-patient", "context-standalone-encounter") if picks else ()
    kept = (one for one in CAPABILITIES if WAYS.get(one, policy.launches[0]) in policy.launches)
    return [*kept, *picked, *(f"permission-{version}" for version in policy.scope_versions)]


def scopes_supported(policy: Policy) -> list[str]:
    """Everything in it is granted to an app that is registered for it."""
    types = ("*",) if policy.wildcard_scopes else TYPES
    letters = [{"v1": "read", "v2": "rs"}[version] for version in policy.scope_versions]
    sign_in = (one for one in SIGN_IN if WAYS.get(one, policy.launches[0]) in policy.launches)
    return [*sign_in, *(f"{level}/{type}.{one}" for level in LEVELS for type in types for one in letters)]
