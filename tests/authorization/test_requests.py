"""What comes in is read once: mended where it can be understood, and kept as it stood on the wire beside."""

from __future__ import annotations

import pytest

from sickbay.authorization.requests import AuthorizeRequest, authorize_request
from sickbay.protocol.parameters import encode, parse

AT = "https://ehr.example.org/authorize"


@pytest.mark.parametrize("name", ["redirect_uri", "aud", "resource"])
def test_an_address_that_was_encoded_twice_is_read_and_kept_as_it_came(name: str) -> None:
    read = authorize_request(f"{AT}?{name}=http%253A%252F%252Fa&state=1")
    assert (read.parameters.get(name), read.wire(name)) == ("http://a", "http%3A%2F%2Fa")
    assert read.parameters.raw == encode([(name, "http://a"), ("state", "1")])


def test_of_all_others_a_scope_alone_is_decoded_again() -> None:
    read = authorize_request(f"{AT}?scope=launch%252Fpatient&state=a%252Fb%2520c")
    assert (read.parameters.get("scope"), read.parameters.get("state")) == ("launch/patient", "a%2Fb%20c")


def test_what_needs_no_mending_stays_letter_by_letter() -> None:
    read = authorize_request(f"{AT}?state=%7E%41")
    assert (read.parameters.raw, read.wire("state"), read.url, read.method) == ("state=%7E%41", "~A", AT, "GET")
    assert authorize_request(f"{AT}?state=1", "POST").method == "POST"


def test_a_parameter_on_a_line_of_its_own_is_read_and_was_not_sent_under_its_name() -> None:
    read = authorize_request(f"{AT}?state=1&\nscope=openid")
    assert (read.parameters.get("scope"), read.wire("scope"), read.wire("state")) == ("openid", None, "1")


def test_what_was_not_received_stands_on_the_wire_as_it_is() -> None:
    assert AuthorizeRequest(parse("a=b")).wire("a") == "b"


def test_a_question_mark_inside_a_value_begins_no_other_query() -> None:
    read = authorize_request(f"{AT}?redirect_uri=http://a?b=c&state=1 ")
    assert (read.url, read.parameters.get("redirect_uri"), read.wire("redirect_uri")) == (
        AT,
        "http://a?b=c",
        "http://a?b=c",
    )
