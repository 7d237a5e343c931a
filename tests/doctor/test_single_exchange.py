"""The kind of a pasted text is recognised by its content."""

from __future__ import annotations

import json

import pytest
from tests.laws import for_each

from sickbay.doctor.single_exchange import read
from sickbay.doctor.text import diagnose_text


@for_each(
    "url, kind",
    [
        ("https://a.example/t/authorize?response_type=code&client_id=x&state=1", "authorize_url"),
        ("http://localhost:8100/launch?iss=http%3A%2F%2Fa&launch=x", "launch_url"),
        ("http://localhost:8100/callback?code=x&state=1", "redirect_url"),
        ("http://localhost:8100/$lastn?code=x", "redirect_url"),
        ("https://ehr.example.org/fhir/R4/Observation?code=8310-5", "fhir_request"),
        ("https://ehr.example.org/fhir/R4/Observation/_search?code=8310-5", "fhir_request"),
        ("https://ehr.example.org/fhir/R4/Observation/$lastn?patient=1&code=8310-5", "fhir_request"),
        ("https://ehr.example.org/fhir/R4/ValueSet/$validate-code?code=a", "fhir_request"),
        ("http://localhost:8100/callback?error=access_denied", "redirect_url"),
        ("http://localhost:8100/launch?launch=x", "launch_url"),
        ("http://localhost:7425/general/r4/Patient?name=Peters", "fhir_request"),
    ],
)
def test_the_parameters_of_a_url_determine_its_kind(url: str, kind: str) -> None:
    assert read(f"  {url}\n") == {"kind": kind, "url": url}


def test_a_whole_case_is_read_like_its_input() -> None:
    evidence = '{"kind": "authorize_url", "url": "http://a"}'
    assert read(f'{{"id": "x", "input": {evidence}}}') == read(evidence)


def test_a_url_on_several_lines_is_recognised_and_kept_unchanged() -> None:
    text = "https://a.example/authorize\n?response_type=code\n&client_id=x"
    assert read(text) == {"kind": "authorize_url", "url": text}


def test_a_url_keeps_the_spaces_between_its_scopes() -> None:
    url = "https://ehr.example.org/authorize?response_type=code&scope=launch openid profile online_access user/Patient.read"
    assert read(url) == {"kind": "authorize_url", "url": url}


@for_each(
    "text",
    [
        "see https://a.example/x?y=1 for more",
        "https://a.example/x?launch=1&scope=a",
        "",
        "{",
        "curl",
        "curl 'https://a.example",
    ],
)
def test_a_text_that_is_not_exactly_one_exchange_is_not_read(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w{4}"):
        read(text)


def test_quotation_marks_and_brackets_around_a_url_are_removed() -> None:
    url = "http://localhost:8100/callback?code=x&state=1"
    assert read(f"<{url}>") == read(f'"{url}"') == {"kind": "redirect_url", "url": url}


def test_a_response_in_the_fragment_is_recognised() -> None:
    assert read("http://localhost:8100/callback#code=x&state=1")["kind"] == "redirect_url"


def test_the_url_of_an_error_page_is_recognised_by_its_urn() -> None:
    assert read("https://a.example/errors/urn%3Aa%3Ab/instances/1?client=x")["kind"] == "error_page_url"


@for_each(
    "text",
    [
        "curl -v",
        "curl 'http://a",
        "hello there",
        "http://a is where it runs",
        "{",
        '{"a": 1}',
        '{"log": {"entries": []}}',
    ],
)
def test_an_unreadable_text_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(ValueError, match=r"\.$"):
        read(text)


def test_a_token_response_and_a_registration_are_recognised_by_their_members() -> None:
    assert read('{"access_token": "x"}')["kind"] == "token_response"
    assert read('{"redirect_uris": []}')["kind"] == "registration"


@for_each(
    "text",
    [
        "a " + "http://" * 9_000,
        "a ?" + "http://" * 9_000,
        "a http://" + "x" * 60_000,
        '{"kind":' * 100_000,
        "x" * 70_000,
        '{"a":"' + "x" * 70_000 + '"}',
        '{"a":' + "1" * 5_000 + "}",
    ],
)
def test_a_very_long_text_is_refused_with_a_sentence_too(text: str) -> None:
    with pytest.raises(ValueError, match=r"\.$"):
        read(text)


def test_a_har_file_of_any_length_is_recognised() -> None:
    with pytest.raises(ValueError, match="HAR file"):
        read('{"log": {"entries": ["' + "x" * 70_000 + '"]}}')


URL = "https://a.example/authorize?response_type=code&client_id=x"


@for_each(
    "after",
    [
        '"scope" is not allowed',
        '{"error": "invalid_client"}',
        "HTTP/1.1 400 Bad Request",
        "https://a.example/cb?error=invalid_request",
    ],
)
def test_a_url_that_is_followed_by_its_answer_is_not_a_url_alone(after: str) -> None:
    with pytest.raises(ValueError, match="isn't a URL"):
        read(f"{URL}\n\n{after}")


def test_an_error_page_with_a_client_id_is_not_an_authorization_request() -> None:
    assert read("https://a.example/error?error=redirect_mismatch&client_id=x")["kind"] == "redirect_url"


def test_the_address_of_a_logout_is_not_an_authorization_request() -> None:
    assert (
        read("https://a.example/openid-connect/logout?client_id=x&redirect_uri=https://b.example")["kind"] == "logout_request"
    )


KINDS_OF_RESOURCES = (("CapabilityStatement", "instance"), ("StructureDefinition", "logical"), ("OperationDefinition", "query"))
"""Types of resources with a member `kind`, which isn't the kind of an exchange."""


@for_each("type, kind", KINDS_OF_RESOURCES)
def test_a_resource_with_a_member_kind_is_a_text_and_no_exchange(type: str, kind: str) -> None:
    text = json.dumps({"resourceType": type, "status": "active", "kind": kind, "url": "https://ehr.example.org/a"})
    with pytest.raises(ValueError, match="needs a"):
        read(text)
    _, diagnosis = diagnose_text(text)
    assert diagnosis.verdict.exit_code == 0
