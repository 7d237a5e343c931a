"""A request that a person types is sent only if its parts have one meaning."""

from __future__ import annotations

from urllib.parse import unquote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.laws import examples

from sickbay.services.resend.edited import EditedRequest, WrongRequest, read_headers, read_request

BASE = "http://localhost:7425"
ODD_PATHS = (
    "",
    "general/r4",
    "//evil.example/general/r4",
    "/\\evil.example",
    "http://evil.example/general/r4/Patient",
    f"{BASE}.evil.example/general/r4",
    f"{BASE}@evil.example/general/r4",
    f"{BASE}:1/general/r4",
    "https://localhost:7425/general/r4",
    "/general/r4/../../admin/apps",
    "/general/r4/./Patient",
    "/general/r4/..",
    "/general/r4/%2e%2e/%2E%2E/admin/apps",
    "/general/r4/.%2e/admin",
    "/general/r4/..%2fadmin",
    "/general/r4/%5c..%5cadmin",
    "/general/r4/%252e%252e/admin",
    "/general//r4/Patient",
    "/general/r4/Patient%00",
    "/general/r4/Patient%0d%0aHost: x",
    "/general/r4/Patient\r\nHost: evil.example",
    "/general/r4/Patient x",
    "/general/r4/Patient#x",
    "/general/r4/Pätient",
    "/general/r4/Patient?name=a b",
    "/general/r4/Patient?name=\x00",
)
ODD_HEADERS = (
    {"host": "evil.example"},
    {"cookie": "sickbay_x=1"},
    {"origin": "http://evil.example"},
    {"connection": "upgrade"},
    {"transfer-encoding": "chunked"},
    {"content-length": "0"},
    {"x-forwarded-for": "127.0.0.1"},
    {"x-http-method-override": "DELETE"},
    {"sickbay-resent": "1"},
    {"x-sickbay-resent-from": "abc"},
    {"": "x"},
    {"accept\r\nhost": "evil.example"},
    {"accept": "a\r\nhost: evil.example"},
    {"accept": "\x00"},
    {"accept": "x" * 10_000},
)


@pytest.mark.parametrize("path", ODD_PATHS)
def test_a_path_with_two_meanings_is_refused(path: str) -> None:
    with pytest.raises(WrongRequest):
        read_request(BASE, "GET", path, {}, "")


@pytest.mark.parametrize("headers", ODD_HEADERS)
def test_a_header_that_says_who_sends_the_request_is_refused(headers: dict[str, str]) -> None:
    with pytest.raises(WrongRequest):
        read_headers(headers)


@pytest.mark.parametrize("method", ["", "CONNECT", "TRACE", "OPTIONS", "GET /admin", "get get"])
def test_other_methods_are_refused(method: str) -> None:
    with pytest.raises(WrongRequest):
        read_request(BASE, method, "/general/r4", {}, "")


def test_a_long_request_is_refused() -> None:
    for url, body in ((f"/general/r4?{'x' * 20_000}", ""), ("/general/r4", "x" * 1_000_001)):
        with pytest.raises(WrongRequest):
            read_request(BASE, "POST", url, {}, body)


def test_a_url_below_the_base_url_and_a_path_are_the_same() -> None:
    expected = EditedRequest("GET", "/general/r4/Patient", "name=x", {"accept": "*/*"}, "")
    for url in (f"{BASE}/general/r4/Patient?name=x", " /general/r4/Patient?name=x "):
        assert read_request(BASE, "get", url, {"Accept": " */* ", "Prefer": ""}, "ignored with GET") == expected


@given(parts=st.lists(st.sampled_from(["general", "r4", "..", ".", "%2e", "%2F", "\\", "", "admin", "%", "a%20b", "Patient"])))
@settings(max_examples=examples(300))
def test_a_path_that_is_accepted_is_the_same_after_decoding_and_resolving(parts: list[str]) -> None:
    try:
        path = read_request(BASE, "GET", "/" + "/".join(parts), {}, "").path
    except WrongRequest:
        return
    decoded = unquote(path)
    assert "\\" not in decoded
    assert "//" not in decoded
    assert not {".", ".."} & {*decoded.split("/")}
    assert decoded.count("/") == path.count("/")


@pytest.mark.parametrize(
    ("method", "content_type", "path", "writes"),
    [
        ("GET", "", "/general/r4/Patient", False),
        ("POST", "application/fhir+json", "/general/r4/Patient", True),
        ("POST", "application/x-www-form-urlencoded", "/general/r4/Patient/_search", False),
        ("POST", "application/x-www-form-urlencoded", "/general/oauth/token", False),
        ("PUT", "application/x-www-form-urlencoded", "/general/r4/Patient/1", True),
        ("DELETE", "", "/general/r4/Patient/1", True),
    ],
)
def test_a_write_is_recognised(method: str, content_type: str, path: str, writes: bool) -> None:
    assert EditedRequest(method, path, headers={"content-type": content_type}).is_write is writes
