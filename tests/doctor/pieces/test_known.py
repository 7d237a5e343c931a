"""What the pieces of one launch in a text say about each other."""

from __future__ import annotations

from typing import Any

from sickbay.doctor.pieces.find import pieces
from sickbay.doctor.pieces.inputs import inputs
from sickbay.doctor.pieces.known import add_context

AUTHORIZE = "https://ehr.example.org/authorize?response_type=code&client_id=x&state=zE3rT9pQ2mN8vX4k&code_challenge=abc"


def read_contexts(text: str) -> list[dict[str, Any]]:
    found = pieces(text)
    return [each.evidence["context"] for each in add_context(inputs(found), found, text)]


def test_the_authorization_request_tells_which_challenge_the_code_has() -> None:
    text = f"{AUTHORIZE}\nhttps://app.example/cb?code=abc&state=zE3rT9pQ2mN8vX4k"
    assert [known["codes"] for known in read_contexts(text)] == [{"abc": {"client_id": "x", "code_challenge": "abc"}}] * 2


def test_the_code_of_the_only_token_request_comes_from_the_only_authorization_url() -> None:
    token = "curl -d grant_type=authorization_code -d code=Q7 -d client_id=x https://ehr.example.org/token"
    assert read_contexts(f"{AUTHORIZE}\n\n{token}")[-1]["codes"]["Q7"]["code_challenge"] == "abc"
    assert "codes" not in read_contexts(f"{AUTHORIZE}\n\n{AUTHORIZE}1\n\n{token}")[-1]
