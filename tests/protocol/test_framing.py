"""Which responses browsers show in a frame of the chart (CSP Level 3, 6.4.2; HTML, X-Frame-Options)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sickbay.protocol.framing import is_mixed_content, refusing_header

APP, CHART = "http://localhost:8100/launch", "http://localhost:7425"
CSP, OPTIONS = "content-security-policy", "x-frame-options"
REFUSED = [
    {OPTIONS: "DENY"},
    {OPTIONS: "sameorigin"},
    {OPTIONS: "SAMEORIGIN, SAMEORIGIN"},
    {OPTIONS: "ALLOWALL, SAMEORIGIN"},
    {CSP: "frame-ancestors 'none'"},
    {CSP: "frame-ancestors"},
    {CSP: "default-src 'none'; Frame-Ancestors 'self'"},
    {CSP: "frame-ancestors http://localhost:8100 https://localhost:7425"},
    {CSP: "frame-ancestors localhost"},
    {CSP: "frame-ancestors *.localhost:7425"},
    {CSP: "frame-ancestors https:"},
    {CSP: "frame-ancestors *, frame-ancestors 'none'"},
    {CSP: "frame-ancestors 'none'; frame-ancestors *"},
]
ALLOWED = [
    {},
    {OPTIONS: "ALLOW-FROM http://localhost:7425"},
    {OPTIONS: "ALLOWALL"},
    {CSP: "default-src 'none'"},
    {CSP: "frame-ancestors *", OPTIONS: "DENY"},
    {CSP: "frame-ancestors http:"},
    {CSP: "frame-ancestors 'self' http://localhost:7425/any/path"},
    {CSP: "frame-ancestors localhost:7425"},
    {CSP: "frame-ancestors localhost:*"},
    {CSP: ";, ;"},
]


@pytest.mark.parametrize("headers", REFUSED)
def test_a_header_that_refuses_the_frame_is_named(headers: dict[str, str]) -> None:
    header = refusing_header(headers, APP, CHART)
    assert header.startswith("Content-Security-Policy: frame-ancestors" if CSP in headers else "X-Frame-Options: ")


@pytest.mark.parametrize("headers", ALLOWED)
def test_a_response_that_allows_the_frame_is_not_blamed(headers: dict[str, str]) -> None:
    assert refusing_header(headers, APP, CHART) == ""


@pytest.mark.parametrize(
    ("source", "page", "allowed"),
    [
        ("*.example.org", "https://ehr.example.org", True),
        ("*.example.org", "https://example.org", False),
        ("http://ehr.example.org", "https://ehr.example.org", True),
        ("https://ehr.example.org", "http://ehr.example.org", False),
        ("https://[::1]:7425", "https://[::1]:7425", True),
        ("https://[::1]", "https://[::1]", True),
        ("https://ehr.example.org:443", "https://ehr.example.org", True),
    ],
)
def test_sources_are_matched_with_scheme_host_and_port(source: str, page: str, allowed: bool) -> None:
    assert (refusing_header({CSP: f"frame-ancestors {source}"}, "http://app.example.com/launch", page) == "") is allowed


def test_the_same_origin_may_frame_what_allows_it() -> None:
    for headers in ({OPTIONS: "SAMEORIGIN"}, {CSP: "frame-ancestors 'self'"}):
        assert refusing_header(headers, APP, "http://localhost:8100") == ""


@given(st.text(max_size=400), st.text(max_size=60))
def test_any_header_has_a_verdict(policy: str, options: str) -> None:
    assert isinstance(refusing_header({CSP: f"frame-ancestors {policy}", OPTIONS: options}, APP, CHART), str)


@pytest.mark.parametrize(
    ("page", "address", "mixed"),
    [
        ("https://ehr.example.org", "http://app.example.com/launch", True),
        ("https://ehr.example.org", "https://app.example.com/launch", False),
        ("http://ehr.example.org", "http://app.example.com/launch", False),
        ("https://localhost:7425", "http://127.0.0.1:8100/launch", False),
        ("https://localhost:7425", "http://app.localhost:8100/launch", False),
    ],
)
def test_an_http_page_of_another_machine_is_mixed_content_in_an_https_page(page: str, address: str, mixed: bool) -> None:
    assert is_mixed_content(page, address) is mixed
