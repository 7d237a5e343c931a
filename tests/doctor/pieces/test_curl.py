"""A curl command is read as the request that it would send."""

from __future__ import annotations

from typing import Any

from sickbay.doctor.pieces.find import find_pieces
from sickbay.doctor.pieces.inputs import list_inputs


def request(text: str) -> dict[str, Any]:
    (found,) = list_inputs(find_pieces(text))
    assert found.is_whole
    return found.evidence


def test_a_command_becomes_the_request_that_it_would_send() -> None:
    text = "curl -X POST https://a.example/token \\\n -u app:secret -d grant_type=refresh_token --data-urlencode 'code=a b'"
    assert request(text) == {
        "kind": "token_request",
        "method": "POST",
        "url": "https://a.example/token",
        "headers": {"Authorization": "Basic YXBwOnNlY3JldA==", "Content-Type": "application/x-www-form-urlencoded"},
        "body": "grant_type=refresh_token&code=a+b",
    }


def test_a_command_for_a_resource_keeps_its_headers() -> None:
    evidence = request('curl -s https://a.example/r4/Patient/1 -H "Authorization: Bearer x"')
    assert (evidence["kind"], evidence["headers"]) == ("fhir_request", {"Authorization": "Bearer x"})


def test_the_option_form_sends_multipart() -> None:
    evidence = request("curl https://a.example/token --form 'grant_type=\"client_credentials\"' -F client_id=x")
    assert evidence["headers"]["Content-Type"].startswith("multipart/form-data")


def test_credentials_in_the_url_are_sent_as_basic_authentication() -> None:
    evidence = request("curl -d grant_type=client_credentials https://app:se%40cret@a.example/token")
    assert evidence["url"] == "https://a.example/token"
    assert evidence["headers"]["Authorization"] == "Basic YXBwOnNlQGNyZXQ="
    named = request("curl -u other:one -d grant_type=client_credentials https://app:secret@a.example/token")
    assert named["headers"]["Authorization"] == "Basic b3RoZXI6b25l"
