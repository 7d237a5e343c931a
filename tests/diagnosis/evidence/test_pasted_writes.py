"""The body of a pasted create or update is validated, although its server isn't known."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from sickbay.doctor.text import diagnose_text

MISSING = {
    "DiagnosticReport": ("status", "code"),
    "Observation": ("status", "code"),
    "AllergyIntolerance": ("patient",),
    "MedicationRequest": ("status", "intent", "medication", "subject"),
    "Encounter": ("status", "class"),
}
"""What each resource type requires in R4."""
IN_ALL_VERSIONS = {
    "DiagnosticReport": ("status", "code"),
    "Observation": ("status", "code"),
    "MedicationRequest": ("intent", "subject"),
}
"""What it requires in R4, STU3 and R5, for a URL that names no version."""
WAYS = (
    "curl -X POST {url} -H 'Content-Type: application/fhir+json' -d '{body}'",
    "POST {url}\nContent-Type: application/fhir+json\nAuthorization: Bearer abc\n\n{body}",
    "POST {url}\n{body}",
    "fetch('{url}', {{method: 'POST', headers: {{'Content-Type': 'application/fhir+json'}}, body: '{body}'}})",
)
CASES = [(f"https://ehr.example.org/r4/{type}", type, names) for type, names in MISSING.items()] + [
    (f"{base}/{type}", type, names) for type, names in IN_ALL_VERSIONS.items() for base in ("", "https://ehr.example.org/fhir")
]


def problems(text: str) -> dict[str, str]:
    """What is said of an invalid resource, with the severity."""
    findings = diagnose_text(text)[1].explanation.findings
    return {f"{found.why} {found.fix}": found.severity for found in findings if found.id == "fhir-resource-invalid"}


@pytest.mark.parametrize("way", WAYS)
def test_a_create_names_the_required_elements_that_are_missing(way: str) -> None:
    for url, type, names in CASES:
        if not url.startswith("http") and not way.startswith("POST"):
            continue
        found = problems(way.format(url=url, body=json.dumps({"resourceType": type})))
        ((text, severity),) = found.items()
        assert severity == "warning", "a server may accept more"
        assert [name for name in names if f"{type}.{name}" not in text] == [], (url, text)


@pytest.mark.parametrize(
    "body",
    [
        '{"resourceType": "Observation", ...}',
        '{"resourceType": "Observation", "note": [{"text": "…"}]}',
        '{"resourceType": "Observation", "subject": {"reference": "Patient/{id}"}}',
        '{"resourceType": "Observation", "status": ',
    ],
)
def test_a_body_that_was_shortened_or_has_variables_is_not_validated(body: str) -> None:
    text = f"POST https://ehr.example.org/r4/Observation\nContent-Type: application/fhir+json\n\n{body}"
    assert problems(text) == {}


def test_an_update_and_a_wrong_code_are_validated_too() -> None:
    text = "PUT https://ehr.example.org/r4/Patient/1\n\n" + json.dumps({"resourceType": "Patient", "id": "1", "gender": "m"})
    assert "Patient.gender" in next(iter(problems(text)))


def test_no_valid_example_is_called_invalid(shared: Path) -> None:
    wrong = {}
    for path in sorted((shared / "data" / "examples-r4").glob("*.ndjson.gz"))[::6]:
        line = gzip.decompress(path.read_bytes()).decode().partition("\n")[0]
        resource = json.loads(line)
        text = f"POST https://ehr.example.org/r4/{resource['resourceType']}\nContent-Type: application/fhir+json\n\n{line}"
        if len(line) < 20_000 and (found := problems(text)):
            wrong[path.name] = found
    assert wrong == {}
