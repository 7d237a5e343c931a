"""A token request is read once, whatever form it came in, and kept as it came; a base in it may be named by another address."""

from __future__ import annotations

import pytest
from tests.authorization.token_requests import BASE, URL, asked, knowing

from sickbay.authorization import token
from sickbay.authorization.values import Server


@pytest.mark.parametrize("body", ['{"code": "a b"}', '  {"code": "a b"}', '\n{"code": "a b"}\n'])
def test_a_json_body_is_read_and_kept(body: str) -> None:
    read = token.read("post", URL, {}, body)
    assert (read.parameters.pairs, read.parameters.raw) == ((("code", "a b"),), "code=a%20b")
    assert (read.body, read.method) == (body, "POST")
    assert token.read("POST", URL, {}, "code=%7E").parameters.raw == "code=%7E"


@pytest.mark.parametrize(("address", "taken"), [("http://x/short/r4", True), ("http://x/short/dstu2", False)])
def test_a_base_may_be_named_by_its_other_address(address: str, taken: bool) -> None:
    also = {"http://x/short/r4": BASE, "http://x/short/dstu2": BASE.replace("r4", "dstu2")}
    server = Server(fhir_bases=(BASE, BASE.replace("r4", "dstu2")), also=also)
    found = token.resource_is_what_was_granted.decide(asked(resource=address), knowing(server=server))
    assert (found is None) == taken
