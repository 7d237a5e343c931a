"""The consent page: each scope is in exactly one box."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.web.sign_in_pages import SCOPES

from sickbay.protocol.scopes import parse
from sickbay.services.login import Consent
from sickbay.web.oauth import consent
from sickbay.web.oauth.sign_in import ConsentView, consent_groups


def all_scopes(scopes: list[str] | tuple[str, ...]) -> list[str]:
    return [scope for group in consent_groups(scopes) for item in group.items for scope in item.scopes]


@given(st.lists(st.sampled_from(SCOPES)))
def test_each_scope_is_in_exactly_one_box(scopes: list[str]) -> None:
    assert sorted(all_scopes(scopes)) == sorted(set(scopes))


def test_the_test_data_consists_of_valid_scopes() -> None:
    assert all(parse(scope) for scope in SCOPES)


def test_each_scope_can_be_unticked_separately() -> None:
    items = [item for group in consent_groups(SCOPES) for item in group.items]
    assert all(len(item.scopes) == 1 and not item.locked for item in items)


def test_identity_scopes_are_grouped_under_the_users_name() -> None:
    (group,) = consent_groups(("openid", "fhirUser", "profile"), user="Dr. Okafor")
    assert (group.title, [item.value for item in group.items]) == (
        "Your account, Dr. Okafor",
        ["openid", "fhirUser", "profile"],
    )


def test_a_box_is_preset_to_the_last_answer() -> None:
    vitals = "patient/Observation.rs?category=http://terminology.hl7.org/CodeSystem/observation-category|vital-signs"
    requested = ("patient/Observation.rs", "patient/Patient.rs", "openid")
    fresh = consent.preset_checkboxes(consent_groups(requested), "r4", None)
    assert all(item.ticked and not any(part.chosen for part in item.narrow) for group in fresh for item in group.items)
    last = Consent((vitals, "openid"), 0, ("patient/Observation.rs", "patient/Patient.rs"))
    items = {
        item.value: item for group in consent.preset_checkboxes(consent_groups(requested), "r4", last) for item in group.items
    }
    assert [item.ticked for item in items.values()] == [True, False, True]
    assert [part.scope for part in items["patient/Observation.rs"].narrow if part.chosen] == [vitals]


def test_several_parts_of_a_scope_replace_it() -> None:
    lab, vitals = "patient/Observation.rs?category=laboratory", "patient/Observation.rs?category=vital-signs"
    other = "patient/Condition.rs?category=problem-list-item"
    boxes = ["patient/Observation.rs", "patient/Condition.rs", "openid"]
    assert consent.list_ticked_scopes(boxes, [lab, vitals, other, ""]) == (lab, vitals, other, "openid")
    assert consent.list_ticked_scopes(["openid"], [], [lab, vitals]) == ("openid", lab, vitals)


def test_a_narrower_part_replaces_only_a_ticked_box() -> None:
    part = "patient/Observation.rs?category=laboratory"
    assert consent.list_ticked_scopes(["patient/Observation.rs", "openid fhirUser"], [part, ""]) == (part, "openid", "fhirUser")
    assert consent.list_ticked_scopes(["openid"], [part]) == ("openid",)


@pytest.mark.parametrize(
    ("scope", "words"),
    [
        ("patient/Observation.rs", "Read only."),
        ("patient/Observation.read", "Read only."),
        ("patient/Observation.cud", "Add, change and delete."),
        ("patient/Observation.c", "Add."),
    ],
)
def test_the_allowed_actions_are_in_words(scope: str, words: str) -> None:
    assert consent_groups((scope,))[0].items[0].text.endswith(words)


def test_the_question_names_the_app_and_the_patient() -> None:
    view = ConsentView(action="/", app="Pressure Notes", groups=consent_groups(SCOPES), goes_to="/", patient="Timothy Peters")
    assert view.question == "Allow Pressure Notes to access Timothy Peters’s record?"
    assert view.ticked == view.total == len(SCOPES)
