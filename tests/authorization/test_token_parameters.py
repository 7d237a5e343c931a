"""A token request is read once, whatever form it came in, and kept as it came; a base in it may be named by another address."""

from __future__ import annotations

import pytest
from tests.authorization.token_requests import BASE, URL, asked, knowing

from sickbay.authorization import token, token_parameters
from sickbay.authorization.models import Server


@pytest.mark.parametrize("body", ['{"code": "a b"}', '  {"code": "a b"}', '\n{"code": "a b"}\n'])
def test_a_json_body_is_read_and_kept(body: str) -> None:
    read = token_parameters.read("post", URL, {}, body)
    assert (read.parameters.pairs, read.parameters.raw) == ((("code", "a b"),), "code=a%20b")
    assert (read.body, read.method) == (body, "POST")
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
def test_a_form_in_parts_is_read_for_the_explanation_where_it_says_that_it_is_one(type: str, pairs: object) -> None:
    read = token_parameters.read("POST", URL, {"Content-Type": type}, PARTS)
    assert (read.parameters.pairs == pairs) is (pairs is not None)
    assert read.body == PARTS
    assert (
        token.body_is_a_form.decide(read, knowing()) is None if pairs is None else token.body_is_a_form.decide(read, knowing())
    )


@pytest.mark.parametrize(("address", "taken"), [("http://x/short/r4", True), ("http://x/short/dstu2", False)])
def test_a_base_may_be_named_by_its_other_address(address: str, taken: bool) -> None:
    also = {"http://x/short/r4": BASE, "http://x/short/dstu2": BASE.replace("r4", "dstu2")}
    server = Server(fhir_bases=(BASE, BASE.replace("r4", "dstu2")), also=also)
    found = token.resource_is_what_was_granted.decide(asked(resource=address), knowing(server=server))
    assert (found is None) == taken


def test_a_form_of_very_many_parts_is_read_as_fast_as_it_is_long() -> None:
    """Looked for anew from each part to the end, it would keep everybody else waiting."""
    body = '--x\r\nContent-Disposition: form-data; name="a"\n\n' * 20_000
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    request = token_parameters.read("POST", "https://ehr.example.org/token", headers, body)
    assert set(request.parameters.pairs) == {("a", "")}
