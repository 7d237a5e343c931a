"""Members of a client assertion that aren't strings are quoted as JSON, so that a wrong value never looks right."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode

import pytest
from tests.authorization.backend_requests import request, sample_context, sign
from tests.authorization.token_requests import examine_token

from sickbay.authorization.requests import TokenRequest


def replace_header(**changed: object) -> str:
    """The assertion with other members in its header. Its signature isn't valid."""
    header, rest = sign().split(".", 1)
    members = json.loads(urlsafe_b64decode(header + "=" * (-len(header) % 4))) | changed
    return f"{urlsafe_b64encode(json.dumps(members).encode()).decode().rstrip('=')}.{rest}"


@pytest.mark.parametrize(
    ("sent", "name", "received"),
    [
        (request(sign(jti=5)), "assertion-jti-missing", "5"),
        (request(sign(jti=None)), "assertion-jti-missing", None),
        (request(sign(jti="")), "assertion-jti-missing", None),
        (request(replace_header(kid=["k-1"])), "assertion-kid-unknown", '["k-1"]'),
        (request(replace_header(kid={"k": 1})), "assertion-kid-unknown", '{"k": 1}'),
        (request(replace_header(alg=["RS384"])), "assertion-alg-unsupported", '["RS384"]'),
    ],
)
def test_a_member_of_another_type_is_quoted_as_json(sent: TokenRequest, name: str, received: str | None) -> None:
    (refusal,) = [refusal for refusal in examine_token(sent, sample_context()).refusals if refusal.name == name]
    assert refusal.facts["received"] == received


def test_an_issuer_that_is_a_list_is_quoted() -> None:
    assert request(sign(iss=5, sub=5)).named_issuer == "5"
    assert request(sign(iss="app", sub="app")).named_issuer == "app"
    assert request(sign(iss=None, sub=None)).named_issuer is None
