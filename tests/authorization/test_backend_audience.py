"""Which `aud` of a client assertion names this server (RFC 7523 3; SMART 2.2, Asymmetric Authentication)."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.authorization.test_backend import known, request, signed
from tests.authorization.token_requests import URL, said

from sickbay.authorization.values import Policy, Server

ISSUER = "http://localhost:7425/general"


@pytest.mark.parametrize(
    ("aud", "accepted"),
    [(ISSUER, True), ((ISSUER,), True), (f"{ISSUER}/", False), (f"{ISSUER}/r4", False), ("", False)],
)
def test_the_issuer_may_be_the_audience_unless_the_hospital_wants_the_token_endpoint(
    aud: object, accepted: bool
) -> None:
    """RFC 7523 3: the token endpoint MAY be the value of aud that names the server; libraries of OpenID send the issuer."""
    refused = ("assertion-aud-wrong", "invalid_client", 400)
    for policy, expected in ((Policy(), None if accepted else refused), (Policy(issuer_audience=False), refused)):
        server = Server(issuer=ISSUER, token_endpoint=URL, grants=("client_credentials",), policy=policy)
        assert said(request(signed(aud=aud)), replace(known(), server=server)) == expected


def test_an_issuer_that_is_a_fhir_base_is_no_audience() -> None:
    server = Server(issuer=ISSUER, token_endpoint=URL, grants=("client_credentials",), fhir_bases=(ISSUER,))
    assert said(request(signed(aud=ISSUER)), replace(known(), server=server)) is not None


def test_a_server_without_an_issuer_accepts_no_empty_audience() -> None:
    assert said(request(signed(aud="")), known()) == ("assertion-aud-wrong", "invalid_client", 400)
