"""Each fact is computed from the pieces of a text, and false for another one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import pytest
from tests.doctor.fact_texts import FALSE_IN, TRUE
from tests.doctor.texts import KNOWLEDGE, recognise
from tests.laws import for_each

from sickbay.doctor.evidence import Evidence
from sickbay.doctor.facts import FACTS, TrueFacts
from sickbay.doctor.text import diagnose_text


def compute(evidence: Evidence) -> Mapping[str, dict[str, str]]:
    return TrueFacts(evidence, KNOWLEDGE.facts)


def facts(text: str) -> Mapping[str, dict[str, str]]:
    return compute(recognise(text).evidence)


def test_each_fact_has_a_text() -> None:
    assert TRUE.keys() == FACTS.keys() | KNOWLEDGE.facts.keys()
    assert FACTS.keys().isdisjoint(KNOWLEDGE.facts)


def test_facts_are_computed_only_when_they_are_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    computed: list[str] = []

    def count(name: str, fact: Callable[[Evidence], object], evidence: Evidence) -> object:
        computed.append(name)
        return fact(evidence)

    for name, fact in FACTS.items():
        monkeypatch.setitem(FACTS, name, partial(count, name, fact))
    assert "audience_differs" in compute(Evidence(TRUE["audience_differs"]))
    assert computed == ["audience_differs"]


@for_each("name", TRUE)
def test_a_fact_is_true_in_its_text(name: str) -> None:
    assert name in facts(TRUE[name])


@for_each("name", FALSE_IN)
def test_a_fact_is_false_in_a_text_that_looks_alike(name: str) -> None:
    assert name not in facts(FALSE_IN[name])


def test_each_fact_says_what_it_means() -> None:
    said = {name: fact.__doc__ or "" for name, fact in FACTS.items()}
    said |= {name: described.means for name, described in KNOWLEDGE.facts.items()}
    assert [name for name, text in said.items() if not text.endswith(".")] == []


def test_the_version_that_lacks_an_element_is_the_one_that_the_text_names() -> None:
    said = "The parser of Hl7.Fhir.{} says: Encountered unknown element 'reasonCode' at location 'Encounter.reasonCode[0]'"
    for version in ("STU3", "DSTU2"):
        assert f"not in `{version}`" in diagnose_text(said.format(version))[1].explanation.findings[0].title
