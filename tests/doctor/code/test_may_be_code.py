"""Only what may be code is searched for code, because that takes long."""

from __future__ import annotations

from tests.laws import for_each

from sickbay.doctor.code.find import may_be_code

CODE = (
    "curl -d a=b https://ehr.example.org/token",
    "fetch('/token')",
    'clientId: "app"\nredirectUri: "https://app.example.org/cb"',
    '{ "auth": { "clientId": "app" } }',
    "requests.post(url, data={'grant_type': 'x'})",
)
NO_CODE = (
    "AADSTS50011: The redirect URI specified in the request does not match the redirect URIs configured.",
    '{"error": "invalid_grant", "error_description": "Code not valid"}',
    '{\n  "resourceType": "OperationOutcome",\n  "issue": []\n}',
    '{"access_token": "abc def", "token_type": "Bearer"}',
    "https://ehr.example.org/authorize?response_type=code",
    "",
)


@for_each("text", CODE)
def test_code_and_settings_may_be_code(text: str) -> None:
    assert may_be_code(text)


@for_each("text", NO_CODE)
def test_a_sentence_a_response_and_a_url_are_no_code(text: str) -> None:
    assert not may_be_code(text)
