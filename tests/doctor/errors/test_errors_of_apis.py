"""`access_denied` is an error of the authorization endpoint, unless the text shows that an API sent it."""

import pytest

from sickbay.doctor.errors.find import find_in_paste
from sickbay.doctor.text import diagnose_text


@pytest.mark.parametrize(
    "text",
    [
        '{"code":"access_denied","message":"You do not have permission to access Observation"}',
        '{"error":"access_denied","message":"User is not allowed to access this resource"}',
        'HTTP 403\n{"error":"access_denied","error_description":"Access is denied"}',
        'GET https://ehr.example.org/fhir/Patient/1\n\nHTTP/1.1 403\n\n{"error":"access_denied"}',
    ],
)
def test_an_api_that_denies_access_is_not_taken_for_a_user_who_denied_it(text: str) -> None:
    assert ("bearer", "access_denied") in {(answer.kind, answer.code) for answer in find_in_paste(text)}
    shown = str(diagnose_text(text))
    assert "oauth-user-denied" not in shown
    assert "authorization URL" not in shown


@pytest.mark.parametrize(
    "text",
    [
        "https://app.example.com/callback?error=access_denied&error_description=403",
        '{"error":"access_denied","error_description":"User denied access","state":"abc"}',
        'Redirected to the app, which shows 403: {"error":"access_denied"}',
    ],
)
def test_a_refused_authorization_stays_one(text: str) -> None:
    assert ("authorization", "access_denied") in {(answer.kind, answer.code) for answer in find_in_paste(text)}
