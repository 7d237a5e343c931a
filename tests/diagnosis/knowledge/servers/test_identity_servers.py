"""The tables of identity servers and tokens: messages come before checklists, and correct texts match nothing."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from sickbay.diagnosis.answers import read
from sickbay.diagnosis.knowledge.findings import known_errors
from sickbay.diagnosis.knowledge.known_error import KnownError
from sickbay.diagnosis.knowledge.table import entries

LINES = (Path(__file__).parent / "correct_texts.jsonl").read_text("utf-8").splitlines()
CORRECT = {line["id"]: line["paste"] for line in map(json.loads, LINES)}
NAMES = (r"client.?ids?\b", r"redirect.?uris?\b", r"\bscopes?\b", r"\bstate\b", r"grant.?type", r"code.?verifier", r"\baud\b")
MOST_CHARACTERS = 1_100


def sample_context(paste: str) -> list[KnownError]:
    return known_errors(paste, read.in_paste(paste))


def texts(entry: KnownError) -> list[str]:
    return [entry.title, entry.why, entry.where, *(part for cause in entry.causes for part in cause)]


@pytest.mark.parametrize("id", CORRECT)
def test_a_correct_request_response_or_document_matches_no_entry(id: str) -> None:
    assert [entry.id for entry in sample_context(CORRECT[id])] == []


@pytest.mark.parametrize(
    ("paste", "id"),
    [
        (
            'https://sso.example.org/realms/a {"error":"invalid_grant","error_description":"Code not valid"}',
            "keycloak-code-not-valid",
        ),
        (
            'okta.com {"error":"invalid_grant","error_description":"The refresh token is invalid or expired."}',
            "okta-refresh-token",
        ),
        ("auth0.com unauthorized_client: Callback URL mismatch.", "auth0-callback-mismatch"),
    ],
)
def test_a_verbatim_message_comes_before_the_checklist_of_its_server(paste: str, id: str) -> None:
    assert sample_context(paste)[0].id == id


@pytest.mark.parametrize("code", ["invalid_client", "invalid_grant", "invalid_scope", "invalid_request", "access_denied"])
@pytest.mark.parametrize("server", ["keycloak", "okta", "auth0", ""])
def test_a_bare_code_gives_a_checklist_with_signs(server: str, code: str) -> None:
    first = sample_context(f'{server} {{"error":"{code}"}}')[0]
    assert first.id.startswith(server or "oauth")
    assert len(first.causes) > 1 or code == "invalid_scope"
    assert all(cause.sign and cause.remedy for cause in first.causes)


@pytest.mark.parametrize("entry", entries(), ids=lambda entry: entry.id)
def test_an_entry_is_short_and_no_sentence_lists_everything(entry: KnownError) -> None:
    assert sum(map(len, texts(entry))) <= MOST_CHARACTERS
    assert len(entry.causes) <= 4
    for text in texts(entry):
        for sentence in re.split(r"(?<=[.;!?])\s+", text):
            assert sum(bool(re.search(name, sentence, re.I)) for name in NAMES) < 4, sentence
