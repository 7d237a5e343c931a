"""Sentences of rules are distinguished from values of requests."""

from __future__ import annotations

from tests.agents.instructions import INSTRUCTIONS
from tests.laws import for_each

from sickbay.diagnosis import catalogue
from sickbay.diagnosis.own_texts import is_own_text


@for_each(
    "text",
    [
        " Your app requested the scope `launch`, but sent no launch code.",
        "It consists of words.",
        " `localhost` and `127.0.0.1` are different origins.",
    ],
)
def test_a_sentence_of_a_rule_is_sickbays_own(text: str) -> None:
    assert catalogue.RULES
    assert is_own_text(text)


@for_each("text", [*INSTRUCTIONS, "https://ehr.example.org/fhir", "my-app", "", "Jane Doe"])
def test_a_value_of_a_request_is_not(text: str) -> None:
    assert not is_own_text(text)
