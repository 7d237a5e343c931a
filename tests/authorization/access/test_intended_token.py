"""If a token can't be read, the intended one is guessed, only for the corrected request."""

from __future__ import annotations

import pytest
from msgspec import structs
from tests.authorization.access.test_access import fhir_request

from sickbay.authorization.access import bearer
from sickbay.authorization.contexts import AccessContext


@pytest.mark.parametrize(
    ("header", "query", "token"),
    [
        ("t1", "", "t1"),
        ('Bearer "t1"', "", "t1"),
        ('"Bearer t1"', "", "t1"),
        ('"Bearer t1 "', "", "t1"),
        ('Bearer "XtX"', "", "XtX"),
        ("Bearer: t1", "", "t1"),
        ("Token t1", "", "t1"),
        ("Bearer t1, Bearer t2", "", None),
        ("Basic dTpw", "", None),
        ("Bearer", "", None),
        ("Bearer t!", "", None),
        (None, "access_token=t1", "t1"),
        (None, "access_token=t%201", None),
        (None, "", None),
        ("t1", "access_token=t2", "t1"),
    ],
)
def test_the_intended_token_is_read_without_stray_characters(header: str | None, query: str, token: str | None) -> None:
    assert bearer.guess_token(fhir_request(authorization=header, query=query)) == token


@pytest.mark.parametrize(
    ("header", "fault"),
    [
        ("Bearer: t", "colon"),
        ("Token t", "scheme"),
        ("Bearer bearer t", "doubled"),
        ("Bearer a, Bearer b", "twice"),
        ("Bearer bearer a, b", "twice"),
        ('Bearer "t"', "quoted"),
        ("Bearer t t", "malformed"),
        ("Bearer", "malformed"),
    ],
)
def test_the_refusal_names_the_fault_of_the_header(header: str, fault: str) -> None:
    refusal = bearer.token_is_a_bearer_token.decide(fhir_request(authorization=header), AccessContext())
    assert refusal is not None
    assert (refusal.facts["fault"], refusal.status) == (fault, 401 if fault in ("colon", "scheme") else 400)


def test_a_refresh_token_and_a_token_in_the_body_are_recognised() -> None:
    refused = bearer.token_is_known.decide(fhir_request(authorization=f"Bearer f1.0.{'a' * 43}"), AccessContext(token=None))
    assert refused is not None
    assert refused.facts["refresh_token"]
    refused = bearer.token_is_only_in_the_header.decide(
        structs.replace(fhir_request(query="access_token=t"), body="access_token=t"), AccessContext()
    )
    assert refused is not None
    assert refused.facts["in_body"]
