"""A response goes only to a registered redirect URI, compared character by character."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs
from tests.authorization import samples
from tests.authorization.samples import examination, refusals, sample_context, sample_request, server
from tests.laws import for_each

from sickbay.authorization.authorize.stage import GATE
from sickbay.authorization.models import DocumentTimes
from sickbay.authorization.requests import authorize_request
from sickbay.protocol.parameters import encode


@given(st.one_of(st.text(max_size=60), st.builds(lambda tail: samples.CALLBACK + tail, st.text(max_size=10))))
def test_the_gate_passes_exactly_the_registered_redirect_uris(uri: str) -> None:
    assert examination(sample_request(redirect_uri=uri)).has_passed(GATE) == (uri in samples.CLIENT.redirect_uris)


@pytest.mark.parametrize(
    "uri",
    [
        samples.CALLBACK + "/",
        samples.CALLBACK + "?a=b",
        samples.CALLBACK.upper(),
        samples.CALLBACK + "%0A",
        "http://localhost:8100/callback/../evil",
        "http://localhost:8101/callback",
        "https://app.example.org.evil.example/callback",
        "https://app.example.org@evil.example/callback",
        "http%3A%2F%2Flocalhost%3A8100%2Fcallback",
        "javascript:alert(1)",
    ],
)
def test_a_url_that_resembles_a_registered_one_is_refused(uri: str) -> None:
    assert not examination(sample_request(redirect_uri=uri)).has_passed(GATE)


def test_a_repeated_redirect_uri_or_client_id_closes_the_gate() -> None:
    valid = sample_request()
    for more in (
        "&redirect_uri=https%3A%2F%2Fevil.example",
        "&client_id=other",
        "&redirect_uri=http%3A%2F%2Flocalhost%3A8100%2Fcallback",
    ):
        request = authorize_request(valid.raw + more)
        assert not examination(request).has_passed(GATE)
        assert "duplicate-parameter" in refusals(request)


def test_only_the_loopback_port_of_a_native_app_may_vary() -> None:
    native = sample_context(client=structs.replace(samples.CLIENT, native=True))
    assert examination(sample_request(redirect_uri="http://localhost:51234/callback"), native).granted
    for uri in (
        "http://localhost:51234/other",
        "http://127.0.0.1:51234/callback",
        "https://localhost:51234/callback",
        "https://app.example.org:444/callback",
        "http://x@localhost:1/callback",
    ):
        assert not examination(sample_request(redirect_uri=uri), native).has_passed(GATE)


def test_a_tenant_may_allow_an_extra_query() -> None:
    tolerant = sample_context(server=server(redirect_extra_query=True))
    assert examination(sample_request(redirect_uri=samples.CALLBACK + "?a=b"), tolerant).granted
    assert not examination(sample_request(redirect_uri=samples.CALLBACK + "/?a=b"), tolerant).has_passed(GATE)


def test_a_missing_redirect_uri_is_refused_unless_the_tenant_allows_it_and_one_is_registered() -> None:
    without_uri = sample_request(redirect_uri=None)
    assert refusals(without_uri) == ["redirect-uri-missing"]
    optional = server(redirect_uri_optional=True)
    single = structs.replace(samples.CLIENT, redirect_uris=(samples.CALLBACK,))
    assert examination(without_uri, sample_context(server=optional, client=single)).granted
    assert refusals(without_uri, sample_context(server=optional)) == ["redirect-uri-missing"]


def test_an_unknown_client_closes_the_gate_completely() -> None:
    result = examination(sample_request(), sample_context(client=None))
    assert [refusal.name for refusal in result.refusals] == ["client-id-unknown"]
    assert not result.has_passed(GATE)


def test_a_repeated_parameter_is_reported_with_both_values() -> None:
    text = f"{samples.ENDPOINT}?{encode([*samples.GOOD.items(), ('redirect_uri', 'http://x/')])}"
    refusal = samples.examination(authorize_request(text)).refusals[0]
    assert refusal.name == "duplicate-parameter"
    assert refusal.facts == {
        "names": ["redirect_uri"],
        "received": [f"redirect_uri={samples.CALLBACK}", "redirect_uri=http://x/"],
        "expected": "each parameter once",
    }


def test_a_redirect_uri_that_matches_after_correction_is_refused_for_its_own_fault() -> None:
    encoded_twice = "http%3A%2F%2Flocalhost%3A8100%2Fcallback"
    assert set(refusals(sample_request(redirect_uri=encoded_twice))) == {"redirect-uri-double-encoded"}


def test_an_allowed_extra_query_may_contain_a_question_mark() -> None:
    tolerant = sample_context(server=server(redirect_extra_query=True))
    assert not refusals(sample_request(redirect_uri=f"{samples.CALLBACK}?a=b?c=d"), tolerant)
    assert refusals(sample_request(redirect_uri=f"{samples.CALLBACK}x?a=b"), tolerant) == ["redirect-uri-mismatch"]


LOOPBACK = ("http://localhost", "http://127.0.0.1", "http://[::1]")
OTHER_SPELLINGS = (
    "http://localhost.",
    "http://LOCALHOST",
    "http://127.1",
    "http://127.0.0.2",
    "http://0.0.0.0",
    "http://0x7f.0.0.1",
    "http://2130706433",
    "http://[0:0:0:0:0:0:0:1]",
    "http://[::ffff:127.0.0.1]",
    "http://localhost%2e",
    "http://%6cocalhost",
    "http://127.0.0.%31",
    "http://１２７.0.0.1",
    "http://user@localhost",
    "http://localhost@evil.example",
    "http://localhost:1@evil.example",
    "http://localhost:80@evil.example:80",
    "http://localhost\\@evil.example",
    "http://localhost.evil.example",
    "http://evil.example/localhost",
    "https://localhost",
    "HTTP://localhost",
    "http:localhost",
    "http:///localhost",
    "//localhost",
)
PORTS = {"": True, ":1": True, ":80": True, ":8100": True, ":65535": True, ":0": False, ":65536": False, ":99999": False}
PORTS |= {":080": False, ":": False, ":-1": False, ":+1": False, ":1x": False, ":1:2": False, ":١": False, ":100000": False}
PATHS = ("", "/", "/callback/", "/Callback", "/callback?x", "/callback#x", "/x/../callback", "/callback;x", "/%63allback")
SENT = [f"{host}{port}/callback" for host in LOOPBACK for port in PORTS]
SENT += [f"{host}{port}/callback" for host in OTHER_SPELLINGS for port in ("", ":8100")]
SENT += [f"http://localhost{port}{path}" for port in ("", ":8100") for path in PATHS]


def passes(registered: str, sent: str, *, native: bool = True) -> bool:
    client = structs.replace(samples.CLIENT, native=native, redirect_uris=(registered,))
    return examination(sample_request(redirect_uri=sent), sample_context(client=client)).has_passed(GATE)


@for_each("host, sent", [(host, sent) for host in LOOPBACK for sent in SENT])
def test_only_the_port_of_the_same_loopback_name_may_vary_and_only_for_a_native_app(host: str, sent: str) -> None:
    registered = f"{host}/callback"
    port = sent.removeprefix(host).removesuffix("/callback")
    assert passes(registered, sent) is (sent == f"{host}{port}/callback" and PORTS.get(port, False))
    assert passes(registered, sent, native=False) is (sent == registered)


@pytest.mark.parametrize("registered", ["http://localhost:0/callback", "https://a.example:1/c"])
def test_a_registered_uri_whose_port_can_not_vary_is_compared_exactly(registered: str) -> None:
    assert passes(registered, registered)
    assert not passes(registered, "http://localhost:5/callback")
    assert not passes("http://localhost/callback", registered)


@pytest.mark.parametrize(("now", "expected"), [(1000, None), (1060, 60)])
def test_the_refusal_says_how_old_the_copy_of_a_metadata_document_is(now: int, expected: int | None) -> None:
    client = structs.replace(samples.CLIENT, document=DocumentTimes(at=1000, until=1100))
    context = sample_context(client=client, now=now)
    refused = examination(sample_request(redirect_uri="https://other.example.org/cb"), context).refusals
    (facts,) = (refusal.facts for refusal in refused if refusal.name == "redirect-uri-mismatch")
    assert facts.get("age") == expected
    assert facts.get("wait") == (None if expected is None else 100 - expected)
