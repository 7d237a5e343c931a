"""examine() runs every check, never counts an unknown prerequisite as passed, and lets the first refusal decide."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from sickbay.kernel.checks import UNKNOWN, Check, Refusal, Unknown, check, examine


@dataclass(frozen=True)
class Known:
    limit: int | Unknown = 10


def asserts(name: str, wrong: bool) -> Check[Any, Any]:
    def decide(request: object, known: object) -> Refusal | None:
        return Refusal(name, "invalid_request") if wrong else None

    decide.__name__ = name
    return check()(decide)


@check(requires=("limit",))
def number_is_below_the_limit(request: int, known: Known) -> Refusal | None:
    assert isinstance(known.limit, int)
    return Refusal("too-large", "invalid_request", {"received": request}) if request >= known.limit else None


@check(after=(number_is_below_the_limit,))
def number_is_even(request: int, known: Known) -> Refusal | None:
    return Refusal("odd", "invalid_scope") if request % 2 else None


CHECKS = (number_is_below_the_limit, number_is_even)


@given(st.lists(st.booleans(), max_size=8))
def test_every_check_is_run_and_every_refusal_is_kept(wrongs: list[bool]) -> None:
    checks = tuple(asserts(f"check-{index}", wrong) for index, wrong in enumerate(wrongs))
    examination = examine(checks, None, None)
    assert len(examination.checked) == len(wrongs)
    assert [refusal.name for refusal in examination.refusals] == [f"check-{i}" for i, wrong in enumerate(wrongs) if wrong]
    assert examination.granted == (not any(wrongs))


@given(st.lists(st.booleans(), min_size=1, max_size=8), st.randoms(use_true_random=False))
def test_the_precedence_decides_before_the_order(wrongs: list[bool], random: Random) -> None:
    names = [f"check-{index}" for index in range(len(wrongs))]
    examination = examine(tuple(map(asserts, names, wrongs)), None, None)
    order = random.sample(names, len(names))
    expected = next((name for name in order if wrongs[names.index(name)]), None)
    decisive = examination.decisive(order)
    assert (decisive.name if decisive else None) == expected


def test_without_precedence_the_first_refusal_decides() -> None:
    examination = examine((asserts("a", False), asserts("b", True), asserts("c", True)), None, None)
    decisive = examination.decisive()
    assert decisive is not None
    assert decisive.name == "b"


def test_a_check_after_a_failed_one_is_skipped_and_not_passed() -> None:
    examination = examine(CHECKS, 13, Known())
    assert [result.outcome for result in examination.checked] == ["refused", "skipped"]
    assert examination.checked[1].waits_for == "number_is_below_the_limit"


def test_a_check_with_an_unknown_input_is_skipped_and_never_granted() -> None:
    examination = examine(CHECKS, 4, Known(UNKNOWN))
    assert [result.outcome for result in examination.checked] == ["skipped", "skipped"]
    assert examination.checked[0].waits_for == "limit"
    assert not examination.refusals
    assert not examination.granted


def test_a_relaxed_refusal_counts_as_passed_and_is_kept_as_advice() -> None:
    examination = examine(CHECKS, 12, Known(), relaxed=frozenset({"too-large"}))
    assert examination.granted
    assert examination.has_passed(number_is_below_the_limit)
    assert [refusal.name for refusal in examination.relaxed] == ["too-large"]


def test_unknown_is_false_and_is_not_none() -> None:
    assert not UNKNOWN
    assert UNKNOWN is not None
