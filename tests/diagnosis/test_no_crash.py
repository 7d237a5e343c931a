"""No text makes the command or the page of the doctor fail, and no error is hidden by a message about an unknown kind."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.diagnosis.hostile import FRAGMENTS, mutate, repeat
from tests.laws import examples, for_each

from sickbay.cli import doctor as command
from sickbay.doctor.single_exchange import HarFile
from sickbay.doctor.text import diagnose_text
from sickbay.services.redaction import pasted_diagnosis
from sickbay.web.portal.diagnosis_views import doctor_view

HEADS = (
    "GET https://ehr.example.org/fhir/$export-poll-status?job=1",
    "GET /bulkstatus/1 HTTP/1.1\nHost: ehr.example.org\n",
    "curl https://ehr.example.org/jobs/1",
    "GET",
    "HTTP/1.1 200 OK\nContent-Type: application/json\n",
    "",
)
MANIFEST: dict[str, Any] = {
    "transactionTime": "2026-01-01T00:00:00Z",
    "request": "https://ehr.example.org/fhir/$export",
    "requiresAccessToken": True,
    "output": [{"type": "Patient", "url": "https://ehr.example.org/fhir/patients.ndjson"}],
    "error": [],
}
NAMES = (
    *(
        "kind",
        "input",
        "log",
        "entries",
        "request",
        "response",
        "url",
        "method",
        "headers",
        "body",
        "status",
        "json",
        "text",
        "context",
    ),
    *(
        "access_token",
        "id_token",
        "error",
        "error_description",
        "errorCode",
        "redirect_uris",
        "keys",
        "kty",
        "alg",
        "kid",
        "typ",
    ),
    *(
        "iss",
        "sub",
        "aud",
        "exp",
        "jti",
        "scope",
        "header",
        "payload",
        "token",
        "claims",
        "grant_type",
        "response_type",
        "client_id",
    ),
    *("resourceType", "issue", "severity", "entry", "info", "item", "resources", "__export_format", "issuer", "token_endpoint"),
    *(
        "authorization_endpoint",
        "capabilities",
        "app",
        "server",
        "fhir_bases",
        "codes",
        "now",
        "code",
        "state",
        "client_assertion",
    ),
)
KINDS = (
    "authorize_url",
    "token_request",
    "fhir_request",
    "token_response",
    "smart_configuration",
    "http_exchange",
    "registration",
    "x",
)
METADATA = (
    *("scope", "scopes", "jwks", "jwks_uri", "grant_types", "type", "client", "token_endpoint_auth_method", "client_secret"),
    *("launch_uri", "initiate_login_uri", "post_logout_redirect_uris", "native", "application_type", "software_statement"),
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.sampled_from(KINDS) | st.text(max_size=20),
    lambda values: st.lists(values, max_size=3) | st.dictionaries(st.sampled_from(NAMES), values, max_size=5),
    max_leaves=12,
)


def read(text: str) -> None:
    """Does what the command and the page do, but lets through whatever they would catch."""
    try:
        evidence, diagnosis = diagnose_text(text)
    except ValueError as error:
        if type(error) not in (ValueError, HarFile):
            raise
        return
    for everything in (False, True):
        command._format_diagnosis(evidence, diagnosis, everything=everything)
    pasted_diagnosis.mask_diagnosis(evidence, diagnosis)
    doctor_view(text, evidence, diagnosis, "v" * 43)


@for_each("head", HEADS)
@for_each("between", ["\n", "\n\n", " "])
@for_each("indent", [None, 2])
def test_a_bulk_manifest_is_read(head: str, between: str, indent: int | None) -> None:
    read(f"{head}{between}{json.dumps(MANIFEST, indent=indent)}")


@given(st.sampled_from(HEADS), st.dictionaries(st.sampled_from(NAMES), JSON, min_size=1, max_size=6))
@settings(max_examples=examples(150), deadline=None)
def test_json_with_any_members_is_read(head: str, members: dict[str, Any]) -> None:
    """A single exchange as JSON with members of a wrong type can't be read; the command and the page say so."""
    text = f"{head}\n{json.dumps(members)}"
    try:
        read(text)
    except (AttributeError, KeyError, TypeError):
        if "kind" not in dict(members.get("input", members)):
            raise


@given(st.dictionaries(st.sampled_from(METADATA), JSON | st.just({"keys": [{}]}), max_size=6), JSON)
@settings(max_examples=examples(500), deadline=None)
def test_client_metadata_with_members_of_any_type_is_read(members: dict[str, Any], uris: Any) -> None:
    read(json.dumps({**members, "redirect_uris": uris}))


@given(st.lists(st.sampled_from(FRAGMENTS), max_size=40).map("".join) | st.text(max_size=200))
@settings(max_examples=examples(150), deadline=None)
def test_any_text_is_read(text: str) -> None:
    read(text)


def test_what_people_paste_is_read_however_it_is_mangled(shared: Path) -> None:
    rng = random.Random(7)
    files = sorted((shared / "cases" / "realworld").glob("*.jsonl"))
    for line in (line for file in files for line in file.read_text(encoding="utf-8").splitlines() if line):
        read(mutate(rng, json.loads(line)["paste"]))


@pytest.mark.prove
@pytest.mark.timeout(3600)
def test_ten_thousand_hostile_texts_are_read() -> None:
    rng = random.Random(8)
    for number in range(10_000):
        text = repeat(rng, rng.randint(10, 1_000))[0]
        read(mutate(rng, text) if number % 2 else text)
