"""The two documents of discovery hold what SMART and OpenID Connect require, and nothing that is not there."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sickbay.authorization import discovery
from sickbay.authorization.values import Policy, Server
from sickbay.protocol import scopes

SERVER = Server(
    issuer="http://localhost:7425/general",
    authorization_endpoint="http://localhost:7425/general/oauth/authorize",
    token_endpoint="http://localhost:7425/general/oauth/token",
)
JWKS = "http://localhost:7425/general/oauth/jwks"
REQUIRED = {
    "issuer", "jwks_uri", "authorization_endpoint", "token_endpoint", "grant_types_supported", "capabilities",
    "code_challenge_methods_supported",
}  # fmt: skip


def test_all_required_members_are_there() -> None:
    assert set(discovery.smart_configuration(SERVER, jwks_uri=JWKS)) >= REQUIRED


def test_every_address_is_absolute() -> None:
    said = discovery.smart_configuration(SERVER, jwks_uri=JWKS)
    assert all(
        value.startswith("http") for name, value in said.items() if name.endswith(("_endpoint", "_uri", "issuer"))
    )


def test_plain_is_not_offered() -> None:
    assert discovery.smart_configuration(SERVER, jwks_uri=JWKS)["code_challenge_methods_supported"] == ["S256"]


def test_openid_names_the_same_issuer_and_the_algorithm_of_its_tokens() -> None:
    said = discovery.openid_configuration(SERVER, jwks_uri=JWKS)
    assert said["issuer"] == SERVER.issuer
    assert said["id_token_signing_alg_values_supported"] == ["RS256"]
    assert said["subject_types_supported"] == ["public"]


@pytest.mark.parametrize("versions", [("v1",), ("v2",), ("v1", "v2")])
@pytest.mark.parametrize("wildcards", [True, False])
def test_scopes_and_capabilities_follow_the_policy(versions: tuple[str, ...], wildcards: bool) -> None:
    policy = replace(Policy(), scope_versions=versions, wildcard_scopes=wildcards)
    held = [scopes.parse(one) for one in discovery.scopes_supported(policy)]
    assert None not in held
    assert {one.version for one in held if isinstance(one, scopes.ResourceScope)} == set(versions)
    assert any(one.wildcard for one in held if isinstance(one, scopes.ResourceScope)) is wildcards
    said = {one for one in discovery.capabilities(policy) if one.startswith("permission-v")}
    assert said == {f"permission-{one}" for one in versions}
