"""What the pieces of one launch in a text say about each other."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from sickbay.doctor.diagnose import diagnose
from sickbay.doctor.pieces.find import find_pieces
from sickbay.doctor.pieces.inputs import list_inputs
from sickbay.doctor.pieces.known import add_context
from sickbay.doctor.text import diagnose_text

AUTHORIZE = "https://ehr.example.org/authorize?response_type=code&client_id=x&state=zE3rT9pQ2mN8vX4k&code_challenge=abc"


def read_contexts(text: str) -> list[dict[str, Any]]:
    found = find_pieces(text)
    return [each.evidence["context"] for each in add_context(list_inputs(found), found, text)]


def test_the_authorization_request_tells_which_challenge_the_code_has() -> None:
    text = f"{AUTHORIZE}\nhttps://app.example/cb?code=abc&state=zE3rT9pQ2mN8vX4k"
    assert [known["codes"] for known in read_contexts(text)] == [{"abc": {"client_id": "x", "code_challenge": "abc"}}] * 2


def test_the_code_of_the_only_token_request_comes_from_the_only_authorization_url() -> None:
    token = "curl -d grant_type=authorization_code -d code=Q7 -d client_id=x https://ehr.example.org/token"
    assert read_contexts(f"{AUTHORIZE}\n\n{token}")[-1]["codes"]["Q7"]["code_challenge"] == "abc"
    assert "codes" not in read_contexts(f"{AUTHORIZE}\n\n{AUTHORIZE}1\n\n{token}")[-1]


LAUNCHED = "https://app.example.com/launch?iss=https%3A%2F%2Fehr.example.com%2Ffhir%2Fr4&launch=abc123"


def test_an_aud_that_is_not_the_iss_of_the_launch_is_found() -> None:
    def errors(aud: str, launch: str) -> list[str]:
        sent = {"response_type": "code", "client_id": "my-app", "redirect_uri": "https://app.example.com/cb", "launch": launch}
        sent |= {"scope": "launch patient/Patient.rs", "state": "Zk3vQ0m8yT1uWc7RkX2pLh5sNf9aJd4E", "aud": aud}
        text = (
            f"The EHR opens {LAUNCHED}\nand we go to\nhttps://ehr.example.com/oauth/authorize?{urlencode(sent)}\nIt is refused."
        )
        return [each.id for each in diagnose_text(text)[1].explanation.findings if each.severity == "error"]

    assert errors("https://ehr.example.com/fhir/dstu2", "abc123") == ["aud-not-iss-of-launch"]
    assert errors("https://ehr.example.com/fhir/dstu2", "of-another-attempt") == ["aud-not-iss-of-launch"]
    assert errors("https://ehr.example.com/fhir/r4", "of-another-attempt") == []
    assert errors("https://EHR.example.com/fhir/r4/", "abc123") == []


def test_a_check_of_what_no_piece_shows_does_not_count_as_passed() -> None:
    registration = '{"redirect_uris": ["https://app.example.com/cb"]}'
    sent = {"response_type": "code", "client_id": "a", "redirect_uri": "https://app.example.com/cb", "scope": "patient/*.read"}
    login = f"https://ehr.example.com/oauth/authorize?{urlencode(sent)}"
    response = '{"access_token": "t0k3n", "token_type": "Bearer", "scope": "patient/*.read", "patient": "1"}'
    read = "GET https://ehr.example.com/fhir/r4/Patient/1 HTTP/1.1\nAuthorization: Bearer t0k3n"
    for text, passed, assumed in (
        (f"{registration}\n\n{login}", "redirect_uri_is_registered", "scopes_are_registered"),
        (f"{response}\n\n{read}", "scope_covers_the_request", "token_is_for_this_base"),
    ):
        found = find_pieces(f"Refused:\n\n{text}")
        last = add_context(list_inputs(found), found, text)[-1]
        outcomes = {result.name: result.outcome for result in diagnose(last.evidence).examination.checked}
        assert (outcomes[passed], outcomes[assumed]) == ("passed", "skipped")
