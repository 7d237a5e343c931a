"""A symptom that is described in a sentence without an error message gets a general explanation, other sentences get none."""

from __future__ import annotations

import pytest

from sickbay.diagnosis.knowledge.findings import known_errors


def matching(text: str) -> list[str]:
    return [entry.id for entry in known_errors(text, ())]


@pytest.mark.parametrize(
    ("text", "entry_id"),
    [
        ("The response doesn't contain a refresh token although I asked for it", "described-refresh-token-missing"),
        ("client.patient.read() fails because no patient is selected", "described-no-patient-selected"),
        ("After the redirect the URL has no code parameter", "described-callback-without-code"),
        ("The app opens in the EHR but shows a blank page in the iframe", "described-blank-in-frame"),
        ("The login works in Chrome but not in Safari", "described-one-browser-only"),
        ("I get an HTML login page instead of JSON from the FHIR server", "described-html-instead-of-json"),
        ("The browser sends an OPTIONS request and gets 401", "described-preflight-refused"),
        ("The callback is called, but the session is empty after the login", "described-session-empty"),
        ("Two users log in at the same time and see each other's data", "described-mixed-users"),
        ("State does not match, half of the time, when it contains a plus sign", "described-state-with-plus"),
        ("I send a POST to the token endpoint, but the server sees a GET request", "post-arrives-as-get"),
        ("error_description: missing parameter response_type", "missing-response-type"),
        ("The required parameter(s) client_id not present in the request", "missing-client-id"),
        ("java.lang.IllegalArgumentException: Illegal character in scheme name at index 0", "url-with-blank"),
    ],
)
def test_the_symptom_is_explained(text: str, entry_id: str) -> None:
    assert entry_id in matching(text)


@pytest.mark.parametrize(
    "text",
    [
        "The waiting room has a blank wall, and the code of the door is on the card.",
        "I use Safari to read the news, and the login page of the library looks fine.",
        "Each session of the course is full. Select a patient colleague if you need help.",
        "The state is large, and the plus sign on the flag is red.",
        "The token response has access_token, token_type, expires_in and scope.",
        "response_type=code&client_id=abc&redirect_uri=https%3A%2F%2Fapp.example.com%2Fcb&scope=launch&state=x9",
    ],
)
def test_another_sentence_is_not(text: str) -> None:
    assert matching(text) == []
