"""What would fail at the first launch is already refused at registration."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import structs
from tests.authorization.registration.contexts import CONTEXT
from tests.one_key import rsa_key

from sickbay.authorization.registration import CHECKS
from sickbay.authorization.requests import RegistrationRequest
from sickbay.kernel.checks import Refusal, examine
from sickbay.protocol import jose

EC = {
    "kty": "EC",
    "crv": "P-384",
    "x": "XCHVYvjZ4ICzDmtZH7X_dr7Eol4P40_uGXW_EjsWfF_H7J1hQrSZ2M2dpo7l3U-w",
    "y": "AoWqvK0pYp2WnliAPVzd2XSFVgdavEr8-VDjyTbYQtxU2Jmo1p2x_fE8bXoRWZdC",
    "kid": "ec",
}
VALID = RegistrationRequest(
    client="public", redirect_uris=("http://localhost:8100/callback",), scope="launch patient/Patient.rs"
)

KEY = {"kty": "EC", "crv": "P-384", "x": "a", "y": "b"}
RSA = jose.public_members(rsa_key())


def request_with(**changes: Any) -> RegistrationRequest:
    return structs.replace(VALID, **changes)


def names(**changes: Any) -> list[str]:
    return [refusal.name for refusal in examine(CHECKS, request_with(**changes), CONTEXT).refusals]


@pytest.mark.parametrize(
    "uri",
    [
        "http://localhost:8100/callback",
        "http://127.0.0.1/",
        "http://[::1]:8100/callback",
        "https://app.example.org/callback",
        "com.example.app:/callback",
        "myapp://callback",
    ],
)
def test_each_valid_redirect_uri_is_accepted(uri: str) -> None:
    assert not names(redirect_uris=(uri,))


@pytest.mark.parametrize(
    ("uri", "name"),
    [
        ("*", "reg-redirect-uri-wildcard"),
        ("https://*.example.org/callback", "reg-redirect-uri-wildcard"),
        ("/callback", "reg-redirect-uri-not-absolute"),
        ("app.example.org/callback", "reg-redirect-uri-not-absolute"),
        ("https:///callback", "reg-redirect-uri-not-absolute"),
        ("https://app.example.org/#/callback", "reg-redirect-uri-has-fragment"),
        ("http://app.example.org/callback", "reg-redirect-uri-insecure-http"),
        ("http://localhost.example.org/callback", "reg-redirect-uri-insecure-http"),
    ],
)
def test_each_invalid_redirect_uri_is_refused(uri: str, name: str) -> None:
    assert names(redirect_uris=("https://good.example.org/callback", uri)) == [name]


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"has_secret": True}, "reg-public-app-with-secret"),
        ({"software_statement": ""}, "reg-software-statement-invalid"),
        ({"software_statement": "e30.e30.c2ln"}, "reg-software-statement-invalid"),
        ({"software_statement": "e30.eyJpc3MiOiJ4In0.c2ln"}, "reg-software-statement-unapproved"),
        ({"auth_method": "client_secret_basic"}, "reg-client-type-mismatch"),
        ({"client": "symmetric", "auth_method": "none"}, "reg-client-type-mismatch"),
        ({"client": "asymmetric"}, "reg-backend-no-jwks"),
        ({"jwks": {"keys": [{"kty": "EC", "d": "x"}]}}, "reg-jwks-has-private-key"),
        ({"jwks": {"keys": [{"kty": "oct"}]}}, "reg-jwks-has-private-key"),
        ({"jwks": {"keys": []}}, "reg-jwks-empty"),
        ({"jwks": {"keys": [{"kty": "EC", "crv": "P-384"}]}}, "reg-jwks-empty"),
        ({"jwks": {"keys": [{"kty": "RSA", "n": "", "e": "AQAB"}, "text"]}}, "reg-jwks-empty"),
        ({"jwks": {"keys": [{}]}}, "reg-jwks-empty"),
        ({"jwks": KEY}, "reg-jwks-empty"),
        ({"jwks_uri": "/jwks.json"}, "reg-jwks-uri-not-absolute"),
        ({"jwks_uri": "localhost:8100/jwks.json"}, "reg-jwks-uri-not-absolute"),
        ({"jwks_uri": "https:///jwks.json"}, "reg-jwks-uri-not-absolute"),
        ({"jwks_uri": "ftp://app.example.org/jwks.json"}, "reg-jwks-uri-not-absolute"),
        ({"jwks_uri": "https://app.example.org/jwks.json#keys"}, "reg-jwks-uri-not-absolute"),
        ({"jwks_uri": "https://app.example.org/jwks.json "}, "reg-jwks-uri-not-absolute"),
        ({"jwks_uri": "https://app example.org/jwks.json"}, "reg-jwks-uri-not-absolute"),
        ({"jwks_uri": "http://app.example.org/jwks.json"}, "reg-jwks-uri-insecure-http"),
        ({"jwks_uri": "https://user:s3cret@app.example.org/jwks.json"}, "reg-url-has-credentials"),
        ({"jwks_uri": "http://user@app.example.org/jwks.json"}, "reg-url-has-credentials"),
        ({"launch_uri": "http://user:s3cret@app.example.org/"}, "reg-url-has-credentials"),
        ({"redirect_uris": ("http://user:s3cret@app.example.org/#a",)}, "reg-url-has-credentials"),
        ({"post_logout_redirect_uris": ("https://@app.example.org/",)}, "reg-url-has-credentials"),
        ({"type": "system", "client": "public", "redirect_uris": ()}, "reg-system-app-public"),
        ({"redirect_uris": ("http://localhost:1/a,http://localhost:1/b",)}, "reg-redirect-uri-malformed"),
        ({"redirect_uris": ("http://localhost:1/a\u200b",)}, "reg-redirect-uri-malformed"),
        ({"post_logout_redirect_uris": ("https://app.example.org/\u00fc",)}, "reg-redirect-uri-malformed"),
        ({"redirect_uris": ("https://*.example.org/\u00fc",)}, "reg-redirect-uri-wildcard"),
        ({"scope": "launch,openid"}, "scope-comma-separated"),
        ({"scope": "launch+openid"}, "scope-plus-literal"),
        ({"scope": "launch\topenid"}, "scope-tab-separated"),
        ({"scope": "launch;openid"}, "scope-separator-wrong"),
        ({"scope": "launch OpenID"}, "scope-wrong-case"),
        ({"scope": "launch patient/Patient.sr"}, "scope-v2-order"),
        ({"scope": "launch patient.Patient.read"}, "scope-malformed"),
        (
            {"type": "system", "client": "symmetric", "redirect_uris": (), "scope": "system/Patient.rs email"},
            "scope-malformed",
        ),
    ],
)
def test_each_contradiction_is_refused(changes: dict[str, Any], name: str) -> None:
    assert names(**changes) == [name]


def test_extra_spaces_in_a_registered_list_do_no_harm() -> None:
    assert not names(scope=" launch  openid ")


def test_an_invalid_key_set_is_refused_without_an_error() -> None:
    assert names(client="asymmetric", jwks={"keys": "none"}) == ["reg-jwks-empty"]


@pytest.mark.parametrize("keys", [[EC], [RSA]])
def test_a_single_usable_key_is_enough(keys: list[object]) -> None:
    assert not names(client="asymmetric", jwks={"keys": keys})


@pytest.mark.parametrize("uri", ["https://app.example.org/jwks.json", "http://localhost:8100/jwks.json?v=1", "http://[::1]/k"])
def test_each_valid_jwks_uri_is_accepted(uri: str) -> None:
    assert not names(client="asymmetric", jwks_uri=uri)


def test_a_key_in_place_of_a_key_set_is_recognised() -> None:
    for jwks, is_key in ((KEY, True), ({"keys": []}, False)):
        (refusal,) = examine(CHECKS, request_with(jwks=jwks), CONTEXT).refusals
        assert refusal.facts["is_key"] is is_key


def test_a_system_app_may_have_a_secret() -> None:
    assert not names(type="system", client="symmetric", redirect_uris=(), has_secret=True)


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        (
            request_with(redirect_uris=("https://*.example.org/",)),
            Refusal(
                "reg-redirect-uri-wildcard",
                "invalid_redirect_uri",
                {"received": ["https://*.example.org/"], "expected": None, "parameter": "redirect_uris"},
            ),
        ),
        (
            request_with(redirect_uris=("/callback",)),
            Refusal(
                "reg-redirect-uri-not-absolute",
                "invalid_redirect_uri",
                {"received": ["/callback"], "expected": None, "parameter": "redirect_uris"},
            ),
        ),
        (
            request_with(redirect_uris=("https://a.example/#x#y",)),
            Refusal(
                "reg-redirect-uri-has-fragment",
                "invalid_redirect_uri",
                {"received": ["https://a.example/#x#y"], "expected": ["https://a.example/"], "parameter": "redirect_uris"},
            ),
        ),
        (
            request_with(redirect_uris=("http://a.example/",)),
            Refusal(
                "reg-redirect-uri-insecure-http",
                "invalid_redirect_uri",
                {"received": ["http://a.example/"], "expected": ["https://a.example/"], "parameter": "redirect_uris"},
            ),
        ),
        (
            request_with(has_secret=True),
            Refusal("reg-public-app-with-secret", "invalid_client_metadata", {"received": "(a secret)"}),
        ),
        (
            request_with(auth_method="client_secret_basic"),
            Refusal(
                "reg-client-type-mismatch",
                "invalid_client_metadata",
                {"received": "client_secret_basic", "client": "public", "expected": "none"},
            ),
        ),
        (
            request_with(client="symmetric", auth_method="none"),
            Refusal(
                "reg-client-type-mismatch",
                "invalid_client_metadata",
                {"received": "none", "client": "confidential", "expected": "client_secret_basic"},
            ),
        ),
        (
            request_with(client="asymmetric"),
            Refusal("reg-backend-no-jwks", "invalid_client_metadata", {"received": None, "expected": "jwks_uri or jwks"}),
        ),
        (
            request_with(jwks={"keys": [{"kty": "EC", "d": "x"}, {"kty": "oct"}, {"kty": "RSA", "q": "x"}]}),
            Refusal(
                "reg-jwks-has-private-key", "invalid_client_metadata", {"received": ["d", "k", "q"], "members": ["d", "k", "q"]}
            ),
        ),
        (
            request_with(scope="launch,openid"),
            Refusal(
                "scope-comma-separated", "invalid_client_metadata", {"received": "launch,openid", "expected": "launch openid"}
            ),
        ),
        (
            request_with(scope="Launch user/medicationrequest.rs"),
            Refusal(
                "scope-wrong-case",
                "invalid_client_metadata",
                {
                    "received": ["Launch", "user/medicationrequest.rs"],
                    "expected": ["launch", "user/MedicationRequest.rs"],
                    "scopes": ["Launch", "user/medicationrequest.rs"],
                    "corrected": ["launch", "user/MedicationRequest.rs"],
                },
            ),
        ),
        (
            request_with(scope="launch patient/Patient.sr"),
            Refusal(
                "scope-v2-order",
                "invalid_client_metadata",
                {
                    "received": ["patient/Patient.sr"],
                    "expected": ["patient/Patient.rs"],
                    "scopes": ["patient/Patient.sr"],
                    "corrected": ["patient/Patient.rs"],
                },
            ),
        ),
        (
            request_with(scope="launch patient.Patient.read"),
            Refusal(
                "scope-malformed",
                "invalid_client_metadata",
                {
                    "received": ["patient.Patient.read"],
                    "expected": None,
                    "scopes": ["patient.Patient.read"],
                    "corrected": [],
                    "likely": ["patient/Patient.read"],
                },
            ),
        ),
    ],
)
def test_each_refusal_carries_the_facts_of_its_explanation(request_: RegistrationRequest, expected: Refusal) -> None:
    assert examine(CHECKS, request_, CONTEXT).refusals[0] == expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"allowed": False}, Refusal("reg-not-allowed", "invalid_token", {"expected": "an initial access token"}, 401)),
        (
            {"managed": False},
            Refusal("reg-access-token-wrong", "invalid_token", {"expected": "the registration access token"}, 401),
        ),
        (
            {"fault": "scope must be a string"},
            Refusal("reg-metadata-invalid", "invalid_client_metadata", {"fault": "scope must be a string"}),
        ),
        (
            {"fault": "a redirect URI is"},
            Refusal("reg-metadata-invalid", "invalid_redirect_uri", {"fault": "a redirect URI is"}),
        ),
    ],
)
def test_a_registration_must_be_allowed_and_readable(changes: dict[str, Any], expected: Refusal) -> None:
    assert examine(CHECKS, request_with(**changes), CONTEXT).refusals == (expected,)


def test_a_launch_uri_is_absolute_or_missing() -> None:
    for valid in (None, "", "http://localhost:8100/launch", "https://app.example.org/launch?site=1", "myapp://launch"):
        assert not names(launch_uri=valid)
    for invalid in (
        "/launch",
        "localhost:8100/launch",
        "app.example.org/launch",
        "https:///launch",
    ):
        refused = examine(CHECKS, request_with(launch_uri=invalid), CONTEXT).refusals
        expected = Refusal("reg-launch-uri-not-absolute", "invalid_client_metadata", {"received": invalid})
        assert refused == (expected,)


def test_post_logout_redirect_uris_follow_the_same_rules() -> None:
    assert not names(post_logout_redirect_uris=("https://app.example.org/bye",))
    assert names(post_logout_redirect_uris=("https://*.example.org/bye",)) == ["reg-redirect-uri-wildcard"]
    assert names(post_logout_redirect_uris=("/bye",)) == ["reg-redirect-uri-not-absolute"]
    assert names(post_logout_redirect_uris=("http://app.example.org/",)) == ["reg-redirect-uri-insecure-http"]


@pytest.mark.parametrize(
    "uri", ["http:///callback", "http:/callback", "callback:thing", "localhost:8100/callback", "example.org:443/cb"]
)
def test_a_bare_scheme_is_not_a_uri(uri: str) -> None:
    assert names(redirect_uris=(uri,)) == ["reg-redirect-uri-not-absolute"]


@pytest.mark.parametrize(("type", "refused"), [("system", False), ("provider", True), ("patient", True)])
def test_the_method_of_a_service_is_not_compared_with_its_client_type(type: str, refused: bool) -> None:
    refused_names = names(type=type, client="public", auth_method="private_key_jwt")
    assert ("reg-client-type-mismatch" in refused_names) is refused


def test_keys_by_value_and_by_url_cannot_be_combined() -> None:
    uri, keys = "https://app.example.org/jwks", {"keys": [EC]}
    assert names(client="asymmetric", jwks=keys, jwks_uri=uri) == ["reg-jwks-given-twice"]
    assert not names(client="asymmetric", jwks=keys, jwks_uri="")
    assert not names(client="asymmetric", jwks=None, jwks_uri=uri)
