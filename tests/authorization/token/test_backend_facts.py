"""The facts that each refusal of a client assertion carries."""

from __future__ import annotations

import json

import pytest
from msgspec import structs
from tests.authorization.backend_requests import _with_header, client, key, request, sample_context, sign
from tests.authorization.token_requests import NOW, examine_token

from sickbay.authorization.contexts import TokenContext
from sickbay.authorization.requests import TokenRequest
from sickbay.kernel.checks import Refusal

KID = str(json.loads(key())["kid"])


@pytest.mark.parametrize(
    ("request_", "context", "expected"),
    [
        (
            request(sign(), client_assertion_type="jwt-bearer"),
            sample_context(),
            Refusal(
                "assertion-type-wrong",
                "invalid_client",
                {"received": "jwt-bearer", "expected": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"},
            ),
        ),
        (
            request("a.b"),
            sample_context(),
            Refusal("assertion-not-jwt", "invalid_client", {"problem": "it has 2 parts, expected 3"}),
        ),
        (
            request(""),
            structs.replace(sample_context(), client=structs.replace(client(), client="public")),
            Refusal(
                "client-id-missing-in-body",
                "invalid_client",
                {
                    "grant_type": "client_credentials",
                    "received": None,
                    "expected": "app",
                    "registered": "client_id in the body",
                },
            ),
        ),
        (
            request(_with_header(alg="RS384", kid="")),
            sample_context(),
            Refusal("assertion-kid-missing", "invalid_client", {"received": None}),
        ),
        (
            request(sign(iss="https://a.example")),
            sample_context(),
            Refusal("assertion-iss-sub-mismatch", "invalid_client", {"received": "https://a.example", "expected": "app"}),
        ),
        (
            request(sign(iss="other", sub="other")),
            sample_context(),
            Refusal("assertion-client-mismatch", "invalid_client", {"received": "other", "expected": "app"}),
        ),
        (
            request(sign(iss="other", sub="other"), client_id="app"),
            sample_context(),
            Refusal("assertion-client-mismatch", "invalid_client", {"received": "other", "expected": "app"}),
        ),
        (
            request(sign(aud="http://localhost:7425/general")),
            sample_context(),
            Refusal(
                "assertion-aud-wrong",
                "invalid_client",
                {"received": "http://localhost:7425/general", "expected": "http://localhost:7425/general/oauth/token"},
            ),
        ),
        (
            request(sign(aud=("a", "b"))),
            sample_context(),
            Refusal(
                "assertion-aud-wrong",
                "invalid_client",
                {"received": ["a", "b"], "expected": "http://localhost:7425/general/oauth/token"},
            ),
        ),
        (
            request(sign(exp="soon")),
            sample_context(),
            Refusal("assertion-exp-missing", "invalid_client", {"received": "soon"}),
        ),
        (
            request(sign(exp=(NOW + 240) * 1000)),
            sample_context(),
            Refusal(
                "assertion-exp-milliseconds",
                "invalid_client",
                {
                    "received": 1764000240000,
                    "now": 1764000000,
                    "ahead": 1762236240000,
                    "late": -1762236240000,
                    "unit": "milliseconds",
                    "expected": 1764000240,
                    "divided": True,
                    "divisor": 1000,
                },
            ),
        ),
        (
            request(sign(exp=NOW + 400)),
            sample_context(),
            Refusal(
                "assertion-exp-too-long",
                "invalid_client",
                {"received": 1764000400, "now": 1764000000, "ahead": 400, "late": -400},
            ),
        ),
        (
            request(sign(exp=NOW - 90)),
            sample_context(),
            Refusal(
                "assertion-expired", "invalid_client", {"received": 1763999910, "now": 1764000000, "ahead": -90, "late": 90}
            ),
        ),
        (
            request(sign(nbf=NOW + 90)),
            sample_context(),
            Refusal("assertion-nbf-future", "invalid_client", {"received": 1764000090, "now": 1764000000, "unit": None}),
        ),
        (
            request(_with_header(alg="RS256")),
            sample_context(),
            Refusal("assertion-alg-unsupported", "invalid_client", {"received": "RS256", "expected": ["RS384", "ES384"]}),
        ),
        (request(sign(jti="")), sample_context(), Refusal("assertion-jti-missing", "invalid_client", {"received": None})),
        (
            request(sign(jti="seen")),
            sample_context(seen_jti=("seen",)),
            Refusal("assertion-jti-reused", "invalid_client", {"received": "seen"}),
        ),
        (
            request(sign()),
            structs.replace(sample_context(), jwks=None, client=structs.replace(client(), jwks_uri="https://a.example/jwks")),
            Refusal("jwks-unreachable", "invalid_client", {"received": "https://a.example/jwks"}),
        ),
        (
            request(sign()),
            structs.replace(sample_context(), jwks=None, jwks_fault="it took too long"),
            Refusal("jwks-unreachable", "invalid_client", {"received": None, "fault": "it took too long"}),
        ),
        (
            request(sign()),
            sample_context(keys=[{"kid": "k2"}, {}, {"kid": 5}]),
            Refusal("assertion-kid-unknown", "invalid_client", {"received": KID, "published": ["k2"], "unnamed": True}),
        ),
        (
            request(_with_header(jku="https://b.example/jwks")),
            structs.replace(sample_context(), client=structs.replace(client(), jwks_uri="https://a.example/jwks")),
            Refusal(
                "assertion-kid-unknown",
                "invalid_client",
                {"received": KID, "published": [KID], "jku": "https://b.example/jwks", "expected": "https://a.example/jwks"},
            ),
        ),
        (
            request(sign() + "x"),
            sample_context(),
            Refusal("assertion-signature-invalid", "invalid_client", {"received": KID}),
        ),
        (
            request(sign(), scope=None),
            sample_context(),
            Refusal("backend-scope-missing", "invalid_scope", {"received": None, "registered": "system/*.rs"}),
        ),
        (
            request(sign(), scope="system/Patient.rs,system/Observation.rs"),
            sample_context(),
            Refusal(
                "scope-comma-separated",
                "invalid_scope",
                {"received": "system/Patient.rs,system/Observation.rs", "expected": "system/Patient.rs system/Observation.rs"},
            ),
        ),
        (
            request(sign(), scope="system/Patient.rs user/Patient.rs openid"),
            sample_context(),
            Refusal(
                "backend-scope-not-system",
                "invalid_scope",
                {"scopes": ["user/Patient.rs", "openid"], "received": ("system/Patient.rs", "user/Patient.rs", "openid")},
            ),
        ),
        (
            request(sign(), scope="system/Patient.rs system/Patient.d"),
            sample_context(),
            Refusal(
                "scope-not-registered",
                "invalid_scope",
                {
                    "received": ["system/Patient.d"],
                    "expected": None,
                    "scopes": ["system/Patient.d"],
                    "corrected": [],
                    "registered": "system/*.rs",
                },
            ),
        ),
        (
            request("", client_assertion=None, client_assertion_type=None, client_id="app"),
            structs.replace(sample_context(), client=structs.replace(client(), client="public")),
            Refusal("assertion-missing", "invalid_client", {"received": None}),
        ),
    ],
)
def test_each_refusal_carries_the_facts_of_its_explanation(
    request_: TokenRequest, context: TokenContext, expected: Refusal
) -> None:
    assert examine_token(request_, context).refusals[0] == expected
