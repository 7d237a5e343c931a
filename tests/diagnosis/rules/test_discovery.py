"""A discovery document is measured by the specification that it follows: SMART's, or OpenID Connect's."""

from __future__ import annotations

from typing import Any

import pytest

from sickbay.doctor.diagnose import diagnose

OPENID = {
    "issuer": "https://idp.example.org",
    "authorization_endpoint": "https://idp.example.org/authorize",
    "token_endpoint": "https://idp.example.org/token",
    "jwks_uri": "https://idp.example.org/jwks",
    "response_types_supported": ["code"],
    "subject_types_supported": ["public"],
    "id_token_signing_alg_values_supported": ["RS256"],
    "code_challenge_methods_supported": ["plain", "S256"],
}


def findings(document: dict[str, Any], url: str = "") -> dict[str, str]:
    diagnosis = diagnose({"kind": "smart_configuration", "json": document, "url": url})
    return {finding.id: finding.why for finding in diagnosis.explanation.findings}


def test_an_openid_document_needs_nothing_of_smart() -> None:
    assert findings(OPENID) == {}


@pytest.mark.parametrize("url", ["https://idp.example.org/.well-known/openid-configuration", ""])
def test_an_openid_document_needs_what_openid_connect_requires(url: str) -> None:
    incomplete = {name: value for name, value in OPENID.items() if name != "jwks_uri"}
    assert findings(incomplete, url)["discovery-missing-field"].startswith("OpenID Connect requires `jwks_uri`")


def test_a_document_with_capabilities_is_smarts_even_if_it_has_the_members_of_openid() -> None:
    reported = findings(OPENID | {"capabilities": ["launch-standalone"]})
    assert reported["discovery-missing-field"].startswith("SMART 2 requires `grant_types_supported`")
    assert "discovery-no-s256" in reported
