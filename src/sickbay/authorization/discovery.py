"""Discovery documents (SMART 2.2, Conformance; OpenID Connect Discovery 1.0), which list only what the server supports."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sickbay.authorization.access.app_state import CAPABILITY
from sickbay.authorization.login.prompt import PROMPTS
from sickbay.authorization.models import Policy, Server
from sickbay.authorization.scopes.supported import WAYS, list_supported_scopes
from sickbay.protocol.pkce import METHOD

CAPABILITIES = tuple(
    """
    launch-ehr launch-standalone authorize-post client-public client-confidential-symmetric client-confidential-asymmetric
    sso-openid-connect context-banner context-style context-ehr-patient context-ehr-encounter permission-offline
    permission-online permission-patient permission-user
    """.split()
)
CLAIMS = ("iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "fhirUser", "profile", "name")
"""Claims of id_tokens and UserInfo."""


def smart_configuration(server: Server, *, jwks_uri: str, app_state: str = "", **more: Any) -> dict[str, Any]:
    """Returns `<FHIR base>/.well-known/smart-configuration`. more: other endpoints, by their member names.

    app_state: the URL where apps with tokens for this base store their state, "" if they can't.
    """
    state_capabilities = [CAPABILITY] if app_state else []
    associated = {"associated_endpoints": [{"url": app_state, "capabilities": state_capabilities}]} if app_state else {}
    return {
        "issuer": server.issuer,
        "jwks_uri": jwks_uri,
        "authorization_endpoint": server.authorization_endpoint,
        "token_endpoint": server.token_endpoint,
        "grant_types_supported": list(server.grants),
        "token_endpoint_auth_methods_supported": client_methods(server.policy),
        "token_endpoint_auth_signing_alg_values_supported": list(server.policy.assertion_algorithms),
        "response_types_supported": ["code"],
        "code_challenge_methods_supported": [METHOD],
        "scopes_supported": list_supported_scopes(server.policy),
        "capabilities": [*list_capabilities(server.policy), *state_capabilities],
        "authorization_response_iss_parameter_supported": server.policy.send_iss,
        **({"client_id_metadata_document_supported": True} if server.policy.client_id_documents else {}),
        **associated,
        **more,
    }


def openid_configuration(server: Server, *, jwks_uri: str, own_claims: Sequence[str] = (), **more: Any) -> dict[str, Any]:
    """Returns `<issuer>/.well-known/openid-configuration`, which links to the id_token keys. own_claims: of the dialect."""
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


def client_methods(policy: Policy) -> list[str]:
    """Returns the authentication methods with `none`: clients of agents look for it before they act as a public client."""
    return [*policy.auth_methods, *(["none"] if policy.resource_metadata else [])]


def list_capabilities(policy: Policy) -> list[str]:
    """Leaves out capabilities of a kind of launch that the policy doesn't allow."""
    picks = policy.standalone_picker and "standalone" in policy.launches
    picked = ("context-standalone-patient", "context-standalone-encounter") if picks else ()
    supported = (capability for capability in CAPABILITIES if WAYS.get(capability, policy.launches[0]) in policy.launches)
    return [*supported, *picked, *(f"permission-{version}" for version in policy.scope_versions)]
