"""Who administers: a table of every combination, the signs of a proxy, and pages of another origin."""

from __future__ import annotations

from itertools import product
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.laws import for_each

from sickbay.authorization.administration import (
    ADMINISTERS,
    AdminRequest,
    AdminRules,
    decide_admin_access,
    forwarding_sign,
    is_at_keyboard,
    is_loopback,
    is_own_origin,
    is_proven_own,
    is_trusted_proxy,
    list_own_origins,
    origin_of,
)

PEERS = {
    "127.0.0.1": True,
    "127.8.9.1": True,
    "::1": True,
    "::ffff:127.0.0.1": True,
    "10.0.0.7": False,
    "": False,
    "::ffff:10.0.0.7": False,
    "203.0.113.9": False,
    "fe80::1%eth0": False,
    "/run/sickbay.sock": False,
}
BASES = {"localhost": True, "127.0.0.1": True, "::1": True, "ehr.example.org": False, "192.168.1.5": False, "": False}
HOSTS = {"localhost": True, "127.0.0.1": True, "::1": True, "ehr.example.org": False, "localhost.evil.example": False}
BEARERS: tuple[Literal["none", "right", "wrong"], ...] = ("none", "right", "wrong")
FLAGS = (False, True)


def test_every_combination_gives_the_expected_standing() -> None:
    """States the rules the other way round: from the conditions to the result."""
    granted = 0
    for peer, base, host, forwarded, foreign, bearer, session, require, chosen, stranger in product(
        PEERS, BASES, HOSTS, ("", "via"), FLAGS, BEARERS, FLAGS, FLAGS, FLAGS, ("", "Another user.")
    ):
        rules = AdminRules(base, require, chosen)
        request = AdminRequest(peer, host, forwarded, foreign, bearer, session, stranger)
        keyboard = all((PEERS[peer], BASES[base], HOSTS[host], not forwarded, not require, not stranger))
        result = decide_admin_access(rules, request)
        assert is_at_keyboard(rules, request) is keyboard
        assert (result == "foreign") is foreign
        assert (result == "token") is (not foreign and bearer == "right")
        expected = {
            "right": True,
            "none": keyboard or session,
            "wrong": keyboard and not chosen,
        }[bearer] and not foreign
        assert (result in ADMINISTERS) is expected, (rules, request)
        if result == "keyboard":
            assert keyboard
        if result == "session":
            assert session
            assert not keyboard
            assert bearer == "none"
        granted += result in ADMINISTERS
    assert granted > 1000


def test_every_condition_of_keyboard_access_is_required() -> None:
    rules, request = AdminRules("localhost"), AdminRequest("127.0.0.1", "localhost")
    assert decide_admin_access(rules, request) == "keyboard"
    others: list[tuple[AdminRules, AdminRequest]] = [
        (AdminRules("ehr.example.org"), request),
        (AdminRules("localhost", require_token=True), request),
        (AdminRules("localhost", proxies=("127.0.0.1",)), request),
        (AdminRules("localhost", proxies=("127.0.0.0/8",)), request),
        (AdminRules("localhost", proxies=("*",)), request),
        (rules, AdminRequest("10.0.0.7", "localhost")),
        (rules, AdminRequest("127.0.0.1", "ehr.example.org")),
        (rules, AdminRequest("127.0.0.1", "localhost", "via")),
        (rules, AdminRequest("127.0.0.1", "localhost", stranger="Another user.")),
    ]
    assert [decide_admin_access(*combination) for combination in others] == ["no-rights"] * len(others)
    assert decide_admin_access(rules, AdminRequest("127.0.0.1", "localhost", foreign=True)) == "foreign"


@for_each(
    "name",
    [
        "forwarded",
        "x-forwarded-for",
        "x-forwarded-host",
        "x-forwarded-proto",
        "x-forwarded-port",
        "x-forwarded-prefix",
        "x-forwarded-server",
        "x-forwarded",
        "forwarded-for",
        "x-real-ip",
        "via",
        "cf-connecting-ip",
        "cf-ray",
        "cdn-loop",
        "true-client-ip",
        "x-client-ip",
        "client-ip",
        "x-cluster-client-ip",
        "fastly-client-ip",
        "x-original-forwarded-for",
        "x-original-url",
        "x-original-host",
        "x-rewrite-url",
        "x-envoy-external-address",
        "x-amzn-trace-id",
        "x-azure-clientip",
        "x-arr-log-id",
        "x-appengine-user-ip",
        "x-proxyuser-ip",
        "wl-proxy-client-ip",
        "proxy-connection",
        "x-remote-addr",
        "x-remote-ip",
        "x-originating-ip",
        "x-host",
        "x-scheme",
        "front-end-https",
        "x-varnish",
        "tailscale-user-login",
        "x_forwarded_for",
        "x-ssl-cipher",
        "max-forwards",
        "x-cloud-trace-context",
        "remote-user",
        "x-request-start",
        "x-nf-client-connection-ip",
        "x-ms-client-principal",
        "x-consumer-username",
        "x-railway-edge",
        "x-render-origin-server",
        "rndr-id",
        "cloudfront-viewer-address",
        "x-akamai-edgescape",
        "x-script-name",
        "oidc_claim_sub",
        "x-ngrok-trace",
        "x-bluecoat-via",
        "x-user-ip",
        "x-real-port",
        "x-client-cert",
        "client-cert",
        "x-port",
        "ssl-client-verify",
        "x-client-verify",
        "x-goog-iap-jwt-assertion",
        "x-auth-request-user",
        "x-vercel-id",
        "real-ip",
        "x-server-name",
        "x-peer-address",
        "l5d-client-id",
        "x-kong-request-id",
        "x-authentik-username",
        "x-https",
        "x_host",
    ],
)
@for_each("value", ["", "127.0.0.1", "unknown"])
def test_any_value_of_a_proxy_header_is_a_sign_of_a_proxy(name: str, value: str) -> None:
    assert forwarding_sign({"host": "localhost", name: value}) == name


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "localhost:7425", "user-agent": "curl/8.0", "accept": "*/*"},
        {"accept-encoding": "identity", "host": "localhost", "user-agent": "Python-urllib/3.13", "connection": "close"},
        {"accept-encoding": "gzip", "accept": "*/*", "user-agent": "Ruby", "host": "localhost", "connection": "close"},
        {"host": "localhost", "user-agent": "Go-http-client/1.1", "connection": "close", "accept-encoding": "gzip"},
        {"accept": "*/*", "user-agent": "axios/1.7", "accept-encoding": "gzip", "host": "localhost", "connection": "close"},
        {"te": "deflate,gzip;q=0.3", "connection": "TE, close", "host": "localhost", "user-agent": "libwww-perl/6.72"},
        {"user-agent": "Mozilla/5.0 (Windows NT 10.0) PowerShell/7.4", "host": "localhost"},
        {"connection": "Upgrade, HTTP2-Settings", "upgrade": "h2c", "user-agent": "Java-http-client/21"},
        {"connection": "Upgrade, HTTP2-Settings", "http2-settings": "AAMAAABkAAQAAP__", "user-agent": "Java-http-client/21"},
        {
            "connection": "keep-alive",
            "user-agent": "Mozilla/5.0",
            "sec-fetch-site": "none",
            "sec-fetch-mode": "navigate",
            "upgrade-insecure-requests": "1",
            "sec-ch-ua-platform": "Linux",
            "origin": "http://localhost:7425",
            "dnt": "1",
            "referer": "http://localhost:7425/",
            "cookie": "a=b",
            "cache-control": "max-age=0",
            "priority": "u=0, i",
            "accept-language": "de",
            "if-none-match": "*",
            "x-requested-with": "XMLHttpRequest",
            "traceparent": "00-1-1-01",
        },
        {"authorization": "Bearer x", "prefer": "return=minimal", "content-type": "application/json", "te": "trailers"},
        dict.fromkeys(
            (
                "x-client-info",
                "x-client-version",
                "x-goog-api-client",
                "x-request-id",
                "x-correlation-id",
                "api-key",
                "sentry-trace",
                "baggage",
                "x-datadog-trace-id",
                "epic-client-id",
                "x-csrf-token",
                "x-ms-client-request-id",
                "x-http-method-override",
                "x-provenance",
                "x-amz-date",
                "expect",
                "x-b3-traceid",
                "x-stainless-lang",
                "x-sdk-client",
            ),
            "1",
        ),
    ],
)
def test_headers_of_browsers_and_libraries_are_not_a_sign_of_a_proxy(headers: dict[str, str]) -> None:
    assert forwarding_sign(headers) == ""


@pytest.mark.parametrize("version", ["1.0", "0.9", "2.0"])
@pytest.mark.parametrize("headers", [{}, {"connection": "close"}, {"connection": "keep-alive"}])
def test_another_version_of_http_is_a_sign_of_a_proxy(version: str, headers: dict[str, str]) -> None:
    assert forwarding_sign(headers, version) == f"HTTP/{version}"


@pytest.mark.parametrize(
    "headers",
    [
        {"user-agent": "Mozilla/5.0 (X11)"},
        {"user-agent": "curl/8.5.0"},
        {"sec-fetch-site": "none", "user-agent": "x"},
        {"user-agent": "python-requests/2.32"},
        {"user-agent": "Wget/1.21"},
    ],
)
def test_connection_close_from_a_keep_alive_client_is_a_sign_of_a_proxy(headers: dict[str, str]) -> None:
    assert forwarding_sign(headers | {"connection": "Close"}) == "connection: close"
    assert forwarding_sign(headers | {"connection": "keep-alive"}) == ""


@pytest.mark.parametrize("more", [{}, {"accept": "*/*"}, {"user-agent": "x/1"}, {"user-agent": "x/1", "accept": "*/*"}])
@pytest.mark.parametrize("first", [{}, {"x-request-id": "1"}, {"accept-encoding": "gzip"}])
def test_nginx_writes_its_connection_header_before_the_clients_headers(first: dict[str, str], more: dict[str, str]) -> None:
    assert forwarding_sign(first | {"host": "localhost", "connection": "close"} | more) == "connection: close"
    assert forwarding_sign(first | {"host": "localhost", "connection": "upgrade"} | more) == "connection: upgrade"
    assert forwarding_sign(first | {"host": "localhost", "connection": "upgrade", "upgrade": "x"} | more) != ""


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "none"},
        {"user-agent": "Mozilla/5.0 (X11)", "accept-language": "de"},
        {"sec-fetch-site": "same-origin", "connection": ""},
    ],
)
def test_every_browser_sends_a_connection_header(headers: dict[str, str]) -> None:
    assert forwarding_sign({"host": "localhost"} | headers).startswith("no Connection header")
    assert forwarding_sign({"host": "localhost"} | headers | {"connection": "keep-alive"}) == ""


@pytest.mark.parametrize(
    ("headers", "own", "referer", "proven"),
    [
        ({}, None, False, False),
        ({}, True, False, True),
        ({}, None, True, True),
        ({}, False, False, False),
        ({"sec-fetch-site": "same-origin"}, None, False, True),
        ({"sec-fetch-site": "none"}, None, False, True),
        ({"sec-fetch-site": "cross-site"}, None, False, False),
    ],
)
def test_a_request_of_our_own_page_is_proven_by_origin_referer_or_site(
    headers: dict[str, str], own: bool | None, referer: bool, proven: bool
) -> None:
    assert is_proven_own(headers, own_origin=own, own_referer=referer) is proven


PUBLIC = "https://ehr.example.org"
NAMES = ("localhost", "127.0.0.1", "::1", "ehr.example.org", "box.example")
OWN_ORIGINS = list_own_origins(PUBLIC, "http://localhost:7425", NAMES)


@pytest.mark.parametrize(
    ("origin", "host", "ours"),
    [
        ("https://ehr.example.org", "ehr.example.org", True),
        ("https://ehr.example.org:443", "ehr.example.org", True),
        ("HTTPS://EHR.example.org", "127.0.0.1:7425", True),  # a proxy that sends its upstream's name
        ("http://ehr.example.org", "ehr.example.org", False),
        ("https://ehr.example.org:444", "ehr.example.org:444", False),
        ("http://localhost:7425", "localhost:7425", True),
        ("http://[::1]:7425", "[::1]:7425", True),
        ("http://box.example:7425", "box.example:7425", True),
        ("https://box.example", "box.example", True),
        ("http://localhost:7425", "box.example:7425", False),
        ("https://localhost:7425", "localhost:7425", False),
        ("http://localhost:8100", "localhost:7425", False),
        ("http://localhost:8100", "localhost:8100", False),
        ("http://localhost", "localhost:7425", False),
        ("http://evil.example", "evil.example", False),
        ("http://localhost:7425.evil.example", "localhost:7425", False),
        ("http://localhost:7425@evil.example", "localhost:7425", False),
        ("http://evil.example@localhost:7425", "localhost:7425", False),
        ("http://localhost:7425/", "localhost:7425", False),
        ("http://localhost:7425, http://evil.example", "localhost:7425", False),
        ("http://localhost:7425 http://evil.example", "localhost:7425", False),
        ("file://localhost:7425", "localhost:7425", False),
        ("//localhost:7425", "localhost:7425", False),
        ("localhost:7425", "localhost:7425", False),
        ("http://localhost:99999", "localhost:99999", False),
        ("http://[", "[", False),
        ("null", "null", False),
        ("", "", False),
    ],
)
def test_an_origin_is_compared_with_scheme_and_port(origin: str, host: str, ours: bool) -> None:
    assert is_own_origin(origin, host, base=PUBLIC, own=OWN_ORIGINS) is ours


@given(st.text(max_size=40), st.text(max_size=20))
def test_no_text_counts_as_our_origin_unless_it_spells_one(text: str, host: str) -> None:
    assert not is_own_origin(text, host, base=PUBLIC, own=OWN_ORIGINS) or origin_of(text) in OWN_ORIGINS


@given(st.text(max_size=60))
def test_no_address_or_name_raises_an_error(text: str) -> None:
    is_loopback(text)
    is_trusted_proxy((text,), text)
    is_trusted_proxy(("10.0.0.0/8", text), "10.0.0.1")
    forwarding_sign({text: text})


def test_own_origins_use_the_ports_of_the_base_and_of_the_socket() -> None:
    origins = list_own_origins(
        "http://ehr.example.org:8080/path", "http://localhost:7425", ["ehr.example.org", "::1", "bad name["]
    )
    assert origins == {
        "http://ehr.example.org:8080",
        "http://[::1]:8080",
        "http://ehr.example.org:7425",
        "http://[::1]:7425",
    }


def test_own_origins_of_an_address_without_a_port_have_none() -> None:
    assert list_own_origins("https://ehr.example.org", "http://localhost", ["ehr.example.org", "other.example.org"]) == {
        "https://ehr.example.org",
        "https://other.example.org",
        "http://ehr.example.org",
        "http://other.example.org",
    }


@pytest.mark.parametrize(
    ("proxies", "peer", "covered"),
    [
        ((), "127.0.0.1", False),
        (("*",), "x", True),
        (("10.0.0.1",), "10.0.0.1", True),
        (("10.0.0.0/8",), "10.9.9.9", True),
        (("10.0.0.1/8",), "10.9.9.9", True),
        (("10.0.0.0/8",), "::ffff:10.1.1.1", True),
        (("10.0.0.0/8",), "11.0.0.1", False),
        (("proxy.example",), "10.0.0.1", False),
        (("10.0.0.0/8",), "", False),
        (("/run/x.sock",), "/run/x.sock", True),
    ],
)
def test_peers_in_the_list_are_trusted_proxies(proxies: tuple[str, ...], peer: str, covered: bool) -> None:
    assert is_trusted_proxy(proxies, peer) is covered


def test_every_standing_is_one_of_six() -> None:
    standings: set[Any] = set()
    for peer, foreign, bearer, session in product(("127.0.0.1", "10.0.0.7"), FLAGS, BEARERS, FLAGS):
        rules = AdminRules("localhost", token_set=True)
        standings.add(decide_admin_access(rules, AdminRequest(peer, "localhost", "", foreign, bearer, session)))
    assert standings == {"keyboard", "token", "session", "foreign", "wrong-token", "no-rights"}
