"""A chart says "No known allergies" only if the record says so, in the words of any FHIR version."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.web import records

from sickbay.population import problems
from sickbay.web.ehr.allergies import IPS, NONE_KNOWN, NONE_OF_A_KIND, NOTHING_SAID, SNOMED, summarise_allergies

PEANUT = {"code": {"text": "Peanut"}}
NONE = {"code": {"coding": [{"system": SNOMED, "code": "716186003"}], "text": "No known allergies"}}


def test_a_severe_allergy_comes_first() -> None:
    first, second = summarise_allergies(records.ALLERGIES).known
    assert (first.text, first.alarm) == ("Penicillin G", "anaphylaxis")
    assert (second.text, second.alarm) == ("Latex", "")


def test_an_allergy_without_a_reaction_is_an_allergy() -> None:
    found = summarise_allergies([PEANUT])
    assert ([fact.text for fact in found.known], found.statement) == (["Peanut"], "")


def test_a_record_without_allergies_says_nothing_about_them() -> None:
    assert (summarise_allergies([]).known, summarise_allergies([]).statement) == ((), "")


@pytest.mark.parametrize("member", ["code", "substance"])
@pytest.mark.parametrize(
    ("coding", "expected"),
    [
        *[({"system": system, "code": code}, "No known allergies") for system, code in sorted(NONE_KNOWN)],
        *[({"system": system, "code": code}, text) for (system, code), text in NONE_OF_A_KIND.items()],
        *[({"system": system, "code": code}, "") for system, code in NOTHING_SAID],
        ({"system": "http://example.org", "code": "716186003"}, None),
    ],
)
def test_a_statement_is_recognised_by_its_code(member: str, coding: dict[str, str], expected: str | None) -> None:
    found = summarise_allergies([{member: {"coding": [coding], "text": "as written"}}])
    assert found.statement == (expected or "")
    assert [fact.text for fact in found.known] == (["as written"] if expected is None else [])


def test_a_statement_without_a_code_is_recognised_by_its_text() -> None:
    assert summarise_allergies([{"code": {"text": "No known drug allergy"}}]).statement == "No known drug allergy"


def test_the_populations_statement_is_one() -> None:
    assert {(code.system, code.code) for code in problems.NO_KNOWN_ALLERGY.codes} <= NONE_KNOWN


def test_an_allergy_outweighs_a_statement() -> None:
    found = summarise_allergies([NONE, PEANUT])
    assert ([fact.text for fact in found.known], found.statement) == (["Peanut"], "")


@pytest.mark.parametrize(
    "status",
    [
        {"verificationStatus": {"coding": [{"code": "refuted"}]}},
        {"verificationStatus": {"coding": [{"code": "entered-in-error"}]}},
        {"clinicalStatus": {"coding": [{"code": "resolved"}]}},
        {"clinicalStatus": "inactive"},
        {"verificationStatus": "refuted"},
        {"status": "entered-in-error"},
    ],
)
@pytest.mark.parametrize("resource", [PEANUT, NONE])
def test_what_was_refuted_or_has_ended_isnt_shown(resource: dict[str, Any], status: dict[str, Any]) -> None:
    found = summarise_allergies([resource | status])
    assert (found.known, found.statement) == ((), "")


def test_the_reactions_of_r5_are_read_too() -> None:
    reaction = {"manifestation": [{"concept": {"text": "Hives"}}], "severity": "severe"}
    (fact,) = summarise_allergies([PEANUT | {"reaction": [reaction]}]).known
    assert (fact.detail, fact.alarm) == ("hives", "hives")


def test_a_reaction_to_something_unnamed_isnt_hidden() -> None:
    assert [fact.text for fact in summarise_allergies([{"reaction": [{"severity": "severe"}]}]).known] == [
        "an unnamed substance"
    ]
    assert summarise_allergies([{}]).known == ()


CODES = ["716186003", "91935009", "no-allergy-info"]
resources = st.fixed_dictionaries(
    {},
    optional={
        "code": st.fixed_dictionaries(
            {},
            optional={
                "text": st.sampled_from(["Peanut", "", "No known allergies"]),
                "coding": st.lists(
                    st.fixed_dictionaries(
                        {
                            "system": st.sampled_from([SNOMED, IPS]),
                            "code": st.sampled_from(["716186003", "91935009", "no-allergy-info"]),
                        }
                    ),
                    max_size=2,
                ),
            },
        ),
        "reaction": st.just([{"severity": "mild"}]),
        "clinicalStatus": st.sampled_from(["active", "resolved"]),
    },
)


@given(st.lists(resources, max_size=4))
def test_no_known_allergies_is_never_made_up(record: list[dict[str, Any]]) -> None:
    found = summarise_allergies(record)
    if found.statement:
        assert not found.known
        assert any("716186003" in str(resource) or "No known" in str(resource) for resource in record)
