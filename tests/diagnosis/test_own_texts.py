"""Sentences of rules are distinguished from values of requests."""

from __future__ import annotations

from tests.agents.instructions import INSTRUCTIONS
from tests.laws import for_each

from sickbay.diagnosis import catalogue
from sickbay.diagnosis.own_texts import is_composed, is_own_text


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


@for_each(
    "text", ["Without it, the search finds 73.", " Values that occur: ", " (1,006), ", " (some) and others.", " finds 0."]
)
def test_a_composed_sentence_is_sickbays_own_without_what_it_quotes(text: str) -> None:
    assert catalogue.RULES
    assert is_composed(text)


@for_each("text", [*INSTRUCTIONS, "Without it, the search finds Jane.", "Without it, the 73.", "finds it, Jane Doe"])
def test_a_sentence_with_another_word_is_not_composed(text: str) -> None:
    assert not is_composed(text)
