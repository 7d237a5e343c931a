"""What is pasted is told apart by what it holds."""

from __future__ import annotations

import pytest

from sickbay.diagnosis.paste_parser import read


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("https://a.example/t/authorize?response_type=code&client_id=x&state=1", "authorize_url"),
        ("http://localhost:8100/launch?iss=http%3A%2F%2Fa&launch=x", "launch_url"),
        ("http://localhost:8100/callback?code=x&state=1", "redirect_url"),
        ("http://localhost:8100/callback?error=access_denied", "redirect_url"),
        ("http://localhost:8100/launch?launch=x", "launch_url"),
        ("http://localhost:7425/general/r4/Patient?name=Peters", "fhir_request"),
    ],
)
def test_a_url_is_of_the_stage_that_its_parameters_say(url, kind) -> None:
    assert read(f"  {url}\n") == {"kind": kind, "url": url}


def test_an_exchange_may_be_a_whole_case() -> None:
    given = '{"kind": "authorize_url", "url": "http://a"}'
    assert read(f'{{"id": "x", "input": {given}}}') == read(given)


def test_a_url_broken_over_lines_is_told_by_its_parameters_and_kept_as_it_came() -> None:
    text = "https://a.example/authorize\n?response_type=code\n&client_id=x"
    assert read(text) == {"kind": "authorize_url", "url": text}


def test_a_url_keeps_the_blanks_between_its_scopes_however_many() -> None:
    url = "https://ehr.example.org/authorize?response_type=code&scope=launch openid profile online_access user/Patient.read"
    assert read(url) == {"kind": "authorize_url", "url": url}


@pytest.mark.parametrize(
    "around",
    [
        "2026-03-31 10:00:00 INFO GET {} HTTP/1.1 302",
        'opening "{}" in the browser',
        "It sends me to {}, and nothing comes back.",
    ],
)
def test_the_one_address_in_a_line_of_a_log_is_what_is_examined(around: str) -> None:
    url = "https://ehr.example.org/authorize?response_type=code&client_id=x"
    assert read(around.format(url)) == {"kind": "authorize_url", "url": url}


def test_of_two_addresses_in_a_line_none_is_chosen() -> None:
    with pytest.raises(ValueError, match="Not recognised"):
        read("from https://a.example/x?y=1 to https://b.example/x?y=2")


def test_quotes_and_brackets_around_a_url_are_taken_off() -> None:
    url = "http://localhost:8100/callback?code=x&state=1"
    assert read(f"<{url}>") == read(f'"{url}"') == {"kind": "redirect_url", "url": url}


def test_an_answer_in_the_fragment_is_an_answer() -> None:
    assert read("http://localhost:8100/callback#code=x&state=1")["kind"] == "redirect_url"


def test_the_address_of_an_error_is_told_by_its_urn() -> None:
    assert read("https://a.example/errors/urn%3Aa%3Ab/instances/1?client=x")["kind"] == "error_page_url"


def test_a_curl_line_becomes_the_request_it_would_send() -> None:
    text = "curl -X POST https://a.example/token \\\n -u app:secret -d grant_type=refresh_token --data-urlencode 'code=a b'"
    assert read(text) == {
        "kind": "token_request",
        "method": "POST",
        "url": "https://a.example/token",
        "headers": {"Content-Type": "application/x-www-form-urlencoded", "Authorization": "Basic YXBwOnNlY3JldA=="},
        "body": "grant_type=refresh_token&code=a%20b",
    }


def test_a_curl_line_for_a_record_keeps_its_headers() -> None:
    given = read('curl -s https://a.example/r4/Patient/1 -H "Authorization: Bearer x"')
    assert given["kind"] == "fhir_request"
    assert given["headers"] == {"Authorization": "Bearer x"}


@pytest.mark.parametrize(
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
def test_what_is_neither_is_said_in_a_sentence(text: str) -> None:
    with pytest.raises(ValueError, match=r"\.$"):
        read(text)


def test_an_answer_of_the_token_endpoint_and_a_registration_are_known_by_their_members() -> None:
    assert read('{"access_token": "x"}')["kind"] == "token_response"
    assert read('{"redirect_uris": []}')["kind"] == "registration"


@pytest.mark.parametrize(
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
def test_what_is_very_long_is_refused_in_a_sentence_too(text: str) -> None:
    with pytest.raises(ValueError, match=r"\.$"):
        read(text)


def test_a_har_file_is_told_however_long_it_is() -> None:
    with pytest.raises(ValueError, match="HAR file"):
        read('{"log": {"entries": ["' + "x" * 70_000 + '"]}}')
