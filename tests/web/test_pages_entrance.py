"""Consent in plain words: each scope in one box, none twice, none lost."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.web.sign_in_pages import SCOPES

from sickbay.operations.login import Consent
from sickbay.protocol.scopes import parse
from sickbay.web.pages import consent
from sickbay.web.pages.entrance import ConsentView, ask_groups


def every(scopes: list[str] | tuple[str, ...]) -> list[str]:
    return [scope for group in ask_groups(scopes) for ask in group.asks for scope in ask.scopes]


@given(st.lists(st.sampled_from(SCOPES)))
def test_each_scope_stands_in_exactly_one_box(scopes: list[str]) -> None:
    assert sorted(every(scopes)) == sorted(set(scopes))


def test_the_scopes_of_the_test_are_scopes() -> None:
    assert all(parse(scope) for scope in SCOPES)


def test_each_scope_can_be_unticked_alone() -> None:
    asks = [ask for group in ask_groups(SCOPES) for ask in group.asks]
    assert all(len(ask.scopes) == 1 and not ask.locked for ask in asks)


def test_who_one_is_stands_under_ones_name() -> None:
    (group,) = ask_groups(("openid", "fhirUser", "profile"), user="Dr. Okafor")
    assert (group.title, [ask.value for ask in group.asks]) == (
        "About you, Dr. Okafor",
        ["openid", "fhirUser", "profile"],
    )


def test_a_box_is_as_it_was_left_before() -> None:
    vitals = "patient/Observation.rs?category=http://terminology.hl7.org/CodeSystem/observation-category|vital-signs"
    asked = ("patient/Observation.rs", "patient/Patient.rs", "openid")
    fresh = consent.as_before(ask_groups(asked), "r4", None)
    assert all(ask.ticked and not any(one.chosen for one in ask.narrow) for group in fresh for ask in group.asks)
    last = Consent((vitals, "openid"), 0, ("patient/Observation.rs", "patient/Patient.rs"))
    asks = {ask.value: ask for group in consent.as_before(ask_groups(asked), "r4", last) for ask in group.asks}
    assert [one.ticked for one in asks.values()] == [True, False, True]
    assert [one.scope for one in asks["patient/Observation.rs"].narrow if one.chosen] == [vitals]


def test_a_narrower_part_takes_the_place_of_a_ticked_box_alone() -> None:
    part = "patient/Observation.rs?category=laboratory"
    assert consent.ticked(["patient/Observation.rs", "openid fhirUser"], [part, ""]) == (part, "openid", "fhirUser")
    assert consent.ticked(["openid"], [part]) == ("openid",)


@pytest.mark.parametrize(
    ("scope", "said"),
    [
        ("patient/Observation.rs", "To read only."),
        ("patient/Observation.read", "To read only."),
        ("patient/Observation.cud", "To add, change and delete."),
        ("patient/Observation.c", "To add."),
    ],
)
def test_what_may_be_done_is_said(scope: str, said: str) -> None:
    assert ask_groups((scope,))[0].asks[0].text.endswith(said)


def test_the_question_names_the_app_and_the_patient() -> None:
    view = ConsentView(action="/", app="Pressure Notes", groups=ask_groups(SCOPES), goes_to="/", patient="Timothy Peters")
    assert view.question == "May Pressure Notes open Timothy Peters’s record?"
    assert view.ticked == view.total == len(SCOPES)
