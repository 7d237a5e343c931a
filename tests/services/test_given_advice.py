"""A habit of an app is named once."""

from __future__ import annotations

from itertools import count

import pytest

from sickbay.diagnosis.catalogue import BY_ID
from sickbay.diagnosis.explain import Explanation
from sickbay.diagnosis.rule import Finding, fill_rule
from sickbay.kernel.memory import ResetScope
from sickbay.services import given_advice
from sickbay.services.given_advice import GivenAdvice

HABIT, OTHER = "fhir-missing-accept", "fhir-wrong-patient"


def finding(id: str, *, refused: bool = False) -> Finding:
    return fill_rule(BY_ID[id], {"received": "a", "expected": "b"}, refused=refused)


IDS = map(str, count())


def tell(advice: GivenAdvice, client_id: str, *findings: Finding, id: str = "") -> list[str]:
    explanation = advice.drop_repeated_advice(Explanation(findings, None), "general", client_id, id or next(IDS))
    return [found.id for found in explanation.findings]


def test_a_habit_is_told_to_each_app_once_and_everything_else_each_time() -> None:
    advice = GivenAdvice()
    both = (finding(OTHER), finding(HABIT))
    assert tell(advice, "a", *both) == [OTHER, HABIT]
    assert tell(advice, "a", *both) == [OTHER]
    assert tell(advice, "b", *both) == [OTHER, HABIT]


def test_a_request_that_only_repeats_a_habit_has_no_corrected_request() -> None:
    advice = GivenAdvice()
    first, second = (
        advice.drop_repeated_advice(Explanation((finding(HABIT),), "corrected"), "general", "a", id) for id in "xy"
    )
    assert (first.corrected, second.corrected) == ("corrected", None)
    other = finding("fhir-search-unknown-param")
    assert advice.drop_repeated_advice(Explanation((other, finding(HABIT)), "corrected"), "general", "a", "z").corrected


def test_an_exchange_that_is_recorded_again_has_the_same_advice() -> None:
    advice = GivenAdvice()
    assert tell(advice, "a", finding(HABIT), id="x") == tell(advice, "a", finding(HABIT), id="x") == [HABIT]
    assert tell(advice, "a", finding(HABIT), id="y") == []


def test_a_request_without_an_app_is_told_each_time() -> None:
    advice = GivenAdvice()
    assert tell(advice, "", finding(HABIT)) == tell(advice, "", finding(HABIT)) == [HABIT]


def test_a_refusal_is_never_left_out() -> None:
    advice = GivenAdvice()
    for _ in range(2):
        assert tell(advice, "a", finding(HABIT, refused=True)) == [HABIT]


def test_a_reset_of_the_hospital_forgets_what_was_told_there() -> None:
    advice = GivenAdvice()
    tell(advice, "a", finding(HABIT))
    advice.forget(ResetScope("epic"))
    assert tell(advice, "a", finding(HABIT)) == []
    advice.forget(ResetScope("general"))
    assert tell(advice, "a", finding(HABIT)) == [HABIT]


def test_the_memory_is_bounded_and_the_oldest_pair_is_told_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(given_advice, "KEPT_PAIRS", 2)
    advice = GivenAdvice()
    for client_id in ("a", "b", "c"):
        tell(advice, client_id, finding(HABIT))
    assert tell(advice, "c", finding(HABIT)) == []
    assert tell(advice, "a", finding(HABIT)) == [HABIT]


def test_what_waits_to_be_told_to_the_other_workers_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(given_advice, "KEPT_PAIRS", 2)
    advice = GivenAdvice()
    for client_id in "abcd":
        tell(advice, client_id, finding(HABIT))
    assert len(advice._news) == 2
