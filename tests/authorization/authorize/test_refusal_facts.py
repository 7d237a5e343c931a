"""The facts of each refused authorization request, which rules and pages may quote."""

from __future__ import annotations

from msgspec import structs
from tests.authorization import samples
from tests.authorization.samples import (
    BASE,
    CALLBACK,
    CLIENT,
    ENDPOINT,
    GOOD,
    LAUNCH,
    examination,
    sample_context,
    sample_request,
)
from tests.laws import for_each

from sickbay.authorization.contexts import AuthorizeContext
from sickbay.authorization.requests import AuthorizeRequest, authorize_request
from sickbay.kernel.checks import UNKNOWN, Refusal
from sickbay.protocol.parameters import encode

CLIENT_ID, SCOPE = CLIENT.client_id, CLIENT.scope


def paste(text: str) -> AuthorizeRequest:
    """Returns the valid request with this text appended to its query."""
    return authorize_request(f"{ENDPOINT}?{encode([*GOOD.items()])}{text}")


@for_each(
    "request_, context, expected",
    [
        (
            sample_request(client_id=None),
            sample_context(client=None, others=("a",)),
            Refusal("client-id-missing", "invalid_request", {"received": None, "others": ["a"]}),
        ),
        (
            sample_request(client_id="x"),
            sample_context(client=None, others=("a",)),
            Refusal("client-id-unknown", "unauthorized_client", {"received": "x", "others": ["a"]}),
        ),
        (
            paste("&redirect_uri=http%3A%2F%2Fx%2F"),
            sample_context(),
            Refusal(
                "duplicate-parameter",
                "invalid_request",
                {
                    "names": ["redirect_uri"],
                    "received": ["redirect_uri=http://localhost:8100/callback", "redirect_uri=http://x/"],
                    "expected": "each parameter once",
                },
            ),
        ),
        (
            sample_request(redirect_uri=None),
            sample_context(),
            Refusal(
                "redirect-uri-missing",
                "invalid_request",
                {
                    "received": None,
                    "registered": ["http://localhost:8100/callback", "https://app.example.org/callback"],
                    "nearest": "http://localhost:8100/callback",
                },
            ),
        ),
        (
            sample_request(redirect_uri=None),
            sample_context(client=UNKNOWN),
            Refusal("redirect-uri-missing", "invalid_request", {"received": None, "registered": [], "nearest": None}),
        ),
        (
            sample_request(redirect_uri="http%3A%2F%2Flocalhost%3A8100%2Fcallback"),
            sample_context(),
            Refusal(
                "redirect-uri-double-encoded",
                "invalid_request",
                {
                    "received": "http%3A%2F%2Flocalhost%3A8100%2Fcallback",
                    "expected": "http://localhost:8100/callback",
                    "registered": ["http://localhost:8100/callback", "https://app.example.org/callback"],
                },
            ),
        ),
        (
            sample_request(redirect_uri=CALLBACK + "#x#y"),
            sample_context(),
            Refusal(
                "redirect-uri-has-fragment",
                "invalid_request",
                {
                    "received": "http://localhost:8100/callback#x#y",
                    "expected": "http://localhost:8100/callback",
                    "registered": ["http://localhost:8100/callback", "https://app.example.org/callback"],
                },
            ),
        ),
        (
            sample_request(redirect_uri=CALLBACK + "/"),
            sample_context(),
            Refusal(
                "redirect-uri-mismatch",
                "invalid_request",
                {
                    "received": "http://localhost:8100/callback/",
                    "registered": ["http://localhost:8100/callback", "https://app.example.org/callback"],
                    "launch_uri": "http://localhost:8100/launch",
                },
            ),
        ),
        (
            authorize_request(f"{ENDPOINT}?{encode([*GOOD.items()])}".replace("callback", "call%0Aback")),
            sample_context(),
            Refusal(
                "url-has-whitespace",
                "invalid_request",
                {
                    "received": "http://localhost:8100/call\nback",
                    "expected": "http://localhost:8100/callback",
                    "places": "http://localhost:8100/call\nback",
                },
            ),
        ),
        (
            authorize_request(f"{ENDPOINT}?{encode([*GOOD.items()])}".replace("&redirect_uri", "&amp;redirect_uri")),
            sample_context(),
            Refusal(
                "url-html-escaped",
                "invalid_request",
                {"received": None, "expected": "http://localhost:8100/callback", "places": None},
            ),
        ),
        (
            sample_request(client_id=GOOD["client_id"]),
            sample_context(client=structs.replace(CLIENT, enabled_tenants=("other",))),
            Refusal(
                "client-not-enabled-for-tenant",
                "unauthorized_client",
                {"received": CLIENT_ID, "tenant": "general", "enabled": ["other"]},
            ),
        ),
        (
            paste("%0a"),
            sample_context(),
            Refusal("url-has-whitespace", "invalid_request", {"received": "_method=S256%0a", "places": 1}),
        ),
        (
            paste("&amp;x=y"),
            sample_context(),
            Refusal("url-html-escaped", "invalid_request", {"received": "&amp;", "expected": "&"}),
        ),
        (
            sample_request(response_type=None),
            sample_context(),
            Refusal("response-type-missing", "invalid_request", {"received": None, "expected": "code"}),
        ),
        (
            sample_request(response_type="token"),
            sample_context(),
            Refusal("response-type-invalid", "unsupported_response_type", {"received": "token", "expected": "code"}),
        ),
        (
            sample_request(response_mode="form_post"),
            sample_context(),
            Refusal("response-mode-unsupported", "invalid_request", {"received": "form_post", "expected": "query"}),
        ),
        (
            paste("&state=x"),
            sample_context(),
            Refusal(
                "duplicate-parameter",
                "invalid_request",
                {
                    "names": ["state"],
                    "received": ["state=Zk3vQ0m8yT1uWc7RkX2pLh5sNf9aJd4E", "state=x"],
                    "expected": "each parameter once",
                },
            ),
        ),
        (
            sample_request(request="x"),
            sample_context(),
            Refusal(
                "request-object-unsupported",
                "request_not_supported",
                {"received": "request", "name": "request", "expected": "plain parameters"},
            ),
        ),
        (
            sample_request(request_uri="x"),
            sample_context(),
            Refusal(
                "request-object-unsupported",
                "request_uri_not_supported",
                {"received": "request_uri", "name": "request_uri", "expected": "plain parameters"},
            ),
        ),
        (
            sample_request(client_secret="hunter2"),
            sample_context(),
            Refusal("client-secret-in-url", "invalid_request", {"received": "(a secret)", "expected": None}),
        ),
        (
            sample_request(state=None),
            sample_context(),
            Refusal("state-missing", "invalid_request", {"received": None, "note": "an example; yours must be random"}),
        ),
        (
            sample_request(aud=None, audience="x"),
            sample_context(),
            Refusal(
                "aud-missing",
                "invalid_request",
                {
                    "received": None,
                    "audience": "x",
                    "bases": [BASE, "http://localhost:7425/general/dstu2"],
                    "base": BASE,
                    "note": "the iss of the launch",
                },
            ),
        ),
        (
            sample_request(aud=None),
            sample_context(server=UNKNOWN),
            Refusal(
                "aud-missing",
                "invalid_request",
                {
                    "received": None,
                    "audience": None,
                    "bases": [],
                    "base": "FHIR-BASE-URL-OF-YOUR-LAUNCH",
                    "note": "the iss of the launch",
                },
            ),
        ),
        (
            sample_request(aud="https://ehr.example.org/r4"),
            sample_context(),
            Refusal(
                "aud-mismatch",
                "invalid_request",
                {
                    "received": "https://ehr.example.org/r4",
                    "bases": [BASE, "http://localhost:7425/general/dstu2"],
                    "closest": BASE,
                    "endpoints": ["http://localhost:7425/general/oauth/authorize", "http://localhost:7425/general/oauth/token"],
                },
            ),
        ),
        (
            sample_request(aud=None, resource="http://localhost:7425/general/dstu"),
            sample_context(),
            Refusal(
                "mcp-resource-unknown",
                "invalid_target",
                {
                    "received": "http://localhost:7425/general/dstu",
                    "resources": [BASE, "http://localhost:7425/general/dstu2"],
                    "closest": "http://localhost:7425/general/dstu2",
                },
            ),
        ),
        (
            sample_request(code_challenge=None, code_challenge_method=None),
            sample_context(),
            Refusal("pkce-missing", "invalid_request", {"received": None, "required": True}),
        ),
        (
            sample_request(code_challenge=None),
            sample_context(),
            Refusal("pkce-method-without-challenge", "invalid_request", {"received": None, "method": "S256"}),
        ),
        (
            sample_request(code_challenge_method=None),
            sample_context(),
            Refusal("pkce-method-missing", "invalid_request", {"received": None, "expected": "S256"}),
        ),
        (
            sample_request(code_challenge_method="plain"),
            sample_context(),
            Refusal("pkce-plain", "invalid_request", {"received": "plain", "expected": "S256"}),
        ),
        (
            sample_request(code_challenge_method="s256"),
            sample_context(),
            Refusal("pkce-method-invalid", "invalid_request", {"received": "s256", "expected": "S256"}),
        ),
        (
            sample_request(code_challenge="short"),
            sample_context(),
            Refusal(
                "pkce-challenge-malformed",
                "invalid_request",
                {"received": "short", "length": 5, "note": "43 characters, base64url"},
            ),
        ),
        (
            sample_request(launch=None, scope="launch openid"),
            sample_context(launch=None),
            Refusal(
                "launch-scope-without-launch-param",
                "invalid_request",
                {"received": None, "note": "the launch value of the launch URL"},
            ),
        ),
        (
            sample_request(scope="launch/patient openid"),
            sample_context(),
            Refusal(
                "launch-param-without-launch-scope",
                "invalid_request",
                {"received": ["launch/patient", "openid"], "expected": "launch", "picker": True},
            ),
        ),
        (
            sample_request(launch=BASE),
            sample_context(launch=None),
            Refusal(
                "launch-param-is-url",
                "invalid_request",
                {"received": BASE, "aud": BASE, "is_base": True, "note": "the launch value of the launch URL"},
            ),
        ),
        (
            sample_request(launch="http://localhost:8100/launch", aud=None),
            sample_context(launch=None, server=UNKNOWN),
            Refusal(
                "aud-missing",
                "invalid_request",
                {
                    "received": None,
                    "audience": None,
                    "bases": [],
                    "base": "FHIR-BASE-URL-OF-YOUR-LAUNCH",
                    "note": "the iss of the launch",
                },
            ),
        ),
        (
            sample_request(),
            sample_context(launch=None),
            Refusal(
                "launch-code-unknown",
                "invalid_request",
                {"received": "a-launch-code", "note": "the launch value of the launch URL"},
            ),
        ),
        (
            sample_request(),
            sample_context(launch=structs.replace(LAUNCH, client_id="other")),
            Refusal(
                "launch-code-other-client",
                "invalid_request",
                {"received": "a-launch-code", "note": "the launch value of the launch URL"},
            ),
        ),
        (
            sample_request(),
            sample_context(launch=structs.replace(LAUNCH, expires_at=samples.NOW - 9)),
            Refusal(
                "launch-code-expired",
                "invalid_request",
                {
                    "received": "a-launch-code",
                    "seconds": 9,
                    "ago": "9 seconds ago",
                    "note": "the launch value of the launch URL",
                },
            ),
        ),
        (
            sample_request(prompt="none"),
            sample_context(),
            Refusal("prompt-none-without-session", "login_required", {"received": "none", "reason": "no user is signed in"}),
        ),
    ],
)
def test_each_refusal_carries_the_facts_of_its_explanation(
    request_: AuthorizeRequest, context: AuthorizeContext, expected: Refusal
) -> None:
    assert examination(request_, context).refusals[0] == expected
