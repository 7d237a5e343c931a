"""Which URIs a browser may be sent to, and which parameters a redirect URI must not have."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.laws import for_each

from sickbay.protocol import urls

INTERPRETED = (
    "javascript",
    "data",
    "vbscript",
    "file",
    "about",
    "blob",
    "filesystem",
    "view-source",
    "ws",
    "wss",
    "ftp",
    "mailto",
    "tel",
    "sms",
    "intent",
    "jar",
    "chrome",
    "chrome-extension",
    "moz-extension",
    "resource",
    "ms-settings",
    "ms-word",
    "search-ms",
    "web+app",
    "ext+app",
    "livescript",
    "mocha",
    "feed",
    "market",
    "itms-services",
    "ssh",
    "urn",
    "blob",
)


@pytest.mark.parametrize(
    "uri",
    [
        "https://app.example.org/callback",
        "http://localhost:8100/cb?x=1",
        "http://[::1]:8100/",
        "HTTPS://App.example/",
        "com.example.app:/callback",
        "com.example.app:callback",
        "myapp:/callback",
        "myapp://callback",
        "MyApp:/cb",
        "ms.example.app:/callback",
        "fb1234567://authorize",
    ],
)
def test_web_urls_and_private_use_schemes_are_accepted(uri: str) -> None:
    assert urls.find_problem(uri) == ""
    assert urls.is_safe(uri)


@for_each("name", INTERPRETED)
@for_each("rest", ["alert(1)", "//example.org/%0aalert(1)", "/x", "text/html,x", "///etc/passwd"])
def test_schemes_that_a_browser_or_the_system_handles_are_refused(name: str, rest: str) -> None:
    for spelling in (name, name.upper(), name.title()):
        assert urls.find_problem(f"{spelling}:{rest}") in ("scheme", "characters")
        assert not urls.is_safe(f"{spelling}:{rest}")


@given(
    st.sampled_from(["javascript:alert(1)", "data:text/html,x", "https://a.example/"]),
    st.integers(0, 12),
    st.sampled_from('\t\n\r\x00\x0b\x0c \x1f\x7f\u00a0\u200b\u2028\\"<>^`{|}\u3000'),
)
def test_no_hidden_character_makes_a_uri_acceptable(uri: str, at: int, odd: str) -> None:
    """Browsers skip tabs and line breaks in a scheme, and spaces before it."""
    assert urls.find_problem(uri[:at] + odd + uri[at:]) != ""


@pytest.mark.parametrize(
    ("uri", "fault"),
    [
        ("https://user@app.example.org/", "user-info"),
        ("https://app.example.org:pass@evil.example/", "user-info"),
        ("/callback", "not-absolute"),
        ("localhost:8100/callback", "not-absolute"),
        ("example.org:443/cb", "not-absolute"),
        ("callback:thing", "not-absolute"),
        ("https:/a.example", "not-absolute"),
        ("https:a.example", "not-absolute"),
        ("https://", "not-absolute"),
        ("https://a.example:x/", "not-absolute"),
        ("//a.example/", "not-absolute"),
        ("%6aavascript:alert(1)", "not-absolute"),
        ("1app:/cb", "not-absolute"),
        ("", "not-absolute"),
        ("com.apple.preferences:/x", "scheme"),
    ],
)
def test_an_unsafe_uri_is_refused_with_its_reason(uri: str, fault: str) -> None:
    assert urls.find_problem(uri) == fault


@given(st.text())
def test_no_text_raises_and_only_known_kinds_are_safe(uri: str) -> None:
    urls.response_parameters(uri)
    if urls.is_safe(uri):
        assert urls.is_web(uri) or urls.is_private_use(uri)


@pytest.mark.parametrize("uri", ["https://a.example/\tx", "https://a.example/\u00a0", "https://", "http:///x", "https://a\\b/"])
def test_a_stored_url_without_a_host_or_with_control_characters_is_not_used(uri: str) -> None:
    assert not urls.is_safe(uri)


def test_a_stored_url_of_an_older_registration_is_still_used() -> None:
    assert urls.is_safe("https://user@a.example/")
    assert urls.is_safe("https://a.example/caf\u00e9")


NAMES = sorted(urls.RESPONSE_PARAMETERS)


def _encode(name: str, times: int) -> str:
    text = "".join(f"%{ord(char):02x}" for char in name)
    for _ in range(times):
        text = quote(text, safe="")
    return text


def _widen(name: str) -> str:
    """The name in full-width letters."""
    return "".join(chr(ord(char) + 0xFEE0) if char.isalpha() else char for char in name)


@pytest.mark.parametrize("name", NAMES)
def test_every_response_parameter_is_found_in_every_spelling(name: str) -> None:
    spellings = (
        name,
        name.upper(),
        name.title(),
        f"{name}[]",
        f"{name}[0]",
        f"{name}%5B%5D",
        f"+{name}",
        f"%20{name}",
        f"{name}%00x",
        _encode(name, 0),
        _encode(name, 1),
        _encode(name, 2),
        _widen(name),
        name.replace("_", "."),
        name.replace("_", "%2e"),
        name.replace("_", "+"),
    )
    for spelling in spellings:
        for place in (
            "?{}=x",
            "?a=1&{}=x",
            "?a=1;{}=x",
            "?{}",
            "?a=1?{}=x",
            "#{}=x",
            "?a=1#b=2&{}=x",
            "?amp;{}=x",
            "?&&{}=",
        ):
            uri = "https://app.example.org/cb" + place.format(spelling)
            assert urls.response_parameters(uri) == (name,), uri


@pytest.mark.parametrize(
    "uri",
    [
        "https://app.example.org/code/state?site=1",
        "https://app.example.org/cb?decode=1&states=2&my_code=3&issuer=x",
        "https://state.example.org/cb",
        "myapp:/code",
        "https://app.example.org/cb?x=code",
        "https://app.example.org/cb?%zz=1",
        "https://app.example.org/cb?",
        "https://app.example.org/cb?x=1%26code%3D2",
    ],
)
def test_other_parameters_are_allowed_in_a_redirect_uri(uri: str) -> None:
    assert urls.response_parameters(uri) == ()


def test_each_response_parameter_is_listed_once() -> None:
    assert urls.response_parameters("https://a.example/?state=1&STATE=2&code=3") == ("state", "code")


@pytest.mark.parametrize(
    ("uri", "web"),
    [
        ("https://a.example/x", True),
        ("http://a.example", True),
        ("javascript:alert(1)", False),
        ("data:,x", False),
        ("com.example.app:/x", False),
        ("/x", False),
        ("https://u:p@a.example/", False),
        ("", False),
        ("jscript:/x", False),
    ],
)
def test_a_web_url_is_one_that_a_browser_may_open(uri: str, web: bool) -> None:
    assert urls.is_web_address(uri) is web


@pytest.mark.parametrize("scheme", ["ecmascript", "jscript", "x-javascript", "safari-extension", "windowsdefender"])
def test_schemes_of_scripts_and_browsers_are_refused(scheme: str) -> None:
    assert urls.find_problem(f"{scheme}:/x") == "scheme"
