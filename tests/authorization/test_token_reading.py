"""A token request is read once, whatever form it came in, and kept as it came."""

from __future__ import annotations

import pytest
from tests.authorization.token_requests import URL

from sickbay.authorization import token


@pytest.mark.parametrize("body", ['{"code": "a b"}', '  {"code": "a b"}', '\n{"code": "a b"}\n'])
def test_a_json_body_is_read_and_kept(body: str) -> None:
    read = token.read("post", URL, {}, body)
    assert (read.parameters.pairs, read.parameters.raw) == ((("code", "a b"),), "code=a%20b")
    assert (read.body, read.method) == (body, "POST")
    assert token.read("POST", URL, {}, "code=%7E").parameters.raw == "code=%7E"
