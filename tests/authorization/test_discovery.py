"""Both discovery documents have what SMART and OpenID Connect require, and nothing that isn't supported."""

from __future__ import annotations

import pytest
from msgspec import structs

from sickbay.authorization import discovery
from sickbay.authorization.models import Policy, Server
from sickbay.authorization.scopes.supported import list_supported_scopes
from sickbay.protocol import scopes

SERVER = Server(
    issuer="http://localhost:7425/general",
    authorization_endpoint="http://localhost:7425/general/oauth/authorize",
    token_endpoint="http://localhost:7425/general/oauth/token",
)
JWKS = "http://localhost:7425/general/oauth/jwks"
REQUIRED = {
    "issuer",
    "jwks_uri",
    "authorization_endpoint",
    "token_endpoint",
    "grant_types_supported",
    "capabilities",
    "code_challenge_methods_supported",
}


def test_all_required_members_are_there() -> None:
    assert set(discovery.smart_configuration(SERVER, jwks_uri=JWKS)) >= REQUIRED


def test_every_url_is_absolute() -> None:
    document = discovery.smart_configuration(SERVER, jwks_uri=JWKS)
    assert all(value.startswith("http") for name, value in document.items() if name.endswith(("_endpoint", "_uri", "issuer")))


def test_an_additional_algorithm_is_listed_if_the_policy_allows_it() -> None:
    name = "token_endpoint_auth_signing_alg_values_supported"
    assert discovery.smart_configuration(SERVER, jwks_uri=JWKS)[name] == ["RS384", "ES384"]
    wider = structs.replace(SERVER, policy=Policy(assertion_algorithms=("ES384", "RS256")))
    assert discovery.smart_configuration(wider, jwks_uri=JWKS)[name] == ["ES384", "RS256"]


def test_plain_is_not_offered() -> None:
    assert discovery.smart_configuration(SERVER, jwks_uri=JWKS)["code_challenge_methods_supported"] == ["S256"]


def test_the_openid_document_has_the_same_issuer_and_the_token_algorithm() -> None:
    document = discovery.openid_configuration(SERVER, jwks_uri=JWKS)
    assert document["issuer"] == SERVER.issuer
    assert document["id_token_signing_alg_values_supported"] == ["RS256"]
    assert document["subject_types_supported"] == ["public"]


@pytest.mark.parametrize("versions", [("v1",), ("v2",), ("v1", "v2")])
@pytest.mark.parametrize("wildcards", [True, False])
def test_scopes_and_capabilities_follow_the_policy(versions: tuple[str, ...], wildcards: bool) -> None:
    policy = structs.replace(Policy(), scope_versions=versions, wildcard_scopes=wildcards)
    parsed = [scopes.parse(text) for text in list_supported_scopes(policy)]
    assert None not in parsed
    assert {scope.version for scope in parsed if isinstance(scope, scopes.ResourceScope)} == set(versions)
    assert any(scope.wildcard for scope in parsed if isinstance(scope, scopes.ResourceScope)) is wildcards
    versions_listed = {
        capability for capability in discovery.list_capabilities(policy) if capability.startswith("permission-v")
    }
    assert versions_listed == {f"permission-{version}" for version in versions}


def test_the_complete_openid_document() -> None:
    document = discovery.openid_configuration(SERVER, jwks_uri=JWKS, userinfo_endpoint="http://localhost:7425/u")
    assert document == {
        "issuer": "http://localhost:7425/general",
        "jwks_uri": JWKS,
        "authorization_endpoint": "http://localhost:7425/general/oauth/authorize",
        "token_endpoint": "http://localhost:7425/general/oauth/token",
        "userinfo_endpoint": "http://localhost:7425/u",
        "grant_types_supported": ["authorization_code", "refresh_token", "client_credentials"],
        "token_endpoint_auth_methods_supported": [*Policy().auth_methods, "none"],
        "token_endpoint_auth_signing_alg_values_supported": ["RS384", "ES384"],
        "response_types_supported": ["code"],
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": True,
        "client_id_metadata_document_supported": True,
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "claims_supported": ["iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "fhirUser", "profile", "name"],
        "response_modes_supported": ["query"],
        "prompt_values_supported": ["none", "login", "consent", "select_account"],
        "claims_parameter_supported": False,
        "introspection_endpoint_auth_methods_supported": list(Policy().auth_methods),
        "revocation_endpoint_auth_methods_supported": [*Policy().auth_methods, "none"],
        "request_parameter_supported": False,
        "request_uri_parameter_supported": False,
        "scopes_supported": document["scopes_supported"],
        "capabilities": document["capabilities"],
    }


def test_scopes_and_capabilities_by_default() -> None:
    assert list_supported_scopes(Policy()) == [
        "openid",
        "fhirUser",
        "profile",
        "launch",
        "launch/patient",
        "launch/encounter",
        "offline_access",
        "online_access",
        "patient/*.read",
        "patient/*.rs",
        "user/*.read",
        "user/*.rs",
        "system/*.read",
        "system/*.rs",
    ]
    picked = ["context-standalone-patient", "context-standalone-encounter"]
    versions = ["permission-v1", "permission-v2"]
    assert discovery.list_capabilities(Policy()) == [*discovery.CAPABILITIES, *picked, *versions]
    assert discovery.list_capabilities(Policy(standalone_picker=False)) == [*discovery.CAPABILITIES, *versions]
    assert (
        discovery.smart_configuration(structs.replace(SERVER, policy=Policy(send_iss=False)), jwks_uri=JWKS)[
            "authorization_response_iss_parameter_supported"
        ]
        is False
    )


@pytest.mark.parametrize(("launches", "missing"), [(("ehr",), "launch-standalone"), (("standalone",), "launch-ehr")])
def test_a_launch_type_that_is_not_allowed_is_not_a_capability(launches: tuple[str, ...], missing: str) -> None:
    assert missing in discovery.list_capabilities(Policy())
    assert missing not in discovery.list_capabilities(Policy(launches=launches))
    assert "client-public" in discovery.list_capabilities(Policy(launches=launches))


def test_capabilities_of_a_launch_type_disappear_with_it() -> None:
    standalone_only, ehr_only = Policy(launches=("standalone",)), Policy(launches=("ehr",))
    of_the_ehr = {"launch-ehr", "context-ehr-patient", "context-ehr-encounter", "context-style"}
    on_its_own = {"launch-standalone", "context-standalone-patient", "context-standalone-encounter"}
    everything = set(discovery.list_capabilities(Policy()))
    assert set(discovery.list_capabilities(standalone_only)) == everything - of_the_ehr
    assert set(discovery.list_capabilities(ehr_only)) == everything - on_its_own
    scopes = set(list_supported_scopes(Policy()))
    assert set(list_supported_scopes(standalone_only)) == scopes - {"launch"}
    assert set(list_supported_scopes(ehr_only)) == scopes - {"launch/patient", "launch/encounter"}


def test_claims_of_a_dialect_are_listed_once_after_the_standard_ones() -> None:
    document = discovery.openid_configuration(SERVER, jwks_uri=JWKS, own_claims=("name", "preferred_username"))
    assert document["claims_supported"] == [*discovery.CLAIMS, "preferred_username"]


def test_app_state_is_listed_with_its_url_or_not_at_all() -> None:
    at = "http://localhost:7425/general/app-state"
    document = discovery.smart_configuration(SERVER, jwks_uri=JWKS, app_state=at)
    assert document["capabilities"] == [*discovery.list_capabilities(SERVER.policy), "smart-app-state"]
    assert document["associated_endpoints"] == [{"url": at, "capabilities": ["smart-app-state"]}]
    without = discovery.smart_configuration(SERVER, jwks_uri=JWKS)
    assert without["capabilities"] == discovery.list_capabilities(SERVER.policy)
    assert "associated_endpoints" not in without


def test_a_hospital_lists_the_scopes_that_it_supports() -> None:
    assert list_supported_scopes(Policy(supported_scopes=("launch", "patient/*.rs"))) == ["launch", "patient/*.rs"]
