"""The settings of a policy: every name is known, and an invalid value gets a sentence with the likely meaning."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.laws import for_each

from sickbay.authorization.models import Client, Policy
from sickbay.authorization.policy import (
    MAXIMUM_SECONDS,
    REGISTERED,
    SETTINGS,
    explain_unknown,
    find_problems,
    list_values,
    override_policy,
)


def test_every_name_is_a_field_of_the_policy() -> None:
    assert set(SETTINGS) <= set(Policy.__struct_fields__)


@for_each("name", SETTINGS)
def test_every_default_is_valid(name: str) -> None:
    value = getattr(Policy(), name)
    assert value is None or find_problems({name: value}) == []


NO_SCOPES = "The policy registration_scopes must be one string of SMART scopes, separated by spaces"
INVALID_SCOPES = ("", "patient/Patient.sr", "openid nonsense", ["openid"], 5, "user/Patient.rs?code:in=x", "openid " * 5000)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"code_lifetme": 5}, "There is no policy code_lifetme (did you mean code_lifetime?)"),
        ({"code_lifetime": 0}, "The policy code_lifetime must be a number of seconds, 1 or more"),
        ({"code_lifetime": True}, "The policy code_lifetime must be a number of seconds, 1 or more"),
        ({"code_lifetime": 10**10}, "The policy code_lifetime must be a number of seconds, 1 or more"),
        ({"rotate_refresh": "no"}, "The policy rotate_refresh must be true or false"),
        ({"pkce": "maybe"}, "The policy pkce must be required, if-sent or off"),
        ({"launches": ["ehr", "moon"]}, "The policy launches must be a list of ehr, standalone"),
        ({"launches": []}, "The policy launches must be a list of ehr, standalone"),
        ({"launches": "ehr"}, "The policy launches must be a list of ehr, standalone"),
        *[({"registration_scopes": scopes}, NO_SCOPES) for scopes in INVALID_SCOPES],
        (
            {"registration_grants": ["implicit"]},
            "The policy registration_grants must be a list of authorization_code, refresh_token, client_credentials",
        ),
    ],
)
def test_an_invalid_setting_gets_a_message(settings: dict[str, Any], message: str) -> None:
    assert find_problems(settings) == [message]


def test_an_unrecognisable_name_lists_all_settings() -> None:
    assert "available: always_ask, assertion_algorithms, assertion_audience" in find_problems({"xyzzy": 1})[0]


@pytest.mark.parametrize("name", [name for name, setting in SETTINGS.items() if not setting.app])
def test_a_setting_that_an_app_cannot_have_is_not_called_unknown(name: str) -> None:
    """The message names the place where the setting can be set."""
    place = "the app's registration" if name in REGISTERED else "the hospital's policy"
    message = f"An app can't have a policy {name} of its own. Set {name} in {place}"
    assert find_problems({name: "anything"}, app=True) == [message]
    assert "can't have" not in str(find_problems({name: "anything"}))


def test_members_of_a_registration_are_members_of_the_model() -> None:
    assert set(Client.__struct_fields__) >= REGISTERED


def test_a_setting_overrides_the_policy_and_changes_nothing_else() -> None:
    assert override_policy(Policy(), {}) == Policy()
    assert override_policy(Policy(), {"code_lifetime": 5, "launches": ["ehr"]}) == Policy(code_lifetime=5, launches=("ehr",))
    assert override_policy(Policy(), {"of_another_release": 1}) == Policy()


def test_a_configured_lifetime_is_also_sent_as_expires_in() -> None:
    """A dialect's shorter expires_in doesn't apply to a configured lifetime."""
    dialect = Policy(token_lifetime=600, expires_in=570)
    assert override_policy(dialect, {"token_lifetime": 5}).expires_in is None
    assert override_policy(dialect, {"code_lifetime": 5}).expires_in == 570


@given(st.dictionaries(st.sampled_from(sorted(SETTINGS)), st.none() | st.booleans() | st.integers() | st.text(max_size=5)))
def test_every_valid_setting_can_be_applied(chosen: dict[str, Any]) -> None:
    if not find_problems(chosen):
        policy = override_policy(Policy(), chosen)
        assert all(getattr(policy, name) == value for name, value in chosen.items())


def test_an_unknown_name_to_reset_gets_the_likely_name() -> None:
    assert explain_unknown({"code_lifetime": None, "nothing": 5}) == []
    [message] = explain_unknown({"code_lifetme": None})
    assert message == "There is no policy code_lifetme (did you mean code_lifetime?)"


def test_the_effective_values_cover_all_settings() -> None:
    effective = list_values(Policy(code_lifetime=7))
    assert list(effective) == list(SETTINGS)
    assert (effective["code_lifetime"], effective["launches"]) == (7, ("ehr", "standalone"))


@pytest.mark.parametrize("name", [name for name, setting in SETTINGS.items() if setting.kind == "seconds"])
def test_seconds_have_a_minimum_and_a_maximum(name: str) -> None:
    least = SETTINGS[name].least
    assert not find_problems({name: least})
    assert not find_problems({name: MAXIMUM_SECONDS})
    assert find_problems({name: least - 1})
    assert find_problems({name: MAXIMUM_SECONDS + 1})
