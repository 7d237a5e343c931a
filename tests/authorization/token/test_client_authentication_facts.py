"""The facts that each refusal of client authentication carries."""

from __future__ import annotations

import pytest
from msgspec import structs
from tests.authorization.confidential_requests import CONFIDENTIAL
from tests.authorization.token_requests import (
    REFRESH_FORM,
    SECRET,
    SYMMETRIC,
    basic,
    examine_token,
    token_context,
    token_request,
)

from sickbay.authorization.contexts import TokenContext
from sickbay.authorization.requests import TokenRequest
from sickbay.kernel.checks import Refusal


@pytest.mark.parametrize(
    ("request_", "context", "expected"),
    [
        (
            token_request(headers={"Authorization": "Bearer x"}),
            token_context(),
            Refusal("assertion-as-bearer", "invalid_client", {"grant_type": "authorization_code", "received": "Bearer"}, 401),
        ),
        (
            token_request(headers={"Authorization": "Digest x"}),
            token_context(),
            Refusal(
                "basic-malformed",
                "invalid_client",
                {"grant_type": "authorization_code", "fault": "scheme", "received": "Digest"},
                401,
            ),
        ),
        (
            token_request(headers={"Authorization": "Basic"}),
            CONFIDENTIAL,
            Refusal("basic-malformed", "invalid_client", {"grant_type": "authorization_code", "fault": "no-colon"}, 401),
        ),
        (
            token_request(headers={"Authorization": "Basic !!!"}),
            CONFIDENTIAL,
            Refusal("basic-malformed", "invalid_client", {"grant_type": "authorization_code", "fault": "not-base64"}, 401),
        ),
        (
            token_request(client_secret=SECRET, headers={"Authorization": basic(f"app:{SECRET}")}),
            CONFIDENTIAL,
            Refusal("client-auth-multiple", "invalid_request", {"received": ("client_secret_basic", "client_secret_post")}),
        ),
        (
            token_request(client_id=None),
            token_context(),
            Refusal(
                "client-id-missing-in-body",
                "invalid_client",
                {
                    "grant_type": "authorization_code",
                    "received": None,
                    "expected": "app",
                    "registered": "client_id in the body",
                },
            ),
        ),
        (
            token_request(client_id=None),
            token_context(client=None),
            Refusal(
                "client-id-missing-in-body",
                "invalid_client",
                {"grant_type": "authorization_code", "received": None, "expected": None, "registered": "client_id in the body"},
            ),
        ),
        (
            token_request(REFRESH_FORM, client_id=None),
            token_context(),
            Refusal(
                "client-auth-missing",
                "invalid_client",
                {"grant_type": "refresh_token", "received": None, "expected": "app", "registered": "client_id in the body"},
            ),
        ),
        (
            token_request(headers={"Authorization": basic("app:x")}, client_id="other"),
            CONFIDENTIAL,
            Refusal("client-id-duplicated", "invalid_request", {"received": "other", "expected": "app"}),
        ),
        (
            token_request(),
            token_context(client=None, others=("a", "b")),
            Refusal("client-id-unknown", "invalid_client", {"received": "app", "others": ["a", "b"]}),
        ),
        (
            token_request(),
            CONFIDENTIAL,
            Refusal(
                "client-auth-missing",
                "invalid_client",
                {"grant_type": "authorization_code", "received": None, "registered": "client_secret_basic"},
            ),
        ),
        (
            token_request(),
            token_context(client=structs.replace(SYMMETRIC, client="asymmetric")),
            Refusal(
                "assertion-missing",
                "invalid_client",
                {"grant_type": "authorization_code", "received": None, "registered": "private_key_jwt"},
            ),
        ),
        (
            token_request(client_secret="x"),
            token_context(),
            Refusal(
                "public-client-sent-secret",
                "invalid_client",
                {"grant_type": "authorization_code", "received": ("client_secret_post",)},
            ),
        ),
        (
            token_request(client_secret=SECRET),
            token_context(client=structs.replace(SYMMETRIC, client="asymmetric")),
            Refusal(
                "client-auth-method-mismatch",
                "invalid_client",
                {"grant_type": "authorization_code", "received": "client_secret_post", "registered": "private_key_jwt"},
            ),
        ),
        (
            token_request(client_secret=SECRET),
            token_context(client=structs.replace(SYMMETRIC, auth_method="client_secret_basic")),
            Refusal(
                "client-auth-method-mismatch",
                "invalid_client",
                {"grant_type": "authorization_code", "received": "client_secret_post", "registered": "client_secret_basic"},
            ),
        ),
        (
            token_request(client_assertion="a.b.c"),
            CONFIDENTIAL,
            Refusal(
                "client-auth-method-mismatch",
                "invalid_client",
                {"grant_type": "authorization_code", "received": "private_key_jwt", "registered": "client_secret_basic"},
            ),
        ),
        (
            token_request(client_secret="wrong"),
            CONFIDENTIAL,
            Refusal(
                "client-secret-wrong", "invalid_client", {"grant_type": "authorization_code", "received": "client_secret_post"}
            ),
        ),
    ],
)
def test_each_refusal_carries_the_facts_of_its_explanation(
    request_: TokenRequest, context: TokenContext, expected: Refusal
) -> None:
    assert examine_token(request_, context).refusals[0] == expected
