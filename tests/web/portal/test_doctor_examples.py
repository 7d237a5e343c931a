"""Each example on the doctor's page is a mistake that the doctor explains."""

from __future__ import annotations

import pytest

from sickbay.web.portal.diagnosis_views import examine
from sickbay.web.portal.doctor_examples import EXAMPLES
from sickbay.web.portal.doctor_views import DoctorView

HEADLINES = {
    "URL": "`scope` uses commas as separators",
    "curl": "`Content-Type` is wrong: the parameters were sent as JSON",
    "error response": "`code_challenge` isn't the base64url SHA-256 hash of the `code_verifier`",
    "log": "A request header isn't in the server's Access-Control-Allow-Headers: `cache-control`",
    "source code": "The redirect URI is the launch page",
}


@pytest.mark.parametrize(("name", "text"), EXAMPLES.items(), ids=list(EXAMPLES))
def test_the_first_finding_of_an_example_is_its_mistake(name: str, text: str) -> None:
    assert examine(text, "").findings[0].title == HEADLINES[name]


def test_examples_are_offered_until_a_text_was_examined() -> None:
    assert len(DoctorView().examples) == len(EXAMPLES)
    assert not examine(EXAMPLES["URL"], "").examples


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("Error: State mismatch. The state parameter does not match the expected value.", "Possible cause: "),
        (
            '{"error": "invalid_client", "error_description": "Client must not use multiple authentication methods"}',
            "Most likely: ",
        ),
    ],
)
def test_a_cause_that_is_only_possible_is_checked_first(text: str, label: str) -> None:
    view = examine(text, "")
    assert view.headline.startswith(label)
    is_only_possible = label == "Possible cause: "
    assert view.is_only_possible == view.findings[0].is_only_possible == is_only_possible
    assert view.findings[0].word == ("Possible cause" if is_only_possible else "Refused")
