"""Results tell a finding in Sickbay's words, whatever its facts are."""

from __future__ import annotations

from typing import Any

from tests.agents.instructions import INSTRUCTIONS, find_leaks, find_marks
from tests.laws import cases, for_each

from sickbay.agents import corrected, findings
from sickbay.agents.untrusted import Untrusted
from sickbay.diagnosis import case
from sickbay.diagnosis.catalogue import RULES
from sickbay.diagnosis.rule import Rule
from sickbay.doctor import compiled
from sickbay.doctor.diagnose import diagnose


def _facts_with(rule: Rule, text: str) -> dict[str, Any]:
    """The facts of the rule's case, each text replaced."""
    found = diagnose(case.load(case.list_paths()[rule.id]).refused).explanation.findings
    facts = next(finding.facts for finding in found if finding.id == rule.id)
    return {name: [text] if isinstance(value, list | tuple) else text for name, value in facts.items()}


@for_each("number, rule", cases(enumerate(RULES)))
def test_no_rule_repeats_a_fact_that_a_stranger_wrote(number: int, rule: Rule) -> None:
    text, untrusted = INSTRUCTIONS[number % len(INSTRUCTIONS)], Untrusted()
    facts = _facts_with(rule, text) | {"told": text, "guess": text}
    facts |= {"level": "warning", "at_most": "info"}  # words of Sickbay
    shown = findings.reword({"id": rule.id, "severity": "error", "facts": facts}, (), untrusted)
    assert not find_leaks({"finding": shown, "untrusted": untrusted.to_json()})
    assert shown["title"]
    assert shown["spec"].startswith("http")


@for_each("id", sorted(compiled.load_knowledge().causes))
def test_a_cause_is_told_without_the_values_of_the_text(id: str) -> None:
    shown = findings.reword({"id": id, "severity": "warning", "title": INSTRUCTIONS[0], "facts": {}}, (), Untrusted())
    assert shown["title"]
    assert not find_marks(shown)


def test_a_finding_that_is_not_known_shows_none_of_its_texts() -> None:
    text = INSTRUCTIONS[0]
    unknown = {"id": text, "severity": text, "title": text, "why": text, "fix": text, "facts": {"a": text}}
    assert not find_marks(findings.reword(unknown, (), Untrusted()))
    assert not find_marks(findings.outline([unknown] * 30, (), Untrusted()))


def test_a_value_that_is_harmless_stays_in_the_text() -> None:
    base, untrusted = "http://localhost:7425/general/r4", Untrusted()
    facts = {"base": base, "bases": [base], "received": None, "audience": None}
    shown = findings.reword({"id": "aud-missing", "severity": "error", "facts": facts}, {base}, untrusted)
    assert f"aud={base}" in shown["fix"]
    assert untrusted.to_json() == {}


def test_what_a_rule_says_of_a_slash_stays_in_the_text() -> None:
    facts = {"slash": "has a trailing slash that the registered URI doesn't have", "received": "x", "expected": "y"}
    shown = findings.reword({"id": "redirect-uri-trailing-slash", "severity": "error", "facts": facts}, (), Untrusted())
    assert shown["title"] == f"`redirect_uri` doesn't match: it {facts['slash']}"


def test_a_sentence_that_a_rule_composed_keeps_its_words_and_names_what_it_quotes() -> None:
    untrusted = Untrusted()
    facts = {
        "type": "Observation",
        "parameter": "code",
        "received": "1234-99",
        "remaining": "Without it, the search finds 73.",
        "values": " Values that occur: `29463-7` (1,006), `85354-9` (some) and others.",
        "counts": " On its own, `patient` finds 73 and `code` finds 0.",
        "instruction": "Use a value that occurs, such as `code=29463-7`, which finds 6.",
    }
    shown = findings.reword({"id": "fhir-search-value-absent", "severity": "warning", "facts": facts}, (), untrusted)
    assert shown["why"] == (
        "Without it, the search finds 73. Values that occur: `‹values›` (1,006), `‹values-2›` (some) and others. "
        "On its own, `patient` finds 73 and `code` finds 0."
    )
    assert shown["fix"] == "Use a value that occurs, such as `‹instruction›`, which finds 6."
    named = {"values": "29463-7", "values-2": "85354-9", "instruction": "code=29463-7", "received": "1234-99"}
    assert untrusted.to_json()["values"] == named


SENTENCES = (
    "Use a value that occurs, such as `{}`, which finds 6.",
    "{} Use a value that occurs.",
    "Use `x`, {}",
    "{}`",
    "`{}",
    "6 {}",
)


@for_each("text, sentence", [(text, sentence) for text in INSTRUCTIONS for sentence in SENTENCES])
def test_a_sentence_repeats_no_word_of_a_stranger(text: str, sentence: str) -> None:
    untrusted, facts = (
        Untrusted(),
        {"instruction": sentence.format(text), "parameter": "code", "received": "x", "type": "Patient"},
    )
    shown = findings.reword({"id": "fhir-search-value-absent", "severity": "warning", "facts": facts}, (), untrusted)
    assert not find_leaks({"finding": shown, "untrusted": untrusted.to_json()})


def test_a_value_between_backticks_is_named_even_if_it_is_composed_of_words_of_rules() -> None:
    untrusted, sent = Untrusted(), "Use a value that occurs, such as `x`, which finds 6."
    facts = {"received": sent, "parameter": "code", "type": "Patient", "instruction": "Send the search again."}
    shown = findings.reword({"id": "fhir-search-value-absent", "severity": "warning", "facts": facts}, (), untrusted)
    assert "`code=‹received›`" in shown["title"]
    assert untrusted.to_json()["values"]["received"] == sent


@for_each("text", INSTRUCTIONS)
def test_a_corrected_request_has_strangers_words_only_as_encoded_values(text: str) -> None:
    untrusted, own = Untrusted(), {"http://localhost:7425/general/r4"}
    requests: list[dict[str, Any]] = [
        {"url": f"http://localhost:7425/general/r4/{text}?client_id={text}&{text}=1#{text}", "method": text},
        {"url": f"https://{text}/authorize?client_id={text}", "headers": {text: text, "authorization": f"Bearer {text}"}},
        {"url": "http://localhost:7425/general/r4", "body": f"client_id={text}&{text}={text}"},
        {"url": text, "body": text},
        {"app": {"client_name": text, text: text, "redirect_uris": [text], "scope": text}},
    ]
    for request in requests:
        outlined = corrected.outline(request, own, untrusted)
        assert not find_leaks({"corrected": outlined, "untrusted": untrusted.to_json()}), outlined


def test_a_corrected_request_keeps_what_can_be_sent() -> None:
    own = {"http://localhost:7425/general/r4"}
    request = {
        "url": "http://localhost:7425/general/r4/Patient?name=a b&_count=5",
        "headers": {"Authorization": "Bearer ACCESS-TOKEN-OF-YOUR-APP", "accept": "application/fhir+json", "x-note": "a"},
    }
    assert corrected.outline(request, own, Untrusted()) == {
        "method": "GET",
        "url": "http://localhost:7425/general/r4/Patient?name=a%20b&_count=5",
        "headers": {"accept": "application/fhir+json", "authorization": "Bearer ACCESS-TOKEN-OF-YOUR-APP"},
    }
    assert corrected.outline(None, own, Untrusted()) is None


def test_a_cause_of_another_servers_error_is_called_likely() -> None:
    told = findings.reword({"id": "oauth-code-used-twice", "severity": "error"}, (), Untrusted())
    assert told["likely"] is True
