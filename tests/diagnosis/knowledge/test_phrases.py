"""Tests of diagnosis/knowledge/phrases.py."""

import pytest

from sickbay.diagnosis.knowledge import plain_text
from sickbay.diagnosis.knowledge.phrases import issue_phrases, status_phrases


def _shows(text: str, phrases: tuple[str, ...]) -> bool:
    return any(phrase in plain_text.plain(text) for phrase in phrases)


@pytest.mark.parametrize(
    "text",
    [
        "HTTP/1.1 401 Unauthorized",
        "401 (Unauthorized)",
        "Request failed with status code 401",
        '{"status": 401, "message": "no"}',
        '{"code":401,"message":"no"}',
        "requests.exceptions.HTTPError: 401 Client Error: Unauthorized for url: https://fhir.example.org/Patient",
        "The server always returns 401.",
        "I get a 401 error",
    ],
)
def test_a_status_is_found_in_the_forms_that_people_paste(text: str) -> None:
    assert _shows(text, status_phrases(401))
    assert not _shows(text, status_phrases(403))


@pytest.mark.parametrize(
    "text",
    ["Patient/401", "snomed code 401818006", "id 7b401c2a", "a 4011 digit", '{"code":4012}', "https://example.org:401/fhir"],
)
def test_a_number_in_an_identifier_is_not_a_status(text: str) -> None:
    assert not _shows(text, status_phrases(401))


@pytest.mark.parametrize(
    "text",
    [
        '{"severity": "error", "code": "login"}',
        '{"severity":"error","code":"login"}',
        '"severity" : "error",\n  "code" : "login"',
        "{ severity: 'error', code: 'login' }",
        '<severity value="error"/><code value="login"/>',
        '"{\\"severity\\":\\"error\\",\\"code\\":\\"login\\"}"',
    ],
)
def test_the_code_of_an_issue_is_found_in_every_notation(text: str) -> None:
    assert _shows(text, issue_phrases("login"))
    assert not _shows(text, issue_phrases("forbidden"))
