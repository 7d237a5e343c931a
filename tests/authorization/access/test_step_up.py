"""What earlier refusals prove about a token that lacks a scope."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.laws import examples

from sickbay.authorization.access.step_up import describe_history
from sickbay.authorization.models import AccessToken
from sickbay.authorization.refused_token import RefusedToken
from sickbay.protocol.scopes import is_covered, parse, parse_scopes, split

PATIENT, OBSERVATION = "patient/Patient.rs", "patient/Observation.rs"
CONDITION, MEDICATION = "patient/Condition.rs", "patient/MedicationRequest.rs"
SCOPES = (PATIENT, OBSERVATION, CONDITION, MEDICATION, "patient/*.rs", "openid", "patient/Observation.r", "wrong")


def token(scope: str, family: str = "f2", issued_at: int = 100) -> AccessToken:
    return AccessToken("app", scope, "base", 1000, family, issued_at=issued_at)


def refuse(scope: str, *needed: str, family: str = "f1", issued_at: int = 10, at: int = 50) -> RefusedToken:
    return RefusedToken(family, issued_at, scope, needed, at)


def _has(granted: str, text: str) -> bool:
    scope = parse(text)
    return scope is not None and is_covered(scope, parse_scopes(split(granted)))


@pytest.mark.parametrize(
    ("held", "family", "needed", "earlier", "facts"),
    [
        (
            PATIENT,
            "f1",
            OBSERVATION,
            [refuse(PATIENT, OBSERVATION)],
            {"again": "refresh", "union": f"{PATIENT} {OBSERVATION}"},
        ),
        (
            PATIENT,
            "f2",
            OBSERVATION,
            [refuse(PATIENT, CONDITION, OBSERVATION)],
            {"again": "authorization", "union": f"{PATIENT} {OBSERVATION}"},
        ),
        (
            f"{OBSERVATION} {PATIENT}",
            "f2",
            CONDITION,
            [refuse(f"{PATIENT} {OBSERVATION}", CONDITION)],
            {"again": "authorization", "union": f"{PATIENT} {OBSERVATION} {CONDITION}"},
        ),
        (OBSERVATION, "f2", PATIENT, [refuse(PATIENT, OBSERVATION)], {"lost": [PATIENT], "union": f"{PATIENT} {OBSERVATION}"}),
        (
            f"{PATIENT} {OBSERVATION} {CONDITION}",
            "f3",
            MEDICATION,
            [refuse(PATIENT, OBSERVATION, at=20), refuse(f"{PATIENT} {OBSERVATION}", CONDITION, family="f2", issued_at=30)],
            {"rounds": 3},
        ),
        (f"{PATIENT} {OBSERVATION}", "f2", CONDITION, [refuse(PATIENT, OBSERVATION)], {}),
        (PATIENT, "f2", CONDITION, [refuse(PATIENT, OBSERVATION)], {}),
        (OBSERVATION, "f2", CONDITION, [refuse(PATIENT, OBSERVATION)], {}),
        (PATIENT, "f2", OBSERVATION, [refuse(PATIENT, OBSERVATION, at=101)], {}),
        (PATIENT, "f1", OBSERVATION, [refuse(PATIENT, OBSERVATION, issued_at=100)], {}),
        (PATIENT, "f2", OBSERVATION, [], {}),
        ("system/Patient.rs", "f2", "system/Observation.rs", [refuse("system/Patient.rs", "system/Observation.rs")], {}),
    ],
)
def test_the_history_is_described(
    held: str, family: str, needed: str, earlier: list[RefusedToken], facts: dict[str, Any]
) -> None:
    described = describe_history(token(held, family), needed, earlier)
    assert described.items() >= facts.items()
    assert bool(described) == bool(facts)


TEXTS = st.lists(st.sampled_from(SCOPES), max_size=4).map(" ".join)
EARLIER = st.builds(
    RefusedToken,
    family=st.sampled_from(["f1", "f2"]),
    issued_at=st.integers(0, 100),
    scope=TEXTS,
    needed=st.lists(st.sampled_from(SCOPES), min_size=1, max_size=2).map(tuple),
    at=st.integers(0, 120),
)


@settings(max_examples=examples(400))
@given(TEXTS, st.sampled_from(SCOPES), st.lists(EARLIER, max_size=5))
def test_each_fact_follows_from_the_tokens(held: str, needed: str, earlier: list[RefusedToken]) -> None:
    facts: dict[str, Any] = describe_history(token(held), needed, earlier)
    before = [each for each in earlier if each.at <= 100 and (each.family, each.issued_at) != ("f2", 100)]
    assert not facts or before
    if facts:
        last = before[-1]
        assert all(_has(facts["union"], text) for text in (*split(held), needed) if parse(text))
        assert "again" not in facts or (needed in last.needed and set(split(held)) == set(split(last.scope)))
        assert all(text in split(last.scope) and not _has(held, text) for text in facts.get("lost", ()))
        assert facts.get("rounds", 0) <= len(before) + 1
