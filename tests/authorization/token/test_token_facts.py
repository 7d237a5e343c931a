"""The facts that each refusal of a token request carries."""

from __future__ import annotations

import pytest
from msgspec import structs
from tests.authorization.token_requests import (
    CODE,
    KNOWN,
    NOW,
    PUBLIC,
    REFRESH_FORM,
    URL,
    VERIFIER,
    examine_token,
    token_context,
    token_request,
)

from sickbay.authorization import requests
from sickbay.authorization.contexts import TokenContext
from sickbay.authorization.requests import TokenRequest
from sickbay.authorization.token import request as token_checks
from sickbay.kernel.checks import UNKNOWN, Refusal


@pytest.mark.parametrize(
    ("request_", "context", "expected"),
    [
        (
            token_request(code=None, refresh_token="r"),
            KNOWN,
            Refusal("grant-type-mismatch", "invalid_grant", {"received": "authorization_code", "expected": "refresh_token"}),
        ),
        (token_request(code=None), KNOWN, Refusal("code-missing", "invalid_request", {"received": None})),
        (token_request(), token_context(code=None), Refusal("code-unknown", "invalid_grant", {"length": 2})),
        (
            token_request(code="c&d"),
            token_context(code=None),
            Refusal("code-unknown", "invalid_grant", {"length": 3, "odd": "&"}),
        ),
        (
            token_request(),
            token_context(code=structs.replace(CODE, used_at=NOW - 7)),
            Refusal("code-reused", "invalid_grant", {"seconds": 7}),
        ),
        (
            token_request(),
            token_context(code=structs.replace(CODE, used_at=NOW - 7), now=UNKNOWN),
            Refusal("code-reused", "invalid_grant", {"seconds": None}),
        ),
        (
            token_request(),
            token_context(code=structs.replace(CODE, issued_at=NOW - 65)),
            Refusal("code-expired", "invalid_grant", {"age": 65, "lifetime": 60, "late": 5}),
        ),
        (
            token_request(),
            token_context(code=structs.replace(CODE, client_id="other")),
            Refusal("code-client-mismatch", "invalid_grant", {"received": "app"}),
        ),
        (
            token_request(redirect_uri="http://localhost:8100/other"),
            KNOWN,
            Refusal(
                "token-redirect-uri-mismatch",
                "invalid_grant",
                {"received": "http://localhost:8100/other", "expected": "http://localhost:8100/callback"},
            ),
        ),
        (
            token_request(redirect_uri=None),
            KNOWN,
            Refusal(
                "token-redirect-uri-missing",
                "invalid_request",
                {"received": None, "expected": "http://localhost:8100/callback"},
            ),
        ),
        (
            token_request(),
            token_context(code=structs.replace(CODE, base="http://localhost:7425/cerner/r4")),
            Refusal(
                "token-endpoint-wrong-tenant",
                "invalid_grant",
                {"received": "http://localhost:7425/general/oauth/token", "expected": None},
            ),
        ),
        (
            token_request(grant_type=None),
            KNOWN,
            Refusal("grant-type-missing", "invalid_request", {"received": None, "expected": "authorization_code"}),
        ),
        (
            token_request(grant_type="password"),
            KNOWN,
            Refusal(
                "grant-type-invalid",
                "unsupported_grant_type",
                {
                    "received": "password",
                    "expected": "authorization_code",
                    "supported": ("authorization_code", "refresh_token", "client_credentials"),
                },
            ),
        ),
        (
            token_request(grant_type="refresh_token"),
            KNOWN,
            Refusal("grant-type-mismatch", "invalid_grant", {"received": "refresh_token", "expected": "authorization_code"}),
        ),
        (
            token_request(grant_type="client_credentials"),
            KNOWN,
            Refusal(
                "grant-type-mismatch", "invalid_grant", {"received": "client_credentials", "expected": "authorization_code"}
            ),
        ),
        (
            token_request(REFRESH_FORM, grant_type="authorization_code"),
            KNOWN,
            Refusal("grant-type-mismatch", "invalid_grant", {"received": "authorization_code", "expected": "refresh_token"}),
        ),
        (
            token_request(),
            token_context(client=structs.replace(PUBLIC, grant_types=("refresh_token",))),
            Refusal(
                "backend-grant-not-allowed",
                "unauthorized_client",
                {"received": "authorization_code", "registered": ("refresh_token",)},
            ),
        ),
        (
            requests.token_request("PUT", f"{URL}?code=x&state=y", {"content-type": token_checks.FORM}, ""),
            KNOWN,
            Refusal("token-wrong-method", "invalid_request", {"received": "PUT", "in_url": ["code"]}, 405),
        ),
        (
            requests.token_request("POST", URL, {"content-type": "text/plain"}, token_request().parameters.raw),
            KNOWN,
            Refusal(
                "token-wrong-content-type",
                "invalid_request",
                {"received": "text/plain", "expected": "application/x-www-form-urlencoded", "json": False},
            ),
        ),
        (
            requests.token_request("POST", URL, {}, "{}"),
            KNOWN,
            Refusal(
                "token-wrong-content-type",
                "invalid_request",
                {"received": None, "expected": "application/x-www-form-urlencoded", "json": True},
            ),
        ),
        (
            requests.token_request(
                "POST", URL, {"content-type": token_checks.FORM}, token_request().parameters.raw + "&code=x"
            ),
            KNOWN,
            Refusal(
                "duplicate-parameter",
                "invalid_request",
                {"names": ["code"], "received": ["code"], "expected": "each parameter once"},
            ),
        ),
        (
            token_request(code_verifier=None),
            KNOWN,
            Refusal("pkce-verifier-missing", "invalid_grant", {"challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"}),
        ),
        (
            token_request(),
            token_context(code=structs.replace(CODE, code_challenge=None)),
            Refusal("pkce-verifier-unexpected", "invalid_grant", {"challenge": None}),
        ),
        (
            token_request(code_verifier="short+é"),
            KNOWN,
            Refusal("pkce-verifier-malformed", "invalid_grant", {"length": 7, "foreign": ["+", "é"]}),
        ),
        (
            token_request(code_verifier=VERIFIER[::-1]),
            KNOWN,
            Refusal(
                "pkce-verifier-mismatch",
                "invalid_grant",
                {
                    "challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
                    "computed": "sF0rzd7wWZy8MUlxcdsOwuqFID-nfn7HBYiQ6rggDP8",
                    "slip": None,
                },
            ),
        ),
        (
            token_request(code_verifier=VERIFIER[::-1]),
            token_context(attempts=("sF0rzd7wWZy8MUlxcdsOwuqFID-nfn7HBYiQ6rggDP8",)),
            Refusal(
                "pkce-verifier-mismatch",
                "invalid_grant",
                {
                    "challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
                    "computed": "sF0rzd7wWZy8MUlxcdsOwuqFID-nfn7HBYiQ6rggDP8",
                    "slip": None,
                    "other_attempt": True,
                },
            ),
        ),
        (
            token_request(),
            token_context(code=structs.replace(CODE, code_challenge=VERIFIER)),
            Refusal(
                "pkce-verifier-mismatch",
                "invalid_grant",
                {
                    "challenge": "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
                    "computed": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
                    "slip": "not-hashed",
                },
            ),
        ),
    ],
)
def test_each_refusal_carries_the_facts_of_its_explanation(
    request_: TokenRequest, context: TokenContext, expected: Refusal
) -> None:
    assert examine_token(request_, context).refusals[0] == expected
