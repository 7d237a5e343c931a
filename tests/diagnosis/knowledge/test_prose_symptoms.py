"""A symptom that is described in other words than a server's is recognised, and a similar sentence without it isn't."""

from __future__ import annotations

import pytest

from sickbay.diagnosis.answers import read
from sickbay.diagnosis.knowledge.findings import known_errors


def ids(text: str) -> list[str]:
    return [entry.id for entry in known_errors(text, read.in_paste(text))]


@pytest.mark.parametrize(
    ("text", "entry"),
    [
        ("I get the access token, but every call to the API with it returns 401.", "prose-401-after-token"),
        ("The token request succeeds, but all FHIR calls come back with 403.", "prose-403-after-token"),
        ("After we deploy it, the redirect goes to http://localhost:3000", "prose-deployed-redirects-to-localhost"),
        ("What value do I put in the launch parameter?", "prose-launch-parameter"),
        ("I request scopes patient/*.read and only get back openid fhirUser", "prose-only-some-scopes"),
        ("Users are logged out after one hour.", "prose-signed-out-after-time"),
        ("I receive an opaque token instead of a JWT", "prose-opaque-token"),
        ("It stays on a blank page after the redirect with ?code=a", "prose-blank-page-after-redirect"),
        ("PKCE fails on the second login only", "prose-pkce-second-attempt"),
    ],
)
def test_a_symptom_in_prose_is_recognised(text: str, entry: str) -> None:
    assert ids(text)[0] == entry


@pytest.mark.parametrize(
    "text",
    [
        "I get the access token, and every call to the API with it returns 200.",
        "After we deploy it, the redirect goes to https://app.example.org",
        "The EHR sends the launch parameter, and I pass it on.",
        "Users are signed in for one hour.",
    ],
)
def test_a_sentence_without_the_symptom_matches_nothing(text: str) -> None:
    assert ids(text) == []
