"""Compiled checks agree with the plain loop that defines what checks mean."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.laws import examples

from sickbay.kernel.checks import UNKNOWN, Check, Refusal, check, compile_checks, examine, run_checks

NAMES = ("first", "second", "third")
"""Attributes of the context."""
KINDS = ("read", "write")
VALUES = st.sampled_from((UNKNOWN, None, 0, "", (), "x", 1))


def refuses(name: str, inputs: str, kinds: tuple[str, ...], wrong: bool) -> Any:
    """Like a real check, refuses nothing if its input is empty, or if the kind of request doesn't match."""

    def decide(request: str, context: Any) -> Refusal | None:
        if not wrong or (inputs and not getattr(context, inputs)) or (kinds and request not in kinds):
            return None
        return Refusal(f"{name}-is-wrong", "invalid_request", {"received": request})

    return decide


@st.composite
def stages(draw: st.DrawFn) -> tuple[Check[Any, Any], ...]:
    """Checks with prerequisites: other checks, mostly earlier ones, and attributes that may be unknown."""
    checks: list[Check[Any, Any]] = []
    for number in range(draw(st.integers(0, 6))):
        name, inputs = f"check{number}", draw(st.sampled_from(("", "", *NAMES)))
        kinds = tuple(draw(st.sets(st.sampled_from(KINDS))))
        requires = tuple(draw(st.sets(st.sampled_from(NAMES), max_size=2)))
        after = tuple(draw(st.sets(st.sampled_from(checks), max_size=2))) if checks else ()
        checks.append(Check(name, refuses(name, inputs, kinds, draw(st.booleans())), requires, after, inputs, kinds))
    return tuple(draw(st.permutations(checks))) if draw(st.integers(0, 3)) == 0 else tuple(checks)


@settings(max_examples=examples(1000))
@given(
    checks=stages(),
    context=st.builds(SimpleNamespace, **dict.fromkeys(NAMES, VALUES)),
    kind=st.sampled_from(KINDS),
    relaxed=st.sets(st.sampled_from([f"check{number}-is-wrong" for number in range(6)])),
)
def test_compiled_checks_agree_with_the_plain_loop(
    checks: tuple[Check[Any, Any], ...], context: Any, kind: str, relaxed: set[str]
) -> None:
    expected = run_checks(checks, kind, context, relaxed)
    assert examine(checks, kind, context, relaxed) == expected
    without_requirements = tuple(check for check in checks if not check.requires)
    of_kind = run_checks(without_requirements, kind, context, relaxed)
    assert examine(compile_checks(without_requirements, kind), kind, context, relaxed) == of_kind
    passed = {result.name for result in of_kind.checked if result.outcome == "passed" and result.refusal is None}
    proven = tuple(check for check in without_requirements if check.name in passed)
    assert examine(compile_checks(without_requirements, kind, proven), kind, context, relaxed) == of_kind


@check()
def number_is_even(number: int, context: None) -> Refusal | None:
    return Refusal("odd", "invalid_scope") if number % 2 else None


@dataclass(frozen=True)
class Faulty:
    faults: tuple[str, ...] = ()


@check(inputs="faults")
def nothing_is_at_fault(request: None, context: Faulty) -> Refusal | None:
    return Refusal("fault", "value", {"received": context.faults[0]})


def test_a_check_with_an_empty_input_is_not_called() -> None:
    assert examine((nothing_is_at_fault,), None, Faulty()).granted
    assert not examine((nothing_is_at_fault,), None, Faulty(("x",))).granted


@check(applies_to=("write",))
def number_is_positive(number: int, context: None) -> Refusal | None:
    return None if number > 0 else Refusal("not-positive", "invalid_request", {"received": number})


def test_a_check_is_called_only_for_its_kinds_of_requests() -> None:
    assert not examine(compile_checks((number_is_positive,), "write"), -2, None).granted
    assert not examine((number_is_positive,), -2, None).granted
    read = examine(compile_checks((number_is_positive,), "read"), -2, None)
    assert [(result.name, result.outcome) for result in read.checked] == [("number_is_positive", "passed")]


def test_a_proven_check_is_called_again_only_if_another_one_refuses() -> None:
    proven = compile_checks((number_is_even, number_is_positive), None, (number_is_positive,))
    assert examine(proven, -2, None).granted
    assert [refusal.name for refusal in examine(proven, -3, None).refusals] == ["odd", "not-positive"]
