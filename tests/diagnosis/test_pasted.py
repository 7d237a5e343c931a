"""What is pasted is told apart by what it holds."""

from __future__ import annotations

import pytest

from sickbay.diagnosis.pasted import read


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
