"""The authorization response as the app sees it, and what another server's error text means."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sickbay.authorization.contexts import UrlContext
from sickbay.authorization.redirect import CHECKS, SAYINGS, URNS, urn_of
from sickbay.authorization.requests import UrlRequest
from sickbay.diagnosis.evidence.url import read_request
from sickbay.doctor.diagnose import diagnose
from sickbay.kernel.checks import Refusal, examine
from sickbay.protocol.parameters import encode

CALLBACK = "https://app.example.org/callback"
STATE = "Zk3vQ0m8yT1uWc7RkX2pLh5sNf9aJd4E"


def finding_ids(url: str, **context: object) -> set[str]:
    findings = diagnose({"kind": "redirect_url", "url": url, "context": context}).explanation.findings
    return {finding.id for finding in findings if finding.severity != "info" or finding.refused}


def response_url_with(**pairs: str) -> str:
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
def test_error_texts_of_other_servers_are_recognised(description: str, id: str) -> None:
    assert finding_ids(response_url_with(error="invalid_request", error_description=description)) == {id}


@pytest.mark.parametrize("times", [0, 1, 2])
def test_a_urn_is_recognised_even_if_encoded_several_times(times: int) -> None:
    urn = "urn:vendor:error:oauth2:grant:missing-patient"
    for _ in range(times):
        urn = urn.replace("%", "%25").replace(":", "%3A")
    assert urn_of(f"https://a.example/errors/{urn}/instances/1?tenant=t") == "urn:vendor:error:oauth2:grant:missing-patient"


def test_an_error_code_without_a_text_is_not_interpreted() -> None:
    assert finding_ids(response_url_with(error="access_denied")) == {"redirect-error-opaque"}


def test_the_state_is_compared_if_the_sent_one_is_known() -> None:
    assert finding_ids(response_url_with(code="abc"), sent_state=STATE) == set()
    assert finding_ids(response_url_with(code="abc"), sent_state="another") == {"redirect-state-mismatch"}


@pytest.mark.parametrize("code", ["a b", "a%2Bb", "abc…", "abc..."])
def test_a_code_changed_in_transit_is_recognised(code: str) -> None:
    assert finding_ids(response_url_with(code=code)) == {"redirect-code-mangled"}


def test_every_recognised_meaning_is_a_known_failure(shared: Path) -> None:
    """Meanings that no rule explains yet are skipped: a response is only matched to what can be explained."""
    listed = json.loads((shared / "facts" / "failures.json").read_text(encoding="utf-8"))
    ids = {row["id"] for row in (listed if isinstance(listed, list) else listed["failures"])}
    assert {name for _, name in (*URNS, *SAYINGS)} <= ids


@given(st.text(max_size=80), st.text(max_size=80))
def test_no_response_makes_the_diagnosis_raise(error: str, description: str) -> None:
    finding_ids(response_url_with(error=error, error_description=description))
    finding_ids(f"{CALLBACK}#{error}?{description}")


def test_a_fragment_that_the_app_requested_is_a_fact_of_the_refusal() -> None:
    sent = read_request({"url": f"{CALLBACK}#code=x"})
    for mode, expected in (("fragment", {"names": ["code"], "asked_for": True}), ("query", {"names": ["code"]})):
        refusal = examine(CHECKS, sent, UrlContext(response_mode=mode)).refusals[0]
        assert refusal.facts == expected


@pytest.mark.parametrize("companion", ["session_state", "client_info"])
def test_a_companion_of_a_response_in_the_fragment_shows_that_the_app_requested_it(companion: str) -> None:
    (refusal,) = examine(CHECKS, read_request({"url": f"{CALLBACK}#code=x&{companion}=y"}), UrlContext()).refusals[:1]
    assert refusal.facts == {"names": ["code"], "asked_for": True}


def test_a_response_without_code_and_error_is_reported() -> None:
    assert "redirect-no-code-no-error" in finding_ids(f"{CALLBACK}?state={STATE}")
    assert "redirect-params-in-fragment" in finding_ids(f"{CALLBACK}#code=x&state={STATE}")
    assert "redirect-params-in-fragment" in finding_ids(f"{CALLBACK}#code=x&state={STATE}&session_state=y")
    assert "redirect-state-missing" in finding_ids(f"{CALLBACK}?code=x")


@pytest.mark.parametrize(
    ("request_", "context", "expected"),
    [
        (
            read_request({"url": f"{CALLBACK}#code=x&error=y"}),
            UrlContext(),
            Refusal("redirect-params-in-fragment", "invalid_request", {"names": ["code", "error"]}),
        ),
        (
            read_request({"url": f"{CALLBACK}#error=y"}),
            UrlContext(),
            Refusal("redirect-params-in-fragment", "invalid_request", {"names": ["error"]}),
        ),
        (
            read_request({"url": f"{CALLBACK}?state=s"}),
            UrlContext(),
            Refusal("redirect-no-code-no-error", "invalid_request", {"received": "https://app.example.org/callback?state=s"}),
        ),
        (
            read_request({"url": f"{CALLBACK}?code=x"}),
            UrlContext(),
            Refusal("redirect-state-missing", "invalid_request", {"received": None}),
        ),
        (
            read_request({"url": f"{CALLBACK}?code=x&state=a"}),
            UrlContext(sent_state="b"),
            Refusal("redirect-state-mismatch", "invalid_request", {"received": "a", "expected": "b"}),
        ),
        (
            read_request({"url": f"{CALLBACK}?code=a%20b&state=a"}),
            UrlContext(),
            Refusal("redirect-code-mangled", "invalid_request", {"received": "a b"}),
        ),
        (
            read_request({"url": f"{CALLBACK}?error=access_denied&error_description=denied+by+user&state=s"}),
            UrlContext(),
            Refusal("user-denied", "access_denied", {"told": "denied by user"}),
        ),
        (
            read_request(
                {"url": f"{CALLBACK}?error=access_denied&error_uri=https%3A%2F%2Fa%2FURN%3Ax%3Amissing_patient&state=s"}
            ),
            UrlContext(),
            Refusal("scope-patient-without-context", "access_denied", {"told": "URN:x:missing_patient"}),
        ),
        (
            read_request({"url": f"{CALLBACK}?error_description=Missing+aud+parameter&error=x_y&state=s"}),
            UrlContext(),
            Refusal("aud-missing", "x_y", {"told": "Missing aud parameter"}),
        ),
        (
            read_request({"url": f"{CALLBACK}?error=invalid_request&error_description=redirect-uri-mismatch+it+is&state=s"}),
            UrlContext(ids=frozenset({"redirect-uri-mismatch"})),
            Refusal("redirect-uri-mismatch", "invalid_request", {"told": "redirect-uri-mismatch it is"}),
        ),
        (
            read_request({"url": f"{CALLBACK}?error=login_required&state=s"}),
            UrlContext(),
            Refusal("prompt-none-without-session", "login_required", {"told": "login_required"}),
        ),
        (
            read_request({"url": f"{CALLBACK}?error=unsupported_response_type&state=s"}),
            UrlContext(),
            Refusal("response-type-invalid", "unsupported_response_type", {"told": "unsupported_response_type"}),
        ),
        (
            read_request({"url": f"{CALLBACK}?error=redirect_uri_mismatch&state=s"}),
            UrlContext(),
            Refusal("redirect-uri-mismatch", "redirect_uri_mismatch", {"told": "redirect_uri_mismatch"}),
        ),
        (
            read_request({"url": f"{CALLBACK}?error=unknown_client&state=s"}),
            UrlContext(),
            Refusal("client-id-unknown", "unknown_client", {"told": "unknown_client"}),
        ),
        (
            read_request(
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
            read_request(
                {"url": f"{CALLBACK}?error=x&state=s&error_description=Invalid+parameter:+redirect_uri+%22https://a/%22"}
            ),
            UrlContext(),
            Refusal(
                "redirect-uri-mismatch", "x", {"told": 'Invalid parameter: redirect_uri "https://a/"', "received": "https://a/"}
            ),
        ),
        (
            read_request({"url": f"{CALLBACK}?error=x&state=s&error_description=Invalid+parameter:+redirect_uri+%22here%22"}),
            UrlContext(),
            Refusal("redirect-uri-mismatch", "x", {"told": 'Invalid parameter: redirect_uri "here"'}),
        ),
        (
            read_request(
                {
                    "url": f"{CALLBACK}?error=x&state=s&error_description=Invalid+parameter:+redirect_uri+%22a://a%22+%22b://b%22+%22c://c%22"
                }
            ),
            UrlContext(),
            Refusal("redirect-uri-mismatch", "x", {"told": 'Invalid parameter: redirect_uri "a://a" "b://b" "c://c"'}),
        ),
    ],
)
def test_each_refusal_carries_the_facts_of_its_explanation(
    request_: UrlRequest, context: UrlContext, expected: Refusal
) -> None:
    assert examine(CHECKS, request_, context).refusals[0] == expected


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
def test_a_specific_error_code_is_recognised_despite_a_vague_text(error: str, name: str | None) -> None:
    sent = read_request({"url": f"{CALLBACK}?error={error}&error_description=Sorry&state=s"})
    assert [refusal.name for refusal in examine(CHECKS, sent, UrlContext()).refusals] == ([name] if name else [])


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
def test_without_a_text_the_error_code_and_uri_are_interpreted(sent: dict[str, str], name: str, error: str) -> None:
    response_url = read_request({"url": response_url_with(**sent)})
    errors = {refusal.name: refusal.error for refusal in examine(CHECKS, response_url, UrlContext()).refusals}
    assert errors.get(name) == error
