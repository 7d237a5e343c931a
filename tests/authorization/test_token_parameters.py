"""A token request is parsed once in any format and keeps its original body; a base has aliases."""

from __future__ import annotations

import pytest
from tests.authorization.token_requests import BASE, URL, token_context, token_request

from sickbay.authorization import token, token_parameters
from sickbay.authorization.models import Server


@pytest.mark.parametrize("body", ['{"code": "a b"}', '  {"code": "a b"}', '\n{"code": "a b"}\n'])
def test_a_json_body_is_parsed_and_kept(body: str) -> None:
    request = token_parameters.read("post", URL, {}, body)
    assert (request.parameters.pairs, request.parameters.raw) == ((("code", "a b"),), "code=a%20b")
    assert (request.body, request.method) == (body, "POST")
    assert token_parameters.read("POST", URL, {}, "code=%7E").parameters.raw == "code=%7E"


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
    request = token_parameters.read("POST", URL, {"content-type": type}, PARTS)
    assert (request.parameters.pairs == pairs) is (pairs is not None)
    assert request.body == PARTS
    assert (
        token.body_is_a_form.decide(request, token_context()) is None
        if pairs is None
        else token.body_is_a_form.decide(request, token_context())
    )


@pytest.mark.parametrize(("address", "accepted"), [("http://x/short/r4", True), ("http://x/short/dstu2", False)])
def test_a_base_may_be_named_by_its_alias(address: str, accepted: bool) -> None:
    also = {"http://x/short/r4": BASE, "http://x/short/dstu2": BASE.replace("r4", "dstu2")}
    server = Server(fhir_bases=(BASE, BASE.replace("r4", "dstu2")), also=also)
    refused = token.resource_is_what_was_granted.decide(token_request(resource=address), token_context(server=server))
    assert (refused is None) == accepted


def test_a_form_of_many_parts_is_parsed_in_linear_time() -> None:
    """Searching from each part to the end of the body would be quadratic and block other requests."""
    body = '--x\r\nContent-Disposition: form-data; name="a"\n\n' * 20_000
    headers = {"content-type": "multipart/form-data; boundary=x"}
    request = token_parameters.read("POST", "https://ehr.example.org/token", headers, body)
    assert set(request.parameters.pairs) == {("a", "")}
