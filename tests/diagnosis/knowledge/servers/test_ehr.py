"""The errors of EHR vendors and of test tools, against what developers pasted into public threads."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from sickbay.diagnosis.answers import read
from sickbay.diagnosis.knowledge import fill, match, plain_text, recognise, table

PASTES = [json.loads(line) for line in (Path(__file__).parents[1] / "pastes" / "ehr.jsonl").read_text("utf-8").splitlines()]
PLAIN = "Our clinic opens at nine. The scope of the project grew, and a new token of thanks was launched at Patient Day."


def seen(text: str) -> match.Seen:
    plain = plain_text.plain(text)
    return match.Seen(plain, recognise.recognised_servers(plain), frozenset(answer.code for answer in read.in_paste(text)))


@pytest.mark.parametrize("case", PASTES, ids=lambda case: case["id"])
def test_a_paste_is_explained_with_its_cause_and_a_remedy(case: dict[str, object]) -> None:
    entries = [fill.filled(entry, str(case["paste"])) for entry in match.matching(seen(str(case["paste"])), table.ALL)]
    said = "\n".join(
        text for entry in entries for text in (entry.title, entry.why, *(part for c in entry.causes for part in c))
    )
    for patterns in case["says"]:  # type: ignore[attr-defined]
        assert any(re.search(pattern, said, re.I | re.S) for pattern in patterns), patterns


def test_a_text_without_an_error_matches_nothing() -> None:
    assert match.matching(seen(PLAIN), table.ALL) == []


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
    assert match.matching(seen(text), table.ALL)[0].id == entry_id


def test_the_value_that_the_launcher_expects_is_in_the_text() -> None:
    text = 'Bad audience value "https://a.example/fhir". Expected "https://b.example/fhir".'
    assert "`https://b.example/fhir`" in fill.filled(match.matching(seen(text), table.ALL)[0], text).why
