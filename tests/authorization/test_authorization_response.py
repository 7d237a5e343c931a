"""The answer at the app's side, and what a foreign server's words mean in ours."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sickbay.authorization.authorization_response import CHECKS, SAYINGS, URNS, urn_of
from sickbay.authorization.contexts import UrlContext
from sickbay.authorization.requests import UrlRequest
from sickbay.diagnosis.doctor import diagnose
from sickbay.diagnosis.evidence.url import request
from sickbay.kernel.checks import Refusal, examine
from sickbay.protocol.parameters import encode

CALLBACK = "https://app.example.org/callback"
STATE = "Zk3vQ0m8yT1uWc7RkX2pLh5sNf9aJd4E"


def said(url: str, **context) -> set[str]:
    found = diagnose({"kind": "redirect_url", "url": url, "context": context}).explanation.findings
    return {one.id for one in found if one.severity != "info" or one.refused}


def answering(**pairs: str) -> str:
    return f"{CALLBACK}?{encode([*pairs.items(), ('state', STATE)])}"


@pytest.mark.parametrize(
    ("description", "id"),
    [
        ("The user denied the request", "user-denied"),
        ("Access denied by user", "user-denied"),
        ("Missing aud parameter", "aud-missing"),
        ("Invalid parameter: redirect_uri", "redirect-uri-mismatch"),
        ("Incorrect redirect_uri", "redirect-uri-mismatch"),
        ("Missing parameter: code_challenge_method", "pkce-method-missing"),
        ("Invalid code_challenge_method. Must be S256.", "pkce-method-invalid"),
        ("Missing verification context", "pkce-missing"),
        ("A launch scope was requested, but a launch code was not supplied.", "launch-scope-without-launch-param"),
        ("Client not found", "client-id-unknown"),
        ("Invalid scopes: patient/*.search", "scope-not-registered"),
        ("aud-missing: your app did not say to which server", "aud-missing"),
    ],
)
def test_what_other_servers_say_is_understood(description: str, id: str) -> None:
    assert said(answering(error="invalid_request", error_description=description)) == {id}


@pytest.mark.parametrize("times", [0, 1, 2])
def test_a_urn_is_found_however_often_it_was_encoded(times: int) -> None:
    urn = "urn:vendor:error:oauth2:grant:missing-patient"
    for _ in range(times):
        urn = urn.replace("%", "%25").replace(":", "%3A")
    assert urn_of(f"https://a.example/errors/{urn}/instances/1?tenant=t") == "urn:vendor:error:oauth2:grant:missing-patient"


def test_an_error_alone_is_opaque_and_nothing_is_guessed() -> None:
    assert said(answering(error="access_denied")) == {"redirect-error-opaque"}


def test_the_state_is_compared_where_the_one_sent_is_known() -> None:
    assert said(answering(code="abc"), sent_state=STATE) == set()
    assert said(answering(code="abc"), sent_state="another") == {"redirect-state-mismatch"}


@pytest.mark.parametrize("code", ["a b", "a%2Bb", "abc…", "abc..."])
def test_a_code_that_was_changed_on_its_way_is_seen(code: str) -> None:
    assert said(answering(code=code)) == {"redirect-code-mangled"}


def test_every_meaning_is_one_of_the_known_failures(shared: Path) -> None:
    """One that no rule explains yet is passed over: a foreign answer is read as what can be explained."""
    listed = json.loads((shared / "facts" / "failures.json").read_text(encoding="utf-8"))
    ids = {row["id"] for row in (listed if isinstance(listed, list) else listed["failures"])}
    assert {found for _, found in (*URNS, *SAYINGS)} <= ids


@given(st.text(max_size=80), st.text(max_size=80))
def test_no_answer_makes_the_doctor_raise(error: str, description: str) -> None:
    said(answering(error=error, error_description=description))
    said(f"{CALLBACK}#{error}?{description}")


def test_an_answer_without_code_and_error_is_none() -> None:
    assert "redirect-no-code-no-error" in said(f"{CALLBACK}?state={STATE}")
    assert "redirect-params-in-fragment" in said(f"{CALLBACK}#code=x&state={STATE}")
    assert "redirect-state-missing" in said(f"{CALLBACK}?code=x")


@pytest.mark.parametrize(
    ("request_", "known", "told"),
    [
        (
            request({"url": f"{CALLBACK}#code=x&error=y"}),
            UrlContext(),
            Refusal("redirect-params-in-fragment", "invalid_request", {"names": ["code", "error"]}),
        ),
        (
            request({"url": f"{CALLBACK}#error=y"}),
            UrlContext(),
            Refusal("redirect-params-in-fragment", "invalid_request", {"names": ["error"]}),
        ),
        (
            request({"url": f"{CALLBACK}?state=s"}),
            UrlContext(),
            Refusal("redirect-no-code-no-error", "invalid_request", {"received": "https://app.example.org/callback?state=s"}),
        ),
        (
            request({"url": f"{CALLBACK}?code=x"}),
            UrlContext(),
            Refusal("redirect-state-missing", "invalid_request", {"received": None}),
        ),
        (
            request({"url": f"{CALLBACK}?code=x&state=a"}),
            UrlContext(sent_state="b"),
            Refusal("redirect-state-mismatch", "invalid_request", {"received": "a", "expected": "b"}),
        ),
        (
            request({"url": f"{CALLBACK}?code=a%20b&state=a"}),
            UrlContext(),
            Refusal("redirect-code-mangled", "invalid_request", {"received": "a b"}),
        ),
        (
            request({"url": f"{CALLBACK}?error=access_denied&error_description=denied+by+user&state=s"}),
            UrlContext(),
            Refusal("user-denied", "access_denied", {"told": "denied by user"}),
        ),
        (
            request({"url": f"{CALLBACK}?error=access_denied&error_uri=https%3A%2F%2Fa%2FURN%3Ax%3Amissing_patient&state=s"}),
            UrlContext(),
            Refusal("scope-patient-without-context", "access_denied", {"told": "URN:x:missing_patient"}),
        ),
        (
            request({"url": f"{CALLBACK}?error_description=Missing+aud+parameter&error=x_y&state=s"}),
            UrlContext(),
            Refusal("aud-missing", "x_y", {"told": "Missing aud parameter"}),
        ),
        (
            request({"url": f"{CALLBACK}?error=invalid_request&error_description=redirect-uri-mismatch+it+is&state=s"}),
            UrlContext(ids=frozenset({"redirect-uri-mismatch"})),
            Refusal("redirect-uri-mismatch", "invalid_request", {"told": "redirect-uri-mismatch it is"}),
        ),
        (
            request({"url": f"{CALLBACK}?error=login_required&state=s"}),
            UrlContext(),
            Refusal("prompt-none-without-session", "login_required", {"told": "login_required"}),
        ),
        (
            request({"url": f"{CALLBACK}?error=unsupported_response_type&state=s"}),
            UrlContext(),
            Refusal("response-type-invalid", "unsupported_response_type", {"told": "unsupported_response_type"}),
        ),
        (
            request({"url": f"{CALLBACK}?error=redirect_uri_mismatch&state=s"}),
            UrlContext(),
            Refusal("redirect-uri-mismatch", "redirect_uri_mismatch", {"told": "redirect_uri_mismatch"}),
        ),
        (
            request({"url": f"{CALLBACK}?error=unknown_client&state=s"}),
            UrlContext(),
            Refusal("client-id-unknown", "unknown_client", {"told": "unknown_client"}),
        ),
        (
            request(
                {
                    "url": f"{CALLBACK}?error=x&state=s&error_description=Invalid+parameter:+redirect_uri+%22https://a/%22+is+not+%27https://b/%27"
                }
            ),
            UrlContext(),
            Refusal(
                "redirect-uri-mismatch",
                "x",
                {
                    "told": "Invalid parameter: redirect_uri \"https://a/\" is not 'https://b/'",
                    "received": "https://a/",
                    "expected": "https://b/",
                },
            ),
        ),
        (
            request({"url": f"{CALLBACK}?error=x&state=s&error_description=Invalid+parameter:+redirect_uri+%22https://a/%22"}),
            UrlContext(),
            Refusal(
                "redirect-uri-mismatch", "x", {"told": 'Invalid parameter: redirect_uri "https://a/"', "received": "https://a/"}
            ),
        ),
        (
            request({"url": f"{CALLBACK}?error=x&state=s&error_description=Invalid+parameter:+redirect_uri+%22here%22"}),
            UrlContext(),
            Refusal("redirect-uri-mismatch", "x", {"told": 'Invalid parameter: redirect_uri "here"'}),
        ),
        (
            request(
                {
                    "url": f"{CALLBACK}?error=x&state=s&error_description=Invalid+parameter:+redirect_uri+%22a://a%22+%22b://b%22+%22c://c%22"
                }
            ),
            UrlContext(),
            Refusal("redirect-uri-mismatch", "x", {"told": 'Invalid parameter: redirect_uri "a://a" "b://b" "c://c"'}),
        ),
    ],
)
def test_a_refusal_tells_its_explanation_all_that_it_needs(request_: UrlRequest, known: UrlContext, told: Refusal) -> None:
    assert examine(CHECKS, request_, known).refusals[0] == told


@pytest.mark.parametrize(
    ("error", "name"),
    [
        ("login_required", "prompt-none-without-session"),
        ("unsupported_response_type", "response-type-invalid"),
        ("redirect_uri_mismatch", "redirect-uri-mismatch"),
        ("unknown_client", "client-id-unknown"),
        ("server_error", None),
    ],
)
def test_an_error_that_says_it_all_is_understood_beside_words_that_say_nothing(error: str, name: str | None) -> None:
    sent = request({"url": f"{CALLBACK}?error={error}&error_description=Sorry&state=s"})
    assert [one.name for one in examine(CHECKS, sent, UrlContext()).refusals] == ([name] if name else [])


@pytest.mark.parametrize(
    ("sent", "name", "error"),
    [
        ({"error": "invalid_audience"}, "aud-mismatch", "invalid_audience"),
        ({"error": "unknown_client_id"}, "client-id-unknown", "unknown_client_id"),
        (
            {"error_uri": "https://e.example/errors/urn%3Ax%3Amissing-patient"},
            "scope-patient-without-context",
            "invalid_request",
        ),
    ],
)
def test_an_error_s_own_name_and_address_are_read_where_nothing_else_is_said(
    sent: dict[str, str], name: str, error: str
) -> None:
    asked = request({"url": answering(**sent)})
    found = {one.name: one.error for one in examine(CHECKS, asked, UrlContext()).refusals}
    assert found.get(name) == error
