"""The URL and the content of a client ID metadata document."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.authorization import samples

from sickbay.authorization.client_document import (
    MAXIMUM_BYTES,
    find_url_problem,
    is_document_id,
    read_document,
    to_registration,
)
from sickbay.authorization.models import Policy
from sickbay.kernel.checks import Refusal
from sickbay.protocol import scopes, urls

URL = "https://agent.example.com/client.json"
CALLBACK = "https://agent.example.com/callback"
GOOD: dict[str, Any] = {"client_id": URL, "client_name": "Agent", "redirect_uris": [CALLBACK]}


@pytest.mark.parametrize(
    ("url", "fault"),
    [
        (URL, ""),
        ("https://agent.example.com:8443/a/b?version=2", ""),
        ("http://localhost:9000/client.json", ""),
        ("http://127.0.0.1/c", ""),
        ("http://[::1]:1/c", ""),
        ("https://localhost/c", ""),
        ("https://agent.example.com/..well", ""),
        ("http://agent.example.com/c", "isn't https"),
        ("http://127.0.0.2/c", "isn't https"),
        ("http://localhost.example.com/c", "isn't https"),
        ("https://agent.example.com", "has no path"),
        ("https://agent.example.com/", "has no path"),
        ("https://agent.example.com?x", "has no path"),
        ("https://u@agent.example.com/c", "has a user name"),
        ("https://agent.example.com/c#", "has a fragment"),
        ("https://agent.example.com/a/./c", "has a path with . or .."),
        ("https://agent.example.com/a/..", "has a path with . or .."),
        ("https://agent.example.com/%2E./c", "has a path with . or .."),
        ("https://agent.example.com/c\\", "isn't a valid URL"),
        ("https://agent.example.com/c d", "isn't a valid URL"),
        ("https://agent.example.com:0x50/c", "isn't a valid URL"),
        ("https://ägent.example.com/c", "isn't a valid URL"),
        ("https:///c", "isn't a valid URL"),
        ("https://agent..example.com/c", "isn't a valid URL"),
        ("https://agent.example%2ecom/c", "isn't a valid URL"),
        (f"https://agent.example.com/{'c' * 2000}", "is longer than 2,000 characters"),
    ],
)
def test_the_url_of_a_document_is_examined(url: str, fault: str) -> None:
    assert find_url_problem(url) == fault
    assert is_document_id(url)


@pytest.mark.parametrize("client_id", [None, "", "app", "cursor://x/y", "urn:x", " https://a.example/c"])
def test_other_ids_are_not_urls_of_documents(client_id: str | None) -> None:
    assert not is_document_id(client_id)


@given(st.text())
def test_a_url_without_fault_has_one_host_and_a_path(text: str) -> None:
    for url in (f"https://{text}", f"https://agent.example.com/{text}", f"http://{text}/c"):
        if not find_url_problem(url):
            parts = urls.split(url)
            assert parts.hostname
            assert "@" not in parts.netloc
            assert parts.path.strip("/")
            assert parts.scheme == "https" or parts.hostname in urls.LOOPBACK


def read(
    status: int = 200, type: str = "application/json", body: bytes | None = None, **members: Any
) -> dict[str, Any] | Refusal:
    text = json.dumps({**GOOD, **members}).encode() if body is None else body
    return read_document(URL, status, {"content-type": type, "location": "/new"}, text)


@pytest.mark.parametrize("type", ["application/json", "Application/JSON; charset=utf-8", "application/client+json"])
def test_a_right_document_is_read(type: str) -> None:
    assert read(type=type) == GOOD


@pytest.mark.parametrize(
    ("served", "name"),
    [
        ({"status": 301}, "mcp-cimd-unreachable"),
        ({"status": 201}, "mcp-cimd-unreachable"),
        ({"body": b" " * (MAXIMUM_BYTES + 1)}, "mcp-cimd-too-big"),
        ({"type": "text/plain"}, "mcp-cimd-media-type"),
        ({"type": ""}, "mcp-cimd-media-type"),
        ({"type": "application/jsonp"}, "mcp-cimd-media-type"),
        ({"body": b"{"}, "mcp-cimd-invalid"),
        ({"body": b"[" * 10_000}, "mcp-cimd-invalid"),
        ({"body": b"[]"}, "mcp-cimd-invalid"),
        ({"body": json.dumps(GOOD).encode("utf-16")}, "mcp-cimd-invalid"),
        ({"body": json.dumps(GOOD).encode("utf-8-sig")}, "mcp-cimd-invalid"),
        ({"body": json.dumps(GOOD).encode()[:-1] + b', "redirect_uris": []}'}, "mcp-cimd-invalid"),
        ({"client_id": None}, "mcp-cimd-invalid"),
        ({"client_id": URL.upper()}, "mcp-cimd-id-differs"),
        ({"client_secret": None}, "mcp-cimd-secret"),
        ({"token_endpoint_auth_method": "client_secret_jwt"}, "mcp-cimd-secret"),
        ({"client_name": None}, "mcp-cimd-invalid"),
        ({"redirect_uris": []}, "mcp-cimd-invalid"),
        ({"redirect_uris": [5]}, "mcp-cimd-invalid"),
    ],
)
def test_a_wrong_document_is_refused(served: dict[str, Any], name: str) -> None:
    refusal = read(**served)
    assert isinstance(refusal, Refusal)
    assert (refusal.name, refusal.redirectable) == (name, False)


@pytest.mark.parametrize(
    ("served", "facts"),
    [
        ({"status": 301}, {"reason": "its status is 301", "to": "/new"}),
        ({"body": b" " * (MAXIMUM_BYTES + 1)}, {"limit": "10,240"}),
        ({"type": "text/plain; charset=utf-8"}, {"type": "text/plain"}),
        ({"type": ""}, {"type": "none"}),
        ({"body": b"[]"}, {"reason": "The document isn't an object"}),
        ({"client_id": None}, {"reason": "client_id is missing"}),
        ({"client_id": "other"}, {"expected": "other"}),
        ({"client_secret": "x"}, {"member": "client_secret"}),
        ({"token_endpoint_auth_method": "client_secret_jwt"}, {"member": "client_secret_jwt"}),
        ({"client_name": ""}, {"reason": "client_name is missing"}),
        ({"redirect_uris": []}, {"reason": "redirect_uris is missing"}),
        ({"redirect_uris": [5]}, {"reason": "redirect_uris must be a list of strings"}),
    ],
)
def test_each_refusal_says_what_is_wrong_with_the_document(served: dict[str, Any], facts: dict[str, str]) -> None:
    refusal = read(**served)
    assert isinstance(refusal, Refusal)
    assert refusal.facts == {"received": URL, **facts}


def test_a_member_that_is_there_twice_is_named() -> None:
    twice = read(body=json.dumps(GOOD).encode()[:-1] + b', "redirect_uris": ["https://agent.example.com/other"]}')
    assert isinstance(twice, Refusal)
    assert twice.facts["received"] == URL
    assert str(twice.facts["reason"]).startswith("The document isn't valid JSON: ")


def test_a_response_without_headers_is_refused() -> None:
    assert [read_document(URL, status, {}, b"{}").facts for status in (302, 200)] == [  # type: ignore[union-attr]
        {"received": URL, "reason": "its status is 302", "to": ""},
        {"received": URL, "type": "none"},
    ]


def test_a_document_of_the_largest_size_is_read() -> None:
    text = json.dumps(GOOD).encode()
    assert read(body=text + b" " * (MAXIMUM_BYTES - len(text))) == GOOD


@pytest.mark.parametrize(
    ("uris", "native"),
    [
        ([CALLBACK], False),
        ([CALLBACK, samples.CALLBACK], True),
        (["http://127.0.0.1/callback"], True),
        (["com.example.agent:/callback"], True),
    ],
)
def test_a_client_with_a_redirect_uri_on_the_users_machine_is_native(uris: list[str], native: bool) -> None:
    assert to_registration(URL, {**GOOD, "redirect_uris": uris}, "general", Policy())["native"] is native


def test_a_document_can_not_make_a_backend_service_or_ask_for_system_scopes() -> None:
    fields = to_registration(URL, {**GOOD, "grant_types": ["client_credentials"], "launch_uri": CALLBACK}, "general", Policy())
    assert (fields["type"], fields["client"], fields["launch_uri"]) == ("provider", "public", None)
    assert fields["grant_types"] == ("authorization_code", "refresh_token")
    only_codes = to_registration(URL, {**GOOD, "grant_types": ["authorization_code"]}, "general", Policy())
    assert only_codes["grant_types"] == ("authorization_code",)
    assert "system/" not in fields["scope"]
    assert (fields["client_id"], fields["tenant"]) == (URL, "general")
    assert scopes.split(fields["scope"])[:2] == scopes.split(Policy().registration_scopes)[:2]
    assert to_registration(URL, {**GOOD, "scope": "user/*.rs"}, "general", Policy())["scope"] == "user/*.rs"
