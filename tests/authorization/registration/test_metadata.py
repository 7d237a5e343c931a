"""RFC 7591 metadata becomes a registration of ours, or one sentence says why not; the response shows what was registered."""

from __future__ import annotations

from typing import Any

import pytest

from sickbay.authorization.models import Client
from sickbay.authorization.registration import metadata as client_metadata
from sickbay.authorization.token.client_authentication import hash_secret

KEYS = {"keys": [{"kty": "EC", "kid": "k"}]}


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        ([], "Send a JSON object with the metadata of the client"),
        (None, "Send a JSON object with the metadata of the client"),
        *[({name: 5}, f"{name} must be a string") for name in client_metadata.TEXTS],
        *[({name: "x"}, f"{name} must be a list of strings") for name in client_metadata.LISTS],
        *[({name: ["x", 5]}, f"{name} must be a list of strings") for name in client_metadata.LISTS],
        (
            {"token_endpoint_auth_method": "client_secret_jwt"},
            "token_endpoint_auth_method must be one of none, client_secret_basic, client_secret_post, private_key_jwt",
        ),
        (
            {"grant_types": ["authorization_code", "implicit"]},
            "grant_types may only contain authorization_code, refresh_token, client_credentials",
        ),
        ({"response_types": ["code", "token"]}, "response_types must be code"),
        ({"jwks": []}, "jwks must be an object with keys"),
        ({"jwks": {}}, "jwks must be an object with keys"),
        ({"jwks": {"keys": "none"}}, "jwks must be an object with keys"),
    ],
)
def test_each_fault_of_the_metadata_is_described(given: Any, fault: str) -> None:
    assert client_metadata.find_problem(given) == fault


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"token_endpoint_auth_method": "private_key_jwt", "jwks": KEYS},
        {"jwks_uri": "https://app.example.org/jwks"},
        {"response_types": ["code"], "grant_types": ["authorization_code"], "redirect_uris": ["https://a.example/"]},
        {"application_type": "native", "client_name": "A", "scope": "openid", "software_id": 5},
        *[{"token_endpoint_auth_method": method} for method in client_metadata.METHODS],
    ],
)
def test_valid_metadata_has_no_fault(given: Any) -> None:
    assert client_metadata.find_problem(given) == ""


def test_missing_metadata_gets_the_defaults_of_the_standard() -> None:
    assert client_metadata.make_registration({}, "general") == {
        "tenant": "general",
        "name": "Self-registered app",
        "type": "provider",
        "client": "symmetric",
        "auth_method": "client_secret_basic",
        "scope": "openid fhirUser launch launch/patient offline_access patient/*.rs",
        "redirect_uris": (),
        "post_logout_redirect_uris": (),
        "grant_types": ("authorization_code", "refresh_token"),
        "launch_uri": None,
        "fhir": "r4",
        "smart_version": 2,
        "pkce": "required",
        "native": False,
        "jwks_uri": None,
        "jwks": None,
    }


def test_the_given_metadata_is_registered() -> None:
    metadata = {
        "client_name": "Growth",
        "token_endpoint_auth_method": "none",
        "scope": "launch",
        "application_type": "native",
        "redirect_uris": ["myapp://callback"],
        "post_logout_redirect_uris": ["myapp://bye"],
        "grant_types": ["authorization_code"],
        "launch_uri": "https://a.example/launch",
        "initiate_login_uri": "https://a.example/login",
        "jwks_uri": "https://a.example/jwks",
        "jwks": KEYS,
    }
    registration = client_metadata.make_registration(metadata, "cerner")
    assert registration == {
        "tenant": "cerner",
        "name": "Growth",
        "type": "provider",
        "client": "public",
        "auth_method": "none",
        "scope": "launch",
        "redirect_uris": ("myapp://callback",),
        "post_logout_redirect_uris": ("myapp://bye",),
        "grant_types": ("authorization_code",),
        "launch_uri": "https://a.example/launch",
        "fhir": "r4",
        "smart_version": 2,
        "pkce": "required",
        "native": True,
        "jwks_uri": "https://a.example/jwks",
        "jwks": KEYS,
    }
    del metadata["launch_uri"]
    assert client_metadata.make_registration(metadata, "cerner")["launch_uri"] == "https://a.example/login"


def test_an_app_with_only_client_credentials_is_a_backend_service() -> None:
    registration = client_metadata.make_registration({"grant_types": ["client_credentials"]}, "general")
    assert (registration["type"], registration["scope"]) == ("system", "system/*.rs")
    both = {"grant_types": ["client_credentials", "authorization_code"], "scope": "launch"}
    registration = client_metadata.make_registration(both, "general")
    assert (registration["type"], registration["scope"]) == ("provider", "launch")


@pytest.mark.parametrize(
    ("method", "kind"),
    [
        ("none", "public"),
        ("client_secret_basic", "symmetric"),
        ("client_secret_post", "symmetric"),
        ("private_key_jwt", "asymmetric"),
    ],
)
def test_the_authentication_method_decides_the_client_type(method: str, kind: str) -> None:
    registration = client_metadata.make_registration({"token_endpoint_auth_method": method}, "general")
    assert (registration["client"], registration["auth_method"]) == (kind, method)


def test_the_response_has_the_secret_and_its_expiry() -> None:
    client = Client(
        "c",
        name="Growth",
        client="symmetric",
        auth_method="client_secret_post",
        scope="launch",
        created_at=5,
        redirect_uris=("https://a.example/",),
        launch_uri="https://a.example/launch",
    )
    assert client_metadata.registration_response(client, "s3cr3t") == {
        "client_id": "c",
        "client_id_issued_at": 5,
        "client_secret": "s3cr3t",
        "client_secret_expires_at": 0,
        "client_name": "Growth",
        "scope": "launch",
        "redirect_uris": ("https://a.example/",),
        "grant_types": ("authorization_code", "refresh_token"),
        "response_types": ("code",),
        "token_endpoint_auth_method": "client_secret_post",
        "initiate_login_uri": "https://a.example/launch",
        "application_type": "web",
    }


def test_the_response_to_a_service_has_its_keys_and_no_secret() -> None:
    service = Client("c", client="asymmetric", jwks=KEYS, grant_types=("client_credentials",), native=True)
    response = client_metadata.registration_response(service, None)
    assert (response["jwks"], response["response_types"], response["application_type"]) == (KEYS, (), "native")
    assert not {"client_secret", "client_secret_expires_at", "redirect_uris", "initiate_login_uri"} & set(response)
    assert client_metadata.registration_response(Client("c"), None)["token_endpoint_auth_method"] == "none"
    assert (
        client_metadata.registration_response(Client("c", jwks_uri="https://a.example/k"), None)["jwks_uri"]
        == "https://a.example/k"
    )


REGISTERED = Client("c", tenant="cerner", secret_hash=hash_secret("s3cr3t"))
VALID: dict[str, Any] = {"client_id": "c", "client_name": "Growth"}


@pytest.mark.parametrize("more", [{}, {"client_secret": "s3cr3t"}])
def test_an_update_may_contain_the_secret_next_to_the_client_id(more: dict[str, Any]) -> None:
    assert client_metadata.update_problem(VALID | more, REGISTERED) == ""


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        ([], "Send a JSON object with the metadata of the client"),
        (VALID | {"scope": 5}, "scope must be a string"),
        (VALID | {"registration_access_token": "x"}, "registration_access_token must not be sent in an update"),
        (
            VALID | {"client_id_issued_at": 1, "client_secret_expires_at": 0},
            "client_secret_expires_at and client_id_issued_at must not be sent in an update",
        ),
        ({"client_name": "Growth"}, "client_id must be sent and match this URL"),
        ({"client_id": "other"}, "client_id must be sent and match this URL"),
        *[
            (
                VALID | {"client_secret": sent},
                "client_secret must be the registered one; leave it out to get a new one",
            )
            for sent in ("wrong", 5, "", "\ud800")
        ],
    ],
)
def test_each_fault_of_an_update_is_described(given: Any, fault: str) -> None:
    assert client_metadata.update_problem(given, REGISTERED) == fault


def test_an_app_without_a_secret_cannot_send_one() -> None:
    assert client_metadata.update_problem(VALID | {"client_secret": ""}, Client("c"))
    assert client_metadata.update_problem(VALID, Client("c")) == ""


def test_an_update_keeps_tenant_and_version_and_resets_the_rest() -> None:
    update = client_metadata.read_update(VALID, REGISTERED)
    assert not {"tenant", "fhir", "smart_version", "pkce"} & set(update)
    assert (update["name"], update["scope"]) == ("Growth", client_metadata.DEFAULT_SCOPE)


@pytest.mark.parametrize(
    ("client", "sent", "expected"),
    [
        ({"native": False}, {"application_type": "native"}, {"native": False}),
        ({"native": True}, {"application_type": "web"}, {"native": False}),
        ({"native": True}, {"application_type": "native"}, {"native": True}),
        ({"scope": "openid"}, {"scope": ""}, {"scope": "openid"}),
        ({"client": "public"}, {}, {"client": "public", "auth_method": "none"}),
        ({"client": "asymmetric"}, {}, {"client": "asymmetric", "auth_method": "private_key_jwt"}),
        ({"client": "symmetric"}, {}, {"client": "symmetric", "auth_method": "client_secret_basic"}),
        ({"type": "provider"}, {}, {"type": "provider"}),
        ({"type": "patient"}, {}, {"type": "patient"}),
        ({"type": "patient"}, {"grant_types": ["client_credentials"]}, {"type": "system"}),
        ({"type": "system", "grant_types": ("client_credentials",)}, {"grant_types": ["refresh_token"]}, {"type": "provider"}),
    ],
)
def test_an_update_never_adds_to_what_was_granted(
    client: dict[str, Any], sent: dict[str, Any], expected: dict[str, Any]
) -> None:
    update = client_metadata.read_update(VALID | sent, Client("c", **client))
    assert expected.items() <= update.items()


def test_an_update_of_a_backend_service_keeps_its_type() -> None:
    service = Client("c", tenant="cerner", type="system", client="asymmetric", grant_types=("client_credentials",))
    assert client_metadata.read_update(VALID, service)["type"] == "system"


def test_the_management_url_is_returned_only_with_its_token() -> None:
    response = client_metadata.registration_response(REGISTERED, None, token="t", address="http://x/c")
    assert (response["registration_access_token"], response["registration_client_uri"]) == ("t", "http://x/c")
    assert "registration_client_uri" not in client_metadata.registration_response(REGISTERED, None, address="http://x/c")
    bye = Client("c", post_logout_redirect_uris=("http://x/bye",))
    assert client_metadata.registration_response(bye, None)["post_logout_redirect_uris"] == ("http://x/bye",)


def test_all_grant_types_may_be_registered_together() -> None:
    grants = ["authorization_code", "refresh_token", "client_credentials"]
    assert client_metadata.find_problem({"redirect_uris": ["http://localhost:8100/callback"], "grant_types": grants}) == ""


@pytest.mark.parametrize(
    ("metadata", "expected"), [({"software_statement": "x"}, "x"), ({"software_statement": 5}, None), ({}, None), ([], None)]
)
def test_a_software_statement_is_read_if_it_is_a_string(metadata: Any, expected: str | None) -> None:
    assert client_metadata.read_software_statement(metadata) == expected


@pytest.mark.parametrize(
    ("metadata", "ignored"),
    [
        ({"dpop_bound_access_tokens": True, "require_pushed_authorization_requests": True}, 2),
        ({"dpop_bound_access_tokens": False, "request_uris": []}, 0),
        ({"id_token_signed_response_alg": "RS256", "subject_type": "public"}, 0),
        ({"id_token_signed_response_alg": "ES256", "subject_type": "pairwise"}, 2),
        ({"client_name": "A", "client_uri#de": "https://a.example", "jwks": {}, "client_id": "a", "scope": "openid"}, 0),
    ],
)
def test_members_that_ask_for_what_the_server_does_not_do_are_listed(metadata: dict[str, Any], ignored: int) -> None:
    assert client_metadata.list_ignored_members(metadata) == tuple(metadata)[:ignored]
