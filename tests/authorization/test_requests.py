"""Requests are read once: corrected if they can be understood, with the original values kept."""

from __future__ import annotations

import pytest

from sickbay.authorization.requests import AuthorizeRequest, authorize_request
from sickbay.protocol.parameters import encode, parse

AT = "https://ehr.example.org/authorize"


@pytest.mark.parametrize("name", ["redirect_uri", "aud", "resource"])
def test_a_doubly_encoded_url_is_decoded_and_its_original_kept(name: str) -> None:
    request = authorize_request(f"{AT}?{name}=http%253A%252F%252Fa&state=1")
    assert (request.parameters.get(name), request.wire(name)) == ("http://a", "http%3A%2F%2Fa")
    assert request.parameters.raw == encode([(name, "http://a"), ("state", "1")])


def test_besides_urls_only_scope_is_decoded_again() -> None:
    request = authorize_request(f"{AT}?scope=launch%252Fpatient&state=a%252Fb%2520c")
    assert (request.parameters.get("scope"), request.parameters.get("state")) == ("launch/patient", "a%2Fb%20c")


def test_a_valid_request_stays_unchanged() -> None:
    request = authorize_request(f"{AT}?state=%7E%41")
    assert (request.parameters.raw, request.wire("state"), request.url, request.method) == ("state=%7E%41", "~A", AT, "GET")
    assert authorize_request(f"{AT}?state=1", "POST").method == "POST"


def test_a_parameter_on_its_own_line_is_read_but_not_as_sent() -> None:
    request = authorize_request(f"{AT}?state=1&\nscope=openid")
    assert (request.parameters.get("scope"), request.wire("scope"), request.wire("state")) == ("openid", None, "1")


def test_without_a_received_form_the_parameter_is_the_original() -> None:
    assert AuthorizeRequest(parse("a=b")).wire("a") == "b"


def test_a_question_mark_inside_a_value_does_not_start_a_query() -> None:
    request = authorize_request(f"{AT}?redirect_uri=http://a?b=c&state=1 ")
    assert (request.url, request.parameters.get("redirect_uri"), request.wire("redirect_uri")) == (
        AT,
        "http://a?b=c",
        "http://a?b=c",
    )
