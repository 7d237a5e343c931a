"""The headers of a corrected request are its own."""

from __future__ import annotations

import pytest

from sickbay.doctor.diagnose import diagnose
from sickbay.web.exchanges.views import exchange_view

JSON_BODY = '{"grant_type": "authorization_code", "code": "a", "redirect_uri": "https://app.example/cb", "client_id": "my-app"}'


@pytest.mark.parametrize(
    ("headers", "shown"),
    [
        ({"Content-Type": "application/json"}, ()),
        ({"content-type": "application/json", "Accept": "application/json"}, ("Accept: application/json",)),
        ({"Content-Type": "application/json", "Authorization": "Basic YTpi"}, ("Authorization: Basic YTpi",)),
        ({}, ()),
    ],
)
def test_a_corrected_form_is_not_sent_as_json(headers: dict[str, str], shown: tuple[str, ...]) -> None:
    request = {
        "kind": "token_request",
        "method": "POST",
        "url": "https://ehr.example/token",
        "headers": headers,
        "body": JSON_BODY,
    }
    diagnosis = diagnose(request)
    view = exchange_view(
        {
            "id": "",
            "stage": diagnosis.stage,
            "request": request,
            "findings": [finding.to_json() for finding in diagnosis.explanation.findings],
            "corrected": diagnosis.corrected,
        }
    )
    assert view.corrected
    for tab in view.tabs:
        assert "content-type" not in tab.text.lower()
    curl = next(tab.text for tab in view.tabs if tab.id == "curl")
    assert [line for line in shown if line not in curl] == []
    assert "--data-urlencode 'grant_type=authorization_code'" in curl


def test_a_corrected_request_without_headers_has_none() -> None:
    """A corrected URL has no `headers`, so the ones that were sent are shown; a request whose headers were removed has none."""
    sent = {"method": "GET", "url": "https://ehr.example/fhir/Patient/1", "headers": {"Authorization": "Bearer a"}}
    finding = {"id": "token-wrong-content-type", "severity": "error", "title": "a", "why": "a", "fix": "a"}
    exchange = {"id": "", "stage": "access", "request": sent, "findings": [finding]}
    removed = exchange_view(exchange | {"corrected": {"url": sent["url"], "method": "GET", "headers": {}}})
    kept = exchange_view(exchange | {"corrected": {"url": sent["url"], "method": "GET"}})
    assert not any("Authorization" in tab.text for tab in removed.tabs)
    assert any("Authorization" in tab.text for tab in kept.tabs)
