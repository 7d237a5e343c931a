"""The hosts and ports that a URL on the web can have: RFC 3986 3.2, RFC 1123 2.1, WHATWG URL."""

from __future__ import annotations

import ipaddress

from hypothesis import given
from hypothesis import strategies as st
from tests.laws import for_each

from sickbay.protocol.host_syntax import host_problem

VALID = {
    "name": "https://app.example.org/cb",
    "upper case": "HTTPS://APP.Example.ORG/cb",
    "underscore of a container": "https://my_app:3000/cb",
    "one label": "http://localhost:8100/cb",
    "two hyphens inside": "https://r3---sn-x.example.org/cb",
    "absolute name of DNS": "https://app.example.org./cb",
    "empty port": "https://app.example.org:/cb",
    "first port": "https://app.example.org:1/cb",
    "last port": "https://app.example.org:65535/cb",
    "zeros before the port": "https://app.example.org:00443/cb",
    "IPv4": "http://127.0.0.1:8100/cb",
    "IPv6": "http://[::1]:8100/cb",
    "IPv6 with IPv4": "http://[::ffff:127.0.0.1]/cb",
    "Punycode": "https://xn--bcher-kva.example/cb",
    "label with digits": "https://1.example.org/cb",
    "another scheme": "com.example.app://-x-/cb",
    "no host": "https:///cb",
    "only a user name": "https://user@/cb",
    "only a port": "https://:80/cb",
    "no slashes": "https:app.example.org",
    "longest label": f"https://{'a' * 63}.example/cb",
}
INVALID = {
    "https://ex%61mple.org/cb": "percent-encoded",
    "https://a..b/": "two dots in a row",
    "https://.example.org/": "begins with a dot",
    "https://example.org../": "two dots in a row",
    "https://./": "only a dot",
    "https://-x-/": "`-x-`",
    "https://a.-b.example/": "`-b`",
    "https://a!b.example/": "`!`",
    "https://a,b.example/": "`,`",
    "https://*.example.org/": "`*`",
    "https://app.example.org:0/cb": "port 0",
    "https://app.example.org:99999/cb": "port 99999",
    f"https://app.example.org:9{'0' * 5000}1/cb": "port 9",
    "https://app.example.org:8a/cb": "port 8a",
    "https://app.example.org:80:80/cb": "port 80:80",
    "https://user@app.example.org:0/cb": "port 0",
    "https://app.example.org:0": "port 0",
    "https://app.example.org:0?x=1": "port 0",
    "https://127.1/cb": "as an IPv4 address",
    "https://0x7f.0.0.1/cb": "as an IPv4 address",
    "https://2130706433/cb": "as an IPv4 address",
    "https://0177.0.0.1/cb": "as an IPv4 address",
    "https://127.0.0.1./cb": "as an IPv4 address",
    "https://1.2.3.4.5/cb": "as an IPv4 address",
    "https://256.0.0.1/cb": "as an IPv4 address",
    "https://app.example.0x1/cb": "as an IPv4 address",
    "https://[::1/cb": "IPv6",
    "https://[::1]x/cb": "IPv6",
    "https://[fe80::1%25eth0]/cb": "IPv6",
    "https://[v1.x]/cb": "IPv6",
    "https://[127.0.0.1]/cb": "IPv6",
    "https://xn--/cb": "hyphen",
    "https://\u212aey.example/cb": "letters, digits",
    "https://xn--zzzzzzzzzzzzzzzzzz.example/cb": "Punycode",
    f"https://{'a' * 64}.example/cb": "63 characters",
    f"https://{'a.' * 127}b.example/cb": "253 characters",
}


@for_each("url", VALID.values())
def test_hosts_that_a_browser_can_open_are_valid(url: str) -> None:
    assert host_problem(url) == ""


@for_each("url", INVALID)
def test_hosts_that_no_browser_can_open_have_a_reason(url: str) -> None:
    assert INVALID[url] in host_problem(url)


LABELS = st.from_regex(r"[a-wyz0-9](?:[a-z0-9_]{0,20}[a-z0-9])?", fullmatch=True)


@given(st.lists(LABELS, min_size=1, max_size=4), st.integers(1, 65535))
def test_every_name_of_dns_is_valid_with_every_port(labels: list[str], port: int) -> None:
    assert host_problem(f"https://{'.'.join([*labels, 'example'])}:{port}/cb") == ""


@given(st.integers(0, 2**32 - 1), st.integers(0, 2**128 - 1))
def test_every_address_is_valid_in_its_usual_form(four: int, six: int) -> None:
    assert host_problem(f"https://{ipaddress.IPv4Address(four)}/cb") == ""
    assert host_problem(f"https://[{ipaddress.IPv6Address(six)}]/cb") == ""


@given(st.text(min_size=1))
def test_no_text_raises_an_error(text: str) -> None:
    assert isinstance(host_problem(f"https://{text}"), str)
