"""Consent in plain words: each scope in one box, none twice, none lost."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.web.pages_of import SCOPES

from sickbay.protocol.scopes import parse
from sickbay.web.pages.entrance import ConsentView, ask_groups


def every(scopes: list[str] | tuple[str, ...]) -> list[str]:
    return [scope for group in ask_groups(scopes) for ask in group.asks for scope in ask.scopes]


@given(st.lists(st.sampled_from(SCOPES)))
def test_each_scope_stands_in_exactly_one_box(scopes: list[str]) -> None:
    assert sorted(every(scopes)) == sorted(set(scopes))


def test_the_scopes_of_the_test_are_scopes() -> None:
    assert all(parse(scope) for scope in SCOPES)


def test_the_context_is_needed_and_everything_else_can_be_unticked() -> None:
    locked = {ask.value for group in ask_groups(SCOPES) for ask in group.asks if ask.locked}
    assert locked == {"launch launch/patient"}


def test_who_one_is_is_asked_once() -> None:
    (group,) = ask_groups(("openid", "fhirUser", "profile"), user="Dr. Okafor")
    assert (group.title, [ask.value for ask in group.asks]) == ("About you, Dr. Okafor", ["openid fhirUser profile"])


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
    view = ConsentView(
        action="/", app="Pressure Notes", groups=ask_groups(SCOPES), goes_to="/", patient="Timothy Peters"
    )
    assert view.question == "May Pressure Notes open Timothy Peters’s record?"
    assert view.ticked == view.total == 9
