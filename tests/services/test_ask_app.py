"""The button that asks an app's address: only on this machine, and what its answer means for the causes."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tests.flows.later_effects import LaterEffects

from sickbay.diagnosis.silence.trail import AppDetails, Event, Trail
from sickbay.services import ask_app
from sickbay.services.journal.read import Timeline
from sickbay.services.launch_progress import LaunchProgress


class FakeRuntime:
    """The members of a runtime that matter here."""

    base, sample_base = "http://localhost:7425", "http://localhost:7426"

    def __init__(self, loopback: bool = True, status: int = 0) -> None:
        self.loopback, self.effects = loopback, LaterEffects(answers=status)


def launch(*events: Event, uri: str = "http://localhost:8100/launch") -> LaunchProgress:
    trail = Trail(events, AppDetails("Notes", uri), 1000, 1000)
    return LaunchProgress("t", None, None, Timeline([]), trail)


LAUNCHED = Event("launch", 1)


@pytest.mark.parametrize(
    ("uri", "is_asked"),
    [
        ("http://localhost:8100/launch", True),
        ("http://127.0.0.1:8100/launch", True),
        ("https://localhost:8100/launch", True),
        ("http://localhost:7425/launch", False),
        ("http://[::1]:7426/launch", False),
        ("http://10.0.0.7:8100/launch", False),
        ("https://app.example.org/launch", False),
        ("com.example.notes:/launch", False),
        ("", False),
    ],
)
def test_only_an_app_on_this_machine_is_asked_and_never_sickbay_itself(uri: str, is_asked: bool) -> None:
    runtime: Any = FakeRuntime()
    assert ask_app.address_to_ask(runtime, launch(LAUNCHED, uri=uri)) == (uri if is_asked else "")


def test_nothing_is_asked_if_other_machines_can_reach_sickbay_or_no_address_is_awaited() -> None:
    there: Any = FakeRuntime(loopback=False)
    here: Any = FakeRuntime()
    assert ask_app.address_to_ask(there, launch(LAUNCHED)) == ""
    code = Event("code", 2, url="http://localhost:8100/callback")
    assert ask_app.address_to_ask(here, launch(LAUNCHED, code)) == "http://localhost:8100/callback"
    assert ask_app.address_to_ask(here, launch(LAUNCHED, code, Event("preflight", 3))) == ""
    assert ask_app.address_to_ask(here, launch(LAUNCHED, code, Event("token", 3))) == ""


@pytest.mark.parametrize(("status", "answer"), [(200, "status 200"), (0, "nothing: All connection attempts failed")])
def test_the_answer_is_the_status_or_the_reason(status: int, answer: str) -> None:
    runtime: Any = FakeRuntime(status=status)
    assert asyncio.run(ask_app.ask_redirect_uri(runtime, "http://localhost:8100/launch")) == answer
