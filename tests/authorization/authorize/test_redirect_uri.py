"""The gate: an answer goes to a registered address, compared character by character, and nowhere else."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.authorization import samples
from tests.authorization.samples import asking, examination, known, refusals, server

from sickbay.authorization.authorize import GATE, authorize_request


@given(st.one_of(st.text(max_size=60), st.builds(lambda tail: samples.CALLBACK + tail, st.text(max_size=10))))
def test_the_gate_opens_for_exactly_the_registered_addresses(uri: str) -> None:
    assert examination(asking(redirect_uri=uri)).passed(GATE) == (uri in samples.CLIENT.redirect_uris)


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
def test_what_resembles_a_registered_address_is_not_one(uri: str) -> None:
    assert not examination(asking(redirect_uri=uri)).passed(GATE)


def test_a_repeated_address_or_client_closes_the_gate() -> None:
    good = asking()
    for more in (
        "&redirect_uri=https%3A%2F%2Fevil.example",
        "&client_id=other",
        "&redirect_uri=http%3A%2F%2Flocalhost%3A8100%2Fcallback",
    ):
        request = authorize_request(good.raw + more)
        assert not examination(request).passed(GATE)
        assert "duplicate-parameter" in refusals(request)


def test_a_native_apps_loopback_port_may_vary_and_nothing_else_of_it() -> None:
    native = known(client=replace(samples.CLIENT, native=True))
    assert examination(asking(redirect_uri="http://localhost:51234/callback"), native).granted
    for uri in (
        "http://localhost:51234/other",
        "http://127.0.0.1:51234/callback",
        "https://localhost:51234/callback",
        "https://app.example.org:444/callback",
        "http://x@localhost:1/callback",
    ):
        assert not examination(asking(redirect_uri=uri), native).passed(GATE)


def test_a_tenant_may_let_a_query_ride_along() -> None:
    tolerant = known(server=server(redirect_extra_query=True))
    assert examination(asking(redirect_uri=samples.CALLBACK + "?a=b"), tolerant).granted
    assert not examination(asking(redirect_uri=samples.CALLBACK + "/?a=b"), tolerant).passed(GATE)


def test_left_out_it_is_refused_unless_the_tenant_lets_it_and_one_is_registered() -> None:
    none = asking(redirect_uri=None)
    assert refusals(none) == ["redirect-uri-missing"]
    optional = server(redirect_uri_optional=True)
    one = replace(samples.CLIENT, redirect_uris=(samples.CALLBACK,))
    assert examination(none, known(server=optional, client=one)).granted
    assert refusals(none, known(server=optional)) == ["redirect-uri-missing"]


def test_an_unknown_client_closes_the_gate() -> None:
    said = examination(asking(), known(client=None))
    assert [one.name for one in said.refusals] == ["client-id-unknown"]
    assert not said.passed(GATE)


def test_what_was_sent_twice_is_told_with_both_values() -> None:
    text = f"{samples.ENDPOINT}?{samples.encode([*samples.GOOD.items(), ('redirect_uri', 'http://x/')])}"
    refusal = samples.examination(authorize_request(text)).refusals[0]
    assert refusal.name == "duplicate-parameter"
    assert refusal.facts == {
        "names": ["redirect_uri"],
        "received": [f"redirect_uri={samples.CALLBACK}", "redirect_uri=http://x/"],
        "expected": "each parameter once",
    }


def test_what_had_to_be_mended_to_be_the_registered_one_is_said_for_what_it_is() -> None:
    twice = "http%3A%2F%2Flocalhost%3A8100%2Fcallback"
    assert set(refusals(asking(redirect_uri=twice))) == {"redirect-uri-double-encoded"}


def test_where_a_query_may_ride_along_it_may_hold_another_question_mark() -> None:
    tolerant = known(server=server(redirect_extra_query=True))
    assert not refusals(asking(redirect_uri=f"{samples.CALLBACK}?a=b?c=d"), tolerant)
    assert refusals(asking(redirect_uri=f"{samples.CALLBACK}x?a=b"), tolerant) == ["redirect-uri-mismatch"]
