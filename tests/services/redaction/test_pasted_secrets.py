"""No secret of a pasted exchange is shown, and a corrected request says what belongs in its place."""

from __future__ import annotations

import base64
import re
from typing import Any
from urllib.parse import quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sickbay.doctor.text import diagnose_text
from sickbay.services.redaction import pasted_diagnosis
from sickbay.services.redaction.named_secrets import find_spans
from sickbay.services.redaction.pasted_secrets import find_in_paste, hide_secrets, secrets_of_input

SECRET = st.text(
    alphabet="abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~+/=&% ", min_size=12, max_size=60
).filter(lambda text: text.strip() == text)


def send(secret: str) -> list[dict[str, Any]]:
    """Requests that carry the secret in each of the usual places."""
    form, basic = quote_plus(secret), base64.b64encode(f"client:{secret}".encode()).decode()
    url = "https://ehr.example.org/token"
    return [
        {"kind": "token_request", "url": url, "body": f"grant_type=refresh_token&refresh_token={form}"},
        {"kind": "token_request", "url": url, "body": f"client_id=a&client_secret={form}"},
        {"kind": "token_request", "url": f"{url}?code={form}"},
        {"kind": "redirect_url", "url": f"https://app.example/cb?code={form}&state=1234567890"},
        {
            "kind": "token_request",
            "url": url,
            "headers": {"Authorization": f"Basic {basic}"},
            "body": "grant_type=authorization_code",
        },
        {"kind": "fhir_request", "url": "https://ehr.example.org/r4/Patient/1", "headers": {"Authorization": f"Bearer {form}"}},
    ]


@given(SECRET)
def test_a_secret_is_masked_in_findings_and_named_in_the_corrected_request(secret: str) -> None:
    for evidence in send(secret):
        shown = hide_secrets({"findings": [{"why": f"It has {quote_plus(secret)}."}], "corrected": evidence}, evidence)
        texts = [str(shown["corrected"]), *(finding["why"] for finding in shown["findings"])]
        assert all(quote_plus(secret) not in text and secret not in text for text in texts)
        assert "…" not in str(shown["corrected"])


def test_the_code_of_a_search_is_no_secret() -> None:
    assert (
        secrets_of_input({"kind": "fhir_request", "url": "https://a.example/r4/Observation?code=http://loinc.org|8480-6"})
        == set()
    )


@pytest.mark.parametrize("evidence", [{}, {"url": None, "headers": None, "body": None, "json": None}, {"body": "{"}])
def test_an_input_without_secrets_is_left_as_it_is(evidence: dict[str, Any]) -> None:
    assert hide_secrets({"findings": [], "corrected": None}, evidence) == {"findings": [], "corrected": None}


SHORT = st.text(alphabet="abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", min_size=1, max_size=7).filter(
    lambda text: text not in ("nil", "None", "null", "NULL", "NaN", "nullptr") and not (text.isdigit() and len(text) < 6)
)


@given(SHORT)
def test_a_short_secret_is_masked_where_its_name_says_that_it_is_one(secret: str) -> None:
    for evidence in send(secret):
        shown = hide_secrets({"request": evidence, "findings": [], "corrected": evidence}, evidence)
        for request in (shown["request"], shown["corrected"]):
            values = [value for part in (request["url"], request.get("body", "")) for value in re.split("[?&#]", part)]
            assert not [value for value in values if value.endswith(f"={secret}") and not value.startswith("client_id")]
            authorization = request.get("headers", {}).get("Authorization", "")
            assert authorization.partition(" ")[2] not in (secret, base64.b64encode(f"client:{secret}".encode()).decode())


def test_a_short_secret_is_masked_in_the_facts_and_in_the_code_of_a_sentence_but_not_in_words() -> None:
    evidence = {"kind": "token_request", "url": "https://a.example/token", "body": "client_secret=grant&grant_type=x"}
    finding = {"why": "The grant `grant` isn't `granted`.", "facts": {"received": "grant", "text": "a grant, granted"}}
    (shown,) = hide_secrets({"findings": [finding], "corrected": None}, evidence)["findings"]
    assert shown == {"why": "The grant `…` isn't `granted`.", "facts": {"received": "…", "text": "a …, granted"}}


@pytest.mark.parametrize("value", ["undefined", "null", "${CLIENT_SECRET}"])
def test_a_value_that_is_certainly_no_secret_is_shown(value: str) -> None:
    evidence = {"kind": "token_request", "url": "https://a.example/token", "body": f"client_secret={value}"}
    assert hide_secrets({"request": evidence, "findings": []}, evidence)["request"]["body"] == f"client_secret={value}"


SECRETS_IN_TEXT = (
    "client_secret={}",
    '"client_secret": "{}"',
    "clientSecret: '{}'",
    "CLIENT_SECRET={}",
    "client-secret => {}",
    "password={}&x=y",
    "access_token={}",
    "http://localhost/cb?code={}&state=1",
    "http://localhost/cb#access_token={}&x=1",
    "Authorization: Bearer {}",
    "authorization: {}",
    "'Authorization': 'Bearer {}'",
    "Cookie: a={}; b=c",
    "Set-Cookie: session={}; Path=/",
    "curl -u my-app:{} https://a.example",
    "refresh_token = {}",
    '{{\\"refresh_token\\":\\"{}\\"}}',
)


@given(SHORT, st.sampled_from(SECRETS_IN_TEXT))
def test_a_secret_of_any_length_is_found_in_a_log(secret: str, written: str) -> None:
    text = f"ERROR token request failed 7: {written.format(secret)}"
    start = text.rindex(written.format(secret)) + written.format(secret).index(secret, written.format("\0").index("\0"))
    assert any(first <= start and start + len(secret) <= last for first, last in find_in_paste(text, ()))


@pytest.mark.parametrize(
    "text", ["code=401", "The code: invalid", "token: expired", '{"code": "invalid_grant"}', "grant_type=code"]
)
def test_the_code_of_an_error_is_no_secret(text: str) -> None:
    assert find_in_paste(text, ()) == []


def test_a_secret_in_a_quoted_line_of_a_log_is_masked() -> None:
    text = "ERROR the request with Authorization: Bearer abcdefgh12345678 was refused by the server"
    evidence, diagnosis = diagnose_text(text)
    shown = pasted_diagnosis.mask_diagnosis(evidence, diagnosis)
    assert "The message: " in shown["findings"][0]["why"]
    assert "abcdefgh12345678" not in str(shown)


@pytest.mark.parametrize(
    "text", ["Authorization: Bearer", "`Authorization: Bearer` followed by", 'Authorization: Bearer realm="fhir"']
)
def test_a_scheme_without_credentials_and_a_challenge_are_no_secrets(text: str) -> None:
    assert find_spans(text) == []
    assert find_spans(text.replace("Bearer", "Bearer abc", 1)) != []
