"""The errors of EHR vendors and of test tools, which entry comes first, and what its texts contain."""

from __future__ import annotations

import pytest

from sickbay.diagnosis.answers import read
from sickbay.diagnosis.knowledge.findings import known_errors

PLAIN = "Our clinic opens at nine. The scope of the project grew, and a new token of thanks was launched at Patient Day."


def ids(text: str) -> list[str]:
    return [entry.id for entry in known_errors(text, read.in_paste(text))]


def test_a_text_without_an_error_matches_nothing() -> None:
    assert ids(PLAIN) == []


@pytest.mark.parametrize(
    ("text", "entry_id"),
    [
        ('{"error": "invalid_client", "error_description": null}', "epic-invalid-client-null"),
        (
            "error_uri=https://authorization.cerner.com/errors/urn%253Acerner%253Aerror%253Aauthorization-server%253Aoauth2"
            "%253Agrant%253Adenied-by-server/instances/1",
            "cerner-denied-by-server",
        ),
        ("https://fhir.epic.com/interconnect-fhir-oauth/api/FHIR/R4/Observation 403 Forbidden", "epic-forbidden"),
        ('Bad audience value "https://a.example/fhir". Expected "https://b.example/fhir".', "launcher-aud"),
        ('medplum: {"error":"invalid_grant","error_description":"Token already granted"}', "medplum-code"),
    ],
)
def test_the_most_specific_entry_comes_first(text: str, entry_id: str) -> None:
    assert ids(text)[0] == entry_id


def test_the_value_that_the_launcher_expects_is_in_the_text() -> None:
    text = 'Bad audience value "https://a.example/fhir". Expected "https://b.example/fhir".'
    assert "`https://b.example/fhir`" in known_errors(text, read.in_paste(text))[0].why
