"""A user grants what was requested or less, never more."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sickbay.authorization.login.consent import limit_to_allowed, list_narrowings, select_ticked_scopes
from sickbay.protocol import scopes

REQUESTED = ("launch", "openid", "patient/Observation.rs", "patient/Condition.r", "user/Observation.read", "patient/*.rs")
PARTS = tuple(text for scope in REQUESTED for version in ("r4", "dstu2") for _, text in list_narrowings(scope, version))
ELSE = ("patient/Observation.cruds", "patient/Observation.rs?", "user/Patient.rs?category=x", "offline_access", "")


@given(st.lists(st.sampled_from(REQUESTED), unique=True), st.lists(st.sampled_from(REQUESTED + PARTS + ELSE)))
def test_nothing_is_granted_that_was_not_requested(requested: list[str], ticked: list[str]) -> None:
    parsed = scopes.parse_scopes(tuple(requested))
    for granted_text in select_ticked_scopes(requested, ticked):
        scope = scopes.parse(granted_text)
        assert granted_text in ticked
        assert scope is not None
        assert scopes.is_covered(scope, parsed)


def test_a_narrowed_scope_replaces_the_whole() -> None:
    part = "patient/Observation.rs?category=laboratory"
    assert select_ticked_scopes(REQUESTED, ("launch", part)) == ("launch", part)
    assert select_ticked_scopes(REQUESTED, ("patient/Observation.rs", part)) == ("patient/Observation.rs",)


@pytest.mark.parametrize(
    ("scope", "version", "count"),
    [
        ("patient/Observation.rs", "r4", 17),
        ("patient/Observation.rs", "dstu2", 9),
        ("patient/Observation.rs", "stu3", 9),
        ("patient/Condition.rs", "r4", 4),
        ("patient/Condition.rs", "stu3", 2),
        ("patient/Condition.rs", "dstu2", 0),
        ("patient/DocumentReference.rs", "r4", 2),
        ("patient/Observation.read", "r4", 0),
        ("patient/Observation.rs?code=1", "r4", 0),
        ("patient/Patient.rs", "r4", 0),
        ("patient/*.rs", "r4", 0),
        ("openid", "r4", 0),
        ("rubbish", "r4", 0),
    ],
)
def test_only_some_scopes_can_be_narrowed(scope: str, version: str, count: int) -> None:
    parts = list_narrowings(scope, version)
    assert len(parts) == count
    assert all(scopes.parse(text) for _, text in parts)
    assert len({words for words, _ in parts}) == count


def test_a_part_is_named_by_the_code_system_of_its_type() -> None:
    terms = "http://terminology.hl7.org/CodeSystem"
    (laboratory, *_) = list_narrowings("patient/Observation.rs", "r4")
    assert laboratory == (
        "lab results",
        f"patient/Observation.rs?category={terms}/observation-category|laboratory",
    )
    (problems, *_) = list_narrowings("user/Condition.s", "r4")
    assert problems == ("problem list", f"user/Condition.s?category={terms}/condition-category|problem-list-item")
    (old, *_) = list_narrowings("patient/Observation.rs", "dstu2")
    assert old == ("lab results", "patient/Observation.rs?category=laboratory")


LAB = "patient/Condition.rs?category=http://terminology.hl7.org/CodeSystem/condition-category|problem-list-item"


@pytest.mark.parametrize(
    ("requested", "allowed", "expected"),
    [
        (["patient/Condition.rs"], [LAB], [LAB]),
        (["patient/Condition.rs"], ["patient/Condition.r"], ["patient/Condition.r"]),
        (["patient/Condition.rs"], ["patient/*.rs"], ["patient/Condition.rs"]),
        (["patient/*.rs"], [LAB], [LAB]),
        (["patient/Condition.r"], [LAB], [LAB.replace(".rs", ".r")]),
        (["patient/Condition.rs"], ["user/Condition.rs"], []),
        (["patient/Condition.cruds"], ["patient/*.rs"], ["patient/Condition.rs"]),
        (["patient/Condition.cruds"], ["patient/*.rs", "patient/Condition.r"], ["patient/Condition.rs"]),
        (["patient/*.rs"], ["patient/Condition.cr", "patient/Goal.s"], ["patient/Condition.r", "patient/Goal.s"]),
        (["patient/Condition.c"], ["patient/Condition.rs"], []),
        (["patient/Condition.rs"], ["patient/Goal.rs"], []),
        (["patient/Condition.rs?code=1"], ["patient/*.r?category=2"], ["patient/Condition.r?code=1&category=2"]),
        (["patient/Condition.rs?code=1"], ["patient/Condition.rs?code=2"], []),
        (["patient/Condition.rs?code=1"], ["patient/Condition.r"], ["patient/Condition.r?code=1"]),
        (["patient/Condition.read"], ["patient/Condition.r"], []),
        (["launch"], ["patient/*.rs"], []),
        (["patient/Condition.rs"], ["patient/Condition.rs?code:in=x"], []),
        (["openid", "launch"], ["openid"], ["openid"]),
        (["patient/Condition.rs", "patient/Condition.rs"], [LAB, LAB], [LAB]),
        (["nonsense"], ["nonsense"], []),
        (["patient/Condition.read"], ["patient/Condition.rs"], ["patient/Condition.read"]),
        (["patient/Condition.*"], ["patient/Condition.rs"], ["patient/Condition.read"]),
    ],
)
def test_the_intersection_of_requested_and_allowed_scopes_is_granted(
    requested: list[str], allowed: list[str], expected: list[str]
) -> None:
    assert limit_to_allowed(requested, allowed) == tuple(expected)


@given(st.lists(st.sampled_from(REQUESTED), unique=True), st.lists(st.sampled_from(REQUESTED + PARTS + ELSE)))
def test_nothing_is_granted_that_was_not_requested_or_not_allowed(requested: list[str], allowed: list[str]) -> None:
    for granted_text in limit_to_allowed(requested, allowed):
        scope = scopes.parse(granted_text)
        assert scope is not None
        assert scopes.is_covered(scope, scopes.parse_scopes(tuple(requested)))
        assert scopes.is_covered(scope, scopes.parse_scopes(tuple(allowed)))
