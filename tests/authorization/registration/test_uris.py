"""Registered URLs that a browser may be sent to, including those that an older version stored."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs
from tests.authorization import samples
from tests.authorization.registration.contexts import CONTEXT
from tests.authorization.samples import examination, refusals, sample_context, sample_request, server
from tests.authorization.test_logout import logout_request
from tests.authorization.test_logout import refusals as logout_refusals
from tests.authorization.test_logout import sample_context as logout_known
from tests.laws import for_each
from tests.protocol.test_host_syntax import INVALID
from tests.protocol.test_host_syntax import VALID as WEB_HOSTS
from tests.protocol.test_urls_of_clients import INTERPRETED, NAMES

from sickbay.authorization.authorize.stage import GATE
from sickbay.authorization.launch import url as launch_url
from sickbay.authorization.models import Client
from sickbay.authorization.registration import CHECKS
from sickbay.authorization.registration import metadata as client_metadata
from sickbay.authorization.requests import RegistrationRequest
from sickbay.kernel.checks import examine
from sickbay.protocol import urls

VALID: dict[str, Any] = {"client": "public", "redirect_uris": ("https://app.example.org/cb",), "scope": "user/*.rs"}


def names(**changes: Any) -> set[str]:
    return {refusal.name for refusal in examine(CHECKS, RegistrationRequest(**(VALID | changes)), CONTEXT).refusals}


@pytest.mark.parametrize("name", INTERPRETED)
def test_schemes_handled_by_the_browser_or_the_system_are_refused(name: str) -> None:
    for uri in (f"{name}:alert(1)", f"{name.upper()}://app.example.org/%0aalert(1)"):
        assert names(redirect_uris=(uri,)) == {"reg-redirect-uri-scheme-forbidden"}
        assert names(post_logout_redirect_uris=(uri,)) == {"reg-redirect-uri-scheme-forbidden"}
        assert names(launch_uri=uri) == {"reg-launch-uri-scheme-forbidden"}
        assert names(jwks_uri=uri) == {"reg-jwks-uri-not-absolute"}


STARTS = ("", " ", "http://app.example.org", "HTTPS://app.example.org", "http://localhost", "ftp://a.example", "myapp:", "a.b:")
MIDDLES = ("", "/cb", ":3000/cb", ":99999/cb", "/*/cb", "@evil.example/cb", "/cb,http://b.example/cb")
ENDS = ("", " ", "#", "#/home", "?a=1#x", "?code=1", "?code=1#x", "#code=1")
ADDRESSES = [start + middle + end for start in STARTS for middle in MIDDLES for end in ENDS]


@for_each("uri", ADDRESSES)
def test_every_suggested_redirect_uri_can_be_registered_and_is_the_only_one_suggested(uri: str) -> None:
    refusals = examine(CHECKS, RegistrationRequest(**(VALID | {"redirect_uris": (uri,)})), CONTEXT).refusals
    expected = {refusal.facts["expected"][0] for refusal in refusals if refusal.facts.get("expected")}
    assert len(expected) <= 1
    assert all(names(redirect_uris=(suggested,)) == set() for suggested in expected)
    assert refusals or not ("#" in uri or uri.startswith("http://app"))


@pytest.mark.parametrize("uri", ["http://localhost:3000/cb ", " http://localhost:3000/cb", "http://localhost:3000/c b"])
def test_a_complete_uri_with_a_space_is_not_called_relative(uri: str) -> None:
    assert names(redirect_uris=(uri,)) == {"reg-redirect-uri-malformed"}


def test_a_refusal_names_the_list_that_contains_the_uri() -> None:
    def parameter(**changes: Any) -> str:
        (refusal,) = examine(CHECKS, RegistrationRequest(**(VALID | changes)), CONTEXT).refusals
        return str(refusal.facts["parameter"])

    assert parameter(redirect_uris=("cb",)) == "redirect_uris"
    assert parameter(post_logout_redirect_uris=("cb",)) == "post_logout_redirect_uris"
    assert parameter(redirect_uris=("cb",), post_logout_redirect_uris=("cb",)) == "redirect_uris"


HIDDEN = (
    " javascript:alert(1)",
    "java\tscript:alert(1)",
    "\x01javascript:alert(1)",
    "java\nscript:alert(1)",
    "javascript\u200b:alert(1)",
    "https://app.example.org/\n",
    "%6aavascript:alert(1)",
)


@pytest.mark.parametrize("uri", HIDDEN)
def test_hidden_characters_do_not_smuggle_in_a_scheme(uri: str) -> None:
    assert names(redirect_uris=(uri,)) & {"reg-redirect-uri-not-absolute", "reg-redirect-uri-malformed"}
    assert names(launch_uri=uri) == {"reg-launch-uri-not-absolute"}


URL_MEMBERS = ("redirect_uris", "post_logout_redirect_uris", "launch_uri", "jwks_uri")


@pytest.mark.parametrize("member", URL_MEMBERS)
def test_a_user_name_before_the_host_is_refused(member: str) -> None:
    uri = "https://app.example.org@evil.example/cb"
    assert names(**{member: (uri,) if member.endswith("uris") else uri}) == {"reg-url-has-credentials"}


@given(st.sampled_from(URL_MEMBERS), st.text("ab:@/#?*%[] \u00fc", max_size=12), st.text("ab:/?#*. ", max_size=12))
def test_no_refusal_repeats_a_password(member: str, before: str, after: str) -> None:
    uri = f"http://{before}s3cret@app.example.org{after}"
    kept = "/" in before or "?" in before or "#" in before  # the text is a path, not a password
    sent = VALID | {member: (uri,) if member.endswith("uris") else uri}
    refusals = examine(CHECKS, RegistrationRequest(**sent), CONTEXT).refusals
    assert kept or refusals
    assert kept or not any("s3cret" in str(refusal.facts) for refusal in refusals)


@for_each("uri", INVALID)
def test_a_url_whose_host_or_port_no_browser_can_open_is_refused(uri: str) -> None:
    found = "reg-redirect-uri-wildcard" if "*" in uri else "reg-host-invalid" if uri.isascii() else "reg-redirect-uri-malformed"
    assert found in names(redirect_uris=(uri,))
    assert names(redirect_uris=(uri,)) <= {found, "reg-url-has-credentials"}
    for member in ("launch_uri", "jwks_uri"):
        assert "*" in uri or not uri.isascii() or "reg-host-invalid" in names(**{member: uri})
    assert found in names(post_logout_redirect_uris=(uri,))
    assert client_metadata.find_problem({"logo_uri": uri}) == "logo_uri must be an http or https address without a user name"


def test_the_refusal_of_a_host_names_the_member_and_the_reason() -> None:
    uris = ("https://app.example.org/cb", "https://ex%61mple.org/cb", "https://a..b/cb")
    [refusal] = examine(CHECKS, RegistrationRequest(**VALID | {"redirect_uris": uris}), CONTEXT).refusals
    assert refusal.error == "invalid_redirect_uri"
    assert refusal.facts["received"] == list(uris[1:])
    assert "percent-encoded" in refusal.facts["reason"]
    [refusal] = examine(CHECKS, RegistrationRequest(**VALID | {"jwks_uri": uris[2]}), CONTEXT).refusals
    assert (refusal.error, refusal.facts["parameter"]) == ("invalid_client_metadata", "jwks_uri")


@for_each("uri", WEB_HOSTS.values())
def test_a_url_with_a_valid_host_is_not_refused_for_it(uri: str) -> None:
    assert "reg-host-invalid" not in names(redirect_uris=(uri,), launch_uri=uri, jwks_uri=uri)


@pytest.mark.parametrize(
    "uri",
    [
        "https://app.example.org/cb",
        "http://localhost:8100/cb",
        "myapp:/cb",
        "myapp://cb",
        "com.example.app:/cb",
        "com.example.app:cb",
    ],
)
def test_web_urls_and_an_apps_own_schemes_are_accepted(uri: str) -> None:
    assert names(redirect_uris=(uri,), launch_uri=uri, post_logout_redirect_uris=(uri,)) == set()


def test_a_launch_over_http_is_only_for_this_machine() -> None:
    assert names(launch_uri="http://app.example.org/launch") == {"reg-launch-uri-insecure-http"}
    assert names(launch_uri="http://127.0.0.1/launch") == set()


@pytest.mark.parametrize("name", NAMES)
def test_a_redirect_uri_with_a_response_parameter_is_refused(name: str) -> None:
    uri = f"https://app.example.org/cb?site=1&{name.title()}=x"
    assert names(redirect_uris=(uri,)) == {"reg-redirect-uri-response-parameter"}
    assert names(redirect_uris=("https://app.example.org/cb?site=1",)) == set()


OTHERS = (
    "logo_uri",
    "client_uri",
    "tos_uri",
    "policy_uri",
    "tos_uri#de",
    "sector_identifier_uri",
    "frontchannel_logout_uri",
)


@pytest.mark.parametrize("name", OTHERS)
def test_a_url_that_is_only_displayed_must_be_a_web_url(name: str) -> None:
    assert client_metadata.find_problem({name: "https://app.example.org/x"}) == ""
    for invalid in ("javascript:alert(1)", "data:image/svg+xml,x", "myapp:/x", "//x", 5, None, "https://u@a.example/"):
        assert client_metadata.find_problem({name: invalid}) == f"{name} must be an http or https address without a user name"
    assert client_metadata.find_problem({"request_uris": ["https://a.example/", "file:///x"]}) != ""
    assert client_metadata.find_problem({"request_uris": ["https://a.example/"]}) == ""


def test_the_login_uri_next_to_a_launch_uri_is_checked_too() -> None:
    sent = {"launch_uri": "https://a.example/", "initiate_login_uri": "javascript:alert(1)"}
    assert client_metadata.find_problem(sent) == "initiate_login_uri can't be opened by a browser"


@pytest.mark.parametrize("uri", ["javascript:alert(1)//", "data:text/html,x", "file:///etc/passwd"])
def test_an_unsafe_url_stored_by_an_older_version_is_not_used(uri: str) -> None:
    old = structs.replace(samples.CLIENT, redirect_uris=(uri,), launch_uri=uri)
    refused = examination(sample_request(redirect_uri=uri), sample_context(client=old))
    assert refused.refusals[0].name == "redirect-uri-scheme-forbidden"
    assert refused.refusals[0].facts == {"received": uri}
    assert not refused.has_passed(GATE)
    assert launch_url.launch_url(old, "code", "https://iss.example/") == ""
    logout_context = structs.replace(logout_known(), client=Client("app", post_logout_redirect_uris=(uri,)))
    assert [
        refusal.name
        for refusal in logout_refusals(logout_request(client_id="app", post_logout_redirect_uri=uri), logout_context)
    ] == ["logout-redirect-uri-mismatch"]


def test_an_unsafe_url_is_not_used_even_if_redirect_uri_is_optional() -> None:
    lenient = server(redirect_uri_optional=True)
    safe = structs.replace(samples.CLIENT, redirect_uris=(samples.CALLBACK,))
    assert examination(sample_request(redirect_uri=None), sample_context(client=safe, server=lenient)).has_passed(GATE)
    unsafe = structs.replace(safe, redirect_uris=("javascript:alert(1)",))
    assert not examination(sample_request(redirect_uri=None), sample_context(client=unsafe, server=lenient)).has_passed(GATE)


@pytest.mark.parametrize("name", NAMES)
def test_an_allowed_extra_query_cannot_contain_a_response_parameter(name: str) -> None:
    tolerant = sample_context(server=server(redirect_extra_query=True))
    encoded = "".join(f"%{ord(character):02X}" for character in name)
    for spelt in (name, name.upper(), f"{name}[]", encoded, quote(encoded), f"+{name}"):
        for query in (f"?{spelt}=x", f"?a=1&{spelt}=x", f"?a=1;{spelt}=x", f"?a=1&{spelt}=x&{spelt}=y"):
            sent = sample_request(redirect_uri=samples.CALLBACK + query)
            assert "redirect-uri-response-parameter" in refusals(sent, tolerant)
            assert not examination(sent, tolerant).has_passed(GATE)
    assert examination(sample_request(redirect_uri=samples.CALLBACK + "?site=1"), tolerant).granted


def test_a_registered_query_with_a_response_parameter_is_not_used() -> None:
    uri = samples.CALLBACK + "?state=1"
    old = sample_context(client=structs.replace(samples.CLIENT, redirect_uris=(uri,)))
    assert refusals(sample_request(redirect_uri=uri), old) == ["redirect-uri-response-parameter"]
    assert urls.split(uri).query == "state=1"
