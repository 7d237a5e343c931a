"""Each numbered error of Entra ID is recognised, and correct texts of cloud providers match nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sickbay.diagnosis.answers import read
from sickbay.diagnosis.knowledge import match
from sickbay.diagnosis.knowledge.findings import known_errors
from sickbay.diagnosis.knowledge.known_error import KnownError
from sickbay.diagnosis.knowledge.servers import entra_codes, entra_registration

CORRECT = (
    "https://login.microsoftonline.com/common/oauth2/v2.0/authorize?client_id=7d1c&response_type=code&state=8kw9y7y"
    "&redirect_uri=https%3A%2F%2Fapp.example.org%2Fcallback&scope=openid%20offline_access&code_challenge_method=S256",
    "https://accounts.google.com/o/oauth2/v2/auth?client_id=51.apps.googleusercontent.com&response_type=code&state=d5X5lRTa"
    "&redirect_uri=https%3A%2F%2Fapp.example.org%2Fcallback&scope=openid%20email&access_type=offline",
    "https://app.example.org/callback?code=4%2F0AVMBsJi4bQy65o7JGTL3f1PMt8rrdY&scope=email+openid&state=d5X5lRTa",
    '{"issuer": "https://login.microsoftonline.com/{tenantid}/v2.0", "jwks_uri": "https://login.microsoftonline.com/keys"}',
    '{"access_token": "ya29.a0", "expires_in": 3599, "refresh_token": "1//0g", "token_type": "Bearer", "scope": "openid"}',
    "curl -X POST https://clinic.auth.us-east-1.amazoncognito.com/oauth2/token -H 'Content-Type: "
    "application/x-www-form-urlencoded' -d 'grant_type=client_credentials&scope=clinic/read'",
    "curl -H 'Authorization: Bearer eyJhbGciOi' https://clinic.fhir.azurehealthcareapis.com/Patient?birthdate=1980-05-02",
    "refresh tokens of this centralus app last 90 days; the sandbox keeps them for 7 days",
)


def found(text: str) -> list[KnownError]:
    return known_errors(text, read.in_paste(text))


@pytest.mark.parametrize("text", CORRECT)
def test_a_correct_text_shows_no_known_error(text: str) -> None:
    assert found(text) == []


def test_a_number_that_begins_like_another_is_not_mistaken_for_it() -> None:
    ids = [entry.id for entry in found("AADSTS500113: No reply address is registered for the application.")]
    assert ids == ["entra-no-redirect-uri"]
    assert "entra-redirect-uri-not-registered" in [entry.id for entry in found("AADSTS50011: The redirect URI")]


def test_an_entry_with_numbers_that_begin_alike_recognises_each_of_them() -> None:
    entry = next(entry for entry in entra_registration.ERRORS if entry.id == "entra-app-not-found")
    for number in ("700016", "70001", "700038"):
        assert match.applies(entry, match.Recognised(f"aadsts{number}: something", frozenset({"entra"}), frozenset()))


@given(st.integers(10000, 999999), st.integers(0, 9))
def test_a_numbered_entry_never_applies_to_a_longer_number(number: int, digit: int) -> None:
    entry = entra_codes.numbered(str(number), "x", "", "")
    for text, applies in ((f"aadsts{number}: x", True), (f"aadsts{number}{digit}: x", False)):
        assert match.applies(entry, match.Recognised(text, frozenset({"entra"}), frozenset())) is applies


def test_the_redirect_uri_of_the_message_fills_the_remedy() -> None:
    text = "AADSTS50011: The redirect URI 'https://app.example.org/cb' specified in the request does not match"
    assert "`https://app.example.org/cb`" in found(text)[0].causes[0].remedy
