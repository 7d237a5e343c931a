"""An app revokes its own tokens, and only those (RFC 7009)."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import structs
from tests.authorization.token_requests import FAMILY, NOW, PUBLIC, SECRET, SYMMETRIC, basic, token_request

from sickbay.authorization import revocation
from sickbay.authorization.contexts import SubjectContext
from sickbay.authorization.models import AccessToken, Policy, Server
from sickbay.authorization.requests import TokenRequest
from sickbay.authorization.token.client_authentication import JWT_BEARER
from sickbay.kernel.checks import UNKNOWN, Refusal, examine

TOKEN = AccessToken("app", "patient/Patient.rs", "http://localhost:7425/general/r4", NOW + 100, "f1")
KNOWN = SubjectContext(now=NOW, server=Server(), client=PUBLIC, subject=TOKEN)
FORM: dict[str, str | None] = {"token": "t", "client_id": "app"}


def refusals(request: TokenRequest, context: SubjectContext = KNOWN) -> tuple[Refusal, ...]:
    return examine(revocation.checks_for(request), request, context).refusals


def names(request: TokenRequest, context: SubjectContext = KNOWN) -> list[str]:
    return [refusal.name for refusal in refusals(request, context)]


@pytest.mark.parametrize("subject", [TOKEN, FAMILY, structs.replace(TOKEN, revoked=True), None])
def test_an_app_can_revoke_its_own_or_an_unknown_token(subject: Any) -> None:
    assert names(token_request(FORM), structs.replace(KNOWN, subject=subject)) == []


@pytest.mark.parametrize(
    ("subject", "kind"),
    [(TOKEN, "access token"), (structs.replace(TOKEN, revoked=True), "access token"), (FAMILY, "refresh token")],
)
def test_an_app_cannot_revoke_a_token_of_another_app(subject: Any, kind: str) -> None:
    (refusal,) = refusals(token_request(FORM), structs.replace(KNOWN, subject=structs.replace(subject, client_id="other")))
    assert (refusal.name, refusal.error, refusal.status) == ("refresh-client-mismatch", "invalid_grant", 400)
    assert refusal.facts == {"received": "app", "kind": kind}


def test_a_confidential_app_must_authenticate_first() -> None:
    known = structs.replace(KNOWN, client=SYMMETRIC)
    assert names(token_request(FORM), known) == ["client-auth-missing"]
    assert names(token_request(FORM, client_id=None, headers={"Authorization": basic(f"app:{SECRET}")}), known) == []


def test_an_assertion_is_checked_as_at_the_token_endpoint() -> None:
    proof: dict[str, Any] = {"client_assertion_type": JWT_BEARER, "client_assertion": "x"}
    known = structs.replace(KNOWN, client=structs.replace(SYMMETRIC, client="asymmetric"))
    assert names(token_request(FORM, **proof), known) == ["assertion-not-jwt"]


def test_a_missing_or_unknown_token_is_not_revoked() -> None:
    assert names(token_request(FORM, token=None)) == ["token-parameter-missing"]
    unknown = structs.replace(KNOWN, subject=UNKNOWN)
    assert not examine(revocation.checks_for(token_request(FORM)), token_request(FORM), unknown).granted
    assert names(token_request(FORM), structs.replace(KNOWN, client=None)) == ["client-id-unknown"]


@pytest.mark.parametrize(
    ("revokes", "subject", "refused"),
    [(False, TOKEN, True), (False, FAMILY, False), (False, None, False), (True, TOKEN, False)],
)
def test_a_policy_may_refuse_to_revoke_access_tokens(revokes: bool, subject: Any, refused: bool) -> None:
    server = Server(policy=Policy(revokes_access=revokes))
    expected = Refusal(
        "revoke-access-token", "unsupported_token_type", {"received": "an access token", "expected": "a refresh token"}
    )
    refused_with_policy = refusals(token_request(FORM), structs.replace(KNOWN, server=server, subject=subject))
    assert refused_with_policy == ((expected,) if refused else ())
    assert refusals(token_request(FORM), structs.replace(KNOWN, server=UNKNOWN, subject=subject)) == ()


def test_a_token_of_another_app_is_refused_only_for_that() -> None:
    server = Server(policy=Policy(revokes_access=False))
    other = structs.replace(KNOWN, server=server, subject=structs.replace(TOKEN, client_id="other"))
    assert names(token_request(FORM), other) == ["refresh-client-mismatch"]
