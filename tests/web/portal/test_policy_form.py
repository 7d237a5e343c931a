"""The fields of a policy: all settings are there, and what a form sends is what differs from the inherited policy."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from sickbay.authorization import policy as policies
from sickbay.authorization.models import Policy
from sickbay.authorization.policy import MAXIMUM_SECONDS, SETTINGS, PolicySetting
from sickbay.protocol.parameters import Parameters
from sickbay.web.portal import policy_form


def fill_in(groups: tuple[policy_form.PolicyGroup, ...], **typed: str) -> Parameters:
    """What a browser sends for these fields, with other values for some of them."""
    pairs: list[tuple[str, str]] = []
    for field in (field for group in groups for field in group.fields):
        if field.name in typed:
            pairs.append((field.name, typed[field.name]))
        elif field.choices:
            pairs += [(field.name, choice.value) for choice in field.choices if choice.chosen]
        else:
            pairs.append((field.name, field.value))
    return Parameters(tuple(pairs))


def test_every_setting_has_a_field_in_one_group() -> None:
    names = [name for _, group in policy_form.GROUPS for name in group]
    assert sorted(names) == sorted(SETTINGS)


def test_every_choice_has_words_of_its_own() -> None:
    choices = {name: set(setting.choices) for name, setting in SETTINGS.items() if setting.kind == "choice"}
    assert {name: set(words) for name, words in policy_form.CHOICE_WORDS.items()} == choices
    assert all(len({*words.values()}) == len(words) for words in policy_form.CHOICE_WORDS.values())


def test_an_app_has_only_fields_of_settings_that_it_may_have() -> None:
    fields = [field.name for group in policy_form.make_groups(Policy(), {}, {}, app=True) for field in group.fields]
    assert fields
    assert all(SETTINGS[name].app for name in fields)


def test_a_wrong_value_is_marked_at_its_field_and_stays_as_it_was_typed() -> None:
    sent = fill_in(
        policy_form.make_groups(Policy(), {}, {}), token_lifetime="soon", code_lifetime="0", registration_scopes="x/y"
    )
    read = policy_form.read(sent, Policy())
    assert sorted(read.faults) == ["code_lifetime", "registration_scopes", "token_lifetime"]
    again = policy_form.make_groups(Policy(), {}, {}, sent=sent, faults=read.faults)
    fields = {field.name: field for group in again for field in group.fields}
    assert (fields["token_lifetime"].value, fields["token_lifetime"].fault) == ("soon", "Enter a number of seconds, 1 or more.")


def test_a_list_without_a_ticked_box_is_a_mistake() -> None:
    sent = fill_in(policy_form.make_groups(Policy(), {}, {}))
    sent = Parameters(tuple(pair for pair in sent.pairs if pair[0] != "launches"))
    assert policy_form.read(sent, Policy()).faults == {"launches": "Choose at least one."}


def values_of(setting: PolicySetting) -> st.SearchStrategy[Any]:
    """Valid values of a setting."""
    if setting.kind == "seconds":
        return st.integers(setting.least, MAXIMUM_SECONDS)
    if setting.kind == "flag":
        return st.booleans()
    if setting.kind == "list":
        picked = st.sets(st.sampled_from(setting.choices), min_size=1)
        return picked.map(lambda chosen: [choice for choice in setting.choices if choice in chosen])
    return st.sampled_from(setting.choices or ("launch openid patient/*.rs",))


CHOSEN = st.fixed_dictionaries({}, optional={name: values_of(setting) for name, setting in SETTINGS.items()})


@given(CHOSEN, CHOSEN)
def test_a_form_that_is_sent_as_it_was_shown_changes_nothing(configured: dict[str, Any], chosen: dict[str, Any]) -> None:
    inherited = policies.override_policy(Policy(), configured)
    read = policy_form.read(fill_in(policy_form.make_groups(inherited, chosen, {})), inherited)
    assert read.faults == {}
    assert policies.override_policy(inherited, read.chosen) == policies.override_policy(inherited, chosen)
