"""Which `aud` of a client assertion names this server (RFC 7523 3; OpenID Connect Core 9; SMART 2.2)."""

from __future__ import annotations

import pytest
from msgspec import structs
from tests.authorization.backend_requests import request, sample_context, sign
from tests.authorization.token_requests import BASE, NOW, URL, outcome

from sickbay.authorization import introspection, revocation
from sickbay.authorization.contexts import SubjectContext
from sickbay.authorization.models import AccessToken, Policy, Server
from sickbay.authorization.requests import TokenRequest
from sickbay.kernel.checks import examine

ISSUER = "http://localhost:7425/general"
INTROSPECTION, REVOCATION = f"{ISSUER}/oauth/introspect", f"{ISSUER}/oauth/revoke"
ENDPOINTS = {URL: None, INTROSPECTION: introspection.checks_for, REVOCATION: revocation.checks_for}
USUAL, STRICT = Policy(), Policy(assertion_audience="token-endpoint")
WRONG = ("assertion-aud-wrong", "invalid_client")


def server(policy: Policy = USUAL) -> Server:
    return Server(issuer=ISSUER, token_endpoint=URL, grants=("client_credentials",), fhir_bases=(BASE,), policy=policy)


def refusal(called: str, aud: object, policy: Policy = USUAL) -> tuple[str, str] | None:
    """The first refusal of a request to this endpoint with this audience."""
    context = structs.replace(sample_context(), server=server(policy))
    sent: TokenRequest = structs.replace(request(sign(aud=aud), token="t"), url=called)
    checks = ENDPOINTS[called]
    if checks is None:
        found = outcome(sent, context)
        return found[:2] if found else None
    subject = AccessToken("app", "system/*.rs", BASE, NOW + 60, "")
    members = {name: getattr(context, name) for name in context.__struct_fields__}
    decisive = examine(checks(sent), sent, SubjectContext(**members, subject=subject)).decisive()
    return (decisive.name, decisive.error) if decisive else None


@pytest.mark.parametrize("called", ENDPOINTS)
def test_the_token_endpoint_the_issuer_and_the_endpoint_that_is_called_are_accepted(called: str) -> None:
    for aud in (URL, ISSUER, called, (called, "https://other.example.org"), ("x", ISSUER)):
        assert refusal(called, aud) is None, aud


@pytest.mark.parametrize("called", ENDPOINTS)
def test_everything_else_is_refused(called: str) -> None:
    others = [endpoint for endpoint in (INTROSPECTION, REVOCATION) if endpoint != called]
    for aud in (*others, f"{ISSUER}/", BASE, "", (), None, 7, "https://other.example.org", ISSUER.upper()):
        assert refusal(called, aud) == WRONG, aud


@pytest.mark.parametrize("called", ENDPOINTS)
def test_a_strict_policy_accepts_only_the_token_endpoint_as_smart_says(called: str) -> None:
    assert refusal(called, URL, STRICT) is None
    assert refusal(called, ("x", URL), STRICT) is None
    for aud in (ISSUER, (ISSUER, "x"), *({called} - {URL})):
        assert refusal(called, aud, STRICT) == WRONG, aud


def test_a_server_without_an_issuer_refuses_an_empty_audience() -> None:
    assert outcome(request(sign(aud="")), sample_context()) == (*WRONG, 400)
    assert refusal(URL, "") == WRONG
