"""Compiled checks agree with the plain loop that defines what checks mean."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from sickbay.kernel import checks as kernel_checks
from sickbay.kernel.checks import UNKNOWN, Check, Refusal, check
from sickbay.kernel.compiled_checks import compile, examine

NAMES = ("first", "second", "third")
"""Attributes of what is known."""
KINDS = ("read", "write")
VALUES = st.sampled_from((UNKNOWN, None, 0, "", (), "x", 1))


def refuses(name: str, about: str, of: tuple[str, ...], wrong: bool) -> Any:
    """As a real check, it refuses nothing if what it is about is empty, or of other kinds of requests."""

    def decide(request: str, known: Any) -> Refusal | None:
        if not wrong or (about and not getattr(known, about)) or (of and request not in of):
            return None
        return Refusal(f"{name}-is-wrong", "invalid_request", {"received": request})

    return decide


@st.composite
def stages(draw: st.DrawFn) -> tuple[Check[Any, Any], ...]:
    """Checks that come after others, mostly earlier ones, and need what may be unknown."""
    made: list[Check[Any, Any]] = []
    for number in range(draw(st.integers(0, 6))):
        name, about = f"check{number}", draw(st.sampled_from(("", "", *NAMES)))
        of = tuple(draw(st.sets(st.sampled_from(KINDS))))
        needs = tuple(draw(st.sets(st.sampled_from(NAMES), max_size=2)))
        after = tuple(draw(st.sets(st.sampled_from(made), max_size=2))) if made else ()
        made.append(Check(name, refuses(name, about, of, draw(st.booleans())), needs, after, about, of))
    return tuple(draw(st.permutations(made))) if draw(st.integers(0, 3)) == 0 else tuple(made)


@settings(max_examples=1000)
@given(
    checks=stages(),
    known=st.builds(SimpleNamespace, **dict.fromkeys(NAMES, VALUES)),
    kind=st.sampled_from(KINDS),
    relaxed=st.sets(st.sampled_from([f"check{number}-is-wrong" for number in range(6)])),
)
def test_compiled_checks_agree_with_the_plain_loop(
    checks: tuple[Check[Any, Any], ...], known: Any, kind: str, relaxed: set[str]
) -> None:
    meant = kernel_checks.examine(checks, kind, known, relaxed)
    assert examine(checks, kind, known, relaxed) == meant
    needless = tuple(one for one in checks if not one.requires)
    of_kind = kernel_checks.examine(needless, kind, known, relaxed)
    assert examine(compile(needless, kind), kind, known, relaxed) == of_kind
    passed = {one.name for one in of_kind.checked if one.outcome == "passed" and one.refusal is None}
    proven = tuple(one for one in needless if one.name in passed)
    assert examine(compile(needless, kind, proven), kind, known, relaxed) == of_kind


@check()
def number_is_even(number: int, known: None) -> Refusal | None:
    return Refusal("odd", "invalid_scope") if number % 2 else None


@dataclass(frozen=True)
class Faulty:
    faults: tuple[str, ...] = ()


@check(inputs="faults")
def nothing_is_at_fault(request: None, known: Faulty) -> Refusal | None:
    return Refusal("fault", "value", {"received": known.faults[0]})


def test_what_a_check_is_about_need_not_be_asked_where_there_is_none() -> None:
    assert examine((nothing_is_at_fault,), None, Faulty()).granted
    assert not examine((nothing_is_at_fault,), None, Faulty(("x",))).granted


@check(applies_to=("write",))
def number_is_positive(number: int, known: None) -> Refusal | None:
    return None if number > 0 else Refusal("not-positive", "invalid_request", {"received": number})


def test_a_check_is_asked_of_the_kinds_of_requests_that_it_is_of() -> None:
    assert not examine(compile((number_is_positive,), "write"), -2, None).granted
    assert not examine((number_is_positive,), -2, None).granted
    read = examine(compile((number_is_positive,), "read"), -2, None)
    assert [(one.name, one.outcome) for one in read.checked] == [("number_is_positive", "passed")]


def test_what_was_proven_is_asked_again_only_where_something_else_is_refused() -> None:
    proven = compile((number_is_even, number_is_positive), None, (number_is_positive,))
    assert examine(proven, -2, None).granted
    assert [one.name for one in examine(proven, -3, None).refusals] == ["odd", "not-positive"]
