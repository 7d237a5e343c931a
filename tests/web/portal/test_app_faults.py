"""The form of an app's page that injects a fault."""

from __future__ import annotations

import pytest

from sickbay.services.injection.setting import WrongFault
from sickbay.web.portal.app_faults import read_form
from sickbay.web.portal.views import FaultForm

APP = {"app": "a", "tenant": "general"}


def test_a_fault_has_the_typed_values_and_belongs_to_the_app() -> None:
    typed = FaultForm("status", "status = 503\nretry_after = 5", "2")
    assert read_form(typed, APP) == [{"kind": "status", "status": 503, "retry_after": 5, "times": 2, **APP}]


def test_a_word_needs_no_quotes() -> None:
    assert read_form(FaultForm("state", "value = changed"), APP) == [{"kind": "state", "value": "changed", **APP}]


def test_a_preset_has_the_typed_number_of_times() -> None:
    assert {fault["times"] for fault in read_form(FaultForm("flaky", "", "3"), APP)} == {3}


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        (FaultForm("status", "status = 503", "two"), "How many times must be a whole number"),
        (FaultForm("status", "status = 503", "-1"), "How many times must be a whole number"),
        (FaultForm("flaky", "status = 503"), "A preset takes no values"),
        (FaultForm("status", "status 503"), "such as status = 503, not status 503"),
        (FaultForm("status", "a b = 503"), "a b = 503 isn’t valid TOML"),
    ],
)
def test_what_would_be_ignored_is_refused(typed: FaultForm, sentence: str) -> None:
    with pytest.raises(WrongFault, match=sentence):
        read_form(typed, APP)
