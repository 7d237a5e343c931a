"""Real pastes about Entra ID, Google, Cognito and other providers are explained, and correct texts aren't."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sickbay.diagnosis.answers import read
from sickbay.diagnosis.knowledge import fill, match, plain_text, recognise, table
from sickbay.diagnosis.knowledge.known_error import KnownError
from sickbay.diagnosis.knowledge.servers import entra_codes, entra_registration

PASTES = [json.loads(line) for line in (Path(__file__).parent / "pastes" / "clouds.jsonl").read_text("utf-8").splitlines()]
FLAGS = re.IGNORECASE | re.DOTALL
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
    plain = plain_text.plain(text)
    codes = frozenset(answer.code for answer in read.in_paste(text))
    seen = match.Seen(plain, recognise.recognised_servers(plain), codes)
    return [fill.filled(entry, text) for entry in match.matching(seen, table.ALL)]


def explanation(text: str) -> str:
    parts = ((entry.title, entry.why, *(part for cause in entry.causes for part in cause)) for entry in found(text))
    return "\n".join(part for entry in parts for part in entry)


@pytest.mark.parametrize("paste", PASTES, ids=lambda paste: paste["id"])
def test_the_cause_and_the_remedy_of_a_real_paste_are_named(paste: dict[str, Any]) -> None:
    text = explanation(paste["paste"])
    for patterns in paste["says"]:
        assert any(re.search(pattern, text, FLAGS) for pattern in patterns), text
    assert not any(re.search(pattern, text, FLAGS) for pattern in paste["never"])


@pytest.mark.parametrize("text", CORRECT)
def test_a_correct_text_shows_no_known_error(text: str) -> None:
    assert found(text) == []


def test_ids_of_pastes_are_unique_and_every_paste_has_a_source() -> None:
    assert len({paste["id"] for paste in PASTES}) == len(PASTES)
    assert all(paste["source"].startswith("https://") for paste in PASTES)


def test_a_number_that_begins_like_another_is_not_mistaken_for_it() -> None:
    ids = [entry.id for entry in found("AADSTS500113: No reply address is registered for the application.")]
    assert ids == ["entra-no-redirect-uri"]
    assert "entra-redirect-uri-not-registered" in [entry.id for entry in found("AADSTS50011: The redirect URI")]


def test_an_entry_with_numbers_that_begin_alike_recognises_each_of_them() -> None:
    entry = next(entry for entry in entra_registration.ERRORS if entry.id == "entra-app-not-found")
    for number in ("700016", "70001", "700038"):
        assert entry in found_unfilled(f"AADSTS{number}: something")


def found_unfilled(text: str) -> list[KnownError]:
    plain = plain_text.plain(text)
    return match.matching(match.Seen(plain, recognise.recognised_servers(plain), frozenset()), table.ALL)


@given(st.integers(10000, 999999), st.integers(0, 9))
def test_a_numbered_entry_never_applies_to_a_longer_number(number: int, digit: int) -> None:
    entry = entra_codes.numbered(str(number), "x", "", "")
    for text, applies in ((f"aadsts{number}: x", True), (f"aadsts{number}{digit}: x", False)):
        assert match.applies(entry, match.Seen(text, frozenset({"entra"}), frozenset())) is applies


def test_the_redirect_uri_of_the_message_fills_the_remedy() -> None:
    text = "AADSTS50011: The redirect URI 'https://app.example.org/cb' specified in the request does not match"
    assert "`https://app.example.org/cb`" in found(text)[0].causes[0].remedy
