"""No secret of a pasted exchange is shown, and a corrected request says what belongs in its place."""

from __future__ import annotations

import base64
from typing import Any
from urllib.parse import quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sickbay.services.journal.pasted_secrets import hidden, of_input

SECRET = st.text(
    alphabet="abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~+/=&% ", min_size=12, max_size=60
).filter(lambda text: text.strip() == text)


def sent(secret: str) -> list[dict[str, Any]]:
    """Requests that carry the secret in each of the usual places."""
    form, basic = quote_plus(secret), base64.b64encode(f"client:{secret}".encode()).decode()
    url = "https://ehr.example.org/token"
    return [
        {"kind": "token_request", "url": url, "body": f"grant_type=refresh_token&refresh_token={form}"},
        {"kind": "token_request", "url": url, "body": f"client_id=a&client_secret={form}"},
        {"kind": "token_request", "url": f"{url}?code={form}"},
        {"kind": "redirect_url", "url": f"https://app.example/cb?code={form}&state=x"},
        {"kind": "token_request", "url": url, "headers": {"Authorization": f"Basic {basic}"}, "body": "grant_type=x"},
        {"kind": "fhir_request", "url": "https://ehr.example.org/r4/Patient/1", "headers": {"Authorization": f"Bearer {form}"}},
    ]


@given(SECRET)
def test_a_secret_is_masked_in_findings_and_named_in_the_corrected_request(secret: str) -> None:
    for evidence in sent(secret):
        shown = hidden({"findings": [{"why": f"It has {quote_plus(secret)}."}], "corrected": evidence}, evidence)
        texts = [str(shown["corrected"]), *(finding["why"] for finding in shown["findings"])]
        assert all(quote_plus(secret) not in text and secret not in text for text in texts)
        assert "…" not in str(shown["corrected"])


def test_the_code_of_a_search_is_no_secret() -> None:
    assert of_input({"kind": "fhir_request", "url": "https://a.example/r4/Observation?code=http://loinc.org|8480-6"}) == set()


@pytest.mark.parametrize("evidence", [{}, {"url": None, "headers": None, "body": None, "json": None}, {"body": "{"}])
def test_an_input_without_secrets_is_left_as_it_is(evidence: dict[str, Any]) -> None:
    assert hidden({"findings": [], "corrected": None}, evidence) == {"findings": [], "corrected": None}
