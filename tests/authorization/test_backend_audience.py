"""Which `aud` of a client assertion names this server (RFC 7523 3; SMART 2.2, Asymmetric Authentication)."""

from __future__ import annotations

import pytest
from msgspec import structs
from tests.authorization.backend_requests import request, sample_context, signed
from tests.authorization.token_requests import URL, outcome

from sickbay.authorization.models import Server

ISSUER = "http://localhost:7425/general"


@pytest.mark.parametrize("aud", [ISSUER, (ISSUER,), f"{ISSUER}/", f"{ISSUER}/r4", ""])
def test_only_the_token_endpoint_is_the_audience_not_the_issuer_or_the_fhir_base(aud: object) -> None:
    """Epic and Oracle Health accept only the token endpoint, so an app that sends the issuer must get this refusal here."""
    server = Server(issuer=ISSUER, token_endpoint=URL, grants=("client_credentials",))
    context = structs.replace(sample_context(), server=server)
    assert outcome(request(signed(aud=aud)), context) == ("assertion-aud-wrong", "invalid_client", 400)
    assert outcome(request(signed(aud=(ISSUER, URL))), context) is None


def test_an_issuer_that_is_a_fhir_base_is_not_an_audience() -> None:
    server = Server(issuer=ISSUER, token_endpoint=URL, grants=("client_credentials",), fhir_bases=(ISSUER,))
    assert outcome(request(signed(aud=ISSUER)), structs.replace(sample_context(), server=server)) is not None


def test_a_server_without_an_issuer_refuses_an_empty_audience() -> None:
    assert outcome(request(signed(aud="")), sample_context()) == ("assertion-aud-wrong", "invalid_client", 400)
