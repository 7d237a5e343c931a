"""Requests are read once: corrected if they can be understood, in any format, with the original values kept."""

from __future__ import annotations

import pytest
from tests.authorization.token_requests import BASE, URL, token_context, token_request

from sickbay.authorization import requests
from sickbay.authorization.models import Server
from sickbay.authorization.requests import AuthorizeRequest, authorize_request
from sickbay.authorization.token import request as token_checks
from sickbay.protocol.parameters import encode, parse

AT = "https://ehr.example.org/authorize"


@pytest.mark.parametrize("name", ["redirect_uri", "aud", "resource"])
def test_a_doubly_encoded_url_is_decoded_and_its_original_kept(name: str) -> None:
    request = authorize_request(f"{AT}?{name}=http%253A%252F%252Fa&state=1")
    assert (request.parameters.get(name), request.as_sent(name)) == ("http://a", "http%3A%2F%2Fa")
    assert request.parameters.raw == encode([(name, "http://a"), ("state", "1")])


def test_besides_urls_only_scope_is_decoded_again() -> None:
    request = authorize_request(f"{AT}?scope=launch%252Fpatient&state=a%252Fb%2520c")
    assert (request.parameters.get("scope"), request.parameters.get("state")) == ("launch/patient", "a%2Fb%20c")


def test_a_valid_request_stays_unchanged() -> None:
    request = authorize_request(f"{AT}?state=%7E%41")
    assert (request.parameters.raw, request.as_sent("state"), request.url, request.method) == ("state=%7E%41", "~A", AT, "GET")
    assert authorize_request(f"{AT}?state=1", "POST").method == "POST"


def test_a_parameter_on_its_own_line_is_read_but_not_as_sent() -> None:
    request = authorize_request(f"{AT}?state=1&\nscope=openid")
    assert (request.parameters.get("scope"), request.as_sent("scope"), request.as_sent("state")) == ("openid", None, "1")


def test_without_a_received_form_the_parameter_is_the_original() -> None:
    assert AuthorizeRequest(parse("a=b")).as_sent("a") == "b"


def test_a_question_mark_inside_a_value_does_not_start_a_query() -> None:
    request = authorize_request(f"{AT}?redirect_uri=http://a?b=c&state=1 ")
    assert (request.url, request.parameters.get("redirect_uri"), request.as_sent("redirect_uri")) == (
        AT,
        "http://a?b=c",
        "http://a?b=c",
    )


@pytest.mark.parametrize("body", ['{"code": "a b"}', '  {"code": "a b"}', '\n{"code": "a b"}\n'])
def test_a_json_body_is_parsed_and_kept(body: str) -> None:
    request = requests.token_request("post", URL, {}, body)
    assert (request.parameters.pairs, request.parameters.raw) == ((("code", "a b"),), "code=a%20b")
    assert (request.body, request.method) == (body, "POST")
    assert requests.token_request("POST", URL, {}, "code=%7E").parameters.raw == "code=%7E"


PARTS = (
    '--x\r\nContent-Disposition: form-data; name="code"\r\n\r\na b\r\n'
    '--x\r\nContent-Disposition: form-data; name="state"\r\nContent-Type: text/plain\r\n\r\nc\r\nd\r\n--x--\r\n'
)


@pytest.mark.parametrize(
    ("type", "pairs"),
    [
        ("Multipart/Form-Data; boundary=x", (("code", "a b"), ("state", "c\r\nd"))),
        ("application/x-www-form-urlencoded", None),
    ],
)
def test_a_multipart_form_is_parsed_for_the_explanation(type: str, pairs: object) -> None:
    request = requests.token_request("POST", URL, {"content-type": type}, PARTS)
    assert (request.parameters.pairs == pairs) is (pairs is not None)
    assert request.body == PARTS
    assert (
        token_checks.body_is_a_form.decide(request, token_context()) is None
        if pairs is None
        else token_checks.body_is_a_form.decide(request, token_context())
    )


@pytest.mark.parametrize(("address", "accepted"), [("http://x/short/r4", True), ("http://x/short/dstu2", False)])
def test_a_base_may_be_named_by_its_alias(address: str, accepted: bool) -> None:
    also = {"http://x/short/r4": BASE, "http://x/short/dstu2": BASE.replace("r4", "dstu2")}
    server = Server(fhir_bases=(BASE, BASE.replace("r4", "dstu2")), also=also)
    refused = token_checks.resource_is_the_granted_fhir_base_url_if_sent.decide(
        token_request(resource=address), token_context(server=server)
    )
    assert (refused is None) == accepted


def test_a_form_of_many_parts_is_parsed_in_linear_time() -> None:
    """Searching from each part to the end of the body would be quadratic and block other requests."""
    body = '--x\r\nContent-Disposition: form-data; name="a"\n\n' * 20_000
    headers = {"content-type": "multipart/form-data; boundary=x"}
    request = requests.token_request("POST", "https://ehr.example.org/token", headers, body)
    assert set(request.parameters.pairs) == {("a", "")}


SITE = {"sec-fetch-site": "cross-site"}


@pytest.mark.parametrize(
    ("sent", "fetched"),
    [
        ({}, False),
        ({"sec-fetch-mode": "navigate", **SITE}, False),
        ({"sec-fetch-mode": "cors", **SITE}, True),
        ({"sec-fetch-mode": "no-cors", **SITE}, True),
        ({"sec-fetch-mode": "same-origin", **SITE}, True),
        ({"sec-fetch-mode": "cors"}, False),
        ({"x-requested-with": "XMLHttpRequest"}, True),
        ({"x-requested-with": "com.example.app"}, False),
    ],
)
def test_requests_of_scripts_are_recognised(sent: dict[str, str], fetched: bool) -> None:
    assert requests.is_fetched(sent) is fetched
